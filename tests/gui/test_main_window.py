"""The window as a person uses it, from the first start to a run that goes on after the window was closed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialog, QLabel, QLineEdit, QMenu
from safetensors.torch import load_file

import engine.store
from engine.checkpoints.checkpoint import read_checkpoint
from engine.checkpoints.header import read_meta
from engine.config import RunConfig, recipe
from engine.events import Failed, Finished
from engine.runs import new_run
from gui.actions import ACTIONS
from gui.main_window import MINIMUM
from gui.training.session import State
from gui.widgets.icons import pixmap
from gui.widgets.theme import LIGHT
from tests.gui.driving import pump, type_into

EPOCHS = 3


def last_of(run_folder: Path) -> Path:
    return run_folder / "checkpoints" / "last.safetensors"


def learnt(path: Path) -> dict[str, torch.Tensor]:
    """What the network learnt, and the optimizer's memory."""
    return {name: t for name, t in load_file(path).items() if name.startswith(("model.", "optimizer."))}


def assert_equal_tensors(first: Path, second: Path) -> None:
    one, other = learnt(first), learnt(second)
    assert one.keys() == other.keys() and len(one) > 6
    assert all(torch.equal(one[name], other[name]) for name in one)


def train_without_window(config: RunConfig, catalogue, workspace: Path) -> Path:
    """The run's folder."""
    trainer = new_run(config, catalogue, workspace)
    events = [event for event in trainer.run() if event is not None]
    assert isinstance(events[-1], Finished)
    return Path(trainer.store.where)


def test_the_first_lesson_from_start_to_overlay(open_window, workspace, catalogue):
    window = open_window(workspace)
    assert window.panel.config == recipe("first-lesson", catalogue)
    assert window.session.state is State.READY and not window.window.actions_by_name["stop"].isEnabled()
    window.set(epochs=EPOCHS, threads="1")
    window.press("start")
    assert window.session.state is State.PREPARING
    assert not window.window.actions_by_name["start"].isEnabled()  # pressed twice, it starts once
    pump(lambda: window.session.state is State.RUNNING)
    assert window.window.actions_by_name["pause"].isEnabled() and window.window.actions_by_name["queue"].isEnabled()
    window.wait_for_end()
    run = window.session.run
    assert isinstance(run.outcome, Finished) and run.outcome.epochs == EPOCHS
    assert len(run.history.epochs) == EPOCHS and len(run.history.steps) == EPOCHS * 32
    told = window.window.happening.facts.text()
    assert f"{100 * run.outcome.test_accuracy:.1f} %" in told and "2,000 training" in told
    window.tick("dropout")
    window.train()
    assert [run.label for run in window.session.runs] == ["MLP", "MLP + Dropout"]
    assert [run.label for run in window.window.runs.list.overlays] == ["MLP"]
    assert window.overlay_labels() == ["MLP"]


def test_a_run_of_the_window_equals_one_without_it(open_window, workspace, catalogue, tmp_path):
    window = open_window(workspace)
    window.set(epochs=2, threads="1", train_samples="600")
    window.tick("dropout")
    window.tick("random-resized-crop")
    config = window.panel.config
    window.train()
    alone = train_without_window(config, catalogue, tmp_path / "elsewhere")
    assert_equal_tensors(last_of(window.session.run.folder), last_of(alone))


def test_stop_save_close_open_load_continue(open_window, workspace, catalogue, tmp_path):
    """The whole of what a person may do to a run, and the run is as if nothing had been done to it."""
    window = open_window(workspace)
    window.set(epochs=8, threads="1")
    window.tick("dropout")
    window.tick("random-resized-crop")
    config = window.panel.config
    window.press("start")
    window.wait_for_epoch(1)
    window.press("stop")
    window.wait_for_end()
    folder = window.session.run.folder
    assert window.session.run.outcome.stopped and window.session.run.outcome.epochs < 8
    file = tmp_path / "kept.safetensors"
    window.conductor.ask_save = lambda *_: file
    window.press("save")
    assert str(file) in window.says("saved")
    window.close()

    window = open_window(workspace)
    assert window.panel.config == config
    window.conductor.ask_open = lambda *_: file
    window.press("load")
    pump(lambda: window.says("loaded"))
    stopped_at = read_meta(file)["progress"]["step"]
    assert window.last_step_drawn() == stopped_at
    assert window.panel.config.with_ == config.with_
    window.answer("loaded")
    pump(lambda: window.session.busy)
    window.wait_for_end()
    assert window.session.run.outcome.epochs == 8
    assert [int(step) for step in window.session.run.history.steps[:, 0]] == list(range(1, 8 * 32 + 1))
    assert window.session.run.folder != folder  # the file lay in no run's folder
    whole = train_without_window(config, catalogue, tmp_path / "whole")
    assert_equal_tensors(last_of(window.session.run.folder), last_of(whole))


def test_closing_in_a_run_saves_it_and_the_next_start_offers_to_go_on(open_window, workspace, catalogue, tmp_path):
    window = open_window(workspace)
    config = window.set(epochs=12, threads="1")
    window.press("start")
    window.wait_for_epoch(1)
    window.close()
    (folder,) = (workspace / "runs").iterdir()
    assert read_meta(last_of(folder))["progress"]["reason"] is None

    window = open_window(workspace)
    assert "of 12" in window.says("unfinished")
    window.answer("unfinished")
    pump(lambda: window.session.busy)
    window.wait_for_end()
    assert window.session.run.folder == folder
    assert_equal_tensors(last_of(folder), last_of(train_without_window(config, catalogue, tmp_path / "whole")))
    window.close()
    window = open_window(workspace)
    assert not window.says("unfinished")


def test_not_now_is_remembered(open_window, workspace):
    window = open_window(workspace)
    window.set(epochs=30, threads="1")
    window.press("start")
    pump(lambda: window.session.state is State.RUNNING)
    window.close()
    window = open_window(workspace)
    window.answer("unfinished", 1)
    assert not window.says("unfinished")
    window.close()
    assert not open_window(workspace).says("unfinished")


def test_stopped_then_continued_in_the_same_window(open_window, workspace, catalogue, tmp_path):
    window = open_window(workspace)
    config = window.set(epochs=12, threads="1")
    window.press("start")
    window.wait_for_epoch(1)
    window.press("pause")
    assert window.session.state is State.PAUSED
    assert window.window.actions_by_name["pause"].text() == "Resume"
    window.press("pause")
    assert window.session.state is State.RUNNING
    window.press("stop")
    window.wait_for_end()
    folder = window.session.run.folder
    window.press("continue")
    pump(lambda: window.session.busy)
    window.wait_for_end()
    assert window.session.run.folder == folder and len(window.session.runs) == 1
    assert window.overlay_labels() == []  # the run is no overlay of itself
    assert_equal_tensors(last_of(folder), last_of(train_without_window(config, catalogue, tmp_path / "whole")))


def test_a_run_that_ended_trains_ten_epochs_more(open_window, workspace):
    window = open_window(workspace)
    window.set(epochs=1, threads="1", train_samples="200")
    window.train()
    assert not window.window.actions_by_name["continue"].isEnabled()
    window.press("more")
    pump(lambda: window.session.busy)
    window.wait_for_end()
    assert window.session.run.outcome.epochs == 11
    assert len(window.session.run.history.epochs) == 11


def test_a_run_that_was_stopped_trains_ten_epochs_more_than_planned(open_window, workspace):
    window = open_window(workspace)
    window.set(epochs=6, threads="1", train_samples="200")
    window.press("start")
    window.wait_for_epoch(1)
    window.press("stop")
    window.wait_for_end()
    assert window.window.actions_by_name["continue"].isEnabled()
    window.press("more")
    pump(lambda: window.session.busy)
    window.wait_for_end()
    assert window.session.run.outcome.epochs == 16


def test_saving_in_mid_run_gives_a_whole_checkpoint(open_window, workspace, tmp_path):
    window = open_window(workspace)
    window.set(epochs=40, threads="1")
    window.press("start")
    window.wait_for_epoch(1)
    window.conductor.ask_save = lambda *_: tmp_path / "now"
    window.press("save")
    pump(lambda: window.says("saved"))
    assert read_checkpoint(tmp_path / "now.safetensors").meta["progress"]["step"] >= 32
    assert window.session.state is State.RUNNING


def test_saving_where_nothing_can_be_written_says_so_and_the_run_goes_on(open_window, workspace, tmp_path):
    window = open_window(workspace)
    window.set(epochs=40, threads="1")
    window.press("start")
    window.wait_for_epoch(1)
    window.conductor.ask_save = lambda *_: tmp_path / "absent" / "now.safetensors"
    window.press("save")
    pump(lambda: window.says("saved"))
    assert "No such file" in window.says("saved")
    epochs = len(window.session.run.history.epochs)
    window.wait_for_epoch(epochs + 1)
    assert window.session.state is State.RUNNING


def damaged(source: Path, target: Path, change) -> Path:
    data = bytearray(source.read_bytes())
    target.write_bytes(bytes(change(data)))
    return target


def test_beside_a_damaged_checkpoint_the_good_one_is_a_button_away(open_window, workspace):
    window = open_window(workspace)
    window.set(epochs=2, threads="1", train_samples="200")
    window.train()
    run = window.session.run
    last = last_of(run.folder)
    whole = (last.parent / "best.safetensors").read_bytes()
    (last.parent / "best.safetensors").unlink()  # it may be a second name of the last
    (last.parent / "best.safetensors").write_bytes(whole)
    damaged(last, last, lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    window.press("more")  # it fails, as the last one is damaged
    pump(lambda: window.says("failed"))
    window.answer("failed", "Load best.safetensors")
    pump(lambda: window.says("loaded"))
    assert window.session.run.source == last.parent / "best.safetensors"
    window.conductor.load_file(last)
    pump(lambda: window.says("refused"))
    window.answer("refused", "Load best.safetensors")
    pump(lambda: window.says("loaded"))
    assert not window.says("refused")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data[: len(data) // 2], "damaged"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "damaged"),
        (lambda data: b"no checkpoint at all", "not a Tunedeck checkpoint"),
    ],
)
def test_a_checkpoint_that_is_none_gives_one_line_and_changes_nothing(open_window, workspace, tmp_path, change, said):
    window = open_window(workspace)
    window.set(epochs=1, threads="1", train_samples="200")
    window.train()
    run, config = window.session.run, window.panel.config
    path = damaged(last_of(run.folder), tmp_path / "bad.safetensors", change)
    window.conductor.ask_open = lambda *_: path
    window.press("load")
    pump(lambda: window.says("refused"))
    assert said in window.says("refused") and "\n" not in window.says("refused")
    assert window.session.run is run and window.panel.config == config
    assert window.session.state is State.READY and window.last_step_drawn() == 4


def test_settings_layout_and_theme_return(open_window, workspace):
    window = open_window(workspace)
    window.set(epochs=17)
    window.tick("dropout")
    window.tick("dropout")
    config = window.panel.config
    window.window.resize(1100, 700)
    window.press("theme_dark")
    happening = window.window.docks[1]
    happening.close()
    window.close()

    window = open_window(workspace)
    assert window.panel.config == config and window.panel.config.offered == config.offered
    assert window.window.height() == 700  # the offscreen platform's screen is too small for the width
    assert window.window.theme.is_dark and window.window.actions_by_name["theme_dark"].isChecked()
    assert not window.window.docks[1].isVisible()
    window.press("reset_layout")
    assert window.window.docks[1].isVisible()
    window.press("theme_light")
    assert not window.window.theme.is_dark


def test_settings_that_are_no_yaml_are_told_and_the_first_lesson_stands_in(open_window, workspace, catalogue):
    workspace.mkdir()
    (workspace / "settings.yaml").write_text("epochs: [not closed")
    window = open_window(workspace)
    assert "settings.yaml" in window.says("settings")
    assert window.panel.config == recipe("first-lesson", catalogue)


def test_a_workspace_that_cannot_be_written_is_told(open_window, workspace):
    workspace.parent.mkdir(exist_ok=True)
    workspace.write_text("a file where the folder should be")
    window = open_window(workspace)
    window.press("start")
    window.wait_for_end()
    assert str(workspace) in window.says("workspace") + window.says("failed")
    assert window.session.state is State.READY and window.session.runs == []


def test_start_with_a_value_that_cannot_be_starts_nothing_and_shows_where(open_window, workspace):
    window = open_window(workspace)
    type_into(window.panel.field("lr"), "fast")
    window.press("start")
    assert window.session.state is State.READY
    assert "Learning rate" in window.says("problem")
    assert window.panel.field("lr").control.hasFocus() or not window.window.isActiveWindow()
    type_into(window.panel.field("lr"), "0.01")
    assert not window.says("problem")


def test_ticking_in_a_run_counts_for_the_next(open_window, workspace):
    window = open_window(workspace)
    window.set(epochs=40, threads="1")
    window.press("start")
    pump(lambda: window.session.state is State.RUNNING)
    window.tick("dropout")
    assert window.plugin("dropout").next_tag.isVisible()
    assert window.session.run.config.with_ == ()
    window.press("stop")
    window.wait_for_end()
    assert not window.plugin("dropout").next_tag.isVisible()


def test_a_run_that_fails_says_why_and_shows_the_traceback(open_window, workspace):
    plugins = workspace / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "unlucky.py").write_text(
        "from engine.strategy import Augmentation, hookimpl\n\n\n"
        "class Unlucky(Augmentation):\n    '''Raise in the first step.'''\n\n"
        "    def __call__(self, images, generator):\n        raise RuntimeError('no luck today')\n\n\n"
        "@hookimpl\ndef register_strategies():\n    return [Unlucky]\n"
    )
    (plugins / "broken.py").write_text("import engine.strategy\nthis is not Python\n")
    window = open_window(workspace)
    assert [row.id for row in window.panel.unloaded] == ["broken"]
    window.set(epochs=2, threads="1")
    window.tick("unlucky")
    window.train()
    assert isinstance(window.session.run.outcome if window.session.run else None, Failed) or window.says("failed")
    assert "nlucky" in window.says("failed") and "no luck today" in window.says("failed")
    window.tick("unlucky")
    window.train()
    assert isinstance(window.session.run.outcome, Finished) and not window.says("failed")


def test_the_runs_of_the_workspace_can_be_overlaid_and_opened(open_window, workspace):
    window = open_window(workspace)
    window.set(epochs=2, threads="1", train_samples="200")
    window.train()
    window.close()
    window = open_window(workspace)
    runs = window.window.runs.list
    pump(lambda: runs.all_runs)
    (run,) = runs.all_runs
    index = runs.model().index(0, 0)
    assert "finished" in index.data()
    for on in (True, False):
        state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        runs.model().setData(index, state, Qt.ItemDataRole.CheckStateRole)
        assert window.overlay_labels() == [run.label] * on
    runs.activated.emit(index)
    pump(lambda: window.says("loaded"))
    assert window.last_step_drawn() == 8
    assert runs.all_runs == [window.session.run] and window.session.run.label == run.label  # it is the same run
    window.press("theme_dark")


def test_the_icon_of_pause_stays_with_another_theme(open_window, workspace):
    window = open_window(workspace)
    window.set(epochs=40, threads="1")
    window.press("start")
    pump(lambda: window.session.state is State.RUNNING)
    action = window.window.actions_by_name["pause"]
    window.press("theme_dark")
    dark = action.icon().pixmap(16).toImage()
    window.press("theme_light")
    assert action.icon().pixmap(16).toImage() == pixmap("pause", LIGHT.text, 16).toImage() != dark


def test_a_closed_settings_dock_comes_back_with_the_filter(open_window, workspace):
    window = open_window(workspace)
    window.window.docks[0].close()
    window.press("filter")
    assert window.window.docks[0].isVisible()
    assert window.window.focusWidget() is window.panel.filter_box


def test_every_action_is_in_a_menu_and_no_two_share_a_shortcut(open_window, workspace):
    window = open_window(workspace).window
    in_menus = {action.objectName() for menu in window.menuBar().findChildren(QMenu) for action in menu.actions()}
    assert set(ACTIONS) <= in_menus
    keys = [keys for name, (_, keys, _) in ACTIONS.items() if keys and name != "pause"]
    assert len(keys) == len(set(keys))
    assert ACTIONS["pause"][1] == ACTIONS["start"][1]  # never are both enabled
    assert all(QKeySequence(key).toString() == key for key in keys)
    listed = [shortcut for _, keys in window.actions_by_name.shortcuts() for _, shortcut in keys]
    assert len(listed) == len(keys) + 1


def test_everything_that_takes_the_focus_has_a_name(open_window, workspace):
    window = open_window(workspace)
    window.tick("reduce-lr-on-plateau")
    for kind in (QAbstractButton, QComboBox, QLineEdit):
        for widget in window.window.findChildren(kind):
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.parent() is not None:
                text = widget.text() if isinstance(widget, QAbstractButton) else ""
                inner = widget.parent().accessibleName() if hasattr(widget.parent(), "accessibleName") else ""
                assert widget.accessibleName() or text or inner, f"{widget} has no name"


def test_a_mistake_in_the_window_is_told_and_written_down(open_window, workspace, capsys):
    window = open_window(workspace)
    window.application.reporter._caught(ValueError, ValueError("made up"), None)
    window.application.reporter._caught(ValueError, ValueError("made up"), None)
    assert "made up" in window.says("crash")
    assert (workspace / "window.log").read_text().count("made up") == 2
    assert len(window.crashes) == 1
    window.crashes.clear()
    assert "made up" in capsys.readouterr().err


def test_a_full_disk_pauses_the_run_until_there_is_room(open_window, workspace, monkeypatch):
    write, full = engine.store.write_checkpoint, [True]

    def write_if_room(path, snapshot):
        if full[0]:
            raise OSError(28, "No space left on device")
        write(path, snapshot)

    monkeypatch.setattr(engine.store, "write_checkpoint", write_if_room)
    window = open_window(workspace)
    window.set(epochs=2, threads="1")
    window.press("start")
    pump(lambda: window.says("save"))
    assert "No space left" in window.says("save") and window.session.state is State.PAUSED
    full[0] = False
    window.answer("save")
    window.wait_for_end()
    assert window.session.run.outcome.epochs == 2 and not window.says("save")


def test_closing_while_nothing_can_be_saved_asks_only_then(open_window, workspace, monkeypatch):
    def refuse(path, snapshot):
        raise OSError(28, "No space left on device")

    window = open_window(workspace)
    window.set(epochs=40, threads="1")
    window.press("start")
    window.wait_for_epoch(1)
    monkeypatch.setattr(engine.store, "write_checkpoint", refuse)
    window.window.close()
    pump(lambda: window.says("save"))
    assert window.window.isVisible()
    window.answer("save", 1)
    pump(lambda: not window.window.isVisible())
    shutil.rmtree(workspace / "runs")


@pytest.mark.parametrize("name", ["en", "ko"])
def test_the_list_of_shortcuts_has_every_key_and_fits_into_the_smallest_window(open_window, workspace, name):
    window = open_window(workspace)
    window.press(f"language_{name}")
    window.press("shortcuts")
    sheet = next(each for each in window.window.findChildren(QDialog) if each.isVisible())
    told = {label.text() for label in sheet.findChildren(QLabel)}
    keys = {QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) for _, keys, _ in ACTIONS.values()}
    assert keys - {""} <= told
    assert {menu.title() for menu in window.window.actions_by_name.menus.values()} <= told
    assert sheet.width() <= MINIMUM.width() and sheet.height() <= MINIMUM.height()
    sheet.close()
