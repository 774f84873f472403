"""Decoded pictures, kept: rows of uint8 in one file, and beside it a journal of what of them is whole.

A block of rows is written and flushed before its line in the journal is, so that whatever ends the process, the lines
tell of whole blocks alone; a digest in each line finds out what was changed since. Work goes on where the lines end.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO

import torch
from torch import Tensor

from engine.files import write_text
from engine.lock import FileLock
from engine.mapped import Mapped
from engine.message import InputError, Message
from engine.pictures.files import UNREADABLE, Pixels
from engine.pictures.journal import (
    FORMAT,
    JOURNAL,
    LOCK,
    PIXELS,
    Block,
    Shape,
    bytes_in,
    caches_in,
    digest,
    journal_text,
    sealed,
    shape_in,
    unsealed,
    used,
)
from engine.pictures.kept import delete_files

READ_AT_ONCE = 2**24


class PictureCache:
    """What is kept under one key, held by this process while it is open. Use as a context."""

    def __init__(self, folder: Path, waiting: Callable[[], None] = lambda: None) -> None:
        """Open or begin the cache in this folder.

        Where another process holds it, `waiting` is called again and again until it is free; it may raise. Raises
        `OSError` where the folder can't be made or read.
        """
        self.folder = folder
        self.shape: Shape | None = None
        """Of a picture, `(C, H, W)`; None where nothing is kept yet."""
        self.blocks: list[Block] = []
        self._lock = _held(folder / LOCK, waiting)
        try:
            self._read()
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> PictureCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    @property
    def files(self) -> int:
        """How many files are done."""
        return sum(block.files for block in self.blocks)

    @property
    def rows(self) -> int:
        """How many pictures there are."""
        return sum(block.rows for block in self.blocks)

    @property
    def refused(self) -> dict[int, Message]:
        """The files that are no pictures, by their place, each with the reason."""
        return {place: reason for block in self.blocks for place, reason in block.refused}

    def begin(self, shape: Shape) -> None:
        """Keep pictures of this shape; nothing else is kept yet."""
        self.shape, self.blocks = shape, []
        self._rewrite()

    def add(self, results: list[Pixels | Message]) -> None:
        """Keep what became of the next files: pictures of the shape, or why there is none. Raises `OSError`."""
        pictures = [each for each in results if not isinstance(each, Message)]
        data = b"".join(picture.tobytes() for picture in pictures)
        refused = tuple((place, each) for place, each in enumerate(results, self.files) if isinstance(each, Message))
        with open(self.folder / PIXELS, "r+b") as pixels:
            pixels.seek(self.rows * self._row_bytes)
            pixels.write(data)
            _flush(pixels)
        block = Block(len(results), len(pictures), digest(data), refused)
        with open(self.folder / JOURNAL, "a", encoding="ascii", newline="\n") as journal:
            journal.write(block.line())
            _flush(journal)
        self.blocks.append(block)

    def images(self) -> Tensor | Mapped:
        """All pictures, uint8 `[N, C, H, W]`, read from the file as they are used."""
        assert self.shape is not None
        with contextlib.suppress(OSError):
            os.utime(self.folder)  # of several caches, the one that was used last goes last
        if not self.rows:
            return torch.zeros((0, *self.shape), dtype=torch.uint8)
        return Mapped(self.folder / PIXELS, (self.rows, *self.shape))

    @property
    def _row_bytes(self) -> int:
        assert self.shape is not None
        return math.prod(self.shape)

    def _read(self) -> None:
        """Take up what is whole, and cut off what comes after it."""
        text = journal_text(self.folder)
        head, *lines = text.splitlines() or [""]
        shape = shape_in(head)
        if shape is None or not (self.folder / PIXELS).exists():
            return
        self.shape = shape
        with open(self.folder / PIXELS, "rb") as pixels:
            for line in lines:
                block = _whole_block(line, pixels, self._row_bytes)
                # What the system would not let be read, on a network disk for one, may be read the next time.
                if block is None or any(reason.code == UNREADABLE for _, reason in block.refused):
                    break
                self.blocks.append(block)
        if text != self._journal():
            self._rewrite()

    def _journal(self) -> str:
        return sealed({"format": FORMAT, "shape": self.shape}) + "".join(block.line() for block in self.blocks)

    def _rewrite(self) -> None:
        """Keep what the blocks tell of, and nothing else."""
        with open(self.folder / PIXELS, "ab") as pixels:
            pixels.truncate(self.rows * self._row_bytes)
            _flush(pixels)
        write_text(self.folder / JOURNAL, self._journal())


def remove_caches(above: Path, spare: Path, most: int) -> None:
    """Remove caches in the folder `above`, those used longest ago first, until the others take at most so many bytes.

    One that is in use, and `spare`, are left alone.
    """
    sizes = {folder: bytes_in(folder) for folder in caches_in(above) if folder != spare}
    for folder in sorted(sizes, key=used):
        if sum(sizes.values()) <= most:
            return
        with contextlib.suppress(InputError, OSError):
            lock = FileLock(folder / LOCK)
            try:
                delete_files(folder)
            finally:
                lock.release()
            shutil.rmtree(folder, ignore_errors=True)
        sizes[folder] = bytes_in(folder) if folder.exists() else 0


def _held(path: Path, waiting: Callable[[], None]) -> FileLock:
    while True:
        with contextlib.suppress(FileExistsError):  # as it is told where the folder goes while it is being looked at
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return FileLock(path)
        except FileNotFoundError:  # who made room removed the folder meanwhile
            continue
        except InputError:  # it has tried for a while
            waiting()


def _whole_block(line: str, pixels: BinaryIO, row_bytes: int) -> Block | None:
    """The block that a line tells of, if what it tells is what comes next in the file."""
    data = unsealed(line)
    if data is None:
        return None
    block, whole = Block.of(data), blake2b(digest_size=16)
    left = block.rows * row_bytes
    while left and (some := pixels.read(min(left, READ_AT_ONCE))):
        whole.update(some)
        left -= len(some)
    return block if whole.hexdigest() == block.digest else None


def _flush(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())
