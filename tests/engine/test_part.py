"""Parts are views: of memory or of a file, and whichever it is, they hold the same samples."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine import data, part, statistics
from engine.data import DataBundle, Part, Source, split
from engine.mapped import Mapped
from engine.store import MemoryStore
from engine.strategy import Scaling
from engine.trainer import Trainer
from plugins.scaling.standardise import Standardise
from tests.engine.support import Blobs, differing, run, run_stored

CPU = torch.device("cpu")


@pytest.fixture(params=["in memory", "in a file"])
def stored(request, tmp_path):
    """100 images: a tensor, and what a part may be made of."""
    draw = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (100, 3, 4, 5), dtype=torch.uint8, generator=draw)
    return images, images if request.param == "in memory" else on_disk(images, tmp_path / "pixels")


def on_disk(images, path):
    path.write_bytes(images.numpy().tobytes())
    return Mapped(path, tuple(images.shape))


STORES: dict[int, int] = {}


class OnDisk(Blobs):
    """The same images, in a file."""

    made: ClassVar[Part]

    def load(self, source: Source) -> DataBundle:
        bundle = super().load(source)
        names = ("training", "validation", "test")
        parts = {name: part for name in names if (part := getattr(bundle, name)) is not None}
        images = torch.cat([part.inputs for part in parts.values()])
        source.folder.mkdir(parents=True, exist_ok=True)
        mapped, start, views = on_disk(images, source.folder / "pixels"), 0, {}
        for name, of in parts.items():
            views[name] = Part(mapped, of.targets, torch.arange(start, start + len(of)))
            start += len(of)
        OnDisk.made = views["training"]
        STORES.clear()  # of making them up
        return replace(bundle, **views)


@pytest.mark.parametrize("seed", range(5))
def test_views_of_views_hold_the_rows_that_were_taken(stored, seed, monkeypatch):
    monkeypatch.setattr(part, "CHUNK_BYTES", 150)
    images, of = stored
    draw = torch.Generator().manual_seed(seed)
    view, rows = Part(of, torch.arange(100)), torch.arange(100)
    for count in (80, 60, 60, 1):
        taken = torch.randint(0, len(rows), (count,), generator=draw)
        view, rows = view.take(taken), rows[taken]
        assert view.stored is of and view.targets.equal(rows) and view.shape == (count, 3, 4, 5)
        assert view.inputs.equal(images[rows]) and torch.cat(list(view.chunks())).equal(images[rows])
        some = torch.randint(0, count, (7,), generator=draw)
        assert view.at(some).equal(images[rows[some]]) and view.between(2, 5).equal(images[rows[2:5]])
        compact = view.copied(CPU)
        assert compact.rows is None and compact.inputs.equal(images[rows]) and compact.targets.equal(rows)
        assert view.bytes == count * 60


def test_a_file_that_is_read_is_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.mapped.GIVEN_BACK", 2**20)
    images = torch.zeros(6, 2**10, 2**12, dtype=torch.uint8)
    of, before = on_disk(images, tmp_path / "pixels"), in_files()
    most = 0
    for row in range(6):
        assert of[row : row + 1].sum() == of.index_select(0, torch.tensor([row])).sum() == 0
        most = max(most, in_files() - before)
    assert 0 < most < 3 * 2**22, "of 24 MB that were read, one or two samples of 4 MB"


def test_samples_spread_over_a_file_bring_little_of_it_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.mapped.GIVEN_BACK", 2**20)
    monkeypatch.setattr(part, "CHUNK_BYTES", 2**19)
    images = torch.arange(2**25).view(-1, 256).to(torch.uint8)
    of = on_disk(images, tmp_path / "pixels")
    view = Part(of, torch.zeros(len(of))).take(torch.arange(0, len(of), 20))
    before = in_files()
    found, mapped = zip(*((some, in_files() - before) for some in view.chunks()), strict=True)
    assert torch.cat(found).equal(images[::20])
    assert max(mapped) < 2**24, "of 32 MB: the system brings up to 2 with one sample"


def in_files() -> int:
    """Bytes of files in this process's memory."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssFile:"))


def test_what_is_too_short_is_told_before_it_is_read(tmp_path):
    (tmp_path / "pixels").write_bytes(b"abc")
    with pytest.raises(OSError, match="length"):
        Mapped(tmp_path / "pixels", (4, 1, 1, 1))


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_a_run_is_the_same_whether_its_samples_fit_into_memory(tiny, tmp_path, monkeypatch, share):
    ticked = ["ema", "batch-norm", "random-horizontal-flip", "balanced-sampling"]
    events, store, _ = run_stored(tiny(ticked=ticked))
    monkeypatch.setattr(data, "RESIDENT_SHARE", share)
    again, other, trainer = run_stored(tiny(ticked=ticked, dataset=OnDisk()), data_folder=tmp_path / "data")
    assert differing(store.last(), other.last()) == [] and events[-1].test_loss == again[-1].test_loss
    parts = trainer.learner.parts
    assert parts.are_mapped == (share == 0) and parts.log[-1].code == ("samples-resident" if share else "samples-read")
    stopped = MemoryStore()
    config, folder = trainer.config, tmp_path / "data"
    run(Trainer(config, lambda: stopped, data_folder=folder), stop_at=3)
    run(Trainer(config, lambda: stopped, data_folder=folder, snapshot=stopped.last()))
    assert differing(store.last(), stopped.last()) == []


class Largest(TorchDispatchMode):
    """Notes how large the stores are in which any operation leaves samples, by where they lie."""

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        given = operation(*arguments, **(named or {}))
        for each in tree_leaves(given):
            if isinstance(each, torch.Tensor) and each.dtype == torch.uint8:
                store = each.untyped_storage()
                STORES[store.data_ptr()] = max(store.nbytes(), STORES.get(store.data_ptr(), 0))
        return given


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_a_run_copies_no_more_than_a_batch_where_its_samples_do_not_fit(tiny, tmp_path, monkeypatch, share):
    monkeypatch.setattr(data, "RESIDENT_SHARE", share)
    monkeypatch.setattr(part, "CHUNK_BYTES", 1_000)
    monkeypatch.setattr("engine.evaluation.MOST_AT_ONCE", 32)
    with Largest():
        config = tiny(dataset=OnDisk(validation=0, test=0), ticked=["ema", "batch-norm"])
        _, _, trainer = run_stored(config, data_folder=tmp_path)
    assert trainer.learner.parts.bytes == 130 * 64
    file = OnDisk.made.stored[:].untyped_storage().data_ptr()
    most = max(size for place, size in STORES.items() if place != file)
    assert most <= 32 * 64 if share == 0 else most > 80 * 64


def test_images_in_memory_are_views_that_cost_nothing(tiny):
    bundle = Blobs(validation=0, test=0).load(Source(None))
    parts = split(bundle, tiny()).to(CPU)
    assert all(each.stored is bundle.training.stored for each in (parts.training, parts.validation, parts.test))
    assert parts.log == () and parts.resident_bytes(CPU) == 130 * 64


def test_the_statistics_are_exact_whatever_pieces_they_are_counted_in(stored, monkeypatch):
    images, of = stored
    view = Part(of, torch.arange(100)).take(torch.arange(0, 100, 3))
    expected = Standardise().fit(images[::3])
    for size in (1, 150, 10_000):
        monkeypatch.setattr(part, "CHUNK_BYTES", size)
        assert all(one.equal(other) for one, other in zip(statistics.fit(Standardise(), view), expected, strict=True))


GIVEN = []


class Stranger(Standardise):
    """Know nothing of counts."""

    def fit(self, inputs):
        GIVEN.append(inputs)
        return torch.zeros(3), torch.ones(3)


def test_a_scaling_with_a_fit_of_its_own_is_given_images_and_of_many_an_even_sample(stored, monkeypatch):
    images, of = stored
    view = Part(of, torch.arange(100))
    for size, rows in ((10_000, slice(None)), (3_000, slice(None, None, 2)), (1, slice(None, None, 50))):
        GIVEN.clear()
        monkeypatch.setattr(statistics, "SAMPLE_BYTES", size)
        mean, _ = statistics.fit(Stranger(), view)
        assert GIVEN[0].equal(images[rows]) and mean.tolist() == [0, 0, 0]
    assert issubclass(Stranger, Scaling)
