from __future__ import annotations

import queue
import threading
import time

import pytest

from engine.checkpoints.checkpoint import read_checkpoint
from engine.events import Changed, EpochEnded, Failed, Finished, Fitted, Held, Loading, Saved, SaveFailed, Started
from engine.message import InputError
from engine.runner import Runner
from engine.store import MemoryStore
from engine.strategy import Augmentation, Dataset, Scheduler, message
from engine.strategy_text import parse_strategy
from engine.trainer import Trainer
from tests.engine.support import Blobs, differing, of_type, run, run_stored, until

LIMIT = 60.0
GATE: dict[int, threading.Event] = {}
REACHED: dict[int, threading.Event] = {}


class Gate(Scheduler):
    """Holds the run before certain steps until the test lets it go on."""

    shape = False
    every = "step"

    def lr_factor(self, progress, history):
        if progress.step in GATE:
            REACHED[progress.step].set()
            assert GATE[progress.step].wait(LIMIT)
        return 1.0


@pytest.fixture
def gate():
    """`gate(3)` holds the run before its fourth step; `gate.wait(3)` waits for that, `gate.open(3)` lets it go on."""

    class Gates:
        def __call__(self, *steps):
            for step in steps:
                GATE[step], REACHED[step] = threading.Event(), threading.Event()

        def wait(self, step):
            assert REACHED[step].wait(LIMIT)

        def open(self, step):
            GATE[step].set()

    yield Gates()
    for event in GATE.values():
        event.set()
    GATE.clear()
    REACHED.clear()


def drain(runner, kind=(Finished, Failed)):
    """The events up to the first of this kind."""
    events = []
    while not events or not isinstance(events[-1], kind):
        events.append(runner.events.get(timeout=LIMIT))
    return events


def started(config, store=None):
    runner = Runner(lambda report: Trainer(config, lambda: store or MemoryStore()))
    runner.start()
    return runner


def test_a_run_in_a_thread_is_the_run_without_one(tiny):
    config = tiny(epochs=3, ticked=["dropout", "random-horizontal-flip"])
    reference, store, _ = run_stored(config)
    own = MemoryStore()
    runner = started(config, own)
    events = drain(runner)
    assert runner.join(LIMIT)
    assert [type(e) for e in events if isinstance(e, (Started, Saved, Finished))] == [
        Started,
        Saved,
        Saved,
        Saved,
        Finished,
    ]
    assert differing(own.last(), store.last()) == []
    assert events[-1].test_loss == reference[-1].test_loss
    with pytest.raises(queue.Empty):
        runner.events.get_nowait()


def test_pauses_and_saves_change_nothing_and_the_file_saved_resumes_exactly(tiny, gate, tmp_path):
    config = tiny(epochs=3, ticked=["dropout", Gate()])
    _, reference, _ = run_stored(config)
    gate(3, 7, 12)
    store = MemoryStore()
    runner = started(config, store)
    for step in (3, 7, 12):
        gate.wait(step)
        runner.pause()
        runner.save(tmp_path / f"{step}.safetensors")
        gate.open(step)
        saved = drain(runner, Saved)
        until(
            lambda seen=saved, step=step: (
                seen[-1].path.endswith(f"{step}.safetensors") or seen.append(drain(runner, Saved)[-1])
            )
        )
        runner.resume()
    assert isinstance(drain(runner)[-1], Finished)
    assert runner.join(LIMIT)
    assert differing(store.last(), reference.last()) == []
    for step in (3, 7, 12):
        snapshot = read_checkpoint(tmp_path / f"{step}.safetensors")
        assert snapshot.meta["progress"]["step"] == step + 1
        again = MemoryStore()
        run(Trainer(config, lambda again=again: again, snapshot=snapshot))
        assert differing(again.last(), reference.last()) == []


def test_while_paused_no_step_is_taken(tiny, gate, tmp_path):
    gate(3)
    runner = started(tiny(epochs=2, ticked=[Gate()]))
    gate.wait(3)
    runner.pause()
    for number in range(5):
        runner.save(tmp_path / f"{number}.safetensors")
    gate.open(3)
    until(lambda: (tmp_path / "4.safetensors").exists())
    runner.resume()
    drain(runner)
    assert runner.join(LIMIT)
    steps = {read_checkpoint(tmp_path / f"{number}.safetensors").meta["progress"]["step"] for number in range(5)}
    assert steps == {4}


def test_a_pause_is_no_training_time(tiny, gate, monkeypatch):
    offset, true_clock = [0.0], time.perf_counter
    monkeypatch.setattr(time, "perf_counter", lambda: true_clock() + offset[0])
    gate(3)
    holder = []
    config = tiny(epochs=2, ticked=[Gate()])
    runner = Runner(lambda report: holder.append(Trainer(config)) or holder[0])
    runner.start()
    gate.wait(3)
    runner.pause()
    runner.change_lr(0.01)
    gate.open(3)
    drain(runner, Changed)
    until(lambda: runner._paused and runner._commands.empty())
    offset[0] = 1000.0
    runner.resume()
    drain(runner)
    assert runner.join(LIMIT)
    rows = holder[0].history.epochs
    assert all(0 < row.train_seconds < 500 for row in rows), [row.train_seconds for row in rows]


def test_stop_ends_between_two_steps_with_everything_saved(tiny, gate):
    config = tiny(epochs=3, ticked=["dropout", Gate()])
    _, reference, _ = run_stored(config)
    gate(6)
    store = MemoryStore()
    runner = started(config, store)
    gate.wait(6)
    runner.stop()
    gate.open(6)
    events = drain(runner)
    assert runner.join(LIMIT)
    assert events[-1].stopped
    assert events[-1].step == store.last().meta["progress"]["step"] == 7
    run(Trainer(config, lambda: store, snapshot=store.last()))
    assert differing(store.last(), reference.last()) == []


def test_stop_after_the_epoch_ends_a_run_where_it_would_have_gone_on(tiny, gate):
    config = tiny(epochs=3, ticked=[Gate()])
    gate(7)
    store = MemoryStore()
    runner = Runner(lambda report: Trainer(config, lambda: store))
    runner.start()
    gate.wait(7)
    runner.stop_after_epoch()
    gate.open(7)
    last = drain(runner)[-1]
    assert runner.join(LIMIT)
    assert last.stopped and (last.epochs, last.step) == (2, 10)
    assert store.last().meta["progress"]["epoch"] == 2 and store.last().meta["progress"]["reason"] is None


def test_the_curve_of_the_last_epoch_is_told_where_the_run_ends_after_it(tiny, catalogue, gate):
    line = parse_strategy("noisy-line:points=12", catalogue, "dataset")
    config = tiny(
        epochs=3, ticked=[Gate()], dataset=line, loss="mse", scaling="no-scaling", validation_samples="0%",
        monitor="train_loss",
    )  # fmt: skip
    gate(1)
    runner = Runner(lambda report: Trainer(config, MemoryStore))
    runner.start()
    gate.wait(1)
    runner.stop_after_epoch()
    gate.open(1)
    events = drain(runner)
    assert runner.join(LIMIT)
    assert events[-1].epochs == 2 and [event.epoch for event in of_type(events, Fitted)] == [1, 2]


def test_stop_after_the_epoch_can_be_taken_back_and_the_last_epoch_ends_as_ever(tiny, gate):
    config = tiny(epochs=2, ticked=[Gate()])
    _, reference, _ = run_stored(config)
    gate(3, 7)
    store = MemoryStore()
    runner = Runner(lambda report: Trainer(config, lambda: store))
    runner.start()
    gate.wait(3)
    runner.stop_after_epoch()
    runner.stop_after_epoch(False)
    gate.open(3)
    gate.wait(7)
    runner.stop_after_epoch()  # there is no epoch after this one
    gate.open(7)
    last = drain(runner)[-1]
    assert runner.join(LIMIT)
    assert not last.stopped and last.test_accuracy is not None
    assert differing(store.last(), reference.last()) == []


def test_stop_ends_a_pause_too(tiny, gate):
    gate(3)
    runner = started(tiny(epochs=2, ticked=[Gate()]))
    gate.wait(3)
    runner.pause()
    runner.stop()
    gate.open(3)
    assert drain(runner)[-1].stopped
    assert runner.join(LIMIT)


def test_stop_before_the_first_step_keeps_a_run_that_can_go_on(tiny):
    config = tiny(epochs=2, ticked=["dropout"])
    _, reference, _ = run_stored(config)
    store = MemoryStore()
    runner = Runner(lambda report: Trainer(config, lambda: store))
    runner.stop()
    runner.start()
    events = drain(runner)
    assert runner.join(LIMIT)
    assert isinstance(events[-1], Finished), events[-1]
    assert (events[-1].stopped, events[-1].step) == (True, 0)
    run(Trainer(config, lambda: store, snapshot=store.last()))
    assert differing(store.last(), reference.last()) == []


def test_another_learning_rate_acts_from_the_next_step_on(tiny, gate):
    gate(3)
    trainers = []
    config = tiny(epochs=2, ticked=[Gate()])
    runner = Runner(lambda report: trainers.append(Trainer(config)) or trainers[0])
    runner.start()
    gate.wait(3)
    runner.change_lr(0.5)
    gate.open(3)
    events = drain(runner)
    assert runner.join(LIMIT)
    changed = of_type(events, Changed)
    assert [(e.step, e.field, e.old, e.new) for e in changed] == [(4, "lr", 0.01, 0.5)]
    assert trainers[0].history.steps[:, 2].tolist() == [0.01] * 4 + [0.5] * 6


@pytest.mark.parametrize("lr", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused_at_once_and_the_run_goes_on(tiny, lr):
    runner = started(tiny(epochs=2))
    with pytest.raises(InputError, match="above 0"):
        runner.change_lr(lr)
    assert isinstance(drain(runner)[-1], Finished)
    assert runner.join(LIMIT)


def test_a_file_that_can_not_be_saved_is_told_and_the_run_goes_on(tiny, gate, tmp_path):
    gate(3)
    runner = started(tiny(epochs=2, ticked=[Gate()]))
    gate.wait(3)
    runner.save(tmp_path / "no" / "such" / "folder.safetensors")
    gate.open(3)
    events = drain(runner)
    assert runner.join(LIMIT)
    failed = of_type(events, SaveFailed)
    assert [event.path for event in failed] == [str(tmp_path / "no" / "such" / "folder.safetensors")]
    assert "No such file" in str(failed[0].text)
    assert isinstance(events[-1], Finished) and not events[-1].stopped


class Full(MemoryStore):
    """A store without room until it is given some."""

    room = False

    def save(self, snapshot, **options):
        if not self.room:
            raise OSError(28, "No space left on device")
        return super().save(snapshot, **options)


def test_a_save_that_fails_pauses_the_run_until_it_is_told_to_go_on(tiny):
    config = tiny(epochs=2)
    _, reference, _ = run_stored(config)
    store = Full()
    runner = started(config, store)
    drain(runner, SaveFailed)
    runner.resume()
    drain(runner, SaveFailed)
    store.room = True
    runner.resume()
    assert isinstance(drain(runner)[-1], Finished)
    assert runner.join(LIMIT)
    assert differing(store.last(), reference.last()) == []


def test_stopping_twice_gives_up_a_save_that_fails(tiny):
    runner = started(tiny(epochs=2), Full())
    drain(runner, SaveFailed)
    runner.stop()
    drain(runner, SaveFailed)
    runner.stop()
    assert drain(runner)[-1].stopped
    assert runner.join(LIMIT)


# --- failures -------------------------------------------------------------------------------------


class Talks(Dataset):
    """Reports while it loads."""

    def load(self, source):
        source.report(message("reading", "reading"), 0.5)
        return Blobs().load(source)


class Missing(Dataset):
    """Has no data."""

    def load(self, source):
        raise InputError("no-data", "there are no data")


class Broken(Dataset):
    """Raises."""

    def load(self, source):
        raise RuntimeError("oh no")


class BrokenLater(Augmentation):
    """Raises."""

    def __call__(self, images, generator):
        raise RuntimeError("not these images")


def test_loading_is_reported_before_the_start(tiny):
    runner = Runner(lambda report: Trainer(tiny(epochs=1, dataset=Talks()), report=report))
    runner.start()
    events = drain(runner)
    assert runner.join(LIMIT)
    assert [type(event) for event in events[:2]] == [Loading, Started]
    assert (events[0].text.code, events[0].fraction) == ("reading", 0.5)


@pytest.mark.parametrize(
    ("settings", "code", "plugin"),
    [
        ({"dataset": Missing()}, "no-data", None),
        ({"dataset": Broken()}, "plugin-failed", "broken"),
        ({"ticked": [BrokenLater()]}, "plugin-failed", "broken-later"),
    ],
    ids=["missing", "broken", "later"],
)
def test_a_failure_is_the_last_event_and_names_the_plugin(tiny, settings, code, plugin):
    runner = started(tiny(**settings))
    events = drain(runner)
    assert runner.join(LIMIT)
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert (failed.text.code, failed.plugin) == (code, plugin)
    assert runner.events.empty()


def test_a_maker_that_raises_fails_the_run():
    def make(report):
        raise ValueError("nothing to make")

    runner = Runner(make)
    runner.start()
    failed = drain(runner)[-1]
    assert runner.join(LIMIT)
    assert isinstance(failed, Failed)
    assert "nothing to make" in str(failed.text) and "ValueError" in failed.traceback


def test_commands_after_the_end_do_nothing(tiny):
    runner = started(tiny(epochs=1))
    drain(runner)
    assert runner.join(LIMIT)
    runner.pause()
    runner.stop()
    runner.change_lr(0.1)
    assert runner.events.empty()


# --- slow enough to watch -------------------------------------------------------------------------


def test_by_epoch_it_waits_after_every_epoch_but_the_last_and_trains_the_same(tiny):
    config = tiny(epochs=3)
    store = MemoryStore()
    runner = Runner(lambda report: Trainer(config, lambda: store))
    runner.set_pace(0.0, by_epoch=True)
    runner.start()
    events = []
    while not (events and isinstance(events[-1], (Finished, Failed))):
        events += drain(runner, (Held, Finished, Failed))
        if isinstance(events[-1], Held):
            assert runner.events.empty()
            runner.resume()
    assert runner.join(LIMIT)
    told = [type(event) for event in events if isinstance(event, (EpochEnded, Held, Finished))]
    assert told == [EpochEnded, Held, EpochEnded, Held, EpochEnded, Finished]
    _, alone, _ = run_stored(config)
    assert differing(store.last(), alone.last()) == []


@pytest.mark.parametrize("command", ["stop", "resume"])
def test_in_the_pause_for_a_key_or_for_the_pace_it_obeys(tiny, command):
    runner = Runner(lambda report: Trainer(tiny(epochs=3), MemoryStore))
    runner.set_pace(3600.0 if command == "stop" else 0.0, by_epoch=command == "resume")
    runner.start()
    drain(runner, EpochEnded if command == "stop" else Held)
    if command == "stop":
        runner.stop()
    else:
        runner.set_pace(0.0)
        runner.resume()
    [end] = of_type(drain(runner), Finished)
    assert end.stopped == (command == "stop") and end.epochs == (1 if command == "stop" else 3)
    assert runner.join(LIMIT)
