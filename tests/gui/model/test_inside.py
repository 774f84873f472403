"""The part "Look inside" of the tab Model: what each layer gives and gets back, of one run or of two."""

from __future__ import annotations

import numpy as np
import pytest

from engine.inside.record import BINS, FILE, HEADER, LayerLook, edges, look_line
from engine.runs import new_run
from gui.model.inside.panel import USUAL, InsidePanel
from gui.model.inside.seen import Seen, medians
from gui.model.panel import ModelPanel
from gui.runs.run import Run
from gui.widgets.theme import DARK
from tests.engine.support import run as train
from tests.engine.support import tiny_config
from tests.gui.driving import pump


def counts(exponent):
    """All values of one size."""
    return tuple(int(edges()[bin] <= exponent < edges()[bin + 1]) * 7 for bin in range(BINS))


def looks(layers=5, steps=(1, 10, 20), fall=2.0, **figures):
    """A network in which the gradient falls by so many powers of ten from layer to layer."""
    names = ("mean", "deviation", "dead", "saturated", "gradient", "weight", "weight_gradient", "update")
    usual = {"dead": 0.0, "deviation": 0.5, "update": 1e-3, "weight": 1.0, "weight_gradient": 0.1} | figures
    rows = []
    for step in steps:
        for layer in range(1, layers + 1):
            exponent = -fall * (layers - layer)
            values = [(usual | {"gradient": 10**exponent}).get(name) for name in names]
            rows.append(LayerLook(step, f"body.layer{layer}", *values, counts(0.0), counts(exponent)))
    return rows


def watched(rows, name="mine"):
    made = Run(name)
    made.looks = list(rows)
    return made


@pytest.fixture
def panel(bench, show):
    made = show(InsidePanel(bench), 500, 700)
    made.set_theme(DARK)
    return made


def test_says_how_to_switch_it_on_and_does_so(panel, catalogue):
    asked = []
    panel.settings_asked.connect(asked.append)
    panel.show_settings(tiny_config(catalogue))
    assert panel.switch.isVisible() and "layer by layer" in panel.empty.text()
    panel.switch.click()
    [config] = asked
    assert config.look_inside == USUAL
    panel.show_settings(config)
    assert not panel.switch.isVisible() and panel.empty.text().startswith("Press Start")


def test_draws_the_layers_and_says_what_is_wrong(panel):
    panel.show_run(watched(looks()))
    assert "Vanishing gradients" in panel.finding.text() and "100,000,000 times" in panel.finding.text()
    x, y = panel.profile._lines[0].points()
    assert list(x) == [1, 2, 3, 4, 5]
    assert np.allclose(np.diff(y), 2.0), "each layer's middle lies where its gradients are"
    assert len(panel.course._curves) == 5
    x, y = panel.course._curves[0].points()
    assert list(x) == [1, 10, 20] and np.allclose(y, -8)
    assert panel.step_label.text() == "Step 20 of 20"
    assert panel.read_out.text() == "Step 20: Gradient 1e-08 at the first layer, 1 at the last"


def test_follows_a_run_that_trains_until_another_step_is_chosen(panel):
    made = watched(looks(steps=(1, 10)))
    panel.show_run(made)
    assert panel.step.value() == 1
    made.looks += looks(steps=(20,))
    panel._tick()
    assert panel.step_label.text() == "Step 20 of 20"
    panel.course.picked.emit(11.0)
    made.looks += looks(steps=(30,))
    panel._tick()
    assert panel.step_label.text() == "Step 10 of 30"
    panel.step.setValue(panel.step.maximum())
    made.looks += looks(steps=(40,))
    panel._tick()
    assert panel.step_label.text() == "Step 40 of 40"


def test_nothing_new_is_drawn_anew(panel, monkeypatch):
    panel.show_run(watched(looks()))
    monkeypatch.setattr(panel, "_draw", lambda: pytest.fail("drawn again"))
    panel._tick()


@pytest.mark.parametrize("place", range(7))
def test_every_figure_is_drawn_whatever_is_missing(panel, place):
    panel.show_run(
        watched([row._replace(gradient=None, gradients=()) if row.layer.endswith("2") else row for row in looks()])
    )
    panel.choice.setCurrentIndex(place)
    quantity = panel._quantities[place]
    low, high = panel.profile.view.viewRange()[1]
    assert panel.profile.figures.log != quantity.percent and low < high
    if quantity.percent:
        assert low <= 0 and high >= 100
    assert panel.explanation.text() == quantity.explanation


def test_a_layer_is_read_at_the_pointer(panel):
    panel.show_run(watched(looks(dead=0.25)))
    panel.profile.hovered.emit(2.2)
    text = panel.layer.text()
    assert panel.layer.isVisible() and "Layer 2 of 5: layer2" in text and "1e-06" in text and "25.0 %" in text
    panel.profile.hovered.emit(None)
    assert not panel.layer.isVisible()
    panel.course.hovered.emit(9.0)
    assert panel.read_out.text().startswith("Step 10:") and panel.course.cursor_line.isVisible()
    panel.course.hovered.emit(None)
    assert panel.read_out.text().startswith("Step 20:")


def on_record(bench, catalogue, rows, name):
    """A run of the workspace with this record."""
    trainer = new_run(tiny_config(catalogue, epochs=1, name=name), catalogue, bench.workspace)
    train(trainer)
    folder = bench.workspace / "runs" / trainer.store.path.name
    (folder / FILE).write_text(HEADER + "".join(map(look_line, rows)))
    return folder


def test_another_run_is_drawn_beside_it(panel, bench, catalogue, show):
    folder = on_record(bench, catalogue, looks(fall=0.0, steps=(1, 30)), "fitted")
    panel.hide()
    panel.show()
    panel.show_run(watched(looks(), "<b>mine"))
    pump(lambda: panel.other.count() == 2)
    panel.other.setCurrentIndex(1)
    pump(lambda: len(panel._seen) == 2)
    assert panel.other.currentData() == folder
    assert "&lt;b>mine" in panel.finding.text() and "Vanishing" in panel.finding.text()
    assert "fitted" in panel.finding.text() and "The gradient reaches every layer" in panel.finding.text()
    one, other = (line.points()[1] for line in panel.profile._lines)
    assert np.allclose(np.diff(one), 2) and np.allclose(np.diff(other), 0)
    left, right = (body.path().boundingRect() for body in panel.profile._bodies)
    assert left.right() <= 5.001 and right.left() >= 0.999, "each has its half"
    assert len(panel.course._curves) == 10
    panel.other.setCurrentIndex(0)
    assert len(panel._seen) == 1 and len(panel.course._curves) == 5


def test_a_run_of_the_past_is_read_from_its_folder(panel, bench, catalogue):
    made = watched([])
    made.folder = on_record(bench, catalogue, looks(), "past")
    panel.show_run(made)
    pump(lambda: panel._seen)
    assert "Vanishing" in panel.finding.text()
    with open(made.folder / FILE, "a") as file:  # another process trains it
        file.writelines(map(look_line, looks(steps=(30,))))
    panel.touch()
    pump(lambda: panel.step_label.text() == "Step 30 of 30")


def test_a_resumed_run_has_its_past_and_what_it_tells(panel, bench, catalogue):
    made = watched(looks(steps=(30, 40)))
    made.folder = on_record(bench, catalogue, looks(steps=(1, 10, 20, 30)), "resumed")
    panel.show_run(made)
    pump(lambda: panel._seen and len(panel._seen[0]) == 5)
    assert list(panel._seen[0].steps) == [1, 10, 20, 30, 40]


def test_a_record_that_can_not_be_read_says_so(panel, bench, catalogue):
    made = watched([])
    made.folder = on_record(bench, catalogue, [], "spoilt")
    with open(made.folder / FILE, "wb") as file:
        file.truncate(2**27)
    panel.show_run(made)
    pump(lambda: panel.empty.isVisible() and "{" not in panel.empty.text() and "record" in panel.empty.text())
    assert "longer than the record of any run" in panel.empty.text()


def test_it_is_a_part_of_the_tab_model(bench, show, catalogue):
    tab = show(ModelPanel(bench), 500, 600)
    asked = []
    tab.settings_asked.connect(asked.append)
    tab.show_settings(tiny_config(catalogue))
    tab.show_run(watched(looks()))
    assert tab._inside is None and tab.tree.isVisible(), "made when it is first looked at"
    tab.part.button(1).click()
    assert tab.inside.isVisible() and not tab.tree.isVisible() and "Vanishing" in tab.inside.finding.text()
    tab.show_run(None)
    tab.inside.switch.click()
    assert asked[0].look_inside == USUAL
    tab.part.button(0).click()
    assert tab.tree.isVisible() and not tab.inside.isVisible()
    pump(lambda: not bench.background.busy)


def test_in_the_window_it_is_seen_as_it_trains(open_window, workspace):
    driver = open_window(workspace)
    driver.set(epochs=2, threads="1", train_samples="300", validation_samples="100")
    driver.window.centre.bring_forward("model")
    inside = driver.window.centre.model.look_inside()
    inside.switch.click()
    assert driver.panel.config.look_inside == USUAL
    driver.train()
    driver.app.processEvents()
    inside.touch()
    assert len(inside._seen[0]) >= 1 and inside._seen[0].layers[-1] == "head"
    assert (driver.session.run.folder / FILE).is_file()
    assert not driver.crashes


def test_the_middle_of_sizes_lies_within_its_bin():
    shares = np.zeros((3, BINS))
    shares[0, 4], shares[1, 4:6] = 1.0, 0.5
    assert medians(shares)[0] == pytest.approx((edges()[4] + edges()[5]) / 2)
    assert medians(shares)[1] == pytest.approx(edges()[5]) and np.isnan(medians(shares)[2])


def test_a_layer_that_was_not_seen_at_first_has_a_gap():
    rows = looks(layers=1, steps=(1,)) + looks(layers=2, steps=(5,))
    seen = Seen(rows)
    assert seen.layers == ["body.layer1", "body.layer2"]
    assert np.isnan(seen.figure("gradient")).tolist() == [[False, True], [False, False]]
    assert seen.row(0, 1) is None and not seen.sizes("values", 0)[1].any()


def test_both_plots_and_all_that_is_told_of_them_fit_into_the_usual_tab(panel):
    panel.show_run(watched(looks()))
    panel.resize(600, 640)
    pump(lambda: panel.width() == 600)
    bottom = panel.read_out.mapTo(panel, panel.read_out.rect().bottomLeft()).y()
    assert 0 < bottom <= panel.height() and panel.profile.height() > panel.course.height() >= 140
