"""Whether augmentations leave an image what it is: a 9 that is turned upside down is a 6, and its label is wrong.

A judge that has learned the images as they are (`label_judge`) looks at each of them before and after. Where those of
one class seem to become images of *another particular one*, more draws are looked at, also by networks that have
learned such images with their own labels: `label_change` says when that counts. Where images only become unlike
anything, it is hard, which is another matter: that share is told as the affinity of the augmentation, after
Gontijo-Lopes, Smullin, Cubuk, Dyer, "Affinity and Diversity" (2020, arXiv:2002.08973).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.data import Part, Parts, Report
from engine.data_checks.label_change import Change, Pair, Sight, changes, seen
from engine.data_checks.label_judge import AT_ONCE, Judge, Verdict, shrunk
from engine.message import InputError, Message, message
from engine.parameter import parameters_of
from engine.preview.data_view import class_name, failed, pictures_of
from engine.randomness import generator, seeded_generators, stream
from engine.strategy import Augmentation

MOST = 5_000
"""Images that are judged, at most."""
MOST_BYTES = 2**28
"""Of these images, at most."""
LEAST_OF_CLASS = 20
"""Images of a class below which nothing is told of it."""
DRAWS, LESSONS = 6, 2
"""Draws of each image that are judged where something is seen in the first, and others from which networks learn."""
KNOWS = 0.6
"""Share of the images as they are that the judge must know for its word to count."""
HARD = 0.5
"""Share of what it knew that the judge must still know after an augmentation, for it not to be called hard."""
HALVINGS = 4
SHOWN = 8
"""Examples of a finding, at most."""


@dataclass(frozen=True)
class Example:
    """One image before and after, uint8 `[H, W]` or `[H, W, 3]`, and what it is taken for then."""

    before: np.ndarray
    after: np.ndarray
    label: str
    taken_for: str
    sure: float


@dataclass(frozen=True)
class LabelFinding:
    """What an augmentation, or all of them together, does to labels."""

    kind: str
    """`changes-class`, `hard`, `weak-judge`, `few-images` or `failed`."""
    technique: str
    """Its id; those of all, joined by ` + `, where they act together; empty where it is about none."""
    what: Message
    remedy: Message
    mend: Augmentation | None = None
    """The same augmentation as it may be kept, where its range was found."""
    examples: tuple[Example, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        mend = self.mend.model_dump(mode="json") if self.mend is not None else None
        return {
            "kind": self.kind, "technique": self.technique, "message": f"{self.what}: {self.remedy}", "mend": mend,
            "values": {key: value for key, value in self.what.values.items() if isinstance(value, (str, int, float))},
        }  # fmt: skip


@dataclass(frozen=True)
class LabelSafety:
    """What was found."""

    images: int
    known: float
    """Share of the images as they are that the judge tells rightly, each by a network that never saw it."""
    findings: tuple[LabelFinding, ...]

    @property
    def safe(self) -> bool:
        """Whether no augmentation was seen to change what an image is."""
        return not any(finding.kind == "changes-class" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        findings = [finding.to_dict() for finding in self.findings]
        return {"images": self.images, "known": self.known, "safe": self.safe, "findings": findings}


def check_labels(
    parts: Parts, augmentations: Sequence[Augmentation], seed: int, report: Report = lambda text, fraction: None
) -> LabelSafety:
    """Look at images of the training part before and after each augmentation, and all of them together.

    `report` is told how far that is, and may raise to end it. Draws from generators of its own: a run that trains
    meanwhile is not changed. Raises `InputError` where there are no classes, no images, or nothing to look at.
    """
    if not augmentations:
        raise InputError("no-augmentation", "tick an augmentation first: without one, no label is in danger")
    return LabelCheck(parts, seed, report).all(tuple(augmentations))


class LabelCheck:
    """The images of a training part and who judges them, ready for any augmentations."""

    def __init__(self, parts: Parts, seed: int, report: Report = lambda text, fraction: None) -> None:
        """Let the judges learn. Arguments and errors as of `check_labels`."""
        training = parts.training
        if parts.spec.task != "classification" or training.ndim != 4 or training.dtype != torch.uint8:
            raise InputError("no-labels-to-check", "only labels of images can be checked, and these data are none")
        part = _some(training, seed)
        self.parts, self.seed, self.report = parts, seed, report
        self.targets = part.targets.cpu()
        self.images = part.inputs.cpu()
        self.classes = parts.spec.outputs
        self.counts = torch.bincount(self.targets, minlength=self.classes)
        text = message("learning-images", "learning what the images look like ({count} of them)", count=len(part))
        self.judge = Judge(self.images, self.targets, self.classes, seed, lambda done: report(text, 0.7 * done))

    def all(self, augmentations: tuple[Augmentation, ...]) -> LabelSafety:
        """Look at the images after each of these augmentations alone, and after all of them together."""
        known = float((self.judge.clean.probabilities.argmax(1) == self.targets).float().mean())
        findings = self._doubts(known)
        if known >= KNOWS:
            variants = [(each,) for each in augmentations] + ([augmentations] if len(augmentations) > 1 else [])
            alone: set[Pair] = set()
            for number, variant in enumerate(variants):
                text = message("judging", "judging the images after {technique}", technique=_name(variant))
                self.report(text, 0.7 + 0.3 * number / len(variants))
                try:
                    verdict = self._verdict(variant)
                    found = self._changes(variant, verdict, len(variants))
                except InputError:
                    raise
                except Exception as error:  # noqa: BLE001 a plugin may raise anything, and the others are to be seen
                    findings.append(_failed(variant, error))
                    continue
                news = found if len(variant) == 1 else [c for c in found if (c.source, c.target) not in alone]
                alone |= {(change.source, change.target) for change in found}
                findings += self._tell(variant, verdict, news)
        return LabelSafety(len(self.targets), known, tuple(findings))

    def _doubts(self, known: float) -> list[LabelFinding]:
        """What keeps the judge from judging."""
        found = []
        if known < KNOWS:
            found.append(LabelFinding(
                "weak-judge", "", message(
                    "weak-judge", "the small networks that judge know only {known} % of the images as they are, and "
                    "can't tell what others look like", known=round(100 * known),
                ), message("remedy-look", "look at the images after augmentation yourself"),
            ))  # fmt: skip
        few = [class_name(self.parts, label) for label, n in enumerate(self.counts.tolist()) if n < LEAST_OF_CLASS]
        if few:
            found.append(LabelFinding(
                "few-images", "", message(
                    "few-to-judge", "of these classes there are fewer than {least} images, and nothing is told of "
                    "them: {classes}", least=LEAST_OF_CLASS, classes=", ".join(few)[:300],
                ), message("remedy-look", "look at the images after augmentation yourself"),
            ))  # fmt: skip
        return found

    def _verdict(self, variant: Sequence[Augmentation]) -> Verdict:
        return self.judge.judge(self._drawn(variant, 0))

    def _drawn(self, variant: Sequence[Augmentation], draw: int) -> Tensor:
        return torch.cat([shrunk(some) for some in self._changed(variant, draw=draw)])

    def _changed(self, variant: Sequence[Augmentation], rows: Tensor | None = None, draw: int = 0) -> list[Tensor]:
        """The images as these augmentations leave them, some at a time; always the same ones of all in a draw."""
        made = []
        for number, start in enumerate(range(0, len(self.images), AT_ONCE)):
            if rows is not None and not ((rows >= start) & (rows < start + AT_ONCE)).any():
                made.append(self.images[start : start + AT_ONCE])
                continue
            with seeded_generators(stream(self.seed, "label-safety", draw, number)):
                drawing = generator(self.seed, "label-safety-draw", draw, number)
                some = self.images[start : start + AT_ONCE].clone()
                for augmentation in variant:
                    some = augmentation(some, drawing)
            made.append(some)
        return made

    def _changes(self, variant: Sequence[Augmentation], first: Verdict, variants: int) -> list[Change]:
        """The pairs of classes of which images of one become the other. Where the first draw shows none, none."""
        clean, told = self.judge.clean, [label for label, n in enumerate(self.counts.tolist()) if n >= LEAST_OF_CLASS]
        pairs = seen(clean, first, self.targets, [(one, other) for one in told for other in told if one != other])
        if not pairs:
            return []
        text = message("judging", "judging the images after {technique}", technique=_name(variant))
        lessons = [self._drawn(variant, DRAWS + number) for number in range(LESSONS)]
        taught = self.judge.taught(lessons, lambda done: self.report(text, None))
        sights = []
        for draw in range(DRAWS):
            small = self._drawn(variant, draw)
            sights.append(Sight((self.judge.judge(small) if draw else first).taken_for, taught(small)))
        tests = variants * self.classes * (self.classes - 1) // 2
        return changes(clean, sights, self.targets, self.judge.side, pairs, tests)

    def _tell(self, variant: tuple[Augmentation, ...], verdict: Verdict, found: list[Change]) -> list[LabelFinding]:
        pairs = [(change.source, change.target) for change in found]
        mend = self._mend(variant[0], pairs) if pairs and len(variant) == 1 else None
        findings = [self._change_finding(variant, verdict, change, mend) for change in found]
        knew = self.judge.clean.probabilities.argmax(1) == self.targets
        knows = knew & (verdict.probabilities.argmax(1) == self.targets)
        affinity = int(knows.sum()) / max(1, int(knew.sum()))
        if affinity < HARD:
            findings.append(LabelFinding(
                "hard", _name(variant), message(
                    "augmentation-hard", "after {technique}, a network that has never seen such images knows {share} "
                    "% of those that it knew before", technique=_name(variant), share=round(100 * affinity),
                ), message(
                    "remedy-hard", "that is no wrong label; it takes more epochs and a larger network, and a weaker "
                    "one may serve better",
                ),
            ))  # fmt: skip
        return findings

    def _change_finding(
        self, variant: tuple[Augmentation, ...], verdict: Verdict, change: Change, mend: Augmentation | None
    ) -> LabelFinding:
        names = [class_name(self.parts, label) for label in (change.source, change.target)]
        what = message(
            "changes-class", "{technique} turns {source} into {target} in {share} % of the images ({low} to {high} %)",
            technique=_name(variant), source=names[0], target=names[1], share=round(100 * change.share),
            low=round(100 * change.low), high=round(100 * change.high),
        )  # fmt: skip
        if mend is not None:
            old, new = variant[0].model_dump(), mend.model_dump()
            field = next(name for name in old if old[name] != new[name])
            remedy = message(
                "remedy-limit", "limit {field} to {value}, where it was not seen any more", field=field,
                value=new[field],
            )  # fmt: skip
        elif len(variant) > 1:
            remedy = message("remedy-together", "leave one of them out, or make them weaker: each alone does not do so")
        else:
            remedy = message("remedy-untick", "untick {technique}", technique=_name(variant))
        return LabelFinding(
            "changes-class", _name(variant), what, remedy, mend, self._examples(variant, verdict, change)
        )

    def _examples(self, variant: Sequence[Augmentation], verdict: Verdict, change: Change) -> tuple[Example, ...]:
        """Those that are most surely taken for the other class."""
        rows = ((self.targets == change.source) & (verdict.taken_for == change.target)).nonzero().squeeze(1)
        rows = rows[verdict.probabilities[rows, change.target].argsort(descending=True)][:SHOWN]
        after = torch.cat(self._changed(variant, rows))[rows]
        source, target = class_name(self.parts, change.source), class_name(self.parts, change.target)
        sure = verdict.probabilities[rows, change.target].tolist()
        return tuple(
            Example(before, changed, source, target, p)
            for before, changed, p in zip(pictures_of(self.images[rows]), pictures_of(after), sure, strict=True)
        )

    def _mend(self, augmentation: Augmentation, pairs: Sequence[Pair]) -> Augmentation | None:
        """The same with the largest of a few smaller ranges of one parameter at which none of these is seen any more.

        Seen, not proved: what is to be kept has to look safe, so the burden of proof is the other way round here.
        """
        for parameter in parameters_of(type(augmentation)):
            value = getattr(augmentation, parameter.name)
            if parameter.name == "p" or type(value) not in (int, float) or not value > 0:
                continue  # that it is done more rarely makes no label right
            for halvings in range(1, HALVINGS + 1):
                smaller = value / 2**halvings
                tried = _with(augmentation, parameter.name, int(smaller) if type(value) is int else smaller)
                if tried is None:
                    break
                self.report(message("trying", "trying {field} of {value}", field=parameter.name, value=smaller), None)
                if not seen(self.judge.clean, self._verdict([tried]), self.targets, pairs):
                    return tried
        return None


def _some(training: Part, seed: int) -> Part:
    """As many of its samples as are judged, of each class in its share."""
    most = min(MOST, max(2, MOST_BYTES * len(training) // max(1, training.bytes)))
    rows = torch.randperm(len(training), generator=generator(seed, "label-safety-rows"))[:most].sort().values
    return training.take(rows.to(training.device))


def _with(augmentation: Augmentation, name: str, value: float) -> Augmentation | None:
    try:
        return type(augmentation)(**{**augmentation.model_dump(), name: value})
    except ValueError:
        return None


def _name(variant: Sequence[Augmentation]) -> str:
    return " + ".join(each.id for each in variant)


def _failed(variant: Sequence[Augmentation], error: Exception) -> LabelFinding:
    return LabelFinding(
        "failed", _name(variant), failed(variant[0], error), message("remedy-failed", "untick it, or mend the plugin")
    )
