"""A run that was stopped and goes on is the run that was never stopped, bit for bit."""

from __future__ import annotations

import pytest

from engine.checkpoints.checkpoint import decode, encode
from engine.events import EpochEnded, Finished, Steps
from engine.store import MemoryStore
from engine.trainer import Stop, Trainer
from tests.engine.support import Blobs, differing, of_type, run, run_stored, tiny_config

EVERYTHING = (
    "random-resized-crop:scale=0.5+1.0", "random-horizontal-flip", "color-jitter", "random-erasing", "dropout:p=0.3",
    "batch-norm", "label-smoothing", "mixup", "weight-decay:decay=0.01", "gradient-accumulation:parts=3",
    "gradient-clipping:max_norm=0.5", "max-norm:max_norm=1.0", "ema:decay=0.9", "balanced-sampling", "warm-up:epochs=3",
    "reduce-lr-on-plateau:patience=0,factor=0.7,threshold=0.1",
    "cosine", "early-stopping:patience=11",
)  # fmt: skip
OPTIMIZERS = ("adam", "sgd:momentum=0.9")
STEPS = 60


@pytest.fixture(scope="module", params=OPTIMIZERS)
def whole(request, catalogue):
    """The settings, and the whole run of 60 steps with everything ticked: events, store and a snapshot at each step."""
    config = tiny_config(catalogue, epochs=12, optimizer=request.param, ticked=EVERYTHING, lr=0.02)
    store, events, snapshots = MemoryStore(), [], {}
    trainer = Trainer(config, lambda: store)
    for event in trainer.run():
        events.append(event)
        if trainer.position.step not in snapshots:
            snapshots[trainer.position.step] = decode(encode(trainer.snapshot()), "memory")
    assert trainer.position.step == STEPS
    lrs = {row.lr for row in trainer.history.epochs}
    assert len(lrs) == 12, "the schedules should be at work"
    return config, events, store, snapshots


def resumed(config, store, stop_at=None):
    """Go on from the store's last snapshot in a new trainer, as a new process would."""
    trainer = Trainer(config, lambda: store, snapshot=store.last())
    return run(trainer, stop_at)


def figures(finished):
    """The figures of the last event that do not depend on the time it took."""
    return (
        str(finished.reason), finished.epochs, finished.step, finished.best_epoch, finished.best_val_loss,
        finished.best_val_accuracy, finished.test_loss, finished.test_accuracy,
    )  # fmt: skip


def test_stopped_after_each_of_its_steps_a_run_is_at_each_of_them_the_whole_one_bit_for_bit(whole):
    config, events, reference, snapshots = whole
    store, snapshot = MemoryStore(), None
    for step in range(STEPS + 1):
        trainer = Trainer(config, lambda: store, snapshot=snapshot)
        stopped = run(trainer, stop_at=step)[-1]
        assert isinstance(stopped, Finished), stopped
        assert stopped.step == step
        snapshot = store.last()
        assert differing(snapshot, snapshots[step]) == [], f"stopped after step {step}"
    ended = resumed(config, store)[-1]
    assert differing(store.last(), reference.last()) == []
    assert differing(store.best(), reference.best()) == []
    assert figures(ended) == figures(events[-1])


def test_resumed_from_any_step_a_run_ends_bit_for_bit_like_the_whole_one(whole):
    config, events, reference, _ = whole
    for step in range(0, STEPS + 1, 12):  # of epochs of five steps: between all of them
        store = MemoryStore()
        run(Trainer(config, lambda store=store: store), stop_at=step)
        rest = resumed(config, store)
        assert differing(store.last(), reference.last()) == [], f"stopped after step {step}"
        assert differing(store.best(), reference.best()) == [], f"best, stopped after step {step}"
        assert figures(rest[-1]) == figures(events[-1]), f"stopped after step {step}"


def test_stopped_at_any_boundary_even_within_an_evaluation_a_run_goes_on_exactly(tiny):
    config = tiny(epochs=2, ticked=["dropout", "batch-norm"], optimizer="adam")
    events, reference, _ = run_stored(config)
    boundary = 0
    while True:
        store = MemoryStore()
        generator = Trainer(config, lambda store=store: store).run()
        try:
            for _ in range(boundary + 1):
                event = next(generator)
        except StopIteration:
            break
        if isinstance(event, Finished):
            break
        last = generator.throw(Stop())
        while not isinstance(last, Finished):
            last = next(generator)
        assert last.stopped
        kept = store.last().meta["progress"]
        assert (kept["step"], kept["epoch"]) == (last.step, last.epochs), f"stopped at boundary {boundary}"
        rest = resumed(config, store)
        assert differing(store.last(), reference.last()) == [], f"stopped at boundary {boundary}"
        assert figures(rest[-1]) == figures(events[-1]), f"stopped at boundary {boundary}"
        boundary += 1
    assert boundary > 2 * 5 + 2 * 3


def test_an_early_stop_comes_at_the_same_epoch_after_a_resume(tiny):
    config = tiny(epochs=30, dataset=Blobs(noise=120.0), lr=0.05, ticked=["early-stopping:patience=2"])
    events, reference, trainer = run_stored(config)
    assert events[-1].reason.code == "early-stopping"
    for step in range(1, trainer.position.step, 4):
        store = MemoryStore()
        run(Trainer(config, lambda store=store: store), stop_at=step)
        rest = resumed(config, store)
        assert figures(rest[-1]) == figures(events[-1]), f"stopped after step {step}"
        assert differing(store.last(), reference.last()) == []


def test_the_events_before_and_after_a_resume_join_without_gap_or_repetition(tiny):
    config = tiny(epochs=3)
    whole, _, _ = run_stored(config)
    store = MemoryStore()
    joined = run(Trainer(config, lambda: store), stop_at=7) + resumed(config, store)
    assert [row for e in of_type(joined, Steps) for row in e.rows] == [
        row for e in of_type(whole, Steps) for row in e.rows
    ]
    assert [e.row.epoch for e in of_type(joined, EpochEnded)] == [1, 2, 3]


@pytest.mark.parametrize("model", ["cnn:channels=4+6,hidden=8", "linear"])
def test_other_models_resume_exactly_too(tiny, model):
    ticked = () if model == "linear" else ("dropout:p=0.3", "batch-norm")
    config = tiny(epochs=2, model=model, ticked=ticked)
    _, reference, _ = run_stored(config)
    for step in (0, 1, 4, 5, 6, 9, 10):
        store = MemoryStore()
        run(Trainer(config, lambda store=store: store), stop_at=step)
        resumed(config, store)
        assert differing(store.last(), reference.last()) == [], f"stopped after step {step}"


@pytest.mark.parametrize("optimizer", ["adam:amsgrad=true", "sgd", "sgd:momentum=0.9,nesterov=true"])
def test_other_optimizers_resume_exactly_too(tiny, optimizer):
    config = tiny(epochs=2, optimizer=optimizer)
    _, reference, _ = run_stored(config)
    for step in (0, 1, 4, 5, 9):
        store = MemoryStore()
        run(Trainer(config, lambda store=store: store), stop_at=step)
        resumed(config, store)
        assert differing(store.last(), reference.last()) == [], f"stopped after step {step}"


def test_half_precision_resumes_exactly_too(tiny):
    config = tiny(epochs=2, precision="bfloat16", ticked=["dropout:p=0.3", "batch-norm"])
    _, reference, _ = run_stored(config)
    store = MemoryStore()
    run(Trainer(config, lambda: store), stop_at=3)
    resumed(config, store)
    assert differing(store.last(), reference.last()) == []


def test_going_on_leaves_the_snapshot_as_it_was(catalogue):
    config = tiny_config(catalogue, epochs=2, ticked=("ema:decay=0.9",))
    store = MemoryStore()
    run(Trainer(config, lambda: store), stop_at=3)
    snapshot = store.last()
    run(Trainer(config, MemoryStore, snapshot=snapshot))
    assert differing(snapshot, store.last()) == []
