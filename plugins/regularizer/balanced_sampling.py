"""Balanced sampling: rare classes come as often as common ones (oversampling; Buda, Maki, Mazurowski 2017,
arXiv:1710.05381)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Regularizer, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

ALIKE = 1.05
"""How much more samples the largest class may have than the smallest for them to count as balanced."""

DRAWING = 'torch.Generator().manual_seed(seed(SEED, "order", epoch))'
DEFINED = '''
def balanced_order(targets, generator):
    """Rows of which every class has equally many: each is shuffled and gone through, as often as it takes."""
    classes, sizes = targets.unique(return_counts=True)
    shares = torch.full_like(classes, len(targets) // len(classes))
    shares[torch.randperm(len(classes), generator=generator)[: len(targets) % len(classes)]] += 1
    rows = []
    for own, share in zip(targets.argsort(stable=True).split(sizes.tolist()), shares.tolist()):
        rounds = torch.rand(-(-share // len(own)), len(own), generator=generator).argsort(1)
        rows.append(own[rounds.flatten()[:share]])
    turns = torch.repeat_interleave(classes, shares)[torch.randperm(len(targets), generator=generator)]
    order = torch.empty(len(targets), dtype=torch.long)
    order[turns.argsort(stable=True)] = torch.cat(rows)
    return order'''


class BalancedSampling(Regularizer):
    """Show the network every class equally often, however many samples it has; an epoch is as long as before.

    Samples of a rare class come several times in an epoch, and of a common one only a part, drawn anew in every epoch.
    Each class is shuffled and gone through, so that none of its samples comes again before all have come; PyTorch's
    `WeightedRandomSampler` draws every time from all, and misses some. Validation and test keep their own frequencies.
    """

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        counts = [count for count in data.class_counts if count] if data else []
        if data is not None and data.task == "regression":
            yield Advice("warning", message(
                "no-classes-to-balance", "it changes nothing: a regression has no classes"
            ))  # fmt: skip
        elif counts and max(counts) <= ALIKE * min(counts):
            least, most = min(counts), max(counts)
            yield Advice("warning", message(
                "sampled-alike", "it changes nothing: the classes have {samples} training samples each",
                samples=least if least == most else f"{least}–{most}",
            ))  # fmt: skip
        elif getattr(config.loss, "class_weights", "none") not in ("none", None):
            yield Advice("warning", message(
                "sampled-and-weighted", "the loss {loss} weights the classes too, so that rare ones count too much: "
                "use one of the two", loss=config.loss.id,
            ))  # fmt: skip

    def order(self, targets: Tensor, generator: Generator) -> Tensor:
        device, count = generator.device, len(targets)
        if targets.is_floating_point():
            return torch.randperm(count, generator=generator, device=device)
        targets = targets.to(device)
        classes, sizes = targets.unique(return_counts=True)
        shares = torch.full_like(classes, count // len(classes))
        # What is left over goes to classes by lot.
        shares[torch.randperm(len(classes), generator=generator, device=device)[: count % len(classes)]] += 1
        rows = []
        for own, share in zip(targets.argsort(stable=True).split(sizes.tolist()), shares.tolist(), strict=True):
            rounds = torch.rand(-(-share // len(own)), len(own), generator=generator, device=device).argsort(1)
            rows.append(own[rounds.flatten()[:share]])
        # The classes take turns by lot, and each keeps its own order.
        turns = torch.repeat_interleave(classes, shares)[torch.randperm(count, generator=generator, device=device)]
        order = torch.empty(count, dtype=torch.int64, device=device)
        order[turns.argsort(stable=True)] = torch.cat(rows)
        return order

    def code(self, config: RunConfig) -> Code:
        if config.dataset.task == "regression":  # there are no classes
            return Code(order=f"torch.randperm(len(targets), generator={DRAWING})")
        return Code(define=DEFINED, order=f"balanced_order(targets, {DRAWING})")


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [BalancedSampling]
