"""Larger type, for a projector."""

from __future__ import annotations

from gui.graph.drawings import overlay_style, styles
from gui.widgets.theme import LIGHT
from gui.widgets.type_size import LARGER, with_lines


def test_curves_are_wider_at_once_and_type_when_the_window_is_opened_again(open_window, workspace):
    window = open_window(workspace)
    usual = window.window.happening.headline.font().pointSizeF()
    window.press("larger")
    assert window.window.theme.lines == LARGER and "open it again" in window.says("type")
    window.press("theme_dark")
    assert window.window.theme.is_dark and window.window.theme.lines == LARGER
    window.close()
    again = open_window(workspace)
    assert again.window.happening.headline.font().pointSizeF() == usual * LARGER and again.says("type") == ""
    again.press("larger")
    assert again.window.theme.lines == 1.0 and again.says("type")
    again.close()
    last = open_window(workspace)
    assert last.window.happening.headline.font().pointSizeF() == usual


def test_all_but_the_single_steps_is_wider():
    wide = with_lines(LIGHT, True)
    assert with_lines(LIGHT, True) is wide and with_lines(LIGHT, False) is LIGHT
    for key, look in styles(LIGHT).items():
        assert styles(wide)[key].width == look.width * (1 if key == "step" else LARGER)
    assert overlay_style(wide, 3).size == round(overlay_style(LIGHT, 3).size * LARGER)
