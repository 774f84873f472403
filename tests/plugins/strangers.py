"""A plugin as a stranger would write it: one of each kind, every type of parameter, in one file.

The tests copy it into a folder of its own, discover it there, and hold it to what they hold the built-in ones to.
"""

from __future__ import annotations

from collections import OrderedDict
from math import prod
from typing import Annotated, Literal

import torch
from torch import nn
from torch.nn import functional

from engine.data import DataBundle, Part
from engine.strategy import (
    Activation,
    Augmentation,
    Dataset,
    Field,
    FineTuning,
    Initializer,
    Loss,
    Model,
    Optimizer,
    Regularizer,
    Scaling,
    Scheduler,
    Stopping,
    hookimpl,
    message,
)


def images(count, channels, size, seed):
    """Noise with a bright bar whose place is the class: three classes, three sizes of part."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randint(0, 128, (count, channels, size, size), generator=generator, dtype=torch.uint8)
    targets = torch.arange(count) % 3
    for number, target in enumerate(targets.tolist()):
        inputs[number, :, :, target * size // 3 : (target + 1) * size // 3] += 100
    return Part(inputs, targets)


def bundle(channels, size):
    return DataBundle(
        *(images(24, channels, size, seed) for seed in (1, 2, 3)), class_names=("left", "middle", "right")
    )


class GreyBars(Dataset):
    """Bars on grey images of 28 by 28."""

    def load(self, source):
        return bundle(1, 28)


class ColourBars(Dataset):
    """Bars on colour images of 32 by 32."""

    def load(self, source):
        return bundle(3, 32)


class Features(Dataset):
    """Samples of five numbers, of which one is the same for all."""

    spread: Annotated[float, Field(ge=0, le=10)] = 2.0
    """How far the numbers lie apart."""

    def load(self, source):
        generator = torch.Generator().manual_seed(4)
        inputs = self.spread * torch.randn(24, 5, generator=generator) + torch.tensor([0.0, 1.0, -3.0, 50.0, 0.0])
        inputs[:, 4] = 0.1
        part = Part(inputs, (inputs[:, 0] > 0).long())
        return DataBundle(part, part, part, class_names=("low", "high"))


class Halves(Scaling):
    """Bring pixels into the range -1 to 1."""

    def fit(self, inputs):
        return torch.full((inputs.shape[1],), 127.5), torch.full((inputs.shape[1],), 127.5)


class Speckle(Augmentation):
    """Speckle every training image with noise."""

    sigma: float = Field(0.05, ge=0, le=1)
    """Standard deviation, as a fraction of the pixel range."""

    def __call__(self, images, generator):
        noise = torch.randn(images.shape, generator=generator, device=images.device)
        return (images + 255 * self.sigma * noise).round().clamp(0, 255).to(torch.uint8)


class Wide(Model):
    """One hidden layer, with every slot there is."""

    slots = frozenset({"norm", "dropout"})

    widths: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = (12,)
    """Width of each hidden layer; may be none."""

    @property
    def hidden_layers(self):
        return len(self.widths)

    def build(self, data, slots):
        body = nn.Sequential(OrderedDict(flatten=nn.Flatten()))
        inputs = prod(data.input_shape)
        for number, width in enumerate(self.widths):
            body.add_module(f"linear{number}", nn.Linear(inputs, width))
            body.add_module(f"norm{number}", slots.layer("norm", width))
            body.add_module(f"activation{number}", slots.activation())
            body.add_module(f"dropout{number}", slots.layer("dropout", width))
            inputs = width
        return nn.Sequential(OrderedDict(body=body, head=nn.Linear(inputs, data.outputs)))


class Bent(Activation):
    """Let a little through below zero."""

    negative_slope: float = Field(0.01, ge=0, le=1)
    """How much."""

    def build(self):
        return nn.LeakyReLU(self.negative_slope)


class Narrow(Initializer):
    """Small normal weights."""

    std: float = Field(0.01, gt=0, le=1)
    """Standard deviation."""

    def apply(self, model):
        for parameter in model.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=self.std)


class LooksAway(Loss):
    """Cross-entropy that looks away from easy samples, weighted by class."""

    gamma: float = Field(2.0, ge=0, le=10)
    """How far it looks away."""

    def prepare(self, data):
        counts = torch.tensor(data.class_counts).float()
        return EasyModule(self.gamma, counts.sum() / (len(counts) * counts))

    def __call__(self, outputs, targets):
        return EasyModule(self.gamma, torch.ones(outputs.shape[1]))(outputs, targets)


class EasyModule:
    def __init__(self, gamma, weights):
        self.gamma, self.weights = gamma, weights

    def __call__(self, outputs, targets):
        if targets.ndim == 1:
            targets = functional.one_hot(targets, outputs.shape[1]).float()
        log = outputs.log_softmax(1)
        return -(self.weights * targets * (1 - log.exp()) ** self.gamma * log).sum(1).mean()


class AheadAdam(Optimizer):
    """Adam with Nesterov's look ahead: its state has numbers of its own."""

    momentum_decay: float = Field(4e-3, ge=0, le=1)
    """How fast momentum grows."""

    def build(self, groups):
        return torch.optim.NAdam(groups, momentum_decay=self.momentum_decay)


class SignDescent(Optimizer):
    """Steps of one size, which shrink as they are counted: an optimizer that PyTorch does not have."""

    def build(self, groups):
        return CountedSteps(groups)


class CountedSteps(torch.optim.Optimizer):
    def __init__(self, groups):
        super().__init__(groups, {"lr": 1e-3})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:  # it is frozen
                    continue
                state = self.state[parameter]
                state["count"] = state.get("count", 0) + 1  # a plain number, no tensor
                parameter.sub_(parameter.grad.sign(), alpha=group["lr"] / state["count"])


class Bounded(Regularizer):
    """Bound the length of each neuron's weights."""

    bound: float | None = Field(1.0, gt=0, le=100)
    """Greatest length; none for no bound."""

    def after_step(self, model):
        if self.bound is None:
            return
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim > 1:
                    parameter.copy_(parameter.renorm(2, 0, self.bound))


class Blend(Regularizer):
    """Mix each sample with another one."""

    alpha: float = Field(0.2, gt=0, le=10)
    """How much they mix."""

    def mix(self, inputs, targets, generator):
        share = torch.rand(len(inputs), generator=generator)
        other = torch.randperm(len(inputs), generator=generator)
        wide = share.view(-1, *(1,) * (inputs.ndim - 1))
        return (
            inputs * wide + inputs[other] * (1 - wide),
            targets * share.unsqueeze(1) + targets[other] * (1 - share).unsqueeze(1),
        )


class SampleNorm(Regularizer):
    """Normalise over the features of each sample."""

    slot = "norm"

    def layer(self, place):
        return nn.GroupNorm(1, place.features)


class Slowly(FineTuning):
    """Freeze what is near the input, and let the rest learn slowly."""

    share: float = Field(0.5, ge=0, le=1)
    """How slowly."""

    def lr_shares(self, epoch):
        return 0, self.share


class Milestones(Scheduler):
    """Lower the rate at some steps."""

    every = "step"

    steps: tuple[Annotated[int, Field(ge=1, le=1_000_000)], ...] = Field((2, 3), max_length=9)
    """After how many steps."""
    gammas: tuple[Annotated[float, Field(gt=0, le=1e20)], Annotated[float, Field(gt=0, le=1e20)]] = (0.5, 0.1)
    """By how much at the first, and at those that follow."""

    def lr_factor(self, progress, history):
        passed = sum(progress.step >= step for step in self.steps)
        return self.gammas[0] ** min(passed, 1) * self.gammas[1] ** max(passed - 1, 0)


class Target(Stopping):
    """Stop when a figure is good enough, and say so."""

    monitor: Literal["val_loss", "train_loss"] = "val_loss"
    """The figure."""
    target: float = Field(0.001, ge=0, le=100)
    """What is good enough."""
    words: str = Field("reached, or: as good as", max_length=80)
    """How to say it."""
    strict: bool = False
    """Whether it must be better than that."""

    def reason(self, progress, history):
        rows = history.since_start()
        value = getattr(rows[-1], self.monitor) if rows else None
        if value is None or value > self.target or (self.strict and value == self.target):
            return None
        return message("target", "{words} {target}", words=self.words, target=self.target)


@hookimpl
def register_strategies():
    return [
        GreyBars, ColourBars, Features, Halves, Speckle, Wide, Bent, Narrow, LooksAway, AheadAdam, SignDescent,
        Bounded, Blend, SampleNorm, Slowly, Milestones, Target,
    ]  # fmt: skip
