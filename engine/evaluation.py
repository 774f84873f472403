"""Loss and accuracy of a network on some samples: in evaluation mode, without gradients, averaged over samples."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.data import Part

ELEMENTS_PER_BATCH = 2**20
"""Input values in a batch of an evaluation: many small images, few large ones."""


@dataclass(frozen=True)
class Figures:
    """What an evaluation gives."""

    loss: float
    accuracy: float | None
    """None in a regression."""


def evaluation_batches(part: Part) -> list[tuple[int, int]]:
    """Start and end of each batch of an evaluation."""
    size = max(1, min(1024, ELEMENTS_PER_BATCH // max(1, part.inputs[0].numel())))
    return [(start, min(start + size, len(part))) for start in range(0, len(part), size)]


def evaluate(
    network: nn.Module,
    part: Part,
    outputs_of: Callable[[Tensor, int], Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
) -> Generator[None, None, Figures]:
    """Yields between batches, so that whoever drives it can pause; returns the figures. The network's mode stays.

    `outputs_of` gives the network's outputs `[N, K]` for inputs as they are stored, of which the first is that row.
    """
    was_training = network.training
    losses: list[Tensor] = []
    correct: list[Tensor] = []
    batches = evaluation_batches(part)
    network.eval()
    try:
        for start, end in batches:
            targets = part.targets[start:end]
            outputs = outputs_of(part.inputs[start:end], start)
            with torch.inference_mode():
                losses.append(loss(outputs, targets))
                if targets.ndim == 1:
                    correct.append((outputs.argmax(1) == targets).sum())
            yield None
    finally:
        network.train(was_training)
    sums = [(end - start) * value for (start, end), value in zip(batches, torch.stack(losses).tolist(), strict=True)]
    accuracy = int(torch.stack(correct).sum()) / len(part) if correct else None
    return Figures(sum(sums) / len(part), accuracy)
