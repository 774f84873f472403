"""Steady training throughput of Tunedeck against other trainers, taking turns.

    python benchmarks/throughput.py [--workloads mlp,cnn,…] [--tuned] [--rounds 10] [--samples 60000] [--python FILE]

The others are those of `benchmarks/other_trainers.py` whose packages are installed; `--python` is the interpreter of an
environment that has them, so that they need not be in Tunedeck's. In each round every one trains in a process of its
own on the same network, number of samples and batches of 128: Tunedeck with the settings of `benchmarks/workloads.py`
and `threads: auto`, in float32 and, where the network convolves, in bfloat16; the others as they are usually written,
or with `--tuned` as their documentation advises, in both precisions. After two rounds the two fastest of the others go
on alone. What counts is samples per second of the best epoch after the first, by the wall clock, without evaluation.
Prints each trainer's median with its range, and Tunedeck's ratio to the best of the others, round by round, as a median
with a bootstrap 95 % lower bound.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ratios import in_words, lower_bound
from benchmarks.rows import Row, show
from benchmarks.workloads import AUGMENT, BATCH, CNN, MLP, RESNET

OTHERS = Path(__file__).with_name("other_trainers.py")
NAMES = ("hand-written", "lightning", "ignite", "fastai", "skorch", "keras")
SETTINGS: dict[str, dict[str, Any]] = {"mlp": MLP, "cnn": CNN, "resnet": RESNET, "resnet-colour": RESNET}
LEAST = {
    ("mlp", False, False): {"float32": 1.5}, ("mlp", True, False): {"float32": 8.0},
    ("cnn", False, False): {"float32": 1.5, "bfloat16": 2.0}, ("cnn", True, False): {"float32": 2.0, "bfloat16": 2.5},
    ("cnn", False, True): {"faster": 1.3}, ("cnn", True, True): {"faster": 1.8},
    ("resnet", False, True): {"faster": 1.15}, ("resnet", True, True): {"faster": 1.3},
    ("resnet-colour", False, True): {"faster": 1.15}, ("resnet-colour", True, True): {"faster": 1.3},
}  # fmt: skip
"""The ratio to the best of the others that is to be reached, by workload, whether augmented and whether the others are
tuned: with a precision of Tunedeck, or with its faster one, as the others are then in both."""
SCREENING, KEPT = 2, 2
"""After so many rounds, so many of the others go on: those that were fastest in one of them."""


def tunedeck(workload: str, augment: bool, precision: str, samples: int, epochs: int) -> tuple[int, float]:
    """Parameters of the network, and samples per second of the engine, measured outside it: by the events' arrival."""
    from engine.process import prepare

    prepare()  # as a run's process is, before PyTorch is loaded
    import torch

    from benchmarks.other_trainers import images_and_labels
    from engine.catalogue import discover
    from engine.config import RunConfig
    from engine.data import DataBundle, Part, Source
    from engine.events import EpochEnded, Loading, Saved, Started, Steps
    from engine.strategy import Dataset
    from engine.trainer import Trainer

    class Same(Dataset):
        """The very images that the others are given."""

        id = "same"

        def load(self, source: Source) -> DataBundle:
            images, labels = images_and_labels(workload, samples + BATCH)
            inputs = torch.from_numpy(images)
            inputs = inputs.unsqueeze(1) if inputs.ndim == 3 else inputs.permute(0, 3, 1, 2).contiguous()
            targets = torch.from_numpy(labels)
            few = Part(inputs[samples:], targets[samples:])
            return DataBundle(Part(inputs[:samples], targets[:samples]), few, few, tuple(map(str, range(10))))

    settings = SETTINGS[workload]
    config = RunConfig.from_dict(
        {
            "epochs": epochs, "batch_size": BATCH, "precision": precision, "model": settings["model"],
            "with": [*(AUGMENT if augment else []), *settings["with"]],
        },
        discover(),
    ).changed({"dataset": Same()})  # fmt: skip
    trainer = Trainer(config)
    rates, start, trained = [], 0.0, trainer.learner.parts.spec.samples[0]
    for event in trainer.run():
        if isinstance(event, (Started, Loading, Saved)):
            start = time.perf_counter()
        elif isinstance(event, Steps) and event.batch == len(trainer.learner.bounds):
            rates.append(trained / (time.perf_counter() - start))
        elif isinstance(event, EpochEnded):
            assert event.row.train_samples == trained
    parameters = sum(parameter.numel() for parameter in trainer.learner.model.parameters())
    return parameters, max(rates[1:] or rates)


def measured(command: Sequence[object]) -> tuple[int, float]:
    """Parameters, and samples per second, as a process prints them last."""
    output = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
    parameters, rate = output.rsplit("parameters=", 1)[1].split("samples_per_second=")
    return int(parameters), float(rate)


def compared(workload: str, augment: bool, others: Sequence[str], arguments: argparse.Namespace) -> Iterator[Row]:
    """Measure one workload, print it, and give its rows."""
    precisions = ("float32",) if workload == "mlp" else ("float32", "bfloat16")
    wanted = ["--workload", workload, "--samples", arguments.samples, "--epochs", arguments.epochs]
    wanted += ["--augment"] if augment else []
    tuned = ["--tuned"] if arguments.tuned else []
    ours = {f"tunedeck {each}": [sys.executable, __file__, "--one", each, *wanted] for each in precisions}
    theirs = {
        f"{name} {each}": [arguments.python, OTHERS, name, *wanted, "--precision", each, *tuned]
        for name in others
        if name != "keras" or workload in ("mlp", "cnn")
        for each in (precisions if arguments.tuned else ("float32",))
    }
    rates: dict[str, list[float]] = {name: [] for name in (*ours, *theirs)}
    sizes: dict[str, int] = {}
    for turn in range(arguments.rounds):
        if turn == SCREENING:
            fastest = sorted(theirs, key=lambda name: max(rates[name]))[-KEPT:]
            theirs = {name: theirs[name] for name in fastest}
        for name, command in (ours | theirs).items():
            sizes[name], rate = measured(command)
            rates[name].append(rate)
    assert len(set(sizes.values())) == 1, f"not the same network: {sizes}"
    title = f"{workload}{', augmented' if augment else ''}, others {'tuned' if arguments.tuned else 'as usual'}"
    print(f"\n{title} ({next(iter(sizes.values())):,} parameters), samples/s")
    for name, each in rates.items():
        spread = f"{min(each):,.0f} to {max(each):,.0f}, {len(each)} rounds"
        print(f"  {name:22} {statistics.median(each):9,.0f}  ({spread})")
    best = [
        max(each[turn] for name, each in rates.items() if name not in ours and turn < len(each))
        for turn in range(arguments.rounds)
    ]
    ratios = {
        precision: [our / their for our, their in zip(rates[f"tunedeck {precision}"], best, strict=True)]
        for precision in precisions
    }
    for precision, each in ratios.items():
        print(f"  {precision} to the best of them: {in_words(each)}", flush=True)
    ratios["faster"] = max(ratios.values(), key=statistics.median)
    for precision, least in LEAST.get((workload, augment, arguments.tuned), {}).items():
        yield Row(f"{title}: {precision}, to the best, at least", lower_bound(ratios[precision]), "times", least, False)


def rows(arguments: argparse.Namespace, others: Sequence[str]) -> Iterator[Row]:
    for workload in arguments.workloads.split(","):
        for augment in (False, True):
            yield from compared(workload, augment, others, arguments)


def available(python: str) -> list[str]:
    """The trainers that an interpreter has, each printed with its version."""
    ask = f"import sys; sys.path.insert(0, {str(OTHERS.parent)!r}); import other_trainers as o; " \
        f"print(*(f'{{n}}={{o.installed(n)}}' for n in {NAMES!r} if o.installed(n)))"  # fmt: skip
    found = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.split()
    print("measured:", ", ".join(each.replace("=", " ") for each in found), flush=True)
    return [each.split("=")[0] for each in found]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default="mlp,cnn,resnet,resnet-colour")
    parser.add_argument("--tuned", action="store_true", help="the others as their documentation advises")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--samples", type=int, default=60_000 - BATCH)
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has the others")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # Tunedeck in this process, with this precision
    parser.add_argument("--workload", help=argparse.SUPPRESS)
    parser.add_argument("--augment", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        size, rate = tunedeck(
            arguments.workload, arguments.augment, arguments.one, arguments.samples, arguments.epochs
        )  # fmt: skip
        print(f"tunedeck parameters={size} samples_per_second={rate:.0f}")
        return 0
    return show(rows(arguments, available(arguments.python)))


if __name__ == "__main__":
    sys.exit(main())
