"""The learning-rate range test: what it suggests of planted curves, and that it leaves no trace."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from engine.data import Source, split
from engine.lr_range import RangeTest, Span, essence, range_test
from engine.lr_suggestion import suggest
from engine.message import InputError
from engine.strategy import Loss
from tests.engine.support import Blobs, tiny_config, tunedeck

SPAN = Span(1e-5, 10.0, 60, 2)


def whole_test(config, folder, span=SPAN) -> RangeTest:
    test = range_test(config, split(config.dataset.load(Source(folder)), config), folder, span)
    while True:
        try:
            next(test)
        except StopIteration as end:
            return end.value


def planted(falls_at=1e-3, rises_at=1e-1, noise=0.0, seed=0, steps=120, lowest=1e-6, highest=10.0, bottom=0.5):
    """A curve that falls from 2.3 about one rate and rises about another."""
    rates = np.geomspace(lowest, highest, steps)
    x = np.log10(rates)
    losses = 2.3 - (2.3 - bottom) / (1 + np.exp(-5 * (x - np.log10(falls_at))))
    losses = losses + np.exp(4 * (x - np.log10(rises_at)))
    losses = losses + noise * np.random.default_rng(seed).standard_normal(steps)
    return list(zip(rates.tolist(), losses.tolist(), strict=True))


@pytest.mark.parametrize("falls_at", [1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
def test_of_a_planted_curve_the_suggestion_lies_between_its_fall_and_its_lowest_loss(falls_at, noise):
    curves = [planted(falls_at, 100 * falls_at, noise, seed) for seed in range(2)]
    found = suggest(curves)
    assert found.reason is None
    assert 0.4 * falls_at < found.lr < 12 * falls_at
    assert found.low < found.lr < found.high


def test_rates_and_losses_in_other_units_give_the_same_suggestion():
    curve = planted()
    plain = suggest([curve])
    louder = suggest([[(lr, 1000 * loss) for lr, loss in curve]])
    moved = suggest([[(10 * lr, loss) for lr, loss in curve]])
    assert louder == plain
    assert moved.lr == pytest.approx(10 * plain.lr, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_wild_losses_before_the_rate_acts_fool_nobody(seed):
    calm = [planted(noise=0.05, seed=each) for each in range(2)]
    wild = [list(curve) for curve in calm]
    drawn = np.random.default_rng(seed)
    for curve in wild:
        for step in drawn.choice(40, 4, replace=False):
            curve[step] = (curve[step][0], 0.01 if drawn.random() < 0.5 else 9.0)
    assert suggest(wild).lr == pytest.approx(suggest(calm).lr, rel=0.4)


def test_where_the_fall_is_long_and_even_its_steepest_place_by_chance_decides_nothing():
    rates = np.geomspace(1e-6, 10.0, 120)
    even = np.interp(np.log10(rates), [-4, -2, -1, 1], [2.3, 1.1, 1.3, 9.0])
    noises = [0.15 * np.random.default_rng(seed).standard_normal(120) for seed in range(20)]
    found = [suggest([list(zip(rates, even + noise, strict=True))]).lr for noise in noises]
    assert max(found) < 3 * min(found)


def test_a_curve_is_judged_up_to_where_the_first_seed_diverged():
    whole, short = planted(), planted()[:95]
    assert suggest([whole, short]).lr == pytest.approx(suggest([short]).lr, rel=0.05)


@pytest.mark.parametrize(
    ("curves", "code"),
    [
        ([planted(falls_at=1e9, rises_at=1e12, noise=0.2)], "no-fall"),
        ([planted(falls_at=1e9, rises_at=1e-2, noise=0.05)], "no-fall"),
        ([planted(falls_at=1e-3, highest=1e-3)], "still-falling"),
        ([planted(falls_at=1e-3, lowest=1e-3)], "already-falling"),
        ([planted()[:5], planted()], "diverged-at-once"),
        ([planted(falls_at=1e-4, rises_at=1e-2), planted(falls_at=3e-2, rises_at=3)], "seeds-disagree"),
    ],
)
def test_where_no_rate_can_be_named_the_reason_is(curves, code):
    found = suggest(curves)
    assert found.lr is None and found.low is None and found.high is None
    assert found.reason.code == code


def test_the_rates_rise_by_one_factor_and_each_seed_begins_anew(catalogue, tmp_path):
    test = whole_test(tiny_config(catalogue, optimizer="adam"), tmp_path)
    assert test.seeds == (0, 1)
    for curve in test.curves:
        rates = [lr for lr, _ in curve]
        assert rates[0] == SPAN.lowest
        assert all(later / earlier == pytest.approx(10 ** (6 / 59)) for earlier, later in pairwise(rates))
    firsts = [curve[0][1] for curve in test.curves]
    assert firsts[0] != firsts[1]
    assert SPAN.lr(59) == pytest.approx(SPAN.highest)


def test_it_finds_a_rate_with_which_the_run_learns(catalogue, tmp_path):
    config = tiny_config(catalogue, optimizer="adam")
    found = whole_test(config, tmp_path).found
    assert 1e-3 < found.lr < 0.3 and found.low < found.lr < found.high


def test_it_begins_as_the_run_begins(catalogue, tmp_path):
    """The same weights, the same first batch: the first loss is that of a run's first step."""
    from tests.engine.support import run_stored

    config = tiny_config(catalogue, ticked=["dropout:p=0.3"], epochs=1)
    _, _, trainer = run_stored(config, data_folder=tmp_path)
    assert whole_test(config, tmp_path).curves[0][0][1] == pytest.approx(trainer.history.kept_steps()[0, 1], abs=1e-6)


def test_it_leaves_no_trace(catalogue, tmp_path):
    config = tiny_config(catalogue, ticked=["dropout:p=0.3"], optimizer="adam")
    parts = split(config.dataset.load(Source(tmp_path)), config)
    before = parts.training.at(torch.arange(len(parts.training))).clone()
    threads, described = torch.get_num_threads(), config.to_dict()
    for seed in (torch.manual_seed, random.seed, np.random.seed):
        seed(5)
    expected = torch.rand(3).tolist(), random.random(), float(np.random.rand())
    for seed in (torch.manual_seed, random.seed, np.random.seed):
        seed(5)
    test = range_test(config, parts, tmp_path, SPAN)
    for _ in range(20):  # and then it is given up
        next(test)
    test.close()
    assert (torch.rand(3).tolist(), random.random(), float(np.random.rand())) == expected
    assert torch.get_num_threads() == threads
    assert config.to_dict() == described
    assert torch.equal(parts.training.at(torch.arange(len(parts.training))), before)
    assert list(tmp_path.iterdir()) == []


def test_it_ends_where_the_loss_diverges(catalogue, tmp_path):
    config = tiny_config(catalogue, optimizer="sgd")
    curve = whole_test(config, tmp_path, Span(1e-4, 1e4, 60, 1)).curves[0]
    assert len(curve) < 60 and all(np.isfinite(loss) for _, loss in curve)


class Nowhere(Loss):
    """A loss that is no number."""

    def __call__(self, outputs, targets):
        return nn.functional.cross_entropy(outputs, targets) * float("nan")


def test_a_loss_that_is_not_finite_at_the_first_step_is_one_clear_line(catalogue, tmp_path):
    with pytest.raises(InputError, match="not finite at the first step"):
        whole_test(tiny_config(catalogue, loss=Nowhere()), tmp_path)


@pytest.mark.parametrize(
    "values",
    [
        {"lowest": 0.0}, {"lowest": 1.0, "highest": 0.1}, {"highest": float("nan")}, {"highest": 1e9},
        {"steps": 3}, {"steps": 10**9}, {"seeds": 0}, {"seeds": 1000},
    ],
)  # fmt: skip
def test_what_is_no_span_is_refused(values):
    with pytest.raises(InputError):
        Span(**values)


def test_a_test_is_of_the_settings_that_make_a_difference_to_it(catalogue):
    config = tiny_config(catalogue)
    for values in ({"lr": 0.5}, {"epochs": 9}, {"name": "x"}, {"seed": 4}):
        assert essence(config.changed(values)) == essence(config)
    assert essence(config.ticked(catalogue.entry("early-stopping").strategy())) == essence(config)
    for other in (config.changed({"batch_size": 9}), config.changed({"dataset": Blobs(noise=1.0)})):
        assert essence(other) != essence(config)


# --- in the terminal ------------------------------------------------------------------------------

FLAGS = ("--model", "mlp:hidden=16", "--train-samples", "300", "--threads", "1", "--optimizer", "adam")


def test_in_the_terminal_it_ends_with_the_flag_to_use_and_json_says_the_same(capsys, tmp_path):
    code, out, _ = tunedeck(capsys, "find-lr", *FLAGS, "--workspace", tmp_path)
    assert code == 0
    told = out.strip().splitlines()[-1]
    code, out, _ = tunedeck(capsys, "find-lr", *FLAGS, "--workspace", tmp_path, "--json")
    found = json.loads(out.strip().splitlines()[-1])
    assert code == 0 and told == f"suggested learning rate: --lr {found['suggestion']:g}"
    assert sorted(found) == ["curve", "high", "low", "reason", "seeds", "suggestion"]
    assert found["seeds"] == [0, 1] and found["reason"] is None
    assert found["low"] < found["suggestion"] < found["high"]
    assert all(len(point) == 2 for curve in found["curve"] for point in curve)
    assert not (tmp_path / "runs").exists()


def test_in_the_terminal_no_suggestion_is_said_with_its_reason(capsys, tmp_path):
    code, out, _ = tunedeck(capsys, "find-lr", *FLAGS, "--highest", "1e-5", "--seeds", 1, "--workspace", tmp_path)
    assert code == 0
    assert out.strip().splitlines()[-1].startswith("no learning rate can be suggested: the loss fell at no rate")


@pytest.mark.parametrize("flags", [("--steps", "3"), ("--lowest", "1", "--highest", "1"), ("--seeds", "0")])
def test_in_the_terminal_a_wrong_span_is_one_line(capsys, tmp_path, flags):
    code, out, err = tunedeck(capsys, "find-lr", *FLAGS, *flags, "--workspace", tmp_path)
    assert code == 2 and out == "" and len(err.strip().splitlines()) == 1
