"""Hands in the open lesson: asks, makes the file, and says where it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from engine.message import InputError
from engine.submissions.submission import make, name_of_file, write_submission
from engine.sweeps.sweep import State
from gui import numbers
from gui.lessons.hand_in import HandInSheet, ask_where
from gui.widgets.banner import Answer
from gui.words import say

if TYPE_CHECKING:
    from gui.lessons.guide import LessonGuide
    from gui.main_window import MainWindow


class HandingIn(QObject):
    """The name is remembered; what was written as a conclusion is, as long as the window is open."""

    def __init__(self, window: MainWindow, guide: LessonGuide) -> None:
        super().__init__(window)
        self._window, self._guide = window, guide
        self._written: dict[str, str] = {}
        self.sheet: HandInSheet | None = None

    @Slot()
    def ask(self) -> None:
        """Ask for name and conclusion."""
        lesson = self._guide.lesson
        if lesson is None or self.sheet is not None:
            return
        done = sum(each.state is State.DONE for each in self._guide.standings.values())
        text = self.tr("Your guess, {done} of {count} runs with their curves, and this go into one file.")
        runs = text.format(done=numbers.count(done), count=numbers.count(len(lesson.variants)))
        name, written = self._window.memory.word("student"), self._written.get(lesson.id, "")
        sheet = self.sheet = HandInSheet(name, written, runs, self._window)
        sheet.finished.connect(self._on_finished)
        sheet.open()

    @Slot(int)
    def _on_finished(self, answer: int) -> None:
        sheet, lesson = self.sheet, self._guide.lesson
        self.sheet = None
        if sheet is None:
            return
        name, conclusion = sheet.name.text().strip(), sheet.conclusion.toPlainText()
        sheet.deleteLater()
        if lesson is None:
            return
        self._written[lesson.id] = conclusion
        if answer == HandInSheet.DialogCode.Accepted:
            self._window.memory.keep_word("student", name)
            self._save(name, conclusion)

    def _save(self, name: str, conclusion: str) -> None:
        guide, banners = self._guide, self._window.banners
        assert guide.lesson is not None
        try:
            made = make(
                guide.lesson, guide.standings, guide.together, student=name, conclusion=conclusion,
                guess=guide.guess.choice if guide.guess is not None else None,
            )  # fmt: skip
            path = ask_where(_documents(), name_of_file(made), self._window)
            if path is None:
                return
            write_submission(path, made)
        except InputError as error:
            banners.say("hand-in", "error", say(error.message))
        else:
            folder = QUrl.fromLocalFile(str(path.parent))
            show = Answer(self.tr("Open folder"), lambda: QDesktopServices.openUrl(folder), keeps=True)
            banners.say("hand-in", "info", self.tr("Saved: give {path} to your teacher.").format(path=path), [show])


def _documents() -> Path:
    """Where a person finds a file again without having looked where it went."""
    found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(found) if found and Path(found).is_dir() else Path.home()
