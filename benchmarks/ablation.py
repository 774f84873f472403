"""A real ablation on the bundled images: which of dropout, a flip, weight decay and a plugin that does nothing helped.

    python -m benchmarks.ablation [--seeds 3] [--epochs 20] [--train-samples 2000] [--kills 3] [--recipe first-lesson]

`tunedeck ablate` is killed (as by kill -9) so many times at random moments and begun again each time. Then it is
checked that there are exactly (K + 1) · S runs, that each has all its epochs, and that what does nothing is found to
change nothing; the table is printed as a person sees it. Ends with 1 where any of that fails.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.run_records.index import list_runs

TECHNIQUES = ("dropout:p=0.5", "random-horizontal-flip", "weight-decay:decay=0.01", "does-nothing")
PLUGIN = """
from engine.strategy import Regularizer, hookimpl


class DoesNothing(Regularizer):
    '''Nothing.'''

    def before_step(self, model):
        pass


@hookimpl
def register_strategies():
    return [DoesNothing]
"""
LONGEST_LIFE = 12.0
"""Seconds after which a process is killed at the latest."""


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--train-samples", default="2000")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--recipe", default="first-lesson")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        (workspace / "plugins").mkdir()
        (workspace / "plugins" / "nothing.py").write_text(PLUGIN, encoding="utf-8")
        return _ablate(workspace, given)


def _ablate(workspace: Path, given: argparse.Namespace) -> int:
    flags = [
        "--recipe", given.recipe, "--seeds", given.seeds, "--epochs", given.epochs,
        "--train-samples", given.train_samples, "--threads", 1, *(word for id in TECHNIQUES for word in ("--with", id)),
    ]  # fmt: skip
    command = [sys.executable, "-m", "engine", "ablate", *map(str, flags)]
    environment = os.environ | {"TUNEDECK_WORKSPACE": str(workspace)}
    numbers, killed, began = random.Random(1), 0, time.perf_counter()
    for _ in range(given.kills):
        try:
            life = numbers.uniform(2.0, LONGEST_LIFE)
            subprocess.run(command, env=environment, capture_output=True, timeout=life, check=False)
        except subprocess.TimeoutExpired:  # which kills it
            killed += 1
    ended = subprocess.run([*command, "--json"], env=environment, stdout=subprocess.PIPE, check=False)
    seconds = time.perf_counter() - began
    found = json.loads(ended.stdout)
    subprocess.run(command, env=environment, stderr=subprocess.DEVNULL, check=False)
    runs, wanted = list_runs(workspace), (len(TECHNIQUES) + 1) * given.seeds
    whole = sum(len(run.rows) == given.epochs for run in runs)
    nothing = next(each for each in found["effects"] if each["technique"] == "does-nothing")
    verdicts = {figure: nothing[figure]["verdict"] for figure in ("best", "accuracy", "gap")}
    print(f"killed {killed} times; {len(runs)} runs of {wanted}, {whole} with all their epochs; {seconds:.0f} s")
    print(f"does-nothing: {verdicts}, {nothing['best']['difference']!r}")
    right = ended.returncode == 0 and len(runs) == whole == wanted == found["runs"]
    return 0 if right and set(verdicts.values()) == {"changes nothing"} else 1


if __name__ == "__main__":
    raise SystemExit(main())
