"""ReLU after max-pooling: the same network, to the bit, of whose values fewer are read."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.inside.record import is_due
from engine.pooled_first import pooled_first
from engine.strategy import DataSpec, Slots
from engine.trained.network import Predictor
from engine.trainer import Trainer

POOLS = {
    "halves": nn.MaxPool2d(2),
    "overlap": nn.MaxPool2d(3, stride=2, padding=1),
    "lie apart": nn.MaxPool2d(2, dilation=2, ceil_mode=True),
}


def network(pool: nn.Module, activation: nn.Module | None = None) -> nn.Sequential:
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), activation or nn.ReLU(), pool),
        nn.Sequential(nn.Conv2d(8, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), copy.deepcopy(pool)),
        nn.Flatten(), nn.LazyLinear(5), nn.ReLU(),
    )  # fmt: skip


def passed(model: nn.Module, inputs: Tensor, dtype: torch.dtype) -> list[Tensor]:
    """Outputs, and the gradients of the inputs and of all weights."""
    inputs = inputs.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        outputs = model(inputs)
    outputs.float().square().sum().backward()
    assert inputs.grad is not None
    gradients = [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]
    model.zero_grad()
    return [outputs.detach(), inputs.grad, *gradients]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=["first", "last"])
@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
@pytest.mark.parametrize("rounded", [False, True], ids=["all different", "many alike"])
def test_outputs_and_gradients_are_the_same_to_the_bit(pool, layout, dtype, rounded):
    torch.manual_seed(0)
    inputs = torch.randn(16, 2, 13, 13)
    inputs = inputs.round() if rounded else inputs
    model = network(pool)
    model(inputs)
    model = model.to(memory_format=layout)
    with torch.no_grad():
        for parameter in model.parameters():  # in halves, so that sums of alike values are alike
            parameter.copy_((parameter * 8).round() / 2 if rounded else parameter)
    same = pooled_first(model)
    expected = passed(model, inputs, dtype)
    found = passed(same, inputs, dtype)
    assert len(found) == len(expected) == 2 + len(list(model.parameters()))
    assert all(map(torch.equal, found, expected))
    assert float(expected[1].abs().max()) > 0


def test_each_relu_before_a_pool_comes_after_it_and_no_other_layer_moves():
    model = network(nn.MaxPool2d(2))
    kinds = [[type(layer).__name__ for layer in part] for part in pooled_first(model)[:2]]
    assert kinds == [
        ["Conv2d", "BatchNorm2d", "MaxPool2d", "ReLU"], ["Conv2d", "ReLU", "Conv2d", "MaxPool2d", "ReLU"],
    ]  # fmt: skip
    assert [type(layer) for layer in model[0]][2:] == [nn.ReLU, nn.MaxPool2d]
    assert list(model.state_dict()) == list(pooled_first(model).state_dict())
    assert {id(layer) for layer in pooled_first(model).parameters()} == {id(layer) for layer in model.parameters()}


@pytest.mark.parametrize("activation", [nn.GELU(), nn.LeakyReLU(), nn.Tanh(), nn.SiLU()], ids=repr)
def test_other_activations_stay_where_they_are(activation):
    moved = pooled_first(network(nn.MaxPool2d(2), activation))[0]
    assert [type(layer) for layer in moved][2:] == [type(activation), nn.MaxPool2d]


class Doubled(nn.MaxPool2d):
    """Not the largest value: a pool of its own kind."""

    def forward(self, inputs: Tensor) -> Tensor:
        return 2 * super().forward(inputs) - 1


@pytest.mark.parametrize("pool", [Doubled(2), nn.AvgPool2d(2), nn.MaxPool2d(2, return_indices=True)], ids=repr)
def test_other_pools_stay_where_they_are(pool):
    assert list(pooled_first(model := nn.Sequential(nn.ReLU(), pool))) == list(model)


def test_a_sequence_of_someone_elses_stays_as_it_is():
    class Twice(nn.Sequential):
        def forward(self, inputs: Tensor) -> Tensor:
            return super().forward(super().forward(inputs))

    model = Twice(nn.ReLU(), nn.MaxPool2d(2))
    assert pooled_first(model) is model


def test_hooks_of_a_sequence_are_called_whenever_they_came():
    model, seen = network(nn.MaxPool2d(2)), []
    model.register_forward_hook(lambda *given: seen.append("before"))
    same = pooled_first(model)
    model[0].register_forward_hook(lambda *given: seen.append("after"))
    same(torch.randn(2, 2, 8, 8))
    assert seen == ["after", "before"]


def passes_of(activation: nn.Module) -> list[tuple[int, bool]]:
    """Of each pass from now on, how wide the images are that come to this activation, and whether it is a step's."""
    passes: list[tuple[int, bool]] = []
    activation.register_forward_hook(lambda module, given, got: passes.append((got.shape[-1], torch.is_grad_enabled())))
    return passes


BLOCK = "body.block1.activation"


def test_a_run_passes_it_and_looks_at_the_network_as_it_is(tiny):
    trainer = Trainer(tiny(model="cnn:channels=4,hidden=8", look_inside=3, epochs=1))
    passes = passes_of(trainer.learner.model.get_submodule(BLOCK))
    run = trainer.run()
    while trainer.position.step < 4:
        next(run)
    expected = [8 if is_due(step, 3) else 4 for step in range(1, 5)]
    assert [side for side, learns in passes if learns] == expected and len(set(expected)) == 2


def test_evaluations_and_predictions_pass_it_in_evaluation_mode(tiny):
    trainer = Trainer(tiny(model="cnn:channels=4,hidden=8"))
    learner = trainer.learner
    list(learner.evaluate(learner.clean))  # the first looks at all layers, to see how many samples there is room for
    predictor = Predictor(trainer.snapshot(), trainer.config, "here")
    evaluated, predicted = (passes_of(network.get_submodule(BLOCK)) for network in (learner.model, predictor.network))
    modes: list[bool] = []
    for network in (learner.model, predictor.network):
        network.register_forward_hook(lambda module, given, got: modes.append(module.training))
    list(learner.evaluate(learner.clean))
    predictor.outputs(learner.clean.inputs)
    assert set(evaluated) == set(predicted) == {(4, False)}
    assert len(modes) == len(evaluated) + len(predicted) and not any(modes)


def test_the_network_of_images_is_the_one_that_it_is_for(catalogue: Catalogue):
    config = RunConfig.from_dict({"model": "cnn:channels=4+8,convolutions=2"}, catalogue)
    data = DataSpec((1, 28, 28), 2)
    model = config.model.build(data, Slots(config.activation, config.regularizers))
    blocks = [list(block) for block in pooled_first(model).get_submodule("body") if isinstance(block, nn.Sequential)]
    assert [[type(layer) for layer in block[-3:-1]] for block in blocks] == [[nn.MaxPool2d, nn.ReLU]] * 2
