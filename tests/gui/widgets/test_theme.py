from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPalette
from PySide6.QtWidgets import QApplication

from gui.widgets.icons import icon, pixmap
from gui.widgets.theme import DARK, LIGHT, apply_theme, palette, style_sheet, system_theme

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
ICONS = (
    "start", "pause", "stop", "save", "open", "reset", "info", "follow", "warning", "check", "chevron-right",
    "chevron-down", "tunedeck",
)  # fmt: skip


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@THEMES
@pytest.mark.parametrize("ground", ["window", "surface", "raised", "selection"])
@pytest.mark.parametrize("text", ["text", "muted"])
def test_text_can_be_read(theme, text, ground):
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize("ground", ["window", "surface", "raised", "selection"])
def test_words_in_the_accent_can_be_read(theme, ground):
    assert contrast(theme.accent, getattr(theme, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize("ground", ["window", "surface"])
def test_errors_can_be_read(theme, ground):
    assert contrast(theme.error, getattr(theme, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize("ground", ["accent", "accent_hover"])
def test_text_on_the_accent_can_be_read(theme, ground):
    assert contrast(theme.on_accent, getattr(theme, ground)) >= 4.5


@THEMES
def test_curves_and_edges_of_controls_can_be_seen(theme):
    for colour in (theme.train, theme.clean, theme.validation, theme.lr, *theme.comparisons, theme.outline):
        assert contrast(colour, theme.surface) >= 3, colour


@THEMES
def test_no_two_curves_share_a_colour(theme):
    colours = [theme.train, theme.clean, theme.validation, theme.lr, *theme.comparisons]
    assert len(set(colours)) == len(colours)


@THEMES
def test_the_style_sheet_is_filled_in(theme):
    sheet = style_sheet(theme)
    assert theme.accent in sheet
    assert not re.search(r"\$\w", sheet)


@THEMES
def test_every_image_of_the_style_sheet_exists(app, theme):
    images = set(re.findall(r'url\("([^"]+)"\)', style_sheet(theme)))
    assert images
    for image in images:
        assert not QIcon(image).pixmap(16).isNull(), image


@THEMES
def test_the_palette_covers_disabled_text_and_placeholders(app, theme):
    made = palette(theme)
    assert made.color(QPalette.ColorRole.PlaceholderText).name().upper() == theme.muted
    disabled = made.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
    assert disabled != made.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Text)


@pytest.mark.parametrize(
    ("scheme", "theme"),
    [(Qt.ColorScheme.Dark, DARK), (Qt.ColorScheme.Light, LIGHT), (Qt.ColorScheme.Unknown, LIGHT)],
)
def test_the_theme_follows_the_system(monkeypatch, scheme, theme):
    class Hints:
        def colorScheme(self):  # noqa: N802 Qt's name
            return scheme

    monkeypatch.setattr(QApplication, "styleHints", staticmethod(Hints))
    assert system_theme() is theme


@THEMES
def test_a_theme_reaches_the_application(app, theme):
    old_palette, old_sheet = app.palette(), app.styleSheet()
    apply_theme(app, theme)
    try:
        assert app.palette().color(QPalette.ColorRole.Window).name().upper() == theme.window
        assert app.styleSheet() == style_sheet(theme)
    finally:
        app.setStyleSheet(old_sheet)
        app.setPalette(old_palette)


@pytest.mark.parametrize("name", ICONS)
def test_an_icon_is_drawn_in_the_colour_asked_for(app, name):
    image = pixmap(name, "#ff0000", 48).toImage()
    colours = {
        image.pixelColor(x, y).name() for x in range(48) for y in range(48) if image.pixelColor(x, y).alpha() == 255
    }
    assert colours
    if name != "tunedeck":
        assert colours == {"#ff0000"}


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_an_icon_is_as_sharp_as_the_screen(app, ratio):
    image = icon("start", "#123456").pixmap(QSize(20, 20), ratio)
    assert image.size() == QSize(20, 20) * ratio


def test_a_disabled_icon_has_its_own_colour(app):
    made = icon("stop", "#ff0000", "#00ff00")
    assert made.pixmap(QSize(24, 24), QIcon.Mode.Disabled).toImage().pixelColor(12, 12).name() == "#00ff00"
