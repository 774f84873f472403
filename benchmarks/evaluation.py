"""How near evaluation and prediction come to the limit that the network's forward pass sets.

    python benchmarks/evaluation.py [--pairs 30] [--threads auto] [--only mlp ...]

The limit is the forward pass alone, under inference_mode, over the whole test part of Fashion-MNIST: scaled and
resident, in batches of the size that an evaluation takes, with the run's network, precision, memory layout and threads.
Beside it, in one process and in turn, are an evaluation as a run makes it after each epoch (batches from the stored
images, scaling, loss, accuracy), and what a network from a checkpoint calls as many pictures (scaling, probabilities,
classes). What counts is the median of the ratios of neighbours.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.process import prepare

prepare()  # as a run's process is, before PyTorch is loaded

import torch  # noqa: E402

from benchmarks.ratios import in_words, lower_bound  # noqa: E402
from benchmarks.rows import Row, show  # noqa: E402
from benchmarks.step_limit import trainer  # noqa: E402
from benchmarks.workloads import CNN, MLP  # noqa: E402
from engine.catalogue import Catalogue, discover  # noqa: E402
from engine.checkpoints.checkpoint import write_checkpoint  # noqa: E402
from engine.evaluation import evaluating  # noqa: E402
from engine.network import autocast  # noqa: E402
from engine.trained.classify import Pile, classify  # noqa: E402
from engine.trained.predictions import open_network  # noqa: E402
from engine.trainer import Trainer  # noqa: E402

CASES = {
    f"{name} in {precision}": (settings, precision)
    for name, settings in (("mlp", MLP), ("cnn", CNN)) for precision in ("float32", "bfloat16")
}  # fmt: skip
LEAST = 0.9
"""Of the limit's speed."""


def limit(of: Trainer) -> Callable[[], object]:
    """Nothing but the network, over the test part."""
    learner, part = of.learner, of.learner.parts.test
    assert part is not None
    batches = learner.scale(part.inputs).split(learner._at_once)

    def forward() -> None:
        with evaluating(learner.model), torch.inference_mode(), autocast(of.config.precision, learner.device):
            for batch in batches:
                learner.model(batch)

    return forward


def evaluation(of: Trainer) -> Callable[[], object]:
    """As after an epoch, of the test part."""
    part = of.learner.parts.test
    assert part is not None
    return lambda: list(of.learner.evaluate(part))


def prediction(of: Trainer, catalogue: Catalogue) -> Callable[[], object]:
    """Classes and probabilities of the same images, by the network of a checkpoint."""
    part = of.learner.parts.test
    assert part is not None
    with tempfile.TemporaryDirectory() as folder:
        write_checkpoint(path := Path(folder) / "of.safetensors", of.snapshot())
        network = open_network(path, catalogue)
    pile = Pile((), part.inputs.numpy())
    return lambda: classify(network, pile)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measured(of: Trainer, catalogue: Catalogue, pairs: int) -> dict[str, list[float]]:
    """The speed of each as a share of the limit's, pair by pair."""
    torch.set_num_threads(of.threads)
    forward, works = limit(of), {"evaluation": evaluation(of), "prediction": prediction(of, catalogue)}
    for work in (forward, *works.values()):
        work()
    ratios: dict[str, list[float]] = {name: [] for name in works}
    limits = []
    for pair in range(pairs):
        for name, work in works.items():
            if pair % 2:
                fixed, whole = seconds(forward), seconds(work)
            else:
                whole, fixed = seconds(work), seconds(forward)
            ratios[name].append(fixed / whole)
            limits.append(fixed)
    speed = len(of.learner.parts.test or ()) / statistics.median(limits)
    print(f"  limit {speed:,.0f} samples/s in batches of {of.learner._at_once} on {of.threads} threads", flush=True)
    return ratios


def rows(pairs: int, threads: str, only: list[str]) -> Iterator[Row]:
    catalogue = discover()
    for case, (settings, precision) in CASES.items():
        if only and case not in only:
            continue
        print(case, flush=True)
        of = trainer(settings, False, precision, threads, catalogue)
        for name, ratios in measured(of, catalogue, pairs).items():
            print(f"  {name}: {in_words(ratios)}", flush=True)
            yield Row(f"{case}: {name}, share of the limit, 95 % lower bound", lower_bound(ratios), "", LEAST, False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--threads", default="auto")
    parser.add_argument("--only", nargs="+", choices=CASES, default=[])
    arguments = parser.parse_args()
    return show(list(rows(arguments.pairs, arguments.threads, arguments.only)))


if __name__ == "__main__":
    sys.exit(main())
