"""Real runs on Fashion-MNIST, each set up so that it should go wrong in one certain way, or not at all.

    python benchmarks/provoked_runs.py [NAME ...]

Trains those that are named, else those that are not kept yet, and keeps their records in `benchmarks/diagnosis/`. Each
is labelled by how it was provoked; `RELABELLED` are those whose curves, looked at before any rule saw them, show
something else. Every third is `held_out`: no rule was tuned on it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.history import EpochRow, History

FILE = Path(__file__).parent / "diagnosis" / "runs.json"
STEPS = 200
"""So many of a run's first steps are kept."""
DIGITS = 5
VALIDATION = "2000"
TURN = 3
"""Every so many of a verdict is held out."""

MLP, WIDE, CNN = {"id": "mlp", "hidden": [128]}, {"id": "mlp", "hidden": [512, 256]}, {"id": "cnn"}
SGD, MOMENTUM = {"id": "sgd", "momentum": 0.0}, {"id": "sgd", "momentum": 0.9}
CROP = {"id": "random-crop", "padding": 2}
FLIP = {"id": "random-horizontal-flip"}


def _some(samples: int, epochs: int, model: dict[str, Any], lr: float = 1e-3, *ticked: Any, **more: Any) -> Any:
    settings = {"train_samples": str(samples), "epochs": epochs, "model": model, "lr": lr, "with": list(ticked)}
    return settings | {name: {"id": value} if isinstance(value, str) else value for name, value in more.items()}


PROVOKED: dict[str, dict[str, Any]] = {
    # Too large a network for a few images.
    "overfitting-mlp-500": _some(500, 40, WIDE),
    "overfitting-mlp-300-wide": _some(300, 60, {"id": "mlp", "hidden": [1024]}),
    "overfitting-cnn-500": _some(500, 30, CNN),
    "overfitting-cnn-1000-wide": _some(1000, 15, {"id": "cnn", "channels": [64, 128], "hidden": 256}),
    "overfitting-mlp-500-sgd": _some(500, 80, WIDE, 0.05, optimizer=MOMENTUM),
    "overfitting-mlp-1000-tanh": _some(1000, 40, {"id": "mlp", "hidden": [256, 128, 64]}, activation="tanh"),
    "overfitting-mlp-200-rmsprop": _some(200, 60, {"id": "mlp", "hidden": [256]}, optimizer="rmsprop"),
    "overfitting-cnn-2000": _some(2000, 25, CNN),
    "overfitting-mlp-500-batch-norm": _some(500, 40, WIDE, 1e-3, {"id": "batch-norm"}),
    # Too small a network, or one held back too hard.
    "underfitting-mlp-1": _some(3000, 30, {"id": "mlp", "hidden": [1]}, 0.01),
    "underfitting-mlp-2": _some(3000, 30, {"id": "mlp", "hidden": [2]}, 0.01),
    "underfitting-cnn-1": _some(3000, 20, {"id": "cnn", "channels": [1, 1], "hidden": 2}, 0.01),
    "underfitting-dropout": _some(3000, 30, {"id": "mlp", "hidden": [16]}, 0.005, {"id": "dropout", "p": 0.9}),
    "underfitting-weight-decay": _some(3000, 25, MLP, 1e-3, {"id": "weight-decay", "decay": 0.3}),
    "underfitting-mlp-3-sigmoid": _some(3000, 40, {"id": "mlp", "hidden": [3]}, 0.02, activation="sigmoid"),
    "underfitting-l1": _some(3000, 25, MLP, 1e-3, {"id": "l1", "strength": 0.01}),
    # The learning rate times a hundred.
    "lr-too-high-mlp": _some(4000, 12, MLP, 0.1),
    "lr-too-high-cnn": _some(2000, 10, CNN, 0.1),
    "lr-too-high-mlp-deep": _some(4000, 12, {"id": "mlp", "hidden": [256, 128]}, 0.3),
    "lr-too-high-mlp-sgd": _some(4000, 12, MLP, 5.0, optimizer=SGD),
    "lr-too-high-cnn-sgd": _some(2000, 10, CNN, 0.5, optimizer=SGD),
    "lr-too-high-mlp-rmsprop": _some(4000, 12, {"id": "mlp", "hidden": [256, 128]}, 0.1, optimizer="rmsprop"),
    # Divided by a thousand.
    "lr-too-low-mlp": _some(4000, 15, MLP, 1e-6),
    "lr-too-low-cnn": _some(2000, 12, CNN, 1e-6),
    "lr-too-low-mlp-sgd": _some(4000, 15, MLP, 1e-4, optimizer=SGD),
    "lr-too-low-cnn-sgd": _some(2000, 10, CNN, 5e-5, optimizer=MOMENTUM),
    "lr-too-low-mlp-batch-norm": _some(4000, 15, MLP, 3e-6, {"id": "batch-norm"}, optimizer="adamw"),
    "lr-too-low-mlp-adagrad": _some(4000, 15, MLP, 1e-5, optimizer="adagrad"),
    # A rate that suits the beginning and never falls.
    "plateau-mlp": _some(20000, 20, {"id": "mlp", "hidden": [24]}, 0.01),
    "plateau-mlp-sgd": _some(20000, 20, {"id": "mlp", "hidden": [32]}, 0.5, {"id": "dropout", "p": 0.1}, optimizer=SGD),
    "plateau-cnn": _some(20000, 12, {"id": "cnn", "channels": [4, 8], "hidden": 16}, 0.02),
    "plateau-mlp-rmsprop": _some(20000, 20, {"id": "mlp", "hidden": [24]}, 0.005, optimizer="rmsprop"),
    "plateau-mlp-augmented": _some(20000, 20, {"id": "mlp", "hidden": [64]}, 0.01, FLIP, {"id": "batch-norm"}),
    # Steps so long that the loss grows.
    "diverging-linear": _some(2000, 10, {"id": "linear"}, 30.0),
    "diverging-mlp-sgd": _some(2000, 10, {"id": "mlp", "hidden": [64]}, 0.5, optimizer=MOMENTUM),
    # Nothing is wrong.
    "healthy-mlp-cosine": _some(10000, 12, MLP, 1e-3, {"id": "dropout", "p": 0.2}, {"id": "cosine"}),
    "healthy-cnn": _some(10000, 7, CNN, 1e-3, {"id": "dropout", "p": 0.3}),
    "healthy-cnn-augmented": _some(6000, 10, CNN, 1e-3, CROP, FLIP, {"id": "batch-norm"}, {"id": "cosine"}),
    "healthy-mlp-sgd": _some(10000, 12, MLP, 0.05, optimizer=SGD),
    "healthy-mlp-slow": _some(10000, 12, MLP, 3e-4, {"id": "dropout", "p": 0.2}),
}  # fmt: skip
RELABELLED = {
    "lr-too-high-mlp-sgd": "diverging",  # the validation loss stays at 8e15
    "lr-too-high-mlp-rmsprop": "diverging",  # the loss never comes down to what it was untrained
    "diverging-mlp-sgd": "lr-too-high",  # it stands still where it was untrained
    "plateau-mlp-sgd": "lr-too-high",  # the losses leap about 1, of 2.4 untrained
    "plateau-mlp": "overfitting",  # the validation loss rises from 0.45 to 0.52 while training falls on
}
"""Runs that show something else than they were meant to, and what."""
VERDICTS = ("overfitting", "underfitting", "lr-too-high", "lr-too-low", "plateau", "diverging", "healthy")


@dataclass(frozen=True)
class Provoked:
    """A run that was provoked, and its record."""

    name: str
    label: str
    held_out: bool
    settings: dict[str, Any]
    history: History


def meant(name: str) -> str:
    """The verdict that a run was provoked for."""
    return next(verdict for verdict in VERDICTS if name.startswith(verdict))


def held_out(name: str) -> bool:
    """Whether a run is kept out of the tuning: every third of those provoked for the same verdict, by its place."""
    kin = [other for other in PROVOKED if meant(other) == meant(name)]
    return kin.index(name) % TURN == TURN - 1


def settings_of(name: str) -> dict[str, Any]:
    """The settings of a run, as in a settings file."""
    seed = list(PROVOKED).index(name)
    common = {"dataset": {"id": "fashion-mnist"}, "validation_samples": VALIDATION, "seed": seed, "threads": "1"}
    return common | {"device": "cpu"} | PROVOKED[name]


def read_runs() -> list[Provoked]:
    """The runs whose records are kept."""
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    return [
        Provoked(name, RELABELLED.get(name, meant(name)), held_out(name), settings_of(name), _history(kept[name]))
        for name in PROVOKED
        if name in kept
    ]


def _history(record: dict[str, Any]) -> History:
    history = History()
    for values in record["epochs"]:
        history.add_epoch(EpochRow(*values))
    history.add_steps((step, loss, record["lr"]) for step, loss in enumerate(record["losses"], 1))
    return history


def record_of(history: History, lr: float) -> dict[str, Any]:
    """A run's record as it is kept: every epoch's figures, and the first steps' losses."""
    losses = [float(f"{loss:.{DIGITS}g}") for loss in history.steps[:STEPS, 1]]
    rows = [[round(v, 2) if isinstance(v, float) and place > 7 else _short(v) for place, v in enumerate(row)]
            for row in history.epochs]  # fmt: skip
    return {"lr": lr, "epochs": rows, "losses": losses}


def _short(value: float | int | None) -> float | int | None:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def train(names: list[str]) -> None:
    """Train these runs, and keep the record of each as soon as it is there."""
    from engine.catalogue import discover
    from engine.config import RunConfig
    from engine.trainer import Trainer

    catalogue = discover(None)
    for name in names:
        config = RunConfig.from_dict(settings_of(name), catalogue)
        trainer = Trainer(config)
        last = list(trainer.run())[-1]
        kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
        kept[name] = record_of(trainer.history, config.lr)
        ordered = {each: kept[each] for each in PROVOKED if each in kept}
        lines = ",\n".join(f"{json.dumps(each)}: {json.dumps(ordered[each])}" for each in ordered)
        FILE.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
        print(f"{name}: {len(trainer.history.epochs)} epochs, {type(last).__name__}", flush=True)


if __name__ == "__main__":
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    train(sys.argv[1:] or [name for name in PROVOKED if name not in known])
