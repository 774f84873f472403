"""What there is to see of a data set: shapes, moments, classes, pages of samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.data import DataBundle, Part, Source, split
from engine.message import Message
from engine.preview.data_view import PAGE, Moments, clouds_of, facts_of, moments_of, page_of, pictures_of
from engine.strategy import Scaling
from tests.engine.support import Blobs
from tests.engine.test_learner import Brings


@pytest.fixture
def parts(tiny, tmp_path):
    config = tiny()
    return split(config.dataset.load(Source(tmp_path)), config)


def features(tmp_path, tiny):
    """Two inputs and a target in a regression."""
    x = torch.randn(300, 2, generator=torch.Generator().manual_seed(1)) * 3 + 1
    part = Part(x, x[:, :1] * 2)
    return split(DataBundle(part, task="regression"), tiny())


@pytest.mark.parametrize("channels", [1, 3])
def test_the_moments_of_images_are_exact(channels, monkeypatch):
    images = torch.randint(7, 250, (50, channels, 6, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    monkeypatch.setattr("engine.part.CHUNK_BYTES", 400)  # so that chunks are put together
    moments = moments_of(Part(images, torch.zeros(50)))
    values = images.permute(1, 0, 2, 3).reshape(channels, -1).double().numpy()
    assert moments.low.tolist() == values.min(1).tolist() and moments.high.tolist() == values.max(1).tolist()
    np.testing.assert_allclose(moments.mean, values.mean(1), rtol=1e-12)
    np.testing.assert_allclose(moments.deviation, values.std(1), rtol=1e-12)


@pytest.mark.parametrize("scaling", ["no-scaling", "zero-one", "standardise"])
def test_the_scaled_range_is_that_of_what_the_network_sees(parts, tiny, scaling):
    config = tiny(scaling=scaling)
    scaled = facts_of(parts, config).scaled
    mean, std = config.scaling.fit(parts.training.inputs)
    seen = ((parts.training.inputs - mean.view(1, -1, 1, 1)) / std.view(1, -1, 1, 1)).double()
    assert scaled.range == pytest.approx((float(seen.min()), float(seen.max())), rel=1e-5)
    assert float(scaled.mean[0]) == pytest.approx(float(seen.mean()), abs=1e-5)
    assert float(scaled.deviation[0]) == pytest.approx(float(seen.std(correction=0)), rel=1e-5)


def test_facts_tell_shapes_and_classes_of_every_part(parts, tiny):
    facts = facts_of(parts, tiny())
    assert facts.shapes == {"training": (130, 1, 8, 8), "validation": (40, 1, 8, 8), "test": (40, 1, 8, 8)}
    assert (facts.dtype, facts.task, facts.are_images, facts.targets) == ("uint8", "classification", True, None)
    assert [(count.name, count.counts) for count in facts.classes] == [
        ("a", (33, 10, 10)), ("b", (33, 10, 10)), ("c", (32, 10, 10)), ("d", (32, 10, 10)),
    ]  # fmt: skip
    assert facts.balanced and facts.imbalance == pytest.approx(33 / 32)
    assert facts_of(replace(parts, test=None), tiny()).classes[0].counts == (33, 10, 0)
    assert "test" not in facts_of(replace(parts, test=None), tiny()).shapes


def test_imbalance_is_the_largest_class_by_the_smallest(parts, tiny):
    rows = torch.cat([(parts.training.targets == 0).nonzero().squeeze(1), torch.tensor([1, 2, 3, 5, 6, 7])])
    facts = facts_of(replace(parts, training=parts.training.take(rows)), tiny())
    assert facts.imbalance == pytest.approx(33 / 2) and not facts.balanced
    only_one = parts.training.take((parts.training.targets == 0).nonzero().squeeze(1))
    facts = facts_of(replace(parts, training=only_one), tiny())
    assert facts.imbalance is None and not facts.balanced


class Raises(Scaling):
    """Can't."""

    def fit(self, inputs):
        raise ArithmeticError("no\nway")


def test_a_models_own_statistics_and_a_failing_scaling_are_told(parts, tiny):
    facts = facts_of(parts, tiny(model=Brings(hidden=(6,))))
    assert facts.own_statistics
    assert facts.scaled.range == pytest.approx(tuple((value - 3) / 7 for value in facts.stored.range))
    facts = facts_of(parts, tiny(scaling=Raises()))
    assert isinstance(facts.scaled, Message) and isinstance(facts.stored, Moments)
    assert str(facts.scaled) == "raises failed: ArithmeticError: no way"


def test_a_regression_has_ranges_and_points_in_place_of_classes_and_pictures(tiny, tmp_path):
    parts = features(tmp_path, tiny)
    facts = facts_of(parts, tiny())
    assert not facts.are_images and facts.classes == () and facts.imbalance is None
    assert facts.targets == (float(parts.training.targets.min()), float(parts.training.targets.max()))
    np.testing.assert_allclose(facts.stored.mean, parts.training.inputs.double().mean(0).numpy())
    clouds = clouds_of(parts, 0)
    assert [cloud.part for cloud in clouds] == ["training", "validation", "test"]
    for cloud in clouds:
        np.testing.assert_allclose(cloud.y, 2 * cloud.x, rtol=1e-6)
    assert sorted(clouds[0].x) == pytest.approx(sorted(parts.training.inputs[:, 0].tolist()))
    assert sorted(clouds_of(parts, 1)[0].x) == pytest.approx(sorted(parts.training.inputs[:, 1].tolist()))


def test_pictures_are_channels_last_and_keep_their_pixels():
    images = torch.randint(0, 256, (4, 5, 3, 2), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    np.testing.assert_array_equal(pictures_of(images[:, :1]), images[:, 0].numpy())
    assert pictures_of(images[:, :3]).shape == pictures_of(images).shape == (4, 3, 2, 3)
    np.testing.assert_array_equal(pictures_of(images)[2, 1, 0], images[2, :3, 1, 0].numpy())
    np.testing.assert_array_equal(pictures_of(images[:, :2])[1], images[1, :2].float().mean(0).round().numpy())
    picture = pictures_of(images[:, :1])
    images[:] = 0
    assert picture.any(), "it has memory of its own"


def test_pages_hold_every_sample_of_a_class_once_in_an_order_that_stays(tiny, tmp_path):
    parts = split(Blobs(training=1000).load(Source(tmp_path)), tiny())
    pages = [page_of(parts, "training", 2, shuffled=True, number=number) for number in range(3)]
    assert [(page.first, page.count, page.pages, len(page.samples)) for page in pages] == [
        (0, 250, 3, PAGE), (PAGE, 250, 3, PAGE), (2 * PAGE, 250, 3, 50),
    ]  # fmt: skip
    rows = [sample.row for page in pages for sample in page.samples]
    assert sorted(rows) == list(range(2, 1000, 4)) and rows != sorted(rows)
    assert {sample.label for page in pages for sample in page.samples} == {"c"}
    again = page_of(parts, "training", 2, shuffled=True, number=1)
    assert [sample.row for sample in again.samples] == rows[PAGE : 2 * PAGE]
    assert page_of(parts, "training", 2, shuffled=True, number=9).first == 2 * PAGE, "too far on is the last"
    plain = page_of(parts, "validation", None, shuffled=False, number=0)
    assert [sample.row for sample in plain.samples] == list(range(40))
    assert page_of(replace(parts, test=None), "test", None, shuffled=False, number=0).samples == ()


def test_a_sample_tells_its_own_pixels(parts):
    for sample in page_of(parts, "test", None, shuffled=True, number=0).samples:
        image = parts.test.inputs[sample.row, 0].numpy()
        np.testing.assert_array_equal(sample.pixels, image)
        assert (sample.low, sample.high, sample.mean) == (image.min(), image.max(), pytest.approx(image.mean()))
        assert sample.label == "abcd"[parts.test.targets[sample.row]]
