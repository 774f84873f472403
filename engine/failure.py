"""What ended a run that could not go on: told as an event, with the plugin in whose code it happened."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from types import FrameType

import torch
from torch import nn

from engine.checkpoints.checkpoint import NotFinite
from engine.compiled import is_of_compiler, words_of_compiler
from engine.events import Failed
from engine.guard import WrongResult, from_user, passed, words_of
from engine.layers import maker_of
from engine.message import InputError, message, phrase
from engine.strategy import Optimizer, Strategy

OUT_OF_MEMORY = (
    "can't allocate memory", "not enough memory", "out of memory", "_STATUS_ALLOC_FAILED", "Invalid buffer size",
    "could not create a primitive", "could not create a memory", "std::bad_alloc",
)  # fmt: skip
"""What PyTorch says: on a processor under Linux and under Windows, of CUDA and of MPS, of cuBLAS and cuDNN, of a tensor
that is larger than MPS can hold, and what oneDNN, which computes convolutions on a processor, makes of it."""


class LossNotFinite(Exception):
    """A loss became infinite or not a number."""

    def __init__(self, step: int) -> None:
        super().__init__(f"not finite at step {step}")
        self.step = step


class RankFailed(Exception):
    """Another process of the run failed, or is gone; `failed` tells how."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(str(failed.text))
        self.failed = failed


class StartFailed(Exception):
    """A run could not be made ready, by a fault in a plugin or in the engine; `failed` tells which."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(str(failed.text))
        self.failed = failed


def is_fault(error: BaseException, strategies: tuple[Strategy, ...]) -> bool:
    """Whether an exception is a fault to be told: not a person's Ctrl-C, nor what ends a program or a generator.

    What else ends those is a fault where a plugin raised it.
    """
    return isinstance(error, Exception) or (not from_user(error) and culprit(error, strategies) is not None)


def failure(
    error: BaseException,
    strategies: tuple[Strategy, ...],
    step: int,
    hints: Callable[[], str] = lambda: "a lower learning rate",
) -> Failed:
    """An exception of a run with these strategies, after so many steps, as its last event.

    `hints` gives, in words, what may help where it is a value that is not finite.
    """
    if isinstance(error, RankFailed):
        return error.failed
    if isinstance(error, (LossNotFinite, NotFinite)):
        return _not_finite(error, step, hints())
    if isinstance(error, WrongResult):
        return Failed(error.at(step), step, error.plugin, "")
    plugin, method = culprit(error, strategies) or (None, "")
    if isinstance(error, InputError):
        return Failed(error.message, step, plugin, "")
    trace = "".join(traceback.format_exception(error))
    if is_of_compiler(error):
        text = message(
            "compiling-failed", "torch.compile can't compile this network at step {step}: set compile to false "
            "({error})", step=step, error=words_of_compiler(error),
        )  # fmt: skip
        return Failed(text, step, None, trace)
    if out_of_memory(error):
        text = message(
            "out-of-memory", "there is not enough memory at step {step}: take a smaller batch, or tick "
            "gradient-accumulation", step=step,
        )  # fmt: skip
        return Failed(text, step, None, trace)
    if plugin is None:
        text = message("run-failed", "the run failed at step {step}: {error}", step=step, error=words_of(error))
    else:
        where = "" if method == "__call__" else phrase("in-method", " in {method}", method=method)
        text = message(
            "plugin-failed", "{plugin} failed{where} at step {step}: {error}", plugin=plugin, where=where, step=step,
            error=words_of(_raised(error)),
        )  # fmt: skip
    return Failed(text, step, plugin, trace)


def _not_finite(error: LossNotFinite | NotFinite, step: int, hints: str) -> Failed:
    if isinstance(error, LossNotFinite):
        step = error.step
        text = message("not-finite", "the loss is not finite at step {step}: try {hints}", step=step, hints=hints)
    else:
        text = message(
            "weights-not-finite", "the loss is finite at step {step}, but {name} is not: try {hints}",
            step=step, name=error.name, hints=hints,
        )  # fmt: skip
    return Failed(text, step, None, "")


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that there was no memory left.

    PyTorch has a class for it where its own allocator of a GPU's memory ran out; elsewhere its words must tell.
    """
    told = isinstance(error, RuntimeError) and any(words in words_of(error) for words in OUT_OF_MEMORY)
    return told or isinstance(error, (MemoryError, torch.OutOfMemoryError))


def culprit(error: BaseException, strategies: tuple[Strategy, ...]) -> tuple[str, str] | None:
    """The strategy whose code stands nearest to where an exception was raised, by its id, and the method; if any.

    Read from the traceback, so that naming a plugin costs the loop nothing. A layer is told by where it came from
    (`forward`), an optimizer by being one (`step`).
    """
    owners: dict[str, list[str]] = {}
    for strategy in strategies:
        owners.setdefault(type(strategy).__module__, []).append(strategy.id)
    optimizers = [strategy.id for strategy in strategies if isinstance(strategy, Optimizer)]
    found: tuple[str, str] | None = None
    for frame in _frames(error):
        this = frame.f_locals.get("self")
        of_file = owners.get(frame.f_globals.get("__name__", ""), [])
        if (crossing := passed(frame)) is not None:
            found = crossing
        elif isinstance(this, nn.Module) and (maker := maker_of(this)) is not None:
            found = maker.id, "forward"
        elif isinstance(this, torch.optim.Optimizer) and optimizers:
            found = optimizers[0], "step"
        elif of_file and (found is None or found[0] not in of_file):
            found = of_file[0], frame.f_code.co_name
    return found


def _frames(error: BaseException) -> Iterator[FrameType]:
    """The frames that an exception passed, the one that raised it last, with those of what it arose from."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        yield frame
    if error.__cause__ is not None:
        yield from _frames(error.__cause__)


def _raised(error: BaseException) -> BaseException:
    """What a plugin raised: a generator makes another exception of a `StopIteration`."""
    return error.__cause__ if isinstance(error.__cause__, StopIteration) else error
