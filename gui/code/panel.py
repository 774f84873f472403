"""The tab "Code": the settings, or the run in front, as a script of plain PyTorch, and as a command."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QEvent, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QVBoxLayout

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.message import InputError
from gui.background import Trouble
from gui.code.changes import Changes, changes, spans
from gui.code.origins import Origins, origins
from gui.code.view import CodeView
from gui.panel import Panel
from gui.widgets.command_line import CommandLine
from gui.widgets.flow import FlowLayout
from gui.widgets.looks import give
from gui.widgets.segments import Segments
from gui.widgets.theme import Theme
from gui.words import say
from gui.workbench import Workbench

IMPORTS = ("import ", "from ")
SETTINGS, RUN = 0, 1
"""Whose code is shown."""


class Made(NamedTuple):
    """What settings come to."""

    config: RunConfig
    text: str
    """The script, in the reader's language."""
    missing: tuple[str, ...]
    """The ids of the techniques that give no code."""
    command: str
    origins: Origins


class CodePanel(Panel):
    """Shows the code, marks what the last change of the settings has changed in it, copies and saves it."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.made: Made | None = None
        """What is shown."""
        self._asked: RunConfig | None = None
        self.whose = Segments(
            self.tr("Code of"),
            [
                (
                    self.tr("Settings"),
                    self.tr("The settings on the left: tick a technique, and see its lines"),
                ),
                (self.tr("Run in front"), self.tr("The run that the graph draws in front")),
            ],
        )
        self.whose.chosen.connect(self._on_whose)
        self.told = QLabel(self.tr("The code will be here, as soon as there are settings."))
        self.told.setWordWrap(True)
        self.told.setProperty("role", "muted")
        self.command = CommandLine(self.tr("The same as a command"), self.tr("Copy command"))
        self.command.copied.clicked.connect(self._tell_copied)
        self.command.line.setToolTip(self.tr("Trains just this in a terminal"))
        self.copy_code = QPushButton(self.tr("Copy"))
        self.copy_code.setToolTip(self.tr("Copy the code"))
        self.copy_code.clicked.connect(self._copy_code)
        self.save = QPushButton(self.tr("Save…"))
        self.save.setToolTip(self.tr("Save the code as a file that Python runs"))
        self.save.clicked.connect(self._save)
        self.view = CodeView(self.tr("Code"))
        self._lay_out()
        self._allow()

    def _lay_out(self) -> None:
        upper = FlowLayout(8)
        for widget in (self.whose, self.copy_code, self.save):
            upper.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addLayout(upper)
        column.addWidget(self.told)
        column.addWidget(self.view, 1)
        column.addWidget(self.command)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        super().set_theme(theme)
        self.view.set_theme(theme)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Write the code anew where the language is another."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange and self._asked is not None:
            self.made = self._asked = None
            self.touch()

    # --- what is shown ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Write the code anew, where the settings are others."""
        has_run = self.run is not None and self.run.config is not None
        self.whose.button(RUN).setEnabled(has_run)
        if not has_run:
            self.whose.current = SETTINGS
        config = self.run.config if self.run is not None and self.whose.current == RUN else self.config
        if config is None or config == self._asked:
            return
        self._asked = config
        folder, catalogue = self.bench.workspace / "data", self.bench.catalogue
        self.bench.background.ask("code", lambda: _made(config, catalogue, folder), self._show, self._fail)

    @Slot(int)
    def _on_whose(self, _: int) -> None:
        self.touch()

    @Slot(object)
    def _show(self, made: Made) -> None:
        before, self.made = self.made, made
        text = made.text
        changed = changes(before.text, text, _body(text)) if before is not None else Changes()
        self.view.show_text(text, changed, _told_first(text, changed))
        begin = _body(text)
        self.view.hints = {
            line: self.tr("This line is there for: {ids}").format(ids=", ".join(ids))
            for line, ids in made.origins.items() if line >= begin
        }  # fmt: skip
        self.command.set_words(made.command)
        self.told.setText(self._words(made.missing, changed, first=before is None))
        give(self.told, role="error" if made.missing else "muted")
        self._allow()

    def _words(self, missing: tuple[str, ...], changed: Changes, *, first: bool) -> str:
        if missing:
            text = self.tr("Not whole: no code comes from {ids}, and their lines are missing.")
            return text.format(ids=", ".join(missing))
        if changed.new:
            return self.tr("New or changed lines, marked with +: {lines}.").format(lines=spans(changed.new))
        if changed.gone:
            return self.tr("Lines are gone where − stands: before {lines}.").format(lines=spans(changed.gone))
        if first:
            return self.tr("It runs by itself and gives the same losses. Change a setting, and see its lines.")
        return self.tr("The last change is in none of these lines.")

    @Slot(object)
    def _fail(self, trouble: Trouble) -> None:
        self._asked = None
        self.told.setText(say(trouble.text))
        give(self.told, role="error")

    def _allow(self) -> None:
        for button in (self.copy_code, self.command.copied, self.save):
            button.setEnabled(self.made is not None)

    # --- what is taken away ----------------------------------------------------------------------

    @Slot()
    def _copy_code(self) -> None:
        if self.made is not None:
            QGuiApplication.clipboard().setText(self.made.text)
            self.told.setText(self.tr("The code is copied."))

    @Slot()
    def _tell_copied(self) -> None:
        self.told.setText(self.tr("The command is copied."))

    @Slot()
    def _save(self) -> None:
        if self.made is None:
            return
        proposed = str(self.bench.workspace / f"{self.made.config.model.id}.py")
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save code"), proposed, self.tr("Python (*.py)"))
        if name:
            self.save_as(Path(name))

    def save_as(self, path: Path) -> None:
        """Write the script there, whole or not at all, and say what came of it."""
        from engine.scripts.script import write_script

        assert self.made is not None
        try:
            write_script(path, self.made.text)
        except InputError as error:
            self.told.setText(say(error.message))
            give(self.told, role="error")
        else:
            self.told.setText(self.tr("Saved as {file}.").format(file=path))
            give(self.told, role="muted")


def _made(config: RunConfig, catalogue: Catalogue, folder: Path) -> Made:
    from engine.command_line import command
    from engine.scripts.script import script
    from engine.scripts.words import in_language

    made = script(config, catalogue, folder)
    text = in_language(made)
    return Made(config, text, made.missing, command(config, catalogue), origins(config, catalogue, folder, text))


def _body(text: str) -> int:
    """The first line after the head, which holds the command and so changes with everything."""
    lines = text.splitlines()
    return next((number for number, line in enumerate(lines) if line.startswith(IMPORTS)), 0)


def _told_first(text: str, changed: Changes) -> int | None:
    """The line to bring into sight: of those that have changed the first that is no import."""
    lines = text.splitlines()
    found = sorted((*changed.new, *changed.gone))
    telling = [number for number in found if number < len(lines) and not lines[number].startswith(IMPORTS)]
    return next(iter((*telling, *found)), None)
