from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from engine.lock import FileLock
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


def test_a_second_handle_is_refused_and_told_who_holds_the_lock(tmp_path):
    lock = FileLock(tmp_path / "lock")
    for _ in range(3):
        with pytest.raises(InputError) as error:
            FileLock(tmp_path / "lock")
        assert error.value.message.code == "locked"
        assert str(os.getpid()) in str(error.value)
        assert str(tmp_path) in str(error.value)
    lock.release()
    lock.release()
    FileLock(tmp_path / "lock").release()


@pytest.mark.parametrize("end", ["exit", "kill"])
def test_another_process_is_named_and_its_lock_ends_with_it(tmp_path, end):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")], cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(InputError, match=f"process {holder.pid}"):
        FileLock(tmp_path / "lock")
    if end == "kill":
        holder.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    holder.communicate(timeout=30)
    FileLock(tmp_path / "lock").release()
