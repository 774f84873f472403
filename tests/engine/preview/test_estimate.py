"""What a run will take, told before it starts: honest in its sums, and harmless to any run."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.data import Parts, Source, split
from engine.learner import Learner
from engine.message import InputError, message
from engine.preview import estimate as estimates
from engine.preview.estimate import Cost, estimate
from engine.preview.memory import memory_need
from engine.strategy import Model, Regularizer
from tests.engine.support import differing, run_stored, tiny_config


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """What is measured is not judged here: one step will do."""
    monkeypatch.setattr(estimates, "MEASURED_SECONDS", 0.0)
    monkeypatch.setattr(estimates, "EVALUATED_SECONDS", 1e-4)


def refuse(text, fraction):
    raise InputError("not-here-yet", "the data are not here yet")


def parts_of(config) -> Parts:
    return split(config.dataset.load(Source(Path())), config)


def took(mean, fastest=0.0):
    return estimates._StepSeconds(fastest, mean)


def told(config, stop=lambda: False):
    return estimate(config, parts_of(config), Path(), stop, refuse)


def test_a_run_costs_its_epochs_its_saves_and_its_test(tiny):
    cost = Cost(training=2.0, evaluation=0.5, saving=0.25, test=3.0, samples=130, steps=5)
    assert cost.run(tiny(epochs=4)) == 4 * 2.75 + 3
    assert cost.run(tiny(epochs=4, keep_every=5)) == 4 * 3.0 + 3, "one more save in every epoch"
    assert cost.samples_per_second == 65 and cost.first() == 2.75


def test_while_a_body_is_frozen_its_features_are_computed_once(tiny):
    cost = Cost(training=2.0, evaluation=0.5, saving=0.25, test=3.0, samples=130, steps=5, keeps_features=True)
    assert cost.run(tiny(epochs=10)) == 10 * 2.75 + 3, "nothing is frozen"
    assert cost.run(tiny(epochs=10, ticked=["freeze-body"])) == 2.5 + 10 * 0.25 + 3
    assert cost.run(tiny(epochs=10, ticked=["freeze-body:unfreeze_after=4"])) == 7 * 2.5 + 10 * 0.25 + 3
    other = replace(cost, keeps_features=False)
    assert other.run(tiny(epochs=10, ticked=["freeze-body"])) == 10 * 2.75 + 3


def test_what_keeps_features_from_being_kept_is_seen(tiny):
    assert told(tiny(ticked=["freeze-body"])).cost.keeps_features
    assert not told(tiny(ticked=["freeze-body", "random-horizontal-flip"])).cost.keeps_features


def test_what_slows_the_device_down_is_told(tiny, monkeypatch):
    monkeypatch.setattr("engine.hardware.bfloat16_advice", lambda device, precision: message("slow", precision))
    assert [text.code for text in told(tiny(precision="bfloat16", compile=True)).slow] == [
        "slow", "compile-on-processor",
    ]  # fmt: skip


def test_steps_of_a_trial_stand_for_those_of_an_epoch(tiny, monkeypatch):
    monkeypatch.setattr(estimates._Trial, "_timed", lambda trial, size, seconds: took(size))
    monkeypatch.setattr(estimates._Trial, "_evaluated_sample_seconds", lambda trial, step: 1.0)
    monkeypatch.setattr(estimates, "MEASURED_SECONDS", 1e6)
    cost = told(tiny(batch_size=32)).cost
    assert (cost.samples, cost.steps) == (130, 5)
    assert cost.training == 130, "a second for each sample"
    assert cost.evaluation == 40 + 40, "as many of the training part as of the validation part"
    assert cost.test == 40


def test_a_slow_step_is_timed_with_fewer_samples(tiny, monkeypatch):
    sizes = []
    step = Learner.step
    monkeypatch.setattr(Learner, "step", lambda *given: sizes.append(len(given[1])) or step(*given))
    monkeypatch.setattr(
        estimates._Trial, "_timed", lambda trial, size, seconds: trial._step(size) is None or took(size)
    )
    monkeypatch.setattr(estimates, "MEASURED_SECONDS", 40.0)
    assert told(tiny(batch_size=100)).cost.training == 130
    assert max(sizes) == 40, "as many as there is time for"


def test_memory_is_as_counted_and_what_is_free_beside_it(tiny, monkeypatch):
    config = tiny()
    monkeypatch.setattr(estimates, "free_memory", lambda device: 10**9)
    found = told(config)
    assert found.memory == memory_need(config, parts_of(config).spec)
    assert found.images and found.fits and found.cost is not None


def test_what_does_not_fit_is_told_and_not_tried(tiny, monkeypatch):
    monkeypatch.setattr(estimates, "free_memory", lambda device: 1000)
    monkeypatch.setattr(estimates, "Learner", None)
    found = told(tiny())
    assert not found.fits and found.cost is None


def test_threads_and_later_runs_are_as_if_nothing_had_been_measured(tiny, catalogue):
    config = tiny_config(catalogue, ticked=["dropout", "gaussian-noise"], initializer="orthogonal")
    _, untouched, _ = run_stored(config)
    before = torch.get_num_threads()
    assert told(config.changed({"threads": "2"})).cost is not None
    assert torch.get_num_threads() == before
    seen = []
    fresh = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    fresh.start()
    fresh.join()
    assert seen == [before], "and in every new thread"
    _, later, _ = run_stored(config)
    assert differing(untouched.last(), later.last()) == []


def test_one_choice_of_threads_for_each_number_that_a_run_would_try(tiny, monkeypatch):
    used = []
    monkeypatch.setattr(estimates, "processors", lambda: 8)
    monkeypatch.setattr(estimates, "_use_threads", used.append)
    told(tiny(threads="auto"))
    assert used[:3] == [1, 4, 8] and used[3] in (1, 4, 8)
    used.clear()
    told(tiny(threads="3"))
    assert used[:-1] == [3, 3] and used[-1] == torch.get_num_threads()


def test_the_number_of_threads_is_that_with_the_fastest_step_and_its_mean_is_told(tiny, monkeypatch):
    """A run chooses by its fastest step, and takes what steps take in the mean."""
    used, times = [], iter([took(0.0), took(2.0, fastest=1.5), took(3.0, fastest=1.0)])
    monkeypatch.setattr(estimates, "processors", lambda: 2)
    monkeypatch.setattr(estimates, "_use_threads", used.append)
    monkeypatch.setattr(estimates._Trial, "_timed", lambda trial, size, seconds: next(times))
    cost = told(tiny(threads="auto", batch_size=130)).cost
    assert used[:3] == [1, 2, 2] and cost.training == 3.0


class Fails(Regularizer):
    """Raises in a step."""

    def after_step(self, model):
        raise RuntimeError("no step")


def test_a_plugin_that_raises_leaves_the_threads_alone(tiny):
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="no step"):
        told(tiny(threads="2", ticked=[Fails()]))
    assert torch.get_num_threads() == before
    assert estimates.global_generators.acquire(blocking=False)
    estimates.global_generators.release()


@pytest.mark.parametrize("asked", [1, 2, 4, 6])
def test_gives_up_where_it_is_told_to(tiny, asked):
    times = iter(range(1, 100))
    found = told(tiny(), lambda: next(times) >= asked)
    assert found.cost is None and found.memory.total > 0
    assert next(times) <= asked + 1, "and asks no more"


def test_while_a_run_trains_not_even_a_network_is_built(tiny, monkeypatch):
    monkeypatch.setattr(estimates, "Learner", None)
    assert told(tiny(), lambda: True).cost is None


def test_a_run_that_starts_meanwhile_waits_and_keeps_its_own_number_of_threads(tiny):
    """It needs the generators to build its network; before that, no number of threads is set."""
    config = tiny()
    measuring, starts = threading.Event(), threading.Event()

    def stop():
        measuring.set()
        return starts.wait(5)

    trial = threading.Thread(target=lambda: told(config.changed({"threads": "2"}), stop))
    trial.start()
    assert measuring.wait(5)
    free = estimates.global_generators.acquire(blocking=False)
    starts.set()
    if free:
        estimates.global_generators.release()
    assert not free
    run_stored(config)
    trial.join()
    assert torch.get_num_threads() == 1


class FromAfar(Model):
    """Has weights that would have to be fetched."""

    def build(self, data, slots):
        from torch import nn

        return nn.Sequential(nn.Flatten(), nn.Linear(64, data.outputs))

    def pretrained(self, network, source):
        source.report(None, None)


def test_weights_that_are_not_here_yet_leave_the_time_untold(tiny):
    found = told(tiny(model=FromAfar()))
    assert found.cost is None and found.reason.code == "not-here-yet" and found.memory.total > 0


def test_a_device_that_is_absent_is_an_input_error(tiny):
    with pytest.raises(InputError, match="no device cuda:9"):
        told(tiny(device="cuda:9"))


def test_a_frozen_body_runs_once_unless_something_changes_its_inputs(tiny, monkeypatch):
    settings = {"model": "small-resnet:widths=4+8", "epochs": 10}
    kept = told(tiny(ticked=["freeze-body"], **settings)).cost
    assert kept.keeps_features and kept.ended_by == ()
    config = tiny(ticked=["freeze-body", "gaussian-noise", "mixup"], **settings)
    ended = told(config).cost
    assert not ended.keeps_features and ended.ended_by == ("gaussian-noise", "mixup")
    saved = 10 * ended.saving + ended.test
    assert ended.run(config) == pytest.approx(10 * (ended.training + ended.evaluation) + saved)
    assert ended.run_without_those(config) == pytest.approx(ended.training + ended.evaluation + saved)
    assert kept.run_without_those(config) == kept.run(config)
