"""The bin: runs are put away, put back, and deleted only when it is emptied."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from engine.files import write_text
from engine.history import EPOCH_HEADER
from engine.message import InputError
from engine.run_records import bin as run_bin
from engine.run_records.bin import bin_use, empty_bin, move_to_bin, restore_from_bin, runs_in_bin
from engine.run_records.files import disk_use
from engine.store import RunFolder


@pytest.fixture
def make(workspace):
    """Makes a folder that is a run's."""

    def one(name="2026-01-01_00-00-00-mlp-x"):
        folder = workspace / "runs" / name
        (folder / "checkpoints").mkdir(parents=True)
        write_text(folder / "config.yaml", "epochs: 1\n")
        write_text(folder / "history.csv", EPOCH_HEADER)
        (folder / "checkpoints" / "last.safetensors").write_bytes(b"x" * 1000)
        return folder

    return one


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_goes_to_the_bin_and_comes_back_whole(make, workspace):
    folder = make()
    before = content(folder)
    binned = move_to_bin(workspace, folder)
    assert binned == workspace / "bin" / folder.name and not folder.exists() and content(binned) == before
    assert runs_in_bin(workspace) == (binned,) and bin_use(workspace) == disk_use(binned) > 1000
    assert restore_from_bin(workspace, binned) == folder and content(folder) == before


def test_names_that_are_taken_are_numbered(make, workspace):
    first = move_to_bin(workspace, make())
    second = move_to_bin(workspace, make())
    assert second.name == f"{first.name}-2"
    make()
    assert restore_from_bin(workspace, first).name == f"{first.name}-2"


def test_a_run_that_is_training_stays(make, workspace):
    folder = make()
    with (
        closing(RunFolder(folder)),
        pytest.raises(InputError, match=rf"in this Tunedeck \(process {os.getpid()}"),
    ):
        move_to_bin(workspace, folder)
    assert folder.is_dir()


def test_only_runs_of_the_workspace_are_moved(make, workspace, tmp_path):
    folder = make()
    link = workspace / "runs" / "link"
    link.symlink_to(folder)
    other = tmp_path / "other"
    folder.rename(other)
    link.unlink()
    link.symlink_to(other)
    for wrong in (link, other, workspace, workspace / "runs", workspace / "runs" / "gone"):
        with pytest.raises(InputError, match="not in"):
            move_to_bin(workspace, wrong)
    with pytest.raises(InputError, match="not in"):
        restore_from_bin(workspace, other)
    assert other.is_dir()


def test_a_bin_that_leads_elsewhere_is_neither_filled_nor_emptied(make, workspace, tmp_path):
    folder = make()
    target = tmp_path / "target"
    target.mkdir()
    (workspace / "bin").symlink_to(target)
    with pytest.raises(InputError, match="leads to another place"):
        move_to_bin(workspace, folder)
    folder.rename(target / folder.name)
    assert runs_in_bin(workspace) == () and bin_use(workspace) == 0
    assert empty_bin(workspace).bytes == 0 and (target / folder.name).is_dir()


def test_emptying_frees_the_disk_and_touches_nothing_else(make, workspace, tmp_path):
    binned = move_to_bin(workspace, make())
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (binned / "out").symlink_to(tmp_path / "precious")
    (workspace / "bin" / "script").write_text("mine")
    (workspace / "bin" / "tools").mkdir()
    (workspace / "bin" / "link").symlink_to(tmp_path / "precious")
    size = bin_use(workspace)
    emptied = empty_bin(workspace)
    assert (emptied.bytes, emptied.runs, emptied.left) == (size, 1, ())
    assert sorted(path.name for path in (workspace / "bin").iterdir()) == ["link", "script", "tools"]
    assert (tmp_path / "precious" / "file").read_text() == "x"
    assert empty_bin(workspace).runs == 0


def test_what_can_not_be_deleted_is_told_and_goes_with_the_next(make, workspace, monkeypatch):
    binned = move_to_bin(workspace, make())
    delete = run_bin.shutil.rmtree
    monkeypatch.setattr(run_bin.shutil, "rmtree", lambda path, **options: (path / "config.yaml").unlink())
    emptied = empty_bin(workspace)
    assert [path.name for path in emptied.left] == [f".deleting-{binned.name}"] and emptied.runs == 0
    assert emptied.bytes == len("epochs: 1\n") and bin_use(workspace) > 1000
    monkeypatch.setattr(run_bin.shutil, "rmtree", delete)
    assert empty_bin(workspace).runs == 1 and not list((workspace / "bin").iterdir())


def test_a_run_that_trains_in_the_bin_is_not_deleted(make, workspace):
    binned = move_to_bin(workspace, make())
    with closing(RunFolder(binned)):
        assert empty_bin(workspace).left == (binned,)
    assert binned.is_dir()


def test_a_workspace_that_can_not_be_written_is_told_in_one_line(make, workspace, monkeypatch):
    folder = make()

    def refuse(self, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "rename", refuse)
    with pytest.raises(InputError, match=r"can't be moved to .*bin: Permission denied"):
        move_to_bin(workspace, folder)
    assert folder.is_dir()


def test_what_is_left_of_a_run_of_the_same_name_holds_no_other_up(make, workspace):
    binned = move_to_bin(workspace, make())
    left = binned.with_name(f".deleting-{binned.name}")
    left.mkdir()
    (left / "rest").write_bytes(b"x")
    emptied = empty_bin(workspace)
    assert (emptied.runs, emptied.left) == (2, ()) and list((workspace / "bin").iterdir()) == []
