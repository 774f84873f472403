from __future__ import annotations

import pytest

from engine.strategy import Progress
from engine.trainer import Trainer
from plugins.stopping.time_limit import TimeLimit
from tests.plugins.bench import assert_same_bits, config, history, learned, reread, run


def reason(minutes: float, seconds: float, epoch: int = 3):
    return TimeLimit(minutes=minutes).reason(Progress(epoch, 10, 20, 3, 0.1, seconds), history())


def test_stops_once_so_many_minutes_have_passed():
    for minutes in (0.5, 1.0, 10.0):
        assert reason(minutes, 60 * minutes - 0.01) is None
        assert reason(minutes, 60 * minutes).code == "time-limit"
    assert str(reason(0.5, 31.0)) == "stopped at the limit of 0.5 min of training; epochs done: 3 of 20"


def test_a_run_that_has_done_all_its_epochs_has_not_been_stopped():
    assert reason(1.0, 61.0, epoch=19) is not None
    assert reason(1.0, 61.0, epoch=20) is None


@pytest.fixture
def _asked_after_every_step(monkeypatch):
    monkeypatch.setattr("engine.position.FLUSH_SECONDS", -1.0)


def test_the_record_does_not_matter():
    progress = Progress(3, 10, 20, 3, 0.1, 700.0)
    assert TimeLimit().reason(progress, history(val_loss=[1.0] * 3, marks=(3,))) == reason(10.0, 700.0)


@pytest.mark.usefixtures("_asked_after_every_step")
def test_ends_a_run_in_the_middle_of_an_epoch_and_what_is_learned_until_then_is_kept():
    trainer = Trainer(config(TimeLimit(minutes=1e-9), epochs=5))
    finished = run(trainer)[-1]
    assert (finished.reason.code, finished.step, finished.epochs, finished.stopped) == ("time-limit", 1, 0, False)
    free = Trainer(config(TimeLimit(), epochs=5))
    run(free, steps=1)
    saved = trainer.store.last()
    assert_same_bits(learned(Trainer(trainer.config, snapshot=reread(saved))), learned(free))


@pytest.mark.usefixtures("_asked_after_every_step")
def test_a_run_within_its_time_is_left_alone():
    limited, free = Trainer(config(TimeLimit())), Trainer(config())
    assert run(limited)[-1].reason.code == "all-epochs"
    run(free)
    assert_same_bits(learned(limited), learned(free))


@pytest.mark.usefixtures("_asked_after_every_step")
def test_a_run_that_is_extended_has_all_its_time_again():
    trainer = Trainer(config(TimeLimit(minutes=1e-9), epochs=5))
    run(trainer)
    again = Trainer(trainer.config, snapshot=trainer.store.last())
    again.extend(6)
    assert run(again)[-1].step == 2, "the first step after the start was still allowed"
