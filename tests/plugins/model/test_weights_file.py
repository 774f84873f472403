"""Weights from a file that the user points to: taken whole where they fit, and told in one line where not."""

from __future__ import annotations

import os
from hashlib import sha256

import pytest
import safetensors.torch
import torch
from torchvision import models

from engine.checkpoints.checkpoint import write_checkpoint
from engine.data import Source
from engine.message import InputError
from engine.strategy import DataSpec, Slots
from engine.trainer import Trainer
from plugins.activation.relu import ReLU
from plugins.fine_tuning.freeze_body import FreezeBody
from plugins.model.efficientnet import EfficientNetB0
from plugins.model.mobilenet_v3 import MobileNetV3Small
from plugins.model.resnet import ResNet18, ResNet50
from plugins.optimizer.sgd import SGD
from tests.plugins.bench import config, run

DATA = DataSpec((3, 32, 32), 3)


def state_of(kind, seed=0):
    """Weights such as torchvision's, whose norms have seen images."""
    torch.manual_seed(seed)
    network = models.get_model(kind.name)
    with torch.no_grad():
        network(torch.rand(8, 3, 32, 32))
    return network.state_dict()


def loaded(kind, path, tmp_path):
    model = kind(weights_file=str(path), size=32)
    network = model.build(DATA, Slots(ReLU()))
    model.pretrained(network, Source(tmp_path))
    return network


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    safetensors.torch.save_file(state_of(MobileNetV3Small), path)
    return path


@pytest.mark.parametrize("prefix", ["", "body."])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_body_takes_all_its_tensors_from_a_safetensors_file(prefix, dtype, tmp_path):
    state = {name: t.to(dtype) if t.is_floating_point() else t for name, t in state_of(MobileNetV3Small).items()}
    stored = {prefix + name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    safetensors.torch.save_file(stored, tmp_path / "w.safetensors")
    network = loaded(MobileNetV3Small, tmp_path / "w.safetensors", tmp_path)
    for name, tensor in network.body.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, state[name].float())
    assert network.adapter.mean is not None


def test_torchvisions_own_file_is_read_by_its_name_and_hash(tmp_path, monkeypatch):
    torch.save(state_of(MobileNetV3Small), tmp_path / "w.pth")
    content = (tmp_path / "w.pth").read_bytes()
    right = tmp_path / f"small-{sha256(content).hexdigest()[:8]}.pth"
    right.write_bytes(content)
    wrong = tmp_path / "small-01234567.pth"
    wrong.write_bytes(content)
    weights = models.get_model_weights("mobilenet_v3_small").DEFAULT
    for file, problem in ((right, None), (wrong, "its hash is not the one in its name")):
        monkeypatch.setattr(weights.value, "url", f"https://example.org/{file.name}")
        if problem is None:
            loaded(MobileNetV3Small, file, tmp_path)
        else:
            with pytest.raises(InputError, match=problem):
                loaded(MobileNetV3Small, file, tmp_path)
    with pytest.raises(InputError, match=r"of \.pth files only small-01234567\.pth are read; save others as"):
        loaded(MobileNetV3Small, right, tmp_path)


def broken(name, small, tmp_path):
    """A file that can't be used."""
    path, state = tmp_path / f"{name}.safetensors", safetensors.torch.load_file(small)
    first = next(name for name in state if name.endswith("weight"))
    if name == "lacks":
        del state[first]
    elif name == "shape":
        state[first] = state[first][:1].contiguous()
    elif name == "infinite":
        state[first] = state[first] / 0
    elif name == "numbers":
        state[first] = state[first].to(torch.int32)
    if name == "text":
        path.write_text("no weights")
    elif name == "cut":
        path.write_bytes(small.read_bytes()[:5000])
    elif name == "empty":
        path.write_bytes(b"")
    elif name == "folder":
        path.mkdir()
    elif name == "pipe":
        os.mkfifo(path)
    elif name == "pickle":
        path = path.with_suffix(".bin")
        torch.save(state, path)
    elif name != "absent":
        safetensors.torch.save_file(state, path)
    return path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lacks", "it is not of mobilenet_v3_small: it lacks"),
        ("shape", "it is not of mobilenet_v3_small: "),
        ("infinite", "holds values that are no finite numbers"),
        ("numbers", "holds values that are no finite numbers"),
        ("text", ""),
        ("cut", ""),
        ("empty", ""),
        ("folder", "it is no file"),
        ("pipe", "it is no file"),
        ("absent", "No such file"),
        ("pickle", "weights are taken from .safetensors files"),
    ],
)
def test_a_file_that_can_not_be_used_is_told_in_one_line_and_changes_nothing(name, words, small, tmp_path):
    path = broken(name, small, tmp_path)
    model = MobileNetV3Small(weights_file=str(path), size=32)
    network = model.build(DATA, Slots(ReLU()))
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    with pytest.raises(InputError) as caught:
        model.pretrained(network, Source(tmp_path))
    text = str(caught.value)
    assert text.startswith(f"the weights {path} can't be used: ") and words in text and "\n" not in text
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())


def test_weights_of_another_network_and_a_checkpoint_are_told(small, tmp_path):
    with pytest.raises(InputError, match="it is not of resnet18: it lacks conv1"):
        loaded(ResNet18, small, tmp_path)
    write_checkpoint(tmp_path / "last.safetensors", Trainer(config()).snapshot())
    with pytest.raises(InputError, match="it is not of efficientnet_b0: it lacks features"):
        loaded(EfficientNetB0, tmp_path / "last.safetensors", tmp_path)


def test_after_three_frozen_epochs_the_body_of_a_resnet50_is_what_it_was_to_the_bit(tmp_path):
    state = state_of(ResNet50)
    safetensors.torch.save_file(state, tmp_path / "w.safetensors")
    model = ResNet50(weights_file=str(tmp_path / "w.safetensors"), size=32)
    trainer = Trainer(config(model, FreezeBody(), SGD(), data="colour-bars", epochs=3))
    head = trainer.learner.model.head.weight.detach().clone()

    def digest(tensors):
        hashed = sha256()
        for name in sorted(tensors):
            hashed.update(name.encode() + tensors[name].contiguous().numpy().tobytes())
        return hashed.hexdigest()

    expected = digest({name: tensor for name, tensor in state.items() if not name.startswith("fc.")})
    run(trainer)
    assert digest(trainer.learner.model.body.state_dict()) == expected
    assert not torch.equal(trainer.learner.model.head.weight, head)
