"""The tab "Model": the network layer by layer, and the planned learning rate, as the settings stand."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from engine.frozen.proof import Finding, LayerProof, Proof
from engine.preview.summary import network_table
from engine.strategy import DataSpec, Model, Scheduler
from gui.model.layer_tree import (
    LAYER,
    LINE,
    NORM,
    OUTPUT,
    PARAMETERS,
    PROOF,
    TECHNIQUE,
    TRAINABLE,
    TYPE,
    LayerTree,
)  # fmt: skip
from gui.model.panel import ModelPanel
from gui.model.share_delegate import SHARE
from gui.runs.run import Run
from gui.widgets.theme import DARK
from tests.engine.support import tiny_config
from tests.gui.driving import pump

DATA = DataSpec((1, 8, 8), 4)


@pytest.fixture
def panel(bench, show):
    return show(ModelPanel(bench), 900, 700)


@pytest.fixture
def tree(show):
    return show(LayerTree(), 900, 500)


def told(panel, config):
    """Give it settings and wait for what it makes of them."""
    panel.show_settings(config)
    pump(lambda: not panel.bench.background.busy)


def lines(tree):
    return {item.data(LAYER, LINE)[0]: item for item in tree._items()}


def test_lists_what_the_settings_make_before_any_run(panel, catalogue):
    told(panel, tiny_config(catalogue, ticked=["batch-norm"]))
    assert panel.total.text() == "960 parameters, all trainable · 3.84 kB"
    items = list(panel.tree._items())
    assert [item.text(LAYER) for item in items[:6]] == ["Input", "body", "flatten", "layer1", "linear", "norm"]
    assert items[-1].text(LAYER) == "head" and items[-1].parent() is None
    linear = lines(panel.tree)["body.layer1.linear"]
    assert [linear.text(column) for column in (TYPE, OUTPUT, PARAMETERS, TRAINABLE)] == [
        "Linear", "[N, 12]", "780", "yes",
    ]  # fmt: skip
    assert linear.data(LAYER, SHARE) == pytest.approx(780 / 960)
    assert items[0].text(OUTPUT) == "[N, 1, 8, 8]"
    assert lines(panel.tree)["body.layer1.norm"].text(TECHNIQUE) == "Batch norm"
    assert lines(panel.tree)["body.layer1"].text(PARAMETERS) == "804", "of a block: all in it"
    assert "weighted sum" in linear.toolTip(LAYER) and "weight [12, 64]" in linear.toolTip(LAYER)


def test_is_redrawn_as_the_settings_change(panel, catalogue):
    told(panel, tiny_config(catalogue))
    before = panel.total.text()
    told(panel, tiny_config(catalogue, model="mlp:hidden=24+8"))
    assert panel.total.text() != before and lines(panel.tree)["body.layer1.linear"].text(OUTPUT) == "[N, 24]"
    told(panel, tiny_config(catalogue, model="mlp:hidden=24+8", lr=0.5))
    assert panel.lr.planned.yData.max() == 0.5


def test_what_concerns_neither_network_nor_rate_asks_for_nothing(panel, catalogue):
    told(panel, tiny_config(catalogue))
    panel.show_settings(tiny_config(catalogue, seed=5, ticked=["early-stopping"]))
    assert not panel.bench.background.busy


def test_a_hidden_panel_does_no_work(panel, catalogue):
    panel.hide()
    panel.show_settings(tiny_config(catalogue))
    assert not panel.bench.background.busy
    panel.show()
    pump(lambda: panel.tree.topLevelItemCount())


def test_settings_that_make_no_network_say_why_and_keep_the_last_one_greyed(panel, catalogue):
    told(panel, tiny_config(catalogue, model="cnn:channels=4"))
    usual = panel.tree.topLevelItem(0).foreground(LAYER).color()
    told(panel, tiny_config(catalogue, model="cnn:channels=4+4+4+4+4"))
    assert "too small for a CNN of 5 blocks" in panel.problem.text() and panel.problem.isVisible()
    assert "parameters" not in panel.total.text()
    assert "body.block1.convolution" in lines(panel.tree)
    assert panel.tree.topLevelItem(0).foreground(LAYER).color() != usual
    told(panel, tiny_config(catalogue, model="cnn:channels=4"))
    assert not panel.problem.isVisible() and panel.tree.topLevelItem(0).foreground(LAYER).color() == usual


class Broken(Model):
    """Raises."""

    def build(self, data, slots):
        raise TypeError("expected a duck")


class BrokenSchedule(Scheduler):
    """Raises."""

    def lr_factor(self, progress, history):
        raise ValueError("no rate today")


def test_what_raises_is_told_in_its_place(panel, catalogue):
    told(panel, tiny_config(catalogue, model=Broken(), ticked=[BrokenSchedule()]))
    assert "expected a duck" in panel.problem.text() and "\n" not in panel.problem.text()
    assert "no rate today" in panel.lr.words.text()


def test_without_data_the_reason_is_told_and_the_rate_drawn_all_the_same(panel, catalogue, monkeypatch):
    config = tiny_config(catalogue).ticked(catalogue.entry("fashion-mnist").strategy(path="/nowhere"))
    told(panel, config.ticked(catalogue.entry("cosine").strategy()))
    assert "/nowhere" in panel.problem.text()
    assert len(panel.lr.planned.yData) and "steps" not in panel.lr.words.text()


@pytest.mark.parametrize(
    ("ticked", "said"),
    [
        ([], "0.01 throughout: no schedule is ticked."),
        (["one-cycle"], "0.0004 at first, 0.01 at most after 30 % of the run, 4e-08 at last."),
        (["exponential"], "0.01 at first, "),
        (["reduce-lr-on-plateau:patience=2"], "Dashed: if no epoch ever got better, from epoch 5 on, "),
        (["reduce-lr-on-plateau:patience=2"], "Reduce LR on plateau acts on what the run shows"),
    ],
)
def test_the_rate_in_words(panel, catalogue, ticked, said):
    told(panel, tiny_config(catalogue, epochs=20, ticked=ticked))
    assert said in panel.lr.words.text()
    assert panel.lr.words.text().endswith("20 epochs of 5 steps: 100 steps.")
    assert panel.lr.soonest.isVisible() == any("plateau" in id for id in ticked)


def test_the_rate_under_the_pointer_is_told(panel, catalogue):
    told(panel, tiny_config(catalogue, epochs=20, ticked=["reduce-lr-on-plateau:patience=2"]))
    panel.lr.plot.hovered.emit(2.5)
    assert panel.lr.read_out.text() == "epoch 3: 0.01"
    panel.lr.plot.hovered.emit(4.5)
    assert panel.lr.read_out.text() == "epoch 5: 0.01, or down to 0.001"
    panel.lr.plot.hovered.emit(None)
    assert panel.lr.read_out.text().strip() == ""


def test_selected_lines_are_copied_as_a_table(tree, catalogue):
    tree.show_network(network_table(tiny_config(catalogue, ticked=["dropout"]), DATA), catalogue)
    lines(tree)["body.layer1.linear"].setSelected(True)
    lines(tree)["body.layer1.dropout"].setSelected(True)
    tree.setFocus()
    QTest.keyClick(tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    rows = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    assert rows == [
        ["Layer", "Type", "Output", "Parameters", "Trainable", "Norm by", "Technique", "In the run"],
        ["body.layer1.linear", "Linear", "[N, 12]", "780", "all", "", "", ""],
        ["body.layer1.dropout", "Dropout", "[N, 12]", "0", "", "", "Dropout", ""],
    ]
    tree.clearSelection()
    tree.copy()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 1 + len(lines(tree))


def test_a_large_network_begins_with_its_blocks_folded(tree, catalogue):
    network = network_table(tiny_config(catalogue, model="small-resnet:blocks=9"), DATA)
    tree.show_network(network, catalogue)
    items = lines(tree)
    assert items["body"].isExpanded() and not items["body.stage1"].isExpanded()
    tree.unfold_all()
    assert items["body.stage3.block9"].isExpanded()
    tree.fold_blocks()
    assert items["body"].isExpanded() and not items["body.stage3"].isExpanded()


def test_a_button_unfolds_a_large_network_and_a_small_one_has_none(panel, catalogue):
    told(panel, tiny_config(catalogue))
    assert not panel.all_layers.isVisible()
    told(panel, tiny_config(catalogue, model="small-resnet:blocks=9"))
    assert panel.all_layers.isVisible() and not lines(panel.tree)["body.stage3.block9"].isExpanded()
    panel.all_layers.click()
    assert lines(panel.tree)["body.stage3.block9"].isExpanded()
    panel.all_layers.click()
    assert not lines(panel.tree)["body.stage3"].isExpanded()


def test_what_was_folded_and_selected_stays_so(tree, catalogue):
    config = tiny_config(catalogue)
    tree.show_network(network_table(config, DATA), catalogue)
    lines(tree)["body.layer1"].setExpanded(False)
    lines(tree)["head"].setSelected(True)
    tree.show_network(network_table(tiny_config(catalogue, ticked=["dropout"]), DATA), catalogue)
    assert not lines(tree)["body.layer1"].isExpanded() and lines(tree)["body.layer2"].isExpanded()
    assert [item.text(LAYER) for item in tree.selectedItems()] == ["head"]


def test_where_there_is_little_room_the_types_give_way(tree, catalogue):
    tree.show_network(network_table(tiny_config(catalogue), DATA), catalogue)
    assert not tree.isColumnHidden(TYPE)
    tree.resize(300, 400)
    assert tree.isColumnHidden(TYPE) and not tree.isColumnHidden(PARAMETERS)
    tree.resize(900, 400)
    assert not tree.isColumnHidden(TYPE)


def test_the_dark_palette_reaches_lines_and_curves(panel, catalogue):
    told(panel, tiny_config(catalogue))
    panel.set_theme(DARK)
    assert panel.tree.topLevelItem(0).foreground(LAYER).color().name().upper() == DARK.text
    assert panel.lr.planned.opts["pen"].color().name().upper() == DARK.lr


def frozen(*fates, findings=()):
    """What a run came to whose layers fared like this: name, frozen, epochs, kept, changed."""
    return Proof(4, tuple(LayerProof(*fate) for fate in fates), tuple(findings), ("meddler", "adam"))


def test_each_layer_tells_whether_it_trains_at_what_rate_and_how_its_norm_works(panel, catalogue):
    told(panel, tiny_config(catalogue, ticked=["batch-norm", "discriminative-lr:parts=2,factor=2,unfreeze_every=1"]))
    items = lines(panel.tree)
    assert items["body.layer1.linear"].text(TRAINABLE) == "frozen"
    assert items["body.layer1.norm"].text(NORM) == "running" and not panel.tree.isColumnHidden(NORM)
    assert "From epoch 2 on it trains with 0.5 of the learning rate." in items["body.layer2.linear"].toolTip(LAYER)
    told(panel, tiny_config(catalogue, ticked=["batch-norm", "discriminative-lr:parts=2,factor=2"]))
    assert lines(panel.tree)["body.layer1.linear"].text(TRAINABLE) == "rate ×0.25"
    assert lines(panel.tree)["body.layer1.norm"].text(NORM) == "batch"


def test_each_layer_tells_what_became_of_it_in_the_run(panel, catalogue):
    told(panel, tiny_config(catalogue, ticked=["freeze-body"]))
    assert panel.tree.isColumnHidden(PROOF) and not panel.fates.isVisible()
    run = Run("frozen", proof=frozen(
        ("body.layer1.linear", True, 4, 4, False), ("body.layer2.linear", False, 2, 2, True),
        ("head", False, 0, 0, True),
    ))  # fmt: skip
    panel.show_run(run)
    items = lines(panel.tree)
    said = [items[name].text(PROOF) for name in ("body.layer1.linear", "body.layer2.linear", "head", "body.layer1")]
    assert said == ["unchanged 4/4", "unchanged 2/2, then trained", "has changed", "unchanged 4/4"]
    assert not panel.tree.isColumnHidden(PROOF) and "4 of 4 epochs" in panel.fates.text()
    run.proof = frozen(
        ("body.layer1.linear", True, 4, 1, False), ("head", False, 0, 0, False),
        findings=[Finding("weights", "body.layer1.linear", 2), Finding("no-gradient", "head", 4)],
    )  # fmt: skip
    panel.show_run(run)
    assert items["body.layer1.linear"].text(PROOF) == "changed, though frozen"
    assert items["head"].text(PROOF) == "has not changed"
    assert "in epoch 2" in panel.fates.text() and "meddler" in panel.fates.text()
    assert "in epoch 2" in items["body.layer1.linear"].toolTip(PROOF)
    panel.tree.resize(330, 400)
    assert not panel.tree.isColumnHidden(PROOF) and panel.tree.isColumnHidden(OUTPUT)


def test_what_became_of_another_network_is_not_told_of_this_one(panel, catalogue):
    told(panel, tiny_config(catalogue))
    panel.show_run(Run("other", proof=frozen(("body.block1.convolution", True, 4, 4, False))))
    assert panel.tree.isColumnHidden(PROOF) and not panel.fates.isVisible()
    panel.show_run(None)
    assert panel.tree.isColumnHidden(PROOF)
