"""Picture files of every kind, and of every kind of damage."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import unicodedata
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from engine.message import InputError
from engine.pictures import files as pictures
from engine.pictures.files import border_mean, fit, is_grey, read_picture, shown
from tests.engine.support import ROOT

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def halves(left=RED, right=BLUE, mode="RGB"):
    """A picture 8 wide and 4 high in two colours."""
    image = Image.new("RGB", (8, 4), left)
    image.paste(right, (4, 0, 8, 4))
    return image.convert(mode)


def saved(path, image, **options):
    image.save(path, **options)
    return path


def reason(path, **options):
    with pytest.raises(InputError) as raised:
        read_picture(path, **options)
    text = str(raised.value)
    assert path.name in text and "\n" not in text
    return raised.value.message.code


@pytest.mark.parametrize("suffix", ["png", "bmp", "webp", "tiff", "gif", "jpg"])
def test_every_kind_is_read_by_its_content_whatever_its_name_says(tmp_path, suffix):
    path = saved(tmp_path / f"a.{suffix}", halves())
    misnamed = path.rename(tmp_path / "b.txt")
    made = read_picture(misnamed)
    assert made.dtype == np.uint8 and made.shape == (4, 8, 3)
    assert np.abs(made[1, 0].astype(int) - RED).max() < 70 and np.abs(made[1, 7].astype(int) - BLUE).max() < 70


def test_grey_palette_and_bilevel_become_red_green_and_blue(tmp_path):
    grey = read_picture(saved(tmp_path / "l.png", halves((40, 40, 40), WHITE, "L")))
    assert grey[0, 0].tolist() == [40] * 3 and grey[0, 7].tolist() == [255] * 3
    palette = read_picture(saved(tmp_path / "p.png", halves().convert("P", palette=Image.Palette.ADAPTIVE)))
    assert palette[0, 0].tolist() == list(RED)
    assert read_picture(saved(tmp_path / "1.png", halves((0, 0, 0), WHITE, "1")))[0, 7].tolist() == [255] * 3


def test_cmyk_becomes_red_green_and_blue(tmp_path):
    made = read_picture(saved(tmp_path / "c.tiff", halves(mode="CMYK")))
    assert made[0, 0].tolist() == list(RED)


def test_sixteen_bits_are_brought_to_eight(tmp_path):
    values = np.array([[0, 65_535], [257, 32_896]], dtype=np.uint16)
    made = read_picture(saved(tmp_path / "16.png", Image.fromarray(values)))
    assert made[..., 0].tolist() == [[0, 255], [1, 128]]


def test_numbers_whose_range_is_not_known_are_refused(tmp_path):
    assert reason(saved(tmp_path / "f.tiff", Image.new("F", (2, 2), 0.5))) == "unknown-range"
    assert reason(saved(tmp_path / "i.tiff", Image.new("I", (2, 2), 70_000))) == "unknown-range"


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_laid_on_white(tmp_path, mode):
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    if mode == "P":
        path = tmp_path / "a.gif"
        indexed = Image.new("P", (2, 1), 0)
        indexed.putpalette([0, 0, 0, 10, 10, 10])
        indexed.putpixel((1, 0), 1)
        indexed.save(path, transparency=1)
    else:
        path = saved(tmp_path / "a.png", image.convert(mode))
    made = read_picture(path)
    assert made[0, 0].tolist() == [0] * 3 and made[0, 1].tolist() == list(WHITE)


def test_half_transparent_is_half_white(tmp_path):
    made = read_picture(saved(tmp_path / "a.png", Image.new("RGBA", (1, 1), (0, 0, 0, 128))))
    assert made[0, 0, 0] in (127, 128)


def test_a_photograph_is_turned_as_the_camera_was_held(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right
    made = read_picture(saved(tmp_path / "a.png", halves(), exif=exif))
    assert made.shape == (8, 4, 3)
    assert made[0, 0].tolist() == list(RED) and made[7, 0].tolist() == list(BLUE)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_turned_upright_however_much_smaller_it_is_made(tmp_path, suffix, orientation):
    image = halves().resize((960, 480), Image.Resampling.NEAREST)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"a.{suffix}", image, exif=exif)
    expected = np.array(ImageOps.exif_transpose(Image.open(path)).convert("RGB")).astype(int)
    made = read_picture(path, 24)
    assert made.shape[0] < expected.shape[0]
    for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        assert np.abs(made[row, column] - expected[row, column]).max() < 12


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
def test_damaged_tags_leave_a_picture_as_it_lies(tmp_path):
    path = saved(tmp_path / "a.jpg", halves(), exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(range(200)))
    assert read_picture(path).shape == (4, 8, 3)


def test_of_an_animation_the_first_frame_is_taken(tmp_path):
    path = tmp_path / "a.gif"
    halves(RED, RED).save(path, save_all=True, append_images=[halves(BLUE, BLUE)])
    assert read_picture(path)[0, 0].tolist() == list(RED)


def test_a_large_jpeg_is_decoded_smaller_but_never_too_small(tmp_path):
    path = saved(tmp_path / "a.jpg", halves().resize((1600, 800)), quality=95)
    assert read_picture(path).shape == (800, 1600, 3)
    made = read_picture(path, 28)
    assert 4 * 28 <= made.shape[0] < 800 and made.shape[1] == 2 * made.shape[0]


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK", "P", "1", "I;16"])
def test_a_large_picture_of_any_mode_is_made_smaller_at_once_and_looks_the_same(tmp_path, mode):
    shades = np.tile(np.linspace(0, 255, 600).astype(np.uint8), (400, 1))
    image = Image.fromarray(shades)
    image = Image.fromarray(shades.astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    path = saved(tmp_path / "a.tiff", image)
    large, small = read_picture(path), read_picture(path, 20)
    assert large.shape == (400, 600, 3) and small.shape == (80, 120, 3)
    shape = (3, 20, 30)
    assert np.abs(fit(large, shape).astype(int) - fit(small, shape)).max() < (30 if mode == "1" else 6)


def test_a_colour_that_stands_for_none_is_not_mixed_with_others(tmp_path):
    image = Image.new("RGB", (800, 800), (10, 20, 30))
    path = saved(tmp_path / "a.png", image, transparency=(10, 20, 30))
    assert read_picture(path, 20).min() == 255


def test_a_tiff_that_lacks_strips_is_damaged_and_no_half_picture(tmp_path):
    path = saved(tmp_path / "a.tiff", Image.new("L", (16, 16), 200))
    data = bytearray(path.read_bytes())
    height = data.index(struct.pack("<HH", 257, 4))
    data[height + 8 : height + 12] = struct.pack("<I", 64)
    path.write_bytes(data)
    assert reason(path) == "damaged-picture"


@pytest.mark.parametrize(
    ("mode", "grey"),
    [("1", True), ("L", True), ("LA", True), ("I;16", True), ("RGB", False), ("RGBA", False), ("P", False)],
)
def test_whether_it_is_grey_is_told_by_the_header_alone(tmp_path, mode, grey):
    path = saved(tmp_path / "a.png", Image.new(mode, (64, 64)))
    assert is_grey(path) == grey
    path.write_bytes(path.read_bytes()[:-30])
    assert is_grey(path) == grey


def test_large_pictures_are_decoded_one_after_another(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", halves())
    monkeypatch.setattr(pictures, "LARGE_PIXELS", 31)
    waits = threading.Thread(target=read_picture, args=(path,))
    with pictures._one_large:
        waits.start()
        waits.join(0.05)
        assert waits.is_alive()
        assert is_grey(path) is False, "who looks at headers waits for nobody"
    waits.join(30)
    assert not waits.is_alive()


def test_a_name_is_shown_composed_and_on_one_line():
    assert shown(unicodedata.normalize("NFD", "고양이.png")) == "고양이.png"
    assert shown("a\nb\x1b[31m\u202e.png") == r"a\nb\x1b[31m\u202e.png"
    assert shown(os.fsdecode(b"\xff.png")).isprintable()


def test_pillow_and_libtiff_say_nothing_to_the_user(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path = saved(tmp_path / "a.tiff", noise, compression="tiff_lzw")
    data = bytearray(path.read_bytes())
    data[1000:1400] = bytes(400)
    path.write_bytes(data)
    script = (
        "import sys, warnings; warnings.simplefilter('error'); from engine.pictures.files import read_picture\n"
        "from pathlib import Path; from engine.message import InputError\n"
        "try: read_picture(Path(sys.argv[1]))\nexcept InputError as error: print(error.message.code)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, cwd=ROOT, check=True)
    assert (done.stdout.strip(), done.stderr) == ("damaged-picture", "")


def test_a_file_that_is_no_picture_is_told_so(tmp_path):
    text = tmp_path / "notes.png"
    text.write_text("no picture")
    assert reason(text) == "no-picture"


def test_formats_that_run_programs_are_not_opened(tmp_path):
    assert reason(saved(tmp_path / "a.eps", halves())) == "no-picture"


def test_an_empty_file_a_folder_and_a_missing_one_are_told_apart(tmp_path):
    empty = tmp_path / "empty.png"
    empty.touch()
    (tmp_path / "folder.png").mkdir()
    assert reason(empty) == "empty-file"
    assert reason(tmp_path / "folder.png") == "unreadable"
    assert reason(tmp_path / "missing.png") == "unreadable"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert reason(tmp_path / "pipe.png") == "unreadable"


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "tiff", "webp"])
def test_a_truncated_file_is_damaged_and_no_half_picture(tmp_path, suffix):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path = saved(tmp_path / f"a.{suffix}", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert reason(path) in ("damaged-picture", "no-picture")


def bomb(width, height):
    """A PNG that promises so many pixels, and holds none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # it would hide that no limit is there
@pytest.mark.parametrize("size", [(9_500, 11_000), (13_000, 13_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(*size))
    assert reason(path) == "picture-too-large"


def test_a_file_of_too_many_bytes_is_not_read(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", halves())
    monkeypatch.setattr(pictures, "MAX_BYTES", path.stat().st_size - 1)
    assert reason(path) == "file-too-large"


def test_a_picture_is_fitted_by_its_shorter_side_and_cut_in_the_middle():
    wide = np.zeros((20, 60, 3), dtype=np.uint8)
    wide[:, 20:40] = WHITE
    made = fit(wide, (3, 10, 10))
    assert made.shape == (3, 10, 10) and made.dtype == np.uint8
    assert made[:, :, 1:9].min() > 250, "the middle third is white, the rest is cut off"


def test_a_padded_picture_is_whole_in_the_middle_of_black():
    wide = np.full((20, 60, 3), 255, dtype=np.uint8)
    made = fit(wide, (3, 12, 12), "pad")
    assert made.shape == (3, 12, 12)
    assert (made[:, 4:8] == 255).all() and (made[:, :4] == 0).all() and (made[:, 8:] == 0).all()
    assert fit(wide[:1, :1].repeat(5_000, 1), (1, 8, 8), "pad").max() == 255, "a line is still there"


def test_a_stretched_picture_fills_the_square_with_all_of_it():
    made = fit(np.array(halves()), (3, 8, 8), "stretch")
    assert (made[0, :, 0] == 255).all() and (made[2, :, 7] == 255).all() and made[1].max() == 0


def test_a_picture_made_smaller_is_averaged_and_not_sampled():
    stripes = np.zeros((80, 80, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    made = fit(stripes, (1, 8, 8))
    assert made.shape == (1, 8, 8) and np.abs(made.astype(int) - 127).max() < 12


def test_grey_is_the_usual_mix_and_colours_keep_their_channels():
    picture = np.array(halves())
    assert fit(picture, (1, 4, 4))[0, 0, 0] == 76  # 0.299 of 255
    colour = fit(picture, (3, 4, 8))
    assert colour[0, 0, 0] == 255 and colour[2, 0, 7] == 255 and colour[1].max() == 0


def test_a_network_of_other_inputs_takes_no_pictures():
    for shape in ((7,), (4, 8, 8)):
        with pytest.raises(InputError, match="pictures have 1 or 3 channels"):
            fit(np.array(halves()), shape)


def test_the_border_is_the_outermost_pixels():
    images = np.zeros((2, 1, 6, 6), dtype=np.uint8)
    images[0, 0, 1:5, 1:5] = 255
    images[1] = 255 - images[0]
    assert border_mean(images).tolist() == [0, 255]
