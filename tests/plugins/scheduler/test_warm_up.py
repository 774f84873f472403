from __future__ import annotations

import pytest
from torch.optim import lr_scheduler

from engine.data import batch_bounds
from engine.strategy import DataSpec
from plugins.scheduler.step_lr import StepLR
from plugins.scheduler.warm_up import WarmUp
from tests.plugins.bench import config
from tests.plugins.scheduler.rates import STEPS_PER_EPOCH, ours, pytorchs, told


@pytest.mark.parametrize("lr", [0.1, 1e-3])
@pytest.mark.parametrize(
    ("options", "steps", "factors"),
    [
        ({}, 10, ()),
        ({"epochs": 5.0}, 50, ()),
        ({"epochs": 0.25}, 2, ()),
        ({"epochs": 0.01}, 1, ()),
        ({"epochs": 60.0}, 600, ()),
        ({"steps": 137, "start_factor": 0.01}, 137, (0.01,)),
        ({"steps": 1}, 1, ()),
        ({"steps": 1000, "epochs": 2.0}, 1000, ()),
        ({"epochs": 10.0, "start_factor": 1.0, "end_factor": 0.25}, 100, (1.0, 0.25)),
    ],
    ids=str,
)
def test_equals_pytorchs_linear_lr_over_500_steps(options, steps, factors, lr):
    theirs = pytorchs(lambda o: lr_scheduler.LinearLR(o, *factors, total_iters=steps), lr)
    assert ours(WarmUp(**options), lr=lr) == pytest.approx(theirs, rel=1e-12, abs=0)


@pytest.mark.parametrize("start_factor", [0.01, 0.07, 0.1, 0.35, 0.9])
def test_gives_the_full_rate_to_the_bit_once_it_is_over(start_factor):
    rates = ours(WarmUp(epochs=3.0, start_factor=start_factor))
    assert rates[0] == 0.1 * start_factor
    assert set(rates[30:]) == {0.1}
    assert max(rates[:30]) < 0.1


def test_joins_another_scheduler():
    both, alone = ours(StepLR(), WarmUp(epochs=3.0)), ours(StepLR())
    assert both[30:] == alone[30:]
    assert both[:30] == pytest.approx([0.1 * (1 / 3 + 2 / 3 * step / 30) for step in range(30)])
    assert config(StepLR(), WarmUp(), epochs=20).advice() == []


def test_says_so_where_the_run_ends_before_the_full_rate():
    for epochs in (1, 2, 3, 4, 9):
        reached = max(ours(WarmUp(epochs=3.0), lr=1.0, epochs=epochs)) == 1.0
        assert told(WarmUp(epochs=3.0), epochs=epochs) == (
            [] if reached else [("warning", "warm-up-too-long", "epochs")]
        )


def test_says_so_in_steps_once_the_data_are_there():
    data = DataSpec((1, 8, 8), 3, samples=(97, 10, 10))
    steps_per_epoch = len(batch_bounds(97, 8))
    assert steps_per_epoch == 12
    for steps, warned in ((23, False), (24, True), (90, True)):
        made = WarmUp(steps=steps)
        assert told(made, epochs=2, batch_size=8) == []
        advice = told(made, data, epochs=2, batch_size=8)
        assert advice == ([("warning", "warm-up-too-many-steps", "steps")] if warned else [])
        assert (max(ours(made, lr=1.0, epochs=2, steps_per_epoch=steps_per_epoch)) < 1.0) == warned


def test_says_so_where_it_falls():
    assert told(WarmUp(start_factor=0.5, end_factor=0.4), epochs=9) == [("warning", "warm-up-falls", "start_factor")]
    assert told(WarmUp(start_factor=0.5, end_factor=0.5), epochs=9) == []


def test_lasts_as_many_steps_as_epochs_hold():
    assert ours(WarmUp(epochs=1.5)) == ours(WarmUp(steps=15))
    assert ours(WarmUp(epochs=2.0)) == ours(WarmUp(steps=2 * STEPS_PER_EPOCH))
