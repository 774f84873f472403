"""torchvision's classifiers as models of a run: what goes before the network, its head, and its weights.

The network of a run is `adapter`, `body`, `dropout` where the model has that slot, and `head`. The body is
torchvision's own module, but that an identity stands where its last layer stood; that layer is the head. So the tensor
which torchvision calls `layer1.0.conv1.weight` is `body.layer1.0.conv1.weight` here, and `fc.weight` is `head.weight`.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.message import InputError
from engine.strategy import Advice, DataSpec, Field, Model, Slots, message
from plugins.regularizer.batch_norm import advice_on_batch

if TYPE_CHECKING:
    from engine.config import RunConfig
    from engine.data import Source

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and deviation of red, green and blue in ImageNet, pixels being 0 to 1: what torchvision's weights expect."""
SIZE = 224
"""Side of the images that torchvision's weights were made for."""
LEAST = 64
"""Side below which little is left of an image: its networks halve it five times, and of 64 pixels 2 remain."""


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
    size: int | None = Field(None, ge=32, le=1024)
    """Pixels that the shorter side of an image is brought to; none is 224 with weights, and as it comes without."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        yield from advice_on_batch(config, data)
        if config.activation.id != "relu":
            yield Advice("warning", message(
                "own-activation", "{model} has its own activation ({own}): the chosen {activation} is not used",
                model=self.id, own=self.own_activation, activation=config.activation.id,
            ))  # fmt: skip
        if self.weights != "none":
            yield Advice("warning", message(
                "own-statistics", "the weights need inputs in the range of ImageNet, and {model} sees to that: the "
                "chosen scaling {scaling} is not used", model=self.id, scaling=config.scaling.id,
            ), "weights")  # fmt: skip
        if data is not None and len(data.input_shape) == 3:
            (_, *own), new = data.input_shape, self._resized(data)
            if self.size is None and new is None and min(own) < LEAST:
                yield Advice("warning", message(
                    "little-left", "little is left of images of {own} after {model} has halved them five times: take "
                    "small-resnet, or size={size} at {times} times the cost",
                    own="×".join(map(str, own)), model=self.id, size=LEAST, times=round((LEAST / min(own)) ** 2, 1),
                ), "size")  # fmt: skip
            elif new is not None and new[0] > own[0] and min(new) > LEAST:
                yield Advice("warning", message(
                    "enlarged", "images of {own} are enlarged to {new}: each step costs up to {times} times as much; "
                    "a smaller size is faster, and may be less accurate",
                    own="×".join(map(str, own)), new="×".join(map(str, new)),
                    times=round(new[0] * new[1] / (own[0] * own[1]), 1),
                ), "size")  # fmt: skip

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        if len(data.input_shape) != 3 or data.input_shape[0] not in (1, 3):
            raise InputError(
                "not-for-torchvision", "{model} takes images of 1 or 3 channels, and these samples are {shape}: choose "
                "another model", model=self.id, shape="×".join(map(str, data.input_shape)),
            )  # fmt: skip
        from torchvision import models  # not at the top: it takes a second

        body = models.get_model(self.name, num_classes=data.outputs, **self.options())
        head = body.get_submodule(self.last)
        body.set_submodule(self.last, nn.Identity())
        network = nn.Sequential(OrderedDict(adapter=Adapter(self._resized(data), self.weights != "none"), body=body))
        if "dropout" in self.slots:
            network.add_module("dropout", slots.layer("dropout", head.in_features))
        network.add_module("head", head)
        return network

    def options(self) -> dict[str, Any]:
        """What torchvision is told besides the number of classes."""
        return {}

    def statistics(self, data: DataSpec) -> tuple[Tensor, Tensor] | None:
        """With weights, pixels reach the adapter as 0 to 1."""
        if self.weights == "none":
            return None
        channels = data.input_shape[0]
        return torch.zeros(channels), torch.full((channels,), 255.0)

    def pretrained(self, network: nn.Module, source: Source) -> None:
        if self.weights == "none":
            return
        from torchvision import models

        weights = models.get_model_weights(self.name).DEFAULT
        file = weights_file(weights.url, weights.meta["_file_size"] * 2**20, source)
        state = torch.load(file, map_location="cpu", weights_only=True)
        body = network.get_submodule("body")
        body.load_state_dict({name: t for name, t in state.items() if not name.startswith(f"{self.last}.")})

    def _resized(self, data: DataSpec) -> tuple[int, int] | None:
        """Height and width that images are brought to; None where they have them already."""
        height, width = data.input_shape[1:]
        short = self.size or (SIZE if self.weights != "none" else min(height, width))
        long = short * max(height, width) // min(height, width)
        new = (short, long) if height <= width else (long, short)
        return None if new == (height, width) else new


class Adapter(nn.Module):
    """Brings images into the form in which a network of torchvision takes them: the size, the range, three channels."""

    mean: Tensor | None
    std: Tensor | None

    def __init__(self, size: tuple[int, int] | None, imagenet: bool) -> None:
        super().__init__()
        self.size = size
        # Not persistent: they belong to the architecture, and a state holds what was learned.
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1) if imagenet else None, persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(3, 1, 1) if imagenet else None, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """From `[N, 1 or 3, H, W]` to `[N, 3, H', W']`."""
        if self.size is not None:
            # As torchvision's Resize. Where images grow, antialiasing changes nothing, and not every device has it.
            shrinks = self.size[0] < images.shape[-2]
            images = functional.interpolate(images, self.size, mode="bilinear", antialias=shrinks)
        if self.mean is not None and self.std is not None:
            images = (images - self.mean) / self.std
        return images.expand(-1, 3, -1, -1)


def weights_file(url: str, size: float, source: Source) -> Path:
    """The file of weights at this address, of about so many bytes: downloaded, unless it is there and its hash right.

    Raises `InputError`, which says where to put the file, where it can't be had.
    """
    folder = source.folder / "weights"
    file = folder / url.rpartition("/")[2]
    found = re.search(r"-([0-9a-f]{8,})\.", file.name)
    assert found is not None, "torchvision's files of weights carry the start of their hash in their name"
    damaged = file.exists()
    if damaged and digest(file).startswith(found[1]):
        return file
    try:
        download(url, file, found[1], size, source)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        if damaged:
            raise InputError(
                "weights-damaged", "the weights {file} are damaged and could not be downloaded again ({reason}): fetch "
                "{url} and put it into {folder}", file=file.name, reason=reason, url=url, folder=folder,
            ) from error  # fmt: skip
        raise InputError(
            "weights-missing", "the weights {file} could not be downloaded ({reason}): fetch {url} and put it into "
            "{folder}, or train with weights=none", file=file.name, reason=reason, url=url, folder=folder,
        ) from error  # fmt: skip
    return file


def download(url: str, file: Path, sha256: str, size: float, source: Source) -> None:
    """Download by PyTorch, which checks the hash, and report how far it is by the bytes that are there."""
    text = message(
        "downloading-weights", "downloading {file} ({megabytes} MB) to {folder}",
        file=file.name, megabytes=round(size / 1e6), folder=file.parent,
    )  # fmt: skip
    source.report(text, 0.0)
    file.parent.mkdir(parents=True, exist_ok=True)
    left = set(file.parent.glob(f"{file.name}.*.partial"))  # by a process that was killed, or by one beside this
    job: Future[None] = Future()

    def work() -> None:
        try:
            torch.hub.download_url_to_file(url, str(file), sha256, progress=False)
            job.set_result(None)
        except BaseException as error:  # noqa: BLE001 told in the thread that waits
            job.set_exception(error)

    # A daemon: whoever gives up waiting, by Ctrl-C or by closing the window, is not held until the download ends.
    threading.Thread(target=work, name="download", daemon=True).start()
    while wait([job], timeout=0.2).not_done:
        growing = set(file.parent.glob(f"{file.name}.*.partial")) - left
        source.report(text, min(1.0, sum(bytes_in(path) for path in growing) / size))
    job.result()


def bytes_in(path: Path) -> int:
    """Its size; 0 where it was renamed a moment ago."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
