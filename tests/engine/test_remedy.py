"""With which settings a run that failed may go on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.catalogue import Catalogue, Entry
from engine.events import Failed
from engine.fork import settings_of
from engine.history import History
from engine.message import message
from engine.position import Change
from engine.remedy import Kind, last_good, remedies, with_changes
from engine.runs import new_run
from tests.engine.support import Blobs, run


@pytest.fixture
def known(catalogue):
    """The catalogue with the data set of the tests."""
    return Catalogue([*catalogue.entries, Entry("blobs", "dataset", Blobs, "the tests")])


def failed(code, plugin=None):
    return Failed(message(code, "it failed"), 3, plugin, "")


@pytest.mark.parametrize(
    ("code", "plugin", "found"),
    [
        ("plugin-failed", "dropout", {Kind.WITHOUT: ("--without", "dropout")}),
        ("plugin-failed", "mlp", {}),
        ("run-failed", None, {}),
        ("out-of-memory", None, {Kind.HALF_BATCH: ("--batch-size", "16")}),
        ("too-little-memory", None, {Kind.HALF_BATCH: ("--batch-size", "16")}),
        ("not-finite", None, {Kind.LOWER_LR: ("--lr", "0.001")}),
        ("weights-not-finite", None, {Kind.LOWER_LR: ("--lr", "0.001")}),
    ],
)
def test_what_may_help_is_offered_and_nothing_else(tiny, code, plugin, found):
    config = tiny(ticked=["dropout"])
    offered = remedies(failed(code, plugin), config)
    assert {remedy.kind: remedy.flags for remedy in offered} == found
    for remedy in offered:
        differing = {
            name for name in type(config).model_fields if getattr(config, name) != getattr(remedy.config, name)
        }
        assert differing <= {"with_", "offered", "batch_size", "lr"} and differing


def test_a_batch_larger_than_the_samples_is_halved_from_what_there_is_and_one_sample_is_not_halved(tiny):
    [remedy] = remedies(failed("out-of-memory"), tiny(batch_size=5000), 130)
    assert remedy.config.batch_size == 65
    assert remedies(failed("out-of-memory"), tiny(batch_size=1)) == []


def test_a_fork_goes_on_with_the_learning_rate_that_its_run_had_come_to(tiny, known, workspace):
    config = tiny(epochs=3, lr=0.01)
    changes = [Change(3, "lr", 0.01, 0.05), Change(4, "epochs", 3, 9), Change(5, "lr", 0.025, 0.05)]
    assert with_changes(config, changes).lr == 0.1
    assert with_changes(config, []) is config
    trainer = new_run(config, known, workspace)
    generator = trainer.run()
    while trainer.position.step < 2:
        next(generator)
    trainer.change_lr(0.05)
    list(generator)
    assert settings_of(Path(trainer.store.where), known).lr == 0.05


def test_a_run_that_did_worse_than_untrained_goes_on_from_its_best(tiny, known, workspace):
    trainer = new_run(tiny(epochs=2), known, workspace)
    run(trainer)
    folder, history = Path(trainer.store.where), History()
    assert last_good(folder, trainer.history).stem == "last"
    history.add_steps([(1, 1.4, 0.1), (10, 99.0, 0.1)])
    assert last_good(folder, history).stem == "best"
    history = History()
    history.add_steps([(1, 1.4, 0.1), (10, 1.0, 0.1), (12, 99.0, 0.1)])
    assert last_good(folder, history).stem == "last", "what came after it doesn't count"
    assert last_good(folder / "none", history) is None


@pytest.mark.parametrize(("factor", "lr"), [(1e12, 1e4), (1e-320, sys.float_info.min)])
def test_a_rate_that_was_changed_beyond_what_can_be_set_is_the_last_that_can(tiny, factor, lr):
    assert with_changes(tiny(lr=0.01), [Change(1, "lr", 1.0, factor)]).lr == lr
