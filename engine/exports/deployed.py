"""A network as it is used elsewhere: with what goes before and after it in a run, and what must be told of it."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.checkpoints.checkpoint import Snapshot
from engine.checkpoints.header import head_of, header_of, opened_checkpoint
from engine.config import RunConfig
from engine.data import Scaler
from engine.layers import without_checks
from engine.network import rebuilt_network, spec_of, statistics_of
from engine.pictures.form import PictureForm
from engine.store import versions
from engine.strategy import DataSpec
from engine.trained.views import activated

COLOURS = {1: "grey", 3: "rgb"}


class Deployed(nn.Module):
    """From inputs as a data set stores them to class probabilities, or to values in a regression, in float32."""

    mean: Tensor
    std: Tensor

    def __init__(self, snapshot: Snapshot, config: RunConfig, where: str) -> None:
        """The network of a checkpoint, or the average of its weights, on the CPU and in evaluation mode.

        `where` names the checkpoint in errors. Raises `InputError` where the weights don't fit the settings.
        """
        super().__init__()
        self.spec = spec_of(snapshot)
        self.network = without_checks(rebuilt_network(config, self.spec, weights_of(snapshot), where))
        scale = Scaler.of(*statistics_of(snapshot), len(self.spec.input_shape) + 1, torch.device("cpu"))
        self.register_buffer("mean", scale.mean)
        self.register_buffer("std", scale.std)
        self.activation = activation_of(config, self.spec)
        self.eval()

    def forward(self, inputs: Tensor) -> Tensor:
        """From uint8 `[N, C, H, W]` or float32 `[N, F]` to float32 `[N, K]`."""
        return activated(self.network((inputs.float() - self.mean) / self.std).float(), self.activation)


def weights_of(snapshot: Snapshot) -> dict[str, Tensor]:
    """What a checkpoint's network is used with: the average of its weights where there is one, else the weights."""
    return snapshot.group("average") or snapshot.group("model")


def activation_of(config: RunConfig, spec: DataSpec) -> str:
    """What makes probabilities of a network's outputs; `identity` where they are values or plain scores."""
    return config.loss.output_activation if spec.task == "classification" else "identity"


def output_name(config: RunConfig, spec: DataSpec) -> str:
    """What comes out: `probabilities`, `scores` where a loss such as MSE makes none of them, or `values`."""
    if spec.task != "classification":
        return "values"
    return "scores" if activation_of(config, spec) == "identity" else "probabilities"


def facts(snapshot: Snapshot, config: RunConfig, path: Path, form: PictureForm | None) -> dict[str, str]:
    """What whoever uses the network must know of it, each as text; lists are JSON."""
    spec = spec_of(snapshot)
    told = {
        "tunedeck": versions()["tunedeck"],
        "checkpoint_sha256": digest_of(path),
        "epoch": str(snapshot.meta["progress"]["epoch"]),
        "weights": "average" if snapshot.group("average") else "model",
        "model": config.model.id,
        "task": spec.task,
        "class_names": json.dumps(class_names_of(snapshot), ensure_ascii=False),
        "input": "uint8 [N, C, H, W], as the pixels are: 0 to 255" if len(spec.input_shape) == 3 else "float32 [N, F]",
        "input_shape": json.dumps(spec.input_shape),
        "output": output_name(config, spec),
    }
    if form is not None:
        told |= {"colour": COLOURS[form.shape[0]], "resize": form.resize, "dark_ground": json.dumps(form.dark_ground)}
    return told


def class_names_of(snapshot: Snapshot) -> list[str]:
    """A name for each class: its number where the data set gives none; none where it knows no classes."""
    spec = spec_of(snapshot)
    if spec.task != "classification":
        return []
    return list(snapshot.meta["class_names"]) or list(map(str, range(spec.outputs)))


def digest_of(path: Path) -> str:
    """The SHA-256 that a checkpoint bears, which tells where a network came from. Raises `InputError`."""
    with opened_checkpoint(path) as (file, _):
        return header_of(head_of(file), str(path)).digest
