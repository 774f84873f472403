"""The fuzzer in short, and what it has found."""

from __future__ import annotations

import pytest

from tests.reliability.fuzz_checkpoint import fuzz, used, whole


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


def test_the_file_that_the_fuzzer_starts_from_is_taken():
    assert used(whole())


def test_nothing_but_one_clear_line_comes_of_any_file():
    taken = fuzz(300, derandomize=True)
    assert 0 < taken < 300, "nothing, or everything, was changed beyond use"
