"""What all tests share: the built-in techniques, and a workspace that is never the user's own."""

from __future__ import annotations

import signal

import hypothesis
import pytest
import torch

from engine import language
from engine.catalogue import Catalogue, discover

# A shell that starts the tests in the background, or nohup, has these ignored, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How long an example takes says what else the machine does, nothing of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The built-in techniques."""
    return discover(entry_points=False)


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """A workspace of the test's own, which the command line finds by itself."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("TUNEDECK_WORKSPACE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def english(monkeypatch):
    """The language of the tests, whatever the system's."""
    monkeypatch.setenv(language.VARIABLE, language.ENGLISH)
    yield
    language.use(language.ENGLISH)
    language.distinct_words_of.cache_clear()  # a test may have had words of its own


@pytest.fixture
def one_thread():
    """Networks this small are slower on two threads, and other programs run beside the tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
