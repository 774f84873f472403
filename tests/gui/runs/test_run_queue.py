"""Runs that wait: in order, kept on disk, none lost."""

from __future__ import annotations

import os

import pytest

from engine.config import recipe
from engine.message import InputError
from gui.runs.queue import FILE, MOST, RunQueue


@pytest.fixture
def config(catalogue):
    return recipe("first-lesson", catalogue)


def numbered(config, *seeds):
    return [config.changed({"seed": seed, "offered": ()}) for seed in seeds]


def test_runs_come_in_order_and_are_there_after_the_window_was_closed(app, config, catalogue, workspace):
    queue, changes = RunQueue(workspace), []
    queue.changed.connect(lambda: changes.append(len(queue.waiting)))
    for seed in range(4):
        queue.add(config.changed({"seed": seed}))
    queue.move(3, 1)
    queue.remove(0)
    assert queue.take() == numbered(config, 3)[0]
    assert changes == [1, 2, 3, 4, 4, 3, 2]
    again = RunQueue(workspace)
    assert again.read(catalogue) is None
    assert list(again.waiting) == list(queue.waiting) == numbered(config, 1, 2)
    again.clear()
    last = RunQueue(workspace)
    assert last.read(catalogue) is None and last.waiting == ()


def test_too_many_are_refused_in_words(app, config, workspace):
    queue = RunQueue(workspace)
    queue.add(*[config] * (MOST - 1))
    with pytest.raises(InputError, match=f"{MOST - 1} runs wait already, and no more than {MOST} can"):
        queue.add(config, config)
    assert len(queue.waiting) == MOST - 1, "all of them, or none"
    queue.add(config)
    again = RunQueue(workspace)
    assert len(queue.waiting) == MOST and again.waiting == ()


def test_as_many_as_may_wait_are_kept_and_read_again(app, config, catalogue, workspace):
    queue, again = RunQueue(workspace), RunQueue(workspace)
    queue.add(*numbered(config, *range(MOST)))
    assert queue.take().seed == 0
    assert again.read(catalogue) is None and list(again.waiting) == numbered(config, *range(1, MOST))


@pytest.mark.parametrize("text", ["", "runs: 7", "runs: [7]", "runs: [{model: {id: no-such}}]", "runs: [{seed: x}]"])
def test_a_queue_that_can_t_be_read_is_put_aside_and_told(app, config, catalogue, workspace, text):
    workspace.mkdir()
    (workspace / FILE).write_text(text, encoding="utf-8")
    queue = RunQueue(workspace)
    assert queue.read(catalogue) is not None and queue.waiting == ()
    assert (workspace / f"damaged-{FILE}").read_text(encoding="utf-8") == text
    queue.add(config)
    assert len(queue.waiting) == 1


def test_what_can_t_be_written_changes_nothing(app, config, workspace, monkeypatch):
    def full(path, values):
        raise OSError(28, "No space left on device", str(path))

    queue = RunQueue(workspace)
    queue.add(config)
    monkeypatch.setattr("gui.runs.queue.write_text", full)
    for change in (queue.take, queue.clear, lambda: queue.add(config), lambda: queue.remove(0)):
        with pytest.raises(OSError, match="No space"):
            change()
        assert list(queue.waiting) == numbered(config, config.seed)


def test_two_windows_share_what_waits_and_none_is_lost_or_comes_twice(app, config, catalogue, workspace):
    one, other = RunQueue(workspace), RunQueue(workspace)
    for queue in (one, other):
        assert queue.read(catalogue) is None
    for seed, queue in enumerate((one, other, one, other)):
        queue.add(config.changed({"seed": seed}))
    assert list(one.waiting) == numbered(config, 0, 1, 2)
    assert one.take() == numbered(config, 0)[0] and list(one.waiting) == numbered(config, 1, 2, 3)
    other.remove(1)  # the run with seed 1, which is the first one by now
    assert list(other.waiting) == numbered(config, 2, 3)
    one.remove(0)  # that run is gone already
    assert one.take() == numbered(config, 2)[0] and other.take() == numbered(config, 3)[0]
    with pytest.raises(IndexError):
        one.take()


def test_a_run_that_is_put_back_is_the_next_again(app, config, workspace):
    queue = RunQueue(workspace)
    for seed in range(2):
        queue.add(config.changed({"seed": seed}))
    queue.put_back(queue.take())
    assert list(queue.waiting) == numbered(config, 0, 1)


def test_an_empty_workspace_has_no_queue(app, catalogue, workspace):
    queue = RunQueue(workspace)
    assert queue.read(catalogue) is None and queue.waiting == ()


def test_what_another_window_could_not_know_stays_when_what_waits_is_removed(app, config, catalogue, workspace):
    one, other = RunQueue(workspace), RunQueue(workspace)
    for queue in (one, other):
        queue.read(catalogue)
    one.add(config.changed({"seed": 0}))
    other.add(config.changed({"seed": 1}))
    one.clear()
    assert list(one.waiting) == numbered(config, 1)
    other.look_again()
    assert list(other.waiting) == numbered(config, 1)


def test_what_was_damaged_meanwhile_is_put_aside_and_not_written_over(app, config, catalogue, workspace):
    queue = RunQueue(workspace)
    queue.read(catalogue)
    for number in range(2):
        queue.add(config)
        (workspace / FILE).write_text(f"runs: {number}", encoding="utf-8")
        with pytest.raises(InputError, match="holds no list of runs"):
            queue.add(config)
        assert queue.waiting == () and not (workspace / FILE).exists()
    assert {path.read_text() for path in workspace.glob("damaged-*")} == {"runs: 0", "runs: 1"}


def test_a_change_within_one_tick_of_the_clock_and_of_the_same_length_is_seen(app, config, catalogue, workspace):
    one, other = RunQueue(workspace), RunQueue(workspace)
    for queue in (one, other):
        queue.read(catalogue)
    for seed in range(2):
        one.add(config.changed({"seed": seed}))
    other.look_again()
    before = (workspace / FILE).stat()
    one.move(0, 1)
    os.utime(workspace / FILE, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert other.take() == numbered(config, 1)[0]
