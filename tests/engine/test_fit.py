"""The curve of a regression of one input: what is told of it, and that telling it changes nothing."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import trainer as trainer_module
from engine.checkpoints.checkpoint import read_checkpoint
from engine.data import DataBundle, Part, Source, split
from engine.events import EpochEnded, Failed, Finished, Fitted, Saved
from engine.fit import MOST_POINTS, fitted, training_points
from engine.message import InputError
from engine.runs import last_checkpoint, new_run, resume_run
from engine.strategy import Dataset
from engine.strategy_text import parse_strategy
from engine.trained.fitted import fitted_of
from engine.trainer import Trainer
from tests.engine.support import differing, of_type, run, run_stored


class Plane(Dataset):
    """Noise over so many inputs and outputs."""

    inputs: int = 2
    """Inputs."""
    outputs: int = 1
    """Outputs."""

    def load(self, source: Source) -> DataBundle:
        drawing = torch.Generator().manual_seed(1)
        shapes = [(20, self.inputs), (20, self.outputs)]
        part = Part(*(torch.randn(shape, generator=drawing) for shape in shapes))
        return DataBundle(part, part, part, task="regression")


@pytest.fixture
def line(tiny, catalogue):
    """Makes the settings of a small run on a noisy line."""

    def make(dataset="noisy-line:points=12", **values):
        if isinstance(dataset, str):
            dataset = parse_strategy(dataset, catalogue)
        return tiny(**{"dataset": dataset, "loss": "mse", "epochs": 4, "batch_size": 4} | values)

    return make


def outputs(network, trainer, x):
    """What a network gives in evaluation mode, computed here."""
    inputs = torch.tensor(x).unsqueeze(1)
    with torch.no_grad():
        return network.eval()(trainer.learner.scale(inputs)).flatten()


def state_of_generators():
    return torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()


# --- in a run -------------------------------------------------------------------------------------


def test_after_every_epoch_the_curve_is_that_of_the_network_in_evaluation_mode(line):
    trainer = Trainer(line(ticked=["dropout:p=0.5", "batch-norm"]))
    curves = []
    for event in trainer.run():
        if isinstance(event, Fitted):
            learner = trainer.learner
            assert learner.model.training, "training would go on without dropout"
            expected = outputs(learner.model, trainer, event.x)
            learner.model.train()
            torch.testing.assert_close(torch.tensor(event.y), expected)
            curves.append(event)
    assert [curve.epoch for curve in curves] == [1, 2, 3, 4]
    assert len({curve.y for curve in curves}) == 4
    for curve in curves:
        np.testing.assert_allclose(curve.x, np.linspace(-1.1, 1.1, 200), rtol=0, atol=1e-6)


def test_it_is_told_right_after_its_epoch_and_before_the_save(line):
    events, _, _ = run_stored(line(epochs=2))
    kinds = [type(event) for event in events if isinstance(event, (EpochEnded, Fitted, Saved, Finished))]
    assert kinds == [*[EpochEnded, Fitted, Saved] * 2, Finished]


@pytest.mark.parametrize("ticked", [[], ["dropout:p=0.5", "batch-norm", "ema:decay=0.5"]], ids=str)
def test_telling_it_changes_no_bit_of_the_run(line, monkeypatch, ticked):
    _, _, told = run_stored(line(ticked=ticked))
    monkeypatch.setattr(trainer_module, "fitted", lambda learner, epoch: None)
    events, _, silent = run_stored(line(ticked=ticked))
    assert of_type(events, Fitted) == []
    assert differing(told.snapshot(), silent.snapshot()) == []


def test_it_draws_no_random_numbers_and_keeps_no_gradients(line):
    trainer = Trainer(line(ticked=["dropout:p=0.5"]))
    list(trainer.run())
    trainer.learner.optimizer.zero_grad()
    before = state_of_generators()
    curve = fitted(trainer.learner, 7)
    assert (curve.epoch, fitted(trainer.learner, 7)) == (7, curve)
    assert state_of_generators() == before
    assert all(parameter.grad is None for parameter in trainer.learner.model.parameters())


def test_where_an_average_is_kept_the_curve_is_its(line):
    trainer = Trainer(line(ticked=["ema:decay=0.5"]))
    seen = 0
    for event in trainer.run():
        if isinstance(event, Fitted):
            learner = trainer.learner
            averaged = outputs(learner.average, trainer, event.x)
            raw = outputs(learner.model, trainer, event.x)
            learner.model.train()
            torch.testing.assert_close(torch.tensor(event.y), averaged)
            assert not torch.allclose(raw, averaged)
            seen += 1
    assert seen == 4


def test_it_reaches_a_little_beyond_the_training_inputs_as_they_are_stored(line, catalogue):
    for amount in ("all", "5"):
        trainer = Trainer(line(train_samples=amount, scaling="zero-one"))
        inputs = trainer.learner.parts.training.inputs
        low, high = float(inputs.min()), float(inputs.max())
        x = fitted(trainer.learner, 1).x
        assert (x[0], x[-1]) == pytest.approx((low - 0.05 * (high - low), high + 0.05 * (high - low)))
    assert high - low < 2, "five of twelve points span less"


def test_it_is_plain_numbers_in_half_precision_too(line):
    events, _, _ = run_stored(line(epochs=1, precision="bfloat16"))
    (curve,) = of_type(events, Fitted)
    assert {type(value) for value in (*curve.x, *curve.y)} == {float}
    assert np.isfinite(curve.y).all()


@pytest.mark.parametrize("dataset", [Plane(inputs=2), Plane(inputs=1, outputs=2)], ids=["two in", "two out"])
def test_of_other_regressions_nothing_is_told(line, dataset):
    events, _, trainer = run_stored(line(dataset, epochs=1))
    assert isinstance(events[-1], Finished)
    assert of_type(events, Fitted) == []
    assert training_points(trainer.learner.parts) is None


def test_of_classes_nothing_is_told(tiny):
    events, _, trainer = run_stored(tiny(epochs=1))
    assert of_type(events, Fitted) == []
    assert training_points(trainer.learner.parts) is None


def test_a_resumed_run_tells_the_same_curves(line, catalogue, tmp_path):
    whole = run(new_run(line(), catalogue, tmp_path / "one"))
    cut = new_run(line(), catalogue, tmp_path / "two")
    run(cut, stop_at=7)  # in the third epoch
    folder = Path(cut.store.where)
    rest = run(resume_run(last_checkpoint(folder), catalogue, tmp_path / "two"))
    assert not of_type(rest, Failed)
    assert of_type(rest, Fitted) == of_type(whole, Fitted)[2:]


# --- the points -----------------------------------------------------------------------------------


def test_points_are_those_of_the_parts_and_the_truth_is_the_line(line):
    config = line("noisy-line:points=12,slope=-2,intercept=3")
    parts = split(config.dataset.load(Source(Path("nowhere"))), config)
    points = training_points(parts, config.dataset)
    for drawn, part in ((points.training, parts.training), (points.validation, parts.validation)):
        for axis, tensor in enumerate((part.inputs, part.targets)):
            np.testing.assert_array_equal(drawn[axis], tensor.flatten().double().numpy())
    x, y = points.truth
    np.testing.assert_allclose(y, -2 * x + 3, rtol=1e-5)
    np.testing.assert_allclose(x, np.linspace(-1.1, 1.1, 200), rtol=1e-5)
    assert training_points(parts).truth is None


def test_of_many_points_some_hundreds_are_taken_from_all_over(line):
    config = line("noisy-line:points=5000")
    parts = split(config.dataset.load(Source(Path("nowhere"))), config)
    x, y = training_points(parts).training
    assert MOST_POINTS / 2 < len(x) == len(y) <= MOST_POINTS
    assert (x[0], x[-1]) == pytest.approx((-1, 1), abs=0.01)
    training = parts.training
    known = dict(zip(training.inputs.flatten().tolist(), training.targets.flatten().tolist(), strict=True))
    assert [known[each] for each in x.tolist()] == y.tolist()


def test_without_a_validation_part_there_are_training_points_alone(line):
    class Bare(Plane):
        def load(self, source):
            whole = super().load(source)
            return DataBundle(whole.training, test=whole.test, task="regression")

    config = line(Bare(inputs=1), validation_samples="0%")
    parts = split(config.dataset.load(Source(Path("nowhere"))), config)
    points = training_points(parts, config.dataset)
    assert (points.validation, points.truth) == (None, None)
    assert len(points.training[0]) == 20


# --- of a checkpoint ------------------------------------------------------------------------------


@pytest.mark.parametrize("ticked", [[], ["ema:decay=0.5", "dropout:p=0.2"]], ids=str)
def test_the_curve_of_a_checkpoint_is_the_one_that_was_told(line, catalogue, tmp_path, ticked):
    trainer = new_run(line(ticked=ticked), catalogue, tmp_path)
    events = run(trainer)
    x, y = fitted_of(last_checkpoint(Path(trainer.store.where)), catalogue, trainer.learner.parts)
    told = of_type(events, Fitted)[-1]
    np.testing.assert_array_equal(x, told.x)
    np.testing.assert_allclose(y, told.y, rtol=0, atol=1e-6)


def test_the_curve_of_a_checkpoint_can_be_drawn_over_other_points(line, catalogue, tmp_path):
    trainer = new_run(line(), catalogue, tmp_path)
    run(trainer)
    other = line(Plane(inputs=1))
    parts = split(other.dataset.load(Source(Path("nowhere"))), other)
    x, y = fitted_of(last_checkpoint(Path(trainer.store.where)), catalogue, parts)
    assert x[0] < float(parts.training.inputs.min()) < float(parts.training.inputs.max()) < x[-1]
    snapshot = read_checkpoint(last_checkpoint(Path(trainer.store.where)))
    trainer.learner.restore(snapshot, "here")
    torch.testing.assert_close(torch.tensor(y).float(), outputs(trainer.learner.model, trainer, x.astype(np.float32)))


def test_a_checkpoint_of_classes_has_no_curve(tiny, line, catalogue, tmp_path):
    pictures = parse_strategy("fashion-mnist-sample", catalogue)
    trainer = new_run(tiny(epochs=1, dataset=pictures, train_samples="32"), catalogue, tmp_path)
    run(trainer)
    config = line()
    parts = split(config.dataset.load(Source(Path("nowhere"))), config)
    with pytest.raises(InputError, match="one input and one output"):
        fitted_of(last_checkpoint(Path(trainer.store.where)), catalogue, parts)


# --- on the command line --------------------------------------------------------------------------


def test_a_run_on_the_command_line_passes_curves_over(catalogue, workspace, capsys):
    from engine.cli import main

    flags = ["--dataset", "noisy-line:points=8", "--model", "mlp:hidden=4", "--loss", "mse", "--epochs", "2"]
    main(["train", *flags, "--threads", "1"])
    told = capsys.readouterr().err
    assert "epoch 2 of 2 · train" in told
    assert "accuracy" not in told
    (folder,) = (workspace / "runs").iterdir()
    main(["evaluate", str(folder)])
    assert "loss" in capsys.readouterr().out
