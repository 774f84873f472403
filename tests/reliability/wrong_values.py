"""What the metadata of a checkpoint can't say: wrong values by their place, for the last one of `damage.small_run`."""

from __future__ import annotations

from typing import Any

MILLION = 1_000_000
NUMBERS: tuple[Any, ...] = (10**30, -1, 2.5, True, "3", None, [], {}, float("nan"), float("inf"), "NaN", 10**400)
"""What no figure may be."""


def _change(**values: Any) -> list[dict[str, Any]]:
    """One change of the learning rate, with other values than it should have."""
    return [{"step": 3, "field": "lr", "old": 0.1, "new": 0.2} | values]


def _reason(**values: Any) -> dict[str, Any]:
    return {"code": "x", "template": "y", "values": {}} | values


WRONG: dict[str, tuple[Any, ...]] = {
    "format": (0, -1, "1", 1.0, True, None, 2, 10**30),
    "config": (None, [], {}, "mlp", {"id": "mlp"}),
    "config.epochs": (10**30, -1, 2.5, True, None, [], {}, 0, 7),
    "config.batch_size": (*NUMBERS[:8], 0, 33, 10_000_001),
    "config.lr": (-1, "fast", None, [], float("nan"), 10**30),
    "config.seed": (-1, "x", 2.5, None, 2**32),
    "config.format": (0, 2, "1", None),
    "config.model": (
        "no-such-model", {"id": "no-such-model"}, {"id": 5}, {}, None, 3, [], "mlp:hidden=9", "linear",
        {"id": "mlp", "hidden": [65_536] * 999}, {"id": "cnn", "channels": [4_096] * 12}, {"id": "mlp", "hidden": [-8]},
        {"id": "mlp", "widths": 8},
    ),
    "config.dataset": ("no-such-data", {"id": "absent-plugin"}, "adam", None, {"id": "noisy-line"}),
    "config.optimizer": ("sgd:momentum=0.9", "adagrad", "no-such", {"id": "adam", "beta1": 2}, {"id": "adam", "lr": 1}),
    "config.with": (
        "ema", {"id": "ema"}, [{"id": "absent-plugin"}], [None], [["ema"]], ["adam"], [{"id": "ema", "decay": "NaN"}],
    ),
    "config.unknown": (1, None),
    "plugins": (
        None, {}, [{}], [None], [{"id": "absent-plugin", "kind": "model", "origin": "", "version": ""}],
        [{"id": 5, "kind": "model", "origin": "", "version": ""}],
    ),
    "class_names": (None, "ab", ["a"], ["a"] * 11, [1] * 10, ["\ud800"] * 10),
    "data.input_shape": (
        None, [], [0, 28, 28], [-1, 28, 28], [1, 28], [2**31] * 3, ["1", 28, 28], [1] * 9, [1, 29, 28], [[1, 28, 28]],
    ),
    "data.outputs": (*NUMBERS, 0, 11, 2**31),
    "data.task": ("regression", "other", None, 3),
    "data.class_counts": (None, [1], [-1] * 10, [10.5] * 10, [10**30] * 10, [0] * 10),
    "data.samples": (
        None, [], [100], [100, 50], [1, 50, 10], [99, 50, 10], [2**52, 50, 10], ["100", 50, 10], [100, 50, 10, 10],
    ),
    "input.mean": (None, [], [[0]], [float("nan")], [10**400], ["0"], [0.0, 0.0]),
    "input.std": (None, [], [0.0], [-1.0], [float("inf")], [1.0, 1.0]),
    "environment.threads": (*NUMBERS, 0, 10**9),
    "environment.device": (None, 3),
    "environment.versions": (None, [], {"torch": 2}),
    "changes": (
        None, {}, [None], [{}], _change()[0], [{"step": 3, "field": "lr", "old": 0.1}], _change(field="seed"),
        _change(step=-3), _change(step=99), _change(new=0), _change(new="0.2"), _change(new=float("nan")),
        _change(field="epochs", new=10**30), _change(field="epochs", new=3.5), _change(field="epochs", new=9),
        _change(why="so"), [*_change(step=5), *_change(step=4)],
    ),
    "progress": (None, [], 3, {}),
    "progress.epoch": (*NUMBERS, 0, 1, 3, 4),
    "progress.batch": (*NUMBERS, 1, 3, 5, 10**9),
    "progress.step": (*NUMBERS, 0, 9, 11, 10**9),
    "progress.seconds": (10**30, "3", None, [], float("nan"), 10**400),
    "progress.best_since": (*NUMBERS[:5], 3, 10**6),
    "progress.reason": (
        "done", {}, [], 3, {"code": "x", "template": "y"}, _reason(code=1), _reason(values=[]), _reason(more=1),
        _reason(values={"a": 10**400}), _reason(values={"a": float("nan")}),
    ),
    "progress.more": (1,),
    "sums": (None, [], {}),
    "sums.loss": ("0", None, [], float("nan"), float("inf"), True, 10**400),
    "sums.correct": (*NUMBERS, 65),
    "sums.samples": (*NUMBERS, 0, 63, 65),
    "sums.lr": (-1.0, "0", None, float("nan"), 1e39),
    "parent": (
        None, 3, [], {}, {"run": "a", "epoch": 1}, {"run": 3, "epoch": 1, "step": 1},
        {"run": "a", "epoch": 10**30, "step": 1},
    ),
    "epochs": (*NUMBERS, 0, 1, 2, 4, MILLION + 1),
    "marks": (None, {}, 3, [None], [-1], [1.5], [2, 1], [3], [10**30], ["1"]),
    "optimizer": (None, [], 3, {"a.b": 1}, {"nothing": 3}, {"head.weight.more": 3}, {"head.weight.step": 3}),
    "stepped": (None, "all", [3], [], ["head.weight"], ["no.such.weight"], ["\ud800"]),
    "averaged": (None, "yes", 1, False),
    "unknown": (1, None),
}  # fmt: skip
"""Wrong values, by their place."""

HUGE: dict[str, tuple[Any, ...]] = {
    "config.model": ({"id": "mlp", "hidden": [8] * MILLION},),
    "config.with": (["dropout"] * MILLION,),
    "class_names": (["x" * 10**6] * 7, ["a"] * MILLION),
    "data.input_shape": ([1] * MILLION,),
    "data.class_counts": ([1] * MILLION,),
    "input.mean": ([0.0] * MILLION,),
    "environment.device": ("x" * MILLION,),
    "changes": ([[]] * MILLION,),
    "progress.reason": (_reason(template="y" * MILLION), _reason(values={str(n): n for n in range(100_000)})),
    "parent": ({"run": "a" * MILLION, "epoch": 1, "step": 1},),
    "marks": ([0] * MILLION,),
    "stepped": (["x"] * 100_000,),
}
"""Values of a million items."""

MAY_BE_MISSING = (
    "progress.best_since", "config.seed", "stepped", "averaged", "config.epochs", "config.lr", "config.format",
)  # fmt: skip
"""What files that were written before it was there lack, or what has a default."""
