"""Opens the window of submissions: from the menu, and with what is dropped on the main window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from engine.submissions.submission import SUFFIX

if TYPE_CHECKING:
    from gui.lessons.guide import LessonGuide
    from gui.main_window import MainWindow
    from gui.submissions.window import SubmissionsWindow


class Submissions(QObject):
    """There is one such window; it keeps what it shows until it is closed."""

    def __init__(self, window: MainWindow, guide: LessonGuide) -> None:
        super().__init__(window)
        self._window, self._guide = window, guide
        window.actions_by_name["submissions"].triggered.connect(self.show)

    @Slot()
    def show(self) -> SubmissionsWindow | None:
        """Show it, once the lessons are there."""
        from gui.submissions.window import SubmissionsWindow

        if not self._window.panel.ready:
            return None
        lessons = {lesson.id: lesson for lesson in self._guide.lessons}
        found = self._window.findChild(SubmissionsWindow)
        sheet = found or SubmissionsWindow(self._window.bench, lessons, self._window)
        if found is None:
            self._window.dressed.connect(sheet.set_theme)
            sheet.set_theme(self._window.theme)
        sheet.show()
        sheet.raise_()
        sheet.activateWindow()
        return sheet

    def end(self) -> None:
        """The main window closes."""
        from gui.submissions.window import SubmissionsWindow

        for sheet in self._window.findChildren(SubmissionsWindow):
            sheet.close()

    def take(self, paths: Sequence[Path]) -> bool:
        """Open what was dropped, where it is submissions, or a folder with some."""
        if not paths or not all(is_handed_in(path) for path in paths):
            return False
        sheet = self.show()
        if sheet is not None:
            sheet.open_paths(paths)
        return sheet is not None


def is_handed_in(path: Path) -> bool:
    """Whether this is called as submissions are, or a folder that holds some."""
    if path.name.endswith(SUFFIX):
        return True
    try:
        return path.is_dir() and any(each.name.endswith(SUFFIX) for each in path.iterdir())
    except OSError:
        return False
