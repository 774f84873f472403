"""The learning rate that is planned, and what the record may do to it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.history import EpochRow, History
from engine.preview.lr_plan import MOST_EPOCHS, lr_plan
from engine.schedule import Schedule


def test_the_plan_is_the_schedule_at_each_step(tiny):
    config = tiny(epochs=6, ticked=["one-cycle"])
    plan = lr_plan(config, 5)
    schedule = Schedule(config, 5)
    assert plan.x.tolist() == [step / 5 for step in range(30)]
    assert plan.lr.tolist() == [schedule.lr(step, History()) for step in range(30)]
    assert plan.on_record == () and plan.soonest is None


def test_a_rate_that_falls_at_an_epoch_is_told_on_both_sides_of_the_fall(tiny):
    plan = lr_plan(tiny(epochs=30, ticked=["step:step_size=7"]), 10_000)
    falls = np.flatnonzero(np.diff(plan.lr) < 0)
    assert [plan.x[fall + 1] for fall in falls] == [7, 14, 21, 28]
    assert all(plan.x[fall + 1] - plan.x[fall] == pytest.approx(1e-4) for fall in falls)


def test_what_acts_on_the_record_is_named_and_its_soonest_act_told(tiny):
    config = tiny(epochs=12, lr=0.1, ticked=["warm-up", "reduce-lr-on-plateau:patience=3"])
    plan = lr_plan(config, 4)
    assert plan.on_record == ("reduce-lr-on-plateau",)
    schedule, record = Schedule(config, 4), History()
    for epoch in range(1, 6):
        record.add_epoch(EpochRow(epoch, val_loss=2.0))
    reduced = plan.soonest < plan.lr * 0.99
    assert plan.x[reduced][0] == 5, "one epoch sets the mark, more than 3 fail to better it"
    assert plan.soonest[plan.x == 5] == schedule.lr(20, record)


def test_a_patience_beyond_the_run_acts_on_nothing(tiny):
    assert lr_plan(tiny(epochs=4, ticked=["reduce-lr-on-plateau:patience=4"]), 4).on_record == ()


def test_the_longest_run_is_planned_at_once(tiny):
    plan = lr_plan(tiny(epochs=1_000_000, ticked=["reduce-lr-on-plateau"]), 1_000)
    assert len(plan.x) <= 600 and plan.soonest is None and plan.on_record == ("reduce-lr-on-plateau",)
    assert len(lr_plan(tiny(epochs=MOST_EPOCHS, ticked=["cosine"]), 1_000).x) <= 3 * MOST_EPOCHS
