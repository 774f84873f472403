"""`python -m engine`: the command line, for launchers such as torchrun that start a module."""

from engine.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
