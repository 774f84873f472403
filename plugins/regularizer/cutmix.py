"""CutMix (Yun, Han, Oh, Chun, Choe, Yoo 2019, arXiv:1905.04899), for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, Regularizer, hookimpl
from plugins.regularizer.mixup import beta, blend

if TYPE_CHECKING:
    from engine.config import RunConfig

PASTED = """\
share = torch.distributions.Beta({alpha}, {alpha}).sample((len(x),)).double()
x, y = cutmix(x, y, share, [torch.randint(size, (len(x),)) for size in x.shape[2:]])"""
DEFINED = '''
def cutmix(x, y, share, middles):
    """Images, each with a box of the one before it around its middle, and their labels by the areas."""
    inside, area = torch.tensor(True), 1
    for axis, (size, middle) in enumerate(zip(x.shape[2:], middles), 2):
        half = (0.5 * (1 - share).sqrt() * size).long()
        start, end = (middle - half).clamp(min=0).view(-1, 1), (middle + half).clamp(max=size).view(-1, 1)
        within = (torch.arange(size) >= start) & (torch.arange(size) < end)
        inside = inside & within.view(len(x), 1, *(size if other == axis else 1 for other in (2, 3)))
        area = area * (end - start)
    area = area.to(device) / (x.shape[2] * x.shape[3])
    return torch.where(inside.to(device), x.roll(1, 0), x), y.roll(1, 0) * area + y * (1 - area)'''


class CutMix(Regularizer):
    """Paste a box of another image into each training image, and give its label the box's share of the area.

    The box's area is drawn from Beta(α, α) and its place evenly, for every sample. The other image is the one before it
    in the batch, as in torchvision's `CutMix`, whose result it equals. Of a sample of features a stretch is replaced.
    The training loss is that of mixed samples, and the training accuracy counts one as right where it is taken for what
    surrounds the box: both look worse than they are, so compare the clean training loss. Validation samples are never
    mixed.
    """

    id = "cutmix"

    alpha: float = Field(1.0, ge=0.1, le=100)
    """At 1 all areas are equally likely; below it most boxes are tiny or huge, above it nearer to half the image."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if any(regularizer.id == "mixup" for regularizer in config.regularizers):
            yield Advice("warning", message(
                "mixed-twice", "mixup and cutmix are applied one after the other: a sample is made of up to four"
            ))  # fmt: skip

    def mix(self, inputs: Tensor, targets: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        own = beta(self.alpha, len(inputs), generator)
        sizes = inputs.shape[2:] if inputs.ndim > 2 else inputs.shape[1:]
        centres = [torch.randint(size, own.shape, generator=generator, device=own.device) for size in sizes]
        return paste(inputs, targets, own, centres)

    def code(self, config: RunConfig) -> Code | None:
        if config.dataset.task == "regression":  # of features: hardly ever wanted
            return None
        return Code(define=DEFINED, batch=PASTED.format(alpha=self.alpha))


def paste(inputs: Tensor, targets: Tensor, own: Tensor, centres: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Inputs `[N, C, H, W]` or `[N, F]`, each with a box of the one before it, and targets mixed by the box's area.

    `own` (float `[N]`) is the share of the area that a box leaves where all of it lies within the image; `centres`
    (int64 `[N]`, one for each side of a box) are the boxes' middles.
    """
    sizes = inputs.shape[-len(centres) :]
    # In doubles, as torchvision does, where the device has them.
    cut = 1 - (own if own.device.type == "mps" else own.double())
    reach = 0.5 * (cut.sqrt() if len(sizes) == 2 else cut)
    inside = torch.ones(1, dtype=torch.bool, device=own.device)
    area = torch.ones_like(own)
    for axis, (size, centre) in enumerate(zip(sizes, centres, strict=True), inputs.ndim - len(sizes)):
        half = (reach * size).long()
        start, end = (centre - half).clamp_(min=0), (centre + half).clamp_(max=size)
        at = torch.arange(size, device=own.device)
        within = (at >= start.unsqueeze(1)) & (at < end.unsqueeze(1))
        inside = inside & within.view(-1, *(size if other == axis else 1 for other in range(1, inputs.ndim)))
        area = area * (end - start)
    whole = prod(sizes)
    return torch.where(inside, inputs.roll(1, 0), inputs), blend(targets, (whole - area) / whole, area / whole)


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [CutMix]
