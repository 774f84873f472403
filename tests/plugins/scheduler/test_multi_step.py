from __future__ import annotations

import pytest
from torch.optim import lr_scheduler

from plugins.scheduler.multi_step import MultiStepLR
from tests.plugins.bench import config
from tests.plugins.scheduler.rates import STEPS_PER_EPOCH, ours, pytorchs, told


@pytest.mark.parametrize(
    ("milestones", "gamma"),
    [((10, 15), 0.1), ((30, 40), 0.2), ((1, 2, 3), 0.5), ((40, 5, 20), 0.3), ((7, 7, 9), 0.5), ((49, 50, 90), 0.1)],
)
@pytest.mark.parametrize("lr", [0.1, 1e-3])
def test_equals_pytorchs_object_over_500_steps(milestones, gamma, lr):
    theirs = pytorchs(lambda o: lr_scheduler.MultiStepLR(o, milestones, gamma), lr, every=STEPS_PER_EPOCH)
    assert ours(MultiStepLR(milestones=milestones, gamma=gamma), lr=lr) == pytest.approx(theirs, rel=1e-12, abs=0)


def test_gamma_is_pytorchs():
    theirs = pytorchs(lambda o: lr_scheduler.MultiStepLR(o, (10, 15)), every=STEPS_PER_EPOCH)
    assert ours(MultiStepLR()) == pytest.approx(theirs, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("milestones", "code"),
    [
        ((10, 15), None),
        ((19,), None),
        ((20,), "milestones-beyond"),
        ((30, 20), "milestones-beyond"),
        ((), "milestones-beyond"),
        ((40, 10, 20), "some-milestones-beyond"),
    ],
)
def test_says_so_where_it_cannot_act(milestones, code):
    made = MultiStepLR(milestones=milestones)
    assert told(made, epochs=20) == ([("warning", code, "milestones")] if code else [])
    acting = len(set(ours(made, epochs=20))) - 1
    assert (acting == 0) == (code == "milestones-beyond")


def test_says_so_where_no_rate_is_left_to_learn_with():
    assert told(MultiStepLR(milestones=tuple(range(1, 7))), epochs=20) == []
    assert told(MultiStepLR(milestones=tuple(range(1, 8))), epochs=20) == [("warning", "no-rate-left", "gamma")]
    assert told(MultiStepLR(milestones=(1, 2), gamma=1e-4), epochs=20) == [("warning", "no-rate-left", "gamma")]


def test_names_the_milestones_that_cannot_act():
    (advice,) = MultiStepLR(milestones=(40, 10, 20)).advice(config(epochs=20))
    assert str(advice.text) == "within 20 epochs these milestones cannot act: 20, 40"
