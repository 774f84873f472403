"""The script of a run: it runs, and gives the losses of that run."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest
import torch

from engine.catalogue import Catalogue
from engine.code import Code
from engine.config import RunConfig
from engine.script import script
from engine.strategy import Dataset, Model
from engine.strategy_text import parse_strategy
from engine.trainer import Trainer
from tests.engine.support import Blobs, run, tiny_config

LAST_DIGITS = 1e-6
"""How far a loss may lie from the run's own, as a share of it: the same sums, here and there in another order."""
ON_AVERAGE = 0.15
"""The same where images are augmented with other random numbers, over two epochs of five steps."""
NO_CODE = {"from-checkpoint"}
"""Techniques that give none: what they need is a file of Tunedeck's own."""
ACTING = {
    "multi-step": "multi-step:milestones=1+2", "step": "step:step_size=1", "cosine-warm-restarts:T_0": "1",
    "reduce-lr-on-plateau": "reduce-lr-on-plateau:patience=0,threshold=0.5",
    "early-stopping": "early-stopping:patience=1,min_delta=1", "target-reached": "target-reached:target=0.3",
    "cosine-warm-restarts": "cosine-warm-restarts:T_0=1,T_mult=2", "swa": "swa:start=0.3",
    "freeze-body": "freeze-body:unfreeze_after=1", "discriminative-lr": "discriminative-lr:parts=2,unfreeze_every=1",
    "max-norm": "max-norm:max_norm=0.5", "gradient-clipping": "gradient-clipping:max_norm=0.1",
    "timm": "timm:name=resnet10t", "l1": "l1:strength=0.001", "weight-decay": "weight-decay:decay=0.1",
    "sgd": "sgd:momentum=0.9,nesterov=true", "rmsprop": "rmsprop:momentum=0.5,centered=true",
    "adam": "adam:beta1=0.8,amsgrad=true", "cross-entropy": "cross-entropy:class_weights=balanced",
    "focal": "focal:class_weights=balanced",
}  # fmt: skip
"""With which settings a technique changes something in a short run."""
WITHIN = {
    "spatial-dropout": "cnn:channels=4+8,hidden=8", "stochastic-depth": "small-resnet:widths=4+8",
}  # fmt: skip
"""The models that have a place for a technique."""
LARGE = ("efficientnet-b0", "mobilenet-v3-small", "mobilenet-v3-large", "resnet18", "resnet50", "timm")


class Bundle(Blobs):
    """The same samples in a script."""

    id = "blobs-in-a-script"

    def code(self, config: RunConfig) -> Code:
        parts = {part: at for part, at in NAMES.items() if getattr(self, part)}
        lines = [f"parts = Bundle.model_validate({self.model_dump()!r}).load(None)", "classes = 4"]
        lines += [f"{at}inputs, {at}targets = parts.{part}.inputs, parts.{part}.targets" for part, at in parts.items()]
        return Code(
            imports=("from tests.engine.test_script import Bundle",), lines="\n".join(lines),
            has_validation="validation" in parts, has_test="test" in parts,
        )  # fmt: skip


NAMES = {"training": "", "validation": "val_", "test": "test_"}


def executed(text: str) -> dict[str, Any]:
    """What the names of a script stand for once it has run."""
    names: dict[str, Any] = {}
    threads = torch.get_num_threads()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, "script.py", "exec"), names)
    finally:
        torch.set_num_threads(threads)
    return names


def losses(config: RunConfig) -> list[tuple[float, ...]]:
    """Those of each epoch, for training and validation, and that of the test, as the engine has them."""
    trainer = Trainer(config)
    test = run(trainer)[-1].test_loss  # type: ignore[union-attr]
    rows = [(row.train_loss, row.val_loss) for row in trainer.history.epochs]
    return [tuple(value for value in row if value is not None) for row in (*rows, (test,))]  # type: ignore[misc]


def plain_losses(config: RunConfig, catalogue: Catalogue) -> list[tuple[float, ...]]:
    """The same as the script has them."""
    names = executed(script(config, catalogue).text)
    return [*names["history"], (names["test_loss"],) if "test_loss" in names else ()]


def assert_same(config: RunConfig, catalogue: Catalogue, tolerance: float = LAST_DIGITS) -> list[tuple[float, ...]]:
    config.check()
    engine, plain = losses(config), plain_losses(config, catalogue)
    assert len(engine) == len(plain)
    for ours, theirs in zip(engine, plain, strict=True):
        assert theirs == pytest.approx(ours, rel=tolerance), script(config, catalogue).text
    return engine


def with_technique(id: str, catalogue: Catalogue) -> RunConfig:
    """A short run with this technique, where it changes something."""
    strategy = parse_strategy(ACTING.get(id, id), catalogue)
    if isinstance(strategy, Dataset):
        return tiny_config(catalogue, dataset=strategy, loss="mse", epochs=1)
    if id in LARGE:
        small = Bundle(training=8, validation=4, test=4)
        return tiny_config(catalogue, dataset=small, epochs=1, batch_size=4, lr=1e-3).ticked(strategy)
    values = {"model": WITHIN[id]} if id in WITHIN else {}
    if isinstance(strategy, Model) and strategy.reconstructs:
        values = {"loss": "mse", "ticked": ["batch-norm", "dropout:p=0.2"]}
    return tiny_config(catalogue, dataset=Bundle(), epochs=3, **values).ticked(strategy)


def ids(catalogue: Catalogue) -> list[str]:
    return [entry.id for entry in catalogue.entries]


def pytest_generate_tests(metafunc: Any) -> None:
    from engine.catalogue import discover

    if "id" in metafunc.fixturenames:
        skipped = NO_CODE | {"image-folder", "cifar10", "mnist", "fashion-mnist", "fashion-mnist-sample"}
        metafunc.parametrize("id", [id for id in ids(discover()) if id not in skipped])


def test_every_technique_gives_the_losses_of_the_run(id, catalogue):
    config = with_technique(id, catalogue)
    told = script(config, catalogue)
    assert told.missing == () and "gives no code" not in told.text
    drawn_otherwise = bool(config.augmentations)
    assert_same(config, catalogue, ON_AVERAGE if drawn_otherwise else LAST_DIGITS)
    assert ("same on average" in told.text.replace("\n", " ")) == drawn_otherwise


def test_an_autoencoders_targets_are_its_images_as_they_were_before_augmentation(catalogue):
    values = {"model": "mlp-autoencoder", "loss": "mse", "validation_samples": "20", "train_samples": "80"}
    noise = ["gaussian-noise:sigma=0.5"]
    config = tiny_config(catalogue, dataset=Bundle(validation=0, test=0), epochs=4, ticked=noise, **values)
    assert_same(config, catalogue, ON_AVERAGE)
