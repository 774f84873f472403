from __future__ import annotations

import math

import pytest
import torch

from engine.finite import all_finite

LARGEST = {dtype: torch.finfo(dtype).max for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64)}


@pytest.mark.parametrize("dtype", LARGEST, ids=str)
@pytest.mark.parametrize("place", [0, 4, 11])
def test_one_value_that_is_not_finite_is_found_wherever_it_stands(dtype, place):
    values = torch.linspace(-1, 1, 12).to(dtype)
    values[5], values[6] = LARGEST[dtype], -LARGEST[dtype]
    assert all_finite(values.reshape(3, 4)), "of finite values the sum may be none"
    for wrong in (math.nan, math.inf, -math.inf):
        broken = values.clone()
        broken[place] = wrong
        assert not all_finite(broken.reshape(3, 4))


def test_no_values_and_parameters_that_are_learned_are_told_too():
    assert all_finite(torch.zeros(0, 3))
    weights = torch.nn.Parameter(torch.tensor([1.0, math.nan]))
    assert not all_finite(weights)
    assert weights.grad_fn is None and weights.requires_grad
