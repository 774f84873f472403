"""Several processes train the network that one trains; stopped, killed or at fault, they end together."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.checkpoints.checkpoint import read_checkpoint
from engine.history import read_history
from tests.engine.support import differing
from tests.reliability.ranks import Started

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
SMALL = (
    "train", "--dataset", "fashion-mnist-sample", "--train-samples", "103", "--validation-samples", "61",
    "--batch-size", "32", "--epochs", "3", "--lr", "0.01", "--threads", "1", "--device", "cpu",
    "--model", "mlp:hidden=12", "--seed", "3",
)  # fmt: skip
RANDOM = ("--with", "batch-norm", "--with", "dropout", "--with", "random-horizontal-flip", "--with", "mixup",
          "--with", "ema", "--optimizer", "adam")  # fmt: skip


@pytest.fixture(scope="module")
def started(lone_forks, tmp_path_factory):
    return Started(lone_forks, tmp_path_factory.mktemp("ranks"))


def last(run):
    return read_checkpoint(Path(run) / "checkpoints" / "last.safetensors")


def figures(run):
    """The record, without its times."""
    rows = read_history(Path(run)).epochs
    return np.array([[v for v in (*row[1:8],) if v is not None] for row in rows])


def assert_alike(one, other, tolerance):
    np.testing.assert_allclose(figures(one), figures(other), rtol=tolerance, atol=tolerance)
    left, right = last(one).group("model"), last(other).group("model")
    for name, tensor in left.items():
        torch.testing.assert_close(tensor, right[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("words", [
    ("--optimizer", "sgd:momentum=0.9", "--with", "gradient-clipping:max_norm=0.5", "--with", "gradient-accumulation"),
    ("--optimizer", "adamw", "--loss", "focal:class_weights=balanced", "--with", "l1:strength=0.01",
     "--with", "max-norm:max_norm=1", "--with", "label-smoothing", "--with", "swa:start=0.3", "--with", "weight-decay"),
    ("--optimizer", "rmsprop", "--with", "balanced-sampling", "--batch-size", "100", "--with", "cosine"),
], ids=lambda words: words[1])  # fmt: skip
def test_two_processes_train_as_one_does_where_nothing_is_drawn_at_random(started, tmp_path, words):
    one, two = (started.result(size, *SMALL, *words, "--workspace", tmp_path / str(size))["run"] for size in (1, 2))
    assert_alike(one, two, 1e-5)
    assert json.loads((Path(two) / "environment.json").read_text())["processes"] == 2


def test_a_batch_of_fewer_samples_than_processes_is_trained_by_some_of_them(started, tmp_path):
    words = ("--optimizer", "adam", "--batch-size", "50", "--with", "layer-norm", "--with", "l1:strength=0.01")
    one, three = (started.result(size, *SMALL, *words, "--workspace", tmp_path / str(size))["run"] for size in (1, 3))
    assert_alike(one, three, 1e-5)


def test_a_checkpoint_of_two_processes_is_gone_on_with_by_one_and_the_reverse(started, tmp_path):
    runs = {}
    for first, then in ((1, 1), (2, 1), (1, 2)):
        workspace = tmp_path / f"{first}{then}"
        run = started.result(first, *SMALL, "--workspace", workspace)["run"]
        told = started.result(then, "resume", run, "--more", "2", "--workspace", workspace)
        assert told["run"] == run and told["epochs"] == 5
        runs[first, then] = run
    assert_alike(runs[1, 1], runs[2, 1], 1e-5)
    assert_alike(runs[1, 1], runs[1, 2], 1e-5)
    fork = started.result(2, "fork", runs[2, 1], "--epochs", "6", "--lr", "0.1", "--workspace", tmp_path / "21")
    assert fork["epochs"] == 6 and fork["run"] != runs[2, 1]


def test_one_of_two_processes_is_killed_and_the_run_ends_like_one_that_nobody_disturbed(started, tmp_path):
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    words = (*SMALL, *RANDOM, "--keep-every", "1")
    whole = started.result(2, *words, "--workspace", tmp_path / "whole")["run"]
    victim = draw.randrange(2)
    together = started.start(2, *words, "--workspace", tmp_path / "killed", entry="tests.reliability.ranks:be_killed")
    together.processes[0].wait_for("saved")
    for _ in range(draw.randrange(8)):
        together.processes[0].told.append(["next"])
        together.processes[0].wait_for("saved")
    os.kill(together.processes[victim].pid, signal.SIGKILL)
    codes, _, errs = together.wait()
    if codes != [0, 0]:  # it may have come to its end before
        assert codes[victim] == -signal.SIGKILL and codes[1 - victim] == 1, f"seed {seed}"
        assert victim == 0 or errs[0].count("another process of the run has ended") == 1
    (run,) = (tmp_path / "killed" / "runs").iterdir()
    started.result(2, "resume", run, "--workspace", tmp_path / "killed")
    assert differing(last(whole), last(run)) == [], f"seed {seed}"


@pytest.mark.parametrize("victim", [0, 1])
def test_a_fault_in_one_process_ends_all_and_is_told_once(started, tmp_path, victim):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "breaks.py").write_text(BREAKS)
    codes, outs, errs = started.start(
        2, *SMALL, "--with", f"breaks:rank={victim}", "--json", "--workspace", tmp_path
    ).wait()
    assert codes == [1, 1]
    assert errs[0].count("breaks failed in before_step") == 0 and errs[0].count("breaks failed") == 1, errs
    assert "no more of this" in json.loads(outs[0])["reason"]
    assert outs[1] == errs[1] == ""


BREAKS = '''
import os
from engine.strategy import Augmentation, hookimpl

class Breaks(Augmentation):
    """Breaks in one process."""

    rank: int = 0
    """Which."""

    def __call__(self, images, generator):
        if os.environ["RANK"] == str(self.rank):
            raise ValueError("no more of this")
        return images

@hookimpl
def register_strategies():
    return [Breaks]
'''


def test_where_the_memory_of_one_process_runs_out_all_go_on_with_half_the_batch(started, tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "breaks.py").write_text(BREAKS.replace(
        "os.environ", "len(images) > 10 and os.environ").replace("ValueError", "MemoryError")
    )  # fmt: skip
    codes, outs, errs = started.start(
        2, *SMALL, "--with", "breaks:rank=1", "--halve-batch", "--json", "--workspace", tmp_path
    ).wait()
    assert codes == [0, 0], errs
    assert json.loads(outs[0])["batch_size"] == 16 and errs[0].count("not enough memory") == 1
    assert outs[1] == errs[1] == ""


def test_where_there_is_no_room_to_save_all_wait_for_the_first(started, tmp_path):
    words = (*SMALL, *RANDOM, "--keep-every", "1", "--workspace")
    whole = started.result(2, *words, tmp_path / "whole")["run"]
    entry = "tests.reliability.ranks:be_without_room"
    codes, outs, errs = started.start(2, *words, tmp_path / "full", "--json", entry=entry).wait()
    assert codes == [0, 0], errs
    assert errs[0].count("could not be saved") == 1 and outs[1] == errs[1] == ""
    assert differing(last(whole), last(json.loads(outs[0])["run"])) == []


def test_what_is_given_wrongly_is_told_once(started, tmp_path):
    for words, told in (
        ((*SMALL, "--with", "dropot"), "dropot"),
        ((*SMALL, "--lr", "-1"), "lr"),
        ((*SMALL, "--config", tmp_path / "none.yaml"), "none.yaml"),
        ((*SMALL, "--sync-batch-norm"), "--sync-batch-norm needs GPUs"),
        ((*SMALL, "--train-samples", "1000000"), "train_samples"),
        (("resume", tmp_path / "none"), "none"),
        (("evaluate", tmp_path / "none"), "one process"),
        (("train", "--nonsense"), "--nonsense"),
    ):
        codes, outs, errs = started.start(2, *words, "--workspace", tmp_path).wait()
        assert codes == [2, 2], errs
        assert told in errs[0] and errs[0].count("tunedeck:") == 1 and len(errs[0].splitlines()) <= 2
        assert outs == ["", ""] and errs[1] == ""


def test_asked_to_end_all_are_saved_at_the_same_step_and_go_on_exactly(started, tmp_path):
    words = (*SMALL, *RANDOM, "--keep-every", "1", "--epochs", "15")
    whole = started.result(2, *words, "--workspace", tmp_path / "whole")["run"]
    together = started.start(2, *words, "--workspace", tmp_path / "asked", entry="tests.reliability.ranks:be_killed")
    together.processes[0].wait_for("saved")
    os.kill(together.processes[1].pid, signal.SIGTERM)  # torchrun tells all: one must be enough
    codes, _, errs = together.wait()
    assert codes == [130, 130], errs
    (run,) = (tmp_path / "asked" / "runs").iterdir()
    assert last(run).meta["progress"]["step"] < last(whole).meta["progress"]["step"]
    started.result(2, "resume", run, "--workspace", tmp_path / "asked")
    assert differing(last(whole), last(run)) == []
