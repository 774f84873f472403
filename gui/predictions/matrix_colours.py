"""Shades for shares from 0 to 1, and the colour of text that can be read on any of them."""

from __future__ import annotations

from PySide6.QtGui import QColor

from gui.widgets.theme import Theme

GAMMA = 0.6
"""Below 1, so that small shares, which are the mistakes, are seen as well."""
BLACK, WHITE = QColor("#000000"), QColor("#FFFFFF")


def ground(rate: float, theme: Theme) -> QColor:
    """The shade of a share: from the surface of the theme to the hue of training."""
    share = max(0.0, min(1.0, rate)) ** GAMMA
    low, high = QColor(theme.surface), QColor(theme.train)
    mixed = (a + share * (b - a) for a, b in zip(low.getRgbF()[:3], high.getRgbF()[:3], strict=True))
    return QColor.fromRgbF(*mixed)


def ink(ground: QColor) -> QColor:
    """Black or white, whichever stands out more: at least 4.5 to 1 on any colour."""
    return max((BLACK, WHITE), key=lambda colour: contrast(colour, ground))


def contrast(one: QColor, other: QColor) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: QColor) -> float:
    """Relative luminance, from 0 to 1 (WCAG 2.1)."""
    parts = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3])
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))
