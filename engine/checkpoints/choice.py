"""A checkpoint of somebody's choice: where it can't be used, the error names another one beside it that can."""

from __future__ import annotations

import re
from pathlib import Path

from engine.checkpoints.checkpoint import Snapshot, read_checkpoint
from engine.message import InputError

ORDER = ("last", "best")
"""The newest comes first: what is lost is then least."""
MOST_TRIED = 20
"""Files that are looked into, at most: each is read as a whole."""


def read_chosen(path: Path) -> Snapshot:
    """Read and verify a checkpoint. Raises `InputError` as `read_checkpoint`, with the newest good one beside it."""
    try:
        return read_checkpoint(path)
    except InputError as error:
        raise with_offer(error, path) from None


def with_offer(error: InputError, path: Path) -> InputError:
    """The error, which also names the newest good checkpoint that lies beside the file at this path, if any."""
    for other in _beside(path)[:MOST_TRIED]:
        try:
            epoch = read_checkpoint(other).meta["progress"]["epoch"]
        except InputError:
            continue
        told = error.message
        return InputError(
            told.code, f"{told.template}; {{whole}} beside it is whole (epoch {{whole_epoch}})",
            **told.values, whole=other, whole_epoch=epoch,
        )  # fmt: skip
    return error


def _beside(path: Path) -> list[Path]:
    """The other checkpoint files in its folder: last, best, then those of a step, the newest first, then the rest."""
    try:
        files = [file for file in path.parent.glob("*.safetensors") if file.is_file() and not _same(file, path)]
    except OSError:
        return []
    return sorted(files, key=_rank)


def _rank(file: Path) -> tuple[int, int, str]:
    if file.stem in ORDER:
        return ORDER.index(file.stem), 0, ""
    step = re.fullmatch(r"step-(\d{1,18})", file.stem)
    return (len(ORDER), -int(step[1]), "") if step else (len(ORDER) + 1, 0, file.name)


def _same(one: Path, other: Path) -> bool:
    """Whether two names are of one file: the best checkpoint may be a second name of the last."""
    try:
        return one.samefile(other)
    except OSError:
        return False
