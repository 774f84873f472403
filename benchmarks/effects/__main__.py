"""What each technique does on real data, over seeds: the tables of `benchmarks/effects/README.md`.

    python -m benchmarks.effects [EXPERIMENT ...] [--seeds 5] [--jobs 2]

Every run is trained with one thread, two at a time, so that its figures do not depend on the machine's load. A run that
is in `results.jsonl` with the same settings is not repeated; delete the file to repeat all. Writes the README and exits
with 1 where a claim does not hold.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmarks.effects.experiments import EXPERIMENTS, Experiment
from benchmarks.effects.figures import FIGURES, effect, interval
from benchmarks.effects.runs import key, train

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.jsonl"
REFERENCE = "nothing"
"""The variant that the others are compared with."""
Lines = dict[tuple[str, str, int], dict[str, Any]]
"""The figures of a run, by experiment, variant and seed."""


def results(chosen: list[Experiment], seeds: int, jobs: int) -> Lines:
    """The line of every run, trained where it is not yet there."""
    known = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
    filed = {line["key"]: line for line in known}
    found: Lines = {}
    missing = []
    for experiment in chosen:
        for seed in range(seeds):
            for variant in experiment.variants:
                line = filed.get(key(experiment, variant, seed))
                if line is None:
                    missing.append((experiment.name, variant, seed))
                else:
                    found[experiment.name, variant, seed] = line
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(train, *run) for run in missing]):
            line = done.result()
            found[line["experiment"], line["variant"], line["seed"]] = line
            with RESULTS.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(f"{line['experiment']}, {line['variant']}, seed {line['seed']}: {line['seconds']:.0f} s", flush=True)
    return found


def section(experiment: Experiment, lines: Lines, seeds: int) -> str:
    """The table of an experiment, in Markdown."""
    headings = [FIGURES[name].heading for name in experiment.figures]
    text = [f"## {experiment.name}", "", experiment.about, "", "| | " + " | ".join(headings) + " |"]
    text.append("|---" * (len(headings) + 1) + "|")
    for variant in experiment.variants:
        cells = [cell(experiment, variant, name, lines, seeds) for name in experiment.figures]
        text.append(f"| {variant} | " + " | ".join(cells) + " |")
    text += ["", *(verdict(experiment, claim, lines, seeds)[1] for claim in experiment.claims)]
    return "\n".join(text).rstrip()


def values(experiment: Experiment, variant: str, name: str, lines: Lines, seeds: int) -> list[float]:
    """A figure of each seed."""
    return [lines[experiment.name, variant, seed][name] for seed in range(seeds)]


def cell(experiment: Experiment, variant: str, name: str, lines: Lines, seeds: int) -> str:
    """A variant's mean, and what it changes."""
    figure = FIGURES[name]
    ours, theirs = (values(experiment, each, name, lines, seeds) for each in (variant, REFERENCE))
    shown = figure.format.format(interval(ours)[0])
    if variant == REFERENCE:
        return shown
    words = "×{:.2f} ({:.2f} to {:.2f})" if figure.compared == "ratio" else "{:+.1%} ({:+.1%} to {:+.1%})"
    return f"{shown}, {words.format(*effect(figure, ours, theirs))}"


def verdict(experiment: Experiment, claim: tuple[str, str, float], lines: Lines, seeds: int) -> tuple[bool, str]:
    """Whether a claim holds, and the sentence that says so: the mean keeps to the bound, and no effect is excluded."""
    variant, name, bound = claim
    figure = FIGURES[name]
    ours, theirs = (values(experiment, each, name, lines, seeds) for each in (variant, REFERENCE))
    mean, low, high = effect(figure, ours, theirs)
    none = 1.0 if figure.compared == "ratio" else 0.0
    holds = mean <= bound and high < none if figure.better == "lower" else mean >= bound and low > none
    shown = "×{:.2f}" if figure.compared == "ratio" else "{:+.2%}"
    return holds, (
        f"- {'Holds' if holds else '**Does not hold**'}: {variant}, {figure.heading} {shown.format(mean)} "
        f"({shown.format(low)} to {shown.format(high)}); claimed {shown.format(bound)}."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="*", default=list(EXPERIMENTS), metavar="EXPERIMENT")
    parser.add_argument("--seeds", type=int, default=5, choices=range(2, 11), metavar="2..10")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    chosen = [EXPERIMENTS[name] for name in arguments.experiments]
    lines = results(chosen, arguments.seeds, arguments.jobs)
    sections = [section(experiment, lines, arguments.seeds) for experiment in chosen]
    print("\n\n".join(sections))
    if len(chosen) == len(EXPERIMENTS):
        head = (FOLDER / "head.md").read_text(encoding="utf-8").rstrip()
        (FOLDER / "README.md").write_text("\n\n".join([head, *sections]) + "\n", encoding="utf-8")
    claims = [(experiment, claim) for experiment in chosen for claim in experiment.claims]
    return int(not all(verdict(experiment, claim, lines, arguments.seeds)[0] for experiment, claim in claims))


if __name__ == "__main__":
    sys.exit(main())
