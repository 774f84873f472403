"""Predictions of a part: equal to the run's own figures, computed once, and given up when told."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.catalogue import Catalogue, Entry
from engine.checkpoints.checkpoint import write_checkpoint
from engine.data import DataBundle, Part, Source, split
from engine.message import InputError
from engine.strategy import Dataset
from engine.strategy_text import parse_strategy
from engine.trained.examiner import Examiner
from engine.trained.predictions import displayed, open_network, predict
from tests.engine.support import CLASSES, Blobs, run_stored, tiny_config


class Slope(Dataset):
    """Twice the first of two features: a regression."""

    def load(self, source: Source) -> DataBundle:
        inputs = torch.linspace(-1, 1, 80).reshape(40, 2)
        part = Part(inputs, 2 * inputs[:, :1])
        return DataBundle(part, part, task="regression")


@pytest.fixture(scope="module")
def known(catalogue):
    entries = [Entry(cls.id, "dataset", cls, "the tests") for cls in (Blobs, Slope)]
    return Catalogue([*catalogue.entries, *entries])


@pytest.fixture
def trained(known, tmp_path):
    """Makes a checkpoint file of a short run's best epoch, and gives the run's record."""

    def make(**values):
        _, store, trainer = run_stored(tiny_config(known, **values))
        path = tmp_path / "best.safetensors"
        write_checkpoint(path, store.best())
        return path, trainer.history

    return make


@pytest.fixture
def examiner(known):
    made = Examiner(known, lambda config: made.asked.append(config) or parts_of(config))
    made.asked = []
    return made


def parts_of(config):
    return split(config.dataset.load(Source(Path())), config)


@pytest.mark.parametrize("loss", ["cross-entropy", "bce", "mse", "focal", "cross-entropy:class_weights=balanced"])
def test_they_are_the_figures_of_the_run_itself(trained, examiner, loss):
    path, history = trained(loss=loss)
    made = examiner.predictions(path, "validation")
    best = history.best("val_loss")
    assert made.loss == pytest.approx(best.val_loss, rel=1e-5)
    assert made.accuracy == best.val_accuracy and made.epoch == best.epoch
    low, high = made.interval
    assert 0 <= low < made.accuracy < high <= 1 or made.accuracy in (0, 1)
    assert made.confusion.sum() == len(made) == 40 and np.trace(made.confusion) == made.right.sum()


def test_a_probability_for_each_class_and_its_loss_for_each_sample(trained, examiner):
    path, _ = trained()
    made = examiner.predictions(path, "test")
    assert made.outputs.shape == (40, CLASSES) and made.outputs.dtype == np.float32
    assert made.outputs.sum(1) == pytest.approx(np.ones(40), abs=1e-5)
    true = made.outputs[np.arange(40), made.targets]
    assert made.losses == pytest.approx(-np.log(true), abs=1e-4)
    assert made.losses.mean() == pytest.approx(made.loss, abs=1e-5)
    assert made.gives_probabilities and made.class_names == tuple("abcd")
    assert (made.outputs.argmax(1) == made.predicted).all()


def test_the_worst_come_first_and_of_a_cell_the_surest_mistakes(trained, examiner):
    path, _ = trained(epochs=1, dataset=Blobs(noise=150))
    made = examiner.predictions(path, "training")
    assert (np.diff(made.losses[made.worst_first]) <= 0).all()
    true, called = np.argwhere(made.confusion * (1 - np.eye(CLASSES)))[0]
    rows = made.cell(true, called)
    assert len(rows) == made.confusion[true, called] > 0
    assert set(made.targets[rows]) == {true} and set(made.predicted[rows]) == {called}
    assert (np.diff(made.certainty[rows]) <= 0).all()
    likely = int(np.diag(made.confusion).argmax())
    right = made.cell(likely, likely)
    assert len(right) > 1 and (np.diff(made.certainty[right]) >= 0).all(), "of what is right the least sure come first"


def test_scores_are_not_called_probabilities(trained, examiner):
    path, _ = trained(loss="mse")
    made = examiner.predictions(path, "validation")
    assert not made.gives_probabilities and not made.suspected.any()


def test_a_second_look_computes_nothing_until_the_file_is_another(trained, examiner):
    path, _ = trained()
    first = examiner.predictions(path, "validation")
    assert examiner.predictions(path, "validation") is first and len(examiner.asked) == 1
    other = examiner.predictions(path, "test")
    assert other.part == "test" and examiner.predictions(path, "validation") is first
    os.utime(path, ns=(0, 1_000))
    assert examiner.predictions(path, "validation") is not first


def test_no_more_is_kept_than_there_is_use_for(trained, examiner):
    path, _ = trained()
    for second in range(20):
        os.utime(path, ns=(0, second * 10**9))
        examiner.predictions(path, "validation")
    assert len(examiner._predictions) == 4 and len(examiner._networks) == 2


def test_a_regression_gives_values(trained, examiner):
    path, history = trained(
        dataset=Slope(),
        loss="mse",
        epochs=20,
        lr=0.05,
        scaling="no-scaling",
        model="mlp:hidden=8",
        initializer="xavier",
    )
    made = examiner.predictions(path, "validation")
    assert made.task == "regression" and made.class_names == () and not made.has_images
    assert made.outputs.shape == made.targets.shape == (40, 1)
    assert made.loss == pytest.approx(history.best("val_loss").val_loss, rel=1e-5)
    assert made.regression.rmse == pytest.approx(np.sqrt(made.loss), rel=1e-4)


def test_it_is_given_up_when_told(trained, examiner):
    path, _ = trained()
    with pytest.raises(InputError, match="given up"):
        examiner.predictions(path, "validation", lambda: False)
    asked = iter([True, True, False])
    with pytest.raises(InputError, match="given up"):
        examiner.predictions(path, "validation", lambda: next(asked))
    assert examiner.predictions(path, "validation") is not None


def test_what_was_looked_at_last_is_kept_and_a_file_that_was_written_again_is_read_again(trained, known, monkeypatch):
    path, _ = trained()
    opened = []
    monkeypatch.setattr(
        "engine.trained.examiner.open_network", lambda *given: opened.append(given[0]) or open_network(*given)
    )
    one, two, three = (path.with_name(f"{name}.safetensors") for name in ("one", "two", "three"))
    for copy in (one, two, three):
        copy.write_bytes(path.read_bytes())
    examiner = Examiner(known, parts_of)
    for each in (one, two, one, three, one):
        examiner.network(each)
    assert opened == [one, two, three]
    os.utime(one, ns=(0, 1))
    examiner.predictions(one, "test")
    assert opened[3:] == [one]


def test_what_can_not_be_used_is_told(trained, known, tmp_path):
    path, _ = trained(dataset=Blobs(validation=0, test=0), validation_samples="0%", monitor="train_loss")
    examiner = Examiner(known, parts_of)
    assert "no-part" in refusal(lambda: examiner.predictions(path, "validation"))
    other = Examiner(known, lambda config: parts_of(config.changed({"dataset": Slope()})))
    assert "other-data" in refusal(lambda: other.predictions(path, "training"))
    assert "unreadable" in refusal(lambda: examiner.predictions(tmp_path / "absent", "training"))
    bare = Catalogue([entry for entry in known.entries if entry.id != "mlp"])
    assert "plugin-missing" in refusal(lambda: open_network(path, bare))


def refusal(act):
    with pytest.raises(InputError) as raised:
        act()
    return raised.value.message.code


def test_the_global_generators_are_left_alone(trained, known):
    path, _ = trained()
    network = open_network(path, known)
    part = parts_of(network.config).test
    before = torch.get_rng_state()
    predict(network, part, "test")
    assert torch.equal(torch.get_rng_state(), before)


def test_images_are_shown_in_grey_or_colour():
    assert displayed(np.zeros((1, 4, 5), np.uint8)).shape == (4, 5)
    assert displayed(np.zeros((3, 4, 5), np.uint8)).shape == (4, 5, 3)
    assert displayed(np.zeros((2, 4, 5), np.uint8)).shape == (4, 5)
    colour = np.zeros((3, 2, 2), np.uint8)
    colour[0, 0, 1] = 9
    assert displayed(colour)[0, 1].tolist() == [9, 0, 0]


def test_the_name_of_a_class_is_its_number_where_the_data_give_none(trained, known, monkeypatch):
    monkeypatch.setattr(Blobs, "load", lambda self, source, load=Blobs.load: nameless(load(self, source)))
    path, _ = trained(model=parse_strategy("mlp:hidden=8", known, "model"))
    assert open_network(path, known).class_names == ("0", "1", "2", "3")


def nameless(bundle):
    return DataBundle(bundle.training, bundle.validation, bundle.test)
