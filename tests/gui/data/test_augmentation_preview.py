"""The preview follows the settings: the same images, changed as the ticked techniques change them."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint

from engine.preview.data_view import facts_of
from engine.strategy import Augmentation
from gui.data.augmentation_preview import AugmentationPreview
from gui.data.panel import DataPanel
from gui.data.rows import PictureRows, Row
from gui.widgets.image_grid import Picture
from tests.engine.support import tiny_config
from tests.gui.data.test_data_panel import settle

STORED, SEEN, VALIDATION = range(3)


@pytest.fixture
def preview(bench, show):
    return show(AugmentationPreview(bench), 700, 300)


def pixels(preview, row):
    return np.stack([picture.pixels for picture in preview.rows.rows[row].pictures])


def show_settings(preview, config):
    preview.show_settings(config, facts_of(preview._bench.parts(config), config))
    settle(preview_panel(preview))


def preview_panel(preview):
    """What `settle` asks for its background."""
    return type("Panel", (), {"bench": preview._bench})


class Breaks(Augmentation):
    """Raises."""

    def __call__(self, images, generator):
        raise RuntimeError("out of ink")


def test_nothing_ticked_says_so_and_what_to_tick(preview, catalogue):
    show_settings(preview, tiny_config(catalogue, ticked=["dropout"]))
    assert (
        preview.summary.text().startswith("Nothing ticked changes the images")
        and "Augmentation" in preview.summary.text()
    )
    assert not preview.again.isEnabled()
    np.testing.assert_array_equal(pixels(preview, STORED), pixels(preview, SEEN))


def test_ticked_techniques_are_named_in_their_order_and_applied_to_training_images_alone(preview, catalogue):
    show_settings(preview, tiny_config(catalogue))
    stored, validation = pixels(preview, STORED), pixels(preview, VALIDATION)
    show_settings(preview, tiny_config(catalogue, ticked=["random-vertical-flip:p=1", "random-horizontal-flip:p=1"]))
    assert preview.summary.text() == "In this order: Random vertical flip → Random horizontal flip. In training only."
    np.testing.assert_array_equal(pixels(preview, STORED), stored)
    np.testing.assert_array_equal(pixels(preview, SEEN), stored[:, ::-1, ::-1])
    np.testing.assert_array_equal(pixels(preview, VALIDATION), validation)
    assert [(row.title, row.note) for row in preview.rows.rows][VALIDATION] == ("Validation", "is never augmented")


def test_a_parameter_redraws_with_the_same_dice_and_another_draw_casts_others(preview, catalogue):
    show_settings(preview, tiny_config(catalogue, ticked=["gaussian-noise:sigma=0.1"]))
    stored, weak = pixels(preview, STORED).astype(int), pixels(preview, SEEN).astype(int)
    show_settings(preview, tiny_config(catalogue, ticked=["gaussian-noise:sigma=0.2"]))
    strong = pixels(preview, SEEN).astype(int)
    inside = (strong > 0) & (strong < 255) & (weak > 0) & (weak < 255)
    np.testing.assert_allclose((strong - stored)[inside], 2 * (weak - stored)[inside], atol=2)
    preview.again.click()
    settle(preview_panel(preview))
    np.testing.assert_array_equal(pixels(preview, STORED), stored)
    assert not np.array_equal(pixels(preview, SEEN), strong)


def test_mixed_labels_are_told_with_their_shares(preview, catalogue):
    show_settings(preview, tiny_config(catalogue, ticked=["mixup"]))
    assert preview.summary.text() == "In this order: Mixup. In training only."
    for number, picture in enumerate(preview.rows.rows[SEEN].pictures[1:], 1):
        names = {preview.rows.rows[STORED].pictures[other].caption for other in (number, number - 1)}
        lines = picture.caption.split("\n")
        shares = [int(line.split(" % ")[0]) for line in lines]
        assert {line.split(" % ")[1] for line in lines} <= names and shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(100, abs=3)
        assert picture.tip == ", ".join(lines)


def test_a_technique_that_fails_is_one_line_and_the_rest_of_the_tab_works(bench, show, catalogue):
    panel = show(DataPanel(bench), 900, 900)
    settle(panel, tiny_config(catalogue, ticked=[Breaks(), "random-vertical-flip:p=1"]))
    assert panel.preview.trouble.text() == "breaks failed: RuntimeError: out of ink"
    assert panel.preview.trouble.isVisible() and panel.samples.grid.pictures
    rows = panel.preview.rows.rows
    np.testing.assert_array_equal(rows[SEEN].pictures[0].pixels, rows[STORED].pictures[0].pixels[::-1])
    settle(panel, tiny_config(catalogue, ticked=["random-vertical-flip:p=1"]))
    assert not panel.preview.trouble.isVisible()


def test_other_data_are_previewed_even_with_the_same_techniques(bench, show, catalogue):
    panel = show(DataPanel(bench), 900, 900)
    settle(panel, tiny_config(catalogue))
    before = [picture.pixels for picture in panel.preview.rows.rows[STORED].pictures]
    settle(panel, tiny_config(catalogue, split_seed=3, train_samples="40"))
    after = [picture.pixels for picture in panel.preview.rows.rows[STORED].pictures]
    assert not all(np.array_equal(one, other) for one, other in zip(before, after, strict=False))


@pytest.fixture
def rows(show):
    made = show(PictureRows(), 700, 300)
    pictures = tuple(
        Picture(np.full((8, 8), number, np.uint8), f"class {number}", f"tip {number}") for number in range(16)
    )
    made.show_rows([Row("Training", "as stored", pictures), Row("Validation", "is never augmented", pictures)])
    return made


def test_rows_have_as_many_columns_as_fit_aligned_under_each_other(rows):
    wide = rows.columns
    (_, _, first), (_, _, second) = rows._places()
    assert len(first) == len(second) == min(16, wide)
    assert [room.left() for _, room in first] == [room.left() for _, room in second]
    assert all(room.right() < 700 for _, room in first)
    rows.resize(300, 300)
    assert rows.columns < wide


def test_every_picture_has_a_tip_and_a_word_for_screen_readers(rows):
    _, _, places = rows._places()[1]
    _, room = places[2]
    assert rows.tip_at(room.center()) == "tip 2"
    assert rows.tip_at(QPoint(1, 1)) == ""
    assert rows.accessibleDescription().startswith("Training: tip 0, tip 1, ")
