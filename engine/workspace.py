"""Where the workspace is. Imports nothing heavy: the window asks before PyTorch is there."""

from __future__ import annotations

import os
from pathlib import Path

from engine.message import InputError


def workspace_folder(given: str | Path | None = None) -> Path:
    """The workspace: as given, else `$TUNEDECK_WORKSPACE`, else `~/Tunedeck`. Raises `InputError`."""
    text = os.fspath(given or os.environ.get("TUNEDECK_WORKSPACE") or "~/Tunedeck")
    try:
        path = Path(text).expanduser().absolute()
        path.exists()
    except (OSError, RuntimeError) as error:  # a name that is too long; a home that is nobody's
        raise InputError(
            "bad-workspace", "{path} can't be a workspace ({reason}): choose another with --workspace",
            path=text[:80], reason=getattr(error, "strerror", None) or str(error),
        ) from None  # fmt: skip
    return path
