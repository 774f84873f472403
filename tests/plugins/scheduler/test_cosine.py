from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

from engine.history import History
from engine.schedule import Schedule
from plugins.scheduler.cosine import Cosine
from tests.plugins.bench import config

STEPS = 500


def rates(cosine: Cosine, lr: float, epochs: int = 50) -> list[float]:
    """The rate of each of 500 steps of a run, as its schedule says."""
    schedule = Schedule(config(cosine, epochs=epochs, lr=lr), STEPS // epochs)
    return [schedule.lr(step, History()) for step in range(STEPS)]


def pytorchs(lr: float, eta_min: float) -> list[float]:
    """The rates that PyTorch's object gives, step after step, by recursion."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = CosineAnnealingLR(optimizer, T_max=STEPS, eta_min=eta_min)
    found = []
    for _ in range(STEPS):
        found.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(("lr", "eta_min"), [(0.1, 0.0), (1e-3, 1e-5), (3.0, 0.5), (0.1, 0.1), (0.01, 0.2)])
def test_equals_pytorchs_object_over_500_steps(lr, eta_min):
    ours = rates(Cosine(eta_min=eta_min), lr)
    closed = [eta_min + (lr - eta_min) * (1 + math.cos(math.pi * step / STEPS)) / 2 for step in range(STEPS)]
    assert ours == pytest.approx(closed, rel=1e-14, abs=0)
    assert ours == pytest.approx(pytorchs(lr, eta_min), rel=0, abs=1e-12)


def test_equals_pytorchs_closed_form():
    scheduler = CosineAnnealingLR(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1), STEPS, 1e-4)
    theirs = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # stepping to a given epoch is deprecated, and its formula the closed one
        for step in range(STEPS):
            scheduler.step(step)
            theirs.append(scheduler.get_last_lr()[0])
    assert rates(Cosine(eta_min=1e-4), 0.1) == pytest.approx(theirs, rel=1e-14, abs=0)


def test_the_number_of_epochs_does_not_matter_only_that_of_steps():
    assert rates(Cosine(), 0.1, epochs=50) == rates(Cosine(), 0.1, epochs=1)


def test_does_not_climb_again_in_a_run_that_is_extended():
    schedule = Schedule(config(Cosine(), epochs=2, lr=1.0), 10)
    held = [schedule.lr(step, History()) for step in range(20, 60)]
    assert set(held) == {schedule.lr(19, History())}
    assert 0 < held[0] < 0.01


@pytest.mark.parametrize(
    ("eta_min", "code"), [(0.0, None), (0.009, None), (0.01, "floor-at-rate"), (0.02, "floor-above-rate")]
)
def test_says_so_where_it_does_not_lower_the_rate(eta_min, code):
    advice = [(a.level, a.text.code, a.field) for a in Cosine(eta_min=eta_min).advice(config(lr=0.01))]
    assert advice == ([("warning", code, "eta_min")] if code else [])
    found = rates(Cosine(eta_min=eta_min), 0.01)
    assert (found[-1] < 0.01) is (code is None)
    assert (found[-1] > 0.01) is (code == "floor-above-rate")
