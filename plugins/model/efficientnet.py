"""EfficientNet (Tan, Le 2019, arXiv:1905.11946), as torchvision has it."""

from typing import Any

from engine.strategy import Field, Model, hookimpl
from plugins.model._torchvision import TorchvisionModel


class EfficientNetB0(TorchvisionModel):
    """A network whose depth, width and image size were weighed against each other: more accurate for its cost.

    It is torchvision's `efficientnet_b0`, made for photographs of 224×224. In training it skips some of its blocks for
    a sample, as its authors do. Its weights are a download of 21 MB.
    """

    id = "efficientnet-b0"
    owned = frozenset({"norm", "dropout"})
    name = "efficientnet_b0"
    last = "classifier.1"
    own_activation = "silu"

    dropout: float = Field(0.2, ge=0, lt=1)
    """Probability that a neuron before the output is switched off in training: the network's own dropout (드롭아웃)."""

    def options(self) -> dict[str, Any]:
        return {"dropout": self.dropout}


@hookimpl
def register_strategies() -> list[type[Model]]:
    return [EfficientNetB0]
