"""The curve that a regression of one input learns, and the points that it is fitted to: both can be drawn whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from engine.data import Part, Parts
from engine.evaluation import evaluating
from engine.events import Fitted
from engine.network import outputs_of
from engine.strategy import Dataset, DataSpec

if TYPE_CHECKING:
    from engine.learner import Learner

CURVE_POINTS = 200
"""Points of a curve: more than the eye can tell apart on a small plot."""
BEYOND = 0.05
"""How far a curve goes on at either end, as a share of the range of the training inputs."""
MOST_POINTS = 300
"""Points of a scatter, at most, of each part: more hide one another."""

Line = tuple[np.ndarray, np.ndarray]
"""x and y, float64 `[N]` each."""


@runtime_checkable
class KnowsTruth(Protocol):
    """A data set of made-up samples, which can tell their targets without the noise."""

    def without_noise(self, inputs: Tensor) -> Tensor:
        """Targets `[N, 1]` of inputs `[N, 1]`."""


@dataclass(frozen=True)
class Points:
    """What a regression of one input is fitted to, and judged by."""

    training: Line
    validation: Line | None
    truth: Line | None
    """The curve that the points scatter about, where the data set knows it."""


def can_be_drawn(spec: DataSpec) -> bool:
    """Whether these are the data of a regression with one input and one output, whose fit is a curve."""
    return spec.task == "regression" and spec.input_shape == (1,) and spec.outputs == 1


def training_points(parts: Parts, dataset: Dataset | None = None) -> Points | None:
    """The points of the training and validation parts, and the truth behind them where `dataset` knows it.

    Of a part with more than `MOST_POINTS` samples every so-manieth. None where there is no curve to be fitted.
    """
    if not can_be_drawn(parts.spec):
        return None
    truth = None
    if isinstance(dataset, KnowsTruth):
        inputs = inputs_over(parts.training)
        truth = flat(inputs), flat(dataset.without_noise(inputs))
    return Points(_scatter(parts.training), _scatter(parts.validation) if parts.validation else None, truth)


def fitted(learner: Learner, epoch: int) -> Fitted | None:
    """The curve that a run has learned by the end of this epoch, of its averaged weights where it keeps such.

    None where there is no curve to be fitted. Draws no random numbers, and leaves the network as it is.
    """
    if not can_be_drawn(learner.parts.spec):
        return None
    network = learner.average or learner.model
    inputs = inputs_over(learner.parts.training).to(learner.device)
    with evaluating(network):
        outputs = outputs_of(network, learner.scale, inputs, learner.config)
    return Fitted(epoch, tuple(inputs.flatten().tolist()), tuple(outputs.flatten().tolist()))


def inputs_over(training: Part) -> Tensor:
    """Evenly spaced inputs `[CURVE_POINTS, 1]` over the range of the training inputs and a little beyond."""
    inputs = training.inputs
    low, high = inputs.aminmax()
    reach = BEYOND * (high - low)
    evenly = torch.linspace(float(low - reach), float(high + reach), CURVE_POINTS, device=inputs.device)
    return evenly.unsqueeze(1)


def _scatter(part: Part) -> Line:
    every = -(-len(part) // MOST_POINTS)
    return flat(part.inputs[::every]), flat(part.targets[::every])


def flat(column: Tensor) -> np.ndarray:
    """A column `[N, 1]` as float64 `[N]`."""
    return column.flatten().double().cpu().numpy()
