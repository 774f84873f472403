from __future__ import annotations

import dataclasses
import math
import time
from itertools import pairwise

import pytest
import torch
from torch.nn import functional

from engine.data import batch_bounds, permutation, split
from engine.events import Changed, EpochEnded, Failed, Finished, Saved, SaveFailed, Started, Steps
from engine.failure import StartFailed
from engine.message import InputError, Message, message
from engine.network import restore_model
from engine.randomness import seed_global_generators, stream
from engine.store import MemoryStore
from engine.strategy import (
    Activation,
    Advice,
    Augmentation,
    Dataset,
    Initializer,
    Loss,
    Model,
    Optimizer,
    Regularizer,
    Scaling,
    Scheduler,
    Stopping,
)  # fmt: skip
from engine.trainer import Stop, Trainer
from tests.engine.support import Blobs, differing, of_type, run, run_stored, same_bits


def direct_figures(trainer, part):
    """Loss and accuracy of the trainer's network on a part, all at once."""
    trainer.learner.model.eval()
    with torch.no_grad():
        outputs = trainer.learner.model(trainer.learner.scale(part.inputs)).double()
    loss = functional.cross_entropy(outputs, part.targets).item()
    return loss, (outputs.argmax(1) == part.targets).double().mean().item()


# --- events ---------------------------------------------------------------------------------------


def test_events_come_in_order_and_exactly_one_ends_the_run(tiny):
    events, _, _ = run_stored(tiny(epochs=3))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert len(of_type(events, Finished)) == 1 and len(of_type(events, Started)) == 1
    kinds = [type(event) for event in events if not isinstance(event, Steps)]
    assert kinds == [Started, *[EpochEnded, Saved] * 3, Finished]
    steps = [row[0] for event in of_type(events, Steps) for row in event.rows]
    assert steps == list(range(1, 16))


def test_steps_are_told_once_and_none_is_missing_when_saves_come_between(tiny):
    events, _, trainer = run_stored(tiny(epochs=3, keep_every=2))
    told = [row for event in of_type(events, Steps) for row in event.rows]
    assert told == [tuple(row) for row in trainer.history.steps.tolist()]
    for event in of_type(events, Steps):
        assert event.epoch == (event.rows[-1][0] - 1) // 5 + 1
        assert event.batch == (event.rows[-1][0] - 1) % 5 + 1


def test_events_hold_numbers_strings_and_tuples_only(tiny):
    trainer = Trainer(tiny(epochs=2, ticked=["early-stopping:patience=1"]))
    events = [*run(trainer, stop_at=7), trainer.change_lr(0.5)]

    def check(value):
        if isinstance(value, Message):
            value = tuple(value.values.values())
        if isinstance(value, tuple):
            for item in value:
                check(item)
        else:
            assert value is None or type(value) in (bool, int, float, str), repr(value)

    assert {type(e) for e in events} >= {Started, Steps, EpochEnded, Saved, Finished, Changed}
    for event in events:
        for field in dataclasses.fields(event):
            check(getattr(event, field.name))


def test_a_run_yields_at_every_step_boundary(tiny):
    trainer = Trainer(tiny(epochs=2))
    seen = [trainer.position.step for _ in trainer.run()]
    assert set(seen) == set(range(11))
    assert max(after - before for before, after in pairwise(seen)) == 1


def test_started_tells_what_is_being_trained(tiny):
    events, _, trainer = run_stored(tiny(epochs=3))
    started = events[0]
    assert started.parts == (130, 40, 40)
    assert (started.epoch, started.step, started.epochs, started.steps_per_epoch) == (0, 0, 3, 5)
    assert started.parameters == 64 * 12 + 12 + 12 * 8 + 8 + 8 * 4 + 4
    assert (started.device, started.threads, started.lr) == ("cpu", 1, 0.01)
    assert sum(p.numel() for p in trainer.learner.model.parameters()) == started.parameters


# --- figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(32, [32, 32, 32, 32, 2]), (43, [43, 43, 44]), (130, [130]), (999, [130])]
)
def test_train_loss_is_the_mean_over_samples_whatever_the_batches(tiny, batch_size, sizes):
    config = tiny(epochs=2, batch_size=batch_size)
    events, _, trainer = run_stored(config)
    rows = [row for event in of_type(events, Steps) for row in event.rows]
    assert [end - start for start, end in trainer.learner.bounds] == sizes
    for number, ended in enumerate(of_type(events, EpochEnded)):
        losses = [loss for _, loss, _ in rows[number * len(sizes) : (number + 1) * len(sizes)]]
        expected = sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / 130
        assert math.isclose(ended.row.train_loss, expected, rel_tol=1e-12)
        assert ended.row.train_samples == 130


def test_the_figures_of_an_epoch_are_those_of_a_loop_written_by_hand(tiny):
    config = tiny(epochs=2, optimizer="sgd", lr=0.1)
    events, _, _ = run_stored(config)
    other = Trainer(config)
    model, scale, data = other.learner.model, other.learner.scale, other.learner.parts.training
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch, ended in enumerate(of_type(events, EpochEnded)):
        order, loss_sum, correct = permutation(130, config.seed, epoch), 0.0, 0
        model.train()
        for start in range(0, 130, 32):
            rows = order[start : start + 32]
            outputs = model(scale(data.inputs[rows]))
            loss = functional.cross_entropy(outputs, data.targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(rows)
            correct += int((outputs.argmax(1) == data.targets[rows]).sum())
        row = ended.row
        assert math.isclose(row.train_loss, loss_sum / 130, rel_tol=1e-5)
        assert row.train_accuracy == correct / 130
        assert (row.val_loss, row.val_accuracy) == pytest.approx(
            direct_figures(other, other.learner.parts.validation), rel=1e-5
        )
        assert row.lr == 0.1


def test_validation_and_clean_loss_are_measured_in_evaluation_mode_without_augmentation(tiny):
    ticked = [
        "dropout:p=0.5",
        "batch-norm",
        "random-resized-crop:scale=0.2+0.5",
        "label-smoothing:smoothing=0.4",
        "l1:strength=1",
    ]
    events, _, trainer = run_stored(tiny(epochs=1, ticked=ticked))
    row = of_type(events, EpochEnded)[0].row
    parts = trainer.learner.parts
    assert (row.val_loss, row.val_accuracy) == pytest.approx(direct_figures(trainer, parts.validation), rel=1e-5)
    clean = direct_figures(trainer, trainer.learner.clean)
    assert (row.clean_train_loss, row.clean_train_accuracy) == pytest.approx(clean, rel=1e-5)


def test_the_clean_sample_is_a_fixed_part_of_the_training_samples_as_large_as_validation(tiny):
    samples = []
    for seed in (0, 1):
        learner = Trainer(tiny(seed=seed)).learner
        rows = {image.numpy().tobytes() for image in learner.clean.inputs}
        assert len(rows) == 40
        assert rows <= {image.numpy().tobytes() for image in learner.parts.training.inputs}
        samples.append(rows)
    assert samples[0] == samples[1]


def test_an_evaluation_in_several_batches_is_the_same_as_one_over_the_whole_part(tiny):
    trainer = Trainer(tiny(dataset=Blobs(validation=2_500)))
    evaluation = trainer.learner.evaluate(trainer.learner.parts.validation)
    boundaries = 0
    while True:
        try:
            next(evaluation)
            boundaries += 1
        except StopIteration as end:
            figures = end.value
            break
    assert boundaries == 3, "it should be interruptible between batches"
    assert (figures.loss, figures.accuracy) == pytest.approx(
        direct_figures(trainer, trainer.learner.parts.validation), rel=1e-5
    )


def test_training_loss_leaves_penalties_out(tiny):
    plain, _, _ = run_stored(tiny(epochs=1, lr=1e-9))
    penalised, _, _ = run_stored(tiny(epochs=1, lr=1e-9, ticked=["l1:strength=1"]))
    expected = of_type(plain, EpochEnded)[0].row.train_loss
    assert of_type(penalised, EpochEnded)[0].row.train_loss == pytest.approx(expected, rel=1e-4)


def test_a_run_without_validation_and_test_parts_goes_by_the_training_loss(tiny):
    config = tiny(epochs=3, dataset=Blobs(validation=0, test=0), validation_samples="0%").changed(
        {"validation_samples": "0%"}
    )
    bundle = config.dataset.load(None)
    assert bundle.validation is None
    events, _, trainer = run_stored(config)
    finished, rows = events[-1], trainer.history.epochs
    assert trainer.learner.parts.validation is None
    assert all(row.val_loss is None and row.val_accuracy is None for row in rows)
    assert finished.best_epoch == min(rows, key=lambda row: row.train_loss).epoch


# --- the best -------------------------------------------------------------------------------------


@pytest.mark.parametrize("monitor", ["val_loss", "val_accuracy", "train_loss", "clean_train_accuracy"])
def test_best_is_the_earliest_of_the_best_epochs_and_its_weights_are_tested(tiny, monitor):
    config = tiny(epochs=8, lr=0.05, monitor=monitor, dataset=Blobs(noise=110.0))
    events, store, trainer = run_stored(config)
    values = [getattr(row, monitor) for row in trainer.history.epochs]
    wanted = max(values) if monitor.endswith("accuracy") else min(values)
    finished = events[-1]
    assert finished.best_epoch == values.index(wanted) + 1
    assert store.best().meta["progress"]["epoch"] == finished.best_epoch
    assert all(same_bits(t, trainer.learner.model.state_dict()[n]) for n, t in store.best().group("model").items())
    tested = direct_figures(trainer, trainer.learner.parts.test)
    assert (finished.test_loss, finished.test_accuracy) == pytest.approx(tested, rel=1e-5)
    assert finished.best_val_loss == trainer.history.epochs[finished.best_epoch - 1].val_loss
    best_so_far = [e.row.epoch for e in of_type(events, EpochEnded) if e.best]
    running = [
        n + 1
        for n, v in enumerate(values)
        if all((v > w) if monitor.endswith("accuracy") else (v < w) for w in values[:n])
    ]
    assert best_so_far == running


def test_the_last_weights_are_kept_apart_from_the_best(tiny):
    events, store, _ = run_stored(tiny(epochs=12, lr=0.1, dataset=Blobs(noise=150.0)))
    assert events[-1].best_epoch < 12, "the run should overfit"
    assert store.last().meta["progress"]["epoch"] == 12
    assert differing(store.last(), store.best()) != []


def test_the_same_settings_repeat_a_run_and_another_seed_does_not(tiny):
    config = tiny(epochs=2, ticked=["dropout", "random-horizontal-flip"])
    stores = [run_stored(c)[1] for c in (config, config, config.changed({"seed": 1}))]
    assert differing(stores[0].last(), stores[1].last()) == []
    assert differing(stores[0].last(), stores[2].last()) != []


class CountsThreads(Blobs):
    """Tells how many threads there are when it is read."""

    def load(self, source):
        THREADS.append(torch.get_num_threads())
        return super().load(source)


THREADS: list[int] = []


def test_statistics_and_first_weights_do_not_depend_on_the_threads_of_the_run_before(tiny):
    THREADS.clear()
    for threads in (1, 3):
        torch.set_num_threads(threads)
        run_stored(tiny(epochs=1, dataset=CountsThreads()))
    assert len(set(THREADS)) == 1


def test_random_numbers_drawn_between_two_steps_change_nothing(tiny):
    config = tiny(epochs=2, ticked=["dropout", "random-resized-crop", "random-horizontal-flip"])
    _, reference, _ = run_stored(config)
    store = MemoryStore()
    for number, _ in enumerate(Trainer(config, lambda: store).run()):
        torch.rand(number)
        seed_global_generators(number)
        stream(number, "preview")
        torch.set_grad_enabled(True)
    assert differing(store.last(), reference.last()) == []


DRAWN: list[float] = []


class Draws(Augmentation):
    """Notes what its generator gives."""

    def __call__(self, images, generator):
        DRAWN.append(torch.rand((), generator=generator).item())
        return images


def test_augmentation_draws_anew_in_every_step_whatever_else_is_ticked(tiny):
    drawn = []
    for ticked in ([Draws()], [Draws()], ["dropout", "l1", Draws()]):
        DRAWN.clear()
        run_stored(tiny(epochs=3, ticked=ticked))
        drawn.append(list(DRAWN))
    assert len(set(drawn[0])) == 15
    assert drawn[1] == drawn[0]
    assert drawn[2] == drawn[0]


def test_keep_every_keeps_a_checkpoint_of_each_so_many_steps(tiny):
    _, store, _ = run_stored(tiny(epochs=3, keep_every=4))
    assert sorted(store.kept) == [4, 8, 12]


# --- stopping -------------------------------------------------------------------------------------


def test_a_stopped_run_keeps_everything_and_leaves_the_test_part_alone(tiny):
    store = MemoryStore()
    events = run(Trainer(tiny(epochs=3), lambda: store), stop_at=7)
    finished = events[-1]
    assert finished.stopped
    assert finished.reason.code == "stopped"
    assert (finished.step, finished.epochs, finished.test_loss, finished.test_accuracy) == (7, 1, None, None)
    progress = store.last().meta["progress"]
    assert (progress["epoch"], progress["batch"], progress["step"], progress["reason"]) == (1, 2, 7, None)
    assert isinstance(events[-2], Saved)


def test_a_closed_run_gives_its_store_free(tiny):
    closed = []

    class Watched(MemoryStore):
        def close(self):
            closed.append(True)

    generator = Trainer(tiny(), Watched).run()
    next(generator)
    assert not closed
    generator.close()
    assert closed == [True]


def test_a_store_that_can_not_be_described_is_given_free(tiny):
    closed = []

    class Refuses(MemoryStore):
        def describe(self, settings, environment):
            raise InputError("cannot-write", "no room")

        def close(self):
            closed.append(True)

    with pytest.raises(InputError, match="no room"):
        Trainer(tiny(), Refuses)
    assert closed == [True]


# --- saves that fail ------------------------------------------------------------------------------


class FullDisk(MemoryStore):
    """A store that has no room for its next `failures` saves."""

    def __init__(self, failures):
        super().__init__()
        self.failures = failures

    def save(self, snapshot, **options):
        if self.failures > 0:
            self.failures -= 1
            raise OSError(28, "No space left on device")
        return super().save(snapshot, **options)


def test_a_save_that_fails_is_told_tried_again_and_changes_nothing(tiny):
    config = tiny(epochs=3, ticked=["dropout"])
    _, reference, _ = run_stored(config)
    store = FullDisk(failures=4)
    events = run(Trainer(config, lambda: store))
    assert [e.text.code for e in of_type(events, SaveFailed)] == ["save-failed"] * 4
    assert "No space left" in str(of_type(events, SaveFailed)[0].text)
    assert isinstance(events[-1], Finished)
    assert len(of_type(events, Saved)) == 3
    assert differing(store.last(), reference.last()) == []


def test_stopping_while_a_save_fails_tries_once_more_and_a_second_stop_gives_up(tiny):
    for failures, saves in ((1, 1), (99, 0)):
        store = FullDisk(failures)
        generator = Trainer(tiny(epochs=1), lambda store=store: store).run()
        events = []
        for event in generator:
            if isinstance(event, SaveFailed):
                break
        event = generator.throw(Stop())
        while True:
            events.append(event)
            if isinstance(event, Finished):
                break
            event = generator.throw(Stop()) if isinstance(event, SaveFailed) else next(generator)
        assert events[-1].stopped
        assert len(of_type(events, Saved)) == saves
        assert len(of_type(events, SaveFailed)) == 1 - saves
        assert list(generator) == []


class AtStep(Stopping):
    """Ends a run within an epoch."""

    every = "step"
    step: int = 7
    """After so many steps."""

    def reason(self, progress, history):
        return message("enough", "enough") if progress.step >= self.step else None


def test_a_stop_tries_once_more_too_where_a_rule_ended_the_run_within_an_epoch(tiny, monkeypatch):
    monkeypatch.setattr("engine.position.FLUSH_SECONDS", -1.0)
    store = FullDisk(failures=0)
    generator = Trainer(tiny(epochs=2, ticked=[AtStep()]), lambda: store).run()
    for event in generator:
        if isinstance(event, Saved):
            store.failures = 1
        if isinstance(event, SaveFailed):
            break
    events = [generator.throw(Stop()), *generator]
    assert len(of_type(events, Saved)) == 1 and isinstance(events[-1], Finished)
    assert store.last().meta["progress"]["step"] == 7 and store.last().meta["progress"]["reason"]["code"] == "enough"


def test_time_spent_on_saving_is_no_training_time(tiny, monkeypatch):
    offset, true_clock = [0.0], time.perf_counter
    monkeypatch.setattr(time, "perf_counter", lambda: true_clock() + offset[0])

    class Slow(MemoryStore):
        def save(self, snapshot, **options):
            offset[0] += 1000.0
            return super().save(snapshot, **options)

    trainer = Trainer(tiny(epochs=2, keep_every=2), Slow)
    run(trainer)
    assert offset[0] >= 5000.0
    assert all(0 < row.train_seconds < 100 for row in trainer.history.epochs)


def test_the_time_of_an_epoch_is_the_time_before_and_after_a_stop(tiny, monkeypatch):
    offset, true_clock = [0.0], time.perf_counter
    monkeypatch.setattr(time, "perf_counter", lambda: true_clock() + offset[0])
    config, store = tiny(epochs=1), MemoryStore()
    for stop_at, seconds in ((1, 100.0), (3, 10.0), (None, 1000.0)):
        trainer = Trainer(config, lambda: store, snapshot=store.last() if store.last_bytes else None)
        generator = trainer.run()
        next(generator)
        next(generator)  # the first step of this part: what passes from here on is its time
        offset[0] += seconds
        while trainer.position.step < (stop_at or 5):
            next(generator)
        if stop_at:
            assert [event for event in (generator.throw(Stop()), *generator) if isinstance(event, Finished)]
            offset[0] += 50_000.0
    list(generator)
    assert 1110.0 <= trainer.history.epochs[0].train_seconds < 1200.0


# --- failures -------------------------------------------------------------------------------------


class Fault(Exception):
    pass


class BadAugmentation(Augmentation):
    """Raises."""

    def __call__(self, images, generator):
        raise Fault("no images today")


class BadMix(Regularizer):
    """Raises."""

    def mix(self, inputs, targets, generator):
        raise Fault("no mixing today")


class BadPenalty(Regularizer):
    """Raises."""

    def penalty(self, model):
        raise Fault("no penalty today")


class BadBeforeStep(Regularizer):
    """Raises."""

    def before_step(self, model):
        raise Fault("not before")


class BadAfterStep(Regularizer):
    """Raises."""

    def after_step(self, model):
        raise Fault("not after")


class BadEpochScheduler(Scheduler):
    """Raises in the second epoch."""

    def lr_factor(self, progress, history):
        if progress.epoch:
            raise Fault("no rate today")
        return 1.0


class BadStepScheduler(Scheduler):
    """Raises at the eighth step."""

    every = "step"

    def lr_factor(self, progress, history):
        if progress.step == 7:
            raise Fault("no rate today")
        return 1.0


class BadStopping(Stopping):
    """Raises after the second epoch."""

    def reason(self, progress, history):
        if progress.epoch == 2:
            raise Fault("can't judge")


class BadLoss(Loss):
    """Raises."""

    def __call__(self, outputs, targets):
        return _helper()


def _helper():
    raise Fault("deep within the plugin")


class BadModule(torch.nn.Module):
    def forward(self, inputs):
        raise Fault("in a module of the plugin")


class BadLayer(Regularizer):
    """Fills the dropout slot with a module that raises."""

    slot = "dropout"

    def layer(self, place):
        return BadModule()


class BadStepOptimizer(Optimizer):
    """Its optimizer raises."""

    def build(self, groups):
        class Raises(torch.optim.SGD):
            def step(self, closure=None):
                raise Fault("no step today")

        return Raises(groups, lr=0.1)


@pytest.mark.parametrize(
    ("settings", "epochs_before"),
    [
        ({"ticked": [BadAugmentation()]}, 0),
        ({"ticked": [BadMix()]}, 0),
        ({"ticked": [BadPenalty()]}, 0),
        ({"ticked": [BadBeforeStep()]}, 0),
        ({"ticked": [BadAfterStep()]}, 0),
        ({"ticked": [BadLayer()]}, 0),
        ({"loss": BadLoss()}, 0),
        ({"optimizer": BadStepOptimizer()}, 0),
        ({"ticked": [BadEpochScheduler()]}, 1),
        ({"ticked": [BadStepScheduler()]}, 1),
        ({"ticked": [BadStopping()]}, 1),
    ],
    ids=lambda value: "" if isinstance(value, int) else str(next(iter(value.values()))),
)
def test_a_plugin_that_raises_ends_the_run_and_is_named(tiny, settings, epochs_before):
    config = tiny(epochs=3, **settings)
    events, store, trainer = run_stored(config)
    failed = events[-1]
    bad = next(s for s in config.strategies if type(s).__name__.startswith("Bad"))
    assert isinstance(failed, Failed)
    assert failed.plugin == bad.id
    assert bad.id in str(failed.text) and "Fault" in str(failed.text)
    assert "raise Fault" in failed.traceback
    assert failed.step == trainer.position.step
    assert len(of_type(events, (Finished, Failed))) == 1
    if epochs_before:
        snapshot = store.last()
        assert snapshot.meta["progress"]["epoch"] == epochs_before
        restore_model(trainer.learner.model, snapshot.group("model"), "the test")
    else:
        assert store.last_bytes is None


class BadDataset(Dataset):
    """Raises."""

    def load(self, source):
        raise Fault("no data today")


class BadScaling(Scaling):
    """Raises."""

    def fit(self, inputs):
        raise Fault("no range today")


class BadModel(Model):
    """Raises."""

    def build(self, data, slots):
        raise Fault("no network today")


class BadActivation(Activation):
    """Raises."""

    def build(self):
        raise Fault("no activation today")


class BadInitializer(Initializer):
    """Raises."""

    def apply(self, model):
        raise Fault("no weights today")


class BadOptimizer(Optimizer):
    """Raises."""

    def build(self, groups):
        raise Fault("no optimizer today")


class BadPrepare(Loss):
    """Raises."""

    def prepare(self, data):
        raise Fault("no loss today")


class BadGroups(Regularizer):
    """Raises."""

    def parameter_groups(self, groups):
        raise Fault("no groups today")


class BadSlotLayer(Regularizer):
    """Raises."""

    slot = "norm"

    def layer(self, place):
        raise Fault("no layer today")


class BadAdvice(Regularizer):
    """Raises."""

    def advice(self, config, data):
        raise Fault("no advice today")


@pytest.mark.parametrize(
    "settings",
    [
        {"dataset": BadDataset()}, {"scaling": BadScaling()}, {"model": BadModel()}, {"activation": BadActivation()},
        {"initializer": BadInitializer()}, {"optimizer": BadOptimizer()}, {"loss": BadPrepare()},
        {"ticked": [BadGroups()]}, {"ticked": [BadSlotLayer()]},
    ],
    ids=lambda value: str(next(iter(value.values()))),
)  # fmt: skip
def test_a_plugin_that_raises_before_the_run_is_named_and_nothing_is_stored(tiny, settings):
    config = tiny(**settings)
    bad = next(s for s in config.strategies if type(s).__name__.startswith("Bad"))
    stores = []
    with pytest.raises(StartFailed) as caught:
        Trainer(config, lambda: stores.append(True) or MemoryStore())
    assert caught.value.failed.plugin == bad.id
    assert "raise Fault" in caught.value.failed.traceback
    assert stores == []


def test_a_plugin_whose_advice_raises_is_named_among_the_advice(tiny):
    config = tiny(ticked=[BadAdvice(), Warned()])
    assert [(id, advice.level, advice.text.code) for id, advice in config.advice()] == [
        ("bad-advice", "error", "advice-failed"), ("warned", "error", "forbidden"),
    ]  # fmt: skip
    with pytest.raises(InputError, match="bad-advice failed: Fault: no advice today"):
        Trainer(config)


@pytest.mark.parametrize("lr", [1e4, 1e3])
def test_a_loss_that_is_not_finite_ends_the_run_and_is_never_saved(tiny, lr):
    config = tiny(epochs=50, optimizer="sgd", lr=lr)
    events, store, _ = run_stored(config)
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert (failed.text.code, failed.plugin) == ("not-finite", None)
    assert str(failed.step) in str(failed.text)
    for told in of_type(events, Steps):
        assert all(math.isfinite(loss) for _, loss, _ in told.rows)
    if store.last_bytes:
        for name, tensor in store.last().tensors.items():
            assert tensor.isfinite().all(), name


class Explodes(Regularizer):
    """Makes the weights so large, at one step, that losses after it are infinite."""

    at: int = 5
    """The step."""

    def after_step(self, model):
        COUNT[0] += 1
        if COUNT[0] == self.at:
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.mul_(1e30)


COUNT = [0]


def test_a_validation_loss_that_is_not_finite_fails_before_it_is_recorded(tiny):
    COUNT[0] = 0
    events, store, trainer = run_stored(tiny(epochs=3, ticked=[Explodes(at=10)]))
    assert events[-1].text.code == "not-finite"
    assert events[-1].step == 10
    assert len(trainer.history.epochs) == 1
    assert store.last().meta["progress"]["step"] == 5


def test_the_step_named_is_the_first_whose_loss_is_not_finite(tiny):
    COUNT[0] = 0
    trainer = Trainer(tiny(epochs=3, ticked=[Explodes(at=2)]))
    failed = run(trainer)[-1]
    assert isinstance(failed, Failed)
    assert failed.step == 3


def test_a_loss_that_is_not_finite_is_not_forgotten_when_a_save_meets_it_first(tiny):
    COUNT[0] = 0
    trainer = Trainer(tiny(epochs=3, ticked=[Explodes(at=2)]))
    generator = trainer.run()
    while trainer.position.step < 3:
        next(generator)
    with pytest.raises(Exception, match="not finite"):
        trainer.snapshot()
    events = [event for event in generator if event is not None]
    assert [type(event) for event in events] == [Failed]
    assert events[0].step == 3


# --- another learning rate, more epochs -----------------------------------------------------------


def lrs(trainer):
    return trainer.history.steps[:, 2].tolist()


def run_changing(config, store, changes, snapshot=None, stop_at=None):
    """Run, and give another learning rate once each of these steps is done."""
    trainer = Trainer(config, lambda: store, snapshot=snapshot)
    generator, pending = trainer.run(), dict(changes)
    event = next(generator)
    while not isinstance(event, (Finished, Failed)):
        if trainer.position.step in pending:
            trainer.change_lr(pending.pop(trainer.position.step))
        if stop_at is not None and trainer.position.step >= stop_at:
            stop_at = None
            event = generator.throw(Stop())
        else:
            event = next(generator)
    return trainer


def test_another_learning_rate_acts_from_the_next_step_on_and_is_recorded(tiny):
    trainer = run_changing(tiny(epochs=3), MemoryStore(), {4: 0.05, 9: 0.002})
    assert lrs(trainer) == pytest.approx([0.01] * 4 + [0.05] * 5 + [0.002] * 6, rel=1e-12)
    recorded = [
        (change["step"], change["field"], change["new"])
        for change in trainer.description.settings(trainer.position)["changes"]
    ]
    assert recorded == [(4, "lr", 0.05), (9, "lr", 0.002)]


def test_another_learning_rate_multiplies_the_schedule(tiny):
    plain = run_changing(tiny(epochs=4, ticked=["cosine"]), MemoryStore(), {})
    changed = run_changing(tiny(epochs=4, ticked=["cosine"]), MemoryStore(), {8: 0.02})
    factor = 0.02 / lrs(plain)[8]
    assert lrs(changed)[:8] == lrs(plain)[:8]
    assert lrs(changed)[8] == pytest.approx(0.02)
    assert lrs(changed)[8:] == pytest.approx([factor * lr for lr in lrs(plain)[8:]])


@pytest.mark.parametrize("changed_at", [3, 5, 10, 12])
def test_a_changed_learning_rate_survives_every_resume_bit_for_bit(tiny, changed_at):
    config = tiny(epochs=5, ticked=["cosine", "reduce-lr-on-plateau:patience=0,threshold=0.5", "dropout"])
    reference = MemoryStore()
    run_changing(config, reference, {changed_at: 0.05})
    for stop_at in range(changed_at, 25, 3):
        store = MemoryStore()
        run_changing(config, store, {changed_at: 0.05}, stop_at=stop_at)
        run_changing(config, store, {}, snapshot=store.last())
        assert differing(store.last(), reference.last()) == [], f"stopped after step {stop_at}"


@pytest.mark.parametrize("lr", [0.0, -1.0, math.inf, math.nan])
def test_a_learning_rate_that_is_none_is_refused_and_changes_nothing(tiny, lr):
    trainer = Trainer(tiny())
    with pytest.raises(InputError, match="above 0"):
        trainer.change_lr(lr)
    assert "changes" not in trainer.description.settings(trainer.position)


def extended(config, store, epochs, **options):
    trainer = Trainer(config, lambda: store, snapshot=store.last())
    trainer.extend(epochs, **options)
    return trainer


def test_more_epochs_hold_the_last_rate_of_the_schedule(tiny):
    config = tiny(epochs=4, ticked=["cosine:eta_min=0.001"])
    _, store, first = run_stored(config)
    trainer = extended(config, store, 14)
    events = run(trainer)
    assert trainer.position.epoch == 14
    assert events[-1].reason.code == "all-epochs"
    assert "14" in str(events[-1].reason)
    assert lrs(trainer)[:20] == lrs(first)
    assert set(lrs(trainer)[20:]) == {lrs(first)[-1]}


def test_reschedule_plans_the_rate_anew_for_the_new_total(tiny):
    config = tiny(epochs=4, ticked=["cosine"])
    _, store, _ = run_stored(config)
    trainer = extended(config, store, 14, reschedule=True)
    run(trainer)
    whole = run_stored(tiny(epochs=14, ticked=["cosine"]))[2]
    assert lrs(trainer)[20:] == lrs(whole)[20:]


def test_an_extended_run_resumes_exactly(tiny):
    config = tiny(epochs=2, ticked=["cosine", "dropout"])
    ends = []
    for stop_at in (None, 10, 12, 15, 17):
        _, store, _ = run_stored(config)
        run(extended(config, store, 4), stop_at)
        if stop_at is not None:
            run(Trainer(config, lambda store=store: store, snapshot=store.last()))
        ends.append(store)
    assert ends[0].last().meta["progress"]["step"] == 20
    for store in ends[1:]:
        assert differing(store.last(), ends[0].last()) == []


def test_extending_a_finished_run_starts_a_new_judgement_and_a_stopped_one_does_not(tiny):
    config = tiny(epochs=2)
    _, finished, _ = run_stored(config)
    assert extended(config, finished, 4).history.marks == [2]
    stopped = MemoryStore()
    run(Trainer(config, lambda: stopped), stop_at=7)
    assert extended(config, stopped, 4).history.marks == []


def test_a_run_stopped_early_and_extended_is_judged_afresh(tiny):
    config = tiny(epochs=40, lr=0.05, dataset=Blobs(noise=140.0), ticked=["early-stopping:patience=2"])
    events, store, first = run_stored(config)
    assert events[-1].reason.code == "early-stopping"
    done = first.position.epoch
    trainer = extended(config, store, done + 10)
    again = run(trainer)
    assert trainer.history.marks == [done]
    assert trainer.position.epoch >= done + 3, "two bad epochs after a first one, which sets the mark to beat"
    assert again[-1].reason.code in ("early-stopping", "all-epochs")
    assert store.last().meta["marks"] == [done]


def test_a_resume_makes_no_mark(tiny):
    config = tiny(epochs=3)
    store = MemoryStore()
    run(Trainer(config, lambda: store), stop_at=7)
    trainer = Trainer(config, lambda: store, snapshot=store.last())
    run(trainer)
    assert trainer.history.marks == []


def test_an_extension_that_adds_nothing_is_refused(tiny):
    config = tiny(epochs=2)
    _, store, _ = run_stored(config)
    for epochs in (2, 1):
        with pytest.raises(InputError, match="2 epochs are done"):
            extended(config, store, epochs)


def test_resuming_a_finished_run_trains_nothing_and_measures_the_same(tiny):
    config = tiny(epochs=2)
    events, store, _ = run_stored(config)
    before = store.last_bytes
    again = run(Trainer(config, lambda: store, snapshot=store.last()))
    assert [type(event) for event in again] == [Started, Finished]
    assert again[-1].test_loss == events[-1].test_loss
    assert store.last_bytes == before


def test_a_snapshot_of_other_data_is_refused(tiny):
    _, store, _ = run_stored(tiny(epochs=1))
    with pytest.raises(InputError, match="has changed"):
        Trainer(tiny(epochs=1, dataset=Blobs(training=131)), snapshot=store.last())


def test_a_snapshot_of_another_network_is_refused_in_one_line(tiny):
    _, store, _ = run_stored(tiny(epochs=1))
    with pytest.raises(InputError, match="do not fit") as caught:
        Trainer(tiny(epochs=1, model="mlp:hidden=5"), snapshot=store.last())
    assert "\n" not in str(caught.value)


class Warned(Regularizer):
    """Forbids itself."""

    def advice(self, config, data):
        yield Advice("error", Message("forbidden", "not today"))


def test_advice_of_level_error_keeps_a_run_from_starting(tiny):
    with pytest.raises(InputError, match="not today"):
        Trainer(tiny(ticked=[Warned()]))


def test_the_batches_of_a_run_are_those_of_its_settings(tiny):
    config = tiny()
    parts = split(config.dataset.load(None), config)
    assert Trainer(config).learner.bounds == batch_bounds(len(parts.training), 32)


def test_early_stopping_counts_what_it_saves_from_the_extended_total(tiny):
    config = tiny(epochs=2, lr=0.05, dataset=Blobs(noise=140.0), ticked=["early-stopping:patience=2"])
    store = MemoryStore()
    run(Trainer(config, lambda: store))
    trainer = Trainer(config, lambda: store, snapshot=store.last())
    trainer.extend(60)
    reason = run(trainer)[-1].reason
    assert reason.code == "early-stopping"
    assert reason.values["saved"] == 60 - reason.values["epoch"] > 0


def test_a_stop_asked_for_twice_saves_all_the_same(tiny):
    store = MemoryStore()
    trainer = Trainer(tiny(epochs=3), lambda: store)
    generator = trainer.run()
    while trainer.position.step < 7:
        next(generator)
    told = generator.throw(Stop())
    assert isinstance(told, Steps)
    assert isinstance(generator.throw(Stop()), Saved)
    assert store.last().meta["progress"]["step"] == 7
