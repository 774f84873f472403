"""A network taken away: one file that does the same, proven before it is handed over, and else none."""

from __future__ import annotations

import importlib.util
import json
from itertools import pairwise

import numpy as np
import onnxruntime
import pytest
import safetensors
import safetensors.torch
import torch

from engine.catalogue import Catalogue, Entry, discover
from engine.checkpoints.checkpoint import read_checkpoint, write_checkpoint
from engine.data import Part, Source, split
from engine.exports import export as exporting
from engine.exports import onnx_file
from engine.exports.deployed import Deployed
from engine.exports.export import export, prove, write_script
from engine.message import InputError
from engine.strategy import DataSpec
from engine.strategy_text import parse_strategy
from engine.trained.predictions import open_network
from tests.engine.support import Blobs, run_stored, tiny_config, tunedeck


def parts_of(config):
    return split(config.dataset.load(Source(None)), config)


def nowhere(config):
    raise InputError("gone", "the folder is gone")


@pytest.fixture(scope="module")
def known():
    return Catalogue([*discover(entry_points=False).entries, Entry("blobs", "dataset", Blobs, "the tests")])


def trained(known, folder, **values):
    _, store, _ = run_stored(tiny_config(known, epochs=2, **values))
    path = folder / "run.safetensors"
    write_checkpoint(path, store.best())
    return path


@pytest.fixture(scope="module")
def plain(known, tmp_path_factory):
    """A checkpoint of a small network with an average of its weights, and what was exported of it."""
    folder = tmp_path_factory.mktemp("plain")
    path = trained(known, folder, model="mlp:hidden=12", ticked=["ema:decay=0.5", "batch-norm", "dropout"])
    return path, export(path, folder / "net.onnx", known, parts_of)


def outputs_at(file, inputs, size):
    run = onnx_file.opened_onnx(file)
    return np.concatenate([run(inputs[start : start + size]) for start in range(0, len(inputs), size)])


def agree(known, path, file):
    network = open_network(path, known)
    validation = parts_of(network.config).validation
    expected = network.activated(network.outputs(validation.inputs))
    for size in (1, 7, 64):
        given = outputs_at(file, validation.inputs.numpy(), size)
        assert given.dtype == np.float32 and given == pytest.approx(expected, abs=1e-5)
        assert (given.argmax(1) == expected.argmax(1)).all()


def test_an_onnx_file_does_what_the_averaged_network_does_at_any_number_of_samples(known, plain):
    path, made = plain
    agree(known, path, made.file)
    assert made.averaged and made.proof.part == "validation" and made.proof.samples == 40 and made.proof.tied == 0
    assert 0 <= made.proof.difference < 1e-5
    assert "40 validation samples: all classes equal, largest difference of probability" in str(made.proof.text)


@pytest.mark.parametrize(("values", "output"), [
    ({"model": "cnn:channels=4+8", "ticked": ["group-norm", "spatial-dropout"], "loss": "bce"}, "probabilities"),
    ({"model": "small-resnet:blocks=1,widths=4+8", "ticked": ["stochastic-depth"], "precision": "bfloat16",
      "loss": "mse"},
     "scores"),
])  # fmt: skip
def test_networks_of_other_kinds_do_too(known, tmp_path, values, output):
    path = trained(known, tmp_path, **values)
    made = export(path, tmp_path / "net.onnx", known, parts_of)
    meta = onnxruntime.InferenceSession(made.file).get_modelmeta().custom_metadata_map
    assert meta["output"] == output
    if values.get("precision") == "bfloat16":  # it computes in float32, whatever it was trained in
        network = Deployed(read_checkpoint(path), open_network(path, known).config, "")
        inputs = parts_of(open_network(path, known).config).validation.inputs
        with torch.inference_mode():
            assert outputs_at(made.file, inputs.numpy(), 9) == pytest.approx(network(inputs).numpy(), abs=1e-4)
        assert "float32" in str(made.notes[0])
    else:
        agree(known, path, made.file)


def test_a_regression_gives_values_and_needs_no_script(known, tmp_path):
    line = {kind: parse_strategy(id, known, kind) for kind, id in (("dataset", "noisy-line"), ("loss", "mse"))}
    path = trained(known, tmp_path, **line)
    made = export(path, tmp_path / "net.onnx", known, parts_of)
    assert made.script is None and not (tmp_path / "predict.py").exists()
    assert "largest difference of value" in str(made.proof.text)
    session = onnxruntime.InferenceSession(made.file)
    assert session.get_outputs()[0].name == "values"


def test_the_file_says_what_it_takes_and_gives_and_where_it_comes_from(plain):
    path, made = plain
    session = onnxruntime.InferenceSession(made.file)
    told = session.get_modelmeta().custom_metadata_map
    taken, given = session.get_inputs()[0], session.get_outputs()[0]
    assert (taken.name, taken.type, taken.shape) == ("input", "tensor(uint8)", ["N", 1, 8, 8])
    assert (given.name, given.type, given.shape) == ("probabilities", "tensor(float)", ["N", 4])
    assert json.loads(told["class_names"]) == list("abcd") and json.loads(told["input_shape"]) == [1, 8, 8]
    assert (told["colour"], told["resize"], told["weights"], told["task"]) == (
        "grey",
        "crop",
        "average",
        "classification",
    )
    head = path.read_bytes()
    assert len(told["checkpoint_sha256"]) == 64 and told["checkpoint_sha256"].encode() in head and told["tunedeck"]
    assert [file.name for file in made.file.parent.iterdir() if "onnx" in file.name] == ["net.onnx"]
    assert b"site-packages" not in made.file.read_bytes() and b"engine/" not in made.file.read_bytes()


class Shrinking(torch.nn.Module):
    """As torchvision's networks begin: images are made smaller, with antialiasing."""

    spec = DataSpec((3, 53, 71), 3 * 17 * 20)

    def forward(self, inputs):
        return torch.nn.functional.interpolate(inputs.float(), (17, 20), mode="bilinear", antialias=True).flatten(1)


def test_images_that_a_network_makes_smaller_are_the_same_to_the_last_digits(tmp_path):
    network = Shrinking().eval()
    (tmp_path / "net.onnx").write_bytes(onnx_file.onnx_bytes(network, network.spec.input_shape, "values", {}))
    inputs = torch.randint(0, 256, (9, 3, 53, 71), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for size in (1, 9):
        assert outputs_at(tmp_path / "net.onnx", inputs.numpy(), size) == pytest.approx(
            network(inputs).numpy(), abs=1e-3
        )


def fake(monkeypatch, change):
    """Let a file compute something else than it should."""
    opened = onnx_file.opened_onnx
    monkeypatch.setattr(exporting, "opened_onnx", lambda file: lambda inputs: change(opened(file)(inputs)))


@pytest.mark.parametrize("change", [
    lambda given: given[:, ::-1], lambda given: given + 1e-3, lambda given: given * np.nan, lambda given: given[:1],
])  # fmt: skip
def test_a_file_that_does_something_else_is_not_handed_over(known, plain, tmp_path, monkeypatch, change):
    path, made = plain
    data = made.file.read_bytes()
    monkeypatch.setattr(exporting, "onnx_bytes", lambda *_: data)
    fake(monkeypatch, change)
    out = tmp_path / "net.onnx"
    out.write_bytes(b"of before")
    with pytest.raises(InputError, match="no file was made"):
        export(path, out, known, parts_of)
    assert [file.name for file in tmp_path.iterdir()] == ["net.onnx"] and out.read_bytes() == b"of before"


class Fixed(torch.nn.Module):
    def __init__(self, rows):
        super().__init__()
        self.rows = torch.tensor(rows)

    def forward(self, inputs):
        return self.rows[: len(inputs)]


def test_of_tied_classes_either_may_come_first_and_is_told():
    network = Fixed([[0.4, 0.4, 0.2]])
    one = Part(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64))
    turned = prove(network, lambda inputs: np.float32([[0.4, 0.4000001, 0.2]]), one, "validation", "probabilities")
    assert turned.tied == 1 and "all classes equal but for 1, where two are tied" in str(turned.text)
    network = Fixed([[0.40005, 0.4, 0.2]])
    with pytest.raises(InputError, match="1 are called another class"):
        prove(network, lambda inputs: np.float32([[0.4, 0.40005, 0.2]]), one, "validation", "probabilities")


def test_all_samples_are_compared_each_once_in_batches_of_several_sizes():
    for count in (0, 1, 7, 8, 9, 200):
        bounds = list(exporting.batches(count))
        assert all(one[1] == other[0] for one, other in pairwise(bounds))
        assert (bounds[0][0], bounds[-1][1]) == (0, count) if count else bounds == []
    assert {end - start for start, end in exporting.batches(200)} == {1, 7, 64}


def test_without_its_data_it_is_compared_on_random_samples_which_is_said(known, plain, tmp_path, monkeypatch):
    path, made = plain
    data = made.file.read_bytes()
    monkeypatch.setattr(exporting, "onnx_bytes", lambda *_: data)
    found = export(path, tmp_path / "net.onnx", known, nowhere)
    assert found.proof.part == "random" and found.proof.samples == 256
    assert "the folder is gone" in str(found.notes[0]) and "256 random samples" in str(found.proof.text)


def test_without_the_libraries_one_line_says_how_to_install_them(known, plain, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "onnx" else find(name, *more))
    with pytest.raises(InputError, match="pip install onnx onnxscript onnxruntime"):
        export(plain[0], tmp_path / "net.onnx", known, parts_of)
    assert list(tmp_path.iterdir()) == []


def test_weights_alone_are_a_plain_state_dict_of_the_average(known, plain, tmp_path):
    path, _ = plain
    made = export(path, tmp_path / "net.SafeTensors", known, nowhere)
    loaded = safetensors.torch.load_file(made.file)
    average = read_checkpoint(path).group("average")
    assert loaded.keys() == average.keys() and all(torch.equal(loaded[name], average[name]) for name in average)
    assert not any(name.startswith("model.") for name in loaded)
    with safetensors.safe_open(made.file, "pt") as file:
        assert json.loads(file.metadata()["class_names"]) == list("abcd")
    assert made.averaged and made.script is None and "equal bit for bit" in str(made.proof.text)


@pytest.mark.parametrize(("name", "told"), [
    ("net.pt", "end in .onnx or .safetensors"), ("net", "end in .onnx"), ("absent/net.onnx", "no folder"),
    ("folder.onnx", "no folder"), ("run.safetensors", "is a checkpoint"),
])  # fmt: skip
def test_a_name_that_can_not_be_written_is_refused_before_anything_is_read(known, plain, tmp_path, name, told):
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "run.safetensors").write_bytes(plain[0].read_bytes())
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=told):
        export(plain[0], tmp_path / name, known, parts_of)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_script_of_ones_own_stays(tmp_path):
    out = tmp_path / "net.onnx"
    own = tmp_path / "predict.py"
    assert write_script(out) == (own, None) and write_script(out) == (own, None)
    text = own.read_text()
    assert len(text.splitlines()) < 60
    own.write_text("mine")
    script, note = write_script(out)
    assert script.name == "predict_net.py" and script.read_text() == text and "stays" in str(note)
    script.write_text("mine too")
    script, note = write_script(out)
    assert script is None and "no script was written" in str(note)
    assert own.read_text() == "mine" and (tmp_path / "predict_net.py").read_text() == "mine too"


def test_the_command_line_says_what_was_proven(capsys, tmp_path):
    words = ("train", "--epochs", 1, "--train-samples", 64, "--threads", 1, "--model", "linear", "--device", "cpu")
    run = json.loads(tunedeck(capsys, *words, "--json")[1])["run"]
    code, out, err = tunedeck(capsys, "export", run, tmp_path / "net.safetensors")
    assert (code, err) == (0, "") and "equal bit for bit" in out
    code, out, err = tunedeck(capsys, "export", run, tmp_path / "net.onnx", "--json")
    told = json.loads(out)
    assert code == 0 and len(out.splitlines()) == 1 and err == ""
    assert told["samples"] == 600 and told["part"] == "validation" and told["largest_difference"] < 1e-5
    assert told["script"] == str(tmp_path / "predict.py") and told["file"] == str(tmp_path / "net.onnx")
    code, out, err = tunedeck(capsys, "export", run, tmp_path / "net.tflite")
    assert (code, out) == (2, "") and len(err.splitlines()) == 1
