"""Fashion-MNIST: photographs of clothes (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747)."""

from importlib import resources
from pathlib import Path

from engine.data import DataBundle, Source
from engine.strategy import Dataset, hookimpl
from plugins.dataset._files import IDX_FILES, Download, read_idx_folder, user_folder

CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts the files."""


class FashionMNIST(Dataset):
    """The whole of Fashion-MNIST: 60,000 training and 10,000 test images of clothes, grey, 28×28, ten classes.

    Read from `path` where one is given, else from the Debian package dataset-fashion-mnist, else from the workspace's
    data folder, into which torchvision downloads it once (31 MB).
    """

    path: str = ""
    """Folder that holds the four files of the data set; empty looks in the usual places and downloads if need be."""

    def load(self, source: Source) -> DataBundle:
        if self.path:
            folder = user_folder(self.path)
        elif (SYSTEM_FOLDER / IDX_FILES[0]).exists():
            folder = SYSTEM_FOLDER
        else:
            folder = download().into(source.folder / "FashionMNIST" / "raw", source)
        return read_idx_folder(folder, CLASS_NAMES)


class FashionMNISTSample(Dataset):
    """A bundled sample of Fashion-MNIST: 6,000 training and 1,000 test images of clothes, balanced."""

    def load(self, source: Source) -> DataBundle:
        with resources.as_file(resources.files("resources") / "sample") as folder:
            return read_idx_folder(folder, CLASS_NAMES)


def download() -> Download:
    """The files as torchvision knows them."""
    from torchvision.datasets import FashionMNIST as Known

    return Download(
        "Fashion-MNIST", Known.resources, Known.mirrors, 30_878_645, "install the Debian package "
        "dataset-fashion-mnist, or put its files ({files}) into {folder}, or train on fashion-mnist-sample",
    )  # fmt: skip


@hookimpl
def register_strategies() -> list[type[Dataset]]:
    return [FashionMNISTSample, FashionMNIST]
