"""`tunedeck diagnose`: what the curves of a run say, and what to do about it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from engine.catalogue import Catalogue
from engine.checkpoints.checkpoint import history_of
from engine.checkpoints.choice import read_chosen
from engine.checkpoints.header import read_meta
from engine.commands.runs import find_run
from engine.config import RunConfig
from engine.diagnosis import Diagnosis, diagnose_run
from engine.history import History, read_history
from engine.inside.finding import findings
from engine.inside.record import LayerLook, by_step, read_looks
from engine.language import say, tr
from engine.message import InputError, Message
from engine.remedy import NOT_FINITE
from engine.run_records.index import list_runs
from engine.run_records.record import RunRecord
from engine.runs import config_of
from engine.terminal.run import DONE
from engine.terminal.run_tables import ljust, rjust


def diagnose(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck diagnose`. Raises `InputError`."""
    path = Path(arguments.run).expanduser()
    looks: list[LayerLook] = []
    if path.suffix == ".safetensors" and path.is_file():
        found = _of_checkpoint(path.absolute(), catalogue)
    else:
        record = find_run(arguments.run, list_runs(workspace))
        found, looks = _of_run(record, catalogue), read_looks(record.folder)
    inside = findings(looks)
    if not arguments.json:
        _tell(found)
        if looks:
            _tell_inside(inside, by_step(looks)[-1])
    told = diagnosis_to_dict(found)
    return DONE, (told | {"inside": [_said(text) for text in inside]} if looks else told)


def _of_checkpoint(path: Path, catalogue: Catalogue) -> Diagnosis:
    snapshot = read_chosen(path)
    history, parent = history_of(snapshot), snapshot.meta.get("parent")
    _refuse_empty(history, path.name)
    images = len(snapshot.meta["data"]["input_shape"]) == 3
    return diagnose_run(
        history, config_of(snapshot, catalogue, path), catalogue, since=_since(parent), images=images
    )  # fmt: skip


def _of_run(record: RunRecord, catalogue: Catalogue) -> Diagnosis:
    history = read_history(record.folder)
    lost = record.reason is not None and record.reason.code in NOT_FINITE
    if not lost:
        _refuse_empty(history, record.folder.name)
    config = RunConfig.from_dict(record.settings, catalogue)
    return diagnose_run(
        history, config, catalogue, since=_since(record.parent), lost=lost, images=_has_images(record.folder)
    )


def _refuse_empty(history: History, name: str) -> None:
    if not history.epochs:
        raise InputError(
            "nothing-to-diagnose", "{run} has no epoch on record, so there is nothing to diagnose: go on with it first",
            run=name,
        )  # fmt: skip


def _since(parent: Any) -> int:
    """The epoch in which a fork left its parent."""
    epoch = parent.get("epoch") if isinstance(parent, dict) else 0
    return epoch if isinstance(epoch, int) else 0


def _has_images(folder: Path) -> bool:
    """Whether a run's samples are known to be images: its last checkpoint tells."""
    try:
        return len(read_meta(folder / "checkpoints" / "last.safetensors")["data"]["input_shape"]) == 3
    except (InputError, OSError, KeyError, TypeError):
        return False


def _tell(found: Diagnosis) -> None:
    for text in found.evidence:
        print(say(text))
    for treatment in found.remedies:
        words = say(treatment.text)
        expected = "; ".join(map(say, treatment.says))
        print(f"- {words[:1].upper()}{words[1:]} ({shlex.join(treatment.flags)}){': ' + expected if expected else ''}")


def _tell_inside(found: Sequence[Message], look: Sequence[LayerLook]) -> None:
    """What was seen inside the network, and the figures of the last look, layer by layer."""
    for text in found:
        print(say(text))
    width = max(cell_len(row.layer) for row in look)
    columns = (tr("gradient"), tr("spread"), tr("dead %"), tr("saturated %"), tr("update"))
    print(ljust(tr("step {step}").format(step=look[0].step), width), *(rjust(name, 11) for name in columns))
    for row in look:
        figures = (row.gradient, row.deviation, _percent(row.dead), _percent(row.saturated), row.update)
        print(ljust(row.layer, width), *(("" if each is None else f"{each:.3g}").rjust(11) for each in figures))


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def diagnosis_to_dict(found: Diagnosis) -> dict[str, Any]:
    """The keys that `diagnose --json` prints."""
    return {
        "verdict": found.verdict, "evidence": [_said(text) for text in found.evidence],
        "remedies": [
            {"text": str(each.text), "change": list(each.flags), "expected": dict(each.expected)}
            for each in found.remedies
        ],
        "best_epoch": found.best_epoch, "crossing_epoch": found.crossing_epoch, "epochs": found.epochs,
    }  # fmt: skip


def _said(text: Message) -> dict[str, Any]:
    return {"code": text.code, "text": str(text), "values": text.values}
