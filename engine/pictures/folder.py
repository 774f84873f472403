"""A folder of pictures: which files there are, of which class, in which part. Nothing is opened, nothing is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.message import InputError, Message, listed, message
from engine.pictures.files import shown

PARTS = {
    "train": "training", "training": "training", "val": "validation", "valid": "validation",
    "validation": "validation", "test": "test",
}  # fmt: skip
"""Names of folders that hold a part of the data, small letters or capitals, and the part."""
ORDER = ("training", "validation", "test")
UNSEEN = frozenset(("thumbs.db", "desktop.ini"))
"""What file managers leave in folders of pictures, beside files whose name begins with a dot."""
MOST_FILES = 5_000_000


@dataclass(frozen=True)
class PictureFile:
    """A file that may hold a picture."""

    path: Path
    name: str
    """Below the folder, with `/` between, as it can be printed."""
    part: str
    label: str
    """The class, as its folder is called, composed (NFC): composed and decomposed Hangul are one class."""
    bytes: int
    changed: int
    """When, in nanoseconds."""


@dataclass(frozen=True)
class PictureFolder:
    """What there is to be read in a folder."""

    files: tuple[PictureFile, ...]
    """By part, class and name."""
    refused: tuple[Message, ...]
    """What is none of the data, each named with the reason."""


def list_pictures(folder: Path, going_on: Callable[[], None] = lambda: None) -> PictureFolder:
    """The files in a folder with one subfolder for each class, or with `train`, `val` and `test` above the classes.

    Folders within a class belong to it. What a file holds is not looked at, nor its suffix; hidden files are left out.
    Links are followed to files within the folder alone. `going_on` is called now and then, and may raise.

    Raises `InputError` where there is no such folder, or no part for training in it.
    """
    walk = _Walk(folder, going_on)
    above = list(walk.folders(walk.root))
    parts = {path: PARTS.get(path.name.casefold()) for path in above}
    named = {part for part in parts.values() if part}
    if named and "training" not in named and None not in parts.values():
        raise InputError(
            "no-training-folder", "{path} has a folder for {parts} and none called train", path=shown(str(folder)),
            parts=listed(sorted(named), "part"),
        )  # fmt: skip
    # A class may be called train, beside other vehicles: then there is no folder val or test.
    if "training" not in named or (len(named) == 1 and None in parts.values()):
        parts = dict.fromkeys(above, "")
    for path, part in parts.items():
        if part is None:
            walk.refuse("beside-the-parts", "{name} is none of the parts beside it (train, val, test)", path)
        elif part:
            for within in walk.folders(path):
                walk.gather(within, part)
        else:
            walk.gather(path, "training")
    walk.files.sort(key=lambda file: (ORDER.index(file.part), file.label, file.name))
    return PictureFolder(tuple(walk.files), tuple(walk.refused))


@dataclass
class _Walk:
    """A way through a folder, and what was found on it."""

    folder: Path
    going_on: Callable[[], None]
    files: list[PictureFile] = field(default_factory=list)
    refused: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            self.root = Path(os.path.realpath(self.folder, strict=True))
            with os.scandir(self.root):
                pass
        except (OSError, ValueError) as error:  # a name with a zero in it is a ValueError
            raise InputError(
                "no-folder", "{path} is no folder that can be read: {reason}", path=shown(str(self.folder))[:200],
                reason=getattr(error, "strerror", None) or str(error),
            ) from None  # fmt: skip

    def folders(self, above: Path) -> Iterator[Path]:
        """The folders directly in one; the files beside them are of no class."""
        for entry in self._entries(above):
            if entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)
            elif not entry.is_symlink() or self._leads_within(entry):
                self.refuse("of-no-class", "{name} lies in no folder of a class", Path(entry.path))

    def gather(self, folder: Path, part: str) -> None:
        """All files in a class's folder and those below it."""
        label, found, waiting = shown(folder.name), len(self.files) + len(self.refused), [folder]
        while waiting:
            for entry in self._entries(waiting.pop()):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                else:
                    self._add(entry, part, label)
        if found == len(self.files) + len(self.refused):
            self.refuse("empty-folder", "{name} is a folder without files", folder)

    def refuse(self, code: str, template: str, path: Path, **values: str) -> None:
        """Name something that is none of the data, with the reason."""
        self.refused.append(message(code, template, name=self._name(path), **values))

    def _add(self, entry: os.DirEntry[str], part: str, label: str) -> None:
        if entry.is_symlink() and not self._leads_within(entry):
            return
        path = Path(entry.path)
        try:
            status = entry.stat()
        except OSError as error:
            self._unreadable(path, error)
            return
        if not stat.S_ISREG(status.st_mode):
            self.refuse("no-file", "{name} is no file", path)
        elif not os.access(path, os.R_OK):
            self._unreadable(path, PermissionError(13, "Permission denied"))
        else:
            self.files.append(PictureFile(path, self._name(path), part, label, status.st_size, status.st_mtime_ns))
            if len(self.files) > MOST_FILES:
                raise InputError(
                    "too-many-files",
                    "{path} holds more than {most} files",
                    path=shown(str(self.folder)),
                    most=MOST_FILES,
                )

    def _leads_within(self, entry: os.DirEntry[str]) -> bool:
        """Whether a link leads to a file within the folder. Where it leads elsewhere, it is refused."""
        path, reason = Path(entry.path), ""
        try:
            target = Path(os.path.realpath(path, strict=True))
        except OSError as error:
            code, template, reason = (
                "broken-link",
                "{name} is a link that leads nowhere: {reason}",
                error.strerror or "",
            )
        else:
            if not target.is_relative_to(self.root):
                code, template = "link-outside", "{name} is a link that leads out of the folder: it is not followed"
            elif target.is_dir():
                code, template = "link-to-folder", "{name} is a link to a folder: it is not followed"
            else:
                return True
        self.refuse(code, template, path, reason=reason)
        return False

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What lies in a folder and is not hidden, by name; nothing where it can't be listed, which is told."""
        self.going_on()
        try:
            with os.scandir(folder) as entries:
                seen = [each for each in entries if not each.name.startswith(".") and each.name.lower() not in UNSEEN]
        except OSError as error:
            self._unreadable(folder, error)
            return []
        return sorted(seen, key=lambda entry: entry.name)

    def _unreadable(self, path: Path, error: OSError) -> None:
        self.refuse("unreadable", "{name} can't be read: {reason}", path, reason=error.strerror or str(error))

    def _name(self, path: Path) -> str:
        return shown(path.relative_to(self.root).as_posix())
