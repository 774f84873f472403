"""Does an ensemble of a few seeds beat its best member, and by how much: trained here, measured on the test part.

    python -m benchmarks.ensemble [--seeds 3] [--epochs 8] [--samples 20000] [--weights equal] [--threads 1] [--cnn]

A small network on Fashion-MNIST, trained with several seeds that share their parts. The best member is chosen on the
validation part; the interval of the gain is 95 %, paired over the test samples. Ends with 0 where it lies above 0.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.catalogue import Catalogue, discover
from engine.commands.ensemble import verdict
from engine.config import RunConfig, recipe
from engine.data import Parts, Source, split
from engine.ensembles.ensemble import Figures
from engine.ensembles.members import measure_ensemble
from engine.events import Failed
from engine.runs import best_checkpoint, new_run


def settings(known: Catalogue, arguments: argparse.Namespace) -> RunConfig:
    model = known.make("model", "cnn", {}) if arguments.cnn else known.make("model", "mlp", {"hidden": [256, 128]})
    return recipe("default", known).changed({
        "dataset": known.make("dataset", "fashion-mnist", {}), "model": model, "epochs": arguments.epochs,
        "batch_size": 128, "train_samples": arguments.samples, "threads": arguments.threads, "device": "cpu",
    })  # fmt: skip


def train(config: RunConfig, known: Catalogue, workspace: Path) -> Path:
    """The best checkpoint of a run."""
    trainer = new_run(config, known, workspace)
    for event in trainer.run():
        if isinstance(event, Failed):
            raise SystemExit(str(event.text))
    folder = Path(trainer.store.path)
    trainer.store.close()
    return best_checkpoint(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--samples", default="20000")
    parser.add_argument("--weights", choices=("equal", "validation"), default="equal")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--cnn", action="store_true")
    arguments = parser.parse_args()
    known = discover(entry_points=False)
    config = settings(known, arguments)
    with TemporaryDirectory() as place:
        workspace = Path(place)
        paths = [train(config.changed({"seed": seed}), known, workspace) for seed in range(arguments.seeds)]

        def parts_of(config: RunConfig) -> Parts:
            return split(config.dataset.load(Source(workspace / "data")), config)

        found = measure_ensemble(paths, known, parts_of, weights=arguments.weights)
    for seed, (member, weight) in enumerate(zip(found.members, found.weights, strict=True)):
        print(f"seed {seed}: test {in_words(member.figures)}, weight {weight:.3f}")
    print(f"together: test {in_words(found.figures)}")
    print(f"not all call {found.disagreement:.1%} of {found.samples:,} samples the same; {verdict(found)}")
    return 0 if found.gain.interval[0] > 0 else 1


def in_words(figures: Figures) -> str:
    low, high = figures.interval
    return f"accuracy {figures.accuracy:.2%} ({low:.2%} to {high:.2%}), loss {figures.loss:.4f}"


if __name__ == "__main__":
    sys.exit(main())
