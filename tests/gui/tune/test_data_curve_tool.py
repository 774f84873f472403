"""The tool "Data curve": all that is missing waits with one press, nothing twice, and the plot fills in."""

from __future__ import annotations

import math

import pytest

from engine.config import recipe
from engine.run_records.index import list_runs
from engine.strategy_text import parse_strategy
from engine.sweeps.data_curve import DataCurve, plan
from engine.sweeps.power_law import Extrapolation
from engine.sweeps.sweep import State
from gui.tune.data_curve import DataCurveTool
from gui.widgets.theme import DARK, LIGHT
from tests.gui.driving import pump


@pytest.fixture
def config(catalogue):
    chosen = recipe("first-lesson", catalogue).changed(
        {"epochs": 1, "train_samples": "200", "validation_samples": "60", "threads": "1", "device": "cpu", "with_": ()}
    )
    return chosen.changed({"model": parse_strategy("mlp:hidden=8", catalogue, "model")})


@pytest.fixture
def tool(show, bench, config):
    made = DataCurveTool(bench)
    made.set_theme(LIGHT)
    made.show_settings(config)
    show(made, 500, 500)
    settle(made)
    return made


def settle(tool):
    pump(lambda: not tool.bench.background.busy)


def test_all_runs_wait_with_one_press_and_none_twice(tool, bench, config):
    heard = []
    tool.runs_asked.connect(heard.append)
    assert tool.start.text() == "Train 15 runs" and "same epochs" in tool.told.text().replace("\n", " ")
    tool.start.click()
    tool.start.click()
    [asked] = heard
    assert asked == [member.config for member in plan(config).members]
    bench.coming = lambda: asked[3:]
    tool.touch()
    settle(tool)
    tool.start.click()
    assert heard[1] == asked[:3]
    bench.coming = lambda: asked
    tool.touch()
    settle(tool)
    assert not tool.start.isEnabled() and tool.start.text() == "Nothing is missing"


def test_shares_and_seeds_are_those_that_are_asked_for(tool):
    tool.shares.setText("50, 100")
    tool.shares.editingFinished.emit()
    tool.seeds.setValue(2)
    settle(tool)
    assert tool.start.text() == "Train 4 runs"


def test_what_are_no_shares_is_said_and_mended(tool):
    tool.shares.setText("fifty")
    tool.shares.editingFinished.emit()
    settle(tool)
    assert "no shares in per cent" in tool.told.text() and not tool.start.isEnabled()
    tool.shares.setText("50")
    tool.shares.editingFinished.emit()
    settle(tool)
    assert tool.start.isEnabled() and tool.start.text() == "Train 3 runs"


def test_without_classes_it_says_why_there_is_no_curve(tool, catalogue):
    tool.show_settings(recipe("noisy-line", catalogue))
    settle(tool)
    assert "no classes" in tool.told.text() and not tool.start.isEnabled()


def test_in_the_window_it_fills_in_and_what_was_stopped_goes_on(open_window, workspace, config, monkeypatch):
    monkeypatch.setattr("engine.preview.estimate.MEASURED_SECONDS", 0.01)
    driver = open_window(workspace)
    driver.panel.set_config(config)
    driver.window.centre.bring_forward("tune")
    tool = driver.window.centre.tune.bring_forward("data-curve")
    pump(lambda: tool.start.isEnabled())
    tool.shares.setText("50,100")
    tool.shares.editingFinished.emit()
    tool.seeds.setValue(1)
    pump(lambda: tool.start.text() == "Train 2 runs")
    tool.start.click()
    pump(lambda: tool.curve is not None and tool.curve.count(State.DONE) == 2)
    assert len(list_runs(workspace)) == 2 and tool.told.text() == "2 of 2 runs are done."
    assert list(tool.plot.lines["test"].xData) == pytest.approx([math.log10(50), 2])
    accuracies = sorted(100 * record.test_accuracy for record in list_runs(workspace))
    assert sorted(tool.plot.lines["test"].yData) == pytest.approx(accuracies)
    assert "can't be told" in tool.answer.text() and not tool.start.isEnabled()
    driver.set(epochs=400)
    pump(lambda: tool.start.text() == "Train 2 runs")
    tool.start.click()
    driver.wait_for_epoch(2)
    driver.press("stop")
    driver.wait_for_end()
    pump(lambda: driver.says("queue"))
    driver.answer("queue", "Remove them")
    tool.touch()
    pump(lambda: tool.curve.count(State.BEGUN) == 1 and tool.start.text() == "Train 1 run")
    tool.start.click()
    pump(lambda: driver.session.busy and len(driver.conductor.control.queue.waiting) == 1)
    assert len(list_runs(workspace)) == 3, "it goes on, and is not begun anew"
    driver.conductor.control._clear_queue()
    driver.press("stop")
    driver.wait_for_end()


def test_the_estimate_is_drawn_with_its_interval_in_both_themes(tool, config):
    planned = plan(config, (50, 100), 1)
    curve = tool.curve
    tool.plot.show_curve(
        DataCurve(planned, curve.standings, curve.amounts, "test", Extrapolation(0.9, 0.88, 0.93), None)
    )
    tool.plot.set_theme(DARK)
    assert list(tool.plot.twice.xData) == pytest.approx([math.log10(200)]) and list(tool.plot.twice.yData) == [90]
    low, high = tool.plot.view.viewRange()[1]
    assert low <= 88 and high >= 93
    tool.plot.show_curve(None)
    assert tool.plot.twice.xData is None or len(tool.plot.twice.xData) == 0
