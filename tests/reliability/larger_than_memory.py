"""A run on a folder of pictures, in a process of its own, that tells how much memory it came to need beyond its start.

    python tests/reliability/larger_than_memory.py FOLDER WORKSPACE resident|read

Batches are small, so that what is measured is the pictures; whether they may be resident is decided by the last word.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

SIZE = 512


def main(folder: str, workspace: str, how: str) -> None:
    """Print the samples, the bytes that they take, what the log says, and the peak of memory in bytes."""
    from engine import data, evaluation, mapped, picture_reader
    from engine.catalogue import discover
    from engine.config import recipe
    from engine.strategy_text import parse_strategy
    from engine.trainer import Trainer

    data.RESIDENT_SHARE = 1e9 if how == "resident" else 0.0
    mapped.GIVEN_BACK, picture_reader.KEPT_BYTES, evaluation.VALUES_AT_ONCE = 2**24, 2**22, 2**22
    catalogue = discover()
    few = recipe("default", catalogue).changed({
        "epochs": 1, "batch_size": 4, "threads": "1", "device": "cpu", "train_samples": "64",
        "model": parse_strategy("cnn:channels=1,hidden=1", catalogue, "model"),
    })  # fmt: skip
    for _ in Trainer(few, data_folder=Path(workspace)).run():  # what PyTorch needs for any run is there
        pass
    pictures = catalogue.make("dataset", "image-folder", {"path": folder, "size": SIZE})
    config = few.changed({"dataset": pictures, "train_samples": "all"})
    before = peak()
    trainer = Trainer(config, data_folder=Path(workspace))
    for _ in trainer.run():
        pass
    parts = trainer.learner.parts
    print(sum(parts.spec.samples), parts.bytes, parts.log[-1].code, peak() - before)


def peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(*sys.argv[1:])
