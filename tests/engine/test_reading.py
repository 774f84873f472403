"""One way to read what anyone may have made."""

from __future__ import annotations

import errno
import gzip
import os
import struct
import tracemalloc

import numpy as np
import pytest

from engine.checkpoints.checkpoint import read_checkpoint
from engine.hardware import remembered_threads
from engine.history import EPOCH_HEADER, MAX_BYTES, MAX_EPOCHS, STEP_HEADER, epoch_line, read_epochs, read_history
from engine.history import EpochRow as Row
from engine.idx import read_idx
from engine.message import InputError
from engine.reading import opened, parse_json, read_json, read_limited
from engine.run_records.notes import FILE as NOTES
from engine.run_records.notes import Notes, read_notes
from engine.run_records.result import FILE as RESULT
from engine.run_records.result import read_result
from engine.yaml_file import read_yaml

unix = pytest.mark.skipif(os.name == "nt", reason="there are no pipes and devices in folders")


def test_a_file_is_read_up_to_its_limit_and_no_more(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_limited(path, 5) == b"12345"
    with pytest.raises(OSError) as error:
        read_limited(path, 4)
    assert error.value.errno == errno.EFBIG


def test_a_file_that_grows_while_it_is_read_is_not_followed(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    before = os.fstat

    def grow(handle):
        status = before(handle)
        path.write_bytes(b"x" * 1_000)
        return status

    monkeypatch.setattr(os, "fstat", grow)
    with pytest.raises(OSError) as error:
        read_limited(path, 10)
    assert error.value.errno == errno.EFBIG


@unix
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop", "nothing"])
def test_what_is_no_file_is_not_opened(tmp_path, kind):
    path = tmp_path / "file"
    make = {
        "pipe": os.mkfifo, "device": lambda path: path.symlink_to("/dev/zero"), "folder": os.mkdir,
        "loop": lambda path: path.symlink_to("file"), "nothing": lambda path: None,
    }  # fmt: skip
    make[kind](path)
    with pytest.raises(OSError), opened(path):
        pass


@unix
def test_a_pipe_that_takes_a_file_s_place_is_not_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.touch()
    regular = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(type(path), "stat", lambda self, **_: regular)
    with pytest.raises(OSError, match="no file"), opened(path):
        pass


@unix
def test_a_file_that_would_have_to_be_waited_for_is_left(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    read, write = os.pipe()
    os.set_blocking(read, False)
    with pytest.raises(BlockingIOError), opened(path) as (file, _):
        os.dup2(read, file.fileno())  # nothing is written into it
        file.read(5)
    os.close(read)
    os.close(write)


@unix
def test_links_are_followed_where_that_is_asked_for_alone(tmp_path):
    (tmp_path / "file").write_bytes(b"[]")
    (tmp_path / "link").symlink_to("file")
    assert read_json(tmp_path / "link", 10) == []
    with pytest.raises(OSError):
        read_json(tmp_path / "link", 10, links=False)


def test_a_name_with_a_zero_byte_is_nobody_s(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_limited(tmp_path / "a\0b", 10)


def test_json_without_numbers_that_are_not_finite_and_without_an_abyss():
    assert parse_json('[1e400, NaN, -Infinity, 1.5, "NaN"]') == [None, None, None, 1.5, "NaN"]
    for text in ("[" * 100_000, "", "{", b"\xff"):
        with pytest.raises(ValueError):
            parse_json(text)


def test_a_record_is_read_a_piece_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.history.CHUNK", 2**14)
    (tmp_path / "steps.csv").write_bytes(STEP_HEADER.encode() + b"1\n" * 500_000)
    tracemalloc.start()
    try:
        assert len(read_history(tmp_path).steps) == 0
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_rows_across_pieces_are_whole(tmp_path, monkeypatch):
    rows = [(float(step), step / 7, 0.001) for step in range(1, 200)]
    (tmp_path / "steps.csv").write_text(STEP_HEADER + "".join(f"{int(a)},{b!r},{c!r}\n" for a, b, c in rows))
    for size in (1, 2, 3, 17, 64):
        monkeypatch.setattr("engine.history.CHUNK", size)
        assert np.array_equal(read_history(tmp_path).steps, np.array(rows)), size


def test_a_record_longer_than_any_is_named(tmp_path):
    with open(tmp_path / "steps.csv", "wb") as file:
        file.write(STEP_HEADER.encode())
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError, match=r"steps\.csv is longer than the record of any run"):
        read_history(tmp_path)


def test_more_epochs_than_any_run_has_are_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.history.MAX_EPOCHS", 3)
    (tmp_path / "history.csv").write_text(EPOCH_HEADER + epoch_line(Row(1)) * 3)
    assert len(read_epochs(tmp_path)) == 3 < MAX_EPOCHS
    (tmp_path / "history.csv").write_text(EPOCH_HEADER + epoch_line(Row(1)) * 4)
    with pytest.raises(InputError):
        read_epochs(tmp_path)


def test_no_memory_is_taken_for_images_that_are_promised_alone(tmp_path):
    head = bytes([0, 0, 8, 3]) + struct.pack(">3I", 400_000, 28, 28)
    for name, data in (("plain", head), ("packed.gz", gzip.compress(head + bytes(1_000_000)))):
        (tmp_path / name).write_bytes(data)
        tracemalloc.start()
        try:
            with pytest.raises(InputError, match="damaged"):
                read_idx(tmp_path / name.removesuffix(".gz"), 3)
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()


def test_a_file_that_may_not_be_read_is_refused_or_left_out_by_every_reader(tmp_path, monkeypatch):
    names = ("settings.yaml", NOTES, RESULT, "history.csv", "steps.csv", "threads.json", "best.safetensors")
    for name in names:
        (tmp_path / name).write_text("{}")

    def refuse(*arguments):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match=r"settings\.yaml can't be read: Permission denied"):
        read_yaml(tmp_path / "settings.yaml")
    with pytest.raises(InputError, match=r"best\.safetensors can't be read"):
        read_checkpoint(tmp_path / "best.safetensors")
    history = read_history(tmp_path)
    assert (read_notes(tmp_path), read_result(tmp_path), history.epochs, len(history.steps)) == (Notes(), None, [], 0)
    assert remembered_threads(tmp_path / "threads.json", ["case"], lambda: 1) == 1
