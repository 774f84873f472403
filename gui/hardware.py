"""The hardware: what there is to train with, what is missing, and how fast each device is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.config import RunConfig
from engine.message import InputError, Message
from gui import numbers
from gui.background import Trouble
from gui.settings.panel import SettingsPanel
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.type_size import fixed_type
from gui.words import say, title
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.machine.measure import Measured
    from engine.machine.problems import Problem
    from engine.machine.report import Report

SIZE = QSize(640, 560)
SIGNS = {"done": "\N{CHECK MARK}", "not-needed": "\N{EN DASH}", "missing": "\N{HEAVY BALLOT X}"}
LOOK, MEASURE = "hardware", "measure"
"""Keys of the work in the background."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Hardware", text)


def show_hardware(
    bench: Workbench, settings: SettingsPanel, busy: Callable[[], bool], parent: QWidget
) -> HardwareSheet:
    """Show it beside the window, once; `busy` says whether a run trains, and is asked in the background too."""
    sheet = parent.findChild(HardwareSheet) or HardwareSheet(bench, settings, busy, parent)
    sheet.show()
    sheet.raise_()
    sheet.activateWindow()
    return sheet


class HardwareSheet(QDialog):
    """A window beside the main one. The machine is looked at in the background, and measured when that is asked."""

    def __init__(
        self, bench: Workbench, settings: SettingsPanel, busy: Callable[[], bool], parent: QWidget | None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "page")
        self.setWindowTitle(self.tr("Hardware"))
        self.resize(SIZE)
        self._bench, self._settings, self._busy = bench, settings, busy
        self._report: Report | None = None
        self._closed = False
        self.found = QLabel(self.tr("Looking at this machine…"))
        self.found.setProperty("role", "muted")
        self._facts, self._figures = QVBoxLayout(), QVBoxLayout()
        self.measure_button = QPushButton(self.tr("Measure"))
        self.measure_button.setToolTip(self.tr("Trains a few steps with the settings on the left, on every device"))
        self.measure_button.setEnabled(False)
        self.measure_button.clicked.connect(self.measure)
        self.use = QPushButton(self.tr("Use the fastest"))
        self.use.setToolTip(self.tr("Sets device and precision; undo brings yours back"))
        self.use.hide()
        self.use.clicked.connect(self._use)
        self.told = _label("")
        self._best: Measured | None = None
        self._lay_out()
        self.finished.connect(self._on_finished)
        bench.background.ask(LOOK, _look, self._show_report, self._tell_trouble)

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(12)
        column.addWidget(self.found)
        column.addLayout(self._facts)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.measure_button)
        buttons.addWidget(self.use)
        buttons.addStretch(1)
        column.addLayout(buttons)
        column.addWidget(self.told)
        column.addLayout(self._figures)
        column.addStretch(1)
        area = UprightScrollArea()
        area.setAccessibleName(self.windowTitle())
        area.setWidget(inner)
        inner.setAutoFillBackground(False)  # which the area has turned on
        area.viewport().setAutoFillBackground(False)
        self._area = area
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24, 16, 16, 16)
        whole.setSpacing(16)
        whole.addWidget(area, 1)
        whole.addWidget(close)

    # --- what there is ---------------------------------------------------------------------------

    def _show_report(self, found: Report) -> None:
        from engine.machine.report import summary_lines

        self._report = found
        self.found.hide()
        rows = [(_fact(name), say(text)) for name, text in summary_lines(found.facts)]
        rows.append((self.tr("devices"), ", ".join(found.devices)))
        self._facts.addWidget(_table(rows))
        self._facts.addWidget(_label(self.tr("The steps that install a GPU, and what is left of them"), "heading"))
        self._facts.addWidget(
            _table([(_step(step.id, step.number, step.state), say(step.text)) for step in found.steps])
        )
        if found.problems:
            self._facts.addWidget(_label(self.tr("What is missing"), "heading"))
        for problem in found.problems:
            self._facts.addWidget(_ProblemView(problem))
        rule = QFrame()
        rule.setProperty("role", "rule")
        rule.setFixedHeight(1)
        self._facts.addWidget(rule)
        self.told.setText(self.tr("Which device is fastest depends on the network: measure it."))
        self.measure_button.setEnabled(True)

    def _tell_trouble(self, trouble: Trouble) -> None:
        (self.told if self._report else self.found).setText(say(trouble.text))
        self.measure_button.setEnabled(self._report is not None)

    # --- how fast it is --------------------------------------------------------------------------

    @Slot()
    def measure(self) -> None:
        """Measure the network of the settings on every device, unless a run trains."""
        assert self._report is not None
        if self._busy():
            self.told.setText(self.tr("A run trains, and the figures would be wrong: measure when it has ended."))
            return
        problem = self._settings.problem()
        if problem is not None:
            self.told.setText(self.tr("The settings can't be measured. {problem}").format(problem=problem))
            return
        self.measure_button.setEnabled(False)
        self.use.hide()
        self.told.setText(self.tr("Measuring…"))
        config, devices = self._settings.config, self._report.devices
        self._bench.background.ask(
            MEASURE, lambda: _measure(self._bench, config, devices, lambda: self._closed or self._busy()),
            lambda made: self._show_figures(config, made), self._tell_trouble,
        )  # fmt: skip

    def _show_figures(self, config: RunConfig, made: list[Measured]) -> None:
        from engine.machine.measure import conclusion, fastest

        self.measure_button.setEnabled(True)
        while (item := self._figures.takeAt(0)) is not None:
            item.widget().deleteLater()
        self._best = fastest(made)
        if any(each.samples_per_second is None and each.reason is None for each in made):
            self._best = None
            self.told.setText(self.tr("A run began meanwhile: measure when it has ended."))
            return
        heading = self.tr("{model} on {dataset}").format(
            model=title(type(config.model)), dataset=title(type(config.dataset))
        )
        self._figures.addWidget(_label(heading, "heading"))
        self._figures.addWidget(_table([(f"{each.device}, {each.precision}", _figure(each)) for each in made]))
        self.told.setText("\n".join(say(text) for text in conclusion(made)))
        self.use.setVisible(self._best is not None)
        # Once the layout has made room for the figures.
        QTimer.singleShot(0, self.told, lambda: self._area.ensureWidgetVisible(self._figures.itemAt(1).widget()))

    @Slot()
    def _use(self) -> None:
        if self._best is not None:
            values = {"device": self._best.device, "precision": self._best.precision}
            self._settings.set_config(self._settings.config.changed(values))
            self.use.hide()

    @Slot()
    def _on_finished(self) -> None:
        self._closed = True
        self._bench.background.forget(LOOK)
        self._bench.background.forget(MEASURE)


class _ProblemView(QWidget):
    """What is missing; under it the command that mends it, to be copied, and the page that tells more."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(_label(say(problem.text)))
        if problem.command is not None:
            column.addLayout(self._command(problem.command))
        if problem.page is not None:
            link = QLabel(f'<a href="{problem.page}">{problem.page}</a>')
            link.setTextFormat(Qt.TextFormat.RichText)
            link.setOpenExternalLinks(True)
            link.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
            link.setAccessibleName(problem.page)
            column.addWidget(link)

    def _command(self, words: str) -> QHBoxLayout:
        command = QLineEdit(words)
        command.setReadOnly(True)
        command.setCursorPosition(0)
        command.setFont(fixed_type())
        command.setAccessibleName(_tr("Command"))
        copy = QPushButton(_tr("Copy"))
        copy.setToolTip(_tr("Copies the command"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(words))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(command, 1)
        row.addWidget(copy)
        return row


def _look() -> Report:
    """In the background."""
    from engine.machine.look import gather
    from engine.machine.report import report

    return report(gather())


def _measure(bench: Workbench, config: RunConfig, devices: tuple[str, ...], stop: Callable[[], bool]) -> list[Measured]:
    """In the background."""
    from engine.machine.measure import measure

    return measure(config, bench.parts(config), bench.workspace / "data", devices, stop, _refuse_to_fetch)


def _refuse_to_fetch(text: Message, fraction: float | None) -> None:
    raise InputError("weights-not-here", "the time is known once its weights are here: Start fetches them")


def _figure(each: Measured) -> str:
    if each.samples_per_second is not None:
        return numbers.rate(each.samples_per_second, _tr("samples/s"))
    return say(each.reason) if each.reason is not None else numbers.NONE


def _fact(name: str) -> str:
    names = {
        "system": _tr("system"), "processor": _tr("processor"), "memory": _tr("memory"), "gpu": _tr("GPU"),
        "driver": _tr("NVIDIA's driver"),
    }  # fmt: skip
    return names.get(name, name)


def _step(id: str, number: int | None, state: str) -> str:
    names = {
        "gpu": _tr("a GPU"), "driver": _tr("NVIDIA's driver"), "cuda-toolkit": _tr("CUDA toolkit"), "cudnn": "cuDNN",
        "check": _tr("check it"), "pytorch": _tr("PyTorch for GPUs"),
    }  # fmt: skip
    place = f"{number}. " if number else ""
    return f"{SIGNS[state]} {place}{names[id]}"


def _table(rows: list[tuple[str, str]]) -> QWidget:
    """Names with what belongs to them, in two columns."""
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    for row, (name, text) in enumerate(rows):
        grid.addWidget(_label(name, "muted", wraps=False), row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(_label(text), row, 1)
    return table


def _label(text: str, role: str = "", *, wraps: bool = True) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wraps)
    if role:
        label.setProperty("role", role)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
