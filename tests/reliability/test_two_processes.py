"""Two processes on one workspace: nothing is torn, nothing is lost, and who trains a run is told."""

from __future__ import annotations

import os
import random
import signal
import sys

import pytest

from engine.lock import this_machine
from tests.engine.support import until
from tests.reliability.two_processes import hammer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
COMMAND = "tests.reliability.forks:tunedeck"
LONG = ["train", "--dataset", "fashion-mnist-sample", "--train-samples", "300", "--model", "mlp:hidden=8",
        "--threads", "1", "--epochs", "100000"]  # fmt: skip


def test_whatever_three_processes_do_at_random_no_file_is_torn_and_nothing_is_lost(forks, workspace):
    looks, problems = hammer(forks, workspace, processes=3, operations=60, seed=random.randrange(10**6))
    assert problems == []
    assert looks > 10


def test_a_run_that_trains_is_nobody_else_s_until_its_process_is_gone(forks, workspace):
    training = forks.start(COMMAND, *LONG, "--workspace", str(workspace))
    (run,) = until(lambda: [path.parents[1] for path in (workspace / "runs").glob("*/checkpoints/last.safetensors")])
    refused = forks.run(COMMAND, "resume", str(run))
    assert refused.code == 2 and refused.out == ""
    told = f"{run.name} is running in another Tunedeck (process {training.pid} on {this_machine()}, since "
    assert told in refused.err and "stop it there first" in refused.err and refused.err.count("\n") == 1
    moved = forks.run("tests.reliability.two_processes:put_away", str(workspace), str(run))
    assert moved.code == 2 and told in moved.err and run.is_dir()
    listed = forks.run(COMMAND, "runs", "--json", "--workspace", str(workspace))
    assert '"status": "training"' in listed.out
    os.kill(training.pid, signal.SIGKILL)
    assert training.wait().code == -signal.SIGKILL
    again = forks.start(COMMAND, "resume", str(run))  # at once: the system has let its lock go
    until(lambda: (run / "log.txt").read_text().count("training from step") == 2)
    os.kill(again.pid, signal.SIGTERM)
    assert again.wait().code == 130


def test_two_command_lines_of_the_same_second_have_folders_of_their_own(forks, workspace):
    words = [*LONG[:-1], "1", "--workspace", str(workspace)]
    processes = [forks.start(COMMAND, *words) for _ in range(2)]
    assert [process.wait().code for process in processes] == [0, 0]
    assert len(list((workspace / "runs").iterdir())) == 2
