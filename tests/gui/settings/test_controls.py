"""The controls of a form, apart from it."""

from __future__ import annotations

from engine.config import run_parameters
from gui.settings.controls import control_for


def test_of_a_long_number_the_beginning_is_seen(show):
    [lr] = [each for each in run_parameters() if each.name == "lr"]
    box = show(control_for(lr), 80, 30)
    box.clearFocus()
    box.show_value(0.0030893344001848583)
    assert box.raw() == "0.0030893344001848583" and box.lineEdit().cursorPosition() == 0
