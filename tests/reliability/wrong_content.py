"""Checkpoints that are whole, with a right digest, and say what can't be: all that a stranger might write into one.

Each is put in the place of a run's last checkpoint, and every reader is asked to use it. What must not be used is
refused in one line, at once, with nothing written; where a reader has no need of what is wrong, it may do without.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.rows import Row
from engine.catalogue import Catalogue, discover
from engine.checkpoints.checkpoint import read_checkpoint
from engine.checkpoints.header import read_meta
from engine.ended import ended_run
from engine.fork import fork_run, settings_of
from engine.message import InputError
from engine.run_records.index import list_runs
from engine.runs import resume_run, unfinished_run
from engine.trained.network import evaluate_checkpoint
from engine.trained.predictions import open_network
from gui.training.checkpoint_file import load_checkpoint
from tests.reliability.damage import small_run
from tests.reliability.sealed import Opened, joined, parts
from tests.reliability.wrong_values import HUGE, MAY_BE_MISSING, MILLION, WRONG


def wrong_metadata(opened: Opened, huge: bool) -> dict[str, bytes]:
    """Files with one wrong value in their metadata, or one missing, by what it is."""
    made = {}
    for table in (WRONG, HUGE) if huge else (WRONG,):
        for place, values in table.items():
            made |= {f"{place} = {repr(value)[:60]}": _with(opened, place, value) for value in values}
    for place in WRONG:
        if _holds(opened.meta, place) and place not in MAY_BE_MISSING:
            made[f"{place} is missing"] = _with(opened, place)
    nested: Any = 0
    for _ in range(900):
        nested = [nested]
    made["900 lists in each other"] = _with(opened, "config.model", {"id": "mlp", "hidden": nested})
    return made


def _with(opened: Opened, place: str, *value: Any) -> bytes:
    changed = opened.copy()
    inner: Any = changed.meta
    *way, last = place.split(".")
    for name in way:
        inner = inner[name]
    if value:
        inner[last] = value[0]
    else:
        del inner[last]
    return changed.sealed()


def _holds(meta: dict[str, Any], place: str) -> bool:
    inner: Any = meta
    for name in place.split("."):
        if name not in inner:
            return False
        inner = inner[name]
    return True


def wrong_tensors(opened: Opened) -> dict[str, bytes]:
    """Files of which one tensor is missing, too many, of another shape or type, or holds what it can't."""
    made = {}

    def put(what: str, name: str, tensor: torch.Tensor | None) -> None:
        changed = opened.copy()
        changed.tensors.pop(name, None)
        if tensor is not None:
            changed.tensors[name] = tensor.contiguous()
        made[what] = changed.sealed()

    for name, tensor in opened.tensors.items():
        put(f"{name} is missing", name, None)
        put(f"{name} has a row more", name, torch.zeros([n + 1 for n in tensor.shape] or [1], dtype=tensor.dtype))
        put(f"{name} is empty", name, torch.zeros(0, 4, dtype=tensor.dtype))
        other = torch.float64 if tensor.dtype != torch.float64 else torch.float32
        put(f"{name} is of another type", name, tensor.to(other))
        if tensor.is_floating_point() and name != "history.epochs":
            for value in (float("nan"), float("inf")):
                put(f"{name} holds {value}", name, torch.full_like(tensor, value))
    for group in ("model", "average", "optimizer", "history"):
        changed = opened.copy()
        changed.tensors = {name: tensor for name, tensor in opened.tensors.items() if not name.startswith(group)}
        made[f"no {group}.*"] = changed.sealed()
        put(f"{group}.more", f"{group}.more", torch.zeros(3))
    put("a tensor of no group", "more", torch.zeros(3))
    put("a tensor without a name", "", torch.zeros(3))
    put("optimizer.head.weight.more", "optimizer.head.weight.more", torch.zeros(3))
    epochs, steps = opened.tensors["history.epochs"], opened.tensors["history.steps"]
    for column, value in ((0, 7), (0, float("nan")), (1, float("inf")), (1, 1e300), (2, 1.5), (2, -1), (7, -1),
                          (8, 1e300), (9, -5), (9, 1.5), (9, float("nan")), (9, 1e300)):  # fmt: skip
        changed_epochs = epochs.clone()
        changed_epochs[0, column] = value
        put(f"epochs[0, {column}] = {value}", "history.epochs", changed_epochs)
    for column, value in ((0, 0), (0, 1.5), (0, 99), (0, -1), (0, 2), (1, 1e300), (2, -1)):
        changed_steps = steps.clone()
        changed_steps[0, column] = value
        put(f"steps[0, {column}] = {value}", "history.steps", changed_steps)
    put("40,000 steps", "history.steps", torch.ones(40_000, 3, dtype=torch.float64))
    return made


def wrong_headers(data: bytes) -> dict[str, bytes]:
    """Files whose header promises what is not there, or what overlaps, or what is absurdly large or deep."""
    made = {}
    name = "model.head.weight"

    def put(what: str, **values: Any) -> None:
        header, tensors = parts(data)
        header[name] = header[name] | values
        made[what] = joined(header, tensors)

    for shape in ([2**63], [2**62, 4], [0, 2**63], [0, 2**48, 2**48], [-1], [-8, -10], [1.5], ["8"], [True], None, {},
                  [[8]], [10**30], [1] * 65, [1] * MILLION):  # fmt: skip
        put(f"shape {repr(shape)[:60]}", shape=shape)
    for offsets in ([0, 2**40], [0, 2**63], [-8, 8], [8, 0], [0], [0, 8, 16], None, "all", [0.0, 8.0], [0, 10**30]):
        put(f"offsets {offsets}", data_offsets=offsets)
    for dtype in ("F99", "", None, 4, ["F32"], "f32", "I32", "F16", "F64", "BOOL"):
        put(f"dtype {dtype}", dtype=dtype)
    put("another key", stride=[1])
    header, tensors = parts(data)
    made["overlapping"] = joined(header | {name: header["model.head.bias"]}, tensors)
    made["a hole"] = joined({k: v for k, v in header.items() if k != name}, tensors)
    made["terabytes"] = joined(header | {"more": {"dtype": "U8", "shape": [2**42], "data_offsets": [len(tensors),
                               len(tensors) + 2**42]}}, tensors)  # fmt: skip
    made["an entry that is a number"] = joined(header | {name: 5}, tensors)
    made["more of metadata"] = joined(header | {"__metadata__": header["__metadata__"] | {"tunedeck": 5}}, tensors)
    made["no metadata"] = joined({k: v for k, v in header.items() if k != "__metadata__"}, tensors)
    for what, meta in (("nothing", ""), ("a list", "[]"), ("deep", "[" * 100_000), ("a number", "1" * 5_000)):
        made[f"metadata: {what}"] = joined(header | {"__metadata__": {"tunedeck": meta}}, tensors)
    made["a deep header"] = joined(b'{"a":' * 100_000, tensors)
    made["a wide header"] = joined(b'{"__metadata__":{"a":[' + b"[]," * 2_500_000 + b"[]]}}", tensors)
    made["half a surrogate for a digest"] = data.replace(b'\\"sha256\\":\\"', b'\\"sha256\\":\\"\\\\ud800', 1)
    return made


# --- every reader -----------------------------------------------------------------------------------


@dataclass
class Verdict:
    """What came of one file."""

    refused: list[str] = field(default_factory=list)
    """The readers that refused it."""
    faults: list[str] = field(default_factory=list)
    """What they must not do: raise anything else, say more than a line, write."""
    slowest: float = 0.0


class Judge:
    """A run in a workspace, whose last checkpoint is replaced, and all who read it."""

    def __init__(self, workspace: Path, catalogue: Catalogue) -> None:
        self.workspace, self.catalogue = workspace, catalogue
        self.folder = small_run(workspace, catalogue)
        self.last = self.folder / "checkpoints" / "last.safetensors"
        self.data = self.last.read_bytes()
        self.readers: dict[str, Callable[[], Any]] = {
            "meta": lambda: read_meta(self.last),
            "file": lambda: read_checkpoint(self.last),
            "list": lambda: list_runs(workspace),
            "unfinished": lambda: unfinished_run(workspace),
            "ended": lambda: ended_run(self.folder),
            "load": lambda: load_checkpoint(self.last, catalogue),
            "network": lambda: open_network(self.last, catalogue),
            "evaluate": lambda: evaluate_checkpoint(self.last, catalogue, workspace, part="validation"),
            "fork": lambda: fork_run(
                self.last, settings_of(self.last, catalogue), catalogue, workspace
            ).store.close(),
            "resume": lambda: resume_run(self.folder, catalogue, workspace).store.close(),
        }  # fmt: skip

    def judge(self, data: bytes, names: Container[str] | None = None) -> Verdict:
        """What every reader (or those of these names) does with these bytes in the place of the last checkpoint."""
        verdict = Verdict()
        self.last.unlink()
        self.last.write_bytes(data)
        for name, read in self.readers.items():
            if names is not None and name not in names:
                continue
            before = self._files()
            started = time.process_time()
            try:
                read()
            except InputError as error:
                verdict.refused.append(name)
                if "\n" in str(error) or len(str(error)) > 1_500:
                    verdict.faults.append(f"{name} said {str(error)[:2_000]!r}")
                if self._files() != before:
                    verdict.faults.append(f"{name} wrote {set(self._files()) ^ set(before)}")
            except Exception as error:
                verdict.faults.append(f"{name} raised {type(error).__name__}: {str(error)[:200]}")
            verdict.slowest = max(verdict.slowest, time.process_time() - started)
        return verdict

    def _files(self) -> dict[str, tuple[int, int]]:
        found = {}
        for path in self.workspace.rglob("*"):
            if path.is_file() and path.name != "lock":
                with contextlib.suppress(OSError):
                    status = path.stat()
                    found[str(path)] = status.st_size, status.st_mtime_ns
        return found


def all_cases(data: bytes, huge: bool = True) -> dict[str, bytes]:
    """All of them, by what is wrong; those of millions of items where `huge`."""
    opened = Opened.of(data)
    return wrong_metadata(opened, huge) | wrong_tensors(opened) | wrong_headers(data)


@dataclass
class Found:
    """What came of all of them."""

    tried: int = 0
    wrong: list[str] = field(default_factory=list)
    """What was not refused, or not as it should be."""
    slowest: float = 0.0
    slowest_case: str = ""


def judged(workspace: Path, catalogue: Catalogue, every: int = 1) -> Found:
    """Try all cases on the reader of files, and every so many on every reader: what is wrong in the settings, or does
    not fit the network, is told by those alone."""
    judge, found = Judge(workspace, catalogue), Found()
    whole = judge.judge(judge.data)
    assert not whole.refused and not whole.faults, whole
    for number, (what, data) in enumerate(all_cases(judge.data, huge=every == 1).items()):
        by_all = number % every == 0
        verdict = judge.judge(data, None if by_all else ("file",))
        found.tried += 1
        if verdict.faults or (by_all and "resume" not in verdict.refused):
            found.wrong.append(f"{what}: {verdict.faults or f'refused by {verdict.refused} alone'}")
        if verdict.slowest > found.slowest:
            found.slowest, found.slowest_case = verdict.slowest, what
    return found


def long_form() -> list[Row]:
    """All cases, by every reader."""
    with TemporaryDirectory() as place:
        found = judged(Path(place), discover(entry_points=False))
    for each in found.wrong:
        print(each)
    right = found.tried - len(found.wrong)
    return [
        Row("a right digest over wrong content: refused by name, nothing written", right, f"of {found.tried}",
            found.tried, at_most=False),
        Row(f"the slowest of these, of the processor's time ({found.slowest_case[:40]})", found.slowest, "s", 2.0),
    ]  # fmt: skip
