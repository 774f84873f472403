"""A folder of pictures, decoded once, by all processors, and kept as it is trained on."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Literal, TypeVar

from torch import Tensor

from engine.data import Source
from engine.free_memory import bytes_in_words
from engine.hardware import processors
from engine.mapped import Mapped
from engine.message import InputError, Message, message
from engine.pictures.cache import PictureCache, remove_caches
from engine.pictures.files import Pixels, Resize, fit, is_grey, read_picture
from engine.pictures.folder import PictureFile
from engine.pictures.journal import FOLDER, About, Shape
from engine.store import cannot_write

PATIENCE = 0.5
"""So many seconds of work pass before a person is told of it."""
PACE = 0.1
"""Seconds between two reports."""
KEPT_SECONDS, KEPT_BYTES = 2.0, 2**25
"""At most so much work waits in memory to be kept."""
AHEAD = 4
"""Files that are begun, for each processor."""
MOST_AHEAD = 128
"""While what was read is brought to the disk, about so many more are read."""

Colour = Literal["auto", "grey", "rgb"]
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class Form:
    """What all pictures are brought to."""

    size: int
    """Height and width."""
    resize: Resize = "crop"
    colour: Colour = "auto"
    """`auto` is grey where no file holds colours."""


@dataclass(frozen=True)
class Decoded:
    """The pictures of some files."""

    images: Tensor | Mapped
    """uint8 `[N, C, H, W]`, of the files that could be read, in their order."""
    refused: dict[int, Message]
    """Those that could not, by their place, each with the reason."""


class Progress:
    """Tells how far work is that takes longer than `PATIENCE`, and is told by an exception to give it up."""

    def __init__(self, source: Source) -> None:
        self._report = source.report
        self._next = time.monotonic() + PATIENCE

    def tell(self, text: Message, fraction: float | None = None) -> None:
        """Where the work is, if it is time to tell."""
        if time.monotonic() >= self._next:
            self._report(text, fraction)
            self._next = time.monotonic() + PACE


def decode(
    files: Sequence[PictureFile], form: Form, source: Source, most_bytes: int, progress: Progress, folder: str = ""
) -> Decoded:
    """The pictures of these files: from the cache as far as it has them, else decoded and kept there.

    `folder` is where they lie, for who asks whose pictures are kept.

    All caches together take at most `most_bytes`, and this no more than half of what is free on the disk. Raises
    `InputError` where that is too little, or the data folder can't be written.
    """
    above = source.folder / FOLDER
    try:
        waiting = message("waiting-for-pictures", "waiting for another process, which reads the same pictures")
        with PictureCache(above / _key(files, form), lambda: progress.tell(waiting)) as cache:
            squares = [(channels, form.size, form.size) for channels in (1, 3)]
            if cache.shape not in squares or cache.files > len(files):
                cache.begin((_channels(files, form, progress), form.size, form.size))
            with contextlib.suppress(OSError):  # the pictures do without
                About(folder, len(files), form.size, form.resize, form.colour).write(cache.folder)
            if cache.files < len(files):
                assert cache.shape is not None
                _make_room(above, cache, math.prod(cache.shape) * len(files), most_bytes)
                _fill(cache, files, form, progress)
            return Decoded(cache.images(), cache.refused)
    except OSError as error:
        raise cannot_write(above, error) from None


def _key(files: Sequence[PictureFile], form: Form) -> str:
    """What the pictures are known by: their names, sizes and times, and what is made of them."""
    digest = blake2b(json.dumps([form.size, form.resize, form.colour]).encode(), digest_size=16)
    for file in files:
        digest.update(json.dumps([file.name, file.bytes, file.changed]).encode())
    return digest.hexdigest()


def _channels(files: Sequence[PictureFile], form: Form, progress: Progress) -> int:
    """1 for grey, 3 for red, green and blue."""
    if form.colour != "auto":
        return 1 if form.colour == "grey" else 3
    text = message("looking-at-pictures", "looking at {count} pictures", count=f"{len(files):,}")
    for done, coloured in enumerate(in_order(_is_coloured, files)):
        progress.tell(text, done / len(files))
        if coloured:
            return 3
    return 1


def _is_coloured(file: PictureFile) -> bool:
    try:
        return not is_grey(file.path)
    except InputError:
        return False


def _make_room(above: Path, cache: PictureCache, need: int, most: int) -> None:
    """See that there is room for so many bytes. Raises `InputError` where there is none."""
    if need > most:
        raise InputError(
            "cache-too-small", "the pictures take {need} at this size, and the cache may take {most}: choose a smaller "
            "size or a larger cache", need=bytes_in_words(need), most=bytes_in_words(most),
        )  # fmt: skip
    remove_caches(above, cache.folder, most - need)
    assert cache.shape is not None
    missing, free = need - cache.rows * math.prod(cache.shape), shutil.disk_usage(above).free
    if missing > free // 2:
        raise InputError(
            "disk-too-full", "the pictures take {need} at this size, more than half of the {free} that is free in "
            "{folder}: choose a smaller size, or make room", need=bytes_in_words(missing),
            free=bytes_in_words(free), folder=above,
        )  # fmt: skip


def _fill(cache: PictureCache, files: Sequence[PictureFile], form: Form, progress: Progress) -> None:
    """Decode the files that are not in the cache yet. What is done when it is given up stays."""
    assert cache.shape is not None
    text = message("reading-pictures", "reading {count} pictures", count=f"{len(files):,}")
    read = partial(_read, shape=cache.shape, resize=form.resize)
    done: list[Pixels | Message] = []
    at_once = max(1, KEPT_BYTES // math.prod(cache.shape))
    kept_at = time.monotonic()
    try:
        for result in in_order(read, files[cache.files :], min(MOST_AHEAD, at_once)):
            done.append(result)
            progress.tell(text, (cache.files + len(done)) / len(files))
            if len(done) >= at_once or time.monotonic() > kept_at + KEPT_SECONDS:
                batch, done = done, []
                cache.add(batch)
                kept_at = time.monotonic()
    finally:
        if done:
            cache.add(done)


def _read(file: PictureFile, shape: Shape, resize: Resize) -> Pixels | Message:
    try:
        return fit(read_picture(file.path, max(shape[1:]), file.name), shape, resize)
    except InputError as error:
        return error.message


def in_order(do: Callable[[S], T], files: Iterable[S], ahead: int = 0) -> Iterator[T]:
    """What `do` gives for each file, in their order, worked out by as many threads as there are processors.

    Pillow lets others run while it decodes. Only `ahead` files are begun, or `AHEAD` for each processor where that is
    more, so that little waits in memory.
    """
    threads = processors()
    ahead = max(ahead, AHEAD * threads)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="pictures")
    try:
        rest = iter(files)
        begun: deque[Future[T]] = deque(pool.submit(do, file) for file in itertools.islice(rest, ahead))
        while begun:
            result = begun.popleft().result()
            begun.extend(pool.submit(do, file) for file in itertools.islice(rest, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)
