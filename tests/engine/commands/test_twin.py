"""`tunedeck twin`: files or flags in, a line of JSON out, and everything saved whatever ends it."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from engine.checkpoints.checkpoint import read_checkpoint
from tests.engine.support import process, tunedeck

FLAGS = ("--recipe", "noisy-line", "--epochs", "3", "--threads", "1", "--device", "cpu")
KEYS = {
    "run", "reason", "epochs", "best_epoch", "best_val_loss", "best_val_accuracy", "test_loss", "test_accuracy",
    "samples_per_second", "seconds", "checkpoint", "batch_size",
}  # fmt: skip


def test_flags_against_flags(capsys):
    code, out, err = tunedeck(
        capsys, "twin", *FLAGS, "--against", "--with dropout:p=0.5", "--against", "--lr 0.1", "--json"
    )
    told = json.loads(out)
    assert code == 0 and told.keys() == {"runs", "first_difference", "results"}
    assert told["first_difference"] == 1 and len(told["runs"]) == len(set(told["runs"])) == 3
    assert all(each.keys() == KEYS and each["epochs"] == 3 for each in told["results"])
    assert [each["run"] for each in told["results"]] == told["runs"]
    assert "dropout:p=0.5: epoch 3 of 3" in err or "dropout: epoch 3 of 3" in err
    assert "the losses differ from step 1 on" in err


def test_files_with_flags_over_each(capsys, tmp_path):
    for name, lr in (("slow", 0.001), ("fast", 0.01)):
        (tmp_path / f"{name}.yaml").write_text(f"lr: {lr}\nwith: []\n")
    code, out, _ = tunedeck(capsys, "twin", tmp_path / "slow.yaml", tmp_path / "fast.yaml", *FLAGS)
    assert code == 0 and "slow: all epochs done (3 of 3)" in out and "fast: all epochs done (3 of 3)" in out
    assert out.rstrip().endswith("the losses differ from step 2 on")


def test_the_same_twice_is_the_same(capsys, tmp_path):
    (tmp_path / "one.yaml").write_text("seed: 5\n")
    code, out, _ = tunedeck(capsys, "twin", *2 * [tmp_path / "one.yaml"], *FLAGS)
    assert code == 0 and "one (1): " in out and "one (2): " in out
    assert out.rstrip().endswith("the losses are the same at every step that both have taken")


def test_one_that_fails_is_named_and_told_and_the_others_end(capsys):
    code, out, err = tunedeck(capsys, "twin", *FLAGS, "--against", "--lr 10000 --optimizer sgd", "--json")
    told = json.loads(out)
    assert code == 1 and [each["epochs"] for each in told["results"]] == [3, None]
    assert "sgd: the loss is not finite at step" in err and "not finite" in told["results"][1]["reason"]
    assert f"tunedeck fork {told['runs'][1]} --lr 1000" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "twins are two or more"),
        (("--against", "--batch-size 5"), "differ in batch_size (20, 5)"),
        (("--against", "--with nosuch"), "nosuch"),
        (("--against", "--wiht dropout"), "unknown: --wiht"),
        (("--against", "--with 'dropout"), "No closing quotation"),
        (5 * ("--against", "--lr 0.1"), "two to 4 runs, and here is 6"),
    ],
)
def test_what_can_not_be_twins_is_one_line_and_leaves_nothing(capsys, workspace, arguments, said):
    code, out, err = tunedeck(capsys, "twin", *FLAGS, *arguments)
    assert code == 2 and out == "" and said in err and err.count("\n") == 1
    assert not (workspace / "runs").exists()


def test_ctrl_c_stops_all_with_everything_saved(workspace):
    settings = ("--recipe", "noisy-line", "--epochs", "100000", "--threads", "1", "--device", "cpu")
    running = process("twin", *settings, "--against", "--early-stopping --without early-stopping --lr 0.01", "--json")
    seen = 0
    for line in running.stderr:
        seen += "epoch 2 of" in line
        if seen == 2:
            break
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=60)
    told = json.loads(out)
    assert running.returncode == 130 and len(told["runs"]) == 2
    for folder, each in zip(told["runs"], told["results"], strict=True):
        assert each["reason"].startswith("stopped at step")
        meta = read_checkpoint(Path(folder) / "checkpoints" / "last.safetensors").meta
        assert f"stopped at step {meta['progress']['step']}" == each["reason"]
