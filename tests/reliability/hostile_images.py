"""Folders of pictures that were made to do harm: a run on one finishes, and says of each file what became of it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows import Row
from engine.data import DataBundle, Source
from engine.pictures.files import shown
from plugins.dataset.image_folder import ImageFolder
from tests.reliability.hostile_pictures import BAD, ODD, VAST, encoded, holding, noise

ROOT = Path(__file__).parents[2]
CLASSES = ("고양이", "강아지")
PLAIN = 20
"""Pictures without fault, of each class."""
SIZE = 16
KINDS = {
    "JPEG": {}, "PNG": {}, "BMP": {}, "WEBP": {}, "TIFF": {"compression": "tiff_lzw"}, "GIF": {},
}  # fmt: skip
SECONDS, MEGABYTES = 120, 1_000
"""How long a run on such a folder may take, and how much memory besides that of one on the sample."""

TRAIN = """
import json, resource, sys
from engine.cli import main

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

assert main([*sys.argv[1:], "--dataset", "fashion-mnist-sample", "--train-samples", "100"]) == 0
before = peak()
code = main([*sys.argv[1:], "--dataset", sys.stdin.read()])
print(json.dumps(peak() - before))
sys.exit(code)
"""
"""Trains on the bundled sample and then on the folder, and prints how many megabytes more the process needed."""


@dataclass(frozen=True)
class Found:
    """What a run on a hostile folder came to."""

    finished: bool
    """Whether it trained to its end, with exit code 0."""
    untouched: bool
    """Whether the folder is as it was."""
    not_named_once: tuple[str, ...]
    """What can't be used, and is not in the run's log in exactly one line."""
    lost: tuple[str, ...]
    """Pictures that were refused."""
    unaccounted: int
    """Files neither among the samples nor named."""
    megabytes: float
    """What the run took besides the memory of one on the bundled sample."""
    words: str
    """What was printed that is none of the program's words."""


def try_folder(folder: Path, *, damaged: int, vast: bool = False, seed: int = 0) -> Found:
    """Train on a folder in which lie every hostile file, every odd picture, and so many damaged at random."""
    pictures, workspace = folder / "pictures", folder / "workspace"
    names = fill(pictures, damaged, vast, seed)
    before = state_of(pictures)
    dataset = ImageFolder(path=str(pictures), size=SIZE)
    code, out, err = _train(pictures, workspace)
    lines = out.strip().splitlines()
    result = json.loads(lines[1]) if code == 0 else {}
    log = _log(Path(result["run"])) if result else ""
    bundle = dataset.load(Source(workspace / "data"))
    said = [str(text) for text in bundle.log]
    return Found(
        finished=code == 0 and result["reason"].startswith("all epochs done"),
        untouched=state_of(pictures) == before,
        not_named_once=tuple(
            name for name in names["bad"] if log.count(f"/{shown(name)} ") != 1 or named(name, said) != 1
        ),
        lost=tuple(name for name in (*names["odd"], *names["plain"]) if named(name, said)),
        unaccounted=sum(map(len, names.values())) - samples_of(bundle) - len(said),
        megabytes=float(lines[-1]) if lines else 0.0,
        words="\n".join(line for line in err.splitlines() if not line.startswith(("epoch ", "tunedeck: ", "reading "))),
    )


def fill(pictures: Path, damaged: int, vast: bool, seed: int) -> dict[str, list[str]]:
    """Make the folder; the names of its files, by what they are."""
    names: dict[str, list[str]] = {"plain": [], "odd": [], "bad": [], "damaged": []}
    for number, label in enumerate(CLASSES):
        (pictures / label).mkdir(parents=True)
        for each in range(PLAIN):
            name = f"plain {number} {each}.png"
            noise(seed=100 * number + each).point(lambda value, n=number: value // 2 + 100 * n).save(
                pictures / label / name
            )
            names["plain"].append(name)
    for kind, table in (("odd", ODD | (VAST if vast else {})), ("bad", BAD)):
        for name, make in table.items():
            make(pictures / CLASSES[kind == "bad"] / name)
            names[kind].append(name)
    draw = random.Random(seed)
    for number in range(damaged):
        kind = draw.choice(list(KINDS))
        name = f"damaged {number}.{kind.lower()}"
        holding(damage(encoded(noise(seed=number % 10), kind, **KINDS[kind]), draw))(
            pictures / CLASSES[number % 2] / name
        )
        names["damaged"].append(name)
    return names


def damage(data: bytes, draw: random.Random) -> bytes:
    """A file, cut short, with bytes changed, left out or put in, most of them near its beginning."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        place = min(
            len(changed) - 1, int(draw.expovariate(1 / 60)) if draw.random() < 0.6 else draw.randrange(len(changed))
        )
        what = draw.randrange(6)
        if what == 0:
            changed[place] ^= 1 << draw.randrange(8)
        elif what == 1:
            changed[place : place + 4] = draw.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
        elif what == 2:
            changed[place] = draw.randrange(256)
        elif what == 3:
            del changed[place : place + draw.randrange(1, 50)]
        elif what == 4:
            changed[place:place] = draw.randbytes(draw.randrange(1, 50))
        else:
            del changed[max(1, draw.randrange(len(changed))) :]
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def named(name: str, said: Iterable[str]) -> int:
    """In how many lines a file is named."""
    return sum(f"/{shown(name)} " in line for line in said)


def samples_of(bundle: DataBundle) -> int:
    """In all parts."""
    return sum(len(part) for part in (bundle.training, bundle.validation, bundle.test) if part is not None)


def state_of(folder: Path) -> list[tuple[str, os.stat_result]]:
    """Names, lengths, times and owners of everything in a folder; reading changes nothing of it."""
    found = []
    for above, folders, files in os.walk(folder):
        for name in sorted((*folders, *files)):
            path = os.path.join(above, name)  # noqa: PTH118
            status = os.lstat(path)
            found.append(
                (path, (status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
            )
    return found


def _train(pictures: Path, workspace: Path) -> tuple[int, str, str]:
    words = ["train", "--json", "--workspace", str(workspace), "--epochs", "1", "--threads", "1"]
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, *words], input=f"image-folder:path={pictures},size={SIZE}", cwd=ROOT,
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def _log(run: Path) -> str:
    return (run / "log.txt").read_text(encoding="utf-8")


def hostile_images(trials: int = 10_000) -> list[Row]:
    """The long form."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        found = try_folder(Path(folder), damaged=trials, vast=True)
        seconds = time.perf_counter() - started
    for name in (*found.not_named_once, *found.lost, found.words):
        print(name, file=sys.stderr)
    bad, odd = len(BAD), len(ODD) + len(VAST) + 2 * PLAIN
    return [
        Row(
            "hostile pictures: left out, each named once",
            bad - len(found.not_named_once),
            f"of {bad}",
            bad,
            at_most=False,
        ),
        Row("odd or vast pictures: used", odd - len(found.lost), f"of {odd}", odd, at_most=False),
        Row(f"of {trials:,} pictures damaged at random: neither used nor named", abs(found.unaccounted), "", 0),
        Row("the run on all of them finishes", int(found.finished), "of 1", 1, at_most=False),
        Row("their folder is as it was", int(found.untouched), "of 1", 1, at_most=False),
        Row("lines printed by decoders", len(found.words.splitlines()), "lines", 0),
        Row("memory besides that of a run on the bundled sample", found.megabytes, "MB", MEGABYTES),
        Row("time from start to end", seconds, "s", SECONDS),
    ]
