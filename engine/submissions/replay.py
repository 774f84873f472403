"""A submission's runs trained again, and what they say of its figures.

What is trained are the lesson's own settings, as they stand here: of the file only the seed, the number of threads and
the kind of device are taken, so a stranger's file decides nothing else.

A run is a function of its settings, to the last bit where the number of threads, the versions and the kind of processor
are the same. Elsewhere sums are added in another order. `benchmarks/submissions.py` measures what that does: over the
runs of the bundled lessons with one thread and with two, losses stay within 1e-4 of each other in most; but in some
runs that overfit or train with a high rate they *part* at some epoch, within a step or two from 1e-6 to 1e-3, and
then all losses of all later epochs differ, by up to the whole. A figure that was altered stands alone instead. So:

- before a run parts, losses must agree to `TIGHT`, and accuracies, where the losses agree to the last digits that they
  have, wholly;
- a run has parted where at least two of its three losses differ by more than `APART`, there and in most of the epochs
  that follow;
- from there on figures are compared coarsely (`COARSE_LOSS`, `COARSE_ACCURACY`), which tells only gross alterations,
  and it is said so.

Not compared: seconds, which no second run repeats. Not found: alterations below these bounds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.data import Parts, Source, split
from engine.ensembles.members import measure_ensemble
from engine.events import Failed, Finished
from engine.failure import StartFailed
from engine.files import write_bytes
from engine.hardware import resolve_device
from engine.history import EpochRow, best_of
from engine.lessons.lesson import Lesson
from engine.lessons.verdict import verdict
from engine.message import InputError, Message, Phrase, message
from engine.store import MemoryStore
from engine.submissions.outcome import Difference, Outcome, Replay, RunReplay
from engine.submissions.submission import Submission, SubmittedRun, seed_of, with_settings
from engine.trainer import Trainer

LOSSES = ("train_loss", "clean_train_loss", "val_loss")
ACCURACIES = ("train_accuracy", "clean_train_accuracy", "val_accuracy")
TIGHT = 1e-3
"""By what share losses may differ before runs have parted."""
APART = 1e-4
"""Losses that differ by more than this share begin to part: they may be on their way for an epoch or two."""
ROUNDING = 1e-6
"""Losses that differ by no more than this share are the same but for the rounding of float32."""
SMALL = 1e-3
"""A loss below this is measured as if it were so large: shares of nothing are without sense."""
FLIPS = 2
"""Samples that may be called otherwise where losses differ by more than `ROUNDING` and the runs have not parted."""
COARSE_LOSS, COARSE_SMALL, COARSE_ACCURACY = 0.75, 0.5, 0.25
"""After runs have parted: share of the larger loss (of so much at least), and accuracy."""
MAX_THREADS = 256
TOLD = 5
"""Differences that are told of a run; how many there are is told too."""
Report = Callable[[Message, float | None], None]


def replay(
    submission: Submission, lesson: Lesson | None, catalogue: Catalogue, data: Path,
    report: Report = lambda text, done: None, threads: int | None = None,
) -> Replay:  # fmt: skip
    """Train the runs of a submission again and compare. `data` is where data sets are; `report` may raise to give up.

    It trains with as many threads as the student had, unless `threads` are given. Meant for a process of its own: the
    number of threads is the whole process's.
    """
    found, epochs, best = [], {}, {}
    for number, run in enumerate(submission.runs):
        text = message("replaying", "training {run} of {student} again", run=run.id, student=submission.student)
        report(text, number / len(submission.runs))
        try:
            config = config_of(run, lesson, threads)
            rows, test, store, trainer = _train(config, catalogue, data, report, text)
        except InputError as error:
            found.append(RunReplay(run.id, Outcome.REFUSED, reason=error.message))
            continue
        except StartFailed as error:
            found.append(RunReplay(run.id, Outcome.REFUSED, reason=error.failed.text))
            continue
        epochs[run.id], best[run.id] = rows, store.best_bytes
        found.append(compare(run, rows, test, trainer.learner.parts.spec.samples))
    if lesson is None:
        return Replay(tuple(found), None)
    together = _together(submission, lesson, best, catalogue, data)
    if together is not None:
        found.append(together[0])
        epochs[together[0].id] = together[1]
    said = verdict(lesson, epochs)
    return Replay(tuple(found), said.answer if said else None)


def config_of(run: SubmittedRun, lesson: Lesson | None, threads: int | None = None) -> RunConfig:
    """With which settings a run is trained again. Raises `InputError` where they are not the lesson's own."""
    if lesson is None:
        raise InputError("replay-no-lesson", "its lesson is not here: only runs of a lesson are trained again")
    variant = next((each for each in lesson.variants if each.id == run.id), None)
    seed = seed_of(run)
    if variant is None or seed is None or not with_settings(run, variant.config):
        raise InputError(
            "replay-own-settings", "{run}: its settings are not the lesson's, so it is not trained again", run=run.id
        )
    count = threads or run.environment.threads
    return variant.config.changed({
        "seed": seed, "device": _device(run.environment.device), "name": "", "look_inside": 0, "keep_every": 0,
        **({"threads": str(min(count, MAX_THREADS))} if count else {}),
    })  # fmt: skip


def _device(told: str) -> str:
    """The student's kind of device where there is one here."""
    kind = told.partition(":")[0]
    try:
        return str(resolve_device(kind)) if kind in ("cuda", "mps") else "cpu"
    except InputError:
        return "cpu"


def _train(
    config: RunConfig, catalogue: Catalogue, data: Path, report: Report, text: Message
) -> tuple[list[EpochRow], tuple[float | None, float | None], MemoryStore, Trainer]:
    store = MemoryStore()
    trainer = Trainer(config, lambda: store, data_folder=data, catalogue=catalogue)
    test: tuple[float | None, float | None] = (None, None)
    run = trainer.run()
    try:
        for event in run:
            if event is not None:
                report(text, None)
            if isinstance(event, Failed):
                raise InputError("replay-failed", "it failed: {reason}", reason=Phrase(event.text))
            if isinstance(event, Finished):
                test = (event.test_loss, event.test_accuracy)
    finally:
        run.close()
    return trainer.history.epochs, test, store, trainer


def _together(
    submission: Submission, lesson: Lesson, best: dict[str, bytes | None], catalogue: Catalogue, data: Path
) -> tuple[RunReplay, list[EpochRow]] | None:
    """The runs that the lesson takes together, taken together again; None where it takes none, or one is missing."""
    taken = lesson.together
    members = [best.get(id) for id in taken.members] if taken is not None else []
    if taken is None or not members or None in members:
        return None

    def parts_of(config: RunConfig) -> Parts:
        return split(config.dataset.load(Source(data)), config)

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.safetensors" for number in range(len(members))]
        for path, content in zip(paths, members, strict=True):
            write_bytes(path, content or b"")
        figures = measure_ensemble(paths, catalogue, parts_of, part="validation").figures
    rows = [EpochRow(1, val_loss=figures.loss, val_accuracy=figures.accuracy)]
    if not submission.together:
        return None
    told = SubmittedRun(taken.id, {}, submission.together)
    return compare(told, rows, (None, None), (1_000, 1_000, 1_000)), rows


# --- comparing ------------------------------------------------------------------------------------


def compare(
    run: SubmittedRun, rows: Sequence[EpochRow], test: tuple[float | None, float | None],
    samples: tuple[int, int, int],
) -> RunReplay:  # fmt: skip
    """Compare the figures of a run with those of its second training, which has so many samples in its parts."""
    found = {row.epoch: row for row in rows}
    pairs = [(row, found[row.epoch]) for row in run.rows if row.epoch in found]
    parted = _parting(pairs)
    slack = FLIPS / max(1, min(count for count in samples if count)) + 1e-9
    differences = [each for pair in pairs for each in _row(*pair, parted, slack)]
    last = (run.rows[-1].epoch, rows[-1].epoch if rows else 0)
    if last[0] != last[1] and parted is None:
        differences.append(Difference("epochs", 0, float(last[0]), float(last[1])))
    best = best_of(rows, "val_loss")
    coarse = parted is not None and (best is None or best.epoch >= parted)
    differences += _test(run, test, coarse, slack)
    if differences:
        first = tuple(differences[:TOLD])
        return RunReplay(run.id, Outcome.DIFFERS, first, len(differences), parted)
    if parted is not None:
        return RunReplay(run.id, Outcome.PARTED, parted=parted)
    exact = (run.test_loss, run.test_accuracy) == test and all(_plain(one) == _plain(other) for one, other in pairs)
    return RunReplay(run.id, Outcome.EXACT if exact else Outcome.CLOSE)


def _row(told: EpochRow, found: EpochRow, parted: int | None, slack: float) -> Iterator[Difference]:
    coarse = parted is not None and told.epoch >= parted
    rounded = all(share(getattr(told, name), getattr(found, name)) <= ROUNDING for name in LOSSES)
    for name in (*LOSSES, *ACCURACIES):
        one, other = getattr(told, name), getattr(found, name)
        agrees = _loss_agrees(one, other, coarse) if name in LOSSES else _accuracy_agrees(
            one, other, COARSE_ACCURACY if coarse else 1e-9 if rounded else slack
        )  # fmt: skip
        if not agrees:
            yield Difference(name, told.epoch, one, other)
    if told.train_samples != found.train_samples:
        yield Difference("train_samples", told.epoch, float(told.train_samples), float(found.train_samples))
    if not coarse and share(told.lr, found.lr, 0.0) > ROUNDING:
        yield Difference("lr", told.epoch, told.lr, found.lr)


def _test(
    run: SubmittedRun, test: tuple[float | None, float | None], coarse: bool, slack: float
) -> Iterator[Difference]:
    if not _loss_agrees(run.test_loss, test[0], coarse):
        yield Difference("test_loss", 0, run.test_loss, test[0])
    rounded = share(run.test_loss, test[0]) <= ROUNDING
    if not _accuracy_agrees(run.test_accuracy, test[1], COARSE_ACCURACY if coarse else 1e-9 if rounded else slack):
        yield Difference("test_accuracy", 0, run.test_accuracy, test[1])


def _parting(pairs: Sequence[tuple[EpochRow, EpochRow]]) -> int | None:
    """The epoch from which on the runs have parted; None where they have not."""
    wide = [_is_wide(*pair) for pair in pairs]
    for place, each in enumerate(wide):
        rest = wide[place:]
        if each and len(rest) > 1 and 2 * sum(rest) > len(rest):
            return pairs[place][0].epoch
    return None


def _is_wide(told: EpochRow, found: EpochRow) -> bool:
    shares = [share(getattr(told, name), getattr(found, name)) for name in LOSSES if getattr(found, name) is not None]
    return sum(each > APART for each in shares) >= min(2, len(shares)) > 0


def share(one: float | None, other: float | None, small: float = SMALL) -> float:
    """By what share of the larger two figures differ; infinite where only one of them is there."""
    if one is None or other is None:
        return 0.0 if one is other else float("inf")
    return 0.0 if one == other else abs(one - other) / max(abs(one), abs(other), small)


def _loss_agrees(one: float | None, other: float | None, coarse: bool) -> bool:
    return share(one, other, COARSE_SMALL) <= COARSE_LOSS if coarse else share(one, other) <= TIGHT


def _accuracy_agrees(one: float | None, other: float | None, within: float) -> bool:
    return one is other if one is None or other is None else abs(one - other) <= within


def _plain(row: EpochRow) -> EpochRow:
    """A row without its times."""
    return row._replace(train_seconds=0.0, val_seconds=0.0)
