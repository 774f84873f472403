"""A network compiled by `torch.compile`: the same arithmetic in fewer and larger operations."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

from engine.guard import words_of
from engine.message import InputError


def compiled(network: nn.Module, device: torch.device, *, replayed: bool) -> nn.Module:
    """The network, compiled when it is first called with a batch of some size; its weights are the network's own.

    It draws the random numbers that the network draws. On a GPU the operations of a pass are recorded as CUDA graphs,
    and `replayed` at once; whoever wants that must have let go of a pass's outputs and gradients before the next one.

    Raises `InputError` where nothing can be compiled on this machine.
    """
    options: dict[str, Any] = {"fallback_random": True}
    torch.compiler.reset()  # what earlier runs compiled counts towards the most that is compiled of one layer's code
    try:
        torch.compile(torch.sin, options=options)(torch.ones(2, device=device))
    except Exception as error:  # a compiler may be absent, or of another make, in many ways
        raise InputError(
            "cannot-compile", "torch.compile does not work here ({error}): set compile to false, or install what it "
            "needs, such as a C++ compiler", error=words_of_compiler(error),
        ) from error  # fmt: skip
    if replayed and device.type == "cuda":
        options["triton.cudagraphs"] = True
    return cast(nn.Module, torch.compile(network, dynamic=False, options=options))


def is_of_compiler(error: BaseException) -> bool:
    """Whether an exception says that a network can't be compiled."""
    return type(error).__module__.startswith(("torch._dynamo.", "torch._inductor."))


def words_of_compiler(error: BaseException) -> str:
    """Such an exception in one line, without what PyTorch asks of those who mend the compiler itself."""
    return words_of(error).partition(" Set TORCHDYNAMO_VERBOSE")[0]
