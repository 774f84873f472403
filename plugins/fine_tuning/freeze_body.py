"""A pretrained network whose body stays as it came (Yosinski et al. 2014, arXiv:1411.1792)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, FineTuning, hookimpl
from plugins.fine_tuning._advice import advice_on_caching, advice_on_weights

if TYPE_CHECKING:
    from engine.config import RunConfig

DIVIDED = """\
groups = [
    group | {{"params": [p for p in group["params"] if (p in set(head.parameters())) == new], "share": share}}
    for group in groups
    for new, share in ((False, {share}), (True, 1.0))
]
groups = [group | {{"lr": LR * group["share"]}} for group in groups if group["params"]]"""
HEAD = "head.requires_grad_(True).train()"


class FreezeBody(FineTuning):
    """Train the head alone, on what a pretrained body makes of each image (동결): few images and little time will do.

    The body's weights, and the statistics of its batch norms, stay as they came. As long as nothing changes the images,
    such as augmentation, what the body makes of each is computed once. Later the body may join, at a smaller rate.
    """

    unfreeze_after: int | None = Field(None, ge=1, le=1_000_000)
    """Epochs after which the body trains too; none keeps it frozen to the end."""
    lr_share: float = Field(0.1, gt=0, le=1)
    """Share of the learning rate with which the body trains then: large steps would undo what it has learned."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        yield from advice_on_weights(config)
        yield from advice_on_caching(config)
        if config.model.reconstructs and (self.unfreeze_after is None or self.unfreeze_after >= config.epochs):
            yield Advice("error", message(
                "body-never-learns", "the model {model} is trained for its body, which {id} keeps as it is: untick it, "
                "or let the body train after some epochs", model=config.model.id, id=self.id,
            ), "unfreeze_after")  # fmt: skip
        elif self.unfreeze_after is not None and self.unfreeze_after >= config.epochs:
            yield Advice("warning", message(
                "never-unfrozen", "the body is never unfrozen: the run ends after {epochs} epochs, and it is due after "
                "{after}", epochs=config.epochs, after=self.unfreeze_after,
            ), "unfreeze_after")  # fmt: skip

    def lr_shares(self, epoch: int) -> Sequence[float]:
        frozen = self.unfreeze_after is None or epoch < self.unfreeze_after
        return (0.0 if frozen else self.lr_share,)

    def code(self, config: RunConfig) -> Code:
        if self.unfreeze_after is None:
            return Code(epoch="model.requires_grad_(False).eval()  # its batch norms too\n" + HEAD)
        return Code(
            groups=DIVIDED.format(share=self.lr_share),
            epoch=f"model.requires_grad_(epoch >= {self.unfreeze_after}).train(epoch >= {self.unfreeze_after})\n{HEAD}",
        )


@hookimpl
def register_strategies() -> list[type[FineTuning]]:
    return [FreezeBody]
