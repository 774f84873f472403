from __future__ import annotations

import json

import pytest
import torch
from torch.nn import functional

from engine.data import Part
from engine.message import InputError
from engine.strategy import Augmentation, Regularizer
from engine.trained.network import Predictor
from engine.trained.views import Views, activated, inverse
from engine.trainer import Trainer
from tests.engine.support import run, run_stored, tunedeck


class Mirror(Augmentation):
    """Mirror every image."""

    def __call__(self, images, generator):
        return images.flip(3)


class Static(Augmentation):
    """Noise in place of every image."""

    def __call__(self, images, generator):
        return torch.randint(0, 256, images.shape, generator=generator, dtype=torch.uint8)


@pytest.fixture
def trained(tiny):
    """A trained network's settings, snapshot and validation part."""
    config = tiny(epochs=1, model="cnn:channels=4,hidden=8")
    _, store, trainer = run_stored(config)
    return config, store.last(), trainer.learner.parts.validation


def test_probabilities_are_averaged_over_the_plain_image_and_its_changed_ones(trained):
    config, snapshot, part = trained
    plain = Predictor(snapshot, config, "the test")
    one, other = plain.probabilities(part.inputs), plain.probabilities(part.inputs.flip(3))
    assert (one - other).abs().max() > 1e-3
    twice = Predictor(snapshot, config, "the test", Views(2, (Mirror(),), 0))
    torch.testing.assert_close(twice.probabilities(part.inputs), (one + other) / 2)
    thrice = Predictor(snapshot, config, "the test", Views(3, (Mirror(),), 0))
    torch.testing.assert_close(thrice.probabilities(part.inputs), (one + 2 * other) / 3)
    undone = Predictor(snapshot, config, "the test", Views(2, (Mirror(), Mirror()), 0))
    torch.testing.assert_close(undone.probabilities(part.inputs), one)


def test_loss_and_accuracy_are_those_of_the_averaged_probabilities(trained):
    config, snapshot, part = trained
    predictor = Predictor(snapshot, config, "the test", Views(4, (Static(),), 5))
    figures = predictor.evaluate(part)
    expected = predictor.probabilities(part.inputs)
    assert figures.loss == pytest.approx(functional.nll_loss(expected.log(), part.targets).item(), abs=1e-6)
    assert figures.accuracy == (expected.argmax(1) == part.targets).double().mean().item()


def test_views_depend_on_the_seed_and_the_place_of_the_images_alone(trained):
    config, snapshot, part = trained

    def probabilities(seed, first=0):
        torch.manual_seed(9)
        predictor = Predictor(snapshot, config, "the test", Views(3, (Static(),), seed))
        return predictor.probabilities(part.inputs, first)

    assert torch.equal(probabilities(1), probabilities(1))
    assert not torch.equal(probabilities(1), probabilities(2))
    assert not torch.equal(probabilities(1), probabilities(1, 40))


def test_each_view_is_another(trained):
    config, snapshot, part = trained
    two, three = (
        Predictor(snapshot, config, "the test", Views(count, (Static(),), 1)).probabilities(part.inputs)
        for count in (2, 3)
    )
    plain = Predictor(snapshot, config, "the test").probabilities(part.inputs)
    second, third = 2 * two - plain, 3 * three - 2 * two
    assert (second - third).abs().max() > 1e-3


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "identity"])
def test_the_outputs_that_stand_for_probabilities_give_them_back(activation):
    outputs = 6 * torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    probabilities = activated(outputs, activation)
    torch.testing.assert_close(activated(inverse(probabilities, activation), activation), probabilities)
    assert inverse(torch.tensor([[0.0, 1.0]]), activation).isfinite().all()


def test_a_predictor_takes_the_average_of_the_weights_where_there_is_one(tiny):
    class Half(Regularizer):
        """Follow the weights slowly."""

        def average_share(self, progress):
            return 0.01

    config = tiny(ticked=[Half()], epochs=1, lr=0.05)
    trainer = Trainer(config)
    run(trainer, stop_at=5)
    predictor = Predictor(trainer.snapshot(), config, "the test")
    kept = trainer.learner.average.state_dict()
    assert all(torch.equal(tensor, kept[name]) for name, tensor in predictor.network.state_dict().items())
    assert not torch.equal(predictor.network.head.weight, trainer.learner.model.head.weight)


def test_views_without_an_augmentation_say_what_to_name():
    with pytest.raises(InputError, match="--with random-horizontal-flip"):
        Views(2, (), 0)


@pytest.fixture
def checkpoint(tmp_path, capsys):
    """A run's folder, made by the command line."""
    code, out, err = tunedeck(
        capsys, "train", "--workspace", tmp_path, "--epochs", 1, "--train-samples", 256, "--threads", 1,
        "--model", "linear", "--device", "cpu", "--json",
    )  # fmt: skip
    assert code == 0, err
    return json.loads(out)["run"]


def test_evaluate_looks_several_times(tmp_path, capsys, checkpoint):
    words = ("evaluate", checkpoint, "--workspace", tmp_path, "--json")
    once = json.loads(tunedeck(capsys, *words)[1])
    flipped = json.loads(tunedeck(capsys, *words, "--views", 2, "--with", "random-horizontal-flip:p=1")[1])
    again = json.loads(tunedeck(capsys, *words, "--views", 2, "--with", "random-horizontal-flip:p=1")[1])
    assert (once["views"], flipped["views"]) == (1, 2)
    assert flipped == again
    assert flipped["loss"] != once["loss"] and flipped["accuracy"] > 0.3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--views", "2"), "name one, such as --with random-horizontal-flip"),
        (("--views", "0"), "--views is a number from 1 on"),
        (("--with", "random-horizontal-flip"), "--views 8"),
        (("--views", "2", "--with", "dropout"), "dropout is no augmentation"),
        (("--views", "2", "--with", "dropuot"), "dropout"),
        (("--views", "2", "--with", "gaussian-blur:kernel_size=4"), "gaussian-blur: the kernel has no middle"),
    ],
)
def test_what_makes_no_views_is_told_in_one_line(tmp_path, capsys, checkpoint, words, told):
    code, out, err = tunedeck(capsys, "evaluate", checkpoint, "--workspace", tmp_path, *words)
    assert (code, out) == (2, "")
    assert told in err and len(err.strip().splitlines()) == 1


def test_a_part_of_another_length_is_looked_at_in_batches(trained, monkeypatch):
    config, snapshot, part = trained
    whole = Predictor(snapshot, config, "the test").evaluate(part)
    monkeypatch.setattr("engine.evaluation.MOST_AT_ONCE", 7)
    pieces = Predictor(snapshot, config, "the test").evaluate(Part(part.inputs, part.targets))
    assert pieces.accuracy == whole.accuracy
    assert pieces.loss == pytest.approx(whole.loss, abs=1e-6)


def test_views_are_of_images():
    from tests.plugins.bench import config, strategy

    settings = config(strategy("wide"), data="features")
    trainer = Trainer(settings)
    with pytest.raises(InputError, match="only of images"):
        Predictor(trainer.snapshot(), settings, "the test", Views(2, (Mirror(),), 0))


def test_an_augmentation_that_fails_is_named(tmp_path, capsys, checkpoint):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "bad.py").write_text(
        "from engine.strategy import Augmentation, hookimpl\n\n\n"
        "class Bad(Augmentation):\n"
        '    """Raises for every image."""\n\n'
        "    def __call__(self, images, generator):\n"
        "        raise IndexError('no')\n\n\n"
        "@hookimpl\ndef register_strategies():\n    return [Bad]\n"
    )
    code, out, err = tunedeck(
        capsys, "evaluate", checkpoint, "--workspace", tmp_path, "--views", 2, "--with", "bad", "--json"
    )
    assert code == 1
    assert err.startswith("tunedeck: bad failed at step 4: IndexError: no\n")
    assert "bad failed" in json.loads(out)["reason"]
