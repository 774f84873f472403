"""A run as a script of plain PyTorch, which gives the losses of that run.

The script draws what the engine draws: initial weights, the order of the samples, dropout and mixtures come from the
same seeds. So on a processor its losses are the run's own, up to the last digits; where a technique does otherwise, as
augmentations do, which torchvision draws image by image, a note at the head says so.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from engine.catalogue import Catalogue
from engine.code import Code
from engine.command_line import command
from engine.config import RunConfig
from engine.files import write_text
from engine.message import InputError, Message, message
from engine.randomness import undisturbed_generators
from engine.scripts.facts import Facts
from engine.scripts.setup import data, definitions, network
from engine.scripts.training import loop, optimizer, test
from engine.strategy import Strategy

CONSTANTS = ("SEED", "SPLIT_SEED", "EPOCHS", "BATCH_SIZE", "LR")
"""Settings of a run that stand at the top, where they are used."""


COMMAND = "script-command"
"""The code of the sentence that holds a command: it stands in one line, to be copied as it is."""
WIDTH = 110
"""Characters of a line of the head."""

Paragraph = tuple[Message, ...]
"""Its sentences."""


@dataclass(frozen=True)
class Script:
    """The script of a run."""

    head: tuple[Paragraph, ...]
    """What it is, told above it."""
    body: str
    missing: tuple[str, ...]
    """The ids of the techniques that give no code. Where there are any, the script is not whole."""

    @property
    def text(self) -> str:
        """The whole of it, in English."""
        return docstring(self.head, str) + self.body


def script(config: RunConfig, catalogue: Catalogue, data_folder: Path | str = "data") -> Script:
    """The script of these settings, which keeps downloads in this folder."""
    with undisturbed_generators():  # a stranger's layer may draw numbers where it is made
        codes = {strategy.id: _told(strategy, config) for strategy in config.strategies}
    facts = Facts(config, codes)
    main = [
        "# Data", *data(facts), "", *network(facts), "", *optimizer(facts), "", *loop(facts), "", *test(facts),
    ]  # fmt: skip
    body = "\n\n\n".join([*definitions(facts), "\n".join(main)])
    missing = tuple(id for id, code in codes.items() if code is None)
    above = [*_imports(facts, body), "", *_constants(facts, body, data_folder)]
    text = re.sub(r"\n{4,}", "\n\n\n", "\n".join([*above, "", "", body]))
    return Script(tuple(_head(facts, command(config, catalogue), missing)), f"{text}\n", missing)


def write_script(path: Path, text: str) -> None:
    """Write a script, whole or not at all. Raises `InputError` where that can't be."""
    try:
        write_text(path, text)
    except (OSError, ValueError) as error:  # a name with a zero in it is a ValueError
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            "script-not-written", "the code can't be written to {path}: {reason}", path=path, reason=reason
        ) from None


def _told(strategy: Strategy, config: RunConfig) -> Code | None:
    """What a technique says of itself; None where it says nothing, or nothing that is Python."""
    try:
        code = strategy.code(config)
        if not isinstance(code, Code):
            return None
        for text in (code.define, code.lines, code.value, code.groups, code.epoch, code.batch, code.after_step):
            ast.parse(text)
    except Exception:  # noqa: BLE001 a stranger's plugin may raise anything
        return None
    return code


def docstring(paragraphs: Sequence[Paragraph], said: Callable[[Message], str]) -> str:
    """The head of a script, its sentences as they are said, and an empty line after it."""
    lines: list[str] = []
    for each in paragraphs:
        text = " ".join(map(said, each))
        lines += ["", *([text] if each[0].code == COMMAND else _wrapped(text))]
    text = "\n".join(lines[1:]).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{text}\n"""\n\n'


def sentences(text: str) -> Paragraph:
    """What a technique says of itself, sentence by sentence."""
    return tuple(message("script", sentence) for sentence in re.split(r"(?<=\.) ", text))


def _head(facts: Facts, command: str, missing: Sequence[str]) -> Iterator[Paragraph]:
    torch, torchvision = (f"{name} {version(name).partition('+')[0]}" for name in ("torch", "torchvision"))
    model, dataset = facts.config.model.id, facts.config.dataset.id
    yield (message("script", "{model} on {dataset}, as Tunedeck trains it.", model=model, dataset=dataset),)
    yield (message(COMMAND, "The same as a command: {command}", command=_plain(command)),)
    written = "Written for {torch} and {torchvision}: python FILE runs it."
    yield (message("script", written, torch=torch, torchvision=torchvision),)
    for code in facts.codes.values():
        if code and code.note:
            yield sentences(code.note)
    if any(facts.codes[each.id] for each in facts.config.augmentations):
        yield (message(
            "script", "Images are augmented one by one, with other random numbers than Tunedeck's: the losses are the "
            "same on average.",
        ),)  # fmt: skip
    if missing:
        lacking = "NOT WHOLE: these plugins give no code, and their lines are missing: {ids}."
        yield (message("script", lacking, ids=", ".join(missing)),)


def _imports(facts: Facts, body: str) -> list[str]:
    given = {line for code in facts.codes.values() if code for line in code.imports if _is_used(line, body)}
    own = {"import copy", "from hashlib import blake2b"} | {line for line in given if not _is_torchs(line)}
    torchs = {"import torch", "from torch import nn"} | {line for line in given if _is_torchs(line)}
    return [*sorted(own, key=_by_module), "", *sorted(torchs, key=_by_module)]


def _constants(facts: Facts, body: str, folder: Path | str) -> list[str]:
    config = facts.config
    figures = {
        "SEED": "seed",
        "SPLIT_SEED": "split_seed",
        "EPOCHS": "epochs",
        "BATCH_SIZE": "batch_size",
        "LR": "lr",
    }
    used = {name: str(getattr(config, field)) for name, field in figures.items() if re.search(rf"\b{name}\b", body)}
    lines = [f"{', '.join(used)} = {', '.join(used.values())}"]
    if re.search(r"\bDATA\b", body):
        lines.append(f"DATA = {str(folder)!r}")
    device = 'torch.device("cuda" if torch.cuda.is_available() else "cpu")'
    lines.append(f"device = {device if config.device == 'auto' else f'torch.device({config.device!r})'}")
    if config.threads != "auto":
        lines.append(f"torch.set_num_threads({config.threads})")
    return lines


def _is_torchs(line: str) -> bool:
    return re.match(r"(import|from) torch", line) is not None


def _is_used(line: str, body: str) -> bool:
    """Whether any of the names that an import brings stands in a text."""
    names = line.rpartition("import ")[2].split(",")
    return any(re.search(rf"\b{re.escape(name.split()[-1])}\b", body) for name in names)


def _by_module(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line.split()[1]


def _plain(text: str) -> str:
    """With what is not printed written as an escape: a line break in a name ends no line here."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
