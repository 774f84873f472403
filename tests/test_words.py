"""Every text that a person reads can be translated, and is where its area is done."""

from __future__ import annotations

import re

import pytest

from engine.language import english_of, words_of
from engine.particles import PAIRS, fill
from tests import words

PLACE = re.compile(r"\{(\w*)[^{}]*\}")
DONE: tuple[str, ...] = ()
"""The areas in which nothing may be missing."""


def test_every_text_is_literal_or_of_a_known_table():
    _, unclear = words.in_code()
    assert not unclear, "give the whole text as a literal: " + ", ".join(unclear)


def test_no_entry_is_stale():
    assert not any(words.stale().values()), "python -m tests.words write removes them"


@pytest.mark.parametrize("area", DONE)
def test_nothing_is_missing_where_an_area_is_done(area):
    assert not words.missing()[area], f"python -m tests.words missing {area} lists them"


def test_a_translation_has_the_places_of_its_english():
    wrong = [
        (key, said) for key, said in words_of("ko").items()
        if sorted(set(PLACE.findall(english_of(key)))) != sorted(set(PLACE.findall(said)))
    ]  # fmt: skip
    assert not wrong


def test_a_translation_can_be_filled_in():
    """A place, its format and the particle after it are understood."""
    for said in words_of("ko").values():
        for place in re.findall(r"(?<!\{)\{\w*(?::[^{}]*)?\}(?!\})", said):
            name, _, spec = place.strip("{}").partition(":")
            number = spec.rstrip("".join(form for pair in PAIRS for form in pair))
            assert fill(place, (), {name: 1234.5 if number else "값"}), said


def test_a_text_is_found_wherever_it_is_said(tmp_path):
    code = """
class A:
    def show(self, message_of):
        self.tr("one")
        self.tr("two" if self else "three")
        text = "four"
        message("code", text)
        InputError("code", TABLE[self], x=1)
        self._told("code", "six")
        self.tr(f"seven {self}")
        painter.translate(1, 2)

    def _told(self, code, template):
        return message(code, template)

TABLE = {"a": "five"}
"""
    path = words.ROOT / "gui" / "widgets" / "none.py"
    found, unclear = [], []
    words.read_module(path, code, found, unclear)
    assert {each.text for each in found} == {"one", "two", "three", "four", "five", "six"}
    assert len(unclear) == 1 and "seven" in unclear[0]
