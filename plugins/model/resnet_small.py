"""A residual network for small images (He, Zhang, Ren, Sun 2015, arXiv:1512.03385, section 4.2)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from torch import Tensor, nn

from engine.code import WrittenSlots, sequential
from engine.message import InputError
from engine.strategy import Advice, Code, DataSpec, Effect, Field, Model, Slots, Strategy, Verdict, hookimpl
from plugins.model._widths import narrower, wider
from plugins.regularizer.batch_norm import advice_on_batch

if TYPE_CHECKING:
    from engine.config import RunConfig

BLOCK = '''
class Block(nn.Module):
    """Two convolutions whose result is added to their input."""

    def __init__(self, inputs, outputs, stride, between=nn.Identity(), after=nn.Identity()):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            ACTIVATION,
            between,
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )ZEROED
        self.shortcut = nn.Identity()
        if (inputs, stride) != (outputs, 1):
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        self.after, self.activation = after, ACTIVATION

    def forward(self, x):
        return self.activation(self.after(self.branch(x)) + self.shortcut(x))'''
ZEROED = "\n        nn.init.zeros_(self.branch[-1].weight)  # each block starts as the identity"


class SmallResNet(Model):
    """A residual network (잔차 신경망) for small images: each block adds what it learned to what it was given.

    That sum lets gradients pass, so that a hundred layers can be trained. Stages of blocks follow one another, each of
    half the image's size; widths 16+32+64 with 3, 5 or 18 blocks are the ResNet-20, ResNet-32 and ResNet-110 of the
    paper, but that a shortcut which changes the width is a convolution of 1×1, as in torchvision's ResNets. Batch norms
    are part of it.
    """

    remedies = {"underfitting": Effect(best=1.0), "overfitting": Effect(gap=1.0)}
    id = "small-resnet"
    slots = frozenset({"residual", "spatial-dropout", "dropout"})
    owned = frozenset({"norm"})

    widths: tuple[Annotated[int, Field(ge=1, le=4_096)], ...] = Field((16, 32, 64), min_length=1, max_length=8)
    """Channels of each stage: more numbers make the network deeper, larger ones make it wider."""
    blocks: int = Field(1, ge=1, le=200)
    """Residual blocks in each stage; each has two convolution layers."""
    zero_init_residual: bool = False
    """Whether each block starts as the identity, its last norm scaled by 0 (Goyal et al. 2017, arXiv:1706.02677)."""

    def as_remedy(self, verdict: Verdict, config: RunConfig) -> Strategy:
        widths = wider(self.widths, 1) if verdict == "underfitting" else narrower(self.widths)
        return SmallResNet(**(self.model_dump() | {"widths": widths}))

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        yield from advice_on_batch(config, data)

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        if len(data.input_shape) != 3 or min(data.input_shape[1:]) < 2 ** (len(self.widths) - 1):
            raise InputError(
                "too-small-for-resnet", "images of {shape} are too small for a ResNet of {stages} stages: list fewer "
                "widths", shape="×".join(map(str, data.input_shape)), stages=len(self.widths),
            )  # fmt: skip
        channels = self.widths[0]
        stem = nn.Sequential(
            OrderedDict(
                convolution=convolution(data.input_shape[0], channels),
                norm=nn.BatchNorm2d(channels),
                activation=slots.activation(),
            )
        )
        body = nn.Sequential(OrderedDict(stem=stem))
        done = 0
        for stage, width in enumerate(self.widths, 1):
            blocks = nn.Sequential()
            for number in range(1, self.blocks + 1):
                done += 1
                stride = 2 if number == 1 and stage > 1 else 1
                block = ResidualBlock(channels, width, stride, slots, done / (len(self.widths) * self.blocks))
                if self.zero_init_residual:
                    nn.init.zeros_(block.norm2.weight)
                blocks.add_module(f"block{number}", block)
                channels = width
            body.add_module(f"stage{stage}", blocks)
        body.add_module("pool", nn.AdaptiveAvgPool2d(1))
        body.add_module("flatten", nn.Flatten())
        body.add_module("dropout", slots.layer("dropout", channels))
        return nn.Sequential(OrderedDict(body=body, head=nn.Linear(channels, data.outputs)))

    def code(self, config: RunConfig) -> Code:
        slots, channels, done, count = WrittenSlots(config), self.widths[0], 0, len(self.widths) * self.blocks
        layers = [f"nn.Conv2d(inputs.shape[1], {channels}, 3, padding=1, bias=False)", f"nn.BatchNorm2d({channels})"]
        layers += slots.activation()
        for stage, width in enumerate(self.widths):
            for number in range(self.blocks):
                done += 1
                between = slots.layer("spatial-dropout", width, 2, done / count)
                after = slots.layer("residual", width, 2, done / count)
                given = [str(channels), str(width), str(2 if stage and not number else 1)]
                given += [f"between={layer}" for layer in between] + [f"after={layer}" for layer in after]
                layers.append(f"Block({', '.join(given)})")
                channels = width
        layers += ["nn.AdaptiveAvgPool2d(1)", "nn.Flatten()", *slots.layer("dropout", channels)]
        layers.append(f"nn.Linear({channels}, classes)")
        activation = "".join(slots.activation()) or "nn.Identity()"
        block = BLOCK.replace("ACTIVATION", activation).replace("ZEROED", ZEROED if self.zero_init_residual else "")
        return Code(define=block, lines=f"model = {sequential(layers)}", head="model[-1]")


class ResidualBlock(nn.Module):
    """Two convolutions whose result is added to their input: torchvision's `BasicBlock`, with slots."""

    def __init__(self, inputs: int, outputs: int, stride: int, slots: Slots, depth: float) -> None:
        super().__init__()
        self.convolution1 = convolution(inputs, outputs, stride)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.activation1 = slots.activation()
        # Between the convolutions, so that the shortcut stays whole (Zagoruyko, Komodakis 2016, arXiv:1605.07146).
        self.spatial_dropout = slots.layer("spatial-dropout", outputs, 2, depth)
        self.convolution2 = convolution(outputs, outputs)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.residual = slots.layer("residual", outputs, 2, depth)
        self.shortcut = nn.Identity() if (inputs, stride) == (outputs, 1) else shortcut(inputs, outputs, stride)
        self.activation2 = slots.activation()

    def forward(self, images: Tensor) -> Tensor:
        """From `[N, inputs, H, W]` to `[N, outputs, H / stride, W / stride]`."""
        branch = self.activation1(self.norm1(self.convolution1(images)))
        branch = self.norm2(self.convolution2(self.spatial_dropout(branch)))
        return self.activation2(self.residual(branch) + self.shortcut(images))  # type: ignore[no-any-return]


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """A convolution of 3×3 that keeps the image's size, divided by the stride; the norm after it has the bias."""
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """What brings a block's input to the shape of its output."""
    return nn.Sequential(
        OrderedDict(
            convolution=nn.Conv2d(inputs, outputs, 1, stride, bias=False),
            norm=nn.BatchNorm2d(outputs),
        )
    )


@hookimpl
def register_strategies() -> list[type[Model]]:
    return [SmallResNet]
