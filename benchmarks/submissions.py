"""Thirty submissions opened, and what training again tells honest ones from altered ones by.

    python -m benchmarks.submissions [--lessons ID ...] [--threads 2] [--all-runs]

For each lesson the first run (or all runs) is trained once with one thread, handed in, and trained again with one
thread and with so many. Printed is how far losses came apart at most, and how many of the alterations of one figure
each (half a per cent of a loss, one percentage point of an accuracy, in every epoch in turn) were found against either.
Ends with 1 where thirty files take more than two seconds, an honest one is taken for altered, or an alteration is
missed with the student's own number of threads.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from engine.process import prepare

prepare()  # as a run's process is, before PyTorch is loaded

from benchmarks.rows import Row, show  # noqa: E402
from engine.catalogue import Catalogue, discover  # noqa: E402
from engine.events import Finished  # noqa: E402
from engine.history import EpochRow  # noqa: E402
from engine.lessons.lesson import Lesson, Variant  # noqa: E402
from engine.lessons.reading import read_lessons  # noqa: E402
from engine.submissions.outcome import Outcome  # noqa: E402
from engine.submissions.pile import open_pile  # noqa: E402
from engine.submissions.replay import ACCURACIES, LOSSES, compare, share  # noqa: E402
from engine.submissions.submission import (  # noqa: E402
    SUFFIX,
    Environment,
    Submission,
    SubmittedRun,
    digest_of,
    read_submission,
    write_submission,
)
from engine.trainer import Trainer  # noqa: E402

FILES, SECONDS = 30, 2.0
SAMPLES = tuple[int, int, int]


def trained(variant: Variant, threads: int, catalogue: Catalogue, data: Path) -> tuple[SubmittedRun, SAMPLES]:
    """A run of a lesson, with so many threads."""
    config = variant.config.changed({"threads": str(threads), "device": "cpu"})
    trainer = Trainer(config, data_folder=data, catalogue=catalogue)
    test: tuple[float | None, float | None] = (None, None)
    for event in trainer.run():
        if isinstance(event, Finished):
            test = (event.test_loss, event.test_accuracy)
    run = SubmittedRun(
        variant.id, variant.config.to_dict(), tuple(trainer.history.epochs), Environment((), "cpu", threads), *test
    )
    return run, trainer.learner.parts.spec.samples


def alterations(run: SubmittedRun) -> list[SubmittedRun]:
    """The run with one figure altered, each figure of each epoch in turn, and those of the test."""
    found = []
    for place, row in enumerate(run.rows):
        for name in (*LOSSES, *ACCURACIES):
            value = getattr(row, name)
            if value is not None:
                rows = list(run.rows)
                rows[place] = row._replace(**{name: value * 1.005 if name in LOSSES else value + 0.01})
                found.append(replace(run, rows=tuple(rows)))
    if run.test_loss is not None:
        found.append(replace(run, test_loss=run.test_loss * 1.005))
    if run.test_accuracy is not None:
        found.append(replace(run, test_accuracy=run.test_accuracy + 0.01))
    return found


def apart(rows: tuple[EpochRow, ...], others: tuple[EpochRow, ...]) -> float:
    """By what share losses differ at most."""
    return max(share(getattr(a, name), getattr(b, name)) for a, b in zip(rows, others, strict=False) for name in LOSSES)


def measured(lesson: Lesson, variant: Variant, threads: int, catalogue: Catalogue, folder: Path) -> list[Row]:
    """One run: handed in, read, trained again twice; and its alterations."""
    made, samples = trained(variant, 1, catalogue, folder / "data")
    path = folder / f"one{SUFFIX}"
    write_submission(path, Submission("Kim", lesson.id, digest_of(lesson), None, None, (made,), (), "", "2026-03-02"))
    [run] = read_submission(path).runs
    rows = []
    for count in (1, threads):
        again, _ = trained(variant, count, catalogue, folder / "data")
        test = (again.test_loss, again.test_accuracy)
        honest = compare(run, again.rows, test, samples)
        altered = alterations(run)
        caught = sum(compare(each, again.rows, test, samples).outcome is Outcome.DIFFERS for each in altered)
        name = f"{lesson.id}, {variant.id}, {count} threads"
        parted = f" from epoch {honest.parted}" if honest.parted else ""
        print(f"  {name}: {honest.outcome.name}{parted}, apart by {apart(run.rows, again.rows):.0e}", file=sys.stderr)
        rows.append(Row(f"{name}: an honest one is found altered", honest.outcome is Outcome.DIFFERS, "", 0))
        least = len(altered) if count == 1 else 0  # of what has parted, only the gross is found
        rows.append(Row(f"{name}: alterations found", caught, f"of {len(altered)}", least, at_most=False))
    return rows


def opened(lesson: Lesson, run: SubmittedRun, folder: Path, lessons: dict[str, Lesson]) -> Row:
    """Thirty files of a lesson with as many runs as it has."""
    runs = tuple(replace(run, id=variant.id, settings=variant.config.to_dict()) for variant in lesson.variants)
    for number in range(FILES):
        made = Submission(f"S{number}", lesson.id, digest_of(lesson), None, None, runs, (), "x" * 1000, "2026-03-02")
        write_submission(folder / f"{number}{SUFFIX}", made)
    started = time.perf_counter()
    pile, wrong = open_pile([folder], lessons)
    seconds = time.perf_counter() - started
    assert len(pile) == FILES and not wrong
    return Row(f"{FILES} submissions of {len(run.rows)} epochs and {len(runs)} runs opened", seconds, "s", SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lessons", nargs="*", default=[])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--all-runs", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        catalogue = discover(entry_points=False)
        lessons = {lesson.id: lesson for lesson in read_lessons(folder / "none", catalogue)[0]}
        chosen = [lesson for id, lesson in lessons.items() if not given.lessons or id in given.lessons]
        rows = []
        for lesson in chosen:
            for variant in lesson.variants if given.all_runs else lesson.variants[:1]:
                rows += measured(lesson, variant, given.threads, catalogue, folder)
        run = replace(read_submission(folder / f"one{SUFFIX}").runs[0])
        (folder / "pile").mkdir()
        largest = max(chosen, key=lambda lesson: len(lesson.variants))
        return show([opened(largest, run, folder / "pile", lessons), *rows])


if __name__ == "__main__":
    sys.exit(main())
