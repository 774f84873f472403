"""The window in another language, at once: Qt is given our words, and what stands on the screen is said again.

Every text that is said is remembered together with how to say it again (`Spoken`). When the language changes, each
widget whose text was said gets the same text in the other language; what draws or composes its text by itself answers
the event that Qt sends then, `LanguageChange`. So a run that trains, a form half filled in and a zoomed graph stay as
they are.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QCoreApplication,
    QEvent,
    QLibraryInfo,
    QLocale,
    QModelIndex,
    QObject,
    Qt,
    QTranslator,
)
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGraphicsView,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QTabBar,
    QTableWidget,
    QTextEdit,
    QTreeWidget,
)
from shiboken6 import isValid

from engine import language
from engine.language import Said, Template, tr

KEPT = 500
"""Texts from one source that are remembered: those that change with every step push each other out."""
JOINTS = tuple(
    re.compile(f"({joint})") for joint in ("<[^>]*>|&nbsp;", "\n", "  ", " · ", "; ", ", ", ": ", r" \(", r"(?<=\d) ")
)
"""Where texts are put together, those first that hold the longest parts."""
LONGEST = 20_000
"""Characters of a text that is looked into."""
PROPERTIES = (
    "windowTitle", "toolTip", "statusTip", "whatsThis", "accessibleName", "accessibleDescription", "text", "title",
    "placeholderText", "prefix", "suffix", "specialValueText", "format",
)  # fmt: skip
"""Of Qt's objects, what a person reads."""
TYPED = (QLineEdit, QAbstractSpinBox, QTextEdit, QPlainTextEdit)
"""Where `text` is what a person has typed."""
ROLES = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole,
         Qt.ItemDataRole.AccessibleDescriptionRole, Qt.ItemDataRole.StatusTipRole)  # fmt: skip
OWN_ITEMS = (QListWidget, QTableWidget, QTreeWidget)
"""Views whose items hold their texts themselves."""


class Spoken:
    """What was said lately, by its text: the same text may have come from several sources."""

    def __init__(self) -> None:
        self._by_text: dict[str, dict[tuple[str, tuple[str, ...]], Said]] = {}
        self._by_source: dict[str, dict[str, None]] = {}
        self._lock = threading.RLock()

    def keep(self, said: Said, source: str, contexts: tuple[str, ...]) -> None:
        """Remember a text. In any thread."""
        text = str(said)
        with self._lock:
            self._by_text.setdefault(text, {})[source, contexts] = said
            texts = self._by_source.setdefault(source, {})
            texts.pop(text, None)
            texts[text] = None
            if len(texts) > KEPT:
                self._forget(next(iter(texts)), source)

    def _forget(self, text: str, source: str) -> None:
        del self._by_source[source][text]
        left = {key: said for key, said in self._by_text[text].items() if key[0] != source}
        if left:
            self._by_text[text] = left
        else:
            del self._by_text[text]

    def again(self, text: str, owners: frozenset[str] = frozenset()) -> str:
        """A text in the present language, or one that was put together of such; itself where it was not said.

        Where it was said in several contexts, one of the owners counts.
        """
        return self._parts(text, owners, 0)

    def _parts(self, text: str, owners: frozenset[str], depth: int) -> str:
        with self._lock:
            found = self._by_text.get(text)
            if found:
                own = (said for (_, contexts), said in reversed(found.items()) if owners.intersection(contexts))
                said = next(own, None) or next(reversed(found.values()))
        if found:
            return said.again()
        if depth == len(JOINTS):
            return text
        parts = JOINTS[depth].split(text)
        return "".join(self._parts(part, owners, depth + 1) for part in parts) if len(text) < LONGEST else text


class Speaker(QObject):
    """Speaks one language in the whole application, and changes it."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._spoken = Spoken()
        self._of_qt: QTranslator | None = None
        language.keeper, language.reminder = self._spoken.keep, self._spoken.again
        QObject.tr = _tr
        QCoreApplication.translate = staticmethod(_translate)

    def use(self, name: str) -> None:
        """Speak this language from now on, in what is on the screen too."""
        changed = name != language.language()
        language.use(name)
        if self._of_qt is not None:
            self._app.removeTranslator(self._of_qt)
            self._of_qt = None
        if name != language.ENGLISH:
            translator = QTranslator(self)
            folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
            if translator.load(f"qtbase_{name}", folder):
                self._of_qt = translator
                self._app.installTranslator(translator)
        if changed:
            self._say_again()
            QCoreApplication.postEvent(self._app, QEvent(QEvent.Type.LanguageChange))

    def _say_again(self) -> None:
        for window in self._app.topLevelWidgets():
            for each in (window, *window.findChildren(QObject)):
                if isValid(each):  # what was said of another may have taken it away
                    self._say_of(each)

    def _say_of(self, each: QObject) -> None:
        owners = _owners(each)
        for name in PROPERTIES:
            if name == "text" and isinstance(each, TYPED):
                continue
            text = each.property(name)
            if isinstance(text, str) and text and (now := self._spoken.again(text, owners)) != text:
                _set(each, name, now)
        if isinstance(each, QTabBar):
            for place in range(each.count()):
                each.setTabText(place, self._spoken.again(each.tabText(place), owners))
                each.setTabToolTip(place, self._spoken.again(each.tabToolTip(place), owners))
        elif isinstance(each, QComboBox):
            for place in range(each.count()):
                for role in ROLES:
                    if isinstance(text := each.itemData(place, role), str):
                        each.setItemData(place, self._spoken.again(text, owners), role)
        elif isinstance(each, QGraphicsView):
            self._say_of_plot(each, owners)
        elif isinstance(each, OWN_ITEMS) or (
            isinstance(each, QAbstractItemView) and isinstance(each.model(), QStandardItemModel)
        ):
            self._say_of_items(each, owners)

    def _say_of_plot(self, view: QGraphicsView, owners: frozenset[str]) -> None:
        import pyqtgraph  # not at the top: a window is painted before it has plots

        for item in view.scene().items() if view.scene() is not None else ():
            if isinstance(item, pyqtgraph.AxisItem) and item.labelText:
                item.setLabel(self._spoken.again(item.labelText, owners))
            elif isinstance(item, pyqtgraph.LabelItem):
                item.setText(self._spoken.again(item.text, owners))
            elif isinstance(item, pyqtgraph.TextItem):
                item.setText(self._spoken.again(item.toPlainText(), owners))

    def _say_of_items(self, view: QAbstractItemView, owners: frozenset[str]) -> None:
        model = view.model()
        silent = view if isinstance(view, OWN_ITEMS) else model  # nothing was edited
        before = silent.blockSignals(True)
        for index in _indexes(model):
            for role in ROLES:
                text = index.data(role)
                if isinstance(text, str) and (now := self._spoken.again(text, owners)) != text:
                    model.setData(index, now, role)
        for side, count in (
            (Qt.Orientation.Horizontal, _columns(model)), (Qt.Orientation.Vertical, model.rowCount(QModelIndex()))
        ):  # fmt: skip
            for place in range(count):
                for role in ROLES[:2]:
                    text = model.headerData(place, side, role)
                    if isinstance(text, str) and (now := self._spoken.again(text, owners)) != text:
                        model.setHeaderData(place, side, now, role)
        silent.blockSignals(before)
        view.viewport().update()


@functools.cache
def speaker() -> Speaker:
    """The application's own."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return Speaker(app)


def said_again(text: str) -> str:
    """A text that was said, in the present language: for what keeps its texts, when the language has changed."""
    return text if language.reminder is None else language.reminder(text)


def of_window(remembered: str) -> str:
    """The language that a window opens in: `$TUNEDECK_LANGUAGE`, what was chosen in it last, or the system's."""
    return language.chosen() or (remembered if remembered in language.LANGUAGES else of_system())


def of_system() -> str:
    """The language of the desktop."""
    return language.of_system(QLocale.system().uiLanguages())


def _set(each: QObject, name: str, text: str) -> None:
    """As `setProperty`, which does not know of a setter that a class of ours has in place of Qt's."""
    setter = f"set{name[:1].upper()}{name[1:]}"
    if any(setter in vars(base) for base in _own_classes(type(each))):
        getattr(each, setter)(text)
    else:
        each.setProperty(name, text)


def _indexes(model: QAbstractItemModel, above: QModelIndex | None = None) -> Iterator[QModelIndex]:
    above = above or QModelIndex()
    for row in range(model.rowCount(above)):
        for column in range(_columns(model, above)):
            yield model.index(row, column, above)
        yield from _indexes(model, model.index(row, 0, above))


def _columns(model: QAbstractItemModel, above: QModelIndex | None = None) -> int:
    return 1 if isinstance(model, QAbstractListModel) else model.columnCount(above or QModelIndex())


def _owners(each: QObject) -> frozenset[str]:
    """The names of the classes that it and what is around it are of: who said its text is most likely among them."""
    names: set[str] = set()
    around: QObject | None = each
    while around is not None:
        names.update(_contexts(type(around)))
        around = around.parent()
    return frozenset(names)


@functools.cache
def _own_classes(cls: type) -> tuple[type, ...]:
    return tuple(base for base in cls.__mro__ if not base.__module__.startswith(("PySide6", "Shiboken", "builtins")))


@functools.cache
def _contexts(cls: type) -> tuple[str, ...]:
    return tuple(base.__name__ for base in _own_classes(cls))


def _tr(self: QObject, text: str, disambiguation: str | None = None, n: int = -1) -> Template:
    """In place of Qt's: gives a text that can put particles after its values, and that can be said again."""
    return tr(text, *_contexts(type(self)))


def _translate(context: str, text: str, disambiguation: str | None = None, n: int = -1) -> Template:
    """In place of Qt's, as `_tr`."""
    return tr(text, context)
