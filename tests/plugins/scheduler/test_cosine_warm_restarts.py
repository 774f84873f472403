from __future__ import annotations

import pytest
from torch.optim import lr_scheduler

from plugins.scheduler.cosine import Cosine
from plugins.scheduler.cosine_warm_restarts import CosineAnnealingWarmRestarts
from tests.plugins.bench import config
from tests.plugins.scheduler.rates import STEPS_PER_EPOCH, optimizer, ours, pytorchs, told

OPTIONS = [(5, 1, 0.0), (10, 2, 0.0), (1, 1, 1e-3), (1, 2, 1e-5), (3, 3, 0.05), (7, 4, 0.0), (60, 2, 0.01), (2, 1, 0.2)]


def fractional(lr: float, *options) -> list[float]:
    """The rates of PyTorch's object, told at every step how many epochs are done."""
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer(lr), *options)
    found = []
    for epoch in range(50):
        for batch in range(STEPS_PER_EPOCH):
            scheduler.step(epoch + batch / STEPS_PER_EPOCH)
            found.append(scheduler.get_last_lr()[0])
    return found


def made(T_0: int, T_mult: int, eta_min: float) -> CosineAnnealingWarmRestarts:  # noqa: N803 as PyTorch has them
    return CosineAnnealingWarmRestarts(T_0=T_0, T_mult=T_mult, eta_min=eta_min)


@pytest.mark.parametrize("lr", [0.1, 1e-3])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_equals_pytorchs_object_over_500_steps(options, lr):
    assert ours(made(*options), lr=lr) == pytest.approx(fractional(lr, *options), rel=1e-12, abs=1e-12 * lr)


@pytest.mark.parametrize("options", [*OPTIONS, (1, 3, 0.0)], ids=str)
def test_equals_pytorchs_object_stepped_once_an_epoch(options):
    epochs = 130  # 121 is a start for waves of 1, 3, 9, 27 and 81 epochs, which a logarithm in floats misses
    theirs = pytorchs(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, *options), steps=epochs)
    found = ours(made(*options), epochs=epochs, steps_per_epoch=3)[::3]
    assert found == pytest.approx(theirs, rel=1e-12, abs=1e-13)


def test_the_options_left_out_are_pytorchs():
    theirs = pytorchs(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5), steps=50)
    assert ours(CosineAnnealingWarmRestarts())[::STEPS_PER_EPOCH] == pytest.approx(theirs, rel=1e-12, abs=1e-13)


def test_one_wave_as_long_as_the_run_is_cosine():
    assert ours(made(50, 1, 0.02)) == pytest.approx(ours(Cosine(eta_min=0.02)), rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("options", "epochs", "expected"),
    [
        ((5, 1, 0.0), 20, None),
        ((4, 2, 0.0), 28, None),
        ((20, 1, 0.0), 20, ("no-restart", "T_0")),
        ((30, 2, 0.0), 20, ("no-restart", "T_0")),
        ((6, 1, 0.0), 20, ("wave-cut-short", "T_0")),
        ((4, 2, 0.0), 20, ("wave-cut-short", "T_0")),
        ((5, 1, 0.01), 20, ("floor-at-rate", "eta_min")),
        ((5, 1, 0.02), 20, ("floor-above-rate", "eta_min")),
    ],
)
def test_says_so_where_it_never_starts_again_or_ends_on_the_way(options, epochs, expected):
    assert told(made(*options), epochs=epochs, lr=0.01) == ([("warning", *expected)] if expected else [])


@pytest.mark.parametrize("T_mult", [1, 2, 3])
def test_the_lengths_that_it_recommends_end_with_a_whole_wave(T_mult):  # noqa: N803
    for epochs in range(3, 40):
        schedule = made(2, T_mult, 0.0)
        for advice in schedule.advice(config(epochs=epochs)):
            for better in (advice.text.values["fewer"], advice.text.values["more"]):
                assert abs(better - epochs) < advice.text.values["length"]
                codes = [a.text.code for a in schedule.advice(config(epochs=better))]
                assert codes in ([], ["no-restart"])
