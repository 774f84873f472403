"""Where the workspace is. Imports nothing heavy: the window asks before PyTorch is there."""

from __future__ import annotations

import os
from pathlib import Path

from engine.message import InputError


def workspace_folder(given: str | Path | None = None) -> Path:
    """The workspace: as given, else `$TUNEDECK_WORKSPACE`, else `~/Tunedeck`. Raises `InputError`."""
    text = os.fspath(given or os.environ.get("TUNEDECK_WORKSPACE") or "~/Tunedeck")
    path = Path(os.path.expanduser(text)).absolute()  # noqa: PTH111 it raises for no name of a user
    try:
        path.exists()
    except OSError as error:
        raise InputError(
            "bad-workspace", "{path} can't be a workspace ({reason}): choose another with --workspace",
            path=text[:80], reason=error.strerror or str(error),
        ) from None  # fmt: skip
    return path
