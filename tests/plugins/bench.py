"""What the tests of plugins share: the catalogue with a stranger's plugins in it, and small runs."""

from __future__ import annotations

import random
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.catalogue import Catalogue, discover
from engine.checkpoints.checkpoint import Snapshot, decode, encode
from engine.config import RunConfig, recipe
from engine.data import DataBundle, Source
from engine.history import EpochRow, History
from engine.strategy import Strategy
from engine.trainer import Trainer

STRANGERS = Path(__file__).with_name("strangers.py")
SAMPLE = Path(__file__).parents[2] / "resources" / "sample"


def named(value: object) -> str | None:
    """The id of a test's parameter. A function goes by its number: its address is another in each process."""
    return None if callable(value) else repr(value)


def discover_with(*files: Path) -> Catalogue:
    """The built-in strategies and those of copies of these files in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            shutil.copy(file, folder)
        return discover(Path(folder), entry_points=False)


CATALOGUE = discover_with(STRANGERS)
DEFAULT = recipe("default", CATALOGUE)


def strategy(id: str, **values: Any) -> Strategy:
    """A strategy by its id, with these parameters."""
    return CATALOGUE.make(None, id, values)


def bundle(id: str) -> DataBundle:
    """The data of one of the small data sets."""
    return strategy(id).load(Source(Path("nowhere")))


def config(*strategies: Strategy, data: str = "grey-bars", **values: Any) -> RunConfig:
    """A run of two epochs of two batches on small data, with these strategies."""
    small = {"seed": 3, "epochs": 2, "batch_size": 4, "threads": "1", "device": "cpu", "train_samples": "8", "lr": 0.01}
    settings = DEFAULT.changed(small | values)
    for part in (strategy(data), strategy("cnn", channels=(4,), hidden=8), *strategies):
        settings = settings.ticked(part)
    return settings


def run(trainer: Trainer, steps: int | None = None) -> list[Any]:
    """Train to the end, or for so many steps: the events. A run that fails raises what it says."""
    events = []
    for event in trainer.run():
        if type(event).__name__ == "Failed":
            raise AssertionError(f"{event.text}\n{event.traceback}")
        events.append(event)
        if steps is not None and trainer.position.step >= steps:
            break
    return events


def reread(snapshot: Snapshot) -> Snapshot:
    """A snapshot, written to a file's bytes and read again."""
    return decode(encode(snapshot), "memory")


def learned(trainer: Trainer) -> dict[str, torch.Tensor]:
    """All that a run has learned and recorded, but for how long it took."""
    found = dict(trainer.snapshot().tensors)
    timed = [EpochRow._fields.index(name) for name in ("train_seconds", "val_seconds")]
    found["history.epochs"] = found["history.epochs"].clone()
    found["history.epochs"][:, timed] = 0
    return {name: tensor.detach().clone() for name, tensor in found.items()}


def assert_same_bits(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        # A figure that does not apply is NaN in the history, and equals itself here.
        torch.testing.assert_close(tensor, other[name], rtol=0, atol=0, equal_nan=True, msg=f"{name} differs")


def history(*, marks: tuple[int, ...] = (), **columns: Any) -> History:
    """A record with these columns."""
    record = History()
    for number, values in enumerate(zip(*columns.values(), strict=True), 1):
        record.add_epoch(EpochRow(number, **dict(zip(columns, values, strict=True))))
    record.marks = list(marks)
    return record


def global_generators() -> tuple[bytes, ...]:
    """The states of the generators that everybody shares."""
    return (
        torch.get_rng_state().numpy().tobytes(),
        repr(random.getstate()).encode(),
        np.random.get_state()[1].tobytes() + repr(np.random.get_state()[2:]).encode(),
    )


@contextmanager
def generators_untouched():
    """Fails where the global generators are drawn from or seeded within."""
    before = global_generators()
    yield
    assert global_generators() == before, "a global generator was touched"
