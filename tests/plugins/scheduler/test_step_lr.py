from __future__ import annotations

import pytest
from torch.optim import lr_scheduler

from plugins.scheduler.step_lr import StepLR
from tests.plugins.scheduler.rates import STEPS_PER_EPOCH, ours, pytorchs, told


@pytest.mark.parametrize(("step_size", "gamma"), [(10, 0.1), (1, 0.9), (7, 0.5), (49, 0.1), (50, 0.1), (3, 0.33)])
@pytest.mark.parametrize("lr", [0.1, 1e-3])
def test_equals_pytorchs_object_over_500_steps(step_size, gamma, lr):
    theirs = pytorchs(lambda o: lr_scheduler.StepLR(o, step_size, gamma), lr, every=STEPS_PER_EPOCH)
    assert ours(StepLR(step_size=step_size, gamma=gamma), lr=lr) == pytest.approx(theirs, rel=1e-12, abs=0)


def test_gamma_is_pytorchs():
    theirs = pytorchs(lambda o: lr_scheduler.StepLR(o, 10), every=STEPS_PER_EPOCH)
    assert ours(StepLR()) == pytest.approx(theirs, rel=1e-12, abs=0)


def test_says_so_where_it_cannot_act():
    for epochs in range(1, 30):
        rates = ours(StepLR(step_size=8), epochs=epochs)
        assert (len(set(rates)) == 1) == (told(StepLR(step_size=8), epochs=epochs) != [])
    assert told(StepLR(step_size=8), epochs=8) == [("warning", "step-too-long", "step_size")]


def test_says_so_where_no_rate_is_left_to_learn_with():
    assert told(StepLR(step_size=1), epochs=7) == []
    assert told(StepLR(step_size=1), epochs=8) == [("warning", "no-rate-left", "gamma")]
