"""One run of an experiment, in a process of its own."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.effects.experiments import EXPERIMENTS, Experiment
from benchmarks.effects.figures import read_off
from engine.catalogue import discover
from engine.config import ONE_CHOICE, RunConfig, recipe, run_parameters
from engine.events import Failed, Finished
from engine.store import MemoryStore
from engine.strategy_text import parse_strategy
from engine.trained.network import Predictor
from engine.trainer import Trainer

PLUGINS = Path(__file__).parent / "plugins"


def settings(experiment: Experiment, variant: str, seed: int) -> RunConfig:
    """The settings of one run."""

    catalogue = discover(PLUGINS)
    config = recipe(experiment.recipe, catalogue)
    values = {"seed": seed, "threads": "1", "device": "cpu"} | experiment.settings
    for name, value in values.items():
        if name in ONE_CHOICE:
            config = config.ticked(parse_strategy(str(value), catalogue, name))
        else:
            config = config.changed({name: value})
    values_of_a_run = {parameter.name for parameter in run_parameters()}
    for text in experiment.variants[variant]:
        kind, equals, rest = text.partition("=")
        if text == "without":
            config = config.changed({"with_": ()})
        elif equals and kind in values_of_a_run:
            config = config.changed({kind: rest})
        elif equals and kind in ONE_CHOICE:
            config = config.ticked(parse_strategy(rest, catalogue, kind))
        else:
            config = config.ticked(parse_strategy(text, catalogue))
    return config.changed({"offered": ()})


def key(experiment: Experiment, variant: str, seed: int) -> str:
    """What a result is filed under: it changes with any setting."""
    text = json.dumps(settings(experiment, variant, seed).to_dict(), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def train(name: str, variant: str, seed: int) -> dict[str, Any]:
    """Train one run in this process; its line of results."""

    experiment, store = EXPERIMENTS[name], MemoryStore()
    config = settings(experiment, variant, seed)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, lambda: store, data_folder=Path(folder))
        last = None
        for event in trainer.run():
            if isinstance(event, Failed):
                raise RuntimeError(f"{name}, {variant}, seed {seed}: {event.text}\n{event.traceback}")
            last = event if isinstance(event, Finished) else last
    ends = [Predictor(snapshot, config, "a result") for snapshot in (store.last(), store.best()) if snapshot]
    assert last is not None
    figures = read_off(trainer, last, *ends)
    return {"experiment": name, "variant": variant, "seed": seed, "key": key(experiment, variant, seed)} | figures
