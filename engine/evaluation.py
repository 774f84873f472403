"""Loss and accuracy of a network on some samples: in evaluation mode, without gradients, averaged over samples."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.data import Part

MOST_AT_ONCE = 1_024
"""Samples in a batch of an evaluation, at most."""
VALUES_AT_ONCE = 2**25
"""Values in the largest output of a layer for such a batch, at most: 134 MB as float32."""


@dataclass(frozen=True)
class Figures:
    """What an evaluation gives."""

    loss: float
    accuracy: float | None
    """None in a regression."""


def samples_at_once(network: nn.Module, inputs: Tensor) -> int:
    """How many samples to evaluate together: many small images, few large ones, by the largest output of any layer.

    Seen by passing the scaled `inputs` `[N, ...]` through the network in evaluation mode; one sample will do.
    """
    largest = inputs.numel()

    def look(module: nn.Module, _: object, output: object) -> None:
        nonlocal largest
        if isinstance(output, Tensor):
            largest = max(largest, output.numel())

    hooks = [module.register_forward_hook(look) for module in network.modules()]
    was_training = network.training
    try:
        with torch.inference_mode():
            network.eval()(inputs)
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return max(1, min(MOST_AT_ONCE, VALUES_AT_ONCE * len(inputs) // largest))


def evaluation_batches(count: int, size: int) -> list[tuple[int, int]]:
    """Start and end of each batch of an evaluation of `count` samples."""
    return [(start, min(start + size, count)) for start in range(0, count, size)]


def evaluate(
    network: nn.Module,
    part: Part,
    outputs_of: Callable[[Tensor, int], Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
    size: int,
) -> Generator[None, None, Figures]:
    """Yields between batches, so that whoever drives it can pause; returns the figures. The network's mode stays.

    `outputs_of` gives the network's outputs `[N, K]` for inputs as they are stored, of which the first is that row;
    `size` is the number of samples to evaluate together.
    """
    was_training = network.training
    losses: list[Tensor] = []
    correct: list[Tensor] = []
    batches = evaluation_batches(len(part), size)
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
