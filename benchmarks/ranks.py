"""Whether several processes train what one trains, and lose nothing when one of them is killed.

    python benchmarks/ranks.py [--trials 10] [--seed 0]

Starts torchrun with two processes on the processor. In each trial one of the two, at random, is killed at a random
moment after the first save; torchrun is started again with `resume`, and what the run ends with is compared, bit for
bit, with a run of two processes that nobody disturbed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.rows import Row, show
from engine.checkpoints.checkpoint import read_checkpoint
from engine.history import read_history
from tests.engine.support import ROOT, differing

SETTINGS = (
    "train", "--dataset", "fashion-mnist-sample", "--train-samples", "1001", "--validation-samples", "200",
    "--batch-size", "32", "--epochs", "12", "--lr", "0.01", "--threads", "1", "--device", "cpu", "--seed", "3",
    "--model", "mlp:hidden=24+16", "--keep-every", "3",
)  # fmt: skip
RANDOM = (
    "--optimizer", "adam", "--with", "batch-norm", "--with", "dropout", "--with", "random-horizontal-flip",
    "--with", "mixup", "--with", "ema", "--with", "gradient-clipping",
)  # fmt: skip


def start(processes: int, *words: object) -> subprocess.Popen[bytes]:
    """The command line in so many processes."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    return subprocess.Popen(
        [sys.executable, *launcher, "-m", "engine", *map(str, words)], cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended_well(process: subprocess.Popen[bytes]) -> None:
    """Wait for its end. Raises with what it said where that is a bad one."""
    _, said = process.communicate()
    assert process.returncode == 0, f"exit code {process.returncode}: {said.decode(errors='replace')[-3000:]}"


def trained(workspace: Path, processes: int, *words: object) -> Path:
    """The folder of a run that comes to its end."""
    ended_well(start(processes, *words, "--workspace", workspace))
    return only(workspace)


def only(workspace: Path) -> Path:
    (run,) = (workspace / "runs").iterdir()
    return run


def killed_and_resumed(workspace: Path, draw: random.Random) -> Path:
    """The folder of a run of which one process was killed, and that has come to its end all the same."""
    launcher = start(2, *SETTINGS, *RANDOM, "--workspace", workspace)
    while not list(workspace.glob("runs/*/checkpoints/last.safetensors")):
        time.sleep(0.01)
    time.sleep(draw.uniform(0, 1.5))
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    victims = [pid for pid in children if b"engine" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    if len(victims) == 2:
        os.kill(int(draw.choice(victims)), signal.SIGKILL)
    launcher.communicate()
    ended_well(start(2, "resume", only(workspace), "--workspace", workspace))
    return only(workspace)


def rows(trials: int, seed: int) -> Iterator[Row]:
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        one, two = (
            read_history(trained(Path(folder) / str(count), count, *SETTINGS, "--with", "l1")).epochs
            for count in (1, 2)
        )
        difference = max(abs(a.train_loss - b.train_loss) for a, b in zip(one, two, strict=True))
        yield Row("training loss of two processes less that of one, at most", difference, "", 1e-5)
        whole = last(trained(Path(folder) / "whole", 2, *SETTINGS, *RANDOM))
        equal = 0
        for trial in range(trials):
            run = killed_and_resumed(Path(folder) / f"killed-{trial}", draw)
            different = differing(whole, last(run))
            if different:
                print(f"trial {trial}: {', '.join(different[:5])}", file=sys.stderr)
            equal += not different
        yield Row("runs, with one of two processes killed, that end bit for bit the same", equal, f"of {trials}",
                  trials, at_most=False)  # fmt: skip


def last(run: Path):
    return read_checkpoint(run / "checkpoints" / "last.safetensors")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    return show(rows(arguments.trials, arguments.seed))


if __name__ == "__main__":
    raise SystemExit(main())
