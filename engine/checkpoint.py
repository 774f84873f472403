"""A checkpoint: one safetensors file, written whole or not at all, verified before anything in it is used.

Tensors are `model.*`, `optimizer.<parameter>.<key>`, `history.epochs` and `history.steps`. One metadata entry,
`tunedeck`, is JSON and begins with the SHA-256 of the whole file, computed with its own 64 digits set to zero.
Reading runs no code: there is no pickle in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from engine.checkpoint_header import ENTRY, damaged, head_of, header_of, meta_of, not_a_checkpoint
from engine.files import write_bytes
from engine.history import EpochRow, History, epoch_row
from engine.message import InputError

FORMAT = 1
_ZEROS = b"0" * 64
_MARK = b'\\"sha256\\":\\"'
"""The key before the digest, as it stands in the header: JSON within a JSON string."""


@dataclass(frozen=True)
class Snapshot:
    """All there is to a run at one moment: `tensors` by name, and `meta`, plain JSON values."""

    tensors: dict[str, Tensor]
    meta: dict[str, Any]

    def group(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose name begins with `prefix.`, without it."""
        return {name[len(prefix) + 1 :]: t for name, t in self.tensors.items() if name.startswith(prefix + ".")}


class NotFinite(Exception):
    """A tensor that was to be saved holds a value that is not finite."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def write_checkpoint(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot. Raises `OSError` with the old file intact, and `NotFinite` before anything is written."""
    write_bytes(path, encode(snapshot))


def encode(snapshot: Snapshot) -> bytes:
    """The bytes of a checkpoint file. Raises `NotFinite`."""
    tensors = {name: tensor.detach().to("cpu").contiguous() for name, tensor in snapshot.tensors.items()}
    for name, tensor in tensors.items():
        if not name.startswith("history.") and tensor.is_floating_point() and not tensor.isfinite().all():
            raise NotFinite(name)
    meta = json.dumps(
        {"sha256": _ZEROS.decode(), "format": FORMAT, **snapshot.meta}, allow_nan=False, separators=(",", ":")
    )
    data = safetensors.torch.save(tensors, {ENTRY: meta})
    start = data.index(_MARK + _ZEROS) + len(_MARK)
    digest = hashlib.sha256(data).hexdigest().encode()
    return data[:start] + digest + data[start + 64 :]


def read_checkpoint(path: Path) -> Snapshot:
    """Read and verify a checkpoint file. Raises `InputError` where it is not one, is damaged, or of a newer format."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise not_a_checkpoint(str(path))
            # What the header promises and what is there must agree before so much memory is taken.
            if status.st_size != _promised_bytes(head_of(file), str(path)):
                raise damaged(str(path))
            file.seek(0)
            data = file.read()
    except OSError as error:
        raise InputError(
            "unreadable", "{path} can't be read: {reason}", path=path, reason=error.strerror or str(error)
        ) from None
    return decode(data, str(path))


def _promised_bytes(head: bytes, where: str) -> int:
    """The size of the file that its header describes."""
    header = header_of(head, where)
    meta_of(header, where)  # what is no checkpoint is told apart from one that is damaged
    try:
        tensors = [entry for name, entry in json.loads(header).items() if name != "__metadata__"]
        return 8 + len(header) + max((int(entry["data_offsets"][1]) for entry in tensors), default=0)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, AttributeError):
        raise damaged(where) from None


def decode(data: bytes, where: str) -> Snapshot:
    """The snapshot in the bytes of a checkpoint file; `where` names it in errors. Raises as `read_checkpoint`."""
    meta = meta_of(header_of(data, where), where)
    version = meta.pop("format", None)
    if not isinstance(version, int) or version < 1:
        raise not_a_checkpoint(where)
    if version > FORMAT:
        raise InputError(
            "newer-format", "{path} was written by a newer Tunedeck (format {version}): update this one",
            path=where, version=version,
        )  # fmt: skip
    _verify(data, str(meta.pop("sha256", "")), where)
    try:
        return Snapshot(safetensors.torch.load(data), meta)
    except (safetensors.SafetensorError, ValueError, KeyError, RuntimeError):
        raise damaged(where) from None


def _verify(data: bytes, digest: str, where: str) -> None:
    mark = data.find(_MARK)
    start = mark + len(_MARK)
    if mark < 0 or data[start : start + 64] != digest.encode():
        raise damaged(where)
    actual = hashlib.sha256(data[:start])
    actual.update(_ZEROS)
    actual.update(memoryview(data)[start + 64 :])
    if actual.hexdigest() != digest:
        raise damaged(where)


def epochs_tensor(rows: list[EpochRow]) -> Tensor:
    """Epoch rows as float64 `[N, 11]`, a missing figure as NaN."""
    return torch.tensor(
        [[float("nan") if value is None else float(value) for value in row] for row in rows], dtype=torch.float64
    ).reshape(len(rows), len(EpochRow._fields))


def history_of(snapshot: Snapshot) -> History:
    """The history that a snapshot holds."""
    history = History()
    for values in snapshot.tensors["history.epochs"].tolist():
        history.add_epoch(epoch_row([None if value != value else value for value in values]))
    history.add_steps(snapshot.tensors["history.steps"].tolist())
    history.marks = list(snapshot.meta["marks"])
    return history
