"""Memory that runs out, in short."""

from __future__ import annotations

import json

import pytest

from tests.engine.support import tunedeck
from tests.reliability.out_of_memory import SMALL, flaw, hungry_runs, write_plugin


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


@pytest.fixture
def command(capsys):
    return lambda *arguments: tunedeck(capsys, *arguments)


def test_the_batch_halves_only_with_the_flag_and_what_is_told_is_what_ran(command, workspace):
    flaws = hungry_runs(command, workspace, 2)
    assert {case: wrong for case, wrong in flaws.items() if wrong} == {}


@pytest.mark.parametrize("asked", [True, False])
def test_before_the_first_checkpoint_it_begins_anew(command, workspace, asked):
    write_plugin(workspace)
    assert flaw(command, workspace, 8, 0, 0, asked=asked) == ""


def test_a_batch_of_one_can_not_be_halved_and_the_run_fails(command, workspace):
    write_plugin(workspace)
    code, out, err = command("train", *SMALL, "--batch-size", "2", "--with", "hungry:most=0", "--halve-batch")
    assert code == 1 and json.loads(out)["batch_size"] == 1
    assert err.count("going on from step 0") == 1 and err.count("not enough memory") == 2


def test_a_batch_larger_than_the_training_part_is_halved_from_what_a_step_had(command, workspace):
    write_plugin(workspace)
    code, out, err = command("train", *SMALL, "--batch-size", "5000", "--with", "hungry:most=48", "--halve-batch")
    assert code == 0, err
    assert json.loads(out)["batch_size"] == 48 and err.count("not enough memory") == 1


def test_what_can_be_told_before_the_first_step_is_halved_too(command, workspace, monkeypatch):
    monkeypatch.setattr("engine.preview.memory.free_memory", lambda device: 1_200_000)
    code, _, err = command("train", *SMALL, "--batch-size", "96")
    assert code == 2 and "are free" in err
    code, out, err = command("train", *SMALL, "--batch-size", "96", "--halve-batch")
    assert code == 0, err
    assert json.loads(out)["batch_size"] < 96


def test_a_resumed_run_halves_and_keeps_the_total_that_was_asked_for(command, workspace):
    write_plugin(workspace)
    code, out, err = command("train", *SMALL, "--batch-size", "32", "--with", "hungry:most=16,after=12")
    assert code == 0, err
    code, out, err = command("resume", json.loads(out)["run"], "--epochs", "12", "--halve-batch", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["batch_size"], told["epochs"]) == (16, 12)
