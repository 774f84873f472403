"""The networks of timm, PyTorch Image Models (Wightman 2019, doi:10.5281/zenodo.4414861)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from engine.catalogue import nearest
from engine.code import WrittenSlots, sequential
from engine.message import InputError
from engine.strategy import Advice, Code, DataSpec, Field, Model, Slots, hookimpl, needs
from plugins.model._adapter import Adapter, Size, advice_on_pictures, check_pictures, resized
from plugins.model._weights import download, own_weights
from plugins.regularizer.batch_norm import advice_on_batch

if TYPE_CHECKING:
    from engine.config import RunConfig
    from engine.data import Source

needs("timm", extra="timm")  # which is imported only where a network is built: that takes seconds

FILE = "model.safetensors"
"""What the weights of a network are called in its place on the hub."""


class Timm(Model):
    """One of the thousand networks of the library timm, with or without its weights, by its name there.

    Its last layer is new, for your classes. With weights, images are brought into the size and the range that these
    were trained with. `timm.list_models(pretrained=True)` lists the names; what follows a dot tells apart the weights.
    """

    slots = frozenset({"dropout"})
    owned = frozenset({"norm"})

    name: str = Field("resnet18.a1_in1k", pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)?$", max_length=100)
    """What timm calls the network, and after a dot its weights."""
    weights: Literal["none", "pretrained"] = "none"
    """Initial weights: none, or those that timm offers under this name. They are downloaded once."""
    weights_file: str = ""
    """A .safetensors file to take the weights from instead; empty for the download."""
    size: int | None = Field(None, ge=32, le=1024)
    """Pixels that the shorter side of an image is brought to; none is the weights' own, and as it comes without.

    A network that takes images of one size alone keeps to that.
    """

    @property
    def has_weights(self) -> bool:
        """Whether it starts from weights."""
        return self.weights != "none" or bool(self.weights_file)

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        yield from advice_on_batch(config, data)
        # Of its size nothing: that would need timm, which takes seconds to import.
        yield from advice_on_pictures(self, config, None, "that of its authors", lambda data: None)

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        check_pictures(self, data)
        body = self._made(data)
        head = body.get_classifier()
        if not isinstance(head, nn.Linear):
            raise InputError(
                "no-single-head", "the network {name} of timm does not end in one linear layer: choose another",
                name=self.name,
            )  # fmt: skip
        settings = body.pretrained_cfg
        body.reset_classifier(0)
        adapter = Adapter(
            self._resized(data, settings), (settings["mean"], settings["std"]) if self.has_weights else None
        )
        network = nn.Sequential(OrderedDict(adapter=adapter, body=body))
        network.add_module("dropout", slots.layer("dropout", head.in_features))
        network.add_module("head", head)
        return network

    def statistics(self, data: DataSpec) -> tuple[Tensor, Tensor] | None:
        """With weights, pixels reach the adapter as 0 to 1."""
        if not self.has_weights:
            return None
        channels = data.input_shape[0]
        return torch.zeros(channels), torch.full((channels,), 255.0)

    def pretrained(self, network: nn.Module, source: Source) -> None:
        if not self.has_weights:
            return
        body = network.get_submodule("body")
        path = self.weights_file or str(self._downloaded(body.pretrained_cfg, source))  # type: ignore[arg-type]
        body.load_state_dict(own_weights(path, body, self.name, ()), strict=False)

    def code(self, config: RunConfig) -> Code | None:
        if self.weights_file:
            return None  # another library reads such a file
        lines = [f"network = timm.create_model({self.name!r}, pretrained={self.has_weights}, num_classes=classes)"]
        lines += ["head = network.get_classifier()", "network.reset_classifier(0)"]
        theirs = 'network.pretrained_cfg["input_size"][1:]'
        size = str(self.size) if self.size else theirs if self.has_weights else ""
        adapters = ([f"v2.Resize({size})"] if size else []) + ["v2.RGB()"]
        if self.has_weights:
            adapters.append('v2.Normalize(network.pretrained_cfg["mean"], network.pretrained_cfg["std"])')
        layers = [*adapters, "network", *WrittenSlots(config).layer("dropout", 1), "head"]
        return Code(
            imports=("import timm", "from torchvision.transforms import v2"),
            lines="\n".join([*lines, f"model = {sequential(layers)}"]), head="model[-1]",
            scaling="mean, std = 0, 255" if self.has_weights else "",
        )  # fmt: skip

    def _made(self, data: DataSpec) -> Any:
        """timm's network for these data."""
        import timm

        if not timm.is_model(self.name.partition(".")[0]):
            raise InputError(
                "unknown-network", "timm has no network {name}{nearest}",
                name=self.name, nearest=nearest(self.name, timm.list_models()),
            )  # fmt: skip
        try:
            return timm.create_model(self.name, pretrained=False, num_classes=data.outputs)
        except RuntimeError as error:  # an unknown tag
            raise InputError(
                "unknown-network", "timm can't make the network {name}: {reason}",
                name=self.name, reason=" ".join(str(error).split())[:200],
            ) from error  # fmt: skip

    def _resized(self, data: DataSpec, settings: dict[str, Any]) -> Size | None:
        """Height and width that images are brought to; None where they have them already."""
        _, height, width = settings["input_size"]
        if settings.get("fixed_input_size"):  # its first layer takes no other
            return None if data.input_shape[1:] == (height, width) else (height, width)
        return resized(data, self.size or (min(height, width) if self.has_weights else None))

    def _downloaded(self, settings: dict[str, Any], source: Source) -> Path:
        """The file of its weights: downloaded once, unless the cache of the hub has it. Raises `InputError`."""
        place = settings.get("hf_hub_id")
        if not place:
            raise InputError(
                "no-weights", "timm offers no weights for {name}: train with weights=none, or give a weights_file",
                name=self.name,
            )  # fmt: skip
        file = source.folder / "weights" / f"{place.replace('/', '-')}.safetensors"
        if file.exists():
            return file
        import huggingface_hub

        cached = huggingface_hub.try_to_load_from_cache(place, FILE)
        if isinstance(cached, str):
            return Path(cached)
        download(f"https://huggingface.co/{place}/resolve/main/{FILE}", file, source)
        return file


@hookimpl
def register_strategies() -> list[type[Model]]:
    return [Timm]
