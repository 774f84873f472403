"""Killed at random steps and resumed in new processes, a run ends like one that nobody disturbed."""

from __future__ import annotations

import random
import signal
import sys
from pathlib import Path

import pytest

from benchmarks.kill_resume import SETTINGS, STEPS, differences, disturbed_run
from tests.engine.support import tunedeck

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL and no SIGTERM to catch")


def test_killed_again_and_again_and_resumed_in_new_processes_a_run_ends_bit_for_bit_the_same(tmp_path, capsys):
    assert tunedeck(capsys, "train", *SETTINGS, "--workspace", tmp_path / "whole")[0] == 0
    (whole,) = (tmp_path / "whole" / "runs").iterdir()
    steps = sorted(random.Random().sample(range(1, STEPS * 3 // 4), 4))
    signals = [signal.SIGKILL, signal.SIGTERM] * 2
    run, held = disturbed_run(Path(tmp_path / "disturbed"), list(zip(steps, signals, strict=True)))
    assert differences(whole, run) == [], f"killed after steps {steps}, resumed from {held}"
    assert held == sorted(held)
    assert held[-1] >= steps[-1], "the last SIGTERM came later than that step, and saves"
    assert not list((run / "checkpoints").glob(".*.tmp")), "a dead process's temporary file was left"
