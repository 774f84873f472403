"""What is frozen does not change by a bit, whatever else is ticked; what is not, trains with its share of the rate."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.events import EpochEnded, Failed, Finished
from engine.frozen.tuning import Tuning
from engine.message import InputError
from engine.network import build_optimizer
from engine.preview.summary import network_table
from engine.strategy import DataSpec, FineTuning
from engine.trainer import Trainer
from tests.engine.support import differing, run, run_stored, same_bits

MOVERS = ["weight-decay:decay=0.1", "max-norm:max_norm=0.01", "l1:strength=0.01", "gradient-clipping"]


class Shares(FineTuning):
    """Shares as they are given, epoch by epoch; the last go on."""

    given: tuple[tuple[float, ...], ...] = ((1.0,),)

    def lr_shares(self, epoch):
        return self.given[min(epoch, len(self.given) - 1)]


def state(network, name=""):
    return {key: tensor.clone() for key, tensor in network.state_dict().items() if key.startswith(name)}


def changed(before, network):
    now = network.state_dict()
    return {name for name, tensor in before.items() if not same_bits(tensor, now[name])}


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd:momentum=0.9", "nadam", "rmsprop", "adagrad"])
@pytest.mark.parametrize("noise", [[], ["gaussian-noise"]], ids=["features", "whole network"])
def test_a_frozen_body_keeps_every_bit_and_the_head_learns(tiny, optimizer, noise):
    config = tiny(
        model="small-resnet:widths=4+8", optimizer=optimizer, epochs=3,
        ticked=["freeze-body", "ema:decay=0.5", "dropout", *MOVERS, *noise],
    )  # fmt: skip
    trainer = Trainer(config)
    before = state(trainer.learner.model)
    assert isinstance(run(trainer)[-1], Finished)
    for network in (trainer.learner.model, trainer.learner.average):
        assert changed(before, network) == {"head.weight", "head.bias"}


def test_averages_measure_the_norms_that_train_and_leave_the_frozen_ones(tiny):
    model = "cnn:channels=4+4,hidden=8"
    config = tiny(model=model, ticked=["batch-norm", "swa:start=0.1", Shares(given=((0.0, 1.0),))])
    trainer = Trainer(config)
    before = state(trainer.learner.model)
    run(trainer)
    moved = {name for name in changed(before, trainer.learner.average) if "running" in name}
    assert {name for name in before if "running" in name} - moved == {
        f"body.block1.norm.{name}" for name in ("running_mean", "running_var")
    }


def test_with_whole_shares_a_run_is_the_run_without_fine_tuning_bit_for_bit(tiny):
    settings = {"model": "small-resnet:widths=4+8", "optimizer": "sgd:momentum=0.9"}
    plain = run_stored(tiny(**settings, ticked=["weight-decay"]))[1].last()
    tuned = run_stored(tiny(**settings, ticked=["weight-decay", "discriminative-lr:factor=1,parts=5"]))[1].last()
    assert differing(plain, tuned) == []


def test_each_part_moves_by_its_share_of_the_rate(tiny):
    shares = (0.0, 0.25, 0.5)
    moved = []
    for ticked in ([], [Shares(given=(shares,))]):
        trainer = Trainer(tiny(model="mlp:hidden=6+5+4", optimizer="sgd:momentum=0", ticked=ticked))
        before = state(trainer.learner.model)
        trainer.learner.step(torch.arange(32), 0, 0, 0.1)
        now = trainer.learner.model.state_dict()
        moved.append({name: now[name] - tensor for name, tensor in before.items()})
    plain, tuned = moved
    for number, share in enumerate(shares, 1):
        for name in (f"body.layer{number}.linear.weight", f"body.layer{number}.linear.bias"):
            assert plain[name].any()
            torch.testing.assert_close(tuned[name], share * plain[name], rtol=1e-3, atol=1e-7)
    torch.testing.assert_close(tuned["head.weight"], plain["head.weight"])


def test_the_body_joins_after_the_epochs_that_were_asked_for(tiny):
    config = tiny(model="small-resnet:widths=4+8", epochs=3, ticked=["freeze-body:unfreeze_after=2"])
    trainer = Trainer(config)
    before = state(trainer.learner.model, "body")
    moved = [len(changed(before, trainer.learner.model)) for event in trainer.run() if isinstance(event, EpochEnded)]
    assert moved[:2] == [0, 0] and moved[2] == len(before)


def test_an_evaluation_leaves_frozen_layers_in_evaluation_mode_and_the_others_in_training(tiny):
    trainer = Trainer(tiny(model="cnn:channels=4+4,hidden=8", ticked=["batch-norm", Shares(given=((0.0, 1.0),))]))
    learner = trainer.learner
    for _ in range(2):
        training = {name for name, module in learner.model.named_modules() if not module.training}
        assert training == {"body.block1.norm"}
        list(learner.evaluate(learner.clean))


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_layers_are_divided_evenly_and_the_last_part_ends_at_the_head(parts):
    network = nn.Sequential()
    body = nn.Sequential()
    for _ in range(6):
        body.extend([nn.Linear(2, 2), nn.BatchNorm1d(2)])
    network.add_module("body", body)
    network.add_module("head", nn.Linear(2, 2))
    tuning = Tuning(Shares(given=(tuple(float(number) for number in range(parts)),)), network)
    tuning.begin(0)
    groups = tuning.divide([{"params": list(network.named_parameters())}])
    owner = {name: tuning.share(group) for group in groups for name, _ in group["params"]}
    order = [owner[f"body.{2 * number}.weight"] for number in range(6)]
    assert order == sorted(order) and order[-1] == parts - 1 and owner["head.weight"] == 1.0
    assert all(owner[f"body.{2 * number + 1}.weight"] == order[number] for number in range(6)), "a norm and its layer"
    sizes = [order.count(number) for number in set(order)]
    assert max(sizes) - min(sizes) <= 1
    assert sorted(owner) == sorted(name for name, _ in network.named_parameters())


def test_weight_decay_and_shares_divide_the_parameters_between_them(tiny):
    trainer = Trainer(tiny(ticked=["weight-decay:decay=0.1", "discriminative-lr:parts=2"]))
    names = [name for group in trainer.learner.optimizer.param_groups for name in group["param_names"]]
    assert sorted(names) == sorted(name for name, _ in trainer.learner.model.named_parameters())
    for group in trainer.learner.optimizer.param_groups:
        assert {parameter.ndim > 1 for parameter in group["params"]} == {group["weight_decay"] == 0.1}
    assert len(build_optimizer(trainer.config, trainer.learner.model).param_groups) == 2


def test_two_ways_of_fine_tuning_are_refused(tiny):
    with pytest.raises(InputError, match="each lay down what of the network is trained"):
        tiny(ticked=["freeze-body", "discriminative-lr"]).check()


def test_a_network_without_layers_before_its_head_is_refused(tiny):
    with pytest.raises(InputError, match="freeze-body divides the layers that lie before the head"):
        Trainer(tiny(model="linear", ticked=["freeze-body"]))


def test_a_technique_that_changes_the_number_of_its_shares_is_named(tiny):
    events, _, _ = run_stored(tiny(ticked=[Shares(given=((1.0,), (1.0, 1.0)))]))
    assert isinstance(events[-1], Failed) and events[-1].plugin == "shares"
    assert "always return as many" in str(events[-1].text)


def test_the_layer_table_tells_what_is_frozen_and_how_its_norms_work(tiny):
    data = DataSpec((1, 8, 8), 4)
    config = tiny(model="cnn:channels=4+4,hidden=8", ticked=["batch-norm"])
    assert {row.norm for row in network_table(config, data).layers} == {"", "batch"}
    frozen = network_table(config.ticked(Shares(given=((0.0,),))), data)
    assert {row.norm for row in frozen.layers} == {"", "running"}
    assert frozen.trainable == sum(row.parameters for row in frozen.layers if row.name == "head")
    assert frozen.parameters == network_table(config, data).parameters
