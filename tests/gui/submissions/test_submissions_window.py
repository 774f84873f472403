"""Handing in, and what was handed in: as a student and a teacher press it."""

from __future__ import annotations

import json
import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from engine import language
from engine.submissions.submission import MAX_CONCLUSION, read_submission
from gui.submissions.window import SubmissionsWindow
from gui.widgets.theme import DARK, LIGHT
from tests.gui.driving import drop, pump
from tests.gui.lessons.test_lesson_guide import guess, opened, train  # noqa: F401


@pytest.fixture
def handed_in(opened, tmp_path, monkeypatch):  # noqa: F811
    """A window in which the lesson is done, and the file that was handed in."""
    driver, path = opened, tmp_path / "handed-in" / "Kim-mine.tunedeck.json"
    path.parent.mkdir()
    guess(driver, "fast")
    train(driver, "base", "fast")
    lesson = driver.window.lesson
    pump(lesson.hand_in.isEnabled)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (str(path), ""))
    lesson.hand_in.click()
    sheet = driver.conductor.lessons.handing_in.sheet
    assert not sheet.save.isEnabled() and "2 of 2 runs" in sheet.runs.text()
    assert "Write your name" in sheet.hint.text()
    sheet.name.setText("Kim")
    assert sheet.save.isEnabled() and "Without a conclusion" in sheet.hint.text()
    sheet.conclusion.setPlainText("x" * (MAX_CONCLUSION + 3))
    assert not sheet.save.isEnabled() and "leave out 3 characters" in sheet.hint.text()
    sheet.conclusion.setPlainText("A higher rate learns faster.")
    sheet.save.click()
    assert str(path) in driver.says("hand-in")
    return driver, path


def copies(path, *changes):
    """More files beside this one, each with its change."""
    for number, change in enumerate(changes):
        data = json.loads(path.read_text(encoding="utf-8"))
        change(data)
        (path.parent / f"{number}.tunedeck.json").write_text(json.dumps(data), encoding="utf-8")


def show(driver, *paths) -> SubmissionsWindow:
    assert drop(driver.window.graph, *paths)
    sheet = driver.window.findChild(SubmissionsWindow)
    pump(lambda: sheet.pile)
    return sheet


def test_a_lesson_is_handed_in_with_name_and_conclusion_and_both_are_there_the_next_time(handed_in):
    driver, path = handed_in
    made = read_submission(path)
    assert (made.student, made.guess, made.right) == ("Kim", "fast", True)
    assert made.conclusion == "A higher rate learns faster." and [run.id for run in made.runs] == ["base", "fast"]
    driver.window.lesson.hand_in.click()
    sheet = driver.conductor.lessons.handing_in.sheet
    assert sheet.name.text() == "Kim" and sheet.conclusion.toPlainText() == made.conclusion
    sheet.reject()


def test_dropped_submissions_stand_in_a_table_with_their_curves_over_the_band(handed_in, tmp_path, monkeypatch):
    driver, path = handed_in
    copies(
        path, lambda data: data.update(student="Lee", guess="slow"), lambda data: data.update(answer="slow"),
        lambda data: data.update(format=9),
    )  # fmt: skip
    sheet = show(driver, path.parent)
    by_student = {row[0]: row for row in sheet.table.texts()}
    assert by_student["Lee"][3] == "otherwise" and by_student["Lee"][6] == "looks right"
    assert "2.tunedeck.json is no submission" in sheet.told.text() and len(sheet.pile) == 3
    assert "2 submissions, 1 guessed right." in sheet.told.text() and "1 more don't count" in sheet.told.text()
    assert sum("a later one is there" in row[0] for row in sheet.table.texts()) == 1
    assert sorted(row[6] for row in sheet.table.texts()) == ["1 doubts", "looks right", "looks right"]
    assert len(sheet.plot.lines) == 3 and len(sheet.plot._edges[0].getData()[0]) == 2
    sheet.table.choose([0, 1])
    assert len(sheet.plot.legend.items) == 2 and "A higher rate learns faster." in sheet.details.text()
    sheet.figure.setCurrentIndex(1)
    sheet.figure.activated.emit(1)
    assert sheet.plot.lines[0].yData.max() > 1  # in per cent
    driver.press("language_ko")
    assert language.language() == "ko"
    pump(lambda: [row[6] for row in sheet.table.texts()] == ["이상 없음", "의심 1건", "이상 없음"])
    assert sheet.table.model().headerData(0, Qt.Orientation.Horizontal) == "학생"
    driver.press("language_en")
    sheet.copy.click()
    assert QGuiApplication.clipboard().text().count("\n") == 3
    table = tmp_path / "marks.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (str(table), ""))
    sheet.save.click()
    assert len(table.read_text(encoding="utf-8").splitlines()) == 4
    assert table.read_bytes().startswith(b"\xef\xbb\xbf")  # else Excel takes Hangul for something else
    sheet.close()


def test_what_is_checked_is_seen_without_scrolling_however_long_the_answers(handed_in):
    driver, path = handed_in
    copies(path, lambda data: data.update(guess="much-slower-than-anybody-would-have-thought", answer="slow"))
    sheet = show(driver, path.parent)
    driver.app.processEvents()
    table, widest = sheet.table, sheet.table.horizontalHeader()
    assert table.horizontalScrollBar().maximum() == 0
    sheet.resize(700, 600)
    driver.app.processEvents()
    assert widest.length() <= table.viewport().width()
    last = widest.count() - 1
    assert widest.sectionSize(last) >= table.sizeHintForColumn(last)
    sheet.close()


def test_all_are_trained_again_beside_the_window_and_the_altered_one_is_found(handed_in):
    driver, path = handed_in
    copies(path, lambda data: data["runs"][1]["epochs"][0].__setitem__(5, 0.1) or data.update(student="Lee"))
    sheet = show(driver, path.parent)
    sheet.replay_all.click()
    assert sheet.stop.isEnabled() and "Still to come: 2." in sheet.told.text()
    pump(lambda: not sheet.replays.busy, 60)
    by_student = {row[0]: row[6] for row in sheet.table.texts()}
    assert by_student["Lee"] == "✗ other figures" and by_student["Kim"].startswith("✓")
    sheet.table.choose([row for row, each in enumerate(sheet.pile) if each.submission.student == "Lee"])
    assert re.search(r"Fast: .*val_loss in epoch 1: 0.1 told", sheet.details.text())  # as the lesson calls it
    assert "Still to come" not in sheet.told.text()
    sheet.close()


def test_training_again_can_be_stopped_and_ends_with_the_window(handed_in):
    driver, path = handed_in
    sheet = show(driver, path)
    sheet.table.choose([0])
    sheet.replay.click()
    process = sheet.replays._process
    sheet.stop.click()
    assert process.poll() is not None and not sheet.replays.busy and sheet.table.texts()[0][6] == "looks right"
    sheet.replay_all.click()
    process = sheet.replays._process
    driver.close()
    assert process.poll() is not None


def test_without_submissions_it_says_how_to_open_some_and_it_takes_another_palette_while_it_is_open(handed_in):
    driver, path = handed_in
    driver.press("submissions")
    sheet = driver.window.findChild(SubmissionsWindow)
    assert sheet.empty.isVisible() and "files, or the folder" in sheet.empty.text() and not sheet.table.isVisible()
    sheet.open_paths([path])
    pump(lambda: sheet.pile)
    assert sheet.table.isVisible() and not sheet.empty.isVisible()
    for theme in (DARK, LIGHT):
        driver.press(f"theme_{theme.name}")
        assert sheet.plot.backgroundBrush().color().name() == theme.surface.lower()
        assert {label.opts["color"] for _, label in sheet.plot.legend.items} <= {theme.text}
    sheet.close()
