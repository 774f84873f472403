"""Where the studies of a workspace are, and how they are named. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from engine.files import make_folder
from engine.message import InputError

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
SUFFIX = ".journal"


@dataclass(frozen=True)
class StudyFile:
    """A study of the workspace, as the folder tells of it."""

    name: str
    changed: float
    """When it was last written, in seconds since 1970."""


def check_name(study: str) -> None:
    """Raise `InputError` where a study's name can't be a file's."""
    if not NAME.fullmatch(study):
        raise InputError(
            "bad-study", "a study is named with letters, digits, - and _, not {name}", name=repr(study)[:80]
        )


def journal_of(workspace: Path, study: str) -> Path:
    """The file of a study."""
    return workspace / "search" / f"{study}{SUFFIX}"


def next_settings(workspace: Path) -> Path:
    """The settings that a command searches which was copied from the window."""
    return workspace / "search" / "next.yaml"


def settings_of(workspace: Path, study: str) -> Path:
    """The settings that the window began a study with."""
    return workspace / "search" / f"{study}.yaml"


def log_of(workspace: Path, study: str) -> Path:
    """What a search says that the window has started."""
    return locks_of(workspace, study) / "output.txt"


def locks_of(workspace: Path, study: str) -> Path:
    """The folder of a study's locks, which is made where it is missing."""
    folder = workspace / "search" / f".{study}"
    with contextlib.suppress(FileExistsError):
        make_folder(folder)
    return folder


def studies(workspace: Path) -> tuple[StudyFile, ...]:
    """All studies that are kept in the workspace, the one that was written last first."""
    found: list[StudyFile] = []
    with contextlib.suppress(OSError), os.scandir(workspace / "search") as entries:
        for entry in entries:
            name = entry.name.removesuffix(SUFFIX)
            if name == entry.name or not NAME.fullmatch(name):
                continue
            with contextlib.suppress(OSError):
                if entry.is_file():
                    found.append(StudyFile(name, entry.stat().st_mtime))
    return tuple(sorted(found, key=lambda each: (-each.changed, each.name)))
