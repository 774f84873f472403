"""What a person does in the first five minutes works, from the first Start to a run that goes on after closing."""

from __future__ import annotations

from tests.gui.first_minutes import FirstMinutes


def test_the_first_five_minutes(open_window, workspace, tmp_path):
    minutes = FirstMinutes(open_window, workspace, tmp_path / "elsewhere")
    minutes.walk()
    assert len(minutes.seconds) == 9
