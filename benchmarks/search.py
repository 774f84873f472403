"""How many trials a minute `tunedeck search` makes, against the loop that Optuna's documentation would have one write.

    python -m benchmarks.search [--trials 100] [--processes 2] [--epochs 10]

Both search the same space (learning rate, hidden units, dropout, optimizer) for a network on the bundled images, with
the same samples, batches, sampler, pruner and number of processes of one thread each, from an empty storage. The peer
is `study.optimize` in each process over a `DataLoader` of a data set as torchvision's are, whose pictures go through
`ToTensor` as they are asked for; its study is in a journal. Both are timed from the start of the command to its end.
Ends with 0 where the search makes at least 5 times as many trials a minute.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

TIMES = 5.0
SPACE = ("lr=1e-4..1e-1:log", "optimizer=adam+sgd", "model.hidden=64+128+256", "dropout.p=0..0.6")


def ours(arguments: argparse.Namespace, place: Path) -> tuple[float, float]:
    """Seconds, and the best loss on the validation part."""
    words = [
        sys.executable,
        "-m",
        "engine",
        "search",
        "--workspace",
        str(place),
        "--model",
        "mlp",
        "--batch-size",
        "64",
    ]
    words += ["--epochs", str(arguments.epochs), "--trials", str(arguments.trials), "--json"]
    words += ["--processes", str(arguments.processes), "--device", "cpu"]
    for text in SPACE:
        words += ["--tune", text]
    began = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    print(
        f"  {told['finished']} to their end, {told['pruned']} pruned, {told['failed']} failed: {told['best']['params']}"
    )
    assert told["trials"] == arguments.trials
    return time.perf_counter() - began, told["best"]["value"]


def theirs(arguments: argparse.Namespace, place: Path) -> tuple[float, float]:
    """The same of the peer."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    began = time.perf_counter()
    journal = str(place / "peer.journal")
    optuna.create_study(study_name="peer", storage=JournalStorage(JournalFileBackend(journal)), direction="minimize")
    words = [sys.executable, "-m", "benchmarks.search_peer", journal, "--trials", str(arguments.trials)]
    words += ["--epochs", str(arguments.epochs)]
    single = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    running = [subprocess.Popen([*words, "--number", str(n)], env=single) for n in range(arguments.processes)]
    if any(process.wait() for process in running):
        raise SystemExit("the peer failed")
    seconds = time.perf_counter() - began
    study = optuna.load_study(study_name="peer", storage=JournalStorage(JournalFileBackend(journal)))
    states = [trial.state for trial in study.trials]
    print(
        f"  {states.count(TrialState.COMPLETE)} to their end, {states.count(TrialState.PRUNED)} pruned: "
        f"{study.best_params}"
    )
    return seconds * arguments.trials / len(states), study.best_value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()
    found = {}
    for name, measure in (("tunedeck search", ours), ("a plain loop", theirs)):
        with TemporaryDirectory() as place:
            print(name)
            seconds, best = measure(arguments, Path(place))
        found[name] = 60 * arguments.trials / seconds
        print(f"  {found[name]:.1f} trials a minute, best validation loss {best:.4f}")
    ratio = found["tunedeck search"] / found["a plain loop"]
    print(f"{ratio:.1f} times as many (at least {TIMES:g} are wanted)")
    return 0 if ratio >= TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
