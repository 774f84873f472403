"""MNIST: handwritten digits (LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to documents")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.data import DataBundle, Source
from engine.strategy import Code, Dataset, hookimpl
from plugins.dataset._files import Download, idx_code, read_idx_folder, torchvision_code, user_folder

if TYPE_CHECKING:
    from engine.config import RunConfig


class MNIST(Dataset):
    """The handwritten digits of MNIST: 60,000 training and 10,000 test images, grey, 28×28, ten classes.

    Read from `path` where one is given, else from the workspace's data folder, into which torchvision downloads it once
    (12 MB). A few epochs of any network tell 98 % of them apart: Fashion-MNIST is as large, and harder.
    """

    path: str = ""
    """Folder that holds the four files of the data set; empty downloads them if need be."""

    def load(self, source: Source) -> DataBundle:
        folder = user_folder(self.path) if self.path else download().into(source.folder / "MNIST" / "raw", source)
        return read_idx_folder(folder, tuple("0123456789"))

    def code(self, config: RunConfig) -> Code:
        return (
            idx_code(user_folder(self.path), has_twins=True) if self.path else torchvision_code("MNIST", has_twins=True)
        )


def download() -> Download:
    """The files as torchvision knows them."""
    from torchvision.datasets import MNIST as Known  # noqa: N811 the same name as here

    instead = "put its files ({files}) into {folder}, or name the folder that holds them by mnist:path=DIR"
    return Download("MNIST", Known.resources, Known.mirrors, 11_594_722, instead)


@hookimpl
def register_strategies() -> list[type[Dataset]]:
    return [MNIST]
