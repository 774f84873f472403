"""Settings, records and notes that nobody thought of: their readers read them or refuse them, and do nothing else.

Each target takes what `hypothesis` draws and raises where a reader does anything but give a value that can be written
and read again, or raise `InputError` with one line.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import yaml
from hypothesis import HealthCheck, strategies
from hypothesis.strategies import SearchStrategy

from benchmarks.rows import Row
from engine.catalogue import Catalogue, discover
from engine.commands.runs import _plugins, run_to_dict
from engine.config import RunConfig, recipe, run_parameters
from engine.hardware import remembered_threads
from engine.history import EPOCH_HEADER, STEP_HEADER, read_history
from engine.message import InputError, one_line
from engine.run_records.notes import notes_of, read_notes, write_notes
from engine.run_records.record import read_run
from engine.run_records.result import Result, read_result
from engine.strategy import KINDS
from engine.strategy_text import format_strategy, parse_strategy
from engine.yaml_file import parse_yaml, read_yaml, write_yaml
from gui.memory import Memory
from gui.runs.queue import RunQueue
from tests.reliability.guided import choose, guided

MINUTES = 10
READERS = [
    *(f"engine.{name}" for name in ("config", "strategy", "strategy_text", "parameter", "history", "result", "hardware",
                                    "run_notes", "run_record", "run_commands", "yaml_file", "message")),
    "gui.memory", "gui.runs.queue", "yaml.scanner", "yaml.parser", "yaml.composer", "yaml.constructor", "yaml.resolver",
]  # fmt: skip
"""What atheris follows."""

CATALOGUE: Catalogue = discover(entry_points=False)
IDS = [entry.id for entry in CATALOGUE.entries]
NAMES = sorted({p.name for entry in CATALOGUE.entries for p in entry.parameters} | {"id"})
FIELDS = ["format", "with", "offered", "changes", "parent", *KINDS, *(p.name for p in run_parameters())]

WORDS = strategies.one_of(
    strategies.text(max_size=20),
    strategies.sampled_from(
        [*IDS, *NAMES, "none", "true", "1e400", "nan", "-0", "0x10", "1+2", "10%", "all", "\\", "\\,", "a:b=c"]
    ),
    strategies.text("\\,=:+ei.0123456789-_%\x00\n\x1b\ud800한", max_size=20).filter(bool),
)
NUMBERS = strategies.one_of(
    strategies.integers(), strategies.floats(), strategies.sampled_from([10**18, 10**400, 2**63, -1])
)
KEYS = strategies.one_of(strategies.sampled_from(NAMES), WORDS)
PLAIN = strategies.recursive(
    strategies.one_of(strategies.none(), strategies.booleans(), NUMBERS, WORDS),
    lambda inner: strategies.one_of(
        strategies.lists(inner, max_size=4), strategies.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)
"""What JSON and YAML hold."""


@strategies.composite
def techniques(draw: Any) -> Any:
    """A technique of the settings: mostly one that there is, with parameters of its own and odd values."""
    entry = draw(strategies.sampled_from(CATALOGUE.entries))
    names = [parameter.name for parameter in entry.parameters] or NAMES
    values = draw(
        strategies.dictionaries(strategies.sampled_from(names), strategies.one_of(PLAIN, NUMBERS), max_size=3)
    )
    return draw(strategies.sampled_from([{"id": entry.id, **values}, entry.id, values]))


@strategies.composite
def flags(draw: Any) -> str:
    """A technique as a flag has it."""
    entry = draw(strategies.sampled_from(CATALOGUE.entries))
    names = [parameter.name for parameter in entry.parameters] or NAMES
    parts = draw(strategies.lists(strategies.tuples(strategies.sampled_from(names), WORDS), max_size=3))
    return (
        entry.id
        + ":"
        + ",".join(f"{name}={value}" for name, value in parts)
        + draw(strategies.sampled_from(["", ",", "\\", "\\,"]))
    )


MAPPINGS = strategies.one_of(
    strategies.dictionaries(strategies.one_of(strategies.sampled_from(FIELDS), WORDS), PLAIN, max_size=4),
    strategies.fixed_dictionaries({}, optional={
        **{name: strategies.one_of(NUMBERS, WORDS, PLAIN) for name in FIELDS},
        **{kind: techniques() for kind in KINDS},
        "with": strategies.lists(techniques(), max_size=4), "offered": strategies.lists(techniques(), max_size=4),
    }),
)  # fmt: skip
"""Settings of a run, or nearly."""
LINES = strategies.text(" -:{}[]&*!|>'\"%@`#,?\n\tabe.+019<=~\\ux\x00\x85\u2028\ufeff", max_size=60)
NOTED = strategies.dictionaries(strategies.sampled_from(["name", "tags", "notes", "runs"]), PLAIN)
FILES = strategies.one_of(
    strategies.binary(max_size=80),
    LINES.map(lambda text: text.encode("utf-8", "surrogatepass")),
    MAPPINGS.map(lambda data: yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "surrogatepass")),
    strategies.one_of(PLAIN, NOTED).map(lambda data: json.dumps(data).encode()),
)
"""The bytes of a small file."""
REASONS = strategies.fixed_dictionaries({"code": PLAIN, "template": PLAIN, "values": PLAIN})
FIGURES = dict.fromkeys((field.name for field in fields(Result) if field.name != "reason"), PLAIN)
RESULTS = strategies.fixed_dictionaries({"reason": strategies.one_of(PLAIN, REASONS), **FIGURES}).map(
    lambda data: json.dumps(data).encode()
)
CELLS = strategies.one_of(
    strategies.text(max_size=5), strategies.floats().map(repr), strategies.integers().map(str), strategies.just("")
)
RECORDS = strategies.lists(strategies.lists(CELLS, min_size=3, max_size=11).map(",".join)).map("\n".join)


def in_one_line(error: InputError) -> None:
    """Raise where an error would not be told in one line that any terminal takes."""
    line = one_line(f"tunedeck: {error}")
    line.encode()
    assert len(line) > len("tunedeck: ") + 5 and "\n" not in line, line


def refuses(read: Callable[[], Any]) -> Any:
    """What a reader gives; None where it refuses."""
    try:
        return read()
    except InputError as error:
        in_one_line(error)
        return None


class Targets:
    """What is fuzzed, each with a folder for its files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, data: bytes) -> None:
        """A file of settings, notes, queue, looks or numbers, whatever its name."""
        for name in (
            "settings.yaml",
            "queue.yaml",
            "notes.yaml",
            "result.json",
            "environment.json",
            "window.ini",
            "threads.json",
        ):
            (self._folder / name).write_bytes(data)
        refuses(lambda: read_yaml(self._folder / "settings.yaml"))
        notes = read_notes(self._folder)
        assert write_notes(self._folder, notes) == notes == read_notes(self._folder)
        read_result(self._folder)
        _plugins(self._folder)
        RunQueue(self._folder).read(CATALOGUE)
        Memory(self._folder).read_config(CATALOGUE)
        assert remembered_threads(self._folder / "threads.json", ["case"], lambda: 1) >= 1

    def mapping(self, data: dict[str, Any]) -> None:
        """A run's settings, as they stand in YAML and in a checkpoint."""
        config = refuses(lambda: RunConfig.from_dict(data, CATALOGUE))
        if config is not None:
            config.advice()
            write_yaml(self._folder / "again.yaml", config.to_dict())
            assert RunConfig.from_dict(read_yaml(self._folder / "again.yaml"), CATALOGUE) == config

    def flag(self, text: str) -> None:
        """A technique on the command line."""
        made = refuses(lambda: parse_strategy(text, CATALOGUE, None, recipe("default", CATALOGUE)))
        if made is not None:
            assert parse_strategy(format_strategy(made), CATALOGUE) == made, format_strategy(made)

    def text(self, text: str) -> None:
        """A text of YAML."""
        refuses(lambda: parse_yaml(text, "FILE"))

    def result(self, data: bytes) -> None:
        """How a run ended."""
        (self._folder / "result.json").write_bytes(data)
        result = read_result(self._folder)
        if result is not None:
            one_line(str(result.reason)).encode()

    def record(self, text: str) -> None:
        """The figures of a run, and the run as its folder tells of it."""
        (self._folder / "history.csv").write_text(EPOCH_HEADER + text + "\n", encoding="utf-8", errors="replace")
        (self._folder / "steps.csv").write_text(STEP_HEADER + text + "\n", encoding="utf-8", errors="replace")
        (self._folder / "config.yaml").write_text("epochs: 3\n", encoding="utf-8")
        read_history(self._folder)
        record = read_run(self._folder)
        assert record is not None
        json.dumps(run_to_dict(record), allow_nan=False)

    def note(self, parts: tuple[Any, Any, Any]) -> None:
        """What is written on a run."""
        kept = notes_of(*parts)
        assert write_notes(self._folder, kept) == kept == read_notes(self._folder)


TARGETS: dict[str, SearchStrategy[Any]] = {
    "file": FILES, "mapping": MAPPINGS, "flag": flags(), "text": LINES, "result": RESULTS, "record": RECORDS,
    "note": strategies.tuples(PLAIN, PLAIN, PLAIN),
}  # fmt: skip
"""What is drawn for each target."""


def fuzz(name: str, examples: int, seed: int | None = None) -> int:
    """Try so many examples on a target, always the same ones where no seed is given; how many were tried.

    Raises what a reader raised, or what was found wrong with what it gave, for the smallest example.
    """
    tried = 0
    with TemporaryDirectory() as folder:
        target = getattr(Targets(Path(folder)), name)

        @hypothesis.settings(
            max_examples=examples, derandomize=seed is None, database=None, deadline=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @hypothesis.given(TARGETS[name])
        def trial(drawn: Any) -> None:
            nonlocal tried
            tried += 1
            target(drawn)

        (trial if seed is None else hypothesis.seed(seed)(trial))()
    return tried


def long_form() -> list[Row]:
    """Ten minutes of atheris where it is installed, and as long new examples for every target in turn."""
    end, seed, tried, found = time.monotonic() + 60 * MINUTES, time.time_ns() % 2**32, 0, 0
    while time.monotonic() < end:
        for name in TARGETS:
            try:
                tried += fuzz(name, 300, seed)
            except Exception as error:  # whatever it is, it is a finding
                found += 1
                print(
                    f"{name}, seed {seed}: {type(error).__name__}: {error}", *getattr(error, "__notes__", ()), sep="\n"
                )
            seed += 1
    return [
        Row("settings, records and notes that were drawn", tried, "examples", 10_000, at_most=False),
        Row("of them read otherwise than said", found, "", 0),
        *(guided(__name__, MINUTES) or []),
    ]


if __name__ == "__main__":
    every = strategies.one_of(*(strategies.tuples(strategies.just(name), TARGETS[name]) for name in TARGETS))
    with TemporaryDirectory() as made:
        targets = Targets(Path(made))
        choose(int(sys.argv[1]), every, lambda drawn: getattr(targets, drawn[0])(drawn[1]), READERS)
