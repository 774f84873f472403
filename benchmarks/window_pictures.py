"""Makes every picture of the guide from the real window, offscreen.

    python benchmarks/window_pictures.py [--out docs/images] [--workspace DIR]
    python benchmarks/window_pictures.py --all --language ko --size 1024x640 --out DIR [--only PART]

It trains on the bundled sample, as a person would, and takes a picture of each tab: light and dark, before the first
run and with runs, once more at double scale, and of the moments that the guide tells of. Times of day and speeds are
those of this machine; all else is the same each time. With `--workspace` the runs are kept, and not trained again.
`--all` takes what there is to be looked at beside that: every tool, sheet and empty place, in a language and at a size.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from PySide6.QtWidgets import QApplication

from benchmarks import window_beside, window_scenes
from benchmarks.rows import Row, show
from benchmarks.window_camera import LIMITS, Shot
from engine.language import LANGUAGES, VARIABLE

ROOT = Path(__file__).parents[1]
SIZE = (1360, 860)
ALL = 5_800
"""Kilobytes that all of them must not have more than."""
GUIDE = {
    "empty": window_scenes.empty, "moments": window_scenes.moments, "line": window_scenes.line,
    "check": window_scenes.check,
}  # fmt: skip
"""What the guide shows, each on a workspace of its own."""
BESIDE = {
    name: getattr(window_beside, name)
    for name in ("lessons", "no_runs", "search", "small_tools", "inside", "labels", "troubles", "sheets")
}
"""What there is beside that."""
SHOWN = {
    "en": {
        "lesson-light": "lesson", "submissions-light": "submissions", "search-coordinates-light": "search",
        "inside-light": "inside",
    },
    "ko": {
        "lesson-light": "ko/lesson", "submissions-light": "ko/submissions", "inside-light": "ko/inside",
        "curves-light": "ko/curves", "code-light": "ko/code",
    },
}  # fmt: skip
"""What of these the guides show, by language, and under which names."""
MAKING = {"en": ("lessons", "search", "inside"), "ko": ("lessons", "inside", "full")}
"""The parts that take them."""
KEPT = {"train": window_scenes.train, "full": window_scenes.full}
"""The runs that are compared, and the pictures that show them: on one workspace."""


def child(part: str, workspace: Path, shot: Shot) -> None:
    """Take one part of the pictures."""
    ({**GUIDE, **BESIDE, **KEPT})[part](QApplication(sys.argv[:1]), workspace, shot)


def run_child(part: str, workspace: Path, given: argparse.Namespace, scale: int = 1) -> None:
    """The same in a process of its own: language and scale are given before Qt begins."""
    command = [sys.executable, __file__, "--part", part, "--workspace", str(workspace), "--out", str(given.out)]
    size = "x".join(map(str, given.size))
    environment = {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": str(scale), VARIABLE: given.language,
    }  # fmt: skip
    subprocess.run([*command, "--scale", str(scale), "--size", size], env=environment, check=True)


def size_of(text: str) -> tuple[int, int]:
    """A size as WIDTHxHEIGHT. Raises `ValueError`."""
    width, height = map(int, text.split("x"))
    return width, height


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--workspace", type=Path, help="keeps the runs that are compared")
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    parser.add_argument("--size", type=size_of, default=SIZE, metavar="WIDTHxHEIGHT")
    parser.add_argument("--all", action="store_true", help="take what the guide does not show, too")
    parser.add_argument("--only", nargs="+", choices=[*GUIDE, *BESIDE, *KEPT], help="take these parts alone")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--scale", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    given = read_arguments()
    if given.part:
        child(given.part, given.workspace, Shot(given.out, given.scale, given.size))
        return 0
    given.out.mkdir(parents=True, exist_ok=True)
    wanted = given.only or [*GUIDE, *(BESIDE if given.all else ()), *KEPT]
    with tempfile.TemporaryDirectory() as folder:
        kept = given.workspace or Path(folder) / "kept"
        take(wanted, Path(folder), kept, given, (1,) if given.all else tuple(LIMITS))
        for language in SHOWN if not given.all and not given.only else ():
            show_beside(language, Path(folder), given)
    found = rows(given.out)
    show(found)
    return 0 if found[-1].met else 1


def take(wanted: Sequence[str], folder: Path, kept: Path, given: argparse.Namespace, scales: tuple[int, ...]) -> None:
    """Take these parts, each on a workspace of its own but for those on the runs that are kept."""
    for part in [name for name in wanted if name not in KEPT]:
        run_child(part, folder / part, given)
    if "full" in wanted:
        if not (kept / "runs").is_dir():
            run_child("train", kept, given)
        for scale in scales:
            run_child("full", kept, given, scale)


def show_beside(language: str, folder: Path, given: argparse.Namespace) -> None:
    """Take what there is beside the tabs in a language, and put what the guides show of it under its name."""
    there = folder / language
    own = argparse.Namespace(**{**vars(given), "language": language, "out": there / "taken"})
    own.out.mkdir(parents=True)
    take(MAKING[language], there, there / "kept", own, (1,))
    for name, shown in SHOWN[language].items():
        target = given.out / f"{shown}.png"
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(own.out / f"{name}.png", target)


def rows(out: Path) -> list[Row]:
    """Whether the pictures are small enough to be kept."""
    sizes = {path.stem: path.stat().st_size / 1000 for path in sorted(out.rglob("*.png"))}
    made = [Row(name, size, "kB", LIMITS[2 if name.endswith("-2x") else 1]) for name, size in sizes.items()]
    return [*made, Row("all pictures", sum(sizes.values()), "kB", ALL)]


if __name__ == "__main__":
    sys.exit(main())
