"""Reading picture files that anyone may have made: their header is checked before anything is decoded."""

from __future__ import annotations

import ctypes
import io
import math
import threading
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# Imported by name, so that Pillow has no need to look through its other formats for these.
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin, _imaging  # noqa: F401

from engine.message import InputError
from engine.reading import opened

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF")
"""What is read, whatever a file's name says. Formats that run programs, such as EPS, are none of them."""
MAX_BYTES = 200_000_000
"""Of a file."""
MAX_PIXELS = 100_000_000
"""Of a picture: almost any camera's, and decoded in 400 MB."""
LARGE_BYTES, LARGE_PIXELS = 32_000_000, 16_000_000
"""What is larger is read by one thread at a time: of all threads together, only one then needs much memory."""
DRAFT = 4
"""A picture is made smaller at once where so many times the wanted edge is left: a JPEG is decoded 8 times as fast."""
UNREADABLE = "unreadable"
"""The code of a refusal that is not the picture's own: the system would not let the file be read."""
SIXTEEN_BITS = 65_535
TO_EIGHT_BITS = np.rint(np.arange(SIXTEEN_BITS + 1) * (255 / SIXTEEN_BITS)).astype(np.uint8)
ORIENTATION = 0x0112
"""The EXIF tag that tells how the camera was held."""
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""What turns a picture of each orientation upright."""
MEMORY_BLOCK = 2**26
"""Bytes that Pillow asks for at once, at most. The C library hands back what is larger than 32 MB as soon as it is
freed; of smaller pieces, each thread's share would stay taken, which came to 2 GB where 900 MB were needed."""
BLENDING = ("L", "LA", "RGB", "RGBA", "CMYK")
"""Pillow's modes in which neighbouring pixels can be averaged."""

Pixels = NDArray[np.uint8]
Resize = Literal["crop", "pad", "stretch"]

_one_large = threading.RLock()

_imaging.set_block_size(MEMORY_BLOCK)
# What Pillow warns of is either harmless, such as an odd tag, or raised as an error besides.
warnings.filterwarnings("ignore", module=r"PIL\.")
# What libtiff finds wrong with a file, Pillow raises; libtiff prints it too, unless it is told not to.
with suppress(OSError, AttributeError):  # it may be built into Pillow, out of reach
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


def read_picture(path: Path, edge: int | None = None, name: str | None = None) -> Pixels:
    """The picture in a file, upright: uint8 `[H, W, 3]`, red, green, blue.

    Of several frames the first; what is transparent is laid on white; 16 bits are rounded to 8. Where `edge` is given,
    the shorter side may come out smaller than in the file, but not less than `DRAFT` times as long as that.

    Raises `InputError`, which names the file (by `name`, where given) and says in one line why it can't be read;
    `MemoryError` where there is too little for it.
    """
    name = name or shown(path.name)
    with _opened(path, name) as image:
        if edge is not None:
            image.draft(None, (DRAFT * edge, DRAFT * edge))
        _check_strips(image, name)
        image.load()
        turn = _turn(image)  # asked before it is reduced: what Pillow makes of a TIFF has no tags
        made = _reduced(_as_rgb(_reduced(_of_eight_bits(image, name), edge)), edge)
        return np.array(made if turn is None else made.transpose(turn))


@dataclass(frozen=True)
class Header:
    """What a file tells of its picture before that is decoded."""

    format: str
    """One of `FORMATS`."""
    mode: str
    """Pillow's name of how it is stored."""
    width: int
    height: int
    transparent: bool

    @property
    def grey(self) -> bool:
        """Whether it is stored in shades of grey."""
        return self.mode in ("1", "L", "LA", "F") or self.mode.startswith("I")


def read_header(path: Path, name: str | None = None) -> Header:
    """The header of a picture file alone. Raises as `read_picture` does."""
    with _opened(path, name or shown(path.name), header=True) as image:
        return Header(image.format or "", image.mode, *image.size, image.has_transparency_data)


def is_grey(path: Path) -> bool:
    """Whether a picture is stored in shades of grey, by its header alone. Raises as `read_picture` does."""
    return read_header(path).grey


def fit(picture: Pixels, shape: tuple[int, ...], resize: Resize = "crop") -> Pixels:
    """A picture `[H, W, 3]` as a network of this input shape `(C, H, W)` takes it: uint8 `[C, H, W]`.

    It is made smaller or larger, with antialiasing. `crop`: until it just covers the network's height and width; what
    stands out on either side is cut off. `pad`: until it just lies within them; the rest is black. `stretch`: each
    side by itself. For one channel it becomes grey (ITU-R 601).

    Raises `InputError` for networks that take no pictures of one or three channels.
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
    made = np.array(_resized(image, (width, height), resize))
    return made[None] if channels == 1 else np.ascontiguousarray(np.moveaxis(made, 2, 0))


def border_mean(images: Pixels) -> NDArray[np.float64]:
    """How light the outermost pixels of each image are, from 0 to 255: float64 `[N]` from uint8 `[N, C, H, W]`."""
    edges = (images[:, :, 0], images[:, :, -1], images[:, :, :, 0], images[:, :, :, -1])
    return np.asarray(np.concatenate([edge.reshape(len(images), -1) for edge in edges], 1).mean(1))


def shown(name: str) -> str:
    """A file's name as it can be printed: composed, and with what is no character of a line written as an escape."""
    composed = unicodedata.normalize("NFC", name)
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in composed)


@contextmanager
def _opened(path: Path, name: str, *, header: bool = False) -> Iterator[Image.Image]:
    """The picture in a file, once its header was looked at. What goes wrong meanwhile becomes an `InputError`."""
    try:
        with ExitStack() as held, opened(path) as (file, size):
            _check_bytes(name, size)
            if size > LARGE_BYTES and not header:
                held.enter_context(_one_large)
            # From memory: a decoder that maps a file ends the process where the file is cut meanwhile.
            with Image.open(file if header else io.BytesIO(file.read(MAX_BYTES)), formats=FORMATS) as image:
                _check_size(name, *image.size)
                if image.width * image.height > LARGE_PIXELS and not header:
                    held.enter_context(_one_large)
                yield image
    except (InputError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise InputError(
            "no-picture", "{name} is no picture of a kind that can be read: {formats}",
            name=name, formats=", ".join(FORMATS),
        ) from None  # fmt: skip
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(name) from None
    except Exception as error:  # noqa: BLE001 the decoders raise anything for a damaged file
        if isinstance(error, OSError) and error.errno is not None:  # the system's; a decoder's has no number
            reason = error.strerror or str(error)
            raise InputError(UNREADABLE, "{path} can't be read: {reason}", path=name, reason=reason) from None
        raise InputError("damaged-picture", "{name} is damaged: {reason}", name=name, reason=_line(error)) from None


def _check_bytes(name: str, size: int) -> None:
    if size == 0:
        raise InputError("empty-file", "{name} is empty: 0 bytes", name=name)
    if size > MAX_BYTES:
        raise InputError(
            "file-too-large", "{name} is too large: {megabytes} MB, at most {most} MB are read",
            name=name, megabytes=round(size / 1e6), most=round(MAX_BYTES / 1e6),
        )  # fmt: skip


def _check_size(name: str, width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise InputError(
            "no-pixels", "{name} has no pixels: it is {width}×{height}", name=name, width=width, height=height
        )
    if width * height > MAX_PIXELS:
        raise _too_large(name)


def _check_strips(image: Image.Image, name: str) -> None:
    """Refuse a TIFF whose strips or tiles don't reach its edges: Pillow would leave what they lack black."""
    boxes = [tile[1] for tile in getattr(image, "tile", ()) if tile[1]]
    reach = [max((box[side] for box in boxes), default=0) for side in (2, 3)]
    # By area: Pillow gives the size of a TIFF as the camera was held, and its strips as they lie in the file.
    if image.format == "TIFF" and boxes and math.prod(reach) < image.width * image.height:
        raise InputError("damaged-picture", "{name} is damaged: {reason}", name=name, reason="it lacks strips")


def _too_large(name: str) -> InputError:
    return InputError(
        "picture-too-large", "{name} has too many pixels: at most {most} million are decoded",
        name=name, most=round(MAX_PIXELS / 1e6),
    )  # fmt: skip


def _reduced(image: Image.Image, edge: int | None) -> Image.Image:
    """Smaller by a whole factor, where the shorter side stays `DRAFT` times as long as `edge`."""
    factor = 1 if edge is None else min(image.size) // (DRAFT * edge)
    keyed = image.has_transparency_data and image.mode not in ("LA", "RGBA")  # one colour stands for none
    return image.reduce(factor) if factor > 1 and image.mode in BLENDING and not keyed else image


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What turns it as the camera was held. Where damaged tags can't tell, it stays as it lies in the file."""
    with suppress(Exception):
        return UPRIGHT.get(image.getexif().get(ORIENTATION, 1))
    return None


def _of_eight_bits(image: Image.Image, name: str) -> Image.Image:
    """Grey of 16 bits rounded to 8; anything else as it is."""
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > SIXTEEN_BITS:
        raise InputError(
            "unknown-range", "{name} holds numbers of 32 bits, whose range is not told: save it with 8 or 16 bits",
            name=name,
        )  # fmt: skip
    grey = np.empty(values.shape, np.uint8)
    for row, line in enumerate(values):  # of all at once, the places in the table would take 8 bytes a pixel
        grey[row] = TO_EIGHT_BITS[line]
    return Image.fromarray(grey)


def _as_rgb(image: Image.Image) -> Image.Image:
    """In red, green and blue, without transparency."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGB", layer.size, "white")
    white.paste(layer, mask=layer)
    return white


def _resized(image: Image.Image, size: tuple[int, int], resize: Resize) -> Image.Image:
    if resize == "crop":
        return ImageOps.fit(image, size, Image.Resampling.BICUBIC)
    if resize == "stretch":
        return image.resize(size, Image.Resampling.BICUBIC)
    scale = min(size[0] / image.width, size[1] / image.height)
    within = (max(1, round(scale * image.width)), max(1, round(scale * image.height)))
    ground = Image.new(image.mode, size)
    place = ((size[0] - within[0]) // 2, (size[1] - within[1]) // 2)
    ground.paste(image.resize(within, Image.Resampling.BICUBIC), place)
    return ground


def _line(error: Exception) -> str:
    """What a decoder said, in one line."""
    text = " ".join(str(error).split())[:120]
    return shown(text) or type(error).__name__
