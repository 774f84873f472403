"""Examples chosen by `atheris`, by what of the readers they reach: the long form of a fuzzer, if it is installed."""

from __future__ import annotations

import importlib.util
import inspect
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from benchmarks.rows import Row
from tests.engine.support import ROOT


def choose(seconds: int, drawn: SearchStrategy[Any], trial: Callable[[Any], object], reached: list[str]) -> None:
    """Try what atheris chooses from a strategy, for so long, by what it reaches of the modules named.

    Ends the process, with an error where a trial raises.
    """
    import atheris

    for function in _functions(reached):
        atheris.instrument_func(function)  # in place, so wherever it was imported to

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(drawn)
    def example(value: Any) -> None:
        trial(value)

    with TemporaryDirectory() as corpus:  # of shorter inputs than these few examples could be made
        for number in range(50):
            (Path(corpus) / str(number)).write_bytes(random.Random(number).randbytes(2_048))
        options = [f"-max_total_time={seconds}", "-max_len=4096", "-rss_limit_mb=4096", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={corpus}/", corpus], example.hypothesis.fuzz_one_input)
        atheris.Fuzz()


def _functions(modules: list[str]) -> Iterator[FunctionType]:
    """Every function and method that these modules define."""
    for module in map(importlib.import_module, modules):
        for owner in [module, *(each for _, each in inspect.getmembers(module, inspect.isclass))]:
            for value in vars(owner).values():
                value = getattr(value, "__func__", value)  # of a class or static method
                if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                    yield value


def guided(module: str, minutes: int) -> list[Row] | None:
    """What atheris found where `python -m MODULE SECONDS` calls `choose`; None where it isn't installed."""
    if importlib.util.find_spec("atheris") is None:
        return None
    words = [sys.executable, "-m", module, str(60 * minutes)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    if done.returncode:
        print(done.stderr[-20_000:], file=sys.stderr)
    return [
        Row("chosen by atheris: findings", float(done.returncode != 0), f"in {minutes} min", 0),
        Row("examples of that", float(found[1]) if found else 0.0, "", 1_000, at_most=False),
    ]
