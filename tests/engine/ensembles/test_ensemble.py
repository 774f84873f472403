"""An ensemble is the mean of its members' probabilities on samples that all come to, and says what it gives."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import onnxruntime
import pytest

from engine.catalogue import Catalogue, Entry
from engine.checkpoints.checkpoint import read_checkpoint, write_checkpoint
from engine.data import DataBundle, Part, Source, split
from engine.ensembles import export as ensemble_export
from engine.ensembles.ensemble import (
    any_disagree,
    combine,
    disagreements,
    equal_weights,
    figures_of,
    fitted_weights,
    gain,
    log_loss,
)
from engine.ensembles.export import export_ensemble
from engine.ensembles.members import measure_ensemble
from engine.message import InputError
from engine.strategy_text import parse_strategy
from engine.trained.network import evaluate_checkpoint
from engine.trained.predictions import open_network, predict
from tests.engine.support import Blobs, run_stored, tiny_config, tunedeck


class Wide(Blobs):
    """The same classes, in images of another shape."""

    id = "wide"

    def load(self, source):
        bundle = super().load(source)
        parts = (bundle.training, bundle.validation, bundle.test)
        wide = [Part(part.inputs.repeat(1, 1, 1, 2), part.targets) for part in parts]
        return DataBundle(*wide, bundle.class_names)


def parts_of(config):
    return split(config.dataset.load(Source(None)), config)


@pytest.fixture(scope="module")
def known(catalogue):
    own = [Entry(each.id, "dataset", each, "the tests") for each in (Blobs, Wide)]
    return Catalogue([*catalogue.entries, *own])


def trained(known, path, **values):
    if isinstance(values.get("dataset"), str):
        values["dataset"] = parse_strategy(values["dataset"], known, "dataset")
    _, store, _ = run_stored(tiny_config(known, **{"epochs": 2, **values}))
    write_checkpoint(path, store.best())
    return path


@pytest.fixture(scope="module")
def three(known, tmp_path_factory):
    """Checkpoints of three networks that are not alike."""
    folder = tmp_path_factory.mktemp("three")
    kinds = ({"model": "mlp:hidden=12"}, {"model": "linear", "scaling": "zero-one"}, {"model": "mlp", "seed": 3})
    return [trained(known, folder / f"{place}.safetensors", **values) for place, values in enumerate(kinds)]


def drawn(seed, members=3, samples=200, classes=4):
    """Probabilities of made members, some better than others, and true classes."""
    numbers = np.random.default_rng(seed)
    true = numbers.integers(0, classes, samples)
    sharp = numbers.uniform(0.2, 4, members)
    scores = numbers.normal(size=(members, samples, classes))
    scores[:, np.arange(samples), true] += sharp[:, None]
    made = np.exp(scores)
    return list(made / made.sum(2, keepdims=True)), true


def said(path, known, part):
    network = open_network(path, known)
    return predict(network, getattr(parts_of(network.config), part), part).outputs.astype(np.float64)


# --- the mean -------------------------------------------------------------------------------------


def test_equal_weights_are_the_plain_mean_of_the_networks_own_probabilities(known, three):
    found = measure_ensemble(three, known, parts_of)
    all_of = [said(path, known, "test") for path in three]
    true = parts_of(open_network(three[0], known).config).test.targets.numpy()
    mean = np.mean(all_of, axis=0)
    assert found.part == "test" and found.samples == len(true)
    assert found.figures.accuracy == (mean.argmax(1) == true).mean()
    assert found.figures.loss == pytest.approx(-np.log(mean[np.arange(len(true)), true]).mean(), rel=1e-6)


def test_each_members_figures_are_those_that_it_has_alone(known, three, workspace):
    found = measure_ensemble(three, known, parts_of)
    for path, member in zip(three, found.members, strict=True):
        alone = evaluate_checkpoint(path, known, workspace)
        assert member.figures.accuracy == alone.accuracy and member.figures.interval == alone.interval
        assert member.figures.loss == pytest.approx(alone.loss, rel=1e-5)  # its loss is cross-entropy


def test_in_which_order_they_are_named_changes_nothing(known, three):
    first = measure_ensemble(three, known, parts_of, weights="validation")
    for order in itertools.permutations(range(3)):
        found = measure_ensemble([three[place] for place in order], known, parts_of, weights="validation")
        assert found.figures.accuracy == first.figures.accuracy and found.gain == first.gain
        assert found.figures.loss == pytest.approx(first.figures.loss, rel=1e-9)
        assert [found.weights[order.index(place)] for place in range(3)] == pytest.approx(first.weights, abs=1e-9)
        assert order[found.best] == first.best


def test_the_best_member_is_told_by_the_validation_part_alone(known, three):
    found = measure_ensemble(three, known, parts_of)
    on_validation = measure_ensemble(three, known, parts_of, part="validation")
    assert [member.validation for member in found.members] == [each.figures for each in on_validation.members]
    best = max(range(3), key=lambda place: found.members[place].validation.accuracy)
    assert found.members[found.best].validation.accuracy == found.members[best].validation.accuracy


def test_classes_are_matched_by_their_names(known, three, tmp_path):
    snapshot = read_checkpoint(three[1])
    order = [2, 0, 3, 1]
    named = snapshot.meta["class_names"] or list("0123")
    tensors = dict(snapshot.tensors)
    for name in ("model.head.weight", "model.head.bias"):
        tensors[name] = tensors[name][order].clone()
    meta = snapshot.meta | {"class_names": [named[place] for place in order]}
    other = tmp_path / "other.safetensors"
    write_checkpoint(other, dataclasses.replace(snapshot, tensors=tensors, meta=meta))
    as_it_was, shuffled = (
        measure_ensemble([three[0], path], known, parts_of, weights="validation") for path in (three[1], other)
    )
    assert shuffled.figures.accuracy == as_it_was.figures.accuracy
    assert shuffled.figures.loss == pytest.approx(as_it_was.figures.loss, rel=1e-6)
    assert shuffled.weights == pytest.approx(as_it_was.weights, abs=1e-6)


# --- weights, and what it gives -------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_no_other_weights_have_a_smaller_loss_than_those_that_were_fitted(seed):
    probabilities, true = drawn(seed)
    weights = fitted_weights(probabilities, true)
    least = log_loss(combine(probabilities, weights), true)
    assert min(weights) >= 0 and sum(weights) == pytest.approx(1, abs=1e-12)
    numbers = np.random.default_rng(seed)
    others = [equal_weights(3), *np.eye(3), *numbers.dirichlet([1, 1, 1], 200)]
    others += [0.99 * np.array(weights) + 0.01 * np.array(other) for other in others]
    assert all(log_loss(combine(probabilities, other), true) >= least - 1e-9 for other in others)


def test_one_who_knows_nothing_counts_for_nothing_and_copies_change_nothing():
    probabilities, true = drawn(5, members=1)
    nothing = np.full_like(probabilities[0], 0.25)
    weights = fitted_weights([probabilities[0], np.eye(4)[(true + 1) % 4]], true)
    assert weights[1] < 1e-6
    assert figures_of(combine([probabilities[0]] * 3, equal_weights(3)), true).accuracy == pytest.approx(
        figures_of(probabilities[0], true).accuracy
    )
    assert log_loss(nothing, true) == pytest.approx(np.log(4))


@pytest.mark.parametrize(("won", "lost", "samples"), [(0.02, 0.01, 1000), (0.1, 0.1, 200), (0.05, 0.01, 500)])
def test_the_interval_of_the_gain_covers_the_truth_95_times_in_100(won, lost, samples):
    numbers = np.random.default_rng(0)
    counts = numbers.multinomial(samples, [won, lost, 1 - won - lost], size=2000)
    covered = 0
    for first, second, _ in counts:
        right = np.zeros(samples, dtype=bool)
        other = np.zeros(samples, dtype=bool)
        right[:first] = True
        other[first : first + second] = True
        low, high = gain(right, other).interval
        covered += low <= won - lost <= high
    assert 0.93 <= covered / len(counts) <= 0.98


def test_who_calls_all_the_same_gains_nothing_and_no_sample_is_disagreed_on():
    right = np.random.default_rng(1).random(300) < 0.8
    same = gain(right, right)
    assert same.accuracy == 0 and not same.measurable
    called = np.array([0, 1, 2, 3, 0]), np.array([0, 1, 2, 3, 1]), np.array([0, 1, 2, 0, 2])
    assert disagreements(called).tolist() == [[0, 0.2, 0.4], [0.2, 0, 0.4], [0.4, 0.4, 0]]
    assert any_disagree(called) == 0.4 and any_disagree([called[0]] * 2) == 0


def test_the_gain_is_told_in_words():
    better, worse = ([True] * 40 + [False] * 60, [False] * 100)
    told = [
        str(gain(np.array(one), np.array(other)).verdict())
        for one, other in ((better, worse), (worse, better), (better, better))
    ]
    assert told[0].startswith("better than its best member by 40.00 points")
    assert told[1].startswith("worse than its best member by 40.00 points")
    assert told[2].startswith("no measurable gain over its best member: 0.00 points")


# --- what can't be combined -----------------------------------------------------------------------


def refusal(known, *paths, **options):
    with pytest.raises(InputError) as caught:
        measure_ensemble(paths, known, parts_of, **options)
    text = str(caught.value)
    assert "\n" not in text
    return caught.value.message.code, text


def test_what_is_no_ensemble_is_refused_in_one_line(known, three, tmp_path):
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(three[0].read_bytes())
    line = trained(known, tmp_path / "line.safetensors", dataset="noisy-line", loss="mse", model="mlp")
    scores = trained(known, tmp_path / "scores.safetensors", loss="mse")
    assert refusal(known, three[0])[0] == "one-member"
    assert refusal(known, three[0], copy)[0] == "same-member"
    assert refusal(known, three[0], line)[0] == "no-classes"
    assert refusal(known, three[0], scores)[0] == "scores-only"


def test_members_of_other_classes_or_for_other_images_are_refused(known, three, tmp_path):
    sample = trained(
        known, tmp_path / "sample.safetensors", dataset="fashion-mnist-sample", train_samples="60", epochs=1
    )
    assert refusal(known, three[0], sample)[0] == "classes-differ"
    snapshot = read_checkpoint(sample)
    meta = snapshot.meta | {"class_names": [f"class {number}" for number in range(10)]}
    write_checkpoint(tmp_path / "renamed.safetensors", dataclasses.replace(snapshot, meta=meta))
    code, text = refusal(known, sample, tmp_path / "renamed.safetensors")
    assert code == "classes-differ" and "class 9" in text
    wide = trained(known, tmp_path / "wide.safetensors", dataset=Wide())
    code, text = refusal(known, three[0], wide)
    assert code == "other-inputs" and "1×8×16" in text and "1×8×8" in text
    with pytest.raises(InputError, match="1×8×16"):
        export_ensemble([three[0], wide], [0.5, 0.5], tmp_path / "all.onnx", known, parts_of)


def test_one_that_was_trained_on_another_split_may_have_seen_the_samples_and_it_is_said(known, three, tmp_path):
    values = {"dataset": Blobs(validation=0), "validation_samples": "25%"}
    one = trained(known, tmp_path / "one.safetensors", **values)
    same = trained(known, tmp_path / "same.safetensors", seed=4, **values)
    other = trained(known, tmp_path / "other.safetensors", split_seed=9, **values)
    assert measure_ensemble([one, same], known, parts_of).notes == ()
    notes = measure_ensemble([one, other], known, parts_of).notes
    assert [note.code for note in notes] == ["may-have-seen"]
    assert notes[0].values["part"] == "validation"  # the test part is the same in both


def test_without_a_validation_part_no_weights_are_fitted(known, three):
    def without(config):
        return dataclasses.replace(parts_of(config), validation=None)

    with pytest.raises(InputError, match="weights are found on the validation part"):
        measure_ensemble(three, known, without, weights="validation")
    found = measure_ensemble(three, known, without)
    best = max(found.members, key=lambda member: (member.figures.accuracy, -member.figures.loss))
    assert found.members[found.best] is best and best.validation is None


# --- as a file, and on the command line -----------------------------------------------------------


def test_the_file_gives_the_weighted_mean_of_the_members(known, three, tmp_path):
    weights = [0.5, 0.3, 0.2]
    made = export_ensemble(three, weights, tmp_path / "all.onnx", known, parts_of)
    assert made.proof.part == "validation" and made.proof.difference < 1e-5
    session = onnxruntime.InferenceSession(str(made.file), providers=["CPUExecutionProvider"])
    test = parts_of(open_network(three[0], known).config).test
    given = session.run(None, {"input": test.inputs.numpy()})[0]
    expected = combine([said(path, known, "test") for path in three], weights)
    np.testing.assert_allclose(given, expected, atol=1e-5)
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["ensemble_weights"]) == weights and facts["output"] == "probabilities"
    assert len(json.loads(facts["checkpoint_sha256"])) == 3


def test_a_file_that_is_not_what_they_are_together_is_not_made(known, three, tmp_path, monkeypatch):
    wrong = tmp_path / "wrong.onnx"
    other = export_ensemble(three[:2], [0.01, 0.99], tmp_path / "other.onnx", known, parts_of).file.read_bytes()
    monkeypatch.setattr(ensemble_export, "onnx_bytes", lambda *_: other)
    with pytest.raises(InputError) as caught:
        export_ensemble(three, [1 / 3] * 3, wrong, known, parts_of)
    assert caught.value.message.code == "export-differs" and not wrong.exists()
    with pytest.raises(InputError, match=r"into an \.onnx file alone"):
        export_ensemble(three, [1 / 3] * 3, tmp_path / "all.safetensors", known, parts_of)


@pytest.fixture
def runs(workspace, capsys):
    flags = (
        "--dataset",
        "fashion-mnist-sample",
        "--train-samples",
        "200",
        "--model",
        "mlp:hidden=8",
        "--epochs",
        "1",
        "--json",
    )
    return [json.loads(tunedeck(capsys, "train", *flags, "--seed", seed)[1])["run"] for seed in range(2)]


def test_the_command_prints_what_was_found_and_writes_the_file(runs, tmp_path, capsys):
    out = tmp_path / "both.onnx"
    code, printed, _ = tunedeck(capsys, "ensemble", *runs, "--weights", "validation", "--export", out, "--json")
    told = json.loads(printed)
    assert code == 0 and told["file"] == str(out) and out.is_file()
    assert {*told} >= {"part", "samples", "weights", "members", "ensemble", "disagreement", "pairs", "gain"}
    assert [each["checkpoint"] for each in told["members"]] == [f"{run}/checkpoints/best.safetensors" for run in runs]
    assert told["pairs"] == [{"members": [0, 1], "disagreement": told["disagreement"]}]
    code, printed, _ = tunedeck(capsys, "ensemble", *runs)
    assert (code == 0 and "together" in printed and "gain" in printed) or "best member" in printed


def test_bad_input_is_one_line(runs, tmp_path, capsys):
    damaged = tmp_path / "damaged.safetensors"
    data = bytearray((tmp_path / "workspace" / "runs").joinpath(runs[0], "checkpoints/best.safetensors").read_bytes())
    data[-9] ^= 255
    damaged.write_bytes(data)
    for words in ([runs[0]], [runs[0], runs[0]], [runs[0], damaged], [runs[0], tmp_path / "none"],
                  [*runs, "--export", tmp_path / "all.txt"]):  # fmt: skip
        code, printed, said = tunedeck(capsys, "ensemble", *words)
        assert code == 2 and printed == "" and said.strip().count("\n") <= 1 and "Traceback" not in said, said
