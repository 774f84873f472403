"""What the check of a folder of pictures says: its kinds and gravities in words, and the settings that mend."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QLabel

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.strategy_text import parse_strategy
from gui.widgets.looks import as_tip

if TYPE_CHECKING:
    from engine.data_checks.finding import DataCheck

SEVERITIES = {"error": "To be mended", "warning": "To be looked at", "info": "Good to know"}
MENDS = {
    "keep-together": "Keep groups together", "balance": "Balanced sampling", "validate-more": "Larger validation part",
}  # fmt: skip
LONG = re.compile(r"[/_.-]|[^\s/_.-]{12}")
"""After what of a name its line may be broken."""
KEPT, BALANCER = "keep_together", "balanced-sampling"


def check_words(table: dict[str, str], key: str) -> str:
    """A word of one of these tables."""
    return QCoreApplication.translate("DataCheck", table.get(key, key))


def show_with_names(label: QLabel, text: str) -> None:
    """Show a text in which names of files may stand, however long: they are broken where the line ends."""
    label.setText(LONG.sub("\\g<0>\N{ZERO WIDTH SPACE}", text))
    label.setToolTip(as_tip(text))


def mended(config: RunConfig, mend: str, check: DataCheck, catalogue: Catalogue) -> RunConfig:
    """The settings with what mends a finding; as they are where they have it, or the data set can't."""
    if mend == "keep-together":
        if KEPT not in type(config.dataset).model_fields:
            return config
        return config.changed({"dataset": config.dataset.model_copy(update={KEPT: "similar"})})
    if mend == "balance":
        ticked = any(strategy.id == BALANCER for strategy in config.with_)
        return config if ticked else config.ticked(parse_strategy(BALANCER, catalogue, None, config))
    return config.changed({"validation_samples": str(check.validation)}) if check.validation else config
