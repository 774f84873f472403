"""Every lesson over several seeds: how often all that it claims holds, and how long its runs take; and its bands.

    python -m benchmarks.lessons [--seeds 5] [--lessons ID ...] [--workspace DIR] [--keep-bands]

Each run is one of `tunedeck lesson ID --seeds S`, so with a workspace what was trained before is not trained again. The
bands in `resources/lessons/bands` are written anew unless they are to be kept. Ends with 1 where a claim fails with any
seed, or where the runs of a lesson take more than two minutes together.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path

from engine.process import prepare

prepare()  # as a run's process is, before PyTorch is loaded

from benchmarks.rows import Row, show  # noqa: E402
from engine.catalogue import discover  # noqa: E402
from engine.cli import main as tunedeck  # noqa: E402
from engine.lessons.band import band_file  # noqa: E402
from engine.lessons.lesson import Lesson  # noqa: E402
from engine.lessons.reading import read_lessons  # noqa: E402

SECONDS = 120.0
"""That all runs of a lesson may take together."""


def measured(lesson: Lesson, seeds: int, workspace: Path, keep: bool) -> list[Row]:
    """How often the lesson's claims hold, and the seconds of its runs with one seed, as the mean over the seeds."""
    words = ["lesson", str(lesson.path), "--seeds", str(seeds), "--json", "--workspace", str(workspace)]
    if not keep:
        words += ["--write-band", str(band_file(lesson))]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = tunedeck(words)
    told = json.loads(out.getvalue().strip().splitlines()[-1])
    for each in told["seeds"]:
        shown = [*each["findings"], *(one for some in each["shows"].values() for one in some)]
        failed = [one for one in shown if not one["holds"]]
        if not each["holds"]:
            print(f"  {lesson.id}, seed {each['seed']}: the answer is {each['answer']}; {failed}", file=sys.stderr)
    seconds = sum(run["seconds"] or 0.0 for run in told["runs"]) / seeds
    return [
        Row(f"{lesson.id}: seeds with which all claims hold", told["held"], f"of {seeds}", seeds, at_most=False),
        Row(f"{lesson.id}: its {len(lesson.variants)} runs", seconds if code == 0 else float("inf"), "s", SECONDS),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--lessons", nargs="*", default=[])
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--keep-bands", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = given.workspace or Path(folder)
        lessons, wrong = read_lessons(Path(folder) / "none", discover(entry_points=False))
        for error in wrong:
            print(error, file=sys.stderr)
        chosen = [lesson for lesson in lessons if not given.lessons or lesson.id in given.lessons]
        code = show(row for each in chosen for row in measured(each, given.seeds, workspace, given.keep_bands))
    return 1 if wrong else code


if __name__ == "__main__":
    sys.exit(main())
