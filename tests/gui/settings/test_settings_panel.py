"""The settings panel: forms from declarations, a `RunConfig` in and out, and what is said beside the fields."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from engine.catalogue import Catalogue, Entry, discover
from engine.config import recipe
from engine.message import message
from engine.parameter import Parameter
from engine.strategy import Advice, Field, Regularizer, Scheduler
from gui.settings.controls import PathBox
from gui.settings.panel import SettingsPanel
from gui.settings.strategy_form import StrategyForm
from tests.gui.driving import dispose, pump, type_into


@pytest.fixture
def panel(app, catalogue):
    made = SettingsPanel()
    made.begin(catalogue, recipe("first-lesson", catalogue))
    made.show()
    yield made
    made.close()
    made.deleteLater()
    dispose(app)


def test_shows_the_settings_and_gives_them_back(panel, catalogue):
    assert panel.config == recipe("first-lesson", catalogue)
    assert panel.field("epochs").control.raw() == "40"
    assert panel.choice("model").form.row("hidden").control.raw() == ["512", "256"]
    assert panel.recipe_box.currentData() == "first-lesson"


def test_every_plugin_ticked_comes_back_as_it_went_in(panel, catalogue):
    config = panel.config
    for entry in catalogue.entries:
        if entry.strategy and entry.strategy.many and entry.id != "cosine":
            config = config.ticked(entry.strategy())
    panel.set_config(config)
    assert panel.config == config
    assert all(panel.plugin(s.id).box.isChecked() for s in config.with_)
    for strategy in config.with_:  # a keystroke in any form gives the same settings, not others
        form = panel.plugin(strategy.id).form
        for row in form.rows if form else []:
            row.edited.emit(row.parameter.name, row.control.raw())
    assert panel.config == config


def test_ticking_opens_the_form_with_the_parameters_on_offer(panel):
    row = panel.plugin("reduce-lr-on-plateau")
    assert row.form is None
    row.box.click()
    assert [s.id for s in panel.config.with_] == ["reduce-lr-on-plateau"]
    assert panel.config.with_[0].patience == 2
    assert row.form.isVisible()
    assert row.form.row("patience").control.raw() == "2"


def test_unticking_loses_nothing(panel):
    row = panel.plugin("dropout")
    row.box.click()
    type_into(row.form.row("p"), "0.35")
    row.box.click()
    assert panel.config.with_ == ()
    assert not row.form.isVisible()
    row.box.click()
    assert panel.config.with_[0].p == 0.35


def test_another_model_and_back_keeps_its_parameters(panel):
    choice = panel.choice("model")
    for id in ("cnn", "mlp"):
        index = choice.combo.findData(id)
        choice.combo.setCurrentIndex(index)
        choice.combo.activated.emit(index)
        assert panel.config.model.id == id
    assert panel.config.model.hidden == (512, 256)
    assert choice.form.row("hidden").control.raw() == ["512", "256"]


@pytest.mark.parametrize(
    ("text", "said"), [("0", "greater than or equal to 1"), ("ten", "valid integer"), ("", "valid integer")]
)
def test_a_value_that_cannot_be_is_explained_beside_its_field(panel, text, said):
    row = panel.field("epochs")
    type_into(row, text)
    assert panel.config.epochs == 40
    assert row.error and said in row.error
    assert row.note.isVisible() and row.error in row.note.text()
    assert row.error[1:] in panel.problem()
    type_into(row, "30")
    assert panel.config.epochs == 30
    assert not row.error and not row.note.isVisible()
    assert panel.problem() is None


def test_an_amount_is_explained_in_words(panel):
    type_into(panel.field("train_samples"), "many")
    assert "2000" in panel.field("train_samples").error and "pattern" not in panel.field("train_samples").error


def test_text_that_is_no_value_survives_changes_elsewhere_but_not_undo(panel):
    row = panel.field("batch_size")
    type_into(panel.field("epochs"), "12")
    type_into(row, "-")
    panel.plugin("dropout").box.click()
    assert row.control.raw() == "-" and row.error
    panel.undo()
    assert row.control.raw() == "64" and not row.error


def test_typing_is_not_rewritten(panel):
    row = panel.field("lr")
    type_into(row, "1e-2")
    assert panel.config.lr == 0.01
    assert row.control.raw() == "1e-2"


def test_what_differs_from_the_default_can_be_reset(panel):
    row = panel.field("epochs")
    assert row.reset.isVisible() and not panel.field("batch_size").reset.isVisible()
    row.reset.click()
    assert panel.config.epochs == 20
    assert row.control.raw() == "20" and not row.reset.isVisible()


def press(button):
    """Press a button by the keyboard."""
    assert button.isVisible() and button.focusPolicy() & Qt.FocusPolicy.TabFocus
    QTest.keyClick(button, Qt.Key.Key_Space)


CHANGES = {
    "seed": 7, "epochs": 3, "batch_size": 8, "lr": 0.5, "train_samples": "500", "validation_samples": "300",
    "split_seed": 9, "monitor": "val_accuracy", "precision": "bfloat16", "device": "cpu", "threads": "1",
    "compile": True, "keep_every": 4, "look_inside": 10, "name": "mine",
}  # fmt: skip


def test_each_field_of_the_run_is_marked_and_reset_by_itself(panel, catalogue):
    assert CHANGES.keys() == panel.form.fields.keys()
    usual = recipe("default", catalogue)
    panel.set_config(usual)
    panel.form.more.setChecked(True)
    assert not any(row.changed or row.reset.isVisible() for row in panel.form.fields.values())
    panel.set_config(usual.changed(CHANGES))
    for name in CHANGES:
        row, before = panel.field(name), panel.config
        assert row.changed
        press(row.reset)
        assert not row.changed and not row.reset.isVisible()
        assert panel.config == before.changed({name: getattr(usual, name)})
        panel.undo()
        assert row.changed and panel.config == before
        panel.redo()
    assert panel.config == usual


def test_each_choice_is_marked_and_reset_by_itself(panel, catalogue):
    usual = recipe("default", catalogue)
    panel.form.more.setChecked(True)
    panel.set_config(usual)
    for kind, choice in panel.form.choices.items():
        assert choice.changes == 0 and not choice.reset.isVisible()
        other = next(cls for cls in catalogue.of_kind(kind) if cls.id != getattr(usual, kind).id)
        panel.set_config(usual.ticked(other()))
        assert choice.changes == 1
        press(choice.reset)
        assert getattr(panel.config, kind) == getattr(usual, kind) and choice.changes == 0
        panel.undo()
        assert getattr(panel.config, kind).id == other.id


def test_settings_that_left_their_recipe_find_back_with_all_their_ticks(panel, catalogue):
    line = panel.recipe
    assert line.name == "first-lesson" and not line.reset.isVisible()
    panel.plugin("dropout").box.click()
    type_into(panel.field("epochs"), "7")
    mine = panel.config
    assert line.name == "" and "First lesson" in line.reset.toolTip()
    press(line.reset)
    assert panel.config == recipe("first-lesson", catalogue) and not line.reset.isVisible()
    panel.undo()
    assert panel.config == mine and line.reset.isVisible()


def test_the_mark_is_seen(panel):
    label = panel.field("epochs")._label
    marked = label.grab().toImage()
    label.mark(False)
    assert label.grab().toImage() != marked


def test_arrows_step_within_bounds(panel):
    row = panel.field("lr")
    row.control.stepBy(1)
    assert panel.config.lr == 0.002
    row.control.stepBy(-2)
    assert panel.config.lr == 0.0005
    type_into(panel.field("epochs"), "1")
    panel.field("epochs").control.stepBy(-1)
    assert panel.config.epochs == 1


def test_a_technique_without_its_slot_is_an_error_at_its_row(panel):
    panel.plugin("dropout").box.click()
    choice = panel.choice("model")
    index = choice.combo.findData("linear")
    choice.combo.setCurrentIndex(index)
    choice.combo.activated.emit(index)
    note = panel.plugin("dropout").note
    assert note.isVisible() and "linear" in note.text()
    assert panel.problem() is not None


def test_advice_stands_beside_the_parameter_that_it_concerns(panel):
    panel.plugin("early-stopping").box.click()
    type_into(panel.field("epochs"), "5")
    row = panel.plugin("early-stopping").form.row("patience")
    assert row.note.isVisible() and "epochs 5" in row.note.text()
    assert panel.problem() is None  # a warning keeps nobody from starting
    type_into(panel.field("epochs"), "30")
    assert not row.note.isVisible()


def test_augmentations_keep_the_order_of_the_user(panel):
    for id in ("random-resized-crop", "random-horizontal-flip"):
        panel.plugin(id).box.click()
    ids = [s.id for s in panel.config.augmentations]
    panel.plugin("dropout").box.click()
    first = panel.plugin(ids[0])
    first.moved.emit(ids[0], 1)
    assert [s.id for s in panel.config.augmentations] == ids[::-1]
    pump(lambda: panel.plugin(ids[1]).y() < first.y())
    first.moved.emit(ids[0], 1)  # it is the last: nowhere to go
    assert [s.id for s in panel.config.augmentations] == ids[::-1]
    config = panel.config
    panel.undo()
    panel.set_config(config)
    assert [s.id for s in panel.config.augmentations] == ids[::-1]


def test_undo_and_redo(panel):
    start = panel.config
    panel.plugin("dropout").box.click()
    for text in ("0.3", "0.35"):
        type_into(panel.plugin("dropout").form.row("p"), text)
    end = panel.config
    panel.undo()
    assert panel.config.with_[0].p == 0.5  # keystrokes in one field are one change
    panel.undo()
    assert panel.config == start and not panel.plugin("dropout").box.isChecked()
    assert not panel.can_undo()
    panel.redo()
    panel.redo()
    assert panel.config == end and not panel.can_redo()


def test_a_recipe_replaces_the_settings_and_undo_brings_them_back(panel, catalogue):
    type_into(panel.field("epochs"), "7")
    assert panel.recipe_box.currentIndex() == -1
    mine = panel.config
    index = panel.recipe_box.findData("default")
    panel.recipe_box.setCurrentIndex(index)
    panel.recipe_box.activated.emit(index)
    assert panel.config == recipe("default", catalogue)
    panel.undo()
    assert panel.config == mine


class Grumbles(Regularizer):
    """Has something to say."""

    p: float = Field(0.5, ge=0)
    """A number."""

    def advice(self, config, data=None):
        yield Advice("warning", message("consider", "think twice"), "p")
        yield Advice("error", message("wrong", "this can't be"), "p")
        yield Advice("warning", message("consider", "and again"))


@pytest.fixture
def grumbling(app, catalogue):
    """A panel in which a technique is ticked that says what is wrong, and what to consider."""
    entries = Catalogue((*catalogue.entries, Entry("grumbles", "regularizer", Grumbles, "test")))
    made = SettingsPanel()
    made.begin(entries, recipe("default", entries).ticked(Grumbles()))
    made.show()
    yield made
    made.close()
    made.deleteLater()
    dispose(app)


def test_errors_and_warnings_of_one_field_are_told_apart(grumbling):
    note = grumbling.plugin("grumbles").form.row("p").note
    assert note.errors() == "\N{HEAVY BALLOT X} This can't be"
    assert note.warnings() == "\N{WARNING SIGN} Think twice"
    assert grumbling.plugin("grumbles").note.text() == "\N{WARNING SIGN} And again"
    error, warning = note._errors.property("role"), note._warnings.property("role")
    assert error == "error" and warning != error


def test_a_folded_group_says_what_is_wrong_in_it(grumbling):
    [group] = [group for group in grumbling.techniques.groups if group.kind == "regularizer"]
    assert "wrong" not in group.heading.text()
    group.heading.setChecked(False)
    assert group.heading.text().endswith("\N{HEAVY BALLOT X} 1 wrong  \N{WARNING SIGN} 2 to consider")
    assert "1 wrong" in group.heading.accessibleName() and group.heading.property("wrong") is True
    grumbling.set_config(grumbling.config.unticked("grumbles"))
    assert "wrong" not in group.heading.text() and group.heading.property("wrong") is False


def test_what_is_typed_wrongly_is_told_at_the_fold_that_hides_it(panel):
    panel.plugin("dropout").box.click()
    type_into(panel.plugin("dropout").form.row("p"), "7")
    [group] = [group for group in panel.techniques.groups if group.kind == "regularizer"]
    group.heading.setChecked(False)
    assert "1 wrong" in group.heading.text()
    panel.reveal_problem()
    assert panel.plugin("dropout").form.isVisible()
    group.heading.setChecked(False)
    type_into(panel.plugin("dropout").form.row("p"), "0.7")
    assert "wrong" not in group.heading.text()


def test_more_settings_say_what_differs_and_what_is_wrong_among_them(panel):
    more = panel.form.more
    assert more.text() == "More settings  1 changed"  # the recipe's validation samples
    type_into(panel.field("threads"), "many")
    assert more.text() == "More settings  2 changed  \N{HEAVY BALLOT X} 1 wrong"
    panel.reveal_problem()
    assert panel.field("threads").isVisible() and more.text() == "More settings"
    type_into(panel.field("threads"), "auto")
    more.setChecked(False)
    assert more.text() == "More settings  1 changed"


def test_folded_parameters_say_what_differs(panel):
    choice = panel.choice("optimizer")
    assert choice._fold.text() == "4 parameters"
    choice.reveal()
    type_into(choice.form.rows[0], "0.5")
    choice._fold.setChecked(False)
    assert choice._fold.text() == "4 parameters  1 changed"
    type_into(choice.form.rows[0], "half")
    assert choice._fold.text() == "4 parameters  1 changed  \N{HEAVY BALLOT X} 1 wrong"


def test_the_filter_says_what_it_hides_that_is_ticked(panel):
    panel.plugin("dropout").box.click()
    panel.filter_box.setText("weight")
    assert panel.techniques.filtered.text() == "Ticked, but hidden by the filter: 1"
    type_into(panel.plugin("dropout").form.row("p"), "7")
    assert "1 wrong" in panel.techniques.filtered.text()
    panel.plugin("weight-decay").box.click()
    assert not panel.plugin("dropout").isVisible(), "ticking something does not undo the filter"
    panel.reveal_problem()
    assert panel.plugin("dropout").form.row("p").isVisible() and not panel.techniques.filtered.isVisible()


@pytest.mark.parametrize("words", ["dropout", "드롭아웃", "neuron relies"])
def test_the_filter_finds_in_both_languages(panel, words):
    panel.filter_box.setText(words)
    assert panel.plugin("dropout").isVisible()
    assert not panel.plugin("weight-decay").isVisible()
    panel.filter_box.setText("no such thing")
    assert not panel.plugin("dropout").isVisible()
    panel.filter_box.setText("weight")
    assert panel.plugin("weight-decay").isVisible(), "the filter looks behind the button too"
    panel.filter_box.clear()
    assert panel.plugin("dropout").isVisible() and not panel.plugin("weight-decay").isVisible()


def test_what_the_recipe_offers_is_in_sight_and_the_rest_behind_a_button(panel, catalogue):
    def shown():
        return {id for group in panel.techniques.groups for id, row in group.rows.items() if row.isVisible()}

    offered = {s.id for s in recipe("first-lesson", catalogue).offered}
    assert shown() == offered
    [others] = [group._others for group in panel.techniques.groups if group.kind == "regularizer"]
    everything = {entry.id for entry in catalogue.entries if entry.kind == "regularizer"}
    assert others.text() == f"{len(everything) - 1} more"
    others.click()
    assert shown() == offered | everything and others.text() == f"{len(everything) - 1} fewer"
    panel.plugin("mixup").box.click()
    others.click()
    assert shown() == offered | {"mixup"}, "what is ticked stays in sight"
    panel.undo()
    assert shown() == offered | {"mixup"}, "and does not jump away when it is taken back"
    panel.set_config(panel.config.ticked(catalogue.entry("cutmix").strategy()))
    assert "cutmix" in shown(), "whoever ticked it"
    panel.recipe_box.activated.emit(panel.recipe_box.findData("default"))
    assert shown() == {entry.id for entry in catalogue.entries if entry.strategy and entry.strategy.many}
    assert not others.isVisible()
    panel.recipe_box.activated.emit(panel.recipe_box.findData("first-lesson"))
    assert shown() == offered


def test_during_a_run_what_differs_is_marked_for_the_next(panel):
    panel.show_running(panel.config)
    panel.plugin("dropout").box.click()
    tag = panel.plugin("dropout").next_tag
    assert tag.isVisible() and not panel.plugin("weight-decay").next_tag.isVisible()
    panel.show_running(None)
    assert not tag.isVisible()


def test_a_fork_is_offered_where_the_settings_are_not_those_of_the_run(panel):
    pressed = []
    panel.fork_pressed.connect(lambda: pressed.append(True))
    fork = panel.foot.fork
    panel.plugin("dropout").box.click()
    assert not fork.isVisible()
    panel.show_running(panel.config)
    assert not fork.isVisible(), "there is nothing to go on with"
    type_into(panel.plugin("dropout").form.row("p"), "0.3")
    press(fork)
    assert pressed == [True]
    type_into(panel.plugin("dropout").form.row("p"), "0.5")
    assert not fork.isVisible()
    panel.plugin("mixup").box.click()
    panel.show_running(None)
    assert not fork.isVisible()


def test_what_the_run_will_take_stands_below(panel, app):
    panel.show_estimate("About 12 MB", ["Only 3 MB are free"])
    app.processEvents()
    height = panel.foot.estimate.height()
    assert panel.foot.estimate.text() == "About 12 MB" and panel.foot.warning.warnings().endswith("Only 3 MB are free")
    panel.show_estimate("")
    app.processEvents()
    assert not panel.foot.warning.isVisible() and panel.foot.estimate.height() == height


def choose(panel, kind, id):
    combo = panel.choice(kind).combo
    combo.setCurrentIndex(combo.findData(id))
    combo.activated.emit(combo.currentIndex())
    return panel.choice(kind).form


@pytest.mark.parametrize(("kind", "id"), [("dataset", "fashion-mnist"), ("initializer", "from-checkpoint")])
def test_a_path_can_be_looked_for(panel, kind, id, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(PathBox, "ask", lambda box, start: asked.append(start) or str(tmp_path))
    panel.form.more.setChecked(True)
    row = choose(panel, kind, id).row("path")
    press(row.control.button)
    assert getattr(panel.config, kind).path == str(tmp_path) and row.changed
    press(row.control.button)
    assert asked == ["", str(tmp_path)], "it begins where one is"
    monkeypatch.setattr(PathBox, "ask", lambda box, start: "")
    press(row.control.button)
    assert getattr(panel.config, kind).path == str(tmp_path), "nothing chosen, nothing changed"
    press(row.reset)
    assert getattr(panel.config, kind).path == ""
    type_into(row, "/some/where")
    assert getattr(panel.config, kind).path == "/some/where"


def test_a_folder_is_asked_for_where_the_parameter_is_one(panel, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/folder")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/file", ""))
    assert choose(panel, "dataset", "fashion-mnist").row("path").control.ask("") == "/folder"
    assert choose(panel, "initializer", "from-checkpoint").row("path").control.ask("") == "/file"
    named = PathBox(Parameter("image_folder", "str", "", "Where the images are."))
    assert named.ask("") == "/folder"
    named.deleteLater()


def test_no_line_moves_under_the_pointer_when_a_run_starts_or_ends(panel, app):
    box = panel.plugin("dropout").box
    app.processEvents()
    before = box.mapTo(panel, QPoint())
    for running in (panel.config, None):
        panel.show_running(running)
        app.processEvents()
        assert box.mapTo(panel, QPoint()) == before


def test_a_plugin_that_did_not_load_is_greyed_with_its_reason(app, catalogue, tmp_path):
    (tmp_path / "broken.py").write_text("raise ValueError('no such luck')\n")
    (tmp_path / "needy.py").write_text("import a_library_that_is_absent\n")
    entries = discover(tmp_path, entry_points=False)
    panel = SettingsPanel()
    panel.begin(entries, recipe("first-lesson", entries))
    reasons = {row.id: row for row in panel.unloaded}
    assert "no such luck" in reasons["broken"].reason.text()
    assert "needs the module a_library_that_is_absent" in reasons["needy"].reason.text()
    assert not reasons["broken"].box.isEnabled()
    panel.deleteLater()
    dispose(app)


class Everything(Regularizer):
    """One parameter of each type."""

    whole: int = Field(3, ge=0, le=9)
    """A whole number."""
    real: float = Field(0.5, ge=0)
    """A number."""
    yes: bool = False
    """A switch."""
    word: str = "a"
    """A text."""
    one: Literal["left", "right"] = "left"
    """A choice."""
    counts: tuple[Annotated[int, Field(ge=1)], ...] = (1, 2)
    """A list."""
    pair: tuple[float, float] = (0.7, 1.0)
    """A list of two."""
    perhaps: float | None = None
    """A number or none."""


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("whole", "7", 7),
        ("real", "0.001", 0.001),
        ("yes", True, True),
        ("word", "b c", "b c"),
        ("one", "right", "right"),
        ("counts", ["4", "5", "6"], (4, 5, 6)),
        ("pair", ["0.5", "2"], (0.5, 2.0)),
        ("perhaps", "0.25", 0.25),
    ],
)
def test_each_type_of_parameter_has_a_control(app, name, raw, value):
    entries = Catalogue([Entry("everything", "regularizer", Everything, "test")])
    form = StrategyForm(Everything(), entries)
    given = []
    form.changed.connect(lambda strategy, _: given.append(strategy))
    row = form.row(name)
    row.control.show_value(value)
    assert row.control.raw() == raw
    row.control.edited.emit()
    assert getattr(given[-1], name) == value and not row.error
    form.show_strategy(Everything())
    row.control.edited.emit()
    assert getattr(given[-1], name) == row.parameter.default
    form.deleteLater()
    dispose(app)


def test_a_list_of_the_wrong_length_is_an_error(app):
    form = StrategyForm(Everything(), Catalogue([Entry("everything", "regularizer", Everything, "test")]))
    type_into(form.row("pair"), "0.5")
    assert form.row("pair").error
    assert form.errors() == [form.row("pair")]
    form.deleteLater()
    dispose(app)


def test_the_learning_rate_over_the_run_is_drawn_while_a_schedule_is_ticked(panel):
    course = panel.techniques.lr_course
    assert not course.isVisible()
    panel.plugin("one-cycle").box.click()
    assert course.isVisible()
    rates = [lr for _, lr in course.curve.course]
    assert max(rates) == pytest.approx(panel.config.lr, rel=1e-3)
    assert rates[0] < rates[len(rates) // 3] > rates[-1]
    assert course.words.text() == "Learning rate as planned: 4e-05 at first, at most 0.001, 4e-09 at last"
    before = course.curve.grab().toImage()
    type_into(panel.plugin("one-cycle").form.row("pct_start"), "0.9")
    assert course.curve.grab().toImage() != before
    panel.plugin("one-cycle").box.click()
    assert not course.isVisible()


def test_a_plateau_alone_has_nothing_to_act_on_yet(panel):
    panel.plugin("reduce-lr-on-plateau").box.click()
    assert panel.techniques.lr_course.words.text() == "Learning rate as planned: 0.001, until a plateau is seen"


def test_a_schedule_that_raises_harms_no_form(app, catalogue):
    class Broken(Scheduler):
        """Raises when asked."""

        def lr_factor(self, progress, history):
            raise RuntimeError("no")

    made = SettingsPanel()
    made.begin(
        Catalogue((*catalogue.entries, Entry("broken", "scheduler", Broken, "test"))), recipe("default", catalogue)
    )
    made.show()
    made.plugin("broken").box.click()
    assert [s.id for s in made.config.with_] == ["broken"]
    assert not made.techniques.lr_course.isVisible()
    made.close()
    made.deleteLater()
    dispose(app)
