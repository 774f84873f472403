"""What a recipe comes to on the test images, over several seeds, and in how many minutes.

    python benchmarks/time_to_accuracy.py [--recipe fashion-mnist] [--seeds 5] [--aim 94] [--workspace FOLDER]

Each seed is a run of `tunedeck train --recipe …`, one after another: settings alone, and the test images are looked at
once, at its end. With `--workspace` the runs are kept, and a seed that is there already is not trained again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.rows import Row, show


def result(recipe: str, seed: int, workspace: Path) -> dict[str, Any]:
    """How the run of a seed ended, trained now or before."""
    if not list(workspace.glob("runs/*/result.json")):
        flags = ["--recipe", recipe, "--seed", str(seed), "--workspace", str(workspace)]
        subprocess.run([sys.executable, "-m", "engine", "train", *flags], check=True, cwd=Path(__file__).parents[1])
    [file] = workspace.glob("runs/*/result.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def rows(recipe: str, seeds: int, aim: float, workspace: Path) -> Iterator[Row]:
    results = [result(recipe, seed, workspace / f"{recipe}-{seed}") for seed in range(seeds)]
    accuracies = [100 * each["test_accuracy"] for each in results]
    minutes = [each["seconds"] / 60 for each in results]
    for seed, (accuracy, took) in enumerate(zip(accuracies, minutes, strict=True)):
        print(f"  seed {seed}: {accuracy:.2f} % in {took:.1f} min")
    print(f"  medians: {statistics.median(accuracies):.2f} % in {statistics.median(minutes):.1f} min")
    yield Row(f"{recipe}: mean test accuracy of {seeds} seeds", statistics.mean(accuracies), "%", aim, at_most=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="fashion-mnist")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--aim", type=float, default=94.0, help="the least mean test accuracy, in per cent")
    parser.add_argument("--workspace", type=Path, help="keeps the runs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return show(rows(arguments.recipe, arguments.seeds, arguments.aim, arguments.workspace or Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
