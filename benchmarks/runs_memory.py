"""Whether run after run in one process takes more and more memory, as in a window that stays open.

    python benchmarks/runs_memory.py [--runs 10]

Trains an MLP and a CNN in turn on the bundled sample, with batches of three sizes, each run in a thread of its own as
in the window, and looks at the memory of the process after each. What counts is how much the last two runs left behind
beside the first two.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.rows import Row, show
from engine.catalogue import discover
from engine.config import recipe
from engine.runner import Runner
from engine.strategy_text import parse_strategy
from engine.trainer import Trainer

MODELS, BATCHES = ("mlp:hidden=2048+1024", "cnn:channels=32+64"), (256, 512, 1024)


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    arguments = parser.parse_args()
    catalogue, left = discover(), []
    for number in range(max(4, arguments.runs)):
        model = parse_strategy(MODELS[number % len(MODELS)], catalogue, "model")
        batch = BATCHES[number % len(BATCHES)]
        config = recipe("default", catalogue).changed({"epochs": 1, "batch_size": batch, "model": model})
        runner = Runner(lambda report, config=config: Trainer(config, report=report))
        runner.start()
        runner.join()
        left.append(resident())
        print(f"{model.id}, batches of {batch}: {left[-1] / 1e9:.2f} GB", flush=True)
    return show([Row("memory after the last two runs, beside the first two", max(left[-2:]) / max(left[:2]), "", 1.1)])


if __name__ == "__main__":
    sys.exit(main())
