"""What is wrong with a folder of pictures, learnt before anything is trained on it. The folder is only read."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from engine.data import Report, Source
from engine.data_checks.class_findings import enough_to_validate, hardly_validated, mismatched, uneven
from engine.data_checks.duplicate_findings import duplicates
from engine.data_checks.finding import DataCheck, in_order
from engine.data_checks.picture_findings import mixed, suspicious, unreadable
from engine.message import message
from engine.pictures.folder import list_pictures
from engine.pictures.look import look_at_all
from engine.pictures.reader import Progress


def check_folder(path: str, report: Report = lambda text, fraction: None) -> DataCheck:
    """Look at every file of a folder, as the data set `image-folder` reads it.

    `report` is told how far that is, and may raise to end it. Of each picture about a kilobyte is kept in memory.
    Raises `InputError` where there is no such folder, or no part for training in it.
    """
    progress = Progress(Source(Path(), report))
    listing = message("listing-pictures", "looking for pictures in {path}", path=path)
    folder = Path(os.path.expanduser(path))  # noqa: PTH111 it raises for no name of a user
    found = list_pictures(folder, lambda: progress.tell(listing))
    looked = look_at_all(found.files, progress)
    files = looked.files
    findings = [
        *unreadable(found.refused, looked.refused), *suspicious(looked), *mismatched(files, found.refused),
        *duplicates(looked, progress), *uneven(files), *hardly_validated(files), *mixed(looked),
    ]  # fmt: skip
    tiny = any(finding.mend == "validate-more" for finding in findings)
    return DataCheck(
        path, len(files), dict(sorted(Counter(file.label for file in files).items())), in_order(findings),
        enough_to_validate(files) if tiny else 0,
    )  # fmt: skip
