"""What tests that need processes of their own share: to begin one that forks costs as much as dozens of forks."""

from __future__ import annotations

import pytest

from tests.reliability.forks import Forks
from tests.reliability.two_processes import MODULES


@pytest.fixture(scope="session")
def forks(tmp_path_factory):
    """Starts processes, which run on all processors."""
    with Forks(tmp_path_factory.mktemp("printed"), *MODULES) as forks:
        yield forks


@pytest.fixture(scope="session")
def lone_forks(tmp_path_factory):
    """Starts processes, all of which share one processor, with a thread each."""
    with Forks(tmp_path_factory.mktemp("printed"), "tests.reliability.ranks", alone=True) as forks:
        yield forks
