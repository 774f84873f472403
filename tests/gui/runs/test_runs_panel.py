"""The dock of the runs: it follows the workspace, and what is done in it comes to the disk and back."""

from __future__ import annotations

from contextlib import closing

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QDesktopServices, QFontMetrics, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from engine.config import recipe
from engine.run_records.notes import Notes, read_notes, write_notes
from engine.store import RunFolder
from gui.runs.delegate import RowRooms
from gui.runs.panel import RunsPanel
from gui.runs.run import Run
from gui.runs.waiting import MOST_LINES
from gui.training.session import State
from tests.gui.driving import pump
from tests.gui.runs.run_folders import ROWS, make_run, write_rows

NAMES = ("2026-01-01_10-00-00-a", "2026-01-01_11-00-00-b", "2026-01-01_12-00-00-c")


@pytest.fixture
def config(catalogue):
    return recipe("first-lesson", catalogue).changed({"epochs": 2})


@pytest.fixture
def folders(workspace, config):
    """Three runs, oldest first."""
    return [make_run(workspace, name, config) for name in NAMES]


@pytest.fixture
def panel(show, bench, folders):
    panel = show(RunsPanel(), 296, 600)
    panel.begin(bench)
    settle(panel, bench)
    return panel


def settle(panel, bench):
    """Wait until all that was asked for is done and seen."""
    pump(lambda: not bench.background.busy)


def look(panel, bench):
    panel._watch.look()
    settle(panel, bench)


def run_in(panel, folder):
    return next(run for run in panel.list.all_runs if run.folder == folder)


def listed(panel):
    return [run.folder.name[-1] for run in panel.list.all_runs]


def choose(panel, *folders):
    panel.list.select([run_in(panel, folder) for folder in folders])
    panel.list.setFocus()


def press(panel, key, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(panel.list, key, modifier)


def test_runs_come_move_and_go_by_themselves(panel, bench, folders, workspace, config):
    assert listed(panel) == ["c", "b", "a"]
    panel._watch._timer.setInterval(1)
    make_run(workspace, "2026-01-02_10-00-00-d", config, rows=ROWS[:1])
    pump(lambda: listed(panel) == ["d", "c", "b", "a"])
    with closing(RunFolder(workspace / "runs" / "2026-01-02_10-00-00-d")):
        pump(lambda: panel.list.runs.line(panel.list.all_runs[0]).status == "training")
        write_rows(workspace / "runs" / "2026-01-02_10-00-00-d", ROWS)
        pump(lambda: panel.list.runs.line(panel.list.all_runs[0]).last == "69.0 %")
    pump(lambda: panel.list.runs.line(panel.list.all_runs[0]).status == "finished")
    folders[0].rename(workspace / "elsewhere")
    pump(lambda: listed(panel) == ["d", "c", "b"])
    panel._watch._timer.stop()
    settle(panel, bench)


def test_a_workspace_that_can_not_be_looked_at_is_told(panel, bench, monkeypatch):
    def fail(self):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("engine.run_records.index.RunIndex.records", fail)
    look(panel, bench)
    assert "Input/output error" in panel.notices.texts()["failed"]


def test_nothing_is_told_where_nothing_has_changed(panel, bench, folders):
    told = []
    panel._watch.seen.connect(told.append)
    panel._watch._look_in_turn()
    settle(panel, bench)
    assert told == []
    write_notes(folders[0], Notes("x"))
    look(panel, bench)
    assert len(told) == 1


def test_runs_go_to_the_bin_with_one_key_and_come_back_as_they_were(panel, bench, folders, workspace):
    kept, drawn = run_in(panel, folders[0]), run_in(panel, folders[1])
    panel.list.tick(drawn, True)
    redrawn = []
    panel.list.overlays_changed.connect(lambda: redrawn.append([run.folder for run in panel.list.overlays]))
    choose(panel, *folders[:2])
    press(panel, Qt.Key.Key_Delete)
    settle(panel, bench)
    assert listed(panel) == ["c"] and redrawn[-1] == []
    assert panel.notices.texts() == {"bin": "2 runs are in the bin."}
    assert not folders[0].exists() and (workspace / "bin" / NAMES[0]).is_dir()
    assert panel.foot.bin_button.isVisible() and panel.foot.label.text().startswith("1 run, ")
    panel.notices.get("bin").buttons[0].click()
    settle(panel, bench)
    assert listed(panel) == ["c", "b", "a"] and run_in(panel, folders[0]) is kept
    assert panel.list.overlays == [drawn] and redrawn[-1] == [folders[1]]
    assert not panel.foot.bin_button.isVisible() and panel.notices.texts() == {}


def test_a_run_that_trains_stays_and_the_others_go(panel, bench, folders):
    choose(panel, *folders[:2])
    with closing(RunFolder(folders[0])):
        panel.list.bin_action.trigger()
        settle(panel, bench)
        assert f"{NAMES[0]} is running in this Tunedeck" in panel.notices.texts()["failed"]
        assert panel.notices.texts()["bin"] == "MLP is in the bin."
        assert listed(panel) == ["c", "a"]


def test_the_bin_is_emptied_and_says_what_that_frees(panel, bench, folders, workspace):
    choose(panel, folders[0])
    press(panel, Qt.Key.Key_Delete)
    settle(panel, bench)
    assert "Bin, " in panel.foot.bin_button.text() and "for good" in panel.foot.empty_action.text()
    panel.foot.empty_action.trigger()
    settle(panel, bench)
    assert "kB freed." in panel.notices.texts()["emptied"] and "bin" not in panel.notices.texts()
    assert not any((workspace / "bin").iterdir()) and not panel.foot.bin_button.isVisible()


def test_a_run_that_was_put_away_another_day_can_be_put_back(panel, bench, folders, workspace):
    (workspace / "bin").mkdir()
    folders[1].rename(workspace / "bin" / NAMES[1])
    look(panel, bench)
    assert listed(panel) == ["c", "a"]
    panel.foot.menu.actions()[0].trigger()
    settle(panel, bench)
    assert listed(panel) == ["c", "b", "a"]


def test_a_run_is_renamed_where_it_stands(panel, bench, folders):
    write_notes(folders[1], Notes("", ("keep",), "slow"))
    run = run_in(panel, folders[1])
    panel.list.tick(run, True)
    redrawn = []
    panel.list.overlays_changed.connect(lambda: redrawn.append(run.label))
    choose(panel, folders[1])
    press(panel, Qt.Key.Key_F2)
    editor = panel.list.viewport().findChild(QLineEdit)
    assert editor.text() == "MLP"
    editor.setText(" best so far ")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    pump(lambda: run.title == "best so far")
    assert redrawn == ["best so far, 01-01 11:00"]
    assert read_notes(folders[1]) == Notes("best so far", ("keep",), "slow")
    panel.list.runs.setData(panel.list.runs.index(panel.list.runs.row(run)), "")
    settle(panel, bench)
    assert run.title == "MLP"


def test_nothing_that_was_asked_for_is_dropped(panel, bench, folders):
    for row, name in enumerate("xyz"):
        panel.list.runs.setData(panel.list.runs.index(row), name)
    settle(panel, bench)
    assert [run.title for run in panel.list.all_runs] == ["x", "y", "z"]


def test_tags_and_notes_are_kept_when_they_are_left(panel, bench, folders):
    choose(panel, folders[0])
    press(panel, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    details = panel.details
    assert details.isVisible() and details.tags.hasFocus()
    QTest.keyClicks(details.tags, "keep, seed 0 ,")
    details.notes.setFocus()
    QTest.keyClicks(details.notes, "slow")
    choose(panel, folders[1])
    settle(panel, bench)
    assert read_notes(folders[0]) == Notes("", ("keep", "seed 0"), "slow")
    assert details.tags.text() == "" and details.notes.toPlainText() == ""
    choose(panel, folders[0])
    assert details.tags.text() == "keep, seed 0" and details.notes.toPlainText() == "slow"
    assert read_notes(folders[1]) == Notes()


def test_what_is_being_written_is_not_overwritten_by_what_is_seen(panel, bench, folders):
    choose(panel, folders[0])
    panel.fold.setChecked(True)
    write_notes(folders[0], Notes("", ("a",)))
    look(panel, bench)
    assert panel.details.tags.text() == "a"
    panel.details.tags.setFocus()
    QTest.keyClicks(panel.details.tags, ", b")
    write_notes(folders[0], Notes("named", ("c",)))
    look(panel, bench)
    assert panel.details.tags.text() == "a, b"
    panel.keep()  # as when the window closes: then nothing more is done in the background
    bench.background.end()
    assert read_notes(folders[0]) == Notes("named", ("a", "b"))


def test_notes_that_can_not_be_kept_are_told(panel, bench, folders, workspace):
    choose(panel, folders[0])
    folders[0].rename(workspace / "gone")
    panel.list.runs.setData(panel.list.runs.index(2), "x")
    settle(panel, bench)
    assert "can't be kept" in panel.notices.texts()["failed"]


def test_the_details_tell_what_a_run_came_to(panel, bench, folders):
    panel.fold.setChecked(True)
    assert panel.details.hint.isVisible() and not panel.details.form.isVisible()
    choose(panel, folders[0])
    facts = {key: label.text() for key, label in panel.details.facts.items()}
    assert facts["settings"] == "Fashion MNIST sample · MLP" and facts["epochs"] == "2 of 2"
    assert facts["test"] == "81.0 % ± 2.4 %, loss 0.550" and facts["time"] == "1:24, begun 2026-01-01 10:00"
    assert facts["disk"].endswith(f" in {NAMES[0]}")
    choose(panel, *folders)
    assert panel.details.hint.text().startswith("3 runs, ") and not panel.details.form.isVisible()


def test_a_run_is_loaded_drawn_and_continued_by_key_and_button(panel, bench, folders, workspace, config):
    left = make_run(workspace, "2026-01-02_10-00-00-d", config, reason=None, log="stopped at step 4")
    look(panel, bench)
    runs, opened, going, drawn = panel.list, [], [], []
    runs.opened.connect(opened.append)
    runs.continue_asked.connect(going.append)
    runs.overlays_changed.connect(lambda: drawn.append(len(runs.overlays)))
    choose(panel, folders[0])
    press(panel, Qt.Key.Key_Return)
    assert opened == [run_in(panel, folders[0])] and not runs.continue_action.isEnabled()
    choose(panel, *folders[:2])
    press(panel, Qt.Key.Key_Space)
    press(panel, Qt.Key.Key_Space)
    assert drawn == [2, 0] and not runs.load_action.isEnabled()
    choose(panel, left)
    panel.fold.setChecked(True)
    panel.details.continue_button.click()
    runs.continue_action.trigger()
    panel.details.load_button.click()
    assert going == [run_in(panel, left)] * 2 and opened[1:] == [run_in(panel, left)]


def test_nothing_is_loaded_while_a_run_is_under_way(panel, folders):
    choose(panel, folders[0])
    panel.fold.setChecked(True)
    here, former = Run("here"), run_in(panel, folders[1])
    panel.list.set_present(former, keep_former=True)
    panel.list.refresh(here, State.PREPARING)
    assert panel.list.runs.line(former).status == "finished"  # it is not the one that is being prepared
    panel.list.set_present(here, keep_former=True)
    panel.list.refresh(here, State.RUNNING)
    assert not panel.list.load_action.isEnabled() and not panel.details.load_button.isEnabled()
    panel.list.refresh(here, State.READY)
    assert panel.list.load_action.isEnabled() and panel.details.load_button.isEnabled()


def test_a_click_on_the_box_draws_a_run(panel, folders):
    drawn = []
    panel.list.overlays_changed.connect(lambda: drawn.append(panel.list.overlays))
    row = panel.list.visualRect(panel.list.model().index(0, 0))
    QTest.mouseClick(
        panel.list.viewport(), Qt.MouseButton.LeftButton, pos=row.topLeft() + QPoint(14, row.height() // 2)
    )
    assert drawn == [[run_in(panel, folders[2])]]


def test_the_menu_offers_all_of_it(panel, folders, monkeypatch):
    shown = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()))
    choose(panel, folders[0])
    menu = panel.list.menu()
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts == [
        "Load", "Continue", "Draw behind the present run", "Rename", "Tags and notes…", "Export…", "Show folder",
        "Copy path", "Move to bin",
    ]  # fmt: skip
    panel.list.show_action.trigger()
    assert shown == [str(folders[0])]
    choose(panel, *folders[:2])
    press(panel, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == f"{folders[1]}\n{folders[0]}"
    menu.deleteLater()


def test_a_search_leaves_out_the_rest_and_its_keys_lead_on(panel, bench, folders):
    write_notes(folders[0], Notes("wanted"))
    look(panel, bench)
    panel.focus_search()
    QTest.keyClicks(panel.search, "WANTED mlp")
    assert [run.folder for run in panel.list.shown] == [folders[0]] and len(panel.list.all_runs) == 3
    QTest.keyClick(panel.search, Qt.Key.Key_Down)
    assert panel.list.hasFocus() and panel.list.chosen == [run_in(panel, folders[0])]
    panel.search.setText("nothing")
    assert panel.list.shown == []
    QTest.keyClick(panel.search, Qt.Key.Key_Escape)
    assert len(panel.list.shown) == 3


def test_runs_that_wait_are_shown_moved_and_removed(panel):
    removed, moved = [], []
    panel.waiting_removed.connect(removed.append)
    panel.waiting_moved.connect(lambda *places: moved.append(places))
    assert not panel.waiting.isVisible()
    panel.show_waiting(["a", "b", "c"])
    assert panel.waiting.isVisible()
    first, second, last = panel.waiting.lines
    assert not first.earlier_button.isEnabled() and not last.later_button.isEnabled()
    second.earlier_button.click()
    second.later_button.click()
    last.remove_button.click()
    assert (removed, moved) == ([2], [(1, 0), (1, 2)])
    panel.show_waiting([])
    assert not panel.waiting.isVisible()


def test_an_empty_workspace_says_what_will_be_here(show, bench):
    panel = show(RunsPanel(), 296, 300)
    panel.begin(bench)
    settle(panel, bench)
    assert panel.foot.label.text() == "No runs yet" and not panel.foot.bin_button.isVisible()
    panel.grab()  # the words are drawn where there are no rows


def test_columns_stand_apart_and_rows_are_of_one_height(app):
    metrics = QFontMetrics(app.font())
    for width in (220, 266, 400, 900):
        rooms = RowRooms.within(QRect(0, 100, width, 0), 30, metrics)
        parts = (rooms.name, rooms.standing, rooms.best, rooms.last, rooms.gap, rooms.time)
        assert all(not a.intersects(b) for a in parts for b in parts if a is not b)
        assert all(part.left() >= 0 and part.right() < width and part.bottom() < 100 + rooms.height for part in parts)
    narrow = RowRooms.within(QRect(0, 0, 200, 0), 30, metrics)
    assert narrow.name.width() > 150 and narrow.best.top() > narrow.standing.top()


def test_of_hundreds_that_wait_the_first_have_lines_and_the_rest_is_counted(panel):
    heard = []
    panel.waiting_cleared.connect(lambda: heard.append("cleared"))
    panel.show_waiting([f"run {number}" for number in range(300)])
    assert len(panel.waiting.lines) == MOST_LINES and panel.waiting.rest.text() == f"and {300 - MOST_LINES} more"
    assert "300" in panel.waiting.heading.text() and panel.waiting.lines[-1].later_button.isEnabled()
    panel.waiting.clear_button.click()
    assert heard == ["cleared"]
    panel.show_waiting(["a"])
    assert not panel.waiting.rest.isVisible() and not panel.waiting.clear_button.isVisible()
