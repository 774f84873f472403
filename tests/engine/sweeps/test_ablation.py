"""An ablation: exactly the runs that it takes, each once, and of each technique what the pairs say."""

from __future__ import annotations

import json
import signal
from dataclasses import replace

import pytest

from engine.history import EpochRow
from engine.message import InputError
from engine.run_records.index import list_runs
from engine.run_records.record import RunRecord, Status
from engine.sweeps.ablation import Verdict, ablation, plan
from engine.sweeps.sweep import State, standings
from engine.terminal import run as terminal_run
from engine.terminal.interrupts import INTERRUPTED
from tests.engine.support import process, tunedeck, until

PLUGIN = """
from engine.strategy import Regularizer, hookimpl


class DoesNothing(Regularizer):
    '''Nothing.'''

    def before_step(self, model):
        pass


class Leaning(Regularizer):
    '''Nothing, and not without the other one.'''

    def before_step(self, model):
        pass

    def advice(self, config, data=None):
        from engine.strategy import Advice, message
        if all(other.id != "does-nothing" for other in config.regularizers):
            yield Advice("error", message("leans", "{id} needs does-nothing: tick it too", id="leaning"))


@hookimpl
def register_strategies():
    return [DoesNothing, Leaning]
"""
QUICK = (
    "--model", "mlp:hidden=8", "--train-samples", 120, "--epochs", 2, "--threads", 1, "--device", "cpu",
    "--batch-size", 40,
)  # fmt: skip


@pytest.fixture
def with_plugin(workspace):
    (workspace / "plugins").mkdir(parents=True)
    (workspace / "plugins" / "nothing.py").write_text(PLUGIN, encoding="utf-8")
    return workspace


def ablate(capsys, *flags):
    code, out, err = tunedeck(capsys, "ablate", *QUICK, *flags, "--json")
    return code, json.loads(out.splitlines()[-1]) if out else None, err


def effect(found, technique, figure="best"):
    return next(each[figure] for each in found["effects"] if each["technique"] == technique)


# --- the plan -------------------------------------------------------------------------------------


def test_a_plan_has_all_techniques_and_each_left_out_for_every_seed(tiny):
    ticked = ["dropout:p=0.3", "weight-decay", "random-horizontal-flip", "early-stopping"]
    config = tiny(ticked=ticked, seed=7, name="mine")
    made = plan(config, 3)
    assert made.seeds == (7, 8, 9) and len(made.members) == (4 + 1) * 3
    assert made.techniques == ["dropout", "weight-decay", "random-horizontal-flip", "early-stopping"]
    for variant in made.variants:
        kept = [strategy for strategy in config.with_ if strategy.id != variant.left_out]
        assert [list(member.config.with_) for member in variant.members] == [kept] * 3
        assert [member.config.seed for member in variant.members] == [7, 8, 9]
    labels = [member.label for member in made.members]
    assert len(set(labels)) == len(labels) and labels[:2] == ["all, seed 7", "without dropout, seed 7"]
    assert made.variants[1].members[0].config.name == "mine, without dropout"


def test_the_greatest_seed_is_followed_by_the_least(tiny):
    assert plan(tiny(ticked=["dropout"], seed=2**32 - 1), 2).seeds == (2**32 - 1, 0)


def test_what_can_t_be_asked_is_refused_in_a_line(tiny, capsys):
    with pytest.raises(InputError, match="no technique is ticked"):
        plan(tiny())
    for seeds in (0, -1, 101):
        with pytest.raises(InputError, match="give 1 to 100"):
            plan(tiny(ticked=["dropout"]), seeds)
    code, out, err = tunedeck(capsys, "ablate", *QUICK)
    assert (code, out) == (2, "") and len(err.splitlines()) == 1 and "no technique is ticked" in err


def test_a_technique_that_another_needs_is_kept_and_told(with_plugin, capsys):
    code, found, err = ablate(capsys, "--with", "does-nothing", "--with", "leaning", "--seeds", 1)
    assert code == 0 and found["runs"] == len(list_runs(with_plugin)) == 2
    assert [each["technique"] for each in found["effects"]] == ["leaning"]
    assert found["needed"] == [
        {"technique": "does-nothing", "reason": "does-nothing is left in: leaning needs does-nothing: tick it too"}
    ]
    assert "does-nothing is left in: leaning needs does-nothing" in err


# --- the runs -------------------------------------------------------------------------------------


def test_what_does_nothing_is_found_to_change_nothing(with_plugin, capsys):
    code, found, _ = ablate(capsys, "--with", "dropout:p=0.5", "--with", "does-nothing", "--seeds", 2)
    assert code == 0 and found["seeds"] == [0, 1]
    nothing = {"difference": 0.0, "interval": [0.0, 0.0], "verdict": "changes nothing", "seeds": 2}
    assert [effect(found, "does-nothing", figure) for figure in ("best", "accuracy", "gap")] == [nothing] * 3
    assert effect(found, "dropout")["verdict"] != "changes nothing" and effect(found, "dropout")["difference"] != 0


def test_each_run_is_trained_once_and_the_answer_is_made_of_them(workspace, capsys):
    flags = ("--with", "dropout:p=0.5", "--with", "weight-decay:decay=0.1", "--seeds", 3)
    code, found, err = ablate(capsys, *flags)
    assert code == 0 and found["runs"] == len(list_runs(workspace)) == (2 + 1) * 3
    assert "2 techniques, 3 seeds: 9 runs" in err and "run 9 of 9: without weight-decay, seed 2, about 0:0" in err
    best = {str(run.folder): run.best.val_loss for run in list_runs(workspace)}
    values = {each["left_out"]: [best[run] for run in each["runs"]] for each in found["variants"]}
    assert list(values) == [None, "dropout", "weight-decay"]
    for each in found["variants"]:
        assert each["best"] == pytest.approx(sum(values[each["left_out"]]) / 3)
    mean = sum(one - other for one, other in zip(values[None], values["dropout"], strict=True)) / 3
    told = effect(found, "dropout")
    assert told["difference"] == pytest.approx(mean) and told["interval"][0] < mean < told["interval"][1]
    again, same, err = ablate(capsys, *flags)
    assert (again, same) == (0, found) and "9 of them done already" in err and len(list_runs(workspace)) == 9


@pytest.mark.parametrize("stop", range(1, 10, 4))
def test_wherever_it_is_interrupted_the_same_command_ends_with_just_its_runs(stop, workspace, capsys, monkeypatch):
    drive, boundaries = terminal_run._until_the_end, [0]

    def interrupted(*asked):
        for event in drive(*asked):
            boundaries[0] += 1
            if boundaries[0] == 5 * stop:
                asked[-1]._hear(signal.SIGTERM, None)
            yield event

    flags = ("--with", "dropout", "--seeds", 2)
    monkeypatch.setattr(terminal_run, "_until_the_end", interrupted)
    code, found, err = ablate(capsys, *flags)
    assert code == INTERRUPTED and found["runs"] == 4 and "the same command goes on" in err
    monkeypatch.setattr(terminal_run, "_until_the_end", drive)
    code, found, _ = ablate(capsys, *flags)
    assert code == 0 and found["not_done"] == []
    runs = list_runs(workspace)
    assert len(runs) == 4 and {len(run.rows) for run in runs} == {2}


def test_killed_it_goes_on_with_the_same_runs(workspace, capsys):
    flags = ("--with", "dropout", "--seeds", 1)
    long = [*QUICK, "--epochs", 50, *flags]
    killed = process("ablate", *long)
    until(lambda: any(1 < len(run.rows) < 45 for run in list_runs(workspace)))
    killed.kill()
    killed.communicate()
    code, found, _ = ablate(capsys, "--epochs", 50, *flags)
    runs = list_runs(workspace)
    assert code == 0 and len(runs) == found["runs"] == 2 and {len(run.rows) for run in runs} == {50}


# --- what they say --------------------------------------------------------------------------------


def record(config, tmp_path, val_loss, accuracy=0.5, clean=0.1, status=Status.FINISHED):
    rows = (EpochRow(1, val_loss=val_loss, val_accuracy=accuracy, clean_train_loss=clean),)
    return RunRecord(tmp_path, config.to_dict(), rows, status, epochs=config.epochs)


def told(planned, records):
    return ablation(planned, standings(planned.members, records))


def records_of(planned, tmp_path, with_it, without, **others):
    everything, left_out = planned.variants
    return [
        record(member.config, tmp_path, value, **others)
        for members, values in ((everything.members, with_it), (left_out.members, without))
        for member, value in zip(members, values, strict=True)
    ]


@pytest.mark.parametrize(
    ("with_it", "without", "best", "gap"),
    [
        ([0.2, 0.3, 0.4], [0.5, 0.61, 0.69], Verdict.HELPED, Verdict.NARROWER),
        ([0.5, 0.61, 0.69], [0.2, 0.3, 0.4], Verdict.HURT, Verdict.WIDER),
        ([0.2, 0.3, 0.4], [0.4, 0.1, 0.3], Verdict.NO_EFFECT, Verdict.NO_EFFECT),
        ([0.2, 0.3, 0.4], [0.2, 0.3, 0.4], Verdict.SAME, Verdict.SAME),
    ],
)
def test_an_effect_is_told_where_the_interval_leaves_no_doubt(tiny, tmp_path, with_it, without, best, gap):
    planned = plan(tiny(ticked=["dropout"]), 3)
    [effects] = told(planned, records_of(planned, tmp_path, with_it, without)).effects
    assert (effects.best.verdict, effects.gap.verdict) == (best, gap) and effects.best.pairs == 3


def test_of_an_accuracy_more_is_better(tiny, tmp_path):
    planned = plan(tiny(ticked=["dropout"], monitor="val_accuracy"), 2)
    found = records_of(planned, tmp_path, [0.3, 0.4], [0.3, 0.4], accuracy=0.5)
    rows = [replace(each, rows=(each.rows[0]._replace(val_accuracy=value),)) for each, value in
            zip(found, (0.8, 0.82, 0.6, 0.621), strict=True)]  # fmt: skip
    [effects] = told(planned, rows).effects
    assert effects.best.verdict == effects.accuracy.verdict == Verdict.HELPED
    assert effects.gap.verdict == Verdict.NO_EFFECT, "the gap is the same, and yet the runs are not"


def test_a_run_that_failed_takes_its_pair_with_it(tiny, tmp_path):
    planned = plan(tiny(ticked=["dropout"]), 3)
    found = records_of(planned, tmp_path, [0.2, 0.3, 9.0], [0.5, 0.61, 0.7])
    found[2] = replace(found[2], status=Status.FAILED)
    result = told(planned, found)
    assert result.effects[0].best.pairs == 2 and result.effects[0].best.difference == pytest.approx(-0.305)
    assert result.variants[0].best == pytest.approx(0.25) and result.count(State.FAILED) == 1


def test_one_seed_gives_an_effect_without_an_interval(tiny, tmp_path):
    planned = plan(tiny(ticked=["dropout"]), 1)
    [effects] = told(planned, records_of(planned, tmp_path, [0.2], [0.5])).effects
    assert effects.best.difference == pytest.approx(-0.3) and effects.best.interval is None
    assert effects.best.verdict == Verdict.UNKNOWN


def test_before_any_run_there_is_no_effect_and_without_accuracy_none_of_it(tiny, tmp_path):
    planned = plan(tiny(ticked=["dropout"]), 2)
    [effects] = told(planned, []).effects
    assert effects.best is effects.accuracy is effects.gap is None
    [effects] = told(planned, records_of(planned, tmp_path, [0.2, 0.3], [0.5, 0.6], accuracy=None)).effects
    assert effects.accuracy is None and effects.best.pairs == 2


def test_a_run_that_can_t_begin_or_fails_is_told_and_the_others_go_on(with_plugin, capsys):
    """Without clipping this rate leaves all measure, which no advice foresees."""
    flags = ("--with", "dropout", "--with", "gradient-clipping:max_norm=0.001", "--lr", 1e4, "--optimizer", "sgd")
    code, found, err = ablate(capsys, *flags, "--seeds", 1)
    assert code == 1 and found["runs"] == len(list_runs(with_plugin)) == 3
    [failed] = found["not_done"]
    assert failed["run"] == "without gradient-clipping, seed 0" and failed["state"] == "failed" and failed["reason"]
    assert effect(found, "gradient-clipping") is None and effect(found, "dropout") is not None
    assert "failed, and is left out" in err


def test_the_table_says_each_effect_in_words(workspace, capsys):
    code, out, _ = tunedeck(capsys, "ablate", *QUICK, "--with", "dropout", "--seeds", 1)
    assert code == 0 and "all of them" in out and "dropout" in out and "not known" in out
    assert "With one seed there is no interval" in out
