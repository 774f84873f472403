"""An autoencoder's run: its inputs are its targets, as they were before augmentation, and labels play no part."""

from __future__ import annotations

from math import prod

import pytest
import torch

from engine.batch import augmented
from engine.catalogue import Catalogue, Entry
from engine.checkpoints.checkpoint import decode, encode, write_checkpoint
from engine.data import DataBundle, Part, Source, split
from engine.events import Failed, Finished
from engine.fork import fork_run
from engine.message import InputError
from engine.strategy import Dataset
from engine.targets import Targets
from engine.trained.predictions import open_network, predict
from engine.trained.reconstructions import SHOWN, reconstruct
from engine.trainer import Trainer
from tests.engine.support import Blobs, differing, run, run_stored, same_bits

MODEL = "mlp-autoencoder:hidden=12+8"
NOISE = "gaussian-noise:sigma=0.2"


class Relabelled(Blobs):
    """The same images, each called another class."""

    def load(self, source: Source) -> DataBundle:
        bundle = super().load(source)
        parts = (bundle.training, bundle.validation, bundle.test)
        others = [Part(part.inputs, part.targets.flip(0)) for part in parts if part is not None]
        return DataBundle(*others, bundle.class_names)


class Plain(Dataset):
    """Features without images, which are to predict a number."""

    def load(self, source: Source) -> DataBundle:
        inputs = torch.linspace(-1, 1, 120).reshape(40, 3)
        part = Part(inputs, 2 * inputs[:, :1])
        return DataBundle(part, part, part, task="regression")


@pytest.fixture
def reconstructing(tiny):
    def make(model=MODEL, **values):
        return tiny(**{"model": model, "loss": "mse"} | values)

    return make


def seen(trainer):
    """Every pair of outputs and targets that the loss of a run is given, as it trains one epoch."""
    pairs, loss = [], trainer.learner._loss

    def spy(outputs, targets):
        pairs.append((outputs.detach().clone(), targets.clone()))
        return loss(outputs, targets)

    trainer.learner._loss = spy
    return pairs


@pytest.mark.parametrize("ticked", [[], [NOISE], ["gradient-accumulation"]], ids=str)
@pytest.mark.parametrize("scaling", ["standardise", "zero-one"])
@pytest.mark.parametrize("model", [MODEL, "cnn-autoencoder:channels=3+4,hidden=6"])
def test_the_targets_are_the_scaled_inputs_as_they_were_to_the_last_bit(reconstructing, model, scaling, ticked):
    config = reconstructing(model, ticked=ticked, scaling=scaling, epochs=1)
    trainer = Trainer(config)
    learner, rows = trainer.learner, torch.tensor([5, 0, 77, 31])
    pairs, images = seen(trainer), trainer.learner.parts.training.at(rows)
    learner.step(rows, 0, 0, 0.01)
    given = torch.cat([targets for _, targets in pairs])
    assert same_bits(given, learner.scale(images).flatten(1))
    assert torch.equal(augmented(config, images, 0, 0), images) == (NOISE not in ticked)
    for outputs, targets in pairs:
        assert outputs.shape == targets.shape and targets.dtype == torch.float32


def test_an_evaluation_compares_with_the_scaled_inputs(reconstructing):
    trainer = Trainer(reconstructing(ticked=[NOISE]))
    run(trainer)
    learner, part = trainer.learner, trainer.learner.parts.validation
    scaled = learner.scale(part.at(torch.arange(len(part))))
    with torch.inference_mode():
        expected = (learner.model.eval()(scaled) - scaled.flatten(1)).square().mean()
    row = trainer.history.epochs[-1]
    assert row.val_loss == pytest.approx(float(expected), rel=1e-5)
    assert row.val_accuracy is row.train_accuracy is row.clean_train_accuracy is None


def test_labels_play_no_part(reconstructing):
    first, second = (run_stored(reconstructing(dataset=dataset()))[2] for dataset in (Blobs, Relabelled))
    assert not torch.equal(first.learner.parts.training.targets, second.learner.parts.training.targets)
    assert differing(first.snapshot(), second.snapshot()) == []


def test_a_classifier_is_cut_into_the_same_parts(reconstructing, tiny):
    values = {"dataset": Blobs(validation=0, test=0), "validation_samples": "20", "train_samples": "50"}
    one, other = (
        split(config.dataset.load(Source("nowhere")), config) for config in (reconstructing(**values), tiny(**values))
    )
    assert one.spec.task == "reconstruction" and one.spec.outputs == 64 and one.spec.class_counts == ()
    assert other.spec.task == "classification" and one.spec.samples == other.spec.samples
    for name in ("training", "validation", "test"):
        assert torch.equal(getattr(one, name).inputs, getattr(other, name).inputs)


@pytest.mark.parametrize("step", [1, 3, 5, 8])
@pytest.mark.parametrize("ticked", [[], [NOISE, "ema:decay=0.5"]], ids=str)
def test_resumes_exactly_in_mid_epoch(reconstructing, ticked, step):
    config = reconstructing(ticked=ticked)
    whole, cut = run_stored(config)[2], Trainer(config)
    run(cut, stop_at=step)
    resumed = Trainer(config, snapshot=decode(encode(cut.snapshot()), "memory"))
    assert resumed.position.step == step
    run(resumed)
    assert differing(whole.snapshot(), resumed.snapshot()) == []


def test_a_checkpoint_says_what_it_is_and_knows_no_classes(reconstructing):
    events, store, _ = run_stored(reconstructing())
    assert isinstance(events[-1], Finished)
    snapshot = decode(encode(store.best()), "memory")
    assert (snapshot.meta["class_names"], snapshot.meta["data"]["class_counts"]) == ([], [])
    assert snapshot.meta["data"]["task"] == "reconstruction" and snapshot.meta["data"]["outputs"] == 64


def test_features_are_given_back_too(reconstructing):
    events, _, trainer = run_stored(reconstructing("mlp-autoencoder:hidden=2", dataset=Plain(), epochs=1))
    assert isinstance(events[-1], Finished)
    assert trainer.learner.parts.spec.outputs == 3


def test_with_noise_it_learns_to_remove_noise(reconstructing):
    data = Blobs(noise=0, training=400)
    trainer = Trainer(reconstructing("mlp-autoencoder:hidden=16+4", ticked=[NOISE], dataset=data, epochs=12))
    assert not isinstance(run(trainer)[-1], Failed)
    part, scale = trainer.learner.parts.validation, trainer.learner.scale
    clean = part.at(torch.arange(len(part)))
    noisy = augmented(trainer.config, clean, 0, 0)
    with torch.inference_mode():
        given_back = trainer.learner.model.eval()(scale(noisy))
    wanted = scale(clean).flatten(1)
    spoilt = (scale(noisy).flatten(1) - wanted).square().mean()
    assert (given_back - wanted).square().mean() < spoilt / 5


@pytest.mark.parametrize(("values", "told"), [
    ({"loss": "cross-entropy"}, "cross-entropy compares with classes, and the model mlp-autoencoder is to give back"),
    ({"loss": "cross-entropy:class_weights=balanced"}, "cross-entropy compares with classes"),
    ({"loss": "bce"}, "bce compares with classes"),
    ({"ticked": ["mixup"]}, "mixup blends samples with their labels"),
    ({"ticked": ["label-smoothing"]}, "label-smoothing blends samples with their labels"),
    ({"ticked": ["balanced-sampling"]}, "balanced-sampling goes by labels"),
    ({"monitor": "val_accuracy"}, "a reconstruction has no accuracy: monitor a loss"),
    ({"ticked": ["freeze-body"]}, "trained for its body, which freeze-body keeps as it is"),
])  # fmt: skip
def test_what_goes_by_labels_is_refused_in_one_line(reconstructing, values, told):
    with pytest.raises(InputError) as refused:
        reconstructing(**values).check()
    assert told in str(refused.value) and "\n" not in str(refused.value)


def test_what_cannot_be_undone_is_told_and_what_only_spoils_is_not(reconstructing):
    config = reconstructing(ticked=["random-horizontal-flip", NOISE, "random-erasing"])
    codes = [(id, advice.level) for id, advice in config.advice() if advice.text.code == "cannot-be-undone"]
    assert codes == [("random-horizontal-flip", "warning")]


def test_the_targets_of_each_task(reconstructing, tiny):
    learner = Trainer(tiny()).learner
    labels, images = torch.tensor([2, 0]), learner.parts.training.at(torch.tensor([3, 4]))
    assert Targets(learner.parts.spec, learner.scale)(images, labels) is labels
    made = Trainer(reconstructing()).learner
    targets = Targets(made.parts.spec, made.scale)(images, labels)
    assert targets.shape == (2, prod(made.parts.spec.input_shape))


@pytest.fixture
def trained(catalogue, tmp_path):
    """Makes a checkpoint of a short run, and gives its network with the run's record."""
    known = Catalogue([*catalogue.entries, Entry(Blobs.id, "dataset", Blobs, "the tests")])

    def make(config):
        _, store, trainer = run_stored(config)
        write_checkpoint(tmp_path / "best.safetensors", store.best())
        return open_network(tmp_path / "best.safetensors", known), trainer

    return make


@pytest.mark.parametrize("ticked", [[], [NOISE, "random-horizontal-flip"]], ids=["plain", "noise"])
def test_what_is_given_back_is_what_the_network_gives_for_what_it_was_given(trained, reconstructing, ticked):
    network, trainer = trained(reconstructing(ticked=ticked, epochs=1, dataset=Blobs(validation=150)))
    part = trainer.learner.parts.validation
    made = reconstruct(network, part, "validation")
    assert made.loss == trainer.history.epochs[-1].val_loss and len(made) == 150
    assert len(made.images) == SHOWN and len({image.row for image in made.images}) == SHOWN
    assert made.images[0].row == 0 and made.images[-1].row >= 145
    scale = trainer.learner.scale
    for image in made.images[::20]:
        stored = part.at(torch.tensor([image.row]))
        assert torch.equal(torch.from_numpy(image.original), stored[0, 0])
        assert (image.spoilt is None) == (not ticked)
        given = stored if image.spoilt is None else torch.from_numpy(image.spoilt)[None, None]
        with torch.inference_mode():
            outputs = trainer.learner.model.eval()(scale(given))
        pixels = (outputs.reshape(8, 8) * scale.std.flatten() + scale.mean.flatten()).round().clamp(0, 255)
        assert (pixels - torch.from_numpy(image.result)).abs().max() <= 1
        assert image.loss == pytest.approx(float((outputs - scale(stored).flatten(1)).square().mean()), rel=1e-4)


def test_only_what_spoils_is_shown_spoilt(trained, reconstructing):
    network, trainer = trained(reconstructing(ticked=["random-horizontal-flip:p=1.0"], epochs=1))
    made = reconstruct(network, trainer.learner.parts.test, "test")
    assert all(image.spoilt is None for image in made.images)


def test_each_kind_of_network_is_looked_at_in_its_own_way(trained, reconstructing, tiny):
    for config, look in ((tiny(epochs=1), reconstruct), (reconstructing(epochs=1), predict)):
        network, trainer = trained(config.changed({"dataset": Blobs()}))
        with pytest.raises(InputError, match=r"is no autoencoder|is an autoencoder"):
            look(network, trainer.learner.parts.test, "test")


def test_a_classifier_is_no_fork_of_an_autoencoder(trained, reconstructing, tiny, catalogue, tmp_path):
    trained(reconstructing(dataset=Blobs()))
    known = Catalogue([*catalogue.entries, Entry(Blobs.id, "dataset", Blobs, "the tests")])
    with pytest.raises(InputError, match=r"that run is a reconstruction, and with these settings it were a classif"):
        fork_run(tmp_path / "best.safetensors", tiny(dataset=Blobs(), epochs=5), known, tmp_path)
