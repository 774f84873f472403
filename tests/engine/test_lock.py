"""Who holds a run, and whether it is sure; changes of small files by several at once."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime

import pytest

import engine.lock
from engine.lock import QUIET_SECONDS, FileLock, Holder, changing, holder_of, this_machine
from engine.message import InputError
from tests.engine.support import ROOT

HOLD = """
import sys
from pathlib import Path
from engine.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
STRANGER = " process 77 on other-machine since 2026-01-02T03:04:05+00:00\n"


@pytest.fixture
def lock(tmp_path):
    """The file of a lock, in a folder of its own."""
    (tmp_path / "my-run").mkdir()
    return tmp_path / "my-run" / "lock"


def hold(lock):
    """A process that holds a lock."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    return holder


def grown_old(lock):
    """Let all that lies beside a lock be too old for a run that trains."""
    for path in lock.parent.iterdir():
        os.utime(path, (0, time.time() - QUIET_SECONDS - 5))


@pytest.fixture
def no_locks(monkeypatch):
    """A disk that knows no locks."""

    def refuse(handle):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(engine.lock, "take", refuse)
    monkeypatch.setattr(engine.lock, "look", refuse)


def test_a_second_handle_is_refused_and_told_who_holds_the_lock(lock):
    held = FileLock(lock)
    for _ in range(3):
        with pytest.raises(InputError, match=rf"my-run is running in this Tunedeck \(process {os.getpid()}, since"):
            FileLock(lock)
    held.release()
    held.release()
    FileLock(lock).release()


@pytest.mark.parametrize("end", ["exit", "kill"])
def test_another_process_is_named_and_its_lock_ends_with_it(lock, end):
    before = datetime.now()
    holder = hold(lock)
    with pytest.raises(InputError) as error:
        FileLock(lock)
    assert f"another Tunedeck (process {holder.pid} on {this_machine()}, since " in str(error.value)
    assert error.value.message.values["since"] in (f"{before:%H:%M}", f"{datetime.now():%H:%M}")
    found = holder_of(lock)
    assert (found.process, found.host, found.sure, found.on_this_machine) == (holder.pid, this_machine(), True, True)
    if end == "kill":
        holder.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    holder.communicate(timeout=30)
    assert holder_of(lock) is None
    FileLock(lock).release()


def test_the_number_of_a_dead_process_is_held_against_nobody(lock):
    """After a crash, or a restart of the machine, somebody else may have it: here it is this very process."""
    lock.write_text(f" process {os.getpid()} on {this_machine()} since 2020-01-01T00:00:00+00:00\n")
    assert holder_of(lock) is None
    FileLock(lock).release()


def test_those_who_look_do_not_take_each_other_for_a_holder(lock):
    lock.write_text(STRANGER.replace("other-machine", this_machine()))
    looking = os.open(lock, os.O_RDWR)
    engine.lock.look(looking)
    assert holder_of(lock) is None
    os.close(looking)


def test_another_machine_s_name_that_was_never_taken_back_is_told_as_unsure_while_the_run_writes(lock):
    lock.write_text(STRANGER)
    found = holder_of(lock)
    assert found == Holder(77, "other-machine", "2026-01-02T03:04:05+00:00", sure=False) and not found.on_this_machine
    with pytest.raises(InputError, match=r"may be running .*process 77 on other-machine, since 2026-01-02 .*90 s"):
        FileLock(lock)
    grown_old(lock)
    assert holder_of(lock) is None
    (lock.parent / "steps.csv").write_text("it trains")
    assert holder_of(lock) == found
    grown_old(lock)
    held = FileLock(lock)
    assert holder_of(lock).process == os.getpid()
    held.release()
    assert lock.read_text() == "" and holder_of(lock) is None


def test_on_a_disk_without_locks_a_run_trains_and_is_taken_for_one_that_may(lock, no_locks):
    held = FileLock(lock)
    assert holder_of(lock) == Holder(os.getpid(), this_machine(), holder_of(lock).since, sure=False)
    with pytest.raises(InputError):
        FileLock(lock)
    grown_old(lock)
    assert holder_of(lock) is None
    held.release()
    FileLock(lock).release()


@pytest.mark.parametrize(
    "text", ["", " ", " process 5", "\0" * 500, " process 5 on \N{SNOWMAN} since yesterday", "x" * 999]
)
def test_whatever_stands_in_the_file_the_holder_is_told(lock, text):
    held = FileLock(lock)
    lock.write_text(text)
    assert holder_of(lock).process in (0, 5)
    with pytest.raises(InputError, match="my-run is running in another Tunedeck"):
        FileLock(lock)
    held.release()


def test_a_lock_that_is_moved_away_while_it_is_waited_for_is_not_taken(lock, monkeypatch):
    take = engine.lock.take

    def moved(handle):
        take(handle)
        lock.parent.rename(lock.parent.with_name("bin"))

    monkeypatch.setattr(engine.lock, "take", moved)
    with pytest.raises(FileNotFoundError):
        FileLock(lock)
    monkeypatch.undo()
    FileLock(lock.parent.with_name("bin") / "lock").release()


def test_a_full_disk_leaves_a_holder_without_a_name(lock, monkeypatch):
    def full(handle, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(engine.lock.os, "write", full)
    held = FileLock(lock)
    assert holder_of(lock) == Holder()
    held.release()


def test_changes_by_several_at_once_are_all_kept(tmp_path):
    path = tmp_path / "count"
    path.write_text("0")

    def count():
        for _ in range(50):
            with changing(path):
                path.write_text(str(int(path.read_text()) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() == "200"


def test_who_waits_too_long_for_a_change_is_told(tmp_path):
    def had_enough():
        raise KeyboardInterrupt

    path = tmp_path / "file"
    with changing(path):
        with pytest.raises(TimeoutError, match="does not let it go"), changing(path, patience=0):
            raise AssertionError("it was held")
        with pytest.raises(KeyboardInterrupt), changing(path, 60, had_enough):
            raise AssertionError("it was held")
    with changing(path):
        pass


def test_on_a_disk_without_locks_a_change_is_made_all_the_same(tmp_path, no_locks):
    done = []
    with changing(tmp_path / "file"), changing(tmp_path / "file"):
        done.append("both, at once")
    assert done == ["both, at once"]
