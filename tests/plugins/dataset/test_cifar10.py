"""CIFAR-10 from its binary version: unpacked or in its archive, and what is wrong with one in one line."""

from __future__ import annotations

import gzip
import io
import random
import sys
import tarfile

import pytest
import torch

from engine.data import Source
from engine.message import InputError

RECORDS = 7
NAMES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


@pytest.fixture(autouse=True)
def _few(monkeypatch, catalogue):
    """So few records in each file, and nobody downloads anything."""
    module = sys.modules["plugins.dataset.cifar10"]
    monkeypatch.setattr(module, "RECORDS", RECORDS)
    monkeypatch.setattr(module, "BESIDE", 2**14)
    monkeypatch.setattr(sys.modules["plugins.dataset._files"], "_fetch", lambda wanted, folder, source: None)


@pytest.fixture(scope="module")
def contents():
    draw = random.Random(0)
    return {
        name: b"".join(bytes([draw.randrange(10)]) + draw.randbytes(3072) for _ in range(RECORDS)) for name in NAMES
    }


def load(catalogue, path):
    return catalogue.make("dataset", "cifar10", {"path": str(path)}).load(Source(path / "nowhere"))


def archive(folder, contents, *, above="cifar-10-batches-bin/", beside=()):
    """The archive as its author made it, with a text among the files, and with others where asked."""
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as whole:
        for name, data in [("batches.meta.txt", b"airplane\n"), *contents.items(), *beside]:
            member = tarfile.TarInfo(name if name.startswith("/") else above + name)
            member.size = len(data)
            whole.addfile(member, io.BytesIO(data))
    return folder


def unpacked(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("how", ["packed", "packed otherwise", "unpacked", "unpacked as it was packed"])
def test_each_record_is_a_label_and_its_pixels_in_the_order_of_the_files(catalogue, tmp_path, contents, how):
    if how.startswith("packed"):
        order = dict(reversed(contents.items()))
        archive(tmp_path, *([order] if how == "packed otherwise" else [contents]), above="./cifar-10-batches-bin/")
    else:
        unpacked(tmp_path / ("cifar-10-batches-bin" if "was" in how else "."), contents)
    data = load(catalogue, tmp_path)
    assert data.training.shape == (5 * RECORDS, 3, 32, 32) and data.test.shape == (RECORDS, 3, 32, 32)
    assert data.class_names[0] == "airplane" and data.class_names[9] == "truck"
    for part, names in ((data.training, NAMES[:5]), (data.test, NAMES[5:])):
        whole = b"".join(contents[name] for name in names)
        records = torch.frombuffer(bytearray(whole), dtype=torch.uint8).view(-1, 3073)
        assert part.targets.tolist() == records[:, 0].tolist()
        assert part.inputs.flatten(1).equal(records[:, 1:])


def test_it_is_kept_where_it_was_downloaded_to(catalogue, tmp_path, contents):
    archive(tmp_path / "CIFAR10", contents)
    assert len(catalogue.make("dataset", "cifar10", {}).load(Source(tmp_path)).training) == 5 * RECORDS


@pytest.mark.parametrize("make", [unpacked, archive])
def test_of_another_size_or_with_an_eleventh_class_it_is_damaged(catalogue, tmp_path, contents, make):
    for place, wrong in enumerate((b"", contents[NAMES[2]][:-1], contents[NAMES[2]] + b"\0", b"\x0a" + bytes(21510))):
        folder = make(tmp_path / str(place), {**contents, NAMES[2]: wrong})
        with pytest.raises(InputError, match=r"is damaged or not the binary version of CIFAR-10: download it again"):
            load(catalogue, folder)


@pytest.mark.parametrize("make", [unpacked, archive])
def test_what_is_missing_is_named(catalogue, tmp_path, contents, make):
    with pytest.raises(InputError, match=r"cifar-10-binary.tar.gz is missing"):
        load(catalogue, tmp_path)
    folder = make(tmp_path / "some", {name: data for name, data in contents.items() if name != NAMES[5]})
    with pytest.raises(InputError, match=r"test_batch.bin is missing"):
        load(catalogue, folder)


def test_files_elsewhere_in_an_archive_are_none_of_its_own_and_nothing_is_unpacked(catalogue, tmp_path, contents):
    evil = [("../../test_batch.bin", contents[NAMES[0]]), ("/tmp/data_batch_1.bin", contents[NAMES[1]])]
    before = set(archive(tmp_path, contents, beside=[("../x", b"x")]).iterdir())
    assert load(catalogue, tmp_path).test.targets.tolist() == [contents[NAMES[5]][row * 3073] for row in range(RECORDS)]
    assert set(tmp_path.iterdir()) == before
    archive(tmp_path, contents, beside=evil)
    with pytest.raises(InputError, match="damaged"):  # so much beside the files is nobody's
        load(catalogue, tmp_path)


def test_what_unpacks_to_more_than_the_files_is_refused_before_it_is_read(catalogue, tmp_path, contents):
    bomb = gzip.compress(bytes(2**26))
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(bomb)
    with pytest.raises(InputError, match=r"damaged|is missing"):
        load(catalogue, tmp_path)
    archive(tmp_path, contents, beside=[("zeros", bytes(2**26))])
    with pytest.raises(InputError, match="damaged"):
        load(catalogue, tmp_path)


def test_an_archive_of_any_other_content_is_told_in_one_line(catalogue, tmp_path, contents):
    path = archive(tmp_path, contents) / "cifar-10-binary.tar.gz"
    plain, draw = gzip.decompress(path.read_bytes()), random.Random(1)
    for trial in range(60):
        changed = bytearray(plain[: draw.randrange(len(plain)) if trial % 3 == 0 else len(plain)])
        for _ in range(trial % 4):
            header = draw.randrange(0, max(1, len(changed) // 21_524)) * 21_524
            changed[min(len(changed) - 1, header + draw.randrange(600))] = draw.randrange(256)
        packed = bytearray(gzip.compress(bytes(changed), 1))
        if trial % 5 == 0:
            packed[draw.randrange(len(packed))] ^= 1
        path.write_bytes(packed)
        try:
            data = load(catalogue, tmp_path)
        except InputError as error:
            assert "\n" not in str(error), trial
        else:
            assert len(data.training) == 5 * RECORDS
