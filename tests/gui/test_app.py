"""The window as a process of its own: what is imported when, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from engine.checkpoint_header import read_meta

CHILD = """
import os, signal, sys
import gui.app as app

class Pressing(app.Application):
    def __init__(self, workspace):
        super().__init__(workspace)
        # Before the loader hears of it: its thread may have begun to import PyTorch a moment later.
        self.window.painted.disconnect(self.loader.start)
        self.window.painted.connect(lambda: print("painted", "torch" in sys.modules, flush=True))
        self.window.painted.connect(self.loader.start)
        self.loader.loaded.connect(self.press_start)
        self.conductor.session.epoch_ended.connect(lambda ended: {act})

    def press_start(self):
        print("ready", "torch" in sys.modules, flush=True)
        self.conductor.control.start()

app.Application = Pressing
sys.exit(app.main(sys.argv[1]))
"""


def run_child(workspace, act: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-W", "error", "-c", CHILD.format(act=act), str(workspace)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(sys.platform == "win32", reason="there PyTorch comes first, and SIGTERM kills")
def test_painted_before_torch_is_imported_and_a_signal_saves_the_run(workspace):
    done = run_child(workspace, "os.kill(os.getpid(), signal.SIGTERM)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["painted False", "ready True"]
    (last,) = (workspace / "runs").glob("*/checkpoints/last.safetensors")
    assert read_meta(last)["progress"]["reason"] is None
    assert (workspace / "settings.yaml").is_file() and (workspace / "window.ini").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_window_leaves_a_run_that_can_go_on(workspace):
    done = run_child(workspace, "os.kill(os.getpid(), signal.SIGKILL) if ended.row.epoch > 1 else None")
    assert done.returncode == -signal.SIGKILL
    (last,) = (workspace / "runs").glob("*/checkpoints/last.safetensors")
    assert read_meta(last)["progress"]["epoch"] >= 1
