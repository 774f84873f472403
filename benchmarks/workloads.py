"""What speed is measured on: networks and augmentations that the benchmarks share, as settings of a run."""

from __future__ import annotations

from typing import Any

BATCH = 128
MLP: dict[str, Any] = {
    "model": {"id": "mlp", "hidden": [256, 128]}, "with": [{"id": "batch-norm"}, {"id": "dropout", "p": 0.2}],
}  # fmt: skip
CNN: dict[str, Any] = {"model": {"id": "cnn"}, "with": [{"id": "batch-norm"}, {"id": "dropout", "p": 0.3}]}
RESNET: dict[str, Any] = {"model": {"id": "small-resnet", "widths": [32, 64, 128]}, "with": []}
AUGMENT = [{"id": "random-resized-crop", "scale": [0.7, 1.0]}, {"id": "random-horizontal-flip"}]
