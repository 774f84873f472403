"""The header of a checkpoint file: enough to list runs, and read without PyTorch."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, BinaryIO

from engine.message import InputError

ENTRY = "tunedeck"
MAX_HEADER_BYTES = 50_000_000


def read_meta(path: Path) -> dict[str, Any]:
    """The metadata of a checkpoint file alone, unverified: to list runs quickly. Raises `InputError`."""
    try:
        with open(path, "rb") as file:
            data = head_of(file)
    except OSError as error:
        raise InputError(
            "unreadable", "{path} can't be read: {reason}", path=path, reason=error.strerror or str(error)
        ) from None
    return meta_of(header_of(data, str(path)), str(path))


def head_of(file: BinaryIO) -> bytes:
    """The first bytes of a file: the length of the header, and as much of a header as may be."""
    prefix = file.read(8)
    length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else MAX_HEADER_BYTES + 1
    return prefix + (file.read(length) if length <= MAX_HEADER_BYTES else b"")


def header_of(data: bytes, where: str) -> bytes:
    """The header of a safetensors file, after its length was checked."""
    if len(data) < 8:
        raise not_a_checkpoint(where)
    length = struct.unpack("<Q", data[:8])[0]
    if not 2 <= length <= MAX_HEADER_BYTES:
        raise not_a_checkpoint(where)
    if length > len(data) - 8:
        raise damaged(where)
    return data[8 : 8 + length]


def meta_of(header: bytes, where: str) -> dict[str, Any]:
    """The metadata in a header. Raises `InputError` where it is no checkpoint's."""
    try:
        entries = json.loads(header)
        meta = json.loads(entries["__metadata__"][ENTRY])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise not_a_checkpoint(where) from None
    if not isinstance(meta, dict):
        raise not_a_checkpoint(where)
    return meta


def not_a_checkpoint(where: str) -> InputError:
    """The error for a file that is something else."""
    return InputError("not-a-checkpoint", "{path} is not a Tunedeck checkpoint", path=where)


def damaged(where: str) -> InputError:
    """The error for a checkpoint that is truncated or altered."""
    return InputError(
        "damaged-checkpoint", "{path} is damaged (truncated or altered) and is not used: take another checkpoint",
        path=where,
    )  # fmt: skip
