"""Autoencoders, to pretrain without labels (Hinton, Salakhutdinov 2006, "Reducing the dimensionality of data with
neural networks"); with spoilt inputs denoising ones (Vincent, Larochelle, Bengio, Manzagol 2008, "Extracting and
composing robust features with denoising autoencoders")."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from torch import nn

from engine.code import WrittenSlots, sequential
from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Model, Slots, hookimpl
from plugins.model.cnn import CNN
from plugins.model.mlp import MLP

if TYPE_CHECKING:
    from engine.config import RunConfig


class MLPAutoencoder(MLP):
    """An MLP that learns to give its input back (사전 학습). No labels are used; its body then starts an MLP.

    The head is the same layers in the opposite order, without norms and dropout. Begin the classifier with the initial
    weights from-checkpoint, and give it the same hidden layers.
    """

    reconstructs = True

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.hidden:
            yield from super().advice(config, data)
        else:
            yield Advice("error", message(
                "nothing-to-pretrain", "without hidden layers there is nothing to pretrain: list the width of one",
            ), "hidden")  # fmt: skip

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        body, head = self._body(data, slots), nn.Sequential()
        for number, (inputs, outputs) in enumerate(pairwise([*reversed(self.hidden), data.outputs]), 1):
            head.add_module(f"linear{number}", nn.Linear(inputs, outputs))
            if number < len(self.hidden):
                head.add_module(f"activation{number}", slots.activation())
        return nn.Sequential(OrderedDict(body=body, head=head))

    def code(self, config: RunConfig) -> Code:
        body, activation = self._written_body(config), WrittenSlots(config).activation()
        head = list[str]()
        for inputs, outputs in pairwise([*map(str, reversed(self.hidden)), "inputs[0].numel()"]):
            head += [*(activation if head else []), f"nn.Linear({inputs}, {outputs})"]
        return Code(lines=f"model = {sequential([*body, *head])}", head=f"model[{len(body)}:]")


class CNNAutoencoder(CNN):
    """A CNN that learns to give its image back (사전 학습). No labels are used; its body then starts a CNN.

    The head is a fully connected layer and a convolution for each block, each after the image was doubled in size,
    without norms and dropout (Odena, Dumoulin, Olah 2016, "Deconvolution and checkerboard artifacts"). Begin the
    classifier with the initial weights from-checkpoint, and give it the same layers.
    """

    reconstructs = True

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        body = self._body(data, slots)
        sizes = [data.input_shape[1:]]
        for _ in self.channels:
            sizes.append((sizes[-1][0] // 2, sizes[-1][1] // 2))
        inputs = self.channels[-1]
        head = nn.Sequential(
            OrderedDict(
                linear=nn.Linear(self.hidden, inputs * prod(sizes[-1])),
                activation=slots.activation(),
                unflatten=nn.Unflatten(1, (inputs, *sizes[-1])),
            )
        )
        channels = [data.input_shape[0], *self.channels[:-1]]
        for number, (size, outputs) in enumerate(zip(reversed(sizes[:-1]), reversed(channels), strict=True), 1):
            head.add_module(f"enlarge{number}", nn.Upsample(size))
            head.add_module(f"convolution{number}", nn.Conv2d(inputs, outputs, self.kernel, padding="same"))
            if number < len(self.channels):
                head.add_module(f"activation{number}", slots.activation())
            inputs = outputs
        head.add_module("flatten", nn.Flatten())
        return nn.Sequential(OrderedDict(body=body, head=head))

    def code(self, config: RunConfig) -> Code:
        body, activation = self._written_body(config), WrittenSlots(config).activation()
        blocks, inputs = len(self.channels), str(self.channels[-1])
        least = f"height // {2**blocks}", f"width // {2**blocks}"
        head = [f"nn.Linear({self.hidden}, {inputs} * ({least[0]}) * ({least[1]}))", *activation]
        head.append(f"nn.Unflatten(1, ({inputs}, {least[0]}, {least[1]}))")
        for block, outputs in zip(range(blocks - 1, -1, -1), [*reversed(self.channels[:-1]), "channels"], strict=True):
            size = f"(height // {2**block}, width // {2**block})" if block else "(height, width)"
            head += [f"nn.Upsample({size})", f'nn.Conv2d({inputs}, {outputs}, {self.kernel}, padding="same")']
            head += activation if block else []
            inputs = str(outputs)
        layers = sequential([*body, *head, "nn.Flatten()"])
        return Code(
            lines=f"channels, height, width = inputs.shape[1:]\nmodel = {layers}", head=f"model[{len(body)}:]"
        )  # fmt: skip


@hookimpl
def register_strategies() -> list[type[Model]]:
    return [MLPAutoencoder, CNNAutoencoder]
