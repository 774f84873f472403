"""What all losses have in common: the right averages, soft targets, and what is told before the run."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from engine.data import Part
from engine.strategy import DataSpec
from engine.trainer import Trainer
from plugins.loss.bce import BCEWithLogits
from plugins.loss.cross_entropy import CrossEntropy
from plugins.loss.focal import Focal
from plugins.loss.huber import Huber
from plugins.loss.mae import MAE
from plugins.loss.mse import MSE
from tests.plugins.bench import config, strategy

COUNTS = (600, 300, 100)
WEIGHTS = torch.tensor([1000 / (3 * count) for count in COUNTS], dtype=torch.float64)
UNEVEN = DataSpec((1, 28, 28), 3, class_counts=COUNTS)
ONES = torch.ones(3, dtype=torch.float64)
REGRESSION = DataSpec((5,), 3, "regression")


def cross_entropy(outputs, targets, weights):
    shares = outputs.exp() / outputs.exp().sum(1, keepdim=True)
    return -(weights * targets * shares.log()).sum(1)


def focal(gamma):
    def losses(outputs, targets, weights):
        shares = outputs.exp() / outputs.exp().sum(1, keepdim=True)
        return -(weights * targets * (1 - shares) ** gamma * shares.log()).sum(1)

    return losses


def bce(outputs, targets, weights):
    yes = 1 / (1 + (-outputs).exp())
    return -(targets * yes.log() + (1 - targets) * (1 - yes).log()).mean(1)


def huber(delta):
    def losses(outputs, targets, weights):
        distance = (outputs - targets).abs()
        return torch.where(distance < delta, distance**2 / 2, delta * (distance - delta / 2)).mean(1)

    return losses


CASES = [
    (CrossEntropy(), cross_entropy, ONES),
    (CrossEntropy(class_weights="balanced"), cross_entropy, WEIGHTS),
    (Focal(), focal(2), ONES),
    (Focal(gamma=0.5), focal(0.5), ONES),
    (Focal(class_weights="balanced"), focal(2), WEIGHTS),
    (BCEWithLogits(), bce, ONES),
    (MSE(), lambda outputs, targets, weights: ((outputs - targets) ** 2).mean(1), ONES),
    (MAE(), lambda outputs, targets, weights: (outputs - targets).abs().mean(1), ONES),
    (Huber(), huber(1), ONES),
    (Huber(delta=0.3), huber(0.3), ONES),
]
"""Each loss, with what it is of each sample, worked out by hand from outputs and probabilities, and its weights."""

every_loss = pytest.mark.parametrize(("loss", "by_hand", "weights"), CASES, ids=[repr(case[0]) for case in CASES])


def outputs_and_classes(count=50):
    numbers = torch.Generator().manual_seed(1)
    outputs = torch.randn(count, 3, generator=numbers, dtype=torch.float64) * 3
    return outputs, torch.randint(0, 3, (count,), generator=numbers)


def one_hot(classes):
    return functional.one_hot(classes, 3).double()


# --- averages -------------------------------------------------------------------------------------


@every_loss
def test_the_mean_over_a_part_is_the_direct_one_with_a_smaller_last_batch(loss, by_hand, weights):
    learner = Trainer(config(loss)).learner
    learner._loss = loss.prepare(UNEVEN)
    numbers = torch.Generator().manual_seed(2)
    inputs = torch.randint(0, 256, (1700, 1, 28, 28), generator=numbers, dtype=torch.uint8)
    # The classes of the last batch are others than those of the first: a mean of means would be another figure.
    classes = torch.cat([torch.zeros(1337, dtype=torch.int64), torch.randint(0, 3, (363,), generator=numbers)])
    part = Part(inputs, classes)
    evaluating = learner.evaluate(part)
    batches = 0
    while True:
        try:
            next(evaluating)
            batches += 1
        except StopIteration as end:
            figures = end.value
            break
    assert batches == 2
    with torch.no_grad():
        outputs = learner.model.eval()(learner.scale(inputs)).double()
    direct = by_hand(outputs, one_hot(classes), weights).sum() / 1700
    assert figures.loss == pytest.approx(direct.item(), rel=1e-6)
    assert figures.accuracy == (outputs.argmax(1) == classes).double().mean().item()


@every_loss
def test_parts_of_a_batch_give_its_gradient(loss, by_hand, weights):
    outputs, classes = outputs_and_classes()
    outputs.requires_grad_()
    measure = loss.prepare(UNEVEN)
    (whole,) = torch.autograd.grad(measure(outputs, classes), outputs)
    parts = [measure(outputs[rows], classes[rows]) * len(classes[rows]) / 50 for rows in (slice(43), slice(43, 50))]
    torch.testing.assert_close(torch.autograd.grad(sum(parts), outputs)[0], whole)


# --- targets --------------------------------------------------------------------------------------


@every_loss
def test_is_what_the_formula_gives_for_classes_and_for_probabilities(loss, by_hand, weights):
    outputs, classes = outputs_and_classes()
    measure = loss.prepare(UNEVEN)
    expected = by_hand(outputs, one_hot(classes), weights).mean()
    torch.testing.assert_close(measure(outputs, classes), expected)
    torch.testing.assert_close(measure(outputs, one_hot(classes)), expected)
    soft = 0.7 * one_hot(classes) + 0.3 * one_hot((classes + 1) % 3)
    torch.testing.assert_close(measure(outputs, soft), by_hand(outputs, soft, weights).mean())


@pytest.mark.parametrize(
    ("loss", "theirs"),
    [(MSE(), nn.MSELoss()), (MAE(), nn.L1Loss()), (Huber(), nn.HuberLoss()), (Huber(delta=2), nn.HuberLoss(delta=2))],
    ids=repr,
)
def test_in_a_regression_is_pytorchs_own(loss, theirs):
    assert loss.tasks == {"classification", "regression", "reconstruction"}
    numbers = torch.Generator().manual_seed(3)
    outputs, values = 4 * torch.randn(2, 20, 3, generator=numbers)
    assert torch.equal(loss.prepare(REGRESSION)(outputs, values), theirs(outputs, values))


def test_bce_is_pytorchs_own():
    outputs, classes = outputs_and_classes()
    assert torch.equal(BCEWithLogits()(outputs, classes), nn.BCEWithLogitsLoss()(outputs, one_hot(classes)))


INVERSE = {"softmax": torch.log, "sigmoid": lambda p: (p / (1 - p)).log(), "identity": lambda p: p}


@pytest.mark.parametrize("loss", [CrossEntropy(), BCEWithLogits(), MSE(), Huber()], ids=repr)
def test_the_best_answer_is_the_frequencies_read_through_the_output_activation(loss):
    # Samples that nothing tells apart: an honest loss asks for how often each class comes.
    classes = torch.repeat_interleave(torch.arange(3), torch.tensor([6, 3, 1]))
    best = INVERSE[loss.output_activation](torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)).requires_grad_()
    loss(best.expand(10, 3), classes).backward()
    assert best.grad.abs().max() < 1e-12


# --- class weights --------------------------------------------------------------------------------

WEIGHABLE = [CrossEntropy(class_weights="balanced"), Focal(class_weights="balanced")]


@pytest.mark.parametrize("loss", WEIGHABLE, ids=repr)
def test_with_balanced_weights_the_best_answer_is_that_all_classes_are_alike(loss):
    classes = torch.repeat_interleave(torch.arange(3), torch.tensor(COUNTS))
    for measure, alike in ((loss.prepare(UNEVEN), True), (loss, False)):
        outputs = torch.zeros(3, requires_grad=True)
        measure(outputs.expand(1000, 3), classes).backward()
        assert (outputs.grad.abs().max().item() < 1e-6) == alike


def test_the_weights_are_pytorchs_and_the_mean_is_over_samples():
    outputs, classes = outputs_and_classes()
    summed = nn.CrossEntropyLoss(WEIGHTS, reduction="sum")(outputs, classes)
    ours = CrossEntropy(class_weights="balanced").prepare(UNEVEN)(outputs, classes)
    torch.testing.assert_close(ours, summed / 50)
    assert abs(ours - nn.CrossEntropyLoss(WEIGHTS)(outputs, classes)) > 0.01


@pytest.mark.parametrize("loss", WEIGHABLE, ids=repr)
def test_a_class_without_training_samples_counts_as_if_unweighted(loss):
    measure = loss.prepare(DataSpec((1, 28, 28), 4, class_counts=(6, 0, 3, 1)))
    plain = type(loss)()
    outputs = torch.randn(1, 4, generator=torch.Generator().manual_seed(1))
    factors = [measure(outputs, torch.tensor([c])) / plain(outputs, torch.tensor([c])) for c in range(4)]
    expected = [10 / (3 * 6), 1, 10 / (3 * 3), 10 / (3 * 1)]
    assert [factor.item() for factor in factors] == pytest.approx(expected, rel=1e-5)
    assert sum(w * n for w, n in zip(expected, (6, 0, 3, 1), strict=True)) == pytest.approx(10), "1 on average"


@pytest.mark.parametrize("loss", WEIGHABLE, ids=repr)
def test_where_no_samples_were_counted_there_are_no_weights(loss):
    outputs, classes = outputs_and_classes()
    assert torch.equal(loss.prepare(DataSpec((1, 28, 28), 3))(outputs, classes), type(loss)()(outputs, classes))


@pytest.mark.parametrize("loss", WEIGHABLE, ids=repr)
def test_weights_go_where_the_outputs_are(loss):
    outputs, classes = outputs_and_classes()
    measure = loss.prepare(UNEVEN)
    with torch.inference_mode():  # the first batch may be that of an evaluation, and training goes on from there
        evaluated = measure(outputs, classes)
    outputs.requires_grad_()
    trained = measure(outputs, classes)
    trained.backward()
    assert trained.item() == evaluated.item()
    assert outputs.grad.abs().sum() > 0
    assert measure(outputs.detach().to("meta"), classes.to("meta")).device.type == "meta"


@pytest.mark.parametrize("loss", WEIGHABLE, ids=repr)
def test_a_run_weights_by_its_own_training_samples(loss):
    plain, weighted = (Trainer(config(chosen, train_samples="7")) for chosen in (type(loss)(), loss))
    counts = plain.learner.parts.spec.class_counts
    assert sorted(counts) == [2, 2, 3]
    seen = []
    hook = plain.learner.model.register_forward_hook(lambda module, args, outputs: seen.append(outputs.detach()))
    rows = torch.arange(7)
    losses = [trainer.learner.step(rows, 0, 0, 0.0)[0].item() for trainer in (plain, weighted)]
    hook.remove()
    weights = torch.tensor([7 / (3 * count) for count in counts]).double()
    formula = cross_entropy if isinstance(loss, CrossEntropy) else focal(2)
    targets = one_hot(plain.learner.parts.training.targets[rows])
    assert losses[1] == pytest.approx(formula(seen[0].double(), targets, weights).mean().item(), rel=1e-5)
    assert losses[0] != pytest.approx(losses[1], rel=1e-4)


# --- focal ----------------------------------------------------------------------------------------


def test_focal_with_gamma_0_is_cross_entropy():
    outputs, classes = outputs_and_classes()
    torch.testing.assert_close(Focal(gamma=0)(outputs, classes), CrossEntropy()(outputs, classes))


@pytest.mark.parametrize(("probability", "share"), [(0.5, 0.25), (0.9, 0.01), (0.1, 0.81)])
def test_focal_looks_away_from_what_is_right_for_sure(probability, share):
    outputs = torch.tensor([[probability, 1 - probability]], dtype=torch.float64).log()
    target = torch.tensor([0])
    assert (Focal()(outputs, target) / CrossEntropy()(outputs, target)).item() == pytest.approx(share)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("target", [0, 1])
def test_the_gradient_of_focal_is_finite_where_the_network_is_sure(gamma, target):
    for sure in (10.0, 20.0, 200.0, 1e5):
        outputs = torch.tensor([[sure, 0.0, -5.0]], requires_grad=True)
        loss = Focal(gamma=gamma)(outputs, torch.tensor([target]))
        loss.backward()
        assert loss.isfinite()
        assert outputs.grad.isfinite().all()
        assert (loss.item() > 1) == (target == 1)


# --- what is told before the run ------------------------------------------------------------------


def told(loss, data=None, *strategies) -> list[tuple[str, str, str]]:
    settings = config(loss, *strategies)
    return [(advice.level, advice.field, advice.text.code) for advice in loss.advice(settings, data)]


@pytest.mark.parametrize("loss", [MSE(), MAE(), Huber()], ids=repr)
def test_a_loss_between_numbers_is_explained_where_there_are_classes(loss):
    warning = [("warning", "", f"{loss.id}-for-classes")]
    assert told(loss) == warning
    assert told(loss, UNEVEN) == warning
    assert told(loss, REGRESSION) == []


def test_what_is_said_of_mae_and_mse_is_so():
    classes = torch.arange(30) % 3

    def cost(loss, height):
        return loss(torch.full((30, 3), height), classes).item()

    heights = [-0.1, 0.0, 0.1, 1 / 3, 0.5, 1.0]
    assert min(heights, key=lambda height: cost(MAE(), height)) == 0.0
    assert min(heights, key=lambda height: cost(MSE(), height)) == 1 / 3
    right, surer = (torch.tensor([[height, 0.0, 0.0]]) for height in (1.0, 2.0))
    for loss in (MSE(), Huber()):
        assert loss(surer, torch.tensor([0])) > loss(right, torch.tensor([0]))
    assert CrossEntropy()(surer, torch.tensor([0])) < CrossEntropy()(right, torch.tensor([0]))


@pytest.mark.parametrize("loss", WEIGHABLE, ids=repr)
def test_weights_that_change_nothing_or_cannot_help_are_told(loss):
    def data(*counts):
        return DataSpec((1, 28, 28), len(counts), class_counts=counts)

    already, missing = (("warning", "class_weights", code) for code in ("balanced-already", "class-without-samples"))
    assert told(loss) == []
    assert told(loss, UNEVEN) == []
    assert told(loss, data(100, 100)) == [already]
    assert told(loss, data(100, 105)) == [already]
    assert told(loss, data(100, 106)) == []
    assert told(loss, data(100, 0, 50)) == [missing]
    assert told(type(loss)(), data(100, 0, 100)) == []
    for counts, words in (
        ((100, 100), "have 100 training samples each"),
        ((105, 100), "have 100–105 training samples"),
    ):
        [advice] = loss.advice(config(loss), data(*counts))
        assert words in str(advice.text)


def test_focal_and_soft_targets_are_told_to_be_too_much():
    assert told(Focal()) == []
    assert told(Focal(), None, strategy("dropout")) == []
    for softening in ("label-smoothing", "blend"):
        assert told(Focal(), None, strategy(softening)) == [("warning", "gamma", "focal-and-soft")]
    assert told(Focal(gamma=0), None, strategy("label-smoothing")) == []


def test_focal_and_soft_targets_are_too_much():
    """What a sample of one clear class may at best be given, in probability of that class."""
    smooth = torch.tensor([[0.9, 0.05, 0.05]], dtype=torch.float64)

    def best(loss, targets):
        heights = torch.linspace(0, 12, 1201, dtype=torch.float64)
        losses = [loss(torch.tensor([[height, 0.0, 0.0]]).double(), targets).item() for height in heights.tolist()]
        height = heights[losses.index(min(losses))].item()
        return math.exp(height) / (math.exp(height) + 2)

    assert best(CrossEntropy(), smooth) == pytest.approx(0.9, abs=0.01)
    assert best(Focal(), smooth) < 0.8
