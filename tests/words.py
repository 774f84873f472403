"""Every text that a person reads, found in the code, beside what of it is translated.

    python -m tests.words                     how much of each area is translated
    python -m tests.words missing [AREA]      what is not, as entries to be filled in
    python -m tests.words write               adds those entries to the files, and removes what no code says any more
    python -m tests.words where TEXT          which lines of code say a text

`resources/translations/README.md` says how to translate.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.catalogue import discover, source_of
from engine.config import NO_DEVICE, NO_NAME, ONE_CHOICE, recipe, recipe_names, run_parameters
from engine.data_checks.picture_findings import NAMES_OF_KINDS
from engine.language import AFTER, BEFORE, DIVIDER, english_of, flowed
from engine.scripts.script import script, sentences
from engine.scripts.words import texts_of
from engine.strategy import KINDS
from engine.strategy_text import recipe_in_words
from plugins.dataset._folder_code import ALL_GREY, NOTE, TOGETHER

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "resources" / "translations" / "ko"
AREAS: dict[str, tuple[str, ...]] = {
    "techniques": ("plugins",),
    "window": ("gui/*.py", "gui/widgets", "gui/settings", "gui/training", "gui/runs", "gui/graph"),
    "tabs": ("gui/data", "gui/model", "gui/predictions", "gui/compare"),
    "tune": ("gui/tune",),
    "code": ("gui/code",),
    "lessons": ("gui",),
    "commands": ("engine/cli.py", "engine/commands", "engine/terminal"),
    "engine": ("engine",),
}
"""The files of translations, and of which code each holds the texts; code is of the first that names it."""
TRANSLATING = {"tr": 0, "_tr": 0, "look_up": 0, "translate": 1}
"""The functions that translate, and which argument the text is."""
MESSAGES = {"message": 1, "InputError": 1, "Message": 1, "Download": 4, "phrase": 1}
"""What makes a message, and which argument its template is."""
HELP = ("help", "description", "epilog", "title", "usage")
"""Keywords of `argparse` that hold texts."""
ARGPARSE = (
    "usage: ", "options", "positional arguments", "show this help message and exit", "%(heading)s:",
    "the following arguments are required: %s", "expected one argument", "expected at least one argument",
    "argument %(argument_name)s: %(message)s", "invalid choice: %(value)r (choose from %(choices)s)",
    "invalid %(type)s value: %(value)r", "not allowed with argument %s", "unrecognized arguments: %s",
    "one of the arguments %s is required",
)  # fmt: skip
"""What `argparse` itself says."""


@dataclass(frozen=True)
class Text:
    """An English text that is said to a person."""

    text: str
    area: str
    where: str
    """File and line, or the technique and its field."""


class Unclear(Exception):
    """A text that is not literal: nobody could translate it."""


# --- tables whose texts are looked up by a key -------------------------------------------------------------------


def _first(table: dict[str, Any]) -> Iterable[str]:
    return [row[0] for row in table.values()]


def _values(table: dict[str, Any]) -> Iterable[str]:
    return table.values()


TABLES: dict[str, Callable[[Any], Iterable[str]]] = {
    "gui.actions:ACTIONS": _first,
    "gui.actions:MENUS": list,
    "gui.words:KIND_TITLES": _values,
    "gui.words:RUN_TITLES": _values,
    "engine.invalid:WRITTEN": _values,
    "gui.model.layer_words:WORDS": _values,
    "gui.data.check_words:SEVERITIES": _values,
    "engine.data_checks.finding:KINDS": _values,
    "gui.data.check_words:MENDS": _values,
}
"""Module and name of a table, and its texts: what a translating function may be given other than a literal."""
MECHANISM = (
    "gui/words.py",
    "gui/language.py",
    "engine/language.py",
    "engine/message.py",
    "engine/terminal/parser_words.py",
    "engine/terminal/common_arguments.py",
    "engine/commands/plugins.py",
)
"""What translates what it is given: the names and explanations of `in_docs`, and the templates of messages."""
VALUES: dict[str, tuple[str, ...]] = {
    "part": ("training", "validation", "test", "random"),
    "task": ("classification", "regression", "reconstruction"),
    "other": ("classification", "regression", "reconstruction"),
    "read": ("read from the disk", "moved"),
    "place": ("memory",),
    "kind": tuple(NAMES_OF_KINDS.values()),
    "what": (
        "value", "score", "probability", "task", "shape", "number of outputs", "classes",
        "number of samples of each class", "a lesson", "a variant", "the question", "a choice",
    ),
    "where": ("the lesson", "a variant", "a choice"),
    "problem": (
        "expected the node content, but found '<stream end>'",
        'mapping values are not allowed here',
        "found character '\\t' that cannot start any token",
        "could not find expected ':'",
        "expected ',' or ']', but got '<stream end>'",
        'found unexpected end of stream',
        "expected <block end>, but found '<block mapping start>'",
    ),
    "reason": (
        "it lacks strips",
        "No such file or directory", "Permission denied", "Operation not permitted", "Is a directory",
        "Not a directory", "File exists", "No space left on device", "Disk quota exceeded", "Read-only file system",
        "Input/output error", "Too many open files", "Cannot allocate memory", "Device or resource busy",
        "Too many levels of symbolic links", "File name too long", "File too large", "Directory not empty",
        "Connection timed out", "Connection refused",
    ),
}  # fmt: skip
"""Of values of messages that bear these names, what they may be in words: entries are `value.NAME|TEXT`."""
CLEAR = {
    "gui/actions.py: name": "a key of MENUS",
    "gui/actions.py: menu": "a key of MENUS",
    "gui/data/check_words.py: table.get(key, key)": "of a table of this module",
    "engine/settings_advice.py: template": "an advice again, which was found where it is given",
    "engine/commands/check_data.py: KINDS[kind]": "in TABLES",
    "engine/guard.py: template": "in MORE",
    "engine/scripts/words.py: template": "of in_scripts",
    "engine/scripts/script.py: sentence": "of in_scripts",
    "engine/scripts/script.py: written": "of in_scripts",
    "engine/scripts/script.py: lacking": "of in_scripts",
    "engine/treatment.py: id_in_words(strategy.id, type(strategy).__name__)": "a technique's name",
    "engine/invalid.py: text.replace('input should', 'it should')": "of a validator: in MORE where it is ours",
    "engine/checkpoints/choice.py: f'{told.template}; {{whole}} beside it is whole (epoch {{whole_epoch}})'": "AFTER",
    "engine/submissions/submission.py: '{path} is no submission: ' + told.template": "BEFORE, found where it is given",
    "engine/lessons/reading.py: '{path} is no lesson: ' + told.template": "BEFORE, found where it is given",
    "plugins/dataset/_files.py: '{name} could not be downloaded ({reason}): ' + wanted.instead": "BEFORE and INSTEAD",
}
"""What is not literal and yet known, and from where."""
MORE = {
    "the {kind} {id} {given}{where} at step {step}; it must {expected}": "engine",
    **dict.fromkeys((NO_NAME, NO_DEVICE), "engine"),
    **dict.fromkeys((*BEFORE, *AFTER), "engine"),
}
"""Templates that are put together in the code, as they are then, and their areas."""


# --- in code -----------------------------------------------------------------------------------------------------


def in_code() -> tuple[list[Text], list[str]]:
    """All texts of calls in the code, and the places where one is not literal."""
    found: list[Text] = []
    unclear: list[str] = []
    for path in sorted(path for folder in ("gui", "engine", "plugins") for path in (ROOT / folder).rglob("*.py")):
        read_module(path, path.read_text(encoding="utf-8"), found, unclear)
    for name, texts in TABLES.items():
        module, attribute = name.split(":")
        path = Path(*module.split(".")).with_suffix(".py")
        found += [
            Text(text, area_of(path), name) for text in texts(getattr(importlib.import_module(module), attribute))
        ]
    found += [Text(text, area, "put together") for text, area in MORE.items() if has_words(text)]
    return found, unclear


def read_module(path: Path, code: str, found: list[Text], unclear: list[str]) -> None:
    """Add the texts of a file, and where one is not literal."""
    _Module(path, code, found, unclear).read()


class _Module:
    """One file of code."""

    def __init__(self, path: Path, code: str, found: list[Text], unclear: list[str]) -> None:
        self.path = path.relative_to(ROOT)
        self.area = area_of(self.path)
        self._found, self._unclear = found, unclear
        self._tree = ast.parse(code)
        self._functions = [
            node for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        self._within: dict[ast.AST, ast.AST] = {}
        for function in self._functions:  # an inner function comes after the one around it
            for node in ast.walk(function):
                self._within[node] = function
        self._wrappers = self._find_wrappers()

    def read(self) -> None:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call):
                self._call(node)

    def _call(self, call: ast.Call) -> None:
        name = _name(call)
        if name in ("tr", "_tr", "look_up", "translate"):
            place = 1 if name == "translate" else 0
            if name == "translate" and not ast.unparse(call.func).startswith("QCoreApplication."):
                return  # a painter's
            if name == "tr" and isinstance(call.func, ast.Name) and self.path.parts[0] == "gui" and len(call.args) == 2:
                place = 1 if _is_alias_of_translate(self._tree) else 0
            if call.args and not self._is_wrapper_itself(call):
                self._take(call.args[place], call)
        elif name in MESSAGES or name in self._wrappers:
            place = self._wrappers.get(name, MESSAGES.get(name, 1))
            given = (
                [each.value for each in call.keywords if each.arg in ("template", "text")]
                if len(call.args) <= place
                else []
            )
            if len(call.args) > place and not any(isinstance(each, ast.Starred) for each in call.args[: place + 1]):
                given = [call.args[place]]
            for each in given:
                if not self._is_passed_on(each, call):
                    self._take(each, call)
        if self.path.name in ("cli.py", "verbs.py", "verb_arguments.py", "common_arguments.py"):
            self._help(call, name)

    def _help(self, call: ast.Call, name: str) -> None:
        given = [each.value for each in call.keywords if each.arg in HELP]
        if name == "add_argument_group":
            given += call.args
        if name == "Verb":
            given.append(call.args[0])
        for each in given:
            if isinstance(each, ast.Constant | ast.Name | ast.IfExp | ast.BinOp):
                with_texts = self._texts(each, call, quiet=True)
                self._found += [Text(text, self.area, self._at(call)) for text in sorted(with_texts)]

    def _take(self, given: ast.expr, call: ast.Call) -> None:
        try:
            texts = self._texts(given, call)
        except Unclear:
            if f"{self.path.as_posix()}: {ast.unparse(given)}" not in CLEAR and self.path.as_posix() not in MECHANISM:
                self._unclear.append(f"{self._at(call)}: {ast.unparse(given)}")
            return
        self._found += [Text(text, self.area, self._at(call)) for text in sorted(texts) if has_words(text)]

    def _at(self, node: ast.AST) -> str:
        return f"{self.path.as_posix()}:{node.lineno}"  # type: ignore[attr-defined]

    # --- what an expression may be -------------------------------------------------------------------------

    def _texts(self, expression: ast.expr, at: ast.AST, quiet: bool = False, depth: int = 0) -> set[str]:
        """All strings that an expression may give. Raises `Unclear`."""
        if depth < 6:
            match expression:
                case ast.Constant(value=str(text)):
                    return {text}
                case ast.Constant():
                    return set()
                case ast.IfExp():
                    return self._texts(expression.body, at, quiet, depth) | self._texts(
                        expression.orelse, at, quiet, depth
                    )
                case ast.BinOp(op=ast.Add()):
                    left, right = (self._texts(side, at, quiet, depth) for side in (expression.left, expression.right))
                    return {one + other for one in left for other in right}
                case ast.Name(id=name):
                    if any(key.endswith(f":{name}") and self._is_of(key) for key in TABLES):
                        return set()
                    found = self._assigned(name, at)
                    if found:
                        return set().union(*(self._texts(each, at, quiet, depth + 1) for each in found))
                case (
                    ast.Subscript(value=ast.Name(id=name))
                    | ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"))
                ):
                    if any(key.endswith(f":{name}") and self._is_of(key) for key in TABLES):
                        return set()
                    tables = self._assigned(name, at)
                    if tables and all(isinstance(each, ast.Dict) for each in tables):
                        return set().union(
                            *(self._texts(each, at, quiet, depth + 1) for table in tables for each in table.values)
                        )
                case ast.Tuple():  # a code and a template, of which the caller takes the last
                    return self._texts(expression.elts[-1], at, quiet, depth + 1)
        if quiet:
            return set()
        raise Unclear

    def _is_of(self, key: str) -> bool:
        return key.split(":")[0].replace(".", "/") + ".py" == self.path.as_posix()

    def _assigned(self, name: str, at: ast.AST) -> list[ast.expr]:
        """What is assigned to a name in the function around, else in the module."""
        function = self._within.get(at)
        for scope in (function, self._tree):
            if scope is None:
                continue
            found: list[ast.expr] = []
            for node in ast.walk(scope):
                targets = (
                    node.targets
                    if isinstance(node, ast.Assign)
                    else [node.target]
                    if isinstance(node, ast.AnnAssign)
                    else []
                )
                for target in targets:
                    if isinstance(target, ast.Name) and target.id == name and node.value is not None:
                        found.append(node.value)
                    elif isinstance(target, ast.Tuple) and any(
                        isinstance(each, ast.Name) and each.id == name for each in target.elts
                    ):
                        found += _part(node.value, [getattr(each, "id", "") for each in target.elts].index(name))
                if isinstance(node, ast.For) and isinstance(node.target, ast.Tuple):
                    names = [getattr(each, "id", "") for each in node.target.elts]
                    if name in names:
                        found += self._yielded(node.iter, names.index(name))
            if found:
                return found
        return []

    def _yielded(self, called: ast.expr, place: int) -> list[ast.expr]:
        """What a function of the module yields at this place of its tuples."""
        function = next(
            (each for each in self._functions if isinstance(called, ast.Call) and each.name == _name(called)), None
        )
        return [] if function is None else [
            node.value.elts[place] for node in ast.walk(function)
            if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and len(node.value.elts) > place
        ]  # fmt: skip

    # --- functions that hand a template on -----------------------------------------------------------------

    def _find_wrappers(self) -> dict[str, int]:
        wrappers: dict[str, int] = {}
        for function in self._functions:
            names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            for call in calls:
                place = MESSAGES.get(_name(call))
                if place is not None and len(call.args) > place:
                    given = call.args[place]
                    if isinstance(given, ast.Name) and given.id in names:
                        is_method = names[0] == "self"
                        wrappers[function.name] = names.index(given.id) - is_method
        return wrappers

    def _is_passed_on(self, given: ast.expr, call: ast.Call) -> bool:
        """Whether it is an argument of the function around, or the template of another message."""
        if isinstance(given, ast.Attribute) and given.attr == "template":
            return True
        function = self._within.get(call)
        return (
            isinstance(function, ast.FunctionDef) and isinstance(given, ast.Name)
            and given.id in {each.arg for each in function.args.args}
        )  # fmt: skip

    def _is_wrapper_itself(self, call: ast.Call) -> bool:
        function = self._within.get(call)
        return isinstance(function, ast.FunctionDef) and function.name in ("_tr", "tr")


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _part(value: ast.expr | None, place: int) -> list[ast.expr]:
    """Of what is unpacked, the part at a place: of a tuple, of a choice of tuples, of a table of them."""
    match value:
        case ast.Tuple():
            return [value.elts[place]]
        case ast.IfExp():
            return _part(value.body, place) + _part(value.orelse, place)
        case ast.Subscript() | ast.Call() | ast.Name():
            return [value]
    return []


def _is_alias_of_translate(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and node.value.attr == "translate"
        for node in ast.walk(tree)
    )  # fmt: skip


# --- of techniques and settings ----------------------------------------------------------------------------------


def in_docs() -> Iterator[Text]:
    """The texts that are made of ids and docstrings."""
    from gui.words import id_in_words

    for base in KINDS.values():
        yield Text(flowed(inspect.getdoc(base) or "").split("\n\n")[0], "techniques", base.__name__)
    for parameter in run_parameters():
        yield Text(flowed(parameter.help), "techniques", f"run.{parameter.name}")
    for name in recipe_names():
        yield Text(recipe_in_words(name), "techniques", f"recipe {name}")
    for entry in discover(entry_points=False).entries:
        if entry.strategy is not None:
            yield Text(id_in_words(entry.id, entry.strategy.__name__), "techniques", f"{entry.id}, its name")
            yield Text(flowed(inspect.getdoc(entry.strategy) or ""), "techniques", entry.id)
            yield Text(source_of(entry.strategy), "techniques", f"{entry.id}, its source")
            for parameter in entry.parameters:
                yield Text(flowed(parameter.help), "techniques", f"{entry.id}.{parameter.name}")
    for text in sorted(in_scripts()):
        yield Text(text, "code", "a script")
    for name, texts in VALUES.items():
        for text in texts:
            yield Text(text, "engine", f"value.{name}")
    for text in ARGPARSE:
        yield Text(text, "commands", "argparse")


def in_scripts() -> set[str]:
    """The comments of all scripts: of the recipes, and of each technique in turn."""
    catalogue = discover(entry_points=False)
    base, found = recipe("first-lesson", catalogue), set()
    configs = [recipe(name, catalogue) for name in recipe_names()]
    for entry in catalogue.entries:
        if entry.strategy is not None:
            made = entry.strategy()
            configs.append(base.changed({entry.kind: made}) if entry.kind in ONE_CHOICE else base.ticked(made))
    for config in configs:
        found.update(texts_of(script(config, catalogue)))
    above = sentences(f"{NOTE}{ALL_GREY}{TOGETHER}")  # of a folder of pictures, which a recipe has not
    return {text for text in found | {each.template for each in above} if has_words(text)}


def has_words(text: str) -> bool:
    """Whether there is anything in a text to be translated."""
    return any(letter.isalpha() for letter in re.sub(r"\{[^}]*\}", "", text))


# --- beside the translations -------------------------------------------------------------------------------------


def area_of(path: Path) -> str:
    """The area of a file of code."""
    for area, patterns in AREAS.items():
        if any(
            path.match(each)
            if "*" in each
            else path.as_posix().startswith((f"{each}/", each if each.endswith(".py") else f"{each}/"))
            for each in patterns
        ):
            return area
    raise ValueError(path)


@functools.cache
def all_texts() -> dict[str, Text]:
    """Each text once, of the first area that says it."""
    texts: dict[str, Text] = {}
    order = list(AREAS)
    for each in sorted((*in_code()[0], *in_docs()), key=lambda each: order.index(each.area)):
        texts.setdefault(each.text, each)
    return texts


def translated() -> dict[str, dict[str, str]]:
    """What stands in the files, by area."""
    return {area: json.loads(path.read_text(encoding="utf-8")) if (path := FOLDER / f"{area}.json").exists() else {}
            for area in AREAS}  # fmt: skip


def missing() -> dict[str, dict[str, str]]:
    """What has no words in Korean, by area, as entries to be filled in."""
    known = {english_of(key) for entries in translated().values() for key, said in entries.items() if said}
    found: dict[str, dict[str, str]] = {area: {} for area in AREAS}
    for text, each in all_texts().items():
        if text not in known and not each.where.startswith("value."):
            found[each.area][text] = ""
    keys = {key for entries in translated().values() for key, said in entries.items() if said}
    wanted = (f"value.{name}{DIVIDER}{text}" for name, texts in VALUES.items() for text in texts)
    found["engine"] |= {key: "" for key in wanted if key not in keys}
    return found


def stale() -> dict[str, list[str]]:
    """Entries that no code says any more, by area."""
    texts = all_texts()
    return {area: [key for key in entries if english_of(key) not in texts] for area, entries in translated().items()}


def write() -> None:
    """Bring the files up to date: entries to be filled in are added, stale ones go, the others stay as they are."""
    lacking, gone, present = missing(), stale(), translated()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for area in AREAS:
        entries = {key: said for key, said in present[area].items() if key not in gone[area]} | {
            key: present[area].get(key, "") for key in lacking[area]
        }
        text = json.dumps(entries, ensure_ascii=False, indent=1) + "\n"
        (FOLDER / f"{area}.json").write_text(text, encoding="utf-8")


def main(words: list[str]) -> int:
    match words:
        case []:
            lacking, present, gone = missing(), translated(), stale()
            for area in AREAS:
                done = sum(bool(said) for said in present[area].values())
                print(f"{area:<12} {done:5} translated {len(lacking[area]):5} missing {len(gone[area]):5} stale")
        case ["missing", *areas]:
            lacking = missing()
            print(json.dumps({area: lacking[area] for area in areas or AREAS}, ensure_ascii=False, indent=1))
        case ["where", text]:
            print("\n".join(sorted({each.where for each in (*in_code()[0], *in_docs()) if each.text == text})))
        case ["write"]:
            write()
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
