"""What a look at a folder of pictures finds of its classes and parts: who is missing where, and how many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from engine.catalogue import nearest
from engine.config import run_parameters
from engine.data import TEST_SHARE, amount
from engine.data_checks.finding import Finding, Severity, remedy
from engine.message import Message, message
from engine.pictures.folder import PictureFile
from engine.trained.network import wilson

UNEVEN, VERY_UNEVEN = 2.0, 5.0
"""How many times as many training pictures as the smallest class the largest has, where that is told and warned of.
Accuracy falls the more, the greater it is (Buda, Maki, Mazurowski 2017, arXiv:1710.05381)."""
FEW, FEW_OF_CLASS = 50, 5
"""Pictures to validate on, at least, in all and for each class. Of an accuracy of 90 % on 50, the 95 % interval is
from 79 to 96 % (Wilson 1927)."""
MOST = 0.3
"""Share of the training pictures that is advised to validate on, at most."""

Places = dict[str, Counter[str]]
"""By part, how many pictures each class has."""


def places_of(files: Sequence[PictureFile]) -> Places:
    """How many pictures each class has, in each part that has any."""
    places: Places = {}
    for file in files:
        places.setdefault(file.part, Counter())[file.label] += 1
    return places


def mismatched(files: Sequence[PictureFile], listed: Sequence[Message]) -> Iterator[Finding]:
    """Classes that one part has and another lacks, and names that may mean the same."""
    places = places_of(files)
    training = places.get("training", Counter())
    if len(training) < 2:
        what = message(
            "too-few-classes-there", "there are pictures to train on of {count} classes, and at least two are needed",
            count=len(training),
        )  # fmt: skip
        yield Finding("class-mismatch", "error", (), what, remedy("make-classes"))
    for part, here in places.items():
        for label in sorted(here.keys() - training.keys()):
            held = tuple(file.name for file in files if file.part == part and file.label == label)
            what = message(
                "untaught-class", "the class {label} has pictures for {part} ({count}) and none to train on: they "
                "are left out{nearest}", label=label, count=len(held), part=part,
                nearest=nearest(label, sorted(training)),
            )  # fmt: skip
            yield Finding("class-mismatch", "error", held, what, remedy("class-folder"))
        for label in sorted(training.keys() - here.keys()):
            what = message(
                "unmeasured-class", "the class {label} has {count} pictures to train on and none for {part}",
                label=label, count=training[label], part=part,
            )  # fmt: skip
            yield Finding("class-mismatch", "warning", (), what, remedy("fill-part"))
    for text in listed:
        if text.code == "empty-folder":
            yield Finding("class-mismatch", "warning", (str(text.values["name"]),), text, remedy("class-folder"))
    spelt: dict[str, str] = {}
    for label in sorted(training):
        plain = "".join(label.casefold().split())
        if plain in spelt:
            what = message("classes-alike", "{one} and {other} are two classes", one=spelt[plain], other=label)
            yield Finding("class-mismatch", "warning", (), what, remedy("one-name"))
        spelt.setdefault(plain, label)


def uneven(files: Sequence[PictureFile]) -> Iterator[Finding]:
    """How much larger the largest class is than the smallest, where that is much."""
    counts = places_of(files).get("training", Counter())
    if len(counts) < 2:
        return
    (most, many), (least, few) = max(counts.items(), key=_size), min(counts.items(), key=_size)
    if many < UNEVEN * few:
        return
    what = message(
        "imbalance", "the class {most} has {times} times as many pictures to train on as {least}: {many} and {few}",
        most=most, least=least, many=f"{many:,}", few=f"{few:,}", times=f"{many / few:.1f}",
    )  # fmt: skip
    severity: Severity = "warning" if many >= VERY_UNEVEN * few else "info"
    yield Finding("imbalance", severity, (), what, remedy("balance"), "balance")


def _size(item: tuple[str, int]) -> tuple[int, str]:
    return item[1], item[0]


def hardly_validated(files: Sequence[PictureFile]) -> Iterator[Finding]:
    """That there are too few pictures to validate on, where there are."""
    places = places_of(files)
    classes = len(places.get("training", ()))
    if classes < 2:
        return
    need = max(FEW, FEW_OF_CLASS * classes)
    if "validation" in places:
        held = sum(places["validation"].values())
        code, template = "tiny-validation", "the validation part has {count} pictures of {classes} classes"
    else:
        held = amount(_default_amount(), _trained(places), "validation_samples")
        code, template = "tiny-cut", "the validation part will have {count} pictures of {classes} classes"
    if held >= need:
        return
    low, high = wilson(0.9, max(1, held))
    what = message(
        code, template + ": where 90 % of them are right, it may be anything from {low} to {high} of others",
        count=held, classes=classes, low=f"{low:.0%}", high=f"{high:.0%}",
    )  # fmt: skip
    if "validation" in places:
        yield Finding("tiny-validation", "warning", (), what, remedy("more-pictures"))
    else:
        advised = enough_to_validate(files)
        yield Finding("tiny-validation", "warning", (), what, remedy("validate-more", samples=advised), "validate-more")


def enough_to_validate(files: Sequence[PictureFile]) -> int:
    """How many pictures to set aside for validation, where the part is cut from the others."""
    places = places_of(files)
    return min(max(FEW, FEW_OF_CLASS * len(places["training"])), round(MOST * _trained(places)))


def _trained(places: Places) -> int:
    """How many pictures are left to train and validate on."""
    count = sum(places["training"].values())
    return count if "test" in places else count - round(TEST_SHARE * count)


def _default_amount() -> str:
    return str(next(each.default for each in run_parameters() if each.name == "validation_samples"))
