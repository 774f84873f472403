"""The Compare tab: results, settings that differ, seeds, the plot, and what the user does with them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from engine.config import recipe
from engine.events import Changed, Failed, Finished, Started
from engine.history import EpochRow
from engine.message import message
from engine.strategy_text import parse_strategy
from gui.background import Background
from gui.compare.panel import MORE_SEEDS, PAUSE_MILLISECONDS, ComparePanel
from gui.compare.rows import compared
from gui.compare.table import BEST, Cell, CompareTable, Heading, Row
from gui.runs.run import Run, label_of
from gui.widgets.theme import DARK, LIGHT
from gui.workbench import Workbench
from tests.gui.driving import pump

DONE = message("all-epochs", "all epochs done")


@pytest.fixture
def panel(show, catalogue):
    bench = Workbench(Path("nowhere"), Background())
    bench.catalogue = catalogue
    made = ComparePanel(bench)
    made.set_theme(LIGHT)
    yield show(made, 900, 800)
    bench.background.deleteLater()


@pytest.fixture
def run(catalogue):
    """Makes a run that came to its end: `run((0.5, 0.4), seed=1, ticked=["dropout"])`."""

    def make(losses, label="", ticked=(), stopped=False, accuracy=True, **values):
        config = recipe("first-lesson", catalogue).changed(values)
        for text in ticked:
            config = config.ticked(parse_strategy(text, catalogue))
        made = Run(label or label_of(config), config)
        for epoch, loss in enumerate(losses, 1):
            right = 1 - loss if accuracy else None
            made.history.add_epoch(EpochRow(epoch, 0.5, right, 0.25, right, loss, right, 1e-3, 60.0, 100, 5.0))
        made.outcome = Finished(DONE, stopped, len(losses), 1, 1, 0.5, 0.5, 0.4, 0.75, 1.0, 1.0, None)
        return made

    return make


def compare(panel, *runs):
    panel.show_runs(runs[:-1])
    panel.show_run(runs[-1])
    if panel._later.isActive():
        panel._later.stop()
        panel.touch()
    QApplication.processEvents()


def column(table, name):
    heads, *rows = table.texts()
    place = [head.replace("\n", " ") for head in heads].index(name)
    return [row[place] for row in rows]


def names(table):
    return [row[0] for row in table.texts()[1:]]


def text(label: QLabel):
    return label.text().replace("&nbsp;", " ")


# --- which runs -----------------------------------------------------------------------------------


def test_with_fewer_than_two_runs_it_says_how_to_choose_them(panel, run):
    assert panel.empty.isVisible() and "Tick two or more runs" in panel.empty.text()
    assert not panel.repeat_front.isVisible()
    panel.show_run(run((0.5,)))
    pump(lambda: panel.repeat_front.isVisible())
    assert panel.empty.isVisible() and panel.empty.height() >= panel.empty.heightForWidth(panel.empty.width())
    compare(panel, run((0.5,)), run((0.4,), lr=0.01))
    assert not panel.empty.isVisible() and panel.results.isVisible()
    panel.show_runs([])
    pump(lambda: panel.empty.isVisible())


def test_the_run_in_front_is_compared_with_the_ticked_ones_once(panel, run):
    one, other = run((0.5,), "one"), run((0.4,), "other", lr=0.01)
    compare(panel, one, other)
    assert names(panel.results) == ["one", "other"]
    compare(panel, one, other, one)
    assert names(panel.results) == ["one", "other"]


def test_a_run_in_front_without_an_epoch_does_not_count_yet(panel, run):
    compare(panel, run((0.5,), "one"), Run("new"))
    assert panel.empty.isVisible()


# --- results --------------------------------------------------------------------------------------


def test_best_last_and_gap_stand_side_by_side_and_the_best_of_each_says_so(panel, run):
    compare(panel, run((0.3, 0.6), "one"), run((0.5, 0.4), "other", lr=0.01), run((0.45, 0.7), "third", lr=0.1))
    assert column(panel.results, "Best epoch") == ["1", "2", "1"]
    assert column(panel.results, "Best loss") == [f"{BEST} 0.300", "0.400", "0.450"]
    assert column(panel.results, "Best accuracy") == [f"{BEST} 70.0 %", "60.0 %", "55.0 %"]
    assert column(panel.results, "Last loss") == ["0.600", f"{BEST} 0.400", "0.700"]
    assert column(panel.results, "Last accuracy") == ["40.0 %", f"{BEST} 60.0 %", "30.0 %"]
    assert column(panel.results, "Gap") == ["+0.350", f"{BEST} +0.150", "+0.450"]
    assert column(panel.results, "Epochs") == ["2", "2", "2"]
    assert column(panel.results, "Time") == ["2:10"] * 3
    assert column(panel.results, "Test accuracy") == ["75.0 %"] * 3, "equal figures are none the best"
    model = panel.results.model()
    assert model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) == "best of these runs"
    assert model.index(1, 5).data(Qt.ItemDataRole.ToolTipRole) == "smallest gap"
    assert model.index(0, 1).data(Qt.ItemDataRole.FontRole).weight() > QFont.Weight.Normal
    assert model.index(1, 1).data(Qt.ItemDataRole.FontRole) is None


def test_losses_of_another_kind_are_none_the_best(panel, run, catalogue):
    pretraining = {"model": catalogue.make("model", "mlp-autoencoder", {}), "loss": catalogue.make("loss", "mse", {})}
    compare(
        panel, run((0.3, 0.6), "one"), run((0.5, 0.4), "two"), run((0.1, 0.1), "other", accuracy=False, **pretraining)
    )
    assert column(panel.results, "Best loss") == ["0.300", "0.400", "0.100"]
    assert not any(BEST in text for name in ("Last loss", "Gap") for text in column(panel.results, name))
    assert BEST in column(panel.results, "Best accuracy")[0]


def test_how_a_run_stands_is_told_and_only_ended_ones_count_over_seeds(panel, run):
    done, training = run((0.5,), "done"), run((0.4,), "training", seed=1)
    training.outcome, training.started = None, Started("", 0, 0, 40, 1, (1, 1, 1), 1, "cpu", 1, 0.1)
    stopped = run((0.45,), "stopped", seed=2, stopped=True)
    failed = run((0.47,), "failed", seed=3)
    failed.outcome = Failed(DONE, 1, None, "")
    compare(panel, done, training, stopped, failed)
    assert column(panel.results, "Status") == ["finished", "training", "unfinished", "failed"]
    assert [compared(each).finished for each in (done, training, stopped, failed)] == [True, False, False, False]
    assert not panel.seeds.isVisible()


def test_figures_that_do_not_apply_are_dashes(panel, run):
    bare = Run("bare", run((0.5,)).config)
    bare.history.add_epoch(EpochRow(1, 0.5))
    compare(panel, run((0.5,), accuracy=False), bare)
    assert column(panel.results, "Best accuracy") == ["–", "–"]
    assert column(panel.results, "Gap") == ["+0.250", "–"]
    panel.plot.choice.setCurrentIndex(panel.plot.choice.findData("val_accuracy"))
    assert panel.plot.nothing.isVisible()
    panel.plot.choice.setCurrentIndex(0)
    assert not panel.plot.nothing.isVisible()


def test_a_run_whose_settings_are_gone_is_compared_by_its_figures(panel, run):
    gone = Run("gone")
    gone.history.add_epoch(EpochRow(1, 0.5, val_loss=0.6))
    compare(panel, run((0.5,), "one"), gone, run((0.4,), "three", lr=0.5))
    assert names(panel.results) == ["one", "gone", "three"]
    assert panel.settings.texts() == [["", "one", "gone", "three"], ["Learning rate", "0.001", "—", "0.5"]]


# --- settings -------------------------------------------------------------------------------------


def test_only_the_settings_that_differ_are_listed_in_words(panel, run, catalogue):
    plateau = "reduce-lr-on-plateau:patience=2"
    compare(
        panel, run((0.5,)), run((0.4,), ticked=["dropout:p=0.3"]),
        run((0.4,), ticked=["dropout:p=0.5", plateau], lr=0.01, model=parse_strategy("cnn", catalogue, "model")),
    )  # fmt: skip
    heads, *rows = panel.settings.texts()
    assert heads[1:] == ["MLP", "MLP + Dropout", "CNN + Dropout + Reduce LR on plateau"]
    said = {row[0]: row[1:] for row in rows}
    assert said["Dropout"] == ["off", "on, p 0.3", "on, p 0.5"]
    assert said["Reduce LR on plateau"] == ["off", "off", "on, patience 2"]
    assert said["Learning rate"] == ["0.001", "0.001", "0.01"]
    assert said["Model"][0] == "MLP, hidden 512, 256" and said["Model"][2].startswith("CNN")
    assert len(said) == 4


def test_a_parameter_is_named_with_its_technique(panel, run):
    compare(panel, run((0.5,), ticked=["dropout:p=0.2"]), run((0.4,), ticked=["dropout:p=0.3"]))
    assert panel.settings.texts()[1:] == [["Dropout: p", "0.2", "0.3"]]


def test_runs_with_the_same_settings_say_so(panel, run):
    compare(panel, run((0.5,), "one", stopped=True), run((0.4,), "other", stopped=True))
    assert panel.same.isVisible() and not panel.settings.isVisible()


def test_what_happened_to_a_run_is_told(panel, run):
    other = run((0.4,), "other")
    other.changes = [Changed(30, "lr", 0.001, 0.0005)]
    other.parent = "one"
    compare(panel, run((0.5,), "one"), other)
    said = {row[0]: row[2] for row in panel.settings.texts()[1:]}
    assert said["Learning rate, changed in the run"] == "0.0005 from step 30"
    assert said["Forked from"] == "one"


# --- seeds ----------------------------------------------------------------------------------------


def test_seeds_are_one_line_with_mean_and_deviation(panel, run):
    plain = [run((loss,), f"plain {seed}", seed=seed) for seed, loss in enumerate((0.5, 0.52, 0.54))]
    compare(panel, *plain, run((0.3,), "dropout", ticked=["dropout"]))
    heads, row = panel.seeds.texts()
    assert row[0] == "MLP, 3 seeds"
    assert dict(zip(heads, row, strict=True)) | {"": ""} == {
        "": "", "Seeds": "3", "Best loss": "0.520 ± 0.020", "Best accuracy": "48.0 % ± 2.0",
        "Last loss": "0.520 ± 0.020", "Last accuracy": "48.0 % ± 2.0", "Gap": "+0.270 ± 0.020",
        "Test accuracy": "75.0 % ± 0.0", "Epochs": "1",
    }  # fmt: skip
    assert "one seed each" in panel.verdict.text() and "interval" not in panel.verdict.text()


def test_one_seed_each_is_called_so_without_numbers(panel, run):
    compare(panel, run((0.5,)), run((0.4,), lr=0.01))
    assert panel.verdict.text().startswith("One seed each")
    assert panel.verdict.textFormat() is Qt.TextFormat.PlainText
    assert not any(character.isdigit() for character in panel.verdict.text())
    assert not panel.seeds.isVisible()


def test_a_difference_beyond_seed_noise_and_one_within_are_told_apart(panel, run):
    plain = [run((loss, 0.6 + loss), seed=seed) for seed, loss in enumerate((0.50, 0.51, 0.52))]
    dropout = [run((loss, loss), seed=seed, ticked=["dropout"]) for seed, loss in enumerate((0.50, 0.51, 0.53))]
    compare(panel, *plain, *dropout)
    told = panel.verdict.text()
    assert panel.verdict.textFormat() is Qt.TextFormat.RichText  # a table, and no tags
    assert "MLP + Dropout compared with MLP" in told
    lines = {row.split("</td>")[0].rpartition(">")[2]: row for row in told.split("<tr>")[2:]}
    assert list(lines) == ["best accuracy", "last loss", "gap"]
    assert "within seed noise" in lines["best accuracy"] and "−0.3 points" in lines["best accuracy"]
    assert "better, beyond seed noise" in lines["last loss"] and "−0.597" in lines["last loss"]
    assert "narrower, beyond seed noise" in lines["gap"]
    assert "by luck alone" not in told


def test_many_differences_come_with_a_warning_of_luck(panel, run):
    runs = [
        run((0.3 + seed / 100 + lr,), seed=seed, lr=lr) for lr in (0.1, 0.2, 0.3) for seed in range(2)
    ]  # fmt: skip
    compare(panel, *runs)
    assert panel.verdict.text().count("compared with") == 3
    assert "by luck alone" in panel.verdict.text()
    assert "MLP, learning rate 0.2 compared with MLP, learning rate 0.1" in panel.verdict.text()


def test_markup_in_a_name_is_text(panel, run):
    runs = [run((0.3 + seed / 100,), seed=seed, name="<b>a&b</b>") for seed in range(2)]
    runs += [run((0.3 + seed / 100,), seed=seed, name="c", lr=0.5) for seed in range(2)]
    compare(panel, *runs)
    assert "&lt;b>a&amp;b&lt;/b>" in panel.verdict.text()


# --- the plot -------------------------------------------------------------------------------------


def drawn(panel, number):
    drawing = panel.plot._drawings[number]
    edges = [edge.getData()[1] for edge in drawing._edges] if drawing._band.isVisible() else None
    return drawing._curve.points(), edges


def test_seeds_are_a_mean_with_a_band_and_other_runs_lines(panel, run):
    plain = [run(losses, seed=seed) for seed, losses in enumerate(((0.9, 0.5), (0.7, 0.3, 0.2)))]
    compare(panel, *plain, run((0.6, 0.4, 0.3), "lonely", ticked=["dropout"]))
    (x, y), edges = drawn(panel, 0)
    deviation = 0.2 / math.sqrt(2)
    assert x.tolist() == [1, 2] and y == pytest.approx([0.8, 0.4])
    assert np.allclose(edges, [[0.8 - deviation, 0.4 - deviation], [0.8 + deviation, 0.4 + deviation]])
    (x, y), edges = drawn(panel, 1)
    assert x.tolist() == [1, 2, 3] and y.tolist() == [0.6, 0.4, 0.3] and edges is None
    entries = [panel.plot.legend.entry(key).text() for key in panel.plot.legend.keys()]  # noqa: SIM118
    assert entries == ["MLP, 2 seeds", "lonely"]
    assert "± 1 standard deviation" in panel.plot.note.text() and "not of one length" in panel.plot.note.text()


def test_the_figure_is_chosen(panel, run):
    compare(panel, run((0.5, 0.4)), run((0.6, 0.3), "b", lr=0.5))
    expected = {"val_loss": [0.6, 0.3], "val_accuracy": [40, 70], "clean_train_loss": [0.25, 0.25], "gap": [0.35, 0.05]}
    for name, values in expected.items():
        panel.plot.choice.setCurrentIndex(panel.plot.choice.findData(name))
        (_, y), _ = drawn(panel, 1)
        assert y == pytest.approx(values), name
        low, high = panel.plot.plot.view.viewRange()[1]
        assert low < min(values) and max(values) < high, "all of it is in sight"
    assert panel.plot.note.text() == ""


def test_the_legend_hides_a_line_and_keeps_it_hidden_while_figures_come_in(panel, run):
    one, other = run((0.5,), "a"), run((0.4,), "b", lr=0.5)
    compare(panel, one, other)
    panel.plot.legend.entry("1").click()
    assert not panel.plot._drawings[1]._curve.is_visible()
    one.history.add_epoch(EpochRow(2, 0.5, val_loss=0.3))
    compare(panel, one, other)
    assert not panel.plot._drawings[1]._curve.is_visible() and panel.plot._drawings[0]._curve.is_visible()
    assert [panel.plot.legend.entry(key).isChecked() for key in ("0", "1")] == [True, False]
    compare(panel, one, other, run((0.3,), "c", lr=0.1))
    assert panel.plot._drawings[1]._curve.is_visible(), "other runs, other lines"


def test_the_pointer_reads_all_lines_at_the_nearest_epoch(panel, run):
    plain = [run(losses, seed=seed) for seed, losses in enumerate(((0.9, 0.5), (0.7, 0.3)))]
    compare(panel, *plain, run((0.6, 0.4, 0.3), "lonely", ticked=["dropout"]))
    panel.plot.plot.hovered.emit(1.7)
    said = text(panel.plot.read_out)
    assert panel.plot.read_out.isVisible()
    assert "epoch 2" in said and "0.400 ± 0.141" in said and "lonely" in said
    panel.plot.plot.hovered.emit(2.9)
    assert "epoch 3" in text(panel.plot.read_out) and ">–<" in text(panel.plot.read_out)
    panel.plot.plot.hovered.emit(None)
    assert not panel.plot.read_out.isVisible()


def test_a_view_moved_by_hand_stays_until_a_double_click(panel, run):
    one, other = run((0.5, 0.4)), run((0.4, 0.3), "b", lr=0.5)
    compare(panel, one, other)
    panel.plot.plot.moved_by_hand.emit()
    panel.plot.plot.show_epochs(1.2, 1.4)
    one.history.add_epoch(EpochRow(3, 0.5, val_loss=0.3))
    compare(panel, one, other)
    assert panel.plot.plot.x_range() == pytest.approx((1.2, 1.4))
    panel.plot.plot.double_clicked.emit()
    assert panel.plot.plot.x_range()[1] > 3


def test_colours_are_those_of_the_graph_and_follow_the_theme(panel, run):
    compare(panel, run((0.5,), "a"), run((0.4,), "front", lr=0.5))
    assert [line.style.colour for line in panel.plot._lines] == [LIGHT.comparisons[0], LIGHT.validation]
    panel.set_theme(DARK)
    assert [line.style.colour for line in panel.plot._lines] == [DARK.comparisons[0], DARK.validation]
    seeds = [run((0.5,), f"s{seed}", seed=seed) for seed in range(3)]
    compare(panel, *seeds)
    assert panel.plot._lines[0].style.colour == DARK.validation, "the run in front is one of them"


# --- what the user does ---------------------------------------------------------------------------


def test_more_seeds_are_asked_for_the_chosen_row_else_the_run_in_front(panel, run):
    asked = []
    panel.seeds_asked.connect(lambda run, count: asked.append((run.label, count)))
    alone = run((0.5,), "alone")
    panel.show_run(alone)
    pump(lambda: panel.repeat_front.isVisible())
    QTest.mouseClick(panel.repeat_front, Qt.MouseButton.LeftButton)
    compare(panel, alone, run((0.4,), "other", lr=0.5), run((0.3,), "front", lr=0.1))
    QTest.mouseClick(panel.repeat, Qt.MouseButton.LeftButton)
    panel.results.selectRow(1)
    assert "other" in panel.repeat.toolTip()
    QTest.mouseClick(panel.repeat, Qt.MouseButton.LeftButton)
    assert asked == [("alone", MORE_SEEDS), ("front", MORE_SEEDS), ("other", MORE_SEEDS)]


def test_a_run_without_settings_can_not_be_repeated(panel, run):
    gone = Run("gone")
    gone.history.add_epoch(EpochRow(1, 0.5, val_loss=0.6))
    compare(panel, run((0.5,), "one"), gone)
    assert not panel.repeat.isEnabled() and "can't be read" in panel.repeat.toolTip()
    panel.results.selectRow(0)
    assert panel.repeat.isEnabled()


def test_what_is_chosen_and_sorted_stays_while_figures_come_in(panel, run):
    one, other = run((0.5,), "one"), run((0.4,), "other", lr=0.5)
    compare(panel, one, other)
    panel.results.sort_by(1)
    assert names(panel.results) == ["other", "one"]
    panel.results.selectRow(0)
    assert panel.chosen is other
    one.history.add_epoch(EpochRow(2, 0.5, val_loss=0.1))
    compare(panel, one, other)
    assert names(panel.results) == ["one", "other"] and panel.chosen is other


def test_runs_of_short_epochs_do_not_refresh_at_every_one(panel, run, monkeypatch):
    one, other = run((0.5,)), run((0.4,), lr=0.5)
    compare(panel, one, other)
    calls, refresh = [], panel.refresh
    monkeypatch.setattr(panel, "refresh", lambda: calls.append(1) or refresh())
    panel.refresh()
    for _ in range(20):
        panel.show_runs([one, other])
    assert len(calls) == 1 and panel._later.isActive() and panel._later.remainingTime() <= 1.1 * PAUSE_MILLISECONDS
    pump(lambda: len(calls) == 2)


def test_nothing_is_compared_while_it_can_not_be_seen(panel, run, monkeypatch):
    panel.hide()
    monkeypatch.setattr(panel, "refresh", lambda: pytest.fail("it can't be seen"))
    compare(panel, run((0.5,)), run((0.4,), lr=0.5))


# --- the table ------------------------------------------------------------------------------------


@pytest.fixture
def table(show):
    made = CompareTable("figures", sortable=True)
    headings = [Heading("Best\nloss"), Heading("Word")]
    values = {"a": (0.5, "x"), "b": (None, "z"), "c": (0.25, "y")}
    made.show_rows(
        headings,
        [Row(key, key, (Cell(f"{value}"[:3], value), Cell(word, word))) for key, (value, word) in values.items()],
        LIGHT,
    )
    return show(made, 400, 200)


def test_a_heading_sorts_up_then_down_then_not(table):
    orders = []
    for _ in range(3):
        table.horizontalHeader().sectionClicked.emit(0)
        orders.append((names(table), table.texts()[0][1]))
    assert orders == [
        (["c", "a", "b"], "Best ↑\nloss"),
        (["a", "c", "b"], "Best ↓\nloss"),
        (["a", "b", "c"], "Best\nloss"),
    ]


def test_the_keyboard_sorts_and_copies(table):
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, 1))
    QTest.keyClick(table, Qt.Key.Key_S)
    QTest.keyClick(table, Qt.Key.Key_S)
    assert names(table) == ["b", "c", "a"]
    table.clearSelection()
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "\tBest loss\tWord\nb\tNon\tz\nc\t0.25\ty\na\t0.5\tx\n"
    table.selectRow(1)
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "\tBest loss\tWord\nc\t0.25\ty\n"


def test_figures_are_copied_in_full(panel, run):
    compare(panel, run((1 / 3,), "one"), run((0.4,), "two\nlines", lr=0.5))
    panel.results.copy()
    first, one, two = QGuiApplication.clipboard().text().splitlines()
    assert first.split("\t")[:3] == ["", "Best epoch", "Best loss"]
    assert one.split("\t")[2] == repr(1 / 3) and two.startswith("two lines\t1\t0.4\t")


def test_the_table_is_as_high_as_its_rows(table):
    table.parentWidget() or table.resize(table.sizeHint())
    last = table.visualRect(table.model().index(2, 0))
    assert last.bottom() <= table.viewport().height()
    assert table.verticalScrollBar().maximum() == 0


def test_what_a_fork_shares_with_its_parent_is_drawn_once(panel, run):
    parent, child, other = run((0.9, 0.8, 0.7)), run((0.9, 0.8, 0.5), ticked=["dropout"]), run((0.6, 0.5), lr=0.5)
    compare(panel, parent, child, other)
    drawn = [drawing._curve.points()[0].tolist() for drawing in panel.plot._drawings]
    assert drawn == [[1, 2, 3], [2, 3], [1, 2]]
    assert len(panel.plot._lines[1].bands["val_loss"].epochs) == 3  # and can be read there all the same
