"""Discovery of strategies: one loader and one validator for every origin, load errors as values.

Each plugin file and each entry point is loaded, checked and registered apart from the others. One that fails
becomes an entry with an error, and the rest load. Plugins are code and run with the user's rights: whoever puts
a file into the workspace's `plugins/` folder, or installs a package, trusts its author.
"""

from __future__ import annotations

import contextlib
import ctypes
import difflib
import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
from pydantic import ValidationError

from engine.guard import words_of
from engine.invalid import why_invalid
from engine.language import flowed
from engine.message import InputError, phrase
from engine.parameter import Parameter, UnsupportedParameter, parameters_of
from engine.reading import read_limited
from engine.strategy import KINDS, Hooks, Strategy

ENTRY_POINTS = "tunedeck"
"""The entry-point group by which an installed package offers strategies."""

ID = r"[a-z0-9]+(-[a-z0-9]+)*"
"""What an id looks like: lower-case words joined by hyphens."""
MAX_PLUGIN_BYTES = 10_000_000
"""Of a plugin's file."""
LOAD_SECONDS = 20.0
"""How long a plugin may take to be imported before it is given up."""

UNAVAILABLE = "it needs the module {}, which is not installed: install the package that brings it"
"""A package is often not called as its module is, and one of that name may be anybody's. `needs` tells what to do."""


@dataclass(frozen=True)
class Entry:
    """A row of the catalogue: a strategy, or the reason why there is none."""

    id: str
    kind: str | None
    strategy: type[Strategy] | None
    origin: str
    """`built-in`, or the file or package that it comes from."""
    error: str | None = None
    traceback: str | None = None
    unavailable: str | None = None
    """The library that it needs and that is not installed, in words."""
    version: str = ""
    """Of the package that it comes from; of a single file its digest."""

    @property
    def summary(self) -> str:
        """The first sentence of the strategy's docstring."""
        return first_sentence(self.strategy.__doc__) if self.strategy else ""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The strategy's parameters in order; empty where there is no strategy."""
        return parameters_of(self.strategy) if self.strategy else ()

    def to_dict(self) -> dict[str, Any]:
        """The keys that `tunedeck plugins --json` prints."""
        return {
            "id": self.id, "kind": self.kind, "summary": self.summary, "origin": self.origin,
            "parameters": [parameter.to_dict() for parameter in self.parameters],
            "error": self.error, "unavailable": self.unavailable,
        }  # fmt: skip


class Catalogue:
    """All strategies there are, by id, and the plugins that failed to load."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._by_id = {entry.id: entry for entry in self.entries if entry.strategy}

    def of_kind(self, kind: str) -> list[type[Strategy]]:
        """The strategies of one kind, in the order of discovery."""
        return [entry.strategy for entry in self.entries if entry.strategy and entry.kind == kind]

    def entry(self, id: str, kind: str | None = None) -> Entry:
        """The row of a usable strategy.

        Raises `InputError` where there is none, with the nearest id, or, if a kind is given, with all of that kind.
        """
        if id in self._by_id:
            return self._by_id[id]
        for failed in self.entries:
            if failed.id == id and failed.unavailable:
                raise InputError(
                    "strategy-unavailable", "{id} can't be used: {reason}", id=id, reason=failed.unavailable,
                )  # fmt: skip
            if failed.id == id:
                raise InputError(
                    "strategy-broken", "the plugin {id} ({origin}) could not be loaded: {error}",
                    id=id, origin=failed.origin, error=failed.error,
                )  # fmt: skip
        if kind is not None:
            raise InputError(
                "unknown-choice", "there is no {kind} {id}{nearest} ({choices})", kind=kind, id=repr(id)[:80],
                nearest=nearest(id, [s.id for s in self.of_kind(kind)]),
                choices=", ".join(sorted(s.id for s in self.of_kind(kind))),
            )  # fmt: skip
        raise InputError(
            "unknown-strategy", "there is no {id}{nearest}; `tunedeck plugins` lists all",
            id=repr(id)[:80], nearest=nearest(id, self._by_id),
        )  # fmt: skip

    def make(self, kind: str | None, id: str, values: dict[str, Any]) -> Strategy:
        """A strategy with these parameters; `kind`, where given, is the kind that it must be of.

        Raises `InputError` for an unknown id or parameter (with the nearest name), another kind, or a bad value.
        """
        entry = self.entry(id, kind)
        assert entry.strategy is not None
        if kind is not None and entry.kind != kind:
            raise InputError(
                "wrong-kind", "{id} is of kind {actual}, not {kind}: choose one of {choices}",
                id=id, actual=entry.kind, kind=kind, choices=", ".join(s.id for s in self.of_kind(kind)),
            )  # fmt: skip
        for name in values:
            if name not in entry.strategy.model_fields:
                raise InputError(
                    "unknown-parameter", "{id} has no parameter {name}{nearest}",
                    id=id, name=repr(name)[:80], nearest=nearest(name, entry.strategy.model_fields),
                )  # fmt: skip
        for parameter in entry.parameters:
            value = values.get(parameter.name)
            if parameter.length is not None and isinstance(value, (list, tuple)) and len(value) != parameter.length:
                raise InputError(
                    "wrong-length", "{id}: {name} takes {length} numbers, such as {example}",
                    id=id, name=parameter.name, length=parameter.length, example=parameter.write(parameter.default),
                )  # fmt: skip
        try:
            return entry.strategy(**values)
        except ValidationError as error:
            raise invalid_value(f"{id}: ", error) from None

    def flags(self) -> dict[str, str]:
        """Each flag of a strategy's own, and the id that it stands for."""
        return {s.flag: s.id for entry in self.entries if (s := entry.strategy) and s.flag}


def discover(user_folder: Path | None = None, *, entry_points: bool = True) -> Catalogue:
    """Load the built-in plugins, installed packages' entry points, and the files of the user's `plugins` folder."""
    entries: list[Entry] = []
    for name, origin, version, load in _sources(user_folder, entry_points):
        taken = {word for entry in entries if (s := entry.strategy) for word in (s.id, s.flag) if word}
        entries.extend(replace(entry, version=version) for entry in _load_apart(name, origin, load, taken))
    return Catalogue(entries)


def _sources(user_folder: Path | None, entry_points: bool) -> Iterator[tuple[str, str, str, Callable[[], ModuleType]]]:
    """Name, origin and version of each plugin, and how to load it."""
    built_in = importlib.util.find_spec("plugins")
    for folder in built_in.submodule_search_locations or [] if built_in else []:
        for kind in KINDS:
            package = kind.replace("-", "_")
            for path in _plugin_files(Path(folder) / package):
                name = f"plugins.{package}.{path.stem}"
                yield path.stem, "built-in", _own_version(), lambda name=name: importlib.import_module(name)  # type: ignore[misc]
    if entry_points:
        for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
            yield point.name, point.value, point.dist.version if point.dist else "", point.load
    if user_folder is not None and user_folder.is_dir():
        for path in _plugin_files(user_folder):
            yield path.stem, str(path), _digest(path), lambda path=path: _import_file(path)  # type: ignore[misc]


def _digest(path: Path) -> str:
    try:
        return f"sha256:{hashlib.sha256(read_limited(path, MAX_PLUGIN_BYTES)).hexdigest()[:16]}"
    except OSError:  # loading it will say why
        return ""


@functools.cache
def _own_version() -> str:
    try:
        return importlib.metadata.version("tunedeck")
    except importlib.metadata.PackageNotFoundError:  # run from its sources, without having been installed
        return ""


def _plugin_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def _import_file(path: Path) -> ModuleType:
    read_limited(path, MAX_PLUGIN_BYTES)  # a pipe or a device with such a name would never end
    name = f"tunedeck_user_plugins.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic and inspect look a class's module up while it is being executed
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _load_apart(name: str, origin: str, load: Callable[[], ModuleType], taken: set[str]) -> list[Entry]:
    """The entries of one plugin: its strategies, or one entry that says what is wrong with it."""
    outcome: list[list[Entry]] = []

    def work() -> None:
        try:
            with _default_dtype_kept():
                classes = _registered(name, load())
            outcome.append([_checked(cls, origin, taken) for cls in classes])
        except BaseException as error:  # noqa: BLE001 the boundary: a plugin may raise anything
            missing = _missing_library(error)
            if missing is not None:
                told = str(error) if str(error).startswith("it needs ") else UNAVAILABLE.format(missing)
                outcome.append([Entry(name, None, None, origin, unavailable=told)])
                return
            text = " ".join(str(error).split()) if isinstance(error, PluginError) else words_of(error)
            outcome.append([Entry(name, None, None, origin, text, traceback.format_exc())])

    # In a thread, so that a plugin that hangs at import can be given up.
    thread = threading.Thread(target=work, name=f"load {name}", daemon=True)
    thread.start()
    thread.join(LOAD_SECONDS)
    if outcome:
        return outcome[0]
    # What is only busy ends here, and leaves the processors to others; what waits for something waits on.
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
    return [Entry(name, None, None, origin, f"took longer than {LOAD_SECONDS:.0f} seconds to load")]


@contextlib.contextmanager
def _default_dtype_kept() -> Iterator[None]:
    """Set PyTorch's default dtype back where a plugin changes it for everybody, and raise `PluginError`."""
    torch = sys.modules.get("torch")
    before = torch.get_default_dtype() if torch else None
    yield
    torch = sys.modules.get("torch")
    if torch is not None and (changed := torch.get_default_dtype()) != (before or torch.float32):
        torch.set_default_dtype(before or torch.float32)
        raise PluginError(f"it sets PyTorch's default dtype to {changed} for everybody: give each tensor its dtype")


def _missing_library(error: BaseException) -> str | None:
    """The library that an import did not find; None where the fault is another, such as a misspelt module of one."""
    name = (error.name or "").split(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    there = not name or name in sys.modules or importlib.util.find_spec(name) is not None
    return None if there else name


class PluginError(Exception):
    """A plugin breaks the contract; the text says how."""


def _registered(name: str, module: ModuleType) -> list[Any]:
    manager = pluggy.PluginManager("tunedeck")
    manager.add_hookspecs(Hooks)
    manager.register(module, name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"{error}; the hook is called register_strategies") from None
    classes = [cls for offered in manager.hook.register_strategies() for cls in offered]
    if not classes:
        raise PluginError("it registers nothing: return its classes from a @hookimpl called register_strategies")
    return classes


def _checked(cls: Any, origin: str, taken: set[str]) -> Entry:
    if not (isinstance(cls, type) and issubclass(cls, Strategy) and cls not in KINDS.values() and hasattr(cls, "kind")):
        raise PluginError(f"{cls!r} is not a subclass of one of the kinds in engine.strategy")
    if not re.fullmatch(ID, cls.id):
        raise PluginError(f"the id {cls.id!r} is not lower-case words joined by hyphens")
    if cls.id in taken:
        raise PluginError(f"the id {cls.id} is already taken")
    if cls.flag is not None and (cls.flag in taken or not re.fullmatch(f"--{ID}", cls.flag)):
        raise PluginError(f"the flag {cls.flag} is taken, or not -- and lower-case words joined by hyphens")
    if "__doc__" not in cls.__dict__ or not cls.__doc__:
        raise PluginError(f"{cls.__name__} has no docstring: its first sentence is its explanation")
    try:
        parameters_of(cls)
        cls()
    except UnsupportedParameter as error:
        raise PluginError(f"{cls.__name__}: {error}") from None
    except ValidationError as error:
        raise PluginError(f"{cls.__name__} can't be made with its defaults: {error.errors()[0]['msg']}") from None
    taken |= {cls.id, cls.flag or cls.id}
    return Entry(cls.id, cls.kind, cls, origin)


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` with the known word most like this one, or nothing."""
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word[:80].lower(), list(by_lower), 1, 0.6)
    return phrase("nearest", "; did you mean {word}?", word=by_lower[found[0]]) if found else ""


def invalid_value(where: str, error: ValidationError) -> InputError:
    """One line for what pydantic found first."""
    first = error.errors()[0]
    return InputError(
        "invalid-value", "{where}{name} = {value}: {text}",
        where=where, name=".".join(str(part) for part in first["loc"])[:80], value=repr(first["input"])[:80],
        text=why_invalid(first),
    )  # fmt: skip


def source_of(strategy: type[Strategy]) -> str:
    """Where a technique comes from in the literature, in English: the first paragraph of its file."""
    module = sys.modules.get(strategy.__module__)
    return flowed(inspect.cleandoc(module.__doc__ or "") if module else "").split("\n\n")[0]


def first_sentence(text: str | None) -> str:
    """The first sentence of a docstring, on one line."""
    return re.split(r"(?<=[.!?])\s", " ".join((text or "").split()), maxsplit=1)[0]
