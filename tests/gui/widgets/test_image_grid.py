"""Pictures in a grid: crisp, reflowing, found by arrow keys and by screen readers."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest

from gui.widgets.image_grid import ImageGrid, Picture, draw_image, drawn_size, to_image
from gui.widgets.theme import LIGHT


def pictures(count, tone="", caption="Coat"):
    return [Picture(np.full((28, 28), 7 * number % 256, np.uint8), caption, tone=tone) for number in range(count)]


@pytest.fixture
def grid(show):
    return show(ImageGrid(), 400, 300)


def test_an_image_has_the_pixels_of_its_array_and_memory_of_its_own(app):
    grey = np.arange(15, dtype=np.uint8).reshape(3, 5)
    image = to_image(grey)
    grey[:] = 0
    assert (image.width(), image.height()) == (5, 3)
    assert [[image.pixelColor(x, y).red() for x in range(5)] for y in range(3)] == np.arange(15).reshape(3, 5).tolist()
    colour = np.zeros((2, 3, 3), np.uint8)
    colour[1, 2] = 10, 20, 30
    assert to_image(colour).pixelColor(2, 1) == QColor(10, 20, 30)
    # A view on channels-first data, as a data set holds them, is no contiguous array.
    assert to_image(np.moveaxis(np.moveaxis(colour, 2, 0).copy(), 0, 2)).pixelColor(2, 1) == QColor(10, 20, 30)
    for wrong in (np.zeros((2, 2), np.float32), np.zeros((2, 2, 4), np.uint8), np.zeros(4, np.uint8)):
        with pytest.raises(ValueError, match="no picture"):
            to_image(wrong)


@pytest.mark.parametrize(
    "shape, size, ratio, drawn",
    [
        ((28, 28), 56, 1, (56, 56)),
        ((28, 28), 56, 1.5, (84, 84)),
        ((32, 32), 56, 1, (64, 64)),  # 56 is no multiple of 32
        ((28, 14), 56, 1, (56, 28)),
        ((224, 112), 56, 1, (56, 28)),
    ],
)
def test_small_pictures_grow_a_whole_number_of_times_and_large_ones_shrink(shape, size, ratio, drawn):
    assert drawn_size(*shape, size, ratio) == drawn


def test_an_image_stays_within_its_room(app):
    canvas = QImage(80, 80, QImage.Format.Format_RGB32)
    painter = QPainter(canvas)
    place = draw_image(painter, np.zeros((30, 40), np.uint8), QRect(10, 10, 50, 60), 60)  # 60 is nearest to twice 40
    painter.end()
    assert (place.left(), place.width(), place.height()) == (10, 50, 37)
    assert place.top() == pytest.approx(10 + (60 - 37) / 2, abs=1)


def test_every_pixel_of_a_small_picture_is_equally_large(grid):
    board = (np.indices((28, 28)).sum(0) % 2 * 255).astype(np.uint8)
    grid.show_pictures([Picture(board)])
    cell = grid.view.visualRect(grid.view.model().index(0, 0))
    shot = grid.view.viewport().grab(cell).toImage()
    middle = shot.height() // 2
    row = [shot.pixelColor(x, middle).red() for x in range(shot.width())]
    inner = "".join("#" if value == 0 else "." for value in row)
    assert "..##" * 13 in inner


def test_columns_follow_the_width(grid, app):
    grid.show_pictures(pictures(40))
    wide = grid.view.columns
    assert wide > 2
    grid.resize(200, 300)
    app.processEvents()
    assert grid.view.columns < wide
    lefts = {grid.view.visualRect(grid.view.model().index(number, 0)).left() for number in range(40)}
    assert len(lefts) == grid.view.columns


def test_arrow_keys_pass_the_ends_of_lines_and_enter_activates(grid):
    chosen, activated = [], []
    grid.selected.connect(chosen.append)
    grid.activated.connect(activated.append)
    grid.show_pictures(pictures(40))
    grid.setFocus()
    columns = grid.view.columns
    grid.current = columns - 1
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up):
        QTest.keyClick(grid.view, key)
    assert chosen[-5:] == [columns - 1, columns, 2 * columns, 2 * columns - 1, columns - 1]
    QTest.keyClick(grid.view, Qt.Key.Key_Return)
    assert activated == [columns - 1]
    grid.current = 0
    QTest.keyClick(grid.view, Qt.Key.Key_Up)
    assert grid.current == 0


def test_a_click_selects_a_double_click_activates_and_other_pictures_leave_none_selected(grid):
    chosen, activated = [], []
    grid.selected.connect(chosen.append)
    grid.activated.connect(activated.append)
    assert grid.current == -1
    grid.show_pictures(pictures(5))
    place = grid.view.visualRect(grid.view.model().index(2, 0)).center()
    QTest.mouseClick(grid.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert (chosen, grid.current) == ([2], 2)
    QTest.mouseDClick(grid.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert activated == [2]
    grid.show_pictures(pictures(3))
    assert (chosen, grid.current) == ([2, -1], -1)


def test_a_tone_is_a_frame_and_a_mark_and_captions_are_told_to_screen_readers(grid):
    def colours(tone):
        grid.show_pictures([Picture(np.zeros((28, 28), np.uint8), "Coat", "really a shirt", tone)])
        shot = grid.view.viewport().grab(grid.view.visualRect(grid.view.model().index(0, 0))).toImage()
        caption = range(shot.height() - 20, shot.height())
        everywhere = {shot.pixelColor(x, y).name().upper() for x in range(shot.width()) for y in range(shot.height())}
        below = {shot.pixelColor(x, y).name().upper() for x in range(shot.width()) for y in caption}
        return everywhere, below

    for tone, colour in (("good", LIGHT.lr), ("bad", LIGHT.error)):
        everywhere, below = colours(tone)
        assert colour in everywhere and colour in below, "the mark stands before the caption"
    assert not {LIGHT.lr, LIGHT.error} & colours("")[0]
    index = grid.view.model().index(0, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "really a shirt"
    assert index.data(Qt.ItemDataRole.DisplayRole) == "Coat"


def test_hundreds_of_pictures_have_no_widgets(grid):
    before = len(grid.findChildren(object))
    grid.show_pictures(pictures(500))
    assert len(grid.findChildren(object)) == before
