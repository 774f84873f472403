from __future__ import annotations

import json
import os
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import yaml

from engine.checkpoints.checkpoint import Snapshot, encode, history_of, read_checkpoint, write_checkpoint
from engine.config import RunConfig, recipe
from engine.events import Failed, Finished, Saved, SaveFailed
from engine.files import write_bytes
from engine.history import read_history
from engine.lock import changing
from engine.message import InputError
from engine.runs import check_writable, new_run, resume_run, unfinished_run
from engine.store import RunFolder
from engine.trainer import Trainer
from engine.yaml_file import read_yaml
from tests.engine.support import differing, of_type, run, run_stored


@pytest.fixture
def folder_run(tmp_path, catalogue):
    """Runs settings in a workspace: the folder, events and trainer."""

    def start(config, stop_at=None):
        trainer = Trainer(
            config, lambda: RunFolder.create(tmp_path, config.model.id, config.dataset.id), catalogue=catalogue
        )
        events = run(trainer, stop_at)
        return trainer.store.path, events, trainer

    return start


def resumed(path, config, **options):
    snapshot = read_checkpoint(path / "checkpoints" / "last.safetensors")

    def open_store():
        store = RunFolder(path)
        store.rewrite_record(history_of(snapshot))
        return store

    return Trainer(config, open_store, snapshot=snapshot)


def lines(path):
    return path.read_text().splitlines()


def without_times(path):
    return [line.split(",")[:8] + line.split(",")[9:10] for line in lines(path)]


def test_a_run_folder_holds_settings_record_environment_log_and_checkpoints(tiny, folder_run, tmp_path):
    config = tiny(epochs=3, keep_every=6)
    path, events, _ = folder_run(config)
    assert path.parent == tmp_path / "runs"
    assert path.name.endswith("-mlp-blobs")
    assert {file.name for file in path.iterdir()} == {
        "config.yaml", "history.csv", "steps.csv", "environment.json", "result.json", "log.txt", "lock", "checkpoints",
    }  # fmt: skip
    assert {file.name for file in (path / "checkpoints").iterdir()} == {
        "best.safetensors", "last.safetensors", "step-6.safetensors", "step-12.safetensors",
    }  # fmt: skip
    environment = json.loads((path / "environment.json").read_text())
    assert {"versions", "device", "threads", "plugins"} <= environment.keys()
    assert environment["versions"]["torch"]
    assert {p["id"]: p["origin"] for p in environment["plugins"]}["adam"] == "built-in"
    assert events[-1].checkpoint == str(path / "checkpoints" / "best.safetensors")
    assert events[0].run == str(path)


def test_the_record_in_the_folder_is_the_history_of_the_run(tiny, folder_run):
    path, _, trainer = folder_run(tiny(epochs=3))
    read = read_history(path)
    assert read.epochs == trainer.history.epochs
    assert read.steps.tolist() == trainer.history.steps.tolist()
    kept = history_of(read_checkpoint(path / "checkpoints" / "last.safetensors"))
    assert kept.epochs == read.epochs
    assert kept.steps.tolist() == read.steps.tolist()


def test_a_resume_sets_the_record_back_to_its_checkpoint(tiny, folder_run, monkeypatch):
    monkeypatch.setattr("engine.history.LINES", 5)
    config = tiny(epochs=4)
    whole, _, _ = folder_run(config)
    path, _, _ = folder_run(config, stop_at=12)
    # What a killed process may leave: rows that came after its last checkpoint, and a line cut short.
    with open(path / "history.csv", "a") as file:
        file.write("3,9.0,0.5,9.0,0.5,9.0,0.5,0.01,1.0,130,0.1\n4,9.0,0.")
    with open(path / "steps.csv", "a") as file:
        file.write("13,9.0,0.01\n14,9.0,0.01\n15,9.")
    run(resumed(path, config))
    assert without_times(path / "history.csv") == without_times(whole / "history.csv")
    assert lines(path / "steps.csv") == lines(whole / "steps.csv")
    assert [line.split(",")[0] for line in lines(path / "steps.csv")[1:]] == [str(n) for n in range(1, 21)]


def test_a_record_that_was_lost_is_made_again_from_the_checkpoint(tiny, folder_run):
    config = tiny(epochs=3)
    whole, _, _ = folder_run(config)
    path, _, _ = folder_run(config, stop_at=9)
    (path / "history.csv").unlink()
    (path / "steps.csv").write_text("rubbish")
    run(resumed(path, config))
    assert without_times(path / "history.csv") == without_times(whole / "history.csv")
    assert lines(path / "steps.csv") == lines(whole / "steps.csv")


def test_steps_that_a_power_cut_took_from_the_record_come_back_from_the_checkpoint(tiny, folder_run, monkeypatch):
    # A checkpoint keeps every 4th step here: of the others there are those that the file still has.
    monkeypatch.setattr("engine.history.MAX_KEPT_STEPS", 5)
    config = tiny(epochs=4)
    path, _, _ = folder_run(config, stop_at=19)
    whole = lines(path / "steps.csv")
    (path / "steps.csv").write_text("\n".join(whole[:11]) + "\n11,0.5" + "\0" * 200)
    resumed(path, config).store.close()
    kept = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16]
    assert lines(path / "steps.csv") == [whole[0], *(whole[step] for step in kept)]


def test_the_settings_in_the_folder_make_the_same_run_again(tiny, folder_run, catalogue):
    config = tiny(epochs=2, ticked=["dropout:p=0.25", "cosine"], name="1e-3")
    path, _, trainer = folder_run(config)
    data = read_yaml(path / "config.yaml")
    data.pop("changes", None)
    data["dataset"] = {"id": "linear"}  # a test's own data set is in no catalogue
    assert data["model"] == {"id": "mlp", "hidden": [12, 8]}
    assert data["with"] == [{"id": "dropout", "p": 0.25}, {"id": "cosine", "eta_min": 0.0}]
    data.pop("dataset")
    again = RunConfig.from_dict(data, catalogue, config)
    assert again == config
    assert differing(run_stored(again)[1].last(), read_checkpoint(trainer.store.last_path)) == []


def test_changes_stand_with_the_settings(tiny, folder_run, tmp_path):
    config = tiny(epochs=2)
    trainer = Trainer(config, lambda: RunFolder.create(tmp_path, "a", "b"))
    generator = trainer.run()
    while trainer.position.step < 3:
        next(generator)
    trainer.change_lr(0.5)
    written = yaml.safe_load((trainer.store.path / "config.yaml").read_text())
    assert written["changes"] == [{"step": 3, "field": "lr", "old": 0.01, "new": 0.5}]
    assert written["lr"] == 0.01
    generator.close()


def test_the_folder_is_locked_while_the_run_runs_and_free_after(tiny, tmp_path):
    config = tiny(epochs=1)
    trainer = Trainer(config, lambda: RunFolder.create(tmp_path, "a", "b"))
    generator = trainer.run()
    next(generator)
    with pytest.raises(InputError, match=f"process {os.getpid()}"):
        RunFolder(trainer.store.path)
    assert isinstance([event for event in generator if event][-1], Finished)
    RunFolder(trainer.store.path).close()


def test_runs_of_the_same_second_have_folders_of_their_own(tmp_path):
    stores = [RunFolder.create(tmp_path, "mlp", "data") for _ in range(5)]
    assert len({store.path for store in stores}) == 5
    for store in stores:
        store.close()


def test_temporary_files_of_a_dead_process_are_cleared_away(tiny, folder_run):
    path, _, _ = folder_run(tiny(epochs=1))
    for stale in (path / ".config.yaml.123.tmp", path / "checkpoints" / ".last.safetensors.9.tmp"):
        stale.write_text("half")
    RunFolder(path).close()
    assert not list(path.rglob("*.tmp"))


def test_best_stays_whole_when_the_disk_has_no_links(tiny, folder_run, monkeypatch):
    def no_links(*arguments):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path, events, _ = folder_run(tiny(epochs=2, keep_every=5))
    assert isinstance(events[-1], Finished)
    for name in ("best", "last", "step-5", "step-10"):
        assert read_checkpoint(path / "checkpoints" / f"{name}.safetensors").tensors
    assert not list(path.rglob("*.tmp"))


def test_a_full_disk_is_waited_for_and_loses_nothing(tiny, folder_run, monkeypatch):
    config = tiny(epochs=3)
    _, reference, _ = run_stored(config)
    replace, failures = os.replace, []

    def full(source, target):
        if str(target).endswith("last.safetensors") and len(failures) < 3:
            failures.append(target)
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    path, events, _ = folder_run(config)
    assert len(of_type(events, SaveFailed)) == 3
    assert differing(read_checkpoint(path / "checkpoints" / "last.safetensors"), reference.last()) == []
    assert not list(path.rglob("*.tmp"))


@pytest.mark.parametrize("epochs_done", [1, 2])
def test_a_crash_between_the_saves_of_last_and_best_is_mended(tiny, tmp_path, epochs_done):
    # Nothing is learned, so the first epoch is the best by accuracy; or only the last two are there to be best.
    monitor = "val_accuracy" if epochs_done == 1 else "train_loss"
    config = tiny(epochs=3, lr=1e-9 if epochs_done == 1 else 0.01, monitor=monitor)
    _, reference, _ = run_stored(config)
    trainer = Trainer(config, partial(RunFolder.create, tmp_path, "a", "b"))
    with closing(trainer.run()) as generator:
        saves = (event for event in generator if isinstance(event, Saved))
        stale = None
        for _ in range(epochs_done):
            stale = Path(trainer.store.best_path).read_bytes() if trainer.store.best_path else None
            next(saves)
    best = trainer.store.path / "checkpoints" / "best.safetensors"
    best.unlink()
    if stale:
        best.write_bytes(stale)
    events = run(resumed(trainer.store.path, config))
    assert differing(read_checkpoint(best), reference.best()) == []
    assert events[-1].best_epoch == reference.best().meta["progress"]["epoch"]


# --- runs in a workspace --------------------------------------------------------------------------


@pytest.fixture
def sample(catalogue):
    """Settings of a small run on the bundled data, which every catalogue knows."""
    config = recipe("default", catalogue).changed({
        "train_samples": "100", "validation_samples": "50", "epochs": 2, "threads": "1", "batch_size": 32,
        "model": catalogue.make("model", "linear", {}),
    })  # fmt: skip
    return config.ticked(catalogue.make(None, "cosine", {}))


def test_the_last_checkpoint_goes_on_in_its_folder_and_an_older_one_in_a_new_folder(sample, catalogue, workspace):
    first = new_run(sample.changed({"keep_every": 2}), catalogue, workspace)
    run(first)
    path = first.store.path
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    older = resume_run(path / "checkpoints" / "step-2.safetensors", catalogue, workspace)
    assert older.store.path != path
    run(older)
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before
    last = [read_checkpoint(p / "checkpoints" / "last.safetensors") for p in (path, older.store.path)]
    assert differing(*last) == []
    more = resume_run(path, catalogue, workspace, more=1)
    assert more.store.path == path
    run(more)
    assert len(read_history(path).epochs) == 3


def test_a_checkpoint_on_its_own_goes_on_in_a_new_folder(sample, catalogue, workspace, tmp_path):
    first = new_run(sample, catalogue, workspace)
    run(first, stop_at=3)
    lone = tmp_path / "lone.safetensors"
    lone.write_bytes(first.store.last_path.read_bytes())
    again = resume_run(lone, catalogue, workspace)
    assert again.store.path != first.store.path
    events = run(again)
    assert isinstance(events[-1], Finished)
    run(resume_run(first.store.path, catalogue, workspace))
    assert differing(*(read_checkpoint(t.store.last_path) for t in (first, again))) == []


def test_more_epochs_count_from_where_a_run_ended(sample, catalogue, workspace):
    path = (lambda t: (run(t), t.store.path)[1])(new_run(sample, catalogue, workspace))
    trainer = resume_run(path, catalogue, workspace, more=3)
    assert trainer.epochs == 5
    run(trainer, stop_at=12)
    trainer = resume_run(path, catalogue, workspace, more=1)
    assert trainer.epochs == 6
    run(trainer, stop_at=13)
    trainer = resume_run(path, catalogue, workspace, epochs=5)
    assert trainer.epochs == 5
    run(trainer)
    assert trainer.position.epoch == 5


def test_a_run_that_is_running_is_refused_and_left_alone(sample, catalogue, workspace):
    first = new_run(sample, catalogue, workspace)
    generator = first.run()
    while not first.store.last_path.exists():
        next(generator)
    with pytest.raises(InputError, match="is running in this Tunedeck"):
        resume_run(first.store.path, catalogue, workspace)
    assert isinstance([event for event in generator if event][-1], Finished)


def test_an_extension_that_is_refused_leaves_the_run_free(sample, catalogue, workspace):
    first = new_run(sample, catalogue, workspace)
    run(first)
    before = first.store.last_path.read_bytes()
    with pytest.raises(InputError, match="epochs are done"):
        resume_run(first.store.path, catalogue, workspace, epochs=1)
    assert first.store.last_path.read_bytes() == before
    RunFolder(first.store.path).close()


def test_the_newest_run_is_found_only_if_it_was_left_before_its_end(sample, catalogue, workspace):
    assert unfinished_run(workspace) is None
    trainer = new_run(sample, catalogue, workspace)
    run(trainer, stop_at=2)
    assert unfinished_run(workspace) == trainer.store.path
    run(resume_run(trainer.store.path, catalogue, workspace))
    assert unfinished_run(workspace) is None
    trainer.store.last_path.write_bytes(b"rubbish")
    assert unfinished_run(workspace) is None


def test_a_checkpoint_whose_plugin_is_absent_names_it(tiny, catalogue, workspace, folder_run):
    path, _, _ = folder_run(tiny(epochs=1))
    with pytest.raises(InputError, match=r"plugin blobs \(dataset\)") as error:
        resume_run(path, catalogue, workspace)
    assert error.value.message.code == "plugin-missing"


@pytest.mark.parametrize("key", ["config", "progress", "data", "plugins"])
def test_a_checkpoint_that_is_no_runs_is_refused_in_one_line(catalogue, workspace, folder_run, tiny, tmp_path, key):
    path, _, _ = folder_run(tiny(epochs=1))
    whole = read_checkpoint(path / "checkpoints" / "last.safetensors")
    lone = tmp_path / "lone.safetensors"
    write_checkpoint(lone, Snapshot(whole.tensors, {name: v for name, v in whole.meta.items() if name != key}))
    with pytest.raises(InputError, match=f"lacks {key}"):
        resume_run(lone, catalogue, workspace)


def test_a_workspace_that_can_not_be_made_is_refused_and_a_check_makes_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(InputError, match="--workspace"):
            check_writable(path)
    check_writable(tmp_path / "new" / "place")
    assert not (tmp_path / "new").exists()


def test_a_disk_that_is_full_at_the_start_is_told_in_one_line(sample, catalogue, workspace, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        new_run(sample, catalogue, workspace)
    assert list((workspace / "runs").iterdir()) == []


def test_a_disk_that_is_full_ends_no_run_when_the_rate_is_changed(tiny, tmp_path, monkeypatch):
    trainer = Trainer(tiny(epochs=1), partial(RunFolder.create, tmp_path, "a", "b"))
    generator = trainer.run()
    while trainer.position.step < 2:
        next(generator)
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    trainer.change_lr(0.5)
    monkeypatch.setattr(os, "replace", replace)
    events = [event for event in generator if event]
    assert not of_type(events, Failed)
    assert read_checkpoint(trainer.store.last_path).meta["changes"][0]["new"] == 0.5


def runs_of(workspace):
    return sorted(path.name for path in (workspace / "runs").iterdir())


def test_a_resume_that_is_refused_leaves_no_new_folder_behind(sample, catalogue, workspace):
    first = new_run(sample.changed({"keep_every": 2}), catalogue, workspace)
    run(first)
    older = first.store.path / "checkpoints" / "step-2.safetensors"
    before = runs_of(workspace)
    for extension in ({"more": 0}, {"more": -3}, {"epochs": 10_000_000}):
        with pytest.raises(InputError):
            resume_run(older, catalogue, workspace, **extension)
    assert runs_of(workspace) == before


def test_a_fault_while_the_run_is_made_removes_its_new_folder(sample, catalogue, workspace, monkeypatch):
    monkeypatch.setattr(RunFolder, "describe", lambda *_: (_ for _ in ()).throw(InputError("x", "no room")))
    with pytest.raises(InputError, match="no room"):
        new_run(sample, catalogue, workspace)
    assert runs_of(workspace) == []


def test_an_older_checkpoint_can_be_used_where_the_last_is_damaged(sample, catalogue, workspace):
    first = new_run(sample.changed({"keep_every": 2}), catalogue, workspace)
    run(first)
    whole = read_checkpoint(first.store.last_path)
    first.store.last_path.write_bytes(b"rubbish")
    again = resume_run(first.store.path / "checkpoints" / "step-2.safetensors", catalogue, workspace)
    assert again.store.path != first.store.path
    run(again)
    assert differing(read_checkpoint(again.store.last_path), whole) == []


def test_a_run_goes_on_where_its_best_is_damaged(sample, catalogue, workspace):
    first = new_run(sample, catalogue, workspace)
    run(first)
    best = Path(first.store.best_path)
    damaged = best.read_bytes()[:5000]
    best.unlink()  # it may share its bytes with last
    best.write_bytes(damaged)
    assert isinstance(run(resume_run(first.store.path, catalogue, workspace, more=1))[-1], Finished)
    assert best.with_name("damaged-best.safetensors").stat().st_size == 5000


def test_a_best_that_a_newer_version_wrote_is_neither_used_nor_put_aside(sample, catalogue, workspace, monkeypatch):
    first = new_run(sample, catalogue, workspace)
    run(first)
    monkeypatch.setattr("engine.checkpoints.checkpoint.FORMAT", 2)
    newer = encode(read_checkpoint(Path(first.store.best_path)))
    monkeypatch.undo()
    monkeypatch.setenv("TUNEDECK_WORKSPACE", str(workspace))
    write_bytes(Path(first.store.best_path), newer)
    with pytest.raises(InputError, match="newer"):
        resume_run(first.store.path, catalogue, workspace, more=1)
    assert Path(first.store.best_path).read_bytes() == newer
    RunFolder(first.store.path).close()


def test_where_there_is_no_room_for_the_best_a_run_does_not_go_on_without_it(sample, catalogue, workspace, monkeypatch):
    first = new_run(sample.changed({"keep_every": 2}), catalogue, workspace)
    run(first, stop_at=5)
    before = runs_of(workspace)
    replace = os.replace

    def full(source, target):
        if Path(target).name == "best.safetensors":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        resume_run(first.store.path / "checkpoints" / "step-4.safetensors", catalogue, workspace)
    assert runs_of(workspace) == before


def test_the_best_of_another_run_is_not_brought_along(sample, catalogue, workspace, tmp_path):
    runs = [new_run(sample.changed({"seed": seed}), catalogue, workspace) for seed in (1, 2)]
    for trainer in runs:
        run(trainer)
    (tmp_path / "last.safetensors").write_bytes(runs[0].store.last_path.read_bytes())
    for trainer, brought in ((runs[1], False), (runs[0], True)):
        (tmp_path / "best.safetensors").write_bytes(Path(trainer.store.best_path).read_bytes())
        again = resume_run(tmp_path / "last.safetensors", catalogue, workspace)
        again.store.close()
        assert (again.store.best_path is not None) == brought


@pytest.mark.parametrize("count", range(1, 6))
def test_a_run_that_ctrl_c_keeps_from_coming_to_be_leaves_nothing(tmp_path, monkeypatch, count):
    """The signal comes in each flush in turn: of the folders, and of the files in them."""
    flush, calls = os.fsync, []

    def interrupted(handle):
        calls.append(handle)
        if len(calls) == count:
            raise KeyboardInterrupt
        flush(handle)

    (tmp_path / "runs").mkdir()
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        RunFolder.create(tmp_path, "mlp", "data")
    assert not list((tmp_path / "runs").iterdir())


def test_notes_that_another_process_is_writing_are_left_alone_and_those_of_a_dead_one_cleared_away(tmp_path):
    writing = tmp_path / ".notes.yaml.123.tmp"
    writing.write_text("name: mine")
    with changing(tmp_path / "notes.yaml"):
        RunFolder(tmp_path).close()
        assert writing.exists()
    RunFolder(tmp_path).close()
    assert not writing.exists()
