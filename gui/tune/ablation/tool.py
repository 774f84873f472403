"""The tool "ablation": what is planned, how far it is, and what each technique did, as its runs end."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from engine.config import RunConfig
from engine.message import InputError
from engine.run_records.index import RunIndex, RunRecord
from engine.sweeps.ablation import MOST_SEEDS, SEEDS, Ablation, Plan, ablation, plan
from engine.sweeps.sweep import Member, State, put_away_stumps, standings, to_train
from gui import numbers
from gui.background import Trouble
from gui.compare.words import called
from gui.settings.estimate import essence, rounded
from gui.tune.ablation import words
from gui.tune.ablation.results import AblationResults
from gui.tune.tool import WatchingTool
from gui.widgets.count_box import CountBox
from gui.widgets.flow import FlowLayout
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.theme import Theme
from gui.words import say
from gui.workbench import Workbench


class AblationTool(WatchingTool):
    """Of the settings on the left. It keeps nothing: what is done is found among the runs by its settings."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.plan: Plan | None = None
        self.found: Ablation | None = None
        self._index = RunIndex(bench.workspace)
        self._records: tuple[RunRecord, ...] = ()
        self._looking = False
        self.explanation = QLabel(
            self.tr(
                "Which of the ticked techniques truly help? The settings on the left are trained as they are, and "
                "without each technique, with the same seeds: what differs is what the technique did."
            )
        )
        self.seeds = CountBox()
        self.seeds.setRange(1, MOST_SEEDS)
        self.seeds.setValue(SEEDS)
        self.seeds.setAccessibleName(self.tr("Seeds"))
        self.seeds.setToolTip(
            self.tr("How often each of the settings is trained: three or more tell an effect from luck")
        )
        self.planned = QLabel()
        self.button = QPushButton(self.tr("Ablate"))
        self.button.setProperty("primary", True)
        self.state = QLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.notes = QLabel()
        self.notes.setProperty("role", "muted")
        self.results = AblationResults()
        self._lay_out()
        self.seeds.valueChanged.connect(self._replan)
        self.button.clicked.connect(self._ablate)
        self.results.leave_out_asked.connect(self._leave_out)

    def _lay_out(self) -> None:
        for label in (self.explanation, self.planned, self.state, self.notes):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.explanation.setProperty("role", "muted")
        word = QLabel(self.tr("Seeds"))
        word.setBuddy(self.seeds)
        line = FlowLayout(8)
        for each in (word, self.seeds, self.button):
            line.addWidget(each)
        content = QWidget()
        content.setProperty("role", "page")
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 4, 8)
        column.setSpacing(8)
        column.addWidget(self.explanation)
        column.addWidget(self.planned)
        column.addLayout(line)
        for each in (self.state, self.bar, self.notes, self.results):
            column.addWidget(each)
        column.addStretch(1)
        area = UprightScrollArea()
        area.setAccessibleName(self.tr("Ablation"))
        area.setWidget(content)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(area)

    # --- what is told ----------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.results.set_theme(theme)
        super().set_theme(theme)

    def refresh(self) -> None:
        """Plan anew where the settings have changed, and look what has become of the runs."""
        self._replan()
        self._look()

    @Slot()
    def _replan(self) -> None:
        problem = ""
        self.plan = None
        if self.config is None:
            problem = self.tr("The plan will be here as soon as there are settings.")
        else:
            try:
                self.config.check()
                self.plan = plan(self.config, self.seeds.value())
            except InputError as error:
                problem = self._mended(error)
        if self.plan is None:
            self.planned.setText(problem)
        self._show()

    def _mended(self, error: InputError) -> str:
        if error.message.code == "nothing-to-leave-out":
            return self.tr("Tick on the left the techniques whose effect you want to know.")
        return say(error.message)

    # --- the runs --------------------------------------------------------------------------------

    @Slot()
    def _look(self) -> None:
        if self._looking or not self.isVisible():
            return
        self._looking = True
        self.bench.background.ask("ablation", self._index.records, self._on_records, self._on_trouble)

    def _on_records(self, records: tuple[RunRecord, ...]) -> None:
        self._looking = False
        self._records = records
        self._show()

    def _on_trouble(self, trouble: Trouble) -> None:
        self._looking = False
        self.notes.setText(say(trouble.text))

    @Slot()
    def _ablate(self) -> None:
        """Let come what is missing. What is there is looked at anew first: nothing is to be trained twice."""
        wanted, before = self.plan, self.bench.coming()
        if wanted is None:
            return
        self.button.setEnabled(False)
        self.bench.background.ask(
            "ablation-begin",
            lambda: _looked_at(self._index, wanted.members),
            lambda records: self._ask(wanted, records, before),
            self._on_trouble,
        )

    def _ask(self, wanted: Plan, records: tuple[RunRecord, ...], before: list[RunConfig]) -> None:
        coming = [*before, *self.bench.coming()]
        begun = _begun(wanted.members, records, coming)
        missing = to_train(wanted.members, records, coming)
        self._records = records
        if begun:
            self.continue_asked.emit(begun[0].folder)
        if missing:
            self.runs_asked.emit([member.config for member in missing])
        self._show()

    # --- what is seen ----------------------------------------------------------------------------

    def _show(self) -> None:
        """What is planned, what has become of it, and what it says."""
        wanted = self.plan
        for each in (self.state, self.bar, self.notes, self.results):
            each.setVisible(wanted is not None)
        if wanted is None:
            self.found = None
            self.button.setEnabled(False)
            return
        members, coming = wanted.members, self.bench.coming()
        self.found = found = ablation(wanted, standings(members, self._records))
        missing = to_train(members, self._records, coming)
        begun = _begun(members, self._records, coming)
        waiting = len(members) - len(missing) - len(begun) - found.count(State.DONE) - found.count(State.TRAINING)
        left = [each.member for each in found.standings if each.state is not State.DONE]
        self.planned.setText(self._with_time(wanted, left))
        self.button.setEnabled(bool(missing or begun))
        self.button.setToolTip(self._tip(len(missing), len(begun)))
        self.state.setText(words.standing(found, max(0, waiting)))
        self.state.setVisible(bool(self.state.text()))
        self.bar.setMaximum(len(members))
        self.bar.setValue(found.count(State.DONE))
        self.bar.setVisible(0 < found.count(State.DONE) < len(members))
        self.notes.setText(words.notes(found))
        self.notes.setVisible(bool(self.notes.text()))
        known = any(each.best is not None for each in found.effects)
        self.results.setVisible(known)
        if known:
            names = {id: called(id, self.bench.catalogue) for id in wanted.techniques}
            self.results.show_ablation(found, names)

    def _tip(self, missing: int, begun: int) -> str:
        if begun and self.bench.coming():
            return self.tr("Queue {count} runs. One that was stopped midway goes on when no run trains").format(
                count=missing
            )
        if missing or begun:
            return self.tr("Train what is missing: {count} runs").format(count=missing + begun)
        return self.tr("Nothing is missing: all runs are done, or wait their turn")

    def _with_time(self, wanted: Plan, left: list[Member]) -> str:
        """The plan in words, with the time that what is not done yet takes, where it is known."""
        text, seconds = words.planned(wanted), self._seconds(left)
        if not seconds:
            return text
        time = numbers.duration(rounded(seconds))
        begun = len(left) < len(wanted.members)
        template = self.tr("{plan}, about {time} left") if begun else self.tr("{plan}, about {time}")
        return template.format(plan=text, time=time)

    def _seconds(self, members: list[Member]) -> float | None:
        """As the settings on the left were measured, or better, a run without the technique; None where neither was."""
        of_all = self.bench.estimates.get(essence(self.config)) if self.config is not None else None
        total = 0.0
        for member in members:
            own = self.bench.estimates.get(essence(member.config))
            cost = next((each.cost for each in (own, of_all) if each is not None and each.cost is not None), None)
            if cost is None:
                return None
            total += cost.run(member.config)
        return total

    @Slot(str)
    def _leave_out(self, id: str) -> None:
        if self.config is not None:
            self.settings_asked.emit(self.config.unticked(id))


def _looked_at(index: RunIndex, members: list[Member]) -> tuple[RunRecord, ...]:
    """All runs as they are now, without the stumps of these. In the background."""
    put_away_stumps(index.workspace, members, index.records())
    return index.records()


def _begun(members: list[Member], records: tuple[RunRecord, ...], coming: list[RunConfig]) -> list[RunRecord]:
    """The runs that were left and can go on, but for those that are about to."""
    untouched = {member.label for member in to_train(members, (), coming)}
    return [
        each.record
        for each in standings(members, records)
        if each.state is State.BEGUN and each.record is not None and each.member.label in untouched
    ]
