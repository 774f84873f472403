"""Which layers of a network train in an epoch, and with what share of the learning rate."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.guard import WrongResult
from engine.message import InputError
from engine.strategy import FineTuning, ParameterGroup

PART = "part"
"""The key of an optimizer's group that tells the part of the body to which its parameters belong; None: to none."""
HEAD, BODY = "head", "body"
LOOKED_AHEAD = 1_000
"""Epochs of a run whose shares are told beforehand, at most."""


class Tuning:
    """Freezes and thaws a network's layers as a technique of fine-tuning says; without one, all of them train."""

    def __init__(self, technique: FineTuning | None, network: nn.Module) -> None:
        """Freezes nothing yet: `begin` does. Raises `InputError` where the network has no layers to be frozen."""
        self._technique = technique
        self._network = network
        self.shares: tuple[float, ...] = ()
        """Of the learning rate, of each part of the body from the input on, in this epoch."""
        self._parts: list[list[nn.Module]] = []
        if technique is None:
            return
        layers = _layers(network)
        if not layers:
            raise InputError(
                "no-body", "{id} divides the layers that lie before the head, and this network has none: untick it",
                id=technique.id,
            )  # fmt: skip
        count = len(technique.lr_shares(0))
        self._parts = [[] for _ in range(count)]
        for number, layer in enumerate(reversed(layers)):  # where there are more parts than layers, the first are empty
            self._parts[count - 1 - number * count // max(count, len(layers))] += layer
        # What the model itself has frozen, or put into evaluation mode, stays so.
        self._trainable = {parameter for parameter in network.parameters() if parameter.requires_grad}
        self._training = [module for module in network.get_submodule(BODY).modules() if module.training]

    def divide(self, groups: list[ParameterGroup]) -> list[ParameterGroup]:
        """An optimizer's groups, divided so that the parameters of one belong to one part of the body, or to none."""
        if self._technique is None:
            return groups
        owner = {p: number for number, part in enumerate(self._parts) for p in _parameters(part)}
        divided: list[ParameterGroup] = []
        for group in groups:
            for number in (*range(len(self._parts)), None):
                pairs = [(name, parameter) for name, parameter in group["params"] if owner.get(parameter) == number]
                divided += [group | {"params": pairs, PART: number}] if pairs else []
        return divided

    def share(self, group: ParameterGroup) -> float:
        """The share of the learning rate with which an optimizer's group trains."""
        part = group.get(PART)
        return 1.0 if part is None else self.shares[part]

    def course(self, epochs: int) -> list[tuple[int, tuple[float, ...]]]:
        """The shares of the parts over so many epochs: each number of an epoch, from 0, in which they become others."""
        found: list[tuple[int, tuple[float, ...]]] = []
        for epoch in range(min(epochs, LOOKED_AHEAD) if self._technique else 0):
            shares = tuple(self._technique.lr_shares(epoch)) if self._technique else ()
            if not found or shares != found[-1][1]:
                found.append((epoch, shares))
        return found

    def part_of(self, module: nn.Module) -> int | None:
        """The number of the part of the body that a layer belongs to; None where it belongs to none."""
        return next((number for number, part in enumerate(self._parts) if any(m is module for m in part)), None)

    @property
    def body_is_frozen(self) -> bool:
        """Whether nothing of the body trains."""
        return bool(self.shares) and not any(self.shares)

    def begin(self, epoch: int) -> None:
        """Let train what trains in epoch number `epoch`, and freeze the rest."""
        if self._technique is None:
            return
        shares = tuple(self._technique.lr_shares(epoch))
        if len(shares) != len(self._parts):
            given = f"returned {len(shares)} shares for epoch {epoch}, and {len(self._parts)} for epoch 0"
            raise WrongResult(self._technique, "lr_shares", given, "always return as many")
        self.shares = shares
        for module in self._training:
            module.training = any(shares)
        for part, share in zip(self._parts, shares, strict=True):
            for parameter in _parameters(part):
                parameter.requires_grad_(share > 0 and parameter in self._trainable)
            for norm in part:
                if isinstance(norm, _BatchNorm):
                    norm.training = share > 0 and norm in self._training


def _layers(network: nn.Module) -> list[list[nn.Module]]:
    """The layers of a network's body in the order in which it lists them, each with the norms that follow it."""
    layers: list[list[nn.Module]] = []
    body = network._modules.get(BODY)
    for module in body.modules() if body is not None else ():
        own = list(module.parameters(recurse=False))
        if (not layers and own) or any(parameter.ndim > 1 for parameter in own):
            layers.append([])
        if layers and (own or isinstance(module, _BatchNorm)):
            layers[-1].append(module)
    return layers


def _parameters(modules: list[nn.Module]) -> Iterator[nn.Parameter]:
    return (parameter for module in modules for parameter in module.parameters(recurse=False))
