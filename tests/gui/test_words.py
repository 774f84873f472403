"""That all words can be translated, and that the engine's messages reach the reader in theirs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gui
from engine import language
from engine.message import message
from gui.language import speaker
from gui.words import kind_title, say

FILES = sorted(Path(gui.__file__).parent.rglob("*.py"))


KOREAN = {"all {epochs} epochs done": "에포크 {epochs}회를 마쳤습니다", "Optimizer": "옵티마이저"}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_formatted_string_is_given_to_tr(path):
    """Such a string never matches its translation: what is to be translated is formatted afterwards."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("tr", "_tr", "translate"):
                assert not any(isinstance(part, ast.JoinedStr) for part in node.args), f"line {node.lineno}"


def test_messages_are_translated_by_their_words_and_fall_back_to_english(app, monkeypatch):
    text = message("all-epochs", "all {epochs} epochs done", epochs=40)
    assert say(text) == "All 40 epochs done"
    monkeypatch.setattr(language, "words_of", lambda name: KOREAN if name == "ko" else {})
    speaker().use("ko")
    assert say(text) == "에포크 40회를 마쳤습니다"
    assert kind_title("optimizer") == "옵티마이저"
    speaker().use("en")
    assert kind_title("optimizer") == "Optimizer"


@pytest.mark.parametrize(
    ("template", "values", "said"),
    [
        ("{id} and {other} each keep an average", {"id": "swa", "other": "ema"}, "swa and ema each keep an average"),
        ("{id} is listed twice", {"id": "batch-norm"}, "batch-norm is listed twice"),
        ("{what} failed at step 3", {"what": "the run"}, "The run failed at step 3"),
        ("the model {model} has no place", {"model": "linear"}, "The model linear has no place"),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_it_begins_with_an_id(template, values, said):
    assert say(message("some-code", template, **values)) == said
