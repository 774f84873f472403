from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from itertools import chain, pairwise

import pytest
import torch

from engine.data import DataBundle, Part, amount, batch_bounds, permutation, split
from engine.message import InputError
from engine.store import MemoryStore
from engine.strategy import Regularizer
from engine.trainer import Trainer
from tests.engine.support import run


def numbered(count, classes=4, copies=0, seed=0):
    """Images that each carry their own number, of classes in uneven shares, some of them there several times."""
    draw = torch.Generator().manual_seed(seed)
    numbers = torch.arange(count)
    if copies:
        numbers = torch.cat([numbers, numbers[torch.randperm(count, generator=draw)[:copies]]])
    numbers = numbers[torch.randperm(len(numbers), generator=draw)]
    images = torch.stack([numbers // 256, numbers % 256], 1).to(torch.uint8).reshape(-1, 1, 1, 2)
    return Part(images, (numbers % (classes * 2)).clamp(max=classes - 1))


def numbers(part):
    return [] if part is None else (part.inputs[:, 0, 0, 0].long() * 256 + part.inputs[:, 0, 0, 1].long()).tolist()


def shares(part):
    counts = torch.bincount(part.targets, minlength=4).double()
    return counts / counts.sum()


@pytest.mark.parametrize("seed", range(5))
def test_a_split_is_disjoint_complete_and_stratified(tiny, seed):
    whole = numbered(1000, seed=seed)
    config = tiny(split_seed=seed)
    parts = split(DataBundle(whole), config)
    assert parts.spec.samples == (720, 80, 200)
    seen = [numbers(part) for part in (parts.training, parts.validation, parts.test)]
    assert sorted(chain(*seen)) == list(range(1000))
    for part in (parts.training, parts.validation, parts.test):
        assert (shares(part) - shares(whole)).abs().max() < 0.02
        assert all(
            target == min(number % 8, 3) for number, target in zip(numbers(part), part.targets.tolist(), strict=True)
        )


def test_parts_that_the_source_has_are_kept_as_they_are(tiny):
    training, validation, test = numbered(100), numbered(20, seed=1), numbered(30, seed=2)
    parts = split(DataBundle(training, validation, test), tiny(validation_samples="50"))
    assert numbers(parts.training) == numbers(training)
    assert numbers(parts.validation) == numbers(validation)
    assert numbers(parts.test) == numbers(test)


def test_the_split_depends_on_split_seed_alone(tiny):
    bundle = DataBundle(numbered(300))
    first = split(bundle, tiny(seed=0, split_seed=4))
    same = split(bundle, tiny(seed=1, split_seed=4, batch_size=7, lr=0.5))
    other = split(bundle, tiny(seed=0, split_seed=5))
    for name in ("training", "validation", "test"):
        assert numbers(getattr(first, name)) == numbers(getattr(same, name))
        assert set(numbers(getattr(first, name))) != set(numbers(getattr(other, name)))


@pytest.mark.parametrize("seed", range(5))
def test_exact_duplicates_stay_together(tiny, seed):
    whole = numbered(400, copies=300, seed=seed)
    parts = split(DataBundle(whole), tiny(split_seed=seed))
    seen = [numbers(part) for part in (parts.training, parts.validation, parts.test)]
    assert Counter(chain(*seen)) == Counter(numbers(whole))
    for one in range(3):
        for other in range(one):
            assert not set(seen[one]) & set(seen[other])
    assert abs(len(seen[2]) - 140) <= 1 and abs(len(seen[1]) - 56) <= 1


def test_a_split_takes_little_beside_the_samples(tiny, monkeypatch):
    monkeypatch.setattr("engine.part.CHUNK_BYTES", 2**16)
    whole = Part(torch.randint(0, 256, (20_000, 1, 8, 8), dtype=torch.uint8), torch.arange(20_000) % 4)
    config = tiny()
    tracemalloc.start()
    split(DataBundle(whole), config)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100 * len(whole), "bytes: of some numbers of 8 for each sample, not of objects of 40 and more"


@pytest.mark.parametrize("seed", range(5))
def test_what_belongs_together_stays_in_one_part_together_with_its_copies(tiny, seed):
    draw = random.Random(seed)
    whole = numbered(300, copies=30, seed=seed)
    groups = torch.tensor([draw.randrange(150) for _ in range(len(whole))])
    data = DataBundle(whole, groups=groups)
    parts = split(data, tiny(split_seed=seed, validation_samples="15%"))
    known = {}
    for row, group in zip(numbers(data.training), groups.tolist(), strict=True):
        known.setdefault(row, set()).add(group)
    where = [
        set().union(*(known[number] for number in numbers(part)))
        for part in (parts.training, parts.validation, parts.test)
    ]
    assert not (where[0] & where[1] or where[0] & where[2] or where[1] & where[2])
    assert len(parts.test) >= 0.9 * 0.2 * len(data.training) and parts.warnings == ()
    again = split(data, tiny(split_seed=seed, validation_samples="15%", seed=seed + 1))
    assert numbers(again.validation) == numbers(parts.validation)


def test_groups_that_are_too_large_for_a_part_are_told(tiny):
    data = DataBundle(numbered(100), groups=torch.zeros(100, dtype=torch.int64))
    parts = split(data, tiny(train_samples="all"))
    assert len(parts.training) == 100 and parts.test is None
    assert [text.code for text in parts.warnings] == ["groups-too-large"] * 2
    assert "0 samples instead of 20" in str(parts.warnings[0])


@pytest.mark.parametrize("groups", [torch.zeros(99, dtype=torch.int64), torch.zeros(100)])
def test_groups_of_the_wrong_form_are_refused(tiny, groups):
    with pytest.raises(InputError, match="groups"):
        split(DataBundle(numbered(100), groups=groups), tiny())


@pytest.mark.parametrize("seed", range(3))
def test_a_smaller_share_of_the_training_samples_lies_within_a_larger_one(tiny, seed):
    bundle = DataBundle(numbered(500, seed=seed))
    asked = ("10", "10%", "20%", "90", "50%", "100%", "all")
    parts = [split(bundle, tiny(split_seed=seed, train_samples=a)) for a in asked]
    subsets = [set(numbers(p.training)) for p in parts]
    assert [len(s) for s in subsets] == [10, 36, 72, 90, 180, 360, 360]
    for smaller, larger in pairwise(subsets):
        assert smaller <= larger
    for part in parts:
        assert numbers(part.validation) == numbers(parts[0].validation)
        # Of each class, no sample more or less than its due share of so many.
        assert (shares(part.training) - shares(parts[-1].training)).abs().max() * len(part.training) < 1
        assert part.spec.class_counts == tuple(torch.bincount(part.training.targets, minlength=4).tolist())


@pytest.mark.parametrize(
    ("text", "count"),
    [("all", 70), ("1", 1), ("70", 70), ("10%", 7), ("0%", 0), ("100%", 70), ("12.5%", 9), ("0.1%", 0)],
)
def test_amounts_are_numbers_shares_or_all(text, count):
    assert amount(text, 70, "train_samples") == count


def test_more_samples_than_there_are_is_refused_with_both_numbers(tiny):
    with pytest.raises(InputError, match=r"train_samples is 90.*only 72"):
        split(DataBundle(numbered(100)), tiny(train_samples="90"))
    with pytest.raises(InputError, match=r"validation_samples is 81.*only 80"):
        split(DataBundle(numbered(100)), tiny(validation_samples="81"))


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "101%", "x", "", "1e3", "%", "10 %", "00"])
def test_what_is_no_amount_is_refused(tiny, text):
    with pytest.raises(InputError, match="train_samples"):
        tiny().changed({"train_samples": text})


def test_too_few_training_samples_are_refused(tiny):
    with pytest.raises(InputError, match="at least 2"):
        split(DataBundle(numbered(100)), tiny(train_samples="1"))
    with pytest.raises(InputError, match="at least 2"):
        split(DataBundle(numbered(100)), tiny(validation_samples="100%"))


@pytest.mark.parametrize(
    "part",
    [
        Part(torch.zeros(4, 1, 2, 2), torch.zeros(4, dtype=torch.long)),
        Part(torch.zeros(4, 2, 2, dtype=torch.uint8), torch.zeros(4, dtype=torch.long)),
        Part(torch.zeros(4, 1, 2, 2, dtype=torch.uint8), torch.zeros(3, dtype=torch.long)),
    ],
)
def test_a_data_set_of_the_wrong_form_is_refused(tiny, part):
    with pytest.raises(InputError, match="the data set gave"):
        split(DataBundle(part), tiny())


@pytest.mark.parametrize("seed", range(3))
def test_batches_cover_all_samples_once_and_none_is_a_lone_remainder(seed):
    draw = random.Random(seed)
    for count, size in [(draw.randint(2, 300), draw.randint(1, 320)) for _ in range(500)] + [(65, 64), (5, 1), (2, 2)]:
        bounds = batch_bounds(count, size)
        assert bounds[0][0] == 0 and bounds[-1][1] == count
        assert all(end == start for (_, end), (start, _) in pairwise(bounds))
        sizes = [end - start for start, end in bounds]
        assert all(s == size for s in sizes[:-1])
        if size == 1:
            assert sizes == [1] * count
        else:
            assert 2 <= sizes[-1] <= size + 1
            assert (sizes[-1] == size + 1) == (count > size and count % size == 1)


def test_an_epoch_visits_every_sample_once_in_an_order_of_its_own():
    orders = [permutation(97, seed, epoch).tolist() for seed in range(3) for epoch in range(3)]
    assert all(sorted(order) == list(range(97)) for order in orders)
    assert len({tuple(order) for order in orders}) == 9
    assert permutation(97, 2, 1).tolist() == orders[7]


SEEN: list[float] = []


class Watch(Regularizer):
    """Notes the samples of every training step."""

    def mix(self, inputs, targets, generator):
        SEEN.extend(inputs.flatten(1).double().sum(1).tolist())
        return inputs, targets


def test_however_often_it_is_stopped_each_epoch_sees_each_sample_once(tiny):
    config = tiny(epochs=3, ticked=[Watch()], scaling="no-scaling")
    training = Trainer(config).learner.parts.training
    expected = Counter(training.inputs.flatten(1).double().sum(1).tolist())
    draw = random.Random(1)
    for _ in range(5):
        SEEN.clear()
        store = MemoryStore()
        stops = sorted(draw.sample(range(15), 4))
        run(Trainer(config, lambda store=store: store), stop_at=stops[0])
        for stop in [*stops[1:], None]:
            run(Trainer(config, lambda store=store: store, snapshot=store.last()), stop_at=stop)
        assert len(SEEN) == 3 * 130
        for epoch in range(3):
            assert Counter(SEEN[130 * epoch : 130 * (epoch + 1)]) == expected, f"stopped after steps {stops}"


def bundle_of(targets, *, test=None, width=2, task="classification"):
    def part(labels, width):
        return Part(torch.arange(len(labels) * width * width).byte().reshape(-1, 1, width, width), labels)

    return DataBundle(part(targets, 2), test=None if test is None else part(test, width), task=task)


def test_the_number_of_classes_does_not_depend_on_how_many_samples_are_used(tiny):
    bundle = bundle_of(torch.tensor([0, 1] * 40 + [2]), test=torch.tensor([0, 3]))
    for samples in ("10", "all"):
        assert split(bundle, tiny(train_samples=samples)).spec.outputs == 4


@pytest.mark.parametrize(
    ("bundle", "words"),
    [
        (bundle_of(torch.arange(40) % 3, test=torch.arange(4) % 3, width=3), "in one part and"),
        (bundle_of(torch.arange(40) % 3 - 1), "label outside"),
        (bundle_of(torch.rand(40)), "targets int64"),
        (bundle_of(torch.rand(40), task="regression"), r"or float32 \[N, K\]"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(tiny, bundle, words):
    with pytest.raises(InputError, match=words):
        split(bundle, tiny())
