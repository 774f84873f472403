"""A fork begins where its parent was, with other settings, and leaves the parent alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engine.catalogue import Catalogue, Entry
from engine.checkpoints.checkpoint import read_checkpoint
from engine.events import EpochEnded, Finished, Started
from engine.fork import fork_run, settings_of
from engine.history import read_history
from engine.message import InputError
from engine.runs import new_run, resume_run
from engine.strategy import Model
from engine.strategy_text import parse_strategy
from engine.trained.network import Predictor
from engine.yaml_file import read_yaml
from tests.engine.support import Blobs, differing, of_type, run, same_bits, tensors, tunedeck


class Freezing(Model):
    """Two layers, of which the first may be frozen."""

    frozen: bool = False
    """Whether it is."""

    def build(self, data, slots):
        first, last = nn.Linear(64, 8), nn.Linear(8, data.outputs)
        first.requires_grad_(not self.frozen)
        return nn.Sequential(nn.Flatten(), first, last)


class Parent:
    """A run of four epochs of five steps, stopped after so many steps."""

    def __init__(self, config, catalogue, workspace, stop_at):
        self.config, self.catalogue, self.workspace = config, catalogue, workspace
        trainer = new_run(config, catalogue, workspace)
        run(trainer, stop_at)
        self.folder = Path(trainer.store.where)

    def fork(self, config):
        """A fork with these settings, not trained yet."""
        return fork_run(self.folder, config, self.catalogue, self.workspace)

    def with_(self, *texts, **values):
        """The parent's settings, with these techniques and values."""
        config = self.config.changed(values)
        for text in texts:
            config = config.ticked(parse_strategy(text, self.catalogue))
        return config

    def files(self):
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def best(self):
        return self.folder / "checkpoints" / "best.safetensors"

    def last(self):
        return read_checkpoint(self.folder / "checkpoints" / "last.safetensors")


@pytest.fixture
def parent(tiny, catalogue, workspace):
    ours = [Entry("blobs", "dataset", Blobs, "the tests"), Entry("freezing", "model", Freezing, "the tests")]
    known = Catalogue([*catalogue.entries, *ours])
    return lambda stop_at=7, **values: Parent(tiny(**{"epochs": 4, **values}), known, workspace, stop_at)


def last_of(trainer):
    return read_checkpoint(Path(trainer.store.where) / "checkpoints" / "last.safetensors")


@pytest.mark.parametrize("stop_at", [0, 3, 5, 7])
def test_with_the_same_settings_a_fork_ends_as_its_parent_would(parent, stop_at):
    made = parent(stop_at, ticked=["dropout:p=0.3", "ema:decay=0.9", "cosine"], optimizer="adam")
    fork = made.fork(made.config)
    run(fork)
    parent_trainer = resume_run(made.folder, made.catalogue, made.workspace)
    run(parent_trainer)
    assert differing(last_of(fork), last_of(parent_trainer)) == []


def test_the_parent_is_left_alone_and_named(parent):
    made = parent()
    before = made.files()
    fork = made.fork(made.with_("dropout:p=0.5"))
    events = run(fork)
    assert made.files() == before
    folder = Path(fork.store.where)
    named = {"run": made.folder.name, "epoch": 1, "step": 7}
    assert folder != made.folder and read_yaml(folder / "config.yaml")["parent"] == named
    assert read_checkpoint(folder / "checkpoints" / "last.safetensors").meta["parent"] == named
    started = of_type(events, Started)[0]
    assert (started.epoch, started.step, started.epochs) == (1, 7, 4)


def test_it_shares_the_past_and_then_goes_its_own_way(parent):
    made = parent()
    fork = made.fork(made.with_("dropout:p=0.5"))
    for name, tensor in tensors(made.last()).items():
        assert same_bits(tensor, tensors(fork.snapshot())[name]), name
    run(fork)
    past, own = read_history(made.folder), read_history(Path(fork.store.where))
    assert own.epochs[0] == past.epochs[0] and len(own.epochs) == 4
    assert np.array_equal(own.steps[:7], past.steps) and len(own.steps) == 20
    whole = resume_run(made.folder, made.catalogue, made.workspace)
    run(whole)
    assert differing(last_of(fork), last_of(whole)) != []


def test_a_fork_that_was_resumed_still_names_its_parent(parent):
    made = parent()
    fork = made.fork(made.with_("dropout:p=0.5"))
    run(fork, stop_at=12)
    rest = resume_run(Path(fork.store.where), made.catalogue, made.workspace)
    run(rest)
    assert rest.store.where == fork.store.where
    assert last_of(rest).meta["parent"] == {"run": made.folder.name, "epoch": 1, "step": 7}


def test_with_other_batches_the_epoch_is_begun_anew_and_steps_are_counted_as_its_own(parent):
    made = parent(stop_at=13)
    fork = made.fork(made.with_(batch_size=13))  # 10 steps an epoch in place of 5
    assert (fork.position.epoch, fork.position.batch, fork.position.step) == (2, 0, 20)
    assert fork.position.sums.samples == 0
    for name, tensor in tensors(made.last()).items():
        assert same_bits(tensor, tensors(fork.snapshot())[name]), name
    run(fork)
    steps = read_history(Path(fork.store.where)).steps
    assert steps[:10, 0].tolist() == [2 * step for step in range(1, 11)]
    assert steps[10:, 0].tolist() == list(range(21, 41))
    assert np.array_equal(steps[:10, 1:], read_history(made.folder).steps[:10, 1:])


def test_another_seed_or_order_begins_the_epoch_anew_too(parent):
    made = parent()
    for config in (made.with_(seed=1), made.with_("balanced-sampling")):
        assert (made.fork(config).position.batch, made.fork(config).position.step) == (0, 5)
    assert made.fork(made.with_("dropout")).position.batch == 2


def test_on_other_data_it_trains_on_those(parent):
    made = parent()
    events = run(made.fork(made.with_(train_samples="64")))
    assert of_type(events, Started)[0].parts == (64, 40, 40)
    assert of_type(events, EpochEnded)[-1].row.train_samples == 64


def test_another_optimizer_begins_without_the_former_one_s_state(parent):
    made = parent(optimizer="adam")
    fork = made.fork(made.with_(optimizer=parse_strategy("sgd:momentum=0.9", made.catalogue)))
    assert not [name for name in fork.snapshot().tensors if name.startswith("optimizer.")]
    assert isinstance(run(fork)[-1], Finished)
    same = made.fork(made.with_("dropout"))
    assert [name for name in same.snapshot().tensors if name.startswith("optimizer.")]


def test_an_average_goes_along_where_one_is_kept_and_only_there(parent):
    made = parent(ticked=["ema:decay=0.9"])
    kept = made.fork(made.with_("dropout"))
    theirs, mine = made.last().group("average"), kept.snapshot().group("average")
    assert theirs and theirs.keys() == mine.keys()
    assert all(same_bits(tensor, mine[name]) for name, tensor in theirs.items())
    without = made.fork(made.config.unticked("ema"))
    assert without.snapshot().group("average") == {}
    assert isinstance(run(without)[-1], Finished)


def test_stopping_rules_judge_what_comes_after_the_fork(parent):
    made = parent(stop_at=None, dataset=Blobs(noise=120.0), lr=0.05)
    rows = read_history(made.folder).epochs
    assert len(rows) == 4
    rule = "early-stopping:patience=1,min_delta=1000"  # nothing is gain enough: it stops after patience epochs
    events = run(made.fork(made.with_(rule, epochs=20)))
    assert events[-1].reason.code == "early-stopping" and events[-1].epochs == 6


def test_the_parent_s_best_stays_the_best_until_it_is_beaten(parent):
    made = parent(stop_at=None)
    best = read_history(made.folder).best("val_loss")
    fork = made.fork(made.with_(lr=1.0, epochs=6))  # far too high
    last = run(fork)[-1]
    assert last.best_epoch == best.epoch
    mine, theirs = (
        read_checkpoint(f / "checkpoints" / "best.safetensors") for f in (Path(fork.store.where), made.folder)
    )
    assert differing(mine, theirs) == []
    predictor = Predictor(theirs, made.config, "best")
    assert last.test_loss == pytest.approx(predictor.evaluate(fork.learner.parts.test).loss)


def test_where_it_is_judged_otherwise_only_its_own_epochs_count(parent):
    made = parent(stop_at=None)
    judged = made.with_(loss=parse_strategy("focal", made.catalogue, "loss"), lr=1.0, epochs=6)
    fork = made.fork(judged)
    best = run(fork)[-1].best_epoch
    assert best > 4
    rest = resume_run(Path(fork.store.where), made.catalogue, made.workspace, more=1)
    assert run(rest)[-1].best_epoch in (best, 7)


def test_the_learning_rate_is_that_of_the_new_settings_whatever_was_changed_in_the_parent(parent):
    made = parent(stop_at=5)
    trainer = resume_run(made.folder, made.catalogue, made.workspace)
    trainer.change_lr(0.5)
    run(trainer, stop_at=10)
    steps = run(made.fork(made.with_(lr=0.002)))
    assert {row.lr for row in of_type(steps, EpochEnded)[-1:] for row in [row.row]} == {0.002}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scaling": "zero-one"}, "fork-scaling"),
        ({"initializer": "xavier"}, "fork-initializer"),
        ({"epochs": 1}, "fork-epochs"),
        ({"model": "mlp:hidden=12+9"}, "weights-do-not-fit"),
        ({"ticked": "batch-norm"}, "weights-do-not-fit"),
    ],
)  # fmt: skip
def test_what_trained_weights_can_t_follow_is_refused_and_leaves_nothing(parent, change, code):
    made = parent()
    kind, text = next(iter(change.items()))
    value = parse_strategy(text, made.catalogue) if isinstance(text, str) else text
    config = made.config.ticked(value) if kind == "ticked" else made.with_(**{kind: value})
    before = made.files()
    with pytest.raises(InputError) as refused:
        made.fork(config)
    assert refused.value.message.code == code
    assert made.files() == before and len(list((made.workspace / "runs").iterdir())) == 1


def test_the_settings_of_a_run_that_was_extended_count_the_added_epochs(parent):
    made = parent(stop_at=20)
    trainer = resume_run(made.folder, made.catalogue, made.workspace, more=3)
    run(trainer, stop_at=21)
    assert settings_of(made.folder, made.catalogue).epochs == 7


def test_the_verb_forks_a_folder_or_a_file_with_the_flags_of_train(capsys, workspace):
    flags = ("--train-samples", "96", "--validation-samples", "64", "--epochs", "2", "--threads", "1",
             "--model", "mlp:hidden=16", "--device", "cpu")  # fmt: skip
    code, out, err = tunedeck(capsys, "train", *flags, "--name", "first", "--json")
    assert code == 0, err
    first = Path(json.loads(out)["run"])
    code, out, err = tunedeck(capsys, "fork", first, "--epochs", "4", "--with", "dropout:p=0.2", "--json")
    assert code == 0, err
    second = Path(json.loads(out)["run"])
    settings = read_yaml(second / "config.yaml")
    assert settings["with"] == [{"id": "dropout", "p": 0.2}] and settings["name"] == "first"
    assert settings["parent"]["run"] == first.name and len(read_history(second).epochs) == 4
    code, out, err = tunedeck(capsys, "fork", first / "checkpoints" / "best.safetensors", "--epochs", "3", "--json")
    assert code == 0, err
    code, _, err = tunedeck(capsys, "fork", first)
    assert code == 2 and err == "tunedeck: 2 epochs of that run are done already and count: set epochs to more than 2\n"
    code, out, err = tunedeck(capsys, "train", "--config", second / "config.yaml", "--epochs", "1", "--json")
    assert code == 0 and "not repeated" in err, "the settings of a fork make a new run too"


def test_weights_that_do_not_fit_leave_torch_as_it_was(parent):
    made = parent()
    threads = torch.get_num_threads()
    with pytest.raises(InputError):
        made.fork(made.with_("batch-norm"))
    assert torch.get_num_threads() == threads


def test_a_fork_of_a_fork_keeps_the_best_of_the_run_that_both_come_from(parent):
    made = parent(stop_at=None)
    best = read_history(made.folder).best("val_loss")
    worse = {"lr": 1.0}  # far too high
    first = made.fork(made.with_(**worse, epochs=6))
    run(first)
    second = fork_run(
        Path(first.store.where), made.with_("dropout:p=0.5", **worse, epochs=8), made.catalogue, made.workspace
    )
    last = run(second)[-1]
    assert last.best_epoch == best.epoch and last.epochs == 8
    assert differing(read_checkpoint(Path(last.checkpoint)), read_checkpoint(made.best())) == []
    assert read_yaml(Path(second.store.where) / "config.yaml")["parent"]["run"] == Path(first.store.where).name


def test_a_best_that_was_judged_otherwise_is_not_taken_for_one_s_own(parent):
    made = parent(stop_at=None)
    fork = made.fork(made.with_(loss=parse_strategy("focal", made.catalogue, "loss"), epochs=5))
    run(fork, stop_at=22)  # in its first epoch: it has no best yet
    folder = Path(fork.store.where)
    (folder / "checkpoints" / "best.safetensors").write_bytes(made.best().read_bytes())
    lone = folder.parent.parent / "elsewhere"
    lone.mkdir()
    for path in (folder / "checkpoints").iterdir():
        (lone / path.name).write_bytes(path.read_bytes())
    trainer = resume_run(lone / "last.safetensors", made.catalogue, made.workspace)
    assert trainer.store.best() is None
    trainer.store.close()


def test_a_fork_of_the_best_begins_with_it_and_has_it_as_its_best(parent):
    made = parent(stop_at=None)
    best = read_checkpoint(made.best())
    fork = fork_run(made.best(), made.with_("dropout:p=0.5", lr=1.0, epochs=6), made.catalogue, made.workspace)
    assert fork.position.epoch == best.meta["progress"]["epoch"] and fork.position.parent.run == made.folder.name
    assert run(fork)[-1].best_epoch == best.meta["progress"]["epoch"]


def test_a_fork_of_a_lone_file_names_the_file_and_counts_its_own_epochs_alone(parent, tmp_path):
    made = parent(stop_at=11)
    lone = tmp_path / "lone.safetensors"
    lone.write_bytes((made.folder / "checkpoints" / "last.safetensors").read_bytes())
    fork = fork_run(lone, made.with_("dropout:p=0.5", lr=1.0), made.catalogue, made.workspace)
    assert fork.position.parent.run == "lone.safetensors" and fork.position.best_since == 2
    assert run(fork)[-1].best_epoch > 2


@pytest.mark.parametrize(
    ("batch_size", "kept"), [(32, [9, 12, 15, 18]), (13, [12, 15, 18, 21, 24, 27, 30, 33, 36, 39])]
)
def test_a_fork_keeps_checkpoints_by_its_own_count_of_steps(parent, batch_size, kept):
    made = parent(stop_at=7)
    fork = made.fork(made.with_(batch_size=batch_size, keep_every=3))
    run(fork)
    names = {path.stem for path in (Path(fork.store.where) / "checkpoints").glob("step-*")}
    assert names == {f"step-{step}" for step in kept}


def test_accumulation_makes_the_same_batches_in_parts_so_a_begun_epoch_goes_on(parent):
    made = parent(stop_at=7)
    fork = made.fork(made.with_("gradient-accumulation:parts=2"))
    assert (fork.position.epoch, fork.position.batch, fork.position.step) == (1, 2, 7)
    assert isinstance(run(fork)[-1], Finished)


@pytest.mark.parametrize(("one", "other"), [("ema:decay=0.9", "swa"), ("swa", "ema:decay=0.9")])
def test_from_one_average_to_another(parent, one, other):
    made = parent(ticked=[one])
    fork = made.fork(made.config.unticked(one.partition(":")[0]).ticked(parse_strategy(other, made.catalogue)))
    assert isinstance(run(fork)[-1], Finished)


@pytest.mark.parametrize("frozen", [True, False])
def test_a_fork_may_freeze_layers_and_train_them_again(parent, frozen):
    made = parent(optimizer="adam", model=Freezing(frozen=not frozen))
    fork = made.fork(made.with_(model=Freezing(frozen=frozen)))
    assert isinstance(run(fork)[-1], Finished)
    before, after = (each.group("model")["1.weight"] for each in (made.last(), last_of(fork)))
    assert same_bits(before, after) is frozen
