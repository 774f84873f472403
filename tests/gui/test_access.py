"""Everything can be reached and read: by Tab, by a screen reader, by weak eyes, on every screen."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QScrollBar,
    QSlider,
    QTabBar,
    QToolBar,
    QWidget,
)

from engine.config import recipe
from engine.runs import new_run
from gui.predictions.confusion_matrix import ConfusionMatrix
from gui.widgets.icons import SIZES, icon
from gui.widgets.theme import DARK, LIGHT
from tests.gui.driving import pump
from tests.gui.test_fits import TABS, show_tab
from tests.gui.widgets.test_theme import contrast

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
GROUNDS = ("window", "surface", "raised", "selection")
CONTROLS = (QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit, QSlider, ConfusionMatrix)


@pytest.fixture
def run_once(catalogue, workspace):
    """A small run, done before the window opens."""
    config = recipe("first-lesson", catalogue).changed({"epochs": 1, "threads": "1", "train_samples": "100"})
    for _ in new_run(config.changed({"validation_samples": "100"}), catalogue, workspace).run():
        pass


@pytest.mark.usefixtures("run_once")
def test_every_control_has_a_name_and_can_be_reached_by_tab_in_the_order_of_the_picture(app, open_window, workspace):
    driver = open_window(workspace)
    driver.window.resize(1600, 1000)
    pump(lambda: driver.window.runs.list.all_runs)
    troubles = troubles_of(app, driver)
    driver.conductor.load_file(driver.window.runs.list.all_runs[0].checkpoint)
    pump(lambda: driver.says("loaded"))
    driver.tick("random-resized-crop")
    troubles += troubles_of(app, driver)
    assert not troubles, "\n".join(dict.fromkeys(troubles))


def troubles_of(app, driver) -> list[str]:
    """What is wrong in each tab, and in the docks beside it."""
    window, troubles = driver.window, []
    for tab in TABS:
        show_tab(app, driver, tab)
        stops = tab_stops(window)
        for widget in controls(window):
            where = f"{tab}: {type(widget).__name__} {named(widget)!r} {widget.toolTip()[:40]!r}"
            if not named(widget):
                troubles.append(f"{where} has no name")
            if not (
                text_of(widget) or widget.toolTip() or has_buddy(widget) or isinstance(widget, QAbstractScrollArea)
            ):
                troubles.append(f"{where} has no text and no tool tip")  # a list or a plot shows its own
            if widget.isEnabled() and widget not in stops and not shares_a_stop(widget):
                troubles.append(f"{where} is not reached by Tab")
        for dock in window.docks:
            troubles += [f"{tab}: {trouble}" for trouble in astray(dock.widget(), stops, columns=False)]
        page = window.centre.tabs.currentWidget()
        troubles += [f"{tab}: {trouble}" for trouble in astray(page, stops, columns=True)]
    return troubles


def controls(window: QWidget) -> list[QWidget]:
    """What is seen and can be used. The toolbar's are all in the menus, under their own keys."""
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.isVisible()
        and widget.window() is window
        and widget.focusProxy() is None  # that which takes the focus for it is looked at
        and not isinstance(widget, (QScrollBar, QTabBar))
        and not isinstance(widget.parentWidget(), (QToolBar, QTabBar, QAbstractSpinBox, QComboBox))
        and not widget.inherits("QTableCornerButton")
        and not widget.objectName().startswith("qt_")
        and (isinstance(widget, CONTROLS) or takes_tab(widget))
    ]


def takes_tab(widget: QWidget) -> bool:
    """Whether Tab comes to it."""
    return bool(widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value) and widget.isVisible()


def tab_stops(window: QWidget) -> list[QWidget]:
    """Where Tab goes, from the first place to the last."""
    stops, widget = [], window.nextInFocusChain()
    while widget is not window:
        stop = widget.focusProxy() or widget
        if takes_tab(widget) and stop.isEnabled() and widget.window() is window and stop not in stops:
            stops.append(stop)
        widget = widget.nextInFocusChain()
    return stops


def shares_a_stop(widget: QWidget) -> bool:
    """Whether arrow keys reach it from another of its group."""
    group = widget.group() if isinstance(widget, QAbstractButton) else None
    return group is not None and group.exclusive() and takes_tab(group.checkedButton())


def text_of(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, QAbstractButton) else ""


def has_buddy(widget: QWidget) -> bool:
    return any(label.buddy() is widget for label in widget.window().findChildren(QLabel))


def named(widget: QWidget) -> str:
    """What a screen reader calls it."""
    labels = [label.text() for label in widget.window().findChildren(QLabel) if label.buddy() is widget]
    return widget.accessibleName() or text_of(widget) or (labels[0] if labels else "")


def astray(place: QWidget, stops: list[QWidget], *, columns: bool) -> list[str]:
    """Where Tab goes up; in a place with columns, where it does so without going to the right."""
    within = [(stop, rect_of(stop, place)) for stop in stops if place.isAncestorOf(stop)]
    return [
        f"Tab goes from {type(one).__name__} {named(one)!r} up to {type(other).__name__} {named(other)!r}"
        for (one, here), (other, there) in pairwise(within)
        if there.bottom() < here.top() and not (columns and there.left() > here.right())
    ]


def rect_of(widget: QWidget, place: QWidget) -> QRect:
    return QRect(widget.mapTo(place, QPoint(0, 0)), widget.size())


@THEMES
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", ["text", "muted"])
def test_text_can_be_read_on_every_ground(theme, text, ground):
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *((text, ground) for text in ("accent", "error") for ground in GROUNDS),
        ("on_accent", "accent"),
    ],
)
def test_coloured_text_can_be_read(theme, text, ground):
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize("ground", ["surface", "window"])
@pytest.mark.parametrize("colour", ["train", "clean", "validation", "lr", "outline", "accent"])
def test_curves_and_edges_can_be_seen(theme, colour, ground):
    assert contrast(getattr(theme, colour), getattr(theme, ground)) >= 3


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [14, 16])
def test_no_icon_is_scaled_up(app, size, ratio):
    assert size * ratio in SIZES
    image = icon("reset", "#123456").pixmap(QSize(size, size), ratio)
    assert image.size() == QSize(size, size) * ratio
