"""A folder of pictures in the script of a run: torchvision's `ImageFolder`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.pictures.folder import PARTS
from engine.strategy import Code

if TYPE_CHECKING:
    from plugins.dataset.image_folder import ImageFolder

RESIZED = {
    "crop": ("v2.Resize({size}, v2.InterpolationMode.BICUBIC)", "v2.CenterCrop({size})"),
    "pad": ("v2.Resize(None, v2.InterpolationMode.BICUBIC, max_size={size})", "v2.CenterCrop({size})"),
    "stretch": ("v2.Resize(({size}, {size}), v2.InterpolationMode.BICUBIC)",),
}
READ = """\
transform = v2.Compose([{steps}])


def read(folder):
    samples = [(image, target) for image, target in datasets.ImageFolder(folder, transform)]
    return torch.stack([image for image, _ in samples]), torch.tensor([target for _, target in samples])

"""
GREY = """
if all((part[:, :1] == part).all() for part in ({parts})):  # no colours: one channel will do
    {parts} = ({first})"""
NOTE = (
    "Pictures are brought to size by torchvision, so that a pixel may differ by a level or two; those that are "
    "transparent, or were taken with the camera turned, look otherwise here."
)
ALL_GREY = " Pictures that are all grey have one channel here, also where their files hold three."
TOGETHER = " Only equal pictures stay in one part, not those that the settings keep together."


def folder_code(dataset: ImageFolder) -> Code:
    """What reads the pictures, in the parts that their folder has."""
    folder = Path(os.path.expanduser(dataset.path)).absolute()  # noqa: PTH111 it raises for no name of a user
    found = parts_of(folder)
    steps = [step.format(size=dataset.size) for step in RESIZED[dataset.resize]]
    steps += ["v2.Grayscale()"] if dataset.colour == "grey" else []
    lines = [READ.format(steps=", ".join([*steps, "v2.PILToTensor()"]))]
    names = {"training": "", "validation": "val_", "test": "test_"}
    for part, name in found.items():
        lines.append(f"{names[part]}inputs, {names[part]}targets = read({str(folder / name)!r})")
    if dataset.colour == "auto":
        parts = "".join(f"{names[part]}inputs, " for part in found)
        lines.append(GREY.format(parts=parts.rstrip() if len(found) == 1 else parts.rstrip(", "), first=", ".join(
            f"{names[part]}inputs[:, :1]" for part in found) + ("," if len(found) == 1 else ""),
        ).lstrip("\n"))  # fmt: skip
    lines.append("classes = int(targets.max()) + 1")
    return Code(
        imports=("from torchvision import datasets", "from torchvision.transforms import v2"), lines="\n".join(lines),
        has_validation="validation" in found, has_test="test" in found,
        note=NOTE + ALL_GREY * (dataset.colour == "auto") + TOGETHER * (dataset.keep_together != "exact"),
    )  # fmt: skip


def parts_of(folder: Path) -> dict[str, str]:
    """The folder of each part, below this one; of training alone where the classes lie in it."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except (OSError, ValueError):  # it is told where the data are read
        names = []
    found = {PARTS[name.casefold()]: name for name in names if name.casefold() in PARTS}
    return found if "training" in found and len(found) > 1 else {"training": ""}
