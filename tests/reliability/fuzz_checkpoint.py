"""A fuzzer over everything that reads a checkpoint: files nobody thought of, most of them with a right digest.

An example is a whole checkpoint of a small run with a few things changed: values of its metadata put elsewhere, taken
out, replaced; tensors renamed, reshaped, cast; entries of the header altered; bytes anywhere set to others. Then it is
sealed again, so that the digest keeps nothing out. What the reader takes must be fit to be used: record, position,
settings, network and trainer are made of it. Anything but an `InputError` of one line is a finding.

    python -m tests.reliability.fuzz_checkpoint SECONDS

lets `atheris` choose the examples, by what of the readers they reach.
"""

from __future__ import annotations

import copy
import sys
import time
from functools import cache
from typing import Any

import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.rows import Row
from engine.catalogue import Catalogue, discover
from engine.checkpoints.checkpoint import decode, history_of
from engine.checkpoints.header import header_of
from engine.checkpoints.meta import checked_meta
from engine.message import InputError
from engine.network import spec_of
from engine.position import Position
from engine.runs import config_of
from engine.trained.network import Predictor
from engine.trainer import Trainer
from tests.engine.support import run_stored
from tests.reliability.damage import small_config
from tests.reliability.guided import choose, guided
from tests.reliability.sealed import Opened, digested, joined, parts

MINUTES = 10
BATCH = 2_000
"""Examples that hypothesis draws from one seed."""
READERS = [
    f"engine.{name}"
    for name in ("checkpoint", "checkpoint_header", "checkpoint_meta", "checkpoint_tensors", "network", "runs")
]
DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool)


@cache
def known() -> Catalogue:
    """The built-in techniques."""
    return discover(entry_points=False)


@cache
def whole() -> bytes:
    """The last checkpoint of a small run, in its third epoch."""
    return bytes(run_stored(small_config(known(), keep_every=0))[1].last_bytes or b"")


def used(data: bytes) -> bool:
    """Whether a file is taken, and used as every reader would; raises what is a finding."""
    try:
        checked_meta(header_of(data, "FILE").meta, "FILE")
    except InputError as error:
        _one_line(error)
    try:
        snapshot = decode(data, "FILE")
        position, record = Position.from_meta(snapshot.meta), history_of(snapshot)
        assert len(record.epochs) == position.epoch
        assert Position.from_meta(snapshot.meta | position.to_meta()) == position
        config = config_of(snapshot, known(), "FILE")
        predictor = Predictor(snapshot, config, "FILE")
        predictor.outputs(torch.zeros(2, *spec_of(snapshot).input_shape, dtype=torch.uint8))
        Trainer(config, snapshot=snapshot, catalogue=known())
    except InputError as error:
        _one_line(error)
        return False
    return True


def _one_line(error: InputError) -> None:
    text = str(error)
    assert "\n" not in text and len(text) < 1_500, text
    text.encode()


# --- what is drawn ----------------------------------------------------------------------------------

ODD = st.sampled_from(
    [None, True, 0, -1, 1, 2, 3, 2.5, 1e30, -1e300, 2**31, 2**53, 2**63, 10**30, float("nan"), float("inf"), "", "NaN",
     "\ud800", "x" * 2_000, "a\nb\x1b[31m", [], {}, [[]], [0], ["a"], {"id": "mlp"}, {"": 1}]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value within this one."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [each for key, inner in items for each in [(*way, key), *places(inner, (*way, key))]]


def _at(value: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        value = value[key]
    return value


def _alter(draw: st.DrawFn, mapping: Any) -> None:
    """Change one value somewhere in it."""
    ways = places(mapping)
    if not ways:
        return
    way = draw(st.sampled_from(ways))
    owner, key = _at(mapping, way[:-1]), way[-1]
    odd = copy.deepcopy(draw(ODD))
    action = draw(st.sampled_from(["odd", "near", "json", "other", "delete", "add", "double"]))
    if action == "delete":
        del owner[key]
    elif action == "add":
        if isinstance(owner, dict):
            owner[draw(st.text(max_size=8) | st.sampled_from(["format", "sha256", "more"]))] = odd
        else:
            owner.insert(key, odd)
    elif action == "near" and type(owner[key]) in (int, float):
        owner[key] = owner[key] + draw(st.integers(-3, 3)) * draw(st.sampled_from([1, 1, 0.5, 1_000]))
    elif action == "double" and isinstance(owner[key], list):
        owner[key] = owner[key] * draw(st.integers(2, 40))
    elif action == "other":
        owner[key] = copy.deepcopy(_at(mapping, draw(st.sampled_from(ways))))
    else:
        owner[key] = draw(JSON) if action == "json" else odd


def _alter_tensors(draw: st.DrawFn, tensors: dict[str, torch.Tensor]) -> None:
    """Change one tensor: its name, type, shape or a value."""
    if not tensors:
        return
    name = draw(st.sampled_from(sorted(tensors)))
    action = draw(st.sampled_from(["drop", "rename", "cast", "shape", "value", "other"]))
    tensor = tensors.pop(name) if action in ("drop", "rename") else tensors[name]
    if action == "rename":
        tensors[draw(st.sampled_from(["model.", "average.", "optimizer.", "history."])) + draw(st.text(max_size=6))] = (
            tensor
        )
    elif action == "cast":
        tensors[name] = tensor.to(draw(st.sampled_from(DTYPES)))
    elif action == "shape":
        tensors[name] = torch.zeros(draw(st.lists(st.integers(0, 12), max_size=4)), dtype=tensor.dtype)
    elif action == "value" and tensor.numel():
        changed = tensor.clone().reshape(-1)
        number = draw(st.floats(width=32)) if tensor.is_floating_point() else draw(st.integers(0, 1))
        changed[draw(st.integers(0, tensor.numel() - 1))] = number
        tensors[name] = changed.reshape(tensor.shape)
    elif action == "other":
        tensors[name] = tensors[draw(st.sampled_from(sorted(tensors)))].clone()


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A checkpoint file with a few things changed in it."""
    opened = Opened.of(whole())
    for _ in range(draw(st.integers(0, 2))):
        _alter(draw, opened.meta)
    for _ in range(draw(st.integers(0, 1))):
        _alter_tensors(draw, opened.tensors)
    data = opened.sealed()
    if draw(st.booleans()) and draw(st.booleans()):
        header, tensors = parts(data)
        _alter(draw, header)
        data = joined(header, tensors)
    if draw(st.booleans()) and draw(st.booleans()):
        changed = bytearray(data)
        for _ in range(draw(st.integers(1, 4))):
            changed[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
        data = digested(bytes(changed))
    return data


def fuzz(examples: int, *, derandomize: bool) -> int:
    """Draw so many examples; how many were taken. Raises what is found, in its smallest form."""
    taken = 0

    @settings(max_examples=examples, derandomize=derandomize, database=None, deadline=None,
              suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink))  # fmt: skip
    @given(files())
    def example(data: bytes) -> None:
        nonlocal taken
        taken += used(data)

    example()
    return taken


def long_form() -> list[Row]:
    """Ten minutes of atheris where it is installed, else of hypothesis from new seeds."""
    rows = guided(__name__, MINUTES)
    if rows is not None:
        return rows
    end, examples = time.monotonic() + 60 * MINUTES, 0
    while time.monotonic() < end:
        fuzz(BATCH, derandomize=False)
        examples += BATCH
    return [
        Row("fuzzed by hypothesis: findings", 0, "in 10 min", 0),
        Row("examples of that", examples, "files", 1_000, at_most=False),
    ]


if __name__ == "__main__":
    torch.set_num_threads(1)
    choose(int(sys.argv[1]), files(), used, READERS)
