"""The speed is not bought with other mathematics: a run is the loop that anybody would write, to the bit."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from engine.config import recipe
from engine.data import permutation
from engine.events import Steps
from engine.randomness import generator
from engine.trainer import Trainer
from tests.engine.support import of_type

BATCH, EPOCHS = 32, 2


def mlp() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 16), nn.BatchNorm1d(16),
        nn.ReLU(), nn.Linear(16, 10),
    )  # fmt: skip


def cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * 49, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip


def take_off_switches(trainer: Trainer) -> None:
    """Convolutions channels-first, and an optimizer that goes from weight to weight."""
    trainer.learner.model.to(memory_format=torch.contiguous_format)
    for group in trainer.learner.optimizer.param_groups:
        group["fused"] = group["foreach"] = False


def loop(model: nn.Module, optimizer: torch.optim.Optimizer, trainer: Trainer) -> list[float]:
    """The loss of each step, of the usual loop on the same images in the same order."""
    training, config, losses = trainer.learner.parts.training, trainer.config, []
    torch.set_num_threads(trainer.threads)
    mean, std = trainer.learner.scale.mean, trainer.learner.scale.std
    for epoch in range(EPOCHS):
        for batch, rows in enumerate(permutation(len(training), config.seed, epoch).split(BATCH)):
            images, labels = training.inputs[rows], training.targets[rows]
            drawing = generator(config.seed, "augment", epoch, batch)
            for augmentation in config.augmentations:
                images = augmentation(images, drawing)
            loss = functional.cross_entropy(model((images.float() - mean) / std), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


@pytest.mark.parametrize(
    ("switches", "augmentations"),
    [(True, []), (False, []), (False, ["random-resized-crop", "random-horizontal-flip"])],
    ids=["as it is", "without switches", "augmented"],
)
@pytest.mark.parametrize(
    ("settings", "make"),
    [("mlp:hidden=32+16", mlp), ("cnn:channels=8+16,hidden=32", cnn)],
)
@pytest.mark.parametrize(
    ("id", "optimizer"),
    [
        ("adam", lambda weights, fused: torch.optim.Adam(weights, 1e-2, fused=fused)),
        ("sgd:momentum=0.9", lambda weights, fused: torch.optim.SGD(weights, 1e-2, momentum=0.9, fused=fused)),
    ],
    ids=["adam", "sgd"],
)
def test_the_loss_of_every_step_is_that_of_a_loop_written_by_hand_bit_for_bit(
    tiny, catalogue, one_thread, settings, make, id, optimizer, switches, augmentations
):
    config = tiny(
        dataset=recipe("default", catalogue).dataset, train_samples="330", epochs=EPOCHS, batch_size=BATCH, lr=1e-2,
        model=settings, optimizer=id, ticked=["batch-norm", *augmentations], threads="1", activation="relu",
    )  # fmt: skip
    trainer, model = Trainer(config), make()
    own = trainer.learner.model.state_dict()
    model.load_state_dict({name: own[ours] for name, ours in zip(model.state_dict(), own, strict=True)})
    if switches:
        model.to(memory_format=torch.channels_last)
    else:
        take_off_switches(trainer)
    by_hand = loop(model, optimizer(model.parameters(), switches), trainer)
    rows = [row for steps in of_type(list(trainer.run()), Steps) for row in steps.rows]
    assert [loss for _, loss, _ in rows] == by_hand and len(by_hand) == 22
