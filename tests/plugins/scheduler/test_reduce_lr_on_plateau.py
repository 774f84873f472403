from __future__ import annotations

import random

import pytest
import torch
from torch.optim import lr_scheduler

from engine.schedule import Schedule
from engine.strategy import DataSpec, Progress
from plugins.scheduler.cosine import Cosine
from plugins.scheduler.reduce_lr_on_plateau import ReduceLROnPlateau
from plugins.scheduler.warm_up import WarmUp
from plugins.stopping.early_stopping import EarlyStopping
from tests.plugins.bench import config, history, strategy

EPOCHS = 500


def a_record(numbers: random.Random) -> list[float | None]:
    """A figure that falls, stalls and jumps; a share of it repeats exactly, and now and then one is missing."""
    value, missing, found = numbers.uniform(-1.0, 3.0), numbers.random() < 0.5, []
    for _ in range(EPOCHS):
        value += numbers.choice([0.0, 0.0, -1e-5, 1e-5, -0.02, 0.03, numbers.gauss(0, 0.3)])
        found.append(None if missing and numbers.random() < 0.1 else value)
    return found


def options(numbers: random.Random, lr: float) -> dict:
    return {
        "mode": numbers.choice(["min", "max"]),
        "factor": numbers.choice([0.1, 0.5, 0.9, numbers.uniform(0.05, 0.95)]),
        "patience": numbers.choice([0, 1, 2, 5, 10]),
        "threshold": numbers.choice([0.0, 1e-4, 0.01, 0.2]),
        "threshold_mode": numbers.choice(["rel", "abs"]),
        "cooldown": numbers.choice([0, 0, 1, 3, 7]),
        "min_lr": numbers.choice([0.0, 0.0, lr / 50, lr / 2, lr, 2 * lr]),
        "eps": numbers.choice([1e-8, 0.0, lr / 10, lr / 1000]),
    }


def pytorchs(values: list[float | None], lr: float, chosen: dict) -> list[float]:
    """The rate of the epoch after each, as PyTorch's object gives it; an epoch without a figure does not step it."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **chosen)
    found = [lr]
    for value in values:
        if value is not None:
            scheduler.step(value)
        found.append(optimizer.param_groups[0]["lr"])
    return found


@pytest.mark.parametrize("seed", range(50))
def test_equals_pytorchs_object_on_random_records_with_all_its_options(seed):
    numbers = random.Random(seed)
    monitor = numbers.choice(["val_loss", "val_accuracy", "train_loss", "train_accuracy"])
    lr = numbers.choice([1e-3, 0.1, 1.0])
    chosen = options(numbers, lr)
    values = a_record(numbers)
    theirs = pytorchs(values, lr, chosen)
    plateau = ReduceLROnPlateau(monitor=monitor, **chosen)
    for epochs in (*range(30), *range(30, EPOCHS, 47), EPOCHS):
        schedule = Schedule(config(plateau, epochs=EPOCHS + 1, lr=lr), 3)
        ours = schedule.lr(3 * epochs + 1, history(**{monitor: values[:epochs]}))
        assert ours == pytest.approx(theirs[epochs], rel=1e-12, abs=0), f"after {epochs} epochs"


def test_the_random_records_reduce_the_rate_often_and_in_every_mode():
    reductions = []
    for seed in range(50):
        numbers = random.Random(seed)
        numbers.choice("abcd")
        lr = numbers.choice([1e-3, 0.1, 1.0])
        chosen = options(numbers, lr)
        rates = pytorchs(a_record(numbers), lr, chosen)
        reductions.append((chosen["mode"], chosen["threshold_mode"], len(set(rates)) > 2))
    for mode in ("min", "max"):
        for threshold_mode in ("rel", "abs"):
            assert reductions.count((mode, threshold_mode, True)) >= 3


def test_its_defaults_are_pytorchs():
    theirs = lr_scheduler.ReduceLROnPlateau(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1))
    ours = ReduceLROnPlateau()
    for name in ("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "eps"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert [ours.min_lr] == theirs.min_lrs


def test_the_epoch_in_which_the_rate_falls():
    plateau = ReduceLROnPlateau(patience=2, factor=0.5)
    schedule = Schedule(config(plateau, epochs=9, lr=1.0), 1)
    losses = [1.0, 0.9, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95]
    rates = [schedule.lr(epoch, history(val_loss=losses[:epoch])) for epoch in range(9)]
    assert rates == [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_joins_cosine():
    both = Schedule(config(Cosine(), ReduceLROnPlateau(patience=0), epochs=4, lr=1.0), 5)
    alone = Schedule(config(Cosine(), epochs=4, lr=1.0), 5)
    record = history(val_loss=[1.0, 1.0])
    assert both.lr(12, record) == pytest.approx(0.1 * alone.lr(12, record), rel=1e-14)


@pytest.mark.parametrize("seed", range(10))
def test_beside_another_scheduler_it_judges_the_base_rate_by_itself_alone(seed):
    numbers = random.Random(seed)
    lr, epochs = 0.1, 60
    chosen = options(numbers, lr) | {"patience": 1, "cooldown": 0, "min_lr": lr / 20, "eps": lr / 1000}
    values = a_record(numbers)[:epochs]
    theirs = pytorchs(values, lr, chosen)
    assert len(set(theirs)) > 2
    plateau = ReduceLROnPlateau(**chosen)
    both = Schedule(config(WarmUp(epochs=3.0), Cosine(), plateau, epochs=epochs + 1, lr=lr), 5)
    others = Schedule(config(WarmUp(epochs=3.0), Cosine(), epochs=epochs + 1, lr=lr), 5)
    for epoch in range(epochs + 1):
        record = history(val_loss=values[:epoch])
        rate, other = both.lr(5 * epoch + 2, record), others.lr(5 * epoch + 2, record)
        assert rate == pytest.approx(theirs[epoch] * other / lr, rel=1e-12, abs=0)
        # The others' factor may bring the rate below `min_lr`, which bounds this technique's own reductions.
        assert rate <= other
    assert rate < lr / 20


@pytest.mark.parametrize(
    ("values", "epochs", "field"),
    [
        ({"patience": 8}, 10, "patience"),
        ({"patience": 7}, 10, None),
        ({"patience": 2, "mode": "max"}, 10, "mode"),
        ({"patience": 2, "monitor": "val_accuracy"}, 10, "mode"),
        ({"patience": 2, "monitor": "val_accuracy", "mode": "max"}, 10, None),
    ],
)
def test_says_so_where_it_cannot_act_or_looks_the_wrong_way(values, epochs, field):
    plateau = ReduceLROnPlateau(**values)
    advice = [(a.level, a.field) for a in plateau.advice(config(plateau, epochs=epochs))]
    assert advice == ([("warning", field)] if field else [])


@pytest.mark.parametrize("patience", [0, 3])
def test_the_smallest_run_in_which_it_can_act_is_the_one_that_gets_no_warning(patience):
    plateau = ReduceLROnPlateau(patience=patience)
    for epochs in range(1, 12):
        schedule = Schedule(config(plateau, epochs=epochs, lr=1.0), 1)
        acts = schedule.lr(epochs - 1, history(val_loss=[1.0] * (epochs - 1))) < 1.0
        assert acts == (list(plateau.advice(config(plateau, epochs=epochs))) == [])


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"min_lr": 0.0999}, None),
        ({"min_lr": 0.1}, "min_lr"),
        ({"min_lr": 2.0}, "min_lr"),
        ({"eps": 0.0899}, None),
        ({"eps": 0.0901}, "eps"),
        ({"min_lr": 0.05, "eps": 0.06}, "min_lr"),
        ({"factor": 0.9, "eps": 0.02}, "eps"),
    ],
    ids=str,
)
def test_says_so_where_there_is_no_room_for_a_reduction(values, field):
    plateau = ReduceLROnPlateau(patience=0, **values)
    settings = config(plateau, epochs=9, lr=0.1)
    advice = [(a.level, a.text.code, a.field) for a in plateau.advice(settings)]
    assert advice == ([("warning", "plateau-no-room", field)] if field else [])
    reduced = Schedule(settings, 1).lr(8, history(val_loss=[1.0] * 8)) < 0.1
    assert reduced is (field is None)


def test_says_so_where_a_regression_has_no_accuracy_to_watch():
    plateau = ReduceLROnPlateau(monitor="val_accuracy", mode="max", patience=1)
    for task, codes in (("regression", ["no-accuracy"]), ("classification", [])):
        data = DataSpec((5,), 1, task, samples=(10, 10, 10))
        assert [a.text.code for a in plateau.advice(config(epochs=9), data)] == codes
        assert list(ReduceLROnPlateau(patience=1).advice(config(epochs=9), data)) == []


def test_of_a_mode_that_does_not_fit_it_says_what_early_stopping_does():
    wrong = {"monitor": "val_accuracy", "mode": "min", "patience": 1}
    texts = [str(a.text) for a in ReduceLROnPlateau(**wrong).advice(config(epochs=9))]
    texts += [str(a.text) for a in EarlyStopping(**wrong).advice(config(epochs=9))]
    assert [text.replace("choose auto", "choose max") for text in texts] == [texts[0], texts[0]]
    assert texts[0].endswith("choose max")
    [advice] = ReduceLROnPlateau(mode="max", patience=1).advice(config(epochs=9))
    assert str(advice.text).endswith("choose min")


@pytest.mark.parametrize("theirs", range(1, 9))
def test_says_so_where_early_stopping_ends_the_run_first(theirs):
    losses = [1.0] * 19
    stopping = EarlyStopping(patience=theirs)
    ends = [
        epoch
        for epoch in range(20)
        if stopping.reason(Progress(epoch, 0, 20, 1, 1.0), history(val_loss=losses[:epoch]))
    ]
    for patience in range(8):
        settings = config(stopping, plateau := ReduceLROnPlateau(patience=patience), epochs=20, lr=1.0)
        codes = [a.text.code for a in plateau.advice(settings)]
        schedule = Schedule(settings, 1)
        acts = any(schedule.lr(epoch, history(val_loss=losses[:epoch])) < 1.0 for epoch in range(ends[0]))
        assert codes == ([] if acts else ["stopped-before-plateau"])


def test_a_rule_that_watches_something_else_or_does_not_wait_is_no_matter():
    plateau = ReduceLROnPlateau(patience=3)
    for other in (EarlyStopping(monitor="train_loss", patience=2), strategy("time-limit"), strategy("target-reached")):
        assert list(plateau.advice(config(other, plateau, epochs=20))) == []
    both = config(EarlyStopping(), ReduceLROnPlateau(patience=30), epochs=20)
    assert [a.text.code for a in ReduceLROnPlateau(patience=30).advice(both)] == ["plateau-too-patient"]
