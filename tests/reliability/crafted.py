"""Files that somebody has made to break in, to hang or to burst: each by name, and how it is put in a place."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.reliability.contained import MARK

Make = Callable[[Path], object]
OUTSIDE = f"../{MARK}"
"""What the code that is smuggled in makes."""
TREASURE = "treasure"
"""A file outside, which nothing may change."""
DEEP = 100_000
"""Levels of nesting."""


class Intruder:
    """Makes a folder where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (OUTSIDE,)


def _bytes(data: bytes) -> Make:
    return lambda place: place.write_bytes(data)


def _text(text: str) -> Make:
    return _bytes(text.encode())


# --- what PyTorch reads ----------------------------------------------------------------------------


def _zipped(entries: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return whole.getvalue()


def _torch_zip() -> bytes:
    return _zipped(
        {"archive/data.pkl": pickle.dumps(Intruder()), "archive/version": b"3\n", "archive/byteorder": b"little"}
    )


def _torch_legacy() -> bytes:
    parts = (
        0x1950A86A20F9469CFC6C,
        1001,
        {"protocol_version": 1001, "little_endian": True, "type_sizes": {}},
        Intruder(),
    )
    return b"".join(pickle.dumps(part, 2) for part in parts)


def _script() -> bytes:
    code = f"def forward(self):\n  import os\n  os.mkdir('{OUTSIDE}')\n"
    return _zipped(
        {"m/code/__torch__.py": code.encode(), "m/data.pkl": pickle.dumps(Intruder()), "m/constants.pkl": b"N."}
    )


def _exported() -> bytes:
    return _zipped({
        "archive_format": b"pt2", "models/model.json": b'{"graph_module": {}, "opset_version": {"aten": 10}}',
        "data/weights/model_weights_config.json": b"{}", "data/sample_inputs/model.pt": _torch_zip(),
    })  # fmt: skip


def _zip_bomb() -> bytes:
    return _zipped({"archive/data.pkl": b"\0" * 200_000_000})


# --- safetensors -----------------------------------------------------------------------------------

META = {"tunedeck": json.dumps({"sha256": "0" * 64, "format": 1})}


def _safetensors(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _tensor(dtype: str = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def _with(**tensors: dict[str, Any]) -> bytes:
    return _safetensors({"__metadata__": META, **tensors}, b"\0" * 16)


def _with_meta(meta: str) -> bytes:
    return _safetensors({"__metadata__": {"tunedeck": meta}})


# --- settings --------------------------------------------------------------------------------------

APPLY = f"!!python/object/apply:os.mkdir ['{OUTSIDE}']"
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)

SETTINGS = {
    "layers-beyond-count.yaml": "model: {id: mlp, hidden: [" + "1," * 45_000 + "1]}\n",
    "a-layer-beyond-bounds.yaml": "model: {id: mlp, hidden: [1000000000]}\n",
    "layers-that-no-memory-holds.yaml": "model: {id: mlp, hidden: [" + ", ".join(["65536"] * 1_000) + "]}\n",
    "plugins-beyond-count.yaml": "with: [" + ", ".join(["ema"] * 19_000) + "]\n",
    "offers-beyond-count.yaml": "offered: [" + ", ".join(["ema"] * 19_000) + "]\n",
    "epochs-beyond-bounds.yaml": f"epochs: {10**18}\n",
    "batch-beyond-bounds.yaml": f"batch_size: {10**12}\n",
    "a-number-of-4000-digits.yaml": f"keep_every: {'9' * 4_000}\n",
    "a-number-of-90000-digits.yaml": f"seed: {'9' * 90_000}\n",
    "a-rate-beyond-float.yaml": "lr: 1e400\n",
    "a-rate-that-is-none.yaml": "lr: .nan\n",
    "a-name-of-90000-letters.yaml": f"name: {'n' * 90_000}\n",
    "a-name-that-steers-a-terminal.yaml": 'name: "\\e]0;owned\\a\\e[2J\\r"\n',
    "a-name-of-half-a-letter.yaml": 'name: "\\uD800"\n',
    "a-path-out-of-the-workspace.yaml": "dataset: {id: fashion-mnist, path: ../../../etc}\n",
    "an-absolute-path.yaml": "dataset: {id: fashion-mnist, path: /etc}\n",
    "a-path-of-a-windows-drive.yaml": "dataset: {id: fashion-mnist, path: 'C:\\Windows\\System32'}\n",
    "a-path-with-a-zero-byte.yaml": 'dataset: {id: fashion-mnist, path: "a\\0b"}\n',
    "a-path-of-90000-letters.yaml": f"dataset: {{id: fashion-mnist, path: {'p/' * 45_000}}}\n",
    "a-path-to-a-device.yaml": "initializer: {id: from-checkpoint, path: /dev/zero}\n",
    "a-checkpoint-with-a-zero-byte.yaml": 'initializer: {id: from-checkpoint, path: "a\\0b"}\n',
    "an-id-that-is-a-path.yaml": "model: {id: ../../plugins/model/mlp}\n",
    "a-strategy-that-is-a-list.yaml": "model: [mlp]\n",
    "a-format-to-come.yaml": f"format: {'9' * 50}\n",
}
"""In YAML that is well formed."""

BROKEN_YAML = {
    "a-tag.yaml": f"name: {APPLY}\n",
    "a-tag-of-a-module.yaml": "name: !!python/module:os\n",
    "laughs.yaml": LAUGHS,
    "an-alias-of-itself.yaml": "a: &a [*a]\n",
    "merge-keys.yaml": "base: {lr: 1}\n<<: {epochs: 3}\n",
    "a-key-twice.yaml": "lr: 1\nlr: 2\n",
    "deep-lists.yaml": "a: " + "[" * 45_000,
    "deep-blocks.yaml": "".join(" " * n + "a:\n" for n in range(400)),
    "ten-megabytes.yaml": "a: [" + "1, " * 3_300_000 + "1]\n",
    "a-mark-at-its-start.yaml": "\ufeff\ufeffepochs: 0\n",
    "questions.yaml": "? " * 40_000,
    "quotes.yaml": '"' + "\\x41" * 24_000,
    "directives.yaml": "%TAG ! tag:yaml.org,2002:python/\n--- !module:os\n",
}
"""In YAML that is not plain."""


def _result(template: str, number: str) -> str:
    """A run's result, and what it ran on, with this template and this number everywhere."""
    figures = ("epochs", "best_epoch", "best_val_loss", "best_val_accuracy", "test_loss", "test_accuracy", "seconds")
    told = ", ".join(f'"{name}": {number}' for name in (*figures, "plugins", "stopped", "failed", "plugin"))
    return f'{{"reason": {{"code": {template}, "template": {template}, "values": {{"a": {number}}}}}, {told}}}'


# --- data ------------------------------------------------------------------------------------------


def _idx(*shape: int, data: bytes = b"") -> bytes:
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + data


def _gzip_bomb(size: int, head: bytes = b"") -> bytes:
    return gzip.compress(head + b"\0" * size)


# --- odd things in the place of files --------------------------------------------------------------


def _to_itself(place: Path) -> None:
    place.symlink_to(place.name)


def _out(place: Path) -> None:
    place.symlink_to(next(folder for folder in place.parents if (folder / TREASURE).exists()) / TREASURE)


ODD: dict[str, Make] = {
    "a-link-out-of-the-workspace": _out,
    "a-pipe": os.mkfifo,
    "a-folder": lambda place: place.mkdir(),
    "a-link-to-a-device": lambda place: place.symlink_to("/dev/zero"),
    "a-link-to-a-terminal": lambda place: place.symlink_to("/dev/tty"),
    "a-link-to-itself": _to_itself,
    "a-link-to-nothing": lambda place: place.symlink_to("nowhere"),
    "a-link-to-memory": lambda place: place.symlink_to("/proc/self/mem"),
    "a-link-to-what-grows": lambda place: place.symlink_to("/proc/kmsg"),
}

INPUTS: dict[str, Make] = {
    **{f"a-pickle{suffix}": _bytes(pickle.dumps(Intruder())) for suffix in (".pt", ".pkl", ".bin", ".safetensors")},
    **{f"a-torch-zip{suffix}": _bytes(_torch_zip()) for suffix in (".pt", ".pth", ".ckpt", ".tar", ".safetensors")},
    "a-legacy-file.pth": _bytes(_torch_legacy()),
    "a-program.pt2": _bytes(_exported()),
    "a-script.pt": _bytes(_script()),
    "a-zip-bomb.pt": lambda place: place.write_bytes(_zip_bomb()),
    "a-gzip-bomb.gz": lambda place: place.write_bytes(_gzip_bomb(200_000_000)),
    "empty.safetensors": _bytes(b""),
    "a-header-of-2-63.safetensors": _bytes(_safetensors(b"{}", length=2**63)),
    "a-header-of-2-64.safetensors": _bytes(_safetensors(b"{}", length=2**64 - 1)),
    "a-header-that-is-not-there.safetensors": _bytes(_safetensors(b"{}", length=7_000_000)),
    "a-header-of-lists.safetensors": lambda place: place.write_bytes(_safetensors(b"[" + b"[]," * 2_600_000 + b"[]]")),
    "a-deep-header.safetensors": _bytes(_safetensors(b'{"a":' * DEEP)),
    "deep-metadata.safetensors": _bytes(_with_meta("[" * DEEP)),
    "metadata-that-are-none.safetensors": _bytes(_with_meta("null")),
    "a-header-with-a-key-twice.safetensors": _bytes(_safetensors(b'{"a":{},"a":{},"__metadata__":{"tunedeck":"{}"}}')),
    "a-shape-beyond-all.safetensors": _bytes(_with(a=_tensor(shape=[2**31, 2**31, 2**31]))),
    "a-shape-below-zero.safetensors": _bytes(_with(a=_tensor(shape=[-2, -1]))),
    "tensors-that-overlap.safetensors": _bytes(_with(a=_tensor(), b=_tensor(offsets=[4, 12]))),
    "a-tensor-outside.safetensors": _bytes(_with(a=_tensor(offsets=[0, 2**62]))),
    "a-tensor-turned-round.safetensors": _bytes(_with(a=_tensor(offsets=[8, 0]))),
    "a-type-that-is-none.safetensors": _bytes(_with(a=_tensor(dtype="pickle"))),
    "a-type-of-another-size.safetensors": _bytes(_with(a=_tensor(dtype="F64"))),
    "tensors-beyond-count.safetensors": lambda place: place.write_bytes(
        _safetensors({"__metadata__": META} | {str(n): _tensor(shape=[0], offsets=[0, 0]) for n in range(100_000)})
    ),
    **{name: _text(text) for name, text in (SETTINGS | BROKEN_YAML).items()},
    "no-text.yaml": _bytes(b"\xff\xfe\0\x80"),
    "two-bytes-a-letter.yaml": _bytes("lr: 1e400\n".encode("utf-16")),
    "zero-bytes.yaml": _bytes(b"\0" * 50_000),
    "deep.json": _text("[" * DEEP),
    "deep-mappings.json": _text('{"a":' * 15_000),
    "numbers.json": _text(_result('"{a:>1000000000}"', "1e400")),
    "half-a-letter.json": _text(_result(r'"\u001b[2J\ud800"', "NaN")),
    "lines.csv": lambda place: place.write_bytes(b"step,loss,lr\n" + b"1\n" * 10_000_000),
    "one-line.csv": lambda place: place.write_bytes(b"step,loss,lr\n" + b"1," * 10_000_000),
    "epochs.csv": lambda place: place.write_bytes(
        b"epoch,train_loss,train_accuracy,clean_train_loss,clean_train_accuracy,val_loss,val_accuracy,lr,"
        b"train_seconds,train_samples,val_seconds\n" + b"1e300,,,,,,,,0,1e308,0\n" * 20_000 + b"nan,\xff" * 9
    ),
    "a-shape-beyond-all.idx": _bytes(_idx(2**32 - 1, 2**32 - 1, 2**32 - 1)),
    "images-that-are-not-there.idx": _bytes(_idx(2**18, 28, 28)),
    "images-of-nothing.idx.gz": lambda place: place.write_bytes(_gzip_bomb(400_000_000, _idx(510_204, 28, 28))),
    "images-cut-short.idx.gz": lambda place: place.write_bytes(_gzip_bomb(10_000_000, _idx(2**14, 28, 28))[:5_000]),
    **ODD,
}  # fmt: skip
"""Each input by name, and how it is made in a place."""

FLAGS: dict[str, tuple[str, ...]] = {
    "a name that steers a terminal": ("--name", "\x1b]0;owned\a\x1b[2J"),
    "a name of two lines": ("--name", "a\nb"),
    "a name of 100,000 letters": ("--name", "n" * 100_000),
    "a name that is no text": ("--name", "\udcff"),
    "layers beyond count": ("--model", "mlp:hidden=" + "+".join(["1"] * 50_000)),
    "a layer beyond bounds": ("--model", "mlp:hidden=1000000000"),
    "layers that no memory holds": ("--model", "mlp:hidden=" + "+".join(["65536"] * 1_000)),
    "a convolution that no memory holds": ("--dataset", "fashion-mnist-sample", "--loss", "cross-entropy",
                                           "--model", "cnn:channels=4096+4096,convolutions=100"),
    "epochs beyond bounds": ("--epochs", "1" + "0" * 18),
    "epochs of 5,000 digits": ("--epochs", "9" * 5_000),
    "a batch beyond bounds": ("--batch-size", "1" + "0" * 12),
    "a rate beyond float": ("--lr", "1e400"),
    "a rate that is none": ("--lr", "nan"),
    "a recipe that is a path": ("--recipe", "../../../etc/passwd"),
    "a data set that is a path": ("--dataset", "../../../etc/passwd"),
    "a device that is a path": ("--device", "/dev/zero"),
    "a flag that is none": ("--" + "x" * 100_000,),
    "settings that are the command line's own": ("--config", "/proc/self/cmdline"),
}  # fmt: skip
"""Words after `tunedeck train`, by what is wrong with them."""
