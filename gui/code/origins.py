"""Which technique each line of a script is there for."""

from __future__ import annotations

import contextlib
from pathlib import Path

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.message import InputError
from gui.code.changes import changes

Origins = dict[int, tuple[str, ...]]
"""The ids of techniques, by the number of the line, from 0. What every run has is from none."""


def origins(config: RunConfig, catalogue: Catalogue, folder: Path, text: str) -> Origins:
    """The lines that the script of these settings would not have, or have otherwise, without a ticked technique."""
    from engine.scripts.script import script
    from engine.scripts.words import in_language

    found: Origins = {}
    for strategy in config.with_:
        with contextlib.suppress(InputError):  # others may need it
            without = script(config.unticked(strategy.id), catalogue, folder)
            for line in changes(in_language(without), text).new:
                found[line] = (*found.get(line, ()), strategy.id)
    return found
