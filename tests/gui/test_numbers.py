from __future__ import annotations

import math

import pytest

from gui import numbers


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.28416, "0.284"),
        (2.3, "2.30"),
        (0.0012345, "0.00123"),
        (12.34, "12.3"),
        (123.4, "123"),
        (999.7, "1,000"),
        (12_345.0, "12,300"),
        (1.2e9, "1.20e+09"),
        (4.1e-6, "4.10e-06"),
        (0.0, "0.00"),
        (math.inf, "∞"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_a_loss_has_three_significant_figures(value, words):
    assert numbers.loss(value) == words


@pytest.mark.parametrize(("fraction", "words"), [(0.8921, "89.2 %"), (1.0, "100.0 %"), (0.0, "0.0 %"), (None, "–")])
def test_per_cent_has_one_decimal(fraction, words):
    assert numbers.percent(fraction) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0:00"), (72.9, "1:12"), (599, "9:59"), (3599.9, "59:59"), (3723, "1:02:03"), (-4, "0:00"), (None, "–")],
)
def test_a_duration_is_minutes_and_seconds_or_hours(seconds, words):
    assert numbers.duration(seconds) == words


@pytest.mark.parametrize(("value", "words"), [(0, "0"), (999, "999"), (535_818, "535,818"), (None, "–")])
def test_a_count_has_separators(value, words):
    assert numbers.count(value) == words


@pytest.mark.parametrize(
    ("per_second", "words"),
    [(41_234.5, "41,200 images/s"), (123.4, "123 images/s"), (9.876, "9.88 images/s"), (math.inf, "–"), (None, "–")],
)
def test_a_rate_is_rounded_so_that_it_does_not_flicker(per_second, words):
    assert numbers.rate(per_second) == words


def test_a_rate_takes_the_readers_word_for_the_unit():
    assert numbers.rate(5_000, "rows/s") == "5,000 rows/s"


@pytest.mark.parametrize(("value", "words"), [(1e-3, "0.001"), (5e-5, "5e-05"), (0.0123456, "0.0123"), (None, "–")])
def test_a_learning_rate_is_short(value, words):
    assert numbers.learning_rate(value) == words


def test_a_factor_says_times():
    assert numbers.factor(0.1) == "×0.1"
