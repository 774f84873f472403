"""Data sets of files that all the world uses: found in a folder, or downloaded once, their hashes checked."""

from __future__ import annotations

import contextlib
import io
import math
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path

from engine.data import DataBundle, Part, Source
from engine.files import write_text
from engine.idx import read_idx
from engine.lock import changing
from engine.message import InputError
from engine.strategy import Code, message

DONE = "complete"
"""Written beside downloaded files once all are there: they are written under their own names at once."""
IDX_FILES = tuple(f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
"""Of MNIST and its kin."""


@dataclass(frozen=True)
class Download:
    """The files of a data set, as they can be had."""

    name: str
    files: Sequence[tuple[str, str]]
    """Each with its MD5."""
    mirrors: Sequence[str]
    """Where they lie: addresses that end with a slash."""
    size: int
    """Bytes of all files together."""
    instead: str
    """What to do where they can't be had, of {files} and {folder}."""

    def into(self, folder: Path, source: Source) -> Path:
        """The folder with all files in it: downloaded, unless they are there. Raises `InputError`."""
        if not (folder / DONE).exists():
            _fetch(self, folder, source)
            write_text(folder / DONE, "All files are here and their hashes are right.\n")
        return folder


def user_folder(path: str) -> Path:
    """A folder as a person names it, who may mean the home folder by `~`."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 it raises for no name of a user


def read_idx_folder(folder: Path, class_names: tuple[str, ...]) -> DataBundle:
    """The data set in the four IDX files of a folder, plain or compressed."""
    parts = []
    for name in ("train", "t10k"):
        images = read_idx(folder / f"{name}-images-idx3-ubyte", 3)
        labels = read_idx(folder / f"{name}-labels-idx1-ubyte", 1)
        if len(images) != len(labels) or int(labels.max()) >= len(class_names):
            raise InputError("damaged-data", "{path} holds images and labels that don't belong together", path=folder)
        parts.append(Part(images.unsqueeze(1), labels.long()))
    return DataBundle(parts[0], test=parts[1], class_names=class_names)


def idx_code(folder: Path, *, has_twins: bool) -> Code:
    """What reads them in the script of a run."""
    packed = (folder / IDX_FILES[0]).exists() or not (folder / IDX_FILES[0].removesuffix(".gz")).exists()
    return Code(
        imports=("import gzip",) if packed else (), has_test=True, has_twins=has_twins,
        lines=IDX_READ.format(
            path=str(folder.absolute()), opened="gzip.open" if packed else "open",
            mode="" if packed else ', "rb"', suffix="-ubyte.gz" if packed else "-ubyte",
        ),
    )  # fmt: skip


IDX_READ = """\
def read(name, header):
    with {opened}({path!r} + f"/{{name}}{suffix}"{mode}) as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


inputs, targets = read("train-images-idx3", 16).view(-1, 1, 28, 28), read("train-labels-idx1", 8).long()
test_inputs, test_targets = read("t10k-images-idx3", 16).view(-1, 1, 28, 28), read("t10k-labels-idx1", 8).long()
classes = 10"""


def torchvision_code(name: str, *, has_twins: bool) -> Code:
    """What torchvision's own class reads, and downloads if need be, in the script of a run."""
    return Code(
        imports=("from torchvision import datasets",), lines=TORCHVISION.format(name=name), has_test=True,
        has_twins=has_twins,
    )  # fmt: skip


TORCHVISION = """\
known, unknown = (datasets.{name}(DATA, train=train, download=True) for train in (True, False))
inputs, targets = known.data.unsqueeze(1), known.targets
test_inputs, test_targets = unknown.data.unsqueeze(1), unknown.targets
classes = 10"""


def _fetch(wanted: Download, folder: Path, source: Source) -> None:
    """Download by torchvision, which checks the files' hashes, and report how far it is by the bytes that are there."""
    text = message(
        "downloading", "downloading {name} ({megabytes} MB) to {folder}", name=wanted.name,
        megabytes=round(wanted.size / 1e6), folder=folder,
    )  # fmt: skip
    source.report(text, 0.0)
    # torchvision draws its own progress bars on standard error; the report takes their place.
    job: Future[None] = Future()

    def work() -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with changing(folder, math.inf):  # another process, or who gave up waiting here, may be at it
                for name, digest in wanted.files:
                    _fetch_file(wanted.mirrors, folder, name, digest)
            job.set_result(None)
        except BaseException as error:  # noqa: BLE001 told in the thread that waits
            job.set_exception(error)

    # A daemon: whoever gives up waiting, by Ctrl-C or by closing the window, is not held until the download ends.
    with contextlib.redirect_stderr(io.StringIO()):
        threading.Thread(target=work, name="download", daemon=True).start()
        while wait([job], timeout=0.2).not_done:
            there = sum(path.stat().st_size for name, _ in wanted.files if (path := folder / name).exists())
            source.report(text, min(1.0, there / wanted.size))
    error = job.exception()
    if error is not None:
        raise InputError(
            "download-failed", "{name} could not be downloaded ({reason}): " + wanted.instead, name=wanted.name,
            reason=" ".join(str(error).split())[:200], folder=folder, files=", ".join(name for name, _ in wanted.files),
        ) from error  # fmt: skip


def _fetch_file(mirrors: Sequence[str], folder: Path, name: str, digest: str) -> None:
    """One file, unless it is there and whole; from the first mirror that gives it."""
    from torchvision.datasets.utils import download_url

    for place, mirror in enumerate(mirrors):
        try:
            download_url(mirror + name, os.fspath(folder), name, digest)
        except (OSError, RuntimeError):
            (folder / name).unlink(missing_ok=True)
            if place == len(mirrors) - 1:
                raise
        else:
            return
