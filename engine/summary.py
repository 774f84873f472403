"""The layers of a network: what each gives out, and how many parameters it has."""

from __future__ import annotations

from dataclasses import dataclass

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
    """Shape of its output for a batch of one."""
    parameters: int
    trainable: int


def layer_table(config: RunConfig, data: DataSpec) -> list[LayerRow]:
    """The layers of the network that these settings make, in the order in which data pass them.

    Built on PyTorch's meta device: no memory, no arithmetic, no random number drawn, at any size.
    """
    with torch.device("meta"):
        model = config.model.build(data, Slots(config.activation, config.regularizers)).eval()
        inputs = torch.empty(1, *data.input_shape)
    rows: list[LayerRow] = []

    def record(name: str, module: nn.Module, output: Tensor) -> None:
        own = list(module.parameters())
        rows.append(LayerRow(
            name, type(module).__name__, tuple(output.shape),
            sum(p.numel() for p in own), sum(p.numel() for p in own if p.requires_grad),
        ))  # fmt: skip

    for name, module in model.named_modules():
        if not list(module.children()) and not isinstance(module, nn.Identity):
            module.register_forward_hook(lambda m, _, output, name=name: record(name, m, output))
    with torch.no_grad():
        model(inputs)
    return rows
