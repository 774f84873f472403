"""The line, its noise, and that everyone who asks for the same points gets them."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.config import RunConfig, recipe
from engine.data import Source, split
from engine.events import Fitted
from engine.message import InputError
from engine.strategy import DataSpec
from engine.strategy_text import parse_strategy
from engine.trainer import Trainer
from tests.plugins.bench import CATALOGUE, config, run, strategy

PARTS = ("training", "validation", "test")


def load(**values):
    return strategy("noisy-line", **values).load(Source(Path("nowhere")))


def line(*ticked, **values) -> RunConfig:
    mlp = strategy("mlp", hidden=(16,))
    return config(mlp, strategy("mse"), *ticked, data="noisy-line").changed({"train_samples": "all"} | values)


def test_training_points_are_evenly_spaced_and_the_others_lie_anywhere_between():
    data = load(points=25)
    assert data.training.inputs.equal(torch.linspace(-1, 1, 25).unsqueeze(1))
    for part in (data.validation, data.test):
        assert part.inputs.shape == (200, 1)
        assert -1 <= part.inputs.min() < -0.9 < 0.9 < part.inputs.max() <= 1
        # the mean of 200 such draws has a deviation of 0.04
        assert abs(float(part.inputs.mean())) < 0.16
    everything = torch.cat([getattr(data, name).inputs for name in PARTS])
    assert len(everything.unique()) == 425, "parts share an x"


@pytest.mark.parametrize(("slope", "intercept", "noise"), [(1.0, 0.0, 0.3), (-2.0, 5.0, 0.1), (0.0, 0.0, 1.0)])
def test_the_noise_about_the_line_is_normal_and_as_large_as_asked(slope, intercept, noise):
    made = strategy("noisy-line", slope=slope, intercept=intercept, noise=noise, points=2000)
    data = made.load(Source(Path("nowhere")))
    for name in PARTS:
        part = getattr(data, name)
        truth = slope * part.inputs + intercept
        torch.testing.assert_close(made.without_noise(part.inputs), truth)
        off = (part.targets - truth).flatten() / noise
        count = len(off)
        assert abs(float(off.mean())) < 4 / math.sqrt(count)
        assert float(off.std()) == pytest.approx(1, abs=4 / math.sqrt(2 * count))
        assert float((off.abs() < 1).float().mean()) == pytest.approx(0.683, abs=2 / math.sqrt(count))


def test_without_noise_the_points_are_the_line():
    data = load(noise=0, slope=3, intercept=-1)
    assert all(part.targets.equal(3 * part.inputs - 1) for part in (data.training, data.validation, data.test))


def test_no_part_has_the_noise_of_another():
    made = strategy("noisy-line", points=200)
    data = made.load(Source(Path("nowhere")))
    off = [part.targets - made.without_noise(part.inputs) for part in (data.training, data.validation, data.test)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert abs(float(torch.corrcoef(torch.cat([off[one], off[other]], 1).T)[0, 1])) < 4 / math.sqrt(200)


def test_only_its_own_seed_changes_the_points():
    first, other = load(), load(data_seed=1)
    assert not any(getattr(first, name).targets.equal(getattr(other, name).targets) for name in PARTS)
    for seed, split_seed in ((0, 0), (5, 0), (0, 5)):
        settings = line(seed=seed, split_seed=split_seed)
        parts = split(settings.dataset.load(Source(Path("nowhere"))), settings)
        assert all(getattr(parts, name).targets.equal(getattr(first, name).targets) for name in PARTS)


def test_more_noise_is_the_same_noise_larger():
    quiet, loud = load(noise=0.1), load(noise=0.3)
    off = [data.validation.targets - data.validation.inputs for data in (quiet, loud)]
    torch.testing.assert_close(3 * off[0], off[1], rtol=1e-4, atol=1e-5)


def test_a_run_has_losses_and_no_accuracy():
    settings = line(epochs=3)
    trainer = Trainer(settings)
    events = run(trainer)
    assert trainer.learner.parts.spec == DataSpec((1,), 1, "regression", samples=(20, 200, 200))
    for row in trainer.history.epochs:
        assert all(math.isfinite(loss) for loss in (row.train_loss, row.clean_train_loss, row.val_loss))
        assert (row.train_accuracy, row.clean_train_accuracy, row.val_accuracy) == (None, None, None)
    assert math.isfinite(events[-1].test_loss)
    assert events[-1].test_accuracy is None


@pytest.mark.parametrize(
    ("ticked", "words"),
    [
        (["cross-entropy"], "cross-entropy is not meant for a regression"),
        (["random-horizontal-flip"], "random-horizontal-flip changes images"),
        (["cnn"], "too small for a CNN"),
    ],
    ids=str,
)
def test_what_does_not_suit_a_line_is_said_in_a_word(ticked, words):
    with pytest.raises(InputError, match=words):
        Trainer(line(*map(strategy, ticked)))


# --- the lesson -----------------------------------------------------------------------------------


@functools.cache
def lesson(*ticked: str):
    """The recipe, made quick: fewer epochs at a higher rate; and the last curve told."""
    settings = recipe("noisy-line", CATALOGUE).changed({"epochs": 400, "lr": 0.003, "threads": "1", "device": "cpu"})
    for text in ticked:
        settings = settings.ticked(parse_strategy(text, CATALOGUE, None, settings))
    trainer = Trainer(settings)
    return trainer, [event for event in run(trainer) if isinstance(event, Fitted)][-1]


def off(ticked: tuple[str, ...], to_line: bool) -> float:
    """How far the lesson's last curve lies, at the training points' x, from the points or from the line."""
    trainer, curve = lesson(*ticked)
    training = trainer.learner.parts.training
    x, y = (tensor.flatten().numpy() for tensor in (training.inputs, training.targets))
    return float(np.sqrt(np.mean((np.interp(x, curve.x, curve.y) - (x if to_line else y)) ** 2)))


def test_in_the_lesson_the_points_are_learned_by_heart_and_the_validation_loss_rises():
    rows = lesson()[0].history.epochs
    losses = [row.val_loss for row in rows]
    assert rows[-1].clean_train_loss < 0.01
    assert losses.index(min(losses)) < 100
    assert losses[-1] > 1.25 * min(losses)


def test_in_the_lesson_dropout_ends_nearer_to_unseen_points_and_to_the_line():
    plain, dropped = lesson()[0].history.epochs[-1], lesson("dropout")[0].history.epochs[-1]
    assert dropped.val_loss < 0.95 * plain.val_loss
    assert dropped.clean_train_loss > 4 * plain.clean_train_loss
    assert off((), to_line=False) < 0.5 * off(("dropout",), to_line=False)
    assert off((), to_line=True) > 1.2 * off(("dropout",), to_line=True)
