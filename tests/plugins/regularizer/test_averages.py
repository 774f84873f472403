"""Averages of the weights: the shares of EMA and SWA, applied as the engine does, against PyTorch's `AveragedModel`."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engine.averaging import start_average, update_average
from engine.events import EpochEnded
from engine.strategy import DataSpec, Progress, Scheduler
from engine.trainer import Trainer
from plugins.optimizer.sgd import SGD
from plugins.regularizer.ema import EMA
from plugins.regularizer.swa import SWA
from plugins.scheduler.cosine import Cosine
from plugins.scheduler.reduce_lr_on_plateau import ReduceLROnPlateau
from tests.plugins.bench import config

EPOCHS, STEPS = 6, 4
IMAGES = DataSpec((1, 28, 28), 3, class_counts=(30, 30, 40), samples=(100, 10, 10))


def after(step: int, epochs: int = EPOCHS, steps_per_epoch: int = STEPS) -> Progress:
    return Progress(step // steps_per_epoch, step, epochs, steps_per_epoch, 0.1)


def wander(steps: int):
    """A network whose weights wander, as it is after each step; always the same object."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    for step in range(1, steps + 1):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter))
        yield step, model


def averaged(regularizer, steps: int = EPOCHS * STEPS) -> list[list[torch.Tensor] | None]:
    """Its average after each step, as the engine keeps it."""
    average, seen = None, []
    for step, model in wander(steps):
        share = regularizer.average_share(after(step))
        if share is None:
            average = None
        elif average is None:
            average = start_average(model)
        elif share > 0:
            update_average(average, model, share)
        seen.append(None if average is None else [p.clone() for p in average.parameters()])
    return seen


def reference(averaging: AveragedModel, counts, steps: int = EPOCHS * STEPS) -> list[list[torch.Tensor] | None]:
    """What PyTorch averages, told of the weights after those steps that count."""
    seen = []
    for step, model in wander(steps):
        if counts(step):
            averaging.update_parameters(model)
        begun = bool(averaging.n_averaged > 0)
        seen.append([p.detach().clone() for p in averaging.module.parameters()] if begun else None)
    return seen


def assert_equal(ours, theirs, rtol: float = 0.0) -> None:
    assert [one is None for one in ours] == [one is None for one in theirs]
    for one, other in zip(ours, theirs, strict=True):
        for tensor, expected in zip(one or (), other or (), strict=True):
            torch.testing.assert_close(tensor, expected, rtol=rtol, atol=rtol)


def a_model() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.999])
def test_ema_without_warm_up_is_pytorchs_bit_for_bit(decay):
    averaging = AveragedModel(a_model(), multi_avg_fn=get_ema_multi_avg_fn(decay))
    assert_equal(averaged(EMA(decay=decay, warm_up=False)), reference(averaging, lambda step: True))


def test_the_default_decay_is_pytorchs():
    assert EMA().decay == get_ema_multi_avg_fn.__defaults__[0]


@pytest.mark.parametrize("decay", [0.3, 0.6, 0.999])
def test_ema_with_warm_up_follows_tensorflows_rule(decay):
    def follow(average, present, averaged_before):
        n = averaged_before + 1  # steps done, this one included
        now = min(decay, (1 + n) / (10 + n))
        return now * average + (1 - now) * present

    averaging = AveragedModel(a_model(), avg_fn=follow)
    assert_equal(averaged(EMA(decay=decay)), reference(averaging, lambda step: True), rtol=1e-5)


def test_warm_up_forgets_the_first_weights_and_then_keeps_to_the_decay():
    def left_of_the_first(regularizer, steps):
        left = 1.0
        for step in range(2, steps + 1):
            left *= 1 - regularizer.average_share(after(step))
        return left

    assert left_of_the_first(EMA(), 100) < 1e-6
    assert left_of_the_first(EMA(warm_up=False), 100) > 0.9
    assert EMA().average_share(after(9_000)) == EMA(warm_up=False).average_share(after(9_000)) == 1 - 0.999


@pytest.mark.parametrize(("start", "first"), [(0.0, 1), (0.5, 4), (0.75, 5), (0.8, 5), (0.99, 6)])
def test_swa_is_pytorchs_average_of_the_weights_at_the_ends_of_the_last_epochs(start, first):
    counted = [step for step in range(1, EPOCHS * STEPS + 1) if step % STEPS == 0 and step // STEPS >= first]
    assert all(step / (EPOCHS * STEPS) > start for step in counted)
    theirs = reference(AveragedModel(a_model()), counted.__contains__)
    assert_equal(averaged(SWA(start=start)), theirs, rtol=1e-6)
    assert theirs[first * STEPS - 2] is None
    assert theirs[first * STEPS - 1] is not None


def test_the_start_is_exact_whatever_the_fractions():
    for percent in range(100):
        shares = [SWA(start=percent / 100).average_share(after(epoch, 100, 1)) for epoch in range(1, 101)]
        assert shares == [*[None] * percent, *(1 / number for number in range(1, 101 - percent))]
    assert SWA(start=1 - 1e-12).average_share(after(100, 100, 1)) == 1


def test_swa_goes_on_in_a_run_that_is_extended():
    shares = [SWA(start=0.75).average_share(after(epoch, 4, 1)) for epoch in range(1, 9)]
    assert shares == [None, None, None, 1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]


def test_swa_drops_its_average_where_a_new_plan_has_its_start_ahead():
    swa = SWA(start=0.75)
    assert [swa.average_share(after(epoch, 8, 1)) for epoch in (4, 5, 6, 7, 8)] == [None, None, None, 1, 1 / 2]
    assert swa.average_share(after(4, 4, 1)) == 1, "in the first plan it had begun"


def test_an_average_of_weights_that_waver_lies_nearer_to_the_middle():
    noise = torch.Generator().manual_seed(3)
    for regularizer in (EMA(decay=0.98), SWA(start=0.2)):
        weights, average, far, nearer = torch.full((500,), 5.0), None, [], []
        for step in range(1, 401):
            weights = weights - 0.2 * (weights + torch.randn(500, generator=noise))  # of w²/2, roughly
            share = regularizer.average_share(after(step, 100, 4))
            if share is not None:
                average = weights if average is None else average + share * (weights - average)
            if step > 300:
                far.append(weights.norm().item())
                nearer.append(average.norm().item())
        assert max(nearer) < 0.6 * min(far), regularizer.id


@pytest.mark.parametrize(
    ("regularizer", "averaging", "counted"),
    [
        (EMA(decay=0.5, warm_up=False), get_ema_multi_avg_fn(0.5), range(1, 13)),
        (SWA(start=0.5), None, (8, 10, 12)),
    ],
    ids=["ema", "swa"],
)
def test_in_a_run_the_average_is_that_of_the_weights_of_its_steps(regularizer, averaging, counted):
    trainer = Trainer(config(SGD(), regularizer, epochs=6, lr=0.1))
    learner, weights = trainer.learner, []
    update = learner.update_average

    def note(progress):
        weights.append(copy.deepcopy(learner.model.state_dict()))
        update(progress)

    learner.update_average = note
    for event in trainer.run():
        if isinstance(event, EpochEnded) and event.row.epoch == 6:
            break
    assert len(weights) == 12
    model = copy.deepcopy(learner.model)
    reference = AveragedModel(model, multi_avg_fn=averaging)
    for step in counted:
        model.load_state_dict(weights[step - 1])
        reference.update_parameters(model)
    for name, tensor in reference.module.state_dict().items():
        torch.testing.assert_close(learner.average.state_dict()[name], tensor, rtol=1e-6, atol=1e-7)
        assert not torch.equal(learner.model.state_dict()[name], tensor)


def codes(regularizer, *others, data=None, **values) -> list[str]:
    return [advice.text.code for advice in regularizer.advice(config(regularizer, *others, **values), data)]


def test_ema_warns_of_a_memory_longer_than_the_run():
    slow = EMA(warm_up=False)
    assert codes(slow, data=IMAGES, epochs=39, batch_size=4) == ["ema-too-slow"]  # 975 steps
    assert codes(slow, data=IMAGES, epochs=41, batch_size=4) == []  # 1025 steps
    assert codes(slow, epochs=1) == [], "the number of steps is not known yet"
    assert codes(EMA(), data=IMAGES, epochs=1) == [], "with a warm-up it adapts to the length of the run"


def test_swa_warns_where_it_would_average_a_single_epoch():
    assert codes(SWA(start=0.75), epochs=4) == ["swa-too-late"]
    assert codes(SWA(start=0.75), epochs=5) == []
    assert codes(SWA(start=0.0), epochs=1) == ["swa-too-late"]
    assert codes(SWA(start=0.99), epochs=100) == ["swa-too-late"]
    assert codes(SWA(start=0.98), epochs=100) == []


class Waves(Scheduler):
    """Up and down five times in a run."""

    every = "step"

    def lr_factor(self, progress, history):
        return 1 - 5 * progress.step / progress.steps % 1


class Falls(Scheduler):
    """Once, after some epochs."""

    after: int = 15
    """How many."""
    to: float = 0.1
    """Where to."""
    before: float = 1.0
    """Where from."""

    def lr_factor(self, progress, history):
        return self.to if progress.epoch >= self.after else self.before


@pytest.mark.parametrize("data", [None, IMAGES], ids=["before the data", "with data"])
def test_swa_warns_of_a_rate_that_is_annealed_but_not_of_one_that_comes_back(data):
    assert codes(SWA(), Cosine(), data=data, epochs=20) == ["swa-low-rate"]
    assert codes(SWA(), Cosine(eta_min=0.005), data=data, epochs=20, lr=0.01) == []
    assert codes(SWA(start=0.2), Cosine(), data=data, epochs=20) == []
    assert codes(SWA(), Waves(), data=data, epochs=20) == []
    assert codes(SWA(), Falls(), data=data, epochs=20) == ["swa-low-rate"]
    assert codes(SWA(), Falls(after=16), data=data, epochs=20) == [], (
        "the first epoch that is averaged has the full rate"
    )
    assert codes(SWA(), Falls(before=10.0, to=2.0), data=data, epochs=20) == ["swa-low-rate"]
    assert codes(SWA(), ReduceLROnPlateau(), data=data, epochs=20) == []
