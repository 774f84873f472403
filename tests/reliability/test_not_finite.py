"""A value that is not finite, in short: nowhere is it saved, and what to try is said of this run's own settings."""

from __future__ import annotations

import json

import pytest
import torch

from engine.events import Failed
from engine.strategy import Optimizer, Regularizer
from tests.engine.support import run_stored, tiny_config, tunedeck
from tests.reliability.not_finite import poison


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


def test_wherever_a_value_is_not_finite_it_is_never_saved_and_the_run_goes_on_from_before(catalogue):
    flaws = poison(catalogue, 24)
    assert {case: flaw for case, flaw in flaws.items() if flaw} == {} and len(flaws) == 24


class Explodes(Regularizer):
    """Make the weights so large, after the third step, that the loss is infinite."""

    def after_step(self, model):
        STEPS.append(True)
        if len(STEPS) == 3:
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.mul_(1e30)


STEPS: list[bool] = []


@pytest.mark.parametrize(
    ("settings", "said", "unsaid"),
    [
        ({}, ("a lower learning rate than 0.01", "a warm-up", "gradient clipping"), ("scaling", "precision")),
        ({"scaling": "no-scaling"}, ("another scaling (inputs reach 255)",), ()),
        ({"precision": "bfloat16"}, ("precision float32",), ()),
        ({"ticked": ["gradient-clipping:max_norm=1000000"]}, ("a warm-up",), ("clipping",)),
        ({"ticked": ["warm-up:epochs=1"]}, ("clipping",), ("a warm-up",)),
    ],
    ids=["plain", "unscaled", "bfloat16", "clipped", "warmed up"],
)
def test_what_to_try_is_what_these_settings_lack(catalogue, settings, said, unsaid):
    STEPS.clear()
    config = tiny_config(catalogue, **settings).ticked(Explodes())
    failed = run_stored(config)[0][-1]
    assert isinstance(failed, Failed) and (failed.text.code, failed.step) == ("not-finite", 4)
    text = str(failed.text)
    assert all(words in text for words in said) and not any(words in text for words in unsaid), text


class CountsToInfinity(Optimizer):
    """Its state holds a plain number that is not finite."""

    def build(self, groups):
        class Counting(torch.optim.SGD):
            def step(self, closure=None):
                for group in self.param_groups:
                    for parameter in group["params"]:
                        self.state[parameter]["count"] = float("inf")

        return Counting(groups, lr=0.1)


def test_a_plain_number_of_the_optimizer_that_is_not_finite_is_never_saved_either(catalogue):
    events, store, _ = run_stored(tiny_config(catalogue, optimizer=CountsToInfinity()))
    assert store.last_bytes is None
    assert events[-1].text.code == "weights-not-finite" and "count" in str(events[-1].text)


class KeepsObjects(Optimizer):
    """Its state holds what no checkpoint can."""

    def build(self, groups):
        class Keeping(torch.optim.SGD):
            def step(self, closure=None):
                for group in self.param_groups:
                    for parameter in group["params"]:
                        self.state[parameter]["thing"] = object()

        return Keeping(groups, lr=0.1)


def test_a_state_that_no_checkpoint_can_hold_is_told_by_the_optimizer_s_name(catalogue):
    failed = run_stored(tiny_config(catalogue, optimizer=KeepsObjects()))[0][-1]
    assert failed.plugin == "keeps-objects" and "keeps an object of type object as its state" in str(failed.text)


def test_the_command_line_says_step_and_command_and_that_goes_on(capsys):
    flags = ("--train-samples", "96", "--validation-samples", "64", "--batch-size", "32", "--threads", "1", "--model",
             "mlp:hidden=16", "--device", "cpu", "--optimizer", "sgd", "--epochs", "4")  # fmt: skip
    code, out, err = tunedeck(capsys, "train", *flags, "--lr", "0.001", "--json")
    assert code == 0, err
    parent = json.loads(out)["run"]
    code, out, err = tunedeck(capsys, "fork", parent, "--epochs", "60", "--lr", "1e4", "--keep-every", "1", "--json")
    assert code == 1 and " at step " in err and "try a lower learning rate than 1e+04" in err
    assert "Traceback" not in err
    failed = json.loads(out)["run"]
    command = next(line for line in err.splitlines() if "a tenth of the learning rate" in line)
    # The last weights are finite, and worse than none: it goes on from the best.
    best = f"{failed}/checkpoints/best.safetensors"
    assert command.endswith(f"tunedeck fork {best} --lr 1000")
    code, out, err = tunedeck(capsys, "fork", best, "--lr", "0.001", "--epochs", "6", "--json")
    assert code == 0, err
    assert json.loads(out)["epochs"] == 6
