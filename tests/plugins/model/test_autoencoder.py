from __future__ import annotations

import pytest
import torch

from engine.checkpoints.checkpoint import write_checkpoint
from engine.message import InputError
from engine.network import build_network
from engine.strategy import DataSpec
from engine.trainer import Trainer
from tests.plugins.bench import assert_same_bits, config, run, strategy

PAIRS = [
    ("mlp-autoencoder", "mlp", {"hidden": (9, 5)}),
    ("mlp-autoencoder", "mlp", {"hidden": (7,)}),
    ("cnn-autoencoder", "cnn", {"channels": (4,), "hidden": 8}),
    ("cnn-autoencoder", "cnn", {"channels": (3, 5, 4), "hidden": 6, "convolutions": 2, "kernel": 5}),
]
SHAPES = [(1, 28, 28), (3, 33, 20)]
MSE, NORM = strategy("mse"), strategy("batch-norm")


def reconstructing(shape):
    return DataSpec(shape, shape[0] * shape[1] * shape[2], "reconstruction")


def body(state):
    return {name: tensor for name, tensor in state.items() if name.startswith("body.")}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("autoencoder", "classifier", "values"), PAIRS)
@pytest.mark.parametrize("ticked", [[], [NORM, strategy("dropout")]], ids=["plain", "filled"])
def test_the_body_is_that_of_the_classifier_by_name_and_shape(autoencoder, classifier, values, shape, ticked):
    pretrained = build_network(config(strategy(autoencoder, **values), MSE, *ticked), reconstructing(shape))
    classifying = build_network(config(strategy(classifier, **values), *ticked), DataSpec(shape, 10))
    shapes = [{name: tensor.shape for name, tensor in body(n.state_dict()).items()} for n in (pretrained, classifying)]
    assert shapes[0] == shapes[1] != {}
    heads = [n.state_dict().keys() - body(n.state_dict()) for n in (pretrained, classifying)]
    assert heads[1] == {"head.weight", "head.bias"} and not heads[0] & heads[1]


@pytest.mark.parametrize(("autoencoder", "classifier", "values"), PAIRS)
def test_a_classifier_takes_the_body_whole_and_its_head_stays_as_it_begins(tmp_path, autoencoder, classifier, values):
    trainer = Trainer(config(strategy(autoencoder, **values), MSE, NORM))
    run(trainer)
    write_checkpoint(tmp_path / "best.safetensors", trainer.snapshot())
    spec, model = DataSpec((1, 28, 28), 10), strategy(classifier, **values)
    plain = build_network(config(model, NORM, seed=5), spec).state_dict()
    start = strategy("from-checkpoint", path=str(tmp_path / "best.safetensors"))
    taken = build_network(config(model, NORM, start, seed=5), spec).state_dict()
    assert_same_bits(body(taken), body(trainer.snapshot().group("model")))
    assert_same_bits(taken, plain | body(taken))
    weights = [name for name, tensor in body(plain).items() if tensor.ndim > 1]
    assert weights and not any(torch.equal(taken[name], plain[name]) for name in weights)


def test_other_hidden_layers_are_told_in_one_line(tmp_path):
    trainer = Trainer(config(strategy("mlp-autoencoder", hidden=(9, 5)), MSE))
    write_checkpoint(tmp_path / "best.safetensors", trainer.snapshot())
    start = strategy("from-checkpoint", path=str(tmp_path / "best.safetensors"))
    with pytest.raises(InputError, match=r"body\.layer1\.linear\.weight is 9×784 there, 8×784 here"):
        build_network(config(strategy("mlp", hidden=(8, 5)), start), DataSpec((1, 28, 28), 10))


def test_without_hidden_layers_there_is_nothing_to_pretrain():
    with pytest.raises(InputError, match=r"nothing to pretrain: list the width"):
        config(strategy("mlp-autoencoder", hidden=()), MSE).check()


@pytest.mark.parametrize(("id", "values"), [("mlp-autoencoder", {"hidden": (9, 5)}), ("cnn-autoencoder", {})])
@pytest.mark.parametrize("verdict", ["underfitting", "overfitting"])
def test_as_a_remedy_it_stays_an_autoencoder(id, values, verdict):
    made = strategy(id, **values)
    assert (other := made.as_remedy(verdict, config(made, MSE))).id == id and other != made


@pytest.mark.parametrize(("own", "told"), [("standardise", False), ("zero-one", True)])
def test_another_scaling_than_the_pretrained_is_told(tmp_path, own, told):
    trainer = Trainer(config(strategy("mlp-autoencoder", hidden=(5,)), MSE))
    write_checkpoint(tmp_path / "best.safetensors", trainer.snapshot())
    start = strategy("from-checkpoint", path=str(tmp_path / "best.safetensors"))
    settings = config(strategy("mlp", hidden=(5,)), start, strategy(own))
    texts = [str(advice.text) for id, advice in settings.advice() if id == "from-checkpoint"]
    assert bool(texts) == told
    assert all(f"scaled by standardise, and here they are scaled by {own}" in text for text in texts)
    absent = config(strategy("mlp"), strategy("from-checkpoint", path=str(tmp_path / "gone")), strategy(own))
    assert not [advice for id, advice in absent.advice() if id == "from-checkpoint"]


@pytest.mark.parametrize("id", ["mlp-autoencoder", "cnn-autoencoder"])
def test_a_body_that_never_trains_is_refused(id):
    settings = config(strategy(id), MSE, strategy("freeze-body"))
    with pytest.raises(InputError, match=f"the model {id} is trained for its body, which freeze-body keeps as it is"):
        settings.check()
    config(strategy(id), MSE, strategy("freeze-body", unfreeze_after=1)).check()
