"""The settings that a command line names."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.config import ONE_CHOICE, RECORDED, RunConfig, recipe, run_parameters
from engine.language import tr
from engine.message import InputError
from engine.strategy_text import parse_strategy
from engine.yaml_file import read_yaml


def settings(arguments: argparse.Namespace, catalogue: Catalogue, base: RunConfig | None = None) -> RunConfig:
    """The settings: the recipe (else `base`), over it the settings file, over it the flags. Raises `InputError`."""
    config = base
    if config is None or arguments.recipe:
        config = recipe(arguments.recipe or "default", catalogue)
    if arguments.config:
        data = read_yaml(Path(arguments.config))
        recorded = [name for name in RECORDED if data.pop(name, None)]
        if recorded:
            told = tr("the changes made in that run, and its past, are not repeated")
            print(f"tunedeck: {told}", file=sys.stderr)
        config = RunConfig.from_dict(data, catalogue, config)
    given = {p.name: value for p in run_parameters() if (value := getattr(arguments, p.name)) is not None}
    for kind in ONE_CHOICE:
        if (text := getattr(arguments, kind)) is not None:
            given[kind] = parse_strategy(text, catalogue, kind, config)
    config = config.changed(given)
    for action, text in arguments.changes:
        if action == "with":
            config = config.ticked(_many(parse_strategy(text, catalogue, None, config)))
        elif text in {strategy.id for strategy in config.with_}:
            config = config.unticked(text)
        else:
            catalogue.entry(text)
    config.check()
    return config


def _many(strategy: Any) -> Any:
    if not strategy.many:
        raise InputError(
            "not-ticked", "{id} is chosen, not ticked: give it as --{kind}", id=strategy.id, kind=strategy.kind
        )
    return strategy
