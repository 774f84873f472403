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
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from engine.files import write_bytes
from engine.history import EpochRow, History, epoch_row
from engine.message import InputError

FORMAT = 1
ENTRY = "tunedeck"
MAX_HEADER_BYTES = 50_000_000
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
                raise _not_a_checkpoint(str(path))
            # What the header promises and what is there must agree before so much memory is taken.
            if status.st_size != _promised_bytes(_head(file), str(path)):
                raise _damaged(str(path))
            file.seek(0)
            data = file.read()
    except OSError as error:
        raise InputError(
            "unreadable", "{path} can't be read: {reason}", path=path, reason=error.strerror or str(error)
        ) from None
    return decode(data, str(path))


def _head(file: BinaryIO) -> bytes:
    """The first bytes of a file: the length of the header, and as much of a header as may be."""
    prefix = file.read(8)
    length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else MAX_HEADER_BYTES + 1
    return prefix + (file.read(length) if length <= MAX_HEADER_BYTES else b"")


def _promised_bytes(head: bytes, where: str) -> int:
    """The size of the file that its header describes."""
    header = _header(head, where)
    _meta(header, where)  # what is no checkpoint is told apart from one that is damaged
    try:
        tensors = [entry for name, entry in json.loads(header).items() if name != "__metadata__"]
        return 8 + len(header) + max((int(entry["data_offsets"][1]) for entry in tensors), default=0)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, AttributeError):
        raise _damaged(where) from None


def decode(data: bytes, where: str) -> Snapshot:
    """The snapshot in the bytes of a checkpoint file; `where` names it in errors. Raises as `read_checkpoint`."""
    meta = _meta(_header(data, where), where)
    version = meta.pop("format", None)
    if not isinstance(version, int) or version < 1:
        raise _not_a_checkpoint(where)
    if version > FORMAT:
        raise InputError(
            "newer-format", "{path} was written by a newer Tunedeck (format {version}): update this one",
            path=where, version=version,
        )  # fmt: skip
    _verify(data, str(meta.pop("sha256", "")), where)
    try:
        return Snapshot(safetensors.torch.load(data), meta)
    except (safetensors.SafetensorError, ValueError, KeyError, RuntimeError):
        raise _damaged(where) from None


def read_meta(path: Path) -> dict[str, Any]:
    """The metadata of a checkpoint file alone, unverified: to list runs quickly. Raises `InputError`."""
    try:
        with open(path, "rb") as file:
            data = _head(file)
    except OSError as error:
        raise InputError(
            "unreadable", "{path} can't be read: {reason}", path=path, reason=error.strerror or str(error)
        ) from None
    return _meta(_header(data, str(path)), str(path))


def _header(data: bytes, where: str) -> bytes:
    """The header of a safetensors file, after its length was checked."""
    if len(data) < 8:
        raise _not_a_checkpoint(where)
    length = struct.unpack("<Q", data[:8])[0]
    if not 2 <= length <= MAX_HEADER_BYTES:
        raise _not_a_checkpoint(where)
    if length > len(data) - 8:
        raise _damaged(where)
    return data[8 : 8 + length]


def _meta(header: bytes, where: str) -> dict[str, Any]:
    try:
        entries = json.loads(header)
        meta = json.loads(entries["__metadata__"][ENTRY])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _not_a_checkpoint(where) from None
    if not isinstance(meta, dict):
        raise _not_a_checkpoint(where)
    return meta


def _verify(data: bytes, digest: str, where: str) -> None:
    mark = data.find(_MARK)
    start = mark + len(_MARK)
    if mark < 0 or data[start : start + 64] != digest.encode():
        raise _damaged(where)
    actual = hashlib.sha256(data[:start])
    actual.update(_ZEROS)
    actual.update(memoryview(data)[start + 64 :])
    if actual.hexdigest() != digest:
        raise _damaged(where)


def _not_a_checkpoint(where: str) -> InputError:
    return InputError("not-a-checkpoint", "{path} is not a Tunedeck checkpoint", path=where)


def _damaged(where: str) -> InputError:
    return InputError(
        "damaged-checkpoint", "{path} is damaged (truncated or altered) and is not used: take another checkpoint",
        path=where,
    )  # fmt: skip


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
