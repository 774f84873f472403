"""The short form: each technique in a run of six steps (of sixteen, where it acts between epochs)."""

from __future__ import annotations

import pytest
import torch

from engine.events import Finished
from engine.strategy import Regularizer
from tests.engine.support import run_stored
from tests.reliability import exact_resume
from tests.reliability.each_image import fair_epochs
from tests.reliability.exact_resume import resumed_in_new_processes, stopped_everywhere
from tests.reliability.resume_settings import (
    ACTING,
    BATCH,
    LARGE_MODELS,
    SHORT,
    TOGETHER,
    Length,
    Settings,
    catalogue,
    write_files,
)  # fmt: skip

KNOWN = catalogue()
IDS = [entry.id for entry in KNOWN.entries if entry.id not in LARGE_MODELS]


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(KNOWN, SHORT, write_files(tmp_path_factory.mktemp("files"), KNOWN))


@pytest.mark.parametrize("id", IDS)
def test_a_run_may_be_stopped_after_any_step_with(settings, id):
    found = stopped_everywhere(settings.make(id), KNOWN, ends=1)
    assert found.exact and not found.first_difference, found.first_difference
    assert found.equal > found.steps > 0


@pytest.mark.parametrize("name", TOGETHER)
def test_a_run_may_be_stopped_after_any_step_with_techniques_together(settings, name):
    found = stopped_everywhere(settings.make(*TOGETHER[name]), KNOWN, ends=1)
    assert found.exact and not found.first_difference, found.first_difference


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("last", [5, BATCH, 1])
def test_a_run_may_be_stopped_after_any_step_whatever_its_precision_and_last_batch(settings, precision, last):
    made = Settings(KNOWN, SHORT, settings.folder, precision=precision, last=last)
    found = stopped_everywhere(made.make("mixup", "batch-norm", "ema"), KNOWN, ends=1)
    assert found.exact and not found.first_difference, found.first_difference
    assert found.steps == SHORT.epochs * SHORT.steps


def test_the_settings_hold_every_technique_that_there_is(settings):
    made = dict(settings.all(large=True))
    ticked = {strategy.id for config in made.values() for strategy in config.strategies}
    assert ticked == {entry.id for entry in KNOWN.entries}
    assert ACTING.keys() <= ticked


def test_rules_and_schedules_act_in_mid_run(settings):
    for id in ("early-stopping", "target-reached"):
        events, _, trainer = run_stored(settings.make(id))
        assert isinstance(events[-1], Finished) and events[-1].reason.code == id
        assert 3 <= trainer.position.epoch < trainer.config.epochs
    for entry in KNOWN.entries:
        if entry.kind == "scheduler":
            _, _, trainer = run_stored(settings.make(entry.id))
            rates = trainer.history.steps[:, 2].tolist()
            assert len(set(rates)) > 1 and len(set(rates[1:-1])) > 1, f"{entry.id} does not act"


@pytest.mark.parametrize("texts", [("mlp",), ("mixup", "gradient-accumulation:parts=3"), ("balanced-sampling",)])
@pytest.mark.parametrize("last", [5, BATCH, 1])
def test_each_image_is_seen_as_often_as_it_should_whatever_the_stops(settings, texts, last):
    length = Length(3, 6, loss=0.5)
    made = Settings(KNOWN, length, settings.folder, last=last)
    assert fair_epochs(made.make(*texts), seed=last) == 3


def test_from_a_random_step_a_new_process_goes_on_exactly(settings):
    chosen = [("everything", settings.make(*TOGETHER["everything at once"])), ("swa", settings.make("swa"))]
    assert resumed_in_new_processes(chosen, KNOWN, seed=1) == []


class Forgetful(Regularizer):
    """Shrink the steps as they are counted, by a number that lies outside the run's state."""

    def before_step(self, model):
        model.counted = getattr(model, "counted", 0) + 1
        for parameter in model.parameters():
            parameter.grad /= model.counted


def test_what_a_technique_keeps_outside_the_snapshot_is_found(settings, monkeypatch):
    config = settings.make("mlp", "sgd").ticked(Forgetful())
    monkeypatch.setattr(exact_resume, "config_of", lambda snapshot, catalogue: config)
    found = stopped_everywhere(config, KNOWN, ends=0)
    assert not found.exact and found.equal == 2
    assert found.first_difference.startswith("place 2: ") and "model.body" in found.first_difference


def test_an_order_that_shows_an_image_twice_is_found(settings, monkeypatch):
    draw = torch.randperm
    monkeypatch.setattr("engine.data.torch.randperm", lambda count, **options: draw(count, **options).clamp(min=1))
    assert fair_epochs(settings.make("mlp"), seed=1, stops=3) == 0
