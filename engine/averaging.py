"""A running average of a network's weights, kept beside the network (Polyak, Juditsky 1992; Izmailov et al. 2018)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, repeat

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def start_average(model: nn.Module) -> nn.Module:
    """A copy of the network as it is, in evaluation mode, that nothing trains."""
    return copy.deepcopy(model).eval().requires_grad_(False)


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, share: float) -> None:
    """Move every parameter and buffer of the average by this share towards the network's; whole numbers are copied."""
    own, present = (chain(module.parameters(), module.buffers()) for module in (average, model))
    pairs = list(zip(own, present, strict=True))
    moving = [pair for pair in pairs if pair[0].is_floating_point()]
    torch._foreach_lerp_([ours for ours, _ in moving], [theirs for _, theirs in moving], share)
    for ours, theirs in pairs:
        if not ours.is_floating_point():
            ours.copy_(theirs)


def measure_norms(
    average: nn.Module,
    batches: Iterable[Tensor],
    context: Callable[[], AbstractContextManager[None]] = nullcontext,
    model: nn.Module | None = None,
) -> Generator[None, None, None]:
    """Measure the statistics of batch norms anew: averaged weights give activations that no step has seen.

    As `torch.optim.swa_utils.update_bn` (Izmailov et al. 2018, arXiv:1803.05407), but with dropout off, as in the
    evaluation that follows. `batches` are scaled inputs `[N, ...]` of two samples or more; they count alike, and should
    be of one size. Each passes through the network within a `context` of its own. Yields between them.
    """
    frozen = [not own.training for own in model.modules()] if model else repeat(False)
    norms = [
        module for module, left in zip(average.modules(), frozen, strict=False)
        if isinstance(module, _BatchNorm) and module.track_running_stats and not left
    ]  # fmt: skip
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
        norm.train()
    try:
        for inputs in batches:
            with torch.no_grad(), context():
                average(inputs)
            yield None
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
