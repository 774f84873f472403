"""Killed at random moments again and again, a run loses no checkpoint, and ends like one that nobody disturbed."""

from __future__ import annotations

import random
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config import recipe
from engine.trainer import SAVE_SECONDS
from tests.reliability.kills import kills
from tests.reliability.risk import training_at_risk


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL, no SIGTERM to catch, and no fork")
def test_killed_at_random_moments_a_run_loses_no_checkpoint_and_ends_bit_for_bit_the_same(lone_forks, tmp_path):
    seed = random.randrange(10**6)
    found = kills(lone_forks, tmp_path, times=6, seed=seed)
    assert found.wrong == [], f"seed {seed}"
    assert found.loaded == found.killed == 6


# --- how much training a kill may cost ------------------------------------------------------------


@pytest.fixture
def long_epochs(catalogue, one_thread):
    """Two epochs of twelve steps each, saved at the end of an epoch and by the clock alone."""
    return recipe("default", catalogue).changed({
        "dataset": catalogue.make("dataset", "noisy-line", {"points": 24}), "loss": catalogue.make("loss", "mse", {}),
        "model": catalogue.make("model", "linear", {}), "epochs": 2, "batch_size": 2, "threads": "1", "device": "cpu",
    })  # fmt: skip


def seconds(most):
    return st.lists(st.floats(0, most), min_size=1, max_size=24)


fresh = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fresh
@given(steps=seconds(SAVE_SECONDS / 2), evaluations=seconds(600), saves=seconds(60), pauses=seconds(600))
def test_no_kill_loses_more_than_thirty_seconds_of_training(long_epochs, steps, evaluations, saves, pauses):
    assert training_at_risk(long_epochs, steps, evaluations, saves, pauses) <= SAVE_SECONDS + 1e-6


@fresh
@given(steps=seconds(600), pauses=seconds(600))
def test_steps_that_take_very_long_are_lost_one_at_a_time(long_epochs, steps, pauses):
    assert training_at_risk(long_epochs, steps, pauses=pauses) <= SAVE_SECONDS / 2 + max(steps) + 1e-6


@pytest.mark.parametrize(("step", "most"), [(0.1, 2.4), (10.0, 20.0), (16.0, 16.0), (100.0, 100.0)])
def test_so_much_is_lost_at_most_where_all_steps_take_as_long(long_epochs, step, most):
    assert training_at_risk(long_epochs.changed({"epochs": 1}), [step]) <= most + 1e-6
