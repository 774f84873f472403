"""An ensemble as one ONNX file, proven like that of a single network before it is handed over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.catalogue import Catalogue
from engine.checkpoints.choice import read_chosen
from engine.config import RunConfig
from engine.ensembles.members import PartsOf, check_members, class_order
from engine.exports.deployed import Deployed, class_names_of, digest_of, facts, output_name
from engine.exports.export import Exported, cannot_write, check_out, prove, samples_to_compare, write_script
from engine.exports.onnx_file import check_libraries, onnx_bytes, opened_onnx
from engine.files import write_proven
from engine.message import InputError
from engine.network import statistics_of
from engine.pictures.form import picture_form
from engine.runs import config_of


class DeployedEnsemble(nn.Module):
    """From inputs as a data set stores them to the weighted mean of the members' class probabilities, in float32."""

    shares: Tensor

    def __init__(self, members: Sequence[Deployed], orders: Sequence[Sequence[int]], weights: Sequence[float]) -> None:
        """`orders` say where each class of the first member stands among each member's."""
        super().__init__()
        self.spec = members[0].spec
        self.members = nn.ModuleList(members)
        self.orders = [None if list(order) == sorted(order) else list(order) for order in orders]
        self.register_buffer("shares", torch.tensor(weights, dtype=torch.float32))
        self.eval()

    def forward(self, inputs: Tensor) -> Tensor:
        """From uint8 `[N, C, H, W]` or float32 `[N, F]` to float32 `[N, K]`."""
        said = []
        for member, order in zip(self.members, self.orders, strict=True):
            probabilities = member(inputs)
            said.append(probabilities if order is None else probabilities[:, order])
        return torch.einsum("m,mnk->nk", self.shares, torch.stack(said))


def export_ensemble(
    paths: Sequence[Path], weights: Sequence[float], out: Path, catalogue: Catalogue, parts_of: PartsOf
) -> Exported:
    """Write the networks of these checkpoints as one `.onnx` file that gives the weighted mean of their probabilities.

    Raises `InputError` where they can't be combined, the file can't be made, or does not do what they do together:
    then there is none.
    """
    for path in paths:
        kind = check_out(path, out)
        if kind != ".onnx":
            raise InputError("ensemble-suffix", "{out}: several networks go into an .onnx file alone", out=out.name)
    check_libraries()
    check_members(paths)
    snapshots = [read_chosen(path) for path in paths]
    configs = [config_of(each, catalogue, path) for each, path in zip(snapshots, paths, strict=True)]
    configs = [config.changed({"device": "cpu"}) for config in configs]
    members = [Deployed(*each) for each in zip(snapshots, configs, map(str, paths), strict=True)]
    for path, config, member in zip(paths, configs, members, strict=True):
        _check_member(path, config, member, members[0])
    wanted = class_names_of(snapshots[0])
    orders = [class_order(class_names_of(each), wanted, path) for each, path in zip(snapshots, paths, strict=True)]
    network = DeployedEnsemble(members, orders, weights)
    mean = float(statistics_of(snapshots[0])[0].mean())
    form = picture_form(configs[0], network.spec, mean, parts_of)
    told = facts(snapshots[0], configs[0], paths[0], form)
    told |= {
        "checkpoint_sha256": json.dumps([digest_of(path) for path in paths]),
        "epoch": json.dumps([each.meta["progress"]["epoch"] for each in snapshots]),
        "model": json.dumps([config.model.id for config in configs]), "ensemble_weights": json.dumps(list(weights)),
        "weights": json.dumps(["average" if each.group("average") else "model" for each in snapshots]),
    }  # fmt: skip
    output = output_name(configs[0], network.spec)
    try:
        data = onnx_bytes(network, network.spec.input_shape, output, told)
        part, samples, unavailable = samples_to_compare(configs[0], network.spec, snapshots[0], parts_of)
        proof = write_proven(out, data, lambda file: prove(network, opened_onnx(file), samples, part, output))
        script, note = write_script(out) if form is not None else (None, None)
    except OSError as error:
        raise cannot_write(out, error) from None
    averaged = any(bool(each.group("average")) for each in snapshots)
    epoch = max(int(each.meta["progress"]["epoch"]) for each in snapshots)
    return Exported(out, proof, averaged, epoch, script, tuple(each for each in (unavailable, note) if each))


def _check_member(path: Path, config: RunConfig, member: Deployed, first: Deployed) -> None:
    """Raise `InputError` where a network can't stand beside the first one in a file."""
    if output_name(config, member.spec) != "probabilities":
        raise InputError("scores-only", "{path} gives no probabilities of classes: they can't be averaged", path=path)
    if member.spec.input_shape != first.spec.input_shape:
        raise InputError(
            "other-inputs", "{path} takes {theirs}, and the samples of the first one are {shape}: members of an "
            "ensemble come to the same samples", path=path, theirs="×".join(map(str, member.spec.input_shape)),
            shape="×".join(map(str, first.spec.input_shape)),
        )  # fmt: skip
