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
from engine.config import recipe_names
from engine.language import words_of
from engine.terminal.verbs import VERBS
from gui.actions import ACTIONS
from tests.pages import ROOT, Page, Section, window_words, without_comments

README = Page("README.md")
GUIDES = {"en": Page("docs/user-guide.md"), "ko": Page("docs/user-guide.ko.md")}
TWINS = [("docs/user-guide.md", "docs/user-guide.ko.md"), ("docs/lessons.md", "docs/lessons.ko.md")]
"""Pages that say the same, in English and in Korean."""
SHORT = ["--epochs", "1", "--train-samples", "200", "--validation-samples", "100", "--threads", "1"]


TRAINING = [line for line in README.commands if line.startswith("tunedeck train")]


def test_the_readme_opens_with_a_picture_and_the_two_commands():
    picture = next(section.pictures[0] for section in README.sections if section.pictures)
    assert README.under("Tunedeck").pictures == [picture] and (ROOT / picture).is_file()
    assert [block.strip() for _, block in README.blocks[:2]] == [
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


GUIDE = [text for language, text in Page("docs/plugin-guide.md").blocks if language == "python"]
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


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name):
    page = Page(name)
    missing = []
    for link in (link for section in page.sections for link in section.links if "://" not in link):
        place, _, anchor = link.partition("#")
        target = page.path.parent / place if place else page.path
        known = not anchor or (target.suffix == ".md" and anchor in Page(str(target.relative_to(ROOT))).anchors)
        if not target.exists() or not known:
            missing.append(link)
    assert not missing


PRINTED = [README, *GUIDES.values()]
COMMANDS = sorted({line for page in PRINTED for line in page.commands})
CODE = {code for page in PRINTED for section in page.sections for code in section.code}
NAMED = sorted({re.sub(r"[\[\]]", "", code) for code in CODE if code.startswith("tunedeck ")})


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


@pytest.mark.parametrize("language", GUIDES)
def test_every_flag_that_the_user_guide_names_is_one_of_some_verb(language):
    parser = build_parser()
    verbs = next(action.choices for action in parser._actions if action.dest == "verb")
    known = {
        option for each in (parser, *verbs.values()) for action in each._actions for option in action.option_strings
    }
    prose = re.sub(r"^```.*?^```$", "", GUIDES[language].text, flags=re.M | re.S)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", prose))
    assert len(named) >= 8 and named <= known


@pytest.mark.parametrize("language", GUIDES)
def test_every_technique_that_the_user_guide_advises_is_one(language, catalogue):
    advice = GUIDES[language].sections[-1].code
    named = [code for code in advice if re.fullmatch("[a-z][a-z0-9-]+", code)]
    assert len(named) >= 20
    for id in named:
        catalogue.entry(id)


def keys_in_the_user_guide(language: str) -> dict[str, str]:
    """Each key of the table of the window's keys, by the words beside it."""
    index = [section.heading for section in GUIDES["en"].sections].index("The window")
    return dict(GUIDES[language].sections[index].rows[1:])  # the first row is the empty head


@pytest.mark.parametrize("language", GUIDES)
def test_the_table_of_keys_has_the_keys_of_all_actions_and_no_others(language):
    told = {key for keys in keys_in_the_user_guide(language).values() for key in re.split(r"[;,] | … ", keys)}
    present = {shortcut for _, shortcut, _ in ACTIONS.values() if shortcut}
    between = {f"Ctrl+{number}" for number in range(2, 7)}  # told as Ctrl+1 … Ctrl+7
    assert told == present - between


@pytest.mark.parametrize("language", GUIDES)
@pytest.mark.parametrize("action", ["stop_after_epoch", "more", "fork", "filter", "search", "overlays", "reset_view"])
def test_the_table_of_keys_says_what_each_does(action, language):
    text, shortcut, _ = ACTIONS[action]
    beside = next(
        dict(zip(re.split("[;,] ", keys), re.split("[;,] ", words), strict=True))[shortcut]
        for words, keys in keys_in_the_user_guide(language).items()
        if shortcut in re.split("[;,] ", keys)
    )
    if language == "en":
        assert beside.split()[0].casefold() in text.casefold()
    else:
        assert beside == words_of("ko")[text]


# --- a page and the same in Korean --------------------------------------------------------------------------------

ABOUT_TWINS = pytest.mark.parametrize(("english", "korean"), TWINS, ids=[name for name, _ in TWINS])


def sections(english: str, korean: str) -> list[tuple[Section, Section]]:
    """The sections of both pages, side by side."""
    return list(zip(Page(english).sections, Page(korean).sections, strict=True))


@ABOUT_TWINS
def test_both_have_the_same_headings_in_the_same_order(english, korean):
    levels = [[section.level for section in Page(name).sections] for name in (english, korean)]
    assert levels[0] == levels[1]
    assert all(re.search("[가-힣]", section.heading) for section in Page(korean).sections if section.level)


@ABOUT_TWINS
def test_both_have_the_same_blocks_of_code_but_for_comments(english, korean):
    for one, other in sections(english, korean):
        assert [language for language, _ in one.blocks] == [language for language, _ in other.blocks], one.heading
        for (language, block), (_, same) in zip(one.blocks, other.blocks, strict=True):
            if language == "text":  # what a program says, in another language
                assert sorted(re.findall(r"\d+", block)) == sorted(re.findall(r"\d+", same))
            else:
                assert without_comments(block) == without_comments(same)


@ABOUT_TWINS
def test_both_name_the_same_code_and_figures_in_each_section(english, korean, catalogue):
    """Flags, keys of JSON, files, ids; Korean may add the id to a name of the window, and digits."""
    ids = {*(entry.id for entry in catalogue.entries), *recipe_names()}
    for one, other in sections(english, korean):
        named = {*one.code, *(words for words in one.slanted if words in ids)}
        assert named <= {*other.code}, one.heading
        assert {*other.code} <= {*named, *ids, *one.slanted}, one.heading
        assert one.figures <= other.figures, one.heading


@ABOUT_TWINS
def test_both_have_tables_of_one_form(english, korean):
    for one, other in sections(english, korean):
        assert [len(row) for row in one.rows] == [len(row) for row in other.rows], one.heading


@ABOUT_TWINS
def test_both_show_the_same_pictures_and_link_to_the_same_places(english, korean):
    pages = {Page(name).path.name: Page(name) for twins in TWINS for name in twins}
    translated = {Path(one).name: Path(other).name for one, other in TWINS}

    def in_korean(link: str) -> str:
        place, _, anchor = link.partition("#")
        page = pages.get(place or Path(english).name)
        if page is None or not anchor:
            return translated.get(place, place)
        there = pages[translated[page.path.name]]
        return f"{translated.get(place, place)}#{there.anchors[page.anchors.index(anchor)]}"

    def in_english(picture: str) -> str:
        """Some are there of the window in Korean; all of its tabs are in the light palette."""
        name = picture.replace("images/ko/", "images/")
        return name if name == picture or (ROOT / "docs" / name).exists() else name.replace(".png", "-light.png")

    for one, other in sections(english, korean):
        assert one.pictures == [in_english(name) for name in other.pictures], one.heading
        if one.level != 1:  # under the title each links to the other
            assert [in_korean(link) for link in one.links] == other.links, one.heading


@ABOUT_TWINS
def test_each_links_to_the_other(english, korean):
    for name, twin in ((english, korean), (korean, english)):
        assert Page(name).sections[1].links[0] == Path(twin).name


@pytest.mark.parametrize("korean", [korean for _, korean in TWINS])
def test_what_is_bold_in_korean_is_said_by_the_window_in_these_words(korean):
    """But for a sentence, or the beginning of a paragraph that says what it is of: these end with a full stop."""
    bold = [words for section in Page(korean).sections for words in section.bold if not words.endswith(".")]
    assert [words for words in bold if not window_words().fullmatch(words)] == []


def test_the_window_says_much_of_what_the_korean_guide_names():
    bold = {words for section in GUIDES["ko"].sections for words in section.bold}
    assert len(bold) >= 80 and not window_words().fullmatch("이런 버튼은 없음")


@pytest.mark.parametrize("name", [name for twins in TWINS for name in twins])
def test_no_star_is_read_as_a_star(name):
    """A mark that ends after a bracket does not end for Markdown where a Korean particle follows at once."""
    assert not [words for section in Page(name).sections for words in section.prose if "*" in words]


PICTURES = ROOT / "docs" / "images"


def test_every_picture_is_shown_or_made_for_the_other_palette_and_scale():
    shown = {each.split("images/")[1] for page in PRINTED for section in page.sections for each in section.pictures}
    present = {path.relative_to(PICTURES).as_posix(): path.stat().st_size for path in PICTURES.rglob("*.png")}
    korean = {name for name in present if name.startswith("ko/")}
    assert len(shown) >= 16 and shown <= set(present)
    assert len(korean) == 5 and korean <= shown
    assert sum(present.values()) <= 5_800_000


def test_each_tab_has_a_picture_in_each_palette_empty_and_full_and_at_double_scale():
    tabs = [name.removeprefix("tab_") for name in ACTIONS if name.startswith("tab_")]
    wanted = {f"{tab}{kind}-{theme}.png" for tab in tabs for theme in ("light", "dark") for kind in ("", "-empty")}
    wanted |= {f"{tab}-light-2x.png" for tab in tabs}  # in the other palette nothing else is to be seen at that scale
    assert len(wanted) == 35 and wanted <= {path.name for path in PICTURES.iterdir()}


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
