"""What was seen inside one run's network, as arrays to be drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.inside.finding import findings
from engine.inside.record import BINS, LayerLook, by_step, edges
from engine.message import Message

LEAST_SHARE = 0.005
"""Of a layer's values: a bin with fewer of them in all looks is not worth the room."""
CENTRES = (edges()[1:] + edges()[:-1]) / 2
"""The middles of the bins, as decimal logarithms."""


class Seen:
    """The looks of a run, in order. A layer that does not train for a while has gaps."""

    def __init__(self, rows: Sequence[LayerLook]) -> None:
        self._rows = rows
        self._looks = by_step(rows)
        self._by_name = [{row.layer: row for row in look} for look in self._looks]
        self.steps = np.array([look[0].step for look in self._looks], dtype=np.float64)
        """Of each look, float64 `[S]`."""
        fullest = max(self._looks, key=len, default=())
        self.layers = [row.layer for row in fullest]
        """From input to output."""

    def __len__(self) -> int:
        return len(self._looks)

    @property
    def findings(self) -> tuple[Message, ...]:
        """What there is to say of it."""
        return findings(self._rows)

    def nearest(self, step: float) -> int:
        """The number of the look nearest to a step."""
        return int(np.argmin(np.abs(self.steps - step)))

    def row(self, look: int, layer: int) -> LayerLook | None:
        """A layer in a look; None where it was not seen then."""
        return self._by_name[look].get(self.layers[layer])

    def figure(self, name: str) -> np.ndarray:
        """A figure of all layers in all looks, float64 `[S, L]`; nan where it does not apply."""
        rows = [[each.get(layer) for layer in self.layers] for each in self._by_name]
        found = [
            [np.nan if row is None or getattr(row, name) is None else getattr(row, name) for row in r] for r in rows
        ]
        return np.array(found, dtype=np.float64).reshape(len(self._looks), len(self.layers))

    def sizes(self, name: str, look: int) -> np.ndarray:
        """How the sizes of a layer's values (`values`) or gradients (`gradients`) are distributed in a look: the share
        of each bin, float64 `[L, BINS]`; zeros where nothing is known."""
        shares = np.zeros((len(self.layers), BINS))
        for number in range(len(self.layers)):
            row = self.row(look, number)
            counts = np.array(getattr(row, name) if row is not None else (), dtype=np.float64)
            if counts.sum() > 0:
                shares[number] = counts / counts.sum()
        return shares

    def span(self, name: str, looks: Sequence[int]) -> tuple[float, float] | None:
        """The range of sizes, as decimal logarithms, that holds what is worth drawing of these looks."""
        worth = np.zeros(BINS, dtype=bool)
        for look in looks:
            worth |= (self.sizes(name, look) > LEAST_SHARE).any(axis=0)
        bins = np.flatnonzero(worth)
        return (float(edges()[bins[0]]), float(edges()[bins[-1] + 1])) if len(bins) else None


def medians(shares: np.ndarray) -> np.ndarray:
    """The size, as a decimal logarithm, below which half of the values lie, of each row of shares; nan of none."""
    sums = np.concatenate([np.zeros((len(shares), 1)), np.cumsum(shares, axis=1)], axis=1)
    return np.array([np.interp(0.5, row, edges()) if row[-1] > 0 else np.nan for row in sums])
