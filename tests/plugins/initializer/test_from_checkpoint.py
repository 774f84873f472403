from __future__ import annotations

import functools
from pathlib import Path

import pytest
import torch

from engine.checkpoints.checkpoint import Snapshot, decode, encode, write_checkpoint
from engine.message import InputError
from engine.network import build_network
from engine.strategy import DataSpec
from engine.trainer import Trainer
from tests.plugins.bench import assert_same_bits, config, run, strategy

GREY = DataSpec((1, 28, 28), 3)
NORM = strategy("batch-norm")


@functools.cache
def trained() -> bytes:
    """The checkpoint of a small run with batch norms."""
    trainer = Trainer(config(NORM))
    run(trainer)
    return encode(trainer.snapshot())


@pytest.fixture
def snapshot() -> Snapshot:
    return decode(trained(), "memory")


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / "other.safetensors").write_bytes(trained())
    return tmp_path / "other.safetensors"


def weights(path, *strategies, data=GREY, **values) -> dict[str, torch.Tensor]:
    """Those of a new network that starts from this path, or with PyTorch's own weights."""
    start = strategy("from-checkpoint", path=str(path)) if path else strategy("pytorch-default")
    return build_network(config(start, *strategies, **values), data).state_dict()


def test_takes_every_tensor_and_the_statistics_of_norms(path, snapshot):
    taken = weights(path, NORM, seed=9)
    assert_same_bits(taken, snapshot.group("model"))
    assert taken["body.block1.norm.running_mean"].abs().sum() > 0
    assert int(taken["body.block1.norm.num_batches_tracked"]) == 4


def test_a_new_run_begins_where_the_other_ended(path, snapshot):
    settings = config(NORM, strategy("from-checkpoint", path=str(path)))
    evaluating = (learner := Trainer(settings).learner).evaluate(learner.parts.validation)
    with pytest.raises(StopIteration) as end:
        while True:
            next(evaluating)
    losses = snapshot.tensors["history.epochs"][:, 5].tolist()
    assert end.value.value.loss == losses[-1]


def test_what_does_not_fit_keeps_its_own_start(path, snapshot):
    ten = DataSpec((1, 28, 28), 10)
    taken, own, theirs = weights(path, NORM, data=ten), weights(None, NORM, data=ten), snapshot.group("model")
    assert_same_bits({n: t for n, t in taken.items() if "head" not in n}, {
        n: t for n, t in theirs.items() if "head" not in n
    })  # fmt: skip
    for name in ("head.weight", "head.bias"):
        assert torch.equal(taken[name], own[name])


def test_what_only_one_of_them_has_is_left(path, snapshot):
    taken = weights(path)
    assert_same_bits(taken, {name: snapshot.group("model")[name] for name in taken})
    assert not any("norm" in name for name in taken)


def test_the_average_is_taken_where_there_is_one(tmp_path, snapshot):
    average = {f"average.{name}": tensor + 1 for name, tensor in snapshot.group("model").items()}
    write_checkpoint(
        tmp_path / "averaged.safetensors", Snapshot(snapshot.tensors | average, snapshot.meta | {"averaged": True})
    )
    taken = weights(tmp_path / "averaged.safetensors", NORM)
    assert_same_bits(taken, {name: tensor + 1 for name, tensor in snapshot.group("model").items()})


def test_of_a_run_folder_the_best_checkpoint_is_taken(tmp_path, snapshot):
    folder = tmp_path / "runs" / "one" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "last.safetensors").write_bytes(trained())
    assert_same_bits(weights(folder.parent, NORM), snapshot.group("model"))
    better = {name: tensor + (name == "model.head.bias") for name, tensor in snapshot.tensors.items()}
    write_checkpoint(folder / "best.safetensors", Snapshot(better, snapshot.meta))
    taken = weights(folder.parent, NORM)
    assert torch.equal(taken["head.bias"], snapshot.group("model")["head.bias"] + 1)


def test_the_home_folder_may_be_abbreviated(path, monkeypatch, snapshot):
    monkeypatch.setenv("HOME", str(path.parent))
    monkeypatch.setenv("USERPROFILE", str(path.parent))
    assert_same_bits(weights(f"~/{path.name}", NORM), snapshot.group("model"))


def test_another_model_is_told(path):
    with pytest.raises(InputError, match=r"other\.safetensors is of another model \(cnn\): none"):
        weights(path, strategy("mlp"))


def test_other_shapes_are_told(path):
    with pytest.raises(InputError) as told:
        weights(path, strategy("cnn", channels=(5,), hidden=9))
    assert "body.block1.convolution.weight is 4×1×3×3 there, 5×1×3×3 here" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_model_of_a_head_alone_is_the_same_model(tmp_path):
    trainer = Trainer(config(strategy("linear"), data="colour-bars"))
    write_checkpoint(tmp_path / "linear.safetensors", trainer.snapshot())
    with pytest.raises(InputError, match=r"head\.weight is 3×3072 there, 3×784 here"):
        weights(tmp_path / "linear.safetensors", strategy("linear"))
    start = strategy("from-checkpoint", path=str(tmp_path / "linear.safetensors"))
    taken = Trainer(config(strategy("linear"), start, data="colour-bars", seed=9)).learner.model
    assert_same_bits(taken.state_dict(), trainer.learner.model.state_dict())


def test_a_head_or_a_bias_that_happens_to_fit_is_not_enough(path):
    # The head is 3×8 in both networks, and what it was trained on is not there.
    with pytest.raises(InputError, match="another model"):
        weights(path, strategy("mlp", hidden=(8,)))
    with pytest.raises(InputError, match=r"convolution\.weight is 4×1×3×3 there, 4×1×5×5 here"):
        weights(path, strategy("cnn", channels=(4, 5), kernel=5, hidden=8))


@pytest.mark.parametrize("content", [None, b"no checkpoint"])
def test_a_file_that_is_none_is_told(tmp_path, content):
    path = tmp_path / "missing.safetensors"
    if content:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"missing\.safetensors"):
        weights(path)


def test_without_a_path_the_run_does_not_start():
    settings = config(strategy("from-checkpoint"))
    [advice] = settings.initializer.advice(settings)
    assert (advice.level, advice.field) == ("error", "path")
    with pytest.raises(InputError, match="name the checkpoint"):
        Trainer(settings)
    with pytest.raises(InputError, match="name the checkpoint"):
        build_network(settings, GREY)


def test_a_run_is_resumed_without_the_file(path):
    trainer = Trainer(config(NORM, strategy("from-checkpoint", path=str(path))))
    run(trainer, steps=1)
    path.unlink()
    resumed = Trainer(trainer.config, snapshot=trainer.snapshot())
    assert_same_bits(resumed.learner.model.state_dict(), trainer.learner.model.state_dict())


def test_weights_that_the_model_brings_itself_are_told(path):
    class Pretrained(type(strategy("mlp"))):
        """An MLP with weights of its own."""

        weights: str = "none"
        """Which."""

    start = strategy("from-checkpoint", path=str(path))
    for own, codes in (("none", []), ("imagenet", ["model-has-weights"])):
        settings = config(Pretrained(weights=own), start)
        assert [advice.text.code for advice in start.advice(settings)] == codes
