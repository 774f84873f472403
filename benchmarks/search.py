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
import math
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
    words = [sys.executable, "-m", "benchmarks.search", "--peer", journal, "--trials", str(arguments.trials)]
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


def peer(arguments: argparse.Namespace) -> None:
    """One process of the peer."""
    import optuna
    import torch
    from optuna.pruners import MedianPruner
    from optuna.samplers import TPESampler
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.study import MaxTrialsCallback
    from optuna.trial import TrialState
    from PIL import Image
    from torch import nn
    from torch.utils.data import DataLoader, Dataset
    from torchvision import transforms

    from engine.catalogue import discover
    from engine.config import recipe
    from engine.data import Source, split
    from engine.searches.study import WARM_UP_TRIALS

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(1)
    config = recipe("default", discover(entry_points=False))
    parts = split(config.dataset.load(Source(Path(arguments.peer).parent)), config)
    inputs = math.prod(parts.spec.input_shape)
    raw = {name: getattr(parts, name) for name in ("training", "validation")}
    images = {name: part.inputs.numpy() for name, part in raw.items()}
    labels = {name: part.targets.tolist() for name, part in raw.items()}

    class Images(Dataset):
        """As torchvision's data sets are: a picture at a time."""

        def __init__(self, name: str) -> None:
            self.images, self.labels = images[name], labels[name]
            self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.286,), (0.353,))])

        def __len__(self) -> int:
            return len(self.labels)

        def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
            return self.transform(Image.fromarray(self.images[row, 0])), self.labels[row]

    def objective(trial: optuna.Trial) -> float:
        torch.manual_seed(0)
        lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
        name = trial.suggest_categorical("optimizer", ["adam", "sgd"])
        hidden = trial.suggest_categorical("hidden", [64, 128, 256])
        p = trial.suggest_float("p", 0.0, 0.6)
        network = nn.Sequential(
            nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(p), nn.Linear(hidden, parts.spec.outputs)
        )
        kind = torch.optim.Adam if name == "adam" else torch.optim.SGD
        optimizer = kind(network.parameters(), lr=lr)
        loaders = {
            each: DataLoader(Images(each), batch_size=64, shuffle=each == "training")
            for each in ("training", "validation")
        }
        best = math.inf
        for epoch in range(arguments.epochs):
            network.train()
            for batch, target in loaders["training"]:
                optimizer.zero_grad()
                nn.functional.cross_entropy(network(batch), target).backward()
                optimizer.step()
            network.eval()
            total = 0.0
            with torch.no_grad():
                for batch, target in loaders["validation"]:
                    total += nn.functional.cross_entropy(network(batch), target, reduction="sum").item()
            value = total / len(labels["validation"])
            best = min(best, value)
            trial.report(value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return best

    study = optuna.load_study(
        study_name="peer", storage=JournalStorage(JournalFileBackend(arguments.peer)),
        sampler=TPESampler(seed=arguments.number), pruner=MedianPruner(n_startup_trials=WARM_UP_TRIALS),
    )  # fmt: skip
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    study.optimize(objective, callbacks=[MaxTrialsCallback(arguments.trials, states=ended)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        peer(arguments)
        return 0
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
