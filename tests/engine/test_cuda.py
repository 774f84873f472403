"""Between two looks at its losses a run never waits for its GPU, and nothing travels there or back.

That is seen everywhere, with PyTorch's device `meta` in a GPU's place: its tensors have shapes and no values, so nobody
can ask for one. Where there is a GPU, PyTorch itself tells who waits for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.optim import optimizer as optimizers
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.catalogue import discover
from engine.config import RunConfig
from engine.data import DataBundle, Part, Source
from engine.events import Event, Failed, Finished
from engine.processes.ranks import Alone
from engine.strategy import Dataset
from engine.trainer import Trainer
from tests.engine.support import tiny_config

CATALOGUE = discover(entry_points=False)
META = torch.device("meta")
aten = torch.ops.aten

KINDS = ("augmentation", "regularizer", "loss", "optimizer", "activation")
NETWORKS = {"stochastic-depth": "small-resnet:widths=4"}
"""For techniques that need another than a small CNN."""
BETWEEN_EPOCHS = {"balanced-sampling"}
"""Techniques of which no step knows."""
CASES = [
    *((entry.kind, entry.id) for entry in CATALOGUE.entries if entry.kind in KINDS and entry.id not in BETWEEN_EPOCHS),
    *(("model", id) for id in ("linear", "mlp", "cnn", "small-resnet", "mlp-autoencoder", "cnn-autoencoder")),
    ("loss", "focal:class_weights=balanced"),
]  # fmt: skip


class Colours(Dataset):
    """Noise in colour, of four classes: five batches of eight."""

    def load(self, source: Source) -> DataBundle:
        images = torch.randint(256, (40, 3, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(7))
        part = Part(images, torch.arange(40) % 4)
        return DataBundle(part, part, part, tuple("abcd"))


def settings(kind: str, technique: str, **values: Any) -> RunConfig:
    """A run with this technique, looked into at every step."""
    reconstructs = technique.endswith("autoencoder")
    fixed = {
        "dataset": Colours(), "batch_size": 8, "epochs": 1, "look_inside": 1,
        "model": NETWORKS.get(technique, "cnn:channels=4,hidden=8"), "loss": "mse" if reconstructs else "cross-entropy",
    }  # fmt: skip
    ticked = [technique] if kind in ("augmentation", "regularizer") else []
    return tiny_config(CATALOGUE, ticked=ticked, **fixed | ({} if ticked else {kind: technique}) | values)


def advance(trainer: Trainer, run: Iterator[Event | None], step: int) -> None:
    """Let the run go on up to this step."""
    while trainer.position.step < step:
        event = next(run)
        assert not isinstance(event, Failed), f"{event.text}\n{event.traceback}"


@pytest.fixture(autouse=True)
def _no_look_at_the_losses(monkeypatch):
    """But at the end of an epoch."""
    monkeypatch.setattr("engine.position.FLUSH_SECONDS", math.inf)


class OnMeta(Alone):
    """A process whose device is that one."""

    def device(self, name: str) -> torch.device:
        return META


class AnyGenerator(torch.Generator):
    """A generator that stands for one of any device."""

    def __new__(cls, device: torch.device | str = "cpu") -> AnyGenerator:
        made = super().__new__(cls)
        made.where = torch.device(device)
        return made

    @property
    def device(self) -> torch.device:
        return self.where


class Lenient(TorchDispatchMode):
    """Does what PyTorch can't do without values, though a GPU does it without being asked for any."""

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        if operation is aten._sample_dirichlet.default:
            return torch.empty_like(arguments[0])
        if operation.name().startswith("aten::_fused_"):  # an optimizer's step, in place
            return None
        return operation(*arguments, **(named or {}))


class WatchNumbers(TorchFunctionMode):
    """Raises where numbers of Python's travel to a device."""

    def __torch_function__(self, function, types, arguments=(), named=None):
        gave = function(*arguments, **(named or {}))
        brings = function in (torch.tensor, torch.as_tensor, torch.asarray, Tensor.new_tensor)
        assert not brings or gave.device.type == "cpu", f"{function.__name__} waits"
        return gave


class WatchTensors(TorchDispatchMode):
    """Raises where a tensor travels from one device to another, or chooses a number of rows that is known on one."""

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        given = tree_leaves((arguments, named))
        gave = operation(*arguments, **(named or {}))
        copies = operation in (aten._to_copy.default, aten.copy_.default, aten.where.self)
        # A single number of the processor's own goes along with an operation.
        tensors = [each for each in given if isinstance(each, Tensor) and (each.ndim or copies)]
        tensors += [each for each in tree_leaves(gave) if isinstance(each, Tensor)]
        assert len({tensor.device.type for tensor in tensors}) <= 1, f"{operation} waits"
        if operation is aten.index_put_.default and arguments[2].ndim:  # a single number fills a mask
            assert all(rows is None or rows.dtype != torch.bool for rows in arguments[1]), f"{operation} waits"
        return gave


@pytest.mark.parametrize(("kind", "technique"), CASES)
def test_no_step_needs_to_know_a_value(kind, technique, monkeypatch):
    monkeypatch.setattr(torch, "Generator", AnyGenerator)
    monkeypatch.setattr(optimizers, "_get_fused_kernels_supported_devices", lambda: ["meta"])
    trainer = Trainer(settings(kind, technique), ranks=OnMeta())
    training = trainer.learner.parts.training
    for tensor in (training.stored, training.targets, *trainer.learner.model.state_dict().values()):
        assert tensor.device == META
    run = trainer.run()
    with Lenient():
        advance(trainer, run, 2)  # these bring to the device what stays there
        with WatchNumbers(), WatchTensors():
            advance(trainer, run, 4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(("kind", "technique"), CASES)
def test_no_step_waits_for_the_gpu(kind, technique, precision):
    trainer = Trainer(settings(kind, technique, precision=precision, device="cuda"))
    training = trainer.learner.parts.training
    for tensor in (training.stored, training.targets, *trainer.learner.model.state_dict().values()):
        assert tensor.is_cuda
    run = trainer.run()
    advance(trainer, run, 2)
    torch.cuda.set_sync_debug_mode("error")
    try:
        advance(trainer, run, 4)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert isinstance(list(run)[-1], Finished)
    assert np.isfinite(trainer.history.kept_steps()).all()
