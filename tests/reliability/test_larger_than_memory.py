"""Pictures that are read from the disk batch by batch need no memory of their size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.catalogue import discover
from engine.data import Source

PICTURES = 96
SIZE = PICTURES * 3 * 512 * 512


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made, draw = tmp_path_factory.mktemp("many"), np.random.default_rng(0)
    for number in range(PICTURES):
        path = made / "pictures" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
    return made


def measured(folder, how):
    script = Path(__file__).with_name("larger_than_memory.py")
    command = [sys.executable, str(script), str(folder / "pictures"), str(folder / "data"), how]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    samples, size, code, grown = done.stdout.split()
    assert int(samples) == PICTURES and int(size) == SIZE
    return code, int(grown)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no process how much memory it came to need")
def test_a_run_needs_memory_for_its_pictures_only_where_they_stay_there(folder):
    pictures = discover().make("dataset", "image-folder", {"path": str(folder / "pictures"), "size": 512})
    pictures.load(Source(folder / "data"))  # they are decoded, which takes memory of its own
    told, without = measured(folder, "read")
    assert told == "samples-read"
    told, grown = measured(folder, "resident")
    assert told == "samples-resident" and grown > without + 0.7 * SIZE
