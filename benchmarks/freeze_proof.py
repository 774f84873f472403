"""What the proof that a frozen body stayed as it was costs: processor time of the hashes against that of an epoch.

    python -m benchmarks.freeze_proof [--epochs 3] [--samples 2000] [--size 64] [--device cpu]

ResNet-18 with a frozen body, on one thread: 11 million weights and their statistics are hashed after each epoch. Told
against an epoch on kept features, the quickest that there is, and against one of the whole network, as with
augmentation. On a GPU, where a processor's time says little, both are told in seconds by the clock.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from unittest import mock

from engine.process import prepare

prepare()  # as a run's process is, before PyTorch is loaded

import torch  # noqa: E402

from engine.catalogue import Catalogue, discover  # noqa: E402
from engine.config import RunConfig, recipe  # noqa: E402
from engine.events import Failed, Proved  # noqa: E402
from engine.frozen.freeze_proof import FreezeProof  # noqa: E402
from engine.trainer import Trainer  # noqa: E402


def settings(known: Catalogue, arguments: argparse.Namespace, ticked: list[dict[str, object]]) -> RunConfig:
    model = known.make("model", "resnet18", {"size": arguments.size})
    config = recipe("default", known).changed({
        "model": model, "epochs": arguments.epochs, "train_samples": str(arguments.samples),
        "validation_samples": str(max(1, arguments.samples // 4)), "threads": "1", "device": arguments.device,
    })  # fmt: skip
    for strategy in (known.make("fine-tuning", "freeze-body", {}), *(known.make(**each) for each in ticked)):
        config = config.ticked(strategy)
    return config


def measured(config: RunConfig, clock: object) -> tuple[float, float, int]:
    """Seconds of an epoch with its validation, seconds of one check, and how many layers it hashed."""
    checks: list[float] = []
    check = FreezeProof.check

    def timed(self: FreezeProof, *arguments: object) -> Proved:
        started = clock()
        proved = check(self, *arguments)
        checks.append(clock() - started)
        return proved

    epochs, layers, started = [], 0, None
    with mock.patch.object(FreezeProof, "check", timed):
        for event in Trainer(config).run():
            if isinstance(event, Failed):
                raise SystemExit(f"{event.text}\n{event.traceback}")
            if isinstance(event, Proved) and len(checks) > len(epochs):
                assert not event.proof.violated, event.proof.told()
                layers = sum(layer.frozen for layer in event.proof.layers)
                epochs.append(clock() - started - checks[-1] if started is not None else float("nan"))
                started = clock()
    return median(epochs[1:]), median(checks), layers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    known = discover(entry_points=False)
    clock = time.process_time if arguments.device == "cpu" else time.perf_counter
    print(
        f"PyTorch {torch.__version__}, resnet18 at {arguments.size} × {arguments.size}, {arguments.samples:,} samples"
    )
    for name, ticked in (
        ("kept features", []),
        ("whole network", [{"kind": "augmentation", "id": "random-horizontal-flip", "values": {}}]),
    ):
        epoch, check, layers = measured(settings(known, arguments, ticked), clock)
        print(
            f"{name:14} epoch {epoch:8.3f} s   hashing {layers} frozen layers {check:.4f} s   "
            f"{check / epoch:.2%} of an epoch"
        )


if __name__ == "__main__":
    main()
