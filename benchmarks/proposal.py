"""How well the time is told that a dropped folder will take: told before, and then trained.

    python benchmarks/proposal.py [--folder DIR] [--pictures 1000] [--classes 10] [--workspace DIR]

Without a folder one is made: photographs of 640×480, JPEG, each class of a colour of its own under noise. It is looked
at and proposed for as the window does it; then each offer that needs no download is trained as taken, in a workspace of
its own, or in one whose `data/weights` holds those of the pretrained network. Prints how long the proposal took, and
what was told over what it was, of the first result and of the whole run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from PIL import Image

from benchmarks.rows import Row, show
from engine.catalogue import Catalogue, discover
from engine.config import RunConfig
from engine.events import EpochEnded, Failed
from engine.pictures.folder_look import look
from engine.proposal import propose
from engine.runs import new_run

WAIT = 10.0
"""Seconds that a proposal may take."""
FACTOR = 2.0
"""What is told may be this many times too much or too little."""


def make(folder: Path, pictures: int, classes: int) -> None:
    draw = np.random.default_rng(0)
    for number in range(pictures):
        label = number % classes
        coarse = draw.integers(0, 160, (15, 20, 3)) + 95 * np.array([label >> bit & 1 for bit in range(3)])
        place = folder / f"class {label}" / f"{number}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(coarse.astype(np.uint8)).resize((640, 480), Image.Resampling.BICUBIC).save(place, quality=90)


def trained(config: RunConfig, catalogue: Catalogue, workspace: Path) -> tuple[float, float]:
    """Seconds to the first result and to the end of a run, its data read in the first place."""
    start, first = time.perf_counter(), 0.0
    for event in new_run(config, catalogue, workspace).run():
        assert not isinstance(event, Failed), event
        if isinstance(event, EpochEnded) and not first:
            first = time.perf_counter() - start
    return first, time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--pictures", type=int, default=1_000)
    parser.add_argument("--classes", type=int, default=10)
    arguments = parser.parse_args()
    catalogue = discover(None)
    with tempfile.TemporaryDirectory() as made:
        workspace = arguments.workspace or Path(made) / "workspace"
        folder = arguments.folder or Path(made) / "pictures"
        if arguments.folder is None:
            make(folder, arguments.pictures, arguments.classes)
        start = time.perf_counter()
        seen = look(folder)
        found = propose(seen, catalogue, workspace / "data")
        rows = [Row("a proposal", time.perf_counter() - start, "s", WAIT)]
        for offer in found.offers:
            name = f"{offer.config.model.id} at {getattr(offer.config.dataset, 'size', '')}"
            if offer.download is not None or offer.first is None or offer.whole is None:
                print(f"{name}: not trained, {offer.download or 'not measured'}")
                continue
            first, whole = trained(offer.config, catalogue, workspace)
            for what, told, was in (("first result", offer.first, first), ("whole run", offer.whole, whole)):
                print(f"{name}, {what}: told {told:.1f} s, was {was:.1f} s")
                rows.append(Row(f"{name}, {what}: told / was", told / was, "", FACTOR))
                rows.append(Row(f"{name}, {what}: told / was", told / was, "", 1 / FACTOR, at_most=False))
    return show(rows)


if __name__ == "__main__":
    raise SystemExit(main())
