"""A user's pictures told apart: in order, with the unreadable named, light and dark as the network knows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.catalogue import Catalogue, Entry
from engine.checkpoints.checkpoint import write_checkpoint
from engine.data import Source
from engine.message import InputError
from engine.trained import classify as rooms
from engine.trained.classify import classify, picture_files, read_pile, should_invert
from engine.trained.predictions import open_network
from tests.engine.support import Blobs, run_stored, tiny_config

SHAPE = (1, 8, 8)


@pytest.fixture
def network(catalogue, tmp_path):
    known = Catalogue([*catalogue.entries, Entry("blobs", "dataset", Blobs, "the tests")])
    _, store, _ = run_stored(tiny_config(known, epochs=12, dataset=Blobs(noise=10)))
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, store.best())
    return open_network(path, known)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def save(path, pixels):
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)
    return path


def quarter(top, left, dark=90, light=150, edge=16):
    pixels = np.full((edge, edge), dark, np.uint8)
    half = edge // 2
    pixels[top * half : (top + 1) * half, left * half : (left + 1) * half] = light
    return pixels


def test_pictures_of_any_size_are_told_apart(network, folder):
    for number in range(4):
        save(folder / f"{number}.png", quarter(*divmod(number, 2), edge=16 * (number + 1)))
    made = classify(network, read_pile([folder], SHAPE))
    assert made.predicted.tolist() == [0, 1, 2, 3]
    assert made.outputs.shape == (4, 4) and made.outputs.sum(1) == pytest.approx(np.ones(4), abs=1e-5)
    assert [path.name for path in made.pile.files] == [f"{number}.png" for number in range(4)]
    assert made.images.shape == (4, *SHAPE) and made.images.dtype == np.uint8


def test_inverted_light_becomes_dark_before_the_network_sees_it(network, folder):
    save(folder / "a.png", 255 - quarter(1, 0))
    pile = read_pile([folder], SHAPE)
    made = classify(network, pile, invert=True)
    assert made.predicted.tolist() == [2] and made.inverted
    assert np.array_equal(made.images, 255 - pile.images)


def test_what_can_not_be_read_is_named_and_the_rest_is_there(folder):
    save(folder / "good.png", quarter(0, 0))
    (folder / "bad.png").write_bytes(b"")
    (folder / "notes.txt").write_text("words")
    pile = read_pile([folder, folder / "absent.png"], SHAPE)
    assert [path.name for path in pile.files] == ["good.png"]
    told = {refused.name: refused.reason.code for refused in pile.refused}
    assert told == {"bad.png": "empty-file", "notes.txt": "no-picture", "absent.png": "unreadable"}


def test_nothing_to_read_gives_nothing_and_says_why(network, folder):
    pile = read_pile([folder], SHAPE)
    assert pile.images.shape == (0, *SHAPE) and [refused.reason.code for refused in pile.refused] == ["no-files"]
    assert classify(network, pile).predicted.tolist() == []


def test_files_come_in_the_order_of_their_numbers_without_those_of_the_system(folder):
    for name in ("b 10.png", "b 2.png", "A.png", ".hidden.png", "Thumbs.db"):
        (folder / name).touch()
    (folder / "within").mkdir()
    files, refused = picture_files([folder])
    assert [file.name for file in files] == ["A.png", "b 2.png", "b 10.png"]
    assert refused == []


def test_of_too_many_files_the_first_are_taken_and_the_others_counted(folder, monkeypatch):
    monkeypatch.setattr(rooms, "MOST_FILES", 2)
    for number in range(5):
        save(folder / f"{number}.png", quarter(0, 0))
    pile = read_pile([folder], SHAPE)
    assert [file.name for file in pile.files] == ["0.png", "1.png"] and pile.left_out == 3


def test_a_network_that_takes_no_pictures_says_so_before_a_file_is_opened(folder):
    with pytest.raises(InputError, match="pictures have 1 or 3 channels"):
        read_pile([folder / "absent.png"], (5,))


def test_reading_is_given_up_when_told(folder):
    save(folder / "a.png", quarter(0, 0))
    with pytest.raises(InputError, match="given up"):
        read_pile([folder], SHAPE, lambda: False)


@pytest.mark.parametrize(("background", "training", "expected"), [
    (250, 20, True), (250, 200, False), (30, 20, False), (120, 20, False),
])  # fmt: skip
def test_light_and_dark_are_exchanged_where_the_backgrounds_differ(network, folder, background, training, expected):
    for number in range(3):
        save(folder / f"{number}.png", quarter(0, 0, background, background))
    save(folder / "other.png", quarter(0, 0, 128, 128))
    part = Blobs().load(Source(Path())).training
    part.inputs.fill_(training)
    assert should_invert(network, read_pile([folder], SHAPE), part) == expected


def test_without_the_training_images_their_mean_tells_how_dark_they_are(network, folder):
    save(folder / "a.png", quarter(0, 0, 250, 250))
    pile = read_pile([folder], SHAPE)
    network.scale.mean.fill_(40)
    assert should_invert(network, pile, None)
    network.scale.mean.fill_(0)  # scaled to 0–1, which tells nothing of the images
    assert not should_invert(network, pile, None)


def test_a_network_that_predicts_values_tells_no_pictures_apart(network, folder, monkeypatch):
    save(folder / "a.png", quarter(0, 0))
    pile = read_pile([folder], SHAPE)
    monkeypatch.setattr(network.predictor, "spec", replace(network.spec, task="regression"))
    with pytest.raises(InputError, match="knows no classes"):
        classify(network, pile)
