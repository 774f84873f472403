"""How near a run comes to the limit that the arithmetic of its network sets.

    python benchmarks/step_limit.py [--turns 80] [--seconds 0.15] [--threads auto] [--only mlp ...]

A limit is one batch of 128, scaled and resident, again and again: forward, loss, backward, step, with the run's own
network, optimizer, precision, memory layout and threads. There are two: the network of PyTorch's own layers, one after
another, and the network as the run passes it, with Tunedeck's dropout and each pooling before its ReLU. The run is
Tunedeck's, on the whole Fashion-MNIST, with all that comes with a step: order, gathering, augmentation, scaling, random
numbers, record, events; its evaluations are left out. All are in one process and take turns, short ones, as a computer
that is shared drifts within seconds; what counts is the median of the ratios of neighbours.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ratios import in_words, lower_bound
from benchmarks.rows import Row, show
from benchmarks.workloads import AUGMENT, BATCH, CNN, MLP
from engine.catalogue import Catalogue, discover
from engine.config import RunConfig
from engine.network import autocast, build_optimizer
from engine.pooled_first import pooled_first
from engine.trainer import Trainer

if TYPE_CHECKING:
    from torch import nn

CASES = (
    ("mlp", MLP, False, "float32", 0.92), ("mlp, augmented", MLP, True, "float32", 0.60),
    ("cnn", CNN, False, "float32", 0.95), ("cnn, augmented", CNN, True, "float32", 0.85),
    ("cnn in bfloat16", CNN, False, "bfloat16", 0.95), ("cnn in bfloat16, augmented", CNN, True, "bfloat16", 0.85),
)  # fmt: skip
"""Name, settings, whether with random resized crop and flip, precision, and the least share of a limit."""
LIMITS = {"PyTorch's own layers": True, "the network as it is passed": False}
"""The limits, and whether they are plain: of PyTorch's own layers."""


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


def with_pytorchs_dropout(network: nn.Module) -> nn.Module:
    """The same network, changed in place: each dropout is PyTorch's."""
    from torch import nn  # not at the top: engine prepares the process for PyTorch

    for layer in network.modules():
        for name, child in layer.named_children():
            if isinstance(child, nn.Dropout):
                setattr(layer, name, nn.Dropout(child.p))
    return network


class Limit:
    """Nothing but the network, on the run's first batch: of PyTorch's own layers, or as the run passes it."""

    def __init__(self, of: Trainer, *, plain: bool) -> None:
        from torch.nn.functional import cross_entropy

        self._loss, learner = cross_entropy, of.learner
        self._precision, self._device = of.config.precision, learner.device
        model = copy.deepcopy(learner.model)
        self._optimizer = build_optimizer(of.config, model)
        self._model = with_pytorchs_dropout(model) if plain else pooled_first(model)
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


def measured(of: Trainer, turns: int, seconds: float) -> dict[str, list[float]]:
    """The speed of the run as a share of each limit's, turn by turn."""
    limits, run = {name: Limit(of, plain=plain) for name, plain in LIMITS.items()}, Run(of)
    run.seconds(10)  # it sets the number of threads
    for limit in limits.values():
        limit.seconds(10)
    steps = max(10, min(300, round(10 * seconds / limit.seconds(10))))
    sides: list[tuple[str, Limit | Run]] = [*limits.items(), ("run", run)]
    took: dict[str, list[float]] = {name: [] for name, _ in sides}
    for turn in range(turns):
        for place in range(len(sides)):
            name, side = sides[(turn + place) % len(sides)]
            took[name].append(side.seconds(steps))
    shares = {}
    for name in limits:
        shares[name] = [fixed / whole for fixed, whole in zip(took[name], took["run"], strict=True)]
        speed = steps * BATCH / statistics.median(took[name])
        limit_in_words = f"{name}, {speed:,.0f} samples/s on {of.threads} threads"
        print(f"  {limit_in_words}; of it the run: {in_words(shares[name])}", flush=True)
    return shares


def rows(turns: int, seconds: float, threads: str, only: list[str]) -> Iterator[Row]:
    catalogue = discover()
    for name, settings, augment, precision, least in (case for case in CASES if not only or case[0] in only):
        print(name, flush=True)
        of = trainer(settings, augment, precision, threads, catalogue)
        for limit, shares in measured(of, turns, seconds).items():
            yield Row(f"{name}: share of {limit}, lower bound", lower_bound(shares), "", least, at_most=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=80)
    parser.add_argument("--seconds", type=float, default=0.15, help="of each side of a turn, about")
    parser.add_argument("--threads", default="auto")
    parser.add_argument("--only", nargs="+", choices=[case[0] for case in CASES], default=[])
    arguments = parser.parse_args()
    return show(list(rows(arguments.turns, arguments.seconds, arguments.threads, arguments.only)))


if __name__ == "__main__":
    sys.exit(main())
