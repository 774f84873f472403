"""Which pictures a folder holds, of which class and in which part, and what is none of them."""

from __future__ import annotations

import os
import unicodedata

import pytest

from engine.message import InputError
from engine.pictures.folder import list_pictures


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def listed(folder):
    found = list_pictures(folder)
    return [(file.part, file.label, file.name) for file in found.files], [refused.code for refused in found.refused]


def test_each_folder_is_a_class_and_what_lies_below_it_belongs_to_it(folder):
    put(folder, "dog/b.png", "cat/a.png", "cat/deep/er/c.png", "cat/deep/d")
    files, refused = listed(folder)
    assert files == [
        ("training", "cat", "cat/a.png"),
        ("training", "cat", "cat/deep/d"),
        ("training", "cat", "cat/deep/er/c.png"),
        ("training", "dog", "dog/b.png"),
    ]
    assert refused == []


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Val", "VALIDATION"])
def test_parts_stand_above_the_classes_under_any_of_their_names(folder, name):
    put(folder, "train/a/1", "Train/b/1", f"{name}/a/2", "test/b/3")
    files, refused = listed(folder)
    assert files == [
        ("training", "a", "train/a/1"),
        ("training", "b", "Train/b/1"),
        ("validation", "a", f"{name}/a/2"),
        ("test", "b", "test/b/3"),
    ]
    assert refused == []


def test_a_class_may_be_called_train_beside_other_vehicles(folder):
    put(folder, "train/1", "plane/1", "bus/1")
    assert [file[:2] for file in listed(folder)[0]] == [("training", name) for name in ("bus", "plane", "train")]


def test_a_folder_beside_the_parts_is_named_and_not_taken_for_a_class(folder):
    put(folder, "train/a/1", "test/a/1", "extra/a/1", "notes.txt", "train/loose.png")
    files, refused = listed(folder)
    assert [file[2] for file in files] == ["train/a/1", "test/a/1"]
    assert sorted(refused) == ["beside-the-parts", "of-no-class", "of-no-class"]


def test_parts_without_one_to_train_on_are_refused(folder):
    put(folder, "test/a/1", "val/a/1")
    with pytest.raises(InputError, match="none called train"):
        list_pictures(folder)


def test_composed_and_decomposed_hangul_are_one_class(folder):
    for form in ("NFC", "NFD"):
        put(folder, f"{unicodedata.normalize(form, '고양이')}/{form}.png")
    labels = {file.label for file in list_pictures(folder).files}
    assert labels == {unicodedata.normalize("NFC", "고양이")} and len(list_pictures(folder).files) == 2


def test_hidden_files_are_left_out_without_a_word(folder):
    put(folder, "a/1", "a/.DS_Store", "a/Thumbs.db", ".cache/1", "a/.hidden/1")
    assert listed(folder) == ([("training", "a", "a/1")], [])


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for rights to make links")
def test_links_are_followed_to_files_within_the_folder_alone(folder, tmp_path):
    put(folder, "a/1", "b/1")
    put(tmp_path, "outside/1")
    (folder / "a" / "to a file").symlink_to(folder / "b" / "1")
    (folder / "a" / "out").symlink_to(tmp_path / "outside" / "1")
    (folder / "a" / "up").symlink_to("..", target_is_directory=True)
    (folder / "a" / "round").symlink_to("round")
    (folder / "a" / "broken").symlink_to("nothing")
    (folder / "c").symlink_to(tmp_path / "outside", target_is_directory=True)
    files, refused = listed(folder)
    assert [file[2] for file in files] == ["a/1", "a/to a file", "b/1"]
    assert sorted(refused) == ["broken-link", "broken-link", "link-outside", "link-outside", "link-to-folder"]
    (tmp_path / "by a link").symlink_to(folder, target_is_directory=True)
    assert listed(tmp_path / "by a link")[0] == files, "the folder itself may be reached by a link"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_is_no_file_and_what_may_not_be_read_is_named(folder, monkeypatch):
    put(folder, "a/1", "a/2", "b/1")
    os.mkfifo(folder / "a" / "pipe")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path).endswith("1") and allowed(path, mode))
    files, refused = listed(folder)
    assert [file[2] for file in files] == ["a/1", "b/1"] and refused == ["unreadable", "no-file"]


def test_a_folder_that_can_not_be_listed_is_named_and_the_rest_is_read(folder, monkeypatch):
    put(folder, "a/1", "a/locked/1", "b/1")
    scan = os.scandir

    def refusing(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    files, refused = listed(folder)
    assert [file[2] for file in files] == ["a/1", "b/1"] and refused == ["unreadable"]


def test_an_empty_folder_of_a_class_is_named(folder):
    put(folder, "a/1")
    (folder / "b").mkdir()
    assert listed(folder)[1] == ["empty-folder"]


@pytest.mark.parametrize("name", ["absent", "a file", "with a \0 zero", "x" * 300])
def test_what_is_no_folder_is_refused_in_one_line(tmp_path, name):
    (tmp_path / "a file").touch()
    with pytest.raises(InputError, match="is no folder that can be read") as raised:
        list_pictures(tmp_path / name)
    assert str(raised.value).isprintable()


def test_who_lists_a_large_folder_can_be_told_to_give_up(folder):
    put(folder, "a/1", "b/1")

    def give_up():
        raise InputError("given-up", "given up")

    with pytest.raises(InputError, match="given up"):
        list_pictures(folder, give_up)
