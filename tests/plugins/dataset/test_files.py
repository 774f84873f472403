"""Files that all the world uses: MNIST as an example of how they are fetched, and of what is told where they can't."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import struct
import sys
from dataclasses import replace

import pytest

from engine.data import Source
from engine.message import InputError


@pytest.fixture
def origin(tmp_path, monkeypatch, catalogue):
    """A folder in the place of the address that MNIST is downloaded from, with six digits in it."""
    folder = tmp_path / "origin"
    folder.mkdir()
    for part, count in (("train", 4), ("t10k", 2)):
        pixels = bytes(range(count)) * (28 * 28)
        write(folder / f"{part}-images-idx3-ubyte.gz", struct.pack(">4I", 0x803, count, 28, 28) + pixels)
        write(folder / f"{part}-labels-idx1-ubyte.gz", struct.pack(">2I", 0x801, count) + bytes(range(count)))
    # torchvision asks for the length of what it reads, which a file's address does not tell.
    monkeypatch.setattr("torchvision.datasets.utils._urlretrieve", lambda url, path: shutil.copy(url[7:], path))
    module = sys.modules["plugins.dataset.mnist"]
    known = module.download()
    files = [(name, hashlib.md5((folder / name).read_bytes()).hexdigest()) for name, _ in known.files]
    mirrors = [(tmp_path / "absent").as_uri() + "/", folder.as_uri() + "/"]
    monkeypatch.setattr(module, "download", lambda: replace(known, files=files, mirrors=mirrors, size=1000))
    return folder


def write(path, data):
    path.write_bytes(gzip.compress(data))


def mnist(catalogue, folder, **values):
    told = []
    data = catalogue.make("dataset", "mnist", values).load(Source(folder, lambda text, share: told.append(text)))
    return data, told


def test_it_is_downloaded_from_the_first_mirror_that_has_it_and_only_once(catalogue, origin, tmp_path):
    data, told = mnist(catalogue, tmp_path / "data")
    assert data.training.targets.tolist() == [0, 1, 2, 3] and data.test.targets.tolist() == [0, 1]
    assert data.training.shape == (4, 1, 28, 28) and data.class_names == tuple("0123456789")
    assert str(told[0]) == f"downloading MNIST (0 MB) to {tmp_path / 'data' / 'MNIST' / 'raw'}"
    for path in origin.iterdir():
        path.unlink()
    again, told = mnist(catalogue, tmp_path / "data")
    assert again.training.inputs.equal(data.training.inputs) and told == []


def test_what_was_put_there_by_hand_is_not_downloaded_again(catalogue, origin, tmp_path):
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in origin.iterdir():
        path.rename(raw / path.name)
    assert len(mnist(catalogue, tmp_path / "data")[0].training) == 4


def test_where_it_can_not_be_had_it_says_which_files_to_put_where(catalogue, origin, tmp_path):
    (origin / "t10k-images-idx3-ubyte.gz").write_bytes(b"something else")
    with pytest.raises(InputError) as raised:
        mnist(catalogue, tmp_path / "data")
    text, raw = str(raised.value), tmp_path / "data" / "MNIST" / "raw"
    assert "\n" not in text and text.startswith("MNIST could not be downloaded (")
    assert "put its files (train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, " in text
    assert f"into {raw}, or name the folder that holds them by mnist:path=DIR" in text
    assert not (raw / "t10k-images-idx3-ubyte.gz").exists(), "what is not what it should be is not left there"


def test_a_folder_that_is_named_is_read_and_never_downloaded_to(catalogue, origin, tmp_path):
    data, told = mnist(catalogue, tmp_path / "data", path=str(origin))
    assert len(data.training) == 4 and told == [] and not (tmp_path / "data").exists()
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte.gz is missing"):
        mnist(catalogue, tmp_path / "data", path=str(tmp_path))


def test_the_hashes_are_those_that_torchvision_knows(catalogue):
    download = sys.modules["plugins.dataset.mnist"].download()
    assert len(download.files) == 4 and all(len(digest) == 32 for _, digest in download.files)
