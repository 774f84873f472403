"""How much faster a frozen body trains when what it gives for each image is kept: the same run with and without that.

    python -m benchmarks.frozen_body [--epochs 20] [--samples 2000] [--size 64] [--threads N] [--repetitions 3]

ResNet-18 on the bundled sample, with weights made here, without augmentation. Both runs take turns; what counts is the
median of the ratios of what all epochs took, with their validations and with the computing of the features, but without
checkpoints and the test at the end, which are the same in both. Besides: whether the losses of all steps agree up to
rounding, and whether every tensor of the body, buffers included, is to the bit what it was.
"""

from __future__ import annotations

import argparse
import sys
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from unittest import mock

from engine.process import prepare

prepare()  # as a run's process is, before PyTorch is loaded

import safetensors.torch  # noqa: E402
import torch  # noqa: E402
from torchvision import models  # noqa: E402

from benchmarks.rows import Row, show  # noqa: E402
from engine import learner  # noqa: E402
from engine.catalogue import Catalogue, discover  # noqa: E402
from engine.config import RunConfig, recipe  # noqa: E402
from engine.events import Failed  # noqa: E402
from engine.trainer import Trainer  # noqa: E402

CLOSE = 1e-2
"""How far a step's losses may lie apart, as a share of the larger: the two round differently, step after step."""


def write_weights(path: Path) -> None:
    """Weights of a ResNet-18 that has learned nothing, but whose norms have seen images."""
    torch.manual_seed(0)
    network = models.resnet18()
    with torch.no_grad():
        network(torch.rand(32, 3, 64, 64))
    safetensors.torch.save_file(network.state_dict(), path)


def settings(known: Catalogue, weights: Path, arguments: argparse.Namespace) -> RunConfig:
    model = known.make("model", "resnet18", {"weights_file": str(weights), "size": arguments.size})
    return recipe("pretrained-frozen-body", known).changed({
        "model": model, "epochs": arguments.epochs, "train_samples": str(arguments.samples),
        "validation_samples": str(max(1, arguments.samples // 4)), "threads": arguments.threads, "device": "cpu",
    })  # fmt: skip


def digest(trainer: Trainer) -> str:
    """Of every tensor of the body."""
    hashed = sha256()
    for name, tensor in trainer.learner.model.get_submodule("body").state_dict().items():
        hashed.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return hashed.hexdigest()


def timed(config: RunConfig, *, keeps: bool) -> tuple[float, list[float], bool]:
    """Seconds of a run's epochs, its losses, and whether the body is what it was."""
    trainer = Trainer(config)
    before = digest(trainer)
    with mock.patch.object(learner, "halves", learner.halves if keeps else lambda network: None):
        for event in trainer.run():
            if isinstance(event, Failed):
                raise SystemExit(str(event.text))
    seconds = sum(row.train_seconds + row.val_seconds for row in trainer.history.epochs)
    return seconds, trainer.history.steps[:, 1].tolist(), digest(trainer) == before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--threads", default="auto")
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    known = discover(entry_points=False)
    with TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        write_weights(weights)
        config = settings(known, weights, arguments)
        pairs = [(timed(config, keeps=False), timed(config, keeps=True)) for _ in range(arguments.repetitions)]
    whole, kept = (median(run[0] for run in runs) for runs in zip(*pairs, strict=True))
    ratio = median(one[0] / other[0] for one, other in pairs)
    apart = max(abs(a - b) / max(a, b) for one, other in pairs for a, b in zip(one[1], other[1], strict=True))
    same = sum(run[2] for pair in pairs for run in pair)
    print(f"{arguments.epochs} epochs: {whole:.1f} s with the whole network, {kept:.1f} s with features kept")
    return show([
        Row("as fast with features kept", ratio, "times", 1.0, at_most=False),
        Row("losses of a step apart, at most", apart, "", CLOSE),
        Row("bodies to the bit what they were", same, f"of {2 * len(pairs)}", 2 * len(pairs), at_most=False),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
