"""Files made to break in, to hang or to burst, each given to some readers: the long form gives all to all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from engine.catalogue import MAX_PLUGIN_BYTES, discover
from engine.checkpoints.checkpoint import read_checkpoint
from engine.files import append_text
from engine.lock import FileLock, changing
from engine.message import InputError
from engine.runs import best_checkpoint
from engine.store import RunFolder
from tests.reliability.contained import MARK, try_out
from tests.reliability.crafted import INPUTS, ODD
from tests.reliability.forks import Forks
from tests.reliability.hostile_files import MODULES, READERS, flag_trials, trials

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
def test_the_harness_notices(forks, tmp_path, what):
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "here").touch()
    problems = try_out(forks, tmp_path / "inside", __name__, "intrude", what).problems(200_000_000)
    assert bool(problems) == (what != "nothing"), problems
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    with Forks(tmp_path_factory.mktemp("printed"), *MODULES, alone=True) as forks:
        yield forks


def test_no_file_gets_in(forks):
    files = [name for name in INPUTS if name not in ODD]
    assert len(files) >= 60
    # Each file goes to some readers and each reader gets some files: their numbers have no common divisor but 1.
    made = trials(forks, READERS, files, every=61)
    wrong = [(trial.file, trial.reader, trial.wrong) for trial in made if trial.wrong]
    assert not wrong, wrong
    assert {trial.reader for trial in made} == {reader.name for reader in READERS}


def test_pipes_devices_links_and_folders_are_no_files(forks):
    made = trials(forks, READERS, ODD, every=10)
    wrong = [(trial.file, trial.reader, trial.wrong) for trial in made if trial.wrong]
    assert not wrong, wrong
    assert {trial.file for trial in made} == set(ODD)


def test_no_word_of_the_command_line_gets_in(forks):
    wrong = [(trial.file, trial.wrong) for trial in flag_trials(forks) if trial.wrong]
    assert not wrong, wrong


def test_what_is_no_file_in_the_folder_of_plugins_is_named_and_the_rest_load(tmp_path):
    for name, make in ODD.items():
        if name != "a-link-out-of-the-workspace":
            make(tmp_path / f"{name.replace('-', '_')}.py")
    (tmp_path / "too_long.py").write_bytes(b"#" * (MAX_PLUGIN_BYTES + 1))
    (tmp_path / "no_text.py").write_bytes(b"\xff\0")
    (tmp_path / "good.py").write_text(
        "from engine.strategy import Augmentation, hookimpl\n"
        "class Good(Augmentation):\n    'Does nothing.'\n    def __call__(self, images, generator):\n"
        "        return images\n@hookimpl\ndef register_strategies():\n    return [Good]\n"
    )
    found = {entry.id: entry for entry in discover(tmp_path, entry_points=False).entries if entry.origin != "built-in"}
    assert found.pop("good").strategy is not None
    assert len(found) == len(ODD) + 1
    for entry in found.values():
        assert entry.error and "\n" not in entry.error


@pytest.mark.parametrize("name", ["checkpoints", "lock", "log.txt"])
def test_a_run_s_folder_that_leads_elsewhere_is_not_trained_in(tmp_path, name):
    folder, outside = tmp_path / "run", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir() if name == "checkpoints" else outside.write_text("kept")
    (folder / name).symlink_to(outside)
    with pytest.raises(InputError, match="is a link, and nothing is written"):
        RunFolder(folder)
    assert outside.is_dir() or outside.read_text() == "kept"


def test_a_lock_is_not_made_where_a_link_leads(tmp_path):
    (tmp_path / ".queue.yaml.lock").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError), changing(tmp_path / "queue.yaml"):
        pass
    with pytest.raises(OSError):
        FileLock(tmp_path / ".queue.yaml.lock")
    assert not (tmp_path / "outside").exists()


def test_lines_are_not_appended_to_what_a_link_leads_to(tmp_path):
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "log.txt").symlink_to(tmp_path / "kept")
    os.mkfifo(tmp_path / "pipe")
    for name in ("log.txt", "pipe"):
        with pytest.raises(OSError):
            append_text(tmp_path / name, "more\n")
    assert (tmp_path / "kept").read_text() == "kept"


def test_where_something_else_bears_the_name_of_the_best_checkpoint_the_last_does_not_take_its_place(tmp_path):
    (tmp_path / "checkpoints" / "best.safetensors").mkdir(parents=True)
    (tmp_path / "checkpoints" / "last.safetensors").touch()
    with pytest.raises(InputError, match=r"best\.safetensors can't be read: it is no file"):
        read_checkpoint(best_checkpoint(tmp_path))
