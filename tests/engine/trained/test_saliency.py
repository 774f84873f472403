"""What a network looked at: where its output reacts, the same each time, and the network left as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engine.catalogue import Catalogue, Entry
from engine.checkpoints.checkpoint import write_checkpoint
from engine.data import Source
from engine.trained.predictions import open_network
from engine.trained.saliency import saliency
from tests.engine.support import Blobs, run_stored, tiny_config


@pytest.fixture(scope="module")
def known(catalogue):
    return Catalogue([*catalogue.entries, Entry("blobs", "dataset", Blobs, "the tests")])


@pytest.fixture(params=["mlp:hidden=16", "cnn:channels=4+8", "linear"])
def network(request, known, tmp_path):
    ticked = ["batch-norm"] if ":" in request.param else []
    _, store, _ = run_stored(tiny_config(known, model=request.param, epochs=8, ticked=ticked))
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, store.best())
    return open_network(path, known)


def test_the_map_is_strong_where_the_class_is_told_apart(network):
    """Of these images a quarter is bright, another one for each class; that of class 0 is the upper left."""
    image = Blobs().load(Source(Path())).test.inputs[0].numpy()
    strength = saliency(network, image, 0)
    assert strength.shape == (8, 8) and strength.dtype == np.float32
    assert strength.min() >= 0 and 0.9 <= strength.max() <= 1
    elsewhere = (strength.sum() - strength[:4, :4].sum()) / 48
    assert strength[:4, :4].mean() > 1.2 * elsewhere


def test_the_map_is_where_an_output_reacts(network, monkeypatch):
    class OneCorner(nn.Module):
        def forward(self, inputs):
            return inputs[:, 0, :2, :2].sum((1, 2))[:, None] * torch.tensor([1.0, 0, 0, 0])

    monkeypatch.setattr(network.predictor, "network", OneCorner().eval())
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8)).astype(np.uint8)
    strength = saliency(network, image, 0)
    assert (strength[:2, :2] == 1).all() and strength.sum() == 4
    assert not saliency(network, image, 1).any(), "an output that reacts to nothing has an empty map"


def test_the_same_image_gives_the_same_map_and_draws_from_no_shared_generator(network):
    image = np.random.default_rng(1).integers(0, 256, (1, 8, 8)).astype(np.uint8)
    before = torch.get_rng_state()
    first = saliency(network, image, 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(first, saliency(network, image, 2))
    assert not np.array_equal(first, saliency(network, image, 1))


def test_the_network_is_left_as_it_was(network):
    before = {name: value.clone() for name, value in network.predictor.network.state_dict().items()}
    saliency(network, np.full((1, 8, 8), 100, np.uint8) + np.arange(64, dtype=np.uint8).reshape(1, 8, 8), 0)
    assert all(torch.equal(before[name], value) for name, value in network.predictor.network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.predictor.network.parameters())
    assert not any(module.training for module in network.predictor.network.modules())


def test_a_colour_image_has_one_map_and_a_flat_one_is_no_trouble(network, monkeypatch):
    colours = nn.Sequential(nn.Flatten(), nn.Linear(48, 4)).eval()
    monkeypatch.setattr(network.predictor, "network", colours)
    strength = saliency(network, np.full((3, 4, 4), 200, np.uint8), 0)
    assert strength.shape == (4, 4) and strength.max() == 1


def test_what_pushes_now_one_way_and_now_the_other_is_averaged_out(network, monkeypatch):
    """At the kink of |x - 100| the gradient is 1 or -1 as the noise has it; that of another pixel is always 1."""

    class Kink(nn.Module):
        def forward(self, inputs):
            return (inputs[:, 0, 0, 0] + (inputs[:, 0, 4, 4] - kink).abs())[:, None]

    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8)).astype(np.uint8)
    image[0, 4, 4] = 100
    kink = network.scale(torch.tensor(100.0).reshape(1, 1, 1, 1)).item()
    monkeypatch.setattr(network.predictor, "network", Kink().eval())
    strength = saliency(network, image, 0)
    assert strength[0, 0] == 1 and strength[4, 4] < 0.7
