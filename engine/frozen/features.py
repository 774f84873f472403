"""What a frozen body makes of each sample, computed once: its head then learns from that alone."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.config import RunConfig
from engine.free_memory import bytes_in_words, free_memory
from engine.frozen.tuning import BODY
from engine.message import Message, message
from engine.part import Part

MOST_BYTES = 2**31
"""Of the features that are kept, at most; and no more than half of the memory that is free."""
PROBE = 16
"""Samples by which the size of features, and whether they are always the same, is seen."""
COMPUTING = "computing-features"


@dataclass(frozen=True)
class Halves:
    """A network in two: what comes up to its body, and what comes after."""

    front: nn.Module
    tail: nn.Module


def ends_caching(config: RunConfig) -> list[str]:
    """The ids of the techniques with which the inputs of a body differ from epoch to epoch, or are the targets too."""
    mixers = [regularizer.id for regularizer in config.giving("mix") if regularizer.mixes_inputs]
    targets = [config.model.id] if config.model.reconstructs else []
    return [augmentation.id for augmentation in config.augmentations] + mixers + targets


def halves(network: nn.Module) -> Halves | None:
    """The two halves of a network, which share its layers; None where it is no plain sequence with a body in it."""
    if type(network) is not nn.Sequential or BODY not in network._modules:
        return None
    cut = list(network._modules).index(BODY) + 1
    return Halves(network[:cut], network[cut:]) if cut < len(network) else None


class Features:
    """What the body gives for the samples of some parts, float32 or bfloat16 `[N, ...]`, on the run's device."""

    def __init__(self, split: Halves, forward: Callable[[nn.Module, Tensor], Tensor], size: int) -> None:
        """`forward` gives the output of a module for inputs as they are stored; `size` samples go together."""
        self.tail = split.tail
        self._front, self._forward, self._size = split.front, forward, size
        self._of: list[tuple[Part, Part]] = []

    def of(self, part: Part) -> Part | None:
        """This very part with the features in place of its inputs, where they were computed."""
        return next((features for known, features in self._of if known is part), None)

    def select(self, part: Part, whole: Part, rows: Tensor) -> None:
        """Take those of a part from those of another, of which it has these rows (int64 `[N]`)."""
        features = self.of(whole)
        assert features is not None
        kept = features.at(rows.to(features.device))
        self._of.append((part, Part(kept, part.targets.to(kept.device))))

    def compute(self, parts: list[Part]) -> Generator[tuple[Message, float | None], None, bool]:
        """Compute the features of these parts, telling how far it is. Returns whether they can be used.

        They can't where they are too large for memory, or where the body gives others for the same inputs.
        """
        first = self._features(parts[0], 0, PROBE)
        total = sum(map(len, parts))
        need = total * first[0].nbytes
        free = free_memory(first.device)
        most = MOST_BYTES if free is None else min(MOST_BYTES, free // 2)
        if need > most:
            yield message(
                "features-too-large", "the features that the frozen body gives take {need} and would not fit into "
                "{most}: the whole network runs in every epoch", need=bytes_in_words(need), most=bytes_in_words(most),
            ), None  # fmt: skip
            return False
        if not torch.equal(first, self._features(parts[0], 0, PROBE)):
            yield message(
                "features-differ", "the frozen body gives other features each time: the whole network runs in every "
                "epoch"
            ), None  # fmt: skip
            return False
        text = message(COMPUTING, "computing the frozen body's features, once ({count} samples)", count=total)
        done = 0
        for part in parts:
            kept = first.new_empty(len(part), *first.shape[1:])
            for start in range(0, len(part), self._size):
                yield text, done / total
                found = self._features(part, start, self._size)
                kept[start : start + len(found)] = found
                done += len(found)
            self._of.append((part, Part(kept, part.targets.to(kept.device))))
        return True

    def _features(self, part: Part, start: int, count: int) -> Tensor:
        with torch.no_grad():
            return self._forward(self._front, part.between(start, min(start + count, len(part))))
