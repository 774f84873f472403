from __future__ import annotations

import pytest
import torch
from torch import nn

from plugins.activation.relu import ReLU
from plugins.activation.tanh import Tanh


@pytest.mark.parametrize(
    ("activation", "module", "formula"),
    [(ReLU(), nn.ReLU, lambda x: x.clamp(min=0)), (Tanh(), nn.Tanh, lambda x: 1 - 2 / ((2 * x).exp() + 1))],
    ids=["relu", "tanh"],
)
def test_is_pytorchs_module_and_what_its_explanation_says(activation, module, formula):
    built = activation.build()
    assert type(built) is module
    inputs = torch.linspace(-5, 5, 101)
    torch.testing.assert_close(built(inputs.clone()), formula(inputs))
