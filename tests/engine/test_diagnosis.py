"""What a run's curves say, and what is offered against it."""

from __future__ import annotations

import json
import math
from collections import Counter

import numpy as np
import pytest

from benchmarks.made_curves import MAKERS, made
from benchmarks.provoked_runs import PROVOKED, held_out, read_runs
from engine.catalogue import Catalogue, Entry
from engine.diagnosis import MINIMUM, diagnose, diagnose_run
from engine.history import History
from engine.strategy import Effect, Regularizer
from engine.strategy_text import parse_strategy
from tests.engine.support import tiny_config, tunedeck

SEEDS = range(30)


def changed(history, **values):
    """The same run with other figures: each a function of a row."""
    other = History()
    other.add_steps(history.steps)
    other.epochs = [row._replace(**{name: value(row) for name, value in values.items()}) for row in history.epochs]
    return other


def cut(history, epochs):
    other = History()
    other.add_steps(history.steps)
    other.epochs = history.epochs[:epochs]
    return other


# --- the verdict ----------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", MAKERS)
def test_made_curves_are_told_apart(verdict):
    found = Counter(diagnose(made(verdict, seed)).verdict for seed in SEEDS)
    assert found[verdict] >= 0.95 * len(SEEDS), found


@pytest.mark.parametrize("kept_out", [False, True])
def test_real_runs_are_told_apart(kept_out):
    runs = [run for run in read_runs() if run.held_out is kept_out]
    wrong = {run.name: found for run in runs if (found := diagnose(run.history).verdict) != run.label}
    assert len(wrong) <= 0.1 * len(runs), wrong


def test_all_provoked_runs_are_kept_and_every_third_of_a_verdict_is_held_out():
    assert len(PROVOKED) == 40
    assert [run.name for run in read_runs()] == list(PROVOKED)
    assert 10 <= sum(map(held_out, PROVOKED)) <= 14


@pytest.mark.parametrize("verdict", MAKERS)
def test_no_verdict_comes_before_its_minimum_of_epochs(verdict):
    for seed in SEEDS:
        history = made(verdict, seed)
        for count in range(1, max(MINIMUM.values()) + 1):
            found = diagnose(cut(history, count))
            assert found.verdict == "too-early" or MINIMUM[found.verdict] <= count
            assert found.epochs == count


@pytest.mark.parametrize("name", [name for name in PROVOKED if name.split("-")[0] in ("healthy", "underfitting")])
def test_while_it_trains_a_run_that_learns_well_is_never_said_to_leap(name):
    run = next(run for run in read_runs() if run.name == name)
    told = {diagnose(cut(run.history, epochs)).verdict for epochs in range(1, len(run.history.epochs) + 1)}
    assert not told & {"lr-too-high", "diverging"}


@pytest.mark.parametrize("epochs", [3, 4, 5, 8])
def test_however_steeply_a_loss_falls_at_first_it_does_not_leap(epochs):
    numbers = np.random.default_rng(epochs)
    for _ in range(100):
        history = History()
        falling = np.sort(numbers.exponential(size=epochs) ** 2)[::-1]
        history.add_steps([(1, float(falling[0]) * 1.5, 0.1)])
        history.epochs = [
            made("healthy", 0, epochs).epochs[place]._replace(train_loss=loss, clean_train_loss=loss, val_loss=loss)
            for place, loss in enumerate(map(float, falling))
        ]
        assert diagnose(history).verdict not in ("lr-too-high", "diverging")


@pytest.mark.parametrize("verdict", MAKERS)
def test_the_unit_of_the_loss_and_the_accuracy_do_not_matter(verdict):
    for seed in SEEDS:
        history = made(verdict, seed)
        other = changed(
            history, train_loss=lambda row: 1024 * row.train_loss, val_loss=lambda row: 1024 * row.val_loss,
            clean_train_loss=lambda row: 1024 * row.clean_train_loss, train_accuracy=lambda row: None,
            clean_train_accuracy=lambda row: None, val_accuracy=lambda row: None,
        )  # fmt: skip
        other.steps[:, 1] *= 1024
        one, two = diagnose(history), diagnose(other)
        assert (one.verdict, one.best_epoch, one.crossing_epoch) == (two.verdict, two.best_epoch, two.crossing_epoch)


@pytest.mark.parametrize("verdict", MAKERS)
def test_a_fork_is_judged_by_what_came_after_it(verdict):
    history = made(verdict, 3)
    whole = diagnose(history)
    later = changed(history, epoch=lambda row: row.epoch + 10)
    later.epochs[:0] = [row._replace(val_loss=0.0) for row in history.epochs[:1]] * 10
    for number in range(10):
        later.epochs[number] = later.epochs[number]._replace(epoch=number + 1)
    found = diagnose(later, since=10)
    assert found.epochs == whole.epochs
    assert found.best_epoch == whole.best_epoch + 10


def test_the_least_and_the_crossing_are_both_told_and_are_not_the_same():
    history = made("overfitting", 1, 40)
    found = diagnose(history)
    best = min(history.epochs, key=lambda row: row.val_loss)
    assert found.best_epoch == best.epoch
    crossed = found.crossing_epoch
    assert crossed is not None and crossed != found.best_epoch
    assert all(row.val_loss > row.train_loss for row in history.epochs[crossed - 1 :])
    assert history.epochs[crossed - 2].val_loss <= history.epochs[crossed - 2].train_loss
    assert any(text.code == "diagnosis-crossing" for text in found.evidence)
    said = str(found.evidence[0])
    assert f"{best.epoch}" in said and f"{best.val_loss:.4g}" in said


def test_validation_better_than_training_is_explained_and_not_alarmed_at():
    history = changed(made("healthy", 2, 30), train_loss=lambda row: 2 * row.val_loss)
    found = diagnose(history)
    assert found.verdict == "healthy"
    [text] = [text for text in found.evidence if text.code == "diagnosis-techniques-on"]
    assert text.values["clean"] == history.epochs[-1].clean_train_loss


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("column", ["train_loss", "clean_train_loss", "val_loss"])
def test_a_loss_that_is_not_finite_diverges_in_that_epoch(bad, column):
    history = made("healthy", 0, 20)
    history.epochs[4] = history.epochs[4]._replace(**{column: bad})
    found = diagnose(history)
    assert found.verdict == "diverging"
    assert found.evidence[0].values["epoch"] == 5


def test_a_run_that_was_lost_before_its_first_epoch_ended_diverges():
    assert diagnose(History(), lost=True).verdict == "diverging"
    assert diagnose(History()).verdict == "too-early"
    assert diagnose(cut(made("healthy", 0), 1)).verdict == "too-early"


@pytest.mark.parametrize("verdict", MAKERS)
def test_without_validation_a_run_is_never_said_to_overfit(verdict):
    for seed in SEEDS:
        history = changed(made(verdict, seed), val_loss=lambda row: None, val_accuracy=lambda row: None)
        found = diagnose(history)
        assert found.verdict != "overfitting"
        assert found.crossing_epoch is None
        if verdict not in ("overfitting", "plateau", "healthy"):
            assert found.verdict == verdict


def test_losses_of_zero_and_of_one_value_are_no_mistake():
    for value in (0.0, 1.0):
        rows = changed(made("healthy", 0, 20), val_loss=lambda row: value, clean_train_loss=lambda row: value,  # noqa: B023
                       train_loss=lambda row: value)  # noqa: B023  # fmt: skip
        assert diagnose(rows).verdict in ("plateau", "underfitting", "healthy")


# --- what is offered ------------------------------------------------------------------------------


class Tonic(Regularizer):
    """A stranger's remedy."""

    remedies = {"overfitting": Effect(gap=0.01)}

    def after_step(self, model):
        """Nothing."""


class Poison(Regularizer):
    """A stranger's that fails."""

    remedies = {"overfitting": Effect(gap=0.001)}

    def as_remedy(self, verdict, config):
        raise RuntimeError("no")


def remedies(verdict, config, catalogue, epochs=40, **options):
    found = diagnose_run(made(verdict, 1, epochs), config, catalogue, **options)
    assert found.verdict == verdict
    return found.remedies


def settings(catalogue, **values):
    return tiny_config(catalogue, epochs=40, **values)


@pytest.mark.parametrize("verdict", MAKERS)
def test_each_remedy_is_another_valid_run_that_its_flags_make(verdict, catalogue):
    config = settings(catalogue, train_samples="100", ticked=["dropout:p=0.1"])
    offered = remedies(verdict, config, catalogue, images=True)
    assert len(offered) <= 3
    assert bool(offered) == (verdict != "healthy")
    for each in offered:
        assert each.config != config
        each.config.check()
        flag, value = each.flags
        if flag == "--with":
            assert parse_strategy(value, catalogue) in each.config.with_
        elif flag == "--without":
            assert value not in {strategy.id for strategy in each.config.with_}
        elif flag == "--model":
            assert parse_strategy(value, catalogue, "model") == each.config.model
        else:
            assert str(getattr(each.config, flag[2:].replace("-", "_"))).removesuffix(".0") == value or flag == "--lr"
        assert set(each.expected) <= {"gap", "best", "time"}
        assert len(each.says) == len(each.expected)


def test_what_is_ticked_or_has_no_place_is_not_offered(catalogue):
    def ids(config, **options):
        return {each.flags[1].split(":")[0] for each in remedies("overfitting", config, catalogue, **options)}

    plain = settings(catalogue)
    assert {"dropout", "early-stopping"} <= ids(plain)
    assert "dropout" not in ids(plain.ticked(parse_strategy("dropout", catalogue)))
    assert "dropout" not in ids(settings(catalogue, model="linear"))
    assert "random-resized-crop" in ids(plain, images=True)
    assert "random-resized-crop" not in ids(plain)


def test_parameters_on_offer_in_the_settings_are_those_that_are_offered(catalogue):
    config = settings(catalogue)
    config = config.changed({"offered": (parse_strategy("dropout:p=0.3", catalogue),)})
    assert any(each.flags == ("--with", "dropout:p=0.3") for each in remedies("overfitting", config, catalogue))


def test_a_strangers_technique_is_offered_and_one_that_fails_is_left_out(catalogue):
    more = Catalogue([
        *catalogue.entries, Entry("tonic", "regularizer", Tonic, "the tests"),
        Entry("poison", "regularizer", Poison, "the tests"),
    ])  # fmt: skip
    first = remedies("overfitting", settings(catalogue), more)[0]
    assert first.flags == ("--with", "tonic")
    assert first.forks
    last = made("overfitting", 1, 40).epochs[-1]
    assert first.expected["gap"] == pytest.approx(0.01 * last.gap)


def test_what_changes_the_shape_of_the_network_does_not_fork(catalogue):
    offered = remedies("lr-too-high", settings(catalogue), catalogue)
    assert {each.flags[0]: each.forks for each in offered if each.flags[0] == "--lr"} == {"--lr": True}
    assert {each.flags[1]: each.forks for each in offered if "batch-norm" in each.flags[1]} == {"batch-norm": False}
    assert not any(each.forks for each in remedies("underfitting", settings(catalogue), catalogue)
                   if each.flags[0] == "--model")  # fmt: skip


def test_a_stopping_rule_is_expected_to_do_what_it_would_have_done_in_this_run(catalogue):
    history = made("overfitting", 1, 40)
    config = settings(catalogue)
    found = diagnose_run(history, config, catalogue)
    [rule] = [each for each in found.remedies if each.flags[1] == "early-stopping"]
    best = found.best_epoch
    whole = sum(row.train_seconds + row.val_seconds for row in history.epochs)
    assert rule.expected["time"] == pytest.approx(whole * (best + 5) / 40, abs=whole * 3 / 40)
    assert rule.expected["gap"] < history.epochs[-1].gap


def test_underfitting_first_unticks_what_holds_the_network_back(catalogue):
    config = settings(catalogue, ticked=["dropout:p=0.9"])
    first = remedies("underfitting", config, catalogue)[0]
    assert first.flags == ("--without", "dropout")
    plain = remedies("underfitting", settings(catalogue), catalogue)
    assert [each.flags[0] for each in plain] == ["--model", "--epochs"]


def test_every_technique_that_claims_to_be_a_remedy_gives_one(catalogue):
    config = settings(catalogue)
    claims = [
        (e.strategy, verdict) for e in catalogue.entries if e.strategy for verdict in e.strategy.remedies if e.strategy
    ]
    assert len(claims) > 8
    for technique, verdict in claims:
        own = config.model if technique.kind == "model" and technique.id == config.model.id else technique()
        assert own.as_remedy(verdict, config).kind == technique.kind
        assert verdict in MINIMUM


# --- the command line -----------------------------------------------------------------------------


def test_the_command_line_tells_it_of_a_run_and_of_a_checkpoint(capsys, tmp_path):
    common = ("--workspace", tmp_path)
    code, _, _ = tunedeck(
        capsys, "train", *common, "--train-samples", 60, "--validation-samples", 60, "--epochs", 6, "--threads", 1,
        "--model", "mlp:hidden=8", "--device", "cpu",
    )  # fmt: skip
    assert code == 0
    [run] = (tmp_path / "runs").iterdir()
    for name in (run, run.name[:12], run / "checkpoints" / "last.safetensors"):
        code, out, _ = tunedeck(capsys, "diagnose", *common, name, "--json")
        told = json.loads(out)
        assert code == 0
        assert list(told) == ["verdict", "evidence", "remedies", "best_epoch", "crossing_epoch", "epochs"]
        assert told["epochs"] == 6
        assert all(set(each) == {"code", "text", "values"} for each in told["evidence"])
        assert all(set(each) == {"text", "change", "expected"} for each in told["remedies"])
    (run / "history.csv").write_text("damaged\n")
    for name, words in ((run, "no epoch on record"), ("nothing", "no run")):
        code, out, err = tunedeck(capsys, "diagnose", *common, name, "--json")
        assert (code, out) == (2, "")
        assert words in err and len(err.strip().splitlines()) == 1
