"""The IDX format, in which MNIST and its kin are distributed: plain or gzip-compressed, checked before it is read.

Format: http://yann.lecun.com/exdb/mnist (0x00000803 for images `[N, H, W]`, 0x00000801 for labels `[N]`).
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from io import BufferedReader
from pathlib import Path

import torch
from torch import Tensor

from engine.message import InputError
from engine.reading import opened

MAX_BYTES = 2**29
"""A file that claims to hold more is refused."""
MAX_RATIO = 50
"""So many times its own size a file may claim to hold: images, compressed, come to a half or a tenth of theirs."""
FREE_BYTES = 2**24
"""So much a file may claim to hold whatever its size: labels that lie in order, compressed, are next to nothing."""


def read_idx(path: Path, dimensions: int) -> Tensor:
    """The uint8 array in an IDX file, or in the file of that name with `.gz`.

    Raises `InputError` where there is no such file, it is damaged, or has another number of dimensions.
    """
    packed = path.with_name(path.name + ".gz")
    found = packed if os.path.isfile(packed) else path  # noqa: PTH113 it raises for no name
    if not os.path.isfile(found):  # noqa: PTH113
        raise InputError("no-data-file", "{path} is missing", path=packed)
    try:
        with opened(found) as (stored, length), gzip.GzipFile(fileobj=stored) if found == packed else stored as file:
            header = file.read(4 + 4 * dimensions)
            if len(header) < 4 + 4 * dimensions or header[:4] != bytes([0, 0, 8, dimensions]):
                raise _damaged(found)
            shape = struct.unpack(f">{dimensions}I", header[4:])
            size = math.prod(shape)
            # Before so much memory is taken: a few kilobytes can be unpacked to gigabytes.
            if not 0 < size <= min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * length)):
                raise _damaged(found)
            data = bytearray(size)
            if _fill(file, data) < size or file.read(1):
                raise _damaged(found)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise _damaged(found) from None
    except OSError as error:
        raise InputError(
            "unreadable", "{path} can't be read: {reason}", path=found, reason=error.strerror or str(error)
        ) from None
    return torch.frombuffer(data, dtype=torch.uint8).reshape(shape)


def _fill(file: BufferedReader | gzip.GzipFile, data: bytearray) -> int:
    """Read into all of `data`; the number of bytes that there were."""
    view, filled = memoryview(data), 0
    while filled < len(data) and (count := file.readinto(view[filled:])):
        filled += count
    return filled


def _damaged(path: Path) -> InputError:
    return InputError("damaged-data", "{path} is damaged or not in the IDX format: download it again", path=path)
