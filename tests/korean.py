"""What of a text a Korean reader would meet as English: words that are neither translated nor the same everywhere."""

from __future__ import annotations

import argparse
import functools
import re

from torch import nn

from engine.catalogue import discover
from engine.cli import build_parser
from engine.config import MONITORS, recipe_names, run_parameters
from engine.machine.look import gather
from engine.strategy import KINDS
from engine.terminal.verbs import VERBS

AS_WRITTEN = (
    r"[가-힣]\([A-Za-z][\w+-]*( [\w+-]+){0,2}\)",  # the field's word behind the Korean one: 배치 정규화(batch norm)
    r'"[^"]*"', r"\b[A-Z][\w-]*(?=[^()]*\b[12]\d{3}\b[^()]*\))",  # a paper, and who wrote it (Kingma, Ba 2014)
    r"\btunedeck [a-z-]+", r"[\w-]+…",  # a verb, and a name that is cut short
    r"`[^`]*`",  # what is typed: a command, a piece of code
    r"https?://\S+", r"arXiv:[\d.]+", r"doi:\S+",
    r"(?<![\w-])--?[a-z][\w-]*(=\S+)?",  # flags
    r"[~$]?[\w.*{}-]*[/\\][\w./\\*{}<>-]*",  # paths
    r"[\w-]*\.(?:csv|yaml|json|onnx|safetensors|png|txt|py|pth|bin|tar\.gz)\b",  # files, and kinds of them
    r"\b[A-Z][A-Z0-9_+]*\b",  # abbreviations, and what stands for a value
    r"\b[a-z0-9]+(?:-[a-z0-9]+)+\b",  # ids
    r"\b[a-z]\w*(?:\.\w+)+",  # names within names: dropout.p, body.pool
    r"\b\w*[_\d]\w*\b",  # names in code and with figures: val_loss, beta1, float32, Conv2d
    r"'[^']*'",  # what was given, as it was given
)  # fmt: skip
"""What is written in the same way in every language."""
NAMES = """
tunedeck torch pytorch torchvision torchrun timm onnx onnxruntime optuna imagenet mnist fashion resnet efficientnet
mobilenet adam nesterov relu gelu kaiming xavier softmax sigmoid tanh exp tpe optim reducelronplateau trivialaugment
glorot bergstra lightning alexnet body head weight bias beta ln
nvidia apple cudnn nvcc debian linux gnu bookworm windows macos python cuda english arxiv
jpeg png webp tiff gif bmp rgb yaml json csv ms kb mb gb gib mib max px gpu cpu id
"""
"""Names of programs, makers and methods, and units."""


@functools.cache
def known_words() -> frozenset[str]:
    """Words that a Korean reader meets as they are: ids, parameters and their choices, layers, names."""
    words = set(NAMES.split()) | set(MONITORS) | {"true", "false", "none", "auto", "all", "mps"}
    words |= {name.lower() for name in dir(nn) if name[0].isupper()}
    # What this machine calls itself: a processor's maker and name, a system, a GPU.
    words |= {word.lower() for name in _names_here() for word in re.findall("[A-Za-z]+", name)}
    for entry in discover(entry_points=False).entries:
        words |= {entry.id, *(str(choice) for parameter in entry.parameters for choice in parameter.choices)}
        words |= {parameter.name.lower() for parameter in entry.parameters}
    return frozenset(words)


def _names_here() -> list[str]:
    here = gather()
    return [here.processor, here.system_name, *(gpu.name for gpu in here.gpus)]


def typed_words() -> frozenset[str]:
    """Words that are typed in a terminal, and told there as they were: verbs, settings, and what these may be."""
    words = set(VERBS) | set(KINDS) | {parameter.name for parameter in run_parameters()} | set(recipe_names())
    actions = [action for parser in _parsers() for action in parser._actions]
    for action in actions:
        words |= {str(choice) for choice in action.choices or ()}
    return frozenset(words)


def _parsers() -> list[argparse.ArgumentParser]:
    parser = build_parser()
    [verbs] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [parser, *verbs.choices.values()]


def english_in(text: str, names: frozenset[str] = frozenset()) -> list[str]:
    """The words of a text that are English and no names; `names` are more that are known."""
    for name in sorted((name for name in names if not (name.isalpha() and name.isascii())), key=len, reverse=True):
        text = text.replace(name, " ")
    for pattern in AS_WRITTEN:
        text = re.sub(pattern, " ", text, flags=re.ASCII)
    known = known_words() | names
    return [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in known and word.lower() not in known]
