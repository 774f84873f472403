"""What a student hands in: the file, what can be told of it at once, and what training it again tells."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.catalogue import discover
from engine.history import EpochRow
from engine.lessons.reading import read_lesson
from engine.message import InputError
from engine.submissions.look import remarks
from engine.submissions.outcome import Outcome, Replay
from engine.submissions.replay import compare, replay
from engine.submissions.submission import (
    MAX_BYTES,
    MAX_CONCLUSION,
    MAX_ROWS,
    Environment,
    Submission,
    SubmittedRun,
    from_dict,
    latest,
    name_of_file,
    read_submission,
    submission_files,
    thinned,
    to_dict,
)
from engine.yaml_file import write_yaml
from tests.engine.lessons.test_lesson import lesson_data
from tests.engine.support import tunedeck

FIGURES = (
    "train_loss", "train_accuracy", "clean_train_loss", "clean_train_accuracy", "val_loss", "val_accuracy", "lr",
    "train_samples",
)  # fmt: skip


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A student's workspace with a small lesson that is done, and the file that was handed in."""
    workspace = tmp_path_factory.mktemp("student")
    (workspace / "lessons").mkdir()
    write_yaml(workspace / "lessons" / "01-mine.yaml", lesson_data())
    path = workspace / "file.tunedeck.json"

    def call(capsys):
        if not path.exists():
            code, _, _ = tunedeck(capsys, "lesson", "mine", "--workspace", workspace)
            words = ("--name", "김하나", "--guess", "fast", "--conclusion", "Faster is lower.", "-o", path)
            assert code == 0 and tunedeck(capsys, "submit", "mine", *words, "--workspace", workspace)[0] == 0
        return workspace, path, read_lesson(workspace / "lessons" / "01-mine.yaml", discover(entry_points=False))

    return call


def altered(path, change, tmp_path):
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    other = tmp_path / "altered.tunedeck.json"
    other.write_text(json.dumps(data), encoding="utf-8")
    return read_submission(other)


# --- the file -------------------------------------------------------------------------------------

NUMBERS = st.none() | st.floats(-1e9, 1e9)
ROWS = st.lists(st.tuples(*[NUMBERS] * 7, st.floats(0, 1e6), st.integers(0, 10**6), st.floats(0, 1e6)), max_size=4)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40)


@given(st.lists(ROWS.filter(bool), min_size=1, max_size=3), TEXT, TEXT, st.none() | st.sampled_from(["a", "b-2"]))
def test_what_is_handed_in_is_read_again_as_it_was(all_rows, student, conclusion, choice):
    runs = tuple(
        SubmittedRun(
            f"run-{place}", {"seed": place}, tuple(EpochRow(epoch, *row) for epoch, row in enumerate(rows, 1)),
            Environment((("torch", "2"),), "cpu", 2), 0.5, None,
        )
        for place, rows in enumerate(all_rows)
    )  # fmt: skip
    made = Submission(student, "mine", "abc", choice, "a", runs, (), conclusion, "2026-03-02T09:30:00")
    assert from_dict(json.loads(json.dumps(to_dict(made)))) == made
    name = name_of_file(made)
    assert "/" not in name and name.endswith("-mine.tunedeck.json") and not name.startswith(".")


@given(st.lists(st.floats(0, 9), min_size=1, max_size=60), st.integers(4, 30))
def test_a_long_run_is_thinned_and_keeps_its_first_last_and_best_epoch(losses, most):
    rows = [EpochRow(epoch, val_loss=loss) for epoch, loss in enumerate(losses, 1)]
    kept = thinned(rows, most)
    assert len(kept) <= max(most, 0) and list(kept) == sorted(set(kept), key=lambda row: row.epoch)
    assert {rows[0], rows[-1], rows[losses.index(min(losses))]} <= set(kept)


def _longer(data):
    data["runs"][0]["epochs"] *= MAX_ROWS


HOSTILE = {
    "no mapping": lambda data: data.clear(),
    "newer": lambda data: data.update(format=99),
    "no runs": lambda data: data.update(runs=[]),
    "many runs": lambda data: data.update(runs=data["runs"] * 20),
    "twice the same run": lambda data: data.update(runs=data["runs"][:1] * 2),
    "too many rows": _longer,
    "a path for an id": lambda data: data.update(lesson="../../etc/passwd"),
    "huge conclusion": lambda data: data.update(conclusion="x" * (MAX_CONCLUSION + 1)),
    "no name": lambda data: data.update(student=" \n"),
    "a list for a name": lambda data: data.update(student=["x"]),
    "a text for a figure": lambda data: data["runs"][0]["epochs"][0].__setitem__(5, "0.1"),
    "a huge figure": lambda data: data["runs"][0]["epochs"][0].__setitem__(5, 10**400),
    "epochs backwards": lambda data: data["runs"][0]["epochs"].reverse(),
    "short line": lambda data: data["runs"][0]["epochs"][0].pop(),
    "settings that are none": lambda data: data["runs"][0].update(settings="rm -rf"),
    "no date": lambda data: data.update(date="yesterday"),
    "columns": lambda data: data.update(columns=["epoch"]),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_broken_file_is_told_in_one_line_with_its_name(handed_in, capsys, tmp_path, what):
    _, path, _ = handed_in(capsys)
    with pytest.raises(InputError) as error:
        altered(path, HOSTILE[what], tmp_path)
    said = str(error.value)
    assert said.startswith("altered.tunedeck.json is no submission") and "\n" not in said and len(said) < 300


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000, b"{}", b"null", b"x" * (MAX_BYTES + 1)])
def test_a_file_that_is_something_else_harms_no_other(handed_in, capsys, tmp_path, content):
    workspace, path, _ = handed_in(capsys)
    (tmp_path / "bad.tunedeck.json").write_bytes(content)
    (tmp_path / "good.tunedeck.json").write_bytes(path.read_bytes())
    code, out, err = tunedeck(capsys, "submissions", tmp_path, "--json", "--workspace", workspace)
    told = json.loads(out.strip().splitlines()[-1])
    assert code == 1 and [each["student"] for each in told["submissions"]] == ["김하나"] and len(told["wrong"]) == 1
    assert len([line for line in err.splitlines() if "bad.tunedeck.json" in line]) == 1


def test_a_teacher_reads_answers_and_runs_in_words_and_how_many_were_right(handed_in, capsys, tmp_path):
    workspace, path, _ = handed_in(capsys)
    data = json.loads(path.read_text(encoding="utf-8"))
    for student, guess in (("Kim", "fast"), ("Lee", "slow")):
        made = json.dumps(data | {"student": student, "guess": guess, "answer": "fast"})
        (tmp_path / f"{student}.tunedeck.json").write_text(made, encoding="utf-8")
    code, out, _ = tunedeck(capsys, "submissions", tmp_path, "--workspace", workspace)
    assert code == 0 and "guess “slow”, the runs say “fast”: otherwise" in out
    assert out.rstrip().endswith("2 submissions, 1 guessed right.")


def test_a_folder_without_any_is_said_to_hold_none(capsys, tmp_path, workspace):
    (tmp_path / "empty").mkdir()
    code, _, err = tunedeck(capsys, "submissions", tmp_path / "empty", "--workspace", workspace)
    assert code == 1 and "no submission lies in" in err and ".tunedeck.json" in err


def test_nothing_of_it_steers_a_terminal_or_a_spreadsheet(handed_in, capsys, tmp_path):
    workspace, path, _ = handed_in(capsys)
    data = json.loads(path.read_text(encoding="utf-8"))
    data |= {"student": "=cmd|' /C calc'!A0", "conclusion": "\x1b[2Jgone\u2028x"}
    (tmp_path / "x.tunedeck.json").write_text(json.dumps(data), encoding="utf-8")
    code, out, _ = tunedeck(capsys, "submissions", tmp_path, "--csv", tmp_path / "marks.csv", "--workspace", workspace)
    table = (tmp_path / "marks.csv").read_text(encoding="utf-8")
    assert code == 0 and "\x1b[2J" not in out and ",'=cmd" in table and "\x1b" not in table


def test_of_two_of_one_student_the_later_counts_and_both_stay():
    def one(name, date):
        return Submission(name, "mine", "", None, None, (), (), "", date)

    given_in = [one("Kim", "2026-03-02T10:00:00"), one("kim", "2026-03-02T09:00:00"), one("Lee", "2026-01-01T00:00:00")]
    assert latest(given_in) == {0, 2}


def test_nothing_is_handed_in_without_a_name_or_a_run(handed_in, capsys, tmp_path):
    workspace, _, _ = handed_in(capsys)
    out = tmp_path / "out.json"
    assert tunedeck(capsys, "submit", "mine", "--name", " ", "-o", out, "--workspace", workspace)[0] == 2
    code, _, err = tunedeck(capsys, "submit", "first-lesson", "--name", "Kim", "-o", out, "--workspace", workspace)
    assert code == 2 and "no run of this lesson" in err and not out.exists()


# --- at a glance ----------------------------------------------------------------------------------


def test_an_honest_one_raises_no_doubt_and_knows_whether_the_guess_was_right(handed_in, capsys, tmp_path):
    _, path, lesson = handed_in(capsys)
    made = read_submission(path)
    assert remarks(made, lesson) == [] and made.right is True and made.student == "김하나"
    assert [run.id for run in made.runs] == ["base", "fast"] and all(run.whole for run in made.runs)
    assert not any(name == "executable" for name, _ in made.runs[0].environment.versions)


def _set(name, value):
    return lambda data: data.update({name: value})


GLANCE = {
    "answer-otherwise": _set("answer", "slow"),
    "guess-unknown": _set("guess", "sideways"),
    "lesson-changed": _set("digest", "0000"),
    "runs-missing": lambda data: data.update(runs=data["runs"][:1], answer=None),
    "own-settings": lambda data: data["runs"][0]["settings"].update(lr=0.5),
    "epochs-otherwise": lambda data: data["runs"][0]["epochs"].pop(),
    "figure-impossible": lambda data: data["runs"][0]["epochs"][0].__setitem__(6, 1.5),
}


@pytest.mark.parametrize("code", GLANCE)
def test_what_does_not_agree_with_itself_or_the_lesson_is_remarked(handed_in, capsys, tmp_path, code):
    _, path, lesson = handed_in(capsys)
    assert code in [each.text.code for each in remarks(altered(path, GLANCE[code], tmp_path), lesson)]


# --- trained again --------------------------------------------------------------------------------


def test_an_honest_one_is_the_same_to_the_last_bit_and_with_another_number_of_threads_but_for_rounding(
    handed_in, capsys, workspace
):
    _, path, lesson = handed_in(capsys)
    catalogue = discover(entry_points=False)
    found = replay(read_submission(path), lesson, catalogue, workspace / "data")
    assert [run.outcome for run in found.runs] == [Outcome.EXACT] * 2 and found.answer == "fast"
    found = replay(read_submission(path), lesson, catalogue, workspace / "data", threads=2)
    assert found.outcome in (Outcome.EXACT, Outcome.CLOSE)


def test_every_figure_that_is_altered_is_found(handed_in, capsys):
    _, path, _ = handed_in(capsys)
    for run in read_submission(path).runs:
        test = (run.test_loss, run.test_accuracy)
        assert compare(run, run.rows, test, (60, 50, 1000)).outcome is Outcome.EXACT
        for place, row in enumerate(run.rows):
            for figure in FIGURES:
                rows = list(run.rows)
                value = getattr(row, figure)
                rows[place] = row._replace(**{figure: value + 1 if figure == "train_samples" else value * 1.002})
                found = compare(run, rows, test, (60, 50, 1000))
                assert found.outcome is Outcome.DIFFERS and found.differences[0].figure == figure
        for place in (0, 1):
            other = tuple(value * 1.002 if place == at else value for at, value in enumerate(test))
            assert compare(run, run.rows, other, (60, 50, 1000)).outcome is Outcome.DIFFERS


@given(st.integers(2, 9), st.integers(10, 20), st.floats(1e-3, 0.1))
def test_runs_that_part_are_not_taken_for_altered_and_a_gross_alteration_after_it_is_found(start, length, by):
    def row(epoch, share):
        return EpochRow(epoch, 1.0 + share, 0.5, 1.1 + share, 0.5, 1.2 + share, 0.5, 0.1, 1.0, 60, 0.0)

    told = SubmittedRun("base", {}, tuple(row(epoch, 0.0) for epoch in range(1, length + 1)))
    found = [row(epoch, by if epoch >= start else 1e-8) for epoch in range(1, length + 1)]
    outcome = compare(told, found, (None, None), (60, 50, 0))
    assert outcome.outcome is Outcome.PARTED and outcome.parted == start
    found[-1] = found[-1]._replace(val_accuracy=0.95)
    assert compare(told, found, (None, None), (60, 50, 0)).outcome is Outcome.DIFFERS
    found[-1] = row(length, by)
    found[0] = found[0]._replace(val_loss=1.21)
    assert compare(told, found, (None, None), (60, 50, 0)).differences[0].epoch == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"model": {"id": "mlp", "hidden": [100_000]}}, {"epochs": 1_000_000}, {"seed": -1}, {"seed": "0"},
        {"dataset": {"id": "folder", "path": "/etc"}}, {"x": [[[]]]},
    ],
)  # fmt: skip
def test_only_the_lessons_own_settings_are_ever_trained(handed_in, capsys, tmp_path, workspace, settings, monkeypatch):
    _, path, lesson = handed_in(capsys)
    monkeypatch.setattr("engine.submissions.replay.Trainer", None)
    made = altered(path, lambda data: [run["settings"].update(settings) for run in data["runs"]], tmp_path)
    catalogue = discover(entry_points=False)
    for each in (lesson, None):
        found = replay(made, each, catalogue, workspace / "data")
        assert Replay.from_dict(json.loads(json.dumps(found.to_dict()))) == found
        assert found.outcome is Outcome.REFUSED and all(run.reason is not None for run in found.runs)


def test_the_terminal_says_which_figure_was_altered(handed_in, capsys, tmp_path):
    workspace, path, _ = handed_in(capsys)
    altered(path, lambda data: data["runs"][1]["epochs"][-1].__setitem__(6, 0.99), tmp_path)
    code, out, err = tunedeck(capsys, "submissions", tmp_path, "--replay", "--json", "--workspace", workspace)
    [told] = json.loads(out.strip().splitlines()[-1])["submissions"]
    of = {run["run"]: run for run in told["replay"]["runs"]}
    assert code == 1 and told["replay"]["outcome"] == "differs" and of["base"]["outcome"] == "exact"
    assert (of["fast"]["differences"][0]["figure"], of["fast"]["differences"][0]["epoch"]) == ("val_accuracy", 2)
    assert "training fast of 김하나 again" in err
    code, out, _ = tunedeck(capsys, "submissions", path, "--replay", "--workspace", workspace)
    assert code == 0 and "the same to the last bit" in out


def test_a_folder_means_the_submissions_in_it(tmp_path):
    for name in ("b.tunedeck.json", "a.tunedeck.json", "c.json"):
        (tmp_path / name).write_text("{}")
    assert [path.name for path in submission_files([tmp_path])] == ["a.tunedeck.json", "b.tunedeck.json"]
