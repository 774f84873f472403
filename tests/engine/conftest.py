from __future__ import annotations

import pytest

from tests.engine.support import tiny_config


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


@pytest.fixture
def tiny(catalogue):
    """Makes the settings of a run of a few small images: `tiny(epochs=3, ticked=["dropout:p=0.3"])`."""

    def make(**values):
        return tiny_config(catalogue, **values)

    return make
