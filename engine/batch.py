"""A training batch on its way to the network: augmented and mixed, in a step of a run and in what is shown of one."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

from torch import Generator, Tensor
from torch.nn.functional import one_hot

from engine.config import RunConfig
from engine.randomness import generator
from engine.strategy import Augmentation, Regularizer

Augment = Callable[[Augmentation, Tensor, Generator], Tensor]
"""Applies one augmentation to a batch."""
Mixed = tuple[Tensor, Tensor]
"""Inputs and targets."""
Mix = Callable[[Regularizer, Tensor, Tensor, Generator], Mixed]
"""Lets one regularizer mix a batch."""


def augmented(config: RunConfig, inputs: Tensor, *place: int, apply: Augment = operator.call) -> Tensor:
    """Inputs, as they are stored, as the batch at this place has them: uint8 `[B, C, H, W]`.

    The place is the number of the epoch, that of the batch, and in another process than the first that of the process.
    All randomness is fixed by the run's seed and the place, as long as the global generators were seeded for it.
    """
    if config.augmentations:
        drawing = generator(config.seed, "augment", *place, device=inputs.device)
        for augmentation in config.augmentations:
            inputs = apply(augmentation, inputs, drawing)
    return inputs


def _mix(regularizer: Regularizer, inputs: Tensor, targets: Tensor, drawing: Generator) -> Mixed:
    return regularizer.mix(inputs, targets, drawing)


def mixed(
    config: RunConfig, mixers: Sequence[Regularizer], inputs: Tensor, targets: Tensor, outputs: int, *place: int,
    apply: Mix = _mix,
) -> Mixed:  # fmt: skip
    """Scaled inputs `[B, ...]` and targets as these regularizers of the run mix them, at that place of the run.

    Class numbers int64 `[B]` become shares of the classes, float32 `[B, outputs]`; without mixers all stays as it is.
    """
    if mixers:
        drawing = generator(config.seed, "mix", *place, device=inputs.device)
        targets = targets if targets.is_floating_point() else one_hot(targets, outputs).float()
        for regularizer in mixers:
            inputs, targets = apply(regularizer, inputs, targets, drawing)
    return inputs, targets
