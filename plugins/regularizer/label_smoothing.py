"""Label smoothing (Szegedy et al. 2015, arXiv:1512.00567)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import Generator, Tensor

from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, Regularizer, hookimpl
from plugins.regularizer._advice import changes_nothing

if TYPE_CHECKING:
    from engine.config import RunConfig


class LabelSmoothing(Regularizer):
    """Ask for a little less than certainty: part of each target is spread evenly over all classes."""

    mixes_inputs = False

    smoothing: float = Field(0.1, ge=0, lt=1)
    """Share of the target that is spread. Validation targets are never smoothed."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.smoothing == 0:
            yield changes_nothing("smoothing")
        elif data is not None and data.task == "regression":
            yield Advice("warning", message(
                "no-labels-to-smooth", "a regression has no labels to smooth: its targets would be changed; untick it"
            ))  # fmt: skip

    def mix(self, inputs: Tensor, targets: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        return inputs, targets * (1 - self.smoothing) + self.smoothing / targets.shape[1]

    def code(self, config: RunConfig) -> Code:
        return Code(batch=f"y = y * (1 - {self.smoothing}) + {self.smoothing} / y.shape[1]  # label smoothing")


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [LabelSmoothing]
