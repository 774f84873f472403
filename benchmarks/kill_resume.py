"""Kill training processes at random steps, resume them in new ones, and compare with a run that nobody disturbed.

    python benchmarks/kill_resume.py --times 40

Every trial trains with dropout, batch normalisation, augmentation and schedules on, is ended by SIGKILL or SIGTERM
(in turn) at a random step, and is resumed to the end by `tunedeck resume`. Equal means: every tensor of the final and
of the best checkpoint, bit for bit, and every figure of the record but the times.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from engine.checkpoint import read_checkpoint
from engine.history import read_history

ROOT = Path(__file__).parents[1]
EPOCHS, STEPS_PER_EPOCH = 80, 10
STEPS = EPOCHS * STEPS_PER_EPOCH
SETTINGS = [
    "--dataset", "fashion-mnist-sample", "--train-samples", "300", "--validation-samples", "100",
    "--batch-size", "32",
    "--epochs", str(EPOCHS), "--model", "mlp:hidden=24+16", "--optimizer", "adam", "--lr", "0.01", "--threads", "1",
    "--keep-every", "25", "--seed", "5", "--with", "random-resized-crop:scale=0.7+1.0",
    "--with", "random-horizontal-flip",
    "--with", "batch-norm", "--with", "dropout:p=0.3", "--with", "label-smoothing", "--with", "weight-decay",
    "--with", "gradient-clipping", "--with", "reduce-lr-on-plateau:patience=3", "--with", "cosine",
]  # fmt: skip


def start(*arguments: object) -> subprocess.Popen[str]:
    """The command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "engine", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def whole_run(workspace: Path) -> Path:
    """The folder of a run that nobody disturbs."""
    process = start("train", *SETTINGS, "--workspace", workspace, "--json")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return Path(json.loads(out.splitlines()[-1])["run"])


def disturbed_run(workspace: Path, kills: list[tuple[int, signal.Signals]]) -> tuple[Path, list[int]]:
    """The folder of a run killed once it has reached each of these steps, and the steps that its checkpoints held."""
    process = start("train", *SETTINGS, "--workspace", workspace)
    run = wait_for(lambda: next((workspace / "runs").glob("*/steps.csv"), None), process).parent
    held, begun = [], 0
    for step, number in kills:
        wait_for(partial(has_reached, run, begun, step), process)
        begun = times_begun(run)
        process.send_signal(number)
        _, err = process.communicate(timeout=300)
        expected = {signal.SIGKILL: -9, signal.SIGTERM: 130}[number]
        assert process.returncode in (expected, 0), f"exit code {process.returncode} after {number.name}: {err}"
        checkpoint = run / "checkpoints" / "last.safetensors"
        if checkpoint.exists():
            held.append(read_checkpoint(checkpoint).meta["progress"]["step"])
            if process.returncode == 130:
                assert held[-1] == last_step(run), "SIGTERM lost steps"
            process = start("resume", run)
        else:
            held.append(0)
            process = start("train", *SETTINGS, "--workspace", workspace / "again")
            run = wait_for(lambda: next((workspace / "again" / "runs").glob("*/steps.csv"), None), process).parent
            begun = 0
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return run, held


def wait_for(condition, process):
    """What the condition gives, once it is true."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        if process.poll() is not None:
            raise AssertionError(f"ended with exit code {process.returncode}: {process.communicate()[1]}")
        time.sleep(0.002)
    raise AssertionError("it takes too long")


def has_reached(run: Path, begun: int, step: int) -> bool:
    """Whether training has begun in a run's folder more often than that, and has got to this step."""
    return times_begun(run) > begun and last_step(run) >= step


def times_begun(run: Path) -> int:
    """How often training has begun in a run's folder, by its log."""
    try:
        return (run / "log.txt").read_text(encoding="utf-8").count("training from step")
    except FileNotFoundError:
        return 0


def last_step(run: Path) -> int:
    """The last step in a run's record so far."""
    try:
        lines = (run / "steps.csv").read_bytes().split(b"\n")
    except FileNotFoundError:
        return 0
    return int(lines[-2].split(b",")[0]) if len(lines) > 2 else 0


def differences(one: Path, other: Path) -> list[str]:
    """What is not the same in two runs: names of tensors, and files of the record."""
    found = []
    for name in ("last", "best"):
        left, right = (read_checkpoint(run / "checkpoints" / f"{name}.safetensors").tensors for run in (one, other))
        for tensor in sorted(left.keys() | right.keys()):
            if tensor == "history.epochs":  # holds times: compared below, without them
                continue
            same = (
                tensor in left and tensor in right and left[tensor].numpy().tobytes() == right[tensor].numpy().tobytes()
            )
            found += [] if same else [f"{name}: {tensor}"]
    left, right = read_history(one), read_history(other)
    rows = [[row._replace(train_seconds=0, val_seconds=0) for row in history.epochs] for history in (left, right)]
    found += [] if rows[0] == rows[1] else ["history.csv"]
    found += [] if left.steps.tobytes() == right.steps.tobytes() else ["steps.csv"]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=40, help="trials (40)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the steps (0)")
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    equal = 0
    with tempfile.TemporaryDirectory() as folder:
        reference = whole_run(Path(folder) / "whole")
        for trial in range(arguments.times):
            number = (signal.SIGKILL, signal.SIGTERM)[trial % 2]
            step = draw.randint(1, STEPS - 100)
            run, held = disturbed_run(Path(folder) / str(trial), [(step, number)])
            different = differences(reference, run)
            equal += not different
            verdict = "equal" if not different else "DIFFERENT: " + ", ".join(different[:5])
            print(
                f"{trial + 1:3} {number.name} at step {step}, resumed from step {held[0]} of {STEPS}: {verdict}",
                flush=True,
            )
    print(f"{equal} of {arguments.times} equal, bit for bit")
    return 0 if equal == arguments.times else 1


if __name__ == "__main__":
    raise SystemExit(main())
