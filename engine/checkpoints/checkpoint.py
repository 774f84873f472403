"""A checkpoint: one safetensors file, written whole or not at all, verified before anything in it is used.

Tensors are `model.*`, `average.*`, `optimizer.<parameter>.<key>`, `history.epochs` and `history.steps`. One metadata
entry, `tunedeck`, is JSON and begins with the SHA-256 of the whole file, computed with its own 64 digits set to zero.
Reading runs no code: there is no pickle in it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from engine.checkpoints.header import (
    ENTRY,
    FORMAT,
    MAX_BRACKETS,
    MAX_HEADER_BYTES,
    damaged,
    head_of,
    header_of,
    opened_checkpoint,
)
from engine.checkpoints.meta import Meta, checked_meta
from engine.checkpoints.tensors import check_entries, check_values, first_not_finite
from engine.files import write_bytes
from engine.free_memory import bytes_in_words, free_memory
from engine.history import History, epoch_row
from engine.message import InputError

_ZEROS = b"0" * 64
_MARK = b'\\"sha256\\":\\"'
"""The key before the digest, as it stands in the header: JSON within a JSON string."""


@dataclass(frozen=True)
class Snapshot:
    """All there is to a run at one moment: `tensors` by name, and `meta`, plain JSON values."""

    tensors: dict[str, Tensor]
    meta: Meta

    def group(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose name begins with `prefix.`, without it."""
        return {name[len(prefix) + 1 :]: t for name, t in self.tensors.items() if name.startswith(prefix + ".")}


class NotFinite(Exception):
    """A tensor that was to be saved holds a value that is not finite."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def write_checkpoint(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot. Raises `OSError` with the old file intact; as `encode` before anything is written."""
    write_bytes(path, encode(snapshot))


def encode(snapshot: Snapshot) -> bytes:
    """The bytes of a checkpoint file. Raises `NotFinite`, and `InputError` where it could not be read again."""
    tensors = {name: tensor.detach().to("cpu").contiguous() for name, tensor in snapshot.tensors.items()}
    numbers = snapshot.meta.get("optimizer", {}).items()
    infinite = (f"optimizer.{name}" for name, n in numbers if isinstance(n, float) and not math.isfinite(n))
    name = first_not_finite(tensors) or next(infinite, None)
    if name is not None:
        raise NotFinite(name)
    meta = json.dumps(
        {"sha256": _ZEROS.decode(), "format": FORMAT, **snapshot.meta}, allow_nan=False, separators=(",", ":")
    )
    data = safetensors.torch.save(tensors, {ENTRY: meta})
    length = int.from_bytes(data[:8], "little")
    if length > MAX_HEADER_BYTES or meta.count("[") + meta.count("{") + 3 * len(tensors) > MAX_BRACKETS:
        raise InputError(
            "too-much-to-save", "a checkpoint of {tensors} tensors and {bytes} besides them can't be kept: take a "
            "network of fewer layers, or data of fewer features", tensors=len(tensors), bytes=bytes_in_words(length),
        )  # fmt: skip
    start = data.index(_MARK + _ZEROS) + len(_MARK)
    digest = hashlib.sha256(data).hexdigest().encode()
    return data[:start] + digest + data[start + 64 :]


def read_checkpoint(path: Path) -> Snapshot:
    """Read and verify a checkpoint file.

    Raises `InputError` where it is none, is damaged, of a newer format, or says what can't be.
    """
    where = str(path)
    with opened_checkpoint(path) as (file, size):
        # What the header promises and what is there must agree before so much memory is taken.
        if size != header_of(head_of(file), where).file_bytes:
            raise damaged(where)
        free = free_memory(torch.device("cpu"))
        if free is not None and 2 * size > free:  # the file, and the tensors out of it
            raise InputError(
                "no-memory-to-read", "{path} takes {need} of memory to read, and {free} are free",
                path=path, need=bytes_in_words(2 * size), free=bytes_in_words(free),
            )  # fmt: skip
        file.seek(0)
        data = file.read(size)
    return decode(data, where)


def decode(data: bytes, where: str) -> Snapshot:
    """The snapshot in the bytes of a checkpoint file; `where` names it in errors. Raises as `read_checkpoint`."""
    header = header_of(data, where)
    _verify(data, header.digest, where)
    meta = checked_meta(header.meta, where)
    check_entries(header.tensors, meta, where)
    try:
        tensors = safetensors.torch.load(data)
    except safetensors.SafetensorError:
        raise damaged(where) from None
    check_values(tensors, meta, where)
    return Snapshot(tensors, meta)


def _verify(data: bytes, digest: str, where: str) -> None:
    start = data.find(_MARK) + len(_MARK)
    if not re.fullmatch("[0-9a-f]{64}", digest) or data[start : start + 64] != digest.encode():
        raise damaged(where)
    actual = hashlib.sha256(data[:start])
    actual.update(_ZEROS)
    actual.update(memoryview(data)[start + 64 :])
    if actual.hexdigest() != digest:
        raise damaged(where)


def history_of(snapshot: Snapshot) -> History:
    """The history that a snapshot holds."""
    history = History()
    for values in snapshot.tensors["history.epochs"].tolist():
        history.add_epoch(epoch_row([None if value != value else value for value in values]))
    history.add_steps(snapshot.tensors["history.steps"].numpy())
    history.marks = list(snapshot.meta["marks"])
    return history
