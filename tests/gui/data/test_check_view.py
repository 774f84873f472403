"""The check of one's own pictures in the tab Data: what is seen in each state, and the settings that mend."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QGuiApplication

from engine.strategy_text import parse_strategy
from gui.data.panel import DataPanel
from gui.widgets.theme import DARK
from tests.engine.support import Blobs, tiny_config
from tests.gui.driving import pump


def fill(folder, counts, seed=0):
    draw = np.random.default_rng(seed)
    for label, count in counts.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            picture = Image.fromarray(draw.integers(0, 256, (12, 12, 3), dtype=np.uint8))
            picture.save(folder / label / f"{label}{number}.png")
    return folder


@pytest.fixture
def uneven(tmp_path):
    """Too few to validate on, of one class many more, and in it a picture saved again."""
    folder = fill(tmp_path / "사진 <b>", {"고양이": 30, "개": 6})
    Image.open(folder / "고양이" / "고양이3.png").point(lambda v: min(255, v + 3)).save(folder / "고양이" / "again.png")
    return folder


@pytest.fixture
def panel(bench, show):
    return show(DataPanel(bench), 900, 900)


def told(view):
    return view.told.text().replace("\N{ZERO WIDTH SPACE}", "")


def settings(catalogue, folder):
    dataset = parse_strategy("image-folder:size=12", catalogue, "dataset").model_copy(update={"path": str(folder)})
    return tiny_config(catalogue, dataset=dataset, train_samples="all")


def look(panel, config):
    panel.show_settings(config)
    panel.check_button.click()
    pump(lambda: panel.check._work is None and not panel.bench.background.busy)
    return panel.check


def choose(view, mend):
    """Choose the first finding that this mends; gives its detail."""
    for place in range(view.tree.topLevelItemCount()):
        view.tree.setCurrentItem(view.tree.topLevelItem(place))
        if view.tree.finding.mend == mend:
            pump(lambda: not view._bench.background.busy)
            return view.detail
    raise AssertionError(f"nothing to be mended by {mend}")


def test_it_is_offered_for_folders_of_pictures_alone(panel, catalogue, tmp_path):
    for dataset, offered in ((Blobs(), False), (settings(catalogue, tmp_path).dataset, True)):
        panel.show_settings(tiny_config(catalogue, dataset=dataset))
        assert panel.check_button.isVisible() == offered
    panel.show_settings(settings(catalogue, ""))
    assert not panel.check_button.isVisible()
    pump(lambda: not panel.bench.background.busy)


def test_findings_are_listed_with_their_pictures_and_names(panel, catalogue, uneven):
    view = look(panel, settings(catalogue, uneven))
    assert panel._pages.currentWidget() is view and view.parts.isVisible() and not view.bar.isVisible()
    assert "37 pictures of 2 classes, 3 findings" in told(view)
    detail = choose(view, "keep-together")
    assert sorted(picture.caption for picture in detail.grid.pictures) == ["again.png", "고양이3.png"]
    detail.copy.click()
    assert QGuiApplication.clipboard().text().split("\n") == list(detail.finding.files)
    panel.set_theme(DARK)
    view.back.click()
    assert panel._pages.currentIndex() == 0
    panel.check_button.click()
    assert panel._pages.currentWidget() is view and view.check is not None, "it is not looked at twice"


def test_a_clean_folder_and_one_that_is_not_there_are_told(panel, catalogue, tmp_path):
    view = look(panel, settings(catalogue, fill(tmp_path / "clean", {"a": 350, "b": 350})))
    assert "nothing was found" in told(view) and not view.parts.isVisible() and view.again.isVisible()
    view = look(panel, settings(catalogue, tmp_path / "absent"))
    assert "no folder that can be read" in told(view) and view.told.property("role") == "failure"


def test_another_folder_forgets_what_was_found_and_stop_gives_up(panel, catalogue, uneven, tmp_path):
    view = look(panel, settings(catalogue, uneven))
    panel.show_settings(settings(catalogue, fill(tmp_path / "other", {"a": 9, "b": 9})))
    assert view.check is None and panel._pages.currentIndex() == 0
    panel.check_button.click()
    view.stop.click()
    assert "was stopped" in told(view) and view.again.isVisible() and not view.bar.isVisible()
    pump(lambda: not panel.bench.background.busy)
    assert view.check is None
    view.again.click()
    pump(lambda: view.check is not None)
    assert view.check.images == 18
    pump(lambda: not panel.bench.background.busy)


def test_remedies_change_the_settings_and_undo_brings_them_back(open_window, workspace, uneven):
    driver = open_window(workspace)
    driver.panel.set_config(settings(driver.panel.catalogue, uneven))
    driver.window.centre.bring_forward("data")
    panel = driver.window.centre.data
    pump(panel.check_button.isVisible)
    panel.check_button.click()
    pump(lambda: panel.check.check is not None)
    view, before = panel.check, driver.panel.config
    for mend, kept in (
        ("keep-together", lambda config: config.dataset.keep_together == "similar"),
        ("balance", lambda config: "balanced-sampling" in [strategy.id for strategy in config.with_]),
        ("validate-more", lambda config: config.validation_samples == str(view.check.validation) == "9"),
    ):
        detail = choose(view, mend)
        assert not kept(driver.panel.config) and detail.mend.isEnabled() and not detail.told.isVisible()
        detail.mend.click()
        assert kept(driver.panel.config) and not detail.mend.isEnabled() and detail.told.isVisible()
        assert panel._pages.currentWidget() is view, "the findings stay"
        driver.press("undo")
        assert driver.panel.config == before and detail.mend.isEnabled()
    pump(lambda: not driver.window.bench.background.busy)
    assert driver.crashes == []


def test_remedies_are_offered_in_words_that_fit(panel, catalogue, uneven):
    view = look(panel, settings(catalogue, uneven))
    panel.resize(420, 500)
    choose(view, "balance")
    assert view.minimumSizeHint().width() <= 420
