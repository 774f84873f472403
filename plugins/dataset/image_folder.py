"""Pictures of one's own, in folders."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from engine.data import DataBundle, Part, Source
from engine.message import InputError, Message, Phrase, message, phrase
from engine.pictures.folder import PictureFile, list_pictures
from engine.pictures.groups import groups_of
from engine.pictures.names import compiled
from engine.pictures.reader import Decoded, Form, Progress, decode
from engine.strategy import Advice, Code, Dataset, DataSpec, Field, hookimpl
from plugins.dataset._folder_code import folder_code

if TYPE_CHECKING:
    from engine.config import RunConfig

NO_PATH = message("no-image-folder", "name the folder of pictures: in it one folder for each class")


class ImageFolder(Dataset):
    """Your own pictures: a folder with one subfolder for each class, or with train, val and test above the classes.

    JPEG, PNG, WebP, TIFF, BMP and GIF of any size, in colour or grey; what is transparent is laid on white, 16 bits are
    rounded to 8, photographs are turned as the camera was held. Files that can't be read are left out and named. The
    folder is never written to: the decoded pictures are kept in the workspace.
    """

    path: str = ""
    """Folder that holds the classes' folders, or train, val and test with those in them."""
    size: int = Field(64, ge=4, le=1024)
    """Height and width, in pixels, at which to train."""
    resize: Literal["crop", "pad", "stretch"] = "crop"
    """How a picture becomes square: crop cuts off what stands out, pad adds black, stretch distorts."""
    colour: Literal["auto", "grey", "rgb"] = "auto"
    """Channels: grey is one, rgb three; auto takes grey where no file holds colours."""
    keep_together: Literal["exact", "names", "similar"] = "exact"
    """What stays in one part where parts are cut: exact duplicates; names: also files whose names differ in the last
    number alone, such as cat_0012_frame03; similar: also pictures that are nearly the same, and frames of one burst."""
    name_pattern: str = ""
    """For names: a regular expression, such as (patient[0-9]+); files in which its group is the same stay together."""
    cache_gigabytes: float = Field(20.0, ge=0.001, le=100_000)
    """Room on the disk, in gigabytes, that decoded pictures of all folders and sizes may take together."""

    @property
    def picture_folder(self) -> str:
        return self.path

    def advice(self, config: "RunConfig", data: DataSpec | None = None) -> Iterable[Advice]:
        if not self.path:
            yield Advice("error", NO_PATH, "path")
        try:
            compiled(self.name_pattern)
        except InputError as error:
            yield Advice("error", error.message, "name_pattern")
        if self.name_pattern and self.keep_together != "names":
            yield Advice("warning", message(
                "pattern-unused", "name_pattern changes nothing: keep_together is {keep}", keep=self.keep_together
            ), "name_pattern")  # fmt: skip

    @property
    def resizing(self) -> Literal["crop", "pad", "stretch"]:
        return self.resize

    def fitting(self, shape: tuple[int, ...]) -> Dataset:
        if len(shape) != 3 or shape[0] not in (1, 3) or shape[1] != shape[2]:
            return self
        return self.model_copy(update={"size": shape[1], "colour": "grey" if shape[0] == 1 else "rgb"})

    def load(self, source: Source) -> DataBundle:
        if not self.path:
            raise InputError(NO_PATH.code, NO_PATH.template)
        progress = Progress(source)
        listing = message("listing-pictures", "looking for pictures in {path}", path=self.path)
        folder = Path(os.path.expanduser(self.path))  # noqa: PTH111 it raises for no name of a user
        found = list_pictures(folder, lambda: progress.tell(listing))
        most = int(1e9 * self.cache_gigabytes)
        form = Form(self.size, self.resize, self.colour)
        decoded = decode(found.files, form, source, most, progress, str(folder.absolute()))
        refused = (*found.refused, *decoded.refused.values())
        bundle, taught = _bundle(self.path, found.files, decoded, refused)
        if bundle.validation is not None and bundle.test is not None:
            return self._with_own_parts(bundle)
        groups = groups_of(taught, bundle.training, self.keep_together, self.name_pattern, progress)
        return replace(bundle, groups=groups)

    def code(self, config: "RunConfig") -> Code | None:
        return folder_code(self) if self.path else None

    def _with_own_parts(self, bundle: DataBundle) -> DataBundle:
        """Nothing is cut from the training pictures, so that nothing can be kept together."""
        if self.keep_together == "exact":
            return bundle
        text = message("parts-given", "keep_together changes nothing: the folder has val and test of its own")
        return replace(bundle, warnings=(*bundle.warnings, text))


def _bundle(
    path: str, files: Sequence[PictureFile], decoded: Decoded, refused: tuple[Message, ...]
) -> tuple[DataBundle, list[PictureFile]]:
    """The parts of the pictures, and what is to be told of the files that are none; and the files of those to train on.

    Raises `InputError` where fewer than two classes have pictures to train on.
    """
    rows = [file for place, file in enumerate(files) if place not in decoded.refused]
    classes = sorted({file.label for file in rows if file.part == "training"})
    if len(classes) < 2:
        raise InputError(
            "too-few-classes", "{path} has pictures to train on of {count} classes, and at least two are needed, each "
            "in a folder of its own{reason}", path=path, count=len(classes),
            reason=phrase(
                "left-out", " ({count} files were left out, such as: {first})", count=len(refused),
                first=Phrase(refused[0]),
            ) if refused else "",
        )  # fmt: skip
    unknown = Counter((file.part, file.label) for file in rows if file.label not in classes)
    unlearned = tuple(
        message(
            "class-without-training", "the class {label} has {count} pictures for {part} and none to train on: they "
            "are left out", label=label, count=count, part=part,
        ) for (part, label), count in unknown.items()
    )  # fmt: skip
    numbers = {label: number for number, label in enumerate(classes)}
    names = [file.name for file in rows]

    def part(name: str) -> Part | None:
        chosen = [row for row, file in enumerate(rows) if file.part == name and file.label in numbers]
        if not chosen:
            return None
        targets = torch.tensor([numbers[rows[row].label] for row in chosen])
        return Part(decoded.images, targets, torch.tensor(chosen), names)

    training = part("training")
    assert training is not None
    warnings = (*_summary(len(rows) + len(refused), refused), *unlearned)
    bundle = DataBundle(
        training, part("validation"), part("test"), tuple(classes), warnings=warnings, log=(*refused, *unlearned)
    )
    return bundle, [file for file in rows if file.part == "training"]


def _summary(count: int, refused: tuple[Message, ...]) -> tuple[Message, ...]:
    """How many files were left out, in one line; nothing where all were read."""
    if not refused:
        return ()
    text = "{refused} of {count} files could not be read and are left out, such as: {first}; log.txt names each"
    values = {"refused": f"{len(refused):,}", "count": f"{count:,}", "first": str(refused[0])}
    return (message("files-left-out", text, **values),)


@hookimpl
def register_strategies() -> list[type[Dataset]]:
    return [ImageFolder]
