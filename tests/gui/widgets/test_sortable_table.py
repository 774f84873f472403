"""Sorting figures: by their value, with what is no number last, and back to how they were given."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.numbers import count, percent
from gui.widgets.sortable_table import Column, SortableTable
from gui.widgets.theme import LIGHT, apply_theme

ROWS = [("Coat", 0.9, 5), ("Bag", float("nan"), 100), ("Shirt", 0.1, 20)]


@pytest.fixture
def table(show):
    columns = [Column("Class", "its name"), Column("Recall", "a share", percent), Column("Samples", "how many", count)]
    made = SortableTable("Figures", columns)
    made.show_rows(ROWS)
    return show(made, 320, 200)


def names(table):
    return [line[0] for line in table.texts()]


def heading(table, column):
    return table.model().headerData(column, Qt.Orientation.Horizontal)


def click(table, column):
    header = table.horizontalHeader()
    point = header.rect().center()
    point.setX(header.sectionViewportPosition(column) + header.sectionSize(column) // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=point)


def test_rows_are_as_given_and_written_as_figures(table):
    assert table.texts() == [["Coat", "90.0 %", "5"], ["Bag", "–", "100"], ["Shirt", "10.0 %", "20"]]


def test_clicks_on_a_heading_sort_up_then_down_then_not_at_all(table):
    click(table, 2)
    assert names(table) == ["Coat", "Shirt", "Bag"] and heading(table, 2) == "Samples ↑"
    click(table, 2)
    assert names(table) == ["Bag", "Shirt", "Coat"] and heading(table, 2) == "Samples ↓"
    click(table, 2)
    assert names(table) == ["Coat", "Bag", "Shirt"] and heading(table, 2) == "Samples"


def test_what_is_no_number_comes_last_either_way(table):
    click(table, 1)
    assert names(table) == ["Shirt", "Coat", "Bag"]
    click(table, 1)
    assert names(table) == ["Coat", "Shirt", "Bag"]


def test_the_number_of_a_column_sorts_by_it(table):
    QTest.keyClick(table, Qt.Key.Key_1)
    assert names(table) == ["Bag", "Coat", "Shirt"]
    QTest.keyClick(table, Qt.Key.Key_9)
    assert names(table) == ["Bag", "Coat", "Shirt"]


def test_a_heading_explains_its_figures_and_how_to_sort_by_them(table):
    told = table.model().headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert told == "a share\nClick to sort, or press 2 in the table"


def test_the_chosen_row_is_told_as_it_was_given_however_it_is_sorted(table):
    chosen = []
    table.chosen.connect(chosen.append)
    click(table, 2)
    table.selectRow(1)
    assert chosen == [2] and table.current == 2
    click(table, 2)
    assert table.current == 2, "sorting keeps the choice"


def test_other_figures_keep_order_and_choice(table):
    click(table, 2)
    table.current = 2
    told = []
    table.chosen.connect(told.append)
    table.show_rows([("Coat", 0.5, 50), ("Bag", 0.5, 10), ("Shirt", 0.5, 20)])
    assert names(table) == ["Bag", "Shirt", "Coat"] and table.current == 2 and told == []
    table.show_rows([("Coat", 0.5, 50)])
    assert table.current == -1


def test_every_column_is_seen_and_the_first_takes_the_rest(table):
    header = table.horizontalHeader()
    assert header.length() == table.viewport().width()
    assert header.sectionSize(0) > header.sectionSize(1)


@pytest.mark.parametrize("left", [True, False])
def test_the_cells_of_a_column_stand_in_line_with_its_heading(app, show, left):
    apply_theme(app, LIGHT)
    table = SortableTable("mine", [Column("H", "", left=left), Column("H", "", left=left)])
    table.show_rows([["H", "H"]])
    show(table, 400, 120)
    header = table.horizontalHeader()
    start, width = 0, header.sectionSize(0)
    places = []
    for view, row in ((header.viewport(), header.height()), (table.viewport(), table.rowHeight(0))):
        image = view.grab().toImage()
        inner = range(start + 3, start + width - 3)
        ground = image.pixel(start + width // 2, 4)
        inked = [x for x in inner if any(image.pixel(x, y) != ground for y in range(5, row - 5))]
        places.append(min(inked) if left else max(inked))
    assert abs(places[0] - places[1]) <= 1
