"""The layers of a network: what each gives out, and how many parameters it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.config import RunConfig
from engine.strategy import DataSpec, Slots


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


def layer_table(config: RunConfig, data: DataSpec) -> list[LayerRow]:
    """The layers of the network that these settings make, in the order in which data pass them.

    Built on PyTorch's meta device: no memory, no arithmetic, no random number drawn, at any size.
    """
    with torch.device("meta"):
        model = config.model.build(data, Slots(config.activation, config.regularizers)).eval()
        inputs = torch.empty(1, *data.input_shape)
    rows: list[LayerRow] = []
    counted: set[nn.Parameter] = set()

    def record(name: str, module: nn.Module, output: Any) -> None:
        own = [p for p in module.parameters(recurse=False) if p not in counted]
        counted.update(own)
        shape = tuple(output.shape) if isinstance(output, Tensor) else ()
        trainable = sum(p.numel() for p in own if p.requires_grad)
        rows.append(LayerRow(name, type(module).__name__, shape, sum(p.numel() for p in own), trainable))

    layers = {
        name: module for name, module in model.named_modules()
        if not isinstance(module, nn.Identity) and (module._parameters or not list(module.children()))
    }  # fmt: skip
    for name, module in layers.items():
        module.register_forward_hook(lambda m, _, output, name=name: record(name, m, output))
    with torch.no_grad():
        model(inputs)
    for name, module in layers.items():  # what data never pass counts all the same
        if set(module.parameters(recurse=False)) - counted:
            record(name, module, None)
    return rows
