"""A process that trains the trials of a search, one after another, on one thread.

It is started once and keeps what a trial need not wait for: PyTorch, the techniques and the data. It knows nothing of
the study: lines of JSON come in on standard input (which settings to train, which trial is given up) and go out on
standard output (what each epoch came to). It ends when its input does, so that none is left when a search is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import torch

from engine.catalogue import Catalogue, discover
from engine.checkpoints.checkpoint import Snapshot
from engine.config import RunConfig
from engine.data import Parts, Source, split
from engine.events import EpochEnded, Failed, Finished
from engine.failure import StartFailed
from engine.message import InputError, one_line
from engine.store import MemoryStore
from engine.trainer import Trainer

Tell = Callable[[dict[str, Any]], None]
DATA = ("dataset", "train_samples", "validation_samples", "split_seed")
"""The settings that say which samples there are."""


class _Nowhere(MemoryStore):
    """Keeps nothing: of a trial its figures are wanted alone."""

    def save(self, snapshot: Snapshot, *, best: bool, keep: int | None = None) -> str:
        return ""


class _Orders:
    """What is read from standard input, in a thread of its own."""

    def __init__(self, stream: Any) -> None:
        self._given_up: set[int] = set()
        self._trials: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._stream = stream

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._stream:
            order = json.loads(line)
            if "give_up" in order:
                self._given_up.add(order["give_up"])
            else:
                self._trials.put(order)
        os._exit(0)  # whoever asked is gone, and what is being trained is wanted no more

    def trials(self) -> Iterator[dict[str, Any]]:
        """The trials, as they come."""
        while True:
            yield self._trials.get()

    def is_given_up(self, number: int) -> bool:
        """Whether the result of a trial is not wanted any more."""
        return number in self._given_up


class Data:
    """The data of the trials: loaded once, and without their test part, which no trial may see."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key: dict[str, Any] | None = None
        self._parts: Parts | None = None

    def of(self, config: RunConfig) -> Parts:
        """The parts that settings ask for. Raises `InputError` where there are none, or nothing to compare by."""
        key = {name: getattr(config, name) for name in DATA}
        if self._parts is None or key != self._key:
            self._parts = replace(split(config.dataset.load(Source(self.folder)), config), test=None)
            self._key = key
        if self._parts.validation is None and config.monitor.startswith("val"):
            raise InputError(
                "nothing-to-compare-by", "without validation samples there is nothing to compare trials by: set "
                "validation_samples, or another monitor"
            )  # fmt: skip
        return self._parts


def train_trial(config: RunConfig, data: Data, number: int, tell: Tell, is_given_up: Callable[[int], bool]) -> None:
    """Train one trial and tell what each epoch came to, and how it ended. Nothing of it is kept."""
    try:
        trainer = Trainer(config, _Nowhere, parts=data.of(config), data_folder=data.folder)
    except InputError as error:
        return tell({"trial": number, "failed": str(error)})
    except StartFailed as error:
        return tell({"trial": number, "failed": str(error.failed.text)})
    with contextlib.closing(trainer.run()) as run:
        for event in run:
            if isinstance(event, EpochEnded):
                value = getattr(event.row, trainer.monitor)
                tell({"trial": number, "epoch": event.row.epoch, "value": value})
            if isinstance(event, Failed):
                return tell({"trial": number, "failed": str(event.text)})
            if isinstance(event, Finished):
                return tell({"trial": number, "done": True})
            if is_given_up(number):
                return tell({"trial": number, "done": True})
    return None


def main() -> None:
    """Serve one search."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what a plugin prints must not stand between the lines

    def tell(message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the end of the input will tell
            output.write(json.dumps(message, allow_nan=False) + "\n")

    torch.set_num_threads(1)
    first = json.loads(sys.stdin.readline())
    orders = _Orders(sys.stdin)
    orders.start()
    workspace = Path(first["workspace"])
    catalogue, data = discover(workspace / "plugins"), Data(workspace / "data")
    try:
        data.of(RunConfig.from_dict(first["settings"], catalogue))
    except InputError as error:
        return tell({"cannot": str(error)})
    except Exception as error:  # noqa: BLE001 a plugin may raise anything
        return tell({"cannot": one_line(f"the data can't be loaded: {type(error).__name__}: {error}")})
    tell({"ready": True})
    _serve(orders, catalogue, data, tell)
    return None


def _serve(orders: _Orders, catalogue: Catalogue, data: Data, tell: Tell) -> None:
    for order in orders.trials():
        number = order["trial"]
        try:
            config = RunConfig.from_dict(order["settings"], catalogue).changed(
                {"threads": "1", "keep_every": 0, "look_inside": 0}
            )
            train_trial(config, data, number, tell, orders.is_given_up)
        except Exception as error:  # noqa: BLE001 a trial is one of many: the others go on
            text = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            tell({"trial": number, "failed": one_line(text)})


if __name__ == "__main__":
    main()
