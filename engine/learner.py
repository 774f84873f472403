"""What is being trained: a network with its data, loss and optimizer; one update, and one evaluation."""

from __future__ import annotations

import copy
from collections.abc import Generator
from contextlib import nullcontext
from functools import cache, cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine import statistics
from engine.averaging import measure_norms, start_average, update_average
from engine.batch import augmented, mixed
from engine.checkpoints.checkpoint import Snapshot
from engine.compiled import compiled
from engine.config import RunConfig
from engine.contract import check_state
from engine.data import Part, Parts, Scaler, Source, batch_bounds, permutation
from engine.evaluation import Figures, evaluate, evaluating, samples_at_once
from engine.frozen.features import Features, ends_caching, halves
from engine.frozen.tuning import Tuning
from engine.hardware import fastest_threads, remembered_threads
from engine.inside.look import Look
from engine.message import Message, message
from engine.network import (
    autocast,
    build_network,
    build_optimizer,
    optimizer_tensors,
    restore_model,
    statistics_of,
)
from engine.pooled_first import pooled_first
from engine.processes.ranks import Alone
from engine.randomness import generator, seeded_generators, stream
from engine.strategy import Progress
from engine.strategy_text import strategy_to_dict
from engine.targets import Targets

CLEAN_SAMPLES = 2_000
"""Training samples, at most, on which the clean training loss is measured, and averaged batch norms."""


class Learner:
    """A network, the samples that it learns from, and how: all that a step needs besides its place in time."""

    def __init__(
        self, config: RunConfig, parts: Parts, device: torch.device, source: Source, snapshot: Snapshot | None = None,
        ranks: Alone | None = None,
    ) -> None:  # fmt: skip
        """Build the network: with its initial weights, else with those of a snapshot. `ranks` train it together.

        Raises `InputError` where the snapshot's don't fit, or pretrained weights are missing in `source`.
        """
        self.config = config
        self.device = device
        self.ranks = ranks or Alone()
        self.parts = parts.to(device)
        rows = torch.randperm(len(parts.training), generator=generator(config.split_seed, "clean"))[:CLEAN_SAMPLES]
        self._sample = self.parts.training.take(rows.sort().values.to(self.parts.training.device))
        # As many as in the validation part where that is smaller: the two losses are then equally rough.
        count = len(parts.validation or parts.training)
        self._clean_rows = rows[:count].sort().values.to(self.parts.training.device)
        self.clean = self.parts.training.take(self._clean_rows)
        self.bounds = batch_bounds(len(parts.training), config.batch_size)
        self.model = build_network(config, parts.spec, initial=snapshot is None)
        self._activation = config.activation.build()
        self.average: nn.Module | None = None
        if snapshot is None:
            config.model.pretrained(self.model, source)
        self.model = self.ranks.prepared(self.model.to(device))
        self.tuning = Tuning(config.fine_tuning, self.model)
        self.optimizer = build_optimizer(config, self.model, self.tuning)
        self._learning = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        self.tuning.begin(0)
        self._passed = pooled_first(self.model)
        self._will_compile = False
        self._features: Features | None = None
        self._features_fail = False
        self._loss = config.loss.prepare(parts.spec)
        self._pieces = cache(config.micro_batches)
        self._mixers = config.giving("mix")
        self._penalties = config.giving("penalty")
        self._before_step = config.giving("before_step")
        self._after_step = config.giving("after_step")
        self._averagers = config.giving("average_share")
        known = config.model.statistics(parts.spec)
        if snapshot is not None:
            known = statistics_of(snapshot)
            self.restore(snapshot, "the checkpoint")
        known = known or statistics.fit(config.scaling, parts.training)
        self.scale = Scaler.of(*known, parts.training.ndim, device)
        self._targets = Targets(parts.spec, self.scale)

    def compile(self) -> None:
        """Let steps pass through the network compiled; evaluations and looks, which are few, pass it as it is.

        Raises `InputError` where nothing can be compiled on this machine.
        """
        # Pieces of a batch add up their gradients, which a recorded pass would write over.
        self._passed = compiled(self._passed, self.device, replayed=not self.config.giving("micro_batches"))
        self._will_compile = True

    def unite(self) -> None:
        """Begin in all processes with what the first one has."""
        average = self.average.state_dict() if self.average is not None else {}
        self.ranks.unite([*self.model.state_dict().values(), *average.values(), self.scale.mean, self.scale.std])

    def begin(self, epoch: int) -> Generator[tuple[Message, float | None], None, None]:
        """Begin epoch number `epoch`, or go on in it: freeze what is frozen in it, and let the rest train.

        While the body is frozen, and nothing changes its inputs, what it gives for each sample is computed once; that
        is told, with how much is done. So is that the next step compiles the network.
        """
        self.tuning.begin(epoch)
        split = halves(self.model)
        if not self.tuning.body_is_frozen or split is None or ends_caching(self.config):
            self._features = None
        elif self._features is None and not self._features_fail:
            features = Features(
                split, lambda module, inputs: self._forward(module, self._scaled(inputs)), self._at_once
            )
            parts = [part for part in (self.parts.training, self.parts.validation) if part is not None]
            self._features_fail = not (yield from features.compute(parts))
            if not self._features_fail:
                features.select(self.clean, self.parts.training, self._clean_rows)
                self._features = features
        if self._will_compile and self._features is None:
            self._will_compile = False
            yield message("compiling", "compiling the network in its next step, which may take a minute"), None

    def order(self, epoch: int) -> Tensor:
        """The rows (int64 `[N]`) that epoch number `epoch` visits, in their order, where the samples lie."""
        training = self.parts.training
        for regularizer in self.config.giving("order"):
            drawing = generator(self.config.seed, "order", epoch, device=self.device)
            return regularizer.order(training.targets.to(self.device), drawing).to(training.device)
        return permutation(len(training), self.config.seed, epoch).to(training.device)

    def step(self, rows: Tensor, epoch: int, batch: int, lr: float, look: Look | None = None) -> tuple[Tensor, Tensor]:
        """One optimizer update: gather, augment, scale, forward, loss, backward, schedule, step.

        `rows` (int64 `[B]`) are the samples of batch `batch` of epoch `epoch`, which also fix all randomness of the
        step. Returns, on the device, the loss before the update, without penalties, and how many samples were right.
        A `look` sees the step from inside, and changes nothing.
        """
        place = self.ranks.place(epoch, batch)
        with seeded_generators(stream(self.config.seed, "step", *place)):
            return self._update(rows, place, lr, look)

    def _update(self, rows: Tensor, place: tuple[int, ...], lr: float, look: Look | None) -> tuple[Tensor, Tensor]:
        own = self.ranks.own(rows)
        for parameter in self._learning:  # what the optimizer's zero_grad does, without its hooks: a third of the time
            parameter.grad = None
        with self.ranks.together(self._learning), look.watching() if look else nullcontext():
            loss, correct = self._gradients(self._network(look), own, len(rows), place)
        loss, correct = self.ranks.reduce(self.model, self._learning, len(own) / len(rows), loss, correct)
        if look:
            look.before_step()
        for regularizer in self._before_step:
            regularizer.before_step(self.model)
        for group in self.optimizer.param_groups:
            group["lr"] = lr * self.tuning.share(group)
        self.optimizer.step()
        for regularizer in self._after_step:
            regularizer.after_step(self.model)
        if look:
            look.after_step()
        return loss, correct

    def _network(self, look: Look | None) -> nn.Module:
        """What a step passes: the tail behind features that are kept, else the network, in another form that is sooner
        done where nobody looks into it.
        """
        if self._features is not None:
            return self._features.tail
        return self._passed if look is None else self.model

    def _gradients(self, network: nn.Module, rows: Tensor, whole: int, place: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """The gradients of these samples, of a batch of `whole`. Returns what `_propagate` does.

        A process that has none of a batch of few samples takes no part in it.
        """
        pieces = self._pieces(whole // self.ranks.working(whole))  # the same in all processes
        if not len(rows):
            self.ranks.stand_by(network, self._inputs(rows), pieces)
            return torch.zeros((), device=self.device), torch.zeros((), device=self.device)
        given = self._here(self.parts.training.targets.index_select(0, rows))
        if self._targets.are_inputs:
            given = self._targets(self._here(self.parts.training.at(rows)), given)
        inputs, targets = mixed(
            self.config, self._mixers, self._inputs(rows, *place), given, self.parts.spec.outputs, *place
        )
        return self._propagate(network, inputs, targets, given, whole, pieces)

    def _inputs(self, rows: Tensor, *place: int) -> Tensor:
        """What the network, or its tail, is given for these samples at a place of the run; without one, unchanged."""
        features = self._features.of(self.parts.training) if self._features else None
        if features is not None:
            return features.at(self._here(rows))
        inputs = self._here(self.parts.training.at(rows))
        return self.scale(augmented(self.config, inputs, *place) if place else inputs)

    def _forward(self, module: nn.Module, inputs: Tensor) -> Tensor:
        """What the network, or one half of it, gives for scaled inputs `[N, ...]`, in the run's precision."""
        with autocast(self.config.precision, self.device):
            return module(inputs)  # type: ignore[no-any-return]

    def _propagate(
        self, network: nn.Module, inputs: Tensor, targets: Tensor, labels: Tensor, whole: int, pieces: int
    ) -> tuple[Tensor, Tensor]:
        """Forward, loss, backward: of these samples of a batch of `whole` at once, or in pieces one after another.

        The gradients are those of their share of the batch's mean loss and of the penalties. Returns that share of the
        loss, and how many were right.
        """
        count = len(labels)
        ends = [count * (piece + 1) // pieces for piece in range(pieces)]
        losses, correct = [], []
        for start, end in pairwise([0, *ends]):
            outputs = self._forward(network, inputs[start:end]).float()
            loss = self._loss(outputs, targets[start:end])
            objective = loss = loss if end - start == whole else loss * ((end - start) / whole)
            for regularizer in self._penalties if end == count else ():
                penalty = regularizer.penalty(self.model)
                objective = objective + (penalty if count == whole else penalty * (count / whole))
            objective.backward()
            losses.append(loss.detach())
            correct.append(self._correct(outputs, labels[start:end]))
        return sum(losses[1:], losses[0]), sum(correct[1:], correct[0])

    def look(self, step: int) -> Look:
        """A look that may be taken at step number `step` (from 1)."""
        return Look(self.model, step, self._activation)

    @property
    def averages(self) -> bool:
        """Whether a regularizer keeps a running average of the weights."""
        return bool(self._averagers)

    def update_average(self, progress: Progress) -> None:
        """Let the weights join their running average, where a regularizer keeps one; `progress` is after the step."""
        for averager in self._averagers:
            share = averager.average_share(progress)
            if share is None:
                self.average = None
            elif self.average is None:
                self.average = start_average(self.model)
            elif share > 0:
                update_average(self.average, self.model, share)

    def measure_average(self) -> Generator[None, None, None]:
        """Make the average ready for an evaluation: its batch norms need statistics of their own."""
        if self.average is not None:
            rows = torch.arange(len(self._sample), device=self._sample.device)
            batches = map(self._sample.at, rows.tensor_split(-(-len(rows) // max(2, self._at_once))))
            context = partial(autocast, self.config.precision, self.device)
            with self.ranks.together():
                yield from measure_norms(self.average, map(self._scaled, batches), context, self.model)

    @cached_property
    def _at_once(self) -> int:
        return samples_at_once(self.model, self._scaled(self._sample.between(0, 1)))

    def evaluate(self, part: Part) -> Generator[None, None, Figures]:
        """Loss and accuracy on a part, in evaluation mode, without augmentation, mixing or penalties.

        Where there is an average of the weights, these are its figures.
        """
        network = self.average or self.model
        features = self._features.of(part) if self._features and self.average is None else None
        if self._features is not None and features is not None:
            part, network = features, self._features.tail
        own = self.ranks.portion(part)
        figures = None
        with self.ranks.together():
            if len(own):
                with evaluating(network):  # the sequences of that form are in evaluation mode too
                    passed = pooled_first(network)
                outputs = partial(self._outputs, passed, features is None)
                figures = yield from evaluate(network, own, outputs, self._loss, self._targets, self._at_once)
        return self.ranks.figures(figures, len(own))

    def _outputs(self, network: nn.Module, scaled: bool, inputs: Tensor, _: int) -> Tensor:
        with torch.inference_mode():
            return self._forward(network, self._scaled(inputs) if scaled else inputs).float()

    def tensors(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The tensors of a snapshot, `model.*`, `average.*` and `optimizer.*`, and what its metadata say of them."""
        tensors, told = optimizer_tensors(self.optimizer)
        check_state(self.config.optimizer, told["optimizer"])
        tensors |= {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        if self.average is not None:
            tensors |= {f"average.{name}": tensor for name, tensor in self.average.state_dict().items()}
        return tensors, told | {"averaged": self.average is not None}

    def restore(self, snapshot: Snapshot, where: str) -> None:
        """Set weights and their average to a snapshot's. Raises `InputError` where they don't fit, and sets none."""
        averaged = snapshot.group("average")
        average = start_average(self.model) if averaged else None
        if average is not None:
            restore_model(average, averaged, where)
        restore_model(self.model, snapshot.group("model"), where)
        self.average = average
        self._features = None  # another body gives others

    def choose_threads(self, memory: Path) -> int:
        """The number of threads that is fastest for such steps, measured on a throw-away copy of the network.

        Remembered in a file: the number changes the last bits of a result, and the same settings should repeat a run.
        """
        config = self.config
        case = [
            strategy_to_dict(config.model), config.batch_size, config.precision, list(self.parts.spec.input_shape),
            str(self.device), self.ranks.processors(), torch.__version__,
        ]  # fmt: skip
        trial, most = copy.copy(self), self.ranks.processors()
        trial.ranks = Alone()
        trial.model = copy.deepcopy(self.model)
        trial._passed = pooled_first(trial.model)
        trial.tuning = Tuning(config.fine_tuning, trial.model)
        trial.optimizer = build_optimizer(config, trial.model, trial.tuning)
        trial.tuning.begin(0)
        rows = self.ranks.own(torch.arange(*self.bounds[0], device=self.parts.training.device))
        step = partial(trial.step, rows, 0, 0, config.lr)
        return remembered_threads(memory, case, lambda: fastest_threads(step, most))

    def statistics(self) -> dict[str, list[float]]:
        """Mean and deviation of the inputs, as a checkpoint holds them."""
        return {"mean": self.scale.mean.flatten().tolist(), "std": self.scale.std.flatten().tolist()}

    def _here(self, samples: Tensor) -> Tensor:
        """On the device; those that lie elsewhere travel while it works on others."""
        if samples.device.type == self.device.type:
            return samples
        return (samples.pin_memory() if self.device.type == "cuda" else samples).to(self.device, non_blocking=True)

    def _scaled(self, inputs: Tensor) -> Tensor:
        return self.scale(self._here(inputs))

    def largest_input(self) -> float:
        """The largest value, without its sign, that the network sees in the clean sample."""
        return max(float(self._scaled(some).abs().max()) for some in self.clean.chunks())

    def _correct(self, outputs: Tensor, labels: Tensor) -> Tensor:
        if labels.ndim > 1:
            return torch.zeros((), dtype=torch.int64, device=self.device)
        return (outputs.detach().argmax(1) == labels).sum()
