from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.message import MAX_LINE, InputError, Message, message, one_line


def test_values_stand_in_the_places_of_their_names():
    text = message("code", "{a} of {b}: {c}", a=3, b="x", c=0.123456)
    assert str(text) == "3 of x: 0.1235"
    assert text.fill("{b} ({a})") == "x (3)"


@pytest.mark.parametrize(
    "template", ["{a.__class__}", "{a!r}", "{a:>9999999}", "{", "}", "{}", "{0}", "{a[0]}", "{unknown}"]
)
def test_a_strangers_template_reaches_into_nothing(template):
    assert Message("code", template, {"a": "x"}).fill(template) == template


def test_braces_in_a_value_stay_as_they_are():
    assert str(message("code", "{a} {b}", a="{b}", b="{a}")) == "{b} {a}"


def test_a_message_survives_json():
    text = message("code", "{a}", a=1.5, path=Path("x"), b=None)
    assert Message.from_dict(json.loads(json.dumps(text.to_dict()))) == text


def test_an_input_error_says_its_message():
    error = InputError("code", "{path} is missing", path=Path("a"))
    assert str(error) == "a is missing"
    assert error.message.values == {"path": "a"}


def test_whoever_wrote_a_text_it_is_one_line_that_does_nothing():
    assert one_line("a\r\n\x1b[2Jb\x9b\u2028c\x00\n") == "a [2Jb c"
    assert one_line("half \ud800") == "half \N{REPLACEMENT CHARACTER}" and one_line("  한국어 🙂") == "  한국어 🙂"
    assert len(one_line("x" * 10**6)) == MAX_LINE and one_line("x" * 10**6).endswith("…")
    one_line("\udcff" * 3).encode()
