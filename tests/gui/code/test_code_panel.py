"""The tab "Code": the script as the settings stand, what the last change has changed in it, and taking it away."""

from __future__ import annotations

import random
import re

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QGuiApplication, QHelpEvent
from PySide6.QtWidgets import QToolTip

from engine.scripts.script import script
from engine.strategy import Regularizer
from engine.strategy_text import parse_strategy
from gui.code.changes import changes, spans
from gui.code.highlighter import words
from gui.code.panel import RUN, CodePanel
from gui.runs.run import Run
from gui.widgets.theme import DARK
from plugins.regularizer._dropout import DEFINED
from tests.engine.support import tiny_config
from tests.gui.driving import pump


@pytest.fixture
def panel(bench, show):
    return show(CodePanel(bench), 700, 500)


@pytest.fixture
def settings(catalogue):
    return tiny_config(catalogue, dataset=parse_strategy("fashion-mnist-sample", catalogue))


def told(panel, config):
    """Give it settings and wait for what it makes of them."""
    panel.show_settings(config)
    pump(lambda: not panel.bench.background.busy)


def marked(panel):
    """The lines that have another ground."""
    return [mark.cursor.block().text() for mark in panel.view.extraSelections()]


def test_shows_the_script_and_the_command_of_the_settings(panel, settings, catalogue):
    told(panel, settings)
    assert panel.view.toPlainText() == script(settings, catalogue, panel.bench.workspace / "data").text
    assert panel.command.line.text().startswith("tunedeck train ") and marked(panel) == []


def test_ticking_a_box_marks_the_lines_that_it_changes_and_names_them(panel, settings, catalogue):
    told(panel, settings)
    told(panel, settings.ticked(parse_strategy("dropout:p=0.3", catalogue)))
    defined = DEFINED.splitlines()
    assert [line for line in marked(panel) if line] == [*filter(None, defined), *["    Dropout(p=0.3),"] * 2]
    lines = panel.view.toPlainText().splitlines()
    numbers = [number for number, line in enumerate(lines, 1) if line in (defined[0], "    Dropout(p=0.3),")]
    assert re.fullmatch(
        rf"New or changed lines, marked with \+: {numbers[0] - 2}–\d+, {numbers[1]}, {numbers[2]}\.", panel.told.text()
    )
    shown = panel.view.firstVisibleBlock().blockNumber()
    assert shown < numbers[0] <= shown + panel.view.height() // panel.view.fontMetrics().lineSpacing()
    told(panel, settings)
    assert marked(panel) == [] and panel.told.text().startswith("Lines are gone")


def test_resting_on_a_line_tells_which_technique_it_is_there_for(panel, settings, catalogue, monkeypatch):
    shown = []
    monkeypatch.setattr(QToolTip, "showText", lambda at, text, *_: shown.append(text))
    told(panel, settings.ticked(parse_strategy("dropout:p=0.3", catalogue)).ticked(parse_strategy("ema", catalogue)))
    lines = panel.view.toPlainText().splitlines()
    for number, line in enumerate(lines):
        hint = panel.view.hints.get(number, "")
        if "    Dropout(" in line or "AveragedModel" in line:
            assert hint == f"This line is there for: {'dropout' if 'Dropout' in line else 'ema'}"
        elif "nn.Linear" in line or line.startswith("tunedeck"):
            assert hint == ""
    panel.view.verticalScrollBar().setValue(number := next(n for n, line in enumerate(lines) if "    Dropout(" in line))
    for line in (number, number + 1):
        block = panel.view.document().findBlockByNumber(line)
        at = panel.view.blockBoundingGeometry(block).translated(panel.view.contentOffset()).center().toPoint()
        event = QHelpEvent(QEvent.Type.ToolTip, QPoint(20, at.y()), panel.view.viewport().mapToGlobal(at))
        QGuiApplication.sendEvent(panel.view.viewport(), event)
    assert shown == ["This line is there for: dropout", ""]


def test_a_setting_that_is_in_no_line_says_so(panel, settings):
    told(panel, settings)
    told(panel, settings.changed({"name": "a name"}))
    assert panel.told.text() == "The last change is in none of these lines." and marked(panel) == []


def test_it_is_written_only_while_it_is_seen(bench, show, settings, monkeypatch):
    panel = CodePanel(bench)
    panel.show_settings(settings)
    assert not bench.background.busy and panel.made is None
    show(panel, 700, 500)
    pump(lambda: panel.made is not None)
    asked = []
    monkeypatch.setattr(bench.background, "ask", lambda *given: asked.append(given[0]))
    panel.show_settings(settings)  # the same again
    assert asked == []


def test_copies_and_saves_what_it_shows(panel, settings, tmp_path):
    assert not panel.copy_code.isEnabled() and not panel.save.isEnabled()
    told(panel, settings)
    panel.copy_code.click()
    assert QGuiApplication.clipboard().text() == panel.view.toPlainText()
    panel.command.copied.click()
    assert QGuiApplication.clipboard().text() == panel.command.line.text()
    panel.save_as(tmp_path / "run.py")
    assert (tmp_path / "run.py").read_text(encoding="utf-8") == panel.view.toPlainText()
    panel.save_as(tmp_path / "nowhere" / "run.py")
    assert "can't be written" in panel.told.text() and panel.told.property("role") == "error"
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".py"] == ["run.py"]


def test_shows_the_run_in_front_and_the_settings_again(panel, settings, catalogue):
    told(panel, settings)
    assert not panel.whose.button(RUN).isEnabled()
    config = settings.ticked(parse_strategy("ema", catalogue))
    panel.show_run(Run("mlp", config))
    panel.whose.button(RUN).click()
    pump(lambda: not panel.bench.background.busy)
    assert "AveragedModel" in panel.view.toPlainText() and "--with ema" in panel.command.line.text()
    panel.show_run(None)
    pump(lambda: not panel.bench.background.busy)
    assert "AveragedModel" not in panel.view.toPlainText()


class Wordless(Regularizer):
    """Gives no code."""


def test_a_script_that_is_not_whole_is_said_to_be_so(panel, settings):
    told(panel, settings.ticked(Wordless()))
    assert "wordless" in panel.told.text() and panel.told.property("role") == "error"


def test_is_drawn_in_both_palettes_with_another_ground_also_in_the_margin(panel, settings, catalogue):
    told(panel, settings)
    told(panel, settings.ticked(parse_strategy("dropout", catalogue)))
    light = panel.view.grab().toImage()
    panel.set_theme(DARK)
    dark = panel.view.grab().toImage()
    corner = panel.view.contentsRect().topLeft() + QPoint(1, 1)
    assert light.pixelColor(corner).lightness() > 200 > 100 > dark.pixelColor(corner).lightness()
    margin = {dark.pixelColor(x, y).name() for x in range(panel.view.margin_width) for y in range(dark.height())}
    assert {DARK.selection.lower(), DARK.window.lower()} <= margin


@pytest.mark.parametrize("seed", range(20))
def test_lines_that_are_not_marked_were_there_before_in_this_order(seed):
    drawing = random.Random(seed)
    before = [drawing.choice("abcdef") for _ in range(12)]
    after = [line for line in before if drawing.random() > 0.2]
    for _ in range(3):
        after.insert(drawing.randrange(len(after) + 1), drawing.choice("abcxyz"))
    found = changes("\n".join(before), "\n".join(after))
    rest = iter(before)
    assert all(line in rest for number, line in enumerate(after) if number not in found.new)
    assert bool(found) == (before != after)
    assert not changes("\n".join(after), "\n".join(after))


def test_spans_are_written_as_a_person_counts():
    assert spans((0, 4, 5, 6, 8)) == "1, 5–7, 9" and spans(()) == ""


def test_words_have_their_kind_also_over_several_lines_and_in_what_is_no_python():
    found = words('x = 1  # one\n"""two\nlines"""\nfor y in "z":\n    pass')
    assert found[0] == [(4, 1, "number"), (7, 5, "comment")]
    assert found[1] == [(0, 6, "string")] and found[2] == [(0, 8, "string")]
    assert [kind for _, _, kind in found[3]] == ["keyword", "keyword", "string"]
    assert words("x = (1\n'")[0] == [(5, 1, "number")]
