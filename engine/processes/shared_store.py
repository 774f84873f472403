"""Where a run of several processes is kept: the first one keeps it, and tells the others what came of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.checkpoints.checkpoint import Snapshot
from engine.frozen.proof import Proof
from engine.history import EpochRow
from engine.inside.record import LayerLook
from engine.processes.ranks import Alone
from engine.run_records.result import Result
from engine.store import Store


def opened(ranks: Alone, open_store: Callable[[], Store]) -> Store:
    """The store that `open_store` opens: itself where there is one process, else each process's way to it.

    Raises, in all processes, what the first one raises.
    """
    return SharedStore(ranks, open_store) if ranks.several else open_store()


class SharedStore:
    """A process's way to the store, which only the first one has. What asks or may fail is called by all."""

    def __init__(self, ranks: Alone, open_store: Callable[[], Store]) -> None:
        self._ranks = ranks
        self._own: Store | None = None

        def look() -> str:
            self._own = open_store()
            return self._own.where

        self.where: str = ranks.lead(look)

    @property
    def best_path(self) -> str | None:
        return self._own.best_path if self._own else None

    def describe(self, settings: dict[str, Any], environment: dict[str, Any]) -> None:
        self._ranks.lead(lambda: self._own.describe(settings, environment) if self._own else None)

    def save(self, snapshot: Snapshot, *, best: bool, keep: int | None = None) -> str:
        return self._ranks.lead(lambda: self._own.save(snapshot, best=best, keep=keep) if self._own else "")

    def best(self) -> Snapshot | None:
        return self._ranks.snapshot(lambda: self._own.best() if self._own else None)

    def add_epoch(self, row: EpochRow) -> None:
        if self._own:
            self._own.add_epoch(row)

    def add_steps(self, rows: list[tuple[int, float, float]]) -> None:
        if self._own:
            self._own.add_steps(rows)

    def add_looks(self, rows: list[LayerLook]) -> None:
        if self._own:
            self._own.add_looks(rows)

    def log(self, text: str) -> None:
        if self._own:
            self._own.log(text)

    def set_result(self, result: Result | None) -> None:
        if self._own:
            self._own.set_result(result)

    def set_proof(self, proof: Proof) -> None:
        if self._own:
            self._own.set_proof(proof)

    def close(self) -> None:
        if self._own:
            self._own.close()
