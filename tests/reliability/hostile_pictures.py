"""Picture files that somebody made to do harm, or that are odd by nature: each as a function that writes one."""

from __future__ import annotations

import functools
import io
import os
import struct
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

FAR = 60_000
"""A side of which the square is far too many pixels."""
Make = Callable[[Path], None]


def noise(side: int = 48, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """A picture that no compression makes small, so that half of its file is half of the picture."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """An image as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, body: bytes = b"", *, bits: int = 8, colour: int = 2, extra: bytes = b"") -> bytes:
    """A PNG file whose header says what it likes; `body` are its uncompressed rows."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b"")


def tiff(tags: dict[int, tuple[int, int, int]], data: bytes = b"") -> bytes:
    """A TIFF file with these tags: number → type, count, value or offset; `data` begins at byte 8."""
    entries = b"".join(struct.pack("<HHII", tag, *value) for tag, value in sorted(tags.items()))
    start = 8 + len(data)
    return b"II*\0" + struct.pack("<I", start) + data + struct.pack("<H", len(tags)) + entries + b"\0\0\0\0"


GREY_TIFF = {
    256: (3, 1, 16), 257: (3, 1, 16), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 273: (4, 1, 8), 277: (3, 1, 1),
    278: (3, 1, 16), 279: (4, 1, 256),
}  # fmt: skip
"""The tags of a grey picture, 16 wide and high, whose 256 bytes stand at byte 8."""


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG file whose header says what it likes."""
    data = bytearray(encoded(noise(16), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def bmp_of(width: int, height: int) -> bytes:
    """A BMP file whose header says what it likes."""
    data = bytearray(encoded(noise(16), "BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def gif_of(width: int, height: int) -> bytes:
    """A GIF file whose header says what it likes."""
    data = bytearray(encoded(noise(16, "P"), "GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def webp_of(width: int, height: int) -> bytes:
    """A WebP file whose header says what it likes."""
    body = b"VP8X" + struct.pack("<II", 10, 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def holding(data: bytes) -> Make:
    """Writes these bytes."""
    return lambda path: path.write_bytes(data) and None


def holding_once_made(make: Callable[[], bytes]) -> Make:
    """Writes bytes that take long to make: they are made for the first file, and kept."""
    made = functools.cache(make)
    return lambda path: path.write_bytes(made()) and None


def cut(kind: str, share: float = 0.5, **options: object) -> Make:
    """A file of this kind that ends too early."""
    data = encoded(noise(), kind, **options)
    return holding(data[: round(share * len(data))])


def _unfolding(kind: bytes) -> bytes:
    return png(1, 1, bytes(4), extra=chunk(kind, b"k\0\0" + zlib.compress(bytes(50_000_000), 9)))


def _deep_text() -> bytes:
    texts = PngImagePlugin.PngInfo()
    for number in range(70):
        texts.add_text(f"key{number}", "x" * 1_000_000, zip=True)
    return encoded(noise(), "PNG", pnginfo=texts)


def _outside(path: Path) -> None:
    target = path.parents[2] / "outside.png"
    noise().save(target)
    path.symlink_to(target)


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>1</script></svg>'
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\nshowpage\n%%EOF\n"

BAD: dict[str, Make] = {
    "bomb of a png.png": holding(png(FAR, FAR)),
    "bomb just too large.png": holding(png(10_001, 10_000)),
    "bomb of 16 bits.png": holding(png(FAR, FAR, bits=16, colour=6)),
    "bomb of a jpeg.jpg": holding(jpeg_of(65_500, 65_500)),
    "bomb of a bmp.bmp": holding(bmp_of(30_000, 30_000)),
    "bomb of a bmp, upside down.bmp": holding(bmp_of(30_000, -30_000)),
    "bomb of a gif.gif": holding(gif_of(65_535, 65_535)),
    "bomb of a webp.webp": holding(webp_of(16_000_000, 16_000_000)),
    "bomb of a tiff.tif": holding(tiff(GREY_TIFF | {256: (4, 1, 2**31), 257: (4, 1, 2**31)}, bytes(256))),
    "promises much, holds nothing.png": holding(png(9_000, 9_000)),
    "promises much, holds little.bmp": holding(bmp_of(9_000, 9_000)),
    "cut.png": cut("PNG"),
    "cut.jpg": cut("JPEG"),
    "cut and progressive.jpg": cut("JPEG", progressive=True),
    "cut and progressive, near its end.jpg": cut("JPEG", 0.9, progressive=True),
    "cut.bmp": cut("BMP"),
    "cut.webp": cut("WEBP"),
    "cut and lossless.webp": cut("WEBP", lossless=True),
    "cut.tif": cut("TIFF"),
    "cut and packed.tif": cut("TIFF", compression="tiff_lzw"),
    "cut and deflated.tif": cut("TIFF", 0.9, compression="tiff_deflate"),
    "cut.gif": cut("GIF"),
    "only a header.png": holding(png(16, 16)[:33]),
    "of no width.png": holding(png(0, 16)),
    "of no height.bmp": holding(bmp_of(16, 0)),
    "a wrong checksum.png": holding(
        encoded(noise(), "PNG").replace(b"IHDR", b"IHDR", 1)[:29] + bytes(4) + png(1, 1)[33:]
    ),
    "empty.png": holding(b""),
    "text.png": holding("no picture, 그림이 아니다\n".encode()),
    "zeros.jpg": holding(bytes(5_000)),
    "a vector graphic.svg": holding(SVG),
    "a program.eps": holding(EPS),
    "a program called png.png": holding(EPS),
    "an icon.ico": lambda path: noise(32).save(path, "ICO"),
    "an icon called jpg.jpg": lambda path: noise(32).save(path, "ICO"),
    "of a paint program.psd": holding(b"8BPS\0\x01" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + bytes(64)),
    "a document.pdf": lambda path: noise().save(path, "PDF"),
    "a palette without colours.bmp": holding(b"BM" + bytes(60)),
    "a text that unfolds.png": holding_once_made(lambda: _unfolding(b"zTXt")),
    "many texts that unfold.png": holding_once_made(_deep_text),
    "a profile that unfolds.png": holding_once_made(lambda: _unfolding(b"iCCP")),
    "a strip of 4 GB.tif": holding(tiff(GREY_TIFF | {279: (4, 1, 2**32 - 1), 257: (4, 1, 60_000)}, bytes(256))),
    "strips beyond the end.tif": holding(tiff(GREY_TIFF | {273: (4, 1, 2**32 - 2)}, bytes(256))),
    "tags without an end.tif": holding(b"II*\0\x08\0\0\0\xff\xff"),
    "tags that lead to themselves.tif": holding(b"II*\0\x08\0\0\0" + struct.pack("<H", 0) + b"\x08\0\0\0"),
    "numbers of 32 bits.tif": lambda path: Image.new("F", (9, 9), 0.5).save(path),
    "leads outside.png": _outside,
    "leads nowhere.png": lambda path: path.symlink_to("absent.png"),
    "leads in a circle.png": lambda path: path.symlink_to(path.name),
    "leads to its folder.png": lambda path: path.symlink_to(".", target_is_directory=True),
    "a pipe.png": lambda path: os.mkfifo(path),
    "a name of\ntwo lines \x1b[31m.png": holding(b"no"),
    os.fsdecode(b"a name of \xff\xfe no text.png"): holding(b"no"),
}
"""What can't be used, by file name."""


def _turned(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    noise().save(path, exif=exif)


def _damaged_tags(path: Path) -> None:
    noise().save(path, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(range(200)))


def _keyed(path: Path) -> None:
    noise(mode="P").save(path, transparency=3)


def _lab(path: Path) -> None:
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    made = ImageCms.applyTransform(noise(), to_lab)
    assert made is not None
    made.save(path)


def _of_many(kind: str) -> Make:
    frames = [noise(seed=seed) for seed in range(5)]
    return lambda path: frames[0].save(path, kind, save_all=True, append_images=frames[1:])


def _sixteen(path: Path) -> None:
    Image.fromarray(np.arange(48 * 48, dtype=np.uint16).reshape(48, 48) * 28).save(path)


def _below(path: Path) -> None:
    path.mkdir()
    noise().save(path / "within.png")


ODD: dict[str, Make] = {
    "plain.png": lambda path: noise().save(path),
    "plain.jpg": lambda path: noise().save(path),
    "plain.bmp": lambda path: noise().save(path),
    "plain.webp": lambda path: noise().save(path),
    "plain.tif": lambda path: noise().save(path),
    "plain.gif": lambda path: noise().save(path),
    "a jpeg called png.png": lambda path: noise().save(path, "JPEG"),
    "a png without a suffix": lambda path: noise().save(path, "PNG"),
    "a webp called txt.txt": lambda path: noise().save(path, "WEBP"),
    "turned.jpg": _turned,
    "turned.tif": _turned,
    "damaged tags.jpg": _damaged_tags,
    "absurd tags.tif": holding(
        tiff(GREY_TIFF | {700: (1, 2**31, 8), 34665: (4, 1, 7), 50_000: (12, 2**28, 9)}, bytes(256))
    ),
    "for print.jpg": lambda path: noise(mode="CMYK").save(path),
    "for print.tif": lambda path: noise(mode="CMYK").save(path),
    "of a laboratory.tif": _lab,
    "of 16 bits.png": _sixteen,
    "of 16 bits.tif": _sixteen,
    "of 16 bits in colour.png": holding(png(4, 4, (b"\0" + bytes(range(24))) * 4, bits=16)),
    "grey.jpg": lambda path: noise(mode="L").save(path),
    "grey and transparent.png": lambda path: noise(mode="LA").save(path),
    "transparent.png": lambda path: noise(mode="RGBA").save(path),
    "transparent.webp": lambda path: noise(mode="RGBA").save(path),
    "of a palette.png": lambda path: noise(mode="P").save(path),
    "of a palette and transparent.png": _keyed,
    "of one bit.png": lambda path: noise(mode="1").save(path),
    "of one bit, faxed.tif": lambda path: noise(mode="1").save(path, compression="group4"),
    "in motion.gif": _of_many("GIF"),
    "in motion.webp": _of_many("WEBP"),
    "in motion.png": _of_many("PNG"),
    "of many pages.tif": _of_many("TIFF"),
    "progressive.jpg": lambda path: noise().save(path, progressive=True),
    "of no size but its frame's.gif": holding(gif_of(0, 0)),
    "promises more than it holds, and ends as it should.jpg": holding(jpeg_of(900, 900)),  # no decoder tells
    "a line.png": lambda path: Image.new("RGB", (65_500, 1)).save(path),
    "a column.jpg": lambda path: Image.new("RGB", (1, 65_500)).save(path),
    "a dot.png": lambda path: Image.new("L", (1, 1)).save(path),
    unicodedata.normalize("NFC", "고양이.png"): lambda path: noise().save(path),
    unicodedata.normalize("NFD", "강아지.png"): lambda path: noise().save(path),
    "leads within.png": lambda path: path.symlink_to("plain.png"),
    "a folder.jpg": _below,
}
"""What is odd and a picture all the same, by file name."""


def _vast(bytes_each: int, **options: Any) -> bytes:
    return png(9_999, 10_000, bytes(9_999 * bytes_each + 1) * 10_000, **options)


VAST: dict[str, Make] = {
    "vast.png": holding_once_made(lambda: _vast(3)),
    "vast, transparent.png": holding_once_made(lambda: _vast(4, colour=6)),
    "vast, of 16 bits.png": holding_once_made(lambda: _vast(2, bits=16, colour=0)),
    "vast, of a palette.png": holding_once_made(
        lambda: _vast(1, colour=3, extra=chunk(b"PLTE", bytes(768)) + chunk(b"tRNS", bytes(9)))
    ),
    "vast.jpg": lambda path: Image.new("RGB", (9_999, 10_000)).save(path, progressive=True, subsampling=0),
}
"""The largest pictures that are decoded, in small files."""
