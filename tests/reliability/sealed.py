"""Checkpoint files whose digest is right, whatever is in them: anybody can compute one."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import safetensors.torch
from torch import Tensor

ZEROS = "0" * 64
MARK = b'\\"sha256\\":\\"'


@dataclass
class Opened:
    """A checkpoint file taken apart, to be changed and sealed again."""

    tensors: dict[str, Tensor]
    meta: dict[str, Any]
    """With `format`, without the digest."""

    @classmethod
    def of(cls, data: bytes) -> Opened:
        header, _ = parts(data)
        meta = json.loads(header["__metadata__"]["tunedeck"])
        del meta["sha256"]
        return cls(safetensors.torch.load(data), meta)

    def copy(self) -> Opened:
        """One of its own, whose tensors may be replaced, not changed."""
        return Opened(dict(self.tensors), copy.deepcopy(self.meta))

    def sealed(self) -> bytes:
        """As a file with a right digest."""
        meta = json.dumps({"sha256": ZEROS, **self.meta}, separators=(",", ":"))
        return digested(safetensors.torch.save(self.tensors, {"tunedeck": meta}))


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and tensors of a file."""
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]


def joined(header: dict[str, Any] | bytes, data: bytes) -> bytes:
    """A file of this header and these tensors, with a right digest where the header has a place for one."""
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return digested(len(text).to_bytes(8, "little") + text + data)


def digested(data: bytes) -> bytes:
    """The file with the digest that belongs to it, where it has a place for one."""
    found = data.find(MARK)
    start = found + len(MARK)
    if found < 0:
        return data
    data = data[:start] + ZEROS.encode() + data[start + 64 :]
    return data[:start] + hashlib.sha256(data).hexdigest().encode() + data[start + 64 :]
