"""The short form: ten more epochs of two steps, under every schedule; and what the command line does and says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.events import Finished, Refused
from engine.message import InputError
from engine.runner import Runner
from engine.schedule import Schedule
from engine.strategy import Scheduler
from engine.trainer import Trainer
from tests.engine.support import run_stored, tunedeck
from tests.reliability.more_epochs import SHORT, STATES, forks_go_on, lower_rate, more_epochs, schedules
from tests.reliability.resume_settings import Settings, catalogue

KNOWN = catalogue()
SETTINGS = Settings(KNOWN, SHORT, Path("nowhere"))
SMALL = (
    "--model", "linear", "--epochs", 3, "--train-samples", 60, "--batch-size", 30, "--threads", 1, "--device", "cpu",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


@pytest.mark.parametrize("ids", schedules(KNOWN), ids=" ".join)
def test_ten_more_epochs_are_what_is_promised_under(ids):
    for state in STATES:
        for reschedule in (False, True):
            assert more_epochs(SETTINGS, ids, state, reschedule) == [], (state, reschedule)


@pytest.mark.parametrize("change", [None, lower_rate])
@pytest.mark.parametrize("ids", [(), ("cosine",), ("step",), ("warm-up", "reduce-lr-on-plateau")], ids=" ".join)
def test_a_fork_that_changes_nothing_goes_on_as_the_run_itself(ids, change):
    assert forks_go_on(SETTINGS, ids, change) == []


def test_a_course_that_is_not_held_is_found(monkeypatch):
    monkeypatch.setattr(
        Schedule, "lr", lambda self, step, history: 0.01 * self._product("step", self.progress(step), history)
    )
    broken = more_epochs(SETTINGS, ("cosine",), "finished", reschedule=False)
    assert broken[:1] == ["the learning rate is as promised"] and "beyond the plan it is held" in broken


# --- the command line -----------------------------------------------------------------------------


@pytest.fixture
def trained(capsys):
    """Trains with these flags, and gives the run's folder and what `--json` told."""

    def train(*flags):
        code, out, err = tunedeck(capsys, "train", *SMALL, *flags, "--json")
        assert code == 0, err
        told = json.loads(out)
        return Path(told["run"]), told

    return train


def everything(folder):
    """All that lies in a folder: contents and times of change."""
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_a_finished_run_is_told_again_and_nothing_of_it_is_touched(trained, capsys, workspace):
    run, told = trained()
    before = everything(workspace)
    for target in (run, run / "checkpoints" / "last.safetensors"):
        code, out, _ = tunedeck(capsys, "resume", target, "--json")
        again = json.loads(out)
        assert code == 0
        assert again | {"samples_per_second": None} == told | {"samples_per_second": None}
        assert again["samples_per_second"] == pytest.approx(told["samples_per_second"])
        assert everything(workspace) == before
    code, out, _ = tunedeck(capsys, "resume", run)
    assert code == 0 and everything(workspace) == before
    assert "nothing was changed: all epochs done (3 of 3)" in out and f"resume {run} --more 10" in out


def test_the_copy_of_a_finished_run_s_checkpoint_makes_no_run(trained, capsys, workspace, tmp_path):
    run, _ = trained()
    lone = tmp_path / "lone.safetensors"
    lone.write_bytes((run / "checkpoints" / "last.safetensors").read_bytes())
    before = everything(workspace)
    code, out, _ = tunedeck(capsys, "resume", lone, "--json")
    assert (code, json.loads(out)["run"], json.loads(out)["epochs"]) == (0, None, 3)
    assert everything(workspace) == before


def test_a_run_that_was_stopped_before_its_test_is_measured_by_a_resume(trained, capsys):
    run, told = trained()
    result = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps(result | {"stopped": True, "test_loss": None, "test_accuracy": None}))
    code, out, _ = tunedeck(capsys, "resume", run, "--json")
    assert (code, json.loads(out)["test_loss"]) == (0, told["test_loss"])


def test_the_command_line_says_what_applies_to_more_epochs(trained, capsys):
    run, _ = trained("--with", "cosine", "--with", "early-stopping:patience=1,min_delta=1000")
    code, out, err = tunedeck(capsys, "resume", run, "--more", 10)
    assert code == 0
    assert "tunedeck: cosine: it was planned for 3 epochs: for those beyond, up to 12, its last" in err
    assert (
        "tunedeck: early-stopping: it judges what comes after epoch 2 alone, and may end the run before all 12" in err
    )
    assert "stopped early after epoch 4" in out and "--without early-stopping --epochs 12" in out
    log = (run / "log.txt").read_text()
    assert "cosine: it was planned for 3 epochs" in log and "it judges what comes after epoch 2 alone" in log
    code, _, err = tunedeck(capsys, "resume", run, "--more", 1, "--reschedule")
    assert code == 0 and "cosine: it is planned anew for 5 epochs: the learning rate goes on at " in err
    code, out, err = tunedeck(capsys, "resume", run)
    assert code == 0 and "planned anew" not in err + out


def test_a_run_that_goes_on_as_planned_says_nothing_of_it():
    events, _, _ = run_stored(SETTINGS.make("cosine"))
    assert not [id for id, text in events[0].warnings if text.code.startswith(("rate-", "planned-", "judged-"))]


# --- another learning rate ------------------------------------------------------------------------


class Rests(Scheduler):
    """Rest after some steps."""

    every = "step"
    steps: int = 3
    """How many."""

    def lr_factor(self, progress, history):
        return float(progress.step < self.steps)


def test_a_learning_rate_that_a_schedule_multiplies_by_0_is_refused_and_not_recorded():
    trainer = Trainer(SETTINGS.make("mlp").ticked(Rests()))
    for _ in trainer.run():
        if trainer.position.step == 3:
            break
    with pytest.raises(InputError, match=r"rests holds the learning rate at 0 here.*fork without it"):
        trainer.change_lr(0.5)
    assert trainer.position.changes == []
    assert trainer._schedule.lr(2, trainer.history) == 0.01


def test_a_run_that_refuses_another_learning_rate_says_so_and_goes_on():
    runner = Runner(lambda report: Trainer(SETTINGS.make("mlp").ticked(Rests(steps=0))))
    runner.pause()
    runner.change_lr(0.5)
    runner.resume()
    runner.start()
    assert runner.join(60)
    events = [runner.events.get() for _ in range(runner.events.qsize())]
    (refused,) = [event for event in events if isinstance(event, Refused)]
    assert refused.text.code == "schedule-at-zero"
    assert isinstance(events[-1], Finished) and events[-1].reason.code == "all-epochs"


def test_a_changed_learning_rate_is_told_when_the_run_goes_on():
    store = run_stored(SETTINGS.make("mlp"))[1]
    trainer = Trainer(SETTINGS.make("mlp"), snapshot=store.last())
    trainer.extend(4)
    trainer.change_lr(0.005)
    told = {text.code: str(text) for _, text in next(trainer.run()).warnings}
    assert told["rate-changed"] == (
        "the learning rate was changed by hand at step 4, from 0.01 to 0.005: that still applies"
    )
