"""The header of a checkpoint file: the tensors that it promises, and what it says of its run. Read without PyTorch.

It may be a stranger's, so its length, its nesting and the place of every tensor are checked before anything is made of
it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, NamedTuple

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from engine.checkpoints.meta import Meta, checked_meta
from engine.message import InputError
from engine.reading import opened

FORMAT = 1
ENTRY = "tunedeck"
MAX_HEADER_BYTES = 8_000_000
"""Enough for 50,000 tensors. JSON takes many times its length in memory."""
MAX_BRACKETS = 200_000
"""Lists and mappings in a header: each of them takes some twenty times the two bytes that it needs in a file."""
MAX_ELEMENTS = 2**48
"""Elements of one tensor, were each of its dimensions at least 1: beyond that PyTorch's own arithmetic overflows."""
ITEM_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2, "U32": 4,
    "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8, "C64": 8,
}  # fmt: skip
"""Bytes of one element of each type, as safetensors names it."""


class Entry(NamedTuple):
    """What a header promises of one tensor."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    """Its first byte, counted from the end of the header; `end` is the one after its last."""
    end: int


@dataclass(frozen=True)
class Header:
    """What stands before the tensors."""

    bytes: int
    """Of the header and its length together: there the tensors begin."""
    tensors: dict[str, Entry]
    meta: dict[str, Any]
    """What the file says of its run, as it stands there: nothing in it is checked yet."""
    digest: str
    """The SHA-256 that the file says it has, 64 hex digits."""

    @property
    def file_bytes(self) -> int:
        """The size of a file that holds all that the header promises, and no more."""
        return self.bytes + max((entry.end for entry in self.tensors.values()), default=0)


def read_meta(path: Path) -> Meta:
    """What a checkpoint says of its run, checked for its sense alone, not its digest: to list runs quickly.

    Raises `InputError`.
    """
    with opened_checkpoint(path) as (file, _):
        header = header_of(head_of(file), str(path))
    return checked_meta(header.meta, str(path))


@contextmanager
def opened_checkpoint(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """A checkpoint's file, open for reading, and its length in bytes. Raises `InputError` where it can't be read."""
    try:
        with opened(path) as opening:
            yield opening
    except OSError as error:
        raise InputError(
            "unreadable", "{path} can't be read: {reason}", path=path, reason=error.strerror or str(error)
        ) from None


def head_of(file: BinaryIO) -> bytes:
    """The first bytes of a file: the length of the header, and as much of a header as may be."""
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    return prefix + (file.read(length) if length <= MAX_HEADER_BYTES else b"")


def header_of(data: bytes, where: str) -> Header:
    """The header of a checkpoint's bytes, of which nothing else need be there; `where` names the file in errors.

    Raises `InputError` where it is no checkpoint's, is damaged, or of a newer format.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= MAX_HEADER_BYTES:
        raise not_a_checkpoint(where)
    if length > len(data) - 8:
        raise damaged(where)
    text = data[8 : 8 + length]
    if text.count(b"[") + text.count(b"{") > MAX_BRACKETS:
        raise not_a_checkpoint(where)
    try:
        tensors = json.loads(text)
        meta = json.loads(tensors.pop("__metadata__")[ENTRY])
        version, digest = meta.pop("format", None), meta.pop("sha256", None)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise not_a_checkpoint(where) from None
    if type(version) is not int or version < 1:
        raise not_a_checkpoint(where)
    if version > FORMAT:
        raise InputError(
            "newer-format", "{path} was written by a newer Tunedeck (format {version}): update this one",
            path=where, version=version,
        )  # fmt: skip
    return Header(8 + length, _entries(tensors, where), meta, str(digest))


Size = Annotated[int, Field(ge=0, le=2**62)]


@with_config(ConfigDict(strict=True, extra="forbid"))
class _Entry(TypedDict):
    dtype: Literal[tuple(ITEM_BYTES)]  # type: ignore[valid-type]
    shape: Annotated[list[Size], Field(max_length=16)]
    data_offsets: Annotated[list[Size], Field(min_length=2, max_length=2)]


_ENTRIES = TypeAdapter(dict[str, _Entry])


def _entries(raw: dict[str, Any], where: str) -> dict[str, Entry]:
    """The tensors of a header. Raises `InputError` unless each fills its place, and begins where one ends."""
    try:
        named = _ENTRIES.validate_python(raw)
    except ValidationError:
        raise damaged(where) from None
    entries = {name: Entry(each["dtype"], tuple(each["shape"]), *each["data_offsets"]) for name, each in named.items()}
    end = 0
    for entry in sorted(entries.values(), key=lambda entry: entry[2:]):
        size = prod(entry.shape) * ITEM_BYTES[entry.dtype]
        if entry.start != end or entry.end != end + size or prod(max(1, n) for n in entry.shape) > MAX_ELEMENTS:
            raise damaged(where)
        end = entry.end
    return entries


def not_a_checkpoint(where: str) -> InputError:
    """The error for a file that is something else."""
    return InputError("not-a-checkpoint", "{path} is not a Tunedeck checkpoint", path=where)


def damaged(where: str) -> InputError:
    """The error for a checkpoint that is truncated or altered."""
    return InputError(
        "damaged-checkpoint", "{path} is damaged (truncated or altered) and is not used: take another checkpoint",
        path=where,
    )  # fmt: skip
