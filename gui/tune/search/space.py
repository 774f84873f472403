"""What a search may choose: a line for each thing, the likely ones ticked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.message import InputError
from engine.searches.begin import Offer, offers
from engine.searches.space import Free, parse_space
from gui.tune.search import words
from gui.tune.search.space_row import Left, SpaceRow
from gui.words import parameter_help, say, summary


class SpaceList(QWidget):
    """Of the settings on the left, or of a study, which does not change any more."""

    changed = Signal()
    """By the user."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, SpaceRow] = {}
        self._config: RunConfig | None = None
        self._catalogue: Catalogue | None = None
        self._kept: dict[str, Left] = {}
        """What the user has changed, by its name: other settings bring it back."""
        self._space: tuple[Free, ...] = ()
        self.heading = QLabel()
        self.heading.setProperty("role", "heading")
        self.heading.setWordWrap(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.heading)

    # --- what is shown ---------------------------------------------------------------------------

    def show_settings(self, config: RunConfig, catalogue: Catalogue) -> None:
        """Offer what a search of these settings could choose; what the user has ticked and typed stays."""
        if config == self._config and catalogue is self._catalogue:
            return
        self._config, self._catalogue, self._space = config, catalogue, ()
        self.heading.setText(self.tr("Tick what is to be searched"))
        self._clear()
        for offer in offers(config, catalogue):
            row = self._row(offer, catalogue)
            if offer.free.name in self._kept:
                row.take(self._kept[offer.free.name])
            row.changed.connect(partial(self._on_changed, offer.free.name))
        self._look()

    def show_space(self, space: tuple[Free, ...], catalogue: Catalogue) -> None:
        """Show what a study searches."""
        if space == self._space:
            return
        self._config, self._space = None, space
        self.heading.setText(self.tr("What this study searches, which stays as it is"))
        self._clear()
        for free in space:
            self._row(Offer(free, picked=True), catalogue).lock()

    def _row(self, offer: Offer, catalogue: Catalogue) -> SpaceRow:
        name = offer.free.name
        row = self.rows[name] = SpaceRow(
            offer.free, words.called(name, catalogue), _help(offer), offer.known, picked=offer.picked
        )
        self._column.addWidget(row)
        return row

    def _clear(self) -> None:
        for row in self.rows.values():
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = {}

    def _on_changed(self, name: str) -> None:
        self._kept[name] = self.rows[name].left
        self._look()
        self.changed.emit()

    def _look(self) -> None:
        """Say beside each line what is wrong with it."""
        for row in self.rows.values():
            row.show_problem(self._problem([row.text]) if row.picked else "")

    # --- what is chosen --------------------------------------------------------------------------

    @property
    def texts(self) -> list[str]:
        """What is ticked, as `--tune` has it."""
        return [row.text for row in self.rows.values() if row.picked]

    @property
    def problem(self) -> str:
        """Why it can't be searched; empty where it can."""
        if not self.texts:
            return self.tr("Tick at least one line.")
        return self._problem(self.texts)

    def _problem(self, texts: Sequence[str]) -> str:
        if self._config is None or self._catalogue is None:
            return ""
        try:
            parse_space(texts, self._config, self._catalogue)
        except InputError as error:
            return say(error.message)
        return ""


def _help(offer: Offer) -> str:
    if offer.parameter is not None:
        return parameter_help(offer.strategy.id if offer.strategy is not None else "run", offer.parameter)
    return summary(offer.strategy) if offer.strategy is not None else ""
