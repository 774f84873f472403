"""What a technique says of itself in plain PyTorch: some lines, and where in the script of a run they stand."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from engine.config import RunConfig
    from engine.strategy import Strategy

SHOWN = ("p",)
"""Arguments that a reader wants to see, though they have their default."""
UNTOLD = ("self", "params", "lr", "weight_decay", "device", "dtype")
"""Arguments that others see to."""


@dataclass(frozen=True)
class Code:
    """Lines of plain PyTorch that do what a technique does. Each field is a place in the script; most stay empty.

    In each place the names of all places before it are there: the constants `SEED`, `EPOCHS`, `BATCH_SIZE`, `LR` and
    `DATA`, a folder for downloads; `device`; `seed(*place)`, which makes a number for `torch.manual_seed`; `inputs` and
    `targets`, the training samples as they are stored (and `val_inputs`, `test_inputs`, …), with the number of
    `classes`; `mean` and `std`; `model`; `head`, where it is fine-tuned; `loss_function`; `optimizer`; `steps`, the
    number of them in an epoch. In the loop there are `epoch` and `batch`, and `x` and `y`, the scaled samples of a
    batch with their targets.
    """

    imports: tuple[str, ...] = ()
    """Whole lines, such as `from torchvision.transforms import v2`. `torch` and `nn` are there already."""
    define: str = ""
    """Functions and classes, before the data."""
    lines: str = ""
    """What stands in the section of its kind: it defines `inputs` and `targets`, or `mean` and `std`, or `model`,
    `loss_function`, …; of what is ticked, before the loop."""
    value: str = ""
    """The expression that it is: an activation, a transform of one image, an optimizer, a scheduler. In the last two
    `{}` stands for the parameters, and for the optimizer."""

    note: str = ""
    """A sentence on what the lines leave out, or do in another way: it stands at the head of the script."""

    has_validation: bool = False
    """Whether the lines of a data set define `val_inputs` and `val_targets`, …"""
    has_test: bool = False
    """… and `test_inputs` and `test_targets`. What they don't is cut from the training samples."""
    has_twins: bool = True
    """Whether samples of a data set may be equal, which then stay in one part."""
    scaling: str = ""
    """Of a model that sees inputs in a range of its own: what takes the place of the scaling's lines."""
    weights: str = ""
    """Of a model, what loads weights of its own, once the initial ones are drawn."""
    head: str = ""
    """Of a model, the expression of its last layer, which is new to any data."""

    groups: str = ""
    """Changes `groups`, the optimizer's parameter groups, each a dictionary with `params`."""
    epoch: str = ""
    """When an epoch begins, after `model.train()`."""
    order: str = ""
    """The expression of the rows that epoch number `epoch` visits."""
    batch: str = ""
    """Changes `x` and `y`; `y` holds shares of the classes, `[N, K]`, where anything stands here."""
    pieces: str = ""
    """The expression of the number of pieces in which a batch `x` goes through the network."""
    penalty: str = ""
    """The expression of what is added to the loss before the backward pass."""
    before_step: str = ""
    after_step: str = ""
    before_evaluation: str = ""
    """When the steps of an epoch are done."""
    judged: str = ""
    """The expression of the network that is evaluated and kept, where it is not `model`."""
    watches: str = ""
    """Of a scheduler, the figure that its `step` is given: `val_loss`, …"""
    after_epoch: str = ""
    """When an epoch's figures are there: `train_loss`, `train_accuracy`, `val_loss`, `val_accuracy`."""


def written(module: nn.Module) -> str | None:
    """The expression that makes a layer of torch.nn or torchvision.ops, such as `nn.Dropout(p=0.5)`; of others None.

    A layer of a plugin's own may say it in an attribute `written`; its technique's `Code` defines what stands there.
    """
    if isinstance(own := getattr(module, "written", None), str):
        return own
    kind = type(module)
    place = {"torch.nn": "nn", "torchvision.ops": "ops"}.get(".".join(kind.__module__.split(".")[:2]))
    if place is None:
        return None
    values = {name: getattr(module, name, _MISSING) for name in inspect.signature(kind.__init__).parameters}
    if "bias" in values:
        values["bias"] = values["bias"] is not None
    arguments = _arguments(kind, values)
    return None if arguments is None else f"{place}.{kind.__name__}({', '.join(arguments)})"


def written_optimizer(optimizer: Optimizer) -> str | None:
    """The expression that makes an optimizer of torch.optim, with `{}` for its parameters; of others None."""
    kind = type(optimizer)
    if not kind.__module__.startswith("torch.optim"):
        return None
    arguments = _arguments(kind, optimizer.defaults)
    if arguments is None:
        return None
    if optimizer.defaults.get("weight_decay") != inspect.signature(kind.__init__).parameters["weight_decay"].default:
        arguments.append(f"weight_decay={optimizer.defaults['weight_decay']!r}")
    return f"torch.optim.{kind.__name__}({', '.join(['{}', 'lr=LR', *arguments])})"


def arguments(strategy: Strategy, function: Any, shown: tuple[str, ...] = ()) -> list[str]:
    """A technique's parameters as arguments of a function of PyTorch that names them alike: those that differ from that
    function's defaults, and those that a reader wants to see."""
    there = inspect.signature(function).parameters
    given = []
    for name, value in strategy:
        default = there[name].default if name in there else value
        default = getattr(default, "value", default)  # of a choice, such as an `InterpolationMode`
        same = tuple(default) == value if isinstance(default, list) else default == value
        if name in shown or not same:
            given.append(f"{name}={value!r}")
    return given


class WrittenSlots:
    """What fills a model's slots, as expressions: `engine.strategy.Slots` for its `code`."""

    def __init__(self, config: RunConfig) -> None:
        self._config = config

    def activation(self) -> list[str]:
        """The activation; nothing where it can't be told."""
        code = self._config.activation.code(self._config)
        return [code.value] if code else []

    def layer(self, slot: str, features: int, dimensions: Literal[0, 2] = 0, depth: float = 1.0) -> list[str]:
        """The layer in this slot; nothing where it is empty, or can't be told."""
        from engine.strategy import Place

        filling = [regularizer for regularizer in self._config.regularizers if regularizer.slot == slot]
        layers = [written(regularizer.layer(Place(features, dimensions, depth))) for regularizer in filling]
        return [layer for layer in layers if layer is not None]


def sequential(layers: list[str]) -> str:
    """The expression of a network of layers one after another, each on a line of its own."""
    return "nn.Sequential(\n" + "".join(indented(layer) + ",\n" for layer in layers) + ")"


def indented(lines: str, by: int = 4) -> str:
    """The lines, further to the right."""
    return "\n".join(" " * by + line if line else "" for line in lines.splitlines())


_MISSING = object()


def _arguments(kind: type, values: dict[str, Any]) -> list[str] | None:
    """The arguments of a constructor that have these values, without those at their default; None where one is not
    known."""
    arguments = []
    for name, parameter in inspect.signature(kind.__init__).parameters.items():  # type: ignore[misc]
        if name in UNTOLD or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value = values.get(name, _MISSING)
        if value is _MISSING:
            return None
        if parameter.default is parameter.empty:
            arguments.append(repr(value))
        elif value != parameter.default or name in SHOWN:
            arguments.append(f"{name}={value!r}")
    return arguments
