"""Plugins that raise whatever can be raised, and return whatever can be returned, in each method of each kind.

The methods are those that `engine.strategy` declares, so that a new one is covered without a line here. Each fault must
be contained (the run ends as failed, with one last event), named (the plugin, and the method), and harmless: what was
saved before is whole and finite, a run without the plugin goes on from it, and nothing that all share was changed.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.rows import Row
from engine.catalogue import Catalogue, discover
from engine.config import RunConfig
from engine.events import Event, Failed, Finished
from engine.fork import forked
from engine.guard import methods_of
from engine.remedy import NOT_FINITE
from engine.runner import Runner
from engine.store import MemoryStore
from engine.strategy import KINDS, Strategy
from engine.trainer import Trainer
from tests.engine.support import differing, of_type, run_stored, tiny_config

SECONDS = 60.0


class Mute(Exception):
    """One that can't be put into words."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class OddEnd(BaseException):
    """No `Exception`."""


RAISED: tuple[Callable[[], BaseException], ...] = (
    lambda: RuntimeError("no such luck"), lambda: SystemExit(3), lambda: KeyboardInterrupt(), lambda: GeneratorExit(),
    lambda: StopIteration(7), lambda: RecursionError("deep"), lambda: OddEnd("odd"), Mute,
)  # fmt: skip
"""Run in a thread, as the window does: there no Ctrl-C of a person's arrives."""

ODD: dict[str, Any] = {
    "None": None, "3": 3, "-1": -1.0, "nan": float("nan"), "text": "text", "object": object(), "True": True, "[]": [],
    "a pair": (None, None), "a function": lambda *_: None, "a layer": nn.Linear(3, 3), "a scalar": torch.zeros(()),
    "a scalar that is not finite": torch.tensor(float("nan")), "an empty tensor": torch.zeros(0),
    "doubles": torch.zeros(2, 3, dtype=torch.float64), "elsewhere": torch.zeros(5, device="meta"),
    "a scalar with a gradient": torch.zeros((), requires_grad=True),
}  # fmt: skip
"""What a method may return for all anyone knows."""

FITTING: dict[tuple[str, str], set[str]] = {
    ("scaling", "fit"): {"another dtype"},
    ("scaling", "fit_counts"): {"another dtype"},
    ("model", "statistics"): {"None"},
    ("model", "hidden_layers"): {"3"},
    ("regularizer", "penalty"): {
        "a scalar", "a scalar with a gradient", "a scalar that is not finite", "another dtype", "another value"
    },
    ("regularizer", "average_share"): {"None"},
    ("scheduler", "lr_factor"): {"3"},
    ("stopping", "reason"): {"None"},
    **{(kind, "advice"): {"[]", "an empty tensor"} for kind in KINDS},
    **{case: set(ODD) for case in (
        ("model", "pretrained"), ("initializer", "apply"), ("regularizer", "before_step"), ("regularizer", "after_step")
    )},
}  # fmt: skip
"""What of it does no harm: the rest must be noticed. What a method that acts in place returns is not looked at, and a
penalty that has no gradient changes nothing."""


def _same_order(self: Any, targets: Tensor, generator: Any) -> Tensor:
    return torch.arange(len(targets))


SOUND: dict[str, Callable[..., Any]] = {
    "layer": lambda self, place: nn.Identity(),
    "parameter_groups": lambda self, groups: groups,
    "order": _same_order,
    "micro_batches": lambda self, size: 1,
    "penalty": lambda self, model: sum(p.square().sum() for p in model.parameters()) * 1e-4,
    "mix": lambda self, inputs, targets, generator: (inputs, targets),
    "before_step": lambda self, model: None,
    "after_step": lambda self, model: None,
    "average_share": lambda self, progress: 0.1,
    "lr_shares": lambda self, epoch: (1.0,),
    "lr_factor": lambda self, progress, history: 1.0,
    "reason": lambda self, progress, history: None,
    "__call__": lambda self, images, generator: images,
}
"""What a method may well give, where its kind alone gives nothing: a fault can then come in mid-run."""


ELSEWHERE = {("dataset", "picture_folder"), ("dataset", "resizing"), ("dataset", "fitting")}
ELSEWHERE |= {(kind, method) for kind in KINDS for method in ("as_remedy", "code")}
"""What no run asks: only what looks at its data, its network and its curves does, and what writes it as a script."""


def methods() -> list[tuple[str, str]]:
    """Every method of every kind that a run calls, by the kind's name and its own."""
    every = [(name, method) for name, kind in KINDS.items() for method in dict.fromkeys(methods_of(kind))]
    return [case for case in every if case not in ELSEWHERE]


@dataclass
class Fuse:
    """Counts the calls of a method, and lets it go wrong from one of them on: then it gives what `act` gives."""

    act: Callable[[Any], Any]
    at: float = 1
    calls: int = 0

    def __call__(self, sound: Callable[[], Any]) -> Any:
        self.calls += 1
        return self.act(sound) if self.calls >= self.at else sound()


def bad_plugin(kind: str, method: str, fuse: Fuse, config: RunConfig) -> Strategy:
    """A technique of a kind that works but for one method, which goes through the fuse."""
    many = KINDS[kind].many
    base, values = (KINDS[kind], {}) if many else (type(getattr(config, kind)), getattr(config, kind).model_dump())
    body: dict[str, Any] = {"__doc__": "Go wrong.", "__module__": "stranger", "id": "bad"}
    if many and kind != "regularizer":
        body |= {name: SOUND[name] for name in methods_of(KINDS[kind]) if name in SOUND}
    sound = SOUND.get(method, getattr(base, method)) if many else getattr(base, method)
    if isinstance(sound, property):
        body[method] = property(lambda self: fuse(lambda: sound.fget(self)))  # type: ignore[misc]
    else:
        body[method] = lambda self, *arguments: fuse(lambda: sound(self, *arguments))
    if method == "layer":
        body["slot"] = "dropout"
    return type("Bad", (base,), body)(**values)  # type: ignore[no-any-return]


def settings(catalogue: Catalogue, kind: str, method: str, fuse: Fuse) -> RunConfig:
    """Settings of a small run in which this method of a bad plugin of this kind is called."""
    activation = "sigmoid" if method == "hidden_layers" else "relu"  # whose advice asks the model for them
    config = tiny_config(catalogue, epochs=2, activation=activation, optimizer="sgd:momentum=0.9", lr=0.01)
    return config.ticked(bad_plugin(kind, method, fuse, config))


def in_a_thread(config: RunConfig, snapshot: Any = None) -> tuple[list[Event], MemoryStore]:
    """A run as the window makes one: its events, and where it was kept."""
    store = MemoryStore()
    runner = Runner(lambda report: Trainer(config, lambda: store, snapshot=snapshot))
    runner.start()
    assert runner.join(SECONDS), "it hangs"
    events = []
    while not runner.events.empty():
        events.append(runner.events.get())
    return events, store


def is_whole(store: MemoryStore) -> bool:
    """Whether what was saved can be read, and holds finite values alone."""
    if store.last_bytes is None:
        return True
    tensors = store.last().tensors
    return all(t.isfinite().all() for name, t in tensors.items() if not name.startswith("history."))


def goes_on_without(config: RunConfig, store: MemoryStore) -> bool:
    """Whether the run goes on to its end without the bad plugin, as "disable and continue" lets it."""
    if "bad" not in {strategy.id for strategy in config.with_} or store.last_bytes is None:
        return True
    parent, without = store.last(), config.unticked("bad").changed({"epochs": 3})
    events, _ = in_a_thread(without, forked(parent, config, without, "the parent", None))
    return isinstance(events[-1], Finished) and events[-1].epochs == 3


def flaw(kind: str, method: str, config: RunConfig, fuse: Fuse, *, fitting: bool = False, by_name: bool) -> str:
    """What is wrong with how such a run went; empty where nothing is.

    `fitting` says that the method may do what it does; `by_name`, that the method must be told, not the plugin alone.
    """
    shared = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()
    events, store = in_a_thread(config)
    torch.set_num_threads(shared[2])
    last, text = events[-1], str(getattr(events[-1], "text", ""))
    if len(of_type(events, (Finished, Failed))) != 1:
        return "not one last event"
    if (torch.is_grad_enabled(), torch.get_default_dtype()) != shared[:2]:
        return "what all share was changed"
    if fuse.calls < fuse.at:
        return "a run does not call it"
    if isinstance(last, Finished) or fitting:
        return "" if fitting and isinstance(last, Finished) else f"not as it should be: {text or 'nobody noticed'}"
    if "bad" not in (last.plugin, text.partition(" failed")[0]) and last.text.code not in NOT_FINITE:
        return f"the plugin is not named: {text}"
    if by_name and method not in ("__call__", "advice", "hidden_layers") and f" in {method}" not in text:
        return f"the method is not named: {text}"
    if not is_whole(store):
        return "what was saved is not whole"
    return "" if goes_on_without(config, store) else "it does not go on without it"


def calls_of(catalogue: Catalogue, kind: str, method: str) -> int:
    """How often a run of a plugin that works calls a method; 1 where nothing is known that would work."""
    if KINDS[kind].many and method not in (*SOUND, "advice"):
        return 1
    fuse = Fuse(lambda sound: sound())
    in_a_thread(settings(catalogue, kind, method, fuse))
    # When a run starts, advice is asked for a third time, and then can only warn.
    return min(fuse.calls, 2) if method in ("advice", "hidden_layers") else max(1, fuse.calls)


def raising(catalogue: Catalogue, per_method: int, seed: int = 0) -> dict[str, str]:
    """Flaws of runs whose plugin raises: in each method so many exceptions, at its first call and at drawn ones."""
    draw, found = random.Random(seed), {}
    for number, (kind, method) in enumerate(methods()):
        calls = calls_of(catalogue, kind, method) if per_method > 1 else 1
        for trial in range(per_method):
            raised = RAISED[(number + trial) % len(RAISED)]
            at = 1 if trial == 0 else draw.randint(1, calls)

            def act(sound: Any, raised: Any = raised) -> Any:
                raise raised()

            fuse = Fuse(act, at)
            wrong = flaw(kind, method, settings(catalogue, kind, method, fuse), fuse, by_name=True)
            found[f"{kind}.{method} raises {type(raised()).__name__} at call {at}"] = wrong
    return found


def returning(catalogue: Catalogue, per_method: int, seed: int = 0) -> dict[str, str]:
    """Flaws of runs whose plugin returns what it must not: in each method so many odd values."""
    draw, found = random.Random(seed), {}
    for kind, method in methods():
        for name in draw.sample(sorted(ODD), min(per_method, len(ODD))):
            fuse = Fuse(lambda sound, name=name: ODD[name])
            fits = name in FITTING.get((kind, method), set())
            wrong = flaw(kind, method, settings(catalogue, kind, method, fuse), fuse, fitting=fits, by_name=False)
            found[f"{kind}.{method} returns {name}"] = wrong
    return found


def distorting(catalogue: Catalogue, per_method: int, seed: int = 0) -> dict[str, str]:
    """Flaws of runs whose plugin returns nearly the right thing: so many of another shape, dtype, device, value."""
    draw, found = random.Random(seed), {}
    for kind, method in methods():
        if (KINDS[kind].many and method not in SOUND) or method == "advice":
            continue
        for name in draw.sample(sorted(DISTORTED), min(per_method, len(DISTORTED))):
            changed: list[bool] = []

            def act(sound: Any, distort: Any = DISTORTED[name], changed: Any = changed) -> Any:
                given = sound()
                new = distorted(given, distort)
                changed.append(new is not given)
                return new

            fuse = Fuse(act)
            fits = f"another {name}" in FITTING.get((kind, method), set())
            wrong = flaw(kind, method, settings(catalogue, kind, method, fuse), fuse, fitting=fits, by_name=False)
            if any(changed):
                found[f"{kind}.{method} returns another {name}"] = wrong
    return found


DISTORTED: dict[str, Callable[[Tensor], Tensor]] = {
    "shape": lambda t: t.unsqueeze(0),
    "dtype": lambda t: t.to(torch.float64 if t.dtype != torch.float64 else torch.int16),
    "device": lambda t: t.to("meta"),
    "count": lambda t: torch.cat([t, t]) if t.ndim else t.repeat(2),
    "value": lambda t: torch.full_like(t, float("inf")) if t.is_floating_point() else t.to(torch.float32) + 0.5,
}
"""What a tensor may be changed into."""


def distorted(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A value with a tensor in it changed; itself, where it holds none."""
    if isinstance(value, Tensor):
        return change(value.detach())
    if isinstance(value, tuple) and value and isinstance(value[-1], Tensor):
        return (*value[:-1], change(value[-1].detach()))
    if isinstance(value, nn.Module) and not list(value.parameters()):
        return nn.Sequential(value, Changing(change))
    return value


class Changing(nn.Module):
    """Changes what flows through it."""

    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.change = change

    def forward(self, inputs: Tensor) -> Tensor:
        return self.change(inputs)


def others_work(catalogue: Catalogue) -> bool:
    """Whether, after all that, a run in this process is bit for bit what it is with nothing before it."""
    config = tiny_config(catalogue, epochs=2, ticked=["dropout", "batch-norm", "random-horizontal-flip"])
    before = run_stored(config)[1].last()
    for kind, method in methods():
        fuse = Fuse(lambda sound: ODD["object"])
        in_a_thread(settings(catalogue, kind, method, fuse))
    return differing(before, run_stored(config)[1].last()) == []


def long_form() -> list[Row]:
    """The long form: every exception and every odd value in every method."""
    catalogue = discover(entry_points=False)
    torch.set_num_threads(1)
    found = {
        "plugin raises": raising(catalogue, 3 * len(RAISED)),
        "plugin returns an odd value": returning(catalogue, len(ODD)),
        "plugin returns nearly the right thing": distorting(catalogue, len(DISTORTED)),
    }
    for name, flaws in found.items():
        for case, wrong in flaws.items():
            if wrong:
                print(f"{name}: {case}: {wrong}", file=sys.stderr)
    good = [
        Row(f"{name}: contained, named, goes on without it", sum(not w for w in flaws.values()), f"of {len(flaws)}",
            len(flaws), at_most=False)
        for name, flaws in found.items()
    ]  # fmt: skip
    equal = int(others_work(catalogue))
    return [*good, Row("a run after all of them, bit for bit the run before", equal, "of 1", 1, at_most=False)]
