"""Whether the window stands anything: random actions on the real window, session after session.

    python benchmarks/window_monkey.py [--minutes 5] [--seed 0] [--acts 120]

Each session has a workspace of its own and does so many random things: presses, types, ticks, loads, drops, deletes,
closes in the middle of a run and opens again. Counted are mistakes of the window, words of Qt, moments in which the
window's own thread did not answer for more than a second (with where it was), runs that can't go on, and what memory
the process has gained in the second half of the sessions.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is imported
sys.path.insert(0, str(Path(__file__).parents[1]))

from PySide6.QtCore import QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from benchmarks.rows import Row, show
from engine.catalogue import discover
from tests.gui.driving import dispose
from tests.gui.monkey import Monkey, cannot_go_on, without_dialogs

HANG_SECONDS = 1.0
HARMLESS = "This plugin does not support "
"""What Qt says of the offscreen platform alone."""


class Watchdog:
    """Notes where the window's own thread was whenever it did not answer for a second."""

    def __init__(self, app: QApplication) -> None:
        self.hangs: list[str] = []
        self._beat = time.monotonic()
        self._told = False
        self._main = threading.get_ident()
        self._ended = threading.Event()
        timer = QTimer(app, interval=50)
        timer.timeout.connect(self.beat)
        timer.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def beat(self) -> None:
        """It answers."""
        self._beat, self._told = time.monotonic(), False

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            if time.monotonic() - self._beat > HANG_SECONDS and not self._told:
                self._told = True
                frame = sys._current_frames()[self._main]
                self.hangs.append("".join(traceback.format_stack(frame)[-6:]))


def session(app: QApplication, catalogue: object, seed: int, acts: int, dog: Watchdog) -> str:
    """What went wrong in one session; empty where nothing did."""
    with tempfile.TemporaryDirectory() as folder:
        monkey = Monkey(app, Path(folder) / "workspace", Path(folder) / "files", seed)
        trouble = ""
        try:
            for _ in range(acts):
                dog.beat()
                monkey.act()
            monkey.settle()
        except Exception:  # noqa: BLE001 whatever it is, it is what is looked for
            trouble = traceback.format_exc() + "".join(f"\n  {each}" for each in monkey.done[-25:])
        try:
            monkey.close()
        except Exception:  # noqa: BLE001
            trouble += traceback.format_exc()
        dispose(app)
        trouble += "\n".join(cannot_go_on(Path(folder) / "workspace", catalogue))
        dog.beat()
        return trouble


def resident() -> float:
    """MB of memory that the process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc/self/statm").exists() else 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--acts", type=int, default=120)
    arguments = parser.parse_args()
    app, catalogue = QApplication([]), discover()
    said: list[str] = []
    qInstallMessageHandler(lambda kind, context, text: said.append(text))
    without_dialogs(setattr)
    dog, rng = Watchdog(app), random.Random(arguments.seed)
    until, sessions, troubles, memory = time.monotonic() + 60 * arguments.minutes, 0, 0, [resident()]
    while time.monotonic() < until:
        seed = rng.randrange(10**6)
        trouble = session(app, catalogue, seed, arguments.acts, dog)
        sessions, troubles = sessions + 1, troubles + bool(trouble)
        memory.append(resident())
        if trouble:
            print(f"--- seed {seed}: {trouble}", file=sys.stderr, flush=True)
    dog.end()
    words = [text for text in said if not text.startswith(HARMLESS)]
    for text in [*dict.fromkeys(words), *dict.fromkeys(dog.hangs)]:
        print(f"--- {text}", file=sys.stderr)
    half = len(memory) // 2
    return show([
        Row(f"of {sessions} sessions of {arguments.acts} acts: with a trouble", troubles, "", 0),
        Row("words of Qt", len(words), "", 0),
        Row(f"moments without an answer for {HANG_SECONDS:g} s", len(dog.hangs), "", 0),
        Row("memory gained in a session of the second half", (memory[-1] - memory[half]) / max(1, sessions - half),
            "MB", 2),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
