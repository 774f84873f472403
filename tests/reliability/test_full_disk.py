"""Twenty times in a row there is no room for a checkpoint: a run waits, says so, and goes on to the same end."""

from __future__ import annotations

import random
import sys

import pytest

from tests.reliability.full_disk import TIMES, full_disk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")


@pytest.mark.parametrize(("function", "ended"), [("runner", "all epochs done (3 of 3)"), ("command", "exit code 0")])
def test_a_run_without_room_waits_says_so_each_time_and_goes_on_to_the_same_end(lone_forks, tmp_path, function, ended):
    seed = random.randrange(10**6)
    told = full_disk(lone_forks, tmp_path, function, seed)
    assert told["wrong"] == [], f"seed {seed}"
    assert told["failed"] == [TIMES]
    assert told["ended"] == [ended]
    assert len(told["said"]) <= 3, "of each file of the record that finds no room it is said once"
