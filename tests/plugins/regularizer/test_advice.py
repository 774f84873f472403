"""What regularizers that change nothing say of it, and what is said of weight decay and of norms of one feature."""

from __future__ import annotations

import pytest

from engine.trainer import Trainer
from plugins.model.cnn import CNN
from plugins.model.mlp import MLP
from plugins.optimizer.adam import Adam
from plugins.optimizer.adamw import AdamW
from plugins.optimizer.sgd import SGD
from plugins.regularizer.group_norm import GroupNorm
from plugins.regularizer.layer_norm import LayerNorm
from plugins.regularizer.weight_decay import WeightDecay
from tests.plugins.bench import CATALOGUE, assert_same_bits, config, learned, run, strategy

FIELDS = [
    ("dropout", "p"), ("spatial-dropout", "p"), ("stochastic-depth", "p"), ("l1", "strength"),
    ("weight-decay", "decay"), ("label-smoothing", "smoothing"), ("ema", "decay"),
]  # fmt: skip


def told(ticked, *others, **values):
    settings = config(*others, ticked, **values)
    return [(one.level, one.text.code, one.field) for one in ticked.advice(settings)]


@pytest.mark.parametrize(("id", "field"), FIELDS)
def test_what_changes_nothing_says_so(id, field):
    assert told(strategy(id, **{field: 0})) == [("warning", "changes-nothing", field)]
    assert told(strategy(id, **{field: 0.01})) == []


@pytest.mark.parametrize("id", [entry.id for entry in CATALOGUE.entries if entry.kind == "regularizer"])
def test_with_its_defaults_none_says_anything_in_ordinary_settings(id):
    assert told(strategy(id), batch_size=64, epochs=20) == []


@pytest.mark.parametrize(("id", "field"), [pair for pair in FIELDS if pair[0] != "stochastic-depth"])
def test_a_run_with_0_is_one_without_it(id, field):
    kept = ("model.", "history.epochs")  # the weights, and the figures, which are those of an average if there is one

    def outcome(*ticked):
        trainer = Trainer(config(SGD(), *ticked, epochs=1))
        run(trainer)
        return {name: tensor for name, tensor in learned(trainer).items() if name.startswith(kept)}

    assert_same_bits(outcome(), outcome(strategy(id, **{field: 0})))


@pytest.mark.parametrize(
    ("optimizer", "decay", "codes"),
    [
        (AdamW(), 1e-4, ["decay-too-weak"]),
        (AdamW(), 9e-4, ["decay-too-weak"]),
        (AdamW(), 1e-3, []),
        (AdamW(), 0.01, []),
        (AdamW(), 0.0, ["changes-nothing"]),
        (SGD(), 1e-4, []),
        (Adam(), 1e-4, []),
    ],
)
def test_weight_decay_apart_from_the_gradient_is_to_be_stronger(optimizer, decay, codes):
    assert told(WeightDecay(decay=decay), optimizer) == [("warning", code, "decay") for code in codes]


@pytest.mark.parametrize("ticked", [LayerNorm(), GroupNorm()], ids=lambda ticked: ticked.id)
def test_norms_of_samples_tell_of_layers_of_one_feature(ticked):
    found = [("warning", "norm-of-one-feature", "")]
    for model, expected in (
        (MLP(hidden=(8, 1)), found),
        (MLP(hidden=(1,)), found),
        (MLP(hidden=(8, 2)), []),
        (MLP(hidden=()), []),
        (CNN(channels=(1,), hidden=1), []),
    ):
        assert told(ticked, model) == expected
