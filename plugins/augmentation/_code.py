"""An augmentation as torchvision's transform of one image, in the script of a run."""

from __future__ import annotations

from engine.code import arguments
from engine.strategy import Augmentation, Code


def transform(strategy: Augmentation, name: str, *first: str, shown: tuple[str, ...] = ()) -> Code:
    """The transform of torchvision with this name: its first arguments, then parameters that differ from torchvision's
    defaults or are to be `shown`."""
    from torchvision.transforms import v2

    given = arguments(strategy, getattr(v2, name), shown)
    given = [text.replace("'nearest'", NEAREST).replace("'bilinear'", BILINEAR) for text in given]
    return Code(imports=("from torchvision.transforms import v2",), value=f"v2.{name}({', '.join((*first, *given))})")


SIZE = "tuple(inputs.shape[2:])"
"""The size of an image, that it is to keep."""
NEAREST, BILINEAR = "v2.InterpolationMode.NEAREST", "v2.InterpolationMode.BILINEAR"
