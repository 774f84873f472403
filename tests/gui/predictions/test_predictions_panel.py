"""The tab "Predictions", with a small run that was trained: figures, images, pictures of the user's own."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from engine.catalogue import Catalogue, Entry
from engine.data import DataBundle, Part, Source
from engine.message import message
from engine.runs import new_run
from engine.strategy import Dataset
from gui.background import Background
from gui.predictions.images import caption_of
from gui.predictions.panel import PredictionsPanel, checkpoint_of
from gui.runs.run import Run
from gui.widgets.theme import DARK
from gui.workbench import Workbench
from tests.engine.support import Blobs, tiny_config
from tests.gui.driving import Driver, dispose, pump

WIDE, NARROW = (800, 600), (360, 500)


class Slope(Dataset):
    """Twice the first of two features: a regression."""

    def load(self, source: Source) -> DataBundle:
        import torch

        inputs = torch.linspace(-1, 1, 80).reshape(40, 2)
        part = Part(inputs, 2 * inputs[:, :1])
        return DataBundle(part, part, task="regression")


@pytest.fixture(scope="module")
def known(catalogue):
    return Catalogue([*catalogue.entries, *(Entry(cls.id, "dataset", cls, "the tests") for cls in (Blobs, Slope))])


def train(known, workspace, **values) -> Path:
    """The folder of a short run."""
    trainer = new_run(tiny_config(known, **values), known, workspace)
    for _ in trainer.run():
        pass
    folder = Path(trainer.store.path)
    trainer.store.close()
    return folder


@pytest.fixture(scope="module")
def trained(known, tmp_path_factory):
    return train(known, tmp_path_factory.mktemp("blobs"), epochs=2, dataset=Blobs(noise=90, validation=200))


@pytest.fixture
def folder(trained, tmp_path):
    """A copy of the run, to do anything with."""
    return Path(shutil.copytree(trained, tmp_path / "runs" / trained.name))


@pytest.fixture
def bench(app, known, tmp_path):
    made = Workbench(tmp_path, Background())
    made.catalogue = known
    yield made
    made.background.end()
    made.background.deleteLater()
    dispose(app)


@pytest.fixture
def panel(show, bench):
    return show(PredictionsPanel(bench), *WIDE)


def settle(panel):
    pump(lambda: not panel.bench.background.busy)


def open_run(panel, folder, **values):
    run = Run("a run", folder=folder, **values)
    panel.show_run(run)
    settle(panel)
    return run


def shown_words(panel):
    return panel.message.text() if panel.page is panel.message else ""


# --- the figures -------------------------------------------------------------------------------------


def test_without_a_run_it_says_what_will_be_here(panel):
    panel.show_run(None)
    assert shown_words(panel).startswith("Start a run")
    assert not panel.head.classify.isEnabled()


def test_before_the_first_epoch_it_says_when_there_is_something(panel, tmp_path):
    open_run(panel, tmp_path / "empty")
    assert "after the first epoch" in shown_words(panel)


def test_the_figures_of_the_best_checkpoint(panel, folder):
    open_run(panel, folder)
    made = panel.predictions
    words = panel.head.figures.text().replace("\N{NO-BREAK SPACE}", " ")
    assert panel.page is panel.review
    assert f"{100 * made.accuracy:.1f} %" in words and "–" in words and "200" in words
    assert panel.head.told.text() == f"Best checkpoint, epoch {made.epoch}"
    assert np.array_equal(panel.review.matrix.counts, made.confusion)
    assert [line[0] for line in panel.review.table.texts()] == ["a", "b", "c", "d"]
    assert panel.review.table.texts()[0][4] == "50"


def test_the_test_part_is_for_the_end_and_the_training_part_is_known(panel, folder):
    open_run(panel, folder)
    panel.head.part_box.setCurrentIndex(1)
    panel.head.part_box.activated.emit(1)
    settle(panel)
    assert panel.predictions.part == "test" and "last" in panel.head.told.text()
    panel.head.part_box.setCurrentIndex(2)
    panel.head.part_box.activated.emit(2)
    settle(panel)
    assert panel.predictions.part == "training" and "learnt" in panel.head.told.text()


def test_nothing_is_computed_while_nobody_looks_or_twice(show, bench, folder, monkeypatch):
    asked, ask = [], bench.background.ask
    monkeypatch.setattr(bench.background, "ask", lambda key, *rest: asked.append(key) or ask(key, *rest))
    panel = PredictionsPanel(bench)
    run = Run("a run", folder=folder)
    panel.show_run(run)
    assert asked == []
    show(panel, *WIDE)
    settle(panel)
    assert asked == ["predictions"]
    panel.hide()
    panel.show()
    panel.set_theme(DARK)
    panel.show_run(run)
    assert asked == ["predictions"]


def test_what_is_half_done_when_the_tab_is_left_is_done_when_it_is_seen_again(panel, folder):
    gate = threading.Event()
    panel.bench.background.ask("other", lambda: gate.wait(10), lambda _: None, lambda trouble: None)
    panel.show_run(Run("a run", folder=folder))
    panel.hide()
    gate.set()
    settle(panel)
    assert panel.predictions is None
    panel.show()
    settle(panel)
    assert panel.predictions is not None


def test_a_new_best_is_shown_by_itself_and_keeps_filter_and_image(panel, folder, known, tmp_path):
    run = open_run(panel, folder)
    images = panel.review.images
    images.filter.setCurrentIndex(1)
    images.filter.activated.emit(1)
    images.after.click()
    images.grid.current = 57
    row = images._row()
    better = train(known, tmp_path / "other", epochs=6, dataset=Blobs(noise=90, validation=200))
    shutil.copy(better / "checkpoints" / "best.safetensors", folder / "checkpoints" / "best.safetensors")
    panel.show_run(run)
    assert panel.page is panel.review, "the former ones stay until the new ones are there"
    former = panel.predictions
    settle(panel)
    assert panel.predictions is not former and panel.predictions.epoch != former.epoch
    assert images.filter.currentIndex() == 1 and images._row() == row != images.rows[0]


def test_while_nothing_was_chosen_by_hand_the_worst_is_looked_at(panel, folder):
    open_run(panel, folder)
    images, former = panel.review.images, panel.predictions
    assert images._row() == images.rows[0]
    losses = former.losses.copy()
    losses[images.rows[0]] = 0
    panel.review.show_predictions(dataclasses.replace(former, losses=losses))
    assert images._row() == images.rows[0] != former.worst_first[0]
    assert panel.review.detail.chosen.loss == losses.max()


def test_a_best_that_is_written_after_the_end_of_its_epoch_is_waited_for(panel, folder):
    checkpoint = folder / "checkpoints" / "best.safetensors"
    aside = checkpoint.rename(folder / "aside")
    (folder / "checkpoints" / "last.safetensors").unlink()
    run = Run("a run", folder=folder)
    run.started = object()
    run.history.add_epoch(epoch(2))
    panel.show_run(run)
    settle(panel)
    assert panel.predictions is None
    aside.rename(checkpoint)
    pump(lambda: panel.predictions is not None)


def epoch(number):
    from engine.history import epoch_row

    return epoch_row([number, *[1.0] * 10])


def test_a_file_that_was_loaded_is_looked_at_itself(panel, folder, tmp_path):
    file = tmp_path / "mine.safetensors"
    shutil.copy(folder / "checkpoints" / "last.safetensors", file)
    open_run(panel, None, source=file)
    assert panel.predictions.path == file and panel.head.told.text().startswith("mine.safetensors, epoch 2")


def test_of_a_run_that_was_opened_from_the_list_the_best_is_shown(folder):
    checkpoints = folder / "checkpoints"
    opened = Run("a run", folder=folder, source=checkpoints / "last.safetensors")
    assert checkpoint_of(opened) == checkpoints / "best.safetensors"
    kept = checkpoints / "step-4.safetensors"
    assert checkpoint_of(dataclasses.replace(opened, source=kept)) == kept
    (checkpoints / "best.safetensors").unlink()
    assert checkpoint_of(opened) == checkpoints / "last.safetensors"
    assert checkpoint_of(None) is None and checkpoint_of(Run("new")) is None


# --- what goes wrong ---------------------------------------------------------------------------------


def test_a_missing_plugin_is_named(panel, folder, known):
    panel.bench.catalogue = Catalogue([entry for entry in known.entries if entry.id != "mlp"])
    open_run(panel, folder)
    assert "mlp" in shown_words(panel) and "missing" in shown_words(panel)


def test_data_that_are_not_here_are_told_and_pictures_can_be_classified_all_the_same(
    panel, folder, monkeypatch, tmp_path
):
    def load(self, source):
        source.report(message("downloading", "downloading"), 0.0)

    monkeypatch.setattr(Blobs, "load", load)
    open_run(panel, folder)
    assert shown_words(panel) == "The data are not here yet: Start fetches them"
    panel.classify([save(tmp_path / "a.png", 0)])
    settle(panel)
    assert panel.page is panel.classified


def test_a_damaged_file_is_told(panel, folder):
    path = folder / "checkpoints" / "best.safetensors"
    path.write_bytes(path.read_bytes()[:-9])
    open_run(panel, folder)
    assert "damaged" in shown_words(panel)


# --- classes and images ------------------------------------------------------------------------------


def mistaken_cell(made):
    off = made.confusion * (1 - np.eye(made.classes, dtype=int))
    return tuple(int(each) for each in np.unravel_index(off.argmax(), off.shape))


def test_a_cell_opens_its_images_the_surest_mistakes_first(panel, folder):
    open_run(panel, folder)
    made, images = panel.predictions, panel.review.images
    true, called = mistaken_cell(made)
    panel.review.matrix.opened.emit(true, called)
    assert images.rows.tolist() == made.cell(true, called).tolist()
    assert len(images.grid.pictures) == made.confusion[true, called]
    figures = [int(picture.caption.removesuffix(" %")) for picture in images.grid.pictures]
    assert figures == sorted(figures, reverse=True)
    names = made.class_names
    assert images.narrowed.text().startswith(f"{names[true]} called {names[called]}")
    images.widen.click()
    assert len(images.rows) == (~made.right).sum()


def test_mistakes_come_first_by_their_loss(panel, folder):
    open_run(panel, folder)
    made, images = panel.predictions, panel.review.images
    losses = made.losses[images.rows]
    assert not made.right[images.rows].any() and (np.diff(losses) <= 0).all()
    picture = images.grid.pictures[0]
    row = images.rows[0]
    true, called = made.class_names[made.targets[row]], made.class_names[made.predicted[row]]
    assert picture.caption.startswith(f"{true} → {called} ") and picture.caption.endswith(" %")
    assert np.array_equal(picture.pixels, made.input(row)[0])


def test_filters_choose_and_pages_turn(panel, folder):
    open_run(panel, folder)
    made, images = panel.predictions, panel.review.images
    images.filter.setCurrentIndex(1)
    images.filter.activated.emit(1)
    assert len(images.rows) == 200 and len(images.grid.pictures) == 100
    assert images.place.text() == "1–100 of 200" and not images.before.isEnabled()
    assert {picture.tone for picture in images.grid.pictures} == {"good", "bad"}
    images.after.click()
    assert images.place.text() == "101–200 of 200" and not images.after.isEnabled()
    assert np.array_equal(images.grid.pictures[0].pixels, made.pixels(int(made.worst_first[100])))
    images.filter.setCurrentIndex(2)
    images.filter.activated.emit(2)
    assert made.right[images.rows].all() and images.place.text().startswith("1–")


def test_a_class_in_the_table_filters_the_images(panel, folder):
    open_run(panel, folder)
    made, images = panel.predictions, panel.review.images
    panel.review.view.button(1).click()
    panel.review.table.selectRow(2)
    assert ((made.targets[images.rows] == 2) | (made.predicted[images.rows] == 2)).all() and len(images.rows)
    assert not made.right[images.rows].any()


def test_an_empty_choice_says_so(panel, folder):
    open_run(panel, folder)
    made = dataclasses.replace(panel.predictions, predicted=panel.predictions.targets)
    panel.review.show_predictions(made)
    images = panel.review.images
    assert images.empty.isVisible() and images.empty.text() == "No mistakes here." and not images.grid.isVisible()
    assert panel.review.detail.chosen is None


def test_samples_that_are_no_images_have_classes_all_the_same(panel, folder):
    open_run(panel, folder)
    samples = panel.predictions.samples
    features = Part(samples.inputs.reshape(200, -1)[:, :3].float(), samples.targets)
    panel.review.show_predictions(dataclasses.replace(panel.predictions, samples=features))
    panel.review.matrix.opened.emit(0, 0)
    assert "no images" in panel.review.images.empty.text() and panel.review.matrix.counts.sum() == 200


def test_captions_keep_what_says_most(panel):
    metrics = panel.fontMetrics()
    names, wide = ["Shirt", "Coat"], metrics.horizontalAdvance("Shirt → Coat 97 %")
    assert caption_of(names, "97 %", metrics, wide) == "Shirt → Coat 97 %"
    assert caption_of(names, "97 %", metrics, wide - 1) == "Shirt → Coat"
    long = ["An exceedingly long name", "Another exceedingly long name"]
    for room in (200, 150, 120, 60):
        text = caption_of(long, "97 %", metrics, room)
        assert metrics.horizontalAdvance(text) <= room and "→" in text
    assert caption_of(long, "97 %", metrics, 200).startswith("An ex")
    assert caption_of(long, "97 %", metrics, 80).startswith("→ Anoth")


def test_where_it_is_narrow_one_side_is_shown_and_a_cell_turns_to_its_images(panel, folder):
    panel.resize(*NARROW)
    open_run(panel, folder)
    review = panel.review
    assert panel.width() == NARROW[0], "it is no wider than the window has room for"
    assert review.matrix.isVisible() and not review.images.isVisible()
    review.matrix.opened.emit(0, 0)
    assert review.images.isVisible() and not review.matrix.isVisible()
    panel.resize(*WIDE)
    pump(lambda: review.matrix.isVisible() and review.images.isVisible())
    assert not review.side.isVisible()


# --- one image ---------------------------------------------------------------------------------------


def test_the_chosen_image_is_shown_large_with_every_class(panel, folder):
    open_run(panel, folder)
    made, detail = panel.predictions, panel.review.detail
    panel.review.images.grid.current = 1
    row = panel.review.images.rows[1]
    bars = detail.bars.bars()
    assert [bar.number for bar in bars] == np.argsort(-made.outputs[row], kind="stable").tolist()
    assert [bar.number for bar in bars if bar.true] == [made.targets[row]]
    assert bars[0].length == pytest.approx(made.outputs[row].max())
    assert "called" in detail.heading.text() and detail.facts.text().startswith("Loss ")
    assert np.array_equal(detail.picture.pixels, made.input(row)[0])


def test_where_it_looked_is_laid_over_the_image_for_the_chosen_class(panel, folder):
    open_run(panel, folder)
    detail = panel.review.detail
    plain = detail.picture.blended()
    detail.look.click()
    settle(panel)
    first = detail.picture.strength
    assert first.shape == (8, 8) and 0 < first.max() <= 1
    assert not np.array_equal(detail.picture.blended(), plain)
    detail.bars.setCurrentRow(2)
    settle(panel)
    assert not np.array_equal(detail.picture.strength, first), "another class has another map"
    panel.review.images.grid.current = 1
    assert detail.picture.strength is None, "no map of another image"
    settle(panel)
    assert detail.picture.strength is not None
    detail.look.click()
    assert detail.picture.strength is None


# --- pictures of the user's own ----------------------------------------------------------------------


def save(path, label, dark=90, light=150):
    pixels = np.full((16, 16), dark, np.uint8)
    top, left = divmod(label, 2)
    pixels[8 * top : 8 * top + 8, 8 * left : 8 * left + 8] = light
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(4):
        save(folder / f"{number}.png", number)
    (folder / "notes.txt").write_text("words")
    (folder / "empty.png").touch()
    return folder


def test_a_folder_is_classified_and_what_can_not_be_read_is_named(panel, folder, pictures):
    open_run(panel, folder)
    panel.classify([pictures])
    settle(panel)
    view = panel.classified
    assert panel.page is view and view.heading.text() == "4 images of yours"
    assert len(view.grid.pictures) == 4 and view.grid.pictures[0].tip.startswith("0.png: ")
    assert view.refused.text() == "2 files could not be read."
    assert [line.split(" is ")[0] for line in view.reasons()] == ["empty.png", "notes.txt"]
    assert view.detail.facts.text() == "0.png" and len(view.detail.bars.bars()) == 4
    view.back.click()
    assert panel.page is panel.review


def test_light_and_dark_are_exchanged_by_hand(panel, folder, pictures):
    open_run(panel, folder)
    panel.classify([pictures])
    settle(panel)
    view = panel.classified
    before = view.grid.pictures[0].pixels
    view.grid.current = 2
    assert not view.invert.isChecked() and "exchanged" not in view.note.text()
    view.invert.click()
    settle(panel)
    assert np.array_equal(view.grid.pictures[0].pixels, 255 - before)
    assert view.grid.current == 2 and "exchanged" not in view.note.text()


def test_light_and_dark_are_exchanged_by_itself_where_the_grounds_differ(panel, folder, pictures, monkeypatch):
    load = Blobs.load
    monkeypatch.setattr(Blobs, "load", lambda self, source: darkened(load(self, source)))
    save(pictures / "0.png", 0, 250, 200)
    open_run(panel, folder)
    panel.classify([pictures / "0.png"])
    settle(panel)
    assert panel.classified.invert.isChecked()
    assert panel.classified.note.text().startswith("Light and dark were exchanged")
    assert panel.classified.heading.text() == "1 image of yours"


def darkened(bundle):
    bundle.training.inputs.fill_(20)
    return bundle


def test_files_dropped_on_it_are_classified(panel, folder, pictures):
    open_run(panel, folder)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(pictures / "1.png"))])
    none, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    entering = QDragEnterEvent(panel.rect().center(), Qt.DropAction.CopyAction, mime, left, none)
    panel.dragEnterEvent(entering)
    assert entering.isAccepted()
    panel.dropEvent(QDropEvent(QPointF(panel.rect().center()), Qt.DropAction.CopyAction, mime, left, none))
    settle(panel)
    assert [picture.tip.split(":")[0] for picture in panel.classified.grid.pictures] == ["1.png"]


def test_words_dropped_on_it_are_not_taken(panel):
    mime = QMimeData()
    mime.setText("words")
    none, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    entering = QDragEnterEvent(panel.rect().center(), Qt.DropAction.CopyAction, mime, left, none)
    entering.ignore()
    panel.dragEnterEvent(entering)
    assert not entering.isAccepted()


def test_files_are_chosen_by_the_button(panel, folder, pictures, monkeypatch):
    open_run(panel, folder)
    monkeypatch.setattr(panel, "ask_files", lambda: [pictures / "2.png"])
    panel.head.classify.click()
    settle(panel)
    assert panel.page is panel.classified
    monkeypatch.setattr(panel, "ask_files", list)
    panel.classified.more.click()
    assert panel.page is panel.classified and panel.classified.grid.pictures[0].tip.startswith("2.png")


def test_without_a_network_pictures_can_not_be_classified_and_it_says_when(panel, pictures):
    panel.show_run(None)
    panel.classify([pictures])
    assert "no trained network yet" in shown_words(panel)


def test_only_unreadable_files_are_named_and_nothing_else_is_shown(panel, folder, pictures):
    open_run(panel, folder)
    panel.classify([pictures / "empty.png"])
    settle(panel)
    view = panel.classified
    assert view.refused.text() == "Not read: empty.png is empty: 0 bytes."
    assert not view.grid.isVisible() and not view.invert.isVisible() and not view.detail.isVisible()


def test_where_it_looked_in_a_picture_of_the_user_s_own(panel, folder, pictures):
    open_run(panel, folder)
    panel.classify([pictures])
    settle(panel)
    panel.classified.detail.look.click()
    settle(panel)
    assert panel.classified.detail.picture.strength.shape == (8, 8)


def test_another_network_classifies_the_same_pictures_again(panel, folder, pictures, known, tmp_path):
    open_run(panel, folder)
    panel.classify([pictures])
    settle(panel)
    before = panel.classified.classified
    other = train(known, tmp_path / "other", epochs=1, seed=5)
    open_run(panel, other)
    after = panel.classified.classified
    assert panel.page is panel.classified and after.pile is before.pile
    assert not np.array_equal(after.outputs, before.outputs)


# --- a regression ------------------------------------------------------------------------------------


def test_a_regression_shows_predicted_against_true_and_the_worst_first(panel, known, tmp_path):
    folder = train(known, tmp_path / "slope", dataset=Slope(), loss="mse", scaling="no-scaling", model="mlp:hidden=8")
    open_run(panel, folder)
    made = panel.predictions
    assert panel.page is panel.scatter
    assert "R²" in panel.head.figures.text() and "RMSE" in panel.head.figures.text()
    x, y = panel.scatter.points.getData()
    assert x == pytest.approx(made.targets.ravel()) and y == pytest.approx(made.outputs.ravel())
    errors = [abs(float(line[3])) for line in panel.scatter.table.texts()]
    assert len(errors) == 40 and errors == sorted(errors, reverse=True)
    panel.classify([save(tmp_path / "a.png", 0)])
    settle(panel)
    assert "values" in shown_words(panel) or "pictures have" in shown_words(panel)


# --- in the window -----------------------------------------------------------------------------------


def test_in_the_window_the_tab_follows_a_run_and_opens_a_cell(app, tmp_path):
    window = Driver(app, tmp_path)
    try:
        window.set(epochs=2, threads="1", train_samples="200")
        window.press("tab_predictions")
        panel = window.window.centre.tab("predictions")
        assert panel.page is panel.message
        window.train()
        run = window.session.run
        pump(lambda: panel.predictions is not None and panel.predictions.epoch == run.best.epoch)
        made = panel.predictions
        assert made.loss == pytest.approx(run.best.val_loss, rel=1e-5) and made.accuracy == run.best.val_accuracy
        cell = mistaken_cell(made)
        panel.review.matrix.opened.emit(*cell)
        assert len(panel.review.images.grid.pictures) == made.confusion[cell]
    finally:
        window.close()


# --- labels that may be wrong ------------------------------------------------------------------------


def test_labels_that_may_be_wrong_are_saved_as_a_list(panel, folder, tmp_path, monkeypatch):
    open_run(panel, folder)
    images, offer = panel.review.images, panel.review.images.suspects
    assert offer.isHidden()
    images.filter.setCurrentIndex(3)
    images.filter.activated.emit(3)
    count = int(panel.predictions.suspected.sum())
    assert count > 0 and offer.isVisible()
    monkeypatch.setattr(offer, "ask_file", lambda: None)
    offer.save.click()
    assert offer.told.text() == ""
    monkeypatch.setattr(offer, "ask_file", lambda: tmp_path / "list")
    offer.save.click()
    rows = (tmp_path / "list.csv").read_text().splitlines()
    assert len(rows) == count + 1 and rows[0].startswith("file,sample,label,suggested")
    assert str(tmp_path / "list.csv") in offer.told.text()
    monkeypatch.setattr(offer, "ask_file", lambda: tmp_path / "absent" / "list.csv")
    offer.save.click()
    assert "no file that can be written" in offer.told.text()
    images.filter.setCurrentIndex(0)
    images.filter.activated.emit(0)
    assert offer.isHidden()


@pytest.mark.parametrize("ticked", [[], ["gaussian-noise:sigma=0.3", "random-horizontal-flip"]], ids=["plain", "noise"])
def test_an_autoencoder_shows_images_beside_what_it_gives_back(panel, known, folder, tmp_path, ticked):
    values = {"model": "mlp-autoencoder:hidden=8", "loss": "mse", "dataset": Blobs(noise=20)}
    other = train(known, tmp_path / "autoencoder", ticked=ticked, **values)
    open_run(panel, other)
    made = panel.predictions
    assert panel.page is panel.given_back and not panel.head.classify.isEnabled()
    words = panel.head.figures.text()
    assert f"{made.loss:.3g}" in words and "40" in words and "Accuracy" not in words
    pictures, images = panel.given_back.grid.pictures, made.images
    assert [image.row for image in images] == list(range(40)) and len(pictures) == 40
    for picture, image in zip(pictures, images, strict=True):
        parts = np.split(picture.pixels, [8, 10, 18, 20], axis=1)[::2]
        wanted = [image.original, image.result] if not ticked else [image.original, image.spoilt, image.result]
        assert all(np.array_equal(one, another) for one, another in zip(parts, wanted, strict=False))
        assert picture.pixels.shape == (8, 10 * len(wanted) - 2)
    open_run(panel, folder)
    assert panel.page is panel.review and panel.head.classify.isEnabled()


def test_an_autoencoder_of_features_has_its_loss_alone(panel, known, tmp_path):
    values = {"model": "mlp-autoencoder:hidden=2", "loss": "mse", "dataset": Slope()}
    open_run(panel, train(known, tmp_path / "features", **values))
    assert panel.page is panel.given_back and panel.given_back.grid.isHidden()
    assert "no images" in panel.given_back.sentence.text()


def test_pictures_that_are_dropped_on_an_autoencoder_are_refused_in_words(panel, known, tmp_path):
    values = {"model": "mlp-autoencoder:hidden=8", "loss": "mse", "dataset": Blobs()}
    open_run(panel, train(known, tmp_path / "autoencoder", **values))
    Image.new("L", (8, 8)).save(tmp_path / "one.png")
    panel.classify([tmp_path / "one.png"])
    settle(panel)
    assert "knows no classes" in shown_words(panel)


def test_the_same_data_are_told_apart_by_what_a_model_is_to_give(bench, known):
    classifier = tiny_config(known, dataset=Blobs())
    autoencoder = tiny_config(known, dataset=Blobs(), model="mlp-autoencoder:hidden=8", loss="mse")
    first, second = bench.parts(classifier), bench.parts(autoencoder)
    assert (first.spec.task, first.spec.outputs) == ("classification", 4)
    assert (second.spec.task, second.spec.outputs) == ("reconstruction", 64)
    assert bench.parts(classifier) is first and bench.parts(autoencoder) is second
