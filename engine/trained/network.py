"""A trained network, rebuilt from its checkpoint alone, and its figures on a part of the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.catalogue import Catalogue
from engine.checkpoints.checkpoint import Snapshot
from engine.checkpoints.choice import read_chosen
from engine.config import RunConfig
from engine.data import Part, Scaler, Source, split
from engine.evaluation import Figures, evaluate, samples_at_once
from engine.exports.deployed import activation_of
from engine.failure import StartFailed, failure
from engine.hardware import resolve_device
from engine.message import InputError, Message
from engine.network import outputs_of, rebuilt_network, spec_of, statistics_of
from engine.pooled_first import pooled_first
from engine.runs import config_of
from engine.settings_advice import refuse
from engine.strategy import Augmentation, Dataset, DataSpec
from engine.targets import Targets
from engine.trained.other_data import other_samples
from engine.trained.suspects import Suspect, suspects_of
from engine.trained.views import Views, activated


@dataclass(frozen=True)
class Evaluation:
    """A network's figures on a part of the data."""

    part: str
    samples: int
    loss: float
    accuracy: float | None
    interval: tuple[float, float] | None
    """95 % confidence interval of the accuracy (Wilson)."""
    notes: tuple[Message, ...] = ()
    """What is to be told of the samples."""
    suspects: tuple[Suspect, ...] | None = None
    """Those whose label may be wrong, where they were asked for."""


class Predictor:
    """A trained network, or the average of its weights, rebuilt from its checkpoint alone, without its data."""

    def __init__(self, snapshot: Snapshot, config: RunConfig, where: str, views: Views | None = None) -> None:
        """`where` names the checkpoint in errors; `views` are looked at besides each image as it is.

        Raises `InputError` where the weights don't fit the settings, or the device is absent.
        """
        self.config = config
        self.spec = spec_of(snapshot)
        if views is not None and len(self.spec.input_shape) != 3:
            raise InputError("views-of-images", "only of images can there be several views: leave --views out")
        if views is not None and self.spec.task == "reconstruction":
            raise InputError("views-of-classes", "an autoencoder gives its input back: leave --views out")
        self.device = resolve_device(config.device)
        weights = snapshot.group("average") or snapshot.group("model")
        self.network = rebuilt_network(config, self.spec, weights, where).to(self.device).eval()
        self._passed = pooled_first(self.network)
        self._scale = Scaler.of(*statistics_of(snapshot), len(self.spec.input_shape) + 1, self.device)
        self._views = views

    def outputs(self, inputs: Tensor, first: int = 0) -> Tensor:
        """The network's outputs `[N, K]` for inputs as they are stored, uint8 `[N, C, H, W]` or float32 `[N, F]`.

        With views, the outputs that stand for the mean of the views' probabilities. `first` is the place of the first
        input in its part: it fixes what the views look like.
        """
        inputs = inputs.to(self.device)
        if self._views is None:
            return self._forward(inputs)
        return self._views.outputs(self._forward, inputs, first, self.config.loss.output_activation)

    def probabilities(self, inputs: Tensor, first: int = 0) -> Tensor:
        """The probability of each class, `[N, K]`, arguments as of `outputs`."""
        return activated(self.outputs(inputs, first), self.config.loss.output_activation)

    def evaluate(self, part: Part, record: list[Tensor] | None = None) -> Figures:
        """Loss and accuracy on a part; the outputs of each batch, `[B, K]` on the CPU, are added to `record`."""

        def outputs(inputs: Tensor, first: int) -> Tensor:
            made = self.outputs(inputs, first)
            if record is not None:
                record.append(made.cpu())
            return made

        size = samples_at_once(self.network, self._scale(part.between(0, 1).to(self.device)))
        loss, targets = self.config.loss.prepare(self.spec), Targets(self.spec, self._scale)
        evaluating = evaluate(self.network, part, outputs, loss, targets, size)
        while True:
            try:
                next(evaluating)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def _forward(self, inputs: Tensor) -> Tensor:
        return outputs_of(self._passed, self._scale, inputs, self.config)


def evaluate_checkpoint(
    path: Path,
    catalogue: Catalogue,
    workspace: Path,
    *,
    part: str | None = None,
    dataset: Dataset | None = None,
    views: int = 1,
    augmentations: Sequence[Augmentation] = (),
    suspects: bool = False,
) -> Evaluation:
    """Measure a checkpoint on the part named `test`, `validation` or `training` of its own data set, or of another.

    Without a part it is the test part of its own; of another, see `engine.trained.other_data.other_samples`.
    With `views` above 1 each image is looked at so often, once as it is and else changed by the augmentations (the
    run's own, unless given), and the probabilities are averaged.

    Raises `InputError` where the checkpoint or the data can't be used, there is no such part, or nothing to make views;
    `StartFailed` where a plugin fails.
    """
    snapshot = read_chosen(path)
    config = config_of(snapshot, catalogue, path)
    looks = Views(views, tuple(augmentations or config.augmentations), config.seed) if views > 1 else None
    predictor = Predictor(snapshot, config, str(path), looks)
    refuse((each.id, advice) for each in augmentations for advice in each.advice(config, predictor.spec))
    known, notes = tuple(snapshot.meta["class_names"]), tuple[Message, ...]()
    if dataset is None:
        part = part or "test"
        samples = _own_samples(config, predictor.spec, part, known, workspace / "data")
    else:
        samples, part, notes = other_samples(dataset, config, part, predictor.spec, known, workspace / "data")
    if suspects and activation_of(config, predictor.spec) == "identity":
        raise InputError("no-suspects", "wrong labels are suspected by probabilities, and this network gives none")
    outputs: list[Tensor] = []
    try:
        figures = predictor.evaluate(samples, outputs if suspects else None)
    except InputError:
        raise
    except Exception as error:  # the boundary: a plugin may raise anything
        used = (*config.strategies, *augmentations)
        raise StartFailed(failure(error, used, snapshot.meta["progress"]["step"])) from error
    interval = wilson(figures.accuracy, len(samples)) if figures.accuracy is not None else None
    found = None
    if suspects:
        probabilities = activated(torch.cat(outputs), config.loss.output_activation).numpy()
        names = known or tuple(map(str, range(predictor.spec.outputs)))
        found = tuple(suspects_of(samples, samples.targets.numpy(), probabilities, names))
    return Evaluation(part, len(samples), figures.loss, figures.accuracy, interval, notes, found)


def _own_samples(config: RunConfig, expected: DataSpec, part: str, known: tuple[str, ...], folder: Path) -> Part:
    """A part of a run's own data. Raises `InputError` where there is none, or the data are others now."""
    parts = split(config.dataset.load(Source(folder)), config)
    samples = getattr(parts, part)
    if samples is None:
        raise InputError("no-part", "the data set {id} has no {part} part", id=config.dataset.id, part=part)
    if (parts.spec.input_shape, parts.spec.outputs) != (expected.input_shape, expected.outputs):
        raise InputError(
            "other-data", "the network takes {shape} and tells {outputs} classes apart; the data set {id} has {actual} "
            "and {classes}", shape=list(expected.input_shape), outputs=expected.outputs, id=config.dataset.id,
            actual=list(parts.spec.input_shape), classes=parts.spec.outputs,
        )  # fmt: skip
    if known and parts.class_names and known != parts.class_names:
        raise InputError(
            "other-classes", "the network knows the classes {known}; the data set {id} has {actual}",
            known=", ".join(known)[:200], id=config.dataset.id, actual=", ".join(parts.class_names)[:200],
        )  # fmt: skip
    return samples  # type: ignore[no-any-return]


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share observed in so many samples (Wilson 1927)."""
    z = 1.959963984540054
    centre = share + z * z / (2 * count)
    margin = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return (centre - margin) / scale, (centre + margin) / scale
