"""What a run will take, told before it starts: its memory as counted, its time as measured on a few steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from engine.config import RunConfig
from engine.data import Part, Parts, Report, Source, batch_bounds
from engine.free_memory import free_memory
from engine.frozen.features import ends_caching, halves
from engine.hardware import device_advice, processors, resolve_device
from engine.learner import CLEAN_SAMPLES, Learner
from engine.message import InputError, Message
from engine.preview.memory import MemoryNeed, memory_need
from engine.randomness import global_generators
from engine.schedule import Schedule

MEASURED_SECONDS = 0.3
"""How long steps are timed, for all numbers of threads together."""
EVALUATED_SECONDS = 0.05
"""How long evaluations are timed, about."""
PROBE = 16
"""Samples of the first steps, from which it is seen how many the timed ones can have."""
AT_ONCE = 10
"""Steps that a GPU is given before it is waited for."""
LEAST_SAMPLES, EVALUATED_SAMPLES = 2_048, 1_024
"""Training samples that the trial gathers its batches from, at least; samples of its evaluation, at most."""
SAVED_BYTES_PER_SECOND, SAVE_SECONDS = 350e6, 0.003
"""Of writing a checkpoint: made ready, hashed, and flushed to an ordinary disk."""


@dataclass(frozen=True)
class Cost:
    """Seconds that the parts of a run take here."""

    training: float
    """The steps of an epoch."""
    evaluation: float
    """What follows each epoch: the validation and the clean training loss."""
    saving: float
    """One checkpoint."""
    test: float
    """The test at the end."""
    samples: int
    """Training samples of an epoch."""
    steps: int
    """Steps of an epoch."""
    keeps_features: bool = False
    """Whether what a frozen body gives for the samples is computed once: later epochs then take next to nothing."""
    ended_by: tuple[str, ...] = ()
    """The ids of the ticked techniques without which such features would be kept."""

    @property
    def samples_per_second(self) -> float:
        """How fast it trains."""
        return self.samples / self.training

    def run(self, config: RunConfig) -> float:
        """Seconds of a whole run with settings of which this is the cost."""
        kept = self.steps / config.keep_every if config.keep_every else 0.0
        again = max(0, _frozen_epochs(config) - 1) if self.keeps_features else 0
        working = (config.epochs - again) * (self.training + self.evaluation)
        return working + config.epochs * (1 + kept) * self.saving + self.test

    def run_without_those(self, config: RunConfig) -> float:
        """Seconds of such a run without the techniques that keep features from being kept."""
        return (replace(self, keeps_features=True) if self.ended_by else self).run(config)

    def first(self) -> float:
        """Seconds until the figures of the first epoch are there."""
        return self.training + self.evaluation + self.saving


def _frozen_epochs(config: RunConfig) -> int:
    """For how many epochs, from the first one on, the whole body of the network is frozen."""
    technique = config.fine_tuning
    if technique is None:
        return 0
    return sum(1 for _ in takewhile(lambda epoch: not any(technique.lr_shares(epoch)), range(config.epochs)))


@dataclass(frozen=True)
class Estimate:
    """What is told of a run before it starts."""

    memory: MemoryNeed
    free: int | None
    """Bytes that are free for it; None where the system does not say."""
    images: bool
    """Whether the samples are images."""
    cost: Cost | None
    """None where it was not measured."""
    reason: Message | None = None
    """Why it was not measured, where that is the settings' doing."""
    slow: tuple[Message, ...] = ()
    """What may make it slower than need be on this device."""

    @property
    def fits(self) -> bool:
        """Whether the memory that is free is enough, as far as is known."""
        return self.free is None or self.memory.total <= self.free


def estimate(config: RunConfig, parts: Parts, folder: Path, stop: Callable[[], bool], report: Report) -> Estimate:
    """What a run with these settings, on these parts, will take.

    The time is measured only while `stop` says no, which is asked before it begins and between steps; a run that starts
    meanwhile waits for the step that is being timed, no longer. `folder` is the data folder; `report` is told of a
    download that the model's weights would need, and may refuse it by an `InputError`.

    Raises `InputError` where the model or the device can't be used.
    """
    images = len(parts.spec.input_shape) == 3
    device = resolve_device(config.device)
    need = replace(memory_need(config, parts.spec), data=parts.resident_bytes(device))
    slow = tuple(text for _, text in device_advice(device, config.precision, config.compile))
    told = Estimate(need, free_memory(device), images, None, slow=slow)
    if not told.fits:
        return told
    # In a thread of its own: a new one begins with the number of processor threads that a run would begin with, and
    # what is set in it is seen by no other thread's OpenMP.
    with ThreadPoolExecutor(1, "estimate") as alone:
        try:
            measured = alone.submit(_measure, config, parts, device, Source(folder, report), stop).result()
        except InputError as error:
            return replace(told, reason=error.message)
    return replace(told, cost=measured)


class _StepSeconds(NamedTuple):
    """How long steps took."""

    fastest: float
    mean: float


class _Stopped(Exception):
    """The measurement was given up."""


def _measure(
    config: RunConfig, parts: Parts, device: torch.device, source: Source, stop: Callable[[], bool]
) -> Cost | None:
    """Measure, and leave the number of threads as it was.

    A run needs these generators before its first step and sets its number of threads after that, so while they are
    held here, it can neither be disturbed by other numbers nor have its own undone.
    """
    with global_generators:
        if stop():
            return None
        before = torch.get_num_threads()
        try:
            return _Trial(config, parts, device, source, stop).cost()
        except _Stopped:
            return None
        finally:
            _use_threads(before)


class _Trial:
    """A throw-away network that learns from a part of the samples."""

    def __init__(
        self, config: RunConfig, parts: Parts, device: torch.device, source: Source, stop: Callable[[], bool]
    ) -> None:
        self._config, self._parts, self._device, self._stop = config, parts, device, stop
        self._batch = config.samples_of_a_batch(parts.spec)
        self._steps = len(batch_bounds(len(parts.training), config.batch_size))
        rows = torch.arange(min(len(parts.training), max(LEAST_SAMPLES, self._batch)))
        few = replace(parts, training=parts.training.take(rows), validation=None, test=None)
        self._learner = Learner(config, few, device, source)
        self._order = self._learner.order(0)
        # Towards the end of a run an average of the weights is kept, if at all.
        self._late = Schedule(config, self._steps).progress(config.epochs * self._steps - 1)
        self._done = 0

    def cost(self) -> Cost:
        """Seconds of each part of a run."""
        step = self._step_seconds()
        sample = self._evaluated_sample_seconds(step)
        counts = self._parts.spec.samples
        clean = min(CLEAN_SAMPLES, counts[1] or counts[0])
        averaged = min(CLEAN_SAMPLES, counts[0]) if self._learner.average is not None else 0
        cached, ids = halves(self._learner.model) is not None, ends_caching(self._config)
        return Cost(
            training=step * counts[0] / self._batch,
            evaluation=sample * (clean + counts[1] + averaged),
            saving=self._checkpoint_bytes() / SAVED_BYTES_PER_SECOND + SAVE_SECONDS,
            test=sample * counts[2],
            samples=counts[0],
            steps=self._steps,
            keeps_features=cached and not ids,
            ended_by=tuple(ids) if cached else (),
        )

    def _step_seconds(self) -> float:
        """Seconds of a step with a whole batch, with the number of threads that the run will have."""
        chosen = self._config.threads
        counts = [int(chosen)] if chosen != "auto" else sorted({1, max(1, processors() // 2), processors()})
        size = self._timed_samples()
        timed = {}
        for count in counts:
            _use_threads(count)
            self._step(size)  # threads wake, memory is found
            timed[count] = self._timed(size, MEASURED_SECONDS / len(counts))
        best = min(counts, key=lambda count: timed[count].fastest)  # as a run chooses
        _use_threads(best)
        return timed[best].mean * self._batch / size

    def _timed_samples(self) -> int:
        """How many samples the timed steps have: a whole batch, or as many as a step can take in the time there is."""
        probe = min(PROBE, self._batch)
        self._step(probe)
        expected = self._timed(probe, 0.0).mean * self._batch / probe
        return (
            self._batch if expected <= MEASURED_SECONDS else max(probe, int(self._batch * MEASURED_SECONDS / expected))
        )

    def _timed(self, size: int, seconds: float) -> _StepSeconds:
        """Seconds of a step, of as many as there is time for."""
        at_once = 1 if self._device.type == "cpu" else AT_ONCE
        passed: list[float] = []
        while not passed or sum(passed) < seconds:
            start = time.perf_counter()
            for _ in range(at_once):
                loss = self._step(size)
            float(loss)  # waits for the device
            passed.append(time.perf_counter() - start)
        return _StepSeconds(min(passed) / at_once, sum(passed) / len(passed) / at_once)

    def _step(self, size: int) -> Tensor:
        if self._stop():
            raise _Stopped
        self._done += 1
        loss, _ = self._learner.step(self._order[:size], 0, self._done, self._config.lr)
        self._learner.update_average(self._late)
        return loss

    def _evaluated_sample_seconds(self, step: float) -> float:
        """Seconds that a sample takes in an evaluation; a step, which does thrice as much, tells how many to time."""
        forward = step / self._batch / 3
        training = self._learner.parts.training
        count = min(len(training), EVALUATED_SAMPLES, max(1, int(EVALUATED_SECONDS / forward)))
        part = training.take(torch.arange(count, device=training.device))
        self._evaluate(part)  # memory is found
        passes, start = 0, time.perf_counter()
        while passes == 0 or time.perf_counter() - start < EVALUATED_SECONDS:
            self._evaluate(part)
            passes += 1
        return (time.perf_counter() - start) / passes / count

    def _evaluate(self, part: Part) -> None:
        for _ in self._learner.evaluate(part):
            if self._stop():
                raise _Stopped

    def _checkpoint_bytes(self) -> int:
        tensors, _ = self._learner.tensors()
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def _use_threads(count: int) -> None:
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
