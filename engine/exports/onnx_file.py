"""A network as one ONNX file, and what such a file computes. Its libraries are optional: the extra `export`."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engine.message import InputError, listed
from engine.randomness import global_generators

NEEDED = ("onnx", "onnxscript", "onnxruntime")
EXAMPLES = 3
"""Samples that are followed through the network: not 1, which would be taken for the only number of them."""
INPUT = "input"
ERRORS_ONLY = 3
"""Of the levels on which onnxruntime tells what it does."""

Run = Callable[[NDArray[Any]], NDArray[Any]]
"""From inputs as they are stored to outputs `[N, K]`."""


def check_libraries() -> None:
    """Raise `InputError`, with the command that installs them, where the libraries are not there."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            "no-onnx", "ONNX files need {missing}, which is not installed: pip install {needed}, or export a "
            ".safetensors file", missing=listed(missing), needed=" ".join(NEEDED),
        )  # fmt: skip


def onnx_bytes(network: nn.Module, shape: Sequence[int], output: str, facts: dict[str, str]) -> bytes:
    """A network as ONNX: one file with its weights, any number of samples of a shape at once, and these facts in it.

    Following it turns switches that all threads share: a run takes no step meanwhile.

    Raises `InputError` where it does what ONNX has no words for.
    """
    dtype = torch.uint8 if len(shape) == 3 else torch.float32
    example = torch.zeros((EXAMPLES, *shape), dtype=dtype)
    with global_generators, _quiet(), torch.no_grad():
        try:
            count = torch.export.Dim("N")
            followed = torch.export.export(network, (example,), dynamic_shapes=({0: count},), strict=False)
            made = torch.onnx.export(
                followed, (example,), dynamo=True, input_names=[INPUT], output_names=[output], external_data=False,
                verbose=False,
            )  # fmt: skip
            assert made is not None
            model = made.model_proto
        except Exception as error:  # the exporter raises anything for what it can't follow
            raise InputError(
                "no-export", "the network can't be told in ONNX ({reason}): export a .safetensors file, which holds "
                "its weights", reason=" ".join(f"{type(error).__name__}: {error}".split())[:200],
            ) from error  # fmt: skip
        _without_traces(model)
        _name_batch(model)
        model.metadata_props.clear()
        for name, value in facts.items():
            model.metadata_props.add(key=name, value=value)
        return bytes(model.SerializeToString())


def opened_onnx(path: Path) -> Run:
    """What computes the outputs of an ONNX file, on the CPU."""
    with _quiet():
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(inputs: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(session.run(None, {INPUT: inputs})[0])

    return run


def _without_traces(model: Any) -> None:
    """Take out what the exporter tells of each node: where in this computer's files it stands in the program."""
    for graph in (model.graph, *model.functions):
        for each in (*graph.node, *graph.value_info, graph):
            each.ClearField("metadata_props")
            each.ClearField("doc_string")
    for each in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        each.ClearField("metadata_props")


def _name_batch(model: Any) -> None:
    """Call the number of samples N wherever it stands."""
    number = model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param == number:
                size.dim_param = "N"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What the exporter prints and warns of is of no use to whoever wants the file; errors are raised besides."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
