"""What several regularizers say of settings, in the same words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.message import message
from engine.strategy import Advice

if TYPE_CHECKING:
    from engine.config import RunConfig


def changes_nothing(field: str) -> Advice:
    """That with 0 at this field the technique changes nothing."""
    return Advice("warning", message("changes-nothing", "with {field}=0 it changes nothing", field=field), field)


def advice_on_width(config: RunConfig) -> Iterable[Advice]:
    """Of a fully connected layer whose one feature, brought to mean 0, is 0."""
    widths = getattr(config.model, "hidden", ())
    if "norm" in config.model.slots and isinstance(widths, tuple) and 1 in widths:
        yield Advice("warning", message(
            "norm-of-one-feature", "it makes 0 of what a layer of width 1 puts out, so nothing of the inputs comes "
            "through: make the layer wider, or untick it"
        ))  # fmt: skip
