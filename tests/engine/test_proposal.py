"""What is proposed for a folder of pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

import engine.preview.estimate
from engine.config import recipe
from engine.message import InputError
from engine.pictures.folder_look import SAMPLED, Seen, look, spread
from engine.proposal import BATCHES, RECIPE, decoded, propose, with_folder
from tests.engine.support import tiny_config


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(engine.preview.estimate, "MEASURED_SECONDS", 0.001)
    monkeypatch.setattr(engine.preview.estimate, "EVALUATED_SECONDS", 0.001)
    monkeypatch.setattr(engine.preview.estimate, "processors", lambda: 1)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "사진"
    made.mkdir()
    return made


def fill(folder, *names, size=(40, 36), mode="RGB"):
    draw = np.random.default_rng(0)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = draw.integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(folder / name)


def many(folder, count=12, classes="ab", **options):
    fill(folder, *(f"{label}/{number}.png" for label in classes for number in range(count)), **options)


def seen(pictures=3_000, side=480, classes=14, validation=0, test=0, folder=None):
    return Seen(folder, (pictures, validation, test), classes, 0, side, 3, ())


# --- a look ---------------------------------------------------------------------------------------


def test_a_look_counts_and_changes_nothing(folder):
    many(folder, size=(50, 40))
    fill(folder, "test/a/1.png")
    (folder / "read me.txt").write_text("what this is")
    before = sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    found = look(folder)
    assert (found.parts, found.classes) == ((24 + 1, 0, 0), 3)  # without a folder train, test is a class like others
    assert (found.left_out, found.side, found.channels) == (1, 40, 3)
    assert sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*")) == before


def test_parts_are_those_that_the_folder_has(folder):
    for part, count in (("train", 6), ("val", 2), ("test", 3)):
        many(folder / part, count)
    assert look(folder).parts == (12, 4, 6)


def test_grey_pictures_have_one_channel(folder):
    many(folder, mode="L")
    assert look(folder).channels == 1


def refusal(folder, do=look):
    with pytest.raises(InputError) as raised:
        do(folder)
    assert "\n" not in str(raised.value)
    return raised.value.message.code


def test_what_is_no_folder_of_classes_is_refused_with_what_to_do(folder):
    assert refusal(folder) == "folder-empty"
    fill(folder, "1.png", "2.png")
    assert refusal(folder) == "folder-without-classes"
    many(folder, 3, "a")
    assert refusal(folder) == "folder-of-one-class"
    assert refusal(folder / "nowhere") == "no-folder"


def test_files_that_are_no_pictures_are_told_before_anything_is_trained(folder):
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "notes.txt").write_text("no picture")
    assert refusal(folder) == "no-pictures"


def test_a_look_is_given_up_when_it_is_no_longer_asked_for(folder):
    many(folder)

    def stop():
        raise InputError("given-up", "given up")

    assert refusal(folder, lambda path: look(path, stop)) == "given-up"


@given(some.integers(0, 500), some.integers(1, 50))
def test_files_are_tried_all_over_the_list(count, most):
    chosen = spread(list(range(count)), most)
    assert len(chosen) == min(count, most) == len(set(chosen)) and chosen == sorted(chosen)
    if count > most:
        assert max(np.diff([*chosen, count])) <= -(-count // most)


# --- settings -------------------------------------------------------------------------------------


@pytest.fixture
def offers(catalogue, tmp_path, monkeypatch):
    """What is proposed, without measuring: the settings."""

    def made(what, present=None):
        what = dataclasses.replace(what, folder=tmp_path)
        return [offer.config for offer in propose(what, catalogue, tmp_path, lambda: True, present).offers]

    return made


def test_photographs_are_offered_a_frozen_pretrained_network_and_small_pictures_are_not(offers):
    for side, sizes in ((2_000, [224, 64]), (168, [224, 64]), (120, [128, 64]), (64, [64]), (28, [28]), (5, [16])):
        made = offers(seen(side=side))
        assert sorted((config.dataset.size for config in made), reverse=True) == sizes, side
    frozen = next(config for config in offers(seen()) if config.fine_tuning)
    assert frozen.model.weights == "imagenet" and frozen.model.size == frozen.dataset.size == 224
    assert frozen.augmentations == (), "what a frozen body makes of an image is computed once"


@given(some.integers(2, 200_000), some.integers(16, 3_000), some.integers(2, 40), some.booleans())
def test_whatever_the_folder_the_settings_are_valid_and_batches_fit_it(catalogue, tmp_path_factory, n, side, k, parts):
    what = seen(n, side, k, validation=n // 5 * parts, test=n // 5 * parts, folder=tmp_path_factory.getbasetemp())
    base = recipe(RECIPE, catalogue)
    for offer in propose(what, catalogue, what.folder, lambda: True).offers:
        config = offer.config
        config.check()
        assert BATCHES[0] <= config.batch_size <= BATCHES[1]
        assert config.batch_size == BATCHES[0] or config.batch_size * 10 <= n
        assert base.epochs // 2 <= config.epochs <= 2 * base.epochs
        assert (config.validation_samples == "20%") == (what.pictures < 1_000)


def test_fewer_pictures_are_shown_more_often(offers):
    for place in (0, 1):
        few, some_, more = (offers(seen(n))[place].epochs for n in (100, 2_000, 100_000))
        assert few > some_ > more


def test_what_is_no_matter_of_the_pictures_stays(offers, catalogue):
    present = tiny_config(catalogue, seed=7, threads="1", device="cpu", split_seed=3)
    for config in offers(seen(), present):
        assert (config.seed, config.split_seed, config.threads, config.device) == (7, 3, "1", "cpu")


def test_the_data_set_alone_can_be_taken(catalogue, tmp_path):
    before = tiny_config(catalogue)
    after = with_folder(before, seen(folder=tmp_path), catalogue)
    assert (after.dataset.id, after.dataset.path, after.dataset.size) == ("image-folder", str(tmp_path), 64)
    assert after.changed({"dataset": before.dataset}) == before


def test_where_nothing_is_measured_nobody_is_led_to_a_download_unasked(catalogue, tmp_path):
    plain, pretrained = propose(seen(folder=tmp_path), catalogue, tmp_path, lambda: True).offers
    assert (plain.first, plain.download) == (pretrained.first, None)
    assert plain.config.fine_tuning is None and "downloaded" in str(pretrained.download)


# --- what they take -------------------------------------------------------------------------------


def test_time_is_measured_on_a_few_files_and_reckoned_for_all(folder, catalogue, tmp_path, monkeypatch):
    many(folder)
    found = dataclasses.replace(look(folder), parts=(2_400, 0, 0))
    read = []
    monkeypatch.setattr("engine.proposal.read_picture", lambda path, *rest: read.append(path) or np.zeros((40, 40, 3)))
    monkeypatch.setattr("engine.proposal.fit", lambda picture, shape: np.zeros(shape, np.uint8))
    [offer] = propose(found, catalogue, tmp_path / "data").offers
    assert len(read) == SAMPLED and offer.fits and offer.download is None
    assert offer.first > 0 and offer.whole > offer.first
    assert not (tmp_path / "data").exists()


def test_weights_that_are_not_here_are_offered_second_and_not_fetched(folder, catalogue, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *given, **more: pytest.fail("it was downloaded"))
    many(folder, 4, size=(170, 180))
    plain, pretrained = propose(look(folder), catalogue, tmp_path / "data").offers
    assert (plain.config.model.id, plain.download) == ("small-resnet", None)
    assert pretrained.config.model.weights == "imagenet" and "MB" in str(pretrained.download)
    assert pretrained.first > 0 and list(tmp_path.rglob("*.pth*")) == []


def test_weights_that_are_here_make_the_pretrained_network_the_proposal(folder, catalogue, tmp_path, monkeypatch):
    many(folder, 4, size=(170, 180))
    model = next(each for each in recipe(RECIPE, catalogue).offered if each.kind == "model")
    monkeypatch.setattr(type(model), "pretrained", lambda self, network, source: None)
    first, second = propose(look(folder), catalogue, tmp_path / "data").offers
    assert first.config.model.weights == "imagenet" and first.download is None
    assert second.config.model.id == "small-resnet"


def test_a_frozen_body_runs_once_and_the_other_epochs_take_next_to_nothing(folder, catalogue, tmp_path, monkeypatch):
    many(folder, 4, size=(170, 180))
    _, frozen = propose(dataclasses.replace(look(folder), parts=(1_000, 0, 0)), catalogue, tmp_path / "data").offers
    assert frozen.config.epochs >= 10 and frozen.whole < 2 * frozen.first


def test_pictures_that_can_not_be_decoded_are_told(folder):
    many(folder)
    found = look(folder)
    for file in found.some:
        file.path.write_bytes(file.path.read_bytes()[:60])
    assert refusal(folder, lambda path: decoded(found, 64)) == "no-pictures"
