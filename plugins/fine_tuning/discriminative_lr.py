"""Discriminative learning rates and gradual unfreezing (Howard, Ruder 2018, ULMFiT, arXiv:1801.06146)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, FineTuning, hookimpl
from plugins.fine_tuning._advice import advice_on_caching, advice_on_weights

if TYPE_CHECKING:
    from engine.config import RunConfig

PARTS = '''
def body_parts(model, head, count):
    """The layers before the head, each with the norms that follow it, in so many parts from the input on."""
    layers = []
    for module in (module for module in model.modules() if module not in set(head.modules())):
        own = list(module.parameters(recurse=False))
        if own and (not layers or any(p.ndim > 1 for p in own)):
            layers.append([])
        layers[-1:] = [[*layers[-1], module]] if own else layers[-1:]
    parts = [[] for _ in range(count)]
    for number, layer in enumerate(reversed(layers)):
        parts[count - 1 - number * count // max(count, len(layers))] += layer
    return parts'''
DIVIDED = """\
parts = body_parts(model, head, {parts})
owner = {{p: number for number, part in enumerate(parts) for module in part for p in module.parameters(recurse=False)}}
groups = [
    group | {{"params": [p for p in group["params"] if owner.get(p, {parts}) == number]}}
    | {{"share": {factor} ** (number - {parts}), "lr": LR * {factor} ** (number - {parts})}}
    for group in groups
    for number in range({parts} + 1)  # the last is the head
]
groups = [group for group in groups if group["params"]]"""
THAWED = """\
thawed = min({parts}, epoch // {every})
model.train(thawed > 0)
head.train()
for number, part in enumerate(parts):
    for module in part:
        module.requires_grad_(number >= {parts} - thawed).train(number >= {parts} - thawed)"""


class DiscriminativeLR(FineTuning):
    """Train each part of a pretrained network with a smaller learning rate, the nearer to the input it lies.

    First layers see edges and colours, which all images share, and need little change; the last ones see what the new
    classes differ in. With gradual unfreezing the head begins alone, and one part after another joins
    it (점진적 동결 해제).
    """

    id = "discriminative-lr"

    factor: float = Field(2.6, ge=1, le=100)
    """By how much the learning rate of a part is smaller than that of the next, the head being the last."""
    parts: int = Field(4, ge=1, le=100)
    """Parts into which the body's layers are divided, equally many in each."""
    unfreeze_every: int | None = Field(None, ge=1, le=1_000_000)
    """Epochs after which one part more is unfrozen, from the head on; none trains all of them from the start."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        yield from advice_on_weights(config)
        if self.unfreeze_every is not None:
            yield from advice_on_caching(config)
        if self.unfreeze_every is not None and self.unfreeze_every * self.parts >= config.epochs:
            yield Advice("warning", message(
                "not-all-unfrozen", "the run ends after {epochs} epochs, before all is unfrozen (after {needed})",
                epochs=config.epochs, needed=self.unfreeze_every * self.parts,
            ), "unfreeze_every")  # fmt: skip

    def lr_shares(self, epoch: int) -> Sequence[float]:
        joined = self.parts if self.unfreeze_every is None else min(self.parts, epoch // self.unfreeze_every)
        shares = [self.factor ** (number - self.parts) for number in range(self.parts)]
        return [0.0] * (self.parts - joined) + shares[self.parts - joined :]

    def code(self, config: RunConfig) -> Code:
        given = {"parts": self.parts, "factor": self.factor, "every": self.unfreeze_every}
        return Code(
            define=PARTS, groups=DIVIDED.format(**given), epoch=THAWED.format(**given) if self.unfreeze_every else ""
        )


@hookimpl
def register_strategies() -> list[type[FineTuning]]:
    return [DiscriminativeLR]
