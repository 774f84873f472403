"""A network measured on other data than its own: classes by their names, all that is new; suspects by their files."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

from tests.engine.support import tunedeck

COLOURS = {"blue": (30, 40, 200), "green": (30, 190, 60), "red": (200, 40, 30)}


def fill(folder, classes, count=10, size=20):
    for name, colour in classes.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            noise = np.random.default_rng(number).normal(0, 12, (size, size + 4, 3))
            picture = Image.fromarray((np.asarray(colour) + noise).clip(0, 255).astype(np.uint8))
            picture.save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    return tmp_path_factory.mktemp("taught")


@pytest.fixture
def run(taught, capsys):
    if not (taught / "data").exists():
        fill(taught / "data", COLOURS, 12)
        words = (
            "--epochs",
            15,
            "--threads",
            1,
            "--device",
            "cpu",
            "--model",
            "linear",
            "--lr",
            0.01,
            "--batch-size",
            8,
        )
        data = f"image-folder:path={taught / 'data'},size=10,resize=stretch,colour=auto"
        code, _, err = tunedeck(capsys, "train", "--workspace", taught / "ws", "--dataset", data, *words, "--json")
        assert code == 0, err
    return next((taught / "ws" / "runs").iterdir())


def measured(capsys, run, *words):
    code, out, err = tunedeck(capsys, "evaluate", run, "--workspace", run.parents[1], *words, "--json")
    assert code == 0, err
    return json.loads(out), err


def test_all_of_a_folder_without_parts_is_measured_in_the_networks_own_form(capsys, run, tmp_path):
    fill(tmp_path / "new", COLOURS, 9, size=37)
    found, err = measured(capsys, run, "--dataset", f"image-folder:path={tmp_path / 'new'}")
    assert (found["part"], found["samples"], found["accuracy"], found["notes"]) == ("all", 27, 1.0, []) and err == ""
    low, high = found["interval"]
    assert 0.8 < low < 1 and high == pytest.approx(1)


def test_classes_are_matched_by_name_and_unknown_ones_told(capsys, run, tmp_path):
    # In the order of the alphabet other numbers stand for the classes here.
    fill(tmp_path / "new", {"a stranger": (120, 120, 120), "red": COLOURS["red"], "green": COLOURS["green"]}, 6)
    found, err = measured(capsys, run, "--dataset", f"image-folder:path={tmp_path / 'new'}")
    assert (found["samples"], found["accuracy"]) == (12, 1.0)
    assert len(err.splitlines()) == 1 and "6 samples are left out" in err and "(a stranger)" in err


def test_a_folder_with_parts_is_measured_on_its_test_part_or_the_one_that_is_asked_for(capsys, run, tmp_path):
    fill(tmp_path / "new" / "train", COLOURS, 4)
    fill(tmp_path / "new" / "test", {"red": COLOURS["red"]}, 3)
    data = f"image-folder:path={tmp_path / 'new'}"
    assert [measured(capsys, run, "--dataset", data)[0][key] for key in ("part", "samples")] == ["test", 3]
    other = measured(capsys, run, "--dataset", data, "--part", "training")[0]
    assert other["part"] == "training" and 3 < other["samples"] <= 12


@pytest.mark.parametrize(("dataset", "told"), [
    ("image-folder:path={new}", "the network knows the classes blue, green, red"),
    ("noisy-line", "the network takes [3, 10, 10]"),
])  # fmt: skip
def test_data_that_can_not_be_measured_are_one_line(capsys, run, tmp_path, dataset, told):
    fill(tmp_path / "new", {"cat": (0, 0, 0), "dog": (9, 9, 9)}, 3)
    words = ("--workspace", run.parents[1], "--dataset", dataset.format(new=tmp_path / "new"))
    code, out, err = tunedeck(capsys, "evaluate", run, *words)
    assert (code, out) == (2, "") and told in err and len(err.splitlines()) == 1


def test_suspected_labels_are_written_with_their_files_the_surest_first(capsys, run, tmp_path):
    fill(tmp_path / "new", COLOURS, 9)
    (tmp_path / "new" / "red" / "3.png").rename(tmp_path / "new" / "green" / "wrong.png")
    words = ("--dataset", f"image-folder:path={tmp_path / 'new'}", "--suspects", tmp_path / "out.csv")
    found, _ = measured(capsys, run, *words)
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert found["suspects"] == len(rows) == 1 and found["suspects_file"] == str(tmp_path / "out.csv")
    row = rows[0]
    assert (row["file"], row["label"], row["suggested"]) == ("green/wrong.png", "green", "red")
    assert float(row["suggested_probability"]) > 0.5 > float(row["label_probability"])
    code, out, err = tunedeck(capsys, "evaluate", run, "--workspace", run.parents[1], "--suspects", "out.txt")
    assert (code, out) == (2, "") and "ends in .csv" in err
