"""Larger type, for a projector."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel, QWidget

from gui.graph.drawings import overlay_style, styles
from gui.widgets.measured import _Watch, by_type
from gui.widgets.theme import LIGHT, style_sheet
from gui.widgets.type_size import LARGER, with_lines
from tests.gui.driving import pump


@pytest.fixture(autouse=True)
def usual_type(app):
    """Whatever comes of a test, the next one has the type that this one had."""
    font = app.font()
    yield
    app.setFont(font)


def test_curves_and_all_type_are_larger_at_once_and_as_usual_again_at_once(open_window, workspace):
    driver = open_window(workspace)
    before = looked_at(driver)
    driver.press("larger")
    larger = looked_at(driver)
    assert driver.window.theme.lines == LARGER
    assert {name: round(size, 3) for name, (size, _) in larger.items()} == {
        name: round(size * LARGER, 3) for name, (size, _) in before.items()
    }
    driver.press("theme_dark")
    assert driver.window.theme.is_dark and driver.window.theme.lines == LARGER
    driver.press("larger")
    assert driver.window.theme.lines == 1.0 and looked_at(driver) == before
    driver.press("larger")
    driver.close()
    again = open_window(workspace)
    assert looked_at(again) == larger, "what was measured by the usual type was not measured again"


def looked_at(driver):
    """Of each widget the size of its type and, where it was measured by that, its bounds; of every tab that was seen.

    A page that was seen is made, and one that is seen again is laid out.
    """
    for name in ("data", "model", "predictions", "compare", "tune", "code", "curves"):
        driver.press(f"tab_{name}")
        driver.app.processEvents()
        pump(lambda: not driver.window.bench.background.busy)
    driver.app.processEvents()
    found = {}
    for widget in driver.window.findChildren(QWidget):
        measured = any(type(child) is _Watch for child in widget.children())
        bounds = (widget.minimumSize().toTuple(), widget.maximumSize().toTuple()) if measured else None
        found[path_of(widget)] = widget.font().pointSizeF(), bounds
    return found


def path_of(widget):
    """The same for the same widget of another window."""
    names = []
    while (parent := widget.parentWidget()) is not None:
        kin = [child for child in parent.children() if type(child) is type(widget)]
        names.append(f"{type(widget).__name__} {kin.index(widget)}")
        widget = parent
    return "/".join(reversed(names))


def test_what_was_measured_by_type_is_measured_again(show):
    label = show(QLabel("text"))
    by_type(label, lambda metrics: label.setFixedHeight(metrics.height()))
    assert label.height() == label.fontMetrics().height()
    font = label.font()
    font.setPointSizeF(3 * font.pointSizeF())
    label.setFont(font)
    assert label.height() == label.fontMetrics().height() == QFontMetrics(font).height()


def test_rows_of_lists_hold_a_line_of_type():
    assert "height: 24px" in style_sheet(LIGHT, 14) and "height: 60px" in style_sheet(LIGHT, 56)


def test_all_but_the_single_steps_is_wider():
    wide = with_lines(LIGHT, True)
    assert with_lines(LIGHT, True) is wide and with_lines(LIGHT, False) is LIGHT
    for key, look in styles(LIGHT).items():
        assert styles(wide)[key].width == look.width * (1 if key == "step" else LARGER)
    assert overlay_style(wide, 3).size == round(overlay_style(LIGHT, 3).size * LARGER)
