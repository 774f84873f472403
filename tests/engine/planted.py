"""A folder of pictures for training, validation and test, and thirty defects of all kinds planted in it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from engine.idx import read_idx

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"
SHARES = ("train",) * 4 + ("val",) * 2 + ("test",) * 2


@dataclass(frozen=True)
class Planted:
    """One defect."""

    kind: str
    what: str
    files: tuple[str, ...] = ()
    word: str = ""
    """What its message names, where it is about no files."""

    def found_in(self, findings: Sequence[dict]) -> bool:
        """Whether a finding of its kind names its files, or is about what it is about."""
        return any(
            each["kind"] == self.kind and set(self.files) <= set(each["files"]) and self.word in each["message"]
            for each in findings
        )


def clothes() -> tuple[np.ndarray, list[str]]:
    """Of the bundled sample, images `[320, 28, 28]` and what each is: 80 each of four classes."""
    images = read_idx(SAMPLE / "train-images-idx3-ubyte", 3).numpy()
    labels = read_idx(SAMPLE / "train-labels-idx1-ubyte", 1).numpy()
    classes = {3: "dress", 5: "sandal", 7: "sneaker", 8: "bag"}
    rows = np.concatenate([np.flatnonzero(labels == label)[:80] for label in classes])
    return images[rows], [classes[label] for label in labels[rows].tolist()]


def write_pictures(folder: Path, images: np.ndarray, labels: Sequence[str], parts: Sequence[str] = ()) -> None:
    """Pictures `[N, H, W]` as PNG, one folder for each class; of each eight of a class, as `parts` says."""
    seen: dict[str, int] = {}
    for image, label in zip(images, labels, strict=True):
        number = seen[label] = seen.get(label, -1) + 1
        above = folder / parts[number % len(parts)] if parts else folder
        (above / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(above / label / f"{label}-{number:04}.png")


def foreign(findings: Sequence[dict], planted: Sequence[Planted]) -> list[dict]:
    """Findings that are about nothing that was planted."""
    files = {name for each in planted for name in each.files}
    whole = {each.kind for each in planted if not each.files}
    return [
        each for each in findings if not files & set(each["files"]) and (each["files"] or each["kind"] not in whole)
    ]


def fingerprint(folder: Path) -> str:
    """Of all names, bytes and times in a folder."""
    digest = blake2b()
    for path in sorted(folder.rglob("*")):
        digest.update(repr((str(path.relative_to(folder)), path.stat().st_mtime_ns, path.stat().st_mode)).encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


class Planter:
    """Plants defects in a folder of `write_pictures` with `SHARES`, each in pictures that nothing else was done to."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder = folder
        self.planted: list[Planted] = []
        self._draw = np.random.default_rng(seed)
        self._labels = sorted(path.name for path in (folder / "train").iterdir())
        self._fresh: dict[tuple[str, str], list[Path]] = {}
        for part in ("train", "val", "test"):
            for label in self._labels:
                paths = sorted((folder / part / label).iterdir())
                self._fresh[part, label] = [paths[row] for row in self._draw.permutation(len(paths))]

    def plant(self) -> list[Planted]:
        """All thirty."""
        self._whole_parts()
        self._unreadable()
        self._copies()
        self._leaks()
        self._modes()
        return self.planted

    def _whole_parts(self) -> None:
        first, second, third, *_ = self._labels
        for label in self._labels:  # two of each class stay
            for path in sorted((self.folder / "val" / label).iterdir())[2:]:
                path.unlink()
        self._add("tiny-validation", "a small validation part", word="validation part")
        small = sorted((self.folder / "train" / first).iterdir())
        for path in small[len(small) // 6 :]:
            path.unlink()
        self._add("imbalance", "a class a sixth as large as the others", word=first)
        shutil.rmtree(self.folder / "test" / second)
        self._add("class-mismatch", "a class without pictures to test on", word=second)
        (self.folder / "train" / "nothing").mkdir()
        self._add("class-mismatch", "an empty folder", "train/nothing")
        other = self.folder / "test" / f"{third}s"
        other.mkdir()
        path = self._take("test", third)
        path.rename(other / path.name)
        self._add("class-mismatch", "a class that is called otherwise in test", f"test/{third}s/{path.name}")

    def _unreadable(self) -> None:
        path = self._take()
        path.write_text("no picture")
        self._add("unreadable", "a text", path)
        path = self._take()
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        self._add("unreadable", "a file that is cut off", path)
        path = self._take()
        path.write_bytes(b"")
        self._add("unreadable", "an empty file", path)
        path = self._take()
        path.write_bytes(_jpeg(Image.open(path), 90))
        self._add("unreadable", "a JPEG that is called PNG", path)
        path = self._take()
        Image.new("L", (28, 28), 0).save(path)
        self._add("unreadable", "a picture of one colour", path)
        (self.folder / "train" / "stray.png").write_bytes(self._take().read_bytes())
        self._add("unreadable", "a file of no class", "train/stray.png")

    def _copies(self) -> None:
        a, b = self._labels[1:3]
        for what, name in (("a copy", "{} (2).png"), ("as BMP", "{}.bmp"), ("as other PNG", "other {}.png")):
            path = self._take()
            self._like("exact-duplicate", what, path, path.with_name(name.format(path.stem)), lambda image: image)
        for what in ("in two classes", "in two classes, named otherwise"):
            path = self._take("train", a)
            name = path.name if what == "in two classes" else "another.png"
            self._like("exact-duplicate", what, path, self.folder / "train" / b / name, lambda image: image)
        changes: dict[str, Callable[[Image.Image], Image.Image]] = {
            "JPEG of quality 90": lambda image: Image.open(io.BytesIO(_jpeg(image, 90))),
            "JPEG of quality 75": lambda image: Image.open(io.BytesIO(_jpeg(image, 75))),
            "lighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
            "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.8),
            "noise": self._noisy,
            "twice as large": lambda image: image.resize((56, 56), Image.Resampling.BICUBIC),
        }
        for what, change in changes.items():
            path = self._take()
            self._like("near-duplicate", what, path, path.with_name(f"{path.stem}x.png"), change)

    def _leaks(self) -> None:
        label = self._labels[-1]
        for what, part, to in (("a copy in test", "train", "test"), ("a copy in val", "train", "val")):
            path = self._take(part, label)
            self._like("leak", what, path, self.folder / to / label / "again.png", lambda image: image)
        path = self._take("train", label)
        target = self.folder / "test" / label / "saved again.jpg"
        self._like("leak", "a JPEG in test", path, target, lambda image: image)
        path = self._take("test", label)
        self._like("leak", "of val and test", path, self.folder / "val" / label / "noisy.png", self._noisy)
        for number, to in ((12, "val"), (40, "test")):
            path = self._take("train", label)
            frame = path.rename(path.with_name(f"IMG_{number:04}.png"))
            after = self.folder / to / label / f"IMG_{number + 1:04}.png"
            self._like("leak", "the next frame of a burst", frame, after, _moved)

    def _modes(self) -> None:
        for what, change in (
            ("a coloured picture", lambda image: Image.merge("RGB", (image, image.point(lambda v: v // 2), image))),
            ("a picture of 16 bits", lambda image: Image.fromarray(np.asarray(image).astype(np.uint16) * 257)),
        ):
            path = self._take()
            change(Image.open(path)).save(path)
            self._add("mixed-modes", what, path)

    def _like(
        self, kind: str, what: str, path: Path, other: Path, change: Callable[[Image.Image], Image.Image]
    ) -> None:
        change(Image.open(path)).save(other)
        self._add(kind, what, path, other)

    def _add(self, kind: str, what: str, *files: Path | str, word: str = "") -> None:
        names = tuple(file.relative_to(self.folder).as_posix() if isinstance(file, Path) else file for file in files)
        self.planted.append(Planted(kind, what, names, word))

    def _take(self, part: str = "train", label: str = "") -> Path:
        label = label or self._labels[1 + len(self.planted) % (len(self._labels) - 1)]
        return next(path for path in iter(self._fresh[part, label].pop, None) if path.exists())

    def _noisy(self, image: Image.Image) -> Image.Image:
        values = np.asarray(image) + self._draw.normal(0, 4, np.asarray(image).shape)
        return Image.fromarray(values.clip(0, 255).round().astype(np.uint8))


def _moved(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.roll(np.asarray(image), 1, 1))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=quality)
    return kept.getvalue()
