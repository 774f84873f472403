"""Decoded pictures are kept whole or not at all, whatever ends the process and whoever changes the files."""

from __future__ import annotations

import os
import random
import shutil
import threading

import numpy as np
import pytest

from engine.message import InputError, message
from engine.pictures.cache import PictureCache, remove_caches
from engine.pictures.journal import JOURNAL, PIXELS
from engine.pictures.kept import delete_files, list_kept, remove_kept

SHAPE = (1, 3, 4)
BAD = message("damaged-picture", "{name} is damaged", name="a.png")
UNREADABLE = message("unreadable", "{path} can't be read", path="b.png")


@pytest.fixture(autouse=True)
def _no_flush(monkeypatch):
    """No power is cut here, and a disk that others use would make hundreds of flushes slow."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def picture(number):
    return np.full(SHAPE, number, dtype=np.uint8)


def filled(folder, *blocks):
    with PictureCache(folder) as cache:
        cache.begin(SHAPE)
        for block in blocks:
            cache.add(block)
    return folder


def numbers(folder):
    with PictureCache(folder) as cache:
        if cache.shape is None:
            return None
        return cache.files, [int(image[0, 0, 0]) for image in cache.images()[:]], sorted(cache.refused)


BLOCKS = ([picture(1), BAD, picture(2)], [BAD], [picture(3), picture(4)])


def test_what_was_added_is_there_again_with_what_was_refused_by_its_place(tmp_path):
    filled(tmp_path, *BLOCKS)
    assert numbers(tmp_path) == (6, [1, 2, 3, 4], [1, 3])
    with PictureCache(tmp_path) as cache:
        assert cache.shape == SHAPE and cache.refused[3] == BAD


def test_it_goes_on_where_it_ended(tmp_path):
    filled(tmp_path, *BLOCKS[:2])
    with PictureCache(tmp_path) as cache:
        cache.add(BLOCKS[2])
    assert numbers(tmp_path) == (6, [1, 2, 3, 4], [1, 3])


@pytest.mark.parametrize("name", [JOURNAL, PIXELS])
def test_cut_anywhere_it_holds_whole_blocks_alone(tmp_path, name):
    whole = (filled(tmp_path / "whole", *BLOCKS) / name).read_bytes()
    seen = set()
    for length in range(len(whole)):
        path = filled(tmp_path / f"cut {length}", *BLOCKS) / name
        path.write_bytes(whole[:length])
        with PictureCache(path.parent) as cache:
            seen.add(cache.files)
            if cache.shape is None:
                cache.begin(SHAPE)
            held = [int(image[0, 0, 0]) for image in cache.images()[:]]
            assert held == [1, 2, 3, 4][: len(held)] and len(held) == cache.rows
            rest = [each for block in BLOCKS for each in block][cache.files :]
            cache.add(rest)
        assert numbers(path.parent) == (6, [1, 2, 3, 4], [1, 3]), length
    assert {0, 4} <= seen <= {0, 3, 4, 6}


def test_a_change_of_any_byte_of_the_pictures_is_found_out(tmp_path):
    for place in range(48):
        filled(tmp_path, *BLOCKS)
        changed = bytearray((tmp_path / PIXELS).read_bytes())
        assert len(changed) == 48
        changed[place] ^= 1
        (tmp_path / PIXELS).write_bytes(changed)
        with PictureCache(tmp_path) as cache:
            assert cache.files == (0 if place < 24 else 4)
            cache.add([each for block in BLOCKS for each in block][cache.files :])
        assert numbers(tmp_path) == (6, [1, 2, 3, 4], [1, 3])


WHOLE = [(0, [], []), (3, [1, 2], [1]), (4, [1, 2], [1, 3]), (6, [1, 2, 3, 4], [1, 3])]
"""What may be left of the blocks: the first of them."""


def test_a_journal_of_any_other_content_is_begun_anew_or_cut(tmp_path):
    filled(tmp_path, *BLOCKS)
    whole, draw = (tmp_path / JOURNAL).read_bytes(), random.Random(0)
    for _ in range(300):
        changed = bytearray(whole)
        for _ in range(draw.choice((1, 3, 30))):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        (tmp_path / JOURNAL).write_bytes(changed)
        held = numbers(tmp_path)
        assert held is None or held in WHOLE
    for text in (
        b"",
        b"null\n",
        b"[]\n",
        b'{"format": 1, "shape": 3}\n',
        b'{"format": 2, "shape": [1, 3, 4]}\n',
        b"\xff\n",
    ):
        (tmp_path / JOURNAL).write_bytes(text)
        with PictureCache(tmp_path) as cache:
            assert cache.shape is None


def test_what_the_system_would_not_let_be_read_is_tried_again(tmp_path):
    filled(tmp_path, [picture(1)], [UNREADABLE, picture(2)], [picture(3)])
    assert numbers(tmp_path) == (1, [1], [])


def test_who_writes_into_the_pictures_writes_into_memory(tmp_path):
    filled(tmp_path, *BLOCKS)
    with PictureCache(tmp_path) as cache:
        cache.images()[:].fill_(9)
    assert numbers(tmp_path)[1] == [1, 2, 3, 4]


def test_another_waits_until_the_first_is_done(tmp_path):
    waits, may_end = threading.Event(), threading.Event()

    def second():
        with PictureCache(tmp_path, waits.set) as cache:
            assert cache.files == 3
        may_end.set()

    with PictureCache(tmp_path) as cache:
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(30)
        cache.begin(SHAPE)
        cache.add(BLOCKS[0])
        assert not may_end.is_set()
    thread.join(30)
    assert may_end.is_set()


def test_one_that_is_removed_while_another_waits_for_it_is_begun_anew(tmp_path):
    folder = filled(tmp_path / "a", *BLOCKS)
    waits, opened = threading.Event(), []

    def second():
        with PictureCache(folder, waits.set) as cache:
            opened.append(cache.files)

    with PictureCache(folder):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(30)
        delete_files(folder)
        shutil.rmtree(folder, ignore_errors=True)  # who waits may make its lock anew before the folder goes
    thread.join(30)
    assert opened == [0] and folder.is_dir()


def test_who_waits_can_be_told_to_give_up(tmp_path):
    def give_up():
        raise InputError("given-up", "given up")

    with PictureCache(tmp_path), pytest.raises(InputError, match="given up"):
        PictureCache(tmp_path, give_up)
    assert numbers(tmp_path) is None


def test_those_used_longest_ago_go_first_and_no_more_than_need_be(tmp_path):
    folders = [filled(tmp_path / name, [picture(1)] * 100) for name in ("c", "a", "b", "d")]
    for time, folder in enumerate(folders):
        os.utime(folder, (time, time))
    each = sum(path.stat().st_size for path in folders[0].iterdir())
    (tmp_path / "no cache.txt").write_text("of the user's own")
    remove_caches(tmp_path, spare=folders[0], most=each)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "d", "no cache.txt"]
    assert numbers(folders[3])[0] == 100


def test_to_be_looked_at_is_to_be_used(tmp_path):
    folders = [filled(tmp_path / name, [picture(1)] * 100) for name in "ab"]
    for folder in folders:
        os.utime(folder, (1, 1))
    numbers(folders[0])
    remove_caches(tmp_path, spare=tmp_path / "new", most=2_000)
    assert folders[0].exists() and not folders[1].exists()


def test_one_that_is_in_use_is_left_alone(tmp_path):
    folder = filled(tmp_path / "a", [picture(1)] * 100)
    with PictureCache(folder):
        remove_caches(tmp_path, spare=tmp_path / "b", most=0)
    assert numbers(folder)[0] == 100
    remove_caches(tmp_path, spare=tmp_path / "b", most=0)
    assert not folder.exists()


def test_what_is_mapped_is_seen_to_be_in_use_until_nobody_has_it(tmp_path):
    folder = filled(tmp_path / "data" / "pictures" / "a", *BLOCKS)
    with PictureCache(folder) as cache:
        kept = list_kept(tmp_path)
        assert [message.code for message in remove_kept(kept).left] == ["pictures-being-read"]
        images = cache.images()
    some = images[:2]
    del images
    removed = remove_kept(kept)
    assert not removed.names and removed.left[0].code == "pictures-in-use", "a view of it is enough"
    assert numbers(folder)[0] == 6
    del some
    removed = remove_kept(kept)
    assert removed.names == ("a",) and removed.bytes >= 48 and not removed.left
    assert list_kept(tmp_path) == ()
    assert remove_kept(kept).left == (), "what is gone is gone"
