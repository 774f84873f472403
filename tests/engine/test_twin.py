"""Twins in lockstep are what each run is alone, from the same weights and on the same batches."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import position
from engine.catalogue import Catalogue, Entry
from engine.checkpoints.checkpoint import read_checkpoint
from engine.events import EpochEnded, Failed, Finished, OfTwin, Parted, Refused, SaveFailed, Steps
from engine.message import InputError, message
from engine.runner import Runner
from engine.runs import resume_run
from engine.store import MemoryStore
from engine.strategy import Regularizer, Stopping
from engine.trainer import Stop, Trainer
from engine.twin import MOST, Twins, check_twins, twin_runs
from engine.yaml_file import read_yaml
from tests.engine.support import Blobs, differing, of_type, run, same_bits

CNN = "cnn:channels=4+8"


class Together:
    """Twins kept in memory, and what they told."""

    def __init__(self, configs, stop_at=None):
        self.stores = [MemoryStore() for _ in configs]
        self.twins = Twins([Trainer(c, lambda s=s: s) for c, s in zip(configs, self.stores, strict=True)])
        self.told = list(driven(self.twins, stop_at))

    @property
    def parted(self):
        return [told.step for told in self.told if isinstance(told, Parted)]

    def events(self, number):
        return [told.event for told in self.told if isinstance(told, OfTwin) and told.twin == number]


def driven(twins, stop_at=None):
    """What twins tell; stopped after so many steps of the first where asked."""
    running = twins.run()
    told = next(running, None)
    while True:
        if told is not None:
            yield told
        if stop_at is not None and twins.position.step >= stop_at:
            stop_at = None
            told = running.throw(Stop())
            continue
        try:
            told = next(running)
        except StopIteration:
            return


def alone(config):
    store = MemoryStore()
    return run(Trainer(config, lambda: store)), store


GROUPS = {
    "dropout": ({}, {"ticked": ["dropout:p=0.4"]}),
    "augmentation": (
        {"ticked": ["random-horizontal-flip", "gaussian-noise"]},
        {"ticked": ["gaussian-noise"]},
        {},
    ),
    "batch norm in a cnn": (
        {"model": CNN, "ticked": ["batch-norm", "mixup"]},
        {"model": CNN, "ticked": ["dropout"]},
    ),
    "optimizers": ({"optimizer": "adam"}, {"optimizer": "sgd:momentum=0.9"}, {"optimizer": "adamw"}, {}),
    "schedules and averages": ({"ticked": ["cosine", "ema:decay=0.9"]}, {"lr": 0.05}),
    "other epochs": ({"epochs": 1}, {"epochs": 3, "ticked": ["weight-decay"]}),
    "scaling and activation": ({"scaling": "no-scaling", "activation": "tanh"}, {"loss": "focal"}),
    "accumulation": ({"ticked": ["gradient-accumulation:parts=2"]}, {}),
}


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_a_twin_is_bit_for_bit_the_run_alone(tiny, group):
    configs = [tiny(**values) for values in group]
    together = Together(configs)
    for number, config in enumerate(configs):
        events, store = alone(config)
        assert differing(together.stores[number].last(), store.last()) == []
        if store.best_bytes is not None:
            assert differing(together.stores[number].best(), store.best()) == []
        ours, theirs = (of_type(each, Finished)[0] for each in (together.events(number), events))
        assert (ours.test_loss, ours.best_epoch, ours.reason) == (theirs.test_loss, theirs.best_epoch, theirs.reason)


@pytest.mark.parametrize("values", [{}, {"model": CNN, "ticked": ["dropout", "random-crop", "batch-norm"]}])
@pytest.mark.parametrize("count", [2, 3])
def test_twins_of_the_same_settings_are_identical(tiny, values, count):
    together = Together([tiny(**values)] * count)
    assert together.parted == [] and together.twins.first_difference is None
    for store in together.stores[1:]:
        assert differing(store.last(), together.stores[0].last()) == []


@pytest.mark.parametrize(
    ("group", "step"),
    [
        (({}, {"ticked": ["dropout"]}), 1),  # seen in the first loss
        (({}, {"lr": 0.02}), 2),  # seen once it has moved the weights
        (({}, {"ticked": ["step:step_size=1,gamma=0.5"]}), 7),  # the second epoch begins after 5 steps
        (({"epochs": 1}, {"epochs": 3}), None),
        (({"epochs": 1}, {"epochs": 3}, {"epochs": 2, "ticked": ["step:step_size=1"]}), 7),
    ],
)
def test_the_first_step_at_which_losses_differ_is_told_once(tiny, group, step):
    configs = [tiny(**values) for values in group]
    together = Together(configs)
    losses = [
        {row[0]: row[1] for steps in of_type(together.events(number), Steps) for row in steps.rows}
        for number in range(len(configs))
    ]
    seen = [n for n in range(1, 16) if len({each[n] for each in losses if n in each}) > 1]
    assert (seen[0] if seen else None) == step == together.twins.first_difference
    assert together.parted == ([] if step is None else [step])


def test_they_take_a_step_in_turn(tiny):
    twins = Twins([Trainer(tiny(), MemoryStore) for _ in range(3)])
    running, steps = twins.run(), []
    for _ in running:
        steps.append(tuple(trainer.position.step for trainer in twins.trainers))
        epochs = [trainer.position.epoch for trainer in twins.trainers]
        assert max(steps[-1]) - min(steps[-1]) <= 1 and max(epochs) - min(epochs) <= 1
    assert steps[-1] == (10, 10, 10)


# --- initial weights ------------------------------------------------------------------------------


def begins(trainer):
    return {name: tensor.clone() for name, tensor in trainer.learner.model.state_dict().items()}


def test_what_agrees_in_name_and_shape_begins_the_same_where_layers_are_wider(tiny, catalogue, workspace):
    configs = [tiny(model="mlp:hidden=12+8"), tiny(model="mlp:hidden=20+8"), tiny(ticked=["dropout"])]
    ours = Catalogue([*catalogue.entries, Entry("blobs", "dataset", Blobs, "the tests")])
    twins = twin_runs(configs, ours, workspace)
    first, wider, ticked = (begins(trainer) for trainer in twins.trainers)
    agreeing = {name for name in first if wider[name].shape == first[name].shape}
    assert agreeing and agreeing != set(first)
    assert all(same_bits(first[name], wider[name]) for name in agreeing)
    assert all(same_bits(first[name], ticked[name]) for name in first)
    drawn = begins(Trainer(configs[1], MemoryStore))
    assert any(not same_bits(drawn[name], wider[name]) for name in agreeing)
    assert all(same_bits(drawn[name], wider[name]) for name in set(wider) - agreeing)
    # One that took anything says so, as it is no function of its settings; the others are.
    list(twins.run())
    folders = [Path(trainer.store.where) for trainer in twins.trainers]
    named = {"run": folders[0].name, "epoch": 0, "step": 0}
    assert [read_yaml(folder / "config.yaml").get("parent") for folder in folders] == [None, named, None]
    assert read_checkpoint(folders[1] / "checkpoints" / "last.safetensors").meta["parent"] == named
    assert f"initial weights of {folders[0]}" in (folders[1] / "log.txt").read_text()


def test_other_initializers_are_compared_as_they_are(tiny):
    twins = Twins([Trainer(tiny(initializer=id), MemoryStore) for id in ("xavier", "kaiming")])
    drawn = begins(Trainer(tiny(initializer="kaiming"), MemoryStore))
    assert all(same_bits(tensor, drawn[name]) for name, tensor in begins(twins.trainers[1]).items())
    assert twins.trainers[1].position.parent is None


# --- ends -----------------------------------------------------------------------------------------


class Trips(Regularizer):
    """Fails before a step."""

    at: int = 3
    """Calls that go well."""

    def before_step(self, model):
        CALLS.append(1)
        if len(CALLS) > self.at:
            raise ValueError("no such luck")


CALLS: list[int] = []


def test_one_that_fails_is_named_and_the_others_go_on(tiny):
    CALLS.clear()
    configs = [tiny(ticked=["dropout"]), tiny(ticked=[Trips()]), tiny()]
    together = Together(configs)
    failed, ends = together.twins.ends[1], together.twins.ends
    assert isinstance(failed, Failed) and failed.plugin == "trips" and "no such luck" in str(failed.text)
    for number in (0, 2):
        assert isinstance(ends[number], Finished) and not ends[number].stopped
        assert differing(together.stores[number].last(), alone(configs[number])[1].last()) == []


class AfterFirst(Stopping):
    """Stops after the first epoch."""

    def reason(self, progress, history):
        return message("after-first", "enough")


def test_one_that_stops_early_leaves_the_others(tiny):
    together = Together([tiny(epochs=3, ticked=[AfterFirst()]), tiny(epochs=3)])
    assert [end.epochs for end in together.twins.ends] == [1, 3]


@pytest.mark.parametrize("stop_at", [0, 3, 5, 7])
def test_stopped_and_resumed_each_ends_as_if_nothing_had_been(tiny, catalogue, workspace, stop_at):
    ours = Catalogue([*catalogue.entries, Entry("blobs", "dataset", Blobs, "the tests")])
    configs = [tiny(model=CNN, ticked=["dropout"], optimizer="adam"), tiny(model=CNN, ticked=["batch-norm"])]
    twins = twin_runs(configs, ours, workspace)
    list(driven(twins, stop_at))
    assert all(end.stopped for end in twins.ends)
    for trainer, config in zip(twins.trainers, configs, strict=True):
        resumed = resume_run(Path(trainer.store.where), ours, workspace)
        assert stop_at <= resumed.position.step + 1
        run(resumed)
        assert differing(last_of(resumed), alone(config)[1].last()) == []


def last_of(trainer):
    return read_checkpoint(Path(trainer.store.where) / "checkpoints" / "last.safetensors")


def test_all_end_with_the_same_epoch_where_that_is_asked(tiny):
    twins = Twins([Trainer(tiny(epochs=4), MemoryStore) for _ in range(2)])
    epochs = []
    for told in twins.run():
        if isinstance(told, OfTwin) and isinstance(told.event, EpochEnded):
            epochs.append((told.twin, told.event.row.epoch))
        # Asked as the first has come to the end of its second epoch, and the other has not: both have that round.
        twins.last_epoch = (0, 2) in epochs
    assert epochs == [(0, 1), (1, 1), (0, 2), (1, 2), (0, 3), (1, 3)]
    assert [(end.stopped, end.epochs) for end in twins.ends] == [(True, 3), (True, 3)]


class FullStore(MemoryStore):
    """Has no room."""

    def save(self, snapshot, *, best, keep=None):
        raise OSError(28, "No space left on device")


def test_a_second_stop_ends_them_where_nothing_can_be_saved(tiny):
    twins = Twins([Trainer(tiny(), FullStore) for _ in range(2)])
    running, tries = twins.run(), 0
    told = next(running)
    try:
        while True:
            failed = isinstance(told, OfTwin) and isinstance(told.event, SaveFailed)
            tries += failed
            told = running.throw(Stop()) if failed else next(running)
    except StopIteration:
        pass
    assert all(end.stopped for end in twins.ends) and tries <= 4


def test_the_time_of_the_others_is_not_its_own(tiny, monkeypatch):
    class Clock:
        now = 0.0

        def __call__(self):
            return Clock.now

    monkeypatch.setattr(position.time, "perf_counter", Clock())
    trainers = [Trainer(tiny(epochs=1), MemoryStore) for _ in range(2)]

    def slow(trainer, seconds):
        step = trainer.learner.step

        def taking(*arguments):
            Clock.now += seconds
            return step(*arguments)

        trainer.learner.step = taking

    slow(trainers[0], 1.0)
    slow(trainers[1], 100.0)
    told = list(Twins(trainers).run())
    rows = {
        each.twin: each.event.row for each in told if isinstance(each, OfTwin) and isinstance(each.event, EpochEnded)
    }
    assert (rows[0].train_seconds, rows[1].train_seconds) == (5.0, 500.0)


def test_in_a_thread_they_are_what_they_are_without_one(tiny):
    configs = [tiny(ticked=["dropout"]), tiny()]
    reference, stores = Together(configs), [MemoryStore() for _ in configs]
    runner = Runner(lambda report: Twins([Trainer(c, lambda s=s: s) for c, s in zip(configs, stores, strict=True)]))
    runner.pause()
    runner.change_lr(0.5)
    runner.resume()
    runner.start()
    assert runner.join(60)
    told = [runner.events.get_nowait() for _ in range(runner.events.qsize())]
    assert [each.text.code for each in told if isinstance(each, Refused)] == ["twins-lr"]
    ends = [(each.twin, type(each.event)) for each in told if isinstance(each, OfTwin)][-2:]
    assert sorted(ends, key=str) == [(0, Finished), (1, Finished)]
    assert [each.step for each in told if isinstance(each, Parted)] == [1]
    assert all(differing(a.last(), b.last()) == [] for a, b in zip(stores, reference.stores, strict=True))


@pytest.mark.parametrize("at_the_epoch", [False, True])
def test_a_runner_stops_all(tiny, at_the_epoch):
    runner = Runner(lambda report: Twins([Trainer(tiny(epochs=100_000), MemoryStore) for _ in range(2)]))
    if at_the_epoch:
        runner.stop_after_epoch()
    else:
        runner.stop()
    runner.start()
    assert runner.join(60)
    told = [runner.events.get_nowait() for _ in range(runner.events.qsize())]
    ends = [each.event for each in told if isinstance(each, OfTwin) and isinstance(each.event, Finished)]
    assert [(end.stopped, end.epochs) for end in ends] == 2 * [(True, int(at_the_epoch))]


# --- what can't be twins --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "named"),
    [
        (({}, {"batch_size": 16}), "batch_size (32, 16)"),
        (({}, {"seed": 1}), "seed (0, 1)"),
        (({}, {"train_samples": "50%"}), "train_samples (all, 50%)"),
        (({}, {"split_seed": 3}), "split_seed (0, 3)"),
        (({"dataset": Blobs()}, {"dataset": Blobs(noise=1.0)}), "blobs:noise (60.0, 1.0)"),
        (({}, {"ticked": ["balanced-sampling"]}), "balanced-sampling (off, balanced-sampling)"),
        (({}, {"batch_size": 8, "seed": 1}), "batch_size (32, 8), seed (0, 1)"),
    ],
)
def test_what_makes_other_batches_is_refused_by_name(tiny, workspace, catalogue, group, named):
    with pytest.raises(InputError) as refused:
        twin_runs([tiny(**values) for values in group], catalogue, workspace)
    assert refused.value.message.code == "twins-other-batches" and named in str(refused.value)
    assert "\n" not in str(refused.value) and not workspace.exists()


@pytest.mark.parametrize("count", [0, 1, MOST + 1])
def test_twins_are_two_to_four(tiny, count):
    with pytest.raises(InputError, match="two to 4"):
        check_twins([tiny()] * count)


def test_where_one_can_not_start_none_is_left_behind(tiny, catalogue, workspace, monkeypatch):
    made = []

    def refuse(self, *arguments, **options):
        made.append(self)
        if len(made) == 2:
            raise InputError("no-memory", "there is not enough memory")
        return plain(self, *arguments, **options)

    plain = Trainer._prepare
    monkeypatch.setattr(Trainer, "_prepare", refuse)
    with pytest.raises(InputError, match="memory"):
        twin_runs([tiny(), tiny()], catalogue, workspace)
    assert list((workspace / "runs").iterdir()) == []


def test_the_learning_rate_of_twins_is_not_changed_by_hand(tiny):
    twins = Twins([Trainer(tiny(), MemoryStore) for _ in range(2)])
    with pytest.raises(InputError, match="stays as it is set"):
        twins.change_lr(0.1)
