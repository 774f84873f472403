"""What augmentations that change nothing say of it, all in the same words."""

from __future__ import annotations

from engine.message import message
from engine.strategy import Advice


def changes_no_image(field: str, settings: str) -> Advice:
    """That with these settings, such as `p=0`, no image is changed; said at the field."""
    return Advice(
        "warning", message("changes-no-image", "with {settings} no image is changed", settings=settings), field
    )
