"""What a step does with the contract of regularizers, models and initializers."""

from __future__ import annotations

import pytest
import torch

from engine.checkpoints.checkpoint import decode, encode
from engine.events import Finished
from engine.strategy import Field, Initializer, Loss, Message, Regularizer, Stopping, message
from engine.trainer import Trainer
from plugins.model.mlp import MLP
from tests.engine.support import of_type, run, run_stored

SEEN: list = []
"""What a strategy, which keeps no state, noted in a test."""


class Pieces(Regularizer):
    """Take each batch in parts."""

    count: int = Field(3, ge=1)
    """How many."""

    def micro_batches(self, size):
        return min(self.count, size)


class Sizes(Loss):
    """Cross-entropy that notes the sizes of batches."""

    seen: list = []

    def __call__(self, outputs, targets):
        SEEN.append(len(targets))
        return torch.nn.functional.cross_entropy(outputs, targets)


@pytest.mark.parametrize("ticked", [[], ["l1:strength=0.01", "gradient-clipping:max_norm=0.1", "label-smoothing"]])
def test_a_batch_taken_in_parts_moves_the_weights_as_a_whole_one_does(tiny, ticked):
    whole = Trainer(tiny(ticked=ticked, optimizer="sgd", lr=0.1, epochs=1))
    parts = Trainer(tiny(ticked=[*ticked, Pieces()], optimizer="sgd", lr=0.1, epochs=1))
    start = {name: tensor.clone() for name, tensor in whole.learner.model.state_dict().items()}
    run(whole)
    run(parts)
    for name, tensor in whole.learner.model.state_dict().items():
        torch.testing.assert_close(parts.learner.model.state_dict()[name], tensor, rtol=1e-4, atol=1e-6)
        assert not torch.allclose(tensor, start[name], rtol=1e-4, atol=1e-6)
    row, other = whole.history.epochs[0], parts.history.epochs[0]
    assert other.train_loss == pytest.approx(row.train_loss, abs=1e-6)
    assert other.train_accuracy == row.train_accuracy


def test_parts_differ_by_one_sample_at_most(tiny):
    SEEN.clear()
    trainer = Trainer(tiny(ticked=[Pieces(count=5)], loss=Sizes(), epochs=1))
    SEEN.clear()
    run(trainer, stop_at=1)
    assert sorted(SEEN[:5]) == [6, 6, 6, 7, 7]


class EvenRows(Regularizer):
    """Visit the even rows, twice."""

    def order(self, targets, generator):
        rows = torch.arange(0, len(targets), 2)
        return torch.cat([rows, rows])[torch.randperm(len(targets), generator=generator)]


def test_an_epoch_visits_the_rows_that_a_regularizer_says(tiny):
    trainer = Trainer(tiny(ticked=[EvenRows()], epochs=2))
    first, second = trainer.learner.order(0), trainer.learner.order(1)
    assert sorted(first.tolist()) == sorted([*range(0, 130, 2)] * 2)
    assert not torch.equal(first, second)
    assert torch.equal(first, trainer.learner.order(0))
    visited = []
    step = trainer.learner.step
    trainer.learner.step = lambda rows, *rest: (visited.append(rows), step(rows, *rest))[1]
    run(trainer)
    assert torch.equal(torch.cat(visited), torch.cat([first, second]))


class Once(Initializer):
    """Counts how often it is asked."""

    asked: list = []

    def apply(self, model):
        SEEN.append("initializer")


class Brings(MLP):
    """An MLP with weights and statistics of its own."""

    id = "brings"

    def statistics(self, data):
        return torch.full((data.input_shape[0],), 3.0), torch.full((data.input_shape[0],), 7.0)

    def pretrained(self, network, source):
        SEEN.append("pretrained")
        torch.nn.init.constant_(network.head.weight, 0.25)


def test_a_new_run_asks_for_initial_then_pretrained_weights_and_a_resumed_one_for_none(tiny):
    SEEN.clear()
    config = tiny(model=Brings(hidden=(6,)), initializer=Once(), epochs=1)
    trainer = Trainer(config)
    assert SEEN == ["initializer", "pretrained"]
    assert (trainer.learner.model.head.weight == 0.25).all()
    run(trainer, stop_at=2)
    resumed = Trainer(config, snapshot=decode(encode(trainer.snapshot()), "memory"))
    assert SEEN == ["initializer", "pretrained"]
    assert torch.equal(resumed.learner.model.head.weight, trainer.learner.model.head.weight)


def test_a_models_own_statistics_take_the_place_of_the_scaling(tiny):
    trainer = Trainer(tiny(model=Brings(hidden=(6,)), initializer=Once(), scaling="standardise"))
    assert trainer.learner.statistics() == {"mean": [3.0], "std": [7.0]}
    plain = Trainer(tiny(scaling="standardise"))
    assert plain.learner.statistics() != {"mean": [3.0], "std": [7.0]}


class AfterSteps(Stopping):
    """Stop after some steps, within an epoch."""

    every = "step"

    steps: int = Field(3, ge=1)
    """How many since the start."""

    def reason(self, progress, history) -> Message | None:
        if progress.step - 5 * sum(history.marks) < self.steps:
            return None
        return message("after-steps", "{steps} steps", steps=progress.step)


@pytest.fixture
def _often(monkeypatch):
    """Losses come over, and stoppings are asked, after every step."""
    monkeypatch.setattr("engine.position.FLUSH_SECONDS", -1.0)


@pytest.mark.usefixtures("_often")
@pytest.mark.parametrize(("steps", "epochs"), [(3, 0), (7, 1), (10, 2), (99, 4)])
def test_a_stopping_that_is_asked_between_steps_ends_a_run_within_an_epoch(tiny, steps, epochs):
    events, store, trainer = run_stored(tiny(ticked=[AfterSteps(steps=steps)], epochs=4))
    finished = events[-1]
    assert isinstance(finished, Finished) and not finished.stopped
    assert (finished.step, finished.epochs) == (min(steps, 20), epochs)
    assert finished.reason.code == ("all-epochs" if steps == 99 else "after-steps")
    assert finished.test_loss is not None
    progress = store.last().meta["progress"]
    assert progress["step"] == min(steps, 20) and progress["reason"]["code"] == finished.reason.code
    assert len(of_type(events, Finished)) == 1
    # A finished run that is opened again has nothing to do, and an extended one goes on within the epoch.
    again = Trainer(trainer.config, snapshot=store.last())
    assert of_type(run(again), Finished)[0].step == finished.step


@pytest.mark.usefixtures("_often")
def test_an_extended_run_counts_seconds_from_its_last_start(tiny):
    class Limit(Stopping):
        """Stop after some seconds."""

        every = "step"
        seen: list = []

        def reason(self, progress, history):
            SEEN.append(progress.seconds)
            return message("limit", "time is up") if progress.seconds > 1e-9 and len(SEEN) == 7 else None

    SEEN.clear()
    config = tiny(ticked=[Limit()], epochs=4)
    trainer = Trainer(config)
    run(trainer)
    assert sorted(SEEN) == SEEN and SEEN[0] > 0
    assert trainer.position.step == 7  # the fifth question came at the end of the epoch, not twice
    total = sum(row.train_seconds + row.val_seconds for row in trainer.history.epochs) + trainer.position.sums.seconds
    assert SEEN[-1] == pytest.approx(total)
    extended = Trainer(config, snapshot=decode(encode(trainer.snapshot()), "memory"))
    extended.extend(6)
    run(extended)
    assert 0 < SEEN[7] < total, "the time before the extension counted"


@pytest.mark.parametrize(("epochs", "code"), [(1, "all-epochs"), (2, "enough")])
def test_a_run_that_has_done_all_its_epochs_was_not_stopped_early(tiny, epochs, code):
    class Enough(Stopping):
        """Stop after the first epoch."""

        def reason(self, progress, history):
            return message("enough", "enough")

    events, _, _ = run_stored(tiny(ticked=[Enough()], epochs=epochs))
    assert (events[-1].epochs, events[-1].reason.code) == (1, code)


def test_trying_numbers_of_threads_moves_no_weight(tiny, tmp_path, monkeypatch):
    # The norms' statistics move with each pass through the network itself, whatever the optimizer is of.
    learner = Trainer(tiny(model="cnn:channels=4,hidden=8", ticked=["batch-norm"], epochs=1)).learner
    before = {name: tensor.clone() for name, tensor in learner.model.state_dict().items()}
    tried: list[torch.Tensor] = []
    monkeypatch.setattr("engine.learner.fastest_threads", lambda step, most: tried.append(step()[0]) or 1)
    assert learner.choose_threads(tmp_path / "threads.json") == 1
    assert len(tried) == 1 and tried[0] > 0
    assert all(torch.equal(tensor, before[name]) for name, tensor in learner.model.state_dict().items())
