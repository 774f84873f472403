"""A folder is decoded once, by all processors, goes on where it was stopped, and takes no more room than it may."""

from __future__ import annotations

import os
import shutil
import threading
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.data import Source
from engine.message import InputError
from engine.pictures import reader as picture_reader
from engine.pictures.folder import list_pictures
from engine.pictures.reader import Form, Progress, decode

GB = 10**9


@pytest.fixture
def folder(tmp_path):
    """A folder of ten pictures, of which the number is the lightness, and one file that is none."""
    made = tmp_path / "pictures"
    for number in range(10):
        path = made / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (30, 20), 10 * number).save(path)
    (made / "a" / "5 bad.png").write_bytes(b"no picture")
    return made


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that are opened to be decoded."""
    names, read = [], picture_reader.read_picture

    def counting(path, *arguments):
        names.append(path.name)
        return read(path, *arguments)

    monkeypatch.setattr(picture_reader, "read_picture", counting)
    return names


def decoded(folder, data, form=None, report=None, most=GB):
    source = Source(data, report) if report else Source(data)
    made = decode(list_pictures(folder).files, form or Form(8), source, most, Progress(source))
    return replace(made, images=made.images[:])  # as one tensor, which can be compared


def levels(made):
    return [int(image[0, 0, 0]) for image in made.images]


LEVELS = [0, 20, 40, 60, 80, 10, 30, 50, 70, 90]
"""Of the ten pictures, by class and name."""


def test_pictures_come_in_the_order_of_their_files_and_are_decoded_once(folder, tmp_path, opened):
    first = decoded(folder, tmp_path / "data")
    assert first.images.shape == (10, 1, 8, 8) and levels(first) == LEVELS
    assert {place: reason.code for place, reason in first.refused.items()} == {3: "no-picture"}
    assert len(opened) == 11
    again = decoded(folder, tmp_path / "data")
    assert again.images.equal(first.images) and again.refused == first.refused and len(opened) == 11


def test_a_picture_that_was_changed_put_in_or_taken_away_makes_others(folder, tmp_path):
    decoded(folder, tmp_path / "data")
    Image.new("L", (30, 20), 200).save(folder / "a" / "0.png")
    assert levels(decoded(folder, tmp_path / "data")) == [200, *LEVELS[1:]]
    (folder / "a" / "2.png").unlink()
    assert levels(decoded(folder, tmp_path / "data")) == [200, *LEVELS[2:]]
    Image.new("L", (30, 20), 7).save(folder / "b" / "99.png")
    assert levels(decoded(folder, tmp_path / "data")) == [200, *LEVELS[2:], 7]


def test_a_folder_that_was_moved_is_known_by_its_content(folder, tmp_path, opened):
    decoded(folder, tmp_path / "data")
    folder.rename(tmp_path / "elsewhere")
    decoded(tmp_path / "elsewhere", tmp_path / "data")
    assert len(opened) == 11


def test_other_sizes_and_ways_to_make_them_square_are_kept_apart(folder, tmp_path):
    wide = Image.new("L", (30, 20), 255)
    wide.paste(0, (0, 0, 5, 20))
    wide.save(folder / "a" / "0.png")
    for resize, left in (("crop", 255), ("stretch", 0), ("pad", 0)):
        made = decoded(folder, tmp_path / "data", Form(6, resize))
        assert made.images.shape[2:] == (6, 6)
        assert int(made.images[0, 0, 3, 0]) == pytest.approx(left, abs=60)
    assert made.images[0, 0, 0].max() == 0 and made.images[0, 0, 3].max() == 255, "above a padded picture it is black"


def test_colour_is_kept_where_any_file_has_it_and_can_be_asked_for(folder, tmp_path):
    assert decoded(folder, tmp_path / "data", Form(8, colour="rgb")).images.shape[1] == 3
    Image.new("RGB", (9, 9), (255, 0, 0)).save(folder / "b" / "red.png")
    made = decoded(folder, tmp_path / "data")
    assert made.images.shape[1] == 3 and made.images[-1, :, 0, 0].tolist() == [255, 0, 0]
    assert decoded(folder, tmp_path / "data", Form(8, colour="grey")).images[-1, 0, 0, 0] == 76


def test_what_was_decoded_stays_when_it_is_stopped(folder, tmp_path, opened, monkeypatch):
    monkeypatch.setattr(picture_reader, "PATIENCE", 0.0)
    monkeypatch.setattr(picture_reader, "PACE", 0.0)
    monkeypatch.setattr(picture_reader, "processors", lambda: 1)
    told = []

    def stop(text, fraction):
        told.append(fraction)
        if text.code == "reading-pictures" and fraction > 0.5:
            raise InputError("never-started", "stopped")

    with pytest.raises(InputError, match="stopped"):
        decoded(folder, tmp_path / "data", report=stop)
    begun = len(opened)
    assert 6 <= begun <= 11
    opened.clear()
    assert levels(decoded(folder, tmp_path / "data")) == LEVELS
    assert opened == ["1.png", "3.png", "5.png", "7.png", "9.png"], "six were done"


def test_a_person_is_told_how_far_it_is(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(picture_reader, "PATIENCE", 0.0)
    monkeypatch.setattr(picture_reader, "PACE", 0.0)
    told = []
    decoded(folder, tmp_path / "data", report=lambda text, fraction: told.append((str(text), fraction)))
    assert [fraction for text, fraction in told if text == "reading 11 pictures"] == [n / 11 for n in range(1, 12)]
    told.clear()
    decoded(folder, tmp_path / "data", report=lambda text, fraction: told.append((str(text), fraction)))
    assert told == [], "what is there already needs no patience"


def test_short_work_is_not_told(folder, tmp_path):
    told = []
    decoded(folder, tmp_path / "data", report=lambda text, fraction: told.append(str(text)))
    assert told == []


def test_work_is_kept_in_pieces_that_fit_into_memory(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(picture_reader, "KEPT_BYTES", 3 * 64)
    assert levels(decoded(folder, tmp_path / "data")) == LEVELS
    [journal] = (tmp_path / "data" / "pictures").glob("*/journal.jsonl")
    assert len(journal.read_text().splitlines()) == 1 + 4


def test_no_more_than_some_files_are_begun_ahead(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(picture_reader, "processors", lambda: 1)
    monkeypatch.setattr(picture_reader, "AHEAD", 2)
    begun = []
    results = picture_reader.in_order(lambda file: begun.append(file.name), list_pictures(folder).files)
    next(results)
    assert len(begun) <= 3
    results.close()
    assert len(begun) <= 3


def test_want_of_memory_is_no_fault_of_a_picture(folder, tmp_path, monkeypatch):
    def fail(*arguments):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(Image.Image, "load", fail)
        with pytest.raises(MemoryError):
            decoded(folder, tmp_path / "data")
    assert levels(decoded(folder, tmp_path / "data")) == LEVELS


def test_a_cache_that_may_not_be_so_large_is_refused_before_anything_is_decoded(folder, tmp_path, opened):
    with pytest.raises(InputError, match=r"smaller size or a larger cache"):
        decoded(folder, tmp_path / "data", most=11 * 64 - 1)
    assert opened == []
    decoded(folder, tmp_path / "data", most=11 * 64)


def test_no_more_than_half_of_what_is_free_is_taken(folder, tmp_path, opened, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2 * 11 * 64 - 1))
    with pytest.raises(InputError, match="make room"):
        decoded(folder, tmp_path / "data")
    assert opened == []
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2 * 11 * 64))
    decoded(folder, tmp_path / "data")


def test_older_caches_make_room(folder, tmp_path):
    for size in (8, 9, 10):
        decoded(folder, tmp_path / "data", Form(size))
    made = decoded(folder, tmp_path / "data", Form(11), most=11 * 11 * 11)
    assert len(list((tmp_path / "data" / "pictures").iterdir())) == 1
    assert levels(made) == LEVELS


def test_a_disk_that_fills_up_is_told_in_one_line_and_what_was_kept_stays_whole(folder, tmp_path, monkeypatch):
    flush, left = os.fsync, [3]

    def failing(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        flush(handle)

    with monkeypatch.context() as patched:
        patched.setattr(picture_reader, "KEPT_BYTES", 64)
        patched.setattr(os, "fsync", failing)
        with pytest.raises(InputError, match="No space left on device"):
            decoded(folder, tmp_path / "data")
    assert levels(decoded(folder, tmp_path / "data")) == LEVELS


def test_two_that_want_the_same_pictures_decode_them_once(folder, tmp_path, opened):
    made = []
    threads = [threading.Thread(target=lambda: made.append(decoded(folder, tmp_path / "data"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 11 and all(levels(each) == LEVELS for each in made) and len(made) == 3


def test_many_threads_give_what_one_gives(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 60, 3), dtype=np.uint8)
    for number, each in enumerate(pixels):
        path = tmp_path / "pictures" / "ab"[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(each).save(path)
    made = []
    for count in (1, 7):
        monkeypatch.setattr(picture_reader, "processors", lambda count=count: count)
        made.append(decoded(tmp_path / "pictures", tmp_path / f"data {count}").images)
    assert made[0].equal(made[1])
