"""Where the workspace is. Imports nothing heavy: the window asks before PyTorch is there."""

from __future__ import annotations

import os
from pathlib import Path


def workspace_folder(given: str | Path | None = None) -> Path:
    """The workspace: as given, else `$TUNEDECK_WORKSPACE`, else `~/Tunedeck`."""
    return Path(given or os.environ.get("TUNEDECK_WORKSPACE") or Path.home() / "Tunedeck").expanduser().absolute()
