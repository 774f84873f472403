"""Every action of the window: its words, shortcut, icon and menu. The list under Help is made from them."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from engine.language import LANGUAGES
from gui.widgets.icons import icon
from gui.widgets.theme import Theme

# name: (text, shortcut, icon)
ACTIONS: dict[str, tuple[str, str, str]] = {
    "load": ("Load checkpoint…", "Ctrl+O", "open"),
    "open_folder": ("Open folder of pictures…", "Ctrl+Shift+O", ""),
    "save": ("Save checkpoint…", "Ctrl+S", "save"),
    "export": ("Export…", "Ctrl+E", ""),
    "save_picture": ("Save picture of the graph…", "Ctrl+Shift+E", ""),
    "save_figures": ("Save figures of the graph…", "", ""),
    "quit": ("Quit", "Ctrl+Q", ""),
    "undo": ("Undo settings", "Ctrl+Z", ""),
    "redo": ("Redo settings", "Ctrl+Shift+Z", ""),
    "filter": ("Filter techniques", "Ctrl+F", ""),
    "search": ("Search runs", "Ctrl+Shift+F", ""),
    "start": ("Start", "F5", "start"),
    "queue": ("Queue", "Ctrl+Return", "queue"),
    "pause": ("Pause", "F5", "pause"),
    "stop": ("Stop", "Shift+F5", "stop"),
    "stop_after_epoch": ("Stop after this epoch", "Ctrl+F5", ""),
    "continue": ("Continue", "Ctrl+R", ""),
    "more": ("10 more epochs", "Ctrl+M", ""),
    "fork": ("Fork here", "Ctrl+K", ""),
    "slow": ("Slow enough to watch", "", ""),
    "by_epoch": ("One epoch at a time", "", ""),
    "next_epoch": ("Next epoch", "N", ""),
    "processes": ("Train in several processes…", "", ""),
    "log": ("Logarithmic loss", "Ctrl+L", ""),
    "reset_view": ("Show the whole graph", "Ctrl+0", ""),
    "overlays": ("Runs behind the present one", "Ctrl+B", ""),
    "tab_curves": ("Curves", "Ctrl+1", ""),
    "tab_data": ("Data", "Ctrl+2", ""),
    "tab_model": ("Model", "Ctrl+3", ""),
    "tab_predictions": ("Predictions", "Ctrl+4", ""),
    "tab_compare": ("Compare", "Ctrl+5", ""),
    "tab_tune": ("Tune", "Ctrl+6", ""),
    "tab_code": ("Code", "Ctrl+7", ""),
    "theme_system": ("Like the system", "", ""),
    "theme_light": ("Light", "", ""),
    "theme_dark": ("Dark", "", ""),
    "language_system": ("Like the system", "", ""),
    "language_en": (LANGUAGES["en"], "", ""),
    "language_ko": (LANGUAGES["ko"], "", ""),
    "larger": ("Larger type, for a projector", "", ""),
    "reset_layout": ("Reset layout", "", ""),
    "lessons": ("Lessons", "Ctrl+J", ""),
    "next_lesson": ("Next lesson", "", ""),
    "previous_lesson": ("Lesson before", "", ""),
    "submissions": ("Submissions…", "", ""),
    "hardware": ("Hardware…", "", ""),
    "shortcuts": ("Shortcuts", "F1", ""),
    "about": ("About Tunedeck", "", ""),
}
MENUS: dict[str, tuple[str, ...]] = {
    "File": ("open_folder", "", "load", "save", "export", "", "save_picture", "save_figures", "", "quit"),
    "Edit": ("undo", "redo", "", "filter", "search"),
    "Run": (
        "start", "pause", "stop", "stop_after_epoch", "", "continue", "more", "fork", "",
        "slow", "by_epoch", "next_epoch", "", "queue", "processes",
    ),
    "View": (
        "tab_curves", "tab_data", "tab_model", "tab_predictions", "tab_compare", "tab_tune",
        "tab_code", "",
        "log", "overlays", "reset_view", "", "larger", "",
    ),
    "Learn": ("lessons", "", "next_lesson", "previous_lesson", "", "submissions"),
    "Help": ("shortcuts", "hardware", "about"),
}  # fmt: skip
PRIMARY = ("start", "queue")
"""Actions whose buttons have the accent's colour."""
THEMES = ("system", "light", "dark")
SPOKEN = ("system", *LANGUAGES)
"""The choices of a language."""
NATIVE = QKeySequence.SequenceFormat.NativeText


def _tr(text: str) -> str:
    return QCoreApplication.translate("Actions", text)


class Actions(QObject):
    """The actions by name, as attributes of a dictionary, and the menus that hold them."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._symbols = {name: symbol for name, (_, _, symbol) in ACTIONS.items()}
        self._made = {name: self._make(window, name) for name in ACTIONS}
        for name in ("log", "overlays", "stop_after_epoch", "slow", "by_epoch", "larger"):
            self[name].setCheckable(True)
        self["overlays"].setChecked(True)
        self["quit"].setMenuRole(QAction.MenuRole.QuitRole)
        self["about"].setMenuRole(QAction.MenuRole.AboutRole)
        self._choices = [self._one_of(f"theme_{name}" for name in THEMES)]
        self._choices.append(self._one_of(f"language_{name}" for name in SPOKEN))
        self.menus = {name: self._menu(window, name) for name in MENUS}

    def __getitem__(self, name: str) -> QAction:
        return self._made[name]

    def _make(self, window: QMainWindow, name: str) -> QAction:
        text, shortcut, _ = ACTIONS[name]
        action = QAction(_tr(text), window)
        action.setObjectName(name)
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
        window.addAction(action)
        self._explain(action)
        return action

    def _one_of(self, names: Iterable[str]) -> QActionGroup:
        group = QActionGroup(self)
        for name in names:
            self[name].setCheckable(True)
            group.addAction(self[name])
        return group

    def _menu(self, window: QMainWindow, name: str) -> QMenu:
        menu = window.menuBar().addMenu(_tr(name))
        for action in MENUS[name]:
            menu.addAction(self[action]) if action else menu.addSeparator()
        return menu

    def finish_view_menu(self, docks: list[QAction]) -> None:
        """Add the docks, the way back, and the choices of theme and language."""
        menu = self.menus["View"]
        for action in docks:
            menu.addAction(action)
        menu.addAction(self["reset_layout"])
        menu.addSeparator()
        themes = menu.addMenu(_tr("Theme"))
        for name in THEMES:
            themes.addAction(self[f"theme_{name}"])
        spoken = menu.addMenu(_tr("Language"))
        for name in SPOKEN:
            spoken.addAction(self[f"language_{name}"])

    def rename(self, name: str, text: str, symbol: str, theme: Theme) -> None:
        """Give an action another text and icon."""
        self[name].setText(text)
        self._symbols[name] = symbol
        self._draw(name, theme)
        self._explain(self[name])

    def draw(self, theme: Theme) -> None:
        """Draw the icons in a theme's colours."""
        for name in self._symbols:
            self._draw(name, theme)

    def _draw(self, name: str, theme: Theme) -> None:
        symbol = self._symbols[name]
        if symbol:
            self[name].setIcon(icon(symbol, theme.on_accent if name in PRIMARY else theme.text, theme.outline))

    def shortcuts(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Each menu, with its actions that have a shortcut, in words, and their keys."""
        return [
            (_tr(menu), [
                (self[name].text().rstrip("…"), self[name].shortcut().toString(NATIVE))
                for name in names if name and ACTIONS[name][1]
            ])
            for menu, names in MENUS.items()
        ]  # fmt: skip

    def _explain(self, action: QAction) -> None:
        action.setToolTip(_explanation(action.text(), action.shortcut().toString(NATIVE)))

    def say_again(self) -> None:
        """The language has changed."""
        for action in self._made.values():
            self._explain(action)


def _explanation(text: str, keys: str) -> str:
    text = text.rstrip("…")
    return f"{text} ({keys})" if keys else text
