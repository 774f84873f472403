"""The Tune tab: its tools are made when they are first seen, told of everything, and heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import recipe
from gui.background import Background
from gui.tune import panel as tune
from gui.tune.tool import Tool, ToolEntry
from gui.workbench import Workbench


class Plain(Tool):
    def __init__(self, bench):
        super().__init__(bench)
        self.shown = []

    def refresh(self):
        self.shown.append(self.config)


@pytest.fixture
def panel(show, catalogue, monkeypatch):
    entries = {name: ToolEntry(name.title(), f"what {name} does", Plain) for name in ("first", "second", "third")}
    monkeypatch.setattr(tune, "tools", lambda: entries)
    bench = Workbench(Path("nowhere"), Background())
    bench.catalogue = catalogue
    yield show(tune.TunePanel(bench), 700, 500)
    bench.background.deleteLater()


def test_a_tool_is_made_when_it_is_first_chosen_and_knows_what_was_told_before(panel, catalogue):
    config = recipe("default", catalogue)
    panel.show_settings(config)
    assert list(panel._made) == ["first"]
    panel.choice.button(1).click()
    assert list(panel._made) == ["first", "second"]
    assert panel.tool("second").isVisible() and not panel.tool("first").isVisible()
    assert panel.tool("second").shown[-1] is config


def test_only_the_tool_that_is_seen_works(panel, catalogue):
    first, second = panel.tool("first"), panel.bring_forward("second")
    before = len(first.shown)
    panel.show_settings(recipe("default", catalogue))
    assert len(first.shown) == before and second.shown[-1] is panel.config
    assert panel.choice.current == 1


def test_what_a_tool_asks_for_is_passed_on(panel, catalogue):
    heard, config = [], recipe("default", catalogue)
    panel.settings_asked.connect(lambda each: heard.append(("settings", each)))
    panel.runs_asked.connect(lambda each: heard.append(("runs", each)))
    tool = panel.tool("third")
    tool.settings_asked.emit(config)
    tool.runs_asked.emit([config])
    assert heard == [("settings", config), ("runs", [config])]
