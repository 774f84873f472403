"""What is wrong with a folder of pictures: thirty planted defects, and no finding where there is none."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from engine.data_check import check_folder
from engine.idx import read_idx
from tests.engine.planted import SHARES, Planter, fingerprint, foreign, write_pictures
from tests.engine.support import ROOT, tunedeck

KINDS = {
    "unreadable", "class-mismatch", "exact-duplicate", "near-duplicate", "leak", "imbalance", "tiny-validation",
    "mixed-modes",
}  # fmt: skip


@pytest.fixture(scope="session")
def clothes():
    """Of the bundled sample, the images and labels of four classes: 80 of each."""
    sample = ROOT / "resources" / "sample"
    images = read_idx(sample / "train-images-idx3-ubyte", 3).numpy()
    labels = read_idx(sample / "train-labels-idx1-ubyte", 1).numpy()
    rows = np.concatenate([np.flatnonzero(labels == label)[:80] for label in (3, 5, 7, 8)])
    return images[rows], [("", "", "", "dress", "", "sandal", "", "sneaker", "bag")[label] for label in labels[rows]]


@pytest.fixture(scope="session")
def clean(clothes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    write_pictures(folder, *clothes, SHARES)
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


def test_in_a_clean_folder_nothing_is_found(clean, clothes, capsys):
    before = fingerprint(clean)
    code, out, _ = tunedeck(capsys, "check-data", clean, "--json")
    counts = {label: clothes[1].count(label) for label in sorted(set(clothes[1]))}
    assert code == 0 and json.loads(out) == {"images": 320, "classes": counts, "findings": []}
    assert fingerprint(clean) == before


def test_the_table_says_what_and_what_to_do_the_gravest_first(bad, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = tunedeck(capsys, "check-data", bad[0])
    assert code == 0 and out.index("To be mended") < out.index("To be looked at") < out.index("Good to know")
    for finding in check_folder(str(bad[0])).findings[:3]:
        for text in (finding.what, finding.remedy):
            assert str(text)[:40] in " ".join(out.split())
