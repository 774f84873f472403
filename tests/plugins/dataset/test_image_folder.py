"""One's own pictures: how they become samples, classes and parts, and what is told of those that don't."""

from __future__ import annotations

import json
import unicodedata

import numpy as np
import pytest
import torch
from PIL import Image

from engine.data import Source, split
from engine.events import Failed, Loading, Started
from engine.message import InputError
from engine.pictures import reader as picture_reader
from engine.runner import Runner
from engine.runs import new_run
from tests.engine.support import run, tunedeck
from tests.plugins.bench import CATALOGUE, config, strategy

TINY = ("--epochs", 1, "--threads", 1, "--model", "mlp:hidden=8")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def fill(folder, *paths, seed=0):
    """Pictures of noise, each its own."""
    draw = np.random.default_rng(seed)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (12, 12), dtype=np.uint8)).save(folder / path)
    return folder


def many(folder, count=20, classes="ab", seed=0):
    return fill(folder, *(f"{label}/{number}.png" for label in classes for number in range(count)), seed=seed)


def load(folder, **values):
    dataset = strategy("image-folder", path=str(folder), **{"size": 12} | values)
    return dataset.load(Source(folder.parent / "data"))


def settings(folder, **values):
    return config(strategy("image-folder", path=str(folder), size=12)).changed(
        {"train_samples": "all", "epochs": 1} | values
    )


def test_each_class_has_its_number_in_the_order_of_their_names(folder):
    fill(folder, "dog/1.png", "cat/1.png", "cat/2.png")
    data = load(folder)
    assert data.class_names == ("cat", "dog") and data.training.targets.tolist() == [0, 0, 1]
    assert data.training.inputs.shape == (3, 1, 12, 12) and data.training.inputs.dtype == torch.uint8
    assert data.validation is None and data.test is None and data.warnings == () and data.log == ()
    assert data.training.inputs[2, 0].numpy().tolist() == np.asarray(Image.open(folder / "dog" / "1.png")).tolist()


def test_composed_and_decomposed_names_are_one_class_and_so_are_parts(folder):
    one, other = (unicodedata.normalize(form, "고양이") for form in ("NFC", "NFD"))
    fill(folder, f"train/{one}/1.png", "train/개/1.png", f"train/{other}/2.png", f"val/{other}/3.png", "test/개/4.png")
    data = load(folder)
    assert data.class_names == ("개", "고양이")
    assert [part.targets.tolist() for part in (data.training, data.validation, data.test)] == [[0, 1, 1], [1], [0]]


def test_parts_that_the_folder_lacks_are_cut_from_the_training_pictures(folder):
    many(folder)
    parts = split(load(folder), settings(folder))
    assert parts.spec.samples == (29, 3, 8) and parts.spec.class_counts in ((14, 15), (15, 14))
    assert parts.test.targets.bincount().tolist() == [4, 4]


def test_exact_duplicates_stay_in_one_part_whatever_their_names_and_kinds(folder):
    many(folder, 12)
    for number in range(12):
        for label in "ab":
            picture = Image.open(folder / label / f"{number}.png")
            picture.save(folder / label / f"copy of {number}.bmp")
            picture.convert("RGB").save(folder / label / f"other copy of {number}.png", optimize=True)
    parts = split(load(folder), settings(folder))
    seen = [
        {image.numpy().tobytes() for image in part.inputs} for part in (parts.training, parts.validation, parts.test)
    ]
    assert sum(parts.spec.samples) == 72 and sum(map(len, seen)) == 24
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def scene(draw):
    """A picture of 32×32, and the same moved by a pixel."""
    blocks = np.kron(draw.integers(0, 256, (5, 5), dtype=np.uint8), np.ones((8, 8), np.uint8))
    return [Image.fromarray(blocks[step : step + 32, :32]) for step in range(2)]


def parts_of(folder, **values):
    """By its pixels, each sample's part."""
    parts = split(load(folder, **values), settings(folder))
    named = (("training", parts.training), ("validation", parts.validation), ("test", parts.test))
    return {image.numpy().tobytes(): name for name, part in named for image in part.inputs}


@pytest.mark.parametrize(("keep", "apart"), [("names", 0), ("exact", 1)])
def test_frames_of_a_video_stay_in_one_part_by_their_names(folder, keep, apart):
    paths = [
        f"{label}/{label}_{video:02}_frame{frame}.png" for label in "ab" for video in range(12) for frame in range(4)
    ]
    fill(folder, *paths)
    where = parts_of(folder, keep_together=keep)
    videos = {}
    for path in paths:
        videos.setdefault(path.partition("_frame")[0], set()).add(
            where[np.asarray(Image.open(folder / path)).tobytes()]
        )
    assert len(set(where.values())) == 3
    assert (max(map(len, videos.values())) > 1) == bool(apart)


@pytest.mark.parametrize(("keep", "apart"), [("similar", 0), ("exact", 1)])
def test_pictures_that_are_alike_stay_in_one_part_and_frames_that_move(folder, keep, apart):
    draw, groups = np.random.default_rng(1), []
    for label in "ab":
        (folder / label).mkdir()
        for number in range(20):
            paths = [folder / label / f"IMG_{10 * number + step:04}.png" for step in range(2)]
            first, moved = scene(draw)
            lighter = first.point(lambda value: min(255, round(1.1 * value)))
            for path, picture in zip(paths, (first, moved if number % 2 else lighter), strict=True):
                picture.save(path)
            groups.append(paths)
    where = parts_of(folder, keep_together=keep, size=32)
    found = [{where[np.asarray(Image.open(path)).tobytes()] for path in paths} for paths in groups]
    assert set.union(*found) == {"training", "validation", "test"}
    assert (max(map(len, found)) > 1) == bool(apart)


def test_keeping_together_is_told_where_it_changes_nothing_and_a_bad_pattern_before_the_run(folder):
    fill(folder, *(f"{part}/{label}/1.png" for part in ("train", "val", "test") for label in "ab"))
    assert [text.code for text in load(folder, keep_together="similar").warnings] == ["parts-given"]
    bad = config(strategy("image-folder", path=str(folder), keep_together="names", name_pattern="("))
    assert [(each.level, each.field) for _, each in bad.advice()] == [("error", "name_pattern")]
    unused = config(strategy("image-folder", path=str(folder), name_pattern="a"))
    assert [(each.level, each.field) for _, each in unused.advice()] == [("warning", "name_pattern")]


def test_what_can_not_be_read_is_told_in_one_line_and_named_in_the_log(folder, tmp_path):
    many(folder, 4)
    (folder / "a" / "bad.png").write_bytes(b"no")
    (folder / "notes.txt").write_text("of no class")
    data = load(folder)
    [warning] = data.warnings
    assert str(warning).startswith("2 of 10 files could not be read and are left out") and "\n" not in str(warning)
    assert [str(text).split(" ")[0] for text in data.log] == ["notes.txt", "a/bad.png"]
    trainer = new_run(settings(folder), CATALOGUE, tmp_path / "workspace")
    started = next(event for event in run(trainer) if isinstance(event, Started))
    assert ("image-folder", warning) in started.warnings
    log = (tmp_path / "workspace" / "runs" / trainer.store.path.name / "log.txt").read_text()
    assert "the samples (0 MB) stay in memory" in log
    assert log.count("a/bad.png") == 1 and log.count("notes.txt") == 1


def test_a_class_without_training_pictures_is_left_out_and_named(folder):
    fill(folder, "train/a/1.png", "train/b/1.png", "test/a/2.png", "test/c/1.png", "test/c/2.png")
    data = load(folder)
    assert data.class_names == ("a", "b") and data.test.targets.tolist() == [0]
    assert [text.code for text in data.warnings] == ["class-without-training"] and "2 pictures" in str(data.log[0])


def test_a_picture_amid_others_that_is_left_out_shifts_no_label(folder):
    fill(folder, "train/a/1.png", "train/b/1.png", "test/a/2.png", "test/c/1.png", "test/z/1.png", "test/b/3.png")
    data = load(folder)
    assert data.test.targets.tolist() == [0, 1]
    for row, path in enumerate(("test/a/2.png", "test/b/3.png")):
        assert data.test.inputs[row, 0].numpy().tolist() == np.asarray(Image.open(folder / path)).tolist()


@pytest.mark.parametrize("paths", [(), ("a/1.png",), ("train/a/1.png", "test/b/1.png")])
def test_fewer_than_two_classes_are_refused_in_one_line(folder, paths):
    fill(folder, *paths)
    with pytest.raises(InputError, match="at least two are needed") as raised:
        load(folder)
    assert "\n" not in str(raised.value)


def test_where_all_are_unreadable_the_first_reason_is_told(folder):
    for label in "ab":
        (folder / label).mkdir()
        (folder / label / "x.png").write_bytes(b"no")
    with pytest.raises(InputError, match=r"2 files were left out, such as: a/x.png is no picture"):
        load(folder)


def test_without_a_path_the_settings_say_so_before_the_run():
    [(_, advice)] = [each for each in config(strategy("image-folder")).advice() if each[0] == "image-folder"]
    assert advice.level == "error" and advice.field == "path"


def test_a_folder_that_is_not_there_is_told_in_one_line(folder, capsys):
    code, _, err = tunedeck(capsys, "train", "--dataset", f"image-folder:path={folder / 'absent'}", *TINY)
    assert code == 2 and len(err.strip().splitlines()) == 1 and "is no folder that can be read" in err


def test_the_command_line_trains_on_a_folder_and_measures_on_another(folder, capsys):
    many(folder, 30)
    (folder / "b" / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    given = f"image-folder:path={folder},size=12"
    code, out, err = tunedeck(capsys, "train", "--dataset", given, *TINY, "--json")
    assert code == 0 and "1 of 61 files could not be read" in err
    checkpoint = json.loads(out)["checkpoint"]
    other = many(folder.parent / "others", 20, seed=1)
    again = f"image-folder:path={other},size=12"
    code, out, _ = tunedeck(capsys, "evaluate", checkpoint, "--dataset", again, "--json")
    assert code == 0 and json.loads(out)["samples"] == 40


def test_a_folder_of_other_classes_is_no_measure(folder, capsys):
    many(folder, 10)
    code, out, _ = tunedeck(capsys, "train", "--dataset", f"image-folder:path={folder},size=12", *TINY, "--json")
    other = many(folder.parent / "others", 10, "cd")
    given = f"image-folder:path={other},size=12"
    code, _, err = tunedeck(capsys, "evaluate", json.loads(out)["checkpoint"], "--dataset", given)
    assert code == 2 and "knows the classes a, b; the data set image-folder has c, d" in err


def test_to_be_stopped_while_it_loads_ends_it_at_once(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(picture_reader, "PATIENCE", 0.0)
    many(folder, 5)

    def stopped(report):
        def tell(text, fraction):
            report(text, fraction)
            raise InputError("never-started", "stopped before the first step")

        return new_run(settings(folder), CATALOGUE, tmp_path / "workspace", tell)

    runner = Runner(stopped)
    runner.start()
    assert runner.join(60)
    events = [runner.events.get() for _ in range(runner.events.qsize())]
    assert [type(event) for event in events] == [Loading, Failed] and events[-1].text.code == "never-started"
    assert not list((tmp_path / "workspace").glob("runs/*"))
