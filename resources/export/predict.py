"""Tell pictures apart: python predict.py [MODEL.onnx] PICTURE... (needs onnxruntime, numpy and Pillow)."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # how the camera was held (EXIF): what turns the picture upright


def smaller(image, edge):
    """By a whole factor, where the shorter side stays four times as long as is needed."""
    factor = min(image.size) // (4 * edge)
    blends = image.mode in ("LA", "RGBA") or (image.mode in ("L", "RGB", "CMYK") and not image.has_transparency_data)
    return image.reduce(factor) if factor > 1 and blends else image


def prepare(path, facts):
    """The picture in a file as the network takes it: uint8 [C, H, W]."""
    channels, height, width = json.loads(facts["input_shape"])
    edge, size, image = max(height, width), (width, height), Image.open(io.BytesIO(Path(path).read_bytes()))
    image.draft(None, (4 * edge, 4 * edge))
    image.load()
    turn = TURNS.get(image.getexif().get(0x0112))
    if image.mode.startswith("I"):  # 16 bits become 8
        image = Image.fromarray(np.rint(np.asarray(image) * (255 / 65535)).astype(np.uint8))
    image = smaller(image, edge)
    if image.has_transparency_data:
        layer, image = image.convert("RGBA"), Image.new("RGB", image.size, "white")
        image.paste(layer, mask=layer)
    image = smaller(image.convert("RGB"), edge)
    image = (image if turn is None else image.transpose(turn)).convert("L" if channels == 1 else "RGB")
    within, bring = size, ImageOps.fit if facts["resize"] == "crop" else Image.Image.resize
    if facts["resize"] == "pad":
        scale = min(width / image.width, height / image.height)
        within = max(1, round(scale * image.width)), max(1, round(scale * image.height))
    pixels, left, top = np.zeros((height, width, channels), np.uint8), *(np.subtract(size, within) // 2)
    brought = np.asarray(bring(image, within, Image.Resampling.BICUBIC))
    pixels[top : top + within[1], left : left + within[0]] = brought.reshape(*within[::-1], channels)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).mean()
    return (255 - pixels if facts["dark_ground"] == "true" and border > 150 else pixels).transpose(2, 0, 1)


named = [word for word in sys.argv[1:2] if word.endswith(".onnx")]
models = named or [str(file) for file in Path(__file__).parent.glob("*.onnx")]
if len(models) != 1:
    sys.exit(f"name the ONNX file first: beside this script there are {len(models)}")
session = onnxruntime.InferenceSession(models[0])
facts = session.get_modelmeta().custom_metadata_map
for path in sys.argv[1 + len(named) :]:
    try:
        outputs = session.run(None, {"input": prepare(path, facts)[None]})[0][0]
        print(f"{path}\t{json.loads(facts['class_names'])[outputs.argmax()]}\t{outputs.max():.4f}")
    except OSError as error:
        print(f"{path} can't be read: {error}", file=sys.stderr)
