"""The images on which augmentations are compared with torchvision."""

from __future__ import annotations

import torch


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def smooth_and_noisy(shape: tuple[int, int, int], count: int) -> torch.Tensor:
    """Half of the images noise, the worst case, half of them smooth as photographs are."""
    noise = torch.rand(count, *shape, generator=generator()) * 255
    smooth = torch.nn.functional.avg_pool2d(noise, 5, 1, 2)
    return torch.cat([noise[: count // 2], smooth[count // 2 :]]).to(torch.uint8)


SHAPES = [(1, 28, 28), (3, 32, 32), (3, 64, 64)]
"""The shapes of the images that are compared."""


def difference(ours: torch.Tensor, theirs: torch.Tensor) -> tuple[int, float]:
    """The greatest difference between pixels, in levels, and the share of the pixels that differ."""
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    levels = (ours.int() - theirs.int()).abs()
    return int(levels.max()), (levels > 0).float().mean().item()


def certain(matrices: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Where the nearest pixel is certain, bool `[N, 1, H, W]`, of images mapped by their inverse matrices `[N, 2, 3]`.

    It is not where a place falls in the middle between two pixels: there processors, which round otherwise, differ.
    """
    x, y = (torch.arange(side) + 0.5 * (1 - side) for side in (width, height))
    across, down = torch.meshgrid(x, y, indexing="xy")
    from_middle = torch.stack([across, down, torch.ones_like(across)]).double().flatten(1)
    places = matrices.double() @ from_middle + torch.tensor([[width - 1], [height - 1]]) / 2
    return ((places % 1 - 0.5).abs() > 1e-4).all(1).view(-1, 1, height, width)
