"""Augmentations on whole batches against torchvision's transforms, one image at a time in a DataLoader's workers.

    python -m benchmarks.augmentations [--repetitions 7] [--only ID …] [--threads N] [--quick]

Every augmentation whose name torchvision knows is measured with its defaults, in batches of 128 at three sizes. Ours is
one call in this process. The peer is the transform with the same parameters in a DataLoader of two workers, with the
images in memory already: the time between two batches while the workers never rest. Both take turns in one run, and
what counts is the median of the repetitions' ratios. As information, the transform image by image in this process.

Bounds: on small images (28×28 grey, 32×32 colour) ours is 10 times as fast in the median of all augmentations, and
none is slower than its peer; on images of 224×224 none is slower. Exits with 1 where one is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

from engine.process import prepare

prepare()  # as a run's process is, before PyTorch is loaded

import torch  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

from engine.catalogue import discover  # noqa: E402
from engine.strategy import Augmentation  # noqa: E402

BATCH, IMAGES, WORKERS, PREFETCHED = 128, 256, 2, 2
SMALL, LARGE = {"28×28 grey": (1, 28, 28), "32×32 colour": (3, 32, 32)}, {"224×224 colour": (3, 224, 224)}
TIMES, AT_LEAST = 10.0, 1.0
"""How many times as fast ours is to be: in the median on small images, and everywhere."""


class Endless(Dataset):
    """The same images again and again, each transformed by itself."""

    def __init__(self, images: torch.Tensor, transform: Callable) -> None:
        self.images, self.transform = images, transform

    def __len__(self) -> int:
        return 10**9

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(self.images[index % len(self.images)])


def counterpart(augmentation: Augmentation, size: tuple[int, int]) -> Callable | None:
    """Torchvision's transform of the same name with the same parameters, if there is one."""
    transform = getattr(v2, type(augmentation).__name__, None)
    values = augmentation.model_dump()
    if not values.get("fill", True):
        del values["fill"]  # torchvision's own default is as black, and faster
    if type(augmentation).__name__ in ("RandomCrop", "RandomResizedCrop"):
        values["size"] = size
    return transform(**values) if transform else None


def seconds(call: Callable[[], object], count: int) -> float:
    """Of one call, out of so many."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def measured(augmentation: Augmentation, transform: Callable, shape: tuple[int, ...], repetitions: int) -> list[float]:
    """Median seconds of a batch by ours, by the peer and by its transform in this process; the median ratio."""
    noise = torch.rand(IMAGES, *shape, generator=torch.Generator().manual_seed(1)) * 255
    images = torch.nn.functional.avg_pool2d(noise, 5, 1, 2).to(torch.uint8)
    batch, generator = images[:BATCH].clone(), torch.Generator().manual_seed(2)
    loader = DataLoader(Endless(images, transform), BATCH, num_workers=WORKERS, prefetch_factor=PREFETCHED)
    batches, queue = iter(loader), WORKERS * PREFETCHED
    ours_count, peer_count = (300, 40) if shape[1] < 100 else (6, 8)
    found = []
    for _ in range(repetitions + 1):
        time.sleep(max(0.05, 2 * queue * found[-1][1]) if found else 1.0)  # the workers fill their queue, then rest
        seconds(lambda: augmentation(batch, generator), max(1, ours_count // 10))  # in a steady state, as the peer is
        ours = seconds(lambda: augmentation(batch, generator), ours_count)
        here = seconds(lambda: torch.stack([transform(image) for image in batch]), 1)
        seconds(lambda: next(batches), 2 * queue)  # what was made ready meanwhile doesn't count
        peer = seconds(lambda: next(batches), peer_count)
        found.append((ours, peer, here, peer / ours))
    return [statistics.median(column) for column in zip(*found[1:], strict=True)]  # the first one warmed up


def missed(ratios: dict[str, list[float]]) -> list[str]:
    """The bounds that these ratios of each size miss, in words."""
    small = [ratio for size in SMALL for ratio in ratios[size]]
    found = []
    if statistics.median(small) < TIMES:
        found.append(f"on small images the median is {statistics.median(small):.1f}, not {TIMES:.0f}")
    for size, of_size in ratios.items():
        if min(of_size) < AT_LEAST:
            found.append(f"{sum(ratio < AT_LEAST for ratio in of_size)} slower than the peer at {size}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--only", nargs="+", metavar="ID", help="these augmentations alone")
    parser.add_argument("--threads", type=int, help="of this process; PyTorch's own number unless given")
    parser.add_argument("--quick", action="store_true", help="two repetitions: whether it works, no figures to keep")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    chosen = [made() for made in discover(entry_points=False).of_kind("augmentation")]
    if options.only:
        chosen = [augmentation for augmentation in chosen if augmentation.id in options.only]
    compared = [augmentation for augmentation in chosen if counterpart(augmentation, (28, 28))]
    print(f"{torch.get_num_threads()} threads here, {WORKERS} workers there; milliseconds per batch of {BATCH}")
    print(f"{'':24}{'':16}{'ours':>9}{'peer':>9}{'ratio':>8}{'in this process':>18}")
    ratios: dict[str, list[float]] = {}
    for size, shape in (SMALL | LARGE).items():
        for augmentation in compared:
            transform = counterpart(augmentation, shape[1:])
            ours, peer, here, ratio = measured(
                augmentation, transform, shape, 2 if options.quick else options.repetitions
            )
            ratios.setdefault(size, []).append(ratio)
            figures = f"{1e3 * ours:9.2f}{1e3 * peer:9.2f}{ratio:8.1f}{1e3 * here:18.2f}"
            print(f"{augmentation.id:24}{size:16}{figures}", flush=True)
    for size, of_size in ratios.items():
        print(f"{size}: ratio from {min(of_size):.1f} to {max(of_size):.1f}, median {statistics.median(of_size):.1f}")
    alone = [augmentation.id for augmentation in chosen if augmentation not in compared]
    print(f"without a counterpart in torchvision: {', '.join(alone) or 'none'}")
    failures = missed(ratios)
    print("\n".join(f"MISSED: {failure}" for failure in failures) or "all bounds kept")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
