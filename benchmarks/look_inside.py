"""What it costs to look inside a network as it trains, and what is seen there in a deep network of tanh.

    python -m benchmarks.look_inside [--pairs 30] [--seeds 5] [--samples 10000] [--every 40]

Cost: two runs of the same settings, one of them looked into, take turns of 100 steps in one process, either one first
in turn. The limit is 5 %; where it is off, what remains is one question a step. What is seen: an MLP of nine hidden
layers of 100 units with tanh and plain SGD, from small random weights, from Xavier's, and from small ones with batch
norm, one epoch each: the gradient at the first layer as a share of that at the last, by the last looks.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import timeit
from collections.abc import Iterator
from typing import Any

from benchmarks.ratios import in_words
from benchmarks.rows import Row, show
from benchmarks.workloads import BATCH, CNN, MLP
from engine.catalogue import Catalogue, discover
from engine.config import RunConfig
from engine.events import Finished
from engine.inside.finding import JUDGED, gradient_ratio
from engine.inside.record import by_step, is_due
from engine.store import MemoryStore
from engine.trainer import Trainer

TURN = 100
"""Steps of a turn."""
LAYERS, WIDTH = 9, 100
DEEP: dict[str, Any] = {
    "model": {"id": "mlp", "hidden": [WIDTH] * LAYERS}, "activation": "tanh", "optimizer": "sgd", "lr": 0.1,
}  # fmt: skip
STARTS: dict[str, dict[str, Any]] = {
    "small random weights": {"initializer": "small-normal"},
    "Xavier": {"initializer": "xavier"},
    "small random weights, batch norm": {"initializer": "small-normal", "with": [{"id": "batch-norm"}]},
}


def config_of(catalogue: Catalogue, settings: dict[str, Any], **values: Any) -> RunConfig:
    """Settings of a run on the whole of Fashion-MNIST, or as many of its samples as are asked for."""
    common = {"dataset": "fashion-mnist", "batch_size": BATCH, "device": "cpu"}
    return RunConfig.from_dict({**common, **settings, **values}, catalogue)


class Turns:
    """A run that is advanced some steps at a time."""

    def __init__(self, config: RunConfig) -> None:
        self._trainer = Trainer(config, MemoryStore)
        self._events = self._trainer.run()

    def take(self) -> float:
        """Seconds of a turn within an epoch."""
        trainer = self._trainer
        while trainer.position.batch + TURN >= len(trainer.learner.bounds) or not trainer.position.step:
            next(self._events)  # what lies between epochs is no part of it
        goal, start = trainer.position.step + TURN, time.perf_counter()
        while trainer.position.step < goal:
            next(self._events)
        return time.perf_counter() - start


def cost(catalogue: Catalogue, name: str, settings: dict[str, Any], pairs: int, **values: Any) -> Iterator[Row]:
    """How much longer steps take with looks, and without them the one question."""
    every = values.pop("every")
    off, on = (Turns(config_of(catalogue, settings, epochs=1_000, look_inside=n, **values)) for n in (0, every))
    for each in (off, on):
        each.take()
    speeds, plain = [], []
    for number in range(pairs):
        order = (off, on) if number % 2 else (on, off)
        taken = {id(each): each.take() for each in order}
        speeds.append(taken[id(off)] / taken[id(on)])
        plain.append(taken[id(off)] / TURN)
    print(f"{name}, speed with looks over speed without: {in_words(speeds)}", file=sys.stderr)
    yield Row(f"{name}: cost of a look every {every} steps", 100 * (1 / statistics.median(speeds) - 1), "%", 5)
    asked = timeit.timeit(lambda: is_due(12_345, 0), number=100_000) / 100_000
    yield Row(f"{name}: cost where it is off", 100 * asked / statistics.median(plain), "%", 0.1)


def first_to_last(config: RunConfig) -> tuple[float, float]:
    """The gradient at the first layer as a share of that at the last, and the accuracy on the test part."""
    store = MemoryStore()
    *_, last = Trainer(config, lambda: store).run()
    assert isinstance(last, Finished), last
    found = gradient_ratio(by_step(store.looks)[-JUDGED:])
    assert found is not None
    return found[0], last.test_accuracy or 0.0


def seen(catalogue: Catalogue, seeds: int, **values: Any) -> Iterator[Row]:
    """What reaches the first layer from each start, over so many seeds."""
    for name, start in STARTS.items():
        of_seeds = [
            first_to_last(config_of(catalogue, DEEP | start, epochs=1, seed=seed, look_inside=10, **values))
            for seed in range(seeds)
        ]
        ratios, accuracies = zip(*of_seeds, strict=True)
        print(
            f"{name}: first to last {min(ratios):.2g} to {max(ratios):.2g}, test accuracy after an epoch "
            f"{min(accuracies):.3f} to {max(accuracies):.3f}", file=sys.stderr,
        )  # fmt: skip
        small = name == "small random weights"
        yield Row(
            f"{name}: gradient at the first of {LAYERS + 1} layers", statistics.median(ratios), "of the last's",
            1e-6 if small else 0.1, at_most=small,
        )  # fmt: skip


def main() -> int:
    """Measure all; 0 where every limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=30, help="of turns; 0 measures no cost")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--samples", default="10000")
    parser.add_argument("--every", type=int, default=40)
    parser.add_argument("--threads", default="auto")
    asked = parser.parse_args()
    catalogue = discover(entry_points=False)

    def rows() -> Iterator[Row]:
        values = {"threads": asked.threads}
        for name, settings in (("MLP", MLP), ("CNN", CNN)) if asked.pairs else ():
            yield from cost(catalogue, name, settings, asked.pairs, every=asked.every, **values)
        yield from seen(catalogue, asked.seeds, train_samples=asked.samples, **values)

    return show(rows())


if __name__ == "__main__":
    sys.exit(main())
