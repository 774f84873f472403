"""The sheet of the hardware: looked at, measured, and used."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton

import engine.machine.look
from engine.machine.facts import Facts, Gpu, Torch
from gui.hardware import HardwareSheet
from gui.training.session import State
from tests.gui.driving import pump, type_into

RTX = Gpu("nvidia", "NVIDIA <b>RTX</b>", 8 * 2**30, (8, 6))
LACKING = Facts(
    "Linux",
    Torch("2.14", cuda="13.0"),
    system_name="데비안",
    distribution=("debian",),
    gpus=(RTX,),
    processor="프로세서",
)


@pytest.fixture
def driver(open_window, workspace, monkeypatch):
    monkeypatch.setattr(engine.machine.look, "gather", lambda: LACKING)
    monkeypatch.setattr("engine.preview.estimate.MEASURED_SECONDS", 0.01)
    driver = open_window(workspace)
    driver.set(threads="1", train_samples="300", validation_samples="100", epochs=200)
    return driver


def sheet_of(driver) -> HardwareSheet:
    driver.press("hardware")
    sheet = driver.window.findChild(HardwareSheet)
    pump(lambda: sheet.measure_button.isEnabled())
    return sheet


def texts(sheet) -> str:
    QApplication.processEvents()  # what was just added becomes visible
    return "\n".join(label.text() for label in sheet.findChildren(QLabel) if label.isVisible())


def test_it_names_what_is_missing_with_a_command_to_copy(driver):
    sheet = sheet_of(driver)
    shown = texts(sheet)
    for text in ("NVIDIA <b>RTX</b>", "프로세서", "데비안", "not needed any more", "driver is missing", "1. a GPU"):
        assert text.lower() in shown.lower()
    command = sheet.findChild(QLineEdit)
    assert command.text() == "sudo apt install linux-headers-amd64 nvidia-driver" and command.isReadOnly()
    next(button for button in sheet.findChildren(QPushButton) if button.text() == "Copy").click()
    assert QGuiApplication.clipboard().text() == command.text()
    assert sheet.minimumSizeHint().width() <= 1024 and sheet.height() <= 640


def test_asked_for_twice_it_is_there_once(driver):
    first = sheet_of(driver)
    assert sheet_of(driver) is first and len(driver.window.findChildren(HardwareSheet)) == 1


def test_measured_and_used_the_settings_change_and_undo_brings_them_back(driver):
    sheet = sheet_of(driver)
    before = driver.panel.config
    sheet.measure_button.click()
    assert not sheet.measure_button.isEnabled() and "Measuring" in sheet.told.text()
    pump(lambda: sheet.measure_button.isEnabled())
    assert "cpu, bfloat16" in texts(sheet) and "samples/s" in texts(sheet) and "Fastest here" in sheet.told.text()
    sheet.use.click()
    assert driver.panel.config.device == "cpu" and not sheet.use.isVisible()
    driver.press("undo")
    assert driver.panel.config == before
    sheet.measure_button.click()  # a second time
    pump(lambda: sheet.measure_button.isEnabled())
    assert len([label for label in sheet.findChildren(QLabel) if "cpu, float32" in label.text()]) >= 1


def test_while_a_run_trains_nothing_is_measured(driver):
    sheet = sheet_of(driver)
    driver.press("start")
    pump(lambda: driver.session.state is State.RUNNING)
    sheet.measure_button.click()
    assert "run trains" in sheet.told.text() and sheet.measure_button.isEnabled()
    driver.press("stop")
    driver.wait_for_end()


def test_a_run_that_begins_meanwhile_ends_the_measurement(driver, monkeypatch):
    sheet = sheet_of(driver)
    answers = iter([False])  # when it is pressed; later a run trains
    monkeypatch.setattr(sheet, "_busy", lambda: next(answers, True))
    sheet.measure_button.click()
    pump(lambda: sheet.measure_button.isEnabled())
    assert "began meanwhile" in sheet.told.text() and not sheet.use.isVisible()


def test_closed_in_the_middle_of_a_measurement_it_is_given_up(driver):
    sheet = sheet_of(driver)
    sheet.measure_button.click()
    sheet.close()
    pump(lambda: not driver.window.bench.background.busy)
    assert driver.crashes == []


def test_settings_that_are_wrong_are_not_measured(driver):
    sheet = sheet_of(driver)
    driver.tick("cosine")
    driver.tick("one-cycle")
    sheet.measure_button.click()
    assert "can't be measured" in sheet.told.text() and sheet.measure_button.isEnabled()


def test_a_machine_that_can_not_be_looked_at_says_so(open_window, workspace, monkeypatch):
    def failing():
        raise RuntimeError("no such machine")

    monkeypatch.setattr(engine.machine.look, "gather", failing)
    driver = open_window(workspace)
    driver.press("hardware")
    sheet = driver.window.findChild(HardwareSheet)
    pump(lambda: "no such machine" in sheet.found.text())
    assert not sheet.measure_button.isEnabled()


def test_a_device_that_is_absent_is_told_as_it_is_typed_or_when_it_is_started(driver):
    row = driver.panel.field("device")
    type_into(row, "gpu")
    assert row.error and "cuda:1" in row.error and driver.panel.problem() is not None
    type_into(row, "cuda:7")
    assert driver.panel.problem() is None  # it may be there on another machine
    driver.press("start")
    pump(lambda: "no device cuda:7" in driver.says("failed"))
    driver.wait_for_end()
    assert not list((driver.window.workspace / "runs").glob("*")), "nothing is left of a run that could not begin"
