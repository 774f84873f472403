"""Noisy points of a line, on which overfitting can be seen as a curve: a common demonstration of dropout.

A network with many more weights than there are points can pass through every one of them, and wriggles where the truth
is straight: it has learned the noise. As usual, the training points are evenly spaced from -1 to 1 and their noise is
normal; those that judge the fit lie at random between them, with noise of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.data import DataBundle, Part, Source
from engine.randomness import generator
from engine.strategy import Code, Dataset, Field, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

UNSEEN = 200
"""Samples for validation, and for the test: enough for losses that say more of the network than of their own noise."""

POINTS = """\
def points(part, x=None):
    drawing = torch.Generator().manual_seed(seed({data_seed}, f"{{part}} x"))
    x = 2 * torch.rand({unseen}, 1, generator=drawing) - 1 if x is None else x
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed({data_seed}, f"{{part}} noise")))
    return x, {slope} * x + {intercept} + {noise} * noise


inputs, targets = points("training", torch.linspace(-1, 1, {points}).unsqueeze(1))
val_inputs, val_targets = points("validation")
test_inputs, test_targets = points("test")
classes = 1  # one number"""


class NoisyLine(Dataset):
    """Some noisy points of a straight line between x = -1 and 1, to see overfitting (과적합) as a curve: a regression.

    Validation and test are 200 other points each, of the same line with the same noise.
    """

    task = "regression"

    points: int = Field(20, ge=2, le=1_000_000)
    """Training points: the fewer there are, the easier they are learned by heart."""
    noise: float = Field(0.3, ge=0, le=100)
    """Standard deviation of the noise that is added to y."""
    slope: float = Field(1.0, ge=-100, le=100)
    """How far y rises where x rises by 1."""
    intercept: float = Field(0.0, ge=-100, le=100)
    """The height of the line at x = 0."""
    data_seed: int = Field(0, ge=0, lt=2**32)
    """Seed of the points, apart from the run's: runs of many seeds share them."""

    def load(self, source: Source) -> DataBundle:
        evenly = torch.linspace(-1, 1, self.points).unsqueeze(1)
        return DataBundle(
            self._part(evenly, "training"),
            validation=self._part(self._anywhere("validation"), "validation"),
            test=self._part(self._anywhere("test"), "test"),
            task="regression",
        )

    def without_noise(self, inputs: Tensor) -> Tensor:
        """The line itself: targets `[N, 1]` of inputs `[N, 1]`."""
        return self.slope * inputs + self.intercept

    def code(self, config: RunConfig) -> Code:
        given = {name: getattr(self, name) for name in ("points", "noise", "slope", "intercept", "data_seed")}
        return Code(lines=POINTS.format(unseen=UNSEEN, **given), has_validation=True, has_test=True)

    def _anywhere(self, part: str) -> Tensor:
        return 2 * torch.rand(UNSEEN, 1, generator=generator(self.data_seed, f"{part} x")) - 1

    def _part(self, inputs: Tensor, part: str) -> Part:
        noise = torch.randn(inputs.shape, generator=generator(self.data_seed, f"{part} noise"))
        return Part(inputs, self.without_noise(inputs) + self.noise * noise)


@hookimpl
def register_strategies() -> list[type[Dataset]]:
    return [NoisyLine]
