"""ResNet-18 and ResNet-50 (He, Zhang, Ren, Sun 2015, arXiv:1512.03385), as torchvision has them."""

from engine.strategy import Model, hookimpl
from plugins.model._torchvision import TorchvisionModel


class ResNet18(TorchvisionModel):
    """A residual network (잔차 신경망) of 18 layers: each block adds what it learned to what it was given.

    It is torchvision's `resnet18`, made for photographs of 224×224: its first layers cut an image to a quarter of its
    side, so that little is left of one of 28×28. Its weights are a download of 47 MB.
    """

    id = "resnet18"
    slots = frozenset({"dropout"})
    name = "resnet18"
    last = "fc"
    own_activation = "relu"


class ResNet50(TorchvisionModel):
    """A residual network (잔차 신경망) of 50 layers, in blocks of three: more accurate than ResNet-18, and slower.

    It is torchvision's `resnet50`, made for photographs of 224×224. Its weights are a download of 103 MB.
    """

    id = "resnet50"
    slots = frozenset({"dropout"})
    name = "resnet50"
    last = "fc"
    own_activation = "relu"


@hookimpl
def register_strategies() -> list[type[Model]]:
    return [ResNet18, ResNet50]
