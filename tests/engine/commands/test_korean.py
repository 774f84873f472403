"""A Korean at the terminal meets no English: every verb is carried out, with what is right and what is wrong."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from engine.language import VARIABLE
from engine.lessons.reading import lesson_files
from engine.terminal import carry_out
from engine.terminal.verbs import VERBS
from engine.yaml_file import write_yaml
from tests.engine.lessons.test_lesson import lesson_data
from tests.engine.support import tunedeck
from tests.korean import english_in, typed_words

TINY = ("--recipe", "first-lesson", "--train-samples", "60", "--validation-samples", "40", "--epochs", "2", "--device",
        "cpu", "--threads", "1")  # fmt: skip
GIVEN = """
zz zzz qq nowhere low high log on off patient cat frame train val test falls turns stays names mine fast slow head small
Bag Pullover Dress Trouser Sandal Sneaker Shirt Coat Krizhevsky Goyal Srivastava Dozat Odena Dumoulin Olah et al
"""
"""What the test gives, classes of the data, words of examples of what is typed, and authors."""
CLASSES = {"T-shirt/top", "Ankle boot"}


def right(run, other, pictures, folder):
    """Command lines that are carried out."""
    yield from ([verb, "--help"] for verb in VERBS)
    yield from (["--help"], ["resume", run, "--more", "1"], ["fork", other, *TINY, "--lr", "0.01", "--epochs", "3"])
    yield from (["twin", "--against", "--with dropout", *TINY], ["ablate", "--seeds", "2", "--with", "dropout", *TINY])
    yield from (["evaluate", run], ["evaluate", run, "--part", "validation"])
    yield ["evaluate", run, "--views", "2", "--with", "random-crop", "--suspects", folder / "s.csv"]
    yield from (["predict", run, pictures, folder / "none.png"], ["predict", run, pictures, "--csv", folder / "p.csv"])
    yield from (["export", run, folder / "a.onnx"], ["export", run, folder / "a.safetensors"])
    yield from (["ensemble", run, other], ["ensemble", run, other, "--weights", "validation"])
    yield from (["runs"], ["runs", run.name, other.name], ["runs", "--search", "zzz"], ["caches"], ["plugins"])
    yield from (["plugins", "dropout"], ["plugins", "reduce-lr-on-plateau"])
    yield from (["summary"], ["data-curve", "--shares", "50,100", "--seeds", "1", *TINY])
    yield from (["lesson"], ["lesson", "mine", "--guess", "1"], ["find-lr", "--steps", "20", *TINY])
    yield ["search", "--tune", "lr=1e-4..1e-2:log", "--trials", "2", "--processes", "1", *TINY]
    yield from (
        ["code", "--command", *TINY],
        ["code", "-o", folder / "zz.py", *TINY],
        ["hardware"],
        ["diagnose", other],
    )
    yield from (["check-data", pictures], ["check-data", folder])
    yield ["check-data", pictures, "--augmentations", "random-vertical-flip"]
    yield ["submit", "mine", "--name", "민지", "-o", folder / "민지.tunedeck.json"]
    yield from (["submissions", folder], ["submissions", folder, "--csv", folder / "marks.csv"])


def wrong(run, pictures, folder):
    """Command lines that are refused."""
    for words in (
        "trian", "train --epochs x", "train --epohcs 3", "train --epochs -1", "train --epochs", "train --with dropotu",
        "train --with dropout:p=2", "train --with dropout:q=1", "train --with dropout:p=qq", "train --with dropout:p",
        "train --optimizer adm", "train --dataset image-folder:path=/nowhere", "train --dataset image-folder",
        "train --recipe zz", "train --config zz.yaml", "train --device cuda:7", "train --device zz",
        "train --threads -1", "train --train-samples 1000000", "train --train-samples zz", "train --lr -1",
        "train --seed -5", "train --loss zz", "train --model mlp:hidden=qq", "train --batch-size 0",
        "train --with early-stopping:monitor=zz", "train --with early-stopping:mode=zz", "train --lr 1e30",
        "train --with adam", "train --with mixup:alpha=0", "resume", "resume /nowhere", "twin", "ablate",
        "ablate --seeds 0 --with dropout", "evaluate /nowhere", "predict /nowhere zz", "runs zz", "runs zz qq",
        "caches --remove zz", "plugins zz", "plugins dropuot", "summary --model zz",
        "data-curve --shares zz", "data-curve --shares 200", "data-curve --seeds 0", "lesson zz", "lesson 99",
        "lesson 1 --guess zz", "submit zz --name qq", "submit 1", "submit 1 --name qq --guess zz",
        "submissions /nowhere", "find-lr --lowest 1 --highest 0.1", "find-lr --steps 1", "search", "search --tune zz",
        "search --tune lr=a..b", "search --tune lr=1..0", "search --tune dropout.p=0..3", "search --tune lr",
        "search --tune lr=0..1 --trials 0", "search --tune lr=0..1 --sampler zz", "search --join zz",
        "code -o /nowhere/zz.py", "diagnose zz", "check-data", "check-data /nowhere", "hardware --meazure",
    ):  # fmt: skip
        yield words.split()
    yield from (["resume", run, "--epochs", "1"], ["resume", run, "--more", "-3"], ["fork", folder / "p.csv"])
    yield from (["resume", run, "--epochs", "2", "--more", "3"], ["twin", *TINY, "--against", "--zz"])
    yield from (["evaluate", run, "--part", "zz"], ["evaluate", run, "--views", "0"], ["evaluate", run, "--views", "2"])
    yield from (["evaluate", run, "--with", "dropout"], ["evaluate", run, "--dataset", "zz"])
    yield from (["predict", run, "/nowhere"], ["predict", run, pictures, "--csv", "/nowhere/zz.csv"])
    yield from (
        ["export", run, "zz.zz"],
        ["export", run, "/nowhere/zz.onnx"],
        ["ensemble", run],
        ["ensemble", run, run],
    )
    yield from (["check-data", pictures, "--augmentations", "zz"], ["train", "--config", folder / "wrong.yaml"])
    yield from (["evaluate", folder / "none.safetensors"], ["lesson", folder / "wrong.yaml"])


@pytest.fixture
def folder(tmp_path, workspace):
    """A folder with pictures of two classes, among them the same twice and two files that are none."""
    for number, (label, place) in enumerate((label, n) for label in ("개", "고양이") for n in range(12)):
        path = tmp_path / "사진" / label / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.RandomState(number).randint(0, 255, (16, 16, 3), np.uint8)).save(path)
    shutil.copy(tmp_path / "사진" / "개" / "1.png", tmp_path / "사진" / "고양이" / "same.png")
    (tmp_path / "사진" / "개" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "none.safetensors").write_bytes(b"no tensors")
    (tmp_path / "wrong.yaml").write_text("epochs: [\n")
    write_yaml_in(workspace / "lessons")
    return tmp_path


def write_yaml_in(folder):
    folder.mkdir(parents=True)
    data = lesson_data(text=["보세요."], look_at=["곡선."])
    data["variants"][0]["label"] = "빠르게"
    data["question"]["text"] = "어느 쪽이 낮을까요?"
    for choice, text in zip(data["question"]["choices"], ("빠른 쪽", "느린 쪽"), strict=True):
        choice["text"] = text
    write_yaml(folder / "01-mine.yaml", data)  # fmt: skip


@pytest.mark.filterwarnings("ignore")
def test_no_line_of_a_verb_is_english_to_a_korean(capsys, workspace, folder, catalogue, monkeypatch, one_thread):
    monkeypatch.setenv(VARIABLE, "ko")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(carry_out, "discover", lambda folder: catalogue)  # the same each time
    for seed in ("0", "3"):
        assert tunedeck(capsys, "train", *TINY, "--seed", seed, "--name", f"시드 {seed}")[0] == 0
    run, other = sorted((workspace / "runs").glob("20*"))
    lessons = {path.stem.partition("-")[2] for path in lesson_files(workspace)}
    known, english, spoken = typed_words() | lessons | set(GIVEN.split()) | CLASSES, [], set()
    lines = [(each, True) for each in right(run, other, folder / "사진", folder)]
    lines += [(each, False) for each in wrong(run, folder / "사진", folder)]
    for words, is_right in lines:
        code, out, err = tunedeck(capsys, *words)
        if (code == 0) != is_right:
            english.append(f"{words} ended with {code}: {err}")
        spoken.add(words[0])
        for line in (out + err).splitlines():
            found = english_in(line, known)
            english += [f"{' '.join(map(str, words))}: {found}: {line.strip()}"] if found else []
    assert spoken >= VERBS.keys()
    assert not english, "\n".join(dict.fromkeys(english))
