"""Fashion-MNIST: photographs of clothes (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747)."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data import DataBundle, Source
from engine.strategy import Code, Dataset, hookimpl
from plugins.dataset._files import IDX_FILES, Download, idx_code, read_idx_folder, torchvision_code, user_folder

CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

if TYPE_CHECKING:
    from engine.config import RunConfig
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
        folder = self._folder() or download().into(source.folder / "FashionMNIST" / "raw", source)
        return read_idx_folder(folder, CLASS_NAMES)

    def code(self, config: RunConfig) -> Code:
        folder = self._folder()
        known_whole = not self.path  # none of its images is there twice
        if folder is None:
            return torchvision_code("FashionMNIST", has_twins=not known_whole)
        return idx_code(folder, has_twins=not known_whole)

    def _folder(self) -> Path | None:
        """Where its files are, unless they have to be downloaded."""
        if self.path:
            return user_folder(self.path)
        return SYSTEM_FOLDER if (SYSTEM_FOLDER / IDX_FILES[0]).exists() else None


class FashionMNISTSample(Dataset):
    """A bundled sample of Fashion-MNIST: 6,000 training and 1,000 test images of clothes, balanced."""

    def load(self, source: Source) -> DataBundle:
        with resources.as_file(resources.files("resources") / "sample") as folder:
            return read_idx_folder(folder, CLASS_NAMES)

    def code(self, config: RunConfig) -> Code:
        with resources.as_file(resources.files("resources") / "sample") as folder:
            return idx_code(folder, has_twins=False)


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
