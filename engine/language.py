"""In which language a person is spoken to, and how a text is said in it.

Texts stand in the code in English, and in `resources/translations/<language>/*.json` beside their words in another
language. Where there is none, English stands. Files, JSON, exit codes and the flags of the command line are the same
in all.
"""

from __future__ import annotations

import ctypes
import functools
import json
import locale
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

from engine.message import Message, Phrase
from engine.particles import fill

VARIABLE = "TUNEDECK_LANGUAGE"
"""Names the language whatever the system's is."""
LANGUAGES = {"en": "English", "ko": "한국어"}
"""The languages by their codes, each called as it calls itself."""
ENGLISH = "en"
_SAMPLE = {"ko": "한글"}
"""What a terminal has to be able to show to be spoken to in a language."""
DIVIDER = "|"
"""Between the context and the English text, where a text is said in another way there than elsewhere."""
BEFORE = (
    "{strategy}: ",
    "{name} could not be downloaded ({reason}): ",
    "{path} is no lesson: ",
    "{path} is no submission: ",
)
AFTER = ("; {whole} beside it is whole (epoch {whole_epoch})",)
"""Parts of templates that the engine puts before or after others; each is translated by itself."""


class Said(str):
    """A text in the language that was present when it was said."""

    again: Callable[[], Said]
    """Says it in the language that is present now, so that it can be said again from that one, too."""


class Template(Said):
    """A text that `format` puts values into."""

    source: str
    contexts: tuple[str, ...]

    def format(self, *args: object, **values: object) -> Said:
        """With the values in their places; in Korean with the particles that they ask for."""
        source, contexts = self.source, self.contexts
        return _keep(
            fill(str(self), _said(args), _said(values)), source, contexts,
            lambda: fill(look_up(source, contexts), _said(_again(args)), _said(_again(values))),
        )  # fmt: skip


UNSEEN = "\N{WORD JOINER}"
Keeper = Callable[[Said, str, tuple[str, ...]], None]
reminder: Callable[[str], str] | None = None
"""Gives a text that was said in the present language; itself where it was not."""
keeper: Keeper | None = None
"""Is told of each text that was said, with its source and contexts. The window sets it, to change languages."""
_present = ENGLISH


def language() -> str:
    """The language that is present now."""
    return _present


def use(name: str) -> None:
    """Speak this language from now on; one that is none of ours is English."""
    global _present
    _present = name if name in LANGUAGES else ENGLISH


def tr(text: str, *contexts: str) -> Template:
    """A text in the present language. `contexts` are asked one after another for words of their own."""
    said = Template(look_up(text, contexts))
    said.source, said.contexts = text, contexts
    said.again = lambda: tr(text, *contexts)
    if keeper is not None:
        keeper(said, text, contexts)
    return said


def spoken(function: Callable[..., str]) -> Callable[..., Said]:
    """Marks a function that gives a text in the present language, of its arguments and nothing else."""

    @functools.wraps(function)
    def say_it(*args: Any) -> Said:
        return _keep(function(*args), function.__qualname__, (), lambda: function(*_again(args)))

    return say_it


def _keep(text: str, source: str, contexts: tuple[str, ...], again: Callable[[], str]) -> Said:
    said = Said(text)
    said.again = lambda: _keep(again(), source, contexts, again)
    if keeper is not None:
        keeper(said, source, contexts)
    return said


def look_up(text: str, contexts: Sequence[str] = ()) -> str:
    """The words for an English text in the present language, or itself."""
    if _present == ENGLISH:
        return text
    known = words_of(_present) if keeper is None else distinct_words_of(_present)
    for context in contexts:
        if found := known.get(f"{context}{DIVIDER}{text}"):
            return found
    return known.get(text) or text


def say(message: Message) -> str:
    """A message of the engine in the present language."""
    return filled(message, template_of(message))


def filled(message: Message, template: str) -> str:
    """A template of a message with its values in their places, those that are words in the present language."""
    return Message(message.code, message.template, _said(message.values)).fill(template)


def say_phrase(text: str) -> str:
    """A text that may be a `Phrase`, in the present language."""
    return say(text.told) if isinstance(text, Phrase) else text


def _said(values: Any) -> Any:
    """Values with what of them is words in the present language.

    That is a `Phrase`, and a text that a value of this name may be, such as a part of the data: it stands in the files
    of translations behind `value.` and the name.
    """
    if isinstance(values, Mapping):
        return {name: _value(f"value.{name}", value) for name, value in values.items()}
    return tuple(_value("", value) for value in values)


def _value(context: str, value: Any) -> Any:
    if isinstance(value, Said) or not isinstance(value, str) or _present == ENGLISH:
        return value
    if isinstance(value, Phrase):
        return say(value.told)
    known = words_of(_present) if keeper is None else distinct_words_of(_present)
    return known.get(f"{context}{DIVIDER}{value}", value)


def template_of(message: Message) -> str:
    """The words of a message in the present language, with the names of its values in their places."""
    return _template(message.template, (message.code,))


def _template(template: str, contexts: tuple[str, ...]) -> str:
    for part in BEFORE:
        if template.startswith(part) and template != part:
            return look_up(part) + _template(template.removeprefix(part), contexts)
    for part in AFTER:
        if template.endswith(part) and template != part:
            return _template(template.removesuffix(part), contexts) + look_up(part)
    return look_up(template, contexts)


def flowed(text: str) -> str:
    """A docstring as it is translated: its paragraphs, each on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.strip()))


@functools.lru_cache(maxsize=4)
def words_of(name: str) -> Mapping[str, str]:
    """All words of a language, by their English; empty of English itself. What is not translated yet is left out."""
    words: dict[str, str] = {}
    folder = resources.files("resources") / "translations" / name
    if name == ENGLISH or not folder.is_dir():
        return words
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".json"):
            words.update(json.loads(file.read_text(encoding="utf-8")))
    return {text: said for text, said in words.items() if said}


@functools.lru_cache(maxsize=4)
def distinct_words_of(name: str) -> Mapping[str, str]:
    """As `words_of`, with no two English texts that are said in the same way: what was said tells what was meant.

    What would be the same differs by characters that take no room and are not seen.
    """
    meant: dict[str, list[str]] = {}
    distinct = {}
    for key, said in words_of(name).items():
        texts = meant.setdefault(said, [])
        text = english_of(key)
        if text not in texts:
            texts.append(text)
        distinct[key] = said + UNSEEN * texts.index(text)
    return distinct


def english_of(key: str) -> str:
    """The English text of an entry, which may stand behind a context."""
    context, divider, text = key.partition(DIVIDER)
    return text if divider and re.fullmatch(r"[\w.-]+", context) else key


# --- which language ----------------------------------------------------------------------------------------------


def chosen() -> str:
    """The language that `$TUNEDECK_LANGUAGE` names; empty where it names none of ours."""
    name = os.environ.get(VARIABLE, "").strip().lower()[:2]
    return name if name in LANGUAGES else ""


def of_system(names: Sequence[str] = ()) -> str:
    """The language of the system: the first of `names` (`ko-KR`, `ko_KR.UTF-8`) or, without any, of its locale."""
    for name in names or _locales():
        if name:
            return name[:2].lower() if name[:2].lower() in LANGUAGES else ENGLISH
    return ENGLISH


def speak_in_terminal() -> None:
    """Use the language of whoever sits at the terminal, where it can show it; what it can't show becomes `?`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    name = chosen() or of_system()
    streams = [stream for stream in (sys.stdout, sys.stderr) if stream is not None]
    use(name if all(_shows(stream, _SAMPLE.get(name, "")) for stream in streams) else ENGLISH)


def _shows(stream: Any, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _locales() -> list[str]:
    if sys.platform == "win32":
        return [locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")]
    return [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]


def _again(values: Any) -> Any:
    """Values with what of them was said, in the language that is present now."""
    if isinstance(values, Mapping):
        return {name: _again(value) for name, value in values.items()}
    if isinstance(values, tuple):
        return tuple(map(_again, values))
    if isinstance(values, Phrase):
        return values
    if isinstance(values, Said):
        return values.again()
    return reminder(values) if isinstance(values, str) and reminder is not None else values
