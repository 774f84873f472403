"""Leads through a lesson: its settings on the left, its runs through the queue, its band behind the curves."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QObject, Slot

from engine.config import RunConfig, recipe
from engine.history import EpochRow
from engine.lessons.band import Bands, band_file, read_bands, read_count
from engine.lessons.lesson import Lesson, Variant
from engine.lessons.reading import read_lessons
from engine.lessons.together import members_of, together
from engine.lessons.verdict import Guess, findings_of, verdict
from engine.message import InputError
from engine.run_records.index import RunIndex
from engine.sweeps.sweep import State, same_run, standings
from gui.background import Trouble
from gui.graph.band import Band
from gui.lessons import words
from gui.lessons.handing_in import HandingIn
from gui.lessons.kept import Kept, kept_file, read_kept, write_kept
from gui.lessons.words import Stand
from gui.main_window import MainWindow
from gui.runs.run import Run
from gui.training.control import RunControl
from gui.training.pacing import Pacing
from gui.training.session import Session
from gui.widgets.banner import Answer
from gui.words import say

if TYPE_CHECKING:
    from engine.sweeps.sweep import Standing

FIRST = "first-lesson"
PERCENT = 100.0
"""The graph has accuracies in per cent."""
STANDS = {State.DONE: Stand.DONE, State.BEGUN: Stand.LEFT, State.FAILED: Stand.FAILED}


class LessonGuide(QObject):
    """One lesson at a time. What a person had on the left before comes back when the lesson is left."""

    def __init__(self, window: MainWindow, session: Session, control: RunControl, pacing: Pacing) -> None:
        super().__init__(window)
        self.window, self.session, self.control, self.pacing = window, session, control, pacing
        self.panel = window.lesson
        self.lessons: list[Lesson] = []
        self.lesson: Lesson | None = None
        self.kept = Kept()
        self._index = RunIndex(window.workspace)
        self._standings: dict[str, Standing] = {}
        self._together: dict[tuple[Path, ...], list[EpochRow]] = {}
        """What runs came to together, by their folders."""
        self._bands: Bands = {}
        self._drawn: set[Path] = set()
        """The folders of runs that were drawn for this lesson: one that the person has unticked stays so."""
        pacing.seconds = self._seconds
        self.panel.chosen.connect(self.open)
        self.panel.guessed.connect(self._on_guess)
        self.panel.train_asked.connect(self.train)
        self.panel.left.connect(self.leave)
        control.may_start = self._may_start
        self.panel.further_asked.connect(self.go_further)
        self.handing_in = HandingIn(window, self)
        self.panel.hand_in_asked.connect(self.handing_in.ask)
        session.started.connect(self._on_started)
        session.state_changed.connect(self.look)
        control.queue.changed.connect(self.look)
        window.runs.list.runs_changed.connect(self.look)
        window.lesson_dock.installEventFilter(self)
        act = window.actions_by_name
        act["lessons"].triggered.connect(self.show)
        act["next_lesson"].triggered.connect(lambda: self.panel.go(1))
        act["previous_lesson"].triggered.connect(lambda: self.panel.go(-1))

    @property
    def standings(self) -> Mapping[str, Standing]:
        """How the runs of the open lesson stand, by their ids."""
        return self._standings

    @property
    def together(self) -> Sequence[EpochRow]:
        """What runs of the open lesson come to together; none where they don't yet."""
        found = self._together.get(members_of(self.lesson, self._standings)) if self.lesson else None
        return found or ()

    @property
    def guess(self) -> Guess | None:
        """What was guessed in the open lesson; None: nothing yet."""
        return self.kept.guesses.get(self.lesson.id) if self.lesson else None

    # --- which lessons there are -----------------------------------------------------------------

    def begin(self) -> None:
        """The engine is there: read the lessons, and go on with the one that was open; at first, open the first."""
        bench = self.window.bench
        kept = read_kept(bench.workspace, bench.catalogue)
        opens = kept.lesson if kept else FIRST if self._is_first_start() else ""
        self.kept = kept or Kept()
        settings = self.window.panel.config

        def on_lessons(found: tuple[list[Lesson], list[InputError]]) -> None:
            # Who has begun with something else while they were read is not interrupted.
            begun = self.session.run is not None or self.window.panel.config != settings
            self._on_lessons(*found, "" if begun else opens)

        bench.background.ask(
            "lessons", lambda: read_lessons(bench.workspace, bench.catalogue), on_lessons, self._on_trouble
        )

    def _is_first_start(self) -> bool:
        workspace = self.window.workspace
        return not any((workspace / name).exists() for name in ("runs", "settings.yaml", kept_file(workspace).name))

    def _on_lessons(self, lessons: list[Lesson], wrong: list[InputError], opens: str) -> None:
        self.lessons = lessons
        self.panel.show_lessons(lessons)
        if wrong:
            text = self.tr("A lesson could not be read, and is left out. {reason}")
            self.window.banners.say("lessons", "warning", text.format(reason=say(wrong[0].message)))
        if opens and self.lesson is None:
            self.open(opens)

    def _on_trouble(self, trouble: Trouble) -> None:
        self.window.banners.say("lessons", "error", say(trouble.text))

    # --- opening and leaving ---------------------------------------------------------------------

    @Slot()
    def show(self) -> None:
        """Bring the dock forward."""
        self.window.lesson_dock.show()
        self.window.lesson_dock.raise_()

    @Slot(str)
    def open(self, id: str) -> None:
        """Open the lesson of this id, in place of the one that is open."""
        lesson = next((lesson for lesson in self.lessons if lesson.id == id), None)
        if lesson is None or lesson is self.lesson:
            return
        settings = self.window.panel
        goes_on = self.kept.lesson == id  # from when the window was closed
        if self.lesson is None and not goes_on:
            self.kept = replace(self.kept, former=settings.config)
        elif self.lesson is not None:
            self._let_none_wait()
        self.lesson = lesson
        self.window.banners.clear("guess")
        self._keep(replace(self.kept, lesson=id))
        self._standings, self._drawn = {}, set()
        self._bands = read_bands(band_file(lesson))
        self._draw_none()
        if not (goes_on and self._is_of_lesson(settings.config)):
            settings.set_config(lesson.base.config)
        self.window.actions_by_name["slow"].setChecked(True)
        self.panel.show_lesson(lesson, self.guess)
        self._expect(self.session.run)
        self.show()
        self.look()

    @Slot()
    def leave(self) -> None:
        """Close the lesson. Settings that are still those of the lesson give way to the person's own."""
        lesson = self.lesson
        if lesson is not None:
            self._let_none_wait()
            former, settings = self.kept.former, self.window.panel
            if former is not None and self._is_of_lesson(settings.config):
                settings.set_config(former)
            self.lesson = None
            self._keep(replace(self.kept, lesson="", former=None))
            self.window.actions_by_name["slow"].setChecked(False)
            self.window.graph.expect(None)
            self.panel.show_lesson(None, None)
            self.window.banners.clear("guess")
        self.window.lesson_dock.hide()

    @Slot()
    def go_further(self) -> None:
        """Put the recipe that the lesson leads on to into the settings; undo has the person's own."""
        further, settings = self.lesson.further if self.lesson is not None else None, self.window.panel
        if further is not None:
            self.leave()
            settings.set_config(recipe(further.recipe, settings.catalogue))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Who closes the dock leaves the lesson."""
        if watched is self.window.lesson_dock and event.type() == QEvent.Type.Close and self.lesson is not None:
            self.leave()
        return super().eventFilter(watched, event)

    def _keep(self, kept: Kept) -> None:
        self.kept = kept
        write_kept(self.window.workspace, kept)

    # --- guessing and training -------------------------------------------------------------------

    @Slot(object)
    def _on_guess(self, guess: Guess) -> None:
        self._keep(replace(self.kept, guesses={**self.kept.guesses, guess.lesson: guess}))
        self.window.banners.clear("guess")
        self._expect(self.session.run)
        self._show()

    @Slot(str)
    def train(self, id: str) -> None:
        """Train a run of the lesson, or let it wait its turn; one that was stopped goes on."""
        if self.lesson is None or self.guess is None:
            return
        variant = self.lesson.variant(id)
        if any(same_run(variant.config, config) for config in self.control.coming()):
            return
        self.window.panel.set_config(variant.config)
        self.window.centre.bring_forward("curves")
        found = self._standings.get(id)
        if found is not None and found.state is State.BEGUN and found.record is not None and not self.session.busy:
            self.control.go_on_in(found.record.folder)
        else:
            self.control.let_wait([variant.config.changed({"name": str(words.of(variant.label))})])
        self._show()

    def _may_start(self, config: RunConfig) -> bool:
        """Who presses Start in a lesson is asked for a guess first: afterwards it would be none."""
        if self.lesson is None or self.guess is not None or self._variant_of(config) is None:
            return True
        self.show()
        self.panel.ask_first()
        text = self.tr("The lesson asks first: what do you expect? Answer on the left, then train.")
        self.window.banners.say("guess", "info", text, [Answer(self.tr("Train without a guess"), self._train_unasked)])
        return False

    def _train_unasked(self) -> None:
        if self.lesson is not None and self.guess is None:
            self.panel.question.skip.click()
            self.control.start()

    def _let_none_wait(self) -> None:
        """Runs of the open lesson that wait are not wanted any more; one that trains goes on, as fast as it can."""
        for place in reversed(range(len(self.control.queue.waiting))):
            if self._is_of_lesson(self.control.queue.waiting[place]):
                self.control.remove_waiting(place)

    @Slot(object, object)
    def _on_started(self, run: Run, beginning: object) -> None:
        """A run is in front: of the earlier ones those of the lesson stay, each once."""
        self._expect(run)
        if self.lesson is None or self._variant_of(run.config) is None:
            return
        runs = self.window.runs.list
        for other in runs.overlays:
            stranger = self._variant_of(other.config) is None
            if stranger or (run.config and other.config and same_run(run.config, other.config)):
                runs.tick(other, False)
        runs.overlays_changed.emit()

    # --- what has become of the runs -------------------------------------------------------------

    @Slot()
    def look(self) -> None:
        """Look, in the background, how the runs of the lesson stand."""
        lesson = self.lesson
        if lesson is None:
            return
        self._show()
        self.window.bench.background.ask("lesson", lambda: self._found(lesson), self._on_found, self._on_trouble)

    def _found(self, lesson: Lesson) -> tuple[Lesson, dict[str, Standing]]:
        """In the background: how the runs stand, and what they come to together, worked out once."""
        from engine.failure import StartFailed  # with PyTorch, which is there by now

        stands = standings(lesson.members(), self._index.records())
        found = {variant.id: each for variant, each in zip(lesson.variants, stands, strict=True)}
        folders = members_of(lesson, found)
        if folders and folders not in self._together:
            with contextlib.suppress(InputError, StartFailed):  # the tool Ensemble says why, where they can't be
                self._together[folders] = together(folders, self.window.bench.catalogue, self.window.bench.parts)
        return lesson, found

    def _on_found(self, found: tuple[Lesson, dict[str, Standing]]) -> None:
        lesson, stands = found
        if lesson is self.lesson:
            self._standings = stands
            self._draw_done()
            self._show()

    def _show(self) -> None:
        lesson = self.lesson
        if lesson is None:
            return
        runs = self._rows()
        stands = {variant.id: self._stand(variant) for variant in lesson.variants}
        answer = verdict(lesson, runs) if self.guess is not None else None
        told = [(each.claim.figure, each.value, each.other) for each in answer.findings] if answer is not None else []
        findings = {}
        for id in (id for id, stand in stands.items() if stand is Stand.DONE):
            new = (e for e in findings_of(lesson, id, runs) if (e.claim.figure, e.value, e.other) not in told)
            findings[id] = words.findings(tuple(new), lesson)  # what the verdict says is not said twice
        self.panel.show_runs(stands, findings, self.guess, words.held(read_count(band_file(lesson))))
        if answer is None:
            self.panel.show_verdict("")
        else:
            self.panel.show_verdict(words.verdict(lesson, answer, self.guess), answer.answer)

    def _rows(self) -> dict[str, Sequence[EpochRow]]:
        runs: dict[str, Sequence[EpochRow]] = {
            id: each.record.rows
            for id, each in self._standings.items() if each.state is State.DONE and each.record is not None
        }  # fmt: skip
        lesson = self.lesson
        if lesson is not None and lesson.together is not None:
            rows = self._together.get(members_of(lesson, self._standings))
            if rows is not None:
                runs[lesson.together.id] = rows
        return runs

    def _stand(self, variant: Variant) -> Stand:
        run = self.session.run
        if self.session.busy and run is not None and run.config and same_run(run.config, variant.config):
            return Stand.TRAINS
        if any(same_run(config, variant.config) for config in self.control.queue.waiting):
            return Stand.WAITS
        found = self._standings.get(variant.id)
        return STANDS.get(found.state, Stand.MISSING) if found is not None else Stand.MISSING

    # --- on the graph ----------------------------------------------------------------------------

    def _draw_none(self) -> None:
        """Take runs of the past off the graph: a lesson begins with an empty one but for the run in front."""
        runs = self.window.runs.list
        for run in runs.overlays:
            runs.tick(run, False)
        runs.overlays_changed.emit()

    def _draw_done(self) -> None:
        """Draw the runs of the lesson that were made before, once, when they may be seen."""
        if self.guess is None:
            return
        runs = self.window.runs.list
        folders = {e.record.folder for e in self._standings.values() if e.state is State.DONE and e.record is not None}
        new = [run for run in runs.all_runs if run.folder in folders - self._drawn]
        for run in new:
            self._drawn.add(run.folder)
            runs.tick(run, True)
        if new:
            runs.overlays_changed.emit()

    def _expect(self, run: Run | None) -> None:
        """Draw the band of the run in front, once there is a guess that it can't give away."""
        lesson = self.lesson
        if lesson is None or self.guess is None:
            self.window.graph.expect(None)
            return
        variant = self._variant_of(run.config if run is not None else None) or (lesson.base if run is None else None)
        id = variant.id if variant is not None else ""
        self.window.graph.expect(self._band(id, "val_loss"), self._band(id, "val_accuracy"))

    def _band(self, id: str, figure: str) -> Band | None:
        band = self._bands.get((id, figure))
        if band is None:
            return None
        scale = PERCENT if figure.endswith("accuracy") else 1.0
        return Band(np.array(band.epochs), scale * np.array(band.low), scale * np.array(band.high))

    # --- within ----------------------------------------------------------------------------------

    def _variant_of(self, config: RunConfig | None) -> Variant | None:
        """The variant of the open lesson that these settings are, with any seed."""
        if self.lesson is None or config is None:
            return None
        exact = (each for each in self.lesson.variants if same_run(each.config, config))
        alike = (each for each in self.lesson.variants if same_run(each.config.changed({"seed": config.seed}), config))
        return next(exact, None) or next(alike, None)

    def _is_of_lesson(self, config: RunConfig) -> bool:
        return self._variant_of(config) is not None

    def _seconds(self, run: Run) -> float | None:
        """How long an epoch of a run of the lesson should take."""
        if self.lesson is None or self._variant_of(run.config) is None:
            return None
        return self.lesson.seconds / self.lesson.base.config.epochs
