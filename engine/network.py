"""From settings to a network, its optimizer, and back into a snapshot's tensors."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from engine.checkpoint import Snapshot
from engine.config import RunConfig
from engine.data import Scaler
from engine.message import InputError, message
from engine.randomness import seeded_generators, stream
from engine.strategy import Advice, DataSpec, ParameterGroup, Slots


def build_network(config: RunConfig, data: DataSpec, *, initial: bool = True) -> nn.Module:
    """The network with its initial weights, which depend on the seed and the settings alone.

    Where a snapshot's weights are to take their place, `initial` is False and the initializer is not asked.
    """
    with seeded_generators(stream(config.seed, "weights")):
        model = config.model.build(data, Slots(config.activation, config.regularizers))
        if initial:
            config.initializer.apply(model)
    if any(isinstance(module, nn.Conv2d) for module in model.modules()):
        model = model.to(memory_format=torch.channels_last)
    return model


def build_optimizer(config: RunConfig, model: nn.Module) -> Optimizer:
    """The optimizer over the trainable parameters, divided into groups by the regularizers that want to."""
    groups: list[ParameterGroup] = [{"params": [(n, p) for n, p in model.named_parameters() if p.requires_grad]}]
    for regularizer in config.giving("parameter_groups"):
        groups = regularizer.parameter_groups(groups)
    return config.optimizer.build(groups)


def autocast(precision: str, device: torch.device) -> AbstractContextManager[None]:
    """The context of a forward pass in this precision."""
    return nullcontext() if precision == "float32" else torch.autocast(device.type, torch.bfloat16)


def outputs_of(network: nn.Module, scale: Scaler, inputs: Tensor, config: RunConfig) -> Tensor:
    """The outputs `[N, K]`, float32, for inputs as they are stored, without gradients; the network's mode stays."""
    with torch.inference_mode(), autocast(config.precision, inputs.device):
        return network(scale(inputs)).float()  # type: ignore[no-any-return]


def statistics_of(snapshot: Snapshot) -> tuple[Tensor, Tensor]:
    """Mean and deviation of the inputs that a snapshot's network was trained with."""
    statistics = snapshot.meta["input"]
    return torch.tensor(statistics["mean"]), torch.tensor(statistics["std"])


def output_advice(config: RunConfig, network: nn.Module) -> list[tuple[str, Advice]]:
    """What to tell, with the id of the strategy, where a network's last layer does what its loss does once more."""
    last = [module for module in network.modules() if not list(module.children())][-1]
    if not isinstance(last, (nn.Softmax, nn.Sigmoid)) or config.loss.output_activation == "identity":
        return []
    text = message(
        "second-softmax", "its last layer is a {layer}, and the loss {loss} applies a {activation} itself: the second "
        "one flattens the gradients, and the network learns slowly; leave the layer out",
        layer=type(last).__name__, loss=config.loss.id, activation=config.loss.output_activation,
    )  # fmt: skip
    return [(config.model.id, Advice("warning", text))]


def optimizer_tensors(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors `optimizer.<parameter>.<key>`, and the optimizer's plain numbers by that name."""
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, Any] = {}
    for name, parameter in _optimized(optimizer):
        for key, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{name}.{key}"] = value
            elif value is not None:
                numbers[f"{name}.{key}"] = value
    return tensors, numbers


def restore_model(model: nn.Module, tensors: dict[str, Tensor], where: str) -> None:
    """Set a network's tensors to those of a snapshot's group. Raises `InputError` where they don't fit."""
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            "weights-do-not-fit", "the weights of {path} do not fit the model that its settings name: {reason}",
            path=where, reason=" ".join(str(error).split())[:200],
        ) from None  # fmt: skip


def restore_optimizer(optimizer: Optimizer, snapshot: Snapshot) -> None:
    """Set an optimizer's state to a snapshot's, in the memory layout of its parameters.

    What it holds of parameters that are trained no more, as in a fork that freezes them, is left out.
    """
    parameters = dict(_optimized(optimizer))
    on_device = any(group.get("fused") or group.get("capturable") for group in optimizer.param_groups)
    for name, tensor in snapshot.group("optimizer").items():
        owner, key = name.rsplit(".", 1)
        if owner not in parameters:
            continue
        parameter = parameters[owner]
        if tensor.shape == parameter.shape:
            # Fused kernels read state and parameter side by side: the strides must be the same.
            tensor = torch.empty_like(parameter, dtype=tensor.dtype).copy_(tensor)
        elif tensor.ndim or on_device:  # elsewhere PyTorch counts steps on the CPU
            tensor = tensor.to(parameter.device)
        optimizer.state[parameter][key] = tensor
    for name, value in snapshot.meta.get("optimizer", {}).items():
        owner, key = name.rsplit(".", 1)
        if owner in parameters:
            optimizer.state[parameters[owner]][key] = value


def _optimized(optimizer: Optimizer) -> list[tuple[str, nn.Parameter]]:
    return [
        (name, parameter)
        for group in optimizer.param_groups
        for name, parameter in zip(group["param_names"], group["params"], strict=True)
    ]
