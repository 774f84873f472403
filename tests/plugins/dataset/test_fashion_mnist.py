"""Where Fashion-MNIST is found, and what happens to a download that was cut short."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from engine.data import Source
from engine.message import InputError

SAMPLE = Path(__file__).parents[3] / "resources" / "sample"


@pytest.fixture
def whole(catalogue, monkeypatch):
    """The data set on a system without the Debian package; what is downloaded is the bundled sample."""
    module = sys.modules["plugins.dataset.fashion_mnist"]
    monkeypatch.setattr(module, "SYSTEM_FOLDER", Path("/nowhere"))
    downloads = []

    def fetch(wanted, folder, source):
        downloads.append(source)
        shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)

    monkeypatch.setattr(sys.modules["plugins.dataset._files"], "_fetch", fetch)
    return catalogue.make("dataset", "fashion-mnist", {}), downloads


def test_it_is_downloaded_once(whole, tmp_path):
    dataset, downloads = whole
    first, again = dataset.load(Source(tmp_path)), dataset.load(Source(tmp_path))
    assert len(downloads) == 1
    assert first.training.inputs.equal(again.training.inputs)


def test_a_download_that_was_cut_short_is_taken_up_again(whole, tmp_path):
    dataset, downloads = whole
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b cut short")
    assert len(dataset.load(Source(tmp_path)).training) == 6000
    assert len(downloads) == 1


def test_a_folder_that_is_named_is_never_downloaded_to(whole, catalogue, tmp_path):
    _, downloads = whole
    with pytest.raises(InputError, match="is missing"):
        catalogue.make("dataset", "fashion-mnist", {"path": str(tmp_path)}).load(Source(tmp_path))
    assert downloads == []


def test_the_sample_is_balanced_and_of_the_size_it_says(catalogue, tmp_path):
    bundle = catalogue.make("dataset", "fashion-mnist-sample", {}).load(Source(tmp_path))
    assert bundle.training.targets.bincount().tolist() == [600] * 10
    assert bundle.test is not None and bundle.test.targets.bincount().tolist() == [100] * 10
    assert bundle.training.inputs.shape == (6000, 1, 28, 28)
