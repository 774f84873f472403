"""Every text that a person reads can be translated, and is where its area is done."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from engine.language import english_of, words_of
from engine.particles import PAIRS, fill
from tests import words

PLACE = re.compile(r"\{(\w*)[^{}]*\}")


def test_every_text_is_literal_or_of_a_known_table():
    _, unclear = words.in_code()
    assert not unclear, "give the whole text as a literal: " + ", ".join(unclear)


def test_no_entry_is_stale():
    assert not any(words.stale().values()), "python -m tests.words write removes them"


def test_nothing_is_missing():
    assert not any(words.missing().values()), "python -m tests.words missing lists them"


def test_a_translation_has_the_places_of_its_english():
    wrong = [
        (key, said) for key, said in words_of("ko").items()
        if sorted(set(PLACE.findall(english_of(key)))) != sorted(set(PLACE.findall(said)))
    ]  # fmt: skip
    assert not wrong


def test_a_text_that_another_follows_ends_with_its_space_in_korean_too():
    wrong = [key for key, said in words_of("ko").items() if (key[-1:] == " ", key[:1] == " ") !=
             (said[-1:] == " ", said[:1] == " ")]  # fmt: skip
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


# --- the command line --------------------------------------------------------------------------------------------

SPOKEN = ("engine/cli.py", "engine/commands/*.py", "engine/terminal/*.py", "engine/processes/launch.py")
PRINTS = ("print", "add_column")
"""What shows a text to a person."""
NOT_WORDS = re.compile(r"tunedeck: |\[[^\]]*\]|--?[a-z-]+|\\n")
"""The program's name before what it says, the markup of `rich`, and flags: the same in every language."""


def untranslated(code: str) -> list[str]:
    """The calls that show a person words which stand in them, not given to `tr`."""
    found = []
    for call in ast.walk(ast.parse(code)):
        if isinstance(call, ast.Call) and words._name(call) in PRINTS:
            found += [ast.unparse(call) for given in call.args if any(map(_has_words, _texts_in(given)))]
    return found


def _texts_in(given: ast.expr) -> Iterator[str]:
    """The literals that are shown, without those of calls, such as of `tr`, and of formats."""
    match given:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr():
            for each in given.values:
                yield from _texts_in(each.value if isinstance(each, ast.FormattedValue) else each)
        case ast.BinOp():
            yield from (*_texts_in(given.left), *_texts_in(given.right))
        case ast.IfExp():
            yield from (*_texts_in(given.body), *_texts_in(given.orelse))
        case ast.BoolOp():
            for each in given.values:
                yield from _texts_in(each)
        case ast.Starred():
            yield from _texts_in(given.value)


def _has_words(text: str) -> bool:
    return any(letter.isalpha() for letter in NOT_WORDS.sub("", text))


def test_the_command_line_prints_no_words_of_its_own():
    files = sorted({path for pattern in SPOKEN for path in words.ROOT.glob(pattern)})
    assert len(files) > 20
    wrong = [f"{path.name}: {call}" for path in files for call in untranslated(path.read_text(encoding="utf-8"))]
    assert not wrong, "say it with tr(...): " + "; ".join(wrong)


@pytest.mark.parametrize(
    "code",
    ["print('no runs yet')", "print(f'{count} runs')", "table.add_column('name')", "console.print(f'[dim]{x}[/] left')",
     "print('done' if whole else '')", "print(f'tunedeck: {name or \"none\"}')"],
)  # fmt: skip
def test_words_that_are_printed_without_a_translation_are_found(code):
    assert untranslated(code)


@pytest.mark.parametrize(
    "code",
    ["print(tr('no runs yet'))", "print(f'tunedeck: {tr(\"none\")}')", "console.print(f'[dim]{x}[/]')", "print()",
     "table.add_column('')"],
)  # fmt: skip
def test_words_with_a_translation_may_be_printed(code):
    assert not untranslated(code)
