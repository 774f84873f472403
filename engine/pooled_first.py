"""Max-pooling passed before the ReLU that it follows: the same bits, from fewer values to read and write."""

from __future__ import annotations

import copy
from itertools import pairwise

from torch import nn

POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)


def pooled_first(network: nn.Module) -> nn.Module:
    """The network's own layers, in an order in which a ReLU comes after the max-pooling that follows it.

    What it gives is the same, bit for bit, and so are the gradients: of some values the largest is taken before or
    after what is negative becomes 0, and where all are negative neither order lets a gradient through. With pools of
    2×2 the ReLU has a quarter of the values to read and write, forward and backward. PyTorch's own sequences are
    looked into; whatever else a network is built of stays as it is.
    """
    if type(network) is not nn.Sequential:
        return network
    layers = [(name, pooled_first(layer)) for name, layer in network._modules.items() if layer is not None]
    for place, ((_, first), (_, second)) in enumerate(pairwise(layers)):
        if type(first) is nn.ReLU and type(second) in POOLS and not second.return_indices:
            layers[place : place + 2] = layers[place + 1], layers[place]
    same = copy.copy(network)  # with its hooks
    same._modules = dict(layers)
    return same
