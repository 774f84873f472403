"""Are the labels safe? Asked in the tab Data: told with pictures, mended with one click, stopped at any time."""

from __future__ import annotations

import pytest
import torch
from PySide6.QtWidgets import QLabel, QPushButton

from engine.config import recipe
from engine.strategy_text import parse_strategy
from gui.data.label_check import LabelCheckView
from gui.data.rows import PictureRows
from tests.gui.driving import pump


@pytest.fixture
def view(bench, show, monkeypatch):
    monkeypatch.setattr("engine.data_checks.label_judge.STEPS", 120)
    monkeypatch.setattr("engine.data_checks.label_safety.MOST", 900)
    return show(LabelCheckView(bench), 480, 600)


def config(catalogue, *ticked):
    made = recipe("default", catalogue)
    for text in ticked:
        made = made.ticked(parse_strategy(text, catalogue))
    return made


def test_it_tells_what_it_found_and_forgets_it_with_other_settings(view, catalogue, monkeypatch):
    view.show_settings(config(catalogue))
    assert not view.ask.isEnabled(), "without an augmentation there is nothing to ask"
    view.show_settings(config(catalogue, "color-jitter:brightness=0.1"))
    view.ask.click()
    assert view.stop.isVisible() and not view.ask.isVisible()
    pump(lambda: view.found is not None, 120)
    assert "No augmentation was seen to change" in view.told.text()
    view.show_settings(config(catalogue, "random-rotation:degrees=90"))
    assert view.found is None and not view.told.isVisible()


def test_a_finding_is_shown_with_pictures_and_mended_with_one_click(view, catalogue):
    from engine.data_checks.label_safety import Example, LabelFinding, LabelSafety
    from engine.message import message

    asked = []
    view.settings_asked.connect(asked.append)
    view.show_settings(config(catalogue, "random-rotation:degrees=180"))
    image = view._bench.parts(view._config).training.at(torch.tensor([0]))[0, 0].numpy()
    mend = parse_strategy("random-rotation:degrees=45", catalogue)
    view._show(LabelSafety(900, 0.9, (LabelFinding(
        "changes-class", "random-rotation", message("changes-class", "it turns {a} into {b}", a="6", b="9"),
        message("remedy-limit", "limit {field} to {value}", field="degrees", value=45.0), mend,
        (Example(image, image[::-1].copy(), "6", "9", 0.97),),
    ),)))  # fmt: skip
    assert any("turns 6 into 9" in label.text() for label in view.findChildren(QLabel))
    [rows] = view.findChildren(PictureRows)
    assert [row.pictures[0].caption for row in rows.rows] == ["6", "9"]
    next(button for button in view.findChildren(QPushButton) if button.text().startswith("Limit degrees")).click()
    assert [each.degrees for each in asked[0].augmentations] == [45.0]


def test_it_is_stopped_at_once(view, catalogue):
    view.show_settings(config(catalogue, "random-rotation:degrees=180"))
    view.ask.click()
    view.stop.click()
    assert view.ask.isVisible() and view.told.text() == "It was stopped."
    pump(lambda: not view._bench.background.busy)
    assert view.found is None
