"""Wrong content under a right digest, in short; and what a reader is told of it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.checkpoints.checkpoint import Snapshot, decode
from engine.checkpoints.meta import batch_count, check_settings
from engine.data import batch_bounds
from engine.message import InputError
from engine.network import restore_optimizer
from engine.trainer import Stop, Trainer
from tests.engine.support import run, run_stored, same_bits, tiny_config
from tests.plugins.bench import config as plugin_config
from tests.plugins.bench import strategy
from tests.reliability.sealed import Opened
from tests.reliability.wrong_content import judged


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


def test_whatever_a_stranger_writes_is_refused_by_every_reader_and_nothing_is_written(tmp_path, catalogue):
    found = judged(tmp_path, catalogue, every=40)
    assert found.wrong == [] and found.tried > 600


@pytest.fixture(scope="module")
def opened(catalogue):
    config = tiny_config(catalogue, optimizer="adam", ticked=["ema", "batch-norm"])
    store, _ = run_stored(config)[1:]
    return config, Opened.of(store.last_bytes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda o: o.meta["progress"].update(epoch=-1), "progress.epoch is wrong"),
        (lambda o: o.meta["progress"].pop("step"), "lacks progress.step"),
        (lambda o: o.meta.update(owner="me"), "says owner of its run, which this Tunedeck does not know"),
        (lambda o: o.meta["progress"].update(batch=6), "progress.batch can't be right"),
        (lambda o: o.tensors.pop("optimizer.head.weight.exp_avg"), "lacks optimizer.head.weight.exp_avg"),
        (lambda o: [o.tensors.pop(name) for name in list(o.tensors) if name.startswith("optimizer.head.weight")],
         "lacks optimizer.head.weight"),
        (lambda o: o.tensors.pop("model.head.bias"), "lacks model.head.bias|average.head.bias has no place"),
        (lambda o: o.tensors.pop("average.head.bias"), "lacks average.head.bias"),
        (lambda o: o.tensors.update({"optimizer.head.bias.exp_avg": torch.zeros(3)}),
         r"optimizer.head.bias.exp_avg is float32 \[3\] where float32 \[4\] belongs"),
        (lambda o: o.tensors.update({"model.head.bias": torch.full((4,), torch.inf)}), "model.head.bias holds a value"),
        (lambda o: o.tensors.update({"history.steps": torch.zeros(2, 3)}), r"history.steps is F32 \[2, 3\] where F64"),
    ],
)  # fmt: skip
def test_the_line_names_what_is_wrong(opened, change, words):
    config, whole = opened
    altered = whole.copy()
    change(altered)
    with pytest.raises(InputError, match=words) as error:
        snapshot = decode(altered.sealed(), "FILE")
        check_settings(snapshot.meta, config, "FILE")
        Trainer(config, snapshot=snapshot)
    assert "\n" not in str(error.value)


def test_what_older_files_do_not_tell_need_not_be_there(opened):
    config, whole = opened
    older = whole.copy()
    for name in ("stepped", "averaged"):
        del older.meta[name]
    del older.meta["progress"]["best_since"]
    trainer = Trainer(config, snapshot=decode(older.sealed(), "FILE"))
    assert trainer.learner.average is not None and trainer.position.best_since == 0


@pytest.mark.parametrize("group", ["model", "average", "optimizer"])
def test_a_trainer_is_never_left_half_restored(opened, group):
    config, whole = opened
    snapshot = decode(whole.sealed(), "FILE")
    trainer = Trainer(config)
    generator = trainer.run()
    while trainer.position.step < 3:
        next(generator)
    names = [name for name in snapshot.tensors if name.startswith(group)]
    tensors = dict(snapshot.tensors)
    del tensors[names[-1]]
    before = {name: tensor.clone() for name, tensor in trainer.snapshot().tensors.items()}
    with pytest.raises(InputError):
        if group == "optimizer":
            restore_optimizer(trainer.learner.optimizer, Snapshot(tensors, snapshot.meta))
        else:
            trainer.learner.restore(Snapshot(tensors, snapshot.meta), "FILE")
    after = trainer.snapshot().tensors
    assert before.keys() == after.keys()
    assert all(same_bits(before[name], tensor) for name, tensor in after.items())
    with pytest.raises(StopIteration):
        generator.throw(Stop())
        while True:
            next(generator)


@given(samples=st.integers(2, 300), size=st.integers(1, 320))
def test_batches_are_counted_as_they_are_made(samples, size):
    assert batch_count(samples, size) == len(batch_bounds(samples, size))


def test_an_optimizer_that_keeps_plain_numbers_is_restored_by_name():
    settings = plugin_config(strategy("sign-descent"))
    trainer = Trainer(settings)
    run(trainer, 3)
    snapshot = trainer.snapshot()
    again = Trainer(settings, snapshot=snapshot)
    assert again.snapshot().meta["optimizer"] == snapshot.meta["optimizer"] != {}
    name = next(iter(snapshot.meta["optimizer"]))
    for wrong in ({name: "three"}, {f"{name}s": 3}):
        kept = {key: value for key, value in snapshot.meta["optimizer"].items() if key != name} | wrong
        with pytest.raises(InputError, match=f"optimizer.{name}"):
            Trainer(settings, snapshot=Snapshot(snapshot.tensors, snapshot.meta | {"optimizer": kept}))
