"""Steady training throughput of Tunedeck against the usual hand-written loop, alternating in one run.

    python benchmarks/throughput.py [--model mlp|cnn] [--augment] [--pairs 10] [--peer COMMAND]

Both train the same network (784-256-128-10 with batch normalisation and dropout 0.2, or a small CNN) with Adam in
batches of 128 on the whole Fashion-MNIST, each in a process of its own with PyTorch's default number of threads (the
peer) and `threads: auto` (Tunedeck). What counts is samples per second of the best epoch after the first, by the wall
clock, without evaluation. Prints every pair, then the median of the ratios with a bootstrap 95 % lower bound.
`--peer` measures another loop: a command that prints `samples_per_second=N` last.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ratios import in_words
from benchmarks.workloads import AUGMENT, BATCH, CNN, MLP


def tunedeck(arguments: argparse.Namespace) -> float:
    """Samples per second of the engine, measured outside it: by the events' arrival."""
    from engine.catalogue import discover
    from engine.config import RunConfig
    from engine.events import EpochEnded, Saved, Started, Steps
    from engine.trainer import Trainer

    settings = MLP if arguments.model == "mlp" else CNN
    extra = AUGMENT if arguments.augment else []
    config = RunConfig.from_dict(
        {
            "epochs": arguments.epochs, "batch_size": BATCH, "dataset": "fashion-mnist", "threads": arguments.threads,
            "validation_samples": "1%", **settings, "with": [*extra, *settings["with"]],
        },
        discover(),
    )  # fmt: skip
    trainer = Trainer(config)
    rates, start, samples = [], 0.0, trainer.learner.parts.spec.samples[0]
    for event in trainer.run():
        if isinstance(event, (Started, Saved)):
            start = time.perf_counter()
        elif isinstance(event, Steps) and event.batch == len(trainer.learner.bounds):
            rates.append(samples / (time.perf_counter() - start))
        elif isinstance(event, EpochEnded):
            assert event.row.train_samples == samples
    return max(rates[1:] or rates)


def hand_written(arguments: argparse.Namespace) -> float:
    """Samples per second of the loop that most people write: PIL images, torchvision, a DataLoader, `.item()`."""
    import torch
    import torchvision.transforms.v2 as transforms
    from PIL import Image
    from torch import nn
    from torch.utils.data import DataLoader, Dataset

    from engine.catalogue import discover
    from engine.data import Source
    from engine.workspace import workspace_folder

    part = discover().make("dataset", "fashion-mnist", {}).load(Source(workspace_folder() / "data")).training
    images, labels = part.inputs.squeeze(1).numpy(), part.targets.tolist()
    steps = [transforms.ToImage()]
    if arguments.augment:
        steps += [transforms.RandomResizedCrop(28, scale=(0.7, 1.0)), transforms.RandomHorizontalFlip()]
    steps += [transforms.ToDtype(torch.float32, scale=True), transforms.Normalize([0.286], [0.353])]
    transform = transforms.Compose(steps)

    class Images(Dataset):
        def __len__(self):
            return len(labels)

        def __getitem__(self, index):
            return transform(Image.fromarray(images[index])), labels[index]

    def fully_connected(inputs, outputs):
        return [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout(0.2)]

    def convolution(inputs, outputs):
        return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]

    if arguments.model == "mlp":
        layers = [nn.Flatten(), *fully_connected(784, 256), *fully_connected(256, 128), nn.Linear(128, 10)]
    else:
        dense = [nn.Dropout(0.3), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10)]
        layers = [*convolution(1, 32), *convolution(32, 64), nn.Flatten(), *dense]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = DataLoader(Images(), BATCH, shuffle=True, drop_last=True)
    rates = []
    for _ in range(arguments.epochs):
        start, total, correct = time.perf_counter(), 0.0, 0
        for inputs, targets in loader:
            outputs = model(inputs)
            loss = nn.functional.cross_entropy(outputs, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
            correct += (outputs.argmax(1) == targets).sum().item()
        rates.append(len(loader) * BATCH / (time.perf_counter() - start))
    return max(rates[1:] or rates)


def measured(command: list[str]) -> float:
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(output.rsplit("samples_per_second=", 1)[1].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=("mlp", "cnn"), default="mlp")
    parser.add_argument("--augment", action="store_true", help="random resized crop and flip")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", default="auto", help="Tunedeck's threads")
    parser.add_argument("--peer", help="another loop's command in place of the hand-written one")
    parser.add_argument("--one", choices=("tunedeck", "peer"), help="measure one in this process")
    arguments = parser.parse_args()
    if arguments.one:
        rate = tunedeck(arguments) if arguments.one == "tunedeck" else hand_written(arguments)
        print(f"{arguments.one} model={arguments.model} augment={arguments.augment} samples_per_second={rate:.0f}")
        return
    this = [sys.executable, __file__, *sys.argv[1:], "--one"]
    peer = arguments.peer.split() if arguments.peer else [*this, "peer"]
    ratios = []
    for _ in range(arguments.pairs):
        ours, theirs = measured([*this, "tunedeck"]), measured(peer)
        ratios.append(ours / theirs)
        print(f"tunedeck {ours:9,.0f}   peer {theirs:9,.0f}   ratio {ratios[-1]:.2f}", flush=True)
    print(in_words(ratios))


if __name__ == "__main__":
    main()
