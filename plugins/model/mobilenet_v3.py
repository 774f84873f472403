"""MobileNetV3 (Howard et al. 2019, arXiv:1905.02244), as torchvision has it."""

from typing import Any

from engine.strategy import Field, Model, hookimpl
from plugins.model._torchvision import TorchvisionModel


class MobileNetV3(TorchvisionModel):
    """What the two sizes share: a dropout of its own before the head."""

    owned = frozenset({"norm", "dropout"})
    last = "classifier.3"
    own_activation = "hardswish and relu"

    dropout: float = Field(0.2, ge=0, lt=1)
    """Probability that a neuron before the output is switched off in training: the network's own dropout (드롭아웃)."""

    def options(self) -> dict[str, Any]:
        return {"dropout": self.dropout}


class MobileNetV3Small(MobileNetV3):
    """A network for telephones: it filters each channel by itself and then mixes them, which costs little.

    It is torchvision's `mobilenet_v3_small`, made for photographs of 224×224. Its weights are a download of 10 MB.
    """

    id = "mobilenet-v3-small"
    name = "mobilenet_v3_small"


class MobileNetV3Large(MobileNetV3):
    """The larger of the networks for telephones: more accurate than the small one, at some four times its cost.

    It is torchvision's `mobilenet_v3_large`, made for photographs of 224×224. Its weights are a download of 22 MB.
    """

    id = "mobilenet-v3-large"
    name = "mobilenet_v3_large"


@hookimpl
def register_strategies() -> list[type[Model]]:
    return [MobileNetV3Small, MobileNetV3Large]
