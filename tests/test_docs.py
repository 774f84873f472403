"""What the documentation tells people to type works as printed."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from engine.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHORT = ["--epochs", "1", "--train-samples", "200", "--validation-samples", "100", "--threads", "1"]


def blocks(text: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


TRAINING = [line for block in blocks(README) for line in block.splitlines() if line.startswith("tunedeck train")]


def test_the_readme_opens_with_a_picture_and_the_two_commands():
    picture = re.search(r"^!\[.*\]\((.*)\)$", README, re.MULTILINE)
    assert picture is not None and (ROOT / picture[1]).is_file()
    assert [block.strip() for block in blocks(README)[:2]] == [
        "pip install -e . && tunedeck",
        'pip install -e ".[test]" && pytest',
    ]


@pytest.mark.parametrize("line", TRAINING)
def test_the_readmes_training_commands_train(line, catalogue, tmp_path, monkeypatch, capsys):
    # The bundled sample has the same files as the whole data set, which is not on every machine.
    monkeypatch.setattr(sys.modules["plugins.dataset.fashion_mnist"], "SYSTEM_FOLDER", ROOT / "resources" / "sample")
    words = [*shlex.split(line)[1:], "--workspace", str(tmp_path), *SHORT, "--json"]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out)
    assert Path(result["checkpoint"]).is_file() and result["epochs"] == 1


def test_the_readme_trains_by_at_least_three_commands():
    assert len(TRAINING) >= 3


GUIDE = blocks((ROOT / "docs" / "plugin-guide.md").read_text(encoding="utf-8"), "python")
TICKED = {"SaltAndPepper": "salt-and-pepper:share=0.1", "Perspective": "perspective:distortion_scale=0.5"}


@pytest.mark.parametrize("name", TICKED)
def test_each_example_of_the_plugin_guide_is_a_whole_plugin(name, tmp_path, capsys):
    [example] = [block for block in GUIDE if f"class {name}(" in block]
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "example.py").write_text(example, encoding="utf-8")
    words = ["train", "--workspace", str(tmp_path), *SHORT, "--with", TICKED[name], "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["epochs"] == 1


def test_the_plugin_guide_has_no_example_that_is_not_tried():
    assert len(GUIDE) == len(TICKED)


@pytest.mark.parametrize(
    "page",
    sorted(
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("**/*.md")
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    ),
)
def test_links_between_pages_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    missing = [link for link in targets if not ((ROOT / page).parent / link).exists()]
    assert not missing
