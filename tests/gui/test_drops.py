"""Folders of pictures that are dropped on the window, or opened: as a person drops them, anywhere."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog, QWidget

import engine.preview.estimate
from gui.predictions.panel import PredictionsPanel
from gui.training.session import State
from tests.gui.driving import drop, pump


def fill(folder, *names, side=20):
    draw = np.random.default_rng(0)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def flowers(tmp_path):
    names = [f"{label}/{number}.png" for label in ("장미", "튤립") for number in range(15)]
    return fill(tmp_path / "꽃 사진 모음", *names)


@pytest.fixture
def driver(open_window, workspace, monkeypatch):
    monkeypatch.setattr(engine.preview.estimate, "MEASURED_SECONDS", 0.001)
    monkeypatch.setattr(engine.preview.estimate, "EVALUATED_SECONDS", 0.001)
    monkeypatch.setattr(engine.preview.estimate, "processors", lambda: 1)
    driver = open_window(workspace)
    driver.set(threads="1", device="cpu", train_samples="300", validation_samples="100", epochs=1)
    return driver


def proposed(driver) -> str:
    pump(lambda: "first result" in driver.says("folder") or "no run trains" in driver.says("folder"))
    return driver.says("folder")


def settled(driver) -> str:
    pump(lambda: not driver.window.bench.background.busy)
    return driver.says("folder")


def buttons(driver) -> list[str]:
    return [button.text() for button in driver.window.banners.get("folder").buttons]


def test_a_dropped_folder_is_counted_measured_taken_and_trained(driver, flowers):
    before = driver.panel.config
    assert drop(driver.window.graph, flowers)
    text = proposed(driver)
    assert "꽃 사진 모음: 30 images, 2 classes" in text and "measured on this machine" in text
    assert buttons(driver) == ["Take the proposal", "Only the data set"] and driver.panel.config == before
    driver.answer("folder")
    config = driver.panel.config
    assert (config.dataset.path, config.dataset.size, config.model.id) == (str(flowers), 20, "small-resnet")
    assert config.threads == "1" and driver.panel.problem() is None
    driver.press("undo")
    assert driver.panel.config == before
    driver.press("redo")
    driver.set(epochs=1)
    driver.answer("folder")  # Start
    driver.wait_for_end()
    assert len(driver.session.run.history.epochs) == 1


def test_the_data_set_alone_may_be_taken_even_before_all_is_measured(driver, flowers):
    before = driver.panel.config
    drop(driver.window, flowers)
    pump(lambda: driver.window.banners.get("folder").buttons)
    driver.answer("folder", len(buttons(driver)) - 1)
    after = driver.panel.config
    assert after.dataset.path == str(flowers)
    assert after.changed({"dataset": before.dataset, "offered": before.offered}) == before
    assert "undo" in settled(driver), "what was still being measured replaced the answer"


def test_wherever_it_is_dropped_it_reaches_the_window(driver, flowers):
    got = []
    driver.window.dropped.connect(got.append)
    for name in driver.window.centre.names:
        driver.window.centre.tab(name)
    inner = [widget for widget in driver.window.findChildren(QWidget) if widget.acceptDrops()]
    taking = [widget for widget in inner if not isinstance(widget, PredictionsPanel)]
    assert not taking, "these would swallow it"
    for widget in (driver.window.graph, driver.window.panel.filter_box, driver.window.centre.predictions):
        assert drop(widget, flowers)
    assert got == [[flowers]] * 3


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "is empty"),
        (("1.png", "2.png"), "no folders of classes"),
        (("a/1.png", "a/2.png"), "pictures of 1 classes"),
    ],
)
def test_a_folder_that_can_not_be_trained_on_is_answered_in_one_line(driver, tmp_path, names, said):
    folder = tmp_path / "folder"
    folder.mkdir()
    before = driver.panel.config
    drop(driver.window, fill(folder, *names))
    pump(lambda: said in driver.says("folder"))
    assert "\n" not in driver.says("folder") and driver.panel.config == before


def test_several_folders_are_answered_with_what_to_drop(driver, flowers):
    drop(driver.window, flowers / "장미", flowers / "튤립")
    assert "2 folders" in driver.says("folder")


def test_dropped_twice_there_is_one_proposal_and_the_last_folder_counts(driver, flowers, tmp_path):
    other = fill(tmp_path / "other", *(f"{label}/{n}.png" for label in "xyz" for n in range(4)))
    drop(driver.window, flowers)
    drop(driver.window, other)
    assert "other: 12 images, 3 classes" in proposed(driver)
    drop(driver.window, other)
    assert "other: 12 images, 3 classes" in proposed(driver)


def test_closed_with_its_cross_it_does_not_come_back(driver, flowers):
    drop(driver.window, flowers)
    driver.window.banners.get("folder").closed.emit()
    assert settled(driver) == ""


def test_during_a_run_it_is_for_the_next_one_and_nothing_is_measured(driver, flowers, monkeypatch):
    driver.set(epochs=500)
    driver.press("start")
    pump(lambda: driver.session.state is State.RUNNING)
    monkeypatch.setattr("engine.proposal.estimate", lambda *given: pytest.fail("it was measured"))
    drop(driver.window, flowers)
    assert "no run trains" in proposed(driver)
    driver.answer("folder")
    assert driver.panel.config.dataset.path == str(flowers) and buttons(driver) == []
    assert driver.session.run.config.dataset.id != "image-folder"
    driver.press("stop")
    driver.wait_for_end()


def test_one_picture_is_still_classified_and_so_is_a_folder_of_loose_ones(driver, tmp_path):
    loose = fill(tmp_path / "loose", "1.png", "2.png")
    driver.train()
    classified = driver.window.centre.predictions.classified
    drop(driver.window, loose / "1.png")
    pump(lambda: classified.heading.text() == "1 image of yours")
    drop(driver.window, loose)
    pump(lambda: classified.heading.text() == "2 images of yours")
    assert driver.says("folder") == ""


def test_a_file_that_is_no_picture_is_told_by_name(driver, tmp_path):
    driver.train()
    (tmp_path / "notes.txt").write_text("no picture")
    drop(driver.window, tmp_path / "notes.txt")
    classified = driver.window.centre.predictions.classified
    pump(classified.refused.text)
    assert "notes.txt is no picture" in classified.refused.text() and driver.crashes == []


def test_the_menu_opens_a_folder_too(driver, flowers, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *given: "")
    driver.press("open_folder")
    assert driver.says("folder") == ""
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *given: str(flowers))
    driver.press("open_folder")
    assert "30 images" in proposed(driver)


def test_closed_in_the_middle_of_a_look_the_window_closes(driver, flowers):
    drop(driver.window, flowers)
    assert driver.window.bench.background.busy
    driver.close()
    assert "background" not in [thread.name for thread in threading.enumerate()], "the look was given up"


def test_pretrained_weights_are_downloaded_only_where_that_is_said_on_the_button(driver, tmp_path):
    names = [f"{label}/{number}.png" for label in "ab" for number in range(3)]
    drop(driver.window, fill(tmp_path / "photographs", *names, side=180))
    assert "downloaded first (10 MB)" in proposed(driver)
    first, second, _ = buttons(driver)
    assert "download" not in first and "(download)" in second
    assert not (driver.window.workspace / "data" / "weights").exists()
    driver.answer("folder", 1)
    assert driver.panel.config.model.weights == "imagenet" and driver.panel.config.fine_tuning is not None
