"""The runs of the list: in order, one for each folder, found by words; and what is said of each."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest
from PySide6.QtCore import Qt

from engine.config import recipe
from engine.events import Failed, Finished
from engine.history import EpochRow
from engine.message import message
from engine.run_records.index import Status, list_runs
from engine.run_records.notes import Notes, write_notes
from gui.runs.model import RUN, RunFilter, RunModel
from gui.runs.run import Run, settings_of
from gui.runs.watch import Sighting
from gui.runs.words import found_by, line, size, status, when
from gui.training.session import State
from tests.gui.runs.run_folders import ROWS, make_run, write_rows

NOW = datetime(2026, 5, 4, 12, 30)


@pytest.fixture
def config(catalogue):
    return recipe("first-lesson", catalogue).changed({"epochs": 2})


@pytest.fixture
def see(catalogue, workspace):
    """What lies in the workspace now."""

    def now():
        records = list_runs(workspace)
        return [Sighting(r, settings_of(r, catalogue), found_by(r, settings_of(r, catalogue))) for r in records]

    return now


@pytest.fixture
def model(app):
    return RunModel()


def names(model):
    return [run.folder.name if run.folder else run.label for run in model.runs]


def test_runs_stand_newest_first_whenever_they_come(model, see, config, workspace):
    make_run(workspace, "2026-01-01_10-00-00-b", config)
    make_run(workspace, "2026-01-01_09-00-00-a", config)
    model.take_up(see())
    make_run(workspace, "2026-01-01_09-30-00-x", config)
    fresh = Run("fresh", config)
    model.add(fresh)
    model.take_up(see())
    assert names(model) == ["fresh", "2026-01-01_10-00-00-b", "2026-01-01_09-30-00-x", "2026-01-01_09-00-00-a"]
    assert [run.label for run in model.runs[1:]] == ["MLP, 01-01 10:00", "MLP, 01-01 09:30", "MLP, 01-01 09:00"]


def test_runs_of_one_minute_are_called_apart(model, see, config, workspace):
    for second in range(3):
        make_run(workspace, f"2026-01-01_10-00-0{second}-x", config)
    model.take_up(see())
    assert sorted(run.label for run in model.runs) == ["MLP, 01-01 10:00" + end for end in ("", " (2)", " (3)")]


def test_a_run_keeps_its_place_and_itself_while_its_figures_move(model, see, config, workspace):
    folder = make_run(workspace, "2026-01-01_10-00-00-b", config, rows=ROWS[:1])
    make_run(workspace, "2026-01-01_09-00-00-a", config)
    model.take_up(see())
    run = model.runs[0]
    write_rows(folder, ROWS)
    assert model.take_up(see()) is False  # it is not drawn
    assert model.runs[0] is run and len(run.history.epochs) == 2
    model.tick(run, True)
    write_rows(folder, ROWS[:1])
    assert model.take_up(see()) is True
    assert model.take_up(see()) is False  # nothing looks otherwise now


def test_a_run_that_is_gone_goes_unless_it_is_in_front_or_too_new_to_be_seen(model, see, config, workspace):
    paths = [make_run(workspace, f"2026-01-01_10-00-0{second}-x", config) for second in range(3)]
    model.take_up(see())
    here = Run("here", config, workspace / "runs" / "made-a-moment-ago")
    model.add(here)
    model.present = next(run for run in model.runs if run.folder == paths[0])
    gone = next(run for run in model.runs if run.folder == paths[1])
    model.tick(gone, True)
    for path in paths[:2]:
        path.rename(workspace / path.name)
    assert model.take_up(see()) is True
    assert {run.folder for run in model.runs} == {paths[0], paths[2], here.folder}
    model.present = here
    model.take_up(see())
    assert {run.folder for run in model.runs} == {paths[2], here.folder}


def test_a_run_that_was_loaded_stands_in_the_place_of_what_was_known_of_it(model, see, config, workspace):
    folder = make_run(workspace, "2026-01-01_10-00-00-b", config)
    make_run(workspace, "2026-01-01_11-00-00-a", config)
    model.take_up(see())
    known = model.runs[1]
    model.tick(known, True)
    loaded = Run("loaded", config, folder)
    model.add(loaded)
    assert model.runs[1] is loaded and len(model.runs) == 2 and model.is_drawn(loaded)
    assert loaded.record is known.record and loaded.begun == known.begun
    model.take_up(see())
    assert len(model.runs) == 2


def test_a_folder_that_was_seen_before_its_run_was_told_of_it_stays_one_run(model, see, config, workspace):
    run = Run("mine", config)
    model.add(run)
    run.folder = make_run(workspace, "2026-01-01_10-00-00-b", config)
    model.take_up(see())
    assert len(model.runs) == 2
    model.refresh(run)
    assert model.runs == [run] and run.record is not None
    model.take_up(see())
    assert model.runs == [run]


def test_a_run_loaded_from_an_older_file_keeps_what_was_done_up_to_there(model, see, config, workspace):
    folder = make_run(workspace, "2026-01-01_10-00-00-b", config)
    older = Run("older", config, folder, source=folder / "checkpoints" / "step-4.safetensors")
    older.history.epochs = [ROWS[0]]
    newest = Run("newest", config, folder, source=folder / "checkpoints" / "last.safetensors")
    for run, epochs in ((older, 1), (newest, 2)):
        model.add(run)
        model.take_up(see())
        assert len(run.history.epochs) == epochs


def test_the_present_run_is_always_drawn(model, config):
    run, other = Run("a", config), Run("b", config)
    model.add(run)
    model.add(other)
    model.present = run
    told = []
    model.ticked.connect(lambda: told.append(1))
    for each, taken in ((run, False), (other, True)):
        index = model.index(model.row(each))
        assert model.setData(index, Qt.CheckState.Checked.value, Qt.ItemDataRole.CheckStateRole) is taken
        assert index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    assert model.setData(model.index(model.row(run)), 0, Qt.ItemDataRole.CheckStateRole) is False
    assert model.is_drawn(run) and told == [1]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", "abc"), ("mlp", "abc"), ("DROPOUT", "b"), ("better", "a"), ("keep better", "a"), ("keep dropout", ""),
        ("fashion", "abc"), ("failed", "c"), ("2026-01-01_10-00-00", "a"), ("slow", "a"), ("first", "a"),
    ],
)  # fmt: skip
def test_a_search_finds_by_name_tags_notes_techniques_and_status(
    model, see, config, catalogue, workspace, words, found
):
    write_notes(make_run(workspace, "2026-01-01_10-00-00-a", config), Notes("First", ("better", "keep"), "but slow"))
    make_run(workspace, "2026-01-01_11-00-00-b", config.ticked(catalogue.make(None, "dropout", {})))
    make_run(workspace, "2026-01-01_12-00-00-c", config, reason=None, log="the loss is not finite at step 3")
    model.take_up(see())
    runs = RunFilter(model)
    runs.search(words)
    shown = [runs.index(row, 0).data(RUN).folder.name[-1] for row in range(runs.rowCount())]
    assert sorted(shown) == list(found)


def test_a_run_tells_best_last_gap_time_and_when(app, config):
    run = Run("MLP", config, begun=datetime(2026, 5, 4, 9, 5))
    run.history.epochs = list(ROWS)
    told = line(run, State.RUNNING, NOW)
    assert (told.title, told.status, told.when) == ("MLP", "training", "09:05")
    assert (told.best, told.last, told.gap, told.time) == ("70.0 %", "69.0 %", "+0.500", "1:24")
    assert told.working and not told.failed and "best 70.0 %" in told.spoken()
    bare = line(Run("x"), None, NOW)
    assert (bare.best, bare.last, bare.gap, bare.time) == ("–", "–", "–", "–")
    run.history.epochs = [EpochRow(1, 0.123456)]
    assert (line(run, None, NOW).best, line(run, None, NOW).gap) == ("0.123", "–")


def ended(code, *, stopped=False):
    return Finished(message(code, code), stopped, 2, 8, 1, 0.8, 0.7, 0.55, 0.81, 1.0, 1.0, None)


def test_how_a_run_stands_is_said_in_a_word(app, config, see, model, workspace):
    assert status(Run("x"), State.PAUSED) == "paused" and status(Run("x"), None) == "finished"
    assert status(Run("x", outcome=ended("all-epochs")), None) == "finished"
    assert status(Run("x", outcome=ended("early"), reason=message("early", "")), State.READY) == "stopped early"
    assert status(Run("x", outcome=ended("stopped", stopped=True)), None) == "unfinished"
    assert status(Run("x", outcome=Failed(message("x", "x"), 1, None, "")), None) == "failed"
    make_run(workspace, "2026-01-01_10-00-00-a", config)
    model.take_up(see())
    (run,) = model.runs
    record = run.record
    for state, word in (
        (Status.STOPPED_EARLY, "stopped early"), (Status.UNFINISHED, "unfinished"), (Status.FAILED, "failed"),
        (Status.INTERRUPTED, "interrupted"), (Status.FINISHED, "finished"),
    ):  # fmt: skip
        model.take_up([Sighting(dataclasses.replace(record, status=state), run.config, "")])
        assert status(run, None) == word
        assert (run.continue_from is not None) == (word in ("unfinished", "failed", "interrupted"))
        assert run.extend_from is not None


def test_a_run_that_another_process_trains_can_not_go_on_here(model, see, config, workspace):
    make_run(workspace, "2026-01-01_10-00-00-a", config, reason=None)
    (sighting,) = see()
    held = dataclasses.replace(sighting.record, holder=1, status=Status.TRAINING)
    model.take_up([dataclasses.replace(sighting, record=held)])
    (run,) = model.runs
    run.outcome = ended("stopped", stopped=True)
    model.take_up([dataclasses.replace(sighting, record=dataclasses.replace(held, rows=ROWS[:1]))])
    assert status(run, None) == "runs elsewhere" and run.continue_from is None and run.extend_from is None
    assert run.outcome is None and len(run.history.epochs) == 1
    run.outcome = Failed(message("locked", "it is in use by process 1"), 0, None, "")  # somebody tried
    assert run.continue_from is None
    run.outcome = None
    model.take_up([sighting])
    assert run.continue_from is not None and len(run.history.epochs) == 2


def test_test_figures_and_time_come_from_this_session_or_the_folder(model, see, config, workspace):
    make_run(workspace, "2026-01-01_10-00-00-a", config)
    model.take_up(see())
    assert model.runs[0].test == (0.55, 0.81) and model.runs[0].seconds == 84
    assert Run("x").test == (None, None)
    assert Run("x", outcome=ended("all-epochs")).test == (0.55, 0.81)


@pytest.mark.parametrize(
    ("begun", "text"),
    [
        (datetime(2026, 5, 4, 9, 5), "09:05"),
        (datetime(2026, 5, 3, 23, 59), "3 May"),
        (datetime(2025, 12, 31), "Dec 2025"),
    ],
)
def test_when_is_as_brief_as_it_is_clear(app, begun, text):
    assert when(begun, NOW) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1234, "1.23 kB"), (999_600, "1 MB"), (96_000_000, "96 MB"),
     (412_400_000, "412 MB"), (1_380_000_000, "1.38 GB"), (5 * 10**15, "5000 TB")],
)  # fmt: skip
def test_sizes_have_three_figures_and_a_unit(count, text):
    assert size(count) == text


def test_runs_whose_plugin_is_gone_are_listed_by_their_ids(model, see, config, workspace):
    folder = make_run(workspace, "2026-01-01_10-00-00-a", config)
    (folder / "checkpoints" / "last.safetensors").unlink()
    text = (folder / "config.yaml").read_text().replace("id: mlp", "id: gone")
    (folder / "config.yaml").write_text(text)
    model.take_up(see())
    (run,) = model.runs
    assert run.config is None and run.title == "gone" and run.label == "gone, 01-01 10:00"
