"""Nothing is cut off: at the smallest size, in larger type, in Korean and in English."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QLabel,
    QLineEdit,
    QPushButton,
    QTabBar,
    QToolButton,
    QWidget,
)

from engine import language
from engine.config import recipe
from engine.runs import new_run
from engine.strategy_text import parse_strategy
from gui.graph.drawings import Style
from gui.graph.read_out import Entry, ReadOut
from gui.lessons.hand_in import HandInSheet
from gui.main_window import MINIMUM
from gui.model.layer_tree import LayerTree
from gui.tune.panel import tools
from gui.widgets.banner import Answer, Banner
from gui.widgets.roomy_area import RoomyArea
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.text_window import TextWindow
from gui.widgets.theme import LIGHT
from gui.widgets.type_size import USUAL_SIZE
from tests.gui.driving import pump

TABS = ("curves", "data", "model", "predictions", "compare", "code")
SCREENS = {1.0: MINIMUM, 1.5: MINIMUM, 2.0: QSize(1280, 640)}
"""How much larger type is than the system's, and how large the window is then: 1,280 × 720 less what the desktop takes
of a projector, or of a laptop with very fine pixels."""
ARROW = 24
"""Pixels that a choice needs beside its text, at least."""
MOST_ROUNDS = 60
"""Of events, until every layout has come to rest."""


def cut_off(window: QWidget) -> list[str]:
    """What has less room than its text needs, what lies outside of what it stands in, and what scrolls sideways."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or widget.window() is not window or is_behind(widget):
            continue
        found += [f"{named(widget)}: {trouble}" for trouble in troubles_of(widget, window)]
    return found


def still_cut_off(window: QWidget) -> list[str]:
    """The same a moment later, where there is any: what the background tells comes late, and its room after it."""
    with suppress(AssertionError):
        pump(lambda: not cut_off(window), 2.0)
    return cut_off(window)


def troubles_of(widget: QWidget, window: QWidget) -> Iterator[str]:
    """What is wrong with one of them."""
    if isinstance(widget, QComboBox) and not widget.isEditable() and not may_shorten(widget):
        needed = widget.fontMetrics().horizontalAdvance(widget.currentText()) + ARROW
        if needed > widget.width():
            yield f"{widget.width()} of {needed} pixels"
    if isinstance(widget, QTabBar) and not widget.usesScrollButtons():
        ends = [widget.tabRect(place).right() for place in range(widget.count())]
        if max(ends, default=0) >= widget.width():
            yield f"to {max(ends)} of {widget.width()} pixels"
    if isinstance(widget, (RoomyArea, UprightScrollArea)):
        beyond = widget.widget().width() - widget.viewport().width()
        if beyond > 0:
            yield f"{beyond} pixels are beyond the edge"
    line = widget.fontMetrics().height() if text_of(widget) else 0
    if isinstance(widget, (QAbstractButton, QComboBox, QLineEdit, QLabel)) and widget.height() < line:
        yield f"{widget.height()} of {line} pixels of height"
    if isinstance(widget, (QAbstractButton, QLabel)) and text_of(widget) and "<" not in text_of(widget):
        yield from troubles_of_text(widget, window)


def troubles_of_text(widget: QAbstractButton | QLabel, window: QWidget) -> Iterator[str]:
    """What is wrong with a button or a label, in one line or in several."""
    wrapped = isinstance(widget, QLabel) and widget.wordWrap()
    texts = widget.text().split() if wrapped else [widget.text()]
    needed = max(widget.fontMetrics().size(0, each).width() for each in texts)
    if isinstance(widget, (QPushButton, QToolButton)):
        needed += 8
    room = widget.contentsRect().width() if wrapped else widget.width()
    if needed > room + 1 and not widget.toolTip():
        yield f"{room} of {needed} pixels"
    if wrapped and widget.height() < widget.heightForWidth(widget.width()):
        yield f"{widget.height()} of {widget.heightForWidth(widget.width())} pixels of height"
    around = clipping(widget)
    if around is not None:
        yield f"it reaches out of {named(around)}"
    shown = widget.visibleRegion().boundingRect()
    scrolled = any(isinstance(parent, QAbstractScrollArea) for parent in parents(widget))
    if not scrolled and (shown.width() < min(widget.width(), needed) - 1 or shown.height() < widget.height()):
        at = widget.mapTo(window, QPoint(0, 0))
        yield f"at {at.x()}, {at.y()}: {shown.width()} × {shown.height()} pixels seen"


def clipping(widget: QWidget) -> QWidget | None:
    """What it reaches out of, up to the next thing around it that scrolls."""
    box = widget.rect()
    for parent in parents(widget):
        box.moveTopLeft(widget.mapTo(parent, QPoint(0, 0)))
        if isinstance(parent.parentWidget(), QAbstractScrollArea):
            return None
        if not parent.rect().contains(box):
            return parent
        if parent.isWindow():
            return None
    return None


def named(widget: QWidget) -> str:
    """For a person to find it."""
    return f"{type(widget).__name__} {text_of(widget) or widget.accessibleName() or widget.objectName()!r}"


def text_of(widget: QWidget) -> str:
    """What stands on it."""
    if isinstance(widget, QComboBox):
        return widget.currentText().strip()
    return widget.text().strip() if isinstance(widget, (QAbstractButton, QLineEdit, QLabel)) else ""


def may_shorten(choice: QComboBox) -> bool:
    """Whether it is as narrow as it has to be on purpose, and says more when it is pointed at."""
    return bool(choice.toolTip()) and choice.sizeAdjustPolicy() != QComboBox.SizeAdjustPolicy.AdjustToContents


def is_behind(widget: QWidget) -> bool:
    """Whether it lies in a dock that another one covers: Qt puts those outside of the window."""
    docks = [each for each in (widget, *parents(widget)) if isinstance(each, QDockWidget)]
    return any(dock.visibleRegion().isEmpty() for dock in docks)


def show_tab(app, driver, tab: str) -> None:
    """Bring a tab forward, and wait until it shows what it has to show."""
    driver.press(f"tab_{tab}")
    window, page = driver.window, driver.window.centre.tab(tab)
    tree = page.findChild(LayerTree)
    pump(lambda: tree is None or tree.topLevelItemCount())  # it is asked for a moment after the settings
    pump(lambda: not window.bench.background.busy)
    settle(app, window)


def settle(app, window: QWidget) -> None:
    """Let every layout come to rest: what a page needs may change what its neighbours get."""
    before, still = None, 0
    for _ in range(MOST_ROUNDS):
        app.processEvents()
        here = [widget.geometry() for widget in window.findChildren(QWidget)]
        before, still = here, still + 1 if here == before else 0
        if still == 2:
            return
    raise AssertionError("its layout never comes to rest")


def parents(widget: QWidget):
    while (widget := widget.parentWidget()) is not None:
        yield widget


@pytest.fixture
def sized(app):
    """Gives the application type that is so much larger."""
    font, usual = app.font(), app.property(USUAL_SIZE)

    def give(size: float) -> None:
        larger = QFont(font)
        larger.setPointSizeF(size * font.pointSizeF())
        app.setFont(larger)
        app.setProperty(USUAL_SIZE, larger.pointSizeF())  # a window begins with the system's

    yield give
    app.setProperty(USUAL_SIZE, usual)
    app.setFont(font)


@pytest.fixture
def two_runs(catalogue, workspace):
    """Of one setting, small, done before the window opens."""
    config = recipe("first-lesson", catalogue).changed({"epochs": 2, "threads": "1", "train_samples": "100"})
    config = config.changed({"validation_samples": "100"})
    for seed in (0, 1):
        for _ in new_run(config.changed({"seed": seed}), catalogue, workspace).run():
            pass


@pytest.mark.usefixtures("two_runs")
@pytest.mark.parametrize("size", SCREENS)
def test_nothing_is_cut_off_in_type_of_any_size(app, open_window, workspace, sized, monkeypatch, size):
    monkeypatch.setenv(language.VARIABLE, "ko")
    sized(size)
    driver = open_window(workspace)
    assert app.font().pointSizeF() == app.property(USUAL_SIZE)
    driver.window.resize(SCREENS[size])
    runs = driver.window.runs.list
    pump(lambda: len(runs.all_runs) == 2)
    driver.conductor.load_file(runs.all_runs[0].checkpoint)
    pump(lambda: driver.says("loaded") or driver.says("refused"))
    assert driver.says("loaded")
    troubles = []
    for name in ("ko", "en"):
        driver.press(f"language_{name}")
        seen = (*shown_in_tabs(app, driver), *shown_beside(app, driver), *shown_in_sheets(app, driver))
        troubles += [f"{name}, {place}: {trouble}" for place, found in seen for trouble in found]
    assert driver.says("loaded"), "all of this was seen under a message with a button"
    driver.window.banners.clear("loaded")
    show_tab(app, driver, "curves")
    troubles += [f"without the message: {trouble}" for trouble in cut_off(driver.window)]
    assert driver.window.size() == SCREENS[size]
    assert not troubles, "\n".join(troubles)


def test_nothing_is_cut_off_before_there_is_a_run(app, open_window, workspace, sized, monkeypatch):
    monkeypatch.setenv(language.VARIABLE, "ko")
    sized(2.0)
    driver = open_window(workspace, first=True)
    driver.window.resize(SCREENS[2.0])
    troubles = []
    for name in ("ko", "en"):
        driver.press(f"language_{name}")
        for tab in TABS:
            show_tab(app, driver, tab)
            troubles += [f"{name}, {tab}: {trouble}" for trouble in cut_off(driver.window) + too_large(driver.window)]
    assert not troubles, "\n".join(troubles)


def shown_in_tabs(app, driver):
    """What is cut off in each tab, in the look inside, and in each tool."""
    for tab in TABS:
        show_tab(app, driver, tab)
        yield tab, cut_off(driver.window) + too_large(driver.window)
    show_tab(app, driver, "model")
    part = driver.window.centre.model.part
    part.button(1).click()
    settle(app, driver.window)
    yield "look inside", still_cut_off(driver.window)
    part.button(0).click()
    show_tab(app, driver, "tune")
    for tool in tools():
        driver.window.centre.tune.bring_forward(tool)
        pump(lambda: not driver.window.bench.background.busy)
        settle(app, driver.window)
        yield tool, cut_off(driver.window) + too_large(driver.window)


def shown_beside(app, driver):
    """What is cut off in the docks: of a run that is selected, and of a lesson before and after the guess."""
    runs, lessons = driver.window.runs, driver.conductor.lessons
    runs.fold.setChecked(True)
    runs.list.select(runs.list.all_runs[:1])
    settle(app, driver.window)
    yield "runs", cut_off(driver.window) + too_large(driver.window)
    runs.fold.setChecked(False)
    lessons.show()
    pump(lambda: lessons.lessons)
    lessons.open(lessons.lessons[0].id)
    settle(app, driver.window)
    yield "lesson", cut_off(driver.window) + too_large(driver.window)
    driver.window.lesson.question.skip.click()
    settle(app, driver.window)
    yield "lesson without a guess", cut_off(driver.window) + too_large(driver.window)
    lessons.leave()
    driver.window.docks[0].raise_()


def shown_in_sheets(app, driver):
    """What is cut off in the windows beside the main one, and whether they fit onto its screen."""
    for name in ("shortcuts", "about", "hardware", "processes", "submissions", "hand in", "output"):
        if name == "hand in":
            sheet = HandInSheet(
                "김하나", "", driver.window.tr("Guess first: then the runs can be trained."), driver.window
            )
            sheet.show()
        elif name == "output":
            sheet = TextWindow("Traceback", "line\n" * 40, driver.window)
            sheet.show()
        else:
            driver.press(name)
            sheet = next(each for each in driver.window.findChildren(QDialog) if each.isVisible())
        pump(lambda: not driver.window.bench.background.busy)
        settle(app, sheet)
        least, screen = sheet.minimumSizeHint(), driver.window.size()
        too_high = least.height() > screen.height() or least.width() > screen.width()
        yield name, cut_off(sheet) + ([f"it needs {least.width()} × {least.height()} pixels"] if too_high else [])
        sheet.close()
        sheet.deleteLater()


def too_large(window: QWidget) -> list[str]:
    """Whether all of it fits into a window of this size."""
    needed = window.minimumSizeHint()
    fits = needed.width() <= window.width() and needed.height() <= window.height()
    return [] if fits else [f"it needs {needed.width()} × {needed.height()} pixels"]


def test_the_check_of_pictures_fits_at_the_smallest_size(app, open_window, workspace, tmp_path, sized, monkeypatch):
    monkeypatch.setenv(language.VARIABLE, "ko")
    sized(1.5)
    pictures = tmp_path / "pictures"
    for label, count in (("강아지 사진", 30), ("b", 5)):
        (pictures / label).mkdir(parents=True)
        for number in range(count):
            Image.effect_noise((12, 12), 90).save(pictures / label / f"{number}.png")
    Image.effect_noise((12, 12), 90).convert("RGB").save(pictures / "b" / f"{'long' * 40}.png")
    driver = open_window(workspace)
    driver.window.resize(MINIMUM)
    dataset = parse_strategy("image-folder:size=12", driver.panel.catalogue, "dataset")
    driver.set(dataset=dataset.model_copy(update={"path": str(pictures)}))
    show_tab(app, driver, "data")
    panel = driver.window.centre.data
    troubles = still_cut_off(driver.window)
    panel.check_button.click()
    settle(app, driver.window)
    troubles += still_cut_off(driver.window)
    pump(lambda: panel.check.check is not None)
    assert {finding.mend for finding in panel.check.check.findings} == {None, "balance", "validate-more"}
    for place in range(panel.check.tree.topLevelItemCount()):
        panel.check.tree.setCurrentItem(panel.check.tree.topLevelItem(place))
        pump(lambda: not driver.window.bench.background.busy)
        settle(app, driver.window)
        troubles += still_cut_off(driver.window)
    assert driver.window.size() == MINIMUM and not troubles, "\n".join(troubles)


def test_the_buttons_of_a_message_stand_under_it_where_it_is_narrow(show):
    banner = show(Banner("info", "Loaded a run. It ended after 2 of 2 epochs.", [Answer("10 more epochs", print)]))
    button = banner.buttons[0]
    for width, beside in ((800, True), (240, False), (800, True)):
        banner.resize(width, banner.heightForWidth(width))
        settle(QApplication.instance(), banner)
        left, top = (button.mapTo(banner, QPoint(0, 0)).x(), button.mapTo(banner, QPoint(0, 0)).y())
        assert (left >= banner.label.geometry().right()) == beside
        assert (top >= banner.label.geometry().bottom()) == (not beside)
        assert button.width() == button.sizeHint().width()


def test_where_height_is_scarce_figures_are_told_by_the_looks_of_their_curves(show):
    look = Style("#0072B2", 1)
    columns = [(Entry("validation", "0.000", "validation", look), Entry("accuracy", "100.0 %")) for _ in range(4)]
    read_out = ReadOut(LIGHT)
    read_out.set_columns([columns], LIGHT)
    show(read_out, 320, 400)
    named, low = read_out.places(), read_out.minimumSizeHint().height()
    assert low < read_out.sizeHint().height()
    read_out.resize(320, low)
    terse = read_out.places()
    assert terse[0].width() < named[0].width()
    assert max(place.bottom() for place in terse) < low <= max(place.bottom() for place in named)
