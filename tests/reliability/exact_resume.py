"""A run that is stopped and goes on is the run that nobody stopped, with every technique and after every step.

How every step is tried in the time of one run: a run is stopped after *each* step and at each end of an epoch, and each
time a new trainer goes on from the bytes of what was saved, with settings read from them, for one step. What is saved
there must equal, bit for bit, what the undisturbed run would have saved: tensors of model, average and optimizer,
record, sums, progress and changes; only times may differ. Every link of that chain begins with the undisturbed run's
own bytes and ends with its next ones, so by induction a run may be stopped after any step, and as often as one likes.
What a trainer kept outside its snapshot for longer than one step would escape that where it is stopped but once; so
from some places it is also let run on to the end.

Settings come from the catalogue (`resume_settings`): a technique that is added is tried without a line here.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.rows import Row
from engine.catalogue import Catalogue
from engine.checkpoints.checkpoint import Snapshot, read_checkpoint
from engine.config import RunConfig
from engine.events import Failed, Finished
from engine.runs import config_of, new_run
from engine.store import MemoryStore
from engine.trainer import Stop, Trainer
from tests.engine.support import ROOT, record, run, run_stored
from tests.reliability.each_image import fair_epochs
from tests.reliability.resume_settings import BATCH, LONG, PLUGINS, Settings, catalogue, write_files


def state(snapshot: Snapshot) -> dict[str, str]:
    """All of a snapshot but its times, by name: digests of the tensors' bits, and the metadata as text."""
    found = {}
    for name, tensor in (snapshot.tensors | record(snapshot)).items():
        bits = tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        found[name] = f"{tensor.dtype} {tuple(tensor.shape)} {blake2b(bits, digest_size=16).hexdigest()}"
    meta = json.loads(json.dumps(snapshot.meta))
    for timed in ("progress", "sums"):
        del meta[timed]["seconds"]
    return found | {f"meta {name}": json.dumps(value, sort_keys=True) for name, value in meta.items()}


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """The names under which two states differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def figures(finished: Any) -> tuple[Any, ...]:
    """What the last event tells, but for times. A reason may tell of time too: its code and epochs count."""
    assert isinstance(finished, Finished), finished
    values = {name: value for name, value in finished.reason.values.items() if name != "time"}
    return (
        finished.reason.code, values, finished.epochs, finished.step, finished.best_epoch, finished.best_val_loss,
        finished.best_val_accuracy, finished.test_loss, finished.test_accuracy,
    )  # fmt: skip


def place(trainer: Trainer) -> tuple[int, int, int]:
    """Where a run stands: of the same step, the end of its epoch is another place."""
    return trainer.position.epoch, trainer.position.batch, trainer.position.step


class Whole:
    """A run that nobody disturbs: its state at every place, and what it came to."""

    def __init__(self, config: RunConfig) -> None:
        events, store, trainer = run_stored(config)
        self.figures = figures(events[-1])
        self.steps = trainer.position.step
        self.last, self.best = state(store.last()), state(store.best() or store.last())
        self.states: list[dict[str, str]] = []
        trainer, reached = Trainer(config), None
        for event in trainer.run():
            assert not isinstance(event, Failed), event
            if place(trainer) != reached:  # and not once it has ended, when the network holds the best weights
                reached = place(trainer)
                self.states.append(state(trainer.snapshot()))
        assert differences(self.states[-1], self.last) == [], "to look at a run must not change it"


@dataclass
class Found:
    """What came of a run that was stopped everywhere."""

    steps: int = 0
    """Of the undisturbed run."""
    places: int = 0
    equal: int = 0
    """Places at which all was as in the undisturbed run."""
    ends: int = 0
    """Places from which it was let run on to the end."""
    equal_ends: int = 0
    first_difference: str = ""

    @property
    def exact(self) -> bool:
        """Whether all was equal."""
        return (self.equal, self.equal_ends) == (self.places, self.ends)

    def _note(self, where: str, different: list[str]) -> bool:
        if different and not self.first_difference:
            self.first_difference = f"{where}: {', '.join(different[:5])}"
        return not different


def stopped_everywhere(config: RunConfig, catalogue: Catalogue, ends: int, seed: int = 0) -> Found:
    """Stop a run at every place; go on from each for one step, and from `ends` random ones to the end."""
    whole = Whole(config)
    found = Found(steps=whole.steps, places=len(whole.states))
    chosen = set(random.Random(seed).sample(range(found.places), min(ends, found.places)))
    store = MemoryStore()
    trainer = Trainer(config, lambda: store)
    for number, expected in enumerate(whole.states):
        _stop_at_next_place(trainer, first=number == 0)
        equal = found._note(f"place {number}", differences(state(store.last()), expected))
        found.equal += equal
        if number in chosen:
            found.ends += 1
            found.equal_ends += found._note(f"the end, from place {number}", _end(store, catalogue, whole))
        if not equal:
            break
        trainer = _go_on(store, catalogue)
    else:
        ended = figures(run(trainer)[-1])
        found._note("the figures of the end", [] if ended == whole.figures else [f"{ended} for {whole.figures}"])
    return found


def _go_on(store: MemoryStore, catalogue: Catalogue) -> Trainer:
    """A new trainer, from nothing but the bytes in the store."""
    snapshot = store.last()
    return Trainer(config_of(snapshot, catalogue), lambda: store, snapshot=snapshot)


def _stop_at_next_place(trainer: Trainer, *, first: bool) -> None:
    """Train one step, or to the end of the epoch where its last step is done, and stop; `first`, before the first."""
    begun, training = place(trainer), trainer.run()
    event = next(training)
    while not first and place(trainer) == begun:
        event = next(training)
    event = training.throw(Stop())
    while not isinstance(event, (Finished, Failed)):
        event = next(training)
    assert isinstance(event, Finished), event


def _end(store: MemoryStore, catalogue: Catalogue, whole: Whole) -> list[str]:
    """What is other than in the undisturbed run where a copy of the run goes on to its end."""
    copy = MemoryStore()
    copy.last_bytes, copy.best_bytes = store.last_bytes, store.best_bytes
    ended = run(_go_on(copy, catalogue))[-1]
    different = differences(state(copy.last()), whole.last)
    different += [f"best: {name}" for name in differences(state(copy.best() or copy.last()), whole.best)]
    return different + ([] if figures(ended) == whole.figures else ["figures"])


# --- new processes --------------------------------------------------------------------------------


def resumed_in_new_processes(settings: Sequence[tuple[str, RunConfig]], catalogue: Catalogue, seed: int) -> list[str]:
    """Stop a run with each of these settings at a random place, and go on in a process of its own.

    Returns what was other than in the undisturbed run, a line each.
    """
    draw, different = random.Random(seed), []
    with TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        shutil.copytree(PLUGINS, workspace / "plugins")
        for name, config in settings:
            whole = Whole(config)
            step = draw.randrange(whole.steps)
            trainer = new_run(config, catalogue, workspace)
            assert isinstance(run(trainer, stop_at=step)[-1], Finished)
            path = Path(trainer.store.where)
            ended = subprocess.run(
                [sys.executable, "-m", "engine", "resume", str(path), "--json", "--workspace", str(workspace)],
                cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
            if ended.returncode != 0:
                different.append(f"{name} from step {step}: exit code {ended.returncode}: {ended.stderr[-300:]}")
                continue
            for file, expected in (("last", whole.last), ("best", whole.best)):
                found = state(read_checkpoint(path / "checkpoints" / f"{file}.safetensors"))
                names = [n for n in differences(found, expected) if n not in ("meta plugins", "meta environment")]
                different += [f"{name} from step {step}: {file}: {', '.join(names)}"] if names else []
    return different


# --- the long form --------------------------------------------------------------------------------


def long_form() -> list[Row]:
    """Every setting in both precisions, with a small last batch and with none, stopped after every step."""
    rows, known = [], catalogue()
    with TemporaryDirectory() as folder:
        files = write_files(Path(folder), known)
        for precision in ("float32", "bfloat16"):
            for last, words in ((5, "a last batch of 5"), (BATCH, "no small last batch"), (1, "a last batch of 9")):
                if (precision, last) == ("bfloat16", 1):
                    continue
                first = (precision, last) == ("float32", 5)
                settings = dict(Settings(known, LONG, files, precision=precision, last=last).all(large=first))
                rows += _rows(f"{precision}, {words}", settings, known)
        plain = Settings(known, LONG, files)
        fair = [
            fair_epochs(settings.make(*texts), seed)
            for seed in range(10)
            for settings in (plain, Settings(known, LONG, files, last=BATCH), Settings(known, LONG, files, last=1))
            for texts in (("mlp",), ("balanced-sampling",), ("mixup", "gradient-accumulation:parts=3"))
        ]
        rows.append(_all("epochs, with 10 random stops in 3, that show each image as often as they should",
                         sum(fair), 3 * len(fair)))  # fmt: skip
        chosen = random.Random(5).sample(list(plain.all(large=False)), 40)
        different = resumed_in_new_processes(chosen, known, seed=6)
        for line in different:
            print(line, file=sys.stderr)
        rows.append(_all("random steps from which a new process goes on exactly", 40 - len(different), 40))
    return rows


def _rows(name: str, settings: dict[str, RunConfig], known: Catalogue) -> list[Row]:
    results = {id: stopped_everywhere(config, known, ends=3) for id, config in settings.items()}
    for id, found in results.items():
        if not found.exact or found.first_difference:
            print(f"{name}: {id}: {found.first_difference}", file=sys.stderr)
    exact = sum(found.exact and not found.first_difference for found in results.values())
    return [
        _all(f"{name}: settings exact at every step", exact, len(results)),
        _all(f"{name}: stops equal", sum(f.equal for f in results.values()), sum(f.places for f in results.values())),
        _all(f"{name}: ends equal", sum(f.equal_ends for f in results.values()), sum(f.ends for f in results.values())),
    ]


def _all(name: str, found: int, of: int) -> Row:
    return Row(name, found, f"of {of:,}", of, at_most=False)
