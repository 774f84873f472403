"""Values that are not finite, in every tensor that a run keeps and at drawn steps: none of them ever reaches a file.

A NaN or an infinity is put into a weight, an average, a statistic of a batch norm, or the optimizer's state, between
two steps, or into a batch: also where the loss stays finite, as when it meets what the network does not use at once.
The tensors are those that a run saves, so that a new one is covered without a line here.
"""

from __future__ import annotations

import random
import sys
from typing import Any

import torch
from torch import nn

from benchmarks.rows import Row
from engine.catalogue import Catalogue, discover
from engine.checkpoints.checkpoint import decode
from engine.config import RunConfig
from engine.events import Event, Failed, Finished
from engine.fork import forked
from engine.remedy import NOT_FINITE, Kind, remedies
from engine.store import MemoryStore
from engine.strategy import Model, Regularizer
from engine.trainer import Trainer
from tests.engine.support import run, tiny_config

VALUES = (float("nan"), float("inf"), float("-inf"))
STEPS = 15
"""Of a run: three epochs of five."""


class Sleeping(Model):
    """A network with a layer that its output does not depend on: what happens to it no loss tells."""

    def build(self, data, slots):
        return Asleep(data.outputs)


class Asleep(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.body, self.norm = nn.Sequential(nn.Flatten(), nn.Linear(64, 8)), nn.BatchNorm1d(8)
        self.asleep, self.head = nn.Linear(8, 8), nn.Linear(8, outputs)

    def forward(self, inputs):
        body = self.norm(self.body(inputs))
        return self.head(body) + 0 * self.asleep(body.detach()).nan_to_num(0, 0, 0).sum(1, keepdim=True)


class Poisons(Regularizer):
    """Put a value that is not finite into the batch of one step, and hide it from the loss by no means."""

    step: int = 3
    """The step."""
    value: float = 1.0
    """1 for NaN, else infinity."""

    def mix(self, inputs, targets, generator):
        COUNT[0] += 1
        if COUNT[0] == self.step:
            inputs = inputs.clone()
            inputs[0, 0, 0, 0] = float("nan") if self.value == 1.0 else float("inf")
        return inputs, targets


COUNT = [0]


class Watching(MemoryStore):
    """Keeps every checkpoint that was ever saved."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[bytes] = []

    def save(self, snapshot: Any, **options: Any) -> str:
        path = super().save(snapshot, **options)
        assert self.last_bytes is not None
        self.all.append(self.last_bytes)
        return path


def settings(catalogue: Catalogue, draw: random.Random) -> RunConfig:
    """A small run that keeps all that a run can keep: batch norm, an average, an optimizer with state."""
    optimizer = draw.choice(["adam", "sgd:momentum=0.9", "rmsprop", "nadam", "adagrad"])
    ticked = ["ema:decay=0.5"]
    model: Any = Sleeping() if draw.random() < 0.5 else "mlp:hidden=8"
    config = tiny_config(
        catalogue, epochs=3, optimizer=optimizer, model=model, keep_every=draw.choice([1, 2, 7]), ticked=ticked
    )
    return config if isinstance(model, Sleeping) else config.ticked(catalogue.make("regularizer", "batch-norm", {}))


def poisoned_run(config: RunConfig, store: MemoryStore, step: int, place: float, value: float) -> tuple[Event, str]:
    """A run with a value put into one of its tensors after so many steps: its last event, and the tensor's name.

    `place`, from 0 to 1, says which tensor and which of its numbers.
    """
    trainer = Trainer(config, lambda: store)
    events, name = trainer.run(), ""
    for event in events:
        if not name and trainer.position.step >= step:
            tensors = {n: t for n, t in trainer.learner.tensors()[0].items() if t.is_floating_point()}
            name = sorted(tensors)[int(place * len(tensors))]
            flat = tensors[name].detach().view(-1)
            flat[int(place * 1e6) % len(flat)] = value
        if isinstance(event, (Finished, Failed)):
            assert list(events) == [], "something came after the last event"
            return event, name
    raise AssertionError("no last event")


def flaw(config: RunConfig, store: Watching, last: Event, step: int) -> str:
    """What is wrong with how it went; empty where nothing is."""
    for data in store.all:
        for name, tensor in decode(data, "memory").tensors.items():
            if not name.startswith("history.") and not tensor.isfinite().all():
                return f"{name} was saved"
    if isinstance(last, Finished):  # what was poisoned was measured anew, such as the statistics of an average
        return ""
    assert isinstance(last, Failed)
    if last.text.code not in NOT_FINITE or last.step < step:
        return f"not told: {last.text}"
    if f"step {last.step}" not in str(last.text) or "lower learning rate" not in str(last.text):
        return f"neither step nor remedy: {last.text}"
    return "" if not store.all else goes_on(config, store, last)


def goes_on(config: RunConfig, store: Watching, last: Failed) -> str:
    """What is wrong with how it goes on from the last good checkpoint as it is offered; empty where nothing is."""
    [remedy] = [each for each in remedies(last, config) if each.kind is Kind.LOWER_LR]
    if remedy.config.lr >= config.lr:
        return "the rate offered is no lower"
    parent = store.last()
    longer = remedy.config.changed({"epochs": 4})
    COUNT[0] = STEPS
    end = run(Trainer(longer, snapshot=forked(parent, config, longer, "the parent", None)))[-1]
    return "" if isinstance(end, Finished) and end.epochs == 4 else f"it does not go on: {getattr(end, 'text', end)}"


def poison(catalogue: Catalogue, trials: int, seed: int = 0) -> dict[str, str]:
    """Flaws of so many runs, each with one value that is not finite in one tensor, or in a batch."""
    draw, found = random.Random(seed), {}
    for trial in range(trials):
        config, store = settings(catalogue, draw), Watching()
        step, value = draw.randint(0, STEPS - 1), draw.choice(VALUES)
        if trial % 8 == 7:
            COUNT[0] = 0
            config = config.ticked(Poisons(step=step + 1, value=draw.choice([1.0, 2.0])))
            last, name = run(Trainer(config, lambda store=store: store))[-1], "a batch"
        else:
            last, name = poisoned_run(config, store, step, draw.random(), value)
        found[f"{trial}: {value} in {name} after step {step}, {config.optimizer.id}"] = flaw(config, store, last, step)
    return found


def long_form() -> list[Row]:
    """The long form: 1,000 runs."""
    torch.set_num_threads(1)
    flaws = poison(discover(entry_points=False), 1_000)
    for case, wrong in flaws.items():
        if wrong:
            print(f"not finite: {case}: {wrong}", file=sys.stderr)
    good = sum(not wrong for wrong in flaws.values())
    return [
        Row("value that is not finite: never saved, told, goes on", good, f"of {len(flaws)}", len(flaws), at_most=False)
    ]
