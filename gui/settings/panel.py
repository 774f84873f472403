"""What will be done: recipe, choices, numbers and techniques.

Shows a `RunConfig` and makes one; it holds no other truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QStackedLayout, QVBoxLayout, QWidget

from engine.catalogue import Catalogue
from engine.config import RunConfig, recipe, recipe_names
from engine.message import InputError
from engine.strategy import Advice, Strategy
from gui.settings.choice_row import ChoiceRow
from gui.settings.fields import SPACING, FieldRow
from gui.settings.foot import SettingsFoot
from gui.settings.plugin_group import ORDERED
from gui.settings.plugin_row import PluginRow, UnloadedRow
from gui.settings.recipe_line import RecipeLine
from gui.settings.run_form import RunForm
from gui.settings.techniques import Techniques
from gui.settings.undo import UndoStack
from gui.widgets.scroll_area import UprightScrollArea
from gui.words import say, say_invalid


class SettingsPanel(QWidget):
    """The left dock. Empty until it is given a catalogue and settings."""

    changed = Signal(object)
    """The settings, after every change of them."""
    fork_pressed = Signal()
    """The run that is training is to be kept, and to go on from this moment with these settings as a new one."""
    find_lr_asked = Signal()
    """A learning rate is looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.catalogue = Catalogue(())
        self._undo: UndoStack | None = None
        self._running: RunConfig | None = None
        self.foot = SettingsFoot()
        self.foot.fork_pressed.connect(self.fork_pressed)
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
        self._build()
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

    def show_estimate(self, text: str, warnings: Sequence[str] = ()) -> None:
        """Say below the settings what the run will take, and warn where that is too much, or more than need be."""
        self.foot.show_estimate(text, warnings)

    def show_measured(self, advice: Sequence[tuple[str, Advice]]) -> None:
        """Say at techniques, besides what is said of the settings, what came of a measurement."""
        self.techniques.show_advice([*self.config.advice(), *advice])

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
            self._reveal(row)
            row.control.setFocus()
            return
        for id, advice in self.config.advice():
            if advice.level == "error":
                self._reveal(self._owner(id))
                return

    def plugin(self, id: str) -> PluginRow:
        """The row of a plugin. Raises `KeyError`."""
        return self.techniques.rows[id]

    def field(self, name: str) -> FieldRow:
        """The line of a field of the run. Raises `KeyError`."""
        return self.form.fields[name]

    def choice(self, kind: str) -> ChoiceRow:
        """The line of a kind of which there is one. Raises `KeyError`."""
        return self.form.choices[kind]

    @property
    def filter_box(self) -> QLineEdit:
        """Where techniques are looked for."""
        return self.techniques.filter_box

    @property
    def recipe_box(self) -> QComboBox:
        """Where a recipe is chosen."""
        return self.recipe.box

    @property
    def unloaded(self) -> list[UnloadedRow]:
        """The rows of plugins that could not be loaded."""
        return self.techniques.unloaded

    def focus_filter(self) -> None:
        """Put the cursor into the filter box."""
        if self.ready:
            self.filter_box.setFocus()
            self.filter_box.selectAll()
            self._bring_into_sight(self.techniques.heading)

    # --- building --------------------------------------------------------------------------------

    def _build(self) -> None:
        """Put the forms in their place. The place comes first: a style sheet goes through all that is put anywhere."""
        page = QWidget()
        self._stack.addWidget(page)
        self._scroll = UprightScrollArea()
        self._scroll.setAccessibleName(self.tr("Settings"))
        below = QVBoxLayout(page)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(self._scroll, 1)
        below.addWidget(self.foot)
        content = QWidget()
        content.setObjectName("settings")
        self._scroll.setWidget(content)
        column = QVBoxLayout(content)
        column.setContentsMargins(16, 12, 4, 16)
        column.setSpacing(SPACING)
        self.recipe = RecipeLine(self._recipes)
        self.recipe.chosen.connect(self._recipe_chosen)
        self.form = RunForm(self.catalogue, self._recall, self._recipes["default"])
        self.form.choice_changed.connect(self._choice_changed)
        self.form.field_edited.connect(self._field_edited)
        self.form.invalid.connect(self._validity_changed)
        self.form.find_lr_asked.connect(self.find_lr_asked)
        column.addWidget(self.recipe)
        column.addWidget(self.form)
        self.techniques = Techniques(self.catalogue, content)
        self.techniques.ticked.connect(self._plugin_ticked)
        self.techniques.changed.connect(self._plugin_changed)
        self.techniques.reordered.connect(self._reordered)
        self.techniques.invalid.connect(self._validity_changed)
        column.addWidget(self.techniques)
        column.addStretch(1)

    # --- showing ---------------------------------------------------------------------------------

    def _show(self, *, keep_errors: bool) -> None:
        config = self.config
        self.form.show_config(config, keep_errors=keep_errors)
        self.techniques.show_config(config, keep_errors=keep_errors)
        self.recipe.show_config(config)
        advice = config.advice()
        self.form.show_advice(advice, config)
        self.techniques.show_advice(advice)
        self._mark_running()
        self.changed.emit(config)

    def _mark_running(self) -> None:
        running, present = self._running, self.config
        self.techniques.show_running(running, present)
        differs = running is not None and _without_offers(running) != _without_offers(present)
        self.foot.show_running(running=running is not None, differs=differs)

    def _reveal(self, line: QWidget) -> None:
        """Open whatever hides a line of a form, and scroll to it."""
        self.form.reveal(line)
        for id, row in self.techniques.rows.items():
            if row is line or row.isAncestorOf(line):
                self.techniques.reveal(id)
        self._bring_into_sight(line)

    def _bring_into_sight(self, widget: QWidget) -> None:
        # Once the layout has made room for what was just opened.
        QTimer.singleShot(0, widget, lambda: self._scroll.ensureWidgetVisible(widget, 0, 48))

    def _error_rows(self) -> list[FieldRow]:
        return [*self.form.errors(), *self.techniques.errors()]

    def _owner(self, id: str) -> QWidget:
        """The widget of a strategy."""
        if id in self.techniques.rows:
            return self.techniques.rows[id]
        return next(choice for kind, choice in self.form.choices.items() if getattr(self.config, kind).id == id)

    # --- changing --------------------------------------------------------------------------------

    def _commit(self, config: RunConfig, key: object = None) -> None:
        assert self._undo is not None
        self._undo.push(config, key)
        self._show(keep_errors=True)

    def _recall(self, id: str) -> Strategy | None:
        """The parameters on offer for a strategy that is not chosen."""
        return next((s for s in self.config.offered if s.id == id), None)

    @Slot(str)
    def _recipe_chosen(self, name: str) -> None:
        self.set_config(self._recipes[name])
        self._bring_offers_forward()

    def _bring_offers_forward(self) -> None:
        """What a recipe offers stands first in sight: a beginner is not to look for it among sixty."""
        chosen = self._recipes.get(self.recipe.name)
        self.techniques.keep_in_sight([strategy.id for strategy in chosen.offered] if chosen else [])

    def _field_edited(self, name: str, raw: Any) -> None:
        try:
            config = self.config.changed({name: raw})
        except InputError as error:
            self.field(name).show_error(say_invalid(error))
            self.form.tell_hidden()
            self._validity_changed()
            return
        self.field(name).show_value(getattr(config, name))
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
            config = _in_order(config, self.techniques.order_with(strategy.id))
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


def _without_offers(config: RunConfig) -> RunConfig:
    """The settings as far as a run has them."""
    return config.model_copy(update={"offered": ()})
