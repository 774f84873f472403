"""What each switch that makes a run faster changes in its losses, against a loop that anybody would write.

    python -m benchmarks.parity [--samples 10000] [--epochs 2] [--only mlp cnn]

The loop is written by hand below: plain layers, PyTorch's optimizer as it comes, float32, one thread, the run's own
first weights and batches. Without switches the run must give the same losses, bit for bit; else the exit code is 1.
For the others it is told where their losses first differ and by how much, as a share of the loop's; what another seed
changes is there to compare with. Fashion-MNIST, batches of 128, batch norm, without dropout, whose random numbers are
the run's own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.workloads import BATCH, CNN, MLP
from engine.catalogue import Catalogue, discover
from engine.config import RunConfig
from engine.data import permutation
from engine.trainer import Trainer

LR = 1e-3
BEGINNING = 10
"""Steps that are looked at by themselves: later ones begin with other weights already."""
CASES = {"mlp": MLP, "cnn": CNN}


@dataclass(frozen=True)
class Way:
    """One way to compute the same run."""

    name: str
    fused: bool = False
    channels_last: bool = False
    precision: str = "float32"
    threads: int = 1
    seed: int = 0


EXACT = Way("the run, without switches")
WAYS = (
    EXACT,
    Way("fused optimizer", fused=True),
    Way("channels-last convolutions", channels_last=True),
    Way("both, as it trains", fused=True, channels_last=True),
    Way("two threads", threads=2),
    Way("both, two threads", fused=True, channels_last=True, threads=2),
    Way("both, bfloat16", fused=True, channels_last=True, precision="bfloat16"),
    Way("another seed", seed=1),
)


@dataclass(frozen=True)
class Curve:
    """The loss of each step, and the accuracy on the validation part at the end."""

    losses: list[float]
    accuracy: float


def trainer(case: str, way: Way, samples: int, epochs: int, catalogue: Catalogue) -> Trainer:
    """A run, computed in that way."""
    config: dict[str, Any] = {
        "dataset": "fashion-mnist", "train_samples": str(samples), "epochs": epochs, "batch_size": BATCH, "lr": LR,
        "model": CASES[case]["model"], "with": [{"id": "batch-norm"}], "optimizer": "adam", "activation": "relu",
        "device": "cpu", "precision": way.precision, "threads": str(way.threads), "seed": way.seed,
    }  # fmt: skip
    made = Trainer(RunConfig.from_dict(config, catalogue))
    layout = torch.channels_last if way.channels_last else torch.contiguous_format
    made.learner.model.to(memory_format=layout)
    for group in made.learner.optimizer.param_groups:
        group["fused"], group["foreach"] = way.fused, False
    return made


def trained(of: Trainer) -> Curve:
    """What the run gives."""
    list(of.run())
    accuracy = of.history.epochs[-1].val_accuracy
    assert accuracy is not None
    return Curve(of.history.steps[:, 1].tolist(), accuracy)


def network(case: str) -> nn.Module:
    """The network of a case, layer by layer."""
    if case == "mlp":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(784, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, 128), nn.BatchNorm1d(128),
            nn.ReLU(), nn.Linear(128, 10),
        )  # fmt: skip
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


def by_hand(case: str, of: Trainer) -> Curve:
    """What the loop gives that anybody would write, with the first weights and the batches of a run."""
    torch.set_num_threads(1)
    model, own = network(case), of.learner.model.state_dict()
    model.load_state_dict(dict(zip(model.state_dict(), own.values(), strict=True)))
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    training, validation = of.learner.parts.training, of.learner.parts.validation
    mean, std = of.learner.scale.mean, of.learner.scale.std
    losses = []
    for epoch in range(of.config.epochs):
        for rows in permutation(len(training), of.config.seed, epoch).split(BATCH):
            inputs = (training.at(rows).float() - mean) / std
            loss = functional.cross_entropy(model(inputs), training.targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert validation is not None
    model.eval()
    with torch.no_grad():
        right = [
            (model((inputs.float() - mean) / std).argmax(1) == labels).sum()
            for inputs, labels in zip(validation.inputs.split(1000), validation.targets.split(1000), strict=True)
        ]
    return Curve(losses, int(sum(right)) / len(validation))


def row(name: str, curve: Curve, reference: Curve) -> str:
    """A row of the table."""
    apart = [abs(a - b) / b for a, b in zip(curve.losses, reference.losses, strict=True)]
    first = next((f"from step {step} on" for step, share in enumerate(apart, 1) if share), "never: bit for bit")
    figures = f"{max(apart[:BEGINNING]):.1e} | {max(apart):.1e} | {curve.accuracy:.1%}"
    return f"| {name} | {first} | {figures} |"


def rows(case: str, samples: int, epochs: int, catalogue: Catalogue) -> Iterator[tuple[Way | None, str]]:
    """The rows of a case, each as soon as it is known, the loop's first."""
    reference = by_hand(case, trainer(case, EXACT, samples, epochs, catalogue))
    yield None, row("the loop written by hand", reference, reference)
    for way in WAYS:
        yield way, row(way.name, trained(trainer(case, way, samples, epochs, catalogue)), reference)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    arguments = parser.parse_args()
    catalogue, exact = discover(), True
    for case in arguments.only:
        print(f"| {case} | losses differ | by, in {BEGINNING} steps | by, to the end | validation accuracy |")
        print("|---|---|---|---|---|")
        for way, text in rows(case, arguments.samples, arguments.epochs, catalogue):
            print(text, flush=True)
            exact &= way is not EXACT or "bit for bit" in text
        print()
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
