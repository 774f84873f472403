"""Reading picture files that anyone may have made: their header is checked before anything is decoded."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.message import InputError

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF")
"""What is read, whatever a file's name says. Formats that run programs, such as EPS, are none of them."""
MAX_BYTES = 200_000_000
"""Of a file."""
MAX_PIXELS = 80_000_000
"""Of a picture: any camera's, and decoded in 240 MB."""
DRAFT = 4
"""A JPEG is decoded at a fraction of its size where so many times the wanted edge is left: up to 8 times as fast."""
SIXTEEN_BITS = 65_535

Pixels = NDArray[np.uint8]


def read_picture(path: Path, edge: int | None = None) -> Pixels:
    """The picture in a file, upright: uint8 `[H, W, 3]`, red, green, blue.

    Of several frames the first; what is transparent is laid on white; 16 bits are rounded to 8. Where `edge` is given,
    the shorter side may come out smaller than in the file, but not less than `DRAFT` times as long as that.

    Raises `InputError`, which names the file and says in one line why it can't be read.
    """
    try:
        with Image.open(io.BytesIO(_content(path)), formats=FORMATS) as image:
            _check_size(path, *image.size)
            if edge is not None:
                image.draft(None, (DRAFT * edge, DRAFT * edge))
            image.load()
            ImageOps.exif_transpose(image, in_place=True)  # as the camera was held
            return np.array(_as_rgb(image, path))
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(
            "no-picture", "{name} is no picture of a kind that can be read: {formats}",
            name=path.name, formats=", ".join(FORMATS),
        ) from None  # fmt: skip
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(path) from None
    except Exception as error:  # noqa: BLE001 the decoders raise anything for a damaged file
        raise InputError(
            "damaged-picture", "{name} is damaged: {reason}", name=path.name, reason=_line(error)
        ) from None


def fit(picture: Pixels, shape: tuple[int, ...]) -> Pixels:
    """A picture `[H, W, 3]` as a network of this input shape `(C, H, W)` takes it: uint8 `[C, H, W]`.

    It is made smaller or larger, with antialiasing, until it just covers the network's height and width; what stands
    out on either side is cut off. For one channel it becomes grey (ITU-R 601). Raises `InputError` for networks that
    take no pictures of one or three channels.
    """
    if len(shape) != 3 or shape[0] not in (1, 3):
        raise InputError(
            "not-for-pictures", "the network takes inputs of shape {shape}: pictures have 1 or 3 channels",
            shape=list(shape),
        )  # fmt: skip
    channels, height, width = shape
    image = Image.fromarray(picture)
    if channels == 1:
        image = image.convert("L")
    made = np.array(ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC))
    return made[None] if channels == 1 else np.ascontiguousarray(np.moveaxis(made, 2, 0))


def border_mean(images: Pixels) -> NDArray[np.float64]:
    """How light the outermost pixels of each image are, from 0 to 255: float64 `[N]` from uint8 `[N, C, H, W]`."""
    edges = (images[:, :, 0], images[:, :, -1], images[:, :, :, 0], images[:, :, :, -1])
    return np.asarray(np.concatenate([edge.reshape(len(images), -1) for edge in edges], 1).mean(1))


def _content(path: Path) -> bytes:
    """A file's bytes, after its kind and length were looked at."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("no-file", "{name} is no file", name=path.name)
        if status.st_size == 0:
            raise InputError("empty-file", "{name} is empty: 0 bytes", name=path.name)
        if status.st_size > MAX_BYTES:
            raise InputError(
                "file-too-large", "{name} is too large: {megabytes} MB, at most {most} MB are read",
                name=path.name, megabytes=round(status.st_size / 1e6), most=round(MAX_BYTES / 1e6),
            )  # fmt: skip
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            "unreadable", "{path} can't be read: {reason}", path=path.name, reason=error.strerror or str(error)
        ) from None


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large(path)


def _too_large(path: Path) -> InputError:
    return InputError(
        "picture-too-large", "{name} has too many pixels: at most {most} million are decoded",
        name=path.name, most=round(MAX_PIXELS / 1e6),
    )  # fmt: skip


def _as_rgb(image: Image.Image, path: Path) -> Image.Image:
    """In red, green and blue of 8 bits, without transparency."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image)
        if image.mode == "F" or values.min() < 0 or values.max() > SIXTEEN_BITS:
            raise InputError(
                "unknown-range", "{name} holds numbers of 32 bits, whose range is not told: save it with 8 or 16 bits",
                name=path.name,
            )  # fmt: skip
        grey = np.rint(values * (255 / SIXTEEN_BITS)).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _line(error: Exception) -> str:
    """What a decoder said, in one line."""
    text = " ".join(str(error).split())[:120]
    return text or type(error).__name__
