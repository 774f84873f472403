"""Folders of runs that nobody trained: what a list of runs reads of them, and no more."""

from __future__ import annotations

from pathlib import Path

from engine.checkpoints.checkpoint import write_checkpoint
from engine.config import RunConfig
from engine.history import EPOCH_HEADER, EpochRow, epoch_line
from engine.message import Message, message
from engine.yaml_file import write_yaml
from tests.engine.support import bare_snapshot

DONE = message("all-epochs", "all epochs done ({epochs} of {epochs})", epochs=2)
ROWS = (
    EpochRow(1, 1.0, 0.6, 0.9, 0.65, 0.8, 0.7, 0.001, 40.0, 100, 2.0),
    EpochRow(2, 0.5, 0.8, 0.4, 0.85, 0.9, 0.69, 0.001, 40.0, 100, 2.0),
)


def make_run(
    workspace: Path,
    name: str,
    config: RunConfig,
    *,
    rows: tuple[EpochRow, ...] = ROWS,
    reason: Message | None = DONE,
    log: str = "all epochs done (2 of 2); test accuracy 0.81, test loss 0.55",
    parts: tuple[int, int, int] = (100, 50, 1000),
) -> Path:
    """A run's folder of this name, with a last checkpoint that holds no network."""
    folder = workspace / "runs" / name
    (folder / "checkpoints").mkdir(parents=True)
    settings = config.changed({"offered": ()}).to_dict()
    write_yaml(folder / "config.yaml", settings)
    (folder / "log.txt").write_text(f"2026-01-01 00:00:00 {log}\n")
    snapshot = bare_snapshot(config.changed({"offered": ()}), len(rows), reason, parts)
    write_checkpoint(folder / "checkpoints" / "last.safetensors", snapshot)
    write_rows(folder, rows)
    return folder


def write_rows(folder: Path, rows: tuple[EpochRow, ...]) -> None:
    """Set a run's epochs."""
    (folder / "history.csv").write_text(EPOCH_HEADER + "".join(map(epoch_line, rows)))
