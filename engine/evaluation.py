"""Loss and accuracy of a network on some samples: in evaluation mode, without gradients, averaged over samples."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.data import Part
from engine.failure import out_of_memory

MOST_AT_ONCE = 1_024
"""Samples in a batch of an evaluation, at most."""
VALUES_AT_ONCE = 2**25
"""Values in the largest output of a layer for such a batch, at most: 134 MB as float32."""
VALUES_AT_ONCE_ON_CPU = 2**23
"""The same for a processor, which works twice as fast on what stays near its caches."""
VALUES_JUDGED = 2**20
"""Values of outputs that wait to be judged together, about: small operations between those of the network cost more
than they do by themselves."""


@dataclass(frozen=True)
class Figures:
    """What an evaluation gives."""

    loss: float
    accuracy: float | None
    """None in a regression."""


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """In evaluation mode; afterwards each layer is in its own mode again, a frozen one in evaluation mode."""
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


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
    try:
        with torch.inference_mode(), evaluating(network):
            network(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    most = VALUES_AT_ONCE_ON_CPU if inputs.device.type == "cpu" else VALUES_AT_ONCE
    return max(1, min(MOST_AT_ONCE, most * len(inputs) // largest))


def evaluate(
    network: nn.Module,
    part: Part,
    outputs_of: Callable[[Tensor, int], Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
    targets_of: Callable[[Tensor, Tensor], Tensor],
    size: int,
) -> Generator[None, None, Figures]:
    """Yields between batches, so that whoever drives it can pause; returns the figures. The modes of its layers stay.

    `outputs_of` gives the network's outputs `[N, K]` for inputs as they are stored, of which the first is that row, and
    `targets_of` what they are to be, from the inputs and the part's targets (`engine.targets.Targets`);
    `size` is the number of samples to evaluate together; where memory runs out, it is halved: the figures are means
    over samples, and depend on it in their last digits alone.
    """
    waiting: list[tuple[Tensor, Tensor]] = []
    judged: list[tuple[int, Tensor, Tensor | None]] = []
    start = 0
    with evaluating(network):
        while start < len(part):
            end, held = min(start + size, len(part)), len(waiting)
            try:
                inputs = part.between(start, end)
                outputs = outputs_of(inputs, start)
                with torch.inference_mode():
                    targets = targets_of(inputs.to(outputs.device), part.targets[start:end].to(outputs.device))
                    waiting.append((outputs, targets))
                    if end == len(part) or sum(outputs.numel() for outputs, _ in waiting) >= VALUES_JUDGED:
                        judged.append(_judged(waiting, loss))
                        waiting.clear()
            except (RuntimeError, MemoryError) as error:
                if size == 1 or not out_of_memory(error):
                    raise
                del waiting[held:]
                size //= 2
                continue
            start = end
            yield None
    counts, losses, correct = zip(*judged, strict=True)
    sums = [count * value for count, value in zip(counts, torch.stack(losses).tolist(), strict=True)]
    accuracy = int(torch.stack(correct).sum()) / len(part) if correct[0] is not None else None
    return Figures(sum(sums) / len(part), accuracy)


def _judged(
    waiting: list[tuple[Tensor, Tensor]], loss: Callable[[Tensor, Tensor], Tensor]
) -> tuple[int, Tensor, Tensor | None]:
    """Of outputs `[B, K]` with their targets, batch after batch: how many, their loss, and how many are right."""
    outputs, targets = (each[0] if len(each) == 1 else torch.cat(each) for each in zip(*waiting, strict=True))
    return len(outputs), loss(outputs, targets), (outputs.argmax(1) == targets).sum() if targets.ndim == 1 else None
