"""Files of pretrained weights: fetched once, or pointed to by the user; checked before they are believed."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors
import torch
from torch import Tensor, nn

from engine.finite import all_finite
from engine.message import InputError, Message, listed, message, phrase
from engine.reading import opened

if TYPE_CHECKING:
    from engine.data import Source

MOST_BYTES = 2**34
"""Of a file of weights."""
COUNT = "num_batches_tracked"
"""How many batches a norm has seen: files that were written before norms counted them lack it."""


def torchvision_weights(url: str, size: float, source: Source) -> Path:
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
    text = message(
        "downloading-weights", "downloading {file} ({megabytes} MB) to {folder}",
        file=file.name, megabytes=round(size / 1e6), folder=folder,
    )  # fmt: skip

    def fetch() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(file), found[1], progress=False)

    try:
        fetched(fetch, lambda: set(folder.glob(f"{file.name}.*.partial")), size, text, source)
    except InputError:  # of the report
        raise
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


def download(url: str, file: Path, source: Source) -> None:
    """Download a safetensors file of weights, whole or not at all. Raises `InputError`, which says where to put it."""
    text = message("downloading-file", "downloading {file} to {folder}", file=file.name, folder=file.parent)
    part = file.with_suffix(".download")  # torch names what is not whole yet after this

    def fetch() -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(part), progress=False)
        with safetensors.safe_open(part, "pt"):  # which raises where it is cut short
            pass
        part.replace(file)

    try:
        fetched(fetch, lambda: set(file.parent.glob(f"{part.name}.*.partial")), None, text, source)
    except InputError:  # of the report
        raise
    except Exception as error:
        raise InputError(
            "file-missing", "the weights {file} could not be downloaded ({reason}): fetch {url} and save it as {file} "
            "in {folder}, or train with weights=none",
            file=file.name, reason=" ".join(str(error).split())[:200], url=url, folder=file.parent,
        ) from error  # fmt: skip
    finally:
        part.unlink(missing_ok=True)


def fetched(
    fetch: Callable[[], object], growing: Callable[[], set[Path]], size: float | None, text: Message, source: Source
) -> None:
    """Let something be fetched, and report `text` with how far it is: by the bytes of the files that grow meanwhile.

    Raises what `fetch` raises, and what the report raises, before anything is fetched.
    """
    source.report(text, 0.0 if size else None)
    left = growing()  # by a process that was killed, or by one beside this
    job: Future[None] = Future()

    def work() -> None:
        try:
            fetch()
            job.set_result(None)
        except BaseException as error:  # noqa: BLE001 told in the thread that waits
            job.set_exception(error)

    # A daemon: whoever gives up waiting, by Ctrl-C or by closing the window, is not held until the download ends.
    threading.Thread(target=work, name="download", daemon=True).start()
    while wait([job], timeout=0.2).not_done:
        done = sum(bytes_in(path) for path in growing() - left)
        source.report(text, min(1.0, done / size) if size else None)
    job.result()


def own_weights(path: str, body: nn.Module, model: str, known: Collection[str]) -> dict[str, Tensor]:
    """The weights of a body in a file that the user points to: each of its tensors, checked by name and shape.

    `model` is what the network is called, `known` the names of the .pth files that may be read: of their publisher, and
    with the start of their hash in the name. Others are .safetensors, in which the body's tensors bear its own names,
    or those with `body.` before them. Raises `InputError`.
    """
    file = Path(os.path.expanduser(path))  # noqa: PTH111 it raises for no name of a user
    try:
        with opened(file) as (_, size):
            if size > MOST_BYTES:
                raise _unusable(file, phrase("too-large", "it is larger than {size} GiB", size=MOST_BYTES // 2**30))
    except OSError as error:
        raise _unusable(file, error.strerror or str(error)) from None
    expected = body.state_dict()
    if file.suffix == ".pth":
        return _fitting(_published(file, known), expected, file, model)
    if file.suffix != ".safetensors":
        raise _unusable(file, phrase(
            "other-format", "weights are taken from .safetensors files, and from torchvision's own .pth files"
        ))  # fmt: skip
    try:
        with safetensors.safe_open(file, "pt") as stored:
            return _fitting(_Stored(stored), expected, file, model)
    except safetensors.SafetensorError as error:
        raise _unusable(file, " ".join(str(error).split())[:200]) from None


class _Stored(Mapping[str, Tensor]):
    """The tensors of a safetensors file, each read when it is asked for."""

    def __init__(self, file: Any) -> None:
        self._file, self._names = file, dict.fromkeys(file.keys())

    def __getitem__(self, name: str) -> Tensor:
        return self._file.get_tensor(name)  # type: ignore[no-any-return]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def shape(self, name: str) -> tuple[int, ...]:
        """Of a tensor that is not read."""
        return tuple(self._file.get_slice(name).get_shape())


def _published(file: Path, known: Collection[str]) -> dict[str, Tensor]:
    """The tensors of a .pth file that its publisher made: a pickle, which is read as tensors alone."""
    found = re.search(r"-([0-9a-f]{8,})\.pth$", file.name)
    if file.name not in known or found is None:
        if not known:
            raise _unusable(file, phrase(
                "no-pth", "no .pth file is read for this model; save others as .safetensors"
            ))  # fmt: skip
        raise _unusable(file, phrase(
            "other-pth", "of .pth files only {known} are read; save others as .safetensors", known=listed(list(known))
        ))  # fmt: skip
    if not digest(file).startswith(found[1]):
        raise _unusable(file, phrase("damaged", "it is damaged: its hash is not the one in its name"))
    return torch.load(file, map_location="cpu", weights_only=True)  # type: ignore[no-any-return]


def _fitting(given: Mapping[str, Tensor], expected: Mapping[str, Tensor], file: Path, model: str) -> dict[str, Tensor]:
    """Of the tensors of a file those of the body. Raises `InputError` where one is missing, or of another shape."""
    prefix = "body." if f"body.{next(iter(expected))}" in given else ""
    fitting = {}
    for name, own in expected.items():
        counts = name.endswith(COUNT)
        if prefix + name not in given:
            if counts:
                continue
            raise _unusable(file, phrase("lacks", "it is not of {model}: it lacks {name}", model=model, name=name))
        shape = given.shape(prefix + name) if isinstance(given, _Stored) else tuple(given[name].shape)
        if shape != own.shape:
            raise _unusable(file, phrase(
                "other-shape", "it is not of {model}: {name} is {theirs} there, {ours} here", model=model, name=name,
                theirs=_words(shape), ours=_words(own.shape),
            ))  # fmt: skip
        fitting[name] = tensor = given[prefix + name]
        if tensor.is_floating_point() == counts or not all_finite(tensor):
            raise _unusable(file, phrase("not-finite", "{name} holds values that are no finite numbers", name=name))
    return fitting


def _words(shape: Iterable[int]) -> str:
    return "×".join(map(str, shape)) or "one number"


def _unusable(file: Path, reason: str) -> InputError:
    return InputError("weights-unusable", "the weights {path} can't be used: {reason}", path=file, reason=reason)


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
