"""The recipe that the settings are, or began with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.config import RunConfig
from gui.settings.choice_row import QuietComboBox
from gui.settings.fields import SPACING
from gui.widgets.name_label import NameLabel, ResetButton
from gui.words import recipe_title


class RecipeLine(QWidget):
    """Chooses a recipe; where the settings have left the one that they began with, leads back to it."""

    chosen = Signal(str)
    """The name of the recipe."""

    def __init__(self, recipes: Mapping[str, RunConfig]) -> None:
        super().__init__()
        self._essences = {name: essence(config) for name, config in recipes.items()}
        self._base = ""
        self.box = QuietComboBox()
        self.box.setAccessibleName(self.tr("Recipe"))
        self.box.setPlaceholderText(self.tr("Your own settings"))
        self.box.setToolTip(self.tr("Settings to begin with. Undo brings yours back."))
        for name in recipes:
            self.box.addItem(recipe_title(name), name)
        self.box.activated.connect(self._activated)
        self.reset = ResetButton(self.tr("recipe"), "")
        self.reset.clicked.connect(self._back)
        self._label = NameLabel(self.tr("Recipe"))
        self._label.setBuddy(self.box)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACING)
        line.addWidget(self._label)
        line.addWidget(self.box, 1)
        line.addWidget(self.reset)

    @property
    def name(self) -> str:
        """The recipe that the settings are; empty where they are none."""
        return self.box.currentData() or ""

    def show_config(self, config: RunConfig) -> None:
        """Name the recipe that these settings are; else say that they have left it."""
        present = essence(config)
        name = next((name for name, recipe in self._essences.items() if recipe == present), "")
        self.box.setCurrentIndex(self.box.findData(name) if name else -1)
        self._base = name or self._base
        left = not name and bool(self._base)
        self._label.mark(left)
        self.reset.setVisible(left)
        text = self.tr("Changed. Back to the recipe: {name}. Undo brings your settings back.")
        self.reset.setToolTip(text.format(name=recipe_title(self._base)) if left else "")

    @Slot(int)
    def _activated(self, index: int) -> None:
        self.chosen.emit(self.box.itemData(index))

    @Slot()
    def _back(self) -> None:
        self.box.setFocus()
        self.chosen.emit(self._base)


def essence(config: RunConfig) -> tuple[Any, ...]:
    """Settings as far as they differ in what they mean: offers of the defaults, and their order, don't count."""
    offered = sorted((s for s in config.offered if s != type(s)()), key=lambda s: s.id)
    return config.model_copy(update={"offered": ()}), tuple(offered)
