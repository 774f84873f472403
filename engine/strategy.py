"""The base class of each kind of technique: what a plugin author reads first.

A strategy is a frozen value. Its fields are its parameters, each with a default, bounds and a docstring;
from that one declaration come the form in the window, the flags, the YAML, the search space and the
documentation. What a strategy does to a run stands in the methods of its kind, below.

    from engine.strategy import Augmentation, Field, hookimpl

    class Invert(Augmentation):
        '''Turn black into white.'''

        def __call__(self, images, generator):
            return 255 - images

    @hookimpl
    def register_strategies():
        return [Invert]
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pluggy
from pydantic import BaseModel, ConfigDict, Field

from engine.code import Code, written, written_optimizer
from engine.field_docstrings import field_docstrings
from engine.guard import guard
from engine.message import Message, message

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn
    from torch.optim import Optimizer as TorchOptimizer

    from engine.config import RunConfig
    from engine.data import DataBundle, Source
    from engine.history import History

__all__ = [
    "KINDS", "Activation", "Advice", "Augmentation", "Code", "DataSpec", "Dataset", "Effect", "Field", "FineTuning",
    "Initializer", "Loss", "Message", "Model", "Optimizer", "ParameterGroup", "Place", "Progress", "Regularizer",
    "Scaling", "Scheduler", "Slots", "Stopping", "Strategy", "Verdict", "hookimpl", "message", "needs", "overrides",
]  # fmt: skip

hookimpl = pluggy.HookimplMarker("tunedeck")
hookspec = pluggy.HookspecMarker("tunedeck")


class Hooks:
    """What a plugin file may implement."""

    @hookspec
    def register_strategies(self) -> list[type[Strategy]]:  # type: ignore[empty-body]
        """Return the strategy classes that this plugin offers."""


# --- What strategies are told ---------------------------------------------------------------------


@dataclass(frozen=True)
class DataSpec:
    """What a model and a loss must know of the data: never the data themselves."""

    input_shape: tuple[int, ...]
    """Shape of one sample: `(C, H, W)` for images, `(F,)` for features."""
    outputs: int
    """Width of the output: the number of classes, or of target values where the task is another."""
    task: Literal["classification", "regression", "reconstruction"] = "classification"
    """In a reconstruction the targets are the scaled inputs, flattened."""
    class_counts: tuple[int, ...] = ()
    """Training samples of each class; empty where the task is another."""
    samples: tuple[int, int, int] = (0, 0, 0)
    """Samples for training, validation and test."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands. Time is passed in, not counted."""

    epoch: int
    """Epochs completed."""
    step: int
    """Steps (optimizer updates) completed."""
    epochs: int
    """Epochs that the schedule is planned for."""
    steps_per_epoch: int
    lr: float
    """The base learning rate, before any schedule."""
    seconds: float = 0.0
    """Seconds of training and evaluation since the run's last start, pauses excluded. A resume is no start."""

    @property
    def steps(self) -> int:
        """Steps that the schedule is planned for."""
        return self.epochs * self.steps_per_epoch


@dataclass(frozen=True)
class Place:
    """Where in a network a slot lies."""

    features: int
    """Features of a linear layer, or channels of a convolution."""
    dimensions: Literal[0, 2]
    """Spatial dimensions of what flows through: 0 for `[N, F]`, 2 for `[N, C, H, W]`."""
    depth: float = 1.0
    """How deep in the network it lies: 0 at the input, 1 at the output."""


class Slots:
    """Fills a model's slots with layers of the ticked regularizers and the chosen activation.

    A slot that nothing fills is `nn.Identity`, so the names of a model's parameters never depend on what is ticked.
    """

    def __init__(self, activation: Activation, regularizers: Sequence[Regularizer] = ()) -> None:
        self._activation = activation
        self._filling = {regularizer.slot: regularizer for regularizer in regularizers if regularizer.slot}

    def activation(self) -> nn.Module:
        """A new activation module."""
        return self._activation.build()

    def layer(self, slot: str, features: int, dimensions: Literal[0, 2] = 0, depth: float = 1.0) -> nn.Module:
        """A new module for the slot named `slot`, at a place of so many features, spatial dimensions and such depth."""
        from torch import nn

        regularizer = self._filling.get(slot)
        return nn.Identity() if regularizer is None else regularizer.layer(Place(features, dimensions, depth))


@dataclass(frozen=True)
class Advice:
    """Something to tell the user about settings before the run. An error keeps the run from starting."""

    level: Literal["error", "warning"]
    text: Message
    field: str = ""
    """The parameter concerned; empty where it is the strategy as a whole."""


Verdict = Literal[
    "overfitting", "underfitting", "lr-too-high", "lr-too-low", "plateau", "diverging", "healthy", "too-early"
]
"""What the curves of a run may say (`engine.diagnosis`)."""


@dataclass(frozen=True)
class Effect:
    """What a technique may be expected to change in a run: by what factor; 1 where it is not known how much less."""

    gap: float | None = None
    """The validation loss less the clean training loss, of the last epoch."""
    best: float | None = None
    """The least validation loss."""
    time: float | None = None
    """Seconds of the whole run."""


ParameterGroup = dict[str, Any]
"""One group of `torch.optim`: `params` (named: `list[tuple[str, Parameter]]`) and options such as `weight_decay`."""


# --- The kinds ------------------------------------------------------------------------------------


class Strategy(BaseModel):
    """A technique with its parameters. Subclass one of the kinds below, not this."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True)

    kind: ClassVar[str]
    """The kind's name, as in the settings file and on the command line."""
    many: ClassVar[bool] = False
    """Whether a run may have several strategies of this kind (under `with`) or has exactly one."""
    id: ClassVar[str]
    """Unique across all kinds; the class name in kebab-case unless declared."""
    flag: ClassVar[str | None] = None
    """A flag of its own on the command line, such as `--early-stopping`, short for `--with ID`."""

    remedies: ClassVar[Mapping[Verdict, Effect]] = {}
    """The verdicts of a diagnosis for which it is a remedy, each with what it may be expected to change."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "id" not in cls.__dict__:
            cls.id = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", cls.__name__).lower()
        for kind in cls.__mro__[1:]:
            if Strategy in kind.__bases__:  # what it gives is checked where it is called
                guard(cls, kind)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for name, text in field_docstrings(cls).items():
            if name in cls.model_fields and cls.model_fields[name].description is None:
                cls.model_fields[name].description = text

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        """What to tell the user about this strategy in these settings, before the run.

        Asked while the settings are made, with `data` None, and again once the data are there.
        """
        return ()

    def as_remedy(self, verdict: Verdict, config: RunConfig) -> Strategy:
        """With the parameters that suit as a remedy for what was found in a run with these settings.

        Asked of a strategy of the run, which may answer with itself changed, and of one that the run is without, as it
        is on offer there, or with its defaults. What it gives is offered where it is another than the run's own and
        the settings with it are valid.
        """
        return self

    def code(self, config: RunConfig) -> Code | None:
        """What it is in plain PyTorch, in a run with these settings: see `Code`. None where it can't be told."""
        return None


class Dataset(Strategy):
    """Where the samples come from."""

    kind = "dataset"

    task: ClassVar[Literal["classification", "regression"]] = "classification"
    """What its `DataBundle` says too: known before the data are read."""

    @property
    def picture_folder(self) -> str:
        """The folder of the user's own pictures that it reads, in the form of `engine.pictures.folder`; else empty."""
        return ""

    def load(self, source: Source) -> DataBundle:
        """Read the data. May report progress through `source`, and keeps downloads in `source.folder`.

        Raises `InputError` where the data are missing or unreadable.
        """
        raise NotImplementedError

    @property
    def resizing(self) -> Literal["crop", "pad", "stretch"] | None:
        """How it brings picture files to its samples' size (`engine.pictures.files.fit`); None where it reads none.

        Pictures that a network is given later are prepared in the same way.
        """
        return None

    def fitting(self, shape: tuple[int, ...]) -> Dataset:
        """The same data with samples of this shape, where it can make them so; else as they are.

        Asked where a network is measured on another data set than its own.
        """
        return self


class Scaling(Strategy):
    """The range in which inputs reach the network (데이터 범위 조정)."""

    kind = "scaling"

    def fit(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation, each `[C]` (or `[F]`), from the training inputs; the network sees `(x - mean) / std`.

        Of more images than 268 MB it is given an even sample of that size.
        """
        raise NotImplementedError

    def fit_counts(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        """The same, of any number of images: from how often each of the 256 values is in each channel, `[C, 256]`.

        Images are scaled by this where a technique gives it, and by `fit` else.
        """
        raise NotImplementedError


class Augmentation(Strategy):
    """New training samples out of old ones (데이터 생성). Never applied to validation or test samples."""

    kind = "augmentation"
    many = True
    corrupts: ClassVar[bool] = False
    """Whether it leaves all in its place and only spoils it, as noise does: what an autoencoder can learn to undo."""

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """From uint8 `[N, C, H, W]` to uint8 of the same shape, with parameters drawn per sample from `generator`."""
        raise NotImplementedError


class Model(Strategy):
    """The network."""

    kind = "model"
    slots: ClassVar[frozenset[str]] = frozenset()
    """The slots it offers to regularizers: `norm` between layer and activation, `dropout` after the activation,
    `spatial-dropout` after the activation of a convolution, `residual` at the end of a residual branch."""
    owned: ClassVar[frozenset[str]] = frozenset()
    """The slots that its architecture fills itself, such as the norms of a ResNet."""
    reconstructs: ClassVar[bool] = False
    """Whether it learns to give back its scaled inputs, as they were before augmentation: labels are not used then."""

    @property
    def hidden_layers(self) -> int:
        """Layers with an activation between input and output, by which techniques judge its depth; 0: not told."""
        return 0

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        """A module with a `body` and a `head`, from `[N, *data.input_shape]` to `[N, data.outputs]`."""
        raise NotImplementedError

    def statistics(self, data: DataSpec) -> tuple[Tensor, Tensor] | None:
        """Mean and deviation of the inputs, each `[C]`, where the model needs its own: they replace Scaling's."""
        return None

    def pretrained(self, network: nn.Module, source: Source) -> None:
        """Load pretrained weights into a network of `build`, once, when a run begins. Most models have none.

        May report progress through `source`, and keeps downloads in `source.folder`. Raises `InputError` where they
        are missing.
        """


class Activation(Strategy):
    """The nonlinearity between layers (활성화 함수)."""

    kind = "activation"

    def build(self) -> nn.Module:
        """A new module, applied element by element."""
        raise NotImplementedError

    def code(self, config: RunConfig) -> Code | None:
        """A layer of PyTorch says by itself what it is."""
        layer = written(self.build())
        return None if layer is None else Code(value=layer)


class Initializer(Strategy):
    """The initial weights (초깃값)."""

    kind = "initializer"

    def apply(self, model: nn.Module) -> None:
        """Set the parameters of a new run's model in place, drawing from PyTorch's global generator."""
        raise NotImplementedError


class Loss(Strategy):
    """What training minimises (손실 함수)."""

    kind = "loss"
    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})
    """The tasks it is meant for."""
    output_activation: ClassVar[Literal["softmax", "sigmoid", "identity"]] = "softmax"
    """What turns the outputs that it is given into class probabilities."""

    def prepare(self, data: DataSpec) -> Callable[[Tensor, Tensor], Tensor]:
        """The loss for these data. The default needs nothing of them: itself."""
        return self

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a batch, a scalar, from outputs `[N, K]` and targets `[N]` (classes) or `[N, K]`."""
        raise NotImplementedError


class Optimizer(Strategy):
    """How gradients move the weights (옵티마이저). The learning rate and weight decay are not its business."""

    kind = "optimizer"

    def build(self, groups: list[ParameterGroup]) -> TorchOptimizer:
        """The optimizer over these parameter groups; the engine sets each group's `lr` before every step."""
        raise NotImplementedError

    def code(self, config: RunConfig) -> Code | None:
        """An optimizer of PyTorch says by itself what it is."""
        from torch import nn, zeros

        constructor = written_optimizer(self.build([{"params": [("weight", nn.Parameter(zeros(1)))]}]))
        return None if constructor is None else Code(value=constructor)


class Regularizer(Strategy):
    """What keeps a network from learning its training samples by heart (규제화).

    A subclass gives any of the methods below; the engine calls only those that it gives.
    """

    kind = "regularizer"
    many = True
    slot: ClassVar[str | None] = None
    """The model's slot that `layer` fills; a model without it can't be trained with this regularizer."""
    mixes_inputs: ClassVar[bool] = True
    """Whether `mix`, where it is given, changes the inputs too. Else what a frozen body makes of them may be kept."""

    def layer(self, place: Place) -> nn.Module:
        """A new module for the slot at this place."""
        raise NotImplementedError

    def code(self, config: RunConfig) -> Code | None:
        """A layer of PyTorch or torchvision says by itself what it is, where the technique is nothing else."""
        acting = [name for name in ACTING if overrides(self, name)]
        layer = written(self.layer(Place(64, 2))) if acting == ["layer"] else None
        return None if layer is None else Code(imports=("from torchvision import ops",) * layer.startswith("ops."))

    def parameter_groups(self, groups: list[ParameterGroup]) -> list[ParameterGroup]:
        """The optimizer's parameter groups, changed or divided."""
        raise NotImplementedError

    def order(self, targets: Tensor, generator: Generator) -> Tensor:
        """The rows (int64 `[N]`) that an epoch visits, in their order, from the `N` targets of the training part."""
        raise NotImplementedError

    def micro_batches(self, size: int) -> int:
        """In how many parts, one after another, a batch of `size` samples goes through the network."""
        raise NotImplementedError

    def penalty(self, model: nn.Module) -> Tensor:
        """A scalar added to the loss before the backward pass; the loss that is shown excludes it."""
        raise NotImplementedError

    def mix(self, inputs: Tensor, targets: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """A changed training batch: scaled inputs `[N, ...]` and targets as class probabilities `[N, K]`."""
        raise NotImplementedError

    def before_step(self, model: nn.Module) -> None:
        """Act on the gradients between the backward pass and the step: to clip them, say. Frozen weights have none."""
        raise NotImplementedError

    def after_step(self, model: nn.Module) -> None:
        """Act on the weights after the step, such as bounding their norm. Those without `requires_grad` are frozen."""
        raise NotImplementedError

    def average_share(self, progress: Progress) -> float | None:
        """The share of the weights after a step in their running average; None where there is to be no average (yet).

        The first share starts the average with the weights as they are; 0 leaves it alone. Where there is an average,
        it is validated, kept as best and handed over in place of the weights.
        """
        raise NotImplementedError


class FineTuning(Strategy):
    """What of a pretrained network training may change (미세 조정): a pure function of time. A run has one at most.

    The layers of the network's `body` are divided, from the input on, into equally many for each share; its `head`
    always trains with the whole learning rate. A part whose share is 0 is frozen: its weights have no gradient, and
    nothing else moves them; its batch norms stay in evaluation mode, with the statistics that they came with. A body
    that is frozen as a whole is in evaluation mode as a whole, its dropout too.
    """

    kind = "fine-tuning"
    many = True

    def lr_shares(self, epoch: int) -> Sequence[float]:
        """The share of the learning rate of each part of the body in epoch number `epoch` (from 0); always as many."""
        raise NotImplementedError


class Scheduler(Strategy):
    """How the learning rate changes over time (학습률 스케줄러): a pure function of time and record.

    The rate of a step is the base rate times the factors of all schedulers, so schedulers compose, need no state
    in a checkpoint, and can be drawn before the run.
    """

    kind = "scheduler"
    many = True
    shape: ClassVar[bool] = True
    """Whether it lays down the whole course of the rate. Of such schedulers a run may have one."""
    every: ClassVar[Literal["epoch", "step"]] = "epoch"
    """How often its factor changes: the engine asks it before every epoch, or before every step."""

    def lr_factor(self, progress: Progress, history: History) -> float:
        """The factor for the step that comes after `progress`."""
        raise NotImplementedError


class Stopping(Strategy):
    """When to stop before the last epoch: a pure function of time and record."""

    kind = "stopping"
    many = True
    every: ClassVar[Literal["epoch", "step"]] = "epoch"
    """How often it is asked: after every epoch, or besides between steps, some 20 times a second."""

    def reason(self, progress: Progress, history: History) -> Message | None:
        """Why the run should stop here, or None. Judges `history.since_start()` only."""
        raise NotImplementedError


KINDS: dict[str, type[Strategy]] = {
    kind.kind: kind
    for kind in (
        Dataset, Scaling, Augmentation, Model, Activation, Initializer, Loss, Optimizer, Regularizer, FineTuning,
        Scheduler, Stopping,
    )
}  # fmt: skip
"""Every kind by its name, in the order in which a run uses them."""


ACTING = (
    "layer", "parameter_groups", "order", "micro_batches", "penalty", "mix", "before_step", "after_step",
    "average_share",
)  # fmt: skip
"""The methods by which a regularizer acts, of which it gives any."""


def needs(module: str, *, extra: str) -> None:
    """Say, at the top of a plugin's file, that it needs a module which `tunedeck[extra]` brings; without importing it.

    Raises `ModuleNotFoundError` where it is not installed: the plugin is then shown as unavailable.
    """
    if importlib.util.find_spec(module) is None:
        text = f'it needs the library {module}, which is not installed: pip install "tunedeck[{extra}]"'
        raise ModuleNotFoundError(text, name=module)


def overrides(strategy: Strategy, method: str) -> bool:
    """Whether the strategy gives this method of its kind, or leaves it as the kind has it."""
    return getattr(type(strategy), method) is not getattr(KINDS[strategy.kind], method)
