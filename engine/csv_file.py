"""A table that a person asks for as a file."""

from __future__ import annotations

from pathlib import Path

from engine.files import write_text
from engine.message import InputError


def table_file(flag: str, text: str | None) -> Path | None:
    """Where to write a table. Raises `InputError` where that is no name of one: it may be a picture's."""
    if text is None:
        return None
    path = Path(text)
    if path.suffix.lower() != ".csv" or path.is_dir() or not path.absolute().parent.is_dir():
        template = "{flag} {path} is no file that can be written: name one that ends in .csv"
        raise InputError("csv-name", template, flag=flag, path=path)
    return path


def write_table(path: Path, text: str) -> None:
    """Write it, whole or not at all. Raises `InputError` where that can't be."""
    try:
        write_text(path, text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("table-not-written", "{path} can't be written: {reason}", path=path, reason=reason) from None
