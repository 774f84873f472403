"""What is told of settings before the run, once the data are there."""

from __future__ import annotations

import pytest
from torch import nn

from engine.events import Finished, Started
from engine.message import InputError
from engine.strategy import DataSpec
from engine.trainer import Trainer
from plugins.model.mlp import MLP
from tests.engine.support import Blobs, run

FEATURES = DataSpec((5,), 3)
REGRESSION = DataSpec((1, 28, 28), 1, "regression")


def codes(advice):
    return [(owner, each.level, each.text.code) for owner, each in advice]


def test_augmentations_are_refused_where_there_are_no_images(tiny):
    config = tiny(ticked=["random-horizontal-flip"])
    assert codes(config.advice(FEATURES)) == [("random-horizontal-flip", "error", "not-images")]
    assert config.advice() == []
    with pytest.raises(InputError, match="random-horizontal-flip changes images"):
        config.check(FEATURES)


def test_a_loss_is_refused_for_a_task_that_it_is_not_meant_for(tiny):
    with pytest.raises(InputError, match="cross-entropy is not meant for a regression"):
        tiny().check(REGRESSION)


@pytest.mark.parametrize("id", ["early-stopping", "reduce-lr-on-plateau"])
def test_without_validation_samples_a_run_says_which_technique_never_acts(tiny, id):
    bare = Blobs(validation=0)
    config = tiny(ticked=[f"{id}:patience=1"], epochs=9, dataset=bare, validation_samples="0%")
    started = next(event for event in Trainer(config).run() if isinstance(event, Started))
    assert [(owner, text.code) for owner, text in started.warnings] == [(id, "no-validation")]


def test_with_validation_samples_there_is_nothing_to_say(tiny):
    config = tiny(ticked=["early-stopping:patience=1"], epochs=9)
    started = next(event for event in Trainer(config).run() if isinstance(event, Started))
    assert started.warnings == ()


@pytest.mark.parametrize("loss", ["cross-entropy", "focal", "bce", "mse"])
@pytest.mark.parametrize("layer", [nn.Softmax(1), nn.Sigmoid(), nn.Identity()])
def test_a_last_layer_that_the_loss_applies_once_more_is_told_and_trained_with(tiny, layer, loss):
    class Ends(MLP):
        """An MLP with one layer more."""

        id = "ends"

        def build(self, data, slots):
            network = super().build(data, slots)
            network.add_module("end", layer)
            return network

    events = run(Trainer(tiny(model=Ends(), loss=loss, epochs=1)))
    told = [text.code for id, text in events[0].warnings if id == "ends"]
    twice = loss != "mse" and not isinstance(layer, nn.Identity)
    assert told == (["second-softmax"] if twice else [])
    assert isinstance(events[-1], Finished)
