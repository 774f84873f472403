"""A run on a folder of hostile pictures finishes; each kind of file is read, or refused for the right reason."""

from __future__ import annotations

import sys

import pytest

from engine.data_checks.check import check_folder
from engine.message import InputError
from engine.pictures.files import fit, read_picture, shown
from tests.reliability.hostile_images import MEGABYTES, fill, state_of, try_folder
from tests.reliability.hostile_pictures import BAD, ODD

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes among files, and few names"),
    # Pillow's own warnings are kept from people by a filter that each test begins without.
    *(pytest.mark.filterwarnings(f"ignore::UserWarning:PIL.{name}") for name in ("TiffImagePlugin", "PngImagePlugin")),
]
OF_THE_FOLDER = ("leads outside.png", "a folder.jpg")
"""What only someone who lists the folder can tell."""
REASONS = {
    "bomb": "picture-too-large",
    "promises": "damaged-picture",
    "a program": "no-picture",
    "an icon": "no-picture",
}


def test_a_run_on_a_hostile_folder_finishes_and_names_each_file_once(tmp_path):
    found = try_folder(tmp_path, damaged=300)
    assert found.not_named_once == () and found.lost == () and found.unaccounted == 0
    assert found.finished and found.untouched
    assert found.words == "", "a decoder spoke to the user"
    assert found.megabytes < MEGABYTES


@pytest.mark.parametrize("name", [name for name in BAD if name not in OF_THE_FOLDER])
def test_a_bad_file_is_refused_in_one_line(tmp_path, name):
    BAD[name](tmp_path / name)
    with pytest.raises(InputError) as raised:
        read_picture(tmp_path / name, 16)
    assert str(raised.value).isprintable()
    for beginning, code in REASONS.items():
        assert not name.startswith(beginning) or raised.value.message.code == code


@pytest.mark.parametrize("name", [name for name in ODD if name not in OF_THE_FOLDER])
@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_an_odd_picture_becomes_as_large_as_asked(tmp_path, name, resize):
    ODD["plain.png"](tmp_path / "plain.png")
    if name != "plain.png":
        ODD[name](tmp_path / name)
    for channels in (1, 3):
        assert fit(read_picture(tmp_path / name, 16), (channels, 16, 12), resize).shape == (channels, 16, 12)


def test_a_check_of_a_hostile_folder_names_each_bad_file_and_changes_nothing(tmp_path):
    names = fill(tmp_path / "pictures", damaged=100, vast=False, seed=1)
    before = state_of(tmp_path / "pictures")
    check = check_folder(str(tmp_path / "pictures"))
    left_out = [
        file.rsplit("/", 1)[-1]
        for finding in check.findings
        if finding.kind == "unreadable" and finding.what.code not in ("wrong-suffix", "one-colour")
        for file in finding.files
    ]
    assert sorted(left_out.count(shown(name)) for name in names["bad"]) == [1] * len(names["bad"])
    assert not {shown(name) for name in (*names["plain"], *names["odd"])} & set(left_out)
    assert check.images + len(left_out) == sum(map(len, names.values()))
    assert all(str(each.to_dict()["message"]).isprintable() for each in check.findings)
    assert state_of(tmp_path / "pictures") == before
