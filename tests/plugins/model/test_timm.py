"""timm's networks: theirs to the bit, with the size and range of their weights, and honest without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest
import safetensors.torch
import timm
import torch

from engine.data import Source
from engine.message import InputError
from engine.preview.summary import network_table
from engine.strategy import DataSpec, Slots, needs
from engine.trainer import Trainer
from plugins.activation.relu import ReLU
from plugins.model.timm import Timm
from tests.plugins.bench import config, run, strategy

COLOUR = DataSpec((3, 64, 64), 5)
SMALL = "test_resnet"
NETWORKS = ("test_resnet.r160_in1k", "test_vit", "test_efficientnet", "test_convnext")


def build(model, data=COLOUR):
    return model.build(data, Slots(ReLU()))


@pytest.mark.parametrize("name", NETWORKS)
def test_it_computes_what_timms_network_does_with_the_same_tensors(name):
    ours, theirs = build(Timm(name=name)), timm.create_model(name, num_classes=5)
    head = next(key for key, module in theirs.named_modules() if module is theirs.get_classifier())
    state = {
        key.replace(f"{head}.", "head.") if key.startswith(f"{head}.") else f"body.{key}": tensor
        for key, tensor in theirs.state_dict().items()
    }
    ours.load_state_dict(state)
    _, height, width = theirs.pretrained_cfg["input_size"]
    images = torch.randn(2, 3, height, width)
    data = DataSpec((3, height, width), 5)
    assert torch.equal(ours.eval()(images), theirs.eval()(images))
    assert network_table(config(Timm(name=name)), data).layers[-1].output_shape == (1, 5)


@pytest.fixture
def weights(tmp_path):
    """A file of weights for the small network."""
    path = tmp_path / "some.safetensors"
    safetensors.torch.save_file(timm.create_model(SMALL).state_dict(), path)
    return path


def test_with_weights_it_takes_their_size_and_range_and_all_but_the_head(weights, tmp_path):
    model = Timm(name=SMALL, weights_file=str(weights))
    network = build(model)
    model.pretrained(network, Source(tmp_path))
    stored = safetensors.torch.load_file(weights)
    for name, tensor in network.body.state_dict().items():
        assert torch.equal(tensor, stored[name])
    settings = network.body.pretrained_cfg
    size = settings["input_size"][1:]
    images = torch.randint(0, 256, (2, 1, 20, 20), dtype=torch.uint8).float() / 255
    seen = network.adapter(images)
    assert seen.shape == (2, 3, *size)
    flat = build(model).adapter(torch.full((1, 3, *size), 0.5)).mean((0, 2, 3))
    expected = (0.5 - torch.tensor(settings["mean"])) / torch.tensor(settings["std"])
    torch.testing.assert_close(flat, expected)
    assert model.statistics(COLOUR)[1].tolist() == [255.0] * 3 and Timm(name=SMALL).statistics(COLOUR) is None


def test_a_network_of_one_size_alone_gets_images_of_that_size():
    network = build(Timm(name="test_vit"), DataSpec((1, 28, 40), 5))
    size = tuple(network.body.pretrained_cfg["input_size"][1:])
    assert network.adapter(torch.zeros(1, 1, 28, 40)).shape == (1, 3, *size)


def test_a_run_trains_it_with_its_body_frozen(weights):
    trainer = Trainer(config(Timm(name=SMALL, weights_file=str(weights), size=32), strategy("freeze-body")))
    run(trainer)
    stored = safetensors.torch.load_file(weights)
    for name, tensor in trainer.learner.model.body.state_dict().items():
        assert torch.equal(tensor, stored[name])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet81", "timm has no network resnet81; did you mean resnet"),
        ("resnet18.no_such_tag", "timm can't make the network resnet18.no_such_tag"),
    ],
)
def test_an_unknown_network_is_told(name, words):
    with pytest.raises(InputError) as caught:
        build(Timm(name=name))
    assert str(caught.value).startswith(words) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["hf-hub:someone/theirs", "local-dir:/tmp", "../x", "a/b"])
def test_a_name_leads_nowhere_else(name):
    with pytest.raises(ValueError, match="match pattern"):
        Timm(name=name)


@pytest.fixture
def hub(monkeypatch, weights):
    """What lies in the hub's cache, and what a download gives: a file, or an exception."""
    there = {"cached": None, "download": OSError("no route to\nhost")}

    def download(url, file, progress):
        assert url == "https://huggingface.co/timm/test_resnet.r160_in1k/resolve/main/model.safetensors"
        if isinstance(there["download"], Exception):
            raise there["download"]
        Path(file).write_bytes(there["download"])

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda place, file: there["cached"])
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    return there


def begun(tmp_path, told=None):
    """The first weights of a network, once they are loaded."""
    model = Timm(name="test_resnet.r160_in1k", weights="pretrained")
    network = build(model)
    model.pretrained(network, Source(tmp_path, lambda text, fraction: None if told is None else told.append(str(text))))
    return network.body.state_dict()["conv1.0.weight"]


def test_weights_are_downloaded_once_or_taken_from_the_cache_of_the_hub(hub, weights, tmp_path):
    first = safetensors.torch.load_file(weights)["conv1.0.weight"]
    hub["cached"] = str(weights)
    assert torch.equal(begun(tmp_path), first) and not (tmp_path / "weights").exists()
    hub["cached"], hub["download"] = None, weights.read_bytes()
    told = []
    assert torch.equal(begun(tmp_path, told), first)
    [file] = (tmp_path / "weights").iterdir()
    assert told == [f"downloading timm-test_resnet.r160_in1k.safetensors to {tmp_path / 'weights'}"]
    hub["download"] = OSError("not again")
    assert torch.equal(begun(tmp_path), first) and file.name == "timm-test_resnet.r160_in1k.safetensors"


@pytest.mark.parametrize("given", ["nothing", "cut short", "a page"])
def test_weights_that_can_not_be_had_are_named_with_their_place_and_leave_nothing(hub, weights, tmp_path, given):
    if given != "nothing":
        hub["download"] = weights.read_bytes()[:-100] if given == "cut short" else b"<html>" * 100
    with pytest.raises(InputError) as caught:
        begun(tmp_path)
    text, file = str(caught.value), "timm-test_resnet.r160_in1k.safetensors"
    assert text.startswith(f"the weights {file} could not be downloaded (") and "\n" not in text
    assert f"save it as {file} in {tmp_path / 'weights'}, or train with weights=none" in text
    assert list((tmp_path / "weights").iterdir()) == []


def test_the_catalogue_does_not_import_it():
    program = (
        "import sys; from engine.catalogue import discover; discover(entry_points=False); print('timm' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    found = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_without_the_library_it_is_told_what_to_install():
    with pytest.raises(ModuleNotFoundError, match=r'not installed: pip install "tunedeck\[some\]"'):
        needs("surely_no_such_library", extra="some")
    needs("timm", extra="timm")
