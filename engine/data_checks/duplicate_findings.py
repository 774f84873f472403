"""Pictures of a folder that are the same or nearly so, and where that spoils a figure: in two classes, or two parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from engine.data_checks.finding import Finding, remedy
from engine.grouping import Ints, join
from engine.message import Message, listed, message, phrase
from engine.pictures.folder import ORDER
from engine.pictures.look import Looked
from engine.pictures.names import series_pairs
from engine.pictures.near_duplicates import FRAME_EDGE, alike_in_series, similar_groups
from engine.pictures.reader import Progress


def duplicates(looked: Looked, progress: Progress) -> Iterator[Finding]:
    """The same picture more than once, nearly the same, frames of one burst, and which of them lie in several parts.

    A group that lies in several parts is told as what it is, and as a leak besides.
    """
    cut = not {"validation", "test"} <= {file.part for file in looked.files}
    text = message("comparing-pictures", "comparing {count} pictures", count=f"{len(looked.files):,}")
    exact = _equal(looked.digests)
    for rows in _groups(exact):
        yield _exact(looked, rows)
    first = np.unique(exact)  # of each group of equal ones, one is compared with the others
    near = similar_groups(looked.grey[first], looked.colour[first], lambda done: progress.tell(text, done))
    nearly = first[near][np.searchsorted(first, exact)]
    for rows in _groups(nearly):
        if len(set(exact[rows].tolist())) > 1:
            yield _near(looked, rows, cut=cut)
    pairs = series_pairs(looked.files)
    sides = np.array([min(header.width, header.height) for header in looked.headers], np.int64)
    pairs = pairs[(sides[pairs] >= FRAME_EDGE).all(1)]
    pairs = pairs[alike_in_series(looked.grey, looked.colour, pairs, lambda done: progress.tell(text, done))]
    together = nearly.copy()
    join(together, pairs)
    for rows in _groups(together):
        parts = _in_order(looked.files[row].part for row in rows)
        if len(parts) > 1:
            yield _leak(looked, rows, parts, burst=len(set(nearly[rows].tolist())) > 1)
        elif cut and len(set(nearly[rows].tolist())) > 1:
            yield _burst(looked, rows)


def _equal(digests: tuple[bytes, ...]) -> Ints:
    """For each picture the first that is equal to it."""
    known: dict[bytes, int] = {}
    return np.array([known.setdefault(digest, row) for row, digest in enumerate(digests)], np.int64)


def _groups(numbers: Ints) -> Iterator[list[int]]:
    """The rows of each group of two or more."""
    members: dict[int, list[int]] = defaultdict(list)
    for row, number in enumerate(numbers.tolist()):
        members[number].append(row)
    return (rows for rows in members.values() if len(rows) > 1)


def _exact(looked: Looked, rows: list[int]) -> Finding:
    classes = _classes(looked, rows)
    if len(classes) > 1:
        what = message(
            "one-picture-two-classes", "one picture is filed under {classes}: {names}", classes=listed(classes),
            names=_names(looked, rows),
        )  # fmt: skip
        return Finding("exact-duplicate", "error", _files(looked, rows), what, remedy("one-class"))
    what = message("exact-duplicate", "the same picture, {count} times: {names}", **_values(looked, rows))
    return Finding("exact-duplicate", "warning", _files(looked, rows), what, remedy("remove-copies"))


def _near(looked: Looked, rows: list[int], *, cut: bool) -> Finding:
    classes = _classes(looked, rows)
    if len(classes) > 1:
        what = message(
            "near-picture-two-classes", "nearly the same picture is filed under {classes}: {names}",
            classes=listed(classes), names=_names(looked, rows),
        )  # fmt: skip
        return Finding("near-duplicate", "warning", _files(looked, rows), what, remedy("one-class"))
    what = message("near-duplicate", "nearly the same picture, {count} times: {names}", **_values(looked, rows))
    if not cut:
        return Finding("near-duplicate", "warning", _files(looked, rows), what, remedy("remove-copies"))
    return Finding("near-duplicate", "warning", _files(looked, rows), what, remedy("keep-together"), "keep-together")


def _burst(looked: Looked, rows: list[int]) -> Finding:
    what = message(
        "burst", "{count} frames that follow each other and are nearly alike: {names}", **_values(looked, rows)
    )
    return Finding("near-duplicate", "info", _files(looked, rows), what, remedy("keep-together"), "keep-together")


def _leak(looked: Looked, rows: list[int], parts: list[str], *, burst: bool) -> Finding:
    code, what = (
        ("leak-burst", "frames of one burst lie") if burst else ("leak", "the same or nearly the same picture lies")
    )
    text: Message = message(
        code, what + " in the parts for {parts}, so that accuracy is measured on what was learnt by heart: {names}",
        parts=listed(sorted(parts, key=ORDER.index), "part"), names=_names(looked, rows),
    )  # fmt: skip
    return Finding("leak", "error", _files(looked, rows), text, remedy("move"))


def _values(looked: Looked, rows: list[int]) -> dict[str, str | int]:
    return {"count": len(rows), "names": _names(looked, rows)}


def _files(looked: Looked, rows: list[int]) -> tuple[str, ...]:
    return tuple(looked.files[row].name for row in rows)


def _classes(looked: Looked, rows: list[int]) -> list[str]:
    return _in_order(looked.files[row].label for row in rows)


def _in_order(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _names(looked: Looked, rows: list[int], most: int = 3) -> str:
    names = [looked.files[row].name for row in rows[:most]]
    if len(rows) <= most:
        return ", ".join(names)
    return phrase("and-more", "{names} and {more} more", names=", ".join(names), more=len(rows) - most)
