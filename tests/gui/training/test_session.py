"""The session without a window: progress, the runs of the workspace, and what is said of them."""

from __future__ import annotations

import math

import pytest

from engine.config import recipe
from engine.events import Failed, Finished, Started, Steps
from engine.history import EpochRow, History
from engine.message import InputError, message
from engine.runs import new_run
from gui.runs.run import Run, copy_of, label_of, unique_label
from gui.training.bar import RunBar
from gui.training.checkpoint_file import load_checkpoint
from gui.training.progress import ProgressMeter
from gui.training.report import facts, headline, margin
from gui.training.session import NEVER_STARTED, Beginning, Session, State
from gui.words import id_in_words, say_invalid, sentence
from tests.gui.driving import dispose, pump

STARTED = Started("", 0, 0, 10, 20, (2000, 2000, 1000), 535_818, "cpu", 1, 0.001)


class Clock:
    """Time that passes when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def steps(last: int) -> Steps:
    return Steps(((last, 0.5, 0.001),), (last - 1) // 20 + 1, (last - 1) % 20 + 1, 41_234.0)


def test_time_left_is_that_of_the_steps_to_come_at_the_pace_so_far_without_pauses():
    clock = Clock()
    meter = ProgressMeter(STARTED, clock)
    assert meter.progress().seconds_left is None and meter.progress().epoch == 1
    clock.now += 5
    meter.stepped(steps(50))
    assert meter.progress().seconds_left == pytest.approx(15)
    assert (meter.progress().epoch, meter.progress().batch) == (3, 10)
    assert meter.progress().fraction == pytest.approx(50 / 200)
    meter.pause()
    clock.now += 1000
    assert meter.progress().seconds_left == pytest.approx(15)
    meter.go_on()
    clock.now += 5
    meter.stepped(steps(100))
    assert meter.progress().seconds_left == pytest.approx(10)


def test_a_resumed_run_counts_only_its_own_steps_for_the_pace():
    clock = Clock()
    meter = ProgressMeter(Started("", 5, 100, 10, 20, (1, 1, 1), 1, "cpu", 1, 0.1), clock)
    assert meter.progress().epoch == 6
    clock.now += 10
    meter.stepped(steps(150))
    assert meter.progress().seconds_left == pytest.approx(10)


def test_the_line_of_figures_keeps_its_width(app, show):
    bar = show(RunBar(), 900, 60)
    meter = ProgressMeter(STARTED)
    widths = set()
    for step in (1, 9, 21, 150, 200):
        meter.stepped(steps(step))
        bar.show_progress(meter.progress(), paused=False)
        widths.add(bar.label.fontMetrics().horizontalAdvance(bar.label.text()))
    assert len(widths) == 1
    assert all(word in bar.label.text() for word in ("epoch 10 of 10", "step 20 of 20", "41,200 images/s", "left"))
    bar.resize(260, 60)
    app.processEvents()
    assert "left" in bar.label.text() and "images/s" not in bar.label.text()
    assert bar.label.fontMetrics().horizontalAdvance(bar.label.text()) <= bar.label.width()


def test_a_run_that_is_stopped_while_it_reads_its_data_ends_as_never_started(app, bench):
    session = Session(bench)
    session.begin()
    ended = []
    session.ended.connect(ended.append)
    session._launch(Run("x"), never_ready, Beginning.NEW)
    pump(lambda: session.state is State.PREPARING)
    session.stop()
    pump(lambda: ended)
    assert session.ending.text.code == NEVER_STARTED and ended[0].outcome is None
    assert session.state is State.READY and session.run is None and session.runs == []
    session.deleteLater()
    dispose(app)


def never_ready(report):
    while True:
        report(message("downloading", "downloading"), 0.5)


def test_a_thread_that_dies_without_a_word_is_told(app, bench, monkeypatch):
    session = Session(bench)
    session.begin()
    ended = []
    session.ended.connect(ended.append)
    monkeypatch.setattr("engine.runner.Runner._work", lambda runner: None)
    session._launch(Run("x"), lambda report: None, Beginning.NEW)
    pump(lambda: ended)
    assert session.ending.text.code == "run-died" and session.state is State.READY
    session.deleteLater()
    dispose(app)


def trained(catalogue, workspace, **values):
    config = recipe("first-lesson", catalogue).changed(
        {"epochs": 2, "threads": "1", "train_samples": "200", "validation_samples": "200", **values}
    )
    trainer = new_run(config, catalogue, workspace)
    list(trainer.run())
    return trainer


def test_a_finished_run_tells_its_test_figures_with_their_interval(app):
    run = Run("MLP", started=STARTED)
    run.outcome = Finished(message("all-epochs", "all done"), False, 10, 200, 7, 0.4, 0.8, 0.55, 0.81, 1.0, 1.0, None)
    told = " ".join(facts(run))
    assert "81.0 %" in told and "±2.4 %" in told and "epoch 7" in told
    assert headline(run, State.READY) == "Finished: MLP"
    run.outcome = Failed(message("x", "no room"), 3, None, "")
    assert "No room" in facts(run)[0] and "Failed" in headline(run, State.READY)


@pytest.mark.parametrize(("share", "count", "half"), [(0.5, 100, 0.0962), (0.81, 1000, 0.0243), (1.0, 100, 0.0185)])
def test_the_interval_is_wilsons(share, count, half):
    assert margin(share, count) == pytest.approx(half, abs=1e-4)
    assert math.isnan(margin(share, 0))


def test_a_copy_of_a_history_does_not_grow_with_it():
    history = History()
    history.add_steps([(1, 0.5, 0.1)])
    history.add_epoch(EpochRow(1))
    copy = copy_of(history)
    history.add_steps([(2, 0.4, 0.1)])
    history.add_epoch(EpochRow(2))
    assert len(copy.epochs) == 1 and copy.steps.tolist() == [[1, 0.5, 0.1]]


def test_labels(catalogue):
    config = recipe("first-lesson", catalogue)
    assert label_of(config) == "MLP"
    assert label_of(config.ticked(catalogue.make(None, "reduce-lr-on-plateau", {}))) == "MLP + Reduce LR on plateau"
    assert label_of(config.changed({"name": "mine"})) == "mine"
    assert unique_label("MLP", ["MLP", "MLP (2)"]) == "MLP (3)"


@pytest.mark.parametrize(
    ("id", "name", "words"),
    [
        ("relu", "ReLU", "ReLU"),
        ("fashion-mnist-sample", "FashionMNISTSample", "Fashion MNIST sample"),
        ("pytorch-default", "PyTorchDefault", "PyTorch default"),
        ("no-scaling", "Other", "No scaling"),
        ("l1", "L1", "L1"),
    ],
)
def test_ids_in_words(id, name, words):
    assert id_in_words(id, name) == words


def test_sentences_begin_with_a_capital_but_names_stay():
    assert sentence("the run") == "The run"
    assert sentence("val_loss is missing") == "val_loss is missing"
    assert sentence("/tmp/x is damaged") == "/tmp/x is damaged"


def test_an_error_beside_its_field_does_not_repeat_the_name(catalogue):
    with pytest.raises(InputError) as caught:
        catalogue.make(None, "dropout", {"p": 2})
    assert say_invalid(caught.value) == "It should be less than 1"


def test_a_loaded_checkpoint_knows_its_run(catalogue, workspace, tmp_path):
    trainer = trained(catalogue, workspace)
    loaded = load_checkpoint(trainer.store.last_path, catalogue)
    assert (loaded.epoch, loaded.step, loaded.epochs, loaded.steps_per_epoch, loaded.ended) == (2, 8, 2, 4, True)
    assert loaded.run.folder == trainer.store.path and loaded.run.extend_from == trainer.store.last_path
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(trainer.store.last_path.read_bytes())
    assert load_checkpoint(copy, catalogue).run.folder is None
