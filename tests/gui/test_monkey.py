"""Anything at any moment: no mistake of the window, no warning of Qt, nothing lost, and it can be closed."""

from __future__ import annotations

import pytest

from tests.gui.monkey import Monkey, cannot_go_on, without_dialogs

ACTS = 70


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_done_the_window_answers_and_every_run_can_go_on(
    app, workspace, catalogue, tmp_path, monkeypatch, seed
):
    without_dialogs(monkeypatch.setattr)
    monkey = Monkey(app, workspace, tmp_path / "files", seed)
    try:
        for _ in range(ACTS):
            monkey.act()
        monkey.settle()
    except BaseException:
        print("done:", *monkey.done, sep="\n  ")
        raise
    finally:
        monkey.close()
    assert cannot_go_on(workspace, catalogue) == []
