"""The members of an ensemble: checkpoints that tell the same classes apart, and what each says of the same samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.data import Part, Parts
from engine.ensembles.ensemble import (
    Figures,
    Gain,
    any_disagree,
    combine,
    disagreements,
    equal_weights,
    figures_of,
    fitted_weights,
    gain,
)
from engine.exports.deployed import digest_of
from engine.failure import StartFailed, failure
from engine.fork import settings_of
from engine.message import InputError, Message, message
from engine.scores import Floats, Ints
from engine.trained.predictions import Network, open_network, predict

Weights = Literal["equal", "validation"]
PartName = Literal["test", "validation"]
PartsOf = Callable[[RunConfig], Parts]
Report = Callable[[Message, float | None], None]


@dataclass(frozen=True)
class Member:
    """A member of an ensemble, and its own figures."""

    checkpoint: Path
    figures: Figures
    validation: Figures | None
    """On the validation part, by which the best member is told; None where there is none."""


@dataclass(frozen=True)
class Ensemble:
    """Several networks together on one part of the data."""

    part: PartName
    samples: int
    members: tuple[Member, ...]
    weights: tuple[float, ...]
    figures: Figures
    best: int
    """The place of the member that is best on the validation part."""
    gain: Gain
    """Over that member."""
    disagreement: float
    """The share of samples that not all members call the same."""
    pairs: NDArray[np.float64]
    """That share for each two members, `[M, M]`."""
    notes: tuple[Message, ...]


@dataclass(frozen=True)
class _Said:
    """What one member says of a part, its classes in the order of the first member."""

    probabilities: Floats
    notes: tuple[Message, ...]


def measure_ensemble(
    paths: Sequence[Path],
    catalogue: Catalogue,
    parts_of: PartsOf,
    *,
    weights: Weights = "equal",
    part: PartName | None = None,
    report: Report = lambda text, fraction: None,
) -> Ensemble:
    """Combine checkpoints by the mean of their probabilities, and measure them alone and together on one part.

    `parts_of` gives the parts of the data of a run. The part is the test part, or where the data have none the
    validation part; the weights, and which member is the best, come from the validation part alone. One member is in
    memory at a time; `report` is told of each, and may raise to give up. Raises `InputError` where they can't be
    combined, `StartFailed` where a plugin fails.
    """
    check_members(paths)
    first = parts_of(settings_of(paths[0], catalogue))
    part = part or ("test" if first.test is not None else "validation")
    measured = _part(first, part)
    if weights == "validation" and first.validation is None:
        raise InputError(
            "no-validation-part", "weights are found on the validation part, and there is none: leave --weights out"
        )
    names = [part, *(["validation"] if first.validation is not None and part != "validation" else [])]
    said = list(_ask(paths, names, first, catalogue, parts_of, report))
    of_part = [each[part].probabilities for each in said]
    true = measured.targets.numpy()
    of_validation, known = None, None
    if first.validation is not None:
        of_validation, known = [each["validation"].probabilities for each in said], first.validation.targets.numpy()
    shares = equal_weights(len(paths))
    if weights == "validation" and of_validation is not None and known is not None:
        shares = fitted_weights(of_validation, known)
    validation = [figures_of(each, known) for each in of_validation] if of_validation and known is not None else None
    notes = tuple(note for each in said for name in names for note in each[name].notes)
    return _together(part, true, paths, of_part, validation, shares, notes)


def _together(
    part: PartName, true: Ints, paths: Sequence[Path], said: Sequence[Floats], validation: Sequence[Figures] | None,
    weights: Sequence[float], notes: tuple[Message, ...],
) -> Ensemble:  # fmt: skip
    own = [figures_of(each, true) for each in said]
    judged = validation or own
    best = max(range(len(said)), key=lambda place: (judged[place].accuracy, -judged[place].loss))
    members = [
        Member(path, figures, validation[place] if validation else None)
        for place, (path, figures) in enumerate(zip(paths, own, strict=True))
    ]
    mean = combine(said, weights)
    called = [each.argmax(1) for each in said]
    return Ensemble(
        part, len(true),
        tuple(members),
        tuple(weights), figures_of(mean, true), best, gain(mean.argmax(1) == true, called[best] == true),
        any_disagree(called), disagreements(called), notes,
    )  # fmt: skip


def check_members(paths: Sequence[Path]) -> None:
    """Raise `InputError` for fewer than two checkpoints, and where two are the same."""
    if len(paths) < 2:
        raise InputError("one-member", "an ensemble takes two checkpoints or more: name another")
    seen: dict[str, Path] = {}
    for path in paths:
        digest = digest_of(path)
        if digest in seen:
            raise InputError(
                "same-member", "{one} and {other} are the same checkpoint, which would only count twice: name others",
                one=seen[digest], other=path,
            )  # fmt: skip
        seen[digest] = path


def name_of(checkpoint: Path) -> str:
    """What a member is called: its run's folder, with the file where that is not the best; or the file alone."""
    folder = checkpoint.absolute().parent.parent
    if not (folder / "config.yaml").is_file():
        return checkpoint.name
    return folder.name if checkpoint.stem == "best" else f"{folder.name}/{checkpoint.stem}"


def class_order(names: Sequence[str], wanted: Sequence[str], path: Path) -> list[int]:
    """Where each of the wanted classes stands among a member's. Raises `InputError` where they are others."""
    if sorted(names) != sorted(wanted):
        raise InputError(
            "classes-differ", "the members must tell the same classes apart: {path} knows {theirs}, and the first one "
            "knows {wanted}", path=path, theirs=_listed(names), wanted=_listed(wanted),
        )  # fmt: skip
    return [list(names).index(name) for name in wanted]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)[:200]


def _opened(path: Path, catalogue: Catalogue) -> Network:
    """The network of a member. Raises `InputError` where it gives no probabilities."""
    network = open_network(path, catalogue)
    if network.spec.task != "classification":
        raise InputError(
            "no-classes", "{path} tells no classes apart: there are no probabilities to average", path=path
        )
    if not network.gives_probabilities:
        raise InputError(
            "scores-only", "{path} was trained with the loss {loss}, which makes scores and no probabilities: they "
            "can't be averaged with others", path=path, loss=network.config.loss.id,
        )  # fmt: skip
    return network


def _ask(
    paths: Sequence[Path], names: Sequence[str], first: Parts, catalogue: Catalogue, parts_of: PartsOf, report: Report
) -> Iterator[dict[str, _Said]]:
    wanted: tuple[str, ...] = ()
    known = {_data_of(settings_of(paths[0], catalogue)): first}
    for place, path in enumerate(paths):
        report(message("asking-member", "asking {name}", name=name_of(path)), place / len(paths))
        network = _opened(path, catalogue)
        wanted = wanted or network.class_names
        order = class_order(network.class_names, wanted, path)
        key = _data_of(network.config)
        if key not in known:
            known[key] = parts_of(network.config)
        try:
            yield {name: _say(network, name, order, first, known[key], report) for name in names}
        except InputError:
            raise
        except Exception as error:  # the boundary: a plugin may raise anything
            raise StartFailed(failure(error, network.config.strategies, 0)) from error


def _data_of(config: RunConfig) -> str:
    """What makes the samples of a run, as a text."""
    data = config.to_dict()
    return repr([data["dataset"], data["validation_samples"], data["split_seed"]])


def _say(network: Network, name: str, order: Sequence[int], first: Parts, own: Parts, report: Report) -> _Said:
    """What a member says of a part: of its own run's, where that holds the same samples, in whatever form it takes."""
    reference, theirs = _part(first, name), getattr(own, name)
    notes: tuple[Message, ...] = ()
    if own is first or (theirs is not None and same_samples(reference, theirs)):
        samples = theirs
    elif network.spec.input_shape == reference.shape[1:]:
        samples = reference
        notes = (message(
            "may-have-seen", "{path} was trained on other samples, with some of this {part} part among them perhaps: "
            "then its figures here are too good", path=network.path, part=name,
        ),)  # fmt: skip
    else:
        raise InputError(
            "other-inputs", "{path} takes {theirs}, and the samples of the first one are {shape}: members of an "
            "ensemble come to the same samples", path=network.path,
            theirs="×".join(map(str, network.spec.input_shape)), shape="×".join(map(str, reference.shape[1:])),
        )  # fmt: skip

    def keep_going() -> bool:
        report(message("asking-member", "asking {name}", name=name_of(network.path)), None)
        return True

    return _Said(predict(network, samples, name, keep_going).outputs[:, list(order)], notes)


def same_samples(one: Part, other: Part) -> bool:
    """Whether two parts hold the same samples in the same order, if in another size: by files' names, or by inputs."""
    if len(one) != len(other) or not torch.equal(one.targets, other.targets):
        return False
    if one.names and other.names:
        return all(one.name(row) == other.name(row) for row in range(len(one)))
    if one.shape != other.shape:
        return False
    return all(torch.equal(a, b) for a, b in zip(one.chunks(), other.chunks(), strict=True))


def _part(parts: Parts, name: str) -> Part:
    part = getattr(parts, name)
    if part is None:
        raise InputError("no-such-part", "the data have no {part} part", part=name)
    return part  # type: ignore[no-any-return]
