"""From settings to a network, its optimizer, and back into a snapshot's tensors."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from engine.checkpoints.checkpoint import Snapshot
from engine.checkpoints.tensors import check_alike, difference, kinds_of
from engine.config import RunConfig
from engine.data import Parts, Scaler
from engine.frozen.tuning import Tuning
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


def build_optimizer(config: RunConfig, model: nn.Module, tuning: Tuning | None = None) -> Optimizer:
    """The optimizer over the trainable parameters, in groups as the regularizers want them, and fine-tuning.

    It holds those too that `tuning` freezes for a while: without a gradient, no step moves them.
    """
    groups: list[ParameterGroup] = [{"params": [(n, p) for n, p in model.named_parameters() if p.requires_grad]}]
    for regularizer in config.giving("parameter_groups"):
        groups = regularizer.parameter_groups(groups)
    return config.optimizer.build(tuning.divide(groups) if tuning else groups)


def autocast(precision: str, device: torch.device) -> AbstractContextManager[None]:
    """The context of a forward pass in this precision."""
    return nullcontext() if precision == "float32" else torch.autocast(device.type, torch.bfloat16)


def outputs_of(network: nn.Module, scale: Scaler, inputs: Tensor, config: RunConfig) -> Tensor:
    """The outputs `[N, K]`, float32, for inputs as they are stored, without gradients; the network's mode stays."""
    with torch.inference_mode(), autocast(config.precision, inputs.device):
        return network(scale(inputs)).float()  # type: ignore[no-any-return]


def spec_of(snapshot: Snapshot) -> DataSpec:
    """What a snapshot's network was told of its data."""
    data = snapshot.meta["data"]
    training, validation, test = data["samples"]
    return DataSpec(
        tuple(data["input_shape"]), data["outputs"], data["task"], tuple(data["class_counts"]),
        (training, validation, test),
    )  # fmt: skip


def check_same_data(snapshot: Snapshot, parts: Parts) -> None:
    """Raise `InputError` where the parts have other sizes, or other classes, than when the snapshot was made."""
    old, new = spec_of(snapshot), parts.spec
    if old.samples != new.samples:
        raise InputError(
            "data-changed", "the data set has changed since the checkpoint was saved: it had {old} samples, now {new}",
            old="+".join(map(str, old.samples)), new="+".join(map(str, new.samples)),
        )  # fmt: skip
    names = tuple(snapshot.meta["class_names"]) or parts.class_names
    for what, one, other in (
        ("task", old.task, new.task),
        ("shape", old.input_shape, new.input_shape),
        ("number of outputs", old.outputs, new.outputs),
        ("classes", names, parts.class_names),
        ("number of samples of each class", old.class_counts, new.class_counts),
    ):
        if one != other:
            raise InputError(
                "data-changed", "the data set has changed since the checkpoint was saved: its {what} was {old}, now "
                "{new}", what=what, old=str(one)[:80], new=str(other)[:80],
            )  # fmt: skip


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
    """What an optimizer keeps: its tensors `optimizer.<parameter>.<key>`, and what a snapshot's metadata say of it."""
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, Any] = {}
    stepped = []
    for name, parameter in _optimized(optimizer):
        kept = {key: value for key, value in optimizer.state.get(parameter, {}).items() if value is not None}
        for key, value in kept.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{name}.{key}"] = value
            else:
                numbers[f"{name}.{key}"] = value
        if kept:
            stepped.append(name)
    return tensors, {"optimizer": numbers, "stepped": stepped}


def check_network(config: RunConfig, data: DataSpec, tensors: Mapping[str, Tensor], where: str) -> None:
    """Raise `InputError` where a snapshot's group of tensors is not that of the network that its settings make.

    Told without any memory for that network: the settings may be a stranger's, and name one of any size.
    """
    try:
        with torch.device("meta"):
            model = config.model.build(data, Slots(config.activation, config.regularizers))
    except InputError:
        raise
    except Exception:  # noqa: BLE001 it may be one that can't be built without memory, and fails by its own name
        return
    _check_fit(model, tensors, where)


def rebuilt_network(config: RunConfig, data: DataSpec, tensors: Mapping[str, Tensor], where: str) -> nn.Module:
    """The network of these settings with a snapshot's group of tensors. Raises `InputError` where they make none."""
    check_network(config, data, tensors, where)
    try:
        model = build_network(config, data, initial=False)
    except InputError:
        raise
    except Exception as error:  # a plugin may raise anything for data that it was never meant for
        raise InputError(
            "no-such-network", "the network of {path} can't be built: {model} failed with {error}",
            path=where, model=config.model.id, error=" ".join(f"{type(error).__name__}: {error}".split())[:200],
        ) from error  # fmt: skip
    restore_model(model, tensors, where)
    return model


def restore_model(model: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Set a network's tensors to those of a snapshot's group. Raises `InputError` where they don't fit; none is set."""
    _check_fit(model, tensors, where)
    model.load_state_dict(tensors)


def _check_fit(model: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    reason = difference(kinds_of(tensors), kinds_of(model.state_dict()), "model.")
    if reason is not None:
        raise InputError(
            "weights-do-not-fit", "the weights of {path} do not fit the model that its settings name: {reason}",
            path=where, reason=reason,
        )  # fmt: skip


def restore_optimizer(optimizer: Optimizer, snapshot: Snapshot) -> None:
    """Set an optimizer's state to a snapshot's, in the memory layout of its parameters.

    What it holds of parameters that are trained no more, as in a fork that freezes them, is left out. Raises
    `InputError`, with nothing set, unless all that the optimizer keeps of a parameter is there, and no more.
    """
    parameters = dict(_optimized(optimizer))
    kept = {name: value for name, value in _kept(snapshot).items() if name.rpartition(".")[0] in parameters}
    _check_kept(kept, _kept_after_a_step(optimizer), "the checkpoint")
    on_device = any(group.get("fused") or group.get("capturable") for group in optimizer.param_groups)
    for name, value in kept.items():
        owner, _, key = name.rpartition(".")
        parameter = parameters[owner]
        if isinstance(value, Tensor):
            if value.shape == parameter.shape:
                # Fused kernels read state and parameter side by side: the strides must be the same.
                value = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
            else:  # a copy: the optimizer changes its own in place. Off the device PyTorch counts steps on the CPU
                value = value.to(parameter.device if value.ndim or on_device else "cpu", copy=True)
        optimizer.state[parameter][key] = value


def _kept(snapshot: Snapshot) -> dict[str, Any]:
    """What a snapshot's optimizer keeps, tensors and plain numbers, by `<parameter>.<key>`."""
    return {**snapshot.group("optimizer"), **snapshot.meta["optimizer"]}


def _kept_after_a_step(optimizer: Optimizer) -> dict[str, Any]:
    """What an optimizer keeps of its parameters once it has moved them, as a copy of it shows."""
    trial = copy.deepcopy(optimizer)
    for group in trial.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    trial.step()
    tensors, meta = optimizer_tensors(trial)
    return {**{name.partition(".")[2]: tensor for name, tensor in tensors.items()}, **meta["optimizer"]}


def _check_kept(theirs: dict[str, Any], expected: dict[str, Any], where: str) -> None:
    """Raise `InputError` unless of each parameter all is there that is to be kept of it, or nothing at all."""
    owners = {name.rpartition(".")[0] for name in theirs}
    ours = {name: value for name, value in expected.items() if name.rpartition(".")[0] in owners}
    check_alike(kinds_of(theirs), kinds_of(ours), "optimizer.", where)


def _optimized(optimizer: Optimizer) -> list[tuple[str, nn.Parameter]]:
    return [
        (name, parameter)
        for group in optimizer.param_groups
        for name, parameter in zip(group["param_names"], group["params"], strict=True)
    ]
