"""Small runs, and what they gave."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.catalogue import Catalogue
from engine.checkpoints.checkpoint import Snapshot
from engine.cli import main
from engine.config import RunConfig, recipe
from engine.data import DataBundle, Part, Source, batch_bounds
from engine.events import Event, Failed, Finished
from engine.history import EpochRow, History
from engine.message import Message
from engine.position import Position
from engine.store import MemoryStore
from engine.strategy import Dataset, Field, Strategy
from engine.strategy_text import parse_strategy
from engine.trainer import Stop, Trainer

ROOT = Path(__file__).parents[2]
CLASSES = 4


class Blobs(Dataset):
    """Noisy images of four classes, each with a bright quarter of its own."""

    training: int = 130
    """Training samples."""
    validation: int = 40
    """Validation samples; 0 leaves the part out."""
    test: int = 40
    """Test samples; 0 leaves the part out."""
    noise: float = Field(60.0, ge=0)
    """Deviation of the noise."""

    def load(self, source: Source) -> DataBundle:
        generator = torch.Generator().manual_seed(7)

        def part(count: int) -> Part | None:
            if not count:
                return None
            targets = torch.arange(count) % CLASSES
            images = torch.full((count, 1, 8, 8), 90.0)
            for row, target in enumerate(targets.tolist()):
                top, left = divmod(target, 2)
                images[row, 0, 4 * top : 4 * top + 4, 4 * left : 4 * left + 4] = 150.0
            images += self.noise * torch.randn(images.shape, generator=generator)
            return Part(images.round().clamp(0, 255).to(torch.uint8), targets)

        training = part(self.training)
        assert training is not None
        return DataBundle(training, part(self.validation), part(self.test), tuple("abcd"))


def tiny_config(catalogue: Catalogue, *, ticked: Sequence[str | Strategy] = (), **values: Any) -> RunConfig:
    """Settings of a run of 130 small images in 5 steps an epoch, the last of 2 samples."""
    for kind in ("model", "optimizer", "loss", "scaling", "initializer", "activation"):
        if isinstance(values.get(kind), str):
            values[kind] = parse_strategy(values[kind], catalogue, kind)
    values = {
        "epochs": 2, "batch_size": 32, "lr": 0.01, "threads": "1", "device": "cpu", "dataset": Blobs(),
        "model": parse_strategy("mlp:hidden=12+8", catalogue, "model"),
    } | values  # fmt: skip
    config = recipe("default", catalogue).changed(values)
    for strategy in ticked:
        config = config.ticked(parse_strategy(strategy, catalogue) if isinstance(strategy, str) else strategy)
    return config


def run(trainer: Trainer, stop_at: int | None = None) -> list[Event]:
    """The events of a run, stopped after so many steps where asked."""
    events: list[Event] = []
    generator = trainer.run()
    event = next(generator)
    while True:
        if event is not None:
            events.append(event)
        if isinstance(event, (Finished, Failed)):
            assert list(generator) == [], "something came after the last event"
            return events
        if stop_at is not None and trainer.position.step >= stop_at:
            stop_at = None
            event = generator.throw(Stop())
        else:
            event = next(generator)


def run_stored(config: RunConfig, **options: Any) -> tuple[list[Event], MemoryStore, Trainer]:
    """A run kept in memory: its events, its store and its trainer."""
    store = MemoryStore()
    trainer = Trainer(config, lambda: store, **options)
    return run(trainer), store, trainer


def of_type(events: Sequence[Event], kind: type) -> list[Any]:
    """The events of one type."""
    return [event for event in events if isinstance(event, kind)]


def bare_snapshot(
    config: RunConfig, epoch: int, reason: Message | None, samples: tuple[int, int, int] = (130, 40, 40)
) -> Snapshot:
    """What a list of runs reads of a run with these settings after so many epochs; it has learnt nothing."""
    batches = len(batch_bounds(samples[0], config.batch_size))
    position = Position(epoch=epoch, step=epoch * batches, reason=reason)
    counts = [samples[0] // CLASSES] * (CLASSES - 1)
    meta: Any = position.to_meta() | {
        "config": config.to_dict(), "plugins": [], "class_names": [], "epochs": config.epochs, "marks": [],
        "data": {
            "input_shape": [1, 8, 8], "outputs": CLASSES, "task": "classification",
            "class_counts": [*counts, samples[0] - sum(counts)], "samples": list(samples),
        },
        "input": {"mean": [0.0], "std": [1.0]}, "optimizer": {}, "stepped": [], "averaged": False,
        "environment": {"versions": {}, "device": "cpu", "threads": 1, "plugins": []},
    }  # fmt: skip
    history = History()
    history.epochs = [EpochRow(number + 1) for number in range(epoch)]
    steps = torch.zeros(0, 3, dtype=torch.float64)
    epochs = torch.from_numpy(history.table())
    return Snapshot({"model.weight": torch.zeros(1), "history.epochs": epochs, "history.steps": steps}, meta)


def tensors(snapshot: Snapshot) -> dict[str, Tensor]:
    """What training made: all of a snapshot but the record, which holds times."""
    return {name: tensor for name, tensor in snapshot.tensors.items() if not name.startswith("history.")}


def differing(one: Snapshot, other: Snapshot) -> list[str]:
    """The names of tensors that are not equal bit for bit, the record's times apart."""
    left, right = tensors(one) | record(one), tensors(other) | record(other)
    return sorted(
        name
        for name in left.keys() | right.keys()
        if name not in left or name not in right or not same_bits(left[name], right[name])
    )


def record(snapshot: Snapshot) -> dict[str, Tensor]:
    """The record of a snapshot without its times."""
    epochs = snapshot.tensors["history.epochs"].clone()
    epochs[:, 8] = epochs[:, 10] = 0
    return {"history.epochs": epochs, "history.steps": snapshot.tensors["history.steps"]}


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same in type, shape and every bit."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return torch.equal(one.reshape(-1).view(torch.uint8), other.reshape(-1).view(torch.uint8))


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What the condition gives once it is true; fails where that takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.002)
    raise AssertionError(f"not within {seconds} s")


def tunedeck(capsys: Any, *arguments: object) -> tuple[int, str, str]:
    """The command line in this process: exit code, standard output, standard error."""
    capsys.readouterr()
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as error:
        code = int(error.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def process(*arguments: object, env: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
    """The command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "engine", *map(str, arguments)],
        cwd=ROOT, env=os.environ | (env or {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip
