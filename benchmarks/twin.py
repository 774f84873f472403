"""What taking turns costs: twins against the same runs one after the other.

    python benchmarks/twin.py [--pairs 5] [--epochs 2] [--threads auto]

Both sides train an MLP, and then a CNN, on the bundled sample, with and without dropout, to the end. They take turns in
one process; what counts is the median of the ratios of neighbours, twins to alone: 1 is no cost. Both must come to the
same test figures, to the last bit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.rows import Row, show
from benchmarks.workloads import BATCH, CNN, MLP
from engine.catalogue import Catalogue, discover
from engine.config import RunConfig
from engine.events import Finished
from engine.trainer import Trainer
from engine.twin import Twins

MOST = 1.10
"""What twins may cost: the networks push each other out of the caches."""


def configs(settings: dict[str, Any], epochs: int, threads: str, catalogue: Catalogue) -> list[RunConfig]:
    base = {"epochs": epochs, "batch_size": BATCH, "threads": threads, "model": settings["model"]}
    return [RunConfig.from_dict(base | {"with": with_}, catalogue) for with_ in ([], [{"id": "dropout", "p": 0.3}])]


def alone(settings: list[RunConfig]) -> tuple[float, list[float | None]]:
    trainers = [Trainer(config) for config in settings]
    began = time.perf_counter()
    ends = [list(trainer.run())[-1] for trainer in trainers]
    return time.perf_counter() - began, [end.test_loss for end in ends if isinstance(end, Finished)]


def together(settings: list[RunConfig]) -> tuple[float, list[float | None]]:
    twins = Twins([Trainer(config) for config in settings])
    began = time.perf_counter()
    for _ in twins.run():
        pass
    return time.perf_counter() - began, [end.test_loss for end in twins.ends if isinstance(end, Finished)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", default="auto")
    arguments = parser.parse_args()
    catalogue, rows = discover(), []
    for name, network in (("mlp", MLP), ("cnn", CNN)):
        settings = configs(network, arguments.epochs, arguments.threads, catalogue)
        ratios = []
        for pair in range(arguments.pairs):
            sides = (together, alone) if pair % 2 else (alone, together)
            told = {side: side(settings) for side in sides}
            assert told[together][1] == told[alone][1], "twins are not the runs alone"
            ratios.append(told[together][0] / told[alone][0])
        rows.append(Row(f"twins against each alone, {name}", statistics.median(ratios), "times", MOST))
    return show(rows)


if __name__ == "__main__":
    sys.exit(main())
