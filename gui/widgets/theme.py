"""Colours, light and dark, and how they reach the widgets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib import resources
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication

LEAST_ROW = 24
"""Pixels of a row of a list, where type is not larger."""
LEAST_LINE = 16
"""Pixels of the text of a field or a button, where type is not larger."""


@dataclass(frozen=True)
class Theme:
    """One palette: every colour of the window by its role, as `#rrggbb`."""

    name: str
    window: str
    """Behind panels and docks."""
    surface: str
    """Plots, fields and lists."""
    raised: str
    """Buttons and what the pointer is over."""
    border: str
    """Lines between places."""
    outline: str
    """Edges of fields and check boxes, which have to be found by eye."""
    text: str
    muted: str
    accent: str
    """Of what is pressed, chosen or linked: as text it can be read on every ground, and text on it, too."""
    accent_hover: str
    on_accent: str
    """Text and marks on the accent colour."""
    selection: str
    """Behind selected rows, under `text`."""
    error: str
    train: str
    train_faint: str
    """The training loss of single steps, behind the smooth line."""
    clean: str
    """Training figures in evaluation mode: the hue of `train`."""
    validation: str
    lr: str
    comparisons: tuple[str, ...]
    """Earlier runs, in turn."""
    lines: float = 1.0
    """How many times as wide as usual curves are."""

    @property
    def is_dark(self) -> bool:
        """Whether the palette is light on dark."""
        return self.name == "dark"


LIGHT = Theme(
    name="light",
    window="#F6F7F9",
    surface="#FFFFFF",
    raised="#ECEFF3",
    border="#D9DDE3",
    outline="#848D98",
    text="#1B1F24",
    muted="#57606A",
    accent="#2762CA",
    accent_hover="#1F4FA6",
    on_accent="#FFFFFF",
    selection="#DCE8FC",
    error="#C4242B",
    train="#0072B2",
    train_faint="#A6CCE3",
    clean="#00507D",
    validation="#D55E00",
    lr="#009E73",
    comparisons=("#B45C92", "#8A7A00", "#5A6470", "#7B68C8"),
)

DARK = Theme(
    name="dark",
    window="#16181D",
    surface="#1E2127",
    raised="#2A2E36",
    border="#343941",
    outline="#7A828D",
    text="#E6E8EB",
    muted="#A0A7B0",
    accent="#6AA3FF",
    accent_hover="#8BB8FF",
    on_accent="#0E1420",
    selection="#283854",
    error="#FF7B72",
    train="#56B4E9",
    train_faint="#35607D",
    clean="#A6DBF7",
    validation="#FF8C42",
    lr="#2FBF9A",
    comparisons=("#D795BB", "#F0E442", "#B4BCC6", "#A99BEA"),
)


def system_theme() -> Theme:
    """The palette that goes with the system's colour scheme; light where the system names none."""
    scheme = QApplication.styleHints().colorScheme()
    return DARK if scheme == Qt.ColorScheme.Dark else LIGHT


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Give every widget of the application the palette's colours."""
    if app.style().objectName().lower() != "fusion":  # setting it again would dress every widget twice
        app.setStyle("Fusion")
    app.setPalette(palette(theme))
    app.setStyleSheet(style_sheet(theme, QFontMetrics(app.font()).height()))


def palette(theme: Theme) -> QPalette:
    """The palette as Qt's roles, for what the style sheet does not reach."""
    role = QPalette.ColorRole
    made = QPalette()
    for names, colour in (
        ((role.Window,), theme.window),
        ((role.Base, role.ToolTipBase), theme.surface),
        ((role.AlternateBase,), theme.window),
        ((role.Button, role.Midlight, role.Light), theme.raised),
        ((role.Mid, role.Dark, role.Shadow), theme.border),
        ((role.Text, role.WindowText, role.ButtonText, role.ToolTipText, role.BrightText), theme.text),
        ((role.PlaceholderText,), theme.muted),
        ((role.Highlight, role.Accent, role.Link), theme.accent),
        ((role.LinkVisited,), theme.clean),
        ((role.HighlightedText,), theme.on_accent),
    ):
        for name in names:
            made.setColor(name, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for name in (role.Text, role.WindowText, role.ButtonText, role.HighlightedText):
        made.setColor(disabled, name, QColor(theme.outline))
    made.setColor(disabled, role.Highlight, QColor(theme.border))
    return made


def style_sheet(theme: Theme, line: int = 0) -> str:
    """The style sheets in `resources/style`, in name order, with the palette's colours in their places.

    Rows of lists, fields and buttons hold a line of so many pixels.
    """
    folder = resources.files("resources") / "style"
    sheets = sorted((file for file in folder.iterdir() if file.name.endswith(".qss")), key=lambda file: file.name)
    values = {name: value for name, value in asdict(theme).items() if isinstance(value, str)}
    values["row"] = str(max(LEAST_ROW, line + 4))
    values["line"] = str(max(LEAST_LINE, line))
    values["images"] = f"{folder}/{theme.name}".replace("\\", "/")  # a style sheet's url() takes / alone
    return "\n".join(Template(sheet.read_text(encoding="utf-8")).substitute(values) for sheet in sheets)
