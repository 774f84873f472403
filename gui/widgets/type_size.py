"""Type that can be read from the last row: for a projector."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from gui.widgets.theme import Theme

LARGER = 1.5
"""How much larger type is than usual, and how much wider curves are."""
USUAL_SIZE = "usualPointSize"
"""The property in which the application remembers the system's size."""


def set_type_size(app: QApplication, larger: bool) -> None:
    """Give the application the system's type at its size, or larger. Widgets take it when they are dressed anew."""
    font = app.font()
    usual = app.property(USUAL_SIZE) or font.pointSizeF()
    app.setProperty(USUAL_SIZE, usual)
    font.setPointSizeF(usual * LARGER if larger else usual)
    app.setFont(font)


def has_larger_type(app: QApplication) -> bool:
    """Whether type is larger than usual now."""
    return app.font().pointSizeF() > (app.property(USUAL_SIZE) or app.font().pointSizeF())


def fixed_type() -> QFont:
    """Type with letters of one width, for code: of whatever size the type around it has."""
    made = QFont()
    made.setFamilies(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).families())
    made.setStyleHint(QFont.StyleHint.Monospace)
    made.setFixedPitch(True)
    return made


def tabular(font: QFont) -> QFont:
    """The font with figures of one width, where it has them."""
    made = QFont(font)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


@cache
def with_lines(theme: Theme, larger: bool) -> Theme:
    """The palette with curves of the usual width, or wider: always the same object for the same."""
    return replace(theme, lines=LARGER) if larger else theme
