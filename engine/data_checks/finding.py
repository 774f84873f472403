"""What may be wrong with a folder of pictures, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.message import Message, message

Kind = Literal[
    "unreadable", "class-mismatch", "exact-duplicate", "near-duplicate", "leak", "imbalance", "tiny-validation",
    "mixed-modes",
]  # fmt: skip
Severity = Literal["error", "warning", "info"]
Mend = Literal["keep-together", "balance", "validate-more"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The gravest first: what makes a figure of the run wrong, what makes a network worse, what is good to know."""
KINDS: dict[str, str] = {
    "unreadable": "Unreadable or odd", "class-mismatch": "Classes that differ", "exact-duplicate": "The same picture",
    "near-duplicate": "Nearly the same picture", "leak": "Leak between parts", "imbalance": "Uneven classes",
    "tiny-validation": "Few to validate on", "mixed-modes": "Stored in several ways",
}  # fmt: skip
"""What is called by its kind, in words."""

REMEDIES = {
    "keep-together": "the setting keep_together=similar of image-folder keeps them in one part",
    "balance": "tick balanced-sampling",
    "validate-more": "set validation_samples to {samples}",
    "move": "move or remove all but one of them, or put all pictures in one folder for each class, without train, val "
    "and test, and let keep_together=similar cut the parts",
    "one-class": "keep it under the class that is right, and remove it from the other",
    "remove-copies": "remove all but one of them",
    "replace": "replace the file, or remove it",
    "rename": "rename it, for other programs go by the name",
    "look": "look at it, and remove it where it shows nothing",
    "class-folder": "give the class pictures in train, or rename its folder as the class is called there",
    "make-classes": "put the pictures of each class into a folder of its own",
    "fill-part": "move some of its pictures there",
    "one-name": "rename one of the folders, where they are one class",
    "more-pictures": "move more pictures there, or remove that folder: the part is then cut from the others",
    "one-mode": "save all in one way, or choose grey or rgb as colour of image-folder",
    "look-small": "look whether they show enough at the size that you train at",
    "into-class": "put it into the folder of a class, or leave it: it is not read",
}
"""What to do about a finding, by its code."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    kind: Kind
    severity: Severity
    files: tuple[str, ...]
    """Below the folder, with `/` between; empty where it is not about files."""
    what: Message
    remedy: Message
    mend: Mend | None = None
    """The setting that mends it, where there is one."""

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        text = f"{self.what}: {self.remedy}"
        return {"kind": self.kind, "severity": self.severity, "files": list(self.files), "message": text}


@dataclass(frozen=True)
class DataCheck:
    """What was found in a folder."""

    folder: str
    images: int
    """Files that could be read."""
    classes: dict[str, int]
    """Of those, how many each class has in all parts together."""
    findings: tuple[Finding, ...]
    """The gravest first, then by kind and file."""
    validation: int = 0
    """Samples that would be enough to validate on, where too few would be cut from the others; else 0."""

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        findings = [finding.to_dict() for finding in self.findings]
        return {"images": self.images, "classes": self.classes, "findings": findings}


def remedy(code: str, **values: Any) -> Message:
    """What to do, by its code in `REMEDIES`."""
    return message(f"remedy-{code}", REMEDIES[code], **values)


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The gravest first, then by kind and file."""
    return tuple(sorted(findings, key=lambda each: (SEVERITIES.index(each.severity), each.kind, each.files)))
