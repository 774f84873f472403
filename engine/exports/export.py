"""A trained network as a file to take away, handed over only once it was proven to do what the network does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.catalogue import Catalogue
from engine.checkpoints.checkpoint import Snapshot
from engine.checkpoints.choice import read_chosen
from engine.checkpoints.header import read_meta
from engine.config import RunConfig
from engine.data import Part, Parts
from engine.exports.deployed import Deployed, facts, output_name, weights_of
from engine.exports.onnx_file import Run, check_libraries, onnx_bytes, opened_onnx
from engine.files import write_proven, write_text
from engine.message import InputError, Message, Phrase, message, phrase
from engine.network import spec_of, statistics_of
from engine.pictures.form import picture_form
from engine.runs import config_of
from engine.strategy import DataSpec

MOST_DIFFERENCE = 1e-4
"""Of a probability, at most; of a score or value, as a share of the largest, where that is above 1. Rounding makes a
thousandth of it."""
TIED = 1e-5
"""Classes whose probabilities lie within this are tied: which of them comes first is a matter of rounding."""
SIZES = (1, 7, 64)
"""Samples in the first batches of a proof, and in all that follow: a file must take any number."""
RANDOM_SAMPLES = 256
SCRIPT = "predict.py"

Network = Callable[[Tensor], Tensor]
"""From inputs as they are stored to probabilities or values, as tensors."""
PartsOf = Callable[[RunConfig], Parts]


@dataclass(frozen=True)
class Proof:
    """How a file was found to agree with the network."""

    part: str
    """`validation` or `training`; `random` where these could not be had; `weights` where they were compared instead."""
    samples: int
    difference: float
    """The largest, of any output."""
    tied: int
    """Samples on which another one of tied classes came first."""
    text: Message


@dataclass(frozen=True)
class Exported:
    """A file that was made, and what was proven of it."""

    file: Path
    proof: Proof
    averaged: bool
    epoch: int
    script: Path | None = None
    """What tells pictures apart with it."""
    notes: tuple[Message, ...] = ()


def export(path: Path, out: Path, catalogue: Catalogue, parts_of: PartsOf) -> Exported:
    """Write the network of a checkpoint as `.onnx` or `.safetensors`, as the name of `out` says.

    `parts_of` gives the parts of the data of a run, or raises `InputError`. Raises `InputError` where the checkpoint
    or the file's name can't be used, a library is missing, or the file does not do what the network does: then there
    is none.
    """
    kind = check_out(path, out)
    if kind == ".onnx":
        check_libraries()
    snapshot = read_chosen(path)
    config = config_of(snapshot, catalogue, path).changed({"device": "cpu"})
    make = _onnx if kind == ".onnx" else _weights
    try:
        return make(snapshot, config, path, out, parts_of)
    except OSError as error:
        raise cannot_write(out, error) from None


def check_out(path: Path, out: Path) -> str:
    """The suffix of a file to write, in small letters. Raises `InputError` where it is none, or can't be written."""
    kind = out.suffix.lower()
    if kind not in (".onnx", ".safetensors"):
        raise InputError(
            "export-suffix", "{out} names no kind of file that can be made: let it end in .onnx or .safetensors",
            out=out.name,
        )  # fmt: skip
    if not out.absolute().parent.is_dir() or out.is_dir():
        raise InputError("no-such-folder", "{out} can't be written: there is no folder for it", out=out)
    if _is_checkpoint(out):
        raise InputError(
            "would-replace-checkpoint", "{out} is a checkpoint, from which training can go on, and an export is none: "
            "give the file another name", out=out,
        )  # fmt: skip
    return kind


def _is_checkpoint(out: Path) -> bool:
    if not out.is_file():
        return False
    try:
        read_meta(out)
    except InputError:
        return False
    return True


def cannot_write(out: Path, error: OSError) -> InputError:
    """The error for a file that can't be written."""
    reason = error.strerror or str(error)
    return InputError("export-not-written", "{out} can't be written: {reason}", out=out, reason=reason)


# --- ONNX -----------------------------------------------------------------------------------------


def _onnx(snapshot: Snapshot, config: RunConfig, path: Path, out: Path, parts_of: PartsOf) -> Exported:
    network = Deployed(snapshot, config, str(path))
    mean = float(statistics_of(snapshot)[0].mean())
    form = picture_form(config, network.spec, mean, parts_of)
    output = output_name(config, network.spec)
    data = onnx_bytes(network, network.spec.input_shape, output, facts(snapshot, config, path, form))
    part, samples, unavailable = samples_to_compare(config, network.spec, snapshot, parts_of)
    proof = write_proven(out, data, lambda file: prove(network, opened_onnx(file), samples, part, output))
    script, notes = None, []
    if form is not None and network.spec.task == "classification":
        script, note = write_script(out)
        notes += [note] if note else []
    if config.precision != "float32":
        notes.append(message(
            "other-precision", "it was trained in {precision}, and the file computes in float32",
            precision=config.precision,
        ))  # fmt: skip
    if unavailable is not None:
        notes.insert(0, unavailable)
    return Exported(out, proof, bool(snapshot.group("average")), _epoch(snapshot), script, tuple(notes))


def samples_to_compare(
    config: RunConfig, spec: DataSpec, snapshot: Snapshot, parts_of: PartsOf
) -> tuple[str, Part, Message | None]:
    """What to compare on: the validation part, the training part where there is none, or random samples, and why.

    With the name of the part.
    """
    try:
        parts = parts_of(config)
        if parts.spec.input_shape != spec.input_shape:
            raise InputError("other-shape", "its samples have another shape now")
        name = "training" if parts.validation is None else "validation"
        return name, getattr(parts, name), None
    except InputError as error:
        told = message(
            "data-not-here", "the run's own data can't be loaded ({reason}): the file was compared on random samples, "
            "which prove less", reason=Phrase(error.message),
        )  # fmt: skip
        return "random", random_samples(spec, *statistics_of(snapshot)), told


def random_samples(spec: DataSpec, mean: Tensor, std: Tensor) -> Part:
    """Samples of the right shape, the same each time: any pixels, or features as they were spread in training."""
    generator = torch.Generator().manual_seed(0)
    shape = (RANDOM_SAMPLES, *spec.input_shape)
    if len(spec.input_shape) == 3:
        inputs = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    else:
        inputs = mean + std * torch.randn(shape, generator=generator)
    return Part(inputs, torch.zeros(RANDOM_SAMPLES, dtype=torch.int64))


def prove(network: Network, run: Run, samples: Part, part: str, output: str) -> Proof:
    """Compare what a file computes with what the network does, on all of these samples, in batches of several sizes.

    Raises `InputError` where they call a sample different classes that are not tied, or differ by more than rounding.
    """
    difference, largest, tied, differing = 0.0, 1.0, 0, 0
    for start, end in batches(len(samples)):
        inputs = samples.between(start, end)
        with torch.inference_mode():
            expected = network(inputs).numpy()
        given = run(inputs.numpy())
        if given.shape != expected.shape or not np.isfinite(given).all():
            raise _not_equal(phrase(
                "export-not-finite", "{kind} {shape} came out, of which not all are finite numbers",
                kind=str(given.dtype), shape=list(given.shape),
            ))  # fmt: skip
        difference = max(difference, float(np.abs(given - expected).max()))
        largest = max(largest, float(np.abs(expected).max()))
        if output != "values":
            apart = _gap(expected, given)
            tied += int(((apart > 0) & (apart <= TIED * largest)).sum())
            differing += int((apart > TIED * largest).sum())
    if differing or not difference <= MOST_DIFFERENCE * largest:
        raise _not_equal(phrase(
            "export-other-classes", "of {samples} samples {differing} are called another class, and the largest "
            "difference is {difference}", samples=f"{len(samples):,}", differing=f"{differing:,}",
            difference=_short(difference),
        ))  # fmt: skip
    return Proof(part, len(samples), difference, tied, told(part, len(samples), difference, tied, output))


def _gap(expected: NDArray[Any], given: NDArray[Any]) -> NDArray[Any]:
    """By how much the network prefers the class that it calls each sample to the one that the file calls it, `[N]`.

    Above 0 even where both are given the same, if the class differs: then by the least that there is.
    """
    rows, called, theirs = np.arange(len(expected)), expected.argmax(1), given.argmax(1)
    least = np.finfo(np.float32).tiny
    return np.where(called == theirs, 0.0, np.maximum(expected[rows, called] - expected[rows, theirs], least))


def batches(count: int) -> Iterator[tuple[int, int]]:
    """Start and end of each batch: of each of `SIZES` one, then of the last."""
    start = 0
    for size in itertools.chain(SIZES, itertools.repeat(SIZES[-1])):
        if start >= count:
            return
        yield start, min(start + size, count)
        start += size


def told(part: str, samples: int, difference: float, tied: int, output: str) -> Message:
    """What was proven, in words."""
    what = {"values": "value", "scores": "score"}.get(output, "probability")
    values = {"samples": f"{samples:,}", "part": part, "difference": _short(difference), "what": what}
    if output == "values":
        return message("same-values", "{samples} {part} samples: largest difference of {what} {difference}", **values)
    if tied:
        return message(
            "same-classes-but-ties", "{samples} {part} samples: all classes equal but for {tied}, where two are tied; "
            "largest difference of {what} {difference}", tied=f"{tied:,}", **values,
        )  # fmt: skip
    return message(
        "same-classes", "{samples} {part} samples: all classes equal, largest difference of {what} {difference}",
        **values,
    )  # fmt: skip


def _short(difference: float) -> str:
    """3e-7"""
    return f"{difference:.0e}".replace("e-0", "e-") if difference else "0"


def _not_equal(reason: str) -> InputError:
    return InputError(
        "export-differs", "no file was made: it would not do what the network does ({reason}); export a .safetensors "
        "file", reason=reason,
    )  # fmt: skip


def write_script(out: Path) -> tuple[Path | None, Message | None]:
    """Write the script that uses an ONNX file beside it, and what is to be told of that.

    Where another file has its name, that stays, and the script is named after the ONNX file; where that is taken too,
    there is none.
    """
    text = (resources.files("resources") / "export" / SCRIPT).read_text("utf-8")
    for name in (SCRIPT, f"predict_{out.stem}.py"):
        script = out.with_name(name)
        if not script.exists():
            write_text(script, text)
        elif not _holds(script, text):
            continue
        if name == SCRIPT:
            return script, None
        return script, message(
            "script-renamed", "the {taken} that is there is another file and stays: the script is called {name}",
            taken=SCRIPT, name=name,
        )  # fmt: skip
    return None, message(
        "script-taken", "the {taken} and {name} that are there are other files and stay: no script was written",
        taken=SCRIPT, name=f"predict_{out.stem}.py",
    )  # fmt: skip


def _holds(script: Path, text: str) -> bool:
    try:
        with script.open("rb") as file:
            return file.read(len(text.encode()) + 1) == text.encode()
    except OSError:
        return False


# --- weights --------------------------------------------------------------------------------------


def _weights(snapshot: Snapshot, config: RunConfig, path: Path, out: Path, parts_of: PartsOf) -> Exported:
    """A plain `state_dict`: the names are those of the network's own tensors."""
    tensors = weights_of(snapshot)
    mean = float(statistics_of(snapshot)[0].mean())
    form = picture_form(config, spec_of(snapshot), mean, parts_of)
    data = safetensors.torch.save(tensors, {"format": "pt", **facts(snapshot, config, path, form)})

    def check(file: Path) -> Proof:
        loaded = safetensors.torch.load_file(file)
        network = Deployed(snapshot, config, str(path)).network
        network.load_state_dict(loaded)
        state = network.state_dict()
        if state.keys() != tensors.keys() or not all(_same(state[name], tensor) for name, tensor in tensors.items()):
            raise _not_equal("its tensors are others")
        text = message("same-weights", "{count} tensors, loaded again and equal bit for bit", count=len(loaded))
        return Proof("weights", 0, 0.0, 0, text)

    return Exported(out, write_proven(out, data, check), bool(snapshot.group("average")), _epoch(snapshot))


def _same(one: Tensor, other: Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)


def _epoch(snapshot: Snapshot) -> int:
    return int(snapshot.meta["progress"]["epoch"])
