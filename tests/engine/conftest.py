from __future__ import annotations

import pytest
import torch

from tests.engine.support import tiny_config


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small are slower on two threads, and other programs run beside the tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny(catalogue):
    """Makes the settings of a run of a few small images: `tiny(epochs=3, ticked=["dropout:p=0.3"])`."""

    def make(**values):
        return tiny_config(catalogue, **values)

    return make
