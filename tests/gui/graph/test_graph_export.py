from __future__ import annotations

import csv
import io
import re
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.message import InputError
from gui.graph.live_graph import LiveGraph
from gui.graph.svg import plain
from gui.widgets.theme import LIGHT
from tests.gui.graph.graphs import PER_EPOCH, colours_of, past, redraw, row, train

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def graph(show):
    graph = show(LiveGraph(theme=LIGHT), 900, 600)
    graph.overlay("before, wide", past(0.9, 0.8))
    graph.start("now", PER_EPOCH, 5)
    graph.add_steps([(1, 0.1 + 0.2, 1e-3), (2, 50.0, 1e-3)])
    train(graph, 2)
    return graph


def saved(graph, path):
    graph.save(path)
    return path.read_bytes()


def svg_of(graph, tmp_path):
    return ElementTree.fromstring(saved(graph, tmp_path / "graph.svg"))


def rows_of(graph, tmp_path):
    text = saved(graph, tmp_path / "graph.csv").decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def curves(root, colour):
    """The corners of each path that is drawn in this colour."""
    groups = [group for group in root.iter(f"{SVG}g") if group.get("stroke", "").upper() == colour]
    paths = [path.get("d") for group in groups for path in group.iter(f"{SVG}path") if group.get("fill") == "none"]
    return [[tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)] for path in paths]


def test_a_picture_is_twice_as_sharp_and_has_no_controls_in_it(graph, tmp_path):
    graph.save(tmp_path / "graph.png")
    image = QImage(str(tmp_path / "graph.png"))
    assert image.size() == 2 * graph.size()
    assert LIGHT.validation in colours_of(image)
    slider = graph.header.slider
    place = QRect(2 * slider.mapTo(graph, QPoint()), 2 * slider.size())
    assert slider.isVisible() and colours_of(image.copy(place)) == {LIGHT.surface}


def test_curves_are_paths_that_stand_where_they_are_seen(graph, tmp_path):
    on_loss, on_accuracy = curves(svg_of(graph, tmp_path), LIGHT.validation)
    for plot, points, values in (
        (graph.plots.loss, on_loss, (0.6, 0.6)),
        (graph.plots.accuracy, on_accuracy, (75, 75)),
    ):
        corner = plot.mapTo(graph, QPoint())
        seen = [plot.view.mapViewToScene(QPointF(x, y)) for x, y in zip((1, 2), values, strict=True)]
        assert points == [pytest.approx((point.x() + corner.x(), point.y() + corner.y()), abs=0.6) for point in seen]


def test_an_svg_is_lines_and_letters_that_every_program_can_show(graph, tmp_path):
    root = svg_of(graph, tmp_path)
    assert root.find(f"{SVG}title").text == "now"
    assert (root.get("width"), root.get("height")) == ("900px", "600px")
    said = [text.text for text in root.iter(f"{SVG}text")]
    assert {"Loss", "validation", "before, wide", "best, epoch 1", "Accuracy, %", "epoch"} <= set(said)
    assert not list(root.iter(f"{SVG}image"))
    for element in root.iter():
        assert "vector-effect" not in element.attrib
        assert element.get("font-family", "sans-serif").endswith("sans-serif")
        assert element.tag != f"{SVG}g" or len(element)


def test_an_svg_shows_the_curves_and_clips_them_at_their_plot(graph, tmp_path):
    graph.save(tmp_path / "graph.svg")
    renderer = QSvgRenderer(str(tmp_path / "graph.svg"))
    image = QImage(graph.size(), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    assert {LIGHT.surface, LIGHT.validation, LIGHT.lr} <= colours_of(image)
    clips = [path.get("d") for clip in svg_of(graph, tmp_path).iter(f"{SVG}clipPath") for path in clip]
    area = graph.plots.loss.view.sceneBoundingRect().translated(graph.plots.loss.mapTo(graph, QPoint()))
    corners = (area.left(), area.top(), area.right(), area.bottom())
    boxes = [[float(part) for part in re.findall(r"-?[\d.]+", clip)] for clip in clips]
    assert any((box[0], box[1], box[2], box[5]) == pytest.approx(corners, abs=1) for box in boxes)


def test_points_are_scaled_where_qt_would_scale_them():
    written = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 7"><g transform="matrix(2,0,0,-3,10,20)">
    <path vector-effect="non-scaling-stroke" d="M0,0 L1,1e0 C-1.5,2 0,0 0,0 Z"/><rect x="1"/></g><g/></svg>"""
    (group,) = ElementTree.fromstring(plain(written))
    path, rect = group
    assert path.get("d") == "M10.00,20.00 L12.00,17.00 C7.00,14.00 10.00,20.00 10.00,20.00 Z"
    assert path.get("transform") is None and rect.get("transform") == "matrix(2,0,0,-3,10,20)"


def test_the_graph_on_the_screen_is_as_before(graph, tmp_path):
    before = graph.grab().toImage()
    graph.save(tmp_path / "graph.svg")
    redraw(graph)
    assert graph.grab().toImage() == before


def test_figures_are_exact(graph, tmp_path):
    rows = rows_of(graph, tmp_path)
    steps = [row for row in rows if row["row"] == "step"]
    assert (steps[0]["step"], steps[0]["epoch"], steps[0]["loss"]) == ("1", "0.1", "0.30000000000000004")
    assert {row["run"] for row in steps} == {"now"} and len(steps) == 22
    epochs = [(row["run"], row["epoch"], row["val_loss"]) for row in rows if row["row"] == "epoch"]
    assert epochs == [
        ("now", "1", "0.6"),
        ("now", "2", "0.6"),
        ("before, wide", "1", "0.9"),
        ("before, wide", "2", "0.8"),
    ]
    assert all(row["train_loss"] == row["x"] == "" for row in steps)


def test_figures_are_of_what_is_drawn(graph, tmp_path):
    graph.header.legend.entry("overlay-0").click()
    assert {row["run"] for row in rows_of(graph, tmp_path)} == {"now"}


def test_fits_are_figures_too(graph, tmp_path):
    graph.overlay("earlier fit", past(0.5), fit=((0.0,), (7.0,)))
    graph.add_fit((0.0, 0.5), (1.0, 2.0))
    fits = [(row["run"], row["x"], row["y"]) for row in rows_of(graph, tmp_path) if row["row"] == "fit"]
    assert fits == [("now", "0.0", "1.0"), ("now", "0.5", "2.0"), ("earlier fit", "0.0", "7.0")]


@pytest.mark.parametrize("name", ["graph.pdf", "graph", "graph.png.bak"])
def test_another_ending_is_refused_in_one_line(graph, tmp_path, name):
    with pytest.raises(InputError, match=r"\.png, \.svg or \.csv") as caught:
        graph.save(tmp_path / name)
    assert caught.value.message.values == {"name": name} and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["PNG", "svg", "csv"])
def test_a_file_is_written_whole_or_not_at_all(graph, tmp_path, monkeypatch, suffix):
    path = tmp_path / f"graph.{suffix}"
    path.write_text("before")
    monkeypatch.setattr("os.fsync", lambda file: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        graph.save(path)
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


def test_ctrl_c_copies_the_picture(graph, app):
    QGuiApplication.clipboard().clear()
    plot = graph.plots.accuracy
    graph.activateWindow()
    plot.setFocus()
    QApplication.processEvents()
    QTest.keyClick(plot, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    image = QGuiApplication.clipboard().image()
    assert image.size() == 2 * graph.size()
    assert LIGHT.validation in colours_of(image)
    QGuiApplication.clipboard().clear()


def test_a_picture_has_no_pointer_in_it(graph, tmp_path):
    graph.plots.loss.hovered.emit(0.5)
    assert "epoch 0.5" in graph.read_out.text()
    graph.save(tmp_path / "graph.png")
    assert not graph.plots.loss.cursor_line.isVisible()
    assert "epoch 2.0" in graph.read_out.text()


@pytest.mark.parametrize("part", ["plot", "legend"])
def test_a_picture_has_no_frame_of_the_focus_in_it(graph, tmp_path, part):
    graph.plots.lr.setFocus()
    widget = graph.plots.loss if part == "plot" else graph.header.legend.entry("val")
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    accents = {graph.palette().highlight().color().name().upper(), LIGHT.accent}
    assert colours_of(widget.grab().toImage()) & accents
    graph.save(tmp_path / "graph.png")
    assert not colours_of(QImage(str(tmp_path / "graph.png"))) & accents
    assert colours_of(widget.grab().toImage()) & accents


def test_an_empty_graph_can_be_saved(show, tmp_path):
    graph = show(LiveGraph(theme=LIGHT), 600, 500)
    redraw(graph)
    said = [text.text for text in svg_of(graph, tmp_path).iter(f"{SVG}text")]
    assert any("Press Start" in (text or "") for text in said)
    assert rows_of(graph, tmp_path) == []


def test_a_figure_that_does_not_apply_is_empty(graph, tmp_path):
    graph.add_epoch(row(3)._replace(val_loss=None), best=False)
    last = [each for each in rows_of(graph, tmp_path) if each["row"] == "epoch" and each["run"] == "now"][-1]
    assert (last["val_loss"], last["train_loss"]) == ("", "0.5")
