"""How near a run comes to the limit that the arithmetic of its network sets.

    python benchmarks/step_limit.py [--pairs 80] [--seconds 0.15] [--threads auto] [--only mlp ...]

The limit is one batch of 128, scaled and resident, again and again: forward, loss, backward, step, with the run's own
network, optimizer, precision, memory layout and threads. The run is Tunedeck's, on the whole Fashion-MNIST, with all
that comes with a step: order, gathering, augmentation, scaling, random numbers, record, events; its evaluations are
left out. Both are in one process and take turns, short ones, as a computer that is shared drifts within seconds; what
counts is the median of the ratios of neighbours.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ratios import in_words, lower_bound
from benchmarks.rows import Row, show
from benchmarks.workloads import AUGMENT, BATCH, CNN, MLP
from engine.catalogue import Catalogue, discover
from engine.config import RunConfig
from engine.network import autocast, build_optimizer
from engine.pooled_first import pooled_first
from engine.trainer import Trainer

CASES = (
    ("mlp", MLP, False, "float32", 0.92), ("mlp, augmented", MLP, True, "float32", 0.60),
    ("cnn", CNN, False, "float32", 0.95), ("cnn, augmented", CNN, True, "float32", 0.85),
    ("cnn in bfloat16", CNN, False, "bfloat16", 0.95), ("cnn in bfloat16, augmented", CNN, True, "bfloat16", 0.85),
)  # fmt: skip
"""Name, settings, whether with random resized crop and flip, precision, and the least share of the limit."""


def trainer(settings: dict[str, Any], augment: bool, precision: str, threads: str, catalogue: Catalogue) -> Trainer:
    with_ = [*(AUGMENT if augment else []), *settings["with"]]
    config = {
        "epochs": 1_000_000, "batch_size": BATCH, "dataset": "fashion-mnist", "threads": threads,
        "validation_samples": 500, "precision": precision, "model": settings["model"], "with": with_,
    }  # fmt: skip
    return Trainer(RunConfig.from_dict(config, catalogue))


class Run:
    """Tunedeck's side of a pair."""

    def __init__(self, of: Trainer) -> None:
        self._trainer, self._run = of, of.run()

    def seconds(self, steps: int) -> float:
        """What so many steps within an epoch take; evaluations come before."""
        position, bounds = self._trainer.position, len(self._trainer.learner.bounds)
        while not 0 < position.batch < bounds - steps:
            next(self._run)
        end, began = position.batch + steps, time.perf_counter()
        while position.batch < end:
            next(self._run)
        return time.perf_counter() - began


class Limit:
    """Nothing but the network, on the run's first batch."""

    def __init__(self, of: Trainer) -> None:
        from torch.nn.functional import cross_entropy  # not at the top: engine prepares the process for PyTorch

        self._loss, learner = cross_entropy, of.learner
        self._precision, self._device = of.config.precision, learner.device
        model = copy.deepcopy(learner.model)
        self._optimizer = build_optimizer(of.config, model)
        self._model = pooled_first(model)  # as the run passes it
        batch = learner.parts.training.take(learner.order(0)[:BATCH])
        self._inputs, self._labels = learner.scale(batch.inputs), batch.targets

    def seconds(self, steps: int) -> float:
        """What so many steps take."""
        began = time.perf_counter()
        for _ in range(steps):
            with autocast(self._precision, self._device):
                outputs = self._model(self._inputs)
            self._loss(outputs.float(), self._labels).backward()
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        return time.perf_counter() - began


def measured(of: Trainer, pairs: int, seconds: float) -> list[float]:
    """The speed of the run as a share of the limit's, pair by pair."""
    limit, run = Limit(of), Run(of)
    run.seconds(10)  # it sets the number of threads
    limit.seconds(10)
    steps = max(10, min(300, round(10 * seconds / limit.seconds(10))))
    ratios, speeds = [], []
    for pair in range(pairs):
        if pair % 2:
            fixed, whole = limit.seconds(steps), run.seconds(steps)
        else:
            whole, fixed = run.seconds(steps), limit.seconds(steps)
        ratios.append(fixed / whole)
        speeds.append(steps * BATCH / fixed)
    limits = f"limit {statistics.median(speeds):,.0f} samples/s on {of.threads} threads"
    print(f"  {limits}; of it the run: {in_words(ratios)}", flush=True)
    return ratios


def rows(pairs: int, seconds: float, threads: str, only: list[str]) -> Iterator[Row]:
    catalogue = discover()
    for name, settings, augment, precision, least in (case for case in CASES if not only or case[0] in only):
        print(name, flush=True)
        ratios = measured(trainer(settings, augment, precision, threads, catalogue), pairs, seconds)
        yield Row(f"{name}: share of the limit, 95 % lower bound", lower_bound(ratios), "", least, at_most=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=80)
    parser.add_argument("--seconds", type=float, default=0.15, help="of each half of a pair, about")
    parser.add_argument("--threads", default="auto")
    parser.add_argument("--only", nargs="+", choices=[case[0] for case in CASES], default=[])
    arguments = parser.parse_args()
    return show(list(rows(arguments.pairs, arguments.seconds, arguments.threads, arguments.only)))


if __name__ == "__main__":
    sys.exit(main())
