"""`RunConfig`: all that defines a run, as one frozen value, to and from plain values."""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from engine.catalogue import Catalogue, invalid_value, nearest
from engine.message import InputError, one_line
from engine.parameter import Parameter, parameter_of
from engine.settings_advice import advice_on, refuse
from engine.strategy import (
    KINDS,
    Activation,
    Advice,
    Augmentation,
    Dataset,
    DataSpec,
    FineTuning,
    Initializer,
    Loss,
    Model,
    Optimizer,
    Regularizer,
    Scaling,
    Scheduler,
    Stopping,
    Strategy,
    overrides,
)  # fmt: skip
from engine.strategy_text import strategy_from, strategy_to_dict
from engine.yaml_file import parse_yaml

FORMAT = 1
HIGHEST_LR = 1e4
"""Of a setting; there is no network that a rate near it trains."""
ONE_CHOICE = tuple(name for name, kind in KINDS.items() if not kind.many)
"""The kinds of which a run has exactly one: each is a field of `RunConfig` and a flag."""

Amount = Annotated[str, StringConstraints(pattern=r"^(all|[1-9]\d{0,9}|(100|[1-9]?\d)(\.\d+)?%)$")]
"""A number of samples (`2000`), a share of them (`10%`), or `all`."""


NO_NAME = "it holds a line break or another character that is not shown: leave it out"
NO_DEVICE = "give auto, cpu, cuda, mps, or cuda:1 for the second GPU"


def _plain_name(name: str) -> str:
    """A name as it is. Raises `ValueError` where it would steer a terminal."""
    if one_line(f"“{name}”") != f"“{name}”":
        raise ValueError(NO_NAME)
    return name


def _device(name: str) -> str:
    """The name of a device, whether it is there or not. Raises `ValueError` where it is none."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]{1,2})?", name):
        raise ValueError(NO_DEVICE)
    return name


Name = Annotated[str, StringConstraints(max_length=120), AfterValidator(_plain_name)]
"""A name that is shown in a list, on one line."""

RECORDED = ("changes", "parent")
"""What a run's `config.yaml` holds besides its settings: the changes made in the run, and the run it is a fork of."""

MONITORS = ("val_loss", "val_accuracy", "train_loss", "train_accuracy", "clean_train_loss", "clean_train_accuracy")


class RunConfig(BaseModel):
    """All that defines a run."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, coerce_numbers_to_str=True
    )

    seed: int = Field(0, ge=0, lt=2**32)
    """Seed of initial weights, order, augmentation and dropout; the same seed repeats the run."""
    epochs: int = Field(20, ge=1, le=1_000_000)
    """How often training goes through the training samples."""
    batch_size: int = Field(64, ge=1, le=10_000_000)
    """Samples per step."""
    lr: float = Field(1e-3, gt=0, le=HIGHEST_LR)
    """Base learning rate (학습률): how far each step moves the weights."""
    train_samples: Amount = "all"
    """Training samples to use after splitting: a number, a percentage, or all."""
    validation_samples: Amount = "10%"
    """Samples set aside for validation where the data set has no such part: a number or a percentage."""
    split_seed: int = Field(0, ge=0, lt=2**32)
    """Seed of the split into parts, apart from `seed` so that runs of many seeds share their validation samples."""
    monitor: Literal[MONITORS] = "val_loss"  # type: ignore[valid-type]
    """The figure by which the best epoch is chosen."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Precision of the forward and backward pass."""
    compile: bool = False
    """Compile the network with torch.compile, which takes a minute and may make steps faster on a GPU."""
    device: Annotated[str, AfterValidator(_device)] = "auto"
    """Where to train: auto, cpu, cuda or mps."""
    threads: str = Field("auto", pattern=r"^(auto|[1-9]\d{0,2})$")
    """Processor threads; auto measures which number is fastest."""
    keep_every: int = Field(0, ge=0, le=1_000_000_000)
    """Keep a checkpoint of its own every so many steps; 0 keeps only best and last."""
    look_inside: int = Field(0, ge=0, le=1_000_000_000)
    """Look inside the network every so many steps: each layer's values, gradients and updates; 0 never looks."""
    name: Name = ""
    """A name for the run."""

    dataset: Dataset
    scaling: Scaling
    model: Model
    activation: Activation
    initializer: Initializer
    loss: Loss
    optimizer: Optimizer
    with_: tuple[Strategy, ...] = ()
    offered: tuple[Strategy, ...] = ()
    """Parameters for plugins that are not ticked yet. No part of what the run does."""

    # --- the ticked plugins, by kind -------------------------------------------------------------

    @property
    def augmentations(self) -> tuple[Augmentation, ...]:
        """The ticked ones of this kind, in their order."""
        return tuple(s for s in self.with_ if isinstance(s, Augmentation))

    @property
    def regularizers(self) -> tuple[Regularizer, ...]:
        """The ticked ones of this kind, in their order."""
        return tuple(s for s in self.with_ if isinstance(s, Regularizer))

    @property
    def fine_tuning(self) -> FineTuning | None:
        """The ticked one of this kind, of which there is one at most."""
        return next((s for s in self.with_ if isinstance(s, FineTuning)), None)

    @property
    def schedulers(self) -> tuple[Scheduler, ...]:
        """The ticked ones of this kind, in their order."""
        return tuple(s for s in self.with_ if isinstance(s, Scheduler))

    @property
    def stoppings(self) -> tuple[Stopping, ...]:
        """The ticked ones of this kind, in their order."""
        return tuple(s for s in self.with_ if isinstance(s, Stopping))

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """Every strategy of the run: one of each one-choice kind, then the ticked ones in their order."""
        return (*(getattr(self, kind) for kind in ONE_CHOICE), *self.with_)

    # --- what techniques ask of each other --------------------------------------------------------

    @property
    def task(self) -> Literal["classification", "regression", "reconstruction"]:
        """What the network is trained for: the data set's task, unless the model reconstructs its inputs."""
        return "reconstruction" if self.model.reconstructs else self.dataset.task

    @property
    def normalised(self) -> bool:
        """Whether norms stand between the network's layers and their activations."""
        return "norm" in self.model.owned or any(regularizer.slot == "norm" for regularizer in self.regularizers)

    def giving(self, method: str) -> list[Regularizer]:
        """The ticked regularizers that give this method."""
        return [regularizer for regularizer in self.regularizers if overrides(regularizer, method)]

    def micro_batches(self, size: int) -> int:
        """In how many parts, one after another, a batch of so many samples goes through the network."""
        return max((divider.micro_batches(size) for divider in self.giving("micro_batches")), default=1)

    def samples_of_a_batch(self, data: DataSpec | None) -> int:
        """The size of a batch: no larger than the training part, where that is known."""
        return min(self.batch_size, data.samples[0]) if data and data.samples[0] else self.batch_size

    # --- changes ---------------------------------------------------------------------------------

    def ticked(self, strategy: Strategy) -> RunConfig:
        """With this strategy: in the place of the one with its id, else at the end."""
        if not strategy.many:
            return self.changed({strategy.kind: strategy})
        kept = list(self.with_)
        for position, other in enumerate(kept):
            if other.id == strategy.id:
                kept[position] = strategy
                break
        else:
            kept.append(strategy)
        offered = tuple(other for other in self.offered if other.id != strategy.id)
        return self.changed({"with_": tuple(kept), "offered": offered})

    def unticked(self, id: str) -> RunConfig:
        """Without the strategy of this id, whose parameters stay on offer."""
        gone = tuple(s for s in self.with_ if s.id == id)
        kept = tuple(s for s in self.with_ if s.id != id)
        others = tuple(s for s in self.offered if s.id != id)
        return self.changed({"with_": kept, "offered": (*others, *gone)})

    def changed(self, values: dict[str, Any]) -> RunConfig:
        """With other values for these fields. Raises `InputError` for one out of range."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        try:
            return RunConfig(**{**fields, **values})
        except ValidationError as error:
            raise invalid_value("", error) from None

    # --- what to tell before the run -------------------------------------------------------------

    def advice(self, data: DataSpec | None = None) -> list[tuple[str, Advice]]:
        """What to tell about these settings, and of the data once they are there, each with the id of its strategy."""
        return advice_on(self, data)

    def check(self, data: DataSpec | None = None) -> None:
        """Raise `InputError` for the first error among the advice."""
        refuse(self.advice(data))

    # --- to and from mappings --------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values, as they stand in YAML and in a checkpoint."""
        data: dict[str, Any] = {"format": FORMAT}
        data |= {name: getattr(self, name) for name in _scalar_fields()}
        data |= {kind: strategy_to_dict(getattr(self, kind)) for kind in ONE_CHOICE}
        data["with"] = [strategy_to_dict(strategy) for strategy in self.with_]
        if self.offered:
            data["offered"] = [strategy_to_dict(strategy) for strategy in self.offered]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any], catalogue: Catalogue, base: RunConfig | None = None) -> RunConfig:
        """The settings in a mapping; what it leaves out is as in `base`, else as in the recipe `default`.

        Raises `InputError` for an unknown key, strategy or parameter, a bad value, or a newer format.
        """
        data = dict(data)
        version = data.pop("format", FORMAT)
        if type(version) is not int or version < 1:
            raise InputError("bad-format", "format: {version} is no format of settings: leave it out", version=version)
        if version > FORMAT:
            raise InputError(
                "newer-format", "the settings are of format {version}, this Tunedeck reads format {known}: update it",
                version=version, known=FORMAT,
            )  # fmt: skip
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key in ONE_CHOICE:
                values[key] = strategy_from(value, key, catalogue)
            elif key in ("with", "offered"):
                if not isinstance(value, list):
                    raise InputError("not-a-list", "{key} is not a list of plugins", key=key)
                if len(value) > len(catalogue.entries):  # each may be listed once
                    raise InputError(
                        "too-many-plugins", "{key} lists {count} plugins, of which there are {known}: list each once",
                        key=key, count=len(value), known=len(catalogue.entries),
                    )  # fmt: skip
                values["with_" if key == "with" else key] = tuple(strategy_from(v, None, catalogue) for v in value)
            elif key in _scalar_fields():
                values[key] = value
            else:
                known = [*_scalar_fields(), *ONE_CHOICE, "with", "offered"]
                raise InputError(
                    "unknown-setting",
                    "there is no setting {key}{nearest}",
                    key=repr(key)[:80],
                    nearest=nearest(key, known),
                )
        if base is None and not all(kind in values for kind in ONE_CHOICE):
            base = recipe("default", catalogue)
        fields = {name: getattr(base, name) for name in cls.model_fields} if base else {}
        if "with_" in values and "offered" not in values:
            ids = {strategy.id for strategy in values["with_"]}
            values["offered"] = tuple(s for s in fields.get("offered", ()) if s.id not in ids)
        for strategy in values.get("with_", ()):
            if not strategy.many:
                raise InputError(
                    "not-ticked", "{id} is chosen, not ticked: give it as {kind}", id=strategy.id, kind=strategy.kind
                )
        try:
            return cls(**{**fields, **values})
        except ValidationError as error:
            raise invalid_value("", error) from None


def recipe(name: str, catalogue: Catalogue) -> RunConfig:
    """The bundled recipe of this name. Raises `InputError`, with the names there are, where there is none."""
    if name not in recipe_names():
        raise InputError(
            "unknown-recipe", "there is no recipe {name}: choose one of {known}",
            name=repr(name), known=", ".join(recipe_names()),
        )  # fmt: skip
    return RunConfig.from_dict(deepcopy(_bundled(name)), catalogue)


@cache
def _bundled(name: str) -> Any:
    """What the file of a bundled recipe says. It is read once: settings of any kind begin with a recipe."""
    text = (resources.files("resources") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    return parse_yaml(text, f"{name}.yaml")


def recipe_names() -> list[str]:
    """The bundled recipes."""
    folder = resources.files("resources") / "recipes"
    return sorted(Path(file.name).stem for file in folder.iterdir() if file.name.endswith(".yaml"))


def run_parameters() -> tuple[Parameter, ...]:
    """The parameters of a run besides its strategies: each a field in the window and a flag."""
    return tuple(parameter_of(name, RunConfig.model_fields[name]) for name in _scalar_fields())


def _scalar_fields() -> list[str]:
    return [name for name in RunConfig.model_fields if name not in (*ONE_CHOICE, "with_", "offered")]
