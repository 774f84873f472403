"""`tunedeck caches`: what is kept of which folder, and its removal."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from engine.data import Source
from engine.pictures.journal import ABOUT, JOURNAL
from engine.pictures.kept import list_kept
from plugins.dataset.image_folder import ImageFolder
from tests.engine.support import ROOT, tunedeck


class Told(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys, monkeypatch, workspace):
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: Told(*tunedeck(capsys, "caches", "--workspace", str(workspace), *arguments))


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "사진 [b]"
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        for number in range(6):
            picture = np.full((9, 9), 20 * number, dtype=np.uint8)
            Image.fromarray(picture).save(folder / label / f"{number}.png")
    (folder / "a" / "bad.png").write_bytes(b"no picture")
    return folder


def read(workspace, photos, **settings):
    return ImageFolder(path=str(photos), **settings).load(Source(workspace / "data"))


def told(run):
    return json.loads(run.out.splitlines()[-1])


def test_nothing_is_kept_at_first(cli):
    run = cli()
    assert run.code == 0 and "no decoded pictures" in run.out
    assert told(cli("--json")) == {"bytes": 0, "caches": []}
    assert told(cli("--json", "--remove-all"))["removed"] == {"names": [], "bytes": 0, "left": []}


def test_each_form_is_listed_with_its_folder_and_removed_by_the_beginning_of_its_name(cli, workspace, photos):
    read(workspace, photos, size=8)
    read(workspace, photos, size=16, resize="pad", colour="rgb")
    found = told(cli("--json"))
    newest, older = found["caches"]
    assert {each["folder"] for each in found["caches"]} == {str(photos)}
    forms = [(each["size"], each["channels"], each["resize"], each["colour"]) for each in (newest, older)]
    assert sorted(forms) == [(8, 1, "crop", "auto"), (16, 3, "pad", "rgb")]
    assert all((each["pictures"], each["left_out"], each["complete"]) == (12, 1, True) for each in (newest, older))
    assert found["bytes"] == newest["bytes"] + older["bytes"] > 12 * (64 + 768)
    table = cli().out
    assert str(photos) in table and newest["name"][:8] in table and "not all" not in table
    run = cli("--json", "--remove", newest["name"][:8])
    assert told(run)["removed"] == {"names": [newest["name"]], "bytes": newest["bytes"], "left": []}
    assert [each["name"] for each in told(run)["caches"]] == [older["name"]]
    assert len(read(workspace, photos, size=8).training) == 12, "it is read again"


def test_one_that_is_in_use_is_named_and_stays(cli, workspace, photos):
    bundle = read(workspace, photos, size=8)
    name = list_kept(workspace)[0].name
    run = cli("--remove", name)
    assert run.code == 2 and run.err.count("\n") == 1 and "in use" in run.err and str(photos) in run.err
    run = cli("--json", "--remove-all")
    assert run.code == 0 and "in use" in run.err
    assert told(run)["removed"]["names"] == [] and len(told(run)["removed"]["left"]) == 1
    assert len(told(run)["caches"]) == 1
    del bundle
    assert told(cli("--json", "--remove-all"))["removed"]["names"] == [name]


def test_what_is_not_whole_or_not_known_is_told_as_such(cli, workspace, photos):
    read(workspace, photos, size=8)
    path = list_kept(workspace)[0].path
    lines = (path / JOURNAL).read_text().splitlines(keepends=True)
    (path / JOURNAL).write_text(lines[0])
    assert told(cli("--json"))["caches"][0]["complete"] is False and "not all" in cli().out
    for text in ("", "[]", '{"folder": 3}', "\0" * 200_000):
        (path / ABOUT).write_text(text)
        one = told(cli("--json"))["caches"][0]
        assert one["folder"] is None and one["complete"] is None and "unknown folder" in cli().out
    shutil.copytree(path, path.with_name("other"))
    (path.with_name("other") / JOURNAL).write_text("damaged\n")
    assert {each["size"] for each in told(cli("--json"))["caches"]} == {8, None}
    read(workspace, photos, size=8)
    assert [each["folder"] for each in told(cli("--json"))["caches"] if each["size"]] == [str(photos)], "known again"


def test_a_name_that_is_none_or_many_is_refused(cli, workspace, photos):
    read(workspace, photos, size=8)
    path = list_kept(workspace)[0].path
    shutil.copytree(path, path.with_name(path.name + "x"))
    for name, words in (("zzz", "no decoded pictures"), (path.name[:4], "2 names"), ("", "no decoded"), ("..", "no ")):
        run = cli("--remove", name)
        assert run.code == 2 and words in run.err and run.err.count("\n") == 1, name
    assert len(list_kept(workspace)) == 2
    assert cli("--remove", "x", "--remove-all").code == 2


def test_it_does_without_pytorch(workspace):
    code = "import sys; from engine.cli import main; main(sys.argv[1:]); assert 'torch' not in sys.modules"
    run = subprocess.run([sys.executable, "-c", code, "caches", "--workspace", workspace], cwd=ROOT, timeout=60)
    assert run.returncode == 0
