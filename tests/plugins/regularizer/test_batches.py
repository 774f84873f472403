"""Which samples a batch holds, and in how many parts it goes through: balanced sampling, gradient accumulation."""

from __future__ import annotations

import pytest
import torch
from torch.utils.data import WeightedRandomSampler

from engine.data import DataBundle, Part
from engine.strategy import Dataset, DataSpec, Model
from engine.trainer import Trainer
from plugins.model.linear import Linear
from plugins.regularizer.balanced_sampling import BalancedSampling
from plugins.regularizer.batch_norm import BatchNorm
from plugins.regularizer.gradient_accumulation import GradientAccumulation
from tests.plugins.bench import config, run

COUNTS = (70, 21, 0, 8, 1)
"""Samples of each class; one has none."""


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def targets_of(*counts: int) -> torch.Tensor:
    """So many targets of each class, shuffled."""
    targets = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return targets[torch.randperm(len(targets), generator=generator(9))]


TARGETS = targets_of(*COUNTS)


def orders(count: int, targets: torch.Tensor = TARGETS) -> list[torch.Tensor]:
    return [BalancedSampling().order(targets, generator(seed)) for seed in range(count)]


def test_every_class_comes_equally_often_in_an_epoch_of_the_same_length():
    for order in orders(20):
        assert torch.bincount(TARGETS[order]).tolist() == [25, 25, 0, 25, 25]


def test_what_is_left_over_goes_to_classes_by_lot():
    targets = targets_of(40, 3, 8)
    counts = torch.stack([torch.bincount(targets[order]) for order in orders(300, targets)])
    assert set(counts.unique().tolist()) == {17}
    targets = targets_of(40, 3, 7, 2)  # 52 = 4 · 13; with one more, one class comes once more
    targets = torch.cat([targets, torch.tensor([0])])
    counts = torch.stack([torch.bincount(targets[order]) for order in orders(400, targets)])
    assert (counts.sort(1).values == torch.tensor([13, 13, 13, 14])).all()
    more = (counts == 14).sum(0)
    assert (more > 60).all() and (more < 140).all()  # 100 ± 4.6 standard deviations


def test_no_sample_comes_again_before_all_of_its_class_have_come():
    for order in orders(20):
        for label in (0, 1, 3, 4):
            own = order[TARGETS[order] == label]
            size = COUNTS[label]
            for start in range(0, len(own), size):
                part = own[start : start + size]
                assert len(part.unique()) == len(part)


def test_rounds_through_a_class_are_shuffled_anew():
    own = orders(1)[0]
    own = own[TARGETS[own] == 3]
    rounds = [tuple(own[start : start + 8].tolist()) for start in (0, 8, 16)]
    assert len(set(rounds)) == 3


def test_every_sample_of_a_common_class_comes_as_often_as_another_over_many_epochs():
    seen = torch.bincount(torch.cat(orders(2_000)), minlength=100)[TARGETS == 0]
    expected = 2_000 * 25 / 70
    deviation = (2_000 * 25 / 70 * 45 / 70) ** 0.5
    assert ((seen - expected).abs() < 4.6 * deviation).all()


def test_classes_take_turns_by_lot():
    first = torch.stack([TARGETS[order[:10]] for order in orders(2_000)])
    shares = torch.bincount(first.flatten(), minlength=5) / first.numel()
    assert ((shares[[0, 1, 3, 4]] - 0.25).abs() < 0.015).all()
    assert len({tuple(row) for row in first.tolist()}) > 1_900


def test_it_misses_fewer_samples_than_drawing_with_weights():
    weights = (1 / torch.bincount(TARGETS).float())[TARGETS]
    few = TARGETS == 1
    missed = []
    for number, order in enumerate(orders(200)):
        sampler = WeightedRandomSampler(weights, len(TARGETS), generator=generator(number))
        missed.append([int((~torch.isin(few.nonzero(), rows)).sum()) for rows in (order, torch.tensor(list(sampler)))])
    ours, theirs = torch.tensor(missed).float().mean(0)
    assert ours == 0
    assert theirs > 5  # of 21


def test_a_regression_is_visited_as_ever_and_a_warning_says_so():
    order = BalancedSampling().order(torch.rand(50, 2, generator=generator()), generator(2))
    assert torch.equal(order, torch.randperm(50, generator=generator(2)))
    assert codes(DataSpec((5,), 2, "regression", samples=(50, 5, 5))) == ["no-classes-to-balance"]


def codes(data: DataSpec | None, **loss) -> list[str]:
    settings = config(BalancedSampling())
    if loss:
        settings = settings.model_copy(update={"loss": Weighing(**loss)})
    return [advice.text.code for advice in BalancedSampling().advice(settings, data)]


class Weighing(type(config().loss)):
    """A loss that may weight the classes."""

    id = "weighing"

    class_weights: str = "none"
    """How."""


def test_it_warns_where_it_changes_nothing_or_counts_twice():
    alike, uneven = (DataSpec((5,), 3, class_counts=(100, count, 101)) for count in (0, 80))
    for loss in ({}, {"class_weights": "none"}):
        assert codes(alike, **loss) == ["sampled-alike"]
        assert codes(uneven, **loss) == []
    assert codes(alike, class_weights="balanced") == ["sampled-alike"], "what changes nothing does not count twice"
    assert codes(uneven, class_weights="balanced") == ["sampled-and-weighted"]
    assert codes(None) == codes(None, class_weights="none") == []
    assert codes(None, class_weights="balanced") == ["sampled-and-weighted"]


@pytest.mark.parametrize(("counts", "words"), [((540, 540), "540"), ((540, 0, 560), "540–560")])
def test_it_says_how_many_samples_the_classes_have(counts, words):
    (advice,) = BalancedSampling().advice(config(), DataSpec((5,), len(counts), class_counts=counts))
    assert f"the classes have {words} training samples each" in str(advice.text)


class Lopsided(Dataset):
    """Two classes that overlap, one of them rare."""

    def load(self, source):
        def part(rare: int, seed: int) -> Part:
            targets = targets_of(400 - rare, rare)
            return Part(torch.randn(400, 1, generator=generator(seed)) + 1.5 * targets.unsqueeze(1), targets)

        return DataBundle(part(20, 1), part(200, 2), part(200, 3), class_names=("common", "rare"))


def recalls(*ticked) -> list[float]:
    """The share of each class that a small run finds."""
    values = {"train_samples": "all", "epochs": 40, "batch_size": 50, "lr": 0.03, "monitor": "train_loss"}
    settings = config(Lopsided(), Linear(), *ticked, **values)
    trainer = Trainer(settings)
    run(trainer)
    part, learner = trainer.learner.parts.validation, trainer.learner
    right = learner.model(learner.scale(part.inputs)).argmax(1) == part.targets
    return [right[part.targets == label].float().mean().item() for label in (0, 1)]


def test_a_rare_class_is_found():
    common, rare = recalls()
    assert common > 0.97
    assert rare < 0.4
    common, rare = recalls(BalancedSampling())
    assert common > 0.65
    assert rare > 0.65


@pytest.mark.parametrize(
    ("parts", "size", "expected"),
    [(4, 64, 4), (4, 8, 4), (4, 7, 3), (4, 4, 2), (4, 3, 1), (4, 2, 1), (4, 1, 1), (2, 5, 2), (1_024, 100, 50)],
)
def test_a_batch_is_divided_as_asked_but_no_part_holds_fewer_than_two(parts, size, expected):
    assert GradientAccumulation(parts=parts).micro_batches(size) == expected


class Own(Model):
    """A model with norms of its own."""

    owned = frozenset({"norm"})


@pytest.mark.parametrize(
    ("size", "ticked", "expected"),
    [
        (64, [], []),
        (6, [], [("batch-in-fewer-parts", "parts")]),
        (3, [], [("batch-undivided", "parts")]),
        (64, [BatchNorm()], [("batch-norm-in-parts", "")]),
        (32, [BatchNorm()], [("batch-norm-in-parts", "")]),
        (31, [BatchNorm()], []),  # parts of 7, which batch norm itself tells of
        (3, [BatchNorm()], [("batch-undivided", "parts")]),
    ],
)
def test_gradient_accumulation_tells_what_it_can_not_do(size, ticked, expected):
    settings = config(*ticked, batch_size=size)
    assert [(a.text.code, a.field) for a in GradientAccumulation().advice(settings)] == expected


def test_gradient_accumulation_knows_norms_of_a_model_and_the_size_of_the_data():
    settings = config(batch_size=64)
    owning = settings.model_copy(update={"model": Own()})
    assert [a.text.code for a in GradientAccumulation().advice(owning)] == ["batch-norm-in-parts"]
    few = DataSpec((1, 28, 28), 3, samples=(6, 2, 2))
    (advice,) = GradientAccumulation().advice(settings, few)
    assert advice.text.values == {"size": 6, "parts": 3, "wanted": 4}


def test_in_a_run_the_network_sees_the_parts_of_a_batch():
    learner = Trainer(config(GradientAccumulation(parts=3), batch_size=8)).learner
    seen = []
    learner.model.register_forward_pre_hook(lambda module, inputs: seen.append(len(inputs[0])))
    learner.step(torch.arange(8), 0, 0, 0.1)
    assert sorted(seen) == [2, 3, 3]
