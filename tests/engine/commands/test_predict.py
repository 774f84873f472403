"""Pictures told apart in the terminal, and by the script that goes with an ONNX file: prepared as in training."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.pictures.form import PictureForm
from engine.trained import tell_apart as rooms
from tests.engine.support import ROOT, tunedeck

SCRIPT = ROOT / "resources" / "export" / "predict.py"
RED, GREEN = (200, 40, 30), (30, 190, 60)


def noisy(colour, height, width, seed=0):
    rng = np.random.default_rng(seed)
    ramp = np.linspace(-40, 40, width)[None, :, None] + np.linspace(-30, 30, height)[:, None, None]
    return (np.asarray(colour) + ramp + rng.normal(0, 12, (height, width, 3))).clip(0, 255).astype(np.uint8)


def odd_pictures(folder: Path) -> list[Path]:
    """A picture of every sort that is prepared in its own way."""
    folder.mkdir(parents=True)
    plain = Image.fromarray(noisy(RED, 50, 70))
    clear = plain.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    exif = Image.Exif()
    deep = (np.linspace(0, 65535, 40 * 30).reshape(40, 30)).astype(np.uint16)
    plain.save(folder / "plain.png")
    Image.fromarray(noisy(GREEN, 700, 900)).save(folder / "large.jpg", quality=92)
    Image.fromarray(noisy(GREEN, 640, 480)).save(folder / "large.png")
    for turn in range(1, 9):
        exif[0x0112] = turn
        plain.save(folder / f"turned-{turn}.jpg", exif=exif)
    plain.save(folder / "turned.tif", exif=exif)
    clear.save(folder / "clear.png")
    clear.resize((400, 300)).save(folder / "large clear.webp", lossless=True)
    clear.convert("LA").save(folder / "clear grey.png")
    plain.quantize(16).save(folder / "palette.gif", transparency=3)
    plain.quantize(16).resize((500, 400)).save(folder / "large palette.png", transparency=2)
    Image.fromarray(deep).save(folder / "sixteen.png")
    plain.convert("CMYK").save(folder / "four.jpg")
    plain.convert("1").save(folder / "bits.png")
    plain.convert("L").save(folder / "grey.bmp")
    Image.fromarray(noisy(GREEN, 9, 300)).save(folder / "wide.png")
    Image.fromarray(noisy(GREEN, 301, 4)).save(folder / "high.png")
    Image.fromarray(noisy((240, 240, 240), 20, 20)).save(folder / "light.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    return odd_pictures(tmp_path_factory.mktemp("odd") / "pictures")


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 16), (3, 24, 17)])
def test_the_script_prepares_every_picture_to_the_bit_as_the_trainer_does(odd, resize, shape):
    made = {"__file__": str(SCRIPT)}
    exec(compile(SCRIPT.read_text().partition("\nnamed =")[0], str(SCRIPT), "exec"), made)  # without what it does
    for dark in (True, False):
        form = PictureForm(shape, resize, dark)
        facts = {"input_shape": json.dumps(shape), "resize": resize, "dark_ground": json.dumps(dark)}
        for path in odd:
            expected = form.shaded(form.read(path)[None])[0]
            given = made["prepare"](path, facts)
            assert given.dtype == np.uint8 and np.array_equal(given, expected), path.name


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A run of red and green pictures, in a workspace of its own, and what was exported of it."""
    folder = tmp_path_factory.mktemp("taught")
    for name, colour in (("red", RED), ("green", GREEN)):
        (folder / "data" / name).mkdir(parents=True)
        for number in range(12):
            picture = Image.fromarray(noisy(colour, 20 + number, 30, number))
            picture.save(folder / "data" / name / f"{number}.png")
    return folder


@pytest.fixture
def run(taught, capsys):
    runs = sorted((taught / "ws" / "runs").glob("*"))
    if not runs:
        words = (
            "--epochs",
            12,
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
        data = f"image-folder:path={taught / 'data'},size=12,resize=pad"
        code, _, err = tunedeck(capsys, "train", "--workspace", taught / "ws", "--dataset", data, *words, "--json")
        assert code == 0, err
        runs = sorted((taught / "ws" / "runs").glob("*"))
    return runs[0]


def predicted(capsys, run, *words):
    code, out, err = tunedeck(capsys, "predict", run, *words, "--workspace", run.parents[1], "--json")
    assert code == 0, err
    assert len(out.splitlines()) == 1
    return json.loads(out), err


def test_the_script_calls_pictures_what_predict_calls_them(capsys, run, odd, tmp_path):
    (tmp_path / "words.png").write_text("no picture")
    code, _, err = tunedeck(capsys, "export", run, tmp_path / "net.onnx", "--workspace", run.parents[1])
    assert code == 0, err
    names = [*map(str, odd), str(tmp_path / "words.png")]
    told, _ = predicted(capsys, run, *names)
    for words in (names, ["net.onnx", *names]):
        done = subprocess.run(
            [sys.executable, "-W", "error", tmp_path / "predict.py", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        expected = {each["file"]: (each["class"], each["probability"]) for each in told["predictions"]}
        assert {row[0]: row[1] for row in rows} == {file: called for file, (called, _) in expected.items()}
        assert all(abs(float(row[2]) - expected[row[0]][1]) < 1e-3 for row in rows) and len(rows) == len(odd)
        assert "words.png can't be read" in done.stderr and "Traceback" not in done.stderr
    assert {each["class"] for each in told["predictions"]} == {"red", "green"}


def test_folders_are_looked_through_and_what_can_not_be_read_is_named(capsys, run, tmp_path, monkeypatch):
    monkeypatch.setattr(rooms, "AT_ONCE", 3)
    pictures = tmp_path / "pictures"
    (pictures / "within" / "deeper").mkdir(parents=True)
    for number in range(11):
        colour = GREEN if number % 3 else RED
        place = pictures if number < 4 else pictures / "within" / "deeper"
        Image.fromarray(noisy(colour, 30, 30, number)).save(place / f"{number}.png")
    (pictures / "within" / "empty.png").write_bytes(b"")
    (pictures / "within" / ".hidden.png").write_bytes(b"")
    (pictures / "loop").symlink_to(pictures)
    told, err = predicted(capsys, run, pictures, pictures / "0.png", tmp_path / "absent.png")
    called = {Path(each["file"]).stem: each["class"] for each in told["predictions"]}
    assert called == {str(number): "green" if number % 3 else "red" for number in range(11)}
    assert [Path(each["file"]).stem for each in told["predictions"]][:4] == ["0", "1", "2", "3"]
    assert told["pictures"] == len(told["predictions"]) == 12 and told["inverted"] == 0
    refused = {Path(each["file"]).name: each["reason"] for each in told["refused"]}
    assert set(refused) == {"empty.png", "absent.png"} and "0 bytes" in refused["empty.png"]
    assert len(err.splitlines()) == 2 and "empty.png" in err and "absent.png" in err


def test_a_table_is_printed_and_written(capsys, run, tmp_path):
    Image.fromarray(noisy(GREEN, 30, 30)).save(tmp_path / "a, b.png")
    (tmp_path / "words.txt").write_text("words")
    code, out, err = tunedeck(
        capsys, "predict", run, tmp_path / "a, b.png", tmp_path / "words.txt", "--csv", tmp_path / "out.csv"
    )
    assert code == 0 and "words.txt" in err and out.endswith(f"green  {tmp_path / 'a, b.png'}\n") and "%" in out
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == ["green", ""] and float(rows[0]["probability"]) > 0.5
    assert rows[0]["file"] == str(tmp_path / "a, b.png") and "no picture" in rows[1]["error"]


@pytest.mark.parametrize(("words", "told"), [
    (("absent.png",), "no picture could be read, such as: absent.png can't be read"),
    (("words.txt", "--csv", "words.txt"), "name one that ends in .csv"),
    (("words.txt", "--csv", "absent/a.csv"), "no file that can be written"),
])  # fmt: skip
def test_what_can_not_be_done_is_one_line_of_its_own(capsys, run, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("words")
    code, out, err = tunedeck(capsys, "predict", run, *words)
    assert (code, out) == (2, "") and told in err.splitlines()[-1]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["words.txt"]


def test_a_network_of_light_things_on_dark_ground_sees_dark_ones_inverted(capsys, tmp_path):
    words = ("train", "--epochs", 1, "--train-samples", 64, "--threads", 1, "--model", "linear", "--device", "cpu")
    run = Path(json.loads(tunedeck(capsys, *words, "--json")[1])["run"])
    shirt = np.zeros((28, 28), np.uint8)
    shirt[6:24, 8:20] = 200
    Image.fromarray(shirt).save(tmp_path / "dark.png")
    Image.fromarray(255 - shirt).save(tmp_path / "light.png")
    told, err = predicted(capsys, run, tmp_path / "dark.png", tmp_path / "light.png")
    dark, light = told["predictions"]
    assert (dark["class"], dark["probability"]) == (light["class"], light["probability"])
    assert told["inverted"] == 1 and "1 pictures with a light border were inverted" in err


def test_a_network_that_predicts_values_says_so(capsys, tmp_path):
    words = ("train", "--recipe", "noisy-line", "--epochs", 1, "--threads", 1, "--device", "cpu", "--json")
    run = json.loads(tunedeck(capsys, *words)[1])["run"]
    code, out, err = tunedeck(capsys, "predict", run, tmp_path / "a.png")
    assert (code, out) == (2, "") and "knows no classes" in err
