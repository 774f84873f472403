"""What pretraining without labels is worth: a classifier of 500 labelled images, from random weights and from a body.

    python -m benchmarks.autoencoder [--seeds 8] [--labels 500] [--workspace FOLDER] [--models mlp cnn] …

An autoencoder learns, without labels, from all training images of Fashion-MNIST, made noisy, to give them back. Then
the same classifier is trained from random weights and from the autoencoder's body, with the same seeds: each seed has
its own labelled images, its own order and its own initial head. As many labelled images again choose the best epoch.
The interval of the gain in test accuracy is 95 %, paired over the seeds; the one pretrained body is given. With a
workspace the runs are kept, and the same command goes on where it was interrupted. Ends with 0 where a model gains and
none loses.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from engine.process import prepare

prepare()  # as a run's process is, before PyTorch is loaded

from engine.catalogue import Catalogue, discover  # noqa: E402
from engine.config import RunConfig, recipe  # noqa: E402
from engine.runs import best_checkpoint  # noqa: E402
from engine.seed_noise import paired_difference  # noqa: E402
from engine.strategy_text import parse_strategy  # noqa: E402
from engine.sweeps.sweep import Member, Standing, State  # noqa: E402
from engine.terminal.sweep import conclude, train_sweep  # noqa: E402

PRECISION = {"mlp": "float32", "cnn": "bfloat16"}
"""In which the autoencoders train: convolutions take half the time so."""


def epochs_of(given: argparse.Namespace, model: str) -> int:
    """For how many epochs a model's autoencoder trains."""
    return given.mlp_epochs if model == "mlp" else given.cnn_epochs


def settings(known: Catalogue, given: argparse.Namespace, **values: Any) -> RunConfig:
    common = {
        "dataset": known.make("dataset", "fashion-mnist", {}), "validation_samples": str(given.labels),
        "threads": given.threads, "device": "cpu",
    }  # fmt: skip
    return recipe("default", known).changed(common | values)


def pretraining(known: Catalogue, given: argparse.Namespace, model: str) -> RunConfig:
    """An autoencoder on all images but those that choose the best epoch."""
    made = settings(
        known, given, epochs=epochs_of(given, model), batch_size=128, precision=PRECISION[model],
        model=parse_strategy(f"{model}-autoencoder", known, "model"), loss=known.make("loss", "mse", {}),
    )  # fmt: skip
    return made.ticked(parse_strategy(given.noise, known))


def classifying(known: Catalogue, given: argparse.Namespace, model: str, body: Path | None, seed: int) -> RunConfig:
    """A classifier of a few labelled images, from a body or from random weights."""
    made = settings(
        known, given, epochs=given.epochs, batch_size=32, lr=given.lr, train_samples=str(given.labels), seed=seed,
        split_seed=seed, model=known.make("model", model, {}),
    )  # fmt: skip
    return made if body is None else made.ticked(known.make("initializer", "from-checkpoint", {"path": str(body)}))


def measured(known: Catalogue, given: argparse.Namespace, model: str, workspace: Path) -> tuple[float, float]:
    """Train, and print what pretraining is worth to a model. Returns the interval of the gain in accuracy."""
    first = Member(f"{model}-autoencoder", pretraining(known, given, model))
    code, [pretrained] = train_sweep([first], known, workspace)
    if conclude(code, [pretrained]) or pretrained.record is None:
        raise SystemExit(1)
    body = best_checkpoint(pretrained.record.folder)
    seeds = range(given.seeds)
    members = [
        Member(f"{model}, {name}, seed {seed}", classifying(known, given, model, start, seed))
        for seed in seeds
        for name, start in (("random weights", None), ("pretrained body", body))
    ]
    code, found = train_sweep(members, known, workspace)
    if conclude(code, found):
        raise SystemExit(1)
    random, started = accuracies(found[0::2]), accuracies(found[1::2])
    gain = paired_difference(started, random)
    assert gain is not None, "at least one pair was trained"
    test_loss = pretrained.record.test_loss
    epochs, seconds = epochs_of(given, model), pretrained.record.seconds
    print(f"{model}: pretrained for {epochs} epochs in {seconds:.0f} s, test loss {test_loss:.3f}")
    for name, figures in (("random weights", random), ("pretrained body", started)):
        print(f"  {name}: {fmean(figures):.2%} ({', '.join(f'{figure:.2%}' for figure in figures)})")
    low, high = gain.interval or (float("nan"), float("nan"))
    print(f"  gain {gain.difference:+.2%}, 95 % {low:+.2%} to {high:+.2%}, {given.seeds} seeds", flush=True)
    return low, high


def accuracies(found: list[Standing]) -> list[float]:
    """Of the test part, run by run."""
    records = [each.record for each in found if each.state is State.DONE]
    return [record.test_accuracy for record in records if record is not None and record.test_accuracy is not None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["mlp", "cnn"], choices=("mlp", "cnn"))
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--labels", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=40, help="of a classifier")
    parser.add_argument("--lr", type=float, default=1e-3, help="of a classifier")
    parser.add_argument("--mlp-epochs", type=int, default=10, help="of the MLP's autoencoder")
    parser.add_argument("--cnn-epochs", type=int, default=4, help="of the CNN's autoencoder")
    parser.add_argument("--noise", default="gaussian-noise:sigma=0.3", help="the augmentation of the autoencoder")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--workspace", type=Path)
    given = parser.parse_args()
    known = discover(entry_points=False)
    with TemporaryDirectory() as place:
        workspace = (given.workspace or Path(place)).resolve()
        gains = [measured(known, given, model, workspace) for model in given.models]
    return 0 if any(low > 0 for low, _ in gains) and all(high >= 0 for _, high in gains) else 1


if __name__ == "__main__":
    sys.exit(main())
