"""What a ticked box does to a run: small runs on real images, in which the network learns its samples by heart."""

from __future__ import annotations

import functools

import pytest
import torch
from torch.optim import lr_scheduler

from engine.config import RunConfig, recipe
from engine.strategy import Augmentation, Strategy
from engine.trainer import Trainer
from tests.plugins.bench import CATALOGUE, config, run, strategy

EPOCHS = 40
CROP = strategy("random-resized-crop", scale=(0.7, 1.0))


def lesson(*ticked: Strategy) -> RunConfig:
    """The first lesson, made small enough for a second: 400 images, forty epochs."""
    small = {"train_samples": "400", "validation_samples": "400", "epochs": EPOCHS, "lr": 2e-3}
    settings = recipe("first-lesson", CATALOGUE).changed(small | {"threads": "1", "device": "cpu"})
    for chosen in (strategy("mlp", hidden=(256, 128)), *ticked):
        settings = settings.ticked(chosen)
    return settings


@functools.cache
def trained(*ticked: Strategy) -> Trainer:
    trainer = Trainer(lesson(*ticked))
    run(trainer)
    return trainer


def gap(trainer: Trainer) -> float:
    """Between validation and clean training loss at the end: how much was learned by heart."""
    last = trainer.history.epochs[-1]
    return last.val_loss - last.clean_train_loss


def test_with_nothing_ticked_the_validation_loss_turns_upward():
    losses = trained().history.column("val_loss")
    assert len(losses) == EPOCHS
    assert losses.index(min(losses)) < EPOCHS / 2
    assert losses[-1] > 1.3 * min(losses)
    assert gap(trained()) > 0.7
    assert set(trained().history.column("lr")) == {2e-3}


@pytest.mark.parametrize(
    "ticked",
    [
        (strategy("dropout", p=0.5),),
        (CROP, strategy("random-horizontal-flip")),
        (strategy("weight-decay", decay=0.01),),
    ],
    ids=["dropout", "crop and flip", "weight decay"],
)
def test_lowers_the_final_gap_between_validation_and_clean_training_loss(ticked):
    assert gap(trained(*ticked)) < 0.85 * gap(trained())
    assert trained(*ticked).history.epochs[-1].val_loss < trained().history.epochs[-1].val_loss


def test_dropout_makes_the_training_loss_lie_above_the_clean_one():
    last = trained(strategy("dropout", p=0.5)).history.epochs[-1]
    assert last.train_loss > 1.5 * last.clean_train_loss


def test_plateau_lowers_the_rate_when_the_validation_loss_stalls_and_so_the_final_loss():
    trainer = trained(strategy("reduce-lr-on-plateau", patience=2))
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2e-3)
    reference = lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
    for row in trainer.history.epochs:
        steps = trainer.history.steps[(row.epoch - 1) * 7 : row.epoch * 7]
        assert len(steps) == 7
        assert [row.lr, *steps[:, 2]] == pytest.approx([optimizer.param_groups[0]["lr"]] * 8, rel=1e-12)
        reference.step(row.val_loss)
    rates = trainer.history.column("lr")
    assert rates[0] == 2e-3
    assert rates[-1] < 1e-4
    assert rates == sorted(rates, reverse=True)
    assert trainer.history.epochs[-1].val_loss < 0.85 * trained().history.epochs[-1].val_loss


def test_early_stopping_ends_the_run_and_the_best_weights_are_restored():
    trainer = Trainer(lesson(strategy("early-stopping", patience=5)))
    finished = run(trainer)[-1]
    losses = trainer.history.column("val_loss")
    best = losses.index(min(losses)) + 1
    assert len(losses) == best + 5 < EPOCHS
    assert losses == trained().history.column("val_loss")[: len(losses)], "until then it is the same run"
    assert (finished.reason.code, finished.epochs, finished.best_epoch) == ("early-stopping", best + 5, best)
    assert finished.reason.values["saved"] == EPOCHS - len(losses)
    assert not finished.stopped
    assert validation_loss(trainer) == min(losses)
    assert losses[-1] > min(losses)


def validation_loss(trainer: Trainer) -> float:
    evaluating = trainer.learner.evaluate(trainer.learner.parts.validation)
    while True:
        try:
            next(evaluating)
        except StopIteration as end:
            return end.value.loss


def test_a_run_that_was_stopped_early_and_is_extended_is_judged_afresh():
    trainer = Trainer(config(strategy("early-stopping", patience=1), strategy("tanh"), epochs=30, lr=0.3))
    run(trainer)
    stopped = trainer.position.epoch
    assert stopped < 30
    again = Trainer(trainer.config, snapshot=trainer.store.last())
    again.extend(stopped + 30)
    assert again.history.marks == [stopped]
    run(again)
    since = again.history.column("val_loss")[stopped:]
    assert len(since) >= 2, "the epochs before the mark must not count"


SEEN: list[torch.Tensor] = []


class Spy(Augmentation):
    """Keep what it is given, and give black images instead."""

    def __call__(self, images, generator):
        SEEN.append(images.clone())
        return torch.zeros_like(images)


def rows(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


def test_augmentation_is_applied_to_training_batches_alone():
    SEEN.clear()
    trainer = Trainer(config(Spy(), epochs=3))
    learner = trainer.learner
    given: list[tuple[bool, torch.Tensor]] = []
    learner.model.register_forward_pre_hook(lambda module, args: given.append((module.training, args[0].clone())))
    run(trainer)
    parts = learner.parts
    assert [len(images) for images in SEEN] == [4, 4] * 3, "the training batches, and no others"
    assert rows(torch.cat(SEEN[:2])) == rows(parts.training.inputs)
    black = learner.scale(torch.zeros_like(parts.training.inputs[:4]))
    assert all(torch.equal(inputs, black) for training, inputs in given if training)
    # One sample alone is how an evaluation sees how many go together.
    evaluated = [inputs for training, inputs in given if not training and len(inputs) > 1]
    whole = [learner.clean, parts.validation] * 3 + [parts.test]
    assert len(evaluated) == len(whole)
    for inputs, part in zip(evaluated, whole, strict=True):
        assert torch.equal(inputs, learner.scale(part.inputs))


def test_augmentations_are_applied_in_the_order_of_the_settings():
    SEEN.clear()
    learner = Trainer(config(strategy("random-horizontal-flip", p=1.0), Spy())).learner
    learner.step(torch.arange(4), 0, 0, 0.1)
    assert torch.equal(SEEN[0], learner.parts.training.inputs[:4].flip(3))
    SEEN.clear()
    learner = Trainer(config(Spy(), strategy("random-horizontal-flip", p=1.0))).learner
    learner.step(torch.arange(4), 0, 0, 0.1)
    assert torch.equal(SEEN[0], learner.parts.training.inputs[:4])


@pytest.mark.parametrize("chosen", [CROP, strategy("random-horizontal-flip"), strategy("speckle")], ids=str)
def test_a_sample_is_augmented_anew_in_every_epoch(chosen):
    SEEN.clear()
    learner = Trainer(config(chosen, Spy())).learner
    for epoch in (0, 1, 0):
        learner.step(torch.arange(8), epoch, 0, 0.1)
    assert not torch.equal(SEEN[0], SEEN[1])
    assert torch.equal(SEEN[0], SEEN[2])
