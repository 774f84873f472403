"""What can be asked of a run: wait, fork, another learning rate, stop after the epoch, and what failures offer."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.checkpoints.checkpoint import read_checkpoint
from engine.events import Failed, Finished
from engine.strategy_text import parse_strategy
from engine.yaml_file import read_yaml
from gui.training.session import State
from tests.engine.support import differing
from tests.gui.driving import pump

UNLUCKY = '''
from engine.strategy import Regularizer, hookimpl

class Unlucky(Regularizer):
    """Raises at a step."""

    at: int = {at}
    """The step."""

    def after_step(self, model):
        Unlucky.steps = getattr(Unlucky, "steps", 0) + 1
        if Unlucky.steps == self.at:
            raise {error}

@hookimpl
def register_strategies():
    return [Unlucky]
'''


@pytest.fixture
def unlucky(workspace):
    """A plugin of the user's that raises at a step."""

    def write(at: int, error: str = 'RuntimeError("out of luck")') -> None:
        (workspace / "plugins").mkdir(parents=True)
        (workspace / "plugins" / "unlucky.py").write_text(UNLUCKY.format(at=at, error=error))

    return write


def last_of(folder: Path):
    return read_checkpoint(folder / "checkpoints" / "last.safetensors")


def begun(window, epochs=40, **values):
    """A window whose run has an epoch."""
    window.set(**{"epochs": epochs, "threads": "1", "train_samples": "500", **values})
    window.press("start")
    window.wait_for_epoch(1)
    return window


def test_start_while_one_trains_lets_the_next_wait_its_turn(open_window, workspace):
    window = begun(open_window(workspace), epochs=3)
    window.set(epochs=1)
    window.tick("dropout")
    window.press("queue")
    window.tick("dropout")
    window.tick("batch-norm")
    window.press("queue")
    assert [len(config.with_) for config in window.conductor.control.queue.waiting] == [1, 1]
    pump(lambda: len(window.session.runs) == 3 and window.session.state is State.READY)
    labels = [run.label for run in window.session.runs]
    assert labels == ["MLP", "MLP + Dropout", "MLP + Batch norm"]
    assert all(isinstance(run.outcome, Finished) for run in window.session.runs)
    assert window.conductor.control.queue.waiting == ()


def test_a_stop_by_hand_holds_the_queue_and_offers_the_next(open_window, workspace):
    window = begun(open_window(workspace))
    window.set(epochs=1)
    window.press("queue")
    window.press("stop")
    window.wait_for_end()
    pump(lambda: window.says("queue"))
    assert window.says("queue") == "1 run waits." and len(window.session.runs) == 1
    window.answer("queue")
    pump(lambda: len(window.session.runs) == 2 and window.session.state is State.READY)
    assert not window.says("queue")


def test_what_waits_is_there_after_closing_in_mid_run(open_window, workspace):
    window = begun(open_window(workspace))
    window.set(epochs=2, seed=7)
    window.press("queue")
    config = window.panel.config
    window.close()
    window = open_window(workspace)
    assert window.says("queue") == "1 run waits."
    assert window.conductor.control.queue.waiting == (config.changed({"offered": ()}),)
    window.answer("queue", 1)
    assert window.conductor.control.queue.waiting == () and not window.says("queue")


def test_the_learning_rate_is_changed_in_a_pause_recorded_and_drawn(open_window, workspace):
    window = begun(open_window(workspace))
    field = window.window.happening.lr_field
    assert not field.isVisible()
    window.press("pause")
    assert field.isVisible() and field.edit.text() == "0.001"
    for text, said in (("fast", "no number"), ("-1", "above 0"), ("inf", "above 0")):
        field.edit.setText(text)
        field.button.click()
        assert said in field.note.text() and field.note.isVisible()
    field.edit.setText("0.0004")
    field.edit.returnPressed.emit()
    pump(lambda: window.session.run.changes)
    assert not field.note.isVisible() and window.session.state is State.PAUSED
    change = window.session.run.changes[0]
    assert (change.field, change.old, change.new) == ("lr", 0.001, 0.0004)
    assert [word for _, word in window.window.graph.marks.words() if "0.0004" in word]
    epochs = len(window.session.run.history.epochs)
    window.press("pause")
    window.wait_for_epoch(epochs + 2)
    window.press("stop")
    window.wait_for_end()
    assert window.session.run.history.epochs[-1].lr == 0.0004
    assert read_yaml(window.session.run.folder / "config.yaml")["changes"][0]["new"] == 0.0004


def test_stop_after_this_epoch_stops_at_its_end_unless_taken_back(open_window, workspace):
    window = begun(open_window(workspace), epochs=4)
    window.press("pause")
    action = window.window.actions_by_name["stop_after_epoch"]
    action.trigger()
    action.trigger()
    assert not action.isChecked()
    action.trigger()
    assert action.isChecked()
    window.press("pause")
    window.wait_for_end()
    run = window.session.run
    assert run.outcome.stopped and run.outcome.step == run.outcome.epochs * 8
    assert not action.isChecked()


def test_fork_here_keeps_the_run_and_goes_on_with_other_settings(open_window, workspace):
    window = begun(open_window(workspace))
    window.tick("dropout")
    window.press("fork")
    pump(lambda: len(window.session.runs) == 2 and window.session.state is State.RUNNING)
    first, second = window.session.runs
    assert first.outcome.stopped and first.continue_from is not None
    assert second.parent == "MLP" and second.label == "MLP + Dropout"
    assert second.history.epochs[: len(first.history.epochs)] == first.history.epochs
    assert read_yaml(second.folder / "config.yaml")["parent"]["run"] == first.folder.name
    assert [word for _, word in window.window.graph.marks.words() if word.startswith("forked")]


def test_a_fork_from_a_kept_checkpoint_and_its_parent_draw_their_past_once(open_window, workspace):
    window = open_window(workspace)
    window.set(epochs=4, threads="1", train_samples="500", keep_every=16)
    window.train()
    parent = window.session.run
    window.conductor.load_file(parent.folder / "checkpoints" / "step-16.safetensors")
    pump(lambda: window.session.run is not parent)
    window.tick("dropout")
    window.press("fork")
    pump(lambda: len(window.session.runs) == 2)
    window.wait_for_end()
    child = window.session.run
    assert child.history.epochs[:2] == parent.history.epochs[:2] and len(child.history.epochs) == 4
    graph = window.window.graph

    def drawn_at(epoch):
        curves = [graph.drawing.loss["val"], *(drawing.loss["val"] for drawing in graph.overlays)]
        return sum(list(x).count(epoch) for curve in curves for x in (curve.past()[0], curve.points()[0]))

    window.conductor.load_file(parent.last_checkpoint)  # the whole of the parent comes to the front, its fork behind
    pump(lambda: window.session.run.label == parent.label and "MLP + Dropout" in window.overlay_labels())
    graph.redraw()
    assert [drawn_at(epoch) for epoch in (1, 3, 4)] == [1, 2, 2]
    window.tick("dropout")
    window.set(epochs=1)
    window.train()  # both are behind another one now
    assert {"MLP", "MLP + Dropout"} <= set(window.overlay_labels())
    graph.redraw()
    assert [drawn_at(epoch) for epoch in (1, 3, 4)] == [2, 2, 2]


def test_a_fork_that_cannot_be_is_told_and_the_run_can_go_on(open_window, workspace):
    window = begun(open_window(workspace))
    window.tick("batch-norm")
    window.press("fork")
    pump(lambda: window.says("failed"))
    assert "do not fit" in window.says("failed") and len(window.session.runs) == 1
    assert window.session.run is window.session.runs[0]
    window.press("continue")
    pump(lambda: window.session.state is State.RUNNING)


def test_after_an_early_stop_one_sees_what_would_have_happened(open_window, workspace):
    window = open_window(workspace)
    window.tick("early-stopping")
    window.set(epochs=6, threads="1", train_samples="500")
    rule = window.panel.config.stoppings[0].model_copy(update={"patience": 1, "min_delta": 1000.0})
    window.panel.set_config(window.panel.config.ticked(rule))
    window.train()
    stopped = window.session.run
    assert stopped.ended_early and window.window.happening.what_if_button.isVisible()
    window.window.happening.what_if_button.click()
    pump(lambda: window.session.busy)
    window.wait_for_end()
    seen = window.session.run
    assert seen is not stopped and seen.outcome.epochs == 6 and not seen.ended_early
    window.panel.set_config(window.panel.config.unticked("early-stopping"))
    window.train()
    assert differing(last_of(seen.folder), last_of(window.session.run.folder)) == []


def test_a_failed_technique_is_disabled_and_the_run_continued(open_window, workspace, unlucky):
    unlucky(at=20)
    window = open_window(workspace)
    window.tick("unlucky")
    window.set(epochs=4, threads="1", train_samples="500")
    window.press("start")
    window.wait_for_end()
    failed = window.session.run
    assert isinstance(failed.outcome, Failed) and "nlucky failed" in window.says("failed")
    window.answer("failed")
    pump(lambda: window.session.busy)
    window.wait_for_end()
    went_on = window.session.run
    assert went_on.parent == failed.label and went_on.outcome.epochs == 4
    assert "unlucky" not in {strategy.id for strategy in (*went_on.config.with_, *window.panel.config.with_)}
    assert went_on.history.epochs[:2] == failed.history.epochs


def test_before_the_first_checkpoint_it_starts_again_without_it(open_window, workspace, unlucky):
    unlucky(at=1)
    window = open_window(workspace)
    window.tick("unlucky")
    window.set(epochs=1, threads="1", train_samples="500")
    window.press("start")
    window.wait_for_end()
    window.answer("failed")
    pump(lambda: window.session.busy)
    window.wait_for_end()
    assert isinstance(window.session.run.outcome, Finished) and window.session.run.parent == ""


def test_without_enough_memory_half_the_batch_is_offered(open_window, workspace, unlucky):
    unlucky(at=20, error='MemoryError("no room")')
    window = open_window(workspace)
    window.tick("unlucky")
    window.set(epochs=4, threads="1", train_samples="500")
    window.press("start")
    window.wait_for_end()
    assert "not enough memory" in window.says("failed")
    banner = window.window.banners.get("failed")
    assert banner.buttons[0].text() == "Half the batch: 32"
    window.answer("failed")
    pump(lambda: window.session.busy)
    window.wait_for_end()
    assert window.session.run.config.batch_size == 32 and window.session.run.outcome.epochs == 4


def test_a_loss_that_is_not_finite_goes_on_with_a_tenth_of_the_rate(open_window, workspace, catalogue):
    window = open_window(workspace)
    window.set(lr=1e4, optimizer=parse_strategy("sgd", catalogue), epochs=3, threads="1", train_samples="500")
    window.press("start")
    window.wait_for_end()
    assert "not finite" in window.says("failed")
    assert window.window.banners.get("failed").buttons[0].text() == "Go on with learning rate 1e+03"
