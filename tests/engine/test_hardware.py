"""Numbers of threads, remembered for all processes of a workspace."""

from __future__ import annotations

import json

from engine import hardware
from engine.hardware import remembered_threads


def test_what_another_process_measured_meanwhile_is_kept_and_what_it_measured_for_the_same_is_taken(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(hardware, "is_busy", lambda: False)
    monkeypatch.setattr(hardware, "processors", lambda: 8)
    memory = tmp_path / "data" / "threads.json"

    def measure():
        assert remembered_threads(memory, ["other"], lambda: 3) == 3
        assert remembered_threads(memory, ["same"], lambda: 2) == 2
        return 5

    assert remembered_threads(memory, ["mine"], measure) == 5
    assert remembered_threads(memory, ["same"], measure) == 2
    memory.write_text("{}")
    found = remembered_threads(memory, ["same"], measure)
    assert (found, type(found)) == (2, int)
    assert json.loads(memory.read_text()) == {'["other"]': 3, '["same"]': 2}
