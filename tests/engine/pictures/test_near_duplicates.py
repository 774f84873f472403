"""Which pictures are nearly the same, and which files belong together by their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.grouping import join
from engine.message import InputError
from engine.pictures import near_duplicates
from engine.pictures.folder import PictureFile
from engine.pictures.look import small
from engine.pictures.names import groups_by_name, name_of, series_pairs
from engine.pictures.near_duplicates import alike_in_series, similar_groups


def smalls(pictures):
    made = [small(picture) for picture in pictures]
    return np.stack([grey for grey, _ in made]), np.stack([colour for _, colour in made])


def noise(seed, count, side=24):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def files(*names):
    return [PictureFile(Path(name), name, "training", name.split("/")[0], 1, 1) for name in names]


@given(st.integers(1, 30), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40), st.integers(1, 5))
def test_joined_rows_have_the_least_number_that_a_path_of_pairs_leads_to(count, pairs, steps):
    pairs = np.array([pair for pair in pairs if max(pair) < count], np.int64).reshape(-1, 2)
    expected = list(range(count))
    for _ in range(count):
        for one, other in pairs.tolist():
            expected[one] = expected[other] = min(expected[one], expected[other])
    parents = np.arange(count)
    for some in np.array_split(pairs, steps):
        join(parents, some)
    assert parents.tolist() == expected


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_groups_are_those_of_all_pairs_whatever_the_order_and_the_blocks(seed, rows):
    draw = np.random.default_rng(seed)
    base = noise(seed, 6)
    pictures = base[draw.integers(0, 6, 25)].astype(int) + draw.integers(-3, 4, (25, 1, 1, 1))
    grey, colour = smalls(pictures.clip(0, 255).astype(np.uint8))
    features = near_duplicates._features(grey)
    distances = np.linalg.norm(features[:, None] - features[None], axis=2)
    expected = np.arange(25)
    join(expected, np.argwhere(distances <= near_duplicates.SAME))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "ROWS", rows)
        patch.setattr(near_duplicates, "PAIRS", 16)
        found = similar_groups(grey, colour)
    assert found.tolist() == expected.tolist() and 1 < len(set(found.tolist())) <= 6


def test_other_colours_and_other_grounds_are_not_the_same():
    one = np.full((20, 20, 3), 255, np.uint8)
    red, green = one.copy(), one.copy()
    red[5:15, 5:15] = 200, 80, 80
    green[5:15, 5:15] = 60, 150, 60
    black, white = np.zeros_like(one), one
    assert similar_groups(*smalls([red, green, black, white, red])).tolist() == [0, 1, 2, 3, 0]


def test_frames_are_laid_on_each_other_and_others_are_not():
    scene = np.kron(noise(1, 1, 5)[0], np.ones((8, 8, 1), np.uint8))
    grey, colour = smalls([scene[:32, :32], scene[2:34, 1:33], noise(2, 1)[0]])
    assert similar_groups(grey, colour).tolist() == [0, 1, 2]
    assert alike_in_series(grey, colour, np.array([[0, 1], [1, 2], [0, 2]])).tolist() == [True, False, False]


def test_no_picture_is_no_group():
    grey, colour = np.zeros((0, 32, 32), np.uint8), np.zeros((0, 8, 8, 3), np.uint8)
    assert similar_groups(grey, colour).tolist() == []
    assert similar_groups(*smalls(noise(0, 1))).tolist() == [0]


@pytest.mark.parametrize(
    ("name", "series", "number"),
    [
        ("cat/IMG_0012.JPG", "cat/IMG_", 12), ("cat/IMG_1234 (2).jpg", "cat/IMG_", 1234),
        ("cat/IMG_7 - Copy (3).png", "cat/IMG_", 7), ("cat/video 3/frame-004.png", "cat/video 3/frame-", 4),
        ("cat/0099", "cat/", 99), ("cat/whiskers.png", "cat/whiskers", None), ("cat/(1).png", "cat/(1)", None),
        ("고양이/사진 3 - 복사본.png", "고양이/사진 ", 3),
    ],
)  # fmt: skip
def test_a_name_has_a_series_and_a_number(name, series, number):
    [file] = files(name)
    assert (name_of(file).series, name_of(file).number) == (series, number)


def test_a_part_is_none_of_the_name_so_that_frames_follow_each_other_across_parts():
    train = PictureFile(Path("a"), "train/cat/IMG_0012.png", "training", "cat", 1, 1)
    val = PictureFile(Path("b"), "val/cat/IMG_0013.png", "validation", "cat", 1, 1)
    other = PictureFile(Path("c"), "val/dog/IMG_0014.png", "validation", "dog", 1, 1)
    assert series_pairs([train, other, val]).tolist() == [[0, 2]]


def test_files_are_grouped_by_what_their_names_share_unless_that_is_the_whole_class():
    names = [f"cat/IMG_{number:04}.jpg" for number in range(30)]
    names += [f"cat/cat_{video:04}_frame{frame:02}.jpg" for video in range(4) for frame in range(5)]
    names += ["cat/IMG_0003 (2).jpg", "dog/IMG_0003.jpg"]
    groups = groups_by_name(files(*names)).tolist()
    assert len(set(groups[:30])) == 30, "the camera's numbers join nothing"
    assert [len(set(groups[30 + 5 * video : 35 + 5 * video])) for video in range(4)] == [1] * 4
    assert len(set(groups[30:50])) == 4
    assert groups[50] == groups[3] and groups[51] not in groups[:51]


def test_a_pattern_groups_whatever_has_its_part_in_common_and_a_bad_one_is_told_in_one_line():
    names = ("sick/p12_1.png", "well/p12_x.png", "well/p13_1.png", "well/none.png", "sick/none.png")
    assert groups_by_name(files(*names), r"(p\d+)").tolist() == [0, 0, 1, 2, 3]
    with pytest.raises(InputError, match="no regular expression"):
        groups_by_name(files(*names), "(")
