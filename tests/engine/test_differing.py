"""Only the settings that differ: techniques on and off, their parameters, fields of the run, what happened to it."""

from __future__ import annotations

import pytest

from engine.differing import Choice, Missing, but_for_the_seed, differences
from engine.strategy_text import parse_strategy
from tests.engine.support import tiny_config


@pytest.fixture
def found(catalogue):
    """The differences between settings, by their keys."""

    def compare(*settings, recorded=()):
        recorded = [*recorded, *[{}] * (len(settings) - len(recorded))]
        return {each.key: each.values for each in differences(list(zip(settings, recorded, strict=True)))}

    return compare


def same(one, other, recorded=({}, {})):
    return but_for_the_seed(one, recorded[0]) == but_for_the_seed(other, recorded[1])


def test_equal_settings_have_no_difference(tiny, found):
    assert found(tiny(), tiny(), tiny()) == {}
    assert found(tiny()) == {}
    assert found() == {}


def test_a_field_of_the_run_is_told_with_its_values(tiny, found):
    assert found(tiny(lr=0.01, batch_size=16), tiny(lr=0.02, batch_size=16)) == {"lr": (0.01, 0.02)}


def test_the_seed_comes_last(tiny, found):
    assert list(found(tiny(seed=1, lr=0.1), tiny(seed=2, lr=0.2, model="linear"))) == ["model", "lr", "seed"]


def test_a_technique_is_on_with_its_parameters_or_off(tiny, found):
    values = found(tiny(), tiny(ticked=["dropout:p=0.3"]))["dropout"]
    assert values[0] is Missing.OFF
    assert isinstance(values[1], Choice)
    assert (values[1].kind, values[1].telling) == ("regularizer", [("p", 0.3)])
    assert values[1].to_dict() == {"id": "dropout", "p": 0.3}


def test_of_a_technique_that_all_have_only_the_parameters_that_differ_are_told(tiny, found):
    one, other = tiny(ticked=["reduce-lr-on-plateau:patience=2"]), tiny(ticked=["reduce-lr-on-plateau:patience=3"])
    assert found(one, other) == {"reduce-lr-on-plateau:patience": (2, 3)}
    mixed = found(one, other, tiny())
    assert list(mixed) == ["reduce-lr-on-plateau"]
    assert mixed["reduce-lr-on-plateau"][0].telling == [("patience", 2)], "many parameters: those off their default"


def test_of_a_choice_either_the_parameters_differ_or_the_choice_itself(tiny, found):
    wide, deep = tiny(model="mlp:hidden=32"), tiny(model="mlp:hidden=8+8")
    assert found(wide, deep) == {"mlp:hidden": ((32,), (8, 8))}
    values = found(wide, tiny(model="linear"))["model"]
    assert [value.id for value in values] == ["mlp", "linear"]


def test_the_order_counts_for_augmentations_alone(tiny, found):
    flips = ["random-horizontal-flip", "gaussian-noise"]
    one, other = tiny(ticked=flips), tiny(ticked=flips[::-1])
    assert found(one, other) == {"augmentations": (tuple(flips), tuple(flips[::-1]))}
    assert not same(one, other)
    stops = ["early-stopping", "dropout"]
    assert found(tiny(ticked=stops), tiny(ticked=stops[::-1])) == {}
    assert same(tiny(ticked=stops), tiny(ticked=stops[::-1]))


def test_names_threads_and_a_device_left_to_the_machine_are_no_difference(tiny, found):
    one, other = tiny(name="a", threads="1", device="auto"), tiny(name="b", threads="2", device="cpu", keep_every=3)
    assert found(one, other) == {}
    assert found(one, other, tiny(device="cuda"))["device"] == ("auto", "cpu", "cuda")
    assert same(one, other)


def test_what_is_on_offer_is_no_difference(tiny, found, catalogue):
    offered = tiny().changed({"offered": (parse_strategy("dropout", catalogue),)})
    assert found(tiny(), offered) == {}
    assert same(tiny(), offered)


def test_runs_that_differ_in_the_seed_alone_are_the_same_but_for_it(tiny):
    assert same(tiny(seed=1), tiny(seed=2))
    for other in (
        tiny(lr=0.02), tiny(split_seed=1), tiny(ticked=["dropout"]), tiny(model="mlp:hidden=9"), tiny(epochs=3),
        tiny(precision="bfloat16"),
    ):  # fmt: skip
        assert not same(tiny(), other)


def test_settings_of_a_file_are_compared_with_settings_that_were_made(tiny, found):
    """A run whose plugin is gone is known by the mapping in its `config.yaml` alone."""
    made = tiny(ticked=["dropout:p=0.3"], model="mlp:hidden=9+8")
    read = made.to_dict()
    assert found(made, read) == {}
    read["with"].append({"id": "gone", "strength": 2})
    read["lr"] = 0.5
    values = found(made, read)
    assert list(values) == ["gone", "lr"]
    assert values["gone"] == (Missing.OFF, Choice("gone", "", (("strength", 2),)))


def test_the_augmentations_of_a_file_are_known_by_the_plugins_on_record(tiny, found):
    flips = ["random-horizontal-flip", "gaussian-noise"]
    one, other = tiny(ticked=flips).to_dict(), tiny(ticked=flips[::-1]).to_dict()
    record = {"plugins": [{"id": id, "kind": "augmentation"} for id in flips]}
    assert list(found(one, other, recorded=[record, record])) == ["augmentations"]
    assert not same(one, other, (record, record))


def test_of_unknown_settings_nothing_is_said(tiny, found):
    assert found(tiny(), None) == {}
    assert found(tiny(lr=0.1), None, tiny(lr=0.2)) == {"lr": (0.1, Missing.UNKNOWN, 0.2)}


def test_a_mapping_that_is_damaged_is_compared_as_far_as_it_goes(tiny, found):
    assert found({"lr": 0.1, "with": 3, "model": "mlp"}, {"lr": 0.1, "with": [], "model": {"id": "mlp"}}) == {}
    assert "lr" in found({"lr": [1, {}]}, {"lr": 0.1})


def test_what_was_changed_in_a_run_is_told(tiny, found):
    by_hand = {"changes": [{"step": 30, "field": "lr", "old": 0.01, "new": 0.005}]}
    values = found(tiny(), tiny(), recorded=[{}, by_hand])["changes"]
    assert values[0] is Missing.OFF and list(map(str, values[1])) == ["0.005 from step 30"]
    assert not same(tiny(seed=1), tiny(seed=2), ({}, by_hand))
    longer = {"changes": [{"step": 10, "field": "epochs", "old": 2, "new": 5}]}
    assert found(tiny(epochs=2), tiny(epochs=2), recorded=[{}, longer]) == {"epochs": (2, 5)}
    assert same(tiny(epochs=2), tiny(epochs=5), (longer, {}))


def test_a_fork_has_another_past(tiny, found):
    fork = {"parent": {"run": "first", "epoch": 4, "step": 20}}
    assert list(map(str, found(tiny(), tiny(), recorded=[{}, fork])["parent"])) == ["Missing.OFF", "first, epoch 4"]
    assert not same(tiny(), tiny(seed=3), ({}, fork))


def test_every_technique_there_is_can_be_compared(catalogue, found):
    plain = tiny_config(catalogue)
    for entry in catalogue.entries:
        if entry.strategy is not None and entry.strategy.many:
            values = found(plain, plain.ticked(entry.strategy()))
            assert list(values) == [entry.id]
            assert values[entry.id][1].telling is not None
