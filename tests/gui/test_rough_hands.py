"""The window in rough hands: things done twice, too late, or while something else goes on."""

from __future__ import annotations

import shutil
import threading

import pytest

import engine.lock
import engine.store
from engine.events import Failed, Finished
from engine.lock import FileLock
from engine.message import InputError
from gui.runs.model import RunModel
from gui.runs.run import Run
from gui.runs.words import status
from gui.training.session import State
from tests.gui.driving import pump

QUICK = {"epochs": 1, "threads": "1", "train_samples": "200"}
REFUSED = InputError("cannot-write", "no room in {place}", place="here")


def refuse(*_arguments, **_named):
    raise REFUSED


@pytest.fixture
def trained(open_window, workspace):
    """A window whose run has ended."""
    window = open_window(workspace)
    window.set(**QUICK)
    window.train()
    return window


def training(window):
    """Let a run train that does not end by itself."""
    window.set(epochs=100)
    window.press("start")
    pump(lambda: window.session.state is State.RUNNING)
    return window.session.run


def binned(window, run):
    """Put a run into the bin."""
    window.window.runs.list.select([run])
    window.window.runs.list.bin_action.trigger()
    pump(lambda: window.window.runs.notices.get("bin"))


def test_ten_more_epochs_that_could_not_begin_leave_a_finished_run_finished(trained, monkeypatch):
    run = trained.session.run
    monkeypatch.setattr("engine.runs.resume_run", refuse)
    trained.press("more")
    trained.wait_for_end()
    assert "No room" in trained.says("failed") and trained.session.ending.text is REFUSED.message
    assert trained.session.run is run and isinstance(run.outcome, Finished)
    assert status(run, State.READY) == "finished" and "Finished" in trained.window.happening.headline.text()
    act = trained.window.actions_by_name
    assert act["more"].isEnabled() and not act["continue"].isEnabled()


def test_nothing_is_offered_for_a_run_in_the_bin_until_it_is_back(trained):
    run = trained.session.run
    trained.conductor.load_file(run.last_checkpoint)
    pump(lambda: trained.says("loaded"))
    binned(trained, trained.session.run)
    offered = ("save", "continue", "more", "fork")
    assert [name for name in offered if trained.window.actions_by_name[name].isEnabled()] == []
    assert not trained.says("loaded") and not trained.window.happening.more_button.isVisible()
    trained.window.runs.notices.get("bin").buttons[0].click()
    pump(lambda: trained.window.actions_by_name["more"].isEnabled())
    assert trained.window.runs.list.all_runs == [trained.session.run]


def test_a_run_that_was_left_and_is_put_into_the_bin_is_offered_no_more(open_window, workspace):
    window = open_window(workspace)
    window.set(**QUICK)
    training(window)
    window.close()
    window = open_window(workspace)
    assert window.says("unfinished")
    pump(lambda: window.window.runs.list.all_runs)
    binned(window, window.window.runs.list.all_runs[0])
    assert not window.says("unfinished")


def test_a_run_that_is_put_back_at_once_is_listed_again_as_the_run_in_front(trained, workspace):
    run, panel = trained.session.run, trained.window.runs
    pump(lambda: run.record is not None)
    panel._filing.to_bin([(run, True)])
    panel._filing.restore_folder(workspace / "bin" / run.folder.name)
    pump(lambda: panel.notices.get("bin"))
    pump(lambda: panel.list.all_runs)
    assert panel.list.all_runs == [run] and trained.overlay_labels() == []
    assert trained.window.actions_by_name["more"].isEnabled()


def test_a_run_that_goes_on_from_an_older_checkpoint_leaves_its_former_self_listed(trained):
    former = trained.session.run.folder
    last = former / "checkpoints" / "last.safetensors"
    older = former / "checkpoints" / "step-4.safetensors"
    shutil.copy(last, older)
    trained.press("more")
    pump(lambda: trained.session.busy)
    trained.wait_for_end()
    trained.conductor.load_file(older)
    pump(lambda: trained.says("loaded"))
    trained.press("more")
    pump(lambda: trained.session.busy)
    trained.wait_for_end()
    assert trained.session.run.folder != former
    pump(lambda: {run.folder for run in trained.window.runs.list.all_runs} == {former, trained.session.run.folder})


def test_no_two_runs_are_called_the_same(app):
    model = RunModel()
    runs = [Run("MLP"), Run("MLP"), Run("MLP")]
    for run in runs:
        model.add(run)
    assert sorted(run.label for run in model.runs) == ["MLP", "MLP (2)", "MLP (3)"]
    model.add(runs[0])
    assert runs[0].label == "MLP"


def test_what_keeps_every_run_from_beginning_does_not_eat_the_queue(trained, monkeypatch):
    run = training(trained)
    for seed in (1, 2):
        trained.set(**QUICK, seed=seed)
        trained.press("queue")
    waiting = trained.conductor.control.queue.waiting
    monkeypatch.setattr("engine.runs.new_run", refuse)
    trained.session.stop()
    pump(lambda: trained.says("queue"))
    trained.answer("queue")
    pump(lambda: trained.says("failed") and trained.says("queue"))
    assert trained.session.state is State.READY and trained.session.run is run
    assert trained.conductor.control.queue.waiting == waiting
    monkeypatch.undo()
    trained.answer("queue")
    pump(lambda: len(trained.session.runs) == 4 and trained.session.state is State.READY)
    assert [each.config.seed for each in trained.session.runs[2:]] == [1, 2]


def test_a_stop_while_the_data_are_read_holds_the_queue(trained, monkeypatch):
    reading = threading.Event()

    def slow(config, catalogue, workspace, report):
        while True:
            reading.set()
            report(REFUSED.message, None)
            never.wait(0.005)  # no data set tells more often how far it is

    never = threading.Event()
    monkeypatch.setattr("engine.runs.new_run", slow)
    trained.press("start")
    trained.set(**QUICK, seed=3)
    trained.press("queue")
    pump(reading.is_set)
    trained.press("stop")
    pump(lambda: trained.says("queue"))
    assert trained.session.state is State.READY and len(trained.conductor.control.queue.waiting) == 1


def test_what_a_message_offers_for_one_run_never_touches_another(trained):
    failed = trained.session.run
    failed.outcome = trained.session.ending = Failed(InputError("x", "it fell over").message, 4, None, "")
    trained.session.ended.emit(failed)
    trained.conductor.control.let_wait([trained.set(epochs=100)])  # from the queue: what failed stays in sight
    pump(lambda: trained.session.state is State.RUNNING)
    other = trained.session.run
    trained.answer("failed")
    assert trained.says("refused").startswith("MLP can't go on while another run trains")
    trained.conductor.control.fork_with(failed, failed.config)
    assert trained.session.state is State.RUNNING and trained.session.run is other


def test_a_run_without_its_checkpoint_says_so_when_it_is_to_go_on(trained):
    run = trained.session.run
    run.outcome = None
    run.unfinished = True
    shutil.rmtree(run.folder)
    trained.conductor.control.go_on()
    assert "has no checkpoint" in trained.says("refused") and trained.session.state is State.READY


def test_closing_again_asks_again_where_the_run_cannot_be_saved(trained, monkeypatch):
    def full(path, snapshot):
        raise OSError(28, "No space left on device")

    training(trained)
    monkeypatch.setattr(engine.store, "write_checkpoint", full)
    trained.window.close()
    pump(lambda: trained.says("save"))
    trained.window.banners.clear("save")  # closed with its cross
    trained.window.close()
    assert "No space left" in trained.says("save") and trained.window.isVisible()
    trained.answer("save", 1)
    pump(lambda: not trained.window.isVisible())


def test_a_checkpoint_dropped_during_a_run_is_refused_in_words(trained):
    path = trained.session.run.last_checkpoint
    run = training(trained)
    trained.window.dropped.emit([path])
    assert "while a run trains" in trained.says("refused") and trained.session.run is run


def test_a_checkpoint_that_is_read_while_the_window_closes_is_told_to_nobody(trained, monkeypatch):
    begun, go_on, told = threading.Event(), threading.Event(), []

    def read(path, catalogue):
        begun.set()
        assert go_on.wait(30)
        raise REFUSED

    monkeypatch.setattr("gui.training.session.load_checkpoint", read)
    trained.session.refused.connect(told.append)
    trained.conductor.load_file(trained.session.run.last_checkpoint)
    assert begun.wait(30)
    threading.Timer(0.05, go_on.set).start()  # while the closing window waits
    trained.close()
    assert go_on.is_set() and told == []


def test_a_look_at_a_lock_keeps_nobody_from_taking_it(tmp_path, monkeypatch):
    """Whoever asks who holds a run takes its lock for a moment."""
    tries = []

    def take(handle):
        tries.append(handle)
        if len(tries) < 3:
            raise BlockingIOError

    monkeypatch.setattr(engine.lock, "take", take)
    lock = FileLock(tmp_path / "lock")
    assert len(tries) == 3 and str(engine.lock.os.getpid()) in (tmp_path / "lock").read_text()
    lock.release()
