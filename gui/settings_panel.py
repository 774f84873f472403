"""What will be done: recipe, choices, numbers and plugins.

Shows a `RunConfig` and makes one; it holds no other truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from engine.catalogue import Catalogue
from engine.config import ONE_CHOICE, RunConfig, recipe, recipe_names, run_parameters
from engine.message import InputError
from engine.strategy import KINDS, Advice, Strategy
from gui.choice_row import ChoiceRow, QuietComboBox
from gui.fields import LABEL_CHARACTERS, SPACING, FieldRow
from gui.lr_course import LrCourse
from gui.plugin_group import ORDERED, PluginGroup, UnloadedGroup
from gui.plugin_row import PluginRow, UnloadedRow
from gui.scroll_area import UprightScrollArea
from gui.undo import UndoStack
from gui.words import parameter_help, recipe_title, run_title, say, say_invalid

FIRST = ("dataset", "train_samples", "model", "optimizer", "lr", "epochs", "batch_size")
"""The kinds and fields that are always in sight, in order; the rest stand under "More"."""

SCHEDULED = "scheduler"
"""The kind under whose plugins the course of the learning rate is drawn."""


class SettingsPanel(QWidget):
    """The left dock. Empty until it is given a catalogue and settings."""

    changed = Signal(object)
    """The settings, after every change of them."""

    def __init__(self) -> None:
        super().__init__()
        self.catalogue = Catalogue(())
        self._undo: UndoStack | None = None
        self._running: RunConfig | None = None
        self._choices: dict[str, ChoiceRow] = {}
        self._fields: dict[str, FieldRow] = {}
        self._groups: list[PluginGroup] = []
        self._unloaded: UnloadedGroup | None = None
        self.setObjectName("settings")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._stack = QStackedLayout(self)
        waiting = QLabel(self.tr("Loading the techniques…"))
        waiting.setProperty("role", "muted")
        waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack.addWidget(waiting)

    # --- settings in, settings out ---------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether there are settings yet."""
        return self._undo is not None

    @property
    def config(self) -> RunConfig:
        """The settings, all valid. Text that is no value is not in them: see `problem`."""
        assert self._undo is not None
        return self._undo.present

    def begin(self, catalogue: Catalogue, config: RunConfig) -> None:
        """Make the forms."""
        self.catalogue = catalogue
        self._undo = UndoStack(config)
        self._recipes = {name: recipe(name, catalogue) for name in recipe_names()}
        self._stack.addWidget(self._build())
        self._stack.setCurrentIndex(1)
        self._show(keep_errors=False)
        self._bring_offers_forward()

    def set_config(self, config: RunConfig) -> None:
        """Replace the settings; undo brings the former back."""
        assert self._undo is not None
        self._undo.push(config)
        self._show(keep_errors=False)

    def undo(self) -> None:
        """Go back to the former settings."""
        if self._undo is not None and self._undo.can_undo():
            self._undo.undo()
            self._show(keep_errors=False)

    def redo(self) -> None:
        """Take the last undo back."""
        if self._undo is not None and self._undo.can_redo():
            self._undo.redo()
            self._show(keep_errors=False)

    def can_undo(self) -> bool:
        """Whether there are former settings."""
        return self._undo is not None and self._undo.can_undo()

    def can_redo(self) -> bool:
        """Whether an undo can be taken back."""
        return self._undo is not None and self._undo.can_redo()

    def show_running(self, config: RunConfig | None) -> None:
        """Mark what differs from the run that is training; None: there is none."""
        self._running = config
        if self.ready:
            self._mark_running()

    def problem(self) -> str | None:
        """Why a run can't start with what stands in the forms, or None."""
        for row in self._error_rows():
            text = row.error[:1].lower() + row.error[1:]
            return self.tr("{name}: {text}").format(name=row.control.accessibleName(), text=text)
        for _, advice in self.config.advice():
            if advice.level == "error":
                return say(advice.text)
        return None

    def reveal_problem(self) -> None:
        """Bring what is wrong into sight, with the cursor in it."""
        for row in self._error_rows():
            self._more.setChecked(True)
            self.filter_box.clear()
            for choice in self._choices.values():
                if row in choice.errors():
                    choice.reveal()
            row.control.setFocus()
            self._bring_into_sight(row)
            return
        for id, advice in self.config.advice():
            if advice.level == "error":
                self.filter_box.clear()
                self._bring_into_sight(self._owner(id))
                return

    def plugin(self, id: str) -> PluginRow:
        """The row of a plugin. Raises `KeyError`."""
        return {id: row for group in self._groups for id, row in group.rows.items()}[id]

    def field(self, name: str) -> FieldRow:
        """The line of a field of the run. Raises `KeyError`."""
        return self._fields[name]

    def choice(self, kind: str) -> ChoiceRow:
        """The line of a kind of which there is one. Raises `KeyError`."""
        return self._choices[kind]

    @property
    def unloaded(self) -> list[UnloadedRow]:
        """The rows of plugins that could not be loaded."""
        return self._unloaded.rows if self._unloaded else []

    def focus_filter(self) -> None:
        """Put the cursor into the filter box."""
        if self.ready:
            self.filter_box.setFocus()
            self.filter_box.selectAll()
            self._bring_into_sight(self._plugins_heading)

    # --- building --------------------------------------------------------------------------------

    def _build(self) -> QWidget:
        content = QWidget()
        content.setObjectName("settings")
        column = QVBoxLayout(content)
        column.setContentsMargins(16, 12, 4, 16)
        column.setSpacing(SPACING)
        column.addLayout(self._recipe_line())
        parameters = {parameter.name: parameter for parameter in run_parameters()}
        for name in FIRST:
            column.addWidget(self._line(name, parameters))
        column.addWidget(self._more_section([*ONE_CHOICE, *parameters], parameters))
        for widget in self._plugin_section():
            column.addWidget(widget)
        column.addStretch(1)
        self._scroll = UprightScrollArea()
        self._scroll.setWidget(content)
        return self._above_the_note(self._scroll)

    def _above_the_note(self, forms: QWidget) -> QWidget:
        """The note stands below: above, it would move every line under the pointer when a run starts or ends."""
        self._next_run = QLabel(self.tr("A run is training. Changes here count for the next one."))
        self._next_run.setProperty("role", "tag")
        self._next_run.setWordWrap(True)
        self._next_run.setContentsMargins(16, 8, 16, 8)
        self._next_run.hide()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(forms, 1)
        column.addWidget(self._next_run)
        return page

    def _recipe_line(self) -> QHBoxLayout:
        self.recipe_box = QuietComboBox()
        self.recipe_box.setAccessibleName(self.tr("Recipe"))
        self.recipe_box.setPlaceholderText(self.tr("Your own settings"))
        self.recipe_box.setToolTip(self.tr("Settings to begin with. Undo brings yours back."))
        for name in self._recipes:
            self.recipe_box.addItem(recipe_title(name), name)
        self.recipe_box.activated.connect(self._recipe_chosen)
        label = QLabel(self.tr("Recipe"))
        label.setFixedWidth(label.fontMetrics().averageCharWidth() * LABEL_CHARACTERS)
        label.setBuddy(self.recipe_box)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(label)
        line.addWidget(self.recipe_box, 1)
        line.addSpacing(32)  # the column of info and reset buttons
        return line

    def _line(self, name: str, parameters: dict[str, Any]) -> QWidget:
        """The choice of a kind, or the field of a run's parameter."""
        if name in ONE_CHOICE:
            choice = ChoiceRow(name, self.catalogue, self._recall)
            choice.changed.connect(self._choice_changed)
            choice.invalid.connect(self._validity_changed)
            self._choices[name] = choice
            return choice
        row = FieldRow(parameters[name], run_title(name), parameter_help("run", parameters[name]))
        row.edited.connect(self._field_edited)
        self._fields[name] = row
        return row

    def _more_section(self, names: Iterable[str], parameters: dict[str, Any]) -> QWidget:
        self._more = QToolButton()
        self._more.setText(self.tr("More settings"))
        self._more.setAutoRaise(True)
        self._more.setProperty("role", "fold")
        self._more.setCheckable(True)
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.setArrowType(Qt.ArrowType.RightArrow)
        self._more.toggled.connect(self._more_toggled)
        self._more_rows = QWidget()
        rows = QVBoxLayout(self._more_rows)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(SPACING)
        for name in names:
            if name not in FIRST:
                rows.addWidget(self._line(name, parameters))
        self._more_rows.hide()
        section = QWidget()
        column = QVBoxLayout(section)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._more)
        column.addWidget(self._more_rows)
        return section

    def _plugin_section(self) -> list[QWidget]:
        self._plugins_heading = QLabel(self.tr("Techniques"))
        self._plugins_heading.setProperty("role", "heading")
        self.filter_box = QLineEdit()
        self.filter_box.setPlaceholderText(self.tr("Filter (Ctrl+F)"))
        self.filter_box.setAccessibleName(self.tr("Filter techniques"))
        self.filter_box.setClearButtonEnabled(True)
        self.filter_box.textChanged.connect(self._filter)
        self._nothing = QLabel(self.tr("No technique matches."))
        self._nothing.setProperty("role", "muted")
        self._nothing.hide()
        self.lr_course = LrCourse()
        entries = self.catalogue.entries
        for kind, base in KINDS.items():
            of_kind = [entry for entry in entries if entry.kind == kind and entry.strategy]
            if base.many and of_kind:
                group = PluginGroup(kind, of_kind, self.catalogue)
                group.ticked.connect(self._plugin_ticked)
                group.changed.connect(self._plugin_changed)
                group.reordered.connect(self._reordered)
                group.invalid.connect(self._validity_changed)
                self._groups.append(group)
                if kind == SCHEDULED:
                    group.append(self.lr_course)
        unloaded = [entry for entry in entries if not entry.strategy]
        self._unloaded = UnloadedGroup(unloaded) if unloaded else None
        last = [self._unloaded] if self._unloaded else []
        return [self._plugins_heading, self.filter_box, self._nothing, *self._groups, *last]

    # --- showing ---------------------------------------------------------------------------------

    def _show(self, *, keep_errors: bool) -> None:
        config = self.config
        for kind, choice in self._choices.items():
            choice.show_strategy(getattr(config, kind), keep_errors=keep_errors)
        for name, row in self._fields.items():
            if not (keep_errors and row.error):
                row.show_value(getattr(config, name))
        for group in self._groups:
            group.show_config(config, keep_errors=keep_errors)
        self.lr_course.show_config(config)
        self._show_recipe()
        self._show_advice(config.advice())
        self._mark_running()
        self.changed.emit(config)

    def _show_recipe(self) -> None:
        present = _essence(self.config)
        names = [name for name, config in self._recipes.items() if _essence(config) == present]
        self.recipe_box.setCurrentIndex(self.recipe_box.findData(names[0]) if names else -1)

    def _show_advice(self, advice: Sequence[tuple[str, Advice]]) -> None:
        for kind, choice in self._choices.items():
            choice.show_advice([item for owner, item in advice if owner == getattr(self.config, kind).id])
        for group in self._groups:
            group.show_advice(advice)

    def _mark_running(self) -> None:
        running = self._running
        self._next_run.setVisible(running is not None)
        ticked = None if running is None else {s.id: s for s in running.with_}
        for group in self._groups:
            group.show_running(ticked, self.config)

    def _more_toggled(self, opened: bool) -> None:
        self._more.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self._more_rows.setVisible(opened)

    def _filter(self, words: str) -> None:
        sections = [*self._groups, *([self._unloaded] if self._unloaded else [])]
        found = [section.filter(words) for section in sections]
        self._nothing.setVisible(not any(found))

    def _bring_into_sight(self, widget: QWidget) -> None:
        # Once the layout has made room for what was just opened.
        QTimer.singleShot(0, widget, lambda: self._scroll.ensureWidgetVisible(widget, 0, 48))

    def _error_rows(self) -> list[FieldRow]:
        rows = [row for row in self._fields.values() if row.error]
        for part in (*self._choices.values(), *self._groups):
            rows += part.errors()
        return rows

    def _owner(self, id: str) -> QWidget:
        """The widget of a strategy."""
        for group in self._groups:
            if id in group.rows:
                return group.rows[id]
        return next(choice for kind, choice in self._choices.items() if getattr(self.config, kind).id == id)

    # --- changing --------------------------------------------------------------------------------

    def _commit(self, config: RunConfig, key: object = None) -> None:
        assert self._undo is not None
        self._undo.push(config, key)
        self._show(keep_errors=True)

    def _recall(self, id: str) -> Strategy | None:
        """The parameters on offer for a strategy that is not chosen."""
        return next((s for s in self.config.offered if s.id == id), None)

    def _recipe_chosen(self, index: int) -> None:
        self.set_config(self._recipes[self.recipe_box.itemData(index)])
        self._bring_offers_forward()

    def _bring_offers_forward(self) -> None:
        """What a recipe offers stands first in sight: a beginner is not to look for it among sixty."""
        chosen = self._recipes.get(self.recipe_box.currentData())
        ids = [strategy.id for strategy in chosen.offered] if chosen else []
        for group in self._groups:
            group.keep_in_sight(ids)

    def _field_edited(self, name: str, raw: Any) -> None:
        try:
            config = self.config.changed({name: raw})
        except InputError as error:
            self._fields[name].show_error(say_invalid(error, name))
            self._validity_changed()
            return
        self._fields[name].show_value(getattr(config, name))
        self._commit(config, ("run", name))

    def _choice_changed(self, strategy: Strategy, name: str) -> None:
        former: Strategy = getattr(self.config, strategy.kind)
        offered = [s for s in self.config.offered if s.id != strategy.id]
        if former.id != strategy.id:
            offered.append(former)  # so that its parameters are there when it is chosen again
        config = self.config.changed({strategy.kind: strategy, "offered": tuple(offered)})
        self._commit(config, (strategy.id, name) if name else None)

    def _plugin_ticked(self, strategy: Strategy, on: bool) -> None:
        if not on:
            self._commit(self.config.unticked(strategy.id))
            return
        config = self.config.ticked(strategy)
        if strategy.kind == ORDERED:
            group = next(group for group in self._groups if group.kind == ORDERED)
            config = _in_order(config, group.order_with(strategy.id))
        self._commit(config)

    def _plugin_changed(self, strategy: Strategy, name: str) -> None:
        self._commit(self.config.ticked(strategy), (strategy.id, name))

    def _reordered(self, ids: list[str]) -> None:
        self._commit(_in_order(self.config, ids))

    def _validity_changed(self) -> None:
        self.changed.emit(self.config)


def _in_order(config: RunConfig, ids: Sequence[str]) -> RunConfig:
    """With the plugins of these ids in this order, in the places that they have among the others."""
    named = {s.id: s for s in config.with_ if s.id in ids}
    following = iter([named[id] for id in ids if id in named])
    return config.changed({"with_": tuple(next(following) if s.id in named else s for s in config.with_)})


def _essence(config: RunConfig) -> tuple[Any, ...]:
    """Settings as far as they differ in what they mean: offers of the defaults, and their order, don't count."""
    offered = sorted((s for s in config.offered if s != type(s)()), key=lambda s: s.id)
    return config.model_copy(update={"offered": ()}), tuple(offered)
