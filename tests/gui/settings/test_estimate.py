"""What the settings will take, told below them before a run, and never in the way of one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.catalogue import Catalogue, Entry
from engine.history import EpochRow
from engine.message import message
from engine.preview import estimate as estimates
from engine.preview.estimate import Cost, Estimate
from engine.preview.memory import MemoryNeed
from gui.background import Background
from gui.settings import estimate as module
from gui.settings.estimate import Estimator, essence, rounded
from gui.settings.panel import SettingsPanel
from gui.workbench import Workbench
from tests.engine.support import Blobs, tiny_config
from tests.gui.driving import dispose, pump, type_into

NEED = MemoryNeed(weights=100_000_000, activations=50_000_000, data=30_000_000)
COST = Cost(training=3.0, evaluation=0.5, saving=0.5, test=0.0, samples=42_600, steps=100)


class Scene:
    """A panel, an estimator, and how often it was measured."""

    def __init__(self, app, catalogue, workspace, monkeypatch):
        self.asked = []
        self.busy = False
        self.found = Estimate(NEED, 10**9, images=True, cost=COST)
        monkeypatch.setattr(estimates, "estimate", self._estimate)
        monkeypatch.setattr(module, "WAIT_MILLISECONDS", 1)
        self.background = Background()
        catalogue = Catalogue((*catalogue.entries, Entry("blobs", "dataset", Blobs, "test")))
        bench = Workbench(workspace, self.background)
        bench.catalogue = catalogue
        self.panel = SettingsPanel()
        self.estimator = Estimator(bench, self.panel, lambda: self.busy)
        self.panel.begin(catalogue, tiny_config(catalogue, epochs=20))
        self.settle()

    def _estimate(self, config, parts, folder, stop, report):
        self.asked.append(config)
        return replace(self.found, cost=None) if stop() else self.found

    def settle(self):
        pump(lambda: not self.estimator._timer.isActive() and not self.background.busy)

    @property
    def text(self):
        return self.panel.foot.estimate.text()


@pytest.fixture
def scene(app, catalogue, workspace, monkeypatch):
    made = Scene(app, catalogue, workspace, monkeypatch)
    yield made
    made.background.end()
    for each in (made.background, made.estimator, made.panel):
        each.deleteLater()
    dispose(app)


def test_memory_time_and_speed_in_one_line(scene):
    assert scene.text == "About 180 MB of memory · about 1:20 for 20 epochs (14,200 images/s measured here)"
    assert not scene.panel.foot.warning.isVisible()


def test_what_slows_the_device_down_stands_beside_it(scene):
    scene.found = replace(scene.found, slow=(message("slow", "this is slow here"), message("odd", "so is that")))
    type_into(scene.panel.field("batch_size"), "16")
    scene.settle()
    assert scene.panel.foot.warning.warnings() == "⚠ This is slow here\n⚠ So is that" and "about 1:20" in scene.text


def test_a_warning_comes_and_goes_with_the_setting_that_it_is_of(scene):
    scene.found = replace(scene.found, slow=(message("slow", "this is slow here"),))
    scene.panel.set_config(scene.panel.config.changed({"compile": True}))
    scene.settle()
    assert scene.panel.foot.warning.warnings() == "⚠ This is slow here"
    scene.panel.undo()
    assert scene.panel.foot.warning.warnings() == ""


def test_more_epochs_are_told_at_once_without_another_measurement(scene):
    type_into(scene.panel.field("epochs"), "40")
    assert "about 2:40 for 40 epochs" in scene.text
    type_into(scene.panel.field("lr"), "0.5")
    scene.panel.plugin("one-cycle").box.click()
    scene.settle()
    assert len(scene.asked) == 1


def test_what_changes_a_step_is_measured_once_after_the_last_change(scene):
    for text in ("1", "16", "160"):
        type_into(scene.panel.field("batch_size"), text)
    assert scene.text == "Estimating memory and time…"
    scene.settle()
    assert [config.batch_size for config in scene.asked] == [32, 160]
    scene.panel.undo()
    assert "1:20" in scene.text and len(scene.asked) == 2, "what was measured is remembered"


def test_a_rule_that_may_stop_the_run_makes_it_at_most(scene):
    scene.panel.plugin("early-stopping").box.click()
    assert "at most about 1:20" in scene.text


def test_more_memory_than_is_free_is_warned_of(scene):
    scene.found = Estimate(NEED, 20_000_000, images=True, cost=None)
    type_into(scene.panel.field("batch_size"), "100")
    scene.settle()
    assert scene.text == "About 180 MB of memory"
    assert "Only 20 MB are free: take a smaller model or batch" in scene.panel.foot.warning.warnings()
    scene.panel.undo()
    assert scene.panel.foot.warning.warnings() == ""


def test_nothing_is_measured_while_a_run_trains_and_it_is_made_up_for_after(scene):
    scene.busy = True
    type_into(scene.panel.field("batch_size"), "100")
    scene.settle()
    assert scene.text == "About 180 MB of memory · time is measured when no run trains"
    scene.busy = False
    scene.estimator.look_again("a state")
    scene.settle()
    assert "1:20" in scene.text
    asked = len(scene.asked)
    scene.estimator.look_again()
    scene.settle()
    assert len(scene.asked) == asked


def test_epochs_of_a_real_run_take_the_place_of_the_measurement(scene):
    row = EpochRow(1, train_seconds=1.0, train_samples=42_600, val_seconds=0.5)
    scene.estimator.learn(scene.panel.config, row)
    assert "about 0:40 for 20 epochs (42,600 images/s" in scene.text
    scene.estimator.learn(scene.panel.config.changed({"batch_size": 7}), row)  # never asked for: nothing to mend
    assert "0:40" in scene.text


def test_closing_gives_up_what_was_to_be_measured(scene):
    type_into(scene.panel.field("batch_size"), "100")
    scene.estimator.give_up()
    scene.settle()
    assert len(scene.asked) == 1


def test_settings_that_are_wrong_are_not_measured(scene):
    type_into(scene.panel.field("batch_size"), "none")
    assert "as soon as nothing is marked as wrong" in scene.text
    scene.settle()
    assert len(scene.asked) == 1


def test_data_that_are_not_here_and_models_that_can_not_be_are_said(scene, catalogue, monkeypatch):
    scene.panel.set_config(scene.panel.config.ticked(catalogue.entry("fashion-mnist").strategy(path="/nowhere")))
    scene.settle()
    assert scene.text.startswith("/nowhere") and len(scene.asked) == 1
    monkeypatch.setattr(estimates, "estimate", lambda *_: 1 / 0)
    scene.panel.set_config(tiny_config(catalogue, batch_size=5))
    scene.settle()
    assert scene.text == "", "what a plugin does wrong is told by the run that meets it"


def test_it_is_measured_for_real(scene, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(estimates, "MEASURED_SECONDS", 0.01)
    type_into(scene.panel.field("batch_size"), "65")
    pump(lambda: "images/s measured here" in scene.text)
    assert "for 20 epochs" in scene.text and scene.asked[1:] == []


def test_the_essence_is_what_a_step_costs(catalogue):
    config = tiny_config(catalogue, ticked=["dropout"])
    free = config.changed({"seed": 3, "epochs": 7, "lr": 1.0, "name": "x", "monitor": "train_loss", "keep_every": 9})
    for id in ("cosine", "early-stopping"):
        free = free.ticked(catalogue.entry(id).strategy())
    assert essence(free) == essence(config)
    assert essence(config.unticked("dropout")) != essence(config)
    assert essence(config.changed({"batch_size": 31})) != essence(config)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, 1), (12.4, 12), (83.0, 85), (1_000.0, 990), (8_000.0, 8_100), (1e6, 1e6 - 100)]
)
def test_no_estimate_is_more_exact_than_it_can_be(seconds, told):
    assert rounded(seconds) == told


def test_what_ends_feature_caching_says_at_its_checkbox_what_that_costs(scene):
    scene.found = replace(scene.found, cost=replace(COST, training=150.0, ended_by=("gaussian-noise",)))
    scene.panel.plugin("freeze-body").box.click()
    scene.panel.plugin("gaussian-noise").box.click()
    scene.settle()
    assert "Ends feature caching: about 50:30 instead of 2:40" in scene.panel.plugin("gaussian-noise").note.warnings()
    assert "about 50:30 for 20 epochs" in scene.text
    type_into(scene.panel.field("epochs"), "1")
    assert scene.panel.plugin("gaussian-noise").note.warnings() == "", "with one epoch there is nothing to be kept"
    scene.panel.undo()
    assert "instead of" in scene.panel.plugin("gaussian-noise").note.warnings()


def test_later_epochs_of_a_frozen_body_are_no_measure_of_the_first(scene):
    scene.panel.plugin("freeze-body").box.click()
    scene.settle()
    before = scene.text
    scene.estimator.learn(scene.panel.config, EpochRow(2, train_seconds=0.01, train_samples=42_600, val_seconds=0.01))
    assert scene.text == before
    scene.estimator.learn(scene.panel.config, EpochRow(1, train_seconds=30.0, train_samples=42_600, val_seconds=9.0))
    assert scene.text != before
