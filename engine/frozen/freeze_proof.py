"""Watches what a run freezes: each frozen layer is hashed after every epoch and compared with what it was."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.config import RunConfig
from engine.events import Proved
from engine.frozen.proof import IDLE, Finding, Kind, LayerProof, Proof

KEPT = ("weights", "statistics", "since", "epochs", "kept", "changed")
"""What a checkpoint holds of each layer."""
MOST_AT_ONCE = 2**26
"""Bytes that come over from another device together."""


@dataclass
class _Watched:
    """One layer, with the digests that it is held to: of when it was frozen, or of the start where it trains."""

    module: nn.Module
    weights: str
    statistics: str
    since: int | None = None
    """The number of the epoch, from 0, since which it is frozen; None while it trains."""
    epochs: int = 0
    kept: int = 0
    changed: bool = False
    in_average: bool = False
    """Whether its average, where there is one, has to be the same."""

    @property
    def is_frozen(self) -> bool:
        """Whether nothing of it is trained, as it stands when an epoch begins."""
        own = list(self.module.parameters(recurse=False))
        return not any(parameter.requires_grad for parameter in own) if own else not self.module.training

    @property
    def trains_statistics(self) -> bool:
        """Whether it is a batch norm that goes by the statistics of each batch, and moves its own."""
        return isinstance(self.module, _BatchNorm) and self.module.track_running_stats and self.module.training


class FreezeProof:
    """The layers of a network, from the state in which a run finds it: those with weights, and the batch norms.

    SHA-256 of a layer's own weights, and of its buffers, such as running statistics. A layer is held to what it was
    when it was frozen: at the start, or at the beginning of the epoch from which on it is. Of one that trains it is
    told once whether it has changed; then it is looked at no more, so that an epoch costs one reading of what is
    frozen.
    """

    def __init__(
        self, config: RunConfig, network: nn.Module, average: nn.Module | None, kept: Mapping[str, Any] | None
    ) -> None:
        """`kept` is what a checkpoint holds of it (`to_meta`), where the run goes on from one."""
        acting = [r.id for name in ("before_step", "after_step", "average_share") for r in config.giving(name)]
        self._acting = (*dict.fromkeys(acting), config.optimizer.id)
        self._modules = {name: module for name, module in network.named_modules() if _is_watched(module)}
        self._findings: list[Finding] = []
        self.last: Proof | None = None
        """What was found last; None before the first epoch is over."""
        known = kept["layers"] if kept else {}
        fresh = [name for name in self._modules if name not in known]
        found = self._digests(self._modules, fresh)
        self._layers = {
            name: _Watched(module, **(known[name] if name in known else found[name]))
            for name, module in self._modules.items()
        }
        self._fresh = set(fresh)
        if kept:
            self._findings = [Finding(**finding) for finding in kept["findings"] if finding["layer"] in self._layers]
        self._hold_average(average, [name for name, layer in self._layers.items() if layer.since is not None])

    @classmethod
    def of(
        cls, config: RunConfig, network: nn.Module, average: nn.Module | None, kept: Mapping[str, Any] | None
    ) -> FreezeProof | None:
        """The same where anything of the network is, or may be, frozen; else None."""
        if config.fine_tuning is None and all(parameter.requires_grad for parameter in network.parameters()):
            return None
        return cls(config, network, average, kept)

    def begin(self, epoch: int, average: nn.Module | None) -> None:
        """Epoch number `epoch`, from 0, begins, or goes on: what is frozen now is held to what it is now."""
        frozen = [name for name, layer in self._layers.items() if layer.is_frozen]
        new = [name for name in frozen if self._layers[name].since is None]
        again = [name for name in new if name not in self._fresh]
        for name, digests in self._digests(self._modules, again).items():
            self._layers[name].weights, self._layers[name].statistics = digests["weights"], digests["statistics"]
        for name in new:
            self._layers[name].since = epoch
        for name in self._layers.keys() - set(frozen):
            self._layers[name].since = None
        self._fresh.clear()
        self._hold_average(average, new)

    def check(self, epoch: int, average: nn.Module | None) -> Proved:
        """Look at all layers at the end of an epoch, `epoch` being the number of those completed."""
        frozen = [name for name, layer in self._layers.items() if layer.since is not None]
        waiting = [name for name, layer in self._layers.items() if layer.since is None and not layer.changed]
        found = self._digests(self._modules, [*frozen, *waiting])
        averaged = [name for name in frozen if average is not None and self._layers[name].in_average]
        in_average = self._digests(dict(average.named_modules()), averaged) if average is not None else {}
        self._findings = [finding for finding in self._findings if finding.violates]
        new: list[Finding] = []
        for name in frozen:
            layer = self._layers[name]
            broken = self._broken(layer, found[name], in_average.get(name))
            layer.epochs += 1
            layer.kept += not broken
            new += self._add(broken, name, epoch)
        for name in waiting:
            layer = self._layers[name]
            layer.changed = found[name]["weights"] != layer.weights
            trains = any(parameter.requires_grad for parameter in layer.module.parameters(recurse=False))
            if trains and not layer.changed:
                self._findings.append(Finding(_why_idle(layer.module), name, epoch))
        return Proved(self._proof(epoch), tuple(new))

    def check_best(self, epoch: int, best: int, average: nn.Module | None) -> Proved:
        """Look at what is handed over, the weights of epoch `best`, in a run that has come to so many epochs."""
        names = [name for name, layer in self._layers.items() if layer.since is not None and layer.since < best]
        found = self._digests(self._modules, names)
        held = [name for name in names if self._layers[name].in_average]
        in_average = self._digests(dict(average.named_modules()), held) if average is not None else {}
        new: list[Finding] = []
        for name in names:
            layer = self._layers[name]
            kept = {"weights": layer.weights, "statistics": layer.statistics}
            known = any(finding.layer == name and finding.violates for finding in self._findings)
            if not known and any(digests not in (None, kept) for digests in (found[name], in_average.get(name))):
                new += self._add(["best"], name, epoch)
        return Proved(self._proof(epoch), tuple(new))

    def to_meta(self) -> dict[str, Any]:
        """As a checkpoint's metadata hold it."""
        return {
            "layers": {
                name: {key: getattr(layer, key) for key in KEPT} for name, layer in self._layers.items()
            },
            "findings": [{"kind": f.kind, "layer": f.layer, "epoch": f.epoch} for f in self._findings],
        }  # fmt: skip

    # ---------------------------------------------------------------------------------------------

    def _proof(self, epoch: int) -> Proof:
        layers = tuple(
            LayerProof(name, layer.since is not None, layer.epochs, layer.kept, layer.changed)
            for name, layer in self._layers.items()
        )
        self.last = Proof(epoch, layers, tuple(self._findings), self._acting)
        return self.last

    def _broken(self, layer: _Watched, found: dict[str, str], in_average: dict[str, str] | None) -> list[Kind]:
        """In what ways a frozen layer is not what it was."""
        broken: list[Kind] = []
        if found["weights"] != layer.weights:
            broken.append("weights")
        if found["statistics"] != layer.statistics:
            broken.append("statistics")
        elif layer.trains_statistics:
            broken.append("norm-mode")
        if in_average is not None and (in_average["weights"], in_average["statistics"]) != (
            layer.weights, layer.statistics
        ):  # fmt: skip
            broken.append("average")
        return broken

    def _add(self, broken: Sequence[Kind], name: str, epoch: int) -> list[Finding]:
        """Note what was not found of this layer before; returns that."""
        known = {finding.kind for finding in self._findings if finding.layer == name}
        new = [Finding(kind, name, epoch) for kind in broken if kind not in known]
        self._findings += new
        return new

    def _hold_average(self, average: nn.Module | None, names: Sequence[str]) -> None:
        """Hold their averages to the same: where there is none yet, or it is the same now.

        Of a layer that has trained before it was frozen, the average is that of its past.
        """
        found = self._digests(dict(average.named_modules()), names) if average is not None else {}
        for name in names:
            layer = self._layers[name]
            layer.in_average = average is None or found[name] == {
                "weights": layer.weights, "statistics": layer.statistics
            }  # fmt: skip

    @staticmethod
    def _digests(modules: Mapping[str, nn.Module], names: Sequence[str]) -> dict[str, dict[str, str]]:
        """The digests of the weights and of the buffers of these layers."""
        own = [
            list(tensors(recurse=False))
            for name in names
            for tensors in (modules[name].parameters, modules[name].buffers)
        ]
        found = iter(digests(own))
        return {name: {"weights": next(found), "statistics": next(found)} for name in names}


def digests(groups: Sequence[Sequence[Tensor]]) -> list[str]:
    """The SHA-256 of the bytes of each group of tensors, whatever their layout in memory."""
    flat = [tensor.detach().reshape(-1).view(torch.uint8) for group in groups for tensor in group]
    here = iter(_brought_over(flat))
    found = []
    for group in groups:
        digest = hashlib.sha256()
        for _ in group:
            digest.update(next(here).numpy().data)
        found.append(digest.hexdigest())
    return found


def _brought_over(flat: list[Tensor]) -> list[Tensor]:
    """Bytes `[N]` where they can be hashed: those of another device come over together, not one tensor at a time."""
    if all(tensor.device.type == "cpu" for tensor in flat):
        return flat
    here: list[Tensor] = []
    waiting: list[Tensor] = []
    for number, tensor in enumerate(flat, 1):
        waiting.append(tensor)
        if number == len(flat) or sum(map(len, waiting)) > MOST_AT_ONCE:
            here += torch.cat(waiting).cpu().split(list(map(len, waiting)))
            waiting = []
    return here


def _is_watched(module: nn.Module) -> bool:
    """Whether it has weights of its own, or running statistics."""
    own = next(module.parameters(recurse=False), None) is not None
    return own or (isinstance(module, _BatchNorm) and module.track_running_stats)


def _why_idle(module: nn.Module) -> Kind:
    """Why the last step did not change a layer that trains: by the gradients that it left."""
    gradients = [p.grad for p in module.parameters(recurse=False) if p.requires_grad and p.grad is not None]
    no_gradient, zero_gradient, small_steps = IDLE
    if not gradients:
        return no_gradient
    return small_steps if any(bool(gradient.any()) for gradient in gradients) else zero_gradient
