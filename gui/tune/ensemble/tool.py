"""The tool Ensemble: which runs, with which weights; then what they come to together, and that as a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFileDialog, QLabel, QVBoxLayout, QWidget

from engine.config import RunConfig
from engine.differing import but_for_the_seed
from engine.ensembles.candidates import CandidateIndex, Listed
from engine.message import Message
from engine.run_records.index import RunIndex
from gui.background import Trouble
from gui.data.check_words import show_with_names
from gui.told_work import STOPPED, ToldWork
from gui.tune.ensemble.controls import Controls
from gui.tune.ensemble.members import MemberList
from gui.tune.ensemble.results import EnsembleResults, Measured, named
from gui.tune.ensemble.work import make_file, measure
from gui.tune.tool import WatchingTool
from gui.widgets.looks import give
from gui.widgets.progress_bar import ProgressBar
from gui.widgets.scroll_area import UprightScrollArea
from gui.words import say
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.exports.export import Exported


class EnsembleTool(WatchingTool):
    """Of runs that are there already: it trains none itself, but more seeds can be asked for."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.measured: Measured | None = None
        self._called: dict[str, str] = {}
        """What the members that were asked for last are called, by the paths of their checkpoints."""
        self._runs, self._candidates = RunIndex(bench.workspace), CandidateIndex()
        self._listed = Listed((), ())
        self._looking = self._own_choice = False
        self._work: ToldWork | None = None
        self._exporting = False
        self.explanation, self.told, self.earlier = QLabel(), QLabel(), QLabel()
        self.members = MemberList()
        self.controls = controls = Controls()
        self.weights, self.combine, self.stop = controls.weights, controls.combine, controls.stop
        self.more, self.export = controls.more, controls.export
        self.bar = ProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName(self.tr("How far it is"))
        self.results = EnsembleResults()
        self.setFocusProxy(self.combine)
        self._lay_out()
        self.members.ticks_changed.connect(self._on_ticks)
        self.weights.currentIndexChanged.connect(self._arrange)
        self.combine.clicked.connect(self._combine)
        self.stop.clicked.connect(self._stop)
        self.more.asked.connect(self._on_more)
        self.export.clicked.connect(self._export)
        self._arrange()

    def _lay_out(self) -> None:
        for label, role in ((self.explanation, "muted"), (self.told, "muted"), (self.earlier, "")):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setProperty("role", role)
        content = QWidget()
        content.setProperty("role", "page")
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 4, 8)
        column.setSpacing(8)
        for widget in (self.explanation, self.members, self.controls, self.bar, self.told, self.earlier, self.results):
            column.addWidget(widget)
        column.addStretch(1)
        area = UprightScrollArea()
        area.setAccessibleName(self.tr("Ensemble"))
        area.setWidget(content)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(area)

    # --- which runs there are --------------------------------------------------------------------

    def refresh(self) -> None:
        """Look what runs there are: the one in front, or one like the settings on the left, is proposed."""
        self._arrange()
        self._look()

    @Slot()
    def _look(self) -> None:
        if self._looking or not self.isVisible():
            return
        self._looking = True
        catalogue = self.bench.catalogue
        self.bench.background.ask(
            "ensemble-runs",
            lambda: self._candidates.listed(self._runs.records(), catalogue), self._on_listed, self._on_no_list,
        )  # fmt: skip

    def _on_listed(self, listed: Listed) -> None:
        self._looking, self._listed = False, listed
        self.members.show_candidates(listed.candidates)
        self._propose()
        self._arrange()

    def _on_no_list(self, trouble: Trouble) -> None:
        self._looking = False
        self._say(say(trouble.text), failure=True)

    @property
    def _base(self) -> RunConfig | None:
        """The settings that more seeds would have: of the run in front, else those on the left."""
        return self.run.config if self.run is not None and self.run.config is not None else self.config

    def _propose(self) -> None:
        """Until the user has ticked something, tick what differs from the run in front in its seed alone."""
        base = self._base
        if base is None or self._own_choice:
            return
        same = but_for_the_seed(base, {})
        alike = [each for each in self.members.fitting if each.config and but_for_the_seed(each.config, {}) == same]
        folders = [each.record.folder for each in alike] if len(alike) > 1 else []
        if folders != self.members.ticked:
            self.members.tick(folders)

    @Slot()
    def _on_ticks(self) -> None:
        self._own_choice = True
        self._arrange()

    @Slot(object)
    def _on_more(self, asked: list[RunConfig]) -> None:
        self.runs_asked.emit(asked)
        seeds = ", ".join(str(each.seed) for each in asked)
        self._say(self.tr("Seeds {seeds} are trained now; they appear here as they end.").format(seeds=seeds))
        self._arrange()

    # --- together --------------------------------------------------------------------------------

    @Slot()
    def _combine(self) -> None:
        chosen = self.members.chosen
        if len(chosen) < 2 or self._busy:
            return
        self._own_choice = True
        paths = tuple(each.checkpoint for each in chosen)
        self._called = {str(each.checkpoint): self.members.names[each.record.folder] for each in chosen}
        do = partial(measure, paths, self.weights.currentData(), self.bench)
        self._work = work = ToldWork(self.bench.background, "ensemble", do, self)
        work.told.connect(self._tell)
        work.done.connect(self._on_measured)
        work.failed.connect(self._on_failed)
        self.bar.setRange(0, 0)
        self._say(self.tr("Waiting for other work in the background…"))
        self._arrange()
        work.start()

    def _tell(self, text: Message, fraction: float | None) -> None:
        show_with_names(self.told, say(text))
        if fraction is not None:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * fraction))

    def _on_measured(self, measured: Measured) -> None:
        self._end()
        self.measured = measured
        self.results.show_measured(measured, [self._called[str(path)] for path in measured.paths])
        self._say("")
        self._arrange()

    def _on_failed(self, trouble: Trouble) -> None:
        self._end()
        if trouble.text.code == "no-validation-part":
            self._say(self.tr("There is no validation part to find weights by: choose equal weights."), failure=True)
        elif trouble.text.code != STOPPED:
            self._say(say(named(trouble.text, self._called)), failure=True)
        self._arrange()

    @Slot()
    def _stop(self) -> None:
        if self._work is not None:
            self._work.give_up()
            self._end()
            self._say(self.tr("It was stopped."))
            self._arrange()

    def _end(self) -> None:
        if self._work is not None:
            self._work.deleteLater()
            self._work = None

    # --- as a file -------------------------------------------------------------------------------

    @Slot()
    def _export(self) -> None:
        if self.measured is None or self._busy:
            return
        suggestion = str(self.bench.workspace / "ensemble.onnx")
        kinds = f"{self.tr('ONNX, for any program')} (*.onnx)"
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Export the ensemble"), suggestion, kinds)
        if name:
            out = Path(name)
            self._write(self.measured, out if out.suffix else out.with_suffix(".onnx"))

    def _write(self, measured: Measured, out: Path) -> None:
        self._exporting = True
        self.bar.setRange(0, 0)
        self._say(self.tr("Exporting {file}, and comparing it with the networks…").format(file=out.name))
        self._arrange()
        self.bench.background.ask(
            "ensemble-export", partial(make_file, measured, out, self.bench), self._on_exported,
            partial(self._on_not_exported, out),
        )  # fmt: skip

    def _on_exported(self, made: Exported) -> None:
        self._exporting = False
        words = [self.tr("{file}: {proof}.").format(file=made.file.name, proof=say(made.proof.text))]
        self._say(" ".join([*words, *(f"{say(note)}." for note in made.notes)]))
        self._arrange()

    def _on_not_exported(self, out: Path, trouble: Trouble) -> None:
        self._exporting = False
        text = self.tr("{file} was not exported: {reason}")
        self._say(text.format(file=out.name, reason=say(named(trouble.text, self._called))), failure=True)
        self._arrange()

    # --- what is seen ----------------------------------------------------------------------------

    @property
    def _busy(self) -> bool:
        return self._work is not None or self._exporting

    def _say(self, text: str, *, failure: bool = False) -> None:
        give(self.told, role="failure" if failure else "muted")
        show_with_names(self.told, text)

    @Slot()
    def _arrange(self) -> None:
        """Show what there is to be seen, and what can be pressed."""
        enough = len(self.members.fitting) > 1
        text = self.tr(
            "Networks that err on different images are better together: an ensemble takes the mean of their "
            "probabilities. "
        )
        how = self.tr("Tick two runs or more and combine them.")
        if not enough:
            how = self.tr(
                "Two runs or more that are trained on the same classes can be combined here: some seeds of the same "
                "settings are enough of a difference."
            )
        self.explanation.setText(text + how)
        ticked = len(self.members.ticked)
        self.members.setVisible(bool(self._listed.candidates))
        self.combine.setText(self.tr("Combine {count}").format(count=ticked) if ticked > 1 else self.tr("Combine"))
        self.combine.setEnabled(ticked > 1 and not self._busy)
        for widget in (self.weights, self.combine):
            widget.setVisible(enough)
        self.stop.setVisible(self._work is not None)
        self.bar.setVisible(self._busy)
        self.export.setVisible(self.measured is not None)
        self.export.setEnabled(not self._busy)
        self.results.setVisible(self.measured is not None)
        self.told.setVisible(bool(self.told.text()))
        self.earlier.setVisible(self._is_earlier())
        self.earlier.setText(
            self.tr("These are the figures of the earlier choice. Combine measures what is ticked now.")
        )
        self.more.show_base(self._base, [*self._listed.configs, *self.bench.coming()])

    def _is_earlier(self) -> bool:
        """Whether other runs are ticked, or other weights chosen, than what is shown was measured of."""
        if self.measured is None:
            return False
        ticked = {each.checkpoint for each in self.members.chosen}
        return ticked != set(self.measured.paths) or self.weights.currentData() != self.measured.weights
