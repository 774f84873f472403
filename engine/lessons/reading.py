"""Lessons read from their files, the bundled ones and a teacher's own.

A lesson is a file that anyone may have written, so it is data and nothing else: what its question turns on are claims
about figures (`engine.lessons.claims`), never code. Everything in it is bounded, and what is wrong with it is said in
one line. Imports no PyTorch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from engine.catalogue import Catalogue, nearest
from engine.config import RunConfig, recipe
from engine.lessons.claims import Claim, claim_from
from engine.lessons.lesson import BASE, Choice, Further, Lesson, Question, Together, Variant, Words
from engine.message import InputError, one_line, phrase
from engine.yaml_file import read_yaml

FORMAT = 1
LANGUAGES = ("en", "ko")
MOST = {"text": 12, "variants": 8, "choices": 6, "look_at": 8, "claims": 8}
"""How many of each a lesson may have."""
MAX_CHARACTERS = 1_500
"""Of one paragraph."""
MAX_LABEL = 60
"""Of what a run, or the lesson itself, is called."""
MAX_LESSONS = 200
"""So many files of a folder are looked at."""
MAX_EPOCHS = 10_000
LONGEST = 600.0
"""Seconds that a run may be made to last."""
USUAL = 16.0

T = TypeVar("T")
FIELDS = (
    "format", "id", "title", "text", "settings", "label", "seconds", "variants", "question", "look_at", "correction",
    "together", "further",
)  # fmt: skip


def bundled_folder() -> Path:
    """Where the bundled lessons are."""
    return Path(str(resources.files("resources") / "lessons"))


def lesson_files(workspace: Path) -> list[Path]:
    """The files of all lessons: the bundled ones, then those in the workspace's folder `lessons`, each by name."""
    return [*_files(bundled_folder()), *_files(workspace / "lessons")]


def read_lessons(workspace: Path, catalogue: Catalogue) -> tuple[list[Lesson], list[InputError]]:
    """All lessons that can be read, and what is wrong with the others. Of two with one id the first counts."""
    found: dict[str, Lesson] = {}
    wrong = []
    for path in lesson_files(workspace):
        try:
            lesson = read_lesson(path, catalogue)
            if lesson.id in found:
                raise InputError(
                    "lesson-twice", "{path}: there is a lesson {id} already: give this one another id",
                    path=path, id=lesson.id,
                )  # fmt: skip
            found[lesson.id] = lesson
        except InputError as error:
            wrong.append(error)
    return list(found.values()), wrong


def find_lesson(name: str, workspace: Path, catalogue: Catalogue) -> Lesson:
    """The lesson of this id or number, or in this file. Raises `InputError`."""
    if name.endswith((".yaml", ".yml")):
        return read_lesson(Path(name), catalogue)
    lessons, wrong = read_lessons(workspace, catalogue)
    for lesson in lessons:
        if name in (lesson.id, str(lesson.number)):
            return lesson
    for error in wrong:
        if name in str(error.message.values.get("path", "")):
            raise error
    known = [lesson.id for lesson in lessons]
    raise InputError(
        "unknown-lesson", "there is no lesson {name}{nearest}: `tunedeck lesson` lists them",
        name=repr(name)[:80], nearest=nearest(name, known),
    )  # fmt: skip


def _files(folder: Path) -> list[Path]:
    try:
        names = sorted(path for path in folder.iterdir() if path.suffix == ".yaml")
    except OSError:
        return []
    return names[:MAX_LESSONS]


# --- reading one ----------------------------------------------------------------------------------


def read_lesson(path: Path, catalogue: Catalogue) -> Lesson:
    """The lesson in a file. Raises `InputError`, with the file's name, where it is none."""
    data = read_yaml(path)
    try:
        lesson = lesson_from(data, catalogue, path)
    except InputError as error:
        told = error.message
        raise InputError(
            told.code, "{path} is no lesson: " + told.template, **{**told.values, "path": str(path)}
        ) from None
    return replace(lesson, bundled=path.parent == bundled_folder())


def lesson_from(data: Mapping[str, Any], catalogue: Catalogue, path: Path) -> Lesson:
    """The lesson that a mapping holds, read from this file. Raises `InputError`."""
    _known(data, FIELDS, "a lesson")
    version = data.get("format")
    if version != FORMAT or isinstance(version, bool):
        raise InputError(
            "lesson-format", "format is {version}, and lessons of format {known} can be read",
            version=repr(version)[:40], known=FORMAT,
        )  # fmt: skip
    number = re.match(r"\d{1,4}", path.stem)
    variants = _variants(data, catalogue)
    ids = [variant.id for variant in variants]
    together = _together(data.get("together"), ids)
    if together is not None:
        ids.append(together.id)
    return Lesson(
        id=_id(data, "the lesson"),
        number=int(number[0]) if number else 0,
        title=words_from(data.get("title"), "title", MAX_LABEL),
        paragraphs=_several(data, "text", words_from),
        variants=variants,
        question=_question(_mapping(data.get("question"), "question"), ids),
        look_at=_several(data, "look_at", words_from),
        correction=None if data.get("correction") is None else words_from(data["correction"], "correction"),
        seconds=_seconds(data.get("seconds", USUAL)),
        path=path,
        bundled=False,
        together=together,
        further=_further(data.get("further"), catalogue),
    )


def words_from(value: Any, where: str, most: int = MAX_CHARACTERS) -> Words:
    """A text as it stands in a file: one line, or one for each language. Raises `InputError`."""
    given = {"en": value} if isinstance(value, str) else value
    if not isinstance(given, dict) or not given or not set(given) <= set(LANGUAGES):
        raise InputError(
            "lesson-text",
            "{where} is no text: write it in one line, or in one for each language, en and ko",
            where=where,
        )
    for language, each in given.items():
        if not isinstance(each, str) or not each.strip() or len(each) > most:
            raise InputError(
                "lesson-text-length", "{where} in the language {language} is empty or has more than {most} characters",
                where=where, language=language, most=most,
            )  # fmt: skip
    return Words(tuple((language, one_line(each.strip(), most)) for language, each in given.items()))


def _variants(data: Mapping[str, Any], catalogue: Catalogue) -> tuple[Variant, ...]:
    base = _settings(_mapping(data.get("settings"), "settings"), catalogue, None)
    label = words_from(data.get("label", {"en": "As it is", "ko": "그대로"}), "label", MAX_LABEL)
    found = [Variant(BASE, label, base)]
    for value in _list(data, "variants"):
        given = _mapping(value, "variants")
        _known(given, ("id", "label", "changes", "shows"), "a variant")
        id = _id(given, "a variant")
        config = _settings(_mapping(given.get("changes"), _of("changes", id)), catalogue, base)
        found.append(Variant(id, words_from(given.get("label"), _of("label", id), MAX_LABEL), config))
    ids = [variant.id for variant in found]
    _different(ids, "variants")
    shown = {given["id"]: _claims(given.get("shows", []), ids, _of("shows", given["id"])) for given in data["variants"]}
    return tuple(replace(variant, claims=shown.get(variant.id, ())) for variant in found)


def _further(value: Any, catalogue: Catalogue) -> Further | None:
    if value is None:
        return None
    given = _mapping(value, "further")
    _known(given, ("recipe", "label"), "further")
    name = str(given.get("recipe"))
    recipe(name, catalogue)
    return Further(name, words_from(given.get("label"), "further", MAX_LABEL))


def _together(value: Any, ids: Sequence[str]) -> Together | None:
    if value is None:
        return None
    given = _mapping(value, "together")
    _known(given, ("id", "label", "members"), "together")
    id, members = _id(given, "together"), given.get("members")
    _different([*ids, id], "variants")
    if not isinstance(members, list) or len(members) < 2 or not all(member in ids for member in members):
        raise InputError(
            "lesson-together", "members of {id} are two or more of {known}, each once", id=id, known=", ".join(ids)
        )
    _different(members, "members")
    return Together(id, words_from(given.get("label"), _of("label", id), MAX_LABEL), tuple(members))


def _settings(data: Mapping[str, Any], catalogue: Catalogue, base: RunConfig | None) -> RunConfig:
    """Settings over a recipe, or over those of the lesson: they are checked as a run's."""
    given = dict(data)
    name = given.pop("recipe", None)
    if base is None or name is not None:
        base = recipe(str(name or "default"), catalogue).changed({"threads": "1"})  # to the last bit as the band's
    config = RunConfig.from_dict(given, catalogue, base)
    config.check()
    if config.epochs > MAX_EPOCHS:
        raise InputError("lesson-epochs", "a run of a lesson has {most} epochs at most", most=MAX_EPOCHS)
    return config


def _question(data: Mapping[str, Any], ids: Sequence[str]) -> Question:
    _known(data, ("text", "choices", "answer"), "the question")
    choices = []
    for value in _list(data, "choices", least=2):
        given = _mapping(value, "choices")
        _known(given, ("id", "text", "when"), "a choice")
        id = _id(given, "a choice")
        claims = _claims(given.get("when", []), ids, _of("when", id))
        choices.append(Choice(id, words_from(given.get("text"), _of("text", id), 300), claims))
    known = [choice.id for choice in choices]
    _different(known, "choices")
    if any(not choice.claims for choice in choices[:-1]):
        raise InputError("lesson-otherwise", "of the choices, the last one alone may do without `when`")
    if data.get("answer") not in known:
        raise InputError("lesson-answer", "answer is none of the choices: write one of {known}", known=", ".join(known))
    return Question(
        words_from(data.get("text"), phrase("text-of-question", "text of the question")),
        tuple(choices),
        str(data["answer"]),
    )


def _claims(value: Any, ids: Sequence[str], where: str) -> tuple[Claim, ...]:
    if not isinstance(value, list) or len(value) > MOST["claims"]:
        raise InputError(
            "lesson-claims", "{where} is no list of claims, of which there may be {most}",
            where=where, most=MOST["claims"],
        )  # fmt: skip
    return tuple(claim_from(_mapping(each, where), ids) for each in value)


# --- its parts ------------------------------------------------------------------------------------


def _several(data: Mapping[str, Any], name: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
    return tuple(read(value, name) for value in _list(data, name))


def _of(field: str, id: str) -> str:
    """A field of one of the parts of a lesson, in words."""
    return phrase("field-of", "{field} of {id}", field=field, id=id)


def _list(data: Mapping[str, Any], name: str, least: int = 1) -> list[Any]:
    value = data.get(name)
    if not isinstance(value, list) or not least <= len(value) <= MOST[name]:
        raise InputError(
            "lesson-list", "{name} is no list of {least} to {most}", name=name, least=least, most=MOST[name]
        )
    return value


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError("lesson-mapping", "{where} does not hold names and values: write `name: value`", where=where)
    return value


def _id(data: Mapping[str, Any], where: str) -> str:
    id = data.get("id")
    if not isinstance(id, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", id):
        raise InputError(
            "lesson-id", "the id of {where} is {id}: use small letters, digits and hyphens, 40 at most",
            where=where, id=repr(id)[:60],
        )  # fmt: skip
    return id


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST:
        raise InputError("lesson-seconds", "seconds is no number from 0 to {most}", most=LONGEST)
    return float(value)


def _known(data: Mapping[str, Any], names: Sequence[str], what: str) -> None:
    for name in data:
        if name not in names:
            raise InputError(
                "lesson-field", "{what} has no {name}{nearest}",
                what=what, name=repr(name)[:60], nearest=nearest(name, names),
            )  # fmt: skip


def _different(ids: Sequence[str], where: str) -> None:
    twice = [id for id in ids if ids.count(id) > 1]
    if twice:
        raise InputError("lesson-same-id", "two of the {where} have the id {id}", where=where, id=twice[0])
