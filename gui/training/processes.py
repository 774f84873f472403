"""Training in several processes: what there is sense in, the commands, and a run that is started by one of them."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.processes.plan import machines_command, sense, train_command, usable_gpus
from engine.yaml_file import write_yaml
from gui import child
from gui.background import Trouble
from gui.settings.panel import SettingsPanel
from gui.widgets.command_line import CommandLine
from gui.widgets.count_box import CountBox
from gui.widgets.roomy_area import let_scroll
from gui.widgets.type_size import fixed_type
from gui.words import say
from gui.workbench import Workbench

SIZE = QSize(640, 520)
LOOK = "processes"
"""Key of the work in the background."""
SETTINGS, OUTPUT = "processes.yaml", "processes.log"
"""The settings that are trained, and what the processes say, in the workspace."""
LOOK_MILLISECONDS = 500
MOST = 64


def show_processes(bench: Workbench, settings: SettingsPanel, busy: Callable[[], bool], parent: QWidget) -> QDialog:
    """Show it beside the window, once."""
    sheet = parent.findChild(ProcessesSheet) or ProcessesSheet(bench, settings, busy, parent)
    sheet.show()
    sheet.raise_()
    sheet.activateWindow()
    return sheet


class ProcessesSheet(QDialog):
    """A window beside the main one. What it starts goes on when both are closed, as if begun in a terminal.

    The run appears among the runs by itself, as those of other windows do.
    """

    def __init__(self, bench: Workbench, settings: SettingsPanel, busy: Callable[[], bool], parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.setWindowTitle(self.tr("Train in several processes"))
        self.resize(SIZE)
        self._workspace, self._settings, self._busy = bench.workspace, settings, busy
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = False
        """Whether it was asked to end."""
        self.found = _label(self.tr("Looking at this machine…"))
        self.count = CountBox()
        self.count.setRange(2, MOST)
        self.count.setAccessibleName(self.tr("Processes"))
        self.here, self.there = CommandLine(), CommandLine()
        for command in (self.here, self.there):
            command.copied.setToolTip(self.tr("Copies the command, and writes the settings that it trains"))
        self.told = _label("")
        self.output = QPlainTextEdit()
        self.output.setReadOnly(True)
        self.output.setFont(fixed_type())
        self.output.setPlaceholderText(self.tr("What the processes say appears here, as soon as they are started"))
        self.output.setAccessibleName(self.tr("What the processes say"))
        self.start_button, self.stop_button = QPushButton(self.tr("Start")), QPushButton(self.tr("Stop"))
        self.stop_button.setToolTip(self.tr("Ends it after this step, with everything saved"))
        self.stop_button.setEnabled(False)
        self._watch = QTimer(self)
        self._watch.setInterval(LOOK_MILLISECONDS)
        self._watch.timeout.connect(self._look)
        self._lay_out()
        self.count.valueChanged.connect(self._show_commands)
        self.start_button.clicked.connect(self.start)
        self.stop_button.clicked.connect(self.stop)
        self.here.copied.clicked.connect(self._on_copied)
        self.there.copied.clicked.connect(self._on_copied)
        self._show_commands()
        if sys.platform == "win32":  # nothing there can be asked to end with everything saved
            self.start_button.setEnabled(False)
            self.told.setText(self.tr("Start it in a terminal, with the command below."))
        bench.background.ask(LOOK, usable_gpus, self._show_gpus, self._tell_trouble)

    def _lay_out(self) -> None:
        processes = QHBoxLayout()
        processes.setSpacing(8)
        processes.addWidget(QLabel(self.tr("Processes on each machine")))
        processes.addWidget(self.count)
        processes.addStretch(1)
        processes.addWidget(self.start_button)
        processes.addWidget(self.stop_button)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addWidget(self.found)
        column.addLayout(processes)
        column.addWidget(self.told)
        column.addWidget(self.output, 1)
        column.addWidget(_label(self.tr("The same in a terminal of this machine")))
        column.addWidget(self.here)
        column.addWidget(
            _label(self.tr("On two machines: the same line on both, with the name of the first one in it"))
        )
        column.addWidget(self.there)
        column.addWidget(close)
        let_scroll(self)

    def _show_gpus(self, gpus: tuple[str, ...]) -> None:
        self.found.setText(say(sense(gpus)))
        self.count.setValue(max(2, len(gpus)))

    def _tell_trouble(self, trouble: Trouble) -> None:
        self.found.setText(say(trouble.text))

    @Slot()
    def _show_commands(self) -> None:
        count, file = self.count.value(), self._workspace / SETTINGS
        self.here.set_words(shlex.join(train_command(count, file, self._workspace)))
        self.there.set_words(shlex.join(machines_command(count, file, self._workspace)))

    # --- the run ---------------------------------------------------------------------------------

    @property
    def training(self) -> bool:
        """Whether what it has started goes on."""
        return self._process is not None and self._process.poll() is None

    @Slot()
    def start(self) -> None:
        """Train the settings on the left, unless a run trains here already."""
        if self._busy() or self.training:
            self.told.setText(self.tr("A run trains here, and would be slowed down: start when it has ended."))
            return
        if not self._keep_settings():
            return
        words = train_command(self.count.value(), self._workspace / SETTINGS, self._workspace)
        try:
            self._process = child.start(words, self._workspace / OUTPUT)
        except OSError as error:
            self._tell_error(self._workspace / OUTPUT, error)
            return
        self._asked = False
        self.told.setText(self.tr("Training. It appears among the runs, and goes on when the window is closed."))
        self._show_state(training=True)
        self._watch.start()

    @Slot()
    def stop(self) -> None:
        """Ask the processes to end, with everything saved."""
        if self._process is not None:
            self._asked = True
            self._process.terminate()
        self.told.setText(self.tr("Stopping after this step, with everything saved…"))
        self.stop_button.setEnabled(False)

    @Slot()
    def _on_copied(self) -> None:
        if not self.training and self._keep_settings():
            text = self.tr("Copied. It trains the settings as they are now, which were written to {file}.")
            self.told.setText(text.format(file=self._workspace / SETTINGS))

    def _keep_settings(self) -> bool:
        """Write the settings where the command finds them."""
        problem = self._settings.problem()
        if problem is not None:
            self.told.setText(self.tr("The settings can't be trained. {problem}").format(problem=problem))
            return False
        try:
            self._workspace.mkdir(parents=True, exist_ok=True)
            write_yaml(self._workspace / SETTINGS, self._settings.config.to_dict())
        except OSError as error:
            self._tell_error(self._workspace / SETTINGS, error)
            return False
        return True

    def _tell_error(self, file: Path, error: OSError) -> None:
        text = self.tr("{file} can't be written: {reason}")
        self.told.setText(text.format(file=file, reason=error.strerror or str(error)))

    @Slot()
    def _look(self) -> None:
        code = self._process.poll() if self._process is not None else None
        text = child.tail(self._workspace / OUTPUT)
        if text != self.output.toPlainText():
            self.output.setPlainText(text)
            self.output.verticalScrollBar().setValue(self.output.verticalScrollBar().maximum())
        if code is not None:
            self._watch.stop()
            self._process = None
            self._show_state(training=False)
            self.told.setText(self._ending(code))

    def _ending(self, code: int) -> str:
        if self._asked:
            return self.tr("It has ended, as asked. What torchrun says of the signal is no fault.")
        if code:
            return self.tr("It could not go on: see what the processes say.")
        return self.tr("It has ended: what it came to stands among the runs.")

    def _show_state(self, *, training: bool) -> None:
        self.start_button.setEnabled(not training)
        self.stop_button.setEnabled(training)
        self.count.setEnabled(not training)


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
