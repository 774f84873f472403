"""`compile`: the same run through a compiled network, and what is told where nothing can be compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from engine import learner as learner_module
from engine.events import Finished, Loading, Steps
from engine.failure import failure
from engine.trainer import Trainer
from tests.engine.support import MemoryStore, differing, of_type, run, run_stored

ROOT = Path(__file__).parents[2]
NEEDS_COMPILER = pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")


class Counting(nn.Module):
    """Stands in for a compiled network, and counts what passes it."""

    def __init__(self, network):
        super().__init__()
        self.network, self.batches = network, 0

    def forward(self, inputs):
        self.batches += 1
        return self.network(inputs)


@pytest.fixture
def stand_ins(monkeypatch):
    """What was compiled: the stand-ins, and whether each may be replayed."""
    made = []

    def compiled(network, device, *, replayed):
        made.append((Counting(network), replayed))
        return made[-1][0]

    monkeypatch.setattr(learner_module, "compiled", compiled)
    return made


def losses(events):
    return [loss for event in of_type(events, Steps) for _, loss, _ in event.rows]


# --- what passes the compiled network -------------------------------------------------------------


def test_steps_pass_it_and_evaluations_and_looks_do_not(tiny, stand_ins):
    trainer = Trainer(tiny(epochs=2, look_inside=4, compile=True), MemoryStore)
    events = run(trainer)
    assert isinstance(events[-1], Finished)
    [told] = [number for number, event in enumerate(events) if isinstance(event, Loading)]
    assert events[told].text.code == "compiling" and isinstance(events[told + 1], Steps), "told once, before it"
    [(network, replayed)] = stand_ins
    steps, looks = trainer.position.step, 3  # at 1, 4 and 8
    assert network.batches == steps - looks and replayed


def test_pieces_of_a_batch_pass_it_and_may_not_be_replayed(tiny, stand_ins):
    trainer = Trainer(tiny(epochs=1, compile=True, ticked=["gradient-accumulation:parts=2"]), MemoryStore)
    assert isinstance(run(trainer)[-1], Finished)
    [(network, replayed)] = stand_ins
    assert network.batches > trainer.position.step and not replayed


def test_the_tail_behind_a_frozen_body_passes_it_not(tiny, stand_ins):
    events, _, _ = run_stored(tiny(epochs=1, compile=True, model="mlp:hidden=8", ticked=["freeze-body"]))
    assert isinstance(events[-1], Finished)
    [(network, _)] = stand_ins
    assert network.batches == 0
    assert "compiling" not in [event.text.code for event in events if isinstance(event, Loading)]


def test_pools_come_first_in_it_as_in_the_network_that_is_not_compiled(tiny, stand_ins):
    run_stored(tiny(epochs=1, compile=True, model="cnn:channels=4+4"))
    [(network, _)] = stand_ins
    layers = [type(layer) for layer in network.network.modules()]
    pools = [place for place, layer in enumerate(layers) if layer is nn.MaxPool2d]
    assert len(pools) == 2 and all(layers[place + 1] is nn.ReLU for place in pools)


def test_without_the_switch_nothing_is_compiled(tiny, stand_ins):
    run_stored(tiny(epochs=1))
    assert stand_ins == []


# --- the same run ---------------------------------------------------------------------------------


@NEEDS_COMPILER
@pytest.mark.filterwarnings("default")  # PyTorch's compiler warns of its own parts
def test_a_compiled_run_is_the_same_run_but_for_last_bits_and_goes_on_as_one(tiny):
    settings = {"epochs": 2, "model": "mlp:hidden=12+8", "ticked": ["batch-norm", "dropout:p=0.5"]}
    plain, _, _ = run_stored(tiny(**settings))
    events, whole, trainer = run_stored(tiny(**settings, compile=True))
    assert isinstance(events[-1], Finished), events[-1]
    assert isinstance(trainer.learner._passed, torch._dynamo.OptimizedModule)
    assert losses(events) == pytest.approx(losses(plain), rel=1e-4)
    store = MemoryStore()
    first = run(Trainer(trainer.config, lambda: store), stop_at=3)
    resumed = run(Trainer(trainer.config, lambda: store, snapshot=store.last()))
    assert losses(first) + losses(resumed) == losses(events)
    assert differing(whole.last(), store.last()) == []


# --- where it can't be ----------------------------------------------------------------------------


def test_a_machine_without_a_compiler_is_told_in_one_line(tmp_path):
    without = os.environ | {"CXX": str(tmp_path / "none"), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    flags = ["--compile", "true", "--model", "linear", "--train-samples", "200", "--epochs", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "engine", "train", *flags], cwd=ROOT, env=without, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    [told] = [line for line in done.stderr.splitlines() if "torch.compile" in line]
    assert done.returncode == 2 and "Traceback" not in done.stderr and "TORCHDYNAMO" not in done.stderr
    assert "set compile to false, or install what it needs, such as a C++ compiler" in told
    assert list((Path(os.environ["TUNEDECK_WORKSPACE"]) / "runs").glob("*")) == []


def test_a_network_that_can_not_be_compiled_is_told_as_that():
    error = torch._dynamo.exc.InternalTorchDynamoError("odd")
    told = failure(error, (), 3)
    assert told.text.code == "compiling-failed" and "set compile to false" in str(told.text)
    assert failure(RuntimeError("odd"), (), 3).text.code == "run-failed"
