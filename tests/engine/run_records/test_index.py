"""The runs of a workspace, as their folders tell of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from engine.history import EPOCH_HEADER, epoch_line, read_epochs, read_history
from engine.lock import FileLock
from engine.run_records.files import disk_use, holder, is_run, runs_in
from engine.run_records.index import RunIndex, Status, list_runs, read_run
from engine.run_records.notes import Notes, write_notes
from engine.runs import new_run, resume_run
from engine.store import RunFolder
from engine.strategy_text import parse_strategy
from engine.yaml_file import read_yaml, write_yaml
from tests.engine.support import ROOT, run


@pytest.fixture
def train(catalogue, workspace, tiny):
    """Trains in the workspace: the run's folder and its last event."""

    def start(stop_at=None, **values):
        trainer = new_run(tiny(**values), catalogue, workspace)
        events = run(trainer, stop_at)
        return trainer.store.path, events[-1]

    return start


def test_a_finished_run_is_told_with_its_settings_figures_and_bytes(train, workspace):
    folder, finished = train(epochs=2, name="mine")
    (record,) = list_runs(workspace)
    assert (record.folder, record.status, record.reason.code) == (folder, Status.FINISHED, "all-epochs")
    assert record.title == "mine" and record.epochs == 2 and record.samples == (130, 40, 40)
    assert record.settings["model"]["id"] == "mlp" and "changes" not in record.settings
    assert list(record.rows) == read_history(folder).epochs == read_epochs(folder)
    assert record.best.epoch == finished.best_epoch and record.last.epoch == 2
    assert record.gap == pytest.approx(record.last.val_loss - record.last.clean_train_loss)
    assert record.seconds == pytest.approx(sum(row.train_seconds + row.val_seconds for row in record.rows))
    assert record.test_loss == pytest.approx(finished.test_loss)
    assert record.test_accuracy == pytest.approx(finished.test_accuracy)
    assert record.holder is None and record.started.strftime("%Y-%m-%d_%H-%M-%S") == folder.name[:19]


def test_how_runs_ended_is_told_apart(train, workspace, catalogue):
    early, _ = train(ticked=["time-limit:minutes=0.0001"], epochs=50)
    stopped, _ = train(stop_at=3)
    failed, _ = train(ticked=[], lr=1e4, epochs=40, optimizer=parse_strategy("sgd", catalogue, "optimizer"))
    killed, _ = train(stop_at=3)
    (killed / "result.json").unlink()
    with open(killed / "log.txt", "a") as log:
        log.write("2026-01-01 00:00:00 training from step 3 with 1 threads on cpu\n")
    records = {record.folder: record for record in list_runs(workspace)}
    assert records[early].status is Status.STOPPED_EARLY and records[early].reason.code != "all-epochs"
    assert records[stopped].status is Status.UNFINISHED and records[stopped].test_loss is None
    assert records[failed].status is Status.FAILED and "not finite" in str(records[failed].reason)
    assert records[killed].status is Status.INTERRUPTED


def test_an_extended_run_has_its_new_total_and_no_test_figures_until_it_ends_again(train, workspace, catalogue):
    sample = parse_strategy("fashion-mnist-sample", catalogue, "dataset")
    folder, _ = train(epochs=1, dataset=sample, train_samples="64", validation_samples="64")
    assert read_run(folder).test_loss is not None
    run(resume_run(folder, catalogue, workspace, epochs=4), stop_at=3)
    record = read_run(folder)
    assert (record.epochs, record.status, record.test_loss) == (4, Status.UNFINISHED, None)
    assert record.changes[0]["field"] == "epochs"


def test_runs_are_listed_newest_first_and_what_is_no_run_is_left_out(train, workspace, tmp_path):
    folder, _ = train()
    runs = workspace / "runs"
    older = runs / "2001-02-03_04-05-06-mlp-x"
    folder.rename(older)
    newer, _ = train()
    (runs / "2030-01-01_00-00-00-empty").mkdir()
    (runs / "file").write_text("x")
    half = runs / "2030-01-01_00-00-00-half"
    half.mkdir()
    (half / "history.csv").write_text(EPOCH_HEADER)
    (tmp_path / "elsewhere").mkdir()
    (runs / "2030-01-01_00-00-00-link").symlink_to(newer)
    assert [record.folder for record in list_runs(workspace)] == [newer, older]
    assert runs / "2030-01-01_00-00-00-link" not in runs_in(runs) and not is_run(runs / "2030-01-01_00-00-00-link")
    assert list_runs(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    "config", ["", "[1, 2]", "epochs: many\n", "a: &b [*b]\n", "\x00\x01", "epochs: 1e999\n", "epochs: -.5\nwith: 3\n"]
)
def test_a_damaged_run_harms_no_other(train, workspace, config):
    good, _ = train()
    bad = workspace / "runs" / "2030-01-01_00-00-00-bad"
    bad.mkdir()
    (bad / "history.csv").write_text(EPOCH_HEADER)
    (bad / "config.yaml").write_text(config)
    assert good in [record.folder for record in list_runs(workspace)]


@pytest.mark.parametrize("damage", ["cut", "text", "pipe", "meta"])
def test_a_run_with_a_damaged_checkpoint_is_still_listed_by_its_settings(train, workspace, damage):
    folder, _ = train(epochs=2)
    last = folder / "checkpoints" / "last.safetensors"
    data = last.read_bytes()
    last.unlink()
    if damage == "pipe":
        os.mkfifo(last)
    elif damage == "meta":
        inner = json.dumps({"tunedeck": json.dumps({"config": [], "progress": 3, "epochs": "x"})})
        header = f'{{"__metadata__":{inner}}}'.encode()
        last.write_bytes(len(header).to_bytes(8, "little") + header)
    else:
        last.write_bytes({"cut": data[:100], "text": b"none"}[damage])
    (record,) = list_runs(workspace)
    assert record.settings["model"]["id"] == "mlp" and len(record.rows) == 2 and record.samples is None


def test_only_what_changed_is_read_again(train, workspace, monkeypatch):
    first, _ = train()
    second, _ = train()
    (second / "checkpoints" / "last.safetensors").unlink()  # nothing but its files tells of a change
    index = RunIndex(workspace)
    before = index.records()
    read = []
    monkeypatch.setattr("engine.run_records.index.read_run", lambda folder: read.append(folder) or read_run(folder))
    assert all(new is old for new, old in zip(index.records(), before, strict=True)) and read == []
    write_notes(first, Notes("better", ("a",)))
    records = {record.folder: record for record in index.records()}
    assert read == [first] and records[first].title == "better" and records[second] in before
    first.rename(first.with_name("2001-01-01_00-00-00-x"))
    assert [record.folder.name for record in index.records()] == [second.name, "2001-01-01_00-00-00-x"]


def test_a_half_written_run_is_read_once_it_is_whole(train, workspace):
    folder, _ = train()
    config = (folder / "config.yaml").read_bytes()
    last = folder / "checkpoints" / "last.safetensors"
    data = last.read_bytes()
    last.write_bytes(data[:40])
    (folder / "config.yaml").unlink()
    index = RunIndex(workspace)
    assert index.records() == ()
    (folder / "config.yaml").write_bytes(config)
    assert index.records()[0].samples is None
    last.write_bytes(data)
    assert index.records()[0].samples == (130, 40, 40)


def test_the_figures_of_a_run_move_while_it_is_held(tiny, catalogue, workspace):
    trainer = new_run(tiny(epochs=3), catalogue, workspace)
    events = trainer.run()
    next(events)
    index = RunIndex(workspace)
    (record,) = index.records()
    assert (record.status, record.holder, len(record.rows)) == (Status.TRAINING, os.getpid(), 0)
    assert record.settings["model"]["id"] == "mlp" and record.epochs == 3
    for epoch in (1, 2):
        while len(trainer.history.epochs) < epoch:
            next(events)
        (record,) = index.records()
        assert (record.status, len(record.rows)) == (Status.TRAINING, epoch)
    assert record.samples is not None  # it has a checkpoint by now
    list(events)
    (record,) = index.records()
    assert (record.status, len(record.rows), record.holder) == (Status.FINISHED, 3, None)


HOLD = """
import sys
from pathlib import Path
from engine.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_run_of_another_process_is_told_with_that_process(train):
    folder, _ = train()
    command = [sys.executable, "-c", HOLD, str(folder / "lock")]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "held\n"
    assert holder(folder) == child.pid and read_run(folder).status is Status.TRAINING
    child.communicate(timeout=30)
    assert holder(folder) is None and read_run(folder).status is Status.FINISHED


def test_asking_who_holds_a_run_changes_nothing(train):
    folder, _ = train()
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert holder(folder) is None
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    RunFolder(folder).close()  # the lock was let go
    assert holder(folder.parent) is None


def test_a_file_with_two_names_takes_its_room_once_and_links_none(train, tmp_path):
    folder, _ = train(epochs=1)
    names = ("best.safetensors", "last.safetensors")
    best, last = ((folder / "checkpoints" / name).stat() for name in names)
    assert best.st_ino == last.st_ino
    (folder / "link").symlink_to(tmp_path)
    assert (
        disk_use(folder)
        == sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
        - last.st_size
    )


def test_a_run_is_called_by_its_notes_its_settings_or_its_techniques(train):
    folder, _ = train(ticked=["dropout:p=0.3"])
    assert read_run(folder).title == "mlp + dropout"
    write_yaml(folder / "config.yaml", read_yaml(folder / "config.yaml") | {"name": "named", "with": ["dropout:p=0.2"]})
    (folder / "checkpoints" / "last.safetensors").unlink()
    assert read_run(folder).title == "named"
    write_notes(folder, Notes("renamed"))
    assert read_run(folder).title == "renamed"


def test_figures_that_are_missing_are_told_as_missing(train):
    folder, _ = train(epochs=1)
    (row,) = read_epochs(folder)
    bare = row._replace(val_loss=None, val_accuracy=None, clean_train_loss=None)
    (folder / "history.csv").write_text(EPOCH_HEADER + epoch_line(bare))
    record = read_run(folder)
    assert record.monitor == "train_loss" and record.best.epoch == 1 and record.gap is None
    (folder / "history.csv").write_text(EPOCH_HEADER)
    record = read_run(folder)
    assert record.best is None and record.last is None and record.seconds == 0


@pytest.mark.parametrize("line", ["1," * 5 + "9" * 200_000 + "\n", '"' + "1," * 100_000 + "\n", "1,\x002\n"])
def test_a_record_of_rubbish_harms_no_other(train, workspace, line):
    good, _ = train()
    bad, _ = train()
    with open(bad / "history.csv", "a", newline="") as file:
        file.write(line)
    assert {record.folder: len(record.rows) for record in list_runs(workspace)} == {good: 2, bad: 2}


def test_a_row_without_times_counts_none(train):
    folder, _ = train(epochs=1)
    (folder / "history.csv").write_text(EPOCH_HEADER + "1" + 10 * "," + "\n")
    (row,) = read_epochs(folder)
    assert (row.train_seconds, row.train_samples, row.val_seconds) == (0.0, 0, 0.0)


def test_a_lock_that_is_a_link_or_a_pipe_is_nobody_s(train):
    folder, _ = train()
    other, _ = train()
    held = FileLock(other / "lock")
    (folder / "lock").unlink()
    (folder / "lock").symlink_to(other / "lock")
    assert holder(other) == os.getpid() and holder(folder) is None
    (folder / "lock").unlink()
    os.mkfifo(folder / "lock")
    assert holder(folder) is None
    held.release()


def test_a_change_within_the_same_tick_of_the_clock_is_seen(train, workspace):
    folder, _ = train()
    index = RunIndex(workspace)
    index.records()
    then = folder.stat().st_mtime_ns
    write_notes(folder, Notes("renamed"))
    os.utime(folder, ns=(then, then))
    assert index.records()[0].title == "renamed"
