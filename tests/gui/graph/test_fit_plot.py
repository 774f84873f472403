from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.graph.fit_plot import FitPlot
from gui.widgets.theme import DARK, LIGHT

X = np.linspace(-1.1, 1.1, 200)
TRAINING = np.linspace(-1, 1, 20), np.linspace(-1, 1, 20) ** 3
VALIDATION = np.linspace(-0.9, 0.9, 50), np.linspace(-1.5, 1.5, 50)


@pytest.fixture
def fit(show):
    return show(FitPlot(theme=LIGHT), 640, 420)


def redraw(fit):
    fit.redraw()
    QApplication.processEvents()


def names(fit):
    return [entry.text() for entry in map(fit.legend.entry, fit.legend.keys())]


def same(drawn, x, y):
    return np.array_equal(drawn[0], x) and np.array_equal(drawn[1], y)


def test_what_is_drawn_are_the_points_and_the_newest_curve(fit):
    fit.set_points(TRAINING, VALIDATION, (X, X))
    for height in (0.1, 0.2):
        fit.set_fit(tuple(X), tuple(height * X), "MLP")
    redraw(fit)
    assert same(fit.curve.points(), X, 0.2 * X)
    assert same(fit.truth.points(), X, X)
    for key, (x, y) in (("training", TRAINING), ("validation", VALIDATION)):
        assert same(fit.scatters[key].getData(), x, y)
    fit.set_fit(X, 0.3 * X, "MLP")
    assert same(fit.curve.points(), X, 0.2 * X), "it is drawn when it is asked to be"
    redraw(fit)
    assert same(fit.curve.points(), X, 0.3 * X)


def test_earlier_runs_keep_their_curves_looks_and_names(fit):
    fit.set_points(TRAINING)
    fit.set_fit(X, X, "MLP + dropout")
    fit.set_overlays([("MLP", 0, X, -X), ("MLP (2)", 3, X, 2 * X)])
    redraw(fit)
    assert [curve.points()[1][0] for curve in fit.overlays] == pytest.approx([1.1, -2.2])
    assert names(fit) == ["MLP + dropout", "MLP", "MLP (2)", "training"]
    assert LIGHT.comparisons[0] != LIGHT.comparisons[3]
    for curve, number in zip(fit.overlays, (0, 3), strict=True):
        assert curve._line.opts["pen"].color().name().upper() == LIGHT.comparisons[number]
        assert 4 <= len(curve._symbols.getData()[0]) <= 9
    fit.set_overlays([("MLP", 0, X, -X)])
    redraw(fit)
    assert len(fit.overlays) == 1
    assert names(fit) == ["MLP + dropout", "MLP", "training"]
    items = len(fit.plot.plotItem.items)
    for _ in range(3):
        fit.set_overlays([("MLP", 0, X, -X)])
    assert len(fit.plot.plotItem.items) == items, "what is gone stays on the plot"


def test_the_view_is_that_of_the_points_whatever_the_curve_does(fit):
    fit.set_points(TRAINING, VALIDATION, (X, X))
    redraw(fit)
    before = fit.plot.view.viewRange()
    assert before[0] == pytest.approx([-1.1, 1.1])
    assert before[1][0] < -1.5 < 1.5 < before[1][1]
    for height in (1, 50, 1e6, float("nan")):
        fit.set_fit(X, height * X)
        fit.set_overlays([("MLP", 0, X, -height * X)])
        redraw(fit)
        assert fit.plot.view.viewRange() == before
    fit.plot.view.setYRange(0, 1, padding=0)
    viewport = fit.plot.viewport()
    for click in (QTest.mouseClick, QTest.mouseDClick):
        click(viewport, Qt.MouseButton.LeftButton, pos=viewport.rect().center())
    assert fit.plot.view.viewRange() == before, "a double click brings it back"
    fit.set_points((TRAINING[0], 10 * TRAINING[1]))
    assert fit.plot.view.viewRange()[1][1] > 10


def test_without_points_there_is_room_for_every_curve_so_far(fit):
    fit.set_fit(X, X)
    redraw(fit)
    assert fit.plot.view.viewRange()[1][1] >= 1.1
    fit.set_fit(X, 3 * X)
    redraw(fit)
    wide = fit.plot.view.viewRange()
    assert wide[1][1] >= 3.3
    fit.set_fit(X, X)
    redraw(fit)
    assert fit.plot.view.viewRange() == wide, "it jumps"


def test_the_legend_hides_and_shows(fit):
    fit.set_points(TRAINING, VALIDATION, (X, X))
    fit.set_fit(X, X, "MLP")
    redraw(fit)
    for key in ("fit", "training", "validation", "truth"):
        item = fit.scatters.get(key) or fit._curves()[key]._line
        assert item.isVisible()
        fit.legend.entry(key).click()
        QApplication.processEvents()
        assert not item.isVisible()
    fit.set_theme(DARK)
    QApplication.processEvents()
    assert not fit.legend.entry("fit").isChecked(), "another palette shows what was hidden"
    fit.legend.entry("fit").click()
    QApplication.processEvents()
    assert fit.curve.is_visible()


def test_where_it_is_small_the_legend_names_the_curves_alone(fit):
    fit.set_points(TRAINING, VALIDATION, (X, X))
    fit.set_fit(X, X, "MLP + dropout")
    assert len(names(fit)) == 4
    fit.resize(216, 150)
    QApplication.processEvents()
    assert names(fit) == ["MLP + dropout"]
    fit.resize(640, 420)
    QApplication.processEvents()
    assert len(names(fit)) == 4


def test_empty_it_says_what_will_be_here(fit):
    redraw(fit)
    assert fit.empty_text.isVisible() and not fit.plot.isVisible()
    fit.set_points(TRAINING)
    redraw(fit)
    assert fit.plot.isVisible() and not fit.empty_text.isVisible()
    fit.set_fit(X, X, "MLP")
    fit.set_overlays([("before", 0, X, X)])
    fit.clear()
    redraw(fit)
    assert fit.empty_text.isVisible() and names(fit) == []
    assert len(fit.curve.points()[0]) == 0


def test_nothing_is_drawn_while_it_can_not_be_seen_and_all_of_it_afterwards(fit):
    fit.set_points(TRAINING)
    fit.hide()
    fit.set_fit(X, X)
    redraw(fit)
    assert len(fit.curve.points()[0]) == 0
    fit.show()
    QApplication.processEvents()
    assert same(fit.curve.points(), X, X)


def test_colours_are_those_of_the_palette(fit):
    fit.set_points(TRAINING)
    fit.set_fit(X, X, "MLP")
    fit.set_overlays([("before", 0, X, -X)])
    for theme in (LIGHT, DARK):
        fit.set_theme(theme)
        redraw(fit)
        image = fit.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        found = {image.pixelColor(x, y).name().upper() for x in range(image.width()) for y in range(image.height())}
        assert {theme.train, theme.comparisons[0], theme.surface} <= found


def test_the_pointer_reads_every_curve_that_is_shown_at_its_x(fit):
    fit.set_points(TRAINING, VALIDATION, (X, 0 * X + 2))
    fit.set_fit(X, X, "MLP + dropout")
    fit.set_overlays([("MLP", 0, X[:100], -X[:100])])
    redraw(fit)
    assert not fit.read_out.isVisible()
    fit.plot.hovered.emit(-0.5)
    assert fit.plot.cursor_line.isVisible()
    assert fit.read_out.isVisible()
    assert fit.read_out.text().split("\n") == ["x  -0.50", "MLP + dropout  -0.50", "MLP  0.50", "without noise  2.00"]
    fit.set_fit(X, 2 * X, "MLP + dropout")
    redraw(fit)
    assert "MLP + dropout  -1.00" in fit.read_out.text(), "it stays with a curve that moves"
    fit.legend.entry("fit").click()
    QApplication.processEvents()
    assert "MLP + dropout" not in fit.read_out.text()
    fit.plot.hovered.emit(0.5)
    assert fit.read_out.text().split("\n") == ["x  0.50", "without noise  2.00"], "it does not reach there"
    fit.plot.hovered.emit(None)
    assert not fit.read_out.isVisible()
    assert not fit.plot.cursor_line.isVisible()
    fit.resize(216, 150)
    fit.plot.hovered.emit(-0.5)
    assert len(fit.read_out.text().split("\n")) == 2, "it would hide what it reads"
