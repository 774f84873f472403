"""What is set for the process before PyTorch is loaded, and what is left to the user."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from engine import process


@pytest.fixture
def calls(monkeypatch):
    """What is asked of the C library; nothing is set in the environment."""
    made = []

    class Library:
        @staticmethod
        def mallopt(parameter, value):
            made.append(parameter)
            return 1

    monkeypatch.setattr(process, "C_LIBRARY", Library)
    monkeypatch.setattr(process.sys, "platform", "linux")
    for name in list(os.environ):
        if name.startswith(("MALLOC_", "GOMP_", "OMP_")):
            monkeypatch.delenv(name)
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "to be unset")  # so that what is set is undone after the test
        monkeypatch.delenv(name)
    return made


def test_threads_spin_briefly_and_freed_memory_is_kept(calls):
    process.prepare()
    assert os.environ["GOMP_SPINCOUNT"] == process.SPIN_COUNT
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    assert sorted(calls) == [
        process.M_ARENA_MAX, process.M_MMAP_MAX, process.M_TOP_PAD, process.M_TRIM_THRESHOLD,
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [("GOMP_SPINCOUNT", "7"), ("OMP_WAIT_POLICY", "ACTIVE")])
def test_how_threads_wait_is_left_to_a_user_who_says(calls, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    process.prepare()
    set_by_the_user = {key: os.environ.get(key) for key in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    assert set_by_the_user == {"GOMP_SPINCOUNT": None, "OMP_WAIT_POLICY": None, name: value}


def test_memory_is_left_to_a_user_who_says(calls, monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "131072")
    process.prepare()
    assert calls == []


def test_a_c_library_without_mallopt_is_no_problem(calls, monkeypatch):
    monkeypatch.setattr(process, "C_LIBRARY", object())
    process.prepare()
    process.give_back_memory()
    assert calls == []


@pytest.mark.skipif(not hasattr(process.C_LIBRARY, "malloc_trim"), reason="the C library is not glibc")
def test_what_is_free_is_given_back():
    """Of many small pieces between others that stay: no other way gives those back."""
    script = (
        "import engine, resource\n"
        "from engine.process import give_back_memory\n"
        "def resident(): return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize()\n"
        "pieces = [bytes(100_000) for _ in range(2_000)]\n"
        "last, before = pieces.pop(), resident()\n"
        "pieces.clear()\n"
        "kept = resident()\n"
        "give_back_memory()\n"
        "print(before - kept < 2**20, kept - resident() > 150_000_000)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_elsewhere_openmp_is_another_and_is_left_alone(calls, monkeypatch):
    monkeypatch.setattr(process.sys, "platform", "darwin")
    process.prepare()
    assert "GOMP_SPINCOUNT" not in os.environ and "OMP_WAIT_POLICY" not in os.environ
