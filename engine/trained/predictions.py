"""What a trained network says of every sample of a part: plain arrays, to be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.catalogue import Catalogue
from engine.checkpoints.choice import read_chosen
from engine.config import RunConfig
from engine.data import Part, Scaler
from engine.evaluation import Figures, evaluate, samples_at_once
from engine.message import InputError
from engine.network import statistics_of
from engine.runs import config_of
from engine.scores import (
    ClassFigures,
    Floats,
    Ints,
    RegressionFigures,
    class_figures,
    confusion,
    regression_figures,
    suspected_labels,
)
from engine.strategy import DataSpec
from engine.targets import Targets
from engine.trained.network import Predictor, wilson
from engine.trained.suspects import Suspect, suspects_of
from engine.trained.views import activated

Pixels = NDArray[np.uint8]
KeepGoing = Callable[[], bool]


@dataclass(frozen=True)
class Network:
    """The network of a checkpoint, in evaluation mode, and what is known of it."""

    path: Path
    predictor: Predictor
    epoch: int
    """Epochs that it was trained for."""
    class_names: tuple[str, ...]
    """A name for each class: its number where the data set gives none; empty where it knows no classes."""
    scale: Scaler
    """What brings inputs into the range in which the network sees them."""

    @property
    def config(self) -> RunConfig:
        """The settings of its run."""
        return self.predictor.config

    @property
    def spec(self) -> DataSpec:
        """What it was told of its data."""
        return self.predictor.spec

    @property
    def gives_probabilities(self) -> bool:
        """Whether its outputs are probabilities of the classes; a loss such as MSE makes plain scores of them."""
        return self.spec.task == "classification" and self.config.loss.output_activation != "identity"

    def outputs(self, inputs: Tensor, keep_going: KeepGoing = lambda: True) -> Tensor:
        """Its outputs before any softmax, float32 `[N, K]`, on the CPU. Raises `InputError` when told to give up."""
        size, made = self.at_once, []
        for start in range(0, len(inputs), size):
            check(keep_going)
            made.append(self.predictor.outputs(inputs[start : start + size], start).cpu())
        return torch.cat(made)

    def activated(self, outputs: Tensor) -> Floats:
        """Probabilities (or scores, or values in a regression) from outputs: float32 `[N, K]`."""
        activation = self.config.loss.output_activation if self.spec.task == "classification" else "identity"
        return _array(activated(outputs, activation))

    @cached_property
    def at_once(self) -> int:
        """How many samples to look at together."""
        one = torch.zeros(1, *self.spec.input_shape, device=self.predictor.device)
        return samples_at_once(self.predictor.network, one)


@dataclass(frozen=True)
class Predictions:
    """A network's predictions of a part, sample by sample."""

    path: Path
    """The checkpoint."""
    epoch: int
    part: str
    task: Literal["classification", "regression", "reconstruction"]
    class_names: tuple[str, ...]
    gives_probabilities: bool
    samples: Part
    """As they are stored."""
    targets: NDArray[Any]
    """int64 `[N]`, or float32 `[N, K]` in a regression."""
    outputs: Floats
    """float32 `[N, K]`: the probability of each class, its score where the loss makes none, or the predicted values."""
    predicted: Ints
    """The class with the greatest output, int64 `[N]`; in a regression of no meaning."""
    losses: Floats
    """The run's loss of each sample by itself, float32 `[N]`; class weights are no part of it."""
    loss: float
    """Of the whole part, as an evaluation gives it."""

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.outputs.shape[1])

    @property
    def has_images(self) -> bool:
        """Whether the samples can be looked at."""
        return self.samples.ndim == 4

    def input(self, row: int) -> NDArray[Any]:
        """The input of a sample: uint8 `[C, H, W]`, or float32 `[F]`."""
        return _array(self.samples.between(row, row + 1)[0])

    def pixels(self, row: int) -> Pixels:
        """The image of a sample, uint8 `[H, W]` or `[H, W, 3]`."""
        return displayed(self.input(row))

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Which samples were called what they are, bool `[N]`."""
        return np.asarray(self.predicted == self.targets)

    @property
    def accuracy(self) -> float:
        """Share of the samples that were called what they are."""
        return float(self.right.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of the accuracy (Wilson)."""
        return wilson(self.accuracy, len(self))

    @cached_property
    def confusion(self) -> Ints:
        """Rows true, columns predicted, int64 `[K, K]`."""
        return confusion(self.targets, self.predicted, self.classes)

    @cached_property
    def figures(self) -> ClassFigures:
        """Precision, recall, F1 and support of each class."""
        return class_figures(self.confusion)

    @cached_property
    def regression(self) -> RegressionFigures:
        """R², RMSE and MAE."""
        return regression_figures(self.targets, self.outputs)

    @cached_property
    def suspected(self) -> NDArray[np.bool_]:
        """Which samples may bear a wrong label, bool `[N]`; none where the outputs are no probabilities."""
        if not self.gives_probabilities:
            return np.zeros(len(self), dtype=bool)
        return suspected_labels(self.targets, self.outputs)

    def suspects(self) -> list[Suspect]:
        """Those samples as a list, those first that the network is surest of."""
        if not self.gives_probabilities:
            return []
        return suspects_of(self.samples, self.targets, self.outputs, self.class_names)

    @cached_property
    def worst_first(self) -> Ints:
        """All rows, the highest loss first."""
        return np.argsort(-self.losses, kind="stable")

    @cached_property
    def certainty(self) -> Floats:
        """The output of the class that each sample was called, float32 `[N]`."""
        return self.outputs[np.arange(len(self)), self.predicted]

    def cell(self, true: int, predicted: int) -> Ints:
        """The rows of a cell of the confusion matrix: the surest mistakes first; on the diagonal the least sure."""
        rows = np.flatnonzero((self.targets == true) & (self.predicted == predicted))
        certainty = self.certainty[rows]
        return rows[np.argsort(certainty if true == predicted else -certainty, kind="stable")]


def displayed(image: Pixels) -> Pixels:
    """A stored image `[C, H, W]` as pixels `[H, W]` or `[H, W, 3]`; of other numbers of channels the first is shown."""
    return np.moveaxis(image, 0, 2) if len(image) == 3 else image[0]


def predict(network: Network, part: Part, name: str, keep_going: KeepGoing = lambda: True) -> Predictions:
    """Look at every sample of a part, once.

    Raises `InputError` where `keep_going` says no, or the network gives back its input and predicts nothing.
    """
    if network.spec.task == "reconstruction":
        raise InputError(
            "gives-input-back", "the network is an autoencoder: it gives its input back and knows no classes. Start a "
            "classifier whose initial weights come from it"
        )  # fmt: skip
    recorded: list[Tensor] = []

    def record(inputs: Tensor, first: int) -> Tensor:
        outputs = network.predictor.outputs(inputs, first)
        recorded.append(outputs)
        return outputs

    figures = measured(network, part, record, keep_going)
    outputs = torch.cat(recorded).cpu()
    losses = _losses(network, outputs, part.targets)
    return Predictions(
        network.path, network.epoch, name, network.spec.task, network.class_names, network.gives_probabilities,
        part, part.targets.numpy(), network.activated(outputs),
        _array(outputs.argmax(1)), losses, figures.loss,
    )  # fmt: skip


def measured(network: Network, part: Part, record: Callable[[Tensor, int], Tensor], keep_going: KeepGoing) -> Figures:
    """The figures of the part, as the run itself computes them, with the outputs handed to `record` on the way."""
    loss = network.config.loss.prepare(network.spec)
    targets = Targets(network.spec, network.scale)
    evaluating = evaluate(network.predictor.network, part, record, loss, targets, network.at_once)
    while True:
        check(keep_going)
        try:
            next(evaluating)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def _losses(network: Network, outputs: Tensor, targets: Tensor) -> Floats:
    """The loss of each sample by itself: one call each, 5 µs, since a loss is a mean over its batch."""
    loss = network.config.loss.prepare(network.spec)
    with torch.inference_mode():
        rows = zip(outputs.split(1), targets.split(1), strict=True)
        return _array(torch.stack([loss(output, target) for output, target in rows]).float())


def _array(tensor: Tensor) -> NDArray[Any]:
    """As NumPy's own memory."""
    return tensor.cpu().numpy().copy()


def check(keep_going: KeepGoing) -> None:
    """Raise `InputError` where the work has become needless."""
    if not keep_going():
        raise InputError("given-up", "given up: something else is to be shown")


def open_network(path: Path, catalogue: Catalogue) -> Network:
    """The network of a checkpoint file. Raises `InputError`."""
    snapshot = read_chosen(path)
    predictor = Predictor(snapshot, config_of(snapshot, catalogue, path), str(path))
    meta = snapshot.meta
    classes = predictor.spec.task == "classification"
    names = tuple(meta["class_names"] or map(str, range(predictor.spec.outputs)))
    scale = Scaler.of(*statistics_of(snapshot), len(predictor.spec.input_shape) + 1, predictor.device)
    return Network(path, predictor, meta["progress"]["epoch"], names if classes else (), scale)
