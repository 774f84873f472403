"""The built-in ways of fine-tuning: what they freeze, and what they tell."""

from __future__ import annotations

import pytest

from engine.message import InputError
from plugins.fine_tuning.discriminative_lr import DiscriminativeLR
from plugins.fine_tuning.freeze_body import FreezeBody
from plugins.initializer.from_checkpoint import FromCheckpoint
from plugins.model.resnet import ResNet18
from tests.plugins.bench import config


def test_a_frozen_body_joins_when_it_is_due():
    assert [FreezeBody().lr_shares(epoch) for epoch in (0, 1, 10**6)] == [(0.0,)] * 3
    assert [FreezeBody(unfreeze_after=2, lr_share=0.3).lr_shares(epoch) for epoch in range(4)] == [
        (0.0,), (0.0,), (0.3,), (0.3,)
    ]  # fmt: skip


def test_rates_are_those_of_ulmfit():
    assert DiscriminativeLR(parts=3).lr_shares(0) == pytest.approx([1 / 2.6**3, 1 / 2.6**2, 1 / 2.6])


def test_parts_are_unfrozen_one_after_another_from_the_head_on():
    made = DiscriminativeLR(parts=3, factor=2, unfreeze_every=2)
    assert [made.lr_shares(epoch) for epoch in (0, 1, 2, 4, 6, 99)] == [
        (0, 0, 0), (0, 0, 0), (0, 0, 0.5), (0, 0.25, 0.5), (0.125, 0.25, 0.5), (0.125, 0.25, 0.5)
    ]  # fmt: skip


def codes(*strategies, **values):
    made = config(*strategies, **values)
    tuned = {"freeze-body", "discriminative-lr"}
    return [advice.text.code for id, advice in made.advice() if id in tuned]


@pytest.mark.parametrize("technique", [FreezeBody(), DiscriminativeLR()])
def test_a_network_that_has_learned_nothing_is_told_of(technique):
    assert codes(technique) == ["nothing-pretrained"]
    assert codes(technique, ResNet18(weights="imagenet")) == []
    assert codes(technique, FromCheckpoint(path="somewhere")) == []


def test_what_comes_after_the_end_of_the_run_is_told_of():
    weights = ResNet18(weights="imagenet")
    assert codes(weights, FreezeBody(unfreeze_after=2), epochs=3) == []
    assert codes(weights, FreezeBody(unfreeze_after=3), epochs=3) == ["never-unfrozen"]
    assert codes(weights, DiscriminativeLR(parts=2, unfreeze_every=2), epochs=5) == []
    assert codes(weights, DiscriminativeLR(parts=2, unfreeze_every=2), epochs=4) == ["not-all-unfrozen"]


def test_one_at_most_may_be_ticked():
    with pytest.raises(InputError, match="untick one"):
        config(FreezeBody(), DiscriminativeLR()).check()
