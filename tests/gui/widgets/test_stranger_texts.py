"""Texts that anyone may have written are shown as they are: none makes Qt read a picture."""

from __future__ import annotations

from datetime import datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel

from engine.run_records.index import RunRecord, Status
from engine.run_records.notes import Notes
from gui.runs.model import RunModel
from gui.runs.run import Run
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.looks import as_tip

WIDTH = 3_000


@pytest.fixture
def named(app, tmp_path):
    """A name in which a picture is named that is wider than any text here."""
    QImage(WIDTH, 10, QImage.Format.Format_RGB32).save(str(tmp_path / "p.png"))
    name = f'<img src="{tmp_path}/p.png">'
    assert QLabel(name).sizeHint().width() == WIDTH, "Qt reads a picture that a text names"
    return name


def test_a_tool_tip_shows_such_a_text_as_it_is(named):
    tips = [as_tip(named), as_tip(f"a\n{named}"), ElidedLabel(named).toolTip()]
    for tip in tips:
        assert QLabel(tip).sizeHint().width() < WIDTH
        assert "&lt;img" in tip
    assert as_tip("loss 0.1 > 0\nR&B") == "loss 0.1 > 0\nR&B"


def test_the_name_and_the_notes_of_a_run_are_shown_as_they_are(named, tmp_path):
    run, model = Run("run"), RunModel()
    run.record = RunRecord(tmp_path, {}, (), Status.FINISHED, notes=Notes(named, (named,), named))
    run.begun = datetime(2026, 1, 1)
    model.add(run)
    tip = model.data(model.index(0), Qt.ItemDataRole.ToolTipRole)
    assert QLabel(str(tip)).sizeHint().width() < WIDTH and str(tip).count("&lt;img") == 3
