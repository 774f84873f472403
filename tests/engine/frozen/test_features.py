"""The features of a frozen body are computed once, and the head learns from them what it would learn from the body."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.events import Finished, Loading
from engine.frozen import features
from engine.frozen.features import Features, Halves, ends_caching, halves
from engine.part import Part
from engine.trainer import Trainer
from tests.engine.support import of_type, run

MODEL = "small-resnet:widths=4+8"


def trained(config, monkeypatch=None):
    """A run, and how many samples went through its body in training and evaluation."""
    trainer = Trainer(config)
    seen = []
    trainer.learner.model.get_submodule("body").register_forward_hook(lambda *given: seen.append(len(given[1][0])))
    events = run(trainer)
    assert isinstance(events[-1], Finished)
    return trainer, events, sum(seen)


def losses(trainer):
    return torch.from_numpy(trainer.history.steps[:, 1].copy())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("ticked", [[], ["label-smoothing", "dropout:p=0.3", "gradient-accumulation:parts=3"]], ids=str)
def test_a_run_on_features_is_the_run_of_the_whole_network_up_to_rounding(tiny, monkeypatch, precision, ticked):
    config = tiny(model=MODEL, epochs=4, precision=precision, ticked=["freeze-body", *ticked])
    cached, _, few = trained(config)
    monkeypatch.setattr("engine.learner.halves", lambda network: None)
    whole, _, many = trained(config)
    assert len(losses(whole)) == 20 and losses(whole)[-1] < losses(whole)[0]
    close = {"rtol": 1e-4, "atol": 1e-5} if precision == "float32" else {"rtol": 3e-2, "atol": 1e-2}
    torch.testing.assert_close(losses(cached), losses(whole), **close)
    for one, other in zip(cached.history.epochs, whole.history.epochs, strict=True):
        assert one.val_loss == pytest.approx(other.val_loss, rel=close["rtol"])
    # Each sample once, and a few twice more; besides the test, and the look at one sample.
    training, validation, test = 130, 40, 40
    assert few <= training + validation + 2 * features.PROBE + test + 1
    assert many > 4 * (training + validation)


def test_features_are_told_of_once_in_log_and_events(tiny):
    _, events, _ = trained(tiny(model=MODEL, epochs=3, ticked=["freeze-body"]))
    told = of_type(events, Loading)
    assert {event.text.code for event in told} == {features.COMPUTING}
    fractions = [event.fraction for event in told]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] < 1


@pytest.mark.parametrize("id", ["gaussian-noise", "mixup", "cutmix"])
def test_what_changes_the_inputs_keeps_the_whole_network_running(tiny, id):
    config = tiny(model=MODEL, ticked=["freeze-body", id])
    assert ends_caching(config) == [id]
    _, events, seen = trained(config)
    assert of_type(events, Loading) == [] and seen > 2 * 130
    [text] = [str(advice.text) for owner, advice in config.advice() if advice.text.code == "ends-caching"]
    assert f"not so with {id}" in text


def test_they_end_when_the_body_is_unfrozen(tiny):
    trainer, events, seen = trained(tiny(model=MODEL, epochs=2, ticked=["freeze-body:unfreeze_after=1"]))
    assert of_type(events, Loading) and seen > 2 * 130
    before, now = (each.learner.model.state_dict() for each in (Trainer(trainer.config), trainer))
    moved = [name for name in now if name.startswith("body.") and not torch.equal(now[name], before[name])]
    assert len(moved) > 10


def test_features_that_would_not_fit_are_told_and_not_kept(tiny, monkeypatch):
    monkeypatch.setattr(features, "MOST_BYTES", 1_000)
    _, events, seen = trained(tiny(model=MODEL, epochs=3, ticked=["freeze-body"]))
    assert [event.text.code for event in of_type(events, Loading)] == ["features-too-large"]
    assert "would not fit into" in str(of_type(events, Loading)[0].text)
    assert seen > 3 * 130


def test_a_body_that_draws_random_numbers_is_not_cached():
    class Noisy(nn.Module):
        def forward(self, inputs):
            return inputs + torch.rand_like(inputs)

    part = Part(torch.rand(6, 3), torch.zeros(6, dtype=torch.int64))
    for body, expected in ((Noisy(), ["features-differ"]), (nn.Identity(), [features.COMPUTING] * 2)):
        split = halves(nn.Sequential())
        assert split is None
        made = Features(Halves(body, nn.Identity()), lambda module, inputs: module(inputs), 4)
        assert [text.code for text, _ in made.compute([part])] == expected
        assert (made.of(part) is None) == isinstance(body, Noisy)
    assert torch.equal(made.of(part).inputs, part.inputs)
    rows = torch.tensor([3, 1])
    made.select(some := part.take(rows), part, rows)
    assert torch.equal(made.of(some).inputs, part.inputs[rows])
    assert made.of(Part(part.inputs, part.targets)) is None


def test_a_network_is_halved_after_its_body_where_it_is_a_plain_sequence(tiny):
    network = Trainer(tiny(model=MODEL)).learner.model
    split = halves(network)
    inputs = torch.randn(3, 1, 8, 8)
    network.eval()
    assert torch.equal(split.tail(split.front(inputs)), network(inputs))

    class Own(nn.Sequential):
        def forward(self, inputs):
            return super().forward(inputs) + 1

    assert halves(Own(*network)) is None
    assert halves(nn.Sequential(nn.Linear(1, 1))) is None
