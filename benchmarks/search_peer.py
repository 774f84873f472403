"""One process of what `benchmarks/search.py` is measured against: the loop that Optuna's documentation leads to.

    python -m benchmarks.search_peer JOURNAL --trials 100 --epochs 10 --number 0

`study.optimize` over a `DataLoader` of a data set as torchvision's are, whose pictures are transformed as they are
asked for. It takes part in the study `peer` of an Optuna journal, until that has so many trials.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

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
from engine.data import Part, Source, split
from engine.searches.study import WARM_UP_TRIALS

CLASSES, PIXELS = 10, 28 * 28


class Images(Dataset):
    """As torchvision's data sets are: a picture at a time."""

    def __init__(self, part: Part) -> None:
        self.images, self.labels = part.inputs.numpy(), part.targets.tolist()
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.286,), (0.353,))])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.images[row, 0])), self.labels[row]


def train(network: nn.Module, optimizer: torch.optim.Optimizer, loader: DataLoader) -> None:
    """One epoch."""
    network.train()
    for batch, target in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(batch), target).backward()
        optimizer.step()


def loss_of(network: nn.Module, loader: DataLoader) -> float:
    """The mean over all samples."""
    network.eval()
    total = 0.0
    with torch.no_grad():
        for batch, target in loader:
            total += nn.functional.cross_entropy(network(batch), target, reduction="sum").item()
    return total / len(loader.dataset)


def tried(trial: optuna.Trial, training: Images, validation: Images, epochs: int) -> float:
    """Train what a trial asks for; the best validation loss. Raises `TrialPruned` where it is given up."""
    torch.manual_seed(0)
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    name = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    hidden = trial.suggest_categorical("hidden", [64, 128, 256])
    p = trial.suggest_float("p", 0.0, 0.6)
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(PIXELS, hidden), nn.ReLU(), nn.Dropout(p), nn.Linear(hidden, CLASSES)
    )
    optimizer = (torch.optim.Adam if name == "adam" else torch.optim.SGD)(network.parameters(), lr=lr)
    loaders = DataLoader(training, batch_size=64, shuffle=True), DataLoader(validation, batch_size=64)
    best = math.inf
    for epoch in range(epochs):
        train(network, optimizer, loaders[0])
        value = loss_of(network, loaders[1])
        best = min(best, value)
        trial.report(value, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("journal", type=Path)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--number", type=int, default=0)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(1)
    config = recipe("default", discover(entry_points=False))
    parts = split(config.dataset.load(Source(arguments.journal.parent)), config)
    training, validation = Images(parts.training), Images(parts.validation)
    study = optuna.load_study(
        study_name="peer", storage=JournalStorage(JournalFileBackend(str(arguments.journal))),
        sampler=TPESampler(seed=arguments.number), pruner=MedianPruner(n_startup_trials=WARM_UP_TRIALS),
    )  # fmt: skip
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    study.optimize(
        lambda trial: tried(trial, training, validation, arguments.epochs),
        callbacks=[MaxTrialsCallback(arguments.trials, states=ended)],
    )


if __name__ == "__main__":
    main()
