from __future__ import annotations

import pytest
from torch.optim import lr_scheduler

from plugins.scheduler.exponential import ExponentialLR
from tests.plugins.scheduler.rates import STEPS_PER_EPOCH, ours, pytorchs, told


@pytest.mark.parametrize("gamma", [0.95, 0.9, 0.5, 0.999, 0.01])
@pytest.mark.parametrize("lr", [0.1, 1e-3])
def test_equals_pytorchs_object_over_500_steps(gamma, lr):
    theirs = pytorchs(lambda o: lr_scheduler.ExponentialLR(o, gamma), lr, every=STEPS_PER_EPOCH)
    assert ours(ExponentialLR(gamma=gamma), lr=lr) == pytest.approx(theirs, rel=1e-12, abs=0)


def test_its_default_leaves_an_eighth_after_20_epochs():
    assert ours(ExponentialLR(), lr=1.0, epochs=21)[-1] == pytest.approx(1 / 8, rel=0.03)


def test_says_so_where_it_cannot_act_and_where_no_rate_is_left_to_learn_with():
    assert told(ExponentialLR(), epochs=1) == [("warning", "single-epoch", "")]
    assert told(ExponentialLR(), epochs=2) == []
    assert told(ExponentialLR(gamma=0.1), epochs=7) == []
    assert told(ExponentialLR(gamma=0.1), epochs=8) == [("warning", "no-rate-left", "gamma")]
