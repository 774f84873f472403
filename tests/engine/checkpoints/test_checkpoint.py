from __future__ import annotations

import hashlib
import json
import os
import pickle
import random
import struct

import pytest
import torch

from engine.checkpoints.checkpoint import NotFinite, Snapshot, decode, encode, read_checkpoint, write_checkpoint
from engine.checkpoints.header import read_meta
from engine.files import write_text
from engine.message import InputError
from tests.engine.support import bare_snapshot, run_stored, same_bits


@pytest.fixture
def snapshot(tiny):
    """A run of nothing much, with tensors of several types."""
    generator = torch.Generator().manual_seed(0)
    bare = bare_snapshot(tiny(name='a "quoted" \\ name, 한국어'), 1, None)
    return Snapshot(
        bare.tensors
        | {
            "model.weight": torch.randn(6, 5, generator=generator),
            "model.running": torch.arange(4),
            "model.half": torch.randn(3, generator=generator).bfloat16(),
            "model.empty": torch.zeros(0, 3),
            "optimizer.weight.step": torch.tensor(3.0),
        },
        bare.meta | {"stepped": ["weight"], "optimizer": {"weight.number": 0.1}},
    )


def one_line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_snapshot_is_read_back_bit_for_bit(tmp_path, snapshot):
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, snapshot)
    read = read_checkpoint(path)
    assert read.meta == snapshot.meta
    assert read.tensors.keys() == snapshot.tensors.keys()
    assert all(same_bits(read.tensors[name], tensor) for name, tensor in snapshot.tensors.items())
    assert read_meta(path) == snapshot.meta
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


def test_the_digest_is_that_of_the_file_with_its_own_digits_zeroed(snapshot):
    data = encode(snapshot)
    digest = json.loads(json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]["tunedeck"])[
        "sha256"
    ]
    assert data.count(digest.encode()) == 1
    assert hashlib.sha256(data.replace(digest.encode(), b"0" * 64)).hexdigest() == digest


def test_the_bytes_depend_on_the_snapshot_alone(snapshot):
    assert encode(snapshot) == encode(Snapshot(dict(reversed(snapshot.tensors.items())), snapshot.meta))


def test_every_flipped_bit_is_noticed(tiny):
    data = run_stored(tiny(epochs=1))[1].last_bytes
    decode(data, "whole")
    draw = random.Random(0)
    header = 8 + struct.unpack("<Q", data[:8])[0]
    places = (
        [draw.randrange(len(data)) for _ in range(100)] + [draw.randrange(header) for _ in range(92)] + list(range(8))
    )
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << draw.randrange(8)
        with pytest.raises(InputError) as error:
            decode(bytes(changed), "FILE")
        assert one_line(error).startswith("FILE"), place


def test_every_truncation_and_extension_is_noticed(snapshot):
    data = encode(snapshot)
    draw = random.Random(0)
    for length in [0, 1, 7, 8, 9, len(data) - 1, *(draw.randrange(len(data)) for _ in range(50))]:
        with pytest.raises(InputError) as error:
            decode(data[:length], "FILE")
        assert one_line(error)
    with pytest.raises(InputError, match="damaged"):
        decode(data + b"\0", "FILE")


def resealed(data, change):
    """The file with another entry, and the digest that belongs to it."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    meta = json.loads(header["__metadata__"]["tunedeck"])
    change(meta)
    header["__metadata__"]["tunedeck"] = json.dumps(meta, separators=(",", ":"))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def test_a_newer_format_is_told_apart_from_damage(snapshot):
    with pytest.raises(InputError) as error:
        decode(resealed(encode(snapshot), lambda meta: meta.update(format=2)), "FILE")
    assert error.value.message.code == "newer-format"
    assert "format 2" in one_line(error) and "update" in str(error.value)


@pytest.mark.parametrize("version", [None, 0, -1, "1", 1.0, [1]])
def test_a_format_that_is_no_number_is_no_checkpoint(snapshot, version):
    with pytest.raises(InputError, match="not a Tunedeck checkpoint"):
        decode(resealed(encode(snapshot), lambda meta: meta.update(format=version)), "FILE")


@pytest.mark.parametrize("digest", [None, "", "0" * 64, "x", 5])
def test_a_wrong_digest_is_damage(snapshot, digest):
    with pytest.raises(InputError, match="damaged"):
        decode(resealed(encode(snapshot), lambda meta: meta.update(sha256=digest)), "FILE")


class Bomb:
    def __reduce__(self):
        return os.abort, ()


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(Bomb()), b"", b"hello", b"epochs: 3\n" * 100, b"\xff" * 1000, b"PK\x03\x04" + bytes(500),
        struct.pack("<Q", 2**63) + bytes(100), struct.pack("<Q", 60) + b"[" * 60, struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 20) + b'{"__metadata__": 12} ',
    ],
    ids=["pickle", "empty", "text", "yaml", "ones", "zip", "huge", "nested", "bare", "odd"],
)  # fmt: skip
def test_other_files_are_refused_in_one_line_and_nothing_in_them_is_run(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    for read in (read_checkpoint, read_meta):
        with pytest.raises(InputError, match="not a Tunedeck checkpoint") as error:
            read(path)
        assert str(path) in one_line(error)


def test_a_plain_safetensors_file_is_no_checkpoint(tmp_path):
    import safetensors.torch

    safetensors.torch.save_file({"weight": torch.zeros(3)}, tmp_path / "plain.safetensors")
    with pytest.raises(InputError, match="not a Tunedeck checkpoint"):
        read_checkpoint(tmp_path / "plain.safetensors")


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        for read in (read_checkpoint, read_meta):
            with pytest.raises(InputError, match="can't be read"):
                read(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["model.weight", "optimizer.weight.step"])
def test_a_value_that_is_not_finite_is_refused_before_anything_is_written(tmp_path, snapshot, name, value):
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, snapshot)
    before = path.read_bytes()
    snapshot.tensors[name].view(-1)[-1] = value
    with pytest.raises(NotFinite) as error:
        write_checkpoint(path, snapshot)
    assert error.value.name == name
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_metadata_that_is_not_finite_is_refused(snapshot):
    with pytest.raises(ValueError, match="JSON"):
        encode(Snapshot(snapshot.tensors, snapshot.meta | {"epochs": float("nan")}))


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, snapshot, monkeypatch, call):
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, snapshot)
    before = path.read_bytes()

    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    if call == "open":
        monkeypatch.setattr("builtins.open", fail)
    else:
        monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(path, Snapshot({"model.other": torch.ones(3)}, {}))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_folder_that_can_not_be_flushed_fails_no_write(tmp_path, monkeypatch):
    flush = os.fsync
    calls = []

    def fsync(handle):
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(22, "Invalid argument")
        flush(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_text(tmp_path / "a.txt", "new")
    assert len(calls) == 2
    assert (tmp_path / "a.txt").read_text() == "new"


def test_the_group_of_a_prefix_is_what_stands_behind_it(snapshot):
    assert snapshot.group("model").keys() == {"weight", "running", "half", "empty"}
    assert snapshot.group("optimizer").keys() == {"weight.step"}
    assert snapshot.group("mod") == {}
