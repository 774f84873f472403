"""A long-tailed cut of the bundled sample, as in Cui et al. 2019, arXiv:1901.05555."""

import torch

from engine.data import DataBundle, Source
from engine.strategy import Dataset, Field, hookimpl
from plugins.dataset.fashion_mnist import FashionMNISTSample


class LongTail(Dataset):
    """Fewer and fewer images from class to class, and a test part with as many of each."""

    ratio: float = Field(100.0, ge=1, le=600)
    """How many times as many images the first class has as the last."""

    def load(self, source: Source) -> DataBundle:
        whole = FashionMNISTSample().load(source)
        targets = whole.training.targets
        classes = len(whole.class_names)
        rows = []
        for label in range(classes):
            own = (targets == label).nonzero().squeeze(1)
            rows.append(own[: round(len(own) * self.ratio ** (-label / (classes - 1)))])
        return DataBundle(whole.training.take(torch.cat(rows)), test=whole.test, class_names=whole.class_names)


@hookimpl
def register_strategies() -> list[type[Dataset]]:
    return [LongTail]
