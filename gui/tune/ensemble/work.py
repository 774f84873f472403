"""What the tool Ensemble does in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.config import RunConfig
from engine.message import InputError
from gui.tune.ensemble.results import Measured
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.data import Parts, Report
    from engine.exports.export import Exported


def measure(
    paths: tuple[Path, ...], weights: Literal["equal", "validation"], bench: Workbench, report: Report
) -> Measured:
    """Measure these checkpoints together. Raises `InputError` where they can't be combined, or it was given up."""
    from engine.ensembles.members import measure_ensemble
    from engine.exports.deployed import digest_of
    from engine.failure import StartFailed

    def parts_of(config: RunConfig) -> Parts:
        return bench.parts(config, report)

    digests = tuple(map(digest_of, paths))
    try:
        found = measure_ensemble(paths, bench.catalogue, parts_of, weights=weights, report=report)
    except StartFailed as error:
        text = error.failed.text
        raise InputError(text.code, text.template, **text.values) from error
    return Measured(paths, weights, digests, found, found.gain.verdict())


def make_file(measured: Measured, out: Path, bench: Workbench) -> Exported:
    """Write what was measured. Raises `InputError` where that can't be, or a checkpoint is another one by now."""
    from engine.ensembles.export import export_ensemble
    from engine.exports.deployed import digest_of

    for path, digest in zip(measured.paths, measured.digests, strict=True):
        if digest_of(path) != digest:
            raise InputError(
                "member-changed", "{path} has another best network than when it was measured: combine again", path=path
            )
    return export_ensemble(measured.paths, measured.found.weights, out, bench.catalogue, bench.parts)
