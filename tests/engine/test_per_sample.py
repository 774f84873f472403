from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from engine.events import Failed
from engine.per_sample import per_sample
from engine.strategy import Augmentation
from tests.engine.support import of_type, run_stored
from tests.plugins.bench import generators_untouched


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int, *shape: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, *shape), generator=generator(9), dtype=torch.uint8)


def test_every_image_is_transformed_by_parameters_of_its_own():
    images = pictures(1, 3, 16, 16).expand(40, 3, 16, 16)
    turned = per_sample(v2.RandomRotation(90), images, generator())
    assert len(turned.flatten(1).unique(dim=0)) > 35
    # Torchvision by itself draws once for the batch: the adapter is needed.
    assert len(v2.RandomRotation(90)(images).flatten(1).unique(dim=0)) == 1


def test_an_image_comes_out_as_the_transform_makes_it():
    images = pictures(300, 1, 5, 7)
    flipped = per_sample(v2.RandomHorizontalFlip(0.3), images, generator())
    was_flipped = (flipped == functional.horizontal_flip(images)).flatten(1).all(1)
    was_kept = (flipped == images).flatten(1).all(1)
    assert torch.equal(was_flipped, ~was_kept)
    assert 50 <= int(was_flipped.sum()) <= 130  # 90 ± 40: 5 standard deviations


def draws_from_everywhere(image: torch.Tensor) -> torch.Tensor:
    image[0, 0, 0] = random.randrange(256)
    image[0, 0, 1] = np.random.randint(256)
    image[0, 0, 2] = torch.randint(256, ())
    return image


def test_the_result_depends_on_the_generator_alone():
    images = pictures(20, 1, 3, 3)
    first = per_sample(draws_from_everywhere, images, generator(3))
    for number in (1, 2):  # wherever the shared generators are
        torch.manual_seed(number)
        random.seed(number)
        np.random.seed(number)
        assert torch.equal(per_sample(draws_from_everywhere, images, generator(3)), first)
    other = per_sample(draws_from_everywhere, images, generator(4))
    for column in range(3):
        assert not torch.equal(first[:, 0, 0, column], other[:, 0, 0, column])
        assert len(first[:, 0, 0, column].unique()) > 10
    drawing = generator(3)
    assert torch.equal(per_sample(draws_from_everywhere, images, drawing), first)
    assert not torch.equal(per_sample(draws_from_everywhere, images, drawing), first), "the generator stood still"


def test_the_shared_generators_are_left_alone_even_where_a_transform_fails():
    def fails(image):
        draws_from_everywhere(image)
        raise RuntimeError("no more")

    with generators_untouched():
        per_sample(draws_from_everywhere, pictures(5, 1, 3, 3), generator())
        with pytest.raises(RuntimeError, match="no more"):
            per_sample(fails, pictures(5, 1, 3, 3), generator())


def test_a_transform_may_work_in_place_or_return_a_view_of_its_argument():
    images = pictures(6, 3, 4, 4)
    before = images.clone()
    assert torch.equal(per_sample(lambda image: image.fill_(7), images, generator()), torch.full_like(images, 7))
    assert torch.equal(per_sample(lambda image: image.transpose(1, 2), images, generator()), before.transpose(2, 3))
    assert torch.equal(images, before)


def a_list(image: torch.Tensor) -> list[int]:
    return image.flatten().tolist()


@pytest.mark.parametrize(
    ("transform", "text"),
    [
        (v2.Resize((5, 5)), r"Resize made uint8 \[1, 5, 5\] of uint8 \[1, 8, 8\]"),
        (v2.ToDtype(torch.float32, scale=True), r"ToDtype made float32 \[1, 8, 8\] of uint8 \[1, 8, 8\]"),
        (a_list, r"a_list made an object of type list of uint8 \[1, 8, 8\]"),
    ],
    ids=["shape", "dtype", "type"],
)
def test_a_transform_that_changes_shape_dtype_or_type_is_named(transform, text):
    with pytest.raises(ValueError, match=text + ".*must keep shape and dtype"):
        per_sample(transform, pictures(2, 1, 8, 8), generator())


def test_a_run_that_ends_by_it_names_plugin_and_transform(tiny):
    class Shrinks(Augmentation):
        """Make the images smaller, which no augmentation may."""

        def __call__(self, images, generator):
            return per_sample(v2.Resize((5, 5)), images, generator)

    events, _, _ = run_stored(tiny(ticked=[Shrinks()]))
    [failed] = of_type(events, Failed)
    assert failed.plugin == "shrinks"
    assert "Resize made uint8 [1, 5, 5] of uint8 [1, 8, 8]" in str(failed.text)


def test_there_may_be_no_images():
    assert per_sample(v2.RandomRotation(90), pictures(0, 3, 4, 4), generator()).shape == (0, 3, 4, 4)
