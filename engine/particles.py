"""Korean particles after a value, chosen by how the value ends when it is read: `{name:을}` gives 을 or 를.

A Korean template names either of the two (`{count:이}`, `{file:으로}`), after a format if there is one (`{count:,을}`).
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

PAIRS = (
    ("을", "를"), ("이", "가"), ("은", "는"), ("과", "와"), ("으로", "로"), ("이나", "나"), ("이라", "라"),
    ("이고", "고"), ("이며", "며"), ("이란", "란"), ("이라는", "라는"), ("이라도", "라도"), ("이었", "였"),
)  # fmt: skip
"""Each after a final consonant, and after a vowel."""
_FORMS = {form: pair for pair in PAIRS for form in pair}
PARTICLE = "|".join(sorted(_FORMS, key=len, reverse=True))
"""All of them, as an alternative of a regular expression."""
WITH_PARTICLE = re.compile(rf"\{{\w+(?:![rsa])?:[^{{}}]*?(?:{PARTICLE})\}}")
"""A place in a template that asks for one."""
_SPEC = re.compile(rf"^(.*?)({PARTICLE})$")

NONE, RIEUL, OTHER = "", "ㄹ", "ㅇ"
"""How a word ends: in a vowel, in ㄹ, after which 로 follows and not 으로, or in another consonant."""
_FIRST, _LAST, _FINALS, _FINAL_RIEUL = 0xAC00, 0xD7A3, 28, 8
_JAMO_RIEUL = "ㄹ"
_DIGITS = {"0": OTHER, "1": RIEUL, "2": NONE, "3": OTHER, "4": NONE, "5": NONE, "6": OTHER, "7": RIEUL, "8": RIEUL,
           "9": NONE}  # fmt: skip
"""영, 일, 이, 삼, 사, 오, 육, 칠, 팔, 구; and 십, 백, 천, 만 end in consonants as 영 does."""
_SIGNS = {"%": NONE, "‰": RIEUL, "+": NONE, "∞": NONE, "°": NONE}
"""퍼센트, 퍼밀, 플러스, 무한대, 도."""
_LETTERS = {"l": RIEUL, "r": RIEUL, "m": OTHER, "n": OTHER}
"""Names of letters that end in a consonant: 엘, 알, 엠, 엔."""
_WORD = re.compile(r"[A-Za-z]+$")
_CLOSED = re.compile(r"\s*\([^()]*\)\s*$")
_VOWELS = frozenset("aeiouy")


def particle(value: str, form: str) -> str:
    """The form of a particle that follows a value. Raises `KeyError` for one that is none."""
    after_consonant, after_vowel = _FORMS[form]
    ending = ending_of(value)
    if after_consonant == "으로":
        return after_consonant if ending == OTHER else after_vowel
    return after_vowel if ending == NONE else after_consonant


def ending_of(value: str) -> str:
    """How a value ends when it is read aloud in Korean: `NONE`, `RIEUL` or `OTHER`.

    Hangul ends as it is written, digits and capitals by their names, English words as they are borrowed, by rules that
    hold for most. What stands in brackets at the end is not read.
    """
    text = value.rstrip()
    while text and (shorter := _CLOSED.sub("", text)) != text:
        text = shorter
    while text and not (text[-1].isalnum() or text[-1] in _SIGNS):
        text = text[:-1]
    if not text:
        return NONE
    last = text[-1]
    if _FIRST <= ord(last) <= _LAST:
        final = (ord(last) - _FIRST) % _FINALS
        return NONE if not final else RIEUL if final == _FINAL_RIEUL else OTHER
    if "ㄱ" <= last <= "ㅎ":
        return RIEUL if last == _JAMO_RIEUL else OTHER
    if last in _SIGNS:
        return _SIGNS[last]
    if last in _DIGITS:
        return _DIGITS[last]
    word = _WORD.search(text)
    return _of_english(word[0]) if word else NONE


def _of_english(word: str) -> str:
    """How an English word or an abbreviation ends in Korean."""
    spelt = word.isupper() or len(word) == 1 or not _VOWELS & set(word.lower())
    word = word.lower()
    last = word[-1]
    if spelt:
        return _LETTERS.get(last, NONE)
    if last == "e" and len(word) > 2 and word[-2] in "lmn":  # file, name, cosine: the e is not read
        return RIEUL if word[-2] == "l" else OTHER
    if last == "l":
        return RIEUL
    if last in "mn" or word.endswith("ng"):
        return OTHER
    if last in "bpkt":  # dropout, step, check: after a vowel or c they close the syllable; test, mask get one more
        return OTHER if word[-2] in _VOWELS or word.endswith("ck") else NONE
    return NONE


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        asked = _SPEC.match(format_spec)
        if asked is None:
            return str(super().format_field(value, format_spec))
        text = str(super().format_field(value, asked[1]))
        return text + particle(text, asked[2])


_FORMATTER = _Formatter()


def fill(template: str, args: Sequence[Any], values: Mapping[str, Any]) -> str:
    """`str.format`, with particles."""
    if WITH_PARTICLE.search(template):
        return _FORMATTER.vformat(template, args, values)
    return template.format(*args, **values)
