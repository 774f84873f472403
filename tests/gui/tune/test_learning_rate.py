"""The tool "Learning rate": found, marked and used; stopped, disturbed and stale."""

from __future__ import annotations

import threading

import pytest
from torch import nn

from engine.strategy import Loss
from gui.training.session import State
from gui.tune.learning_rate import LearningRateTool
from tests.engine.support import tiny_config
from tests.gui.driving import pump


@pytest.fixture(autouse=True)
def in_small_pieces(monkeypatch):
    monkeypatch.setattr("gui.tune.learning_rate.CHUNK_SECONDS", 0.01)


@pytest.fixture
def config(catalogue):
    return tiny_config(catalogue, optimizer="adam")


@pytest.fixture
def tool(show, bench, config):
    made = LearningRateTool(bench)
    made.plot.set_theme(made.theme)
    made.show_settings(config)
    show(made, 640, 480)
    yield made
    bench.background.end()


def found(tool):
    pump(lambda: tool._search is not None and tool._search.result is not None)
    return tool._search.result.found.lr


def test_it_says_what_will_be_here_before_anything_is_pressed(tool):
    assert "learns for a moment" in tool.told.text()
    assert tool.find.isEnabled() and not tool.use.isVisible() and not tool.stop.isVisible() and not tool.bar.isVisible()


def test_the_rate_is_found_marked_and_set_only_when_that_is_pressed(tool, config):
    asked = []
    tool.settings_asked.connect(asked.append)
    tool.find.click()
    assert tool.stop.isVisible() and tool.bar.isVisible() and not tool.find.isEnabled()
    lr = found(tool)
    assert asked == [] and tool.find.isEnabled() and not tool.stop.isVisible() and not tool.bar.isVisible()
    assert tool.use.text() == f"Use {lr:.3g}" and f"Suggested: {lr:.3g}" in tool.told.text()
    assert 10 ** tool.plot.suggested.value() == pytest.approx(lr)
    assert list(tool.plot.dots) == [0, 1] and tool.plot.line.xData is not None
    tool.use.click()
    assert asked == [config.changed({"lr": lr})]
    tool.show_settings(asked[0])
    assert not tool.use.isEnabled() and tool.use.text() == f"{lr:.3g} is set" and not tool.stale.isVisible()
    assert 10 ** tool.plot.present.value() == pytest.approx(lr)


def test_the_window_finds_what_the_engine_finds(tool, config, tmp_path):
    from engine.lr_range import Span
    from tests.engine.test_lr_range import whole_test

    tool.find.click()
    lr = found(tool)
    assert lr == whole_test(config, tmp_path, Span()).found.lr
    assert tool._search.share == pytest.approx(1.0, abs=0.5)


def test_of_other_settings_it_is_marked_and_of_the_old_ones_again_it_is_not(tool, config):
    tool.find.click()
    tool.show_settings(config.changed({"batch_size": 8}))  # while it is looked for
    found(tool)
    assert tool.stale.isVisible()
    tool.show_settings(config.changed({"lr": 0.7, "epochs": 3}))
    assert not tool.stale.isVisible()


def test_stop_ends_it_and_it_can_be_asked_again(tool):
    tool.find.click()
    pump(lambda: tool._search.seen)
    tool.stop.click()
    assert tool.told.text() == "It was stopped. Nothing was kept."
    assert tool.find.isEnabled() and not tool.stop.isVisible() and not tool.use.isVisible()
    tool.find.click()
    assert found(tool) is not None


def test_while_a_run_trains_it_says_why_not(tool, bench):
    bench.busy = lambda: True
    tool.find.click()
    assert tool._search is None and "A run trains" in tool.told.text() and tool.find.isEnabled()


def test_a_run_that_begins_ends_it(tool, bench):
    tool.find.click()
    pump(lambda: tool._search.seen)
    bench.busy = lambda: True
    pump(lambda: tool._search is None)
    assert tool.told.text().startswith("A run began") and tool.find.isEnabled() and not tool.bar.isVisible()


class Void(Loss):
    """A loss that is no number."""

    def __call__(self, outputs, targets):
        return nn.functional.cross_entropy(outputs, targets) * float("nan")


class Learnless(Loss):
    """A loss that nothing lowers."""

    def __call__(self, outputs, targets):
        return nn.functional.cross_entropy(outputs, targets) * 0 + 1


def test_a_loss_that_is_not_finite_is_said_in_a_line(tool, catalogue):
    tool.show_settings(tiny_config(catalogue, loss=Void()))
    tool.find.click()
    pump(lambda: tool._search is None)
    assert "not finite at the first step" in tool.told.text() and "\n" not in tool.told.text()
    assert tool.find.isEnabled()


def test_where_no_rate_can_be_suggested_the_reason_is_said_and_none_is_offered(tool, catalogue):
    tool.show_settings(tiny_config(catalogue, loss=Learnless()))
    tool.find.click()
    assert found(tool) is None
    assert tool.told.text().startswith("No learning rate can be suggested. The loss fell at no rate")
    assert not tool.use.isVisible() and not tool.plot.suggested.isVisible()


@pytest.fixture
def driver(open_window, workspace, monkeypatch):
    monkeypatch.setattr("engine.preview.estimate.MEASURED_SECONDS", 0.01)
    driver = open_window(workspace)
    driver.set(threads="1", train_samples="300", validation_samples="100", epochs=1, lr=0.5)
    return driver


def test_from_the_field_it_is_found_and_set_with_undo_and_no_run_is_made(driver, workspace):
    driver.panel.form._find_lr.click()
    tool = driver.window.centre.tune.tool("learning-rate")
    pump(tool.isVisible)
    tool.find.click()
    lr = found(tool)
    tool.use.click()
    assert driver.panel.config.lr == lr
    driver.panel.undo()
    assert driver.panel.config.lr == 0.5
    assert list(workspace.rglob("config.yaml")) == []


def test_a_run_that_is_started_meanwhile_goes_first(driver):
    driver.panel.form._find_lr.click()
    tool = driver.window.centre.tune.tool("learning-rate")
    tool.find.click()
    pump(lambda: tool._search.seen)
    driver.press("start")
    pump(lambda: tool._search is None or tool._search.result is not None)
    assert tool._search is None
    driver.wait_for_end()
    assert driver.session.state is State.READY


def test_closing_the_window_meanwhile_ends_it(driver):
    driver.panel.form._find_lr.click()
    tool = driver.window.centre.tune.tool("learning-rate")
    tool.find.click()
    pump(lambda: tool._search.seen)
    driver.close()
    assert tool._search is None or tool._search.result is None
    assert not [thread for thread in threading.enumerate() if thread.name == "background"]
