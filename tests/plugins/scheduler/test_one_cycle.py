from __future__ import annotations

import itertools

import pytest
from torch.optim.lr_scheduler import OneCycleLR as Theirs

from engine.history import History
from engine.schedule import Schedule
from engine.strategy import Progress
from plugins.scheduler.one_cycle import OneCycleLR
from tests.plugins.bench import config
from tests.plugins.scheduler.rates import STEPS, ours, pytorchs, told

OPTIONS = [
    {},
    {"anneal_strategy": "linear"},
    {"three_phase": True},
    {"three_phase": True, "anneal_strategy": "linear"},
    {"pct_start": 0.123, "div_factor": 10.0, "final_div_factor": 100.0},
    {"pct_start": 0.45, "div_factor": 2.0, "final_div_factor": 0.5, "three_phase": True},
    {"pct_start": 0.0},
    {"pct_start": 1.0, "anneal_strategy": "linear"},
    {"pct_start": 0.5, "three_phase": True},
    {"pct_start": 0.8, "three_phase": True, "anneal_strategy": "linear"},
    {"div_factor": 1.0, "final_div_factor": 1e6},
]


def theirs(options: dict, lr: float, steps: int) -> list[float]:
    return pytorchs(lambda o: Theirs(o, lr, total_steps=steps, cycle_momentum=False, **options), lr, steps)


@pytest.mark.parametrize("lr", [0.1, 1e-3])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_equals_pytorchs_object_over_500_steps(options, lr):
    found = ours(OneCycleLR(**options), lr=lr)
    assert found == pytest.approx(theirs(options, lr, STEPS), rel=1e-12, abs=1e-12 * lr)


def test_equals_pytorchs_object_in_runs_of_a_few_steps():
    divided = 0
    for steps, pct, three in itertools.product(range(1, 14), (0.0, 0.1, 0.25, 0.3, 0.5, 0.9, 1.0), (False, True)):
        options = {"pct_start": pct, "three_phase": three}
        found = ours(OneCycleLR(**options), epochs=steps, steps_per_epoch=1)
        try:
            expected = theirs(options, 0.1, steps)
        except ZeroDivisionError:
            divided += 1
            assert found[0] == 0.1, "a rise of no steps is over at once"
            continue
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-13), f"{steps} steps, {options}"
    assert divided == 8


def test_rises_to_the_base_rate_and_ends_near_nothing():
    rates = ours(OneCycleLR())
    top = rates.index(max(rates))
    assert top == 0.3 * STEPS - 1
    assert (rates[0], rates[top], rates[-1]) == pytest.approx((0.1 / 25, 0.1, 0.1 / 25e4))
    assert rates == [*sorted(rates[: top + 1]), *sorted(rates[top + 1 :], reverse=True)]


def test_keeps_its_last_rate_in_a_run_that_is_extended():
    for options in OPTIONS:
        schedule = Schedule(config(OneCycleLR(**options), epochs=2, lr=1.0), 10)
        last = schedule.lr(19, History())
        assert {schedule.lr(step, History()) for step in range(19, 60)} == {last}
        beyond = Progress(epoch=6, step=60, epochs=2, steps_per_epoch=10, lr=1.0)
        assert OneCycleLR(**options).lr_factor(beyond, History()) == last


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        ({}, False),
        ({"pct_start": 1.0}, True),
        ({"pct_start": 0.99}, False),
        ({"pct_start": 0.5, "three_phase": True}, False),
        ({"pct_start": 0.6, "three_phase": True}, True),
    ],
)
def test_says_so_where_the_run_ends_before_the_cycle_does(options, warned):
    assert told(OneCycleLR(**options)) == ([("warning", "cycle-cut-short", "pct_start")] if warned else [])
    last = 0.1 / 25e4
    assert (ours(OneCycleLR(**options))[-1] == pytest.approx(last)) is not warned
