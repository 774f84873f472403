"""Files made to break in, to hang or to burst, each given to some readers: the long form gives all to all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.reliability.contained import MARK, zygote
from tests.reliability.crafted import INPUTS, ODD
from tests.reliability.hostile_files import READERS, trials

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits of a child are Linux's")


def intrude(what: str) -> int:
    """What the harness must catch, by name."""
    import os
    import pickle
    import socket
    import subprocess

    from tests.reliability.crafted import Intruder

    forbidden = {
        "unpickle": lambda: pickle.loads(pickle.dumps(Intruder())),
        "run": lambda: subprocess.run(["true"], check=False),
        "system": lambda: os.system("true"),
        "connect": lambda: socket.create_connection(("localhost", 1)),
        "write": lambda: Path(f"../{MARK}").touch(),
        "rename": lambda: Path("here").rename(f"../{MARK}"),
        "evaluate": lambda: eval(f"len('{MARK}')"),
        "take": lambda: len(bytearray(300_000_000)),
        "nothing": lambda: None,
    }  # fmt: skip
    forbidden[what]()
    return 0


@pytest.mark.parametrize(
    "what", ["unpickle", "run", "system", "connect", "write", "rename", "evaluate", "take", "nothing"]
)
def test_the_harness_notices(guard, tmp_path, what):
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "here").touch()
    problems = guard.try_out(__name__, "intrude", [what], tmp_path / "inside").problems(200_000_000)
    assert bool(problems) == (what != "nothing"), problems
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


@pytest.fixture(scope="module")
def guard():
    with zygote() as made:
        yield made


def test_no_file_gets_in():
    files = [name for name in INPUTS if name not in ODD]
    assert len(files) >= 60
    # Each file goes to some readers and each reader gets some files: their numbers have no common divisor but 1.
    made = trials(READERS, files, every=29)
    wrong = [(trial.file, trial.reader, trial.wrong) for trial in made if trial.wrong]
    assert not wrong, wrong
    assert {trial.reader for trial in made} == {reader.name for reader in READERS}


def test_pipes_devices_links_and_folders_are_no_files():
    made = trials(READERS, ODD, every=5)
    wrong = [(trial.file, trial.reader, trial.wrong) for trial in made if trial.wrong]
    assert not wrong, wrong
    assert {trial.file for trial in made} == set(ODD)
