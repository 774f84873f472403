"""The Data tab: facts, classes, images page by page, one of them large, and what is said where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.data import DataBundle, Part
from engine.message import InputError, message
from engine.strategy import Dataset
from gui.data.facts import figure
from gui.data.panel import DataPanel
from gui.data.samples import LARGE
from gui.widgets.theme import DARK, LIGHT
from tests.engine.support import Blobs, tiny_config
from tests.gui.driving import Driver, pump


@pytest.fixture
def panel(bench, show):
    return show(DataPanel(bench), 900, 900)


def settle(panel, config=None):
    if config is not None:
        panel.show_settings(config)
    pump(lambda: not panel.bench.background.busy)


def labels(panel):
    return [picture.caption for picture in panel.samples.grid.pictures]


def choose_class(panel, line):
    view = panel.classes.list
    QTest.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.model().index(line, 0)).center()
    )
    settle(panel)


def seen(panel):
    return panel._stack.currentWidget()


class Lopsided(Dataset):
    """Of one class many, of the other few."""

    def load(self, source):
        targets = torch.tensor([0] * 42 + [1] * 10)
        part = Part(torch.zeros(52, 3, 4, 6, dtype=torch.uint8), targets)
        even = part.take(torch.arange(32, 52))
        return DataBundle(part, even, even, ("many", "few"))


class Line(Dataset):
    """Two inputs, of which the target is the first, doubled."""

    def load(self, source):
        x = torch.randn(50, 2, generator=torch.Generator().manual_seed(1))
        return DataBundle(Part(x, 2 * x[:, :1]), task="regression")


class Absent(Dataset):
    """Has to be fetched, or read."""

    told: str = "downloading"

    def load(self, source):
        if not HERE:
            source.report(message(self.told, self.told), 0.0)
        return Blobs().load(source)


HERE: list[bool] = []


def test_before_there_are_settings_it_says_what_will_be_here(panel):
    assert seen(panel) is panel.unread and "shapes" in panel.notice.text()


def test_it_works_only_while_it_is_seen(bench, catalogue, show, app):
    panel = DataPanel(bench)
    panel.show_settings(tiny_config(catalogue))
    assert not bench.background.busy
    show(panel)
    assert bench.background.busy
    settle(panel)
    assert seen(panel) is panel.area


def test_facts_are_told_as_shapes_and_ranges(panel, catalogue):
    settle(panel, tiny_config(catalogue))
    bar = panel.bar
    assert bar.heading.text() == "Blobs" and bar.summary.text() == "4 classes of grey images, 8 × 8 pixels"
    assert [fact.value.text() for fact in (bar.training, bar.validation, bar.test)] == [
        "[130, 1, 8, 8]", "[40, 1, 8, 8]", "[40, 1, 8, 8]",
    ]  # fmt: skip
    assert bar.values.value.text() == "uint8, 0 to 255"
    inputs = panel.bench.parts(panel.config).training.inputs.double()
    mean, deviation = float(inputs.mean()), float(inputs.std(correction=0))
    assert bar.moments.value.text() == f"{mean:.3g} ± {deviation:#.3g}"
    low, high = figure(-mean / deviation), figure((255 - mean) / deviation)
    assert bar.scaled.name.text() == "After scaling: Standardise"
    assert bar.scaled.value.text() == f"{low} to {high}, mean 0, deviation 1"
    settle(panel, tiny_config(catalogue, scaling="zero-one", train_samples="50"))
    assert bar.scaled.value.text().startswith("0 to 1, ")
    assert bar.training.value.text() == "[50, 1, 8, 8]"
    assert bar.targets.isHidden()


@pytest.mark.parametrize(
    "value, text", [(0, "0"), (255.0, "255"), (1e-9, "0"), (90.02, "90.0"), (-0.8124, "−0.812"), (54000, "54,000")]
)
def test_figures_have_three_digits_and_whole_numbers_are_whole(value, text):
    assert figure(value) == text


def test_classes_have_bars_counts_and_a_sentence_on_their_balance(panel, catalogue):
    settle(panel, tiny_config(catalogue))
    assert panel.classes.balance.text() == "Balanced"
    settle(panel, tiny_config(catalogue, dataset=Lopsided()))
    assert panel.classes.balance.text() == ("The largest class has 4.2 times as many training samples as the smallest.")
    model = panel.classes.list.model()
    told = [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]
    assert told[1] == "many: 42 training, 10 validation, 10 test samples" and told[0].startswith("All classes: 52 ")
    panel.set_theme(LIGHT)
    shot = panel.classes.list.viewport().grab().toImage()
    widths = []
    for row in (1, 2):
        middle = panel.classes.list.visualRect(model.index(row, 0))
        line = range(shot.width())
        y = middle.top() + 5
        widths.append(sum(shot.pixelColor(x, y).name().upper() == LIGHT.train_faint for x in line))
    assert widths[1] / widths[0] == pytest.approx(10 / 42, abs=0.06), "bars are as long as the counts"


def test_choosing_a_class_shows_its_images_and_turning_pages_shows_all(panel, catalogue):
    settle(panel, tiny_config(catalogue, dataset=Blobs(training=500)))
    assert len(set(labels(panel))) == 4 and len(labels(panel)) == 100
    assert panel.samples.where.text() == "1–100 of 500"
    choose_class(panel, 3)
    assert set(labels(panel)) == {"c"} and panel.samples.where.text() == "1–100 of 125"
    assert not panel.samples.back.isEnabled()
    panel.samples.on.click()
    settle(panel)
    assert panel.samples.where.text() == "101–125 of 125" and len(labels(panel)) == 25
    assert panel.samples.back.isEnabled() and not panel.samples.on.isEnabled()
    choose_class(panel, 0)
    assert panel.samples.where.text() == "1–100 of 500"


def test_parts_and_order_are_chosen(panel, catalogue):
    settle(panel, tiny_config(catalogue))
    samples = panel.samples
    shuffled = samples.grid.pictures
    samples.shuffled.click()
    settle(panel)
    plain = samples.grid.pictures
    assert [picture.caption for picture in plain[:8]] == list("abcdabcd")
    assert not all(np.array_equal(one.pixels, other.pixels) for one, other in zip(plain, shuffled, strict=True))
    samples.part.setCurrentIndex(samples.part.findData("validation"))
    samples.part.activated.emit(samples.part.currentIndex())
    settle(panel)
    validation = panel.bench.parts(panel.config).validation.inputs[:, 0].numpy()
    np.testing.assert_array_equal(np.stack([picture.pixels for picture in samples.grid.pictures]), validation)
    settle(panel, tiny_config(catalogue, train_samples="60"))
    assert samples.part.currentData() == "validation", "it stays where other settings have that part too"


def test_an_image_is_shown_large_with_its_figures(panel, catalogue):
    settle(panel, tiny_config(catalogue))
    assert panel.card.sample is None and "Click an image" in panel.card.facts.text()
    height = panel.card.height()
    assert height >= LARGE, "the image is not cut"
    panel.samples.grid.setFocus()
    panel.samples.grid.current = 0
    QTest.keyClick(panel.samples.grid.view, Qt.Key.Key_Right)
    sample = panel.card.sample
    pixels = panel.samples.grid.pictures[1].pixels
    np.testing.assert_array_equal(sample.pixels, pixels)
    assert panel.card.label.text() == panel.samples.grid.pictures[1].caption
    assert panel.card.facts.text().split("\n") == [
        f"index {sample.row}", "8 × 8 pixels", f"{pixels.min()} to {pixels.max()}", f"mean {figure(pixels.mean())}",
    ]  # fmt: skip
    assert panel.card.height() == height, "nothing moves"
    choose_class(panel, 1)
    assert panel.card.sample is None


def test_samples_of_features_are_drawn_as_points(panel, catalogue):
    settle(panel, tiny_config(catalogue, dataset=Line()))
    assert panel.bar.summary.text() == "samples of 2 features, for regression"
    assert not panel.bar.targets.isHidden()
    assert panel.scatter.isVisible() and not panel.samples.isVisible() and not panel.classes.isVisible()
    assert not panel.preview.isVisible()
    cloud = panel.scatter.clouds[0]
    np.testing.assert_allclose(cloud.y, 2 * cloud.x, rtol=1e-6)
    panel.scatter.feature.setCurrentIndex(1)
    panel.scatter.feature.activated.emit(1)
    settle(panel)
    assert not np.allclose(panel.scatter.clouds[0].y, 2 * panel.scatter.clouds[0].x)
    settle(panel, tiny_config(catalogue))
    assert panel.samples.isVisible() and not panel.scatter.isVisible()


def test_data_that_are_not_here_are_shown_once_a_run_has_fetched_them(panel, catalogue):
    HERE.clear()
    settle(panel, tiny_config(catalogue, dataset=Absent()))
    assert seen(panel) is panel.unread
    assert panel.notice.text() == "The data are not here yet: Start fetches them. Then they are shown here."
    HERE.append(True)
    panel.show_run(None)
    settle(panel)
    assert seen(panel) is panel.area


def test_pictures_that_only_need_to_be_read_are_not_said_to_be_fetched(panel, catalogue):
    HERE.clear()
    settle(panel, tiny_config(catalogue, dataset=Absent(told="reading-pictures")))
    assert panel.notice.text().startswith("The pictures were not read at this size yet: Start reads them, once.")


def test_settings_that_no_data_can_meet_are_one_line_and_other_settings_mend_it(panel, catalogue):
    settle(panel, tiny_config(catalogue, train_samples="999"))
    assert seen(panel) is panel.unread
    assert panel.notice.text() == "train_samples is 999, but there are only 130"
    settle(panel, tiny_config(catalogue, train_samples="99"))
    assert seen(panel) is panel.area and panel.bar.training.value.text() == "[99, 1, 8, 8]"


def test_what_does_not_concern_the_data_asks_for_nothing(panel, catalogue):
    config = tiny_config(catalogue)
    settle(panel, config)
    panel.show_settings(config.changed({"lr": 0.5, "epochs": 3}))
    panel.show_run(None)
    assert not panel.bench.background.busy


def test_narrow_the_images_stand_under_the_classes_and_nothing_is_wider_than_the_window(bench, catalogue, show, app):
    panel = show(DataPanel(bench), 400, 500)
    settle(panel, tiny_config(catalogue, ticked=["mixup"]))
    app.processEvents()
    assert panel.width() == 400
    view = panel.classes.list
    assert view.visualRect(view.model().index(4, 0)).bottom() <= view.viewport().height() <= view.height()
    pump(lambda: view.geometry().bottom() <= panel.classes.height())  # nothing is cut
    assert panel.samples.geometry().top() >= panel.classes.geometry().bottom()
    assert panel.area.widget().width() <= panel.area.viewport().width()
    panel.resize(900, 900)
    app.processEvents()
    assert panel.samples.geometry().left() >= panel.classes.geometry().right()
    panel.set_theme(DARK)


def test_the_tab_is_in_the_window_and_reached_by_its_action(app, workspace):
    driver = Driver(app, workspace)
    driver.press("tab_data")
    panel = driver.window.centre.tab("data")
    pump(lambda: seen(panel) is panel.area and not driver.window.bench.background.busy)
    assert panel.samples.grid.pictures and panel.bar.heading.text() == "Fashion MNIST sample"
    before = [picture.pixels for picture in panel.preview.rows.rows[1].pictures]
    driver.tick("random-vertical-flip")
    pump(lambda: any(
        not np.array_equal(one, other.pixels)
        for one, other in zip(before, panel.preview.rows.rows[1].pictures, strict=True)
    ))  # fmt: skip
    driver.close()


def test_a_failing_data_set_is_named(panel, catalogue):
    class Broken(Dataset):
        """Raises."""

        def load(self, source):
            raise InputError("gone", "the folder {path} is gone", path="x")

    settle(panel, tiny_config(catalogue, dataset=Broken()))
    assert panel.notice.text() == "The folder x is gone"


class Table(Dataset):
    """Two inputs and three classes."""

    def load(self, source):
        x = torch.randn(60, 2, generator=torch.Generator().manual_seed(1))
        return DataBundle(Part(x, torch.arange(60) % 3), class_names=("low", "middle", "high"))


def test_classes_of_features_have_their_balance_and_their_names_on_the_axis(panel, catalogue):
    settle(panel, tiny_config(catalogue, dataset=Table()))
    assert panel.bar.summary.text() == "3 classes of samples of 2 features"
    assert panel.classes.isVisible() and panel.scatter.isVisible() and not panel.samples.isVisible()
    assert panel.scatter.plot.getAxis("left")._tickLevels == [[(0, "low"), (1, "middle"), (2, "high")]]


def test_where_there_is_room_all_classes_are_in_sight_and_the_image_is_right_under_them(panel, catalogue, app):
    panel.resize(900, 1000)
    settle(panel, tiny_config(catalogue))
    app.processEvents()
    view = panel.classes.list
    assert view.visualRect(view.model().index(4, 0)).bottom() <= view.viewport().height()
    assert view.viewport().height() < 6 * panel.classes.row_height(), "and no empty lines under them"
    assert 0 < panel.card.geometry().top() - panel.classes.geometry().bottom() < 16
    panel.resize(900, 680)
    app.processEvents()
    assert panel.area.verticalScrollBar().maximum() == 0, "all of it is in sight in a window of usual height"
