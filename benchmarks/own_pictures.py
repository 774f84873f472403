"""A folder of one's own photographs: decoding them, training on them, and the memory that it takes.

    python benchmarks/own_pictures.py [--pictures 20000] [--folder DIR] [--pairs 3] [--seed 0]

Makes so many JPEG photographs of ten classes, 256 to 1,024 pixels on a side, in a scratch folder (or in DIR, where they
are found the next time), and reads each file once, so that all that follows finds them in the system's memory.
Measures, by the median of pairs taken in turn, how fast the data set image-folder reads all of them into its cache,
against the same decoding by a bare pool of as many processes that keeps nothing. Then `tunedeck train` with small CNNs
at 64 pixels, the first from an empty workspace, against the usual loop: torchvision's ImageFolder, a DataLoader with
two workers, the same network in float32. What counts is samples per second of the second epoch, without evaluation;
and the memory of all of Tunedeck's processes together, looked at 20 times a second from its start to its end.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.rows import Row, show  # noqa: E402
from engine.hardware import processors  # noqa: E402

CLASSES, LEAST, MOST = 10, 256, 1024
SIZE, BATCH = 64, 64
PEER_WORKERS = 2
NETWORKS = ("16+32+64", "32+64")
"""Channels of the CNN's blocks: a smaller one, and the one that is proposed."""
SHAPES = ("ellipse", "rectangle", "triangle", "cross", "ring")


# --- photographs ----------------------------------------------------------------------------------


def photograph(folder: Path, seed: int, number: int) -> None:
    """One picture, the same for the same numbers: clouds of several octaves, grain, and two shapes of its class."""
    draw = np.random.default_rng([seed, number])
    label = number % CLASSES
    path = folder / f"class {label}" / f"{number:06}.jpg"
    if path.exists():
        return
    width, height = (int(side) for side in draw.integers(LEAST, MOST + 1, 2))
    canvas = np.full((128, 128, 3), 128.0, np.float32)
    for octave in range(1, 7):
        cells = draw.normal(0, 90 / octave, (2**octave, 2**octave, 3)).clip(-127, 127)
        small = Image.fromarray((128 + cells).astype(np.uint8))
        canvas += np.asarray(small.resize((128, 128), Image.Resampling.BICUBIC), np.float32) - 128
    clouds = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    image = clouds.resize((width, height), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for _ in range(2):
        draw_shape(pen, label, draw, width, height)
    grain = draw.integers(-9, 10, (height, width, 1), dtype=np.int16)
    pixels = (np.asarray(image, np.int16) + grain).clip(0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=int(draw.integers(80, 96)))


def draw_shape(pen: ImageDraw.ImageDraw, label: int, draw: np.random.Generator, width: int, height: int) -> None:
    """A shape as all pictures of a class have it, somewhere: each class its own pair of shape and colour."""
    radius = float(draw.uniform(0.15, 0.3)) * min(width, height)
    x, y = draw.uniform(radius, width - radius), draw.uniform(radius, height - radius)
    light = float(draw.uniform(0.7, 1.0))
    warm, cool = (230, 90, 40), (40, 110, 230)
    colour = tuple(int(light * value) for value in (warm if label < len(SHAPES) else cool))
    box, shape = (x - radius, y - radius, x + radius, y + radius), SHAPES[label % len(SHAPES)]
    if shape == "ellipse":
        pen.ellipse(box, fill=colour)
    elif shape == "rectangle":
        pen.rectangle(box, fill=colour)
    elif shape == "triangle":
        pen.polygon([(x, y - radius), (x - radius, y + radius), (x + radius, y + radius)], fill=colour)
    elif shape == "ring":
        pen.ellipse(box, outline=colour, width=max(1, int(radius / 3)))
    else:
        pen.line([(x - radius, y), (x + radius, y)], fill=colour, width=max(1, int(radius / 2)))
        pen.line([(x, y - radius), (x, y + radius)], fill=colour, width=max(1, int(radius / 2)))


# --- decoding -------------------------------------------------------------------------------------


def decode_bare(path: Path) -> int:
    """Decode as the data set does, and keep nothing."""
    from engine.pictures.files import fit, read_picture

    return int(fit(read_picture(path, SIZE), (3, SIZE, SIZE)).shape[0])


def seconds_bare(pool: Pool, files: Sequence[Path]) -> float:
    began = time.perf_counter()
    assert sum(pool.imap_unordered(decode_bare, files, chunksize=8)) == 3 * len(files)
    return time.perf_counter() - began


def seconds_cached(files: Sequence[Path]) -> float:
    """Of the data set's own reading, from a list of files to a cache that is whole on the disk."""
    from engine.data import Source
    from engine.pictures.folder import PictureFile
    from engine.pictures.reader import Form, Progress, decode

    found = []
    for path in files:
        status = path.stat()
        found.append(PictureFile(path, path.name, "training", path.parent.name, status.st_size, status.st_mtime_ns))
    with tempfile.TemporaryDirectory() as folder:
        source = Source(Path(folder))
        began = time.perf_counter()
        made = decode(found, Form(SIZE), source, 10**11, Progress(source))
        passed = time.perf_counter() - began
    assert made.images.shape == (len(files), 3, SIZE, SIZE)
    return passed


def decoding_ratio(files: Sequence[Path], pairs: int) -> float:
    """How fast the cache is made, as a share of the speed of bare decoding."""
    ratios = []
    for path in files:
        path.read_bytes()
    with get_context("forkserver").Pool(processors()) as pool:
        seconds_bare(pool, files[: 8 * processors()])  # the modules are there, the processes awake
        for pair in range(pairs):
            if pair % 2:
                cached, bare = seconds_cached(files), seconds_bare(pool, files)
            else:
                bare, cached = seconds_bare(pool, files), seconds_cached(files)
            ratios.append(bare / cached)
            speeds = f"bare {len(files) / bare:7,.0f}/s   cache {len(files) / cached:7,.0f}/s"
            print(f"{speeds}   ratio {ratios[-1]:.2f}", flush=True)
    return statistics.median(ratios)


# --- training -------------------------------------------------------------------------------------


def tunedeck(folder: Path, channels: str, precision: str, workspace: Path) -> tuple[float, int, float]:
    """Samples per second of its second epoch, its memory's peak in bytes, and the accuracy of the test."""
    command = [
        sys.executable, "-m", "engine", "train", "--dataset", f"image-folder:path={folder},size={SIZE}",
        "--model", f"cnn:channels={channels}", "--epochs", "2", "--batch-size", str(BATCH),
        "--precision", precision, "--workspace", str(workspace), "--json",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, tree_bytes(process.pid))
        time.sleep(0.05)
    assert process.stdout is not None and process.returncode == 0
    result = json.loads(process.stdout.read().splitlines()[-1])
    with open(Path(result["checkpoint"]).parents[1] / "history.csv", encoding="utf-8") as file:
        second = list(csv.DictReader(file))[1]
    return int(second["train_samples"]) / float(second["train_seconds"]), peak, result["test_accuracy"]


def tree_bytes(process: int) -> int:
    """What a process and all below it hold in memory."""
    total, waiting = 0, [process]
    while waiting:
        each = waiting.pop()
        try:
            pages = int(Path(f"/proc/{each}/statm").read_text(encoding="ascii").split()[1])
            total += pages * os.sysconf("SC_PAGE_SIZE")
            for task in Path(f"/proc/{each}/task").iterdir():
                waiting += map(int, (task / "children").read_text(encoding="ascii").split())
        except OSError:  # it ended meanwhile
            continue
    return total


def peer(folder: Path, channels: str) -> float:
    """Samples per second of the second epoch of the loop that most people write."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    from engine.catalogue import discover
    from engine.config import recipe
    from engine.strategy import DataSpec, Slots

    activation = recipe("default", discover()).activation
    network = discover().make("model", "cnn", {"channels": [int(each) for each in channels.split("+")]})
    model = network.build(DataSpec((3, SIZE, SIZE), CLASSES), Slots(activation))
    prepare = transforms.Compose([
        transforms.Resize(SIZE), transforms.CenterCrop(SIZE), transforms.ToTensor(),
        transforms.Normalize([0.5] * 3, [0.25] * 3),
    ])  # fmt: skip
    loader = DataLoader(datasets.ImageFolder(str(folder), prepare), BATCH, shuffle=True, num_workers=PEER_WORKERS)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    rate = 0.0
    for _ in range(2):
        began, samples, total = time.perf_counter(), 0, 0.0
        for inputs, targets in loader:
            loss = nn.functional.cross_entropy(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            samples, total = samples + len(targets), total + loss.item()
        rate = samples / (time.perf_counter() - began)
    return rate


def peer_rate(folder: Path, channels: str) -> float:
    """The same, in a process of its own."""
    command = [sys.executable, __file__, "--folder", str(folder), "--peer", channels]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=3, help="of measures of decoding")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to make them, or where they were made")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        print(peer(arguments.folder, arguments.peer))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.folder or Path(scratch)).resolve() / f"{arguments.pictures} photographs {arguments.seed}"
        began = time.perf_counter()
        with get_context("forkserver").Pool(processors()) as pool:
            make = partial(photograph, folder, arguments.seed)
            for _ in pool.imap_unordered(make, range(arguments.pictures), chunksize=8):
                pass
        files = sorted(folder.rglob("*.jpg"))
        size = sum(path.stat().st_size for path in files)
        print(f"{len(files):,} photographs of {size / 1e6:,.0f} MB in {time.perf_counter() - began:.0f} s", flush=True)
        ratio = decoding_ratio(files, arguments.pairs)
        times, peak = [], 0
        workspace = Path(scratch) / "workspace"
        for channels in NETWORKS:
            theirs = peer_rate(folder, channels)
            for precision in ("float32", "bfloat16"):
                ours, most, accuracy = tunedeck(folder, channels, precision, workspace)
                peak = max(peak, most)
                times.append(ours / theirs)
                told = f"CNN {channels}, {precision}: second epoch {ours:,.0f} samples/s, the usual loop {theirs:,.0f}"
                print(
                    f"{told}, {ours / theirs:.1f} times; test accuracy {accuracy:.3f}; at most {most / 1e9:.2f} GB",
                    flush=True,
                )
    return show([
        Row("decoding into the cache, as a share of bare decoding", ratio, "", 0.9, at_most=False),
        Row("second epoch, smaller CNN in bfloat16, times the usual loop's speed", times[1], "×", 5, at_most=False),
        Row("memory of all processes, at most", peak / 1e9, "GB", 1.5),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
