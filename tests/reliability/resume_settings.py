"""Settings of short runs in which each technique of the catalogue acts: a new one is tried without a line here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from engine.catalogue import Catalogue, discover
from engine.checkpoints.checkpoint import write_checkpoint
from engine.config import RunConfig, recipe
from engine.data import DataBundle, Source
from engine.strategy import Dataset, Regularizer, Strategy
from engine.strategy_text import parse_strategy
from engine.trainer import Trainer
from tests.engine.support import ROOT

PLUGINS = Path(__file__).with_name("plugins")
SAMPLE = ROOT / "resources" / "sample"
START, PICTURES, PHOTOGRAPHS = "start.safetensors", "pictures", "cifar10"
FILES = {"start": START, "pictures": PICTURES, "photographs": PHOTOGRAPHS}
BATCH = 8

ACTING = {
    "adagrad": "lr_decay=0.01",
    "adam": "amsgrad=true",
    "cifar10": "path={photographs}",
    "cosine-warm-restarts": "T_0=2,T_mult=2",
    "discriminative-lr": "parts=3,unfreeze_every=1",
    "early-stopping": "patience={late},min_delta=1000",
    "ema": "decay=0.9",
    "fashion-mnist": f"path={SAMPLE}",
    "from-checkpoint": "path={start}",
    "freeze-body": "unfreeze_after=1",
    "gradient-accumulation": "parts=3",
    "gradient-clipping": "max_norm=0.1",
    "image-folder": "path={pictures},size=12",
    "l1": "strength=0.001",
    "max-norm": "max_norm=0.3",
    "mnist": f"path={SAMPLE}",
    "multi-step": "milestones=2+5",
    "nadam": "decoupled_weight_decay=true",
    "noisy-line": "points={samples}",
    "random-grayscale": "p=0.5",
    "reduce-lr-on-plateau": "patience=1,threshold=1,factor=0.5",
    "rmsprop": "momentum=0.9,centered=true",
    "sgd": "momentum=0.9,nesterov=true",
    "small-images": "training={samples}",
    "spatial-dropout": "p=0.5",
    "step": "step_size=2",
    "stochastic-depth": "p=0.5",
    "swa": "start=0.4",
    "target-reached": "monitor=val_loss,target={loss}",
    "warm-up": "epochs=1.5",
    "weight-decay": "decay=0.01",
}
"""Parameters with which a technique acts within so short a run, where its own defaults don't, or keeps more state."""

SMALL_MODELS = {
    "cnn": "channels=4+6,hidden=8", "mlp": "hidden=12+8", "small-resnet": "widths=4+8", "timm": "name=test_resnet",
}  # fmt: skip
LARGE_MODELS = ("resnet18", "resnet50", "mobilenet-v3-small", "mobilenet-v3-large", "efficientnet-b0")
"""Millions of weights: tried in the long form alone, and with an optimizer that keeps none beside them."""

EVERYTHING = (
    "random-resized-crop:scale=0.5+1.0", "random-horizontal-flip", "color-jitter", "random-erasing", "dropout:p=0.3",
    "batch-norm", "label-smoothing", "mixup", "weight-decay:decay=0.01", "gradient-accumulation:parts=3",
    "gradient-clipping:max_norm=0.5", "max-norm:max_norm=1.0", "ema:decay=0.9", "balanced-sampling", "warm-up",
    "reduce-lr-on-plateau:patience=0,factor=0.7,threshold=0.1", "cosine",
)  # fmt: skip
TOGETHER: dict[str, tuple[str, ...]] = {
    "everything at once": EVERYTHING,
    "ema with batch norm": ("ema:decay=0.9", "batch-norm"),
    "swa with batch norm": ("swa:start=0.4", "batch-norm"),
    "mixup and cutmix in parts": ("mixup", "cutmix", "gradient-accumulation:parts=3", "dropout"),
    "cosine, warm-up and plateau": ("cosine", "warm-up:epochs=2", "reduce-lr-on-plateau:patience=1,threshold=1"),
    "a frozen body, then not": (
        "small-resnet",
        "freeze-body:unfreeze_after=1",
        "weight-decay:decay=0.01",
        "ema:decay=0.9",
    ),
    "a frozen body and dropout": ("freeze-body", "label-smoothing", "dropout:p=0.3", "gradient-accumulation:parts=3"),
    "a frozen body and noise": ("freeze-body:unfreeze_after=1", "cnn", "batch-norm", "gaussian-noise", "max-norm"),
    "adam without amsgrad": ("adam:amsgrad=false",),
    "sgd without momentum": ("sgd:momentum=0,nesterov=false",),
}
"""Techniques that share something."""


@dataclass(frozen=True)
class Length:
    """How long the runs are."""

    epochs: int
    steps: int
    """Of an epoch."""
    loss: float
    """The validation loss that is reached about half-way."""

    def of(self, strategy: type[Strategy]) -> Length:
        """More and shorter epochs for what acts between them."""
        slow = strategy.kind in ("scheduler", "stopping")
        return Length(4 * self.epochs, max(2, self.steps // 4), self.loss) if slow else self


LONG, SHORT = Length(3, 20, loss=0.45), Length(2, 3, loss=0.8)


class Settings:
    """Makes settings of runs of some length, in one precision, whose last batch has `last` samples of 8 (or is whole).

    With `last` 1, that sample joins the batch before it.
    """

    def __init__(
        self, catalogue: Catalogue, length: Length, folder: Path, *, precision: str = "float32", last: int = 5
    ) -> None:
        """`folder` holds the files that some techniques need; `write_files` makes them."""
        self._catalogue, self._length, self.folder = catalogue, length, folder
        self._precision, self._last = precision, last

    def all(self, *, large: bool) -> Iterator[tuple[str, RunConfig]]:
        """Each technique of the catalogue by itself, then some together; `large` models too, where asked."""
        for entry in self._catalogue.entries:
            assert entry.strategy is not None, f"{entry.id} did not load: {entry.error or entry.unavailable}"
            if large or entry.id not in LARGE_MODELS:
                yield entry.id, self.make(entry.id)
        for name, texts in TOGETHER.items():
            yield name, self.make(*texts)

    def make(self, *texts: str) -> RunConfig:
        """A run with these techniques, each as it acts in so short a one unless its parameters are given."""
        kinds = [self._class(text.partition(":")[0]) for text in texts]
        length = self._length.of(kinds[0])
        samples = BATCH * (length.steps - (self._last > 1)) + self._last
        values = {"samples": samples, "late": length.epochs - 2, "loss": length.loss}
        values |= {name: self.folder / file for name, file in FILES.items()}
        slots = [kind.slot for kind in kinds if issubclass(kind, Regularizer) and kind.slot]
        parts = ["sgd"] if texts[0] in LARGE_MODELS else []
        parts += ["small-images", *self._fitting(kinds[0]), *([self._with_slots(slots)] if slots else []), *texts]
        config = recipe("default", self._catalogue).changed({
            "epochs": length.epochs, "batch_size": BATCH, "lr": 0.01, "threads": "1", "device": "cpu", "seed": 3,
            "precision": self._precision,
        })  # fmt: skip
        for text in (*("linear",) * (not slots), *parts):
            config = config.ticked(self._strategy(text, values))
        own = not issubclass(kinds[0], Dataset) or kinds[0].id in ("small-images", "noisy-line")
        return config if own else config.changed({"train_samples": str(samples), "validation_samples": "24"})

    def _fitting(self, kind: type[Strategy]) -> list[str]:
        """What a run with a technique of this class needs besides."""
        tasks = getattr(kind, "tasks", None) or {getattr(kind, "task", "classification")}
        if getattr(kind, "reconstructs", False):
            return ["mse"]
        needed = [] if "classification" in tasks else ["noisy-line", "mlp"] + (["mse"] if kind.kind != "loss" else [])
        return needed + (["mlp"] if kind.kind in ("activation", "initializer", "fine-tuning") else [])

    def _with_slots(self, slots: Sequence[str]) -> str:
        """A model that offers these slots."""
        return next(id for id in SMALL_MODELS if set(slots) <= self._class(id).slots)  # type: ignore[attr-defined]

    def _class(self, id: str) -> type[Strategy]:
        strategy = self._catalogue.entry(id).strategy
        assert strategy is not None
        return strategy

    def _strategy(self, text: str, values: dict[str, Any]) -> Strategy:
        parameters = (ACTING | SMALL_MODELS).get(text, "").format_map(values)
        return parse_strategy(f"{text}:{parameters}" if parameters else text, self._catalogue)


def catalogue() -> Catalogue:
    """The built-in techniques, and small images."""
    return discover(PLUGINS, entry_points=False)


def write_files(folder: Path, catalogue: Catalogue) -> Path:
    """A checkpoint of an untrained network for small images, and such images as pictures: returns the folder."""
    write_checkpoint(folder / START, Trainer(Settings(catalogue, SHORT, folder).make("small-images", "mlp")).snapshot())
    images = parse_strategy("small-images:training=300", catalogue).load(Source(folder))  # type: ignore[attr-defined]
    assert isinstance(images, DataBundle)
    for number, (image, target) in enumerate(
        zip(images.training.inputs, images.training.targets.tolist(), strict=True)
    ):
        file = folder / PICTURES / images.class_names[target] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(file)
    _write_photographs(folder / PHOTOGRAPHS)
    return folder


def _write_photographs(folder: Path) -> None:
    """The files of CIFAR-10 with few records; from here on it expects no more."""
    module: Any = sys.modules["plugins.dataset.cifar10"]
    module.RECORDS = 60
    folder.mkdir()
    for seed, name in enumerate(module.FILES):
        records = torch.randint(
            0, 256, (module.RECORDS, module.RECORD), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)
        )
        records[:, 0] %= 10
        (folder / name).write_bytes(records.numpy().tobytes())
