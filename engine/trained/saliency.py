"""What a network looked at: SmoothGrad (Smilkov, Thorat, Kim, Viégas, Wattenberg 2017, arXiv:1706.03825).

The gradient of a class's output by the pixels says how much each would move it. Alone it is mere speckle, so it is
averaged over copies of the image with some noise in them. It asks nothing of the architecture: layers of any kind will
do, where Grad-CAM wants convolutions. It shows what the output reacts to, not why.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from engine.randomness import generator
from engine.trained.predictions import Network, Pixels

NOISE = 0.15
"""Deviation of the noise, as a share of the image's range: the authors find 10 to 20 % best."""
COPIES = (4, 24)
"""Copies with noise, least and most."""
VALUES = 24 * 3 * 64 * 64
"""Pixel values of all copies together, at most: large images get fewer copies, so that it does not take long."""
TOP = 0.99
"""The share of the pixels below full strength: a few outliers would darken all others, as the authors say."""


def saliency(network: Network, image: Pixels, output: int) -> NDArray[np.float32]:
    """How much each pixel moves an output, float32 `[H, W]` from 0 to 1, the strongest near 1; all 0 where none does.

    `image` is uint8 `[C, H, W]`, `output` the number of the class. The same image always gives the same map: the noise
    comes from a generator of its own. The network is left as it was, without gradients of its parameters.
    """
    predictor = network.predictor
    pixels = torch.from_numpy(np.ascontiguousarray(image)).float()
    copies = min(max(VALUES // pixels.numel(), COPIES[0]), COPIES[1])
    deviation = NOISE * float(pixels.max() - pixels.min())
    noise = torch.randn((copies, *pixels.shape), generator=generator(0, "saliency"))
    noisy = (pixels + deviation * noise).to(predictor.device).requires_grad_()
    with torch.enable_grad():
        outputs = predictor.network(network.scale(noisy))
        (gradient,) = torch.autograd.grad(outputs[:, output].sum(), noisy)
    strength = gradient.float().mean(0).abs().sum(0).cpu()
    top = float(strength.flatten().quantile(TOP)) or float(strength.max())
    if not top > 0:
        return np.zeros(strength.shape, dtype=np.float32)
    return (strength / top).clamp(max=1).numpy()
