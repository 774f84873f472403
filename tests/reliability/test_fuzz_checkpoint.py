"""The fuzzer in short, and what it has found."""

from __future__ import annotations

import pytest

from tests.reliability.fuzz_checkpoint import fuzz, used, whole
from tests.reliability.sealed import Opened


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


def test_the_file_that_the_fuzzer_starts_from_is_taken():
    assert used(whole())


def test_nothing_but_one_clear_line_comes_of_any_file():
    taken = fuzz(300, derandomize=True)
    assert 0 < taken < 300, "nothing, or everything, was changed beyond use"


@pytest.mark.parametrize("place", ["optimizer", "with", "a setting", "a parameter", "a text"])
def test_a_name_of_any_length_makes_no_long_line(place):
    """Found by atheris: what a stranger wrote was quoted whole."""
    opened = Opened.of(whole())
    config, name = opened.meta["config"], "x\n" * 2_000
    if place == "a setting":
        config[name] = 1
    elif place == "a parameter":
        config["optimizer"][name] = 1
    elif place == "with":
        config["with"].append({"id": name})
    else:
        config["optimizer"] = {"id": name} if place == "optimizer" else f"adam:{name}"
    assert not used(opened.sealed())


@pytest.mark.parametrize("key", ["id", "kind"])
def test_a_plugin_whose_name_steers_a_terminal_is_named_in_one_line(key):
    """Found by atheris: the name of a plugin that is missing was quoted as it stood."""
    opened = Opened.of(whole())
    opened.meta["plugins"][0][key] = "a\nb\x1b[31m"
    assert not used(opened.sealed())
