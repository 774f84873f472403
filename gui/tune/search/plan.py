"""What is searched, how it goes on, and the same as a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.catalogue import Catalogue
from engine.config import RunConfig
from gui.tune.search.options import OptionFields
from gui.tune.search.space import SpaceList
from gui.widgets.command_line import CommandLine
from gui.widgets.labels import text_label
from gui.widgets.scroll_area import UprightScrollArea

if TYPE_CHECKING:
    from engine.searches.study import Plan


class PlanPage(UprightScrollArea):
    """Of a new search, where all can be chosen, or of a study, where only its end can be moved."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("What is searched"))
        self.explanation, self.problem, self.of_command = (
            text_label(role="muted"),
            text_label(role="error"),
            text_label(),
        )
        self.options, self.space, self.command = OptionFields(), SpaceList(), CommandLine()
        content = QWidget()
        content.setProperty("role", "page")
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 4, 8)
        column.setSpacing(8)
        options = self.options
        for widget in (
            self.explanation, options.limits, self.space, self.problem, options.method, self.of_command, self.command,
        ):  # fmt: skip
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(content)
        self.options.changed.connect(self.changed)
        self.space.changed.connect(self.changed)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Let everything be chosen."""
        self.options.let_choose(True)
        self.explanation.setText(
            self.tr(
                "Many short runs of the settings on the left, each with other values of what is ticked, chosen by what "
                "came of the others; bad ones are given up early. All is compared on the validation part."
            )
        )
        self.of_command.setText(self.tr("The same in a terminal. Copy writes the settings that it searches."))

    def show_settings(self, config: RunConfig, catalogue: Catalogue) -> None:
        """Offer what these settings have to be searched."""
        self.space.show_settings(config, catalogue)

    def show_plan(self, plan: Plan, study: str, catalogue: Catalogue) -> None:
        """Show what a study searches."""
        self.options.show_plan(plan.sampler, plan.pruner, study)
        self.space.show_space(plan.space, catalogue)
        self.explanation.setText(
            self.tr("A study of these settings: {settings}.").format(
                settings=", ".join([plan.config.dataset.id, plan.config.model.id, *(s.id for s in plan.config.with_)])
            )
        )
        self.of_command.setText(
            self.tr(
                "In a terminal, here or on another machine that has this folder, this takes part in the search, or "
                "goes on with it. Machines without a common folder share a database: see the guide."
            )
        )

    def show_command(self, words: str, problem: str) -> None:
        """Show the command, or why there is none."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.command.set_words(words)
        self.command.setVisible(bool(words))
        self.of_command.setVisible(bool(words))
