"""The residual network for small images: its blocks are torchvision's, its slots where they should be."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock

from engine.message import InputError
from engine.strategy import DataSpec, Regularizer, Slots
from plugins.activation.relu import ReLU
from plugins.activation.tanh import Tanh
from plugins.model.resnet_small import ResidualBlock, SmallResNet, shortcut
from tests.plugins.bench import config, strategy

GREY = DataSpec((1, 28, 28), 10)
COLOUR = DataSpec((3, 32, 32), 10)


def build(model, data, *regularizers, activation=None):
    return model.build(data, Slots(activation or ReLU(), regularizers))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def layers(inputs: int, outputs: int, side: int = 3) -> int:
    """Parameters of a convolution without a bias, and of its norm."""
    return side**2 * inputs * outputs + 2 * outputs


@pytest.mark.parametrize(
    ("model", "data", "parameters"),
    [
        (SmallResNet(widths=(4,), blocks=1), GREY, layers(1, 4) + 2 * layers(4, 4) + 4 * 10 + 10),
        (
            SmallResNet(widths=(4, 6), blocks=2),
            COLOUR,
            layers(3, 4) + 4 * layers(4, 4) + layers(4, 6) + layers(4, 6, 1) + 3 * layers(6, 6) + 6 * 10 + 10,
        ),
        # The paper's ResNet-20 has 0.27 M; the two convolutions of 1×1 at the shortcuts are 2,752 of these.
        (SmallResNet(blocks=3), COLOUR, 269_722 + layers(16, 32, 1) + layers(32, 64, 1)),
    ],
    ids=str,
)
def test_has_as_many_parameters_as_counted_by_hand(model, data, parameters):
    assert count(build(model, data)) == parameters


def test_the_network_of_the_defaults_is_small():
    assert count(build(SmallResNet(), GREY)) < 100_000


@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(5, 5, 1), (5, 7, 2), (5, 7, 1), (5, 5, 2)])
@pytest.mark.parametrize("training", [True, False])
def test_a_block_is_torchvisions_basic_block(inputs, outputs, stride, training):
    ours = ResidualBlock(inputs, outputs, stride, Slots(ReLU()), 1.0)
    narrows = nn.Sequential(*shortcut(inputs, outputs, stride)) if (inputs, stride) != (outputs, 1) else None
    theirs = BasicBlock(inputs, outputs, stride, narrows)
    for module in ours.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.bias.data, module.running_mean, module.running_var):
                tensor.uniform_(0.5, 2)
    words = {"convolution1": "conv1", "norm1": "bn1", "convolution2": "conv2", "norm2": "bn2"}
    words |= {"shortcut.convolution": "downsample.0", "shortcut.norm": "downsample.1"}
    state = {}
    for name, tensor in ours.state_dict().items():
        layer, _, rest = name.rpartition(".")
        state[f"{words[layer]}.{rest}"] = tensor.clone()
    theirs.load_state_dict(state)
    images = torch.randn(3, inputs, 9, 8)
    assert torch.equal(ours.train(training)(images.clone()), theirs.train(training)(images.clone()))


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 5, 4), (3, 33, 27), (3, 64, 64)], ids=str)
def test_it_takes_images_of_any_size_from_the_smallest_on(shape):
    network = build(SmallResNet(widths=(4, 5, 6)), DataSpec(shape, 7))
    outputs = network(torch.randn(2, *shape))
    assert outputs.shape == (2, 7)
    assert network.body.stage3(torch.randn(1, 5, *(-(-side // 2) for side in shape[1:]))).shape[2:] == tuple(
        -(-side // 4) for side in shape[1:]
    )


@pytest.mark.parametrize("data", [DataSpec((5,), 2), DataSpec((1, 3, 28), 10), DataSpec((1, 28, 3), 10)], ids=str)
def test_it_says_so_where_the_input_is_too_small(data):
    with pytest.raises(InputError, match="too small for a ResNet of 3 stages: list fewer widths"):
        build(SmallResNet(), data)


class Filling(Regularizer):
    """Fills a slot with a layer that lets nothing through."""

    def layer(self, place):
        return Nothing()


class Nothing(nn.Module):
    def forward(self, images):
        return 0 * images


def test_the_residual_slot_closes_a_branch_and_leaves_the_shortcut():
    class Residual(Filling):
        """Closes the branches."""

        slot = "residual"

    block = build(SmallResNet(widths=(4, 6)), GREY, Residual(), activation=Tanh()).body.stage2.block1
    images = torch.randn(2, 4, 8, 8)
    assert torch.equal(block(images), block.shortcut(images).tanh())


def test_spatial_dropout_lies_between_the_convolutions_of_a_block():
    class Spatial(Filling):
        """Closes the way between the convolutions."""

        slot = "spatial-dropout"

    block = build(SmallResNet(widths=(4, 6)), GREY, Spatial(), activation=Tanh()).body.stage2.block1.eval()
    images = torch.randn(2, 4, 8, 8)
    inner = []
    block.spatial_dropout.register_forward_pre_hook(lambda module, inputs: inner.append(inputs[0]))
    nothing = block.norm2(torch.zeros(2, 6, 4, 4))
    assert torch.equal(block(images), (nothing + block.shortcut(images)).tanh())
    assert torch.equal(inner[0], block.norm1(block.convolution1(images)).tanh())


def test_the_depth_of_a_block_is_its_number_over_all_blocks():
    asked = []

    class Places(Slots):
        def layer(self, slot, features, dimensions=0, depth=1.0):
            asked.append((slot, features, dimensions, depth))
            return super().layer(slot, features, dimensions, depth)

    SmallResNet(widths=(4, 6), blocks=2).build(GREY, Places(ReLU()))
    blocks = [(4, 2, 0.25), (4, 2, 0.5), (6, 2, 0.75), (6, 2, 1.0)]
    assert [place for slot, *place in asked if slot == "residual"] == [list(block) for block in blocks]
    assert [place for slot, *place in asked if slot == "spatial-dropout"] == [list(block) for block in blocks]
    assert [place for slot, *place in asked if slot == "dropout"] == [[6, 0, 1.0]]


def test_a_block_may_start_as_the_identity():
    images = torch.randn(2, 4, 8, 8).relu()
    for zero in (True, False):
        network = build(SmallResNet(widths=(4, 6), zero_init_residual=zero), GREY)
        block = network.body.stage1.block1
        assert torch.equal(block(images), images) == zero
        assert bool((block.norm2.weight == 1 - zero).all())
        assert bool((block.norm1.weight == 1).all())
        assert bool((network.body.stage2.block1.shortcut.norm.weight == 1).all())


def test_its_norms_are_its_own():
    settings = config(SmallResNet(), strategy("batch-norm"))
    with pytest.raises(InputError, match="already"):
        settings.check()


@pytest.mark.parametrize(
    ("size", "accumulated", "level"),
    [(1, 1, "error"), (2, 1, "warning"), (7, 1, "warning"), (8, 1, None), (16, 4, "warning"), (4, 4, "error")],
)
def test_batches_too_small_for_its_norms_are_told(size, accumulated, level):
    class Divided(Regularizer):
        """Divides batches."""

        def micro_batches(self, size):
            return accumulated

    settings = config(SmallResNet(), Divided(), batch_size=size)
    found = [advice for id, advice in settings.advice() if id == "small-resnet"]
    assert [advice.level for advice in found] == ([level] if level else [])
    assert all("batch normalisation" in str(advice.text) for advice in found)
    # A batch that is larger than the data holds them all, and no more.
    data = DataSpec((1, 28, 28), 10, samples=(size, 0, 0))
    larger = settings.changed({"batch_size": 1_000})
    assert [advice.level for advice in larger.model.advice(larger, data)] == ([level] if level else [])
    assert list(larger.model.advice(larger, DataSpec((1, 28, 28), 10))) == [], "of which nothing is known"
