"""What plugins print while the window is open."""

from __future__ import annotations

import sys

import pytest

from gui.printed import MOST_CHARACTERS, PrintedToLog

LOUD = '''
from engine.strategy import Augmentation, hookimpl

print("loud at import")

class Loud(Augmentation):
    """Print."""

    def __call__(self, images, generator):
        print("loud in a step")
        return images

@hookimpl
def register_strategies():
    return [Loud]
'''


def test_it_is_in_the_log_and_where_it_went_before(tmp_path, capsys):
    printed = PrintedToLog(tmp_path / "new" / "window.log")
    printed.install()
    try:
        print("loud")
        sys.stdout.flush()
    finally:
        printed.remove()
    print("after")
    assert (tmp_path / "new" / "window.log").read_text() == "loud\n"
    assert capsys.readouterr().out == "loud\nafter\n"


def test_who_prints_without_end_does_not_fill_the_disk(tmp_path, capsys):
    printed = PrintedToLog(tmp_path / "window.log")
    for _ in range(30):
        printed.write("x" * (MOST_CHARACTERS // 10))
    text = (tmp_path / "window.log").read_text()
    assert len(text) < MOST_CHARACTERS + 100 and text.endswith("… and more was printed\n")


@pytest.mark.parametrize("there", [None, "closed"])
def test_without_a_terminal_it_is_in_the_log_all_the_same(tmp_path, monkeypatch, there):
    stream = None if there is None else (tmp_path / "terminal").open("w")
    if stream is not None:
        stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    printed = PrintedToLog(tmp_path / "window.log")
    printed.install()
    print("loud", flush=True)
    printed.remove()
    assert sys.stdout is stream and (tmp_path / "window.log").read_text() == "loud\n"


def test_a_plugin_that_prints_is_heard_in_the_window_s_log(workspace):
    from tests.gui.test_app import CHILD, run_child

    (workspace / "plugins").mkdir(parents=True)
    (workspace / "plugins" / "loud.py").write_text(LOUD)
    done = run_child(workspace, CHILD.format(act="os.kill(os.getpid(), signal.SIGTERM)"))
    assert done.returncode == 0, done.stderr
    assert "loud at import\n" in (workspace / "window.log").read_text()
