"""`tunedeck`, and `python -m engine` for launchers such as torchrun that start a module."""

from __future__ import annotations

import importlib

from engine.terminal.interrupts import end_at_once


def main() -> int:
    """Run the command line; returns the exit code. Imports it when the program can be interrupted without a trace."""
    end_at_once()
    return int(importlib.import_module("engine.cli").main())


if __name__ == "__main__":
    raise SystemExit(main())
