"""The layers of a network: what each gives out, how many parameters it has, and which technique put it there."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.config import RunConfig
from engine.frozen.tuning import Tuning
from engine.strategy import Activation, DataSpec, FineTuning, Model, Regularizer, Slots


@dataclass(frozen=True)
class LayerRow:
    """One layer."""

    name: str
    type: str
    output_shape: tuple[int, ...]
    """Shape of its output for a batch of one; empty where it gives no single tensor, or data never pass it."""
    parameters: int
    """Its own; one that several layers share counts for the first."""
    trainable: int
    tensors: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Its own parameter tensors, by name, with their shapes."""
    technique: str = ""
    """Id of the ticked regularizer that put it there; empty where the model itself did."""
    again: bool = False
    """Whether data have passed it before: the network uses it several times."""
    about: str = ""
    """The first line of its class's docstring."""
    norm: Literal["", "batch", "running"] = ""
    """The statistics by which a batch norm normalises in training: those of the batch, or, frozen, the running ones."""
    shares: tuple[tuple[int, float], ...] = ((0, 1.0),)
    """Its share of the learning rate, each with the number of the epoch, from 0, from which on it holds; 0: frozen."""


@dataclass(frozen=True)
class BlockRow:
    """A module that consists of others, such as a residual block."""

    name: str
    type: str
    output_shape: tuple[int, ...]
    """As in `LayerRow`."""
    about: str = ""


@dataclass(frozen=True)
class NetworkTable:
    """The layers in the order in which data pass them, and the blocks that they lie in."""

    input_shape: tuple[int, ...]
    """Of a batch of one."""
    layers: tuple[LayerRow, ...]
    blocks: tuple[BlockRow, ...]
    """A layer lies in those whose names, followed by a dot, its own begins with."""
    bytes: int
    """All parameters together."""

    @property
    def parameters(self) -> int:
        """All of them."""
        return sum(row.parameters for row in self.layers)

    @property
    def trainable(self) -> int:
        """Those that training changes."""
        return sum(row.trainable for row in self.layers)


class _NotingSlots(Slots):
    """Fills slots, and notes which regularizer each module is from."""

    def __init__(self, activation: Activation, regularizers: Sequence[Regularizer]) -> None:
        super().__init__(activation, regularizers)
        self._ids = {regularizer.slot: regularizer.id for regularizer in regularizers if regularizer.slot}
        self.origins: dict[nn.Module, str] = {}

    def layer(self, slot: str, features: int, dimensions: Literal[0, 2] = 0, depth: float = 1.0) -> nn.Module:
        module = super().layer(slot, features, dimensions, depth)
        if slot in self._ids:
            self.origins.update(dict.fromkeys(module.modules(), self._ids[slot]))
        return module


def layer_table(config: RunConfig, data: DataSpec) -> list[LayerRow]:
    """The layers of the network that these settings make, in the order in which data pass them."""
    return list(network_table(config, data).layers)


def network_table(config: RunConfig, data: DataSpec) -> NetworkTable:
    """The network that these settings make for such data, layer by layer.

    What is trainable, and how batch norms work, is told as it is in the first epoch.

    Built on PyTorch's meta device: no memory, no arithmetic, no random number drawn, at any size. Raises what the model
    raises where it can't be built. The last tables are kept: the summary, the estimate and each run ask for the same.
    """
    return _table(config.model, config.activation, config.regularizers, config.fine_tuning, config.epochs, data)


@lru_cache(maxsize=32)
def _table(
    choice: Model,
    activation: Activation,
    regularizers: tuple[Regularizer, ...],
    fine_tuning: FineTuning | None,
    epochs: int,
    data: DataSpec,
) -> NetworkTable:
    slots = _NotingSlots(activation, regularizers)
    with torch.device("meta"):
        model = choice.build(data, slots)
        inputs = torch.empty(1, *data.input_shape)
    tuning = Tuning(fine_tuning, model)
    tuning.begin(0)
    course = tuning.course(epochs)
    modes = {module: module.training for module in model.modules()}
    model.eval()
    rows: list[LayerRow] = []
    blocks: list[BlockRow] = []
    passed: set[nn.Module] = set()
    counted: set[nn.Parameter] = set()

    def record(name: str, module: nn.Module, output: Any) -> None:
        own = {key: p for key, p in module.named_parameters(recurse=False) if p not in counted}
        counted.update(own.values())
        rows.append(
            LayerRow(
                name=name,
                type=type(module).__name__,
                output_shape=_shape(output),
                parameters=sum(p.numel() for p in own.values()),
                trainable=sum(p.numel() for p in own.values() if p.requires_grad),
                tensors=tuple((key, tuple(p.shape)) for key, p in module.named_parameters(recurse=False)),
                technique=slots.origins.get(module, ""),
                again=module in passed,
                about=_about(module),
                norm=_norm(module, modes[module]),
                shares=_shares(course, tuning.part_of(module)),
            )
        )
        passed.add(module)

    def record_block(name: str, module: nn.Module, output: Any) -> None:
        blocks.append(BlockRow(name, type(module).__name__, _shape(output), _about(module)))

    modules = {name: module for name, module in model.named_modules() if not isinstance(module, nn.Identity)}
    layers = {name: m for name, m in modules.items() if m._parameters or not list(m.children())}
    for name, module in modules.items():
        note = record if name in layers else record_block
        module.register_forward_hook(lambda m, _, output, name=name, note=note: note(name, m, output))
    with torch.no_grad():
        model(inputs)
    for name, module in layers.items():  # what data never pass counts all the same
        if set(module.parameters(recurse=False)) - counted:
            record(name, module, None)
    size = sum(parameter.numel() * parameter.element_size() for parameter in counted)
    return NetworkTable(tuple(inputs.shape), tuple(rows), tuple(blocks), size)


def _shape(output: Any) -> tuple[int, ...]:
    return tuple(output.shape) if isinstance(output, Tensor) else ()


def _shares(course: list[tuple[int, tuple[float, ...]]], part: int | None) -> tuple[tuple[int, float], ...]:
    """The course of one part's share of the learning rate."""
    if part is None:
        return ((0, 1.0),)
    found: list[tuple[int, float]] = []
    for epoch, shares in course:
        if not found or shares[part] != found[-1][1]:
            found.append((epoch, shares[part]))
    return tuple(found)


def _norm(module: nn.Module, training: bool) -> Literal["", "batch", "running"]:
    if not isinstance(module, _BatchNorm):
        return ""
    return "batch" if training or not module.track_running_stats else "running"


def _about(module: nn.Module) -> str:
    return inspect.cleandoc(type(module).__doc__ or "").split("\n", 1)[0]
