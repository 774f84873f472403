"""torchvision's classifiers as models of a run: what goes before the network, its head, and its weights.

The network of a run is `adapter`, `body`, `dropout` where the model has that slot, and `head`. The body is
torchvision's own module, but that an identity stands where its last layer stood; that layer is the head. So the tensor
which torchvision calls `layer1.0.conv1.weight` is `body.layer1.0.conv1.weight` here, and `fc.weight` is `head.weight`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from engine.code import WrittenSlots, sequential
from engine.strategy import Advice, Code, DataSpec, Field, Model, Slots
from plugins.model._adapter import Adapter, advice_on_pictures, check_pictures, resized
from plugins.model._weights import own_weights, torchvision_weights
from plugins.regularizer.batch_norm import advice_on_batch

if TYPE_CHECKING:
    from engine.config import RunConfig
    from engine.data import Source

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and deviation of red, green and blue in ImageNet, pixels being 0 to 1: what torchvision's weights expect."""
SIZE = 224
"""Side of the images that torchvision's weights were made for."""


class TorchvisionModel(Model):
    """A classifier of torchvision, with or without its weights."""

    owned = frozenset({"norm"})

    name: ClassVar[str]
    """Its name in `torchvision.models`."""
    last: ClassVar[str]
    """The name of its last layer there."""
    own_activation: ClassVar[str]
    """The activation that belongs to it."""

    weights: Literal["none", "imagenet"] = "none"
    """Initial weights: none, or those that torchvision's authors trained on ImageNet's 1.3 million photographs.

    They are downloaded once. The head is always new, as its classes are yours.
    """
    weights_file: str = ""
    """A file to take the weights from instead (.safetensors, or torchvision's own .pth); empty for the download."""
    size: int | None = Field(None, ge=32, le=1024)
    """Pixels that the shorter side of an image is brought to; none is 224 with weights, and as it comes without."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        yield from advice_on_batch(config, data)
        yield from advice_on_pictures(self, config, data, self.own_activation, self._resized)

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        check_pictures(self, data)
        from torchvision import models  # not at the top: it takes a second

        body = models.get_model(self.name, num_classes=data.outputs, **self.options())
        head = body.get_submodule(self.last)
        body.set_submodule(self.last, nn.Identity())
        adapter = Adapter(self._resized(data), (MEAN, STD) if self.has_weights else None)
        network = nn.Sequential(OrderedDict(adapter=adapter, body=body))
        if "dropout" in self.slots:
            network.add_module("dropout", slots.layer("dropout", head.in_features))
        network.add_module("head", head)
        return network

    def code(self, config: RunConfig) -> Code | None:
        if self.weights_file and not self.weights_file.endswith(".pth"):
            return None  # another library reads such a file
        options = "".join(f", {name}={value!r}" for name, value in self.options().items())
        lines = [f"network = models.get_model({self.name!r}, num_classes=classes{options})"]
        owner, _, last = f"network.{self.last}".rpartition(".")
        head = f"{owner}[{last}]" if last.isdigit() else f"{owner}.{last}"
        dropout = WrittenSlots(config).layer("dropout", 1) if "dropout" in self.slots else []
        lines += [f"{head} = nn.Sequential({layer}, {head})" for layer in dropout]
        size = self.size or (SIZE if self.has_weights else None)
        adapters = ([f"v2.Resize({size})"] if size else []) + ["v2.RGB()"]
        adapters += [f"v2.Normalize({MEAN}, {STD})"] if self.has_weights else []
        lines.append(f"model = {sequential([*adapters, 'network'])}")
        return Code(
            imports=("from torchvision import models", "from torchvision.transforms import v2"),
            lines="\n".join(lines), head=head, weights=self._weights() if self.has_weights else "",
            scaling="mean, std = 0, 255" if self.has_weights else "",
        )  # fmt: skip

    def _weights(self) -> str:
        """What loads the weights, in the script of a run."""
        download = f"models.get_model_weights({self.name!r}).DEFAULT.get_state_dict()"
        source = f"torch.load({self.weights_file!r}, weights_only=True)" if self.weights_file else download
        body = f"{{name: tensor for name, tensor in weights.items() if not name.startswith({self.last + '.'!r})}}"
        return f"weights = {source}\nnetwork.load_state_dict({body}, strict=False)  # all but the head"

    def options(self) -> dict[str, Any]:
        """What torchvision is told besides the number of classes."""
        return {}

    def statistics(self, data: DataSpec) -> tuple[Tensor, Tensor] | None:
        """With weights, pixels reach the adapter as 0 to 1."""
        if not self.has_weights:
            return None
        channels = data.input_shape[0]
        return torch.zeros(channels), torch.full((channels,), 255.0)

    def pretrained(self, network: nn.Module, source: Source) -> None:
        if not self.has_weights:
            return
        from torchvision import models

        body = network.get_submodule("body")
        offered = models.get_model_weights(self.name)
        if self.weights_file:
            known = [weights.url.rpartition("/")[2] for weights in offered]
            body.load_state_dict(own_weights(self.weights_file, body, self.name, known), strict=False)
            return
        weights = offered.DEFAULT
        file = torchvision_weights(weights.url, weights.meta["_file_size"] * 2**20, source)
        state = torch.load(file, map_location="cpu", weights_only=True)
        body.load_state_dict({name: t for name, t in state.items() if not name.startswith(f"{self.last}.")})

    @property
    def has_weights(self) -> bool:
        """Whether it starts from weights."""
        return self.weights != "none" or bool(self.weights_file)

    def _resized(self, data: DataSpec) -> tuple[int, int] | None:
        """Height and width that images are brought to; None where they have them already."""
        return resized(data, self.size or (SIZE if self.has_weights else None))
