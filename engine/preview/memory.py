"""The memory that a run will take, told before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from math import prod

import torch
from torch import nn

from engine.config import RunConfig
from engine.free_memory import bytes_in_words, free_memory
from engine.message import InputError, Message, message
from engine.preview.summary import LayerRow, layer_table
from engine.strategy import DataSpec

FLOAT = 4
"""Bytes of a float32."""


@dataclass(frozen=True)
class MemoryNeed:
    """About how many bytes a run takes besides the program itself, which takes some 500 MB."""

    weights: int
    """Weights, gradients, the optimizer's state, the average of the weights, and a checkpoint on its way to disk."""
    activations: int
    """What the layers give out for a batch, and its gradients; with gradient accumulation for one part of it."""
    data: int
    """All samples, which stay in memory."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.activations + self.data

    def message(self) -> Message:
        """In words."""
        return message(
            "memory-need", "about {total} of memory: {weights} for weights and their training, {activations} for "
            "activations, {data} for the data", total=bytes_in_words(self.total), weights=bytes_in_words(self.weights),
            activations=bytes_in_words(self.activations), data=bytes_in_words(self.data),
        )  # fmt: skip


def memory_need(config: RunConfig, data: DataSpec, rows: list[LayerRow] | None = None) -> MemoryNeed:
    """The memory of a run with these settings; `rows` are the layers of its network where they are known."""
    rows = layer_table(config, data) if rows is None else rows
    parameters = sum(row.parameters for row in rows)
    frozen = _always_frozen(config, rows)
    trained = parameters - sum(row.parameters for row in frozen)
    # What is kept, and it three times more while a checkpoint is made; of what trains the gradients besides.
    whole = 4 * (1 + len(config.giving("average_share")))
    moved = 1 + 4 * _copies_in_state(config)
    batch = config.samples_of_a_batch(data)
    parts = config.micro_batches(batch)
    # What is frozen needs no more than what one layer is given and gives.
    outputs = sum(prod(row.output_shape) for row in rows[len(frozen) :])
    outputs += max((prod(row.output_shape) for row in frozen), default=0)
    inputs = prod(data.input_shape)
    return MemoryNeed(
        weights=FLOAT * (whole * parameters + moved * trained),
        activations=2 * FLOAT * -(-batch // parts) * (outputs + inputs),
        data=sum(data.samples) * inputs * (1 if len(data.input_shape) == 3 else FLOAT),
    )


def _always_frozen(config: RunConfig, rows: list[LayerRow]) -> list[LayerRow]:
    """The layers before the first that trains, where fine-tuning freezes all of the body to the run's last epoch."""
    technique = config.fine_tuning
    if technique is None or any(technique.lr_shares(config.epochs - 1)):
        return []
    return list(takewhile(lambda row: not row.trainable, rows))


def _copies_in_state(config: RunConfig) -> int:
    """How many numbers the optimizer keeps for each weight: seen at one step with a small one."""
    weight = nn.Parameter(torch.zeros(3))
    optimizer = config.optimizer.build([{"params": [("weight", weight)]}])
    weight.grad = torch.zeros(3)
    optimizer.step()
    state = optimizer.state.get(weight, {})
    return sum(isinstance(value, torch.Tensor) and value.shape == weight.shape for value in state.values())


def check_memory(config: RunConfig, data: DataSpec, device: torch.device, processes: int = 1) -> None:
    """Raise `InputError` where a run needs more memory than is free; its data are there already.

    So many processes share a batch.
    """
    free = free_memory(device)
    try:
        need = memory_need(config.changed({"batch_size": -(-config.batch_size // processes)}), data)
    except Exception:  # noqa: BLE001 a model may be one that can't be built without memory, and fails by its own name
        return
    if free is not None and need.total - need.data > free:
        raise InputError(
            "too-little-memory", "the run needs about {need} ({weights} for weights and their training, {activations} "
            "for activations) and {free} are free: take a smaller model or batch, or tick gradient-accumulation",
            need=bytes_in_words(need.total - need.data), weights=bytes_in_words(need.weights),
            activations=bytes_in_words(need.activations), free=bytes_in_words(free),
        )  # fmt: skip
