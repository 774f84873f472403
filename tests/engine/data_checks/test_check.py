"""What is wrong with a folder of pictures: thirty planted defects, and no finding where there is none."""

from __future__ import annotations

import json
import shutil
import unicodedata

import numpy as np
import pytest
from PIL import Image

from engine.data_checks.check import check_folder
from tests.engine.planted import SHARES, Planter, clothes, fingerprint, foreign, write_pictures
from tests.engine.support import tunedeck

KINDS = {
    "unreadable", "class-mismatch", "exact-duplicate", "near-duplicate", "leak", "imbalance", "tiny-validation",
    "mixed-modes",
}  # fmt: skip


@pytest.fixture(scope="session")
def clean(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    write_pictures(folder, *clothes(), SHARES)
    return folder


@pytest.fixture(scope="session")
def bad(clean, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad") / "pictures"
    shutil.copytree(clean, folder)
    return folder, Planter(folder).plant()


def test_all_thirty_defects_are_found_and_nothing_else(bad, capsys):
    folder, planted = bad
    before = fingerprint(folder)
    code, out, _ = tunedeck(capsys, "check-data", folder, "--json")
    told = json.loads(out.splitlines()[-1])
    assert code == 0 and out.count("\n") == 1
    assert list(told) == ["images", "classes", "findings"]
    assert all(list(each) == ["kind", "severity", "files", "message"] for each in told["findings"])
    assert len(planted) == 30 and {each.kind for each in planted} == KINDS
    assert [each.what for each in planted if not each.found_in(told["findings"])] == []
    assert foreign(told["findings"], planted) == []
    assert {each["severity"] for each in told["findings"]} == {"error", "warning", "info"}
    assert fingerprint(folder) == before


def test_in_a_clean_folder_nothing_is_found(clean, capsys):
    before = fingerprint(clean)
    code, out, _ = tunedeck(capsys, "check-data", clean, "--json")
    counts = dict.fromkeys(("bag", "dress", "sandal", "sneaker"), 80)
    assert code == 0 and json.loads(out) == {"images": 320, "classes": counts, "findings": []}
    assert fingerprint(clean) == before


def test_the_table_says_what_and_what_to_do_the_gravest_first(bad, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = tunedeck(capsys, "check-data", bad[0])
    assert code == 0 and out.index("To be mended") < out.index("To be looked at") < out.index("Good to know")
    for finding in check_folder(str(bad[0])).findings[:3]:
        for text in (finding.what, finding.remedy):
            assert str(text)[:40] in " ".join(out.split())


def kinds(check):
    return [(finding.kind, finding.severity) for finding in check.findings]


@pytest.mark.parametrize("junk", [0, 3])
def test_a_folder_without_classes_is_told_in_as_few_words(tmp_path, junk):
    for number in range(junk):
        Image.new("L", (9, 9), number).save(tmp_path / f"{number}.png")
    check = check_folder(str(tmp_path))
    assert check.images == 0 and check.classes == {}
    assert kinds(check) == [("class-mismatch", "error")] + [("unreadable", "warning")] * bool(junk)
    assert [len(finding.files) for finding in check.findings[1:]] == [junk] * bool(junk)


def test_folders_of_nothing_but_junk_are_read_through(tmp_path):
    for label in ("train/a", "train/b", "val/a", "val/c"):
        (tmp_path / label).mkdir(parents=True)
        (tmp_path / label / "x.png").write_text("no")
    check = check_folder(str(tmp_path))
    assert check.images == 0 and kinds(check).count(("unreadable", "warning")) == 4


def test_names_of_any_kind_are_told_composed_and_in_one_line(tmp_path, capsys):
    noise = np.random.default_rng(0)
    one, other = (unicodedata.normalize(form, "고양이") for form in ("NFC", "NFD"))
    for path in (f"train/{one}/[red]a[/].png", f"val/{other}/b\n.png", "train/개/c.png", "val/개/d.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise.integers(0, 256, (20, 20), dtype=np.uint8)).save(tmp_path / path)
    shutil.copy(tmp_path / f"train/{one}/[red]a[/].png", tmp_path / f"val/{other}/again.png")
    code, out, _ = tunedeck(capsys, "check-data", tmp_path, "--json")
    told = json.loads(out)
    assert code == 0 and told["classes"] == {"개": 2, one: 3}
    [leak] = [finding for finding in told["findings"] if finding["kind"] == "leak"]
    assert leak["files"] == [f"train/{one}/[red]a[/].png", f"val/{one}/again.png"]
    code, out, _ = tunedeck(capsys, "check-data", tmp_path)
    assert code == 0 and "[red]a[/].png" in "".join(out.split())


def test_a_folder_that_is_not_there_is_told_in_one_line(tmp_path, capsys):
    code, out, err = tunedeck(capsys, "check-data", tmp_path / "absent", "--json")
    assert code == 2 and out == "" and len(err.strip().splitlines()) == 1 and "is no folder" in err


def test_frames_of_a_burst_are_told_before_they_are_divided_and_after(tmp_path):
    draw, folder = np.random.default_rng(3), tmp_path / "pictures"
    for label in "ab":
        (folder / label).mkdir(parents=True)
        for number in range(0, 300, 10):
            blocks = np.kron(draw.integers(0, 256, (5, 5), dtype=np.uint8), np.ones((8, 8), np.uint8))
            Image.fromarray(blocks[:32, :32]).save(folder / label / f"IMG_{number:04}.png")
    Image.fromarray(blocks[1:33, :32]).save(folder / "b" / "IMG_0291.png")
    files = ("b/IMG_0290.png", "b/IMG_0291.png")
    [found] = [finding for finding in check_folder(str(folder)).findings if finding.kind == "near-duplicate"]
    assert found.severity == "info" and found.files == files and found.mend == "keep-together"
    folder.rename(tmp_path / "train")
    (tmp_path / "val" / "b").mkdir(parents=True)
    (tmp_path / "train" / files[1]).rename(tmp_path / "val" / files[1])
    [leak] = [finding for finding in check_folder(str(tmp_path)).findings if finding.kind == "leak"]
    assert leak.severity == "error" and leak.files == (f"train/{files[0]}", f"val/{files[1]}")
    assert leak.what.code == "leak-burst"


def test_other_sizes_are_told_where_nearly_all_have_one_and_small_ones_where_they_differ(tmp_path):
    draw = np.random.default_rng(0)
    for number in range(60):
        for label in "ab":
            (tmp_path / label).mkdir(exist_ok=True)
            side = 10 if label + str(number) == "a7" else 60
            Image.fromarray(draw.integers(0, 256, (side, side), dtype=np.uint8)).save(
                tmp_path / label / f"{number}.png"
            )

    def told():
        return [
            (each.what.code, each.files) for each in check_folder(str(tmp_path)).findings if each.kind == "mixed-modes"
        ]

    assert told() == [("other-sizes", ("a/7.png",))]
    for number in range(20, 60):
        Image.fromarray(draw.integers(0, 256, (50 + number, 70), dtype=np.uint8)).save(tmp_path / "b" / f"{number}.png")
    assert told() == [("small-pictures", ("a/7.png",))]
