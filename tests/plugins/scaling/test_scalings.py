from __future__ import annotations

import pytest
import torch

from engine.data import Scaler
from engine.trainer import Trainer
from plugins.scaling.none import NoScaling
from plugins.scaling.standardise import Standardise
from plugins.scaling.zero_one import ZeroOne
from tests.plugins.bench import bundle, config, strategy

CPU = torch.device("cpu")


def scaled(scaling, inputs):
    return Scaler.of(*scaling.fit(inputs), inputs.ndim, CPU)(inputs)


def over_samples(inputs):
    """The axes of all that belongs to one channel or feature."""
    return (0, *range(2, inputs.ndim))


@pytest.mark.parametrize("data", ["grey-bars", "colour-bars"])
def test_standardise_gives_images_mean_0_and_deviation_1_in_each_channel(data):
    inputs = bundle(data).training.inputs
    outputs = scaled(Standardise(), inputs).double()
    channels = inputs.shape[1]
    torch.testing.assert_close(outputs.mean(over_samples(inputs)), torch.zeros(channels).double(), atol=1e-6, rtol=0)
    deviation = outputs.std(over_samples(inputs), correction=0)
    torch.testing.assert_close(deviation, torch.ones(channels).double(), atol=1e-6, rtol=0)


def test_standardise_gives_each_feature_mean_0_and_deviation_1_but_leaves_a_constant_one_at_0():
    inputs = bundle("features").training.inputs
    outputs = scaled(Standardise(), inputs).double()
    torch.testing.assert_close(outputs.mean(0), torch.zeros(5).double(), atol=2e-6, rtol=0)
    deviation = outputs.std(0, correction=0)
    torch.testing.assert_close(deviation, torch.tensor([1.0, 1, 1, 1, 0]).double(), atol=1e-6, rtol=0)


def test_the_moments_are_those_of_a_direct_computation():
    inputs = torch.randint(0, 256, (50, 3, 9, 7), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    inputs[:, 1] //= 17
    mean, std = Standardise().fit(inputs)
    pixels = inputs.double().transpose(0, 1).flatten(1)
    torch.testing.assert_close(mean.double(), pixels.mean(1), atol=0, rtol=1e-7)
    torch.testing.assert_close(std.double(), pixels.std(1, correction=0), atol=0, rtol=1e-7)


@pytest.mark.parametrize("value", [0, 1, 7, 128, 255])
@pytest.mark.parametrize("count", [1, 3, 1000])
def test_a_constant_channel_is_not_divided_by_zero(value, count):
    images = torch.full((count, 2, 5, 5), value, dtype=torch.uint8)
    features = torch.full((count, 2), value * 0.1)
    for inputs in (images, features):
        assert torch.equal(scaled(Standardise(), inputs), torch.zeros(inputs.shape))
        assert scaled(ZeroOne(), inputs).isfinite().all()


def test_zero_one_divides_pixels_by_255_and_spans_features():
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1, 1)
    assert scaled(ZeroOne(), pixels).flatten().tolist() == pytest.approx([0, 0.2, 1])
    features = scaled(ZeroOne(), bundle("features").training.inputs)
    assert features.amin(0).tolist() == [0, 0, 0, 0, 0]
    assert features.amax(0).tolist() == [1, 1, 1, 1, 0]


@pytest.mark.parametrize("data", ["grey-bars", "colour-bars", "features"])
def test_no_scaling_changes_nothing(data):
    inputs = bundle(data).training.inputs
    assert torch.equal(scaled(NoScaling(), inputs), inputs.float())


def test_the_statistics_are_those_of_the_training_part_alone():
    learner = Trainer(config(Standardise())).learner
    mean, std = Standardise().fit(learner.parts.training.inputs)
    assert learner.statistics() == {"mean": mean.tolist(), "std": std.tolist()}
    everything = Standardise().fit(bundle("grey-bars").training.inputs)
    assert mean.tolist() != everything[0].tolist(), "the run uses 8 of 24 samples"


def test_the_network_sees_scaled_inputs():
    for id, low, high in (("zero-one", 0, 1), ("halves", -1, 1), ("no-scaling", 0, 255)):
        learner = Trainer(config(strategy(id))).learner
        seen = []
        learner.model.register_forward_pre_hook(lambda module, args, seen=seen: seen.append(args[0]))
        learner.step(torch.arange(4), 0, 0, 0.1)
        assert low <= seen[0].min() < seen[0].max() <= high
        assert seen[0].max() > high / 2
