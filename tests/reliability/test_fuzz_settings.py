"""Readers of settings, records and notes, given what nobody thought of: the short form, always the same examples."""

from __future__ import annotations

import pytest

from tests.reliability.fuzz_settings import TARGETS, fuzz

EXAMPLES = {"text": 300, "flag": 200, "result": 100, "record": 100, "mapping": 100, "note": 50, "file": 60}


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_drawn_is_read_or_refused(name):
    assert fuzz(name, EXAMPLES[name]) >= EXAMPLES[name] // 2
