"""`python -m engine.terminal.attended VERB …`: the command line for as long as whoever started it is there.

It is asked to end, as by Ctrl-C, when its standard input ends: that of a program whose window was closed, or that died
in whatever way. Windows has no other way to ask.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading

from engine.terminal.interrupts import end_at_once


def main() -> int:
    """Run the command line; returns the exit code."""
    end_at_once()
    threading.Thread(target=_listen, daemon=True).start()
    return int(importlib.import_module("engine.cli").main())


def _listen() -> None:
    while os.read(0, 1024):  # past Python's own buffer, whose lock would be held when the program ends
        pass
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    raise SystemExit(main())
