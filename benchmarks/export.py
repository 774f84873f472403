"""Every model and every technique that fills a slot, taken away as ONNX: does the file do the same on all images?

    python benchmarks/export.py [ID ...]

Each network is trained for a moment on the bundled sample, exported, and compared with the network on all validation
images in batches of 1, 7 and 64. Prints a table; the exit code is 1 where a file differs or can't be made.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.rows import Row, show
from engine.catalogue import Catalogue, discover
from engine.checkpoints.checkpoint import write_checkpoint
from engine.config import RunConfig, recipe
from engine.data import Parts, Source, split
from engine.exports.export import MOST_DIFFERENCE, export
from engine.exports.onnx_file import opened_onnx
from engine.message import InputError
from engine.store import MemoryStore
from engine.strategy import Model
from engine.trained.predictions import open_network
from engine.trainer import Trainer

SIZES = (1, 7, 64)
LEAST_SPREAD = 1e-3
"""How far a probability differs between images, at least: were they all alike, agreement would prove nothing."""
SIDE = 64
"""Of the images within models that have a size of their own: large enough, and fast."""


def settings(catalogue: Catalogue) -> Iterator[tuple[str, RunConfig]]:
    """Every model with its slots filled; then every technique for a slot in the first model that has it."""
    base = recipe("default", catalogue).changed({
        "epochs": 4, "train_samples": "128", "batch_size": 8, "threads": "1", "device": "cpu",
    })  # fmt: skip
    # Averaged, so that the statistics of batch norms are measured: after so few steps they are as they began.
    base = base.ticked(catalogue.make("regularizer", "swa", {}))
    models = [entry.id for entry in catalogue.of_kind("model")]
    layers = [entry.id for entry in catalogue.of_kind("regularizer") if entry.slot]
    tried = set()
    for id in models:
        config = base.changed({"model": small(catalogue, id)})
        for layer in layers:
            technique = catalogue.make("regularizer", layer, {})
            filled = {each.slot for each in config.regularizers}
            if technique.slot in config.model.slots - filled:
                config = config.ticked(technique)
                tried.add(layer)
        yield id, config
    for layer in layers:
        technique = catalogue.make("regularizer", layer, {})
        home = next((id for id in models if technique.slot in small(catalogue, id).slots), None)
        if layer not in tried and home is not None:
            yield f"{home} with {layer}", base.changed({"model": small(catalogue, home)}).ticked(technique)


def small(catalogue: Catalogue, id: str) -> Model:
    """A model that takes little time."""
    model = catalogue.make("model", id, {})
    assert isinstance(model, Model)
    return model.model_copy(update={"size": SIDE}) if "size" in type(model).model_fields else model


def compared(config: RunConfig, catalogue: Catalogue, folder: Path) -> tuple[int, float, float]:
    """How many images are called another class in a batch of any size, the largest difference, and the spread."""
    store = MemoryStore()
    list(Trainer(config, lambda: store).run())
    path = folder / "run.safetensors"
    write_checkpoint(path, store.best())
    made = export(path, folder / "net.onnx", catalogue, parts_of)
    network, run = open_network(path, catalogue), opened_onnx(made.file)
    validation = parts_of(config).validation
    assert validation is not None
    expected = network.activated(network.outputs(validation.inputs))
    other, difference = 0, 0.0
    for size in SIZES:
        given = np.concatenate([run(images.numpy()) for images in validation.inputs.split(size)])
        other += int((given.argmax(1) != expected.argmax(1)).sum())
        difference = max(difference, float(np.abs(given - expected).max()))
    return other, difference, float(np.ptp(expected, axis=0).max())


def parts_of(config: RunConfig) -> Parts:
    return split(config.dataset.load(Source(Path())), config)


def main(wanted: list[str]) -> int:
    torch.set_num_threads(1)
    catalogue, rows = discover(entry_points=False), []
    with tempfile.TemporaryDirectory() as folder:
        for name, config in settings(catalogue):
            if wanted and name not in wanted:
                continue
            try:
                other, difference, spread = compared(config, catalogue, Path(folder))
            except InputError as error:
                print(f"{name}: {error}", file=sys.stderr)
                other, difference, spread = -1, float("inf"), 0.0
            rows.append(Row(f"{name}: images called another class", abs(other), "", 0))
            rows.append(Row(f"{name}: largest difference of probability", difference, "", MOST_DIFFERENCE))
            rows.append(
                Row(f"{name}: spread of a probability over the images", spread, "", LEAST_SPREAD, at_most=False)
            )
            print(*rows[-3:], sep="\n", file=sys.stderr, flush=True)
    return show(rows)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
