"""A table of a run holds every row, and never copies many of them at once."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.growing_table import GrowingTable


@pytest.mark.parametrize("seed", range(5))
def test_it_holds_what_was_added_however_it_came(seed):
    draw, table, expected = random.Random(seed), GrowingTable(3), np.empty((0, 3))
    for _ in range(60):
        block = np.random.default_rng(draw.randrange(2**32)).random((draw.choice([0, 1, 7, 900]), 3))
        table.add(block.T)
        expected = np.concatenate([expected, block])
        if draw.random() < 0.2:
            values = np.arange(len(expected)) * draw.random()
            table.replace(1, values)
            expected[:, 1] = values
        assert len(table) == len(expected)
        np.testing.assert_array_equal(table.rows(), expected)
        np.testing.assert_array_equal(table.column(2), expected[:, 2])


def test_no_row_that_is_added_makes_many_be_copied(monkeypatch):
    copied: list[int] = []
    copy = GrowingTable._copy

    def counted(table, end):
        copied[-1] += end - table._copied
        copy(table, end)

    monkeypatch.setattr(GrowingTable, "_copy", counted)
    table = GrowingTable(2)
    for _ in range(40_000):
        copied.append(0)
        table.add(np.ones((2, 10)))
    assert max(copied[200:]) <= 30  # of 400,000 rows


def test_it_changes_its_buffer_seldom():
    table, buffers = GrowingTable(2), []
    for value in range(50_000):
        table.add(np.full((2, 1), float(value)))
        if not buffers or table.column(0).base is not buffers[-1]:
            buffers.append(table.column(0).base)
    assert len(buffers) == 7  # of 1,024 to 65,536 rows


def test_a_block_larger_than_the_next_buffer_is_held():
    table, block = GrowingTable(2), np.random.default_rng(0).random((2, 100_000))
    table.add(block[:, :5])
    table.add(block[:, 5:])
    np.testing.assert_array_equal(table.rows().T, block)
