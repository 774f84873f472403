"""A small convolutional network (LeCun et al. 1998, "Gradient-based learning applied to document recognition")."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from torch import nn

from engine.code import WrittenSlots, sequential
from engine.message import InputError, message
from engine.strategy import Advice, Code, DataSpec, Effect, Field, Model, Slots, Strategy, Verdict, hookimpl
from plugins.model._widths import narrower, wider

if TYPE_CHECKING:
    from engine.config import RunConfig


CHANNELS, WIDTH = 16, 64
"""Of a convolution and of the layer after them that are no longer too narrow, at least."""


class CNN(Model):
    """Blocks of convolution layers (합성곱층), each halving the image, then a fully connected one: it sees shapes."""

    remedies = {"underfitting": Effect(best=1.0), "overfitting": Effect(gap=1.0)}
    slots = frozenset({"norm", "spatial-dropout", "dropout"})

    channels: tuple[Annotated[int, Field(ge=1, le=4_096)], ...] = Field((32, 64), min_length=1, max_length=12)
    """Channels of each block: more numbers make the network deeper, larger ones make it wider."""
    convolutions: int = Field(1, ge=1, le=100)
    """Convolution layers in each block, one after another: more make the network deeper without shrinking the image."""
    kernel: int = Field(3, ge=1, le=11)
    """Side of the square that each convolution looks at, in pixels; odd."""
    hidden: int = Field(128, ge=1, le=65_536)
    """Width of the fully connected layer before the output."""

    @property
    def hidden_layers(self) -> int:
        """How many layers with an activation lie between input and output."""
        return len(self.channels) * self.convolutions + 1

    def as_remedy(self, verdict: Verdict, config: RunConfig) -> Strategy:
        if verdict == "underfitting":
            values: dict[str, object] = {
                "channels": wider(self.channels, CHANNELS),
                "hidden": wider((self.hidden,), WIDTH)[0],
            }
        else:
            values = {"channels": narrower(self.channels), "hidden": narrower((self.hidden,))[0]}
        return type(self)(**(self.model_dump() | values))

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.kernel % 2 == 0:
            yield Advice("error", message(
                "even-kernel", "a kernel of {kernel} pixels has no middle one: take an odd number", kernel=self.kernel
            ), "kernel")  # fmt: skip

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        body = self._body(data, slots)
        return nn.Sequential(OrderedDict(body=body, head=nn.Linear(self.hidden, data.outputs)))

    def _body(self, data: DataSpec, slots: Slots) -> nn.Module:
        """From `[N, *data.input_shape]` to what the fully connected layer gives, `[N, hidden]`.

        Raises `InputError` for images that are too small to be halved so often.
        """
        if len(data.input_shape) != 3 or min(data.input_shape[1:]) < 2 ** len(self.channels):
            raise InputError(
                "too-small-for-cnn", "images of {shape} are too small for a CNN of {blocks} blocks: list fewer "
                "channels", shape="×".join(map(str, data.input_shape)), blocks=len(self.channels),
            )  # fmt: skip
        channels, height, width = data.input_shape
        layers = self.hidden_layers
        body = nn.Sequential()
        for number, outputs in enumerate(self.channels, 1):
            done = (number - 1) * self.convolutions
            body.add_module(f"block{number}", self._block(channels, outputs, slots, done, layers))
            channels, height, width = outputs, height // 2, width // 2
        body.add_module("flatten", nn.Flatten())
        body.add_module("dropout", slots.layer("dropout", channels * height * width, depth=(layers - 1) / layers))
        body.add_module("linear", nn.Linear(channels * height * width, self.hidden))
        body.add_module("activation", slots.activation())
        body.add_module("dropout2", slots.layer("dropout", self.hidden))
        return body

    def code(self, config: RunConfig) -> Code:
        layers = [*self._written_body(config), f"nn.Linear({self.hidden}, classes)"]
        return Code(lines=f"channels, height, width = inputs.shape[1:]\nmodel = {sequential(layers)}", head="model[-1]")

    def _written_body(self, config: RunConfig) -> list[str]:
        slots, done, layers = WrittenSlots(config), 0, list[str]()
        inputs = "channels"
        for outputs in self.channels:
            for _ in range(self.convolutions):
                done += 1
                depth = done / self.hidden_layers
                layers.append(f'nn.Conv2d({inputs}, {outputs}, {self.kernel}, padding="same")')
                layers += [*slots.layer("norm", outputs, 2, depth), *slots.activation()]
                inputs = str(outputs)
            layers += ["nn.MaxPool2d(2)", *slots.layer("spatial-dropout", outputs, 2, done / self.hidden_layers)]
        smaller, depth = 2 ** len(self.channels), done / self.hidden_layers
        features = f"{inputs} * (height // {smaller}) * (width // {smaller})"
        layers += ["nn.Flatten()", *slots.layer("dropout", self.hidden, depth=depth)]
        return [
            *layers, f"nn.Linear({features}, {self.hidden})", *slots.activation(), *slots.layer("dropout", self.hidden)
        ]  # fmt: skip

    def _block(self, inputs: int, outputs: int, slots: Slots, done: int, layers: int) -> nn.Module:
        """Convolutions, then half the size; `done` of the `layers` of the network come before it."""
        block = nn.Sequential()
        for number in range(1, self.convolutions + 1):
            suffix = "" if number == 1 else str(number)
            block.add_module(f"convolution{suffix}", nn.Conv2d(inputs, outputs, self.kernel, padding="same"))
            block.add_module(f"norm{suffix}", slots.layer("norm", outputs, 2, (done + number) / layers))
            block.add_module(f"activation{suffix}", slots.activation())
            inputs = outputs
        block.add_module("pool", nn.MaxPool2d(2))
        depth = (done + self.convolutions) / layers
        block.add_module("spatial_dropout", slots.layer("spatial-dropout", outputs, 2, depth))
        return block


@hookimpl
def register_strategies() -> list[type[Model]]:
    return [CNN]
