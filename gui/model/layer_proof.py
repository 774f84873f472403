"""What became of each layer in a run that freezes some, in the words of a column and of a line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from engine.frozen.proof import LayerProof, Proof
from gui.words import say

BROKEN, KEPT, TRAINED = "broken", "kept", "trained"
"""How a layer fared: not as it should be, unchanged while it was frozen, trained."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("LayerProof", text)


def cell(proof: Proof, layers: Sequence[LayerProof]) -> tuple[str, str]:
    """What the column says of a layer, or of those of a block, and how they fared; two empty texts for none."""
    if not layers:
        return "", ""
    epochs, kept = max(layer.epochs for layer in layers), min(layer.kept for layer in layers)
    names = {layer.name for layer in layers}
    found = [finding for finding in proof.findings if finding.layer in names]
    if any(finding.violates for finding in found):
        return _tr("changed, though frozen"), BROKEN
    frozen = [layer for layer in layers if layer.frozen]
    if len(frozen) == len(layers):
        return _tr("unchanged {kept}/{epochs}").format(kept=kept, epochs=epochs), KEPT
    if frozen:
        return _tr("partly unchanged"), KEPT
    if len(found) == len(layers):
        return _tr("has not changed"), BROKEN
    if epochs and all(layer.epochs == epochs for layer in layers):
        return _tr("unchanged {kept}/{epochs}, then trained").format(kept=kept, epochs=epochs), TRAINED
    return _tr("has changed"), TRAINED


def tips(proof: Proof, layer: LayerProof) -> list[str]:
    """The same of one layer in sentences."""
    lines = []
    if layer.epochs:
        text = _tr("Frozen in {epochs} epochs; at the end of {kept} of them each bit was as when it was frozen.")
        lines.append(text.format(epochs=layer.epochs, kept=layer.kept))
    elif layer.changed:
        lines.append(_tr("Training has changed it."))
    return lines + [say(text) for text in proof.told(proof.of(layer.name))]


def summary(proof: Proof) -> str:
    """What became of the layers of a run, a line each; where a frozen one did not stay as it was, that alone."""
    return "\n".join(say(text) for text in [*proof.told(), *([] if proof.violated else proof.summary())])
