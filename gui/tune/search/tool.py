"""The tool Search: what is searched, a search that is started, stopped and gone on with, and all that comes of it."""

from __future__ import annotations

import shlex
from functools import partial

from PySide6.QtCore import QEvent, Slot
from PySide6.QtWidgets import QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from engine.config import RunConfig
from engine.files import make_folder
from engine.message import InputError
from engine.searches.begin import Begin, Options, begin, beginning, joining
from engine.searches.files import next_settings
from engine.yaml_file import write_yaml
from gui import numbers
from gui.background import Trouble
from gui.tune.search import words
from gui.tune.search.coordinates import Coordinates
from gui.tune.search.head import Head
from gui.tune.search.importance import Importance
from gui.tune.search.looking import Looked, Looker
from gui.tune.search.options import MORE
from gui.tune.search.plan import PlanPage
from gui.tune.search.process import SearchProcess
from gui.tune.search.trials import TrialTable
from gui.tune.tool import WatchingTool
from gui.widgets.labels import text_label
from gui.widgets.looks import give
from gui.widgets.segments import Segments
from gui.widgets.theme import Theme
from gui.words import say
from gui.workbench import Workbench

PLAN, TRIALS, COORDINATES, IMPORTANCE = range(4)
LOOK_MILLISECONDS = 1000


class SearchTool(WatchingTool):
    """Shows one study at a time, or what a new one would search."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._timer.setInterval(LOOK_MILLISECONDS)
        self.study = ""
        """The name of the study that is shown; empty for a new one."""
        self.looked = Looked((), "")
        self.process: SearchProcess | None = None
        """The search that this window has started last."""
        self._looker = Looker(bench.workspace)
        self._looking = self._starting = self._opened = self._known = False
        self._drawn: object = None
        """What the views were drawn of; `_known` is whether the plan of the study is shown."""
        self.head, self.plan, self.table = Head(), PlanPage(), TrialTable()
        self.coordinates, self.importance = Coordinates(), Importance()
        self.explained = text_label(
            self.tr(
                "The stronger the colour of a line, the better the trial; grey ones were given up; the thick one with "
                "dots is the best. A click chooses one."
            ),
            "muted",
        )
        self.views = Segments(self.tr("View"), [
            (self.tr("Plan"), self.tr("What is searched, and how")),
            (self.tr("Trials"), self.tr("All trials as a table")),
            (self.tr("Coordinates"), self.tr("All trials as lines across an axis for each parameter")),
            (self.tr("Importance"), self.tr("Which parameter the differences come from")),
        ])  # fmt: skip
        self.setFocusProxy(self.head.start)
        self._lay_out()
        self._connect()
        self._say("")
        self._arrange()

    def _lay_out(self) -> None:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(self.coordinates)
        area.setAccessibleName(self.tr("Parallel coordinates"))
        drawn = QWidget()
        column = QVBoxLayout(drawn)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(area, 1)
        column.addWidget(self.explained)
        self._stack = QStackedLayout()
        for page in (self.plan, self.table, drawn, self.importance):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.head)
        column.addWidget(self.views)
        column.addLayout(self._stack, 1)

    def _connect(self) -> None:
        self.head.study_chosen.connect(self.open_study)
        self.head.start.clicked.connect(self._on_start)
        self.head.stop.clicked.connect(self._on_stop)
        self.head.use_best.clicked.connect(self._on_use_best)
        self.head.use_chosen.clicked.connect(self._on_use_chosen)
        self.views.chosen.connect(self._on_view)
        self.plan.changed.connect(self._arrange)
        self.plan.command.copied.clicked.connect(self._on_copied)
        self.table.chosen.connect(self._on_chosen)
        self.coordinates.chosen.connect(self._on_chosen)

    # --- what is told ----------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.coordinates.set_theme(theme)
        self.importance.set_theme(theme)
        super().set_theme(theme)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Draw everything anew in another language."""
        if event.type() is QEvent.Type.LanguageChange:
            self._drawn = None
            self.table.forget()
        super().changeEvent(event)

    def refresh(self) -> None:
        """Offer what the settings on the left have to be searched, and look how a study stands."""
        if not self.study and self.config is not None:
            self.plan.show_settings(self.config, self.bench.catalogue)
        self._arrange()
        self._look()

    def end(self) -> None:
        """The window closes: a search that it has started ends, with everything kept."""
        if self.process is not None:
            self.process.end()

    @Slot(str)
    def open_study(self, study: str) -> None:
        """Show a study; an empty name begins a new one."""
        self._opened = True
        if study == self.study:
            return
        self.study, self._drawn, self._known = study, None, False
        self.looked = Looked(self.looked.files, study)
        self._say("")
        self._on_chosen(None)
        if study:
            self._turn_to(TRIALS)
        else:
            self.plan.begin_anew()
            self._turn_to(PLAN)
        self.refresh()

    # --- looking ---------------------------------------------------------------------------------

    @Slot()
    def _look(self) -> None:
        if self._looking or not self.isVisible():
            return
        self._looking = True
        look = partial(self._looker.look, self.study, self.bench.catalogue, importance=self.views.current == IMPORTANCE)
        self.bench.background.ask("search", look, self._on_looked, self._on_not_looked)

    def _on_looked(self, looked: Looked) -> None:
        self._looking = False
        if looked.study != self.study:
            self._look()
            return
        self.looked = looked
        if not self._opened and looked.files:
            self.open_study(looked.files[0].name)
            return
        if looked.problem is not None:
            self._say(say(looked.problem), failure=True)
        self._hear()
        self._draw()
        self._arrange()
        if looked.more:
            self._look()

    def _on_not_looked(self, trouble: Trouble) -> None:
        self._looking = False
        self._say(say(trouble.text), failure=True)

    def _hear(self) -> None:
        """Say how the search has ended that was started here."""
        process = self.process
        if process is None or process.code is None:
            return
        self.process = None
        process.let_go()
        if process.has_failed:
            text = self.tr("The search {study} has ended: {reason}")
            self._say(text.format(study=process.study, reason=process.last_words), failure=True)
        elif process.asked:
            self._say(self.tr("It was stopped. Everything is kept: Continue goes on with it."))
        else:
            self._say(self.tr("The search has ended."))
        self._give_more()

    def _give_more(self) -> None:
        """Offer more trials of a study that has had its share."""
        seen = self.looked.seen
        trials = self.plan.options.trials
        if seen is not None and seen.counted >= trials.value():
            trials.setValue(seen.counted + MORE)

    def _draw(self) -> None:
        """Draw what there is of the study, where it is another than before."""
        seen, shares = self.looked.seen, self.looked.importance
        if seen is None:
            return
        if not self._known and not self.looked.more:
            self._known = True
            self.plan.show_plan(seen.plan, self.study, self.bench.catalogue)
            if not self._goes_on:
                self._give_more()
        if shares is not None:
            self._show_importance(shares)
        if self._drawn != seen:
            self._drawn = seen
            self.table.show_study(seen, self.bench.catalogue)
            self.coordinates.show_study(seen, self.bench.catalogue)

    def _show_importance(self, shares: dict[str, float]) -> None:
        seen = self.looked.seen
        assert seen is not None
        names = {free.name: words.called(free.name, self.bench.catalogue) for free in seen.plan.space}
        self.importance.show_shares(
            [(names.get(name, name), share) for name, share in shares.items()],
            [called for name, called in names.items() if name not in shares],
            sum(trial.state == "complete" for trial in seen.trials),
        )

    # --- what is pressed -------------------------------------------------------------------------

    @property
    def _goes_on(self) -> bool:
        """Whether a search that was started here is under way."""
        return self._starting or (self.process is not None and self.process.code is None)

    @Slot()
    def _on_start(self) -> None:
        if self._goes_on:
            return
        options = self.plan.options.options
        self._starting = True
        if self.study:
            self._run(Begin(self.study, joining(self.study, options, self.bench.workspace)))
            return
        config, texts = self.config, self.plan.space.texts
        assert config is not None
        self._say(self.tr("Starting…"))
        self._arrange()
        self.bench.background.ask(
            "search-begin", partial(_begin, config, texts, options, self.bench), self._run, self._on_not_begun
        )

    def _run(self, ready: Begin) -> None:
        """Start the command line."""
        self._starting = False
        try:
            self.process = SearchProcess(self.bench.workspace, ready.study, ready.words)
        except (OSError, InputError) as error:
            text = self.tr("The search can't be started: {reason}")
            self._say(text.format(reason=getattr(error, "strerror", None) or error), failure=True)
            self._arrange()
            return
        self.open_study(ready.study)
        self._say("")
        self._arrange()

    def _on_not_begun(self, trouble: Trouble) -> None:
        self._starting = False
        self._say(say(trouble.text), failure=True)
        self._arrange()

    @Slot()
    def _on_stop(self) -> None:
        if self.process is not None:
            self.process.stop()
            self._say(self.tr("Stopping, with everything kept…"))
            self._arrange()

    @Slot()
    def _on_use_best(self) -> None:
        if self.looked.seen is not None and self.looked.seen.best is not None:
            self._use(self.looked.seen.best.number)

    @Slot()
    def _on_use_chosen(self) -> None:
        if self.coordinates.current is not None:
            self._use(self.coordinates.current)

    def _use(self, number: int) -> None:
        """Put the settings of a trial on the left."""
        seen = self.looked.seen
        trial = next((each for each in seen.trials if each.number == number), None) if seen is not None else None
        if trial is None:
            return
        try:
            self.settings_asked.emit(self._looker.settings_of(trial, self.config))
        except InputError as error:
            self._say(say(error.message), failure=True)
            return
        text = self.tr(
            "The settings of trial {number} stand on the left; undo brings back what stood there. Start trains them, "
            "and measures on the test part, which no trial has seen."
        )
        self._say(text.format(number=number))
        self._arrange()

    @Slot(object)
    def _on_chosen(self, number: int | None) -> None:
        self.table.choose(number)
        self.coordinates.choose(number)
        self._arrange()

    @Slot(int)
    def _on_view(self, view: int) -> None:
        self._stack.setCurrentIndex(view)
        self._look()

    def _turn_to(self, view: int) -> None:
        self.views.current = view
        self._stack.setCurrentIndex(view)

    # --- what is seen ----------------------------------------------------------------------------

    def _say(self, text: str, *, failure: bool = False) -> None:
        give(self.head.told, role="failure" if failure else "muted")
        self.head.told.setText(text)
        self.head.told.setVisible(bool(text))

    @Slot()
    def _arrange(self) -> None:
        """Show what there is to be seen, and what can be pressed."""
        head, seen = self.head, self.looked.seen if self.looked.study == self.study else None
        head.show_studies(self.looked.files, self.study)
        for view in (TRIALS, COORDINATES, IMPORTANCE):
            self.views.button(view).setEnabled(bool(self.study))
        self._arrange_start()
        best = seen.best if seen is not None else None
        head.use_best.setVisible(best is not None)
        chosen = self.coordinates.current
        head.use_chosen.setVisible(chosen is not None and (best is None or chosen != best.number))
        if chosen is not None:
            head.use_chosen.setText(self.tr("Use those of trial {number}").format(number=chosen))
        head.best.setText(words.best(seen, self.bench.catalogue) if seen is not None else "")
        head.best.setVisible(bool(head.best.text()))
        head.standing.setText(self._standing())
        head.standing.setVisible(bool(head.standing.text()))
        counted, trials = (seen.counted if seen is not None else 0), self.plan.options.trials.value()
        head.bar.setRange(0, 0 if self._goes_on and not counted else max(trials, counted))
        head.bar.setValue(counted)
        head.bar.setVisible(bool(self.study) and self._goes_on)
        self._show_command()

    def _arrange_start(self) -> None:
        head, seen = self.head, self.looked.seen
        problem = "" if self.study else self.plan.space.problem
        elsewhere = seen is not None and seen.is_searched and not self._goes_on
        if not self.study:
            head.start.setText(self.tr("Start"))
        else:
            head.start.setText(self.tr("Take part") if elsewhere else self.tr("Continue"))
        can = not self._goes_on and not problem and self.looked.problem is None
        head.start.setEnabled(can and (bool(self.study) or self.config is not None))
        head.start.setToolTip(problem or self._tip_of_start())
        head.start.setVisible(not (self._goes_on and self.study and self._is_ours))
        head.stop.setVisible(self._goes_on)
        head.stop.setEnabled(self.process is not None and not self.process.asked)

    def _tip_of_start(self) -> str:
        if self._goes_on:
            return self.tr("A search goes on here: stop it first, or wait for its end")
        return self.tr("Trials are trained in processes of their own: the window stays free")

    @property
    def _is_ours(self) -> bool:
        """Whether the study that is shown is the one that is searched from here."""
        return self.process is not None and self.process.study == self.study

    def _standing(self) -> str:
        """How far it is, and who is at work."""
        seen, lines = self.looked.seen, []
        if not self.study:
            return ""
        if seen is not None and seen.trials:
            lines.append(words.standing(seen) + ".")
        elif self._goes_on and self._is_ours:
            lines.append(self.tr("Each process loads PyTorch and the data first; then the trials come."))
        if self._goes_on and not self._is_ours and self.process is not None:
            lines.append(self.tr("The search {study} goes on meanwhile.").format(study=self.process.study))
        if seen is not None and seen.is_searched and not (self._goes_on and self._is_ours):
            lines.append(self._other(seen.leader.process if seen.leader is not None else 0))
        if self._goes_on and self.bench.busy():
            lines.append(self.tr("A run trains in this window at the same time: each slows the other."))
        return " ".join(lines)

    def _other(self, process: int) -> str:
        if not process:
            return self.tr("It is searched by another program, and shown as it comes.")
        text = self.tr("It is searched by another program (process {process}), and shown as it comes.")
        return text.format(process=numbers.count(process).replace(",", ""))

    def _show_command(self) -> None:
        options, workspace = self.plan.options.options, self.bench.workspace
        problem = "" if self.study else self.plan.space.problem
        if self.study:
            line = joining(self.study, options, workspace)
        else:
            line = beginning(self.plan.space.texts, options, next_settings(workspace), workspace)
        self.plan.show_command("" if problem else shlex.join(["tunedeck", *line]), problem)

    @Slot()
    def _on_copied(self) -> None:
        """Write the settings where the copied command finds them."""
        if self.study or self.config is None:
            return
        file = next_settings(self.bench.workspace)
        try:
            make_folder(file.parent)
            write_yaml(file, self.config.to_dict())
        except OSError as error:
            text = self.tr("{file} can't be written: {reason}")
            self._say(text.format(file=file, reason=error.strerror or str(error)), failure=True)


def _begin(config: RunConfig, texts: list[str], options: Options, bench: Workbench) -> Begin:
    """In the background: make a search ready."""
    try:
        return begin(config, texts, options, bench.catalogue, bench.workspace)
    except OSError as error:
        raise InputError(
            "unwritable", "{folder} can't be written: {reason}", folder=bench.workspace / "search",
            reason=error.strerror or str(error),
        ) from None  # fmt: skip
