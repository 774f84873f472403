"""The window changes its language at once, and loses nothing by it."""

from __future__ import annotations

import re

import pytest
import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QComboBox, QGraphicsView, QLabel, QListView, QTabBar, QWidget

from engine import language
from engine.config import recipe
from engine.runs import new_run
from gui.language import PROPERTIES, TYPED, Spoken, said_again, speaker
from tests.gui.driving import Driver, pump
from tests.gui.test_fits import show_tab

OF_QT = ("QAbstractButton", "QDockWidgetTitleButton")
"""What Qt itself makes and names, in the language that is present then: nobody sees it."""
OF_QTS_OWN = ("Scroll Left", "Scroll Right", "왼쪽으로 스크롤", "오른쪽으로 스크롤")
TABS = ("curves", "data", "model", "predictions", "compare", "tune", "code")


def said_in(window: QObject) -> list[tuple[str, str, str]]:
    """All texts of a window: of what, which, and what it says. Figures that are measured anew are left out."""
    found = []
    for each in (window, *window.findChildren(QObject)):
        kind = type(each).__name__
        if kind in OF_QT:
            continue
        for name in PROPERTIES:
            text = each.property(name)
            if isinstance(text, str) and text and not (name == "text" and isinstance(each, TYPED)):
                found.append((kind, name, re.sub(r"\d[\d.:,]*", "0", text)))
        if isinstance(each, QTabBar):
            found += [(kind, "tab", each.tabText(place)) for place in range(each.count())]
        elif isinstance(each, QComboBox):
            found += [(kind, "item", each.itemText(place)) for place in range(each.count())]
        elif isinstance(each, QListView):
            model = each.model()
            found += [(kind, "row", str(model.index(place, 0).data())) for place in range(model.rowCount())]
        elif isinstance(each, QGraphicsView):
            found += [
                (kind, "plot", item.toPlainText()) for item in each.scene().items() if hasattr(item, "toPlainText")
            ]
    return [(kind, name, text.replace(language.UNSEEN, "")) for kind, name, text in found if text not in OF_QTS_OWN]


def walk(app, driver: Driver) -> None:
    for tab in TABS:
        show_tab(app, driver, tab)
    pump(lambda: not driver.window.centre._bench.background.busy)
    pump(lambda: any(figure.isdigit() for figure in driver.panel.foot.estimate.text()))


def test_a_window_that_has_changed_says_what_one_says_that_opened_so(
    app, open_window, workspace, catalogue, monkeypatch
):
    config = recipe("first-lesson", catalogue).changed({"epochs": 2, "threads": "1", "train_samples": "100"})
    for _ in new_run(config.changed({"validation_samples": "100"}), catalogue, workspace).run():
        pass
    heard = Spoken()  # as in a process of its own, where no other test has said anything
    monkeypatch.setattr(speaker(), "_spoken", heard)
    monkeypatch.setattr(language, "keeper", heard.keep)
    monkeypatch.setattr(language, "reminder", heard.again)
    said = {}
    for opened, then in (("ko", ""), ("en", "ko"), ("ko", "en"), ("en", "")):
        monkeypatch.setenv(language.VARIABLE, opened)
        driver = open_window(workspace)
        walk(app, driver)
        if then:
            driver.press(f"language_{then}")
            walk(app, driver)
        said[opened, then] = sorted(set(said_in(driver.window)))
        driver.close()
    assert said["ko", ""] != said["en", ""]
    for one, other in ((("ko", ""), ("en", "ko")), (("en", ""), ("ko", "en"))):
        differ = sorted(set(said[one]) ^ set(said[other]))
        assert not differ, "\n".join(map(str, differ))


@pytest.mark.parametrize("opened", ["en", "ko"])
def test_the_language_may_be_changed_to_and_fro(app, open_window, workspace, monkeypatch, opened):
    monkeypatch.setenv(language.VARIABLE, opened)
    driver = open_window(workspace, first=True)
    pump(lambda: driver.conductor.lessons.lesson is not None and not driver.window.bench.background.busy)
    pump(lambda: any(figure.isdigit() for figure in driver.panel.foot.estimate.text()))
    said = {}
    for name in ("en", "ko", "en", "ko", "en"):
        driver.press(f"language_{name}")
        for _ in range(3):
            app.processEvents()
        now = sorted(set(said_in(driver.window)))
        assert said.setdefault(name, now) == now, sorted(set(said[name]) ^ set(now))
    assert said["en"] != said["ko"] and driver.window.lesson.leave.text() == "Leave"


def test_nothing_of_a_run_or_of_the_settings_is_lost_by_another_language(open_window, workspace, monkeypatch):
    driver = open_window(workspace)
    window, graph = driver.window, driver.window.graph
    driver.set(epochs=3, threads="1", train_samples="200", validation_samples="100")
    driver.tick("dropout")
    driver.press("start")
    driver.wait_for_epoch(1)
    driver.press("pause")
    before, undo, run = driver.panel.config, driver.panel.can_undo(), driver.session.run
    window.panel.filter_box.setText("drop")
    driver.press("log")
    driver.press("tab_data")
    driver.press("language_ko")
    assert (
        window.menuBar().actions()[0].text() == "파일" and window.actions_by_name["stop"].toolTip() == "정지 (Shift+F5)"
    )
    pump(lambda: any(word.startswith("최고") for _, word in graph.marks.words()))
    assert graph.read_out.text().startswith("에포크")
    legend = graph.header.legend
    entry = legend.entry(legend.keys()[0])
    pump(lambda: entry.width() == entry.sizeHint().width())  # the names have the room that they need now
    assert driver.panel.config == before and driver.panel.can_undo() == undo and driver.session.run is run
    assert window.panel.filter_box.text() == "drop" and graph.header.log.isChecked()
    assert window.centre.tabs.currentIndex() == 1
    driver.press("pause")
    driver.wait_for_end()
    assert len(run.history.epochs) == 3
    assert window.memory.word("language") == "ko"
    driver.close()
    monkeypatch.delenv(language.VARIABLE)
    again = open_window(workspace)
    assert again.window.menuBar().actions()[0].text() == "파일"
    assert again.window.actions_by_name["language_ko"].isChecked()


def test_what_changes_with_every_step_pushes_out_nothing_else():
    spoken, name = Spoken(), language.Template("Start")
    name.again = lambda: "훈련 시작"
    spoken.keep(name, "Start", ())
    for step in range(5_000):
        said = language.Said(f"step {step}")
        said.again = lambda: "스텝"
        spoken.keep(said, "step {step}", ())
    assert spoken.again("Start") == "훈련 시작"
    assert spoken.again("step 4999") == "스텝" and spoken.again("step 0") == "step 0"
    assert len(spoken._by_text) < 1_000


def test_the_same_words_of_two_sources_are_told_apart(app, monkeypatch):
    words = {"Pause": "일시 정지", "paused": "일시 정지"}
    monkeypatch.setattr(language, "words_of", lambda name: words if name == "ko" else {})
    language.distinct_words_of.cache_clear()
    speaker().use("ko")
    texts = [language.tr("Pause"), language.tr("paused")]
    label = QLabel(f"{texts[1]} · 12  {texts[0]}")
    speaker().use("en")
    language.distinct_words_of.cache_clear()
    assert [said_again(text) for text in texts] == ["Pause", "paused"]
    assert said_again(label.text()) == "paused · 12  Pause"
    label.deleteLater()


def test_what_goes_away_while_the_words_change_does_not_keep_the_others_from_being_said_again(app, monkeypatch):
    """As where a choice, said anew, has its form made anew."""

    class Forming(QLabel):
        def setText(self, text):  # noqa: N802
            super().setText(text)
            if text == "시작":
                shiboken6.delete(gone)

    monkeypatch.setattr(language, "words_of", lambda name: {"Begin": "시작", "End": "끝"} if name == "ko" else {})
    language.distinct_words_of.cache_clear()
    window = QWidget()
    first, gone, last = (kind(str(language.tr(text)), window) for kind, text in (
        (Forming, "Begin"), (QLabel, "Begin"), (QLabel, "End")
    ))  # fmt: skip
    speaker().use("ko")
    assert (first.text(), last.text(), shiboken6.isValid(gone)) == ("시작", "끝", False)
    speaker().use("en")
    language.distinct_words_of.cache_clear()
    window.deleteLater()
