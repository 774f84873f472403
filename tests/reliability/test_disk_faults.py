"""Whatever fails on the disk, and whatever a sudden exit leaves of it: a run can be used, and goes on as ever."""

from __future__ import annotations

import errno
import os
import random
import sys
from pathlib import Path

import pytest

import engine.files
from engine.files import append_text, flush_folder, give_name, make_folder, write_bytes
from tests.reliability.disk_faults import disk_faults
from tests.reliability.faulty_disk import FaultyDisk, SuddenExit

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows flushes no folders")


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


def test_a_run_whose_disk_fails_anywhere_loses_nothing_that_was_told_to_be_saved(tmp_path):
    seed = random.randrange(10**6)
    found = disk_faults(tmp_path, trials=2, seed=seed)
    assert found.wrong == [], f"seed {seed}"
    assert min(found.failed, found.exits, found.states) > 8


def states(folder, act):
    """What a sudden exit at each operation of `act` may leave in a folder, which is made anew by `act` itself."""
    found, at = [], 0
    while True:
        at += 1
        for path in folder.iterdir():
            path.unlink()
        write_bytes(folder / "file", b"old")
        with FaultyDisk(folder, at) as disk:
            try:
                act()
            except SuddenExit:
                pass
            else:
                return found
            found += disk.left()


def test_after_a_sudden_exit_a_file_is_the_old_one_or_the_new_one(tmp_path):
    found = states(tmp_path, lambda: write_bytes(tmp_path / "file", b"new and longer"))
    assert {state["file"] for state in found} == {b"old", b"new and longer"}


@pytest.mark.parametrize("forgotten", ["fsync", "replace"])
def test_the_disk_finds_what_is_not_flushed_or_not_renamed(tmp_path, monkeypatch, forgotten):
    def careless(path, data):
        with open(path, "xb") as file:
            file.write(data)

    if forgotten == "fsync":
        monkeypatch.setattr(engine.files, "_write", careless)
        found = states(tmp_path, lambda: write_bytes(tmp_path / "file", b"new and longer"))
    else:
        found = states(tmp_path, lambda: (tmp_path / "file").unlink() or careless(tmp_path / "file", b"new and longer"))
    assert {state.get("file") for state in found} - {b"old", b"new and longer"}


def test_what_is_in_a_new_folder_lasts_as_the_folder_does(tmp_path):
    with FaultyDisk(tmp_path) as disk:
        make_folder(tmp_path / "a" / "b")
        write_bytes(tmp_path / "a" / "b" / "file", b"here")
        assert list(disk.left()) == [{"a/b/file": b"here"}] * 4


def test_two_names_of_a_file_never_change_each_other(tmp_path):
    write_bytes(tmp_path / "one", b"first")
    give_name(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "one").samefile(tmp_path / "two")
    write_bytes(tmp_path / "one", b"second")
    assert (tmp_path / "two").read_bytes() == b"first"
    # What a dead process of the same number left under the temporary name is another name of a file that is kept.
    os.link(tmp_path / "two", tmp_path / f".one.{os.getpid()}.tmp")
    write_bytes(tmp_path / "one", b"third")
    assert (tmp_path / "two").read_bytes() == b"first"
    give_name(tmp_path / "two", tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_lines_are_appended_whole_or_not_at_all(tmp_path):
    path = tmp_path / "lines"
    append_text(path, "1,2\n")
    with FaultyDisk(tmp_path, 2, errno.ENOSPC), pytest.raises(OSError, match="No space"):
        append_text(path, "12,34\n")
    assert path.read_text() == "1,2\n"
    append_text(path, "12,34\n")
    path.write_text(path.read_text() + "5,")  # as a power cut leaves it
    append_text(path, "6,7\n")
    assert path.read_text() == "1,2\n12,34\n5,\n6,7\n"


def test_a_disk_that_fails_to_flush_a_folder_says_so_and_one_that_never_could_does_not(tmp_path, monkeypatch):
    for number, fails in ((errno.EIO, True), (errno.ENOSPC, True), (errno.EINVAL, False), (errno.EACCES, False)):
        monkeypatch.setattr(os, "fsync", lambda _, number=number: (_ for _ in ()).throw(OSError(number, "")))
        if fails:
            with pytest.raises(OSError):
                flush_folder(tmp_path)
        else:
            flush_folder(tmp_path)
    with pytest.raises(FileExistsError):
        make_folder(Path(tmp_path))
