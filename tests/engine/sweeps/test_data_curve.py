"""Accuracy against the amount of data: exactly shares × seeds runs, none twice, and what they come to."""

from __future__ import annotations

import json

import pytest

from engine.data import Source, split
from engine.message import InputError
from engine.run_records.index import list_runs
from engine.sweeps.data_curve import data_curve, parse_shares, plan
from engine.sweeps.sweep import State, standings
from tests.engine.support import tiny_config, tunedeck

FLAGS = ("--model", "mlp:hidden=8", "--train-samples", "400", "--epochs", "1", "--threads", "1", "--lr", "0.01")


def curve_of(capsys, workspace, *flags):
    code, out, err = tunedeck(capsys, "data-curve", *FLAGS, *flags, "--json", "--workspace", workspace)
    return code, json.loads(out.strip().splitlines()[-1]), err


@pytest.mark.parametrize("shares", [(5, 10, 25, 50, 100), (100,), (0.5, 33.3), (50, 5, 50)])
@pytest.mark.parametrize("seeds", [1, 3])
def test_it_has_exactly_a_run_for_each_share_and_seed(catalogue, shares, seeds):
    planned = plan(tiny_config(catalogue, seed=7), shares, seeds)
    made = {(each.config.train_samples, each.config.seed) for each in planned.members}
    assert len(planned.members) == len(made) == len(set(shares)) * seeds
    assert {seed for _, seed in made} == set(range(7, 7 + seeds))
    assert len({each.label for each in planned.members}) == len(made)
    rest = {each.config.changed({"train_samples": "all", "seed": 0}) for each in planned.members}
    assert len(rest) == 1  # all else is the same: the epochs too


@pytest.mark.parametrize(("amount", "whole"), [("all", 130), ("60", 60), ("50%", 65)])
def test_shares_are_of_what_the_settings_train_on(catalogue, tmp_path, amount, whole):
    config = tiny_config(catalogue, train_samples=amount)
    for share, member in zip((10, 50, 100), plan(config, (10, 50, 100), 1).members, strict=True):
        parts = split(config.dataset.load(Source(tmp_path)), member.config)
        assert len(parts.training) == pytest.approx(whole * share / 100, abs=0.5)
    assert member.config.train_samples == amount


def test_the_samples_of_a_share_are_among_those_of_a_larger_one(catalogue, tmp_path):
    config = tiny_config(catalogue)
    seen = []
    for member in plan(config, (10, 50, 100), 1).members:
        training = split(config.dataset.load(Source(tmp_path)), member.config).training
        seen.append({bytes(row.numpy().tobytes()) for row in training.inputs})
    assert seen[0] < seen[1] < seen[2]


def test_nothing_is_trained_twice_and_a_run_made_before_counts(capsys, workspace):
    assert tunedeck(capsys, "train", *FLAGS, "--workspace", workspace)[0] == 0
    code, told, _ = curve_of(capsys, workspace, "--shares", "25,50,75,100", "--seeds", 2)
    assert code == 0 and told["runs"] == 8 and len(list_runs(workspace)) == 8
    again = curve_of(capsys, workspace, "--shares", "25,50,75,100", "--seeds", 2)
    assert again[1] == told and "8 of them done already" in again[2] and len(list_runs(workspace)) == 8


def test_what_it_tells_is_what_the_runs_came_to(capsys, workspace):
    _, told, _ = curve_of(capsys, workspace, "--shares", "25,100", "--seeds", 2)
    records = list_runs(workspace)
    assert [each["share"] for each in told["curve"]] == [25, 100] and told["seeds"] == [0, 1] and told["not_done"] == []
    for each, amount in zip(told["curve"], ("100", "400"), strict=True):
        own = [record for record in records if record.settings["train_samples"] == amount]
        assert each["samples"] == int(amount)
        assert sorted(each["test"]["values"]) == sorted(record.test_accuracy for record in own)
        assert sorted(each["validation"]["values"]) == sorted(record.best.val_accuracy for record in own)
        low, high = each["test"]["interval"]
        assert low <= each["test"]["mean"] <= high
    assert told["part"] == "test" and told["twice"] is None and "4 amounts" in told["reason"]


def test_the_curve_fills_in_and_the_estimate_waits_for_the_last_run(capsys, workspace, catalogue):
    curve_of(capsys, workspace, "--shares", "25", "--seeds", 1)
    [record] = list_runs(workspace)
    from engine.config import RunConfig

    config = RunConfig.from_dict({**record.settings, "train_samples": "400"}, catalogue)
    planned = plan(config, (25, 100), 1)
    found = data_curve(planned, standings(planned.members, list_runs(workspace)))
    assert found.count(State.DONE) == 1 and found.estimate is None and found.reason is None
    assert found.amounts[0].test is not None and found.amounts[0].test.interval is None
    assert found.amounts[1].test is None and found.amounts[1].samples is None


@pytest.mark.parametrize("text", ["", "5;10", "0", "101", "-5,10", "nan", "5,,10", ",".join(map(str, range(1, 60)))])
def test_what_are_no_shares_is_one_line(capsys, workspace, text):
    code, out, err = tunedeck(capsys, "data-curve", *FLAGS, f"--shares={text}", "--workspace", workspace)
    assert code == 2 and out == "" and len(err.strip().splitlines()) == 1
    assert not (workspace / "runs").exists()


def test_shares_are_read_as_people_write_them():
    assert parse_shares("5, 10,25%") == (5, 10, 25)


def test_without_classes_there_is_no_accuracy(catalogue):
    config = tiny_config(catalogue).changed({"dataset": catalogue.entry("noisy-line").strategy()})
    with pytest.raises(InputError, match="no classes"):
        plan(config)
