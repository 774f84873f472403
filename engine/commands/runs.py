"""`tunedeck runs`: the runs of a workspace in a list, or some of them side by side.

Does without plugins: all that it says stands in the runs' folders.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.catalogue import nearest
from engine.comparison import OUTCOMES, Compared, Comparison, Group, compare
from engine.differing import Choice, Missing, Value
from engine.language import tr
from engine.message import InputError, Message
from engine.reading import read_json
from engine.run_records.index import RunRecord, Status, list_runs, read_run
from engine.seed_noise import Spread
from engine.terminal.run_tables import print_comparison, print_list
from engine.terminal.standard_streams import print_json
from engine.workspace import workspace_folder

DONE = 0
ENDED = (Status.FINISHED, Status.STOPPED_EARLY)
ENVIRONMENT, MAX_BYTES = "environment.json", 1_000_000
"""What a run ran on, and how long that file may be: a longer one is none of ours."""


def run(arguments: argparse.Namespace) -> int:
    """Carry out `tunedeck runs`; returns the exit code. Raises `InputError`."""
    workspace = workspace_folder(arguments.workspace)
    records = list_runs(workspace)
    if arguments.run:
        if arguments.search is not None:
            raise InputError("search-and-runs", "--search looks through all runs: leave out those that are named")
        _compare([find_run(text, records) for text in arguments.run], arguments.json)
        return DONE
    found = _matching(records, arguments.search or "")
    if arguments.json:
        print_json([run_to_dict(record) for record in found])
    elif found:
        print_list(found)
    elif records:
        told = tr("none of {count} runs has all of these words: {words}")
        print(told.format(count=len(records), words=arguments.search))
    else:
        print(tr("no runs in {folder} yet: `tunedeck train` makes one").format(folder=workspace / "runs"))
    return DONE


def _compare(records: Sequence[RunRecord], as_json: bool) -> None:
    if len({record.folder.resolve() for record in records}) < len(records):
        raise InputError("same-run", "a run is named twice: a comparison takes different ones")
    if len(records) < 2:
        raise InputError("one-run", "a comparison takes two runs or more: name another, or none to list them all")
    comparison = compare([compared(record) for record in records])
    if as_json:
        print_json(comparison_to_dict(comparison, records))
    else:
        print_comparison(comparison, records)


# --- which runs -----------------------------------------------------------------------------------


def find_run(text: str, records: Sequence[RunRecord]) -> RunRecord:
    """The run that a text stands for: its folder, its name, or a beginning that no other has. Raises `InputError`."""
    found = _in_folder(text)
    if found is not None:
        return found
    wanted = text.strip().casefold()
    names = {id(record): (record.folder.name.casefold(), record.title.casefold()) for record in records}
    whole = [record for record in records if wanted in names[id(record)]]
    begun = [record for record in records if any(name.startswith(wanted) for name in names[id(record)])]
    matches = (whole or begun) if wanted else []
    if len(matches) == 1:
        return matches[0]
    if not matches:
        known = [name for record in records for name in (record.title, record.folder.name)]
        raise InputError(
            "unknown-run", "there is no run {text}{nearest}; `tunedeck runs` lists all",
            text=repr(text), nearest=nearest(text, known),
        )  # fmt: skip
    raise InputError(
        "ambiguous-run", "{text} stands for {count} runs ({shown}): give more of the name of its folder",
        text=repr(text), count=len(matches),
        shown=", ".join(record.folder.name for record in matches[:3]) + (", …" if len(matches) > 3 else ""),
    )  # fmt: skip


def _in_folder(text: str) -> RunRecord | None:
    try:
        path = Path(text).expanduser().absolute()
        return read_run(path) if path.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # a name that is too long, a home that is nobody's, a zero byte
        return None


def _matching(records: Sequence[RunRecord], words: str) -> list[RunRecord]:
    """The runs in whose name, folder, status, techniques, tags or notes all of these words stand."""
    wanted = words.casefold().split()
    return [record for record in records if all(word in _searched(record) for word in wanted)]


def _searched(record: RunRecord) -> str:
    notes = record.notes
    words = (record.title, record.folder.name, record.status, *_texts(record.settings), *notes.tags, notes.notes)
    return "\n".join(words).casefold()


def _texts(value: Any) -> list[str]:
    """The texts within settings: the ids of techniques, and choices. Not the names of settings, which all runs have."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _texts(item)]


def compared(record: RunRecord) -> Compared:
    """A run of the workspace as a comparison sees it."""
    return Compared(
        record.folder.name, record.settings, record.rows, record.monitor, record.status in ENDED,
        record.test_accuracy, record.title,
        {"changes": record.changes, "parent": record.parent, "plugins": _plugins(record.folder)},
    )  # fmt: skip


def _plugins(folder: Path) -> Any:
    """The plugins of a run, as its folder records them; None where it does not."""
    try:
        environment = read_json(folder / ENVIRONMENT, MAX_BYTES, links=False)
    except (OSError, ValueError):
        return None
    return environment.get("plugins") if isinstance(environment, dict) else None


# --- as JSON --------------------------------------------------------------------------------------


def run_to_dict(record: RunRecord) -> dict[str, Any]:
    """The keys of a run that `runs --json` prints."""
    best, last = record.best, record.last
    return {
        "run": str(record.folder), "name": record.title, "started": record.started.isoformat(),
        "status": str(record.status), "reason": str(record.reason) if record.reason else None,
        "epochs": len(record.rows), "planned_epochs": record.epochs, "seed": record.settings.get("seed"),
        "best_epoch": best.epoch if best else None, "best_val_loss": best.val_loss if best else None,
        "best_val_accuracy": best.val_accuracy if best else None, "last_val_loss": last.val_loss if last else None,
        "last_val_accuracy": last.val_accuracy if last else None, "gap": record.gap,
        "test_loss": record.test_loss, "test_accuracy": record.test_accuracy, "seconds": record.seconds,
        "bytes": record.bytes, "tags": list(record.notes.tags),
    }  # fmt: skip


def comparison_to_dict(comparison: Comparison, records: Sequence[RunRecord]) -> dict[str, Any]:
    """What `runs --json` prints of a comparison: the values of each of `differ` are in the order of `runs`."""
    paths = [str(record.folder) for record in records]
    return {
        "runs": [run_to_dict(record) for record in records],
        "differ": {each.key: [_as_json(value) for value in each.values] for each in comparison.differences},
        "groups": [_group_to_dict(group, comparison.groups, paths) for group in comparison.groups],
    }


def _group_to_dict(group: Group, groups: Sequence[Group], paths: Sequence[str]) -> dict[str, Any]:
    return {
        "name": group.title,
        "runs": [paths[place] for place in group.members],
        "seeds": list(group.seeds),
        **{name: _spread_to_dict(group.spread(name)) for name in OUTCOMES},
        "less": [
            {"group": place, "figure": name, "difference": found.difference,
             "interval": list(found.interval) if found.interval else None, "within_seed_noise": found.within_noise}
            for place, other in enumerate(groups) if other is not group
            for name in OUTCOMES if (found := group.less(other, name)) is not None
        ],
    }  # fmt: skip


def _spread_to_dict(spread: Spread | None) -> dict[str, Any] | None:
    return {"mean": spread.mean, "deviation": spread.deviation, "count": spread.count} if spread else None


def _as_json(value: Value) -> Any:
    """A value of a setting: false for a technique that is off, null for what can't be known."""
    if isinstance(value, Missing):
        return False if value is Missing.OFF else None
    if isinstance(value, tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, Message):
        return str(value)
    return value.to_dict() if isinstance(value, Choice) else value
