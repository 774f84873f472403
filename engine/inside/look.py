"""A look inside a network at one step of its training: how the values run through its layers, what comes back as
gradient, and how far the step moves the weights (Glorot, Bengio 2010, "Understanding the difficulty of training deep
feedforward networks", look at networks in this way).

A look only reads: it draws no random numbers and changes no value, so a run that is looked at is the same run, bit for
bit. Its figures stay on the device until the losses are fetched from there. Of several processes each sees its own
share of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite, nan

import torch
from torch import Tensor, nn
from torch.nn.modules import activation as activations
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.hooks import RemovableHandle

from engine.inside.record import BINS, FIGURES, HIGHEST, LOWEST, LayerLook, layer_look, plain_name

COUNTED = 2**13
"""Values of a layer, at most, whose sizes are counted: those of the first samples of the batch."""
FLAT = {nn.Tanh: (0.0, 0.95), nn.Sigmoid: (0.5, 0.475)}
"""Where an activation has a tenth of its steepest slope: its middle, and the distance from there. Of tanh y the slope
is 1 - y², of a sigmoid y it is y (1 - y), and both have it at 95 % of the way to their bounds."""
NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
ACTIVATIONS = tuple(
    kind
    for name in activations.__all__
    if name not in ("MultiheadAttention", "Softmax", "Softmax2d", "Softmin", "LogSoftmax")
    and isinstance(kind := getattr(activations, name), type)
)
DIGITS = 6
"""Of a figure, that are kept."""


@dataclass
class _Layer:
    """A layer with weights, and what is known of it by now."""

    name: str
    weight: nn.Parameter
    units: int
    """The axis of its output along which its units lie."""
    output: Tensor | None = None
    """What it has given by now: its norm and activation may still follow."""
    flat: tuple[float, float] | None = None
    handle: RemovableHandle | None = None
    figures: dict[str, Tensor] = field(default_factory=dict)
    values: Tensor | None = None
    gradients: Tensor | None = None
    before: Tensor | None = None


class Look:
    """One step, seen from inside. Of a layer that is used several times, the first use is seen."""

    def __init__(self, model: nn.Module, step: int, activation: nn.Module | None = None) -> None:
        """A look at step number `step` (from 1). `activation` is one of the run's own, whatever class it is of."""
        self.step = step
        self._model = model
        self._activations = (*ACTIVATIONS, type(activation)) if activation is not None else ACTIVATIONS
        self._layers: dict[str, _Layer] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """See what passes in this context, forward and backward."""
        leaves = [(name, module) for name, module in self._model.named_modules() if not list(module.children())]
        handles = [
            module.register_forward_hook(lambda m, given, got, name=name: self._passed(name, m, given, got))
            for name, module in leaves
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            for layer in self._layers.values():
                self._measure(layer)  # what has no gradient
                if layer.handle is not None:
                    layer.handle.remove()
                layer.output = layer.handle = None

    def before_step(self) -> None:
        """The gradients are there, and the weights are as they were."""
        with torch.no_grad():
            for layer in self._layers.values():
                weight = layer.weight.detach()
                layer.figures["weight"] = _norm(weight)
                if layer.weight.grad is not None:
                    layer.figures["weight_gradient"] = _norm(layer.weight.grad)
                    layer.before = weight.clone()

    def after_step(self) -> None:
        """The weights were moved."""
        with torch.no_grad():
            for layer in self._layers.values():
                if layer.before is not None:
                    layer.figures["update"] = _norm(layer.weight.detach() - layer.before) / layer.figures["weight"]
                    layer.before = None

    def rows(self) -> tuple[LayerLook, ...]:
        """What was seen, layer by layer as values pass them. Waits for the device, once."""
        layers = list(self._layers.values())
        if not layers:
            return ()
        table = torch.stack([_as_one(layer) for layer in layers]).tolist()
        return tuple(_row(self.step, layer.name, numbers) for layer, numbers in zip(layers, table, strict=True))

    # --- while it passes ---------------------------------------------------------------------------

    def _passed(self, name: str, module: nn.Module, given: Sequence[object], got: object) -> None:
        """Something has passed a module: a new layer, or the norm or activation of one."""
        if not isinstance(got, Tensor) or not got.is_floating_point() or not got.numel():
            return
        weight = module._parameters.get("weight")
        if weight is not None and weight.ndim > 1 and not isinstance(module, (*NORMS, nn.Embedding)):
            if name not in self._layers and got.ndim > 1:
                units = got.ndim - 1 if weight.ndim == 2 else 1
                layer = self._layers[name] = _Layer(plain_name(name), weight, units)
                self._follow(layer, got)
        elif isinstance(module, (*NORMS, *self._activations)) and given:
            layer_before = next((each for each in self._layers.values() if each.output is given[0]), None)
            if layer_before is not None:
                self._follow(layer_before, got)
                if not isinstance(module, NORMS):
                    layer_before.flat = FLAT.get(type(module))
                    self._measure(layer_before)  # at once: what comes next may work in its place
                    layer_before.output = None

    def _follow(self, layer: _Layer, output: Tensor) -> None:
        """This is what the layer gives, as far as is known."""
        if layer.handle is not None:
            layer.handle.remove()
        layer.output = output
        layer.handle = output.register_hook(lambda g: self._came_back(layer, g)) if output.requires_grad else None

    def _came_back(self, layer: _Layer, gradient: Tensor) -> None:
        self._measure(layer)
        if layer.gradients is None:
            layer.figures["gradient"] = _norm(gradient)
            layer.gradients = _sizes(_some(gradient).float().abs())

    def _measure(self, layer: _Layer) -> None:
        """Take the figures of what the layer gave, unless they are taken."""
        if layer.output is None or layer.values is not None:
            return
        with torch.no_grad():
            output = layer.output.detach().float()
            figures, size = layer.figures, output.abs()
            others = [axis for axis in range(output.ndim) if axis != layer.units]
            figures["deviation"], figures["mean"] = torch.var_mean(output, correction=0)
            figures["deviation"] = figures["deviation"].sqrt()
            figures["dead"] = (size.amax(others) == 0).float().mean()
            if layer.flat is not None:
                middle, reach = layer.flat
                figures["saturated"] = ((output - middle).abs() > reach).float().mean()
            layer.values = _sizes(_some(size))


def _some(values: Tensor) -> Tensor:
    """Those of the first samples, of a tensor `[N, ...]`."""
    return values[: max(1, COUNTED * len(values) // max(1, values.numel()))]


def _sizes(sizes: Tensor) -> Tensor:
    """How many of these sizes lie in each bin, `[BINS]`; zeros are not counted, what lies beyond counts at the end."""
    logs = sizes.log10().clamp(max=HIGHEST)
    logs = torch.where(sizes > 0, logs.clamp(min=LOWEST), LOWEST - 1.0)
    return torch.histc(logs, BINS, LOWEST, HIGHEST)


def _norm(tensor: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(tensor, dtype=torch.float32)
    return norm


def _as_one(layer: _Layer) -> Tensor:
    """All figures and counts of a layer; nan for those that there are not."""
    ground = layer.weight.detach()
    missing = torch.full((), nan, device=ground.device)
    figures = torch.stack([layer.figures.get(name, missing) for name in FIGURES])
    none = torch.full((BINS,), nan, device=ground.device)
    counts = [each if each is not None else none for each in (layer.values, layer.gradients)]
    return torch.cat([figures, *counts])


def _row(step: int, name: str, numbers: list[float]) -> LayerLook:
    figures = [float(f"{value:.{DIGITS}g}") if isfinite(value) else None for value in numbers[: len(FIGURES)]]
    values, gradients = (
        tuple(map(int, counts)) if all(map(isfinite, counts)) else ()
        for counts in (numbers[len(FIGURES) : -BINS], numbers[-BINS:])
    )
    return layer_look(step, name, figures, values, gradients)
