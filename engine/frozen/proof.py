"""What became of each layer of a run that freezes some: as values, kept with the run in a small file. No PyTorch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from engine.files import write_text
from engine.message import Message, message
from engine.reading import read_json

FILE = "proof.json"
MAX_BYTES = 32_000_000
"""Of the file: a longer one is none of ours."""
MAX_LAYERS = 100_000
NAMED = 3
"""Layers that a message names, at most."""

Kind = Literal[
    "weights", "statistics", "norm-mode", "average", "best", "no-gradient", "zero-gradient", "small-steps",
]  # fmt: skip
IDLE: tuple[Kind, ...] = ("no-gradient", "zero-gradient", "small-steps")
"""Findings about a layer that trains: they are no violation."""
KINDS: tuple[Kind, ...] = get_args(Kind)

TEMPLATES: dict[Kind, str] = {
    "weights": "frozen, and yet their weights changed in epoch {epoch}: {layers}. Something writes to frozen weights; "
    "what acts in every step here: {acting}",
    "statistics": "frozen, and yet their running statistics changed in epoch {epoch}: {layers}. A frozen batch norm "
    "was in training mode; what acts in every step here: {acting}",
    "norm-mode": "frozen, and yet their batch norm was in training mode at the end of epoch {epoch}: {layers}. What "
    "acts in every step here: {acting}",
    "average": "frozen, and yet their average, which is handed over in place of the weights, changed in epoch {epoch}: "
    "{layers}. What acts in every step here: {acting}",
    "best": "frozen, and yet not in the best checkpoint as they were at the start: {layers}. Seen after epoch {epoch}",
    "no-gradient": "trainable, but not changed by epoch {epoch}, as no gradient reaches them: {layers}. Nothing that "
    "the loss is computed from passes through them",
    "zero-gradient": "trainable, but not changed by epoch {epoch}, as their gradient is 0: {layers}. What comes after "
    "them lets nothing through, such as units that are always 0",
    "small-steps": "trainable, but not changed by epoch {epoch}, as each step was too small to change a bit: {layers}. "
    "The learning rate, or their share of it, is too small",
}


SUMMARIES = {
    "frozen": "{part}: {count} layers frozen, unchanged in {kept} of {epochs} epochs",
    "frozen-one": "{part}: 1 layer frozen, unchanged in {kept} of {epochs} epochs",
    "thawed": "{part}: {count} layers were frozen, unchanged in {kept} of {epochs} epochs; they train since, and have "
    "not changed yet",
    "thawed-one": "{part}: 1 layer was frozen, unchanged in {kept} of {epochs} epochs; it trains since, and has not "
    "changed yet",
    "thawed-changed": "{part}: {count} layers were frozen, unchanged in {kept} of {epochs} epochs; they train since, "
    "and have changed",
    "thawed-changed-one": "{part}: 1 layer was frozen, unchanged in {kept} of {epochs} epochs; it trains since, and "
    "has changed",
    "changed": "{part}: {count} layers train, and have changed",
    "changed-one": "{part}: 1 layer trains, and has changed",
    "idle": "{part}: {count} layers train, and have not changed in {done} epochs",
    "idle-one": "{part}: 1 layer trains, and has not changed in {done} epochs",
}  # fmt: skip
"""How layers fared that lie in one part of the network and fared alike."""


@dataclass(frozen=True)
class LayerProof:
    """What became of one layer."""

    name: str
    frozen: bool
    """Whether it was frozen in the last epoch."""
    epochs: int = 0
    """Epochs in which it was frozen."""
    kept: int = 0
    """Of these, at whose end its weights and statistics were, bit for bit, as when it was frozen."""
    changed: bool = False
    """Whether training has changed its weights."""


@dataclass(frozen=True)
class Finding:
    """Something about one layer that should not be so."""

    kind: Kind
    layer: str
    epoch: int
    """At whose end it was seen first, counted from 1."""

    @property
    def violates(self) -> bool:
        """Whether a frozen layer did not stay as it was."""
        return self.kind not in IDLE


@dataclass(frozen=True)
class Proof:
    """What became of each layer up to the end of an epoch."""

    epoch: int
    """Epochs completed."""
    layers: tuple[LayerProof, ...]
    """In the order of the network."""
    findings: tuple[Finding, ...] = ()
    acting: tuple[str, ...] = ()
    """The ids of the ticked techniques that act in every step, on gradients or weights."""

    @property
    def violated(self) -> bool:
        """Whether any frozen layer did not stay as it was."""
        return any(finding.violates for finding in self.findings)

    def summary(self) -> list[Message]:
        """A line for each run of neighbouring layers that fared alike: `body: 53 layers frozen, unchanged in …`."""
        groups: dict[tuple[str, bool, int, int, bool], int] = {}
        for layer in self.layers:
            fate = (layer.name.partition(".")[0], layer.frozen, layer.epochs, layer.kept, layer.changed)
            groups[fate] = groups.get(fate, 0) + 1
        return [_line(fate, count, self.epoch) for fate, count in groups.items()]

    def told(self, findings: Iterable[Finding] | None = None) -> list[Message]:
        """The findings in words, those of one kind and epoch together."""
        groups: dict[tuple[Kind, int], list[str]] = {}
        for finding in self.findings if findings is None else findings:
            groups.setdefault((finding.kind, finding.epoch), []).append(finding.layer)
        return [_told(kind, epoch, layers, self.acting) for (kind, epoch), layers in groups.items()]

    def of(self, layer: str) -> Iterator[Finding]:
        """What was found about one layer."""
        return (finding for finding in self.findings if finding.layer == layer)


def _line(fate: tuple[str, bool, int, int, bool], count: int, done: int) -> Message:
    part, frozen, epochs, kept, changed = fate
    if frozen:
        code = "frozen"
    elif epochs:
        code = "thawed-changed" if changed else "thawed"
    else:
        code = "changed" if changed else "idle"
    code += "-one" if count == 1 else ""
    values = {"part": part, "count": count, "kept": kept, "epochs": epochs, "done": done}
    return message(f"proof-{code}", SUMMARIES[code], **values)


def _told(kind: Kind, epoch: int, layers: Sequence[str], acting: Sequence[str]) -> Message:
    named = ", ".join(layers[:NAMED]) + (f", … ({len(layers)})" if len(layers) > NAMED else "")
    values = {"layers": named, "epoch": epoch, "acting": ", ".join(acting)}
    return message(f"layers-{kind}", TEMPLATES[kind], **values)


def write_proof(folder: Path, proof: Proof) -> None:
    """Write it into a run's folder, whole or not at all. Raises `OSError`."""
    write_text(folder / FILE, json.dumps(asdict(proof), indent=1) + "\n")


def read_proof(folder: Path) -> Proof | None:
    """What became of the layers of the run in this folder; None where its file is absent, damaged or none of ours."""
    try:
        told = read_json(folder / FILE, MAX_BYTES, links=False)
        return Proof(
            epoch=_count(told["epoch"]),
            layers=tuple(_layer(layer) for layer in told["layers"][:MAX_LAYERS]),
            findings=tuple(_finding(finding) for finding in told["findings"][:MAX_LAYERS]),
            acting=tuple(str(id)[:200] for id in told["acting"][:1_000]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _layer(told: dict[str, Any]) -> LayerProof:
    return LayerProof(
        str(told["name"])[:1_000], told["frozen"] is True, _count(told["epochs"]), _count(told["kept"]),
        told["changed"] is True,
    )  # fmt: skip


def _finding(told: dict[str, Any]) -> Finding:
    return Finding(KINDS[KINDS.index(told["kind"])], str(told["layer"])[:1_000], _count(told["epoch"]))


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError("no count")
    return value
