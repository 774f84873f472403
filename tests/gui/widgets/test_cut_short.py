"""What has less room than its words is cut off with dots, and what has room enough is not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QStyle, QStyleOptionComboBox

from gui.settings.choice_row import QuietComboBox
from gui.widgets.count_box import CountBox
from gui.widgets.elided_button import ElidedButton, ElidedCheckBox
from gui.widgets.theme import DARK, LIGHT, apply_theme

LONG = "무작위로 잘라 키우기(random resized crop)"


def ink(widget, start):
    """How many columns of pixels from `start` on differ from the ground."""
    image = widget.grab().toImage()
    ground = image.pixel(image.width() - 4, image.height() // 2)
    return [x for x in range(start, image.width() - 4)
            if any(image.pixel(x, y) != ground for y in range(6, image.height() - 6))]  # fmt: skip


@pytest.mark.parametrize("kind", [ElidedButton, ElidedCheckBox])
def test_words_without_room_end_in_dots_within_the_widget(app, show, kind):
    apply_theme(app, LIGHT)
    whole = show(kind(LONG))
    whole.resize(whole.sizeHint())
    short = show(kind(LONG))
    short.resize(whole.width() * 2 // 3, whole.height())
    asked = []
    short.fontMetrics = lambda: asked.append(short.width()) or whole.fontMetrics()
    assert short.text() == LONG and max(ink(short, 24)) < short.width() - 4
    short.grab()
    assert asked, "its words are measured before they are drawn"


@pytest.mark.parametrize("entries", [["훈련", "검증", "테스트"], ["Training", "Validation", "Test"]])
def test_a_choice_has_room_for_its_widest_entry_whenever_that_came(app, show, entries):
    for theme in (LIGHT, DARK):
        apply_theme(app, theme)
        box = QuietComboBox()
        box.setSizeAdjustPolicy(QuietComboBox.SizeAdjustPolicy.AdjustToContents)
        box.setMinimumContentsLength(0)
        box.sizeHint()
        box.addItems(entries)
        show(box)
        option = QStyleOptionComboBox()
        box.initStyleOption(option)
        option.rect = QRect(box.rect().topLeft(), box.sizeHint())
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, box).width()
        assert room >= max(box.fontMetrics().horizontalAdvance(each) for each in entries)


def test_a_number_stands_off_the_edge_of_its_field(app, show):
    apply_theme(app, LIGHT)
    box = show(CountBox(), 90, 30)
    box.clearFocus()
    assert min(ink(box, 3)) >= 6
