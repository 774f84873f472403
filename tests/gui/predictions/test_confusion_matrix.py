"""The confusion matrix: what its cells say, walking through it, and text that can be read on every shade."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QColor, QFontInfo, QFontMetrics, QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip

from gui.predictions.confusion_matrix import ConfusionMatrix
from gui.predictions.matrix_colours import contrast, ground, ink
from gui.predictions.matrix_places import LEAST, MOST, MatrixPlaces, fitting_font
from gui.widgets.theme import DARK, LIGHT

COUNTS = np.array([[430, 123, 47], [0, 600, 0], [12, 0, 588]])
NAMES = ("Coat", "Pullover", "An exceedingly long name of a class")


@pytest.fixture
def matrix(show):
    made = ConfusionMatrix()
    made.show_counts(COUNTS, NAMES)
    return show(made, 400, 320)


def events(matrix):
    opened, looked_at = [], []
    matrix.opened.connect(lambda row, column: opened.append((row, column)))
    matrix.looked_at.connect(lambda row, column: looked_at.append((row, column)))
    return opened, looked_at


def middle(matrix, row, column):
    return matrix.places.rect(row, column).center()


def test_cells_show_counts_or_rates_and_nothing_where_nothing_is(matrix):
    assert [matrix.text(0, column) for column in range(3)] == ["430", "123", "47"]
    assert matrix.text(1, 0) == ""
    matrix.show_rates(True)
    assert [matrix.text(0, column) for column in range(3)] == ["72", "20", "8"]


def test_a_cell_in_words(matrix):
    assert matrix.sentence(0, 1) == "Coat: 123 of 600 were called Pullover (20.5\N{NO-BREAK SPACE}%)"
    assert matrix.sentence(1, 1) == "Pullover: 600 of 600 were recognised (100.0\N{NO-BREAK SPACE}%)"
    matrix.show_counts(np.array([[1, 0], [0, 0]]), ("a", "b"))
    assert matrix.sentence(1, 0) == "b: there are no samples of this class"


def test_a_click_opens_a_cell(matrix):
    opened, looked_at = events(matrix)
    QTest.mouseClick(matrix.viewport(), Qt.MouseButton.LeftButton, pos=middle(matrix, 2, 0))
    assert opened == [(2, 0)] and looked_at[-1] == (2, 0) and matrix.current == (2, 0)
    QTest.mouseClick(matrix.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert opened == [(2, 0)], "the names are no cells"


def test_arrow_keys_walk_and_enter_opens(matrix):
    opened, looked_at = events(matrix)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Up):
        QTest.keyClick(matrix, key)
    assert looked_at == [(0, 0), (0, 1), (1, 1), (1, 0), (1, 0), (0, 0)]
    QTest.keyClick(matrix, Qt.Key.Key_End)
    QTest.keyClick(matrix, Qt.Key.Key_Return)
    assert opened == [(0, 2)]
    assert matrix.accessibleDescription() == matrix.sentence(0, 2), "a screen reader hears the cell"


def test_the_pointer_reads_cells_and_gives_back_the_current_one(matrix):
    matrix.choose(1, 1)
    _, looked_at = events(matrix)
    QTest.mouseMove(matrix.viewport(), middle(matrix, 0, 1))
    assert looked_at[-1] == (0, 1) and matrix.current == (1, 1)
    QTest.mouseMove(matrix.viewport(), QPoint(1, 1))
    assert looked_at[-1] == (1, 1)


def test_names_that_are_cut_are_whole_on_hover(matrix, monkeypatch):
    told = []
    monkeypatch.setattr(QToolTip, "showText", lambda place, text, widget: told.append(text))
    for point in (QPoint(20, middle(matrix, 2, 0).y()), QPoint(middle(matrix, 0, 2).x(), 20), middle(matrix, 0, 1)):
        matrix.viewportEvent(QHelpEvent(QHelpEvent.Type.ToolTip, point, matrix.viewport().mapToGlobal(point)))
    assert told == [NAMES[2], NAMES[2], matrix.sentence(0, 1)]


def test_the_current_cell_stays_while_the_classes_do(matrix):
    matrix.choose(2, 1)
    matrix.show_counts(COUNTS + 1, NAMES)
    assert matrix.current == (2, 1)
    matrix.show_counts(np.eye(2, dtype=int), ("a", "b"))
    assert matrix.current is None


def test_a_hundred_classes_scroll_and_the_current_cell_comes_into_sight(show):
    matrix = ConfusionMatrix()
    matrix.show_counts(np.diag(np.arange(100)), tuple(f"class {number}" for number in range(100)))
    show(matrix, 360, 300)
    assert matrix.places.cell == LEAST
    for cell in ((99, 99), (0, 0), (50, 3)):
        matrix.choose(*cell)
        assert matrix.places.room.contains(matrix.places.rect(*cell)), cell
        assert matrix.places.cell_at(matrix.places.rect(*cell).center()) == cell
    assert len(matrix.places.rows()) < 30, "only what is in sight is drawn"


def test_ten_classes_fit_without_scrolling_where_a_tab_is_narrow(show):
    matrix = ConfusionMatrix()
    matrix.show_counts(np.eye(10, dtype=int), tuple(f"class {number}" for number in range(10)))
    show(matrix, 350, 300)
    assert matrix.horizontalScrollBar().maximum() == matrix.verticalScrollBar().maximum() == 0
    assert matrix.places.room.contains(matrix.places.rect(9, 9))


def test_cells_grow_with_the_room_up_to_a_size():
    small = MatrixPlaces.fitting(10, MOST * 4, 50, 14)
    large = MatrixPlaces.fitting(10, MOST * 40, 50, 14)
    assert small.cell.width() < large.cell.width() and large.cell == MOST and large.beyond.isNull()


def test_figures_are_written_smaller_where_cells_are_narrow_and_left_out_where_they_could_not_be_read(matrix):
    wide, narrow = (fitting_font(matrix.font(), "1,000", QSize(width, 40)) for width in (80, 30))
    assert wide.pointSizeF() == pytest.approx(QFontInfo(matrix.font()).pointSizeF())
    assert narrow.pointSizeF() < wide.pointSizeF() and QFontMetrics(narrow).horizontalAdvance("1,000") < 30
    assert fitting_font(matrix.font(), "1,000", QSize(14, 14)) is None


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_every_shade(theme):
    for step in range(1001):
        shade = ground(step / 1000, theme)
        assert contrast(ink(shade), shade) >= 4.5, step
    assert ground(0, theme).name() == QColor(theme.surface).name()
    assert ground(1, theme).name() == QColor(theme.train).name()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_shades_tell_more_from_less_and_show_small_shares(theme):
    away = [contrast(ground(step / 100, theme), ground(0, theme)) for step in range(101)]
    assert away == sorted(away)
    assert away[5] > 1.1, "one in twenty is seen"


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_text_drawn_is_that_ink(show, theme):
    """In the picture of a full cell there is a pixel of the ink that was chosen for its ground."""
    matrix = ConfusionMatrix()
    matrix.set_theme(theme)
    matrix.show_counts(np.array([[88]]), ("a",))
    show(matrix, 300, 200)
    image = matrix.viewport().grab(matrix.places.rect(0, 0)).toImage()
    shade = ground(1, theme)
    colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert shade.name() in colours and ink(shade).name() in colours
