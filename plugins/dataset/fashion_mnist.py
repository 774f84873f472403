"""Fashion-MNIST: photographs of clothes (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747)."""

import contextlib
import io
import math
import os
import threading
from concurrent.futures import Future, wait
from importlib import resources
from pathlib import Path

from engine.data import DataBundle, Part, Source
from engine.files import write_text
from engine.idx import read_idx
from engine.lock import changing
from engine.message import InputError
from engine.strategy import Dataset, hookimpl, message

CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts the files."""
FILES = tuple(f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
DONE = "complete"
"""Written beside the downloaded files once all are there: torchvision writes them under their own names at once."""
DOWNLOAD_BYTES = 30_878_645
"""Size of the four compressed files together."""


class FashionMNIST(Dataset):
    """The whole of Fashion-MNIST: 60,000 training and 10,000 test images of clothes, grey, 28×28, ten classes.

    Read from `path` where one is given, else from the Debian package dataset-fashion-mnist, else from the workspace's
    data folder, into which torchvision downloads it once (31 MB).
    """

    path: str = ""
    """Folder that holds the four files of the data set; empty looks in the usual places and downloads if need be."""

    def load(self, source: Source) -> DataBundle:
        if self.path:
            return read_folder(Path(os.path.expanduser(self.path)))  # noqa: PTH111 it raises for no name of a user
        if (SYSTEM_FOLDER / FILES[0]).exists():
            return read_folder(SYSTEM_FOLDER)
        downloaded = source.folder / "FashionMNIST" / "raw"
        if not (downloaded / DONE).exists():
            download(source)
            write_text(downloaded / DONE, "All four files are here and their hashes are right.\n")
        return read_folder(downloaded)


class FashionMNISTSample(Dataset):
    """A bundled sample of Fashion-MNIST: 6,000 training and 1,000 test images of clothes, balanced."""

    def load(self, source: Source) -> DataBundle:
        with resources.as_file(resources.files("resources") / "sample") as folder:
            return read_folder(folder)


def read_folder(folder: Path) -> DataBundle:
    """The data set in the four IDX files of a folder, plain or compressed."""
    parts = []
    for name in ("train", "t10k"):
        images = read_idx(folder / f"{name}-images-idx3-ubyte", 3)
        labels = read_idx(folder / f"{name}-labels-idx1-ubyte", 1)
        if len(images) != len(labels) or int(labels.max()) >= len(CLASS_NAMES):
            raise InputError("damaged-data", "{path} holds images and labels that don't belong together", path=folder)
        parts.append(Part(images.unsqueeze(1), labels.long()))
    return DataBundle(parts[0], test=parts[1], class_names=CLASS_NAMES)


def download(source: Source) -> None:
    """Download by torchvision, which checks the files' hashes, and report how far it is by the bytes that are there."""
    import torchvision
    from torchvision.datasets.utils import check_integrity

    target = source.folder / "FashionMNIST" / "raw"
    text = message("downloading", "downloading Fashion-MNIST (31 MB) to {folder}", folder=target)
    source.report(text, 0.0)
    # torchvision draws its own progress bars on standard error; the report takes their place.
    job: Future[object] = Future()

    def work() -> None:
        try:
            target.mkdir(parents=True, exist_ok=True)
            with changing(target, math.inf):  # another process, or who gave up waiting here, may be at it
                for name, digest in torchvision.datasets.FashionMNIST.resources:  # again, where one was cut short
                    if not check_integrity(os.fspath(target / name), digest):
                        (target / name).unlink(missing_ok=True)
                job.set_result(torchvision.datasets.FashionMNIST(os.fspath(source.folder), download=True))
        except BaseException as error:  # noqa: BLE001 told in the thread that waits
            job.set_exception(error)

    # A daemon: whoever gives up waiting, by Ctrl-C or by closing the window, is not held until the download ends.
    with contextlib.redirect_stderr(io.StringIO()):
        threading.Thread(target=work, name="download", daemon=True).start()
        while wait([job], timeout=0.2).not_done:
            source.report(text, min(1.0, sum(path.stat().st_size for path in target.glob("*.gz")) / DOWNLOAD_BYTES))
    error = job.exception()
    if error is not None:
        raise InputError(
            "download-failed", "Fashion-MNIST could not be downloaded ({reason}): install the Debian package "
            "dataset-fashion-mnist, or put its four files into {folder}, or train on fashion-mnist-sample",
            reason=" ".join(str(error).split())[:200], folder=target,
        )  # fmt: skip


@hookimpl
def register_strategies() -> list[type[Dataset]]:
    return [FashionMNISTSample, FashionMNIST]
