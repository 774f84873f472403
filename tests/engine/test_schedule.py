from __future__ import annotations

import pytest

from engine.history import History
from engine.position import Change
from engine.schedule import Schedule
from engine.strategy import Scheduler
from engine.trainer import Trainer
from tests.engine.support import run


@pytest.mark.parametrize("ticked", [[], ["cosine"], ["cosine", "reduce-lr-on-plateau"]])
def test_the_course_drawn_before_a_run_is_the_one_that_it_takes(tiny, ticked):
    config = tiny(ticked=ticked, epochs=4)
    course = Schedule(config, 5).course()
    assert [step for step, _ in course] == list(range(20))
    trainer = Trainer(config)
    run(trainer)
    trainer.snapshot()
    assert [lr for _, lr in course] == trainer.history.steps[:, 2].tolist()


@pytest.mark.parametrize("points", [1, 2, 7, 200])
def test_a_long_course_is_thinned_with_both_ends_kept(tiny, points):
    schedule = Schedule(tiny(ticked=["cosine"], epochs=100_000), 1_000)
    course = schedule.course(points)
    assert len(course) == points
    assert course[0] == (0, 0.01)
    if points > 1:
        assert course[-1][0] == 99_999_999
    assert all(lr == schedule.lr(step, History()) for step, lr in course)


def test_a_plan_made_anew_acts_within_the_epoch_in_which_it_was_made(tiny):
    class Share(Scheduler):
        """Fall with the share of the plan that is done, epoch by epoch."""

        def lr_factor(self, progress, history):
            return 1 - progress.epoch / progress.epochs

    changes: list[Change] = []
    schedule = Schedule(tiny(ticked=[Share()], epochs=4, lr=1.0), 5, changes)
    assert schedule.lr(10, History()) == 0.5
    changes.append(Change(10, "schedule", 4, 8))
    assert schedule.lr(10, History()) == 0.75
