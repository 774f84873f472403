"""The contract: what every strategy keeps to, whoever wrote it. A new plugin is held to it without a line here."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from engine.catalogue import discover
from engine.checkpoints.checkpoint import Snapshot, write_checkpoint
from engine.data import Source
from engine.learner import Learner
from engine.message import InputError, Message
from engine.network import build_network, build_optimizer
from engine.parameter import Parameter
from engine.strategy import KINDS, Dataset, DataSpec, Model, Place, Progress, Regularizer, Slots, Stopping, overrides
from engine.strategy_text import format_strategy, parse_strategy, strategy_to_dict
from engine.trainer import Trainer
from engine.workspace import workspace_folder
from engine.yaml_file import read_yaml, write_yaml
from tests.plugins.bench import (
    CATALOGUE,
    SAMPLE,
    assert_same_bits,
    bundle,
    config,
    generators_untouched,
    global_generators,
    history,
    learned,
    reread,
    run,
    strategy,
)

IDS = [entry.id for entry in CATALOGUE.entries]
IMAGE_SETS = ("grey-bars", "colour-bars")
SPECS = {"grey-bars": DataSpec((1, 28, 28), 3), "colour-bars": DataSpec((3, 32, 32), 3)}

UNBOUNDED = {
    ("gradient-clipping", "max_norm"): "a gradient may have any length, and grows with the number of weights",
}
"""Numbers without an upper bound, and why."""

COLOURS_ALONE = {
    "random-grayscale": "it takes colour away, and grey images have none",
}
"""Augmentations that leave grey images as they are, and why."""

OFFLINE = {"fashion-mnist": {"path": str(SAMPLE)}, "mnist": {"path": str(SAMPLE)}, "timm": {"name": "test_resnet"}}
"""What keeps a strategy from looking for its files elsewhere, or names those that it can't do without; or a small one.
"""

LARGE = {
    "resnet18": "grey-bars", "resnet50": "colour-bars", "mobilenet-v3-small": "colour-bars",
    "mobilenet-v3-large": "grey-bars", "efficientnet-b0": "grey-bars",
}  # fmt: skip
"""Models of millions of weights, and the images on which each is trained: an optimizer that keeps no weights beside
theirs, and one run rather than two, spare the suite more than a minute. That each learns from both is tested too."""


@pytest.fixture(scope="module", autouse=True)
def _another_run(tmp_path_factory):
    """A checkpoint to start from, of which some fits a network for grey bars, and some one for colour bars."""
    path = tmp_path_factory.mktemp("another-run") / "start.safetensors"
    grey, colour = (Trainer(config(data=data, seed=7)).snapshot() for data in IMAGE_SETS)
    convolution = "model.body.block1.convolution.weight"
    write_checkpoint(path, Snapshot(colour.tensors | {convolution: grey.tensors[convolution]}, colour.meta))
    OFFLINE["from-checkpoint"] = {"path": str(path)}


@pytest.fixture(scope="module", autouse=True)
def _pictures(tmp_path_factory):
    """A folder of pictures of two classes."""
    folder = tmp_path_factory.mktemp("pictures")
    pixels = np.random.default_rng(1).integers(0, 256, (12, 20, 20, 3), dtype=np.uint8)
    for row, picture in enumerate(pixels):
        path = folder / "ab"[row % 2] / f"{row}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(path)
    OFFLINE["image-folder"] = {"path": str(folder), "size": 16}


@pytest.fixture(scope="module", autouse=True)
def _cifar10(tmp_path_factory):
    """A folder with the files of CIFAR-10, of a few records each."""
    folder, draw = tmp_path_factory.mktemp("cifar10"), np.random.default_rng(2)
    module = sys.modules["plugins.dataset.cifar10"]
    for name in module.FILES:
        records = draw.integers(0, 256, (20, module.RECORD), dtype=np.uint8)
        records[:, 0] %= 10
        (folder / name).write_bytes(records.tobytes())
    OFFLINE["cifar10"] = {"path": str(folder)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RECORDS", 20)
        yield


def of_kind(*kinds: str) -> list[str]:
    return [entry.id for entry in CATALOGUE.entries if entry.kind in kinds]


def with_defaults(id: str):
    return strategy(id, **OFFLINE.get(id, {}))


def run_with(id: str, data: str, **values):
    """A small run with this strategy; features go to a network that takes them, a regression to a loss for it."""
    chosen = with_defaults(id)
    extra = []
    if isinstance(chosen, Dataset):
        given = chosen.load(Source(workspace_folder() / "data"))
        extra += [strategy("wide")] if given.training.inputs.ndim == 2 else []
        extra += [strategy("mse")] if given.task == "regression" else []
    if isinstance(chosen, Regularizer) and chosen.slot is not None:
        extra = [model_with(chosen.slot)]
    if isinstance(chosen, Model) and chosen.reconstructs:
        extra += [strategy("mse")]
    if id in LARGE:
        extra = [strategy("sgd")]
    return config(*extra, chosen, data=data, **values)


def spec_for(id: str, data: str) -> DataSpec:
    """What a model is told of these images: three classes, or where it reconstructs, a value for each of theirs."""
    shape = SPECS[data].input_shape
    return DataSpec(shape, math.prod(shape), "reconstruction") if strategy(id).reconstructs else SPECS[data]


def model_with(slot: str):
    """The first classifier that offers this slot, and a small one of its kind."""
    small = {"cnn": {"channels": (4,), "hidden": 8}, "small-resnet": {"widths": (4, 8)}}
    found = [id for id in of_kind("model") if slot in strategy(id).slots and not strategy(id).reconstructs]
    assert found, f"no model has the slot {slot}"
    return strategy(found[0], **small.get(found[0], {}))


def cases(*kinds: str) -> list:
    """Each strategy of these kinds with grey and with colour images; a data set with its own alone."""
    alone = LARGE | {id: id for id in of_kind("dataset")}
    return [(id, data) for id in of_kind(*kinds) for data in ([alone[id]] if id in alone else IMAGE_SETS)]


# --- parameters -----------------------------------------------------------------------------------


def test_everything_found_loads():
    assert [(entry.id, entry.error, entry.unavailable) for entry in CATALOGUE.entries if not entry.strategy] == []
    assert {entry.kind for entry in CATALOGUE.entries} == set(KINDS)
    assert {entry.kind for entry in CATALOGUE.entries if entry.origin != "built-in"} == set(KINDS)


@pytest.mark.parametrize("id", IDS)
def test_is_built_with_its_defaults_and_is_a_frozen_value(id):
    made = CATALOGUE.entry(id).strategy()
    assert made == CATALOGUE.entry(id).strategy()
    assert hash(made) == hash(CATALOGUE.entry(id).strategy())
    for name in type(made).model_fields:
        with pytest.raises(ValueError, match="frozen"):
            setattr(made, name, getattr(made, name))
    with pytest.raises(ValueError, match=r"[Ff]rozen|no field"):
        made.added = 1
    with pytest.raises(ValueError, match="not permitted"):
        CATALOGUE.entry(id).strategy(added=1)


@pytest.mark.parametrize("id", IDS)
def test_explains_itself_and_its_parameters(id):
    entry = CATALOGUE.entry(id)
    assert 10 < len(entry.summary) <= 140
    assert entry.summary[-1] in ".!?"
    for parameter in entry.parameters:
        assert len(parameter.help) > 5
        assert parameter.help.rstrip()[-1] in ".!?", f"the help of {parameter.name} is no sentence"


@pytest.mark.parametrize("id", IDS)
def test_numbers_are_bounded_and_the_default_lies_within(id):
    entry = CATALOGUE.entry(id)
    for parameter in entry.parameters:
        if parameter.type not in ("int", "float", "int-list", "float-list"):
            continue
        assert parameter.minimum is not None, f"{parameter.name} has no lower bound"
        if (id, parameter.name) not in UNBOUNDED:
            assert parameter.maximum is not None, f"{parameter.name} has no upper bound"
        for beyond in (parameter.minimum - 1, 2 * (parameter.maximum or math.inf) + 1):
            value = [beyond] * (parameter.length or 1) if parameter.type.endswith("-list") else beyond
            with pytest.raises(InputError, match=parameter.name):
                strategy(id, **{parameter.name: value})
        default = parameter.default if isinstance(parameter.default, tuple) else (parameter.default,)
        for number in default:
            assert number is None or parameter.minimum <= number <= (parameter.maximum or math.inf)


def test_no_bound_is_left_open_without_need():
    for id, name in UNBOUNDED:
        assert {p.name: p.maximum for p in CATALOGUE.entry(id).parameters}[name] is None


def candidates(parameter: Parameter) -> list:
    """Values of a parameter, taken from its own bounds, some of which may lie on an edge that is excluded."""
    if parameter.type == "bool":
        found = [True, False]
    elif parameter.type == "choice":
        found = list(parameter.choices)
    elif parameter.type == "str":
        found = [
            "",
            "plain",
            "a,b",
            "x=1",
            "p:q",
            "C:\\dir\\",
            "1e-3",
            "true",
            "none" if not parameter.optional else "-",
        ]
    else:
        low = parameter.minimum
        high = parameter.maximum if parameter.maximum is not None else 1e20
        whole = parameter.type.startswith("int")
        numbers = [low, high, (low + high) / 2, low + (high - low) / 3, low + 1e-7 * (high - low), 0.1 * high]
        numbers = [int(number) for number in numbers] if whole else [float(number) for number in numbers]
        found = numbers
        if parameter.type.endswith("-list"):
            length = parameter.length or 2
            found = [(first, *[number] * (length - 1)) for number in numbers for first in (low, number)]
            if parameter.length is None:
                found += [(), *((number,) for number in numbers)]
    return [*found, None] if parameter.optional else found


def accepted(id: str, parameter: Parameter) -> list:
    """The strategy with each other value of a parameter that it takes."""
    made = []
    for value in candidates(parameter):
        try:
            made.append(strategy(id, **{parameter.name: value}))
        except InputError:
            continue
    return [one for one in made if getattr(one, parameter.name) != parameter.default]


def variants(id: str) -> list:
    """The strategy with its defaults, with other values of each parameter, and with others of all at once."""
    parameters = CATALOGUE.entry(id).parameters
    found = [CATALOGUE.entry(id).strategy()]
    together = {}
    for parameter in parameters:
        others = accepted(id, parameter)
        assert others, f"{parameter.name} takes no value but its default"
        found += others
        together[parameter.name] = getattr(others[-1], parameter.name)
    return [*found, strategy(id, **together)]


@pytest.mark.parametrize("id", IDS)
def test_survives_yaml_and_flag_text(id, tmp_path):
    for made in variants(id):
        write_yaml(tmp_path / "settings.yaml", strategy_to_dict(made))
        values = read_yaml(tmp_path / "settings.yaml")
        assert CATALOGUE.make(made.kind, values.pop("id"), values) == made, values
        text = format_strategy(made)
        assert parse_strategy(text, CATALOGUE, made.kind) == made, text


@pytest.mark.parametrize("id", IDS)
def test_advice_is_words_about_its_own_fields(id):
    settings = config()
    for made in variants(id):
        for advice in made.advice(settings):
            assert advice.level in ("error", "warning")
            assert advice.field in ("", *type(made).model_fields)
            assert "{" not in str(advice.text), "a value is missing in the text"


@pytest.mark.parametrize("id", IDS)
def test_the_shared_generators_are_left_alone_outside_a_step(id):
    before = global_generators()
    for made in variants(id):
        list(made.advice(config()))
        parse_strategy(format_strategy(made), CATALOGUE)
    CATALOGUE.entry(id).to_dict()
    config(with_defaults(id)).advice()
    assert global_generators() == before


@pytest.mark.parametrize("kind", KINDS)
def test_importing_a_plugin_draws_no_random_numbers(kind):
    import plugins

    folder = Path(plugins.__path__[0]) / kind
    files = [path for path in folder.glob("*.py") if not path.name.startswith("_")]
    with generators_untouched():
        # The files are executed once more, as a user's: their ids are taken, which is all that keeps them out.
        again = [entry for entry in discover(folder, entry_points=False).entries if entry.origin != "built-in"]
    assert len(again) == len(files)
    assert all(entry.error and "already taken" in entry.error for entry in again)


# --- runs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("id", "data"), cases(*KINDS))
def test_learns_and_stopped_after_one_batch_repeats_itself_bit_for_bit(id, data):
    settings = run_with(id, data)
    whole, cut = Trainer(settings), Trainer(settings)
    before = {name: tensor.clone() for name, tensor in whole.learner.model.state_dict().items()}
    run(whole)
    assert whole.position.step == 4
    assert all(row.val_loss is not None for row in whole.history.epochs)
    after = whole.learner.model.state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before), "nothing was learned"
    run(cut, steps=1)
    torch.manual_seed(99)
    resumed = Trainer(settings, snapshot=reread(cut.snapshot()))
    assert resumed.position.step == 1
    run(resumed)
    assert_same_bits(learned(whole), learned(resumed))


# --- what each kind promises ----------------------------------------------------------------------


@pytest.mark.parametrize("id", of_kind("dataset"))
def test_a_data_set_gives_the_same_whole_samples_each_time(id, tmp_path):
    with generators_untouched():
        first, second = (with_defaults(id).load(Source(tmp_path)) for _ in range(2))
    assert first.task == with_defaults(id).task
    for part in ("training", "validation", "test"):
        one, other = getattr(first, part), getattr(second, part)
        if one is None:
            continue
        assert len(one.inputs) == len(one.targets)
        assert one.inputs.dtype == (torch.uint8 if one.inputs.ndim == 4 else torch.float32)
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.targets, other.targets)
        if first.task == "classification":
            assert int(one.targets.max()) < len(first.class_names)
        else:
            assert first.class_names == ()
            assert one.targets.isfinite().all()


@pytest.mark.parametrize("data", [*IMAGE_SETS, "features"])
@pytest.mark.parametrize("id", of_kind("scaling"))
def test_a_scaling_gives_finite_figures_per_channel(id, data):
    inputs = bundle(data).training.inputs.clone()
    inputs[:, 0] = inputs.flatten()[0]  # a channel that is the same everywhere
    before = inputs.clone()
    with generators_untouched():
        mean, std = strategy(id).fit(inputs)
    assert torch.equal(inputs, before)
    for figure in (mean, std):
        assert figure.shape == (inputs.shape[1],)
        assert figure.dtype == torch.float32
        assert figure.isfinite().all()
    assert (std > 0).all()


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 20, 33)], ids=str)
@pytest.mark.parametrize("id", of_kind("augmentation"))
def test_an_augmentation_gives_new_images_of_the_same_form(id, shape):
    pixels = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, shape, generator=pixels, dtype=torch.uint8).expand(64, *shape).contiguous()
    before = images.clone()
    augment = strategy(id)
    with generators_untouched():
        changed = augment(images, torch.Generator().manual_seed(5))
    assert (changed.dtype, changed.shape) == (torch.uint8, images.shape)
    assert torch.equal(images, before), "the samples were changed in place"
    assert torch.equal(changed, augment(images, torch.Generator().manual_seed(5))), "not from its generator alone"
    if id in COLOURS_ALONE and shape[0] == 1:
        assert torch.equal(changed, images)
        return
    assert not torch.equal(changed, augment(images, torch.Generator().manual_seed(6)))
    distinct = len(changed.flatten(1).unique(dim=0))
    assert distinct > 1, "the parameters are those of the batch, not of each sample"


@pytest.mark.parametrize("id", of_kind("augmentation"))
@pytest.mark.parametrize("count", [0, 1])
def test_an_augmentation_takes_any_number_of_images(id, count):
    images = torch.zeros(count, 1, 28, 28, dtype=torch.uint8)
    assert strategy(id)(images, torch.Generator().manual_seed(5)).shape == images.shape


def fillings(model) -> list[list[Regularizer]]:
    """Nothing ticked, each technique that fills a slot of the model, and one for each slot together."""
    found = [[]]
    together = {}
    for id in of_kind("regularizer"):
        regularizer = strategy(id)
        if regularizer.slot in model.slots:
            found.append([regularizer])
            together[regularizer.slot] = regularizer
    return [*found, list(together.values())]


@pytest.mark.parametrize("data", IMAGE_SETS)
@pytest.mark.parametrize("id", of_kind("model"))
def test_a_model_has_body_and_head_and_names_that_do_not_depend_on_what_is_ticked(id, data):
    spec = spec_for(id, data)
    images = torch.randn(5, *spec.input_shape)
    plain = None
    for regularizers in fillings(strategy(id)):
        network = build_network(config(strategy(id), *regularizers, data=data), spec)
        assert isinstance(network.body, nn.Module)
        assert isinstance(network.head, nn.Module)
        for mode in (True, False):
            outputs = network.train(mode)(images)
            assert (outputs.shape, outputs.dtype) == ((5, spec.outputs), torch.float32)
        outputs.sum().backward()
        assert all(p.grad is not None for p in network.parameters() if p.requires_grad), "a parameter that nothing uses"
        own = dict(network.named_parameters())
        if plain is None:
            plain = own
            assert len(own) > 0
        kept = {name: tensor for name, tensor in own.items() if name in plain}
        assert list(kept) == list(plain), "ticking a technique renamed or moved a parameter"
        for name, tensor in plain.items():
            assert torch.equal(tensor, kept[name]), f"ticking a technique changed the initial weights {name}"


@pytest.mark.parametrize("id", of_kind("model"))
def test_a_model_asks_for_every_slot_that_it_says_it_has(id):
    asked = []

    class Spy(Slots):
        def layer(self, slot, features, dimensions=0, depth=1.0):
            assert 0 <= depth <= 1
            asked.append(slot)
            return super().layer(slot, features, dimensions, depth)

    strategy(id).build(spec_for(id, "grey-bars"), Spy(strategy("relu")))
    assert set(asked) == strategy(id).slots


@pytest.mark.parametrize("id", of_kind("activation"))
def test_an_activation_works_element_by_element(id):
    module = strategy(id).build()
    inputs = torch.linspace(-3, 3, 24)
    outputs = module(inputs.clone())
    assert torch.equal(module(inputs.clone().view(2, 3, 2, 2)).flatten(), outputs)
    torch.testing.assert_close(torch.stack([module(x.clone().view(1)) for x in inputs]).flatten(), outputs)
    assert not torch.allclose(outputs - outputs[0], inputs - inputs[0]), "it is linear"
    assert module is not strategy(id).build()


@pytest.mark.parametrize("id", of_kind("initializer"))
def test_an_initializer_depends_on_the_seed_alone(id):
    def weights(seed: int) -> dict:
        settings = config(with_defaults(id), strategy("batch-norm"), seed=seed)
        return build_network(settings, SPECS["grey-bars"]).state_dict()

    assert_same_bits(weights(1), weights(1))
    one, other = weights(1), weights(2)
    assert any(not torch.equal(one[name], other[name]) for name in one)
    for name, tensor in one.items():
        assert tensor.isfinite().all()
        if ".norm." in name and name.endswith("weight"):
            assert torch.equal(tensor, torch.ones_like(tensor)), "norms keep their own start"


@pytest.mark.parametrize("id", of_kind("loss"))
def test_a_loss_is_a_scalar_from_classes_or_from_their_probabilities(id):
    outputs = torch.randn(6, 3, generator=torch.Generator().manual_seed(1), requires_grad=True)
    targets = torch.tensor([0, 1, 2, 2, 1, 0])
    loss = strategy(id).prepare(DataSpec((1, 28, 28), 3, class_counts=(5, 3, 2)))
    with generators_untouched():
        hard = loss(outputs, targets)
        soft = loss(outputs, nn.functional.one_hot(targets, 3).float())
    assert hard.shape == ()
    torch.testing.assert_close(hard, soft)
    (gradient,) = torch.autograd.grad(hard, outputs)
    assert gradient.abs().sum() > 0
    worse = outputs.detach() - gradient * -0.1
    assert loss(worse, targets) > hard


@pytest.mark.parametrize("id", of_kind("optimizer"))
def test_an_optimizer_goes_downhill_at_the_rate_it_is_given(id):
    settings = config(strategy(id))
    network = build_network(settings, SPECS["grey-bars"])
    optimizer = build_optimizer(settings, network)
    names = [name for group in optimizer.param_groups for name in group["param_names"]]
    assert names == [name for name, _ in network.named_parameters()]
    images = torch.randn(8, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    targets = torch.arange(8) % 3

    def loss():
        return nn.functional.cross_entropy(network(images), targets)

    start = loss().item()
    for lr in [*[0.01] * 10, 0.0]:
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        optimizer.zero_grad()
        loss().backward()
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.step()
    assert loss().item() < start
    assert_same_bits(before, network.state_dict())  # the last step was at rate 0


@pytest.mark.parametrize("id", of_kind("optimizer"))
def test_an_optimizer_leaves_weights_without_a_gradient_alone(id):
    weight = nn.Parameter(torch.ones(3))
    optimizer = strategy(id).build([{"params": [("weight", weight)]}])
    for group in optimizer.param_groups:
        group["lr"] = 0.1
    weight.grad = torch.zeros(3)
    optimizer.step()
    assert torch.equal(weight.data, torch.ones(3)), "it decays weights of its own accord"


REGULARIZER_METHODS = tuple(name for name, value in vars(Regularizer).items() if callable(value) and name[0] != "_")


def giving(method: str) -> list[str]:
    return [id for id in of_kind("regularizer") if overrides(strategy(id), method)]


@pytest.mark.parametrize("id", of_kind("regularizer"))
def test_a_regularizer_gives_at_least_one_method_and_a_layer_if_and_only_if_it_names_a_slot(id):
    assert any(overrides(strategy(id), method) for method in REGULARIZER_METHODS)
    assert overrides(strategy(id), "layer") == (strategy(id).slot is not None)


@pytest.mark.parametrize("dimensions", [0, 2])
@pytest.mark.parametrize("id", giving("layer"))
def test_a_layer_for_a_slot_keeps_the_shape(id, dimensions):
    layer = strategy(id).layer(Place(6, dimensions))
    inputs = torch.randn(4, 6, *[5] * dimensions)
    for mode in (True, False):
        assert layer.train(mode)(inputs).shape == inputs.shape
    assert torch.equal(layer.eval()(inputs), layer(inputs)), "in evaluation it is a function of its input alone"
    assert layer is not strategy(id).layer(Place(6, dimensions))


@pytest.mark.parametrize("id", giving("parameter_groups"))
def test_parameter_groups_hold_each_parameter_once(id):
    named = list(build_network(config(), SPECS["grey-bars"]).named_parameters())
    groups = [{"params": named[:3], "mark": 1}, {"params": named[3:], "mark": 2}]
    divided = strategy(id).parameter_groups([dict(group) for group in groups])
    found = [(name, id_of, group["mark"]) for group in divided for name, p in group["params"] for id_of in [p]]
    assert sorted(name for name, _, _ in found) == sorted(name for name, _ in named)
    assert all(group["params"] for group in divided)
    for name, parameter, mark in found:
        assert parameter is dict(named)[name]
        assert mark == (1 if name in dict(named[:3]) else 2), "options of other techniques are lost"


CLASSES = torch.tensor([0] * 17 + [1] * 5 + [3] * 2 + [4])[torch.tensor([7 * row % 25 for row in range(25)])]
"""Targets of which one class has most, one has one, and one has none."""


@pytest.mark.parametrize("targets", [CLASSES, torch.arange(12) % 3, torch.zeros(1).long(), torch.rand(9, 2)])
@pytest.mark.parametrize("id", giving("order"))
def test_an_order_is_as_long_as_the_training_part_and_shows_every_class(id, targets):
    before = targets.clone()
    for made in variants(id):
        with generators_untouched():
            order = made.order(targets, torch.Generator().manual_seed(5))
        assert (order.shape, order.dtype) == ((len(targets),), torch.int64)
        assert 0 <= order.min() <= order.max() < len(targets)
        if targets.ndim == 1:
            assert torch.equal(targets[order].unique(), targets.unique())
        assert torch.equal(targets, before)
        assert torch.equal(made.order(targets, torch.Generator().manual_seed(5)), order), "not from its generator alone"
        others = [made.order(targets, torch.Generator().manual_seed(seed)) for seed in range(6, 12)]
        assert len(targets) == 1 or any(not torch.equal(order, other) for other in others)


@pytest.mark.parametrize("id", giving("micro_batches"))
def test_a_batch_of_any_size_has_between_one_part_and_one_for_each_sample(id):
    for made in variants(id):
        for size in [*range(1, 100), 127, 128, 1_000, 60_000, 10_000_000]:
            with generators_untouched():
                parts = made.micro_batches(size)
            assert type(parts) is int
            assert 1 <= parts <= size
            assert made.micro_batches(size) == parts


@pytest.mark.parametrize("id", giving("average_share"))
def test_a_share_of_an_average_is_none_or_a_share_and_depends_on_progress_alone(id):
    for made in variants(id):
        for epochs, steps_per_epoch in ((1, 1), (2, 3), (10, 1), (7, 5)):
            run_through = [
                Progress(step // steps_per_epoch, step, epochs, steps_per_epoch, 0.1)
                for step in range(1, 2 * epochs * steps_per_epoch + 2)  # an extended run goes on beyond the plan
            ]
            with generators_untouched():
                shares = [made.average_share(progress) for progress in run_through]
            assert all(share is None or 0 <= share <= 1 for share in shares)
            assert any(share is not None and share > 0 for share in shares), "there never is an average"
            first = next(number for number, share in enumerate(shares) if share is not None)
            assert None not in shares[first:], "an average that has begun is dropped"
            assert [made.average_share(progress) for progress in reversed(run_through)] == shares[::-1]


@pytest.mark.parametrize("id", giving("penalty"))
def test_a_penalty_is_a_scalar_with_a_gradient_that_the_shown_loss_leaves_out(id):
    network = build_network(config(), SPECS["grey-bars"])
    penalty = strategy(id).penalty(network)
    assert penalty.shape == ()
    assert penalty > 0
    penalty.backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
    losses = []
    for regularizers in ([], [strategy(id)]):
        trainer = Trainer(config(*regularizers))
        run(trainer, steps=1)
        trainer.snapshot()
        losses.append(trainer.history.steps[0, 1])
    assert losses[0] == losses[1]


@pytest.mark.parametrize("shape", [(3, 8, 8), (5,)], ids=str)
@pytest.mark.parametrize("id", giving("mix"))
def test_mixing_gives_probabilities_and_leaves_its_arguments_alone(id, shape):
    inputs = torch.randn(16, *shape, generator=torch.Generator().manual_seed(1))
    targets = nn.functional.one_hot(torch.arange(16) % 4, 4).float()
    before = inputs.clone(), targets.clone()
    with generators_untouched():
        mixed, probabilities = strategy(id).mix(inputs, targets, torch.Generator().manual_seed(2))
    assert torch.equal(inputs, before[0])
    assert torch.equal(targets, before[1])
    assert mixed.shape == inputs.shape
    assert (probabilities >= 0).all()
    torch.testing.assert_close(probabilities.sum(1), torch.ones(16))
    assert not torch.equal(probabilities, targets)
    again = strategy(id).mix(inputs, targets, torch.Generator().manual_seed(2))
    assert torch.equal(again[0], mixed)
    assert torch.equal(again[1], probabilities)


@pytest.mark.parametrize("id", giving("mix"))
def test_validation_is_never_mixed(id):
    cpu, source = torch.device("cpu"), Source(Path("nowhere"))
    plain, mixing = (
        Learner(settings, Trainer(settings).learner.parts, cpu, source) for settings in (config(), config(strategy(id)))
    )
    assert figures(plain) == figures(mixing)


def figures(learner: Learner):
    evaluating = learner.evaluate(learner.parts.validation)
    while True:
        try:
            next(evaluating)
        except StopIteration as end:
            return end.value


def records() -> list:
    """Records of all lengths, with ups, downs, figures that are missing, and start marks."""
    numbers = torch.Generator().manual_seed(7)
    found = []
    for length in (0, 1, 2, 5, 30):
        losses, accuracies = torch.rand(2, length, generator=numbers).tolist()
        found.append(history(val_loss=losses, val_accuracy=accuracies, train_loss=losses, lr=[0.1] * length))
        found.append(
            history(val_loss=[None] * length, val_accuracy=[None] * length, train_loss=losses, lr=[0.1] * length)
        )
    found.append(history(val_loss=[1.0] * 30, val_accuracy=[0.5] * 30, train_loss=[1.0] * 30, marks=(4, 20)))
    return found


def in_full(record) -> str:
    return repr((record.epochs, record.marks, record.steps.tolist()))


@pytest.mark.parametrize("id", of_kind("scheduler", "stopping"))
def test_schedulers_and_stoppings_are_pure(id):
    for made in variants(id):
        for record in records():
            before = in_full(record)
            epoch = len(record.epochs)
            progress = Progress(epoch, epoch * 7 + 3, 40, 7, 0.1)
            ask = made.reason if isinstance(made, Stopping) else made.lr_factor
            with generators_untouched():
                first = ask(progress, record)
            ask(Progress(epoch, epoch * 7, 50, 7, 1.0), history(val_loss=[9.0]))
            assert ask(progress, record) == first
            assert in_full(record) == before
            if isinstance(made, Stopping):
                assert first is None or (isinstance(first, Message) and "{" not in str(first))
            else:
                assert math.isfinite(first)
                assert first >= 0


@pytest.mark.parametrize("id", of_kind("scheduler"))
def test_a_scheduler_that_is_asked_once_an_epoch_does_not_change_within_one(id):
    for made in variants(id):
        for record in records():
            epoch = len(record.epochs)
            factors = {made.lr_factor(Progress(epoch, epoch * 7 + batch, 40, 7, 0.1), record) for batch in range(7)}
            assert made.every == "step" or len(factors) == 1
