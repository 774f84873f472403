"""A script in Korean does the same, and says nothing in English."""

from __future__ import annotations

import ast
import io
import tokenize

import pytest

from engine import language
from engine.config import recipe
from engine.scripts.script import script
from engine.scripts.words import in_language
from engine.strategy_text import parse_strategy
from tests.korean import english_in, typed_words


def without_docstrings(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return ast.dump(tree)


@pytest.mark.parametrize(
    ("name", "ticked"),
    [("fashion-mnist", ()), ("own-pictures", ()), ("noisy-line", ("mixup",)),
     ("first-lesson", ("discriminative-lr", "gradient-accumulation", "early-stopping", "balanced-sampling"))],
)  # fmt: skip
def test_a_script_in_korean_does_the_same_and_says_nothing_in_english(name, ticked, catalogue):
    config = recipe(name, catalogue)
    for id in ticked:
        config = config.ticked(parse_strategy(id, catalogue))
    made = script(config, catalogue)
    text = made.text
    assert in_language(made) == text
    language.use("ko")
    korean = in_language(made)
    assert without_docstrings(korean) == without_docstrings(text) and korean != text
    assert language.UNSEEN not in korean
    known = typed_words() | {"count"}
    for token in tokenize.generate_tokens(io.StringIO(korean).readline):
        if token.type == tokenize.COMMENT or token.string.startswith('"""'):
            assert not english_in(token.string.strip('"'), known), token.string
