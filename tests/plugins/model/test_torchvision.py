"""torchvision's classifiers: the network is theirs to the bit, and so are the weights that it starts from."""

from __future__ import annotations

import hashlib
import os
import runpy
import sys
import threading
from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.transforms.v2 import functional as transforms

import plugins
from engine.data import Source
from engine.message import InputError
from engine.preview.summary import layer_table
from engine.strategy import DataSpec, Slots
from engine.trainer import Trainer
from plugins.activation.relu import ReLU
from plugins.activation.tanh import Tanh
from plugins.model._torchvision import MEAN, SIZE, STD
from plugins.model.efficientnet import EfficientNetB0
from plugins.model.mobilenet_v3 import MobileNetV3Large, MobileNetV3Small
from plugins.model.resnet import ResNet18, ResNet50
from plugins.regularizer.dropout import Dropout
from tests.plugins.bench import config, learned, reread, run, strategy

ALL = (ResNet18, ResNet50, MobileNetV3Small, MobileNetV3Large, EfficientNetB0)
GREY = DataSpec((1, 28, 28), 10)
COLOUR = DataSpec((3, 64, 64), 5)


def build(model, data, *regularizers) -> nn.Module:
    return model.build(data, Slots(ReLU(), regularizers))


def its_name(kind) -> str:
    """What torchvision calls the network."""
    return kind.id.replace("-", "_")


def theirs(model, classes: int) -> nn.Module:
    return models.get_model(its_name(model), num_classes=classes)


def our_name(name: str) -> str:
    """What a tensor of torchvision's network is called in ours."""
    for last in ("fc.", "classifier.3.", "classifier.1."):
        if name.startswith(last):
            return name.replace(last, "head.")
    return f"body.{name}"


def by_id(kind) -> str:
    return kind.id


# --- the network ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL, ids=by_id)
def test_it_computes_what_torchvisions_network_does_with_the_same_tensors(kind):
    ours, other = build(kind(), COLOUR), theirs(kind, 5)
    for name, tensor in other.state_dict().items():
        if "running" in name:  # a new network's are all alike
            tensor.uniform_(0.5, 2)
    ours.load_state_dict({our_name(name): tensor for name, tensor in other.state_dict().items()})
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(ours.eval()(images), other.eval()(images))
    torch.manual_seed(2)  # MobileNet's own dropout draws
    outputs = ours.train()(images)
    torch.manual_seed(2)
    assert torch.equal(outputs, other.train()(images))


@pytest.mark.parametrize("data", [GREY, COLOUR], ids=str)
@pytest.mark.parametrize("weights", ["none", "imagenet"])
@pytest.mark.parametrize("kind", ALL, ids=by_id)
def test_its_summary_needs_no_memory_and_counts_what_torchvision_counts(kind, weights, data):
    rows = layer_table(config(kind(weights=weights)), data)
    given = models.get_model_weights(its_name(kind)).DEFAULT.meta["num_params"]
    features = rows[-1].parameters // data.outputs - 1
    assert rows[-1].name == "head"
    assert sum(row.parameters for row in rows) == given - (1000 - data.outputs) * (features + 1)
    side = 224 if weights == "imagenet" else data.input_shape[1]
    assert (rows[0].name, rows[0].output_shape) == ("adapter", (1, 3, side, side))
    assert rows[1].output_shape[2] == side // 2
    assert rows[-1].output_shape == (1, data.outputs)


def test_dropout_stands_before_the_head_of_a_resnet():
    network = build(ResNet18(), GREY, Dropout(p=0.3))
    assert list(dict(network.named_children())) == ["adapter", "body", "dropout", "head"]
    assert network.dropout.p == 0.3


@pytest.mark.parametrize("kind", [MobileNetV3Small, MobileNetV3Large], ids=by_id)
def test_a_mobilenet_has_a_dropout_of_its_own(kind):
    def rates(network):
        return [module.p for module in network.modules() if isinstance(module, nn.Dropout)]

    assert rates(build(kind(), GREY)) == rates(theirs(kind, 10)) == [0.2]
    assert rates(build(kind(dropout=0.4), GREY)) == [0.4]
    with pytest.raises(InputError, match="already present"):
        config(kind(), strategy("dropout")).check()


@pytest.mark.parametrize("kind", ALL, ids=by_id)
def test_its_norms_are_its_own(kind):
    with pytest.raises(InputError, match="already present"):
        config(kind(), strategy("batch-norm")).check()


@pytest.mark.parametrize("shape", [(5,), (2, 32, 32), (4, 32, 32)], ids=str)
def test_what_is_no_grey_or_colour_image_is_refused(shape):
    with pytest.raises(InputError, match="resnet18 takes images of 1 or 3 channels"):
        build(ResNet18(), DataSpec(shape, 2))


def test_torchvision_is_imported_no_sooner_than_a_network_is_built(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)  # its import fails
    monkeypatch.delitem(sys.modules, "plugins.model._torchvision")
    for name in ("resnet", "mobilenet_v3"):
        offered = runpy.run_path(str(Path(plugins.__path__[0]) / "model" / f"{name}.py"))["register_strategies"]()
        assert len(offered) == 2
        for kind in offered:
            model = kind(weights="imagenet")
            assert list(model.advice(config(), GREY))
            with pytest.raises(ImportError):
                build(model, GREY)


# --- what goes before it --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL, ids=by_id)
def test_size_and_range_are_those_that_the_weights_were_made_for(kind):
    preset = models.get_model_weights(its_name(kind)).DEFAULT.transforms()
    assert (preset.mean, preset.std, preset.crop_size) == (list(MEAN), list(STD), [SIZE])


@pytest.mark.parametrize(
    ("size", "shape", "expected"),
    [
        (None, (1, 28, 28), (224, 224)),
        (32, (1, 28, 28), (32, 32)),
        (32, (3, 64, 64), (32, 32)),
        (32, (3, 20, 33), (32, 52)),
        (33, (1, 90, 50), (59, 33)),
        (32, (3, 32, 40), (32, 40)),
    ],
    ids=str,
)
def test_with_weights_pixels_reach_the_network_as_torchvisions_transforms_give_them(size, shape, expected):
    model, data = MobileNetV3Small(weights="imagenet", size=size), DataSpec(shape, 2)
    images = torch.randint(0, 256, (2, *shape), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    mean, std = model.statistics(data)
    assert mean.shape == std.shape == (shape[0],)
    found = build(model, data).adapter((images - mean.view(-1, 1, 1)) / std.view(-1, 1, 1))
    pixels = transforms.resize(images.float() / 255, size or 224, antialias=True)
    assert found.shape == (2, 3, *expected)
    torch.testing.assert_close(found, transforms.normalize(pixels.expand(-1, 3, -1, -1), MEAN, STD))


@pytest.mark.parametrize("size", [None, 32, 40])
def test_without_weights_images_keep_the_runs_scaling_and_their_size_unless_one_is_given(size):
    model = MobileNetV3Small(size=size)
    assert model.statistics(GREY) is None
    images = torch.randn(2, 1, 32, 32)
    found = build(model, DataSpec((1, 32, 32), 2)).adapter(images)
    pixels = images if size in (None, 32) else transforms.resize(images, size, antialias=True)
    torch.testing.assert_close(found, pixels.expand(-1, 3, -1, -1))


def test_what_goes_before_the_network_is_no_part_of_its_state():
    plain, resized = (build(model, GREY) for model in (MobileNetV3Small(), MobileNetV3Small(weights="imagenet")))
    assert list(plain.state_dict()) == list(resized.state_dict())
    assert list(plain.state_dict()) == [our_name(name) for name in theirs(MobileNetV3Small, 10).state_dict()]


# --- the weights ----------------------------------------------------------------------------------


@pytest.fixture
def offer(monkeypatch, tmp_path):
    """Puts a state where torchvision's weights are downloaded from: its address becomes a file here."""
    server = tmp_path / "server"
    server.mkdir()

    def put(kind, state=None, sha256=None):
        state = theirs(kind, 1000).state_dict() if state is None else state
        torch.save(state, server / "weights.pth")
        content = (server / "weights.pth").read_bytes()
        name = f"{its_name(kind)}-{(sha256 or hashlib.sha256(content).hexdigest())[:8]}.pth"
        (server / name).write_bytes(content)
        weights = models.get_model_weights(its_name(kind)).DEFAULT
        monkeypatch.setattr(weights.value, "url", (server / name).as_uri())
        monkeypatch.setitem(weights.value.meta, "_file_size", len(content) / 2**20)
        return server / name, state

    return put


@pytest.mark.parametrize("kind", [MobileNetV3Small, ResNet18], ids=by_id)
def test_all_but_the_head_starts_from_the_weights(kind, offer, tmp_path):
    state = theirs(kind, 1000).state_dict()
    if kind is ResNet18:  # torchvision's older files were written before norms counted batches
        state = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    offer(kind, state)
    model = kind(weights="imagenet")
    network = build(model, GREY).to(memory_format=torch.channels_last)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    model.pretrained(network, Source(tmp_path))
    for name, tensor in network.state_dict().items():
        if name.startswith("head."):
            assert torch.equal(tensor, before[name])
        elif not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, state[name.removeprefix("body.")])
        assert tensor.stride() == before[name].stride()
    changed = [name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])]
    assert f"body.{next(iter(state))}" in changed


def test_weights_are_downloaded_once_and_only_where_they_are_wanted(offer, tmp_path):
    plain, wanted = MobileNetV3Small(), MobileNetV3Small(weights="imagenet")
    file, _ = offer(MobileNetV3Small)
    network = build(plain, GREY)
    plain.pretrained(network, Source(tmp_path))
    assert not (tmp_path / "weights").exists()
    wanted.pretrained(network, Source(tmp_path))
    assert [path.name for path in (tmp_path / "weights").iterdir()] == [file.name]
    file.unlink()
    wanted.pretrained(network, Source(tmp_path))


def test_a_download_tells_how_far_it_is(offer, tmp_path, monkeypatch):
    half = threading.Event()
    real = torch.hub.download_url_to_file

    def slow(url, file, sha256, progress):
        assert progress is False
        partial = Path(f"{file}.1.partial")
        partial.write_bytes(b"-" * (size // 2))
        assert half.wait(60)
        partial.unlink()
        real(url, file, sha256, progress)

    monkeypatch.setattr(torch.hub, "download_url_to_file", slow)
    file, _ = offer(MobileNetV3Small)
    size = file.stat().st_size
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / f"{file.name}.0.partial").write_bytes(b"of a process that was killed" * 10_000)
    told = []

    def report(text, fraction):
        told.append((str(text), fraction))
        if fraction == pytest.approx(0.5, abs=0.01):
            half.set()

    model = MobileNetV3Small(weights="imagenet")
    model.pretrained(build(model, GREY), Source(tmp_path, report))
    assert half.is_set()
    assert told[0][1] == 0
    megabytes = round(size / 1e6)
    assert {text for text, _ in told} == {f"downloading {file.name} ({megabytes} MB) to {tmp_path / 'weights'}"}
    assert (tmp_path / "weights" / file.name).read_bytes() == file.read_bytes()


def test_a_download_whose_hash_is_wrong_is_refused_and_leaves_nothing(offer, tmp_path):
    offer(MobileNetV3Small, {"of": torch.zeros(1)}, sha256="0123456789abcdef")
    model = MobileNetV3Small(weights="imagenet")
    with pytest.raises(InputError, match="invalid hash"):
        model.pretrained(build(model, GREY), Source(tmp_path))
    assert list((tmp_path / "weights").iterdir()) == []


def test_weights_that_can_not_be_had_are_named_with_their_place(offer, tmp_path):
    file, _ = offer(MobileNetV3Small, {"of": torch.zeros(1)})
    file.unlink()
    model = MobileNetV3Small(weights="imagenet")
    with pytest.raises(InputError) as caught:
        model.pretrained(build(model, GREY), Source(tmp_path))
    text = str(caught.value)
    assert f"the weights {file.name} could not be downloaded (" in text
    assert f"fetch {file.as_uri()} and put it into {tmp_path / 'weights'}, or train with weights=none" in text
    assert "\n" not in text


def test_who_is_told_of_a_download_may_refuse_it(offer, tmp_path):
    offer(MobileNetV3Small)

    def refuse(text, fraction):
        raise InputError("not-now", "not now")

    model = MobileNetV3Small(weights="imagenet")
    with pytest.raises(InputError, match=r"^not now$"):
        model.pretrained(build(model, GREY), Source(tmp_path, refuse))


def test_a_damaged_file_is_replaced_and_kept_where_that_fails(offer, tmp_path):
    file, _ = offer(MobileNetV3Small)
    there = tmp_path / "weights" / file.name
    there.parent.mkdir()
    there.write_bytes(b"cut short")
    model = MobileNetV3Small(weights="imagenet")
    network = build(model, GREY)
    aside = file.rename(tmp_path / "aside")
    with pytest.raises(InputError, match="are damaged and could not be downloaded again"):
        model.pretrained(network, Source(tmp_path))
    assert there.read_bytes() == b"cut short"
    aside.rename(file)
    model.pretrained(network, Source(tmp_path))
    assert there.read_bytes() == file.read_bytes()


def test_a_file_of_weights_can_not_run_code(offer, tmp_path):
    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harm"),)

    offer(MobileNetV3Small, {"features.0.0.weight": Harmful()})
    model = MobileNetV3Small(weights="imagenet")
    with pytest.raises(Exception, match="Weights only load failed"):
        model.pretrained(build(model, GREY), Source(tmp_path))
    assert not (tmp_path / "harm").exists()


def test_a_run_begins_with_the_weights_and_a_resumed_one_does_not_ask_for_them(offer, tmp_path):
    file, state = offer(MobileNetV3Small)
    settings = config(MobileNetV3Small(weights="imagenet", size=32), epochs=1)
    whole = Trainer(settings, data_folder=tmp_path)
    first = "features.0.0.weight"
    assert torch.equal(whole.learner.model.state_dict()[f"body.{first}"], state[first])
    assert whole.learner.statistics() == {"mean": [0.0], "std": [255.0]}
    cut = Trainer(settings, data_folder=tmp_path)
    run(whole)
    run(cut, steps=1)
    file.unlink()
    (tmp_path / "weights" / file.name).unlink()
    resumed = Trainer(settings, data_folder=tmp_path, snapshot=reread(cut.snapshot()))
    run(resumed)
    one, other = learned(whole), learned(resumed)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one if name.startswith("model."))


# --- what is told before a run --------------------------------------------------------------------


def told(model, data=None, **settings) -> list[tuple[str, str]]:
    chosen = config(model, **{"batch_size": 64, **settings})
    return [(advice.field, str(advice.text)) for advice in model.advice(chosen, data)]


@pytest.mark.parametrize("kind", ALL, ids=by_id)
def test_nothing_is_told_of_a_plain_one(kind):
    assert told(kind()) == []
    assert told(kind(), COLOUR) == []
    assert told(kind(size=32), COLOUR) == []
    assert told(kind(size=64), GREY) == []


@pytest.mark.parametrize("kind", ALL, ids=by_id)
def test_it_is_told_that_little_is_left_of_a_small_image(kind):
    [(field, text)] = told(kind(), GREY)
    assert field == "size"
    assert text == (
        f"little is left of images of 28×28 after {kind.id} has halved them five times: take small-resnet, or size=64 "
        "at 5.2 times the cost"
    )
    assert len(told(kind(), DataSpec((3, 63, 100), 5))) == 1
    # What is pooled at the end, before the mean over places.
    places = []
    body = theirs(kind, 5).eval()
    body.avgpool.register_forward_pre_hook(lambda module, inputs: places.append(tuple(inputs[0].shape[2:])))
    for side in (28, 64):
        body(torch.zeros(1, 3, side, side))
    assert places == [(1, 1), (2, 2)]


def test_it_is_told_that_the_weights_bring_their_own_range():
    assert told(ResNet50(weights="imagenet")) == [
        (
            "weights",
            "the weights need inputs in the range of ImageNet, and resnet50 sees to that: the chosen scaling "
            "standardise is not used",
        )
    ]


def test_it_is_told_what_enlarging_costs():
    [(field, text)] = told(ResNet18(size=112), GREY)
    assert field == "size"
    assert text.startswith("images of 28×28 are enlarged to 112×112: each step costs up to 16 times as much")
    assert "up to 1.4 times" in told(ResNet18(size=112), DataSpec((3, 96, 96), 2))[0][1]
    assert [field for field, _ in told(ResNet18(weights="imagenet"), GREY)] == ["weights", "size"]
    assert "to 224×224: each step costs up to 64 times" in told(ResNet18(weights="imagenet"), GREY)[1][1]
    assert [field for field, _ in told(ResNet18(weights="imagenet"), DataSpec((3, 224, 300), 2))] == ["weights"]
    assert told(ResNet18(size=112), DataSpec((5,), 2)) == []


@pytest.mark.parametrize("kind", ALL, ids=by_id)
def test_an_activation_that_is_not_used_is_told(kind):
    own = {module.__class__.__name__ for module in theirs(kind, 2).modules()} & {"ReLU", "Hardswish", "SiLU"}
    [(field, text)] = told(kind(), activation=Tanh())
    assert field == ""
    assert text.endswith("the chosen tanh is not used")
    assert all(name.lower() in text for name in own)


def test_a_batch_too_small_for_its_norms_is_told():
    with pytest.raises(InputError, match="batches of 2 or more"):
        config(MobileNetV3Small(), batch_size=1).check()
    assert len(told(MobileNetV3Small(), batch_size=4)) == 1
