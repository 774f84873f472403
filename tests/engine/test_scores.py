"""Figures of predictions, against numbers worked out by hand and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest

from engine.scores import class_figures, confusion, regression_figures, suspected_labels

TRUE = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 1, 2, 2, 0, 0])


def test_a_confusion_matrix_has_true_rows_and_predicted_columns():
    assert confusion(TRUE, PREDICTED, 3).tolist() == [[3, 1, 0], [0, 2, 1], [2, 0, 1]]


def test_figures_of_classes_are_those_worked_out_by_hand():
    figures = class_figures(confusion(TRUE, PREDICTED, 3))
    assert figures.precision == pytest.approx([3 / 5, 2 / 3, 1 / 2])
    assert figures.recall == pytest.approx([3 / 4, 2 / 3, 1 / 3])
    assert figures.f1 == pytest.approx([2 / 3, 2 / 3, 0.4])
    assert figures.support.tolist() == [4, 3, 3]
    assert figures.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 0.4) / 3)


def test_what_has_no_meaning_is_no_number_and_no_part_of_the_mean():
    """Class 1 is never predicted, class 2 has no samples, class 3 is neither there nor predicted."""
    figures = class_figures(confusion(np.array([0, 0, 1]), np.array([0, 2, 0]), 4))
    assert np.isnan(figures.precision).tolist() == [False, True, False, True]
    assert np.isnan(figures.recall).tolist() == [False, False, True, True]
    assert figures.f1[:3] == pytest.approx([0.5, 0, 0]) and np.isnan(figures.f1[3])
    assert figures.macro_f1 == pytest.approx(0.5 / 3), "as scikit-learn: the classes that are there or predicted"


@pytest.mark.parametrize("seed", range(5))
def test_what_holds_of_any_confusion_matrix(seed):
    drawing = np.random.default_rng(seed)
    true, predicted = drawing.integers(0, 7, (2, 500))
    counts = confusion(true, predicted, 7)
    figures = class_figures(counts)
    assert counts.sum() == 500 and np.trace(counts) == (true == predicted).sum()
    assert counts.sum(1).tolist() == np.bincount(true, minlength=7).tolist() == figures.support.tolist()
    assert counts.sum(0).tolist() == np.bincount(predicted, minlength=7).tolist()
    assert (figures.recall * figures.support).sum() / 500 == pytest.approx((true == predicted).mean())
    one, other = figures.precision, figures.recall
    assert figures.f1 == pytest.approx(2 * one * other / (one + other))


def test_figures_of_a_regression_are_those_worked_out_by_hand():
    figures = regression_figures(np.array([[0.0], [1.0], [2.0], [5.0]]), np.array([[0.0], [2.0], [2.0], [3.0]]))
    assert (figures.r2, figures.rmse, figures.mae) == pytest.approx((1 - 5 / 14, np.sqrt(5 / 4), 3 / 4))


def test_a_target_that_never_varies_has_no_r2():
    assert np.isnan(regression_figures(np.ones((3, 1)), np.zeros((3, 1))).r2)


def test_a_sample_that_looks_like_another_class_is_suspected_of_a_wrong_label():
    sure, unsure = [0.9, 0.1], [0.6, 0.4]
    probabilities = np.array([sure, sure, unsure, sure[::-1], sure[::-1], sure])
    labels = np.array([0, 0, 0, 1, 1, 1])
    assert suspected_labels(labels, probabilities).tolist() == [False] * 5 + [True]
    mild = probabilities.copy()
    mild[5] = [0.55, 0.45]  # called another class, but less surely than that class's own samples are
    assert not suspected_labels(labels, mild).any()
