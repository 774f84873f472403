"""Damage in short, and which checkpoint is then named: on the command line and in the window."""

from __future__ import annotations

import shutil

import pytest

from engine.checkpoints.checkpoint import read_checkpoint
from engine.checkpoints.choice import read_chosen
from engine.message import InputError
from engine.runs import resume_run
from gui.training.checkpoint_file import load_checkpoint
from tests.engine.support import tunedeck
from tests.reliability.damage import PARTS, damaged, flipped, ranges, small_run


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


@pytest.fixture(scope="module")
def made(tmp_path_factory, catalogue):
    return small_run(tmp_path_factory.mktemp("made"), catalogue)


@pytest.fixture
def folder(made, tmp_path):
    """A run that stopped in its third epoch, of the test's own."""
    folder = tmp_path / "workspace" / "runs" / made.name
    shutil.copytree(made, folder)
    return folder


def files(folder):
    return {name: folder / "checkpoints" / f"{name}.safetensors" for name in ("last", "best", "step-9", "step-3")}


def test_every_bit_and_every_length_is_noticed_and_the_best_is_named(folder):
    tally = damaged(folder, 150, 40, 8, seed=0)
    assert tally.unnoticed == [] and tally.tried == {"flips": 150, "sizes": 48}


def test_each_part_of_the_file_has_its_share_of_the_bits(made):
    import random

    data = files(made)["last"].read_bytes()
    places = [next(p for p in range(len(data)) if c[p] != data[p]) for _, c in flipped(data, 50, random.Random(3))]
    for part in PARTS:
        assert sum(place in ranges(data)[part] for place in places) >= 10, part


def test_the_newest_good_one_is_named_last_best_step_other(folder):
    names = files(folder)
    (folder / "checkpoints" / "mine.safetensors").write_bytes(names["last"].read_bytes())
    chosen = folder / "checkpoints" / "chosen.safetensors"
    chosen.write_bytes(b"rubbish")
    for expected in ("last", "best", "step-9", "step-6", "step-3", "mine"):
        with pytest.raises(InputError) as error:
            read_chosen(chosen)
        whole = folder / "checkpoints" / f"{expected}.safetensors"
        epoch = read_checkpoint(whole).meta["progress"]["epoch"]
        assert f"{whole} beside it is whole (epoch {epoch})" in str(error.value)
        data = bytearray(whole.read_bytes())
        data[-1] ^= 1
        whole.unlink()
        whole.write_bytes(bytes(data))
    with pytest.raises(InputError) as error:
        read_chosen(chosen)
    assert "whole" not in str(error.value)


def test_a_second_name_of_the_damaged_file_is_not_named(folder):
    names = files(folder)
    names["best"].unlink()
    names["best"].hardlink_to(names["last"])
    with open(names["last"], "r+b") as file:
        file.truncate(5_000)
    with pytest.raises(InputError, match="step-9"):
        read_chosen(names["last"])


@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_resume_names_it_on_the_command_line_and_going_on_from_there_works(folder, capsys, catalogue, workspace, harm):
    names = files(folder)
    data = names["last"].read_bytes()
    names["last"].unlink()
    if harm == "cut":
        names["last"].write_bytes(data[:-7])
    before = sorted(path for path in workspace.rglob("*") if path.name != "lock")
    code, out, err = tunedeck(capsys, "resume", folder)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert str(names["best"]) in err
    assert sorted(path for path in workspace.rglob("*") if path.name != "lock") == before
    trainer = resume_run(names["best"], catalogue, workspace)
    trainer.store.close()
    assert trainer.position.epoch == 2


def test_the_window_names_it_where_a_damaged_file_is_loaded(folder, catalogue):
    names = files(folder)
    last = names["last"].read_bytes()
    names["last"].unlink()
    names["last"].write_bytes(last[:-7])
    with pytest.raises(InputError) as error:
        load_checkpoint(names["last"], catalogue)
    assert str(names["best"]) in str(error.value)
    loaded = load_checkpoint(names["best"], catalogue)
    assert (loaded.epoch, loaded.step, loaded.steps_per_epoch) == (2, 8, 4)
