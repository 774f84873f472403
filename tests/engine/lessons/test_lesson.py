"""Lessons: what a file of one may hold, what its runs say to its question, and the bundled ones."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.history import EpochRow
from engine.lessons.band import MAX_POINTS, band_file, bands_of, read_bands, read_count, write_bands
from engine.lessons.claims import FIGURES, Claim
from engine.lessons.lesson import text
from engine.lessons.reading import MAX_CHARACTERS, find_lesson, lesson_files, read_lesson, read_lessons
from engine.lessons.verdict import check, findings_of, verdict, words_of
from engine.message import InputError
from engine.yaml_file import write_yaml
from tests.engine.support import tunedeck


def lesson_data(**changes):
    return {
        "format": 1, "id": "mine", "title": {"en": "Mine", "ko": "내 것"}, "text": ["Look."],
        "settings": {
            "epochs": 2, "train_samples": 60, "validation_samples": 50, "model": {"id": "linear"}, "threads": 1,
        },
        "variants": [{
            "id": "fast", "label": "Fast", "changes": {"lr": 0.01},
            "shows": [{"run": "fast", "figure": "epochs", "is": "about", "than": 2}],
        }],
        "question": {
            "text": "Which is lower?",
            "choices": [
                {"id": "fast", "text": "fast", "when": [
                    {"run": "fast", "figure": "last_train_loss", "is": "below", "than": "base"}]},
                {"id": "slow", "text": "slow"},
            ],
            "answer": "fast",
        },
        "look_at": ["The curve."],
    } | changes  # fmt: skip


@pytest.fixture
def write(workspace):
    def one(name="01-mine.yaml", **changes):
        (workspace / "lessons").mkdir(parents=True, exist_ok=True)
        path = workspace / "lessons" / name
        write_yaml(path, lesson_data(**changes))
        return path

    return one


SHOWN = 0.02
"""The training loss that is shown lies so much above the clean one."""


def rows(losses, clean=0.1, accuracy=0.5):
    return [
        EpochRow(
            epoch,
            val_loss=loss,
            val_accuracy=accuracy,
            clean_train_loss=clean,
            train_loss=clean + SHOWN,
            lr=0.1,
            train_seconds=1.0,
        )
        for epoch, loss in enumerate(losses, 1)
    ]


# --- the file -------------------------------------------------------------------------------------


def test_a_lesson_is_its_settings_and_what_its_variants_change(write, catalogue):
    lesson = read_lesson(write(), catalogue)
    base, fast = lesson.variants
    assert (base.id, base.config.epochs, base.config.lr) == ("base", 2, 0.001)
    assert fast.config == base.config.changed({"lr": 0.01})
    assert text(lesson.title, "ko") == "내 것" and text(fast.label, "ko") == "Fast" and not lesson.bundled
    assert {member.config.seed for member in lesson.members(7)} == {7}


QUESTION = lesson_data()["question"]
WRONG = {
    "no lesson": {"format": 2},
    "format is True": {"format": True},
    "no text": {"title": {"de": "Meins"}},
    "empty or has more": {"text": ["x" * (MAX_CHARACTERS + 1)]},
    "did you mean settings": {"setings": {}},
    "no list": {"variants": []},
    "hyphens": {"id": "../mine"},
    "answer is none": {"question": QUESTION | {"answer": "never"}},
    "last one alone": {"question": QUESTION | {"choices": list(reversed(QUESTION["choices"]))}},
    "epochs at most": {"settings": {"epochs": 100_000}},
    "no number": {"seconds": 1e9},
    "there is no": {"settings": {"model": {"id": "does-not-exist"}}},
    "no recipe": {"settings": {"recipe": "../../secret"}},
    "hold names": {"settings": [1]},
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_in_a_file_is_said_in_one_line_with_its_name(write, catalogue, words):
    path = write(**WRONG[words])
    with pytest.raises(InputError) as error:
        read_lesson(path, catalogue)
    said = str(error.value)
    assert said.startswith(f"{path} is no lesson: ") and "\n" not in said
    if words not in ("no lesson", "format is True"):
        assert words in said


@pytest.mark.parametrize(
    "claim",
    [
        {"run": "fast", "figure": "__class__", "is": "below", "than": 1},
        {"run": "other", "figure": "epochs", "is": "below", "than": 1},
        {"run": "fast", "figure": "epochs", "is": "worse", "than": 1},
        {"run": "fast", "figure": "epochs", "is": "below", "than": "__import__('os')"},
        {"run": "fast", "figure": "epochs", "is": "below", "than": 1, "target": 2},
        {"run": "fast", "figure": "reaches_loss", "is": "below", "than": 1},
        {"run": "fast", "figure": "epochs", "is": "below", "than": 1, "code": "x"},
        {"run": ["fast"], "figure": "epochs", "is": "below", "than": 1},
    ],
)
def test_a_claim_speaks_of_known_figures_of_the_lessons_own_runs_alone(write, catalogue, claim):
    choices = [{"id": "a", "text": "a", "when": [claim]}, {"id": "b", "text": "b"}]
    with pytest.raises(InputError):
        read_lesson(write(question={"text": "?", "choices": choices, "answer": "a"}), catalogue)


def test_a_broken_file_harms_no_other_and_the_first_of_one_id_counts(write, workspace, catalogue):
    write("01-mine.yaml")
    write("02-again.yaml", title="Again")
    (workspace / "lessons" / "03-broken.yaml").write_bytes(b"\xff\x00")
    (workspace / "lessons" / "04-huge.yaml").write_text("a: " + "x" * 200_000, encoding="utf-8")
    lessons, wrong = read_lessons(workspace, catalogue)
    assert [text(each.title) for each in lessons if not each.bundled] == ["Mine"]
    assert len(wrong) == 3 and all("lessons" in str(error) for error in wrong)
    assert find_lesson("mine", workspace, catalogue).path.name == "01-mine.yaml"
    with pytest.raises(InputError, match="did you mean mine"):
        find_lesson("mien", workspace, catalogue)


# --- the verdict ----------------------------------------------------------------------------------

LOSSES = st.lists(st.floats(0.01, 5), min_size=1, max_size=20)


@given(LOSSES, LOSSES)
def test_below_and_above_are_opposites_and_figures_are_those_of_the_rows(one, other):
    runs = {"base": rows(one), "fast": rows(other)}
    for figure in ("best_val_loss", "last_val_loss", "last_gap", "best_epoch", "epochs", "rise"):
        below = check(Claim("fast", figure, "below", "base", figure), runs)
        above = check(Claim("base", figure, "above", "fast", figure), runs)
        assert below.holds == above.holds == (below.value < below.other)
    assert check(Claim("fast", "best_val_loss", "about", "fast", "best_val_loss"), runs).holds
    assert check(Claim("fast", "last_val_loss", "above", "fast", "best_val_loss", 0.999), runs).holds


def test_a_lesson_may_lead_on_to_a_recipe_that_there_is(write, catalogue, capsys, workspace):
    further = {"recipe": "noisy-line", "label": "On to the line"}
    assert read_lesson(write(further=further), catalogue).further.recipe == "noisy-line"
    _, out, _ = tunedeck(capsys, "lesson", "mine", "--workspace", workspace)
    assert "On to the line: `tunedeck train --recipe noisy-line`" in out
    with pytest.raises(InputError, match="no recipe 'nosy-line'"):
        read_lesson(write(further=further | {"recipe": "nosy-line"}), catalogue)


@given(LOSSES, st.floats(0.01, 5))
def test_a_target_is_reached_in_the_first_epoch_that_is_as_good_or_never(losses, target):
    found = check(Claim("base", "reaches_loss", "below", math.inf, "reaches_loss", 1.0, target), {"base": rows(losses)})
    good = [epoch for epoch, loss in enumerate(losses, 1) if loss <= target]
    assert found.value == (good[0] if good else math.inf) and found.holds == bool(good)


def test_the_validation_crosses_training_where_it_last_comes_to_lie_above_it():
    crossing = FIGURES["crossing_epoch"].of
    assert crossing(rows([0.05, 0.2, 0.08, 0.3, 0.4]), None) == 4
    assert crossing(rows([0.05, 0.1 + SHOWN / 2, 0.3]), None) == 3  # above the clean loss, which no graph's mark is of
    assert crossing(rows([0.3, 0.2]), None) == 1
    assert crossing(rows([0.3, 0.05]), None) == math.inf


def test_the_answer_is_the_first_choice_all_of_whose_claims_hold(write, catalogue):
    lesson = read_lesson(write(), catalogue)
    quick, slow = rows([1, 1], clean=0.1), rows([1, 1], clean=0.3)
    right = verdict(lesson, {"base": slow, "fast": quick})
    assert right.answer == "fast" and right.as_expected and right.findings[0].holds
    wrong = verdict(lesson, {"base": quick, "fast": slow})
    assert wrong.answer == "slow" and not wrong.as_expected
    assert not wrong.findings[0].holds  # why the expected answer is not the right one
    assert verdict(lesson, {"base": slow}) is None
    assert findings_of(lesson, "fast", {"fast": quick})[0].holds
    assert findings_of(lesson, "fast", {}) == ()


def test_a_finding_is_told_with_both_figures_and_the_labels_of_the_runs(write, catalogue):
    lesson = read_lesson(write(label={"en": "As it is", "ko": "그대로"}), catalogue)
    found = verdict(lesson, {"base": rows([1], clean=0.25), "fast": rows([1], clean=0.125)}).findings[0]
    said = str(words_of(found, lesson, "ko", lambda message: "오차"))
    assert said == "오차: 0.125 (Fast), 0.25 (그대로)"


def test_a_run_without_validation_decides_nothing(write, catalogue):
    assert check(Claim("base", "best_val_loss", "below", 1.0, "best_val_loss"), {"base": [EpochRow(1)]}) is None


# --- the band -------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.floats(0.01, 5), min_size=1, max_size=200), min_size=1, max_size=6))
def test_a_band_lies_within_the_curves_it_is_of_and_is_small(curves):
    band = bands_of({"base": [rows(curve) for curve in curves]})["base", "val_loss"]
    assert len(band.epochs) == len(band.low) == len(band.high) <= MAX_POINTS
    for epoch, low, high in zip(band.epochs, band.low, band.high, strict=True):
        there = [curve[int(epoch) - 1] for curve in curves if len(curve) >= epoch]
        assert min(there) * 0.999 <= low <= high <= max(there) * 1.001


def test_bands_come_back_from_their_file_and_what_is_no_band_is_none(write, catalogue, tmp_path):
    lesson = read_lesson(write(), catalogue)
    bands = bands_of({"base": [rows([1, 2]), rows([2, 3])]})
    write_bands(tmp_path / "bands" / "mine.json", lesson, bands, 5, 4)
    assert read_bands(tmp_path / "bands" / "mine.json") == bands
    assert read_count(tmp_path / "bands" / "mine.json") == (4, 5)
    for wrong in ({"variants": {"base": {"val_loss": [[2, 1], [0, 0], [1, 1]]}}}, {"variants": 3}, [], {"held": 9}):
        (tmp_path / "wrong.json").write_text(json.dumps(wrong), encoding="utf-8")
        assert read_bands(tmp_path / "wrong.json") == {} and read_count(tmp_path / "wrong.json") is None


# --- the verb -------------------------------------------------------------------------------------


def test_the_verb_trains_what_is_missing_and_says_what_came_of_it(write, workspace, capsys):
    write()
    band = workspace / "lessons" / "bands" / "mine.json"
    flags = ("lesson", "mine", "--seeds", 2, "--guess", "2", "--workspace", workspace)
    code, out, err = tunedeck(capsys, *flags, "--write-band", band)
    assert (
        code == 0
        and "4 runs" in err
        and "The runs say: fast." in out
        and "Your guess: slow. It came out otherwise." in out
    )
    assert read_count(band)[1] == 2 and set(read_bands(band)) >= {("base", "val_loss"), ("fast", "val_loss")}
    code, out, err = tunedeck(capsys, *flags, "--json")
    told = json.loads(out.strip().splitlines()[-1])
    assert code == 0 and "4 of them done already" in err
    assert told["guess"] == "slow" and told["expected"] == "fast" and len(told["runs"]) == 4
    assert [each["answer"] for each in told["seeds"]] == ["fast", "fast"]


def test_the_list_names_lessons_and_what_is_wrong_with_others(write, workspace, capsys, monkeypatch):
    write(id="no id")
    monkeypatch.setenv("TUNEDECK_LANGUAGE", "ko")
    code, out, err = tunedeck(capsys, "lesson", "--workspace", workspace)
    assert code == 0 and "first-lesson" in out and "과적합" in out and "01-mine.yaml" in err
    assert tunedeck(capsys, "lesson", "first-lesson", "--guess", "9", "--workspace", workspace)[0] == 2


# --- the bundled ones -----------------------------------------------------------------------------


def test_every_bundled_lesson_is_whole_in_both_languages(workspace, catalogue):
    lessons, wrong = read_lessons(workspace, catalogue)
    assert not wrong and lessons[0].id == "first-lesson" and len(lessons) == len(lesson_files(workspace))
    assert [lesson.number for lesson in lessons] == list(range(1, len(lessons) + 1))
    for lesson in lessons:
        assert {id for id, _ in read_bands(band_file(lesson))} == {each.id for each in lesson.variants}, lesson.id
        assert read_count(band_file(lesson)) == (5, 5), lesson.id
        parts = [lesson.title, *lesson.paragraphs, lesson.question.text, *lesson.look_at]
        parts += [each.label for each in lesson.variants] + [each.text for each in lesson.question.choices]
        parts += [lesson.correction] if lesson.correction else []
        assert all({"en", "ko"} <= set(dict(words.by_language)) for words in parts), lesson.id


# --- together -------------------------------------------------------------------------------------


def test_runs_together_are_one_more_run_whose_loss_is_that_of_their_mean(write, workspace, capsys):
    choices = [{"id": "a", "text": "a", "when": [{"run": "all", "figure": "best_val_loss", "is": "below", "than": 99}]}]
    write(
        variants=[{"id": "second", "label": "Second", "changes": {"seed": 1}}],
        together={"id": "all", "label": "All", "members": ["base", "second"]},
        question={"text": "?", "choices": [*choices, {"id": "b", "text": "b"}], "answer": "a"},
    )
    code, out, _ = tunedeck(capsys, "lesson", "mine", "--json", "--workspace", workspace)
    [seed] = json.loads(out.strip().splitlines()[-1])["seeds"]
    assert code == 0 and seed["answer"] == "a"
    folders = [run["folder"] for run in json.loads(out.strip().splitlines()[-1])["runs"]]
    _, out, _ = tunedeck(capsys, "ensemble", *folders, "--part", "validation", "--json", "--workspace", workspace)
    alone = json.loads(out.strip().splitlines()[-1])
    assert seed["findings"][0]["value"] == pytest.approx(alone["ensemble"]["loss"])


@pytest.mark.parametrize("members", [["base"], ["base", "base"], ["base", "other"], "base"])
def test_together_are_two_or_more_runs_of_the_lesson(write, catalogue, members):
    with pytest.raises(InputError):
        read_lesson(write(together={"id": "all", "label": "All", "members": members}), catalogue)
