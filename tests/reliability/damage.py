"""Checkpoints that a disk, a network or a hand has damaged: single bits turned over, files cut short or lengthened.

Bits are turned over in equal shares in the length of the header, the header, the metadata within it, the digest and the
tensors, so that none of these is left out for being small.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.rows import Row
from engine.catalogue import Catalogue, discover
from engine.checkpoints.checkpoint import decode
from engine.checkpoints.choice import read_chosen
from engine.checkpoints.header import read_meta
from engine.config import RunConfig, recipe
from engine.message import InputError
from engine.runs import new_run
from tests.engine.support import run

PARTS = ("length", "header", "metadata", "digest", "tensors")


@dataclass
class Tally:
    """What came of the trials."""

    tried: dict[str, int] = field(default_factory=dict)
    """How many, by what was done."""
    unnoticed: list[str] = field(default_factory=list)
    """What was done where the file was used all the same, or refused in any but one clear line."""
    slowest: float = 0.0
    """Seconds, of the trial that took longest."""


def small_config(catalogue: Catalogue, **values: object) -> RunConfig:
    """Settings of a run of seconds on the bundled data, with an optimizer and an average that keep something."""
    config = recipe("default", catalogue).changed({
        "train_samples": "100", "validation_samples": "50", "epochs": 3, "threads": "1", "batch_size": 32,
        "device": "cpu", "keep_every": 3, "model": catalogue.make("model", "mlp", {"hidden": [8]}), **values,
    })  # fmt: skip
    return config.ticked(catalogue.make(None, "ema", {})).ticked(catalogue.make(None, "batch-norm", {}))


def small_run(workspace: Path, catalogue: Catalogue, stop_at: int | None = 10) -> Path:
    """The folder of such a run, stopped in its third epoch: with a last, a best, and one of each third step."""
    trainer = new_run(small_config(catalogue), catalogue, workspace)
    run(trainer, stop_at)
    return Path(trainer.store.where)


def ranges(data: bytes) -> dict[str, range]:
    """Where each part of a checkpoint file lies."""
    header = 8 + int.from_bytes(data[:8], "little")
    metadata = data.index(b'"tunedeck"')
    digest = data.index(b'\\"sha256\\":\\"') + len(b'\\"sha256\\":\\"')
    places = (range(8), range(8, header), range(metadata, header), range(digest, digest + 64), range(header, len(data)))
    return dict(zip(PARTS, places, strict=True))


def flipped(data: bytes, count: int, draw: random.Random) -> Iterator[tuple[str, bytes]]:
    """So many copies with one bit turned over, each with the name of what it lies in and its place."""
    places = ranges(data)
    for number in range(count):
        part = PARTS[number % len(PARTS)]
        place, bit = draw.choice(places[part]), draw.randrange(8)
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        yield f"bit {bit} of byte {place} ({part})", bytes(changed)


def resized(data: bytes, cuts: int, extensions: int, draw: random.Random) -> Iterator[tuple[str, bytes]]:
    """Copies that are cut short, first at every place where something ends, and lengthened."""
    ends = [0, 1, 7, 8, 9, *(place.stop - less for place in ranges(data).values() for less in (0, 1))]
    lengths = [end for end in dict.fromkeys(ends) if end < len(data)]
    for length in (lengths + [draw.randrange(len(data)) for _ in range(cuts)])[:cuts]:
        yield f"cut to {length} bytes", data[:length]
    for number in range(extensions):
        more = (b"\0", b"\n", data, draw.randbytes(1 + number * 37))[number % 4]
        yield f"{len(more)} bytes longer", data + more


def damaged(folder: Path, flips: int, cuts: int, extensions: int, seed: int) -> Tally:
    """Damage the last checkpoint of a run so often, and try to use it; of each, whether the best beside it is named.

    The folder's last checkpoint is left as the last trial left it.
    """
    last, best = (folder / "checkpoints" / f"{name}.safetensors" for name in ("last", "best"))
    data, draw, tally = last.read_bytes(), random.Random(seed), Tally()
    decode(data, "whole")
    kinds = {"flips": flipped(data, flips, draw), "sizes": resized(data, cuts, extensions, draw)}
    for kind, trials in kinds.items():
        for what, changed in trials:
            tally.tried[kind] = tally.tried.get(kind, 0) + 1
            last.unlink()  # it may be a second name of another
            last.write_bytes(changed)
            started = time.perf_counter()
            problem = _problem(last, best)
            tally.slowest = max(tally.slowest, time.perf_counter() - started)
            if problem:
                tally.unnoticed.append(f"{what}: {problem}")
    return tally


def _problem(last: Path, best: Path) -> str:
    """What is wrong with how a damaged file is refused; empty where nothing is."""
    try:
        read_meta(last)  # a list of runs reads no further; it may believe what it reads, but nothing else may happen
    except InputError:
        pass
    except Exception as error:
        return f"read_meta raised {error!r}"
    try:
        read_chosen(last)
    except InputError as error:
        text = str(error)
        return "" if "\n" not in text and text.startswith(str(last)) and str(best) in text else f"it said {text}"
    except Exception as error:
        return f"it raised {error!r}"
    return "it was used"


def long_form() -> list[Row]:
    """A thousand bits, a hundred cuts and twenty extensions."""
    with TemporaryDirectory() as place:
        tally = damaged(small_run(Path(place), discover(entry_points=False)), 1_000, 100, 20, seed=1)
    for each in tally.unnoticed:
        print(each)
    wrong = sum(1 for each in tally.unnoticed if each.startswith("bit"))
    sizes = tally.tried["sizes"]
    return [
        Row("a bit turned over: noticed before use, the newest good checkpoint named",
            tally.tried["flips"] - wrong, "of 1,000", 1_000, at_most=False),
        Row("cut short or lengthened: the same", sizes - (len(tally.unnoticed) - wrong), "of 120", 120, at_most=False),
        Row("the slowest of these", tally.slowest, "s", 2.0),
    ]  # fmt: skip
