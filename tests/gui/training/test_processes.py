"""The sheet from which several processes are started, and what it says where there is no sense in them."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtGui import QGuiApplication

from engine.processes.plan import sense
from engine.run_records.index import RunIndex
from engine.yaml_file import read_yaml
from gui.training import processes
from gui.training.processes import SETTINGS, ProcessesSheet
from tests.gui.driving import pump

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there it is started in a terminal alone")
ASKED = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("saved", flush=True), sys.exit(1)))
print("trains", flush=True)
while True:
    time.sleep(0.01)
"""


@pytest.fixture
def driver(open_window, workspace, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(processes, "LOOK_MILLISECONDS", 20)
    driver = open_window(workspace)
    driver.set(threads="1", train_samples="100", validation_samples="60", epochs=1, device="cpu")
    return driver


def sheet_of(driver) -> ProcessesSheet:
    driver.press("processes")
    sheet = driver.window.findChild(ProcessesSheet)
    pump(lambda: "GPU" in sheet.found.text())
    return sheet


def test_a_run_is_trained_in_two_processes_and_appears_among_the_runs(driver, workspace):
    sheet = sheet_of(driver)
    sheet.start_button.click()
    assert not sheet.start_button.isEnabled() and "appears among the runs" in sheet.told.text()
    sheet.close()  # it goes on
    pump(lambda: not sheet.training, 90)
    pump(lambda: sheet.start_button.isEnabled())
    assert "epoch 1 of 1" in sheet.output.toPlainText()
    (record,) = RunIndex(workspace).records()
    assert (record.folder / "environment.json").read_text().count('"processes": 2') == 1
    pump(lambda: driver.window.runs.list.all_runs)
    assert sheet_of(driver) is sheet


def test_stopped_it_ends_by_itself_and_another_may_be_started(driver, monkeypatch):
    monkeypatch.setattr(processes, "train_command", lambda *_: [sys.executable, "-c", ASKED])
    sheet = sheet_of(driver)
    sheet.start_button.click()
    pump(lambda: "trains" in sheet.output.toPlainText())
    sheet.start()  # a second time
    assert "A run trains here" in sheet.told.text()
    sheet.stop_button.click()
    pump(lambda: sheet.start_button.isEnabled())
    assert "as asked" in sheet.told.text()
    assert "saved" in sheet.output.toPlainText() and not sheet.stop_button.isEnabled()


def test_a_fault_is_told(driver, monkeypatch):
    monkeypatch.setattr(processes, "train_command", lambda *_: [sys.executable, "-c", "raise SystemExit('no more')"])
    sheet = sheet_of(driver)
    sheet.start_button.click()
    pump(lambda: sheet.start_button.isEnabled())
    assert "could not go on" in sheet.told.text() and "no more" in sheet.output.toPlainText()


def test_while_a_run_trains_in_the_window_none_is_started(driver):
    driver.set(epochs=500)
    driver.press("start")
    pump(lambda: driver.window.busy)
    sheet = sheet_of(driver)
    sheet.start_button.click()
    assert "A run trains here" in sheet.told.text() and not sheet.training
    driver.press("stop")
    pump(lambda: not driver.window.busy)


def test_the_command_is_copied_with_the_settings_that_it_trains(driver, workspace):
    sheet = sheet_of(driver)
    sheet.count.setValue(4)
    driver.set(epochs=7)
    sheet.there.copied.click()
    words = QGuiApplication.clipboard().text()
    assert "--nnodes=2" in words and "--nproc-per-node=4" in words and str(workspace / SETTINGS) in words
    assert read_yaml(workspace / SETTINGS)["epochs"] == 7
    assert sheet.minimumSizeHint().width() <= 1024 and sheet.height() <= 640


def test_settings_that_can_not_be_trained_are_not_started(driver):
    driver.set(monitor="val_loss")
    config = driver.panel.config
    driver.panel.set_config(config.ticked(driver.window.bench.catalogue.make("regularizer", "spatial-dropout", {})))
    sheet = sheet_of(driver)
    sheet.start_button.click()
    assert "can't be trained" in sheet.told.text() and not sheet.training


@pytest.mark.parametrize(("gpus", "told"), [
    ((), "There is no GPU here"), (("RTX",), "all there is sense in"), (("A", "B"), "2 GPUs"),
])  # fmt: skip
def test_it_says_what_there_is_sense_in(gpus, told):
    assert told in str(sense(gpus))
