"""What the methods of a technique must give, checked where they are called: `engine.strategy` in code.

A check compares types, shapes, dtypes and devices, which costs a step nothing; values are looked at only where a run
begins. What would be noticed late or never, as another experiment, is told as `WrongResult`, by the technique's name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from engine.data import DataBundle, Part
from engine.finite import all_finite
from engine.guard import WrongResult, call
from engine.layers import OutputHook, SlotHook, described, maker_of
from engine.mapped import Mapped
from engine.strategy import KINDS, Advice, Dataset, Message, Strategy

Arguments = tuple[Any, ...]
Check = Callable[[Strategy, Any, Arguments], Any]
"""Given the technique, what its method gave and what that was given: what is to be used of it, or `WrongResult`."""

MOST_PARTS, MOST_SHARE = 1_000, 1_000
"""Parts of a network's body that train each with a share of its own; and such a share: more is a mistake."""


def kept(
    strategy: Strategy, method: str, function: Callable[..., Any], arguments: Arguments, named: dict[str, Any]
) -> Any:
    """What a technique's method gives, if it is what it must be and has left alone what all share."""
    case = (strategy.kind, method)
    lent = [(tensor, tensor._version) for tensor in arguments if _is_lent(case, tensor)]
    shared = torch.is_grad_enabled(), torch.get_default_dtype()
    given = function(*arguments, **named)
    if (torch.is_grad_enabled(), torch.get_default_dtype()) != shared:
        torch.set_grad_enabled(shared[0])
        torch.set_default_dtype(shared[1])
        raise WrongResult(
            strategy, method, "left PyTorch's gradients switched or its default dtype changed, for everybody",
            "leave both as they were",
        )  # fmt: skip
    if any(tensor._version != version for tensor, version in lent):
        raise WrongResult(strategy, method, "changed a tensor that it was given, in place", "work on a copy of it")
    check = CHECKS.get(case)
    return given if check is None else check(strategy, given, arguments)


def _is_lent(case: tuple[str, str], value: Any) -> bool:
    """Whether a tensor is the data set's own, not a batch that a technique may do with as it likes."""
    return case in LENT and isinstance(value, Tensor) and not value.is_inference()


LENT = frozenset({("scaling", "fit"), ("regularizer", "order"), ("loss", "__call__")})


def _refuse(strategy: Strategy, method: str, given: Any, expected: str) -> WrongResult:
    return WrongResult(strategy, method, f"returned {described(given)}", f"return {expected}")


def _of_type(method: str, types: type | tuple[type, ...], expected: str) -> Check:
    """The check that a method gives something of these types."""

    def check(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
        if not isinstance(given, types):
            raise _refuse(strategy, method, given, expected)
        return given

    return check


def _one_of(method: str, values: tuple[Any, ...]) -> Check:
    """The check that a method gives one of these values."""

    def check(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
        if given not in values:
            raise _refuse(strategy, method, given, f"one of {', '.join(map(repr, values))}")
        return given

    return check


def _number(method: str, types: tuple[type, ...], least: float, most: float, expected: str) -> Check:
    """The check that a method gives a number of these types and within these bounds."""

    def check(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
        number = isinstance(given, types) and not isinstance(given, bool)
        if not number or (given is not None and not least <= given <= most):
            raise _refuse(strategy, method, given, expected)
        return given

    return check


# --- tensors --------------------------------------------------------------------------------------


def _is_like(given: Any, like: Tensor) -> bool:
    return (
        isinstance(given, Tensor) and given.shape == like.shape and given.dtype == like.dtype
        and given.device == like.device and not given.requires_grad
    )  # fmt: skip


def _augmented(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    images = arguments[0]
    if not _is_like(given, images):
        raise _refuse(strategy, "__call__", given, f"{described(images)}, as it was given")
    return given


def _mixed(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    inputs, targets = arguments[:2]
    pair = isinstance(given, (tuple, list)) and len(given) == 2
    if not pair or not _is_like(given[0], inputs) or not _is_like(given[1], targets):
        raise _refuse(strategy, "mix", given, f"{described((inputs, targets))}, as it was given")
    return given


def _is_statistic(value: Any, channels: int) -> bool:
    return (
        isinstance(value, Tensor) and value.is_floating_point() and value.shape == (channels,)
        and value.device.type == "cpu" and not value.requires_grad and bool(value.isfinite().all())
    )  # fmt: skip


def _statistics(strategy: Strategy, method: str, given: Any, channels: int) -> Any:
    pair = isinstance(given, (tuple, list)) and len(given) == 2
    if not pair or not all(_is_statistic(value, channels) for value in given) or not bool((given[1] > 0).all()):
        expected = f"mean and deviation, each float32 [{channels}] on the CPU, finite, the deviation above 0"
        raise _refuse(strategy, method, given, expected)
    return given


def _fitted(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    return _statistics(strategy, "fit", given, arguments[0].shape[1])


def _fitted_to_counts(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    return _statistics(strategy, "fit_counts", given, arguments[0].shape[0])


def _own_statistics(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    return given if given is None else _statistics(strategy, "statistics", given, arguments[0].input_shape[0])


def _loss(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    outputs = arguments[0]
    learns = isinstance(given, Tensor) and (given.grad_fn is not None or not outputs.requires_grad)
    if not learns or given.ndim or not given.is_floating_point() or given.device != outputs.device:
        raise _refuse(strategy, "__call__", given, "a scalar, float32 [], by whose gradient the outputs can be learnt")
    return given


def _prepared(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    if given is strategy:
        return given
    if not callable(given):
        raise _refuse(strategy, "prepare", given, "what can be called with outputs and targets")
    return lambda outputs, targets: call(strategy, "__call__", given, outputs, targets)


def _penalty(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    weight = next(arguments[0].parameters())
    scalar = isinstance(given, Tensor) and given.ndim == 0 and given.is_floating_point()
    if not scalar or given.device != weight.device:
        raise _refuse(strategy, "penalty", given, "a scalar, float32 [], where the weights are")
    return given


def _order(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    targets = arguments[0]
    count = len(targets)
    rows = isinstance(given, Tensor) and given.dtype == torch.int64 and given.shape == (count,)
    if not rows or given.device != targets.device or not 0 <= int(given.min()) <= int(given.max()) < count:
        where = "" if targets.device.type == "cpu" else f" on {targets.device}"
        raise _refuse(strategy, "order", given, f"int64 [{count}]{where}, each a row from 0 to {count - 1}")
    return given


# --- modules --------------------------------------------------------------------------------------


def _layer(method: str) -> Check:
    def check(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
        if not isinstance(given, nn.Module):
            raise _refuse(strategy, method, given, "a torch.nn.Module")
        if maker_of(given) is None:
            given.register_forward_hook(SlotHook(strategy))
        return given

    return check


def _network(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    if not isinstance(given, nn.Module) or not any(True for _ in given.parameters()):
        raise _refuse(strategy, "build", given, "a torch.nn.Module with parameters to train")
    if maker_of(given) is None:
        given.register_forward_hook(OutputHook(strategy, arguments[0].outputs))
    return given


def _weights(method: str) -> Check:
    """The check that a method which sets weights leaves them finite."""

    def check(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
        for name, parameter in arguments[0].named_parameters():
            if not all_finite(parameter):
                raise WrongResult(strategy, method, f"set {name} to values that are not finite", "set finite values")
        return given

    return check


# --- the optimizer and the data -------------------------------------------------------------------


def _names_in(groups: Any) -> list[str] | None:
    """The names of the parameters in groups of `torch.optim`; None where these are no such groups."""
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        return None
    pairs = [pair for group in groups for pair in group.get("params", (None,))]
    named = all(isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs)
    return sorted(name for name, _ in pairs) if named else None


def _groups(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    names = _names_in(given)
    if names is None or names != _names_in(arguments[0]):
        expected = "the groups that it was given, changed or divided, with every parameter once and by its name"
        raise _refuse(strategy, "parameter_groups", given, expected)
    return given


def _optimizer(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    named = isinstance(given, torch.optim.Optimizer) and all("param_names" in group for group in given.param_groups)
    if not named:
        raise _refuse(strategy, "build", given, "a torch.optim.Optimizer of the named groups that it was given")
    return given


def check_state(strategy: Strategy, kept: Mapping[str, Any]) -> None:
    """Raise `WrongResult` where an optimizer keeps, besides tensors, what a checkpoint can't hold."""
    for name, value in kept.items():
        if not isinstance(value, (bool, int, float, str)):
            keeps = f"keeps {described(value)} as its state {name}"
            raise WrongResult(strategy, "step", keeps, "keep tensors and plain numbers")


def _is_part(part: Any) -> bool:
    if not isinstance(part, Part) or not (part.rows is None or _are_rows(part.rows, len(part.stored))):
        return False
    return all(
        isinstance(tensor, Tensor) and tensor.device.type == "cpu" and not tensor.requires_grad
        and (not tensor.is_floating_point() or all_finite(tensor))
        for tensor in (part.stored, part.targets) if not isinstance(tensor, Mapped)
    )  # fmt: skip


def _are_rows(rows: Any, count: int) -> bool:
    if not isinstance(rows, Tensor) or rows.dtype != torch.int64 or rows.ndim != 1 or rows.device.type != "cpu":
        return False
    return not len(rows) or 0 <= int(rows.min()) <= int(rows.max()) < count


def _bundle(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    parts = (given.training, given.validation, given.test) if isinstance(given, DataBundle) else (None, None, None)
    if not _is_part(parts[0]) or not all(part is None or _is_part(part) for part in parts[1:]):
        raise _refuse(strategy, "load", given, "a DataBundle of parts with tensors on the CPU, all values finite")
    return given


def _advice(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    try:
        told = tuple(given)
    except TypeError:
        told = (None,)
    if not all(isinstance(each, Advice) for each in told):
        raise _refuse(strategy, "advice", given, "or yield Advice, as often as it likes")
    return told


def _as_remedy(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    if not isinstance(given, Strategy) or given.kind != strategy.kind:
        raise _refuse(strategy, "as_remedy", given, f"a strategy of kind {strategy.kind}: itself, or one like it")
    return given


def _micro_batches(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    most = max(1, arguments[0])
    return _number("micro_batches", (int,), 1, most, f"a whole number from 1 to {most}")(strategy, given, arguments)


def _shares(strategy: Strategy, given: Any, arguments: Arguments) -> Any:
    numbers = isinstance(given, (tuple, list)) and all(
        isinstance(share, (int, float)) and not isinstance(share, bool) and 0 <= share <= MOST_SHARE for share in given
    )
    if not numbers or not 1 <= len(given) <= MOST_PARTS:
        expected = f"1 to {MOST_PARTS} numbers from 0 to {MOST_SHARE}, of Python's own"
        raise _refuse(strategy, "lr_shares", given, expected)
    return tuple(given)


CHECKS: dict[tuple[str, str], Check] = {
    ("dataset", "load"): _bundle,
    ("dataset", "picture_folder"): _of_type("picture_folder", str, "the path of a folder, or an empty text"),
    ("dataset", "resizing"): _one_of("resizing", ("crop", "pad", "stretch", None)),
    ("dataset", "fitting"): _of_type("fitting", Dataset, "a data set: itself, or one like it"),
    ("scaling", "fit"): _fitted,
    ("scaling", "fit_counts"): _fitted_to_counts,
    ("augmentation", "__call__"): _augmented,
    ("model", "hidden_layers"): _number("hidden_layers", (int,), 0, math.inf, "a whole number from 0 on"),
    ("model", "build"): _network,
    ("model", "statistics"): _own_statistics,
    ("model", "pretrained"): _weights("pretrained"),
    ("activation", "build"): _layer("build"),
    ("initializer", "apply"): _weights("apply"),
    ("loss", "prepare"): _prepared,
    ("loss", "__call__"): _loss,
    ("optimizer", "build"): _optimizer,
    ("regularizer", "layer"): _layer("layer"),
    ("regularizer", "parameter_groups"): _groups,
    ("regularizer", "order"): _order,
    ("regularizer", "micro_batches"): _micro_batches,
    ("regularizer", "penalty"): _penalty,
    ("regularizer", "mix"): _mixed,
    ("regularizer", "average_share"): _number(
        "average_share", (int, float, type(None)), 0, 1, "a number from 0 to 1, or None"
    ),
    ("fine-tuning", "lr_shares"): _shares,
    ("scheduler", "lr_factor"): _number(
        "lr_factor", (int, float), 0, 1e308, "a finite number from 0 on, of Python's own"
    ),
    ("stopping", "reason"): _of_type("reason", (Message, type(None)), "a Message, or None"),
} | {(kind, "advice"): _advice for kind in KINDS} | {(kind, "as_remedy"): _as_remedy for kind in KINDS}  # fmt: skip
"""What is checked of each method of a kind; the rest act in place, and what they return is not used."""
