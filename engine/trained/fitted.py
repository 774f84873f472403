"""The curve that a checkpoint's network has learned, where its data are a regression of one input."""

from __future__ import annotations

from pathlib import Path

from engine.catalogue import Catalogue
from engine.checkpoints.choice import read_chosen
from engine.data import Parts
from engine.fit import Line, can_be_drawn, flat, inputs_over
from engine.message import InputError
from engine.runs import config_of
from engine.trained.network import Predictor


def fitted_of(checkpoint: Path, catalogue: Catalogue, parts: Parts) -> Line:
    """The curve of a checkpoint's network, over the range of the training inputs in `parts`.

    Raises `InputError` where the checkpoint can't be used, or its network is of other data.
    """
    snapshot = read_chosen(checkpoint)
    predictor = Predictor(snapshot, config_of(snapshot, catalogue, checkpoint), str(checkpoint))
    if not (can_be_drawn(predictor.spec) and can_be_drawn(parts.spec)):
        raise InputError("no-curve", "only the fit of a regression with one input and one output is a curve")
    inputs = inputs_over(parts.training)
    return flat(inputs), flat(predictor.outputs(inputs))
