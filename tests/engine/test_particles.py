"""Korean particles follow the way in which a value is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.message import message
from engine.particles import PAIRS, fill, particle

READ = {
    "사진": ("을", "으로"), "바다": ("를", "로"), "길": ("을", "로"), "값 ": ("을", "으로"),
    "3": ("을", "으로"), "10": ("을", "으로"), "2": ("를", "로"), "8": ("을", "로"), "0.25": ("를", "로"),
    "12,300": ("을", "으로"), "89.2 %": ("를", "로"),
    "dropout": ("을", "으로"), "batch": ("를", "로"), "sample": ("을", "로"), "cosine": ("을", "으로"),
    "test": ("를", "로"), "Adam": ("을", "으로"), "optimizer": ("를", "로"), "learning": ("을", "으로"),
    "SGD": ("를", "로"), "URL": ("을", "로"), "RAM": ("을", "으로"), "lr": ("을", "로"),
    "run.csv": ("를", "로"), "“사진”": ("을", "으로"), "dropout (p=0.3)": ("을", "으로"), "바다(1)": ("를", "로"),
    "": ("를", "로"), "—": ("를", "로"),
}  # fmt: skip


@pytest.mark.parametrize("value", READ)
def test_a_particle_goes_by_how_a_value_is_read(value):
    assert (particle(value, "을"), particle(value, "으로")) == READ[value]


@given(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3))
def test_a_syllable_of_hangul_ends_as_unicode_composes_it(syllable):
    final = (ord(syllable) - 0xAC00) % 28
    assert particle(syllable, "이") == ("이" if final else "가")
    assert particle(syllable, "로") == ("로" if final in (0, 8) else "으로")


@given(st.text(), st.sampled_from([form for pair in PAIRS for form in pair]))
def test_either_form_may_be_named_and_any_value_has_one(value, form):
    pair = next(each for each in PAIRS if form in each)
    assert particle(value, form) in pair
    assert particle(value, pair[0]) == particle(value, pair[1])


def test_a_template_asks_for_a_particle_after_a_format():
    assert (
        fill("{file:을} 열고 {count:,이} 남았습니다", (), {"file": "run.csv", "count": 1200})
        == "run.csv를 열고 1,200이 남았습니다"
    )
    assert fill("{share:.1%로}", (), {"share": 0.5}) == "50.0%로"
    assert fill("{count:,}", (), {"count": 1200}) == "1,200"


def test_a_message_asks_for_a_particle_and_nothing_else():
    told = message("code", "{name} is gone", name="사진")
    assert told.fill("{name:이} 없습니다") == "사진이 없습니다"
    assert told.fill("{name:>9999999}{other:을}{name.__class__}") == "{name:>9999999}{other:을}{name.__class__}"
