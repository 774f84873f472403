"""Layers and networks that techniques make: what flows through them is checked, and whose they are can be told."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from engine.guard import WrongResult
from engine.strategy import Strategy


def described(value: Any) -> str:
    """A value in words: of a tensor its dtype and shape, and what else it should not have."""
    if isinstance(value, Tensor):
        where = "" if value.device.type == "cpu" else f" on {value.device}"
        gradient = " with a gradient" if value.requires_grad else ""
        return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}{where}{gradient}"
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)[:40]
    if isinstance(value, (tuple, list)) and len(value) <= 3:
        return f"({', '.join(map(described, value))})"
    return f"an object of type {type(value).__name__}"


def _flowing(value: Any) -> str:
    """What flows through a network, in words: there a gradient is nothing to be told."""
    return described(value.detach() if isinstance(value, Tensor) else value)


class SlotHook:
    """Sees to it, as a forward hook, that a layer in a slot of the model gives what it was given in its own shape."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy

    def __call__(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        """Raises `WrongResult`."""
        given = inputs[0]
        dtypes = (given.dtype, torch.float32, torch.bfloat16)  # under autocast a layer may choose
        like = isinstance(output, Tensor) and output.shape == given.shape and output.device == given.device
        if not like or output.dtype not in dtypes:
            layer = f"made {_flowing(output)} of {_flowing(given)} in its layer {type(module).__name__}"
            raise WrongResult(self.strategy, "__call__", layer, "keep the shape of what flows through it")


class OutputHook:
    """Sees to it, as a forward hook, that a network gives so many outputs for each sample."""

    def __init__(self, strategy: Strategy, outputs: int) -> None:
        self.strategy, self._outputs = strategy, outputs

    def __call__(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        """Raises `WrongResult`."""
        expected = (len(inputs[0]), self._outputs)
        if not isinstance(output, Tensor) or output.shape != expected or not output.is_floating_point():
            network = f"gave {_flowing(output)} with its network"
            raise WrongResult(self.strategy, "__call__", network, f"give float32 {list(expected)}, outputs by samples")


def maker_of(module: nn.Module) -> Strategy | None:
    """The technique that a layer or a network comes from, where it came through the border."""
    return next((h.strategy for h in module._forward_hooks.values() if isinstance(h, (SlotHook, OutputHook))), None)


def without_checks(network: nn.Module) -> nn.Module:
    """The same network with these hooks taken off: who follows what it computes would take them for part of it."""
    for module in network.modules():
        for key, hook in list(module._forward_hooks.items()):
            if isinstance(hook, (SlotHook, OutputHook)):
                del module._forward_hooks[key]
    return network
