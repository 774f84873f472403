"""Memory that runs out in a step: in the words in which PyTorch says so, and for real where a process may have no more.

The batch halves only where it was asked for, until it fits; the run goes on from its last checkpoint as a fork, with
the learning rate left alone, and the size that is told (settings, checkpoint, JSON, words at the end) is the one that
ran. Without the flag the run fails, and the command that its line names goes on.
"""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.rows import Row
from engine.cli import main
from engine.data import batch_bounds
from engine.yaml_file import read_yaml
from tests.engine.support import ROOT

HUNGRY = '''
import os
import torch
from engine.strategy import Field, Regularizer, hookimpl

class Hungry(Regularizer):
    """Want more memory than there is, for a batch above some size, from some step on."""

    most: int = 8
    """Samples that fit."""
    after: int = 0
    """Steps that all sizes are given."""
    said: int = 0
    """In which words it is said."""

    def mix(self, inputs, targets, generator):
        STEPS.append(True)
        if len(STEPS) > self.after and len(inputs) > self.most:
            raise ERRORS[self.said]
        return inputs, targets

STEPS = []
ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried "
                 "to allocate 400000000000000 bytes. Error code 12 (Cannot allocate memory)"),
    MemoryError(),
]

@hookimpl
def register_strategies():
    return [Hungry]
'''
SMALL = ("--train-samples", "96", "--validation-samples", "64", "--threads", "1", "--model", "mlp:hidden=16",
         "--device", "cpu", "--epochs", "4", "--json")  # fmt: skip
Command = Callable[..., tuple[int, str, str]]
"""The command line: exit code, standard output, standard error."""


def write_plugin(workspace: Path) -> None:
    """Put the hungry plugin into a workspace."""
    (workspace / "plugins").mkdir(parents=True, exist_ok=True)
    (workspace / "plugins" / "hungry.py").write_text(HUNGRY)


def flaw(command: Command, workspace: Path, most: int, after: int, said: int, *, asked: bool) -> str:
    """What is wrong with a run of batches of 32, of which `most` fit after so many steps; empty where nothing is.

    `asked` says whether the flag is given; without it, the command is followed that the run names, as often as needed.
    """
    before = set(runs(workspace))
    flags = ("--batch-size", "32", "--lr", "0.002", "--with", f"hungry:most={most},after={after},said={said}")
    code, out, err = command("train", *SMALL, *flags, *(["--halve-batch"] if asked else []))
    size, times = 32, 1
    while not asked and code == 1 and times < 7:
        told = json.loads(out)
        if told["batch_size"] != size or "not enough memory" not in err or "going on from" in err:
            return f"it was halved unasked, or not told: {err}"
        size, times = size // 2, times + 1
        line = next((line for line in err.splitlines() if "with half the batch" in line), "")
        if f"--batch-size {size}" not in line:
            return f"no command: {err}"
        if "tunedeck fork" in line:
            code, out, err = command(*shlex.split(line.partition("tunedeck ")[2].partition(" (")[0]), "--json")
        else:
            code, out, err = command("train", *SMALL, *flags, "--batch-size", str(size))
    if code != 0:
        return f"it ends with {code}: {err}"
    return differing_sizes(json.loads(out), most, err, asked=asked) or past(before, workspace, most, after)


def differing_sizes(told: dict[str, Any], most: int, err: str, *, asked: bool) -> str:
    """What is wrong with what is told of the size that ran."""
    folder = Path(told["run"])
    config, size = read_yaml(folder / "config.yaml"), told["batch_size"]
    if not most / 2 < size <= most or config["batch_size"] != size or config["lr"] != 0.002:
        return f"size {size} in JSON, {config['batch_size']} in settings, rate {config['lr']}"
    if asked and f"with a batch of {size} in place of 32: the learning rate stays 0.002" not in err:
        return f"it is not said: {err}"
    if asked and f"with a batch of {size} in place of 32" not in (folder / "log.txt").read_text():
        return "it is not written down"
    batches = batch_bounds(96, size)
    steps = int((folder / "steps.csv").read_text().splitlines()[-1].split(",")[0])
    return "" if told["epochs"] == 4 and steps == 4 * len(batches) else "other steps than its batch has"


def past(before: set[Path], workspace: Path, most: int, after: int) -> str:
    """What is wrong with the folders that the run left: each that had a checkpoint is the parent of the next."""
    folders = sorted(set(runs(workspace)) - before)
    configs = [read_yaml(folder / "config.yaml") for folder in folders]
    saved = [folder for folder in folders if (folder / "checkpoints" / "last.safetensors").is_file()]
    for earlier, config in zip(folders, configs[1:], strict=False):
        parent = config.get("parent", {}).get("run")
        if earlier in saved and parent != earlier.name:
            return f"{earlier.name} is not the parent"
    return "" if len(folders) > 1 else "there is no run of its own for the change"


def runs(workspace: Path) -> list[Path]:
    """The folders of the runs in a workspace."""
    return [path for path in (workspace / "runs").glob("*") if path.is_dir()]


def hungry_runs(command: Command, workspace: Path, trials: int, seed: int = 0) -> dict[str, str]:
    """Flaws of so many runs whose memory runs out at drawn steps, for drawn sizes, half of them with the flag."""
    write_plugin(workspace)
    draw, found = random.Random(seed), {}
    for trial in range(trials):
        asked = trial % 2 == 0
        # Each command counts its steps anew, and the last of them may have an epoch of six.
        after = draw.choice([0, 1, 3, 4, 7, 10] if asked else [0, 1, 3, 4])
        most, said = draw.choice([16, 20, 8, 5, 3]), draw.randrange(3)
        case = f"{trial}: {most} fit after {after} steps, error {said}, {'with' if asked else 'without'} the flag"
        found[case] = flaw(command, workspace, most, after, said, asked=asked)
    return found


# --- for real -------------------------------------------------------------------------------------

LIMITED = """
import resource, sys
import torch
from engine.cli import main
from engine.data import batch_bounds
import engine.terminal.carry_out
torch.set_num_threads(1)
main(sys.argv[2:] + ["--epochs", "1", "--batch-size", "16", "--name", "warm"])  # what is needed at first is taken
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + int(sys.argv[1]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (most, most))
raise SystemExit(main(sys.argv[2:]))
"""


def real(workspace: Path, megabytes: int, *flags: str) -> tuple[int, str, str]:
    """A run of batches of 1,200 images in a process that may have so many megabytes more: code, output, errors."""
    asked = ("train", "--workspace", str(workspace), "--model", "cnn", "--train-samples", "1200",
             "--validation-samples", "64", "--threads", "1", "--device", "cpu", "--batch-size", "1200", "--epochs", "2",
             "--json")  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(megabytes), *asked, *flags], cwd=ROOT, capture_output=True, text=True,
        timeout=600, env=os.environ | {"MALLOC_ARENA_MAX": "1"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def long_form() -> list[Row]:
    """The long form: 60 runs that are told that there is no memory, and some to which the system gives none."""
    import contextlib
    import io
    import tempfile

    torch.set_num_threads(1)

    def command(*arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["--workspace", str(workspace), *map(str, arguments)])
        return code, out.getvalue(), err.getvalue()

    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        flaws = hungry_runs(command, workspace, 60)
        for megabytes in (60, 90, 130, 180, 250):
            code, out, err = real(Path(folder) / f"real-{megabytes}", megabytes, "--halve-batch")
            size = json.loads(out.splitlines()[-1])["batch_size"] if code == 0 else None
            flaws[f"{megabytes} MB more: {size}"] = "" if size and size < 1200 else f"{code}, {size}: {err[-500:]}"
    for case, wrong in flaws.items():
        print(f"out of memory: {case}: {wrong or 'good'}", file=sys.stderr) if wrong or "MB" in case else None
    good = sum(not wrong for wrong in flaws.values())
    return [Row("no memory: halves only if asked, tells what ran", good, f"of {len(flaws)}", len(flaws), at_most=False)]
