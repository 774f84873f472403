"""How fast other trainers train, on the same network, data and batches; one of them in one process.

    python benchmarks/other_trainers.py NAME [--workload mlp|cnn|resnet|resnet-colour] [--augment] [--tuned]
                                             [--precision float32|bfloat16] [--samples 60000] [--epochs 3]

NAME is one of hand-written, lightning, ignite, fastai, skorch, keras (Keras 3 on its PyTorch backend); each but the
first needs its package: `pip install lightning pytorch-ignite fastai skorch keras`. As it stands, each is written the
way its own introduction does it: images as PIL, torchvision's transforms and a DataLoader without workers, or, where
that is its way, one array of floats. `--tuned` is what its documentation, or PyTorch's tuning guide, advises on a
processor: two persistent workers, channels-last, a fused optimizer where one can be given, and bfloat16, which
`--precision` asks for by itself, as not every processor gains by it. Nothing is validated, logged or saved. Prints the
samples per second of the best epoch after the first, by the wall clock.

This file imports nothing of Tunedeck: what that does to a process helps no one else.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import importlib.metadata
import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
import numpy as np
import torch
import torchvision.transforms.v2 as transforms
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

BATCH = 128
CLASSES = 10
FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where the Debian package dataset-fashion-mnist puts it."""
MEAN, DEVIATION = 0.286, 0.353
WORKLOADS = ("mlp", "cnn", "resnet", "resnet-colour")


# --- data -----------------------------------------------------------------------------------------


def images_and_labels(workload: str, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Fashion-MNIST, uint8 `[N, 28, 28]`; or made noise in colour, uint8 `[N, 32, 32, 3]`: it is speed that counts."""
    if workload == "resnet-colour":
        numbers = np.random.default_rng(0)
        return (
            numbers.integers(0, 256, (samples, 32, 32, 3), dtype=np.uint8),
            numbers.integers(0, CLASSES, samples, dtype=np.int64),
        )
    images = _idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[:samples]
    return images.copy(), _idx("train-labels-idx1-ubyte.gz", 8)[:samples].astype(np.int64)


def _idx(name: str, header: int) -> np.ndarray:
    with gzip.open(FOLDER / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


class Images(Dataset):
    """As torchvision's own data sets give them: a PIL image, transformed, and its label."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, augment: bool) -> None:
        steps: list[nn.Module] = [transforms.ToImage()]
        if augment:
            size = images.shape[1]
            steps += [transforms.RandomResizedCrop(size, scale=(0.7, 1.0)), transforms.RandomHorizontalFlip()]
        channels = 1 if images.ndim == 3 else 3
        steps += [transforms.ToDtype(torch.float32, scale=True)]
        steps += [transforms.Normalize([MEAN] * channels, [DEVIATION] * channels)]
        self._images, self._labels = images, labels.tolist()
        self._transform = transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self._transform(Image.fromarray(self._images[index])), self._labels[index]


# --- networks -------------------------------------------------------------------------------------


def network(workload: str) -> nn.Module:
    """The network that Tunedeck's settings of this workload build, written in plain PyTorch."""
    if workload == "mlp":
        return nn.Sequential(nn.Flatten(), *_dense(784, 256), *_dense(256, 128), nn.Linear(128, CLASSES))
    if workload == "cnn":
        return nn.Sequential(
            *_convolution(1, 32), nn.MaxPool2d(2), *_convolution(32, 64), nn.MaxPool2d(2), nn.Flatten(),
            nn.Dropout(0.3), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, CLASSES),
        )  # fmt: skip
    channels = 3 if workload == "resnet-colour" else 1
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), Residual(32, 32, 1),
        Residual(32, 64, 2), Residual(64, 128, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, CLASSES),
    )  # fmt: skip


def _dense(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout(0.2)]


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding="same"), nn.BatchNorm2d(outputs), nn.ReLU()]


class Residual(nn.Module):
    """Two convolutions whose result is added to their input."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip
        self.shortcut = (
            nn.Identity()
            if (inputs, stride) == (outputs, 1)
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.relu(self.branch(images) + self.shortcut(images))


# --- trainers -------------------------------------------------------------------------------------


class Work:
    """What a trainer is to do, and the time of each of its epochs."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.workload, self.augment, self.tuned = arguments.workload, arguments.augment, arguments.tuned
        self.bfloat16 = arguments.precision == "bfloat16"
        self.epochs = arguments.epochs
        self.images, self.labels = images_and_labels(arguments.workload, arguments.samples)
        self.seconds: list[float] = []
        torch.manual_seed(0)
        self.model = network(arguments.workload)
        self.convolves = arguments.workload != "mlp"
        if self.tuned and self.convolves:
            self.model = self.model.to(memory_format=torch.channels_last)

    def loader(self) -> DataLoader:
        workers = 2 if self.tuned else 0
        images = Images(self.images, self.labels, self.augment)
        return DataLoader(
            images, BATCH, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=workers > 0
        )

    def array(self) -> np.ndarray:
        """All images as floats, scaled, `[N, C, H, W]`."""
        images = self.images[:, None] if self.images.ndim == 3 else self.images.transpose(0, 3, 1, 2)
        return (images.astype(np.float32) / 255 - MEAN) / DEVIATION

    def adam(self, parameters: Any) -> torch.optim.Adam:
        return torch.optim.Adam(parameters, 1e-3, fused=self.tuned or None)

    def outputs(self, model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        """A forward pass, in the precision that is asked for; tuned, with the channels last."""
        if self.tuned and self.convolves:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            return model(inputs)

    @contextmanager
    def epoch(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds.append(time.perf_counter() - began)


class Autocast(nn.Module):
    """The network of a work with autocast around it, for trainers that call it themselves."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.model, self._outputs = work.model, work.outputs

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self._outputs(self.model, inputs).float()


def hand_written(work: Work) -> None:
    model, loader = work.model, work.loader()
    optimizer = work.adam(model.parameters())
    for _ in range(work.epochs):
        with work.epoch():
            total, correct = 0.0, 0
            for inputs, targets in loader:
                outputs = work.outputs(model, inputs).float()
                loss = nn.functional.cross_entropy(outputs, targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item()
                correct += (outputs.argmax(1) == targets).sum().item()


def lightning(work: Work) -> None:
    import lightning as pl

    for name in ("lightning", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = work.model

        def training_step(self, batch: Any, number: int) -> torch.Tensor:
            inputs, targets = batch
            if work.tuned and work.convolves:
                inputs = inputs.contiguous(memory_format=torch.channels_last)
            loss = nn.functional.cross_entropy(self.model(inputs), targets)
            self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return work.adam(self.parameters())

        def on_train_epoch_start(self) -> None:
            self.began = time.perf_counter()

        def on_train_epoch_end(self) -> None:
            work.seconds.append(time.perf_counter() - self.began)

    precision: Any = "bf16-mixed" if work.bfloat16 else "32-true"
    pl.Trainer(
        max_epochs=work.epochs, accelerator="cpu", precision=precision, logger=False, enable_checkpointing=False,
        enable_model_summary=False, enable_progress_bar=False,
    ).fit(Module(), work.loader())  # fmt: skip


def ignite(work: Work) -> None:
    from ignite.engine import Engine, Events

    model = work.model
    optimizer = work.adam(model.parameters())

    def step(engine: Engine, batch: Any) -> float:
        model.train()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(work.outputs(model, batch[0]).float(), batch[1])
        loss.backward()
        optimizer.step()
        return loss.item()

    engine, began = Engine(step), [0.0]

    def start() -> None:
        began[0] = time.perf_counter()

    engine.add_event_handler(Events.EPOCH_STARTED, start)
    engine.add_event_handler(Events.EPOCH_COMPLETED, lambda: work.seconds.append(time.perf_counter() - began[0]))
    engine.run(work.loader(), max_epochs=work.epochs)


def fastai(work: Work) -> None:
    importlib.import_module("fastai.callback.progress")  # gives a Learner `no_bar`
    from fastai.callback.core import Callback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.optimizer import Adam

    class Clock(Callback):
        def before_train(self) -> None:
            self.began = time.perf_counter()

        def after_train(self) -> None:
            work.seconds.append(time.perf_counter() - self.began)

    few = Images(work.images[:BATCH], work.labels[:BATCH], False)
    learner = Learner(  # its own mixed precision is for CUDA alone
        DataLoaders(work.loader(), DataLoader(few, BATCH)), Autocast(work), loss_func=nn.CrossEntropyLoss(),
        opt_func=Adam, cbs=[Clock()],
    )  # fmt: skip
    with learner.no_bar(), learner.no_logging():
        learner.fit(work.epochs, 1e-3)


def skorch(work: Work) -> None:
    from skorch import NeuralNetClassifier

    loading = {"iterator_train__num_workers": 2, "iterator_train__persistent_workers": True} if work.tuned else {}
    adam = {"optimizer__fused": True} if work.tuned else {}
    net = NeuralNetClassifier(
        Autocast(work), criterion=nn.CrossEntropyLoss, optimizer=torch.optim.Adam, lr=1e-3, max_epochs=work.epochs,
        batch_size=BATCH, train_split=None, iterator_train__shuffle=True, verbose=0,
        **(loading if work.augment else {}), **adam,
    )  # fmt: skip
    if work.augment:  # an array can't be augmented: it takes a data set too
        net.fit(Images(work.images, work.labels, augment=True), None)
    else:
        net.fit(work.array(), work.labels)
    work.seconds.extend(row["dur"] for row in net.history)


def keras(work: Work) -> None:
    import keras
    from keras import layers

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            work.seconds.append(time.perf_counter() - self.began)

    def dense(units: int) -> list[Any]:
        return [layers.Dense(units), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.2)]

    def convolution(filters: int) -> list[Any]:
        return [
            layers.Conv2D(filters, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
        ]

    if work.workload == "mlp":
        body = [layers.Flatten(), *dense(256), *dense(128)]
    elif work.workload == "cnn":
        body = [*convolution(32), *convolution(64), layers.Flatten(), layers.Dropout(0.3)]
        body += [layers.Dense(128, activation="relu"), layers.Dropout(0.3)]
    else:
        raise SystemExit("keras: mlp and cnn alone are written here")
    if work.bfloat16:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = keras.Sequential([keras.Input((28, 28, 1)), *body, layers.Dense(CLASSES, dtype="float32")])
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    if work.augment:

        class ChannelsLast(Images):
            def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
                image, label = super().__getitem__(index)
                return image.permute(1, 2, 0), label

        workers = 2 if work.tuned else 0
        loader = DataLoader(
            ChannelsLast(work.images, work.labels, True), BATCH, shuffle=True, drop_last=True, num_workers=workers,
            persistent_workers=workers > 0,
        )  # fmt: skip
        model.fit(loader, epochs=work.epochs, verbose=0, callbacks=[Clock()])
    else:
        images = work.array().transpose(0, 2, 3, 1)
        model.fit(images, work.labels, batch_size=BATCH, epochs=work.epochs, verbose=0, callbacks=[Clock()])


TRAINERS: dict[str, tuple[str, Callable[[Work], None]]] = {
    "hand-written": ("torch", hand_written), "lightning": ("lightning", lightning),
    "ignite": ("pytorch-ignite", ignite), "fastai": ("fastai", fastai), "skorch": ("skorch", skorch),
    "keras": ("keras", keras),
}  # fmt: skip
"""By name: the package that it comes with, and what trains."""


def installed(name: str) -> str | None:
    """The version of a trainer's package; None where it is not installed."""
    try:
        return importlib.metadata.version(TRAINERS[name][0])
    except importlib.metadata.PackageNotFoundError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=TRAINERS)
    parser.add_argument("--workload", choices=WORKLOADS, default="mlp")
    parser.add_argument("--augment", action="store_true", help="random resized crop and flip")
    parser.add_argument("--tuned", action="store_true", help="as its documentation advises")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    work = Work(arguments)
    parameters = sum(parameter.numel() for parameter in work.model.parameters())
    TRAINERS[arguments.name][1](work)
    rate = arguments.samples // BATCH * BATCH / min(work.seconds[1:] or work.seconds)
    print(f"{arguments.name} parameters={parameters} samples_per_second={rate:.0f}")


if __name__ == "__main__":
    main()
