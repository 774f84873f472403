"""Rows of a table of measures: what was measured, what it came to, its limit, and whether it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measure."""

    name: str
    value: float
    unit: str
    limit: float
    at_most: bool = True
    """Whether the limit is an upper one; else a lower one."""

    @property
    def met(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def __str__(self) -> str:
        sign, verdict = "≤" if self.at_most else "≥", "met" if self.met else "MISSED"
        return f"| {self.name} | {self.value:,.3g} {self.unit} | {sign} {self.limit:,.3g} {self.unit} | {verdict} |"


HEAD = "| measure | value | limit | |\n|---|---|---|---|"


def show(rows: Iterable[Row]) -> int:
    """Print the table, each row as soon as it is measured; the exit code is 0 where every limit is kept."""
    print(HEAD)
    met = True
    for row in rows:
        print(row, flush=True)
        met &= row.met
    return 0 if met else 1
