"""What is shown of a training batch is what the run trains on, bit for bit."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
import torch

from engine.data import Source, split
from engine.learner import Learner
from engine.preview.batch_view import SHOWN, augment, first_rows, mix, preview, scaler_of
from engine.preview.data_view import facts_of
from engine.randomness import global_generators, seeded_generators, stream
from engine.strategy import Augmentation, Regularizer
from tests.engine.test_learner import EvenRows

TECHNIQUES = ["random-horizontal-flip", "random-crop:padding=2", "gaussian-noise:sigma=0.2"]
MIXERS = ["mixup:alpha=1", "cutmix:alpha=1"]


def parts_of(config, folder):
    return split(config.dataset.load(Source(folder)), config)


def fed(learner, rows, epoch, batch):
    """What a step of the run gives its network and its loss."""
    seen = []
    learner.model.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach().clone()))
    loss = learner._loss
    learner._loss = lambda outputs, targets: (seen.append(targets.clone()), loss(outputs, targets))[1]
    learner.step(rows, epoch, batch, 0.01)
    return seen


class DrawsGlobally(Augmentation):
    """Draws from the generators that it is not handed."""

    def __call__(self, images, generator):
        shift = int(torch.randint(0, 99, ())) + random.randrange(99) + int(np.random.randint(99))
        return images + shift


@pytest.mark.parametrize(
    "ticked", [[], TECHNIQUES, MIXERS, [*TECHNIQUES, *MIXERS, "label-smoothing"], [DrawsGlobally()]]
)
@pytest.mark.parametrize("epoch, batch", [(0, 0), (3, 2)])
def test_the_network_is_fed_what_is_shown(tiny, tmp_path, ticked, epoch, batch):
    config = tiny(ticked=ticked, seed=5)
    parts = parts_of(config, tmp_path)
    learner = Learner(config, parts, torch.device("cpu"), Source(tmp_path))
    rows = learner.order(epoch)[slice(*learner.bounds[batch])]
    inputs, targets = fed(learner, rows, epoch, batch)
    troubles = []
    with seeded_generators(stream(config.seed, "step", epoch, batch)):
        shown = augment(config, parts.training.inputs[rows].clone(), epoch, batch, troubles)
        scaled, labels = scaler_of(config, parts, troubles)(shown), parts.training.targets[rows]
        if config.giving("mix"):
            scaled, labels = mix(config, parts, scaled, labels, epoch, batch, troubles)
    assert torch.equal(inputs, scaled)
    assert torch.equal(targets, labels)
    assert troubles == []


def test_the_first_draw_is_the_first_batch_of_the_run(tiny, tmp_path):
    config = tiny(ticked=TECHNIQUES)
    parts = parts_of(config, tmp_path)
    learner = Learner(config, parts, torch.device("cpu"), Source(tmp_path))
    rows = learner.order(0)[slice(*learner.bounds[0])]
    inputs, _ = fed(learner, rows, 0, 0)
    shown = preview(config, parts)
    assert [sample.row for sample in shown.before] == rows[:SHOWN].tolist()
    pixels = (inputs * learner.scale.std + learner.scale.mean).round().to(torch.uint8)
    np.testing.assert_array_equal(shown.after, pixels[:SHOWN, 0].numpy())
    for sample in shown.before:
        np.testing.assert_array_equal(sample.pixels, parts.training.inputs[sample.row, 0].numpy())


def test_another_draw_is_of_the_same_images_and_the_same_draw_is_the_same(tiny, tmp_path):
    config = tiny(ticked=TECHNIQUES)
    parts = parts_of(config, tmp_path)
    first, second = preview(config, parts, 0), preview(config, parts, 1)
    assert [s.row for s in first.before] == [s.row for s in second.before]
    assert not np.array_equal(first.after, second.after)
    np.testing.assert_array_equal(second.after, preview(config, parts, 1).after)


def test_nothing_ticked_changes_nothing_and_validation_never_changes(tiny, tmp_path):
    config = tiny()
    parts = parts_of(config, tmp_path)
    plain = preview(config, parts)
    np.testing.assert_array_equal(plain.after, np.stack([sample.pixels for sample in plain.before]))
    assert plain.mixtures == () and plain.troubles == ()
    ticked = preview(tiny(ticked=[*TECHNIQUES, *MIXERS]), parts)
    for one, other in zip(plain.validation, ticked.validation, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.pixels, parts.validation.inputs[one.row, 0].numpy())


def test_statistics_that_are_known_give_the_same(tiny, tmp_path):
    config = tiny(ticked=["mixup"])
    parts = parts_of(config, tmp_path)
    known = facts_of(parts, config).statistics
    np.testing.assert_array_equal(preview(config, parts, 2, known).after, preview(config, parts, 2).after)
    one, other = scaler_of(config, parts, [], known), scaler_of(config, parts, [])
    assert torch.equal(one.mean, other.mean) and torch.equal(one.std, other.std)


def test_mixtures_name_the_classes_with_their_shares(tiny, tmp_path):
    config = tiny(ticked=["mixup:alpha=1"])
    parts = parts_of(config, tmp_path)
    shown = preview(config, parts)
    assert len(shown.mixtures) == len(shown.before)
    for number, mixture in enumerate(shown.mixtures[1:], 1):
        names = {shown.before[number].label, shown.before[number - 1].label}
        assert {name for name, _ in mixture} <= names, "the partner is the sample before it in the batch"
        assert sum(share for _, share in mixture) == pytest.approx(1, abs=0.011)
        assert [share for _, share in mixture] == sorted((share for _, share in mixture), reverse=True)
        if len(mixture) == 2 and len(names) == 2:
            share = dict(mixture)[shown.before[number].label]
            blend = share * shown.before[number].pixels + (1 - share) * shown.before[number - 1].pixels.astype(float)
            np.testing.assert_allclose(shown.after[number], blend, atol=0.51)


class Breaks(Augmentation):
    """Raises."""

    def __call__(self, images, generator):
        raise RuntimeError("out of\nink")


class MakesFloats(Augmentation):
    """Forgets the type."""

    def __call__(self, images, generator):
        return images / 255


class BreaksMixing(Regularizer):
    """Raises."""

    def mix(self, inputs, targets, generator):
        raise RuntimeError("no")


class Jumbles(Regularizer):
    """Raises."""

    def order(self, targets, generator):
        raise RuntimeError("lost")


def test_a_technique_that_fails_is_named_and_left_out(tiny, tmp_path):
    broken = [Breaks(), "random-vertical-flip:p=1", MakesFloats(), BreaksMixing(), Jumbles()]
    config = tiny(ticked=broken)
    shown = preview(config, parts_of(config, tmp_path))
    assert [str(trouble) for trouble in shown.troubles] == [
        "jumbles failed: RuntimeError: lost", "breaks failed: RuntimeError: out of ink",
        "the augmentation makes-floats returned float32 [32, 1, 8, 8]; it must return uint8 [32, 1, 8, 8], as it was "
        "given",
        "breaks-mixing failed: RuntimeError: no",
    ]  # fmt: skip
    for sample, after in zip(shown.before, shown.after, strict=True):
        np.testing.assert_array_equal(after, sample.pixels[::-1], "the others are applied")


def test_the_rows_of_the_first_batch_are_in_the_runs_order_and_not_too_many(tiny, tmp_path, monkeypatch):
    for ticked in ([], [EvenRows()], ["balanced-sampling"]):
        config = tiny(ticked=ticked)
        parts = parts_of(config, tmp_path)
        learner = Learner(config, parts, torch.device("cpu"), Source(tmp_path))
        assert torch.equal(first_rows(config, parts, []), learner.order(0)[:32])
    monkeypatch.setattr("engine.preview.batch_view.VALUES", 20 * 64)
    assert len(first_rows(config, parts, [])) == 20
    monkeypatch.setattr("engine.preview.batch_view.VALUES", 1)
    assert len(first_rows(config, parts, [])) == SHOWN


class TriesTheLock(Augmentation):
    """Asks, in another thread, for the generators that a run would draw from."""

    def __call__(self, images, generator):
        thread = threading.Thread(target=lambda: GOT.append(global_generators.acquire(blocking=False)))
        thread.start()
        thread.join()
        return images


GOT: list[bool] = []


def test_while_techniques_are_at_work_no_run_draws_from_the_global_generators(tiny, tmp_path):
    GOT.clear()
    config = tiny(ticked=[TriesTheLock()])
    preview(config, parts_of(config, tmp_path))
    assert GOT == [False]
