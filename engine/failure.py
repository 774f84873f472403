"""What ended a run that could not go on: told as an event, with the plugin in whose code it happened."""

from __future__ import annotations

import traceback

import torch

from engine.checkpoint import NotFinite
from engine.events import Failed
from engine.message import InputError, message
from engine.strategy import Strategy

OUT_OF_MEMORY = (
    "can't allocate memory", "not enough memory", "out of memory", "_STATUS_ALLOC_FAILED", "Invalid buffer size",
)  # fmt: skip
"""What PyTorch says: on a processor under Linux and under Windows, of CUDA and of MPS, of cuBLAS and cuDNN, and of a
tensor that is larger than MPS can hold."""


class LossNotFinite(Exception):
    """A loss became infinite or not a number."""

    def __init__(self, step: int) -> None:
        super().__init__(f"not finite at step {step}")
        self.step = step


class StartFailed(Exception):
    """A run could not be made ready, by a fault in a plugin or in the engine; `failed` tells which."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(str(failed.text))
        self.failed = failed


def failure(error: Exception, strategies: tuple[Strategy, ...], step: int) -> Failed:
    """An exception of a run with these strategies, after so many steps, as its last event."""
    if isinstance(error, InputError):
        return Failed(error.message, step, None, "")
    if isinstance(error, (LossNotFinite, NotFinite)):
        step = getattr(error, "step", step)
        text = message(
            "not-finite", "the loss is not finite at step {step}: try a lower learning rate, gradient clipping or "
            "another scaling", step=step,
        )  # fmt: skip
        return Failed(text, step, None, "")
    if out_of_memory(error):
        text = message(
            "out-of-memory", "there is not enough memory at step {step}: take a smaller batch, or tick "
            "gradient-accumulation", step=step,
        )  # fmt: skip
        return Failed(text, step, None, "".join(traceback.format_exception(error)))
    plugin = culprit(error, strategies)
    text = message(
        "run-failed", "{what} failed at step {step}: {error}",
        what=plugin or "the run", step=step, error=f"{type(error).__name__}: {error}",
    )  # fmt: skip
    return Failed(text, step, plugin, "".join(traceback.format_exception(error)))


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that there was no memory left.

    PyTorch has a class for it where its own allocator of a GPU's memory ran out; elsewhere its words must tell.
    """
    told = isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY)
    return told or isinstance(error, (MemoryError, torch.OutOfMemoryError))


def culprit(error: BaseException, strategies: tuple[Strategy, ...]) -> str | None:
    """The id of the strategy whose code stands nearest to where an exception was raised, if any.

    Read from the traceback, so that naming a plugin costs the loop nothing.
    """
    owners = {type(strategy).__module__: strategy.id for strategy in strategies}
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        this = frame.f_locals.get("self")
        if isinstance(this, Strategy):
            found = this.id
        else:
            found = owners.get(frame.f_globals.get("__name__", ""), found)
    return found
