"""What the documentation tells people to type works as printed."""

from __future__ import annotations

import ast
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from engine.cli import build_parser, main
from engine.terminal.verbs import VERBS
from gui.actions import ACTIONS

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
TICKED = {
    "SaltAndPepper": "salt-and-pepper:share=0.1", "Perspective": "perspective:distortion_scale=0.5",
    "SignNoise": "sign-noise:share=0.05",
}  # fmt: skip


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


PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.glob("**/*.md")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    missing = [link for link in targets if not ((ROOT / page).parent / link).exists()]
    assert not missing


USER_GUIDE = (ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")
PRINTED = README + USER_GUIDE
COMMANDS = sorted({line for block in blocks(PRINTED) for line in block.splitlines() if line.startswith("tunedeck ")})
NAMED = sorted({re.sub(r"[\[\]]", "", each) for each in re.findall(r"`(tunedeck [^`]+)`", PRINTED)})


@pytest.mark.parametrize("line", [*COMMANDS, *NAMED])
def test_every_command_that_is_printed_is_one(line, catalogue):
    words = [word if word != "N" else "10" for word in shlex.split(line)[1:]]
    words = words[:-1] if words[-1] == "--help" else words
    given, unknown = build_parser().parse_known_args(words)  # ends the process where a verb is none
    assert set(unknown) <= set(catalogue.flags())
    for _, named in getattr(given, "changes", []):
        if named != "ID":
            catalogue.entry(named.partition(":")[0])


def test_there_are_commands_to_be_checked():
    assert len(COMMANDS) >= 12 and len(NAMED) >= 8


def test_every_flag_that_the_user_guide_names_is_one_of_some_verb():
    parser = build_parser()
    verbs = next(action.choices for action in parser._actions if action.dest == "verb")
    known = {
        option for each in (parser, *verbs.values()) for action in each._actions for option in action.option_strings
    }
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", re.sub(r"^```.*?^```$", "", USER_GUIDE, flags=re.M | re.S)))
    assert len(named) >= 8 and named <= known


def test_every_technique_that_the_user_guide_advises_is_one(catalogue):
    table = USER_GUIDE.split("## Which technique?")[1]
    named = re.findall(r"`([a-z][a-z0-9-]+)`", table)
    assert len(named) >= 20
    for id in named:
        catalogue.entry(id)


def keys_in_the_user_guide() -> dict[str, str]:
    """Each key of the table of the window's keys, by the words beside it."""
    table = USER_GUIDE.split("## The window")[1].split("## ")[0]
    rows = re.findall(r"^\| (.+) \| (.+) \|$", table, re.MULTILINE)
    return dict(rows)


def test_the_table_of_keys_has_the_keys_of_all_actions_and_no_others():
    told = {key for keys in keys_in_the_user_guide().values() for key in re.split(r"[;,] | … ", keys)}
    present = {shortcut for _, shortcut, _ in ACTIONS.values() if shortcut}
    between = {f"Ctrl+{number}" for number in range(2, 7)}  # told as Ctrl+1 … Ctrl+7
    assert told == present - between


@pytest.mark.parametrize("action", ["stop_after_epoch", "more", "fork", "filter", "search", "overlays", "reset_view"])
def test_the_table_of_keys_says_what_each_does(action):
    text, shortcut, _ = ACTIONS[action]
    beside = next(
        dict(zip(re.split("[;,] ", keys), re.split("[;,] ", words), strict=True))[shortcut]
        for words, keys in keys_in_the_user_guide().items()
        if shortcut in re.split("[;,] ", keys)
    )
    assert beside.split()[0].casefold() in text.casefold()


PICTURES = ROOT / "docs" / "images"


def test_every_picture_is_shown_or_made_for_the_other_palette_and_scale():
    shown = set(re.findall(r"\]\(images/([^)]+)\)", USER_GUIDE))
    shown |= {Path(each).name for each in re.findall(r"\]\((docs/images/[^)]+)\)", README)}
    assert len(shown) >= 12
    assert shown <= {path.name for path in PICTURES.iterdir()}
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) <= 5_800_000


def test_each_tab_has_a_picture_in_each_palette_empty_and_full_and_at_double_scale():
    tabs = [name.removeprefix("tab_") for name in ACTIONS if name.startswith("tab_")]
    wanted = {
        f"{tab}{kind}-{theme}{scale}.png"
        for tab in tabs
        for theme in ("light", "dark")
        for kind, scale in (("", ""), ("-empty", ""), ("", "-2x"))
    }
    assert len(wanted) == 42 and wanted <= {path.name for path in PICTURES.iterdir()}


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["engine", "gui"])
def test_every_room_of_the_house_is_on_the_page_and_no_other(folder):
    after = ARCHITECTURE.split(f"| rooms of `{folder}/` | job |")[1].split("\n\n")[0]
    rooms = (row.split(" | ")[0] for row in after.splitlines())
    told = {name for room in rooms for name in re.findall(r"`([a-z_]+(?:\.py|/))`", room)}
    there = {path.name for path in (ROOT / folder).glob("*.py") if not path.name.startswith("__")}
    there |= {f"{path.parent.name}/" for path in (ROOT / folder).glob("*/__init__.py")}
    assert told == there


PACKAGES = sorted(path.parent for path in (ROOT / "engine").glob("*/__init__.py"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_package_of_the_engine_names_its_files(package):
    there = {path.stem for path in package.glob("*.py")} - {"__init__"}
    told = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
    if package.name == "commands":  # each is named after its verb
        assert there <= {verb.work.rpartition(":")[0].rpartition(".")[2] for verb in VERBS.values()}
    else:
        assert there == {line.split("  ")[0] for line in told.splitlines()[1:] if "  " in line}
