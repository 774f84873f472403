"""The engine's codes, ids and names, in the reader's words.

Translations are found by the English words (`engine.language`); where there is none, the English stands.
"""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

from engine.catalogue import first_sentence, source_of
from engine.language import ENGLISH, filled, flowed, language, look_up, say_phrase, spoken, template_of, tr
from engine.message import InputError, Message
from engine.parameter import Parameter
from engine.strategy import Strategy
from engine.strategy_text import id_in_words, recipe_in_words

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What an id looks like: one word, in kebab-case."""
NEVER = "\N{EM DASH}"
"""Stands where a figure does not apply."""

KIND_TITLES = {
    "dataset": "Data set",
    "scaling": "Scaling",
    "augmentation": "Augmentation",
    "model": "Model",
    "activation": "Activation",
    "initializer": "Initial weights",
    "loss": "Loss function",
    "optimizer": "Optimizer",
    "regularizer": "Regularization",
    "fine-tuning": "Fine-tuning",
    "scheduler": "Learning rate schedule",
    "stopping": "Stopping",
}
RUN_TITLES = {
    "seed": "Seed",
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "lr": "Learning rate",
    "train_samples": "Training samples",
    "validation_samples": "Validation samples",
    "split_seed": "Split seed",
    "monitor": "Best by",
    "precision": "Precision",
    "compile": "Compile",
    "device": "Device",
    "threads": "Threads",
    "keep_every": "Keep every",
    "look_inside": "Look inside every",
    "name": "Name of the run",
}


@spoken
def say(message: Message) -> str:
    """A message of the engine, as a sentence; one that begins with the id of a technique begins as that is written."""
    template = template_of(message)
    first = re.match(r"\{(\w+)\}", template)
    begins_with_id = first is not None and ID.fullmatch(str(message.values.get(first[1], "")))
    text = filled(message, template)
    return text if begins_with_id else sentence(text)


def say_error(error: InputError) -> str:
    """What is wrong and how to mend it, as a sentence."""
    return say(error.message)


@spoken
def say_invalid(error: InputError) -> str:
    """What is wrong with a value, for the place beside its field, where name and value are seen already."""
    if error.message.code != "invalid-value":
        return say_error(error)
    return sentence(say_phrase(error.message.values.get("text", "")))


def sentence(text: str) -> str:
    """With a capital first letter, unless the text begins with a name such as `val_loss` or a path."""
    first = text.split(" ", 1)[0]
    if language() != ENGLISH:  # a Latin word there is a name
        return text
    return text if re.search(r"[_\-\d.:/\\=]", first) else text[:1].upper() + text[1:]


def kind_title(kind: str) -> str:
    """What a kind of technique is called."""
    return QCoreApplication.translate("Kind", KIND_TITLES.get(kind, kind.capitalize()))


def run_title(name: str) -> str:
    """What a field of the run is called."""
    return QCoreApplication.translate("Settings", RUN_TITLES.get(name, name))


def recipe_title(name: str) -> str:
    """What a recipe is called."""
    return tr(recipe_in_words(name), "recipe")


def title(strategy: type[Strategy]) -> str:
    """What a technique is called: its id in words, with the capitals of its class (`Reduce LR on plateau`)."""
    return tr(id_in_words(strategy.id, strategy.__name__), "title", strategy.id)


@spoken
def summary(strategy: type[Strategy]) -> str:
    """The first sentence of a technique's explanation."""
    return first_sentence(explanation(strategy))


@spoken
def explanation(strategy: type[Strategy]) -> str:
    """A technique's explanation, paragraphs divided by an empty line."""
    return look_up(flowed(strategy.__doc__ or ""), (strategy.id,))


@spoken
def source(strategy: type[Strategy]) -> str:
    """Where a technique comes from in the literature."""
    return look_up(source_of(strategy))


@spoken
def parameter_help(owner: str, parameter: Parameter) -> str:
    """What a parameter of a strategy (or of `run`) means."""
    return look_up(flowed(parameter.help), (f"{owner}.{parameter.name}",))
