"""A network taken away from the window: asked for, proven, told; also while a run trains."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QDesktopServices

from engine.exports import export as exporting
from engine.message import InputError
from gui.training.session import State
from tests.gui.driving import pump


@pytest.fixture
def driver(open_window, workspace):
    driver = open_window(workspace)
    driver.set(threads="1", train_samples="200", validation_samples="100", epochs=1, device="cpu")
    return driver


@pytest.fixture
def asked(driver, tmp_path, monkeypatch):
    """What was asked for, and an answer that tests may change."""
    answers = {"out": tmp_path / "net", "titles": []}

    def ask(title, suggestion, files):
        answers["titles"].append(title)
        return answers["out"]

    monkeypatch.setattr(driver.conductor, "ask_save", ask)
    return answers


def test_nothing_to_export_says_what_to_do(driver, asked):
    driver.press("export")
    assert "start a run" in driver.says("export") and asked["titles"] == []


def test_what_was_proven_is_told_and_the_folder_can_be_opened(driver, asked, tmp_path, monkeypatch):
    driver.train()
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    driver.press("export")
    out = tmp_path / "net.onnx"
    key = f"export {out}"
    assert "Exporting net.onnx" in driver.says(key)
    pump(lambda: not driver.window.bench.background.busy)
    assert "100 validation samples: all classes equal, largest difference of probability" in driver.says(key)
    assert "predict.py" in driver.says(key) and out.is_file() and (tmp_path / "predict.py").is_file()
    assert "(best)" in asked["titles"][0]
    driver.answer(key)
    assert opened == [str(tmp_path)]


def test_the_run_that_is_selected_is_the_one_and_its_menu_offers_it(driver, asked, tmp_path):
    driver.train()
    first = driver.session.run
    driver.set(seed=1)
    driver.train()
    runs = driver.window.runs.list
    runs.select([first])
    asked["out"] = tmp_path / "weights.safetensors"
    made = []
    original = exporting.export
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "export", lambda path, *more: made.append(path) or original(path, *more))
        driver.press("export")
        pump(lambda: not driver.window.bench.background.busy)
        assert runs.export_action in runs.menu().actions()
        runs.export_action.trigger()
        pump(lambda: not driver.window.bench.background.busy)
    assert {path.parents[1] for path in made} == {first.folder} and len(made) == 2
    assert "equal bit for bit" in driver.says(f"export {asked['out']}")


def test_what_goes_wrong_is_one_line_and_no_answer_does_nothing(driver, asked, tmp_path, monkeypatch):
    driver.train()
    asked["out"] = None
    driver.press("export")
    assert driver.window.banners.texts().keys() == {key for key in driver.window.banners.texts() if "export" not in key}

    def fail(*_):
        raise InputError("no-onnx", "ONNX files need onnx, which is not installed")

    monkeypatch.setattr(exporting, "export", fail)
    asked["out"] = tmp_path / "net.onnx"
    driver.press("export")
    pump(lambda: not driver.window.bench.background.busy)
    assert driver.says(f"export {asked['out']}") == (
        "net.onnx was not exported: ONNX files need onnx, which is not installed"
    )


def test_a_run_goes_on_beside_an_export(driver, asked, tmp_path):
    driver.set(epochs=400)
    driver.press("start")
    driver.wait_for_epoch(1)
    pump(lambda: any((driver.session.run.folder / "checkpoints").glob("best.safetensors")))
    asked["out"] = tmp_path / "net.safetensors"
    driver.press("export")
    pump(lambda: not driver.window.bench.background.busy)
    assert "equal bit for bit" in driver.says(f"export {asked['out']}")
    done = len(driver.session.run.history.epochs)
    driver.wait_for_epoch(done + 1)
    driver.press("stop")
    pump(lambda: driver.session.state is State.READY)
