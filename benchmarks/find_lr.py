"""How good the learning rate is that a range test suggests: training with it against the best of a grid of rates.

    python -m benchmarks.find_lr [--quick] [--seeds N] [--only NAME ...]

For each network and optimizer: the suggestion, then one training at each of 12 rates, spread evenly over their
logarithm, on 3,000 images of Fashion-MNIST for 5 epochs, measured on all of its test images. The best of a grid is
the luckiest of 12, so its best three are trained again with other seeds, and so is the suggestion: the figure is by
how much accuracy the best mean of those is better. At most one point is aimed at. The rule was made by looking at the
settings that are marked "looked at"; the others had no part in it. `--quick` has 600 images, 2 epochs and 4 rates:
only to see it work.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workloads import CNN, MLP
from engine.catalogue import Catalogue, discover
from engine.config import RunConfig, recipe
from engine.data import Source, split
from engine.events import Failed, Finished
from engine.lr_range import RangeTest, Span, range_test
from engine.trainer import Trainer

POINTS, LOWEST, HIGHEST = 12, 1e-4, 1.0
AIMED_AT = 0.01
BEST = 3
"""Rates of the grid that are trained again."""
FIRST_SEED = 100
"""Of the grid: others than those of the range test."""


@dataclass(frozen=True)
class Case:
    """A network with an optimizer."""

    name: str
    settings: dict[str, Any]
    looked_at: bool = False
    """Whether the rule was made with an eye on it."""


MOMENTUM = {"id": "sgd", "momentum": 0.9}
PLAIN_MLP, PLAIN_CNN = {"model": MLP["model"]}, {"model": {"id": "cnn"}}
RESNET = {"model": {"id": "small-resnet"}}
LOOKED_AT = tuple(
    Case(name, settings, looked_at=True)
    for name, settings in {
        "MLP, Adam": PLAIN_MLP | {"optimizer": {"id": "adam"}},
        "MLP, SGD with momentum": PLAIN_MLP | {"optimizer": MOMENTUM},
        "MLP with batch norm and dropout, Adam": MLP | {"optimizer": {"id": "adam"}},
        "MLP, SGD without momentum": PLAIN_MLP | {"optimizer": {"id": "sgd"}},
        "MLP, RMSprop, batches of 128": PLAIN_MLP | {"optimizer": {"id": "rmsprop"}, "batch_size": 128},
        "CNN, Adam": PLAIN_CNN | {"optimizer": {"id": "adam"}},
        "CNN, SGD with momentum": PLAIN_CNN | {"optimizer": MOMENTUM},
        "CNN with batch norm and dropout, SGD with momentum": CNN | {"optimizer": MOMENTUM},
        "CNN, AdamW, batches of 32": PLAIN_CNN | {"optimizer": {"id": "adamw"}, "batch_size": 32},
        "small ResNet, Adam": RESNET | {"optimizer": {"id": "adam"}},
        "small ResNet, SGD with momentum": RESNET | {"optimizer": MOMENTUM},
    }.items()
)
KEPT_OUT = tuple(
    Case(name, settings)
    for name, settings in {
        "MLP of three layers, tanh, Adam, batches of 32": {
            "model": {"id": "mlp", "hidden": [128, 128, 128]}, "activation": {"id": "tanh"},
            "optimizer": {"id": "adam"}, "batch_size": 32,
        },
        "MLP, Adagrad": PLAIN_MLP | {"optimizer": {"id": "adagrad"}},
        "CNN, GELU, SGD with Nesterov's momentum, batches of 128": PLAIN_CNN
        | {"activation": {"id": "gelu"}, "optimizer": MOMENTUM | {"nesterov": True}, "batch_size": 128},
        "CNN with batch norm and dropout, Adam": CNN | {"optimizer": {"id": "adam"}},
        "small ResNet, AdamW, batches of 32": RESNET | {"optimizer": {"id": "adamw"}, "batch_size": 32},
    }.items()
)  # fmt: skip
CASES = LOOKED_AT + KEPT_OUT


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=2, help="trainings of the best and of the suggestion that count")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="the cases whose names hold this")
    parser.add_argument("--curves", metavar="FILE", help="write all figures there, as lines of JSON")
    arguments = parser.parse_args()
    catalogue, met = discover(), True
    print("| settings | suggestion | accuracy | best of the grid | behind | |\n|---|---|---|---|---|---|")
    for case in CASES:
        if arguments.only and not any(words in case.name for words in arguments.only):
            continue
        started = time.perf_counter()
        figures = measure(settings(case, catalogue, quick=arguments.quick), arguments.seeds, quick=arguments.quick)
        met &= tell(case, figures)
        print(f"{case.name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
        if arguments.curves:
            with Path(arguments.curves).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"case": case.name, **figures}) + "\n")
    return 0 if met else 1


def settings(case: Case, catalogue: Catalogue, *, quick: bool) -> RunConfig:
    """The settings of a case."""
    small = {
        "dataset": {"id": "fashion-mnist"}, "train_samples": "600" if quick else "3000", "validation_samples": "1000",
        "epochs": 2 if quick else 5, "batch_size": 64, "threads": "1", "device": "cpu", "monitor": "val_accuracy",
    }  # fmt: skip
    return RunConfig.from_dict({**small, **case.settings}, catalogue, recipe("default", catalogue))


def measure(config: RunConfig, seeds: int, *, quick: bool) -> dict[str, Any]:
    """The test, and the test accuracy with its suggestion and at each rate of the grid."""
    with _data_folder() as folder:
        found = _found(config, folder)
        rates = np.geomspace(LOWEST, HIGHEST, 4 if quick else POINTS).tolist()
        grid = [(rate, accuracy(config, rate, FIRST_SEED, 1, folder)) for rate in rates]
        best = sorted(grid, key=lambda each: -each[1])[:BEST]
        again = FIRST_SEED + 1
        lr = found.found.lr
        return {
            **found.to_dict(),
            "accuracy": None if lr is None else accuracy(config, lr, again, seeds, folder),
            "grid": grid,
            "best": [(rate, accuracy(config, rate, again, seeds, folder)) for rate, _ in best],
        }


def _found(config: RunConfig, folder: Path) -> RangeTest:
    test = range_test(config, split(config.dataset.load(Source(folder)), config), folder, Span())
    while True:
        try:
            next(test)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def accuracy(config: RunConfig, lr: float, first: int, seeds: int, folder: Path) -> float:
    """The mean test accuracy over so many seeds from the first one on; a training that diverges has 0."""
    return statistics.fmean(
        _trained(config.changed({"lr": lr, "seed": seed}), folder) for seed in range(first, first + seeds)
    )


def _trained(config: RunConfig, folder: Path) -> float:
    for event in Trainer(config, data_folder=folder).run():
        if isinstance(event, Failed):
            return 0.0
        if isinstance(event, Finished):
            return event.test_accuracy or 0.0
    raise AssertionError("a run without an end")


def tell(case: Case, figures: dict[str, Any]) -> bool:
    """Print a row; returns whether the aim is reached."""
    rate, best = max(figures["best"], key=lambda each: each[1])
    own, lr = figures["accuracy"], figures["suggestion"]
    behind = None if own is None else best - own
    met = behind is not None and behind <= AIMED_AT
    name = f"{case.name}{' (looked at)' if case.looked_at else ''}"
    told = ("–", "–", "–") if behind is None else (f"{lr:g}", f"{own:.1%}", f"{100 * behind:.1f} points")
    print(f"| {name} | {told[0]} | {told[1]} | {best:.1%} at {rate:.2g} | {told[2]} | {'met' if met else 'MISSED'} |",
          flush=True)  # fmt: skip
    if figures["reason"]:
        print(f"{case.name}: {figures['reason']}", file=sys.stderr)
    return met


@contextmanager
def _data_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main())
