"""A sweep finds its runs by their settings, trains what is missing, goes on with what was begun, and nothing twice."""

from __future__ import annotations

import random
import signal
from dataclasses import replace

import pytest

from engine.catalogue import Catalogue, Entry
from engine.run_records.bin import runs_in_bin
from engine.run_records.index import list_runs
from engine.run_records.notes import Notes, write_notes
from engine.run_records.record import RunRecord, Status
from engine.store import RunFolder
from engine.strategy_text import parse_strategy
from engine.sweeps.sweep import Member, State, standings, to_train
from engine.terminal import run as terminal_run
from engine.terminal.interrupts import INTERRUPTED
from engine.terminal.sweep import train_sweep
from engine.yaml_file import read_yaml, write_yaml
from tests.engine.support import Blobs


@pytest.fixture
def catalogue(catalogue):
    return Catalogue((*catalogue.entries, Entry("blobs", "dataset", Blobs, "test")))


@pytest.fixture
def members(tiny):
    return [Member(f"seed {seed}", tiny(epochs=2, seed=seed, threads="1")) for seed in range(3)]


def states(members, workspace):
    return [str(each.state) for each in standings(members, list_runs(workspace))]


def test_each_member_is_trained_once_however_often_it_is_asked_for(members, catalogue, workspace):
    code, found = train_sweep(members, catalogue, workspace)
    assert code == 0 and [each.state for each in found] == [State.DONE] * 3
    assert [each.record.settings["seed"] for each in found] == [0, 1, 2]
    train_sweep([*members, *members], catalogue, workspace)
    assert len(list_runs(workspace)) == 3 and to_train(members, list_runs(workspace)) == []


@pytest.mark.parametrize("stop", range(1, 13, 2))
def test_wherever_it_was_interrupted_it_goes_on_with_the_same_runs(stop, members, catalogue, workspace, monkeypatch):
    drive, boundaries = terminal_run._until_the_end, [0]

    def interrupted(*asked):
        for event in drive(*asked):
            boundaries[0] += 1
            if boundaries[0] == 4 * stop:
                asked[-1]._hear(signal.SIGTERM, None)
            yield event

    monkeypatch.setattr(terminal_run, "_until_the_end", interrupted)
    code, _ = train_sweep(members, catalogue, workspace)
    assert code == INTERRUPTED and len(list_runs(workspace)) <= 3
    monkeypatch.setattr(terminal_run, "_until_the_end", drive)
    code, found = train_sweep(members, catalogue, workspace)
    assert code == 0 and {each.state for each in found} == {State.DONE} and len(list_runs(workspace)) == 3


def test_a_run_counts_whatever_its_name_threads_and_copies_and_nothing_else_may_differ(members, catalogue, workspace):
    train_sweep(members[:1], catalogue, workspace)
    config = members[0].config
    same = config.changed({"name": "another", "threads": "2", "keep_every": 3, "offered": (*config.offered,)})
    others = [
        config.changed(values)
        for values in ({"seed": 7}, {"epochs": 3}, {"lr": 0.5}, {"batch_size": 31}, {"monitor": "val_accuracy"})
    ]
    asked = [Member("", each) for each in (same, *others)]
    assert states(asked, workspace) == ["done", *["missing"] * len(others)]


def test_settings_that_were_written_down_and_read_again_are_the_same(tiny, tmp_path):
    numbers = random.Random(3)
    for _ in range(20):
        config = tiny(
            epochs=1, lr=numbers.choice([1, 1.0, 1e-3, 5e-5]), ticked=[f"dropout:p={numbers.choice([0, 0.25, 1e-9])}"]
        )
        file = tmp_path / "written.yaml"
        write_yaml(file, config.to_dict())
        settings = read_yaml(file)
        record = RunRecord(tmp_path, settings, (), Status.FINISHED, epochs=settings["epochs"])
        assert standings([Member("", config)], [record])[0].state is State.DONE


def test_forks_and_runs_that_were_changed_or_go_beyond_their_plan_are_others(members, catalogue, workspace):
    train_sweep(members[:1], catalogue, workspace)
    [record] = list_runs(workspace)
    change = {"step": 1, "field": "lr", "old": 0.1, "new": 0.2}
    for other in (
        replace(record, parent={"run": "a", "epoch": 1, "step": 2}),
        replace(record, changes=(change,)),
        replace(record, epochs=record.epochs + 10),
    ):
        assert standings(members[:1], [other])[0].state is State.MISSING


def test_of_several_the_one_that_came_furthest_counts_and_then_the_newest(members, catalogue, workspace):
    train_sweep(members[:1], catalogue, workspace)
    [record] = list_runs(workspace)
    failed, begun = replace(record, status=Status.FAILED), replace(record, status=Status.INTERRUPTED)
    training, newer = replace(record, status=Status.TRAINING), replace(record)
    found = [
        standings(members[:1], records)[0]
        for records in ([failed, newer, record], [failed, begun], [failed], [failed, begun, training])
    ]
    assert [each.state for each in found] == [State.DONE, State.BEGUN, State.FAILED, State.TRAINING]
    assert found[0].record is newer


def test_what_waits_is_not_asked_for_again(members):
    waiting = [members[1].config.changed({"name": "it has one"})]
    assert to_train(members, [], waiting) == [members[0], members[2]]


def test_one_that_fails_is_told_and_the_others_go_on(members, catalogue, workspace, capsys):
    wrong = Member("too fast", members[0].config.changed({"lr": 1e4, "optimizer": parse_strategy("sgd", catalogue)}))
    code, found = train_sweep([wrong, *members[:1]], catalogue, workspace)
    assert code == 0 and [each.state for each in found] == [State.FAILED, State.DONE]
    said = capsys.readouterr().err
    assert "run 1 of 2: too fast" in said and "not finite" in said


def test_what_was_interrupted_before_anything_was_saved_begins_anew_and_its_stump_goes_to_the_bin(
    members, catalogue, workspace
):
    stump = RunFolder.create(workspace, "mlp", "blobs")
    stump.describe(members[0].config.to_dict(), {})
    stump.close()
    written, other = (RunFolder.create(workspace, "mlp", "blobs") for _ in range(2))
    written.describe(members[0].config.to_dict(), {})
    other.describe(members[0].config.changed({"seed": 77}).to_dict(), {})
    for folder in (written, other):
        folder.close()
    write_notes(written.path, Notes(notes="mine"))
    assert states(members[:1], workspace) == ["missing"] and to_train(members[:1], list_runs(workspace)) == members[:1]
    code, [found] = train_sweep(members[:1], catalogue, workspace)
    assert code == 0 and found.state is State.DONE
    left = {run.folder for run in list_runs(workspace)}
    assert left == {found.record.folder, written.path, other.path} and len(runs_in_bin(workspace)) == 1
