"""An augmentation that makes images of one class those of another is flagged; what leaves them alone is not."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import torch

from engine.data import DataBundle, Part, split
from engine.data_checks import label_judge
from engine.data_checks.label_change import Sight, lower
from engine.data_checks.label_change import changes as changed_pairs
from engine.data_checks.label_judge import Verdict
from engine.data_checks.label_safety import LabelCheck, check_labels
from engine.message import InputError
from engine.randomness import global_generators, seed_global_generators
from engine.strategy import Augmentation
from tests.engine.support import tiny_config, tunedeck


class Turn(Augmentation):
    """Turn upside down what is turned at all."""

    degrees: float = 180.0
    """Greatest angle."""

    def __call__(self, images, generator):
        angle = (torch.rand(len(images), generator=generator) * 2 - 1) * self.degrees
        return torch.where((angle.abs() > 90).view(-1, 1, 1, 1), images.flip(2, 3), images)


class Brighter(Augmentation):
    """A little brighter."""

    def __call__(self, images, generator):
        return (images.float() + 12).clamp(0, 255).to(torch.uint8)


class Noise(Augmentation):
    """Nothing but noise."""

    def __call__(self, images, generator):
        return torch.randint(0, 256, images.shape, generator=generator, dtype=torch.uint8)


class Broken(Augmentation):
    """Fails."""

    def __call__(self, images, generator):
        raise ValueError("out of order")


def corners(tiny, count=400, outside=0):
    """Bright corners, the first two opposite ones: each upside down is the other. The third, a cross, stays itself."""
    generator = torch.Generator().manual_seed(3)
    targets = torch.arange(count) % 3
    images = torch.full((count, 1, 12, 12), 60.0)
    for row, target in enumerate(targets.tolist()):
        if target == 2:
            images[row, 0, 5:7] = images[row, 0, :, 5:7] = 200
        else:
            place = slice(1, 5) if target == 0 else slice(7, 11)
            images[row, 0, place, place] = 200
    images += 25 * torch.randn(images.shape, generator=generator)
    part = Part(images.clamp(0, 255).to(torch.uint8), targets)
    return split(DataBundle(part, None, None, ("six", "nine", "cross")), tiny())


@pytest.fixture(autouse=True, scope="module")
def _quick():
    """So simple images need few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(label_judge, "STEPS", 100)
        yield


@pytest.fixture(scope="module")
def check(catalogue, _quick):
    return LabelCheck(corners(lambda: tiny_config(catalogue)), 0)


def changes(found):
    return {
        (f.what.values["source"], f.what.values["target"]) for f in found.findings if f.kind == "changes-class"
    }  # fmt: skip


def test_what_turns_one_class_into_another_is_flagged_with_pictures_and_the_range_that_is_safe(check):
    found = check.all((Turn(),))
    assert changes(found) == {("six", "nine"), ("nine", "six")} and not found.safe
    flagged = found.findings[0]
    assert flagged.mend == Turn(degrees=90.0) and "limit degrees to 90" in str(flagged.remedy)
    values = flagged.what.values
    assert values["low"] <= values["share"] <= values["high"] and 30 < values["share"] < 70
    example = flagged.examples[0]
    assert np.array_equal(example.after, example.before[::-1, ::-1]) and example.sure > 0.8
    assert {example.label, example.taken_for} == {"six", "nine"}


def test_what_leaves_the_classes_alone_is_not_flagged(check):
    found = check.all((Brighter(), Turn(degrees=60.0)))
    assert found.safe and found.findings == () and found.known > 0.95


def test_noise_is_hard_and_changes_no_class(check):
    found = check.all((Noise(),))
    assert found.safe and [finding.kind for finding in found.findings] == ["hard"]


def test_a_technique_that_fails_is_named_and_the_others_are_looked_at(check):
    found = check.all((Broken(), Turn()))
    assert "broken" in str(found.findings[0].what) and changes(found) == {("six", "nine"), ("nine", "six")}


def test_the_same_seed_finds_the_same(check):
    one, other = check.all((Turn(),)), check.all((Turn(),))
    assert [str(f.what) for f in one.findings] == [str(f.what) for f in other.findings]


def test_a_judge_that_knows_nothing_says_so(tiny):
    noise = Part(torch.randint(0, 256, (120, 1, 12, 12), dtype=torch.uint8), torch.arange(120) % 4)
    parts = split(DataBundle(noise, None, None, tuple("abcd")), tiny())
    found = check_labels(parts, [Turn()], 0)
    assert [finding.kind for finding in found.findings] == ["weak-judge"]


def test_a_run_that_trains_meanwhile_draws_what_it_would_have_drawn(check):
    """The global generators are only used while they are held, and seeded by whoever takes them."""
    with global_generators:
        seed_global_generators(5)
        expected = torch.rand(3), random.random(), np.random.rand()
    check.all((Turn(),))
    with global_generators:
        seed_global_generators(5)
        assert torch.equal(torch.rand(3), expected[0]) and random.random() == expected[1]
        assert np.random.rand() == expected[2]


def test_it_can_be_stopped(tiny):
    told = []

    def report(text, fraction):
        told.append(fraction)
        if len(told) > 3:
            raise InputError("stopped", "stopped")

    with pytest.raises(InputError, match="stopped"):
        check_labels(corners(tiny), [Turn()], 0, report)
    assert told == sorted(told)


def test_what_can_not_be_checked_is_refused_in_one_line(tiny):
    with pytest.raises(InputError, match="tick an augmentation first"):
        check_labels(corners(tiny), [], 0)


def judged(share, agrees=1.0, halves=(0, 1), back=True, confused=0.0, count=400):
    """Two classes, each `count` images: what is flagged where `share` of a class seem to be the other, in these halves,
    and of those `agrees` to the taught judge; `confused` were taken for it as they are, too."""
    targets, side = torch.arange(2 * count) % 2, (torch.arange(2 * count) // 2) % 2
    rank = torch.arange(2 * count) // 4 / (count / 2)
    turns = (rank < share) & torch.isin(side, torch.tensor(halves)) & ((targets == 0) | back)
    was = torch.where(rank >= 1 - confused, 1 - targets, targets)
    now = torch.where(turns, 1 - targets, was)
    doubts = (turns & (rank < share * agrees)) | (rank >= 1 - confused)
    own = torch.where(doubts, 0.4, 0.9)
    taught = torch.stack([torch.where(targets == k, own, 1 - own) for k in (0, 1)], 1)
    clean = Verdict(torch.eye(2)[was], was)
    found = changed_pairs(clean, [Sight(now, taught)] * 3, targets, side, [(0, 1), (1, 0)], 45)
    return {(change.source, change.target) for change in found}


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_only_what_both_judges_see_in_both_halves_and_both_ways_counts(share):
    assert judged(share) == {(0, 1), (1, 0)}
    assert judged(share, agrees=0.05) == set(), "a network that has learned such images knows them"
    assert judged(share, halves=(0,)) == set(), "the other half's network sees nothing"
    assert judged(share, confused=share) == set(), "the pair was confused as often before"
    assert judged(share, back=False) == ({(0, 1)} if share == 0.3 else set())


def test_what_counts_is_the_bound_and_not_the_estimate():
    assert judged(0.1, count=400) and not judged(0.1, count=20)
    generator = torch.Generator().manual_seed(0)
    below = [float(lower((torch.rand(200, generator=generator) < 0.05).double(), 0.05)) <= 0.05 for _ in range(400)]
    assert sum(below) / len(below) >= 0.95, "rare events: the bound is below the truth at least as often as it says"
    assert lower(torch.ones(1), 0.05) == -1


def test_the_terminal_tells_of_labels_beside_the_pictures(capsys, monkeypatch):
    monkeypatch.setattr("engine.data_checks.label_safety.MOST", 600)
    code, _, err = tunedeck(capsys, "check-data")
    assert code == 2 and "name a folder of pictures" in err
    flags = ("--dataset", "fashion-mnist-sample", "--augmentations", "color-jitter:brightness=0.1")
    code, out, _ = tunedeck(capsys, "check-data", *flags, "--json")
    told = json.loads(out)
    assert code == 0 and told["labels"]["safe"] is True and told["labels"]["findings"] == []
