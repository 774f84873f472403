"""The reader's language: found out, spoken, and nowhere in what programs read."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys

import pytest
from PIL import Image

from engine import language
from engine.language import say, template_of, tr
from engine.message import InputError, listed, message, phrase
from engine.terminal.standard_streams import print_json

WORDS = {
    "Start": "시작", "Actions|Start": "훈련 시작", "{name} is gone": "{name:이} 없습니다",
    "{strategy}: ": "{strategy}: ", "untick {id}": "{id:을} 끄세요",
    "; {whole} beside it is whole (epoch {whole_epoch})": ". 옆의 {whole}은 온전합니다(에포크 {whole_epoch})",
}  # fmt: skip


@pytest.fixture
def korean(monkeypatch):
    monkeypatch.setattr(language, "words_of", lambda name: WORDS if name == "ko" else {})
    language.use("ko")


def test_a_text_is_said_in_the_present_language_and_in_english_where_it_has_no_words(korean):
    assert tr("Start") == "시작"
    assert tr("Start", "MainWindow", "Actions") == "훈련 시작"
    assert tr("Unheard of {x}").format(x=1) == "Unheard of 1"
    assert tr("{name} is gone").format(name="사진") == "사진이 없습니다"
    language.use("en")
    assert tr("Start", "Actions") == "Start"


def test_a_language_that_is_none_of_ours_is_english():
    language.use("xx")
    assert language.language() == "en"


def test_a_message_is_said_with_its_values_and_stays_english_for_programs(korean):
    told = message("gone", "{name} is gone", name="run")
    assert say(told) == "run이 없습니다"
    assert str(told) == "run is gone"
    assert told.to_dict()["template"] == "{name} is gone"
    assert str(InputError("gone", "{name} is gone", name="run")) == "run is gone"


def test_parts_that_the_engine_puts_together_are_said_one_by_one(korean):
    told = message("a", "{strategy}: untick {id}; {whole} beside it is whole (epoch {whole_epoch})", id="l1")
    assert template_of(told) == "{strategy}: {id:을} 끄세요. 옆의 {whole}은 온전합니다(에포크 {whole_epoch})"


def test_what_was_said_can_be_said_again_with_what_is_in_it(korean):
    said = tr("{name} is gone").format(name=tr("Start"))
    assert said == "시작이 없습니다"
    language.use("en")
    assert said.again() == "Start is gone"


@pytest.mark.parametrize(
    ("names", "found"),
    [(["ko-KR", "en"], "ko"), (["ko_KR.UTF-8"], "ko"), (["en-US", "ko"], "en"), (["", "ko_KR"], "ko"), (["de"], "en")],
)
def test_the_systems_first_language_counts(names, found):
    assert language.of_system(names) == found


def test_words_among_values_are_said_too_and_are_english_to_programs(korean, monkeypatch):
    more = {
        "all but {id}": "{id} 빼고", "{what} failed: {reason}": "{what:이} 실패: {reason}",
        "{some} and {last}": "{some:과} {last}", "value.reason|disk full": "디스크가 꽉 참",
    }  # fmt: skip
    monkeypatch.setattr(language, "words_of", lambda name: more if name == "ko" else {})
    label = phrase("all-but", "all but {id}", id="dropout")
    told = message("failed", "{what} failed: {reason}", what=label, reason="disk full")
    assert say(told) == "dropout 빼고가 실패: 디스크가 꽉 참"
    assert str(told) == "all but dropout failed: disk full"
    assert json.loads(json.dumps(told.to_dict()))["values"]["what"] == "all but dropout"
    assert tr("{what} failed: {reason}").format(what=label, reason="elsewhere") == "dropout 빼고가 실패: elsewhere"
    assert say(message("both", "{both}", both=listed(["a", "b", "disk full"]))) == "a, b와 disk full"
    assert say(message("both", "{both}", both=listed(["a", "disk full"], "reason"))) == "a와 디스크가 꽉 참"
    assert listed(["a", "b", "c"]) == "a, b and c" and listed(["a"]) == "a" and listed([]) == ""
    assert pickle.loads(pickle.dumps(label)).told == label.told


# --- in the terminal ---------------------------------------------------------------------------------------------


def run(*words: str, code: str = "", **variables: str) -> subprocess.CompletedProcess[bytes]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))
    }
    environment.pop(language.VARIABLE, None)
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "engine", *words]
    return subprocess.run(command, env={**environment, **variables}, capture_output=True, check=False)


def test_help_is_in_the_language_of_the_locale_where_the_terminal_can_show_it():
    korean = run("--help", LC_ALL="ko_KR.UTF-8", PYTHONIOENCODING="utf-8")
    assert korean.returncode == 0 and "사용법" in korean.stdout.decode()
    assert "사용법" in run("--help", LANG="ko_KR.UTF-8", PYTHONIOENCODING="cp949").stdout.decode("cp949")
    for others in ({"LANG": "ko_KR.UTF-8", "PYTHONIOENCODING": "ascii"}, {"LANG": "C"},
                   {"LC_ALL": "ko_KR.UTF-8", language.VARIABLE: "en"}):  # fmt: skip
        english = run("--help", **others)
        assert english.returncode == 0 and b"usage" in english.stdout


@pytest.mark.parametrize("encoding", ["cp949", "ascii", "utf-8"])
def test_no_console_is_too_poor_to_be_told_what_is_wrong(encoding, tmp_path):
    ended = run("runs", "고양이", "--workspace", str(tmp_path / "작업 폴더 é"), PYTHONIOENCODING=encoding,
                LC_ALL="ko_KR.UTF-8")  # fmt: skip
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr and ended.stderr.startswith(b"tunedeck: ")


def test_what_programs_read_is_the_same_in_every_language(tmp_path, catalogue):
    words = ("plugins", "dropout", "--json", "--workspace", str(tmp_path))
    english, korean = (run(*words, **{language.VARIABLE: name, "PYTHONIOENCODING": "utf-8"}) for name in ("en", "ko"))
    assert json.loads(english.stdout) == json.loads(korean.stdout)


def test_files_for_programs_are_the_same_in_every_language(tmp_path):
    """YAML of the settings and CSV of predictions: nothing of what is said stands in them."""
    picture = tmp_path / "picture.png"
    Image.new("L", (28, 28)).save(picture)
    files = []
    for name in ("en", "ko"):
        variables = {language.VARIABLE: name, "PYTHONIOENCODING": "utf-8"}
        space, table = tmp_path / name, tmp_path / f"{name}.csv"
        trained = run("train", "--train-samples", "40", "--validation-samples", "20", "--epochs", "1", "--device",
                      "cpu", "--threads", "1", "--workspace", str(space), **variables)  # fmt: skip
        assert trained.returncode == 0, trained.stderr.decode()
        [folder] = (space / "runs").glob("20*")
        told = run("predict", str(folder), str(picture), str(tmp_path / "none.png"), "--csv", str(table),
                   "--workspace", str(space), **variables)  # fmt: skip
        assert told.returncode == 0, told.stderr.decode()
        files.append([(folder / "config.yaml").read_text("utf-8"), table.read_text("utf-8")])
    assert files[0] == files[1]


@pytest.mark.parametrize("encoding", ["ascii", "cp949", "utf-8"])
def test_json_holds_every_letter_on_every_console(encoding):
    names = {"name": "고양이 é 🐈 \udce9"}
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    print_json(names, stream)
    line = stream.buffer.getvalue().decode(encoding)
    assert json.loads(line) == names and "?" not in line
    assert ("고양이" in line) == (encoding != "ascii")
