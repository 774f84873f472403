"""Pictures are read from the tab Data, what is left out is listed, and what is kept is seen and removed."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.pictures import reader as picture_reader
from engine.pictures.journal import ABOUT
from engine.pictures.kept import list_kept
from engine.strategy_text import parse_strategy
from gui.data.panel import DataPanel
from gui.told_work import ToldWork
from gui.widgets.text_window import TextWindow
from gui.widgets.theme import DARK
from tests.engine.support import Blobs, tiny_config
from tests.gui.driving import pump


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "아주 긴 이름의 사진 <b>"
    for label in ("고양이", "개"):
        (folder / label).mkdir(parents=True)
        for number in range(40):
            picture = np.random.default_rng(number).integers(0, 256, (9, 9, 3), dtype=np.uint8)
            Image.fromarray(picture).save(folder / label / f"{number}.png")
    for number in range(3):
        (folder / "개" / f"bad {number}.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def slow(monkeypatch):
    """Reading takes long, as that of many pictures does: each look at the clock tells of it."""
    monkeypatch.setattr(picture_reader, "PATIENCE", 0.0)
    monkeypatch.setattr(picture_reader, "PACE", 0.0)


@pytest.fixture
def panel(bench, show):
    return show(DataPanel(bench), 900, 640)


def settle(panel, config=None):
    if config is not None:
        panel.show_settings(config)
    pump(lambda: not panel.bench.background.busy and not panel.unread.working)


def settings(catalogue, folder, size=8):
    dataset = parse_strategy(f"image-folder:size={size}", catalogue, "dataset")
    dataset = dataset.model_copy(update={"path": str(folder)})
    return tiny_config(catalogue, dataset=dataset, train_samples="all", validation_samples="10%")


def seen(panel):
    return panel._stack.currentWidget()


def test_pictures_that_were_not_read_yet_are_read_by_a_button(panel, catalogue, photos, slow):
    settle(panel, settings(catalogue, photos))
    assert seen(panel) is panel.unread and panel.unread.button.isVisible() and not panel.unread.bar.isVisible()
    assert "not read at this size" in panel.notice.text() and not panel.left_out.isVisible()
    told = []
    panel.unread.button.click()
    panel.unread._work.told.connect(lambda text, fraction: told.append((text.code, fraction)))
    assert panel.unread.stop.isVisible() and panel.unread.bar.isVisible() and not panel.unread.button.isVisible()
    settle(panel)
    assert seen(panel) is panel.area and panel.bar.training.value.text().endswith(", 3, 8, 8]")
    assert {code for code, _ in told} >= {"reading-pictures"} and max(f for _, f in told if f is not None) == 1
    assert panel.kept.isVisible() and panel.kept.text().startswith("Decoded pictures: ")


def test_reading_is_stopped_and_goes_on_where_it_was(panel, catalogue, photos, slow, monkeypatch):
    reached, goes_on = threading.Event(), threading.Event()
    read = picture_reader._read

    def wait_midway(file, **given):
        if file.path.name == "20.png":
            reached.set()
            assert goes_on.wait(30)
        return read(file, **given)

    monkeypatch.setattr(picture_reader, "_read", wait_midway)
    settle(panel, settings(catalogue, photos))
    panel.unread.button.click()
    pump(reached.is_set)
    panel.unread.stop.click()
    assert panel.notice.text().startswith("Stopped") and panel.unread.button.isVisible()
    goes_on.set()
    settle(panel)
    assert seen(panel) is panel.unread and panel.notice.text().startswith("Stopped")
    (kept,) = list_kept(panel.bench.workspace)
    assert kept.complete is False
    panel.unread.button.click()
    settle(panel)
    assert seen(panel) is panel.area


def test_another_data_set_gives_up_the_reading(panel, catalogue, photos, slow, monkeypatch):
    monkeypatch.setattr(ToldWork, "start", lambda self: None)  # it waits for its turn
    settle(panel, settings(catalogue, photos))
    panel.unread.button.click()
    panel.show_settings(settings(catalogue, photos).changed({"lr": 0.5}))
    assert panel.unread.working
    settle(panel, tiny_config(catalogue, dataset=Blobs()))
    assert not panel.unread.working and seen(panel) is panel.area


def test_why_they_can_not_be_read_is_told_there(panel, catalogue, photos, slow):
    settle(panel, settings(catalogue, photos))
    shutil.rmtree(photos / "개")
    panel.unread.button.click()
    settle(panel)
    assert seen(panel) is panel.unread and "at least two are needed" in panel.notice.text()
    assert panel.unread.button.isVisible(), "it may be mended, and tried again"


def test_what_is_left_out_is_counted_and_listed_with_its_reason(panel, catalogue, photos):
    settle(panel, settings(catalogue, photos))
    assert panel.left_out.text() == "Left out: 3"
    panel.left_out.click()
    (window,) = panel.findChildren(TextWindow)
    lines = window._text.toPlainText().splitlines()
    assert len(lines) == 3 and all(f"bad {number}.png" in lines[number] for number in range(3))
    window._copy()
    assert QApplication.clipboard().text() == "\n".join(lines)
    window.close()
    settle(panel, tiny_config(catalogue, dataset=Blobs()))
    assert not panel.left_out.isVisible()


def test_what_is_kept_is_listed_and_removed(panel, catalogue, photos):
    settle(panel, settings(catalogue, photos))
    settle(panel, settings(catalogue, photos, size=16))
    workspace = panel.bench.workspace
    (list_kept(workspace)[1].path / ABOUT).unlink()
    panel.kept.look()
    settle(panel)
    panel.kept.click()
    panel.kept.click()
    sheet = panel.kept.sheet
    assert sheet.list.topLevelItemCount() == 2 and not sheet.remove.isEnabled() and sheet.remove_all.isEnabled()
    words = [[sheet.list.topLevelItem(row).text(column) for column in range(5)] for row in range(2)]
    assert words[0][:2] == ["unknown folder", "8 × 8, colour"], "it was changed last"
    assert words[1][:3] == [str(photos), "16 × 16, colour, crop", "80"]
    sheet.list.topLevelItem(0).setSelected(True)
    assert not sheet.remove.autoDefault() and not sheet.remove_all.autoDefault()
    QTest.keyClick(sheet.list, Qt.Key.Key_Return)
    settle(panel)
    assert len(list_kept(workspace)) == 2, "Enter removes nothing"
    panel.kept.click()
    sheet = panel.kept.sheet
    sheet.list.topLevelItem(0).setSelected(True)
    sheet.remove.click()
    settle(panel)
    assert sheet.list.topLevelItemCount() == 1 and "freed" in sheet.told.text() and len(list_kept(workspace)) == 1
    assert seen(panel) is panel.area
    panel.set_theme(DARK)
    sheet.close()
    assert panel.kept.sheet is None


def test_one_that_a_run_uses_stays_and_the_others_go(panel, catalogue, photos, slow):
    for size in (8, 16):
        settle(panel, settings(catalogue, photos, size))
        panel.unread.button.click()
        settle(panel)
    config = settings(catalogue, photos)
    run = panel.bench.parts(config)
    panel.kept.click()
    sheet = panel.kept.sheet
    sheet.remove_all.click()
    settle(panel)
    assert "in use by a run" in sheet.told.text() and sheet.list.topLevelItemCount() == 1
    assert seen(panel) is panel.unread and panel.unread.button.isVisible(), "what was shown is gone, and can be read"
    del run
    sheet.remove_all.click()
    settle(panel)
    assert not list_kept(panel.bench.workspace) and not panel.kept.isVisible() and not sheet.remove_all.isEnabled()
    sheet.close()


def test_once_they_are_read_memory_and_time_are_told_too(open_window, workspace, photos, slow):
    driver = open_window(workspace)
    dataset = settings(driver.window.bench.catalogue, photos).dataset
    driver.set(dataset=dataset, train_samples="all", validation_samples="10%")
    driver.press("tab_data")
    panel, estimate = driver.window.centre.data, driver.panel.foot.estimate
    pump(lambda: panel.unread.button.isVisible() and "not read" in estimate.text())
    panel.unread.button.click()
    pump(lambda: seen(panel) is panel.area and "of memory" in estimate.text())
    assert not driver.crashes
