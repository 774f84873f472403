"""The window as a process of its own: what is imported when, and how it ends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading

import pytest

from engine.checkpoints.header import read_meta
from engine.message import InputError
from engine.run_records.index import Status, read_run
from gui.app import SWITCH_SECONDS
from gui.runs.queue import FILE
from gui.training.session import State
from tests.gui.driving import pump

CHILD = """
import os, signal, sys
import gui.app as app

class Pressing(app.Application):
    def __init__(self, workspace):
        super().__init__(workspace)
        # Before the loader hears of it: its thread may have begun to import PyTorch a moment later.
        self.window.painted.disconnect(self._begin)
        self.window.painted.connect(self.tell_modules)
        self.window.painted.connect(self._begin)
        self.ready.connect(self.press_start)

    def tell_modules(self):
        print("painted", [name for name in ("torch", "pyqtgraph", "gui.conductor") if name in sys.modules], flush=True)

    def press_start(self):
        self.conductor.session.epoch_ended.connect(lambda ended: {act})
        print("ready", "torch" in sys.modules, flush=True)
        self.conductor.control.start()

app.Application = Pressing
sys.exit(app.main(sys.argv[1]))
"""

LOOKING = """
import gc, sys
import gui.app as app
from PySide6.QtCore import QCoreApplication

class Looking(app.Application):
    def __init__(self, workspace):
        super().__init__(workspace)
        self.complete.connect(self.look)

    def look(self):
        collects = self.collector._timer.isActive()
        self.loader._thread.join()
        left = sum(len(gc.get_objects(generation)) for generation in range(3))
        QCoreApplication.sendPostedEvents(self.collector)
        collects = collects, self.collector._timer.isActive()
        print(collects == (False, True), "torch._dynamo" in sys.modules, left < gc.get_freeze_count() / 10, flush=True)
        self.close()

app.Application = Looking
sys.exit(app.main(sys.argv[1]))
"""


def run_child(workspace, code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-W", "error", "-c", code, str(workspace)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(sys.platform == "win32", reason="there PyTorch comes first, and SIGTERM kills")
def test_painted_before_torch_is_imported_and_a_signal_saves_the_run(workspace):
    asking = random.choice(("SIGINT", "SIGTERM", "SIGHUP"))
    done = run_child(workspace, CHILD.format(act=f"os.kill(os.getpid(), signal.{asking})"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["painted []", "ready True"]
    (last,) = (workspace / "runs").glob("*/checkpoints/last.safetensors")
    assert read_meta(last)["progress"]["reason"] is None
    assert (workspace / "settings.yaml").is_file() and (workspace / "window.ini").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_window_leaves_a_run_that_can_go_on(workspace):
    done = run_child(
        workspace, CHILD.format(act="os.kill(os.getpid(), signal.SIGKILL) if ended.row.epoch > 1 else None")
    )
    assert done.returncode == -signal.SIGKILL
    (last,) = (workspace / "runs").glob("*/checkpoints/last.safetensors")
    assert read_meta(last)["progress"]["epoch"] >= 1


def test_what_a_run_brings_is_there_before_it_and_is_never_looked_through(workspace):
    done = run_child(workspace, LOOKING)
    assert (done.returncode, done.stdout.split()) == (0, ["True", "True", "True"]), done.stderr


def test_a_log_out_saves_the_run_and_what_waits_and_leaves_the_window_as_it_may_be_called_off(open_window, workspace):
    driver = open_window(workspace)
    driver.set(epochs=500)
    driver.press("start")
    driver.wait_for_epoch(1)
    driver.press("queue")
    waiting = (workspace / FILE).read_bytes()
    driver.application.keep()
    assert driver.session.state is State.READY and driver.window.isVisible()
    run = driver.session.run
    assert read_run(run.folder).status is Status.UNFINISHED
    assert read_meta(run.last_checkpoint)["progress"]["step"] == driver.session.run.history.steps[-1, 0]
    assert (workspace / FILE).read_bytes() == waiting and (workspace / "settings.yaml").is_file()
    driver.press("continue")
    driver.wait_for_epoch(len(run.history.epochs) + 1)
    driver.press("stop")
    driver.wait_for_end()
    driver.application.keep()  # with nothing to be saved it is over at once


def test_what_was_to_begin_waits_again_when_the_window_is_closed_amid_its_data(open_window, workspace, monkeypatch):
    driver = open_window(workspace)
    driver.set(epochs=1, seed=7)
    driver.conductor.control.queue.add(driver.panel.config)
    waiting = (workspace / FILE).read_bytes()
    reading, go_on = threading.Event(), threading.Event()

    def read(bundle, config):
        reading.set()
        assert go_on.wait(30)
        raise InputError("never-started", "stopped before the first step")  # as the next report of a loader would

    monkeypatch.setattr("engine.trainer.split", read)
    driver.conductor.control._start_next()
    pump(reading.is_set)
    driver.window.close()
    go_on.set()
    driver.close()
    assert (workspace / FILE).read_bytes() == waiting


def test_a_run_waits_a_moment_for_the_windows_thread_and_nobody_does_once_it_is_closed(open_window, workspace):
    usual = sys.getswitchinterval()
    driver = open_window(workspace)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS) and usual > SWITCH_SECONDS
    driver.close()
    assert sys.getswitchinterval() == pytest.approx(usual)
