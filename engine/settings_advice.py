"""What is to be told of settings before a run: what can't go together, and what each technique says itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.guard import WrongResult, technique_of, words_of
from engine.message import InputError, message
from engine.strategy import Advice, DataSpec, FineTuning, Regularizer, Scheduler, Strategy, overrides

if TYPE_CHECKING:
    from engine.config import RunConfig


def advice_on(config: RunConfig, data: DataSpec | None = None) -> list[tuple[str, Advice]]:
    """What to tell about these settings, and of the data once they are there, each with the id of its strategy."""
    found = _on_task(config, data.task if data else config.task)
    if data is not None:
        found += _on_data(config, data)
    taken: dict[str, str] = {}
    for strategy in config.with_:
        slot = strategy.slot if isinstance(strategy, Regularizer) else None
        if slot is not None and slot in config.model.owned:
            found.append((strategy.id, _error(
                "already-present", "the model {model} brings its own {slot} layers, already present: untick {id}",
                model=config.model.id, id=strategy.id, slot=slot,
            )))  # fmt: skip
        elif slot is not None and slot not in config.model.slots:
            found.append((strategy.id, _error(
                "no-slot", "the model {model} has no place for {id} (it lacks the slot {slot}): untick it or "
                "choose another model", model=config.model.id, id=strategy.id, slot=slot,
            )))  # fmt: skip
        for claim, code, template in _claims(strategy):
            if claim in taken:
                found.append((strategy.id, _error(code, template, id=strategy.id, other=taken[claim])))
                break
            taken[claim] = strategy.id
    for strategy in config.strategies:
        try:
            found.extend((strategy.id, advice) for advice in strategy.advice(config, data))
        except Exception as error:  # noqa: BLE001 a plugin may raise anything, and the form must go on
            text = str(error) if isinstance(error, WrongResult) else words_of(error)
            id = technique_of(error) or strategy.id  # it may have asked another one
            found.append((strategy.id, _error("advice-failed", "{id} failed: {error}", id=id, error=text)))
    return found


def _on_task(config: RunConfig, task: str) -> list[tuple[str, Advice]]:
    found: list[tuple[str, Advice]] = []
    if task == "reconstruction":
        found += _on_reconstruction(config)
    elif task not in config.loss.tasks:
        found.append((config.loss.id, _error(
            "wrong-task", "the loss {loss} is not meant for a {task}: choose another",
            loss=config.loss.id, task=task,
        )))  # fmt: skip
    if task != "classification" and config.monitor.endswith("accuracy"):
        text = message("no-accuracy", "a {task} has no accuracy: monitor a loss", task=task, monitor=config.monitor)
        found.append((config.loss.id, Advice("error", text)))
    return found


def _on_reconstruction(config: RunConfig) -> list[tuple[str, Advice]]:
    """Of what is made for labels, and of what a network can't learn to undo."""
    found: list[tuple[str, Advice]] = []
    if config.task not in config.loss.tasks:
        found.append((config.loss.id, _error(
            "loss-of-classes", "the loss {loss} compares with classes, and the model {model} is to give back its "
            "input: choose a loss that compares values, such as the mean squared error",
            loss=config.loss.id, model=config.model.id,
        )))  # fmt: skip
    found += [(regularizer.id, _error(
        "mixes-targets", "{id} blends samples with their labels, and the model {model} uses none: untick it",
        id=regularizer.id, model=config.model.id,
    )) for regularizer in config.giving("mix")]  # fmt: skip
    found += [(regularizer.id, _error(
        "orders-by-labels", "{id} goes by labels, and the model {model} uses none: untick it",
        id=regularizer.id, model=config.model.id,
    )) for regularizer in config.giving("order")]  # fmt: skip
    found += [(augmentation.id, Advice("warning", message(
        "cannot-be-undone", "the model {model} is to give back the image as it was before {id}, which can't be "
        "undone: untick it, or take one that only spoils the image, such as noise",
        model=config.model.id, id=augmentation.id,
    ))) for augmentation in config.augmentations if not augmentation.corrupts]  # fmt: skip
    return found


def _on_data(config: RunConfig, data: DataSpec) -> list[tuple[str, Advice]]:
    found: list[tuple[str, Advice]] = []
    if len(data.input_shape) != 3:
        found.extend((strategy.id, _error(
            "not-images", "{id} changes images, and the data set {dataset} has none: untick it",
            id=strategy.id, dataset=config.dataset.id,
        )) for strategy in config.augmentations)  # fmt: skip
    return found


def refuse(advice: Iterable[tuple[str, Advice]]) -> None:
    """Raise `InputError` for the first error among pieces of advice, each with the id of its strategy."""
    for id, each in advice:
        if each.level == "error":
            named = "{id}" in each.text.template
            template = each.text.template if named else "{strategy}: " + each.text.template
            raise InputError(each.text.code, template, **({} if named else {"strategy": id}), **each.text.values)


def _claims(strategy: Strategy) -> Iterable[tuple[str, str, str]]:
    """What only one ticked strategy of a run may have, each with the code and the words where two want it."""
    yield f"id {strategy.id}", "twice", "{id} is listed twice"
    if isinstance(strategy, Regularizer):
        if strategy.slot is not None:
            yield f"slot {strategy.slot}", "slot-taken", "{id} and {other} want the same place: untick one"
        if overrides(strategy, "average_share"):
            yield (
                "average",
                "two-averages",
                "{id} and {other} each keep an average of the weights, and a run has one: untick one",
            )
        if overrides(strategy, "order"):
            yield "order", "two-orders", "{id} and {other} each lay down the order of the samples: untick one"
    if isinstance(strategy, FineTuning):
        yield (
            "fine-tuning",
            "two-fine-tunings",
            "{id} and {other} each lay down what of the network is trained: untick one",
        )
    if isinstance(strategy, Scheduler) and strategy.shape:
        yield (
            "shape",
            "two-schedules",
            "{id} and {other} each lay down the whole course of the learning rate: untick one",
        )


def _error(code: str, template: str, **values: Any) -> Advice:
    return Advice("error", message(code, template, **values))
