"""What a person writes on a run."""

from __future__ import annotations

import os

import pytest

from engine.message import InputError
from engine.run_records import notes as run_notes
from engine.run_records.notes import (
    FILE,
    MAX_NAME,
    MAX_NOTES,
    MAX_TAG,
    MAX_TAGS,
    Notes,
    change_notes,
    read_notes,
    write_notes,
)


@pytest.mark.parametrize(
    "notes",
    [
        Notes("cnn, second try", ("dropout", "seed 0"), "It was better.\nBut slower: 1:30"),
        Notes("1e-3", ("true", "null", "- x", "#1"), ": {}"),
        Notes("드롭아웃 0.3", ("정규화",), "훈련 🙂\ttab"),
        Notes(),
    ],
)
def test_what_is_written_is_read_again(tmp_path, notes):
    assert write_notes(tmp_path, notes) == notes
    assert read_notes(tmp_path) == notes


def test_what_is_too_long_is_cut_and_what_is_twice_stands_once(tmp_path):
    tags = tuple(f"{number:03}" + 60 * "x" for number in range(40))
    kept = write_notes(tmp_path, Notes(300 * "ä", (*tags, "", " "), 50_000 * "한"))
    assert kept == read_notes(tmp_path)
    assert (len(kept.name), len(kept.tags), len(kept.tags[0]), len(kept.notes)) == (
        MAX_NAME, MAX_TAGS, MAX_TAG, MAX_NOTES,
    )  # fmt: skip
    assert write_notes(tmp_path, Notes("two\n lines ", ("a  b", "a b", "\ud800c"))) == Notes("two lines", ("a b", "c"))


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe\x00", b"[1, 2]", b"name: [1]\ntags: x\nnotes: {a: 1}\n", b"name: &a [*a]\n", b"!!python/name:os.x",
     b"tags: [1, {a: 2}, [], null]\nname: 3\n", b"a: " + b"[" * 5000, b"name: x\n" + b"#" * 200_000],
)  # fmt: skip
def test_a_damaged_or_hostile_file_says_nothing(tmp_path, data):
    (tmp_path / "notes.yaml").write_bytes(data)
    assert read_notes(tmp_path) == Notes()


def test_a_link_or_a_pipe_is_no_file_of_notes(tmp_path):
    (tmp_path / "secret").write_text("name: secret\n")
    (tmp_path / "notes.yaml").symlink_to(tmp_path / "secret")
    assert read_notes(tmp_path) == Notes()
    write_notes(tmp_path, Notes("mine"))
    assert (tmp_path / "secret").read_text() == "name: secret\n" and read_notes(tmp_path).name == "mine"
    (tmp_path / "notes.yaml").unlink()
    os.mkfifo(tmp_path / "notes.yaml")
    assert read_notes(tmp_path) == Notes()


def test_a_folder_that_is_gone_is_told_in_one_line(tmp_path):
    with pytest.raises(InputError, match="what is written on gone can't be kept: No such file"):
        write_notes(tmp_path / "gone", Notes("x"))


def test_a_change_leaves_the_rest_as_another_window_wrote_it(tmp_path):
    write_notes(tmp_path, Notes("mine", ("a",), "text"))
    (tmp_path / f".{FILE}.123.tmp").write_text("of a process that died")
    assert change_notes(tmp_path, tags=("b", "c")) == Notes("mine", ("b", "c"), "text") == read_notes(tmp_path)
    assert not list(tmp_path.glob("*.tmp"))


def test_a_change_puts_a_damaged_file_aside(tmp_path):
    (tmp_path / FILE).write_text("name: mine\ntags: [", encoding="utf-8")
    assert change_notes(tmp_path, notes="text") == Notes(notes="text") == read_notes(tmp_path)
    assert (tmp_path / f"damaged-{FILE}").read_text() == "name: mine\ntags: ["


def test_a_change_of_what_can_t_be_read_changes_nothing(tmp_path, monkeypatch):
    write_notes(tmp_path, Notes("mine"))

    def unreadable(path, **options):
        raise InputError("unreadable", "{path} can't be read: {reason}", path=path, reason="Input/output error")

    monkeypatch.setattr(run_notes, "read_yaml", unreadable)
    with pytest.raises(InputError, match="Input/output error"):
        change_notes(tmp_path, notes="text")
    monkeypatch.undo()
    assert read_notes(tmp_path) == Notes("mine")
