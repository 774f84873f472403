"""Plugins that go wrong, in short: each method once or twice, what differs by kind, and what a person is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.catalogue import discover
from engine.checkpoints.checkpoint import read_checkpoint
from engine.events import Failed, Finished
from engine.failure import StartFailed
from engine.strategy import (
    Activation,
    Augmentation,
    Initializer,
    Loss,
    Model,
    Regularizer,
    Scaling,
    Scheduler,
    Stopping,
)  # fmt: skip
from engine.trainer import Trainer
from engine.yaml_file import read_yaml
from tests.engine.support import process, run, run_stored, tiny_config, tunedeck
from tests.reliability.bad_plugins import distorting, methods, others_work, raising, returning


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    """Every test here."""


def wrong(flaws):
    return {case: flaw for case, flaw in flaws.items() if flaw}


def test_whatever_is_raised_in_any_method_is_contained_and_named(catalogue):
    flaws = raising(catalogue, 1)
    assert wrong(flaws) == {} and len(flaws) == len(methods()) > 30


def test_whatever_is_returned_by_any_method_is_contained_and_named(catalogue):
    flaws = returning(catalogue, 2)
    assert wrong(flaws) == {} and len(flaws) == 2 * len(methods())


def test_what_is_nearly_right_is_noticed(catalogue):
    flaws = distorting(catalogue, 1)
    assert wrong(flaws) == {} and len(flaws) > 5


def test_after_all_that_a_run_is_what_it_was(catalogue):
    assert others_work(catalogue)


# --- what a person is told ------------------------------------------------------------------------


class Floats(Augmentation):
    """Give floats."""

    def __call__(self, images, generator):
        return images / 255


class Shrinks(Augmentation):
    """Give smaller images."""

    def __call__(self, images, generator):
        return images[:, :, 1:]


class HalvesMixed(Regularizer):
    """Lose half of the batch."""

    def mix(self, inputs, targets, generator):
        return inputs[::2], targets[::2]


class SwitchesOff(Augmentation):
    """Switch gradients off for all."""

    def __call__(self, images, generator):
        torch.set_grad_enabled(False)
        return images


class SortsInPlace(Loss):
    """Change the data set's own targets."""

    def __call__(self, outputs, targets):
        targets.zero_()
        return nn.functional.cross_entropy(outputs, targets)


class FillsInPlace(Scaling):
    """Change the data set's own inputs."""

    def fit(self, inputs):
        inputs.zero_()
        return torch.zeros(inputs.shape[1]), torch.ones(inputs.shape[1])


class NoDeviation(Scaling):
    """Divide by nothing."""

    def fit(self, inputs):
        return torch.zeros(inputs.shape[1]), torch.zeros(inputs.shape[1])


class TooMany(Model):
    """Give an output too many."""

    def build(self, data, slots):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, data.outputs + 1))


class Widens(Activation):
    """Double the features."""

    def build(self):
        class Twice(nn.Module):
            def forward(self, inputs):
                return torch.cat([inputs, inputs], 1)

        return Twice()


class WrongNorm(Regularizer):
    """A norm of other features, which PyTorch itself refuses."""

    slot = "norm"

    def layer(self, place):
        return nn.BatchNorm1d(place.features + 1)


class Forgets(Regularizer):
    """Leave some parameters untrained, and tell nobody."""

    def parameter_groups(self, groups):
        return [{"params": groups[0]["params"][1:]}]


class Infinite(Initializer):
    """Begin nowhere."""

    def apply(self, model):
        nn.init.constant_(next(model.parameters()), float("inf"))


class Backwards(Scheduler):
    """Climb the loss."""

    shape = False

    def lr_factor(self, progress, history):
        return -1.0


class SaysText(Stopping):
    """Give a text in place of a message."""

    def reason(self, progress, history):
        return "enough"


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (Floats(), "augmentation floats returned float32 [32, 1, 8, 8] at step 0; it must return uint8 [32, 1, 8, 8]"),
        (Shrinks(), "the augmentation shrinks returned uint8 [32, 1, 7, 8] at step 0; it must return uint8"),
        (HalvesMixed(), "halves-mixed returned (float32 [16, 1, 8, 8], float32 [16, 4]) in mix at step 0"),
        (SwitchesOff(), "switches-off left PyTorch's gradients switched or its default dtype changed"),
        (SortsInPlace(), "the loss sorts-in-place changed a tensor that it was given, in place"),
        (FillsInPlace(), "fills-in-place changed a tensor that it was given, in place in fit"),
        (NoDeviation(), "no-deviation returned (float32 [1], float32 [1]) in fit"),
        (TooMany(), "too-many gave float32 [32, 5] with its network at step 0; it must give float32 [32, 4]"),
        (Widens(), "widens made float32 [32, 24] of float32 [32, 12] in its layer Twice"),
        (WrongNorm(), "wrong-norm failed in forward at step 0"),
        (Forgets(), "forgets returned"),
        (Infinite(), "infinite set body"),
        (Backwards(), "backwards returned -1.0 in lr_factor at step 0; it must return a finite number"),
        (SaysText(), "says-text returned 'enough' in reason at step 5; it must return a Message, or None"),
    ],
    ids=lambda value: "" if isinstance(value, str) else value.id,
)  # fmt: skip
def test_what_was_given_and_what_is_expected_is_said(catalogue, bad, told):
    config = tiny_config(catalogue).ticked(bad)
    try:
        failed = run_stored(config)[0][-1]
    except StartFailed as error:
        failed = error.failed
    assert isinstance(failed, Failed) and failed.plugin == bad.id
    assert told in str(failed.text)


def test_an_augmentation_may_work_in_place_and_the_data_stay_as_they_are(catalogue):
    class Darkens(Augmentation):
        """Work in place, as a batch is the plugin's own."""

        def __call__(self, images, generator):
            return images.zero_()

    trainer = Trainer(tiny_config(catalogue, ticked=[Darkens()]))
    before = trainer.learner.parts.training.inputs.clone()
    assert isinstance(run(trainer)[-1], Finished)
    assert torch.equal(trainer.learner.parts.training.inputs, before)


# --- on the command line --------------------------------------------------------------------------

LOUD = '''
import os, subprocess, sys
from engine.strategy import Augmentation, hookimpl

def shout(where):
    print("loud at", where)
    os.write(1, b"loud past Python\\n")
    subprocess.run([sys.executable, "-c", "print('loud from another program')"], check=True)

shout("import")

SHOUTED = []

class Loud(Augmentation):
    """Print to standard output."""

    def __call__(self, images, generator):
        if not SHOUTED:
            SHOUTED.append(True)
            shout("work")
        return images

@hookimpl
def register_strategies():
    shout("registration")
    return [Loud]
'''
UNLUCKY = '''
from engine.strategy import Regularizer, hookimpl

STEPS = []

class Unlucky(Regularizer):
    """Raise at a step."""

    def after_step(self, model):
        STEPS.append(True)
        if len(STEPS) == 8:
            raise RuntimeError("out of luck")

@hookimpl
def register_strategies():
    return [Unlucky]
'''
SMALL = ("--train-samples", "96", "--validation-samples", "64", "--batch-size", "32", "--epochs", "4", "--threads", "1",
         "--model", "mlp:hidden=16", "--device", "cpu")  # fmt: skip


@pytest.fixture
def plugin(workspace):
    def write(name, text):
        (workspace / "plugins").mkdir(parents=True, exist_ok=True)
        (workspace / "plugins" / f"{name}.py").write_text(text)

    return write


def test_what_a_plugin_prints_does_not_stand_between_a_script_and_the_json(plugin, workspace):
    plugin("loud", LOUD)
    program = process("train", *SMALL, "--epochs", "1", "--with", "loud", "--json")
    out, err = program.communicate(timeout=120)
    assert program.returncode == 0, err
    assert out.count("\n") == 1 and json.loads(out)["epochs"] == 1
    for words in ("loud at import", "loud at registration", "loud at work", "loud past", "loud from another"):
        assert words in err


def test_a_failed_plugin_is_disabled_by_the_command_that_its_line_names(plugin, capsys):
    plugin("unlucky", UNLUCKY)
    code, out, err = tunedeck(capsys, "train", *SMALL, "--with", "unlucky", "--with", "dropout:p=0.2", "--json")
    assert code == 1 and "unlucky failed in after_step at step 7: RuntimeError: out of luck" in err
    failed = json.loads(out)["run"]
    command = next(line for line in err.splitlines() if "go on without it" in line).partition("tunedeck fork ")[2]
    assert command == f"{failed} --without unlucky"
    code, out, err = tunedeck(capsys, "fork", *command.split(), "--json")
    assert code == 0, err
    went_on = json.loads(out)
    folder = Path(went_on["run"])
    config = read_yaml(folder / "config.yaml")
    assert [each["id"] for each in config["with"]] == ["dropout"]
    assert config["parent"] == {"run": Path(failed).name, "epoch": 2, "step": 6}
    meta = read_checkpoint(folder / "checkpoints" / "last.safetensors").meta
    assert meta["parent"] == config["parent"] and went_on["epochs"] == 4
    assert "unlucky" not in {plugin["id"] for plugin in meta["plugins"]}


def test_before_the_first_checkpoint_it_is_said_how_to_start_again(plugin, capsys):
    plugin("unlucky", UNLUCKY.replace("== 8", "== 2"))
    code, _, err = tunedeck(capsys, "train", *SMALL, "--with", "unlucky")
    assert code == 1 and "start again without it: the same command with --without unlucky" in err


def test_every_verb_names_a_plugin_that_fails(plugin, capsys):
    in_a_layer = UNLUCKY.replace("def after_step(self, model)", 'slot = "dropout"\n    def layer(self, place)')
    plugin("unlucky", in_a_layer.replace("== 8", ">= 1"))
    code, _, err = tunedeck(capsys, "summary", *SMALL, "--with", "unlucky")
    assert code == 1 and "unlucky failed in layer" in err


def test_beside_a_broken_file_the_rest_of_the_workspace_works(plugin, workspace):
    plugin("unlucky", UNLUCKY)
    plugin("syntax", "def broken(:\n")
    rows = {entry.id: entry for entry in discover(workspace / "plugins", entry_points=False).entries}
    assert "SyntaxError" in rows["syntax"].error and rows["unlucky"].strategy and rows["dropout"].strategy
