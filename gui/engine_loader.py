"""Brings PyTorch and the techniques in while the window is already there."""

from __future__ import annotations

import gc
import importlib
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from engine.catalogue import Catalogue, discover
from engine.config import RunConfig
from engine.message import InputError, Message
from engine.run_records.files import holder
from gui.memory import Memory
from gui.training.checkpoint_file import LoadedCheckpoint, load_checkpoint


@dataclass(frozen=True)
class Loaded:
    """All that the window needs to become usable."""

    catalogue: Catalogue
    config: RunConfig
    problem: Message | None
    """Why the settings as they were left could not be read."""


@dataclass(frozen=True)
class Found:
    """What was found in the workspace: it comes a little later."""

    unfinished: LoadedCheckpoint | None
    """The run that was left before its end."""


class EngineLoader(QObject):
    """Loads in a thread. `loaded` comes first, then `found`; or `failed`. At the end of either comes `ended`."""

    loaded = Signal(object)
    found = Signal(object)
    failed = Signal(str)
    """A traceback."""
    ended = Signal()

    def __init__(self, workspace: Path, memory: Memory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._memory = memory
        self._thread = threading.Thread(target=self._work, name="load the engine", daemon=True)

    @Slot()
    def start(self) -> None:
        """Begin. Called once the window has been painted."""
        self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        gc.unfreeze()

    def _work(self) -> None:
        try:
            # What a run needs, so that Start does not wait for it. Importing it brings PyTorch.
            importlib.import_module("engine.runs")
            importlib.import_module("engine.runner")
            catalogue = discover(self._workspace / "plugins")
            config, problem = self._memory.read_config(catalogue)
            _stays()
            self.loaded.emit(Loaded(catalogue, config, problem))
            self.found.emit(Found(self._unfinished(catalogue)))
            # PyTorch brings it with the first optimizer: here the first step of a run need not wait for it. Where it
            # fails, a run tells why.
            with suppress(Exception):
                importlib.import_module("torch._dynamo")
            _stays()
        except Exception:  # noqa: BLE001 the boundary of the thread: what fails in it must be told outside
            self.failed.emit(traceback.format_exc())
        finally:
            self.ended.emit()

    def _unfinished(self, catalogue: Catalogue) -> LoadedCheckpoint | None:
        from engine.runs import last_checkpoint, unfinished_run

        folder = unfinished_run(self._workspace)
        if folder is None or holder(folder) is not None:  # another window trains it
            return None
        try:
            return load_checkpoint(last_checkpoint(folder), catalogue)
        except InputError:
            return None


def _stays() -> None:
    """What is loaded stays: without this every full collection looks through it, and holds the window up for 0.3 s."""
    gc.freeze()
