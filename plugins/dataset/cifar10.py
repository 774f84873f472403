"""CIFAR-10: small colour photographs (Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images").

Read from its binary version, https://www.cs.toronto.edu/~kriz/cifar.html: in each file 10,000 records of 3,073 bytes,
the label and the red, green and blue values of 32×32 pixels. The version for Python is pickled, and so is never read.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import torch
from torch import Tensor

from engine.data import DataBundle, Part, Source
from engine.message import InputError
from engine.reading import opened
from engine.strategy import Code, Dataset, hookimpl
from plugins.dataset._files import Download, user_folder

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SHAPE, RECORD = (3, 32, 32), 3073
RECORDS = 10_000
"""Of each file."""
FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
FOLDER = "cifar-10-batches-bin"
"""In the archive, and of those who unpacked it."""
ARCHIVE = "cifar-10-binary.tar.gz"
DOWNLOAD = Download(
    "CIFAR-10", [(ARCHIVE, "c32a1d4ab5d03f1284b67883e8d87530")], ["https://www.cs.toronto.edu/~kriz/"], 170_052_171,
    "put {files}, the binary version, into {folder}, or name the folder that holds it by cifar10:path=DIR",
)  # fmt: skip

if TYPE_CHECKING:
    from engine.config import RunConfig
"""The archive and its MD5 as the author's page gives them."""
BESIDE = 2**20
"""Bytes of an archive, unpacked, that are none of the files', at most."""

FETCHED = f"""\
url = {DOWNLOAD.mirrors[0] + ARCHIVE!r}
download_url(url, f"{{DATA}}/CIFAR10", md5={DOWNLOAD.files[0][1]!r})
"""
PACKED = """\
archive = tarfile.open({place} + "/{archive}")


def read(name):
    return archive.extractfile(f"cifar-10-batches-bin/{{name}}.bin").read()"""
UNPACKED = """\
def read(name):
    with open({path!r} + f"/{{name}}.bin", "rb") as file:
        return file.read()"""
RECORDS_OF = """\
{read}


def records(*names):  # each is a label and 3 × 32 × 32 pixels
    rows = torch.frombuffer(bytearray(b"".join(map(read, names))), dtype=torch.uint8).view(-1, 3073)
    return rows[:, 1:].view(-1, 3, 32, 32), rows[:, 0].long()


inputs, targets = records(*(f"data_batch_{{number}}" for number in range(1, 6)))
test_inputs, test_targets = records("test_batch")
classes = 10"""


class CIFAR10(Dataset):
    """The photographs of CIFAR-10: 50,000 training and 10,000 test images, colour, 32×32, ten classes.

    Read from `path` where one is given, else from the workspace's data folder, into which its binary archive is
    downloaded once (170 MB).
    """

    path: str = ""
    """Folder that holds cifar-10-binary.tar.gz, or the .bin files out of it; empty downloads it if need be."""

    def load(self, source: Source) -> DataBundle:
        folder = user_folder(self.path) if self.path else DOWNLOAD.into(source.folder / "CIFAR10", source)
        images = torch.empty(len(FILES) * RECORDS, *SHAPE, dtype=torch.uint8)
        labels = torch.empty(len(images), dtype=torch.int64)
        missing = set(FILES)
        for name, path, data in _files(folder):
            missing.discard(name)
            _put(data, path, slice(FILES.index(name) * RECORDS, (FILES.index(name) + 1) * RECORDS), images, labels)
        if missing:
            raise InputError("no-data-file", "{path} is missing", path=folder / min(missing))
        training = torch.arange(len(images) - RECORDS)
        test = torch.arange(len(training), len(images))
        parts = [Part(images, labels[rows], rows) for rows in (training, test)]
        return DataBundle(parts[0], test=parts[1], class_names=CLASS_NAMES)

    def code(self, config: RunConfig) -> Code:
        folder = user_folder(self.path).absolute() if self.path else None
        unpacked = folder and next((at for at in (folder, folder / FOLDER) if (at / FILES[0]).is_file()), None)
        if unpacked:
            return Code(lines=RECORDS_OF.format(read=UNPACKED.format(path=str(unpacked))), has_test=True)
        place = repr(str(folder)) if folder else 'f"{DATA}/CIFAR10"'
        read = ("" if folder else FETCHED) + PACKED.format(place=place, archive=ARCHIVE)
        imports = ("import tarfile", *(() if folder else ("from torchvision.datasets.utils import download_url",)))
        return Code(imports=imports, lines=RECORDS_OF.format(read=read), has_test=True)


def _put(data: bytes, path: Path, rows: slice, images: Tensor, labels: Tensor) -> None:
    """Bring the records of a file where they belong."""
    if len(data) != RECORDS * RECORD:
        raise _damaged(path)
    records = torch.frombuffer(bytearray(data), dtype=torch.uint8).view(RECORDS, RECORD)
    if int(records[:, 0].max()) >= len(CLASS_NAMES):
        raise _damaged(path)
    labels[rows] = records[:, 0].long()
    images[rows] = records[:, 1:].view(RECORDS, *SHAPE)


def _files(folder: Path) -> Iterator[tuple[str, Path, bytes]]:
    """The files of the data set, each by its name, with where it was found: unpacked, else in the archive."""
    for within in (folder, folder / FOLDER):
        if (within / FILES[0]).is_file():
            for name in FILES:
                with _reading(within / name) as file:
                    yield name, within / name, file.read(RECORDS * RECORD + 1)
            return
    archive = folder / ARCHIVE
    with _reading(archive) as packed, gzip.GzipFile(fileobj=packed) as unpacked:
        yield from ((name, archive, data) for name, data in _members(unpacked, archive))


def _members(unpacked: BinaryIO | gzip.GzipFile, archive: Path) -> Iterator[tuple[str, bytes]]:
    """The files in an archive, which is never unpacked to the disk: what else it holds is passed over."""
    size = RECORDS * RECORD
    # Nobody's archive is worth more: a few kilobytes can be unpacked to gigabytes.
    whole = _Limited(unpacked, len(FILES) * (size + 512) + BESIDE)
    found = set()
    with tarfile.open(fileobj=whole, mode="r|") as members:
        for member in members:
            folder, _, name = member.name.rpartition("/")
            if folder.removeprefix("./") != FOLDER or name not in FILES or not member.isreg():
                continue
            file = members.extractfile(member) if member.size == size and name not in found else None
            if file is None:
                raise _damaged(archive)
            found.add(name)
            yield name, file.read()


class _Limited(io.RawIOBase):
    """Not more than so many bytes of a file."""

    def __init__(self, file: BinaryIO | gzip.GzipFile, most: int) -> None:
        self._file, self._left = file, most

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, self._left) if size >= 0 else self._left)
        self._left -= len(data)
        return data


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    """A file, open for reading. Raises `InputError` where it is not there, can't be read, or is damaged."""
    try:
        with opened(path) as (file, _):
            yield file
    except FileNotFoundError:
        raise InputError("no-data-file", "{path} is missing", path=path) from None
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, RecursionError):
        raise _damaged(path) from None
    except OSError as error:
        raise InputError(
            "unreadable", "{path} can't be read: {reason}", path=path, reason=error.strerror or str(error)
        ) from None


def _damaged(path: Path) -> InputError:
    return InputError(
        "damaged-data", "{path} is damaged or not the binary version of CIFAR-10: download it again", path=path
    )


@hookimpl
def register_strategies() -> list[type[Dataset]]:
    return [CIFAR10]
