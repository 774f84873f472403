"""What is being trained: a network with its data, loss and optimizer; one update, and one evaluation."""

from __future__ import annotations

import copy
from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import Tensor

from engine.checkpoint import Snapshot
from engine.config import RunConfig, strategy_to_dict
from engine.data import Part, Parts, Scaler, batch_bounds
from engine.evaluation import Figures, evaluate
from engine.hardware import fastest_threads, processors, remembered_threads
from engine.network import build_network, build_optimizer
from engine.randomness import generator, seed_global_generators, stream
from engine.strategy import overrides

CLEAN_SAMPLES = 2_000
"""Training samples, at most, on which the clean training loss is measured."""


class Learner:
    """A network, the samples that it learns from, and how: all that a step needs besides its place in time."""

    def __init__(
        self, config: RunConfig, parts: Parts, device: torch.device, statistics: tuple[Tensor, Tensor] | None = None
    ) -> None:
        """Build the network. `statistics` are the mean and deviation of the inputs, where a checkpoint has them."""
        self.config = config
        self.device = device
        self.parts = parts.to(device)
        self.clean = self.parts.training.take(_clean_rows(parts, config.split_seed).to(device))
        self.bounds = batch_bounds(len(parts.training), config.batch_size)
        self.model = build_network(config, parts.spec).to(device)
        self.optimizer = build_optimizer(config, self.model)
        statistics = statistics or config.scaling.fit(parts.training.inputs)
        self.scale = Scaler.of(*statistics, parts.training.inputs.ndim, device)
        self._loss = config.loss.prepare(parts.spec)
        self._mixers = [r for r in config.regularizers if overrides(r, "mix")]
        self._penalties = [r for r in config.regularizers if overrides(r, "penalty")]
        self._before_step = [r for r in config.regularizers if overrides(r, "before_step")]
        self._after_step = [r for r in config.regularizers if overrides(r, "after_step")]

    def step(self, rows: Tensor, epoch: int, batch: int, lr: float) -> tuple[Tensor, Tensor]:
        """One optimizer update: gather, augment, scale, forward, loss, backward, schedule, step.

        `rows` (int64 `[B]`) are the samples of batch `batch` of epoch `epoch`, which also fix all randomness of the
        step. Returns, on the device, the loss before the update, without penalties, and how many samples were right.
        """
        config = self.config
        seed_global_generators(stream(config.seed, "step", epoch, batch))
        inputs = self.parts.training.inputs.index_select(0, rows)
        labels = targets = self.parts.training.targets.index_select(0, rows)
        if config.augmentations:
            augmenting = generator(config.seed, "augment", epoch, batch, device=self.device)
            for augment in config.augmentations:
                inputs = augment(inputs, augmenting)
        inputs = self.scale(inputs)
        if self._mixers:
            targets = self._soft(targets)
            mixing = generator(config.seed, "mix", epoch, batch, device=self.device)
            for regularizer in self._mixers:
                inputs, targets = regularizer.mix(inputs, targets, mixing)
        with self._autocast():
            outputs = self.model(inputs)
        outputs = outputs.float()
        loss = objective = self._loss(outputs, targets)
        for regularizer in self._penalties:
            objective = objective + regularizer.penalty(self.model)
        self.optimizer.zero_grad(set_to_none=True)
        objective.backward()
        for regularizer in self._before_step:
            regularizer.before_step(self.model)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        for regularizer in self._after_step:
            regularizer.after_step(self.model)
        return loss.detach(), self._correct(outputs, labels)

    def evaluate(self, part: Part) -> Generator[None, None, Figures]:
        """Loss and accuracy on a part, in evaluation mode, without augmentation, mixing or penalties."""
        return evaluate(self.model, part, self.scale, self._loss, self._autocast)

    def choose_threads(self, memory: Path) -> int:
        """The number of threads that is fastest for such steps, measured on a throw-away copy of the network.

        Remembered in a file: the number changes the last bits of a result, and the same settings should repeat a run.
        """
        config = self.config
        case = [
            strategy_to_dict(config.model), config.batch_size, config.precision, list(self.parts.spec.input_shape),
            str(self.device), processors(), torch.__version__,
        ]  # fmt: skip
        trial = copy.copy(self)
        trial.model = copy.deepcopy(self.model)
        trial.optimizer = build_optimizer(self.config, trial.model)
        rows = torch.arange(*self.bounds[0], device=self.device)
        return remembered_threads(memory, case, lambda: fastest_threads(lambda: trial.step(rows, 0, 0, config.lr)))

    def statistics(self) -> dict[str, list[float]]:
        """Mean and deviation of the inputs, as a checkpoint holds them."""
        return {"mean": self.scale.mean.flatten().tolist(), "std": self.scale.std.flatten().tolist()}

    def _soft(self, targets: Tensor) -> Tensor:
        if targets.is_floating_point():
            return targets
        return torch.nn.functional.one_hot(targets, self.parts.spec.outputs).float()

    def _correct(self, outputs: Tensor, labels: Tensor) -> Tensor:
        if labels.ndim > 1:
            return torch.zeros((), dtype=torch.int64, device=self.device)
        return (outputs.detach().argmax(1) == labels).sum()

    def _autocast(self) -> AbstractContextManager[None]:
        if self.config.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


def statistics_of(snapshot: Snapshot) -> tuple[Tensor, Tensor]:
    """Mean and deviation of the inputs that a snapshot's network was trained with."""
    statistics = snapshot.meta["input"]
    return torch.tensor(statistics["mean"]), torch.tensor(statistics["std"])


def _clean_rows(parts: Parts, seed: int) -> Tensor:
    """A fixed sample of the training part, as large as the validation part where that is smaller."""
    training, validation, _ = parts.spec.samples
    count = min(training, validation or training, CLEAN_SAMPLES)
    return torch.randperm(training, generator=generator(seed, "clean"))[:count].sort().values
