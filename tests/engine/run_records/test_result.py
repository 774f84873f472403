"""How a run ended stands in a file of its folder, from which a list of runs is made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from engine.catalogue import Catalogue, Entry
from engine.events import Failed, Finished
from engine.message import message
from engine.run_records.record import Status, read_run
from engine.run_records.result import Result, read_result, write_result
from engine.runs import new_run, resume_run
from engine.store import RunFolder
from engine.strategy import Augmentation
from tests.engine.support import ROOT, Blobs, run, run_stored


class Fails(Augmentation):
    """Fails in the first epoch."""

    def __call__(self, images, generator):
        raise ValueError("no such luck")


@pytest.fixture
def known(catalogue):
    ours = [Entry("fails", "augmentation", Fails, "the tests"), Entry("blobs", "dataset", Blobs, "the tests")]
    return Catalogue([*catalogue.entries, *ours])


@pytest.fixture
def trainer(known, workspace, tiny):
    return lambda **values: new_run(tiny(**values), known, workspace)


def test_a_finished_run_tells_what_it_came_to_to_the_last_digit(trainer):
    made = trainer(epochs=2)
    finished = run(made)[-1]
    assert isinstance(finished, Finished)
    folder = Path(made.store.where)
    told = json.loads((folder / "result.json").read_text())
    for name in ("epochs", "best_epoch", "best_val_loss", "best_val_accuracy", "test_loss", "test_accuracy", "seconds"):
        assert told[name] == getattr(finished, name) is not None, name
    assert (told["stopped"], told["failed"], told["plugin"]) == (False, False, None)
    assert told["reason"]["code"] == "all-epochs" and read_result(folder).reason == finished.reason
    record = read_run(folder)
    assert (record.test_loss, record.test_accuracy) == (finished.test_loss, finished.test_accuracy)


def test_a_failed_run_names_the_plugin_and_a_stopped_one_has_no_test_figures(trainer):
    failing = trainer(ticked=[Fails()])
    assert isinstance(run(failing)[-1], Failed)
    record, told = read_run(Path(failing.store.where)), read_result(Path(failing.store.where))
    assert (record.status, told.failed, told.plugin, told.test_loss) == (Status.FAILED, True, "fails", None)
    assert record.reason == told.reason and told.reason.code == "plugin-failed"
    stopped = trainer(epochs=3)
    run(stopped, stop_at=7)
    record, told = read_run(Path(stopped.store.where)), read_result(Path(stopped.store.where))
    assert (record.status, told.stopped, told.epochs, told.best_epoch) == (Status.UNFINISHED, True, 1, 1)
    assert told.test_loss is None and told.reason.code == "stopped"


def test_it_is_gone_while_the_run_goes_on_and_replaced_at_the_next_end(trainer, known, workspace):
    first = trainer(epochs=1)
    run(first)
    folder = Path(first.store.where)
    rest = resume_run(folder, known, workspace, more=1)
    events = rest.run()
    next(events)
    assert not (folder / "result.json").exists()
    events.close()  # as if it had been killed
    assert read_result(folder) is None
    run(resume_run(folder, known, workspace, more=1))
    assert read_result(folder).epochs == 2


def test_a_run_in_memory_keeps_its_result_too(tiny):
    events, store, _ = run_stored(tiny(epochs=1))
    assert store.result.test_accuracy == events[-1].test_accuracy and not store.result.failed


def test_a_full_disk_is_no_failure(trainer, monkeypatch, caplog):
    def full(folder, result):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.store.write_result", full)
    made = trainer(epochs=1)
    finished = run(made)[-1]
    assert isinstance(finished, Finished) and "No space left" in caplog.text
    record = read_run(Path(made.store.where))
    assert (record.status, record.test_loss) == (Status.FINISHED, finished.test_loss)  # the log has it all the same


def test_a_run_made_before_there_were_results_is_read_from_its_log(trainer):
    made = trainer(epochs=1)
    finished = run(made)[-1]
    (Path(made.store.where) / "result.json").unlink()
    record = read_run(Path(made.store.where))
    assert (record.test_loss, record.test_accuracy) == (finished.test_loss, finished.test_accuracy)


def test_what_is_written_is_read_again(tmp_path):
    result = Result(message("x", "{a}", a=1), True, True, "mixup", 7, 3, 0.1, 0.9, 0.2, 0.8, 12.5)
    write_result(tmp_path, result)
    assert read_result(tmp_path) == result and set(json.loads((tmp_path / "result.json").read_text())) == {
        field.name for field in fields(Result)
    }


@pytest.mark.parametrize("text", [
    "", "[]", "3", "{}", "null", "[" * 100_000, '{"reason": 3}', "\udcff", '{"reason": {}}', "x" * 200_000,
])  # fmt: skip
def test_what_is_no_result_is_none(trainer, text):
    made = trainer(epochs=1)
    finished = run(made)[-1]
    folder = Path(made.store.where)
    (folder / "result.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_result(folder) is None
    assert read_run(folder).test_loss == finished.test_loss


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5", None, [1], True, 10**400])
def test_a_figure_that_is_no_number_is_left_out(tmp_path, value):
    write_result(tmp_path, Result(message("x", "x")))
    told = json.loads((tmp_path / "result.json").read_text())
    (tmp_path / "result.json").write_text(json.dumps(told | {"test_loss": value, "epochs": value, "best_epoch": value}))
    assert read_result(tmp_path) == Result(message("x", "x"))


def test_a_link_and_a_pipe_are_no_results(tmp_path):
    write_result(tmp_path, Result(message("x", "x")))
    (tmp_path / "result.json").rename(tmp_path / "elsewhere")
    (tmp_path / "result.json").symlink_to(tmp_path / "elsewhere")
    assert read_result(tmp_path) is None
    (tmp_path / "result.json").unlink()
    os.mkfifo(tmp_path / "result.json")
    assert read_result(tmp_path) is None


def test_a_finished_run_whose_checkpoint_is_damaged_is_still_told_as_finished(trainer):
    made = trainer(epochs=1)
    run(made)
    folder = Path(made.store.where)
    (folder / "checkpoints" / "last.safetensors").write_bytes(b"none")
    assert read_run(folder).status is Status.FINISHED


def test_a_run_that_can_t_be_written_at_all_still_ends(tmp_path, monkeypatch, caplog):
    folder = RunFolder.create(tmp_path, "mlp", "x")
    (folder.path / "result.json").write_text("{}")
    monkeypatch.setattr("pathlib.Path.unlink", lambda path, missing_ok=False: (_ for _ in ()).throw(OSError(30, "no")))
    folder.set_result(None)
    assert "result.json" in caplog.text
    folder.close()


def test_reading_results_needs_no_torch():
    code = "import sys, engine.run_records.result, engine.run_records.index; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
