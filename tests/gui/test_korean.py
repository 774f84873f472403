"""A Korean in the window meets no English: all places are walked through, and all that they show is read."""

from __future__ import annotations

import html
import re
import threading

import pyqtgraph
import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QDialog, QGraphicsView, QTabBar, QWidget

from engine import language
from engine.config import ONE_CHOICE, recipe
from engine.language import UNSEEN, VARIABLE
from engine.runs import new_run
from engine.strategy_text import parse_strategy
from engine.sweeps.ablation import plan
from gui.language import PROPERTIES, ROLES, TYPED, _columns
from gui.settings.explanation import ExplanationSheet
from gui.tune.panel import tools
from tests.gui.driving import pump, type_into
from tests.gui.test_fits import show_tab
from tests.gui.test_language import OF_QT, OF_QTS_OWN, TABS
from tests.korean import english_in

ENOUGH = 60
"""Rows of a list that are read."""
GIVEN = """
Bag Pullover Dress Trouser Sandal Sneaker Shirt Coat Ctrl Shift Return Enter Home activation train val test names
patient small large He RandAugment TensorFlow swish data rule torch Essentials
"""
"""Classes of the data, keys, a layer, folders, and a name."""
WRITTEN = {"T-shirt/top", "Ankle boot", "Leaky ReLU", "(wide)", "PyTorch Image Models", "Müller"}


class Reading:
    """All texts that were seen, each with where."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def take(self, where: str, text: object) -> None:
        if isinstance(text, str) and text.strip():
            plain = html.unescape(re.sub(r"<[^>]*>|&nbsp;", " ", text))
            self.seen.setdefault(re.sub(f"[{UNSEEN}\N{ZERO WIDTH SPACE}]", "", plain), where)

    def read(self, window: QWidget) -> None:
        """What stands in a window."""
        unseen = hidden_menus(window)
        for each in (window, *window.findChildren(QObject)):
            kind = type(each).__name__
            if kind not in OF_QT and each not in unseen:
                self._read_one(each, kind)

    def _read_one(self, each: QObject, kind: str) -> None:
        for name in PROPERTIES:
            if not (name == "text" and isinstance(each, TYPED)):
                self.take(f"{kind} {name}", each.property(name))
        if isinstance(each, QTabBar):
            for place in range(each.count()):
                self.take(f"{kind} tab", each.tabText(place))
                self.take(f"{kind} tab tip", each.tabToolTip(place))
        elif isinstance(each, QComboBox):
            for place in range(each.count()):
                for role in ROLES:
                    self.take(f"{kind} item", each.itemData(place, role))
        elif isinstance(each, QAbstractItemView) and each.model() is not None:
            self._items(each.model(), kind, QModelIndex())
            for place in range(_columns(each.model())):
                for role in ROLES[:2]:
                    self.take(f"{kind} header", each.model().headerData(place, Qt.Orientation.Horizontal, role))
        elif isinstance(each, QGraphicsView) and each.scene() is not None:
            for item in each.scene().items():
                if isinstance(item, pyqtgraph.AxisItem):
                    self.take("axis", item.labelText)
                elif isinstance(item, pyqtgraph.LabelItem):
                    self.take("legend", item.text)
                elif hasattr(item, "toPlainText"):
                    self.take("plot", item.toPlainText())

    def _items(self, model: QAbstractItemModel, kind: str, above: QModelIndex) -> None:
        for row in range(min(ENOUGH, model.rowCount(above))):
            for column in range(_columns(model, above)):
                for role in ROLES:
                    self.take(f"{kind} item", model.index(row, column, above).data(role))
            self._items(model, kind, model.index(row, 0, above))

    def english(self) -> list[str]:
        """What of it is English, and where it stood."""
        known = frozenset(GIVEN.split()) | WRITTEN
        return [f"{where}: {found} in {text[:160]!r}" for text, where in self.seen.items()
                if text not in OF_QTS_OWN and (found := english_in(text, known))]  # fmt: skip


def hidden_menus(window: QWidget) -> set[QObject]:
    """The menus that pyqtgraph makes for every plot, and what is in them: they are never shown."""
    hidden: list[QObject] = []
    for view in window.findChildren(QGraphicsView):
        for item in view.scene().items() if view.scene() is not None else ():
            if isinstance(item, pyqtgraph.PlotItem):
                assert not item.menuEnabled()
                hidden += [item.ctrlMenu, *view.scene().contextMenu]
                hidden += [each for each in vars(item.ctrl).values() if isinstance(each, QObject)]
    return {inner for each in hidden for inner in (each, *each.findChildren(QObject))}


@pytest.fixture
def reading(monkeypatch):
    """Reads what is painted, too."""
    made, draw, own = Reading(), QPainter.drawText, threading.current_thread()

    def draw_text(painter, *given):
        if threading.current_thread() is own:
            for each in given:
                made.take("painted", each)
        return draw(painter, *given)

    monkeypatch.setattr(QPainter, "drawText", draw_text)
    return made


@pytest.fixture
def workspace_with_runs(workspace, catalogue):
    """Runs with and without a technique, over three seeds: an ablation that is done."""
    config = recipe("first-lesson", catalogue).changed(
        {"epochs": 3, "threads": "1", "train_samples": "100", "validation_samples": "100", "name": "하나"}
    )
    language.use("ko")
    config = config.ticked(parse_strategy("dropout", catalogue))
    for member in plan(config).members:
        for _ in new_run(member.config, catalogue, workspace).run():
            pass
    return config


def read_settings(driver, reading, config):
    """Every technique ticked or chosen, every explanation, and what is said of values that can't be."""
    panel, catalogue = driver.panel, driver.panel.catalogue
    for entry in catalogue.entries:
        if entry.kind in ONE_CHOICE:
            panel.set_config(config.changed({entry.kind: entry.strategy()}))
            reading.read(panel.choice(entry.kind))
        else:
            driver.tick(entry.id)
        sheet = ExplanationSheet(entry.strategy, "built-in", driver.window)
        reading.read(sheet)
        sheet.deleteLater()
    reading.read(panel)
    panel.set_config(config)
    wrong = {"lr": "qq", "epochs": "0", "batch_size": "1.5", "train_samples": "qq", "validation_samples": "9e9",
             "threads": "-1", "device": "qq", "seed": "-1", "name": "a" * 200}  # fmt: skip
    for name, text in wrong.items():
        type_into(panel.field(name), text)
        reading.read(panel.field(name))
    panel.set_config(config)


def test_nothing_in_the_window_is_english_to_a_korean(
    app, open_window, workspace, workspace_with_runs, reading, monkeypatch
):
    monkeypatch.setenv(VARIABLE, "ko")
    driver = open_window(workspace)
    window = driver.window
    window.resize(1600, 1000)
    driver.panel.set_config(workspace_with_runs)
    pump(lambda: len(window.runs.list.all_runs) == 6)

    def look() -> None:
        window.grab()
        reading.read(window)
        for dialog in app.topLevelWidgets():
            if isinstance(dialog, QDialog) and dialog.isVisible():
                dialog.grab()
                reading.read(dialog)

    for tab in TABS:
        show_tab(app, driver, tab)
        look()
    driver.conductor.load_file(window.runs.list.all_runs[0].checkpoint)
    pump(lambda: driver.says("loaded"))
    for tab in TABS:
        show_tab(app, driver, tab)
        look()
    tune = window.centre.tab("tune")
    show_tab(app, driver, "tune")
    for name in tools():
        tune.bring_forward(name)
        pump(lambda: not window.bench.background.busy)
        look()
    reading.read(window.runs.list.menu())
    read_settings(driver, reading, workspace_with_runs)
    for name in ("hardware", "shortcuts", "about", "processes", "submissions", "lessons"):
        driver.press(name)
        pump(lambda: not window.bench.background.busy)
        look()
    driver.conductor.lessons.open("first-lesson")
    look()
    english = reading.english()
    assert not english, "\n".join(sorted(english))
    show_tab(app, driver, "code")
    code = window.centre.tab("code").view
    assert "Tunedeck과 똑같이" in code.toPlainText()
    driver.press("language_en")
    pump(lambda: "as Tunedeck trains it" in code.toPlainText())
