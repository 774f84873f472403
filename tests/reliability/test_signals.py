"""Whoever ends a run ends it with everything saved, at whatever moment."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.checkpoints.checkpoint import read_checkpoint
from engine.terminal import interrupts
from engine.terminal.interrupts import Interrupts
from engine.terminal.standard_streams import Unfailing
from tests.engine.support import ROOT, until
from tests.reliability.kills import differences, last_step
from tests.reliability.signals import INTERRUPTED, LONG_STEP, MOMENTS, interrupted, train, whole_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and no SIGTERM to catch")
COMMAND = "tests.reliability.forks:tunedeck"


@pytest.fixture(scope="module")
def whole(forks, tmp_path_factory):
    """A run that nobody disturbed."""
    workspace = tmp_path_factory.mktemp("whole")
    return whole_run(forks, workspace)


def only_run(workspace):
    (run,) = (workspace / "runs").iterdir()
    return run


def held_step(run):
    return read_checkpoint(run / "checkpoints" / "last.safetensors").meta["progress"]["step"]


def goes_on(forks, run, whole):
    """Whether a run goes on and ends like the one that nobody disturbed."""
    assert forks.run(COMMAND, "resume", str(run)).code == 0
    return differences(whole, run) == []


def test_interrupted_at_any_moment_a_run_is_saved_and_ends_bit_for_bit_the_same(forks, whole, tmp_path):
    moments = random.sample(list(MOMENTS), 2)
    found = interrupted(forks, whole, moments, random.randrange(10**6), tmp_path)
    assert found.problems == []
    assert (found.tried, found.saved, found.equal) == (2, 2, 2)


def test_amid_a_long_step_it_is_said_at_once_and_saved_when_the_step_is_done(forks, tmp_path, workspace):
    done = tmp_path / "done"
    process = forks.start("tests.reliability.signals:in_a_long_step", str(done), *train(workspace))
    until(done.with_suffix(".begun").exists)
    os.kill(process.pid, signal.SIGINT)
    until(lambda: "stopping after this step" in process.err)
    os.kill(process.pid, signal.SIGTERM)  # whatever else comes meanwhile
    os.kill(process.pid, signal.SIGHUP)
    done.touch()
    ended = process.wait()
    run = only_run(workspace)
    assert ended.code == INTERRUPTED and "Traceback" not in ended.err
    assert held_step(run) == last_step(run) == LONG_STEP


def test_a_third_ctrl_c_ends_it_at_its_last_checkpoint(forks, workspace, whole):
    ended = forks.run("tests.reliability.signals:pressed_three_times", *train(workspace))
    run = only_run(workspace)
    assert ended.code == INTERRUPTED and "Traceback" not in ended.err
    assert "stopping after this step" in ended.err and "Ctrl-C once more ends it at once" in ended.err
    assert 0 < held_step(run) < LONG_STEP
    assert goes_on(forks, run, whole)


@pytest.mark.parametrize(("pauses", "asked", "lost"), [(3, 1, False), (1000, 2, True)])
def test_in_a_pause_for_room_it_waits_for_room_and_a_second_time_ends(forks, workspace, pauses, asked, lost):
    ended = forks.run("tests.reliability.signals:without_room", pauses, asked, *train(workspace))
    run = only_run(workspace)
    assert ended.code == INTERRUPTED and "No space left on device" in ended.err, ended.err
    assert (held_step(run) < last_step(run)) == lost


def test_a_terminal_that_closes_saves_the_run(workspace):
    """The kernel hangs up, and every write to the terminal fails from then on."""
    ours, theirs = os.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
         "os.execv(sys.executable, [sys.executable, '-m', 'engine', *sys.argv[1:]])", *train(workspace)],
        cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.set_blocking(ours, False)

    def epoch_done():
        with contextlib.suppress(BlockingIOError):
            os.read(ours, 4096)  # a terminal that nobody reads holds up who writes
        assert child.poll() is None
        return any(last_step(run) > 0 for run in (workspace / "runs").glob("*"))

    until(epoch_done)
    os.close(ours)
    assert child.wait(60) == INTERRUPTED
    run = only_run(workspace)
    assert held_step(run) == last_step(run)


def test_a_log_that_is_full_and_a_pipe_that_nobody_reads_end_no_run(workspace, whole):
    reading, writing = os.pipe()
    os.close(reading)
    keeping = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # text back, as usual
    with open("/dev/full", "w") if Path("/dev/full").exists() else open(os.devnull, "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "engine", *train(workspace)[:-1]], cwd=ROOT, stdout=writing, stderr=full,
            env=keeping,
        )  # fmt: skip
    os.close(writing)
    assert done.returncode == 0
    assert differences(whole, only_run(workspace)) == []


def test_what_whoever_started_the_program_wants_ignored_is_ignored(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in interrupts.heard() and signal.SIGTERM in interrupts.heard()
        with Interrupts():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_before_there_is_anything_to_save_it_ends_at_once_and_then_it_is_asked(monkeypatch):
    handler = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts_heard:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), number)
        interrupts_heard.hold()
        assert not interrupts_heard.take()
        for _ in range(5):  # a key that is held down; at the end of a session several signals come
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
        assert interrupts_heard.asked and interrupts_heard.take() and not interrupts_heard.take()
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize("error", [errno.EIO, errno.EPIPE, errno.ENOSPC])
def test_a_stream_that_fails_says_so_to_who_asks_and_is_led_nowhere_where_it_is_gone(tmp_path, error):
    class Failing(io.StringIO):
        def write(self, text):
            raise OSError(error, os.strerror(error))

        def flush(self):
            raise OSError(error, os.strerror(error))

        def fileno(self):
            return file.fileno()

    with open(tmp_path / "file", "w") as file:
        stream = Unfailing(Failing())
        print("text", file=stream, flush=True)
        assert stream.error.errno == error and not stream.isatty()
        gone = os.fstat(file.fileno()).st_rdev == os.stat(os.devnull).st_rdev
        assert gone == (error != errno.ENOSPC)
