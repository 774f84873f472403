"""Affine maps of images, another for each image of a batch: what turning, shifting, enlarging and shearing share.

Matrices and places are computed in the steps of torchvision's `affine`, so that the pixels are the same as well.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from plugins.augmentation._constants import constant
from plugins.augmentation._portions import CACHED, at_once

Interpolation = Literal["nearest", "bilinear"]


def inverse_matrices(
    angle: Tensor, shift: tuple[Tensor, Tensor], scale: Tensor, shear: tuple[Tensor, Tensor]
) -> Tensor:
    """Matrices `[N, 2, 3]` from places in the new image to places in the old one, both in pixels from the middle.

    Each parameter is `[N]`, x before y: angle (clockwise) and shear in degrees, shift in pixels.
    """
    rotation = precise(angle).deg2rad()
    shear_x, shear_y = (precise(side).deg2rad() for side in shear)
    a = (rotation - shear_y).cos() / shear_y.cos()
    b = -(a * shear_x.tan() + rotation.sin())
    c = (rotation - shear_y).sin() / shear_y.cos()
    d = rotation.cos() - c * shear_x.tan()
    a, b, c, d = d / scale, -b / scale, -c / scale, a / scale
    x, y = shift
    return matrices(a, b, -a * x - b * y, c, d, -c * x - d * y)


def rotations(angle: Tensor) -> Tensor:
    """The inverse matrices that turn images by these angles, in degrees anticlockwise, `[N, 2, 3]`."""
    angle = precise(angle).deg2rad()
    cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    return matrices(cosine, -sine, zero, sine, cosine, zero)


def matrices(*entries: Tensor) -> Tensor:
    """Matrices `[N, 2, 3]` of float32 from their six entries, each `[N]`."""
    return torch.stack(entries, 1).float().view(-1, 2, 3)


def precise(numbers: Tensor) -> Tensor:
    """The numbers in double precision, as torchvision has them, where the device can: else halves fall elsewhere."""
    return numbers if numbers.device.type == "mps" else numbers.double()


def mapped(images: Tensor, matrices: Tensor, interpolation: Interpolation, fill: int) -> Tensor:
    """Each image mapped by its inverse matrix, uint8 `[N, C, H, W]`; what comes from outside is `fill`."""
    result = torch.empty_like(images)
    portion = at_once(images, 2 * CACHED)
    for old, matrix, new in zip(*(part.split(portion) for part in (images, matrices, result)), strict=True):
        pixels = _sampled(old.float(), _places(matrix, *images.shape[2:]), interpolation, fill)
        new.copy_(pixels.to(torch.int16))  # in two steps: that is three times as fast
    return result


def _places(matrices: Tensor, height: int, width: int) -> Tensor:
    """Where each pixel comes from, `[N, H, W, 2]`, with the image reaching from -1 to 1."""
    half = constant((0.5 * width, 0.5 * height), matrices.device)
    from_x, from_y, offset = (matrices / half.view(2, 1)).unsqueeze(3).unbind(2)
    x = torch.arange(width, device=matrices.device) + 0.5 * (1 - width)
    y = torch.arange(height, device=matrices.device) + 0.5 * (1 - height)
    # Each product and each sum is rounded, from left to right, as in the product of matrices that torchvision takes.
    places = (from_x * x).unsqueeze(2) + (from_y * y).unsqueeze(3)
    return places.add_(offset.unsqueeze(3)).permute(0, 2, 3, 1)


def _sampled(pixels: Tensor, places: Tensor, interpolation: Interpolation, fill: int) -> Tensor:
    """The pixels at these places, whole numbers in float32. Changes `pixels`."""
    if interpolation == "nearest":
        # Outside is 0 to `grid_sample`: what is to be there is made 0 before, and itself again after.
        return grid_sample(pixels.sub_(fill), places, "nearest", align_corners=False).add_(fill)
    inside = pixels.new_ones(1, 1, 1, 1).expand(len(pixels), 1, *pixels.shape[2:])
    share = grid_sample(inside, places, "bilinear", align_corners=False)
    return grid_sample(pixels, places, "bilinear", align_corners=False).sub_(fill).mul_(share).add_(fill).round_()
