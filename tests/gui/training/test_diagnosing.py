"""What the window says of the curves, and what a click on a remedy does."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from benchmarks.made_curves import made
from engine.config import recipe
from engine.diagnosis import diagnose, diagnose_run
from engine.history import History
from engine.message import message
from engine.treatment import Treatment
from gui.training.diagnosis_view import DiagnosisView
from gui.training.session import State
from tests.gui.driving import pump

SETTINGS = {"threads": "1", "train_samples": "200", "validation_samples": "200", "lr": 0.003}


@pytest.fixture
def overfitted(open_window, workspace):
    """A window whose run, of a recipe that overfits, has come to its end."""
    window = open_window(workspace)
    window.set(epochs=14, **SETTINGS)
    window.train()
    return window


def shown(window):
    return window.window.happening.diagnosis


def offered(window):
    return [button.text() for button in shown(window).buttons if button.isVisible()]


def test_an_overfitted_run_is_told_and_marked_and_a_click_starts_the_remedy(overfitted):
    window, view = overfitted, shown(overfitted)
    run = window.session.run
    expected = diagnose_run(run.history, run.config, window.window.bench.catalogue, images=True)
    assert expected.verdict == "overfitting"
    assert f"Overfitting since epoch {expected.best_epoch}" in view.label.text()
    assert offered(window) == [f"Try {each.text.values['technique']}{each.text.values['value']}"
                               for each in expected.remedies]  # fmt: skip
    assert "expected" in view.buttons[0].toolTip()
    words = {word: x for x, word in window.window.graph.marks.words()}
    assert words["validation crosses training"] == expected.crossing_epoch
    assert words[f"best, epoch {expected.best_epoch}"] == expected.best_epoch

    view.buttons[0].click()
    assert window.panel.config == expected.remedies[0].config
    pump(lambda: len(window.session.runs) == 2)
    assert window.session.run.config.with_ == expected.remedies[0].config.with_
    window.wait_for_end()


def test_what_is_drawn_is_painted_before_the_run_is_looked_at(overfitted):
    diagnosing = overfitted.conductor.diagnosing
    found, diagnosing.found, diagnosing._known = diagnosing.found, None, ()
    overfitted.conductor.view.drawn.emit()
    assert diagnosing.found is None
    pump(lambda: diagnosing.found)
    assert diagnosing.found == found


def test_a_long_remedy_does_not_widen_the_dock(catalogue, show):
    config = recipe("first-lesson", catalogue)
    long = Treatment(message("long", "try " + "long " * 30), config, (), {}, (), forks=True)
    view = show(DiagnosisView(), 280, 300)
    view._show([long])
    assert view.minimumSizeHint().width() <= 280
    view.resize(280, view.heightForWidth(280))
    QApplication.processEvents()
    assert view.buttons[0].width() <= 280 and view.forks[0].geometry().top() > view.buttons[0].geometry().bottom()
    assert "long long" in view.buttons[0].toolTip()


def test_a_click_while_one_trains_lets_the_remedy_wait(overfitted):
    window = overfitted
    remedy = window.conductor.diagnosing.found.remedies[0]
    window.set(epochs=5000)
    window.press("start")
    window.wait_for_epoch(1)
    window.conductor.diagnosing._start(remedy)
    assert window.conductor.control.queue.waiting == (remedy.config.changed({"offered": ()}),)
    assert window.session.busy
    window.press("stop")
    window.wait_for_end()


def test_a_fork_begins_at_the_best_epoch_of_an_overfitted_run(overfitted):
    window, view = overfitted, shown(overfitted)
    best = window.conductor.diagnosing.found.best_epoch
    assert view.forks[0].isVisible()
    parent = window.session.run
    view.forks[0].click()
    pump(lambda: window.session.run is not parent and window.session.run.started is not None)
    fork = window.session.run
    assert fork.started.epoch == best
    assert fork.epochs > parent.epochs
    assert fork.parent == parent.label
    pump(lambda: len(fork.history.epochs) > best)
    window.press("stop")
    window.wait_for_end()
    assert parent.history.epochs[-1].epoch == 14


def test_it_is_said_again_for_a_run_that_is_loaded_and_nothing_before_the_first_run(open_window, workspace):
    window = open_window(workspace)
    assert not shown(window).isVisible()
    window.set(epochs=6, **SETTINGS)
    window.train()
    said, path = shown(window).label.text(), window.session.run.checkpoint
    assert said
    window.close()
    window = open_window(workspace)
    window.conductor.load_file(path)
    pump(lambda: shown(window).isVisible())
    assert shown(window).label.text() == said


def test_a_run_that_is_loaded_is_offered_what_it_was_offered_at_its_end(overfitted, open_window, workspace):
    before, folder = offered(overfitted), overfitted.session.run.folder
    overfitted.close()
    window = open_window(workspace)
    pump(lambda: window.window.runs.list.all_runs)
    window.window.runs.list.opened.emit(window.window.runs.list.all_runs[0])
    pump(lambda: window.session.run is not None and window.session.run.folder == folder)
    pump(lambda: shown(window).isVisible())
    assert before and offered(window) == before


def test_nothing_is_said_before_there_are_grounds(app, show):
    view = show(DiagnosisView())
    view.show_diagnosis(diagnose(History()))
    assert not view.isVisible() and view.label.text() == ""


def test_another_diagnosis_leaves_the_buttons_where_they_are(app, show, open_window, workspace):
    window = open_window(workspace)
    catalogue, config = window.window.bench.catalogue, window.panel.config
    view = show(DiagnosisView())
    found = diagnose_run(made("overfitting", 1, 40), config, catalogue)
    view.show_diagnosis(found)
    buttons = list(view.buttons)
    texts = [button.text() for button in buttons]
    chosen = []
    view.chosen.connect(chosen.append)
    view.show_diagnosis(diagnose_run(made("overfitting", 1, 41), config, catalogue))
    assert view.buttons == buttons and [button.text() for button in buttons] == texts
    view.show_diagnosis(found)
    buttons[1].click()
    assert chosen == [found.remedies[1]]
    view.show_diagnosis(None)
    assert not view.isVisible()
    assert window.session.state is State.READY
