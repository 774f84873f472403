"""The decoded pictures that the workspace keeps: what they take, a list of them, and their removal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.pictures.kept import Kept, Removed, list_kept, remove_kept
from gui import numbers
from gui.background import Trouble
from gui.runs.words import size
from gui.widgets.looks import give
from gui.words import say
from gui.workbench import Workbench

LOOK, REMOVE = "kept-pictures", "remove-pictures"
SIZE = 720, 360


class KeptButton(QPushButton):
    """Says what decoded pictures take, and opens their list; hidden where there are none. Emits `removed`."""

    removed = Signal()

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self.kept: tuple[Kept, ...] = ()
        self.sheet: KeptSheet | None = None
        self.setToolTip(self.tr("Lists the decoded pictures of all folders and sizes, to remove some"))
        self.hide()
        self.clicked.connect(self.open)

    def look(self) -> None:
        """See what there is, in the background."""
        workspace = self._bench.workspace
        self._bench.background.ask(LOOK, lambda: list_kept(workspace), self._show, lambda trouble: None)

    def open(self) -> None:
        """Show the list beside the main window."""
        if self.sheet is None:
            self.sheet = KeptSheet(self._bench, self.window())
            self.sheet.finished.connect(self._forget)
            self.sheet.removed.connect(self.removed)
            self.sheet.removed.connect(self.look)
            self.sheet.show_kept(self.kept)
        self.sheet.show()
        self.sheet.raise_()

    def _show(self, kept: tuple[Kept, ...]) -> None:
        self.kept = kept
        self.setVisible(bool(kept))
        self.setText(self.tr("Decoded pictures: {size}…").format(size=size(sum(each.bytes for each in kept))))
        if self.sheet is not None:
            self.sheet.show_kept(kept)

    def _forget(self) -> None:
        self.sheet = None


class KeptSheet(QDialog):
    """A window beside the main one. Emits `removed` when something was."""

    removed = Signal()

    def __init__(self, bench: Workbench, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "page")
        self.setWindowTitle(self.tr("Decoded pictures"))
        self.resize(*SIZE)
        self._bench = bench
        self._closed = False
        self.kept: tuple[Kept, ...] = ()
        self.told = QLabel(
            self.tr("To remove them costs only decoding them again. The folders they come from stay as they are.")
        )
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        give(self.told, role="muted")
        self.list = QTreeWidget()
        self.list.setAccessibleName(self.windowTitle())
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self.list.setHeaderLabels(
            [self.tr("Folder"), self.tr("Form"), self.tr("Pictures"), self.tr("Last used"), self.tr("Size")]
        )
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        action = QDialogButtonBox.ButtonRole.ActionRole
        self.remove: QPushButton = buttons.addButton(self.tr("Remove"), action)
        self.remove_all: QPushButton = buttons.addButton(self.tr("Remove all"), action)
        for button in (self.remove, self.remove_all):
            button.setAutoDefault(False)  # Enter in the list removes nothing
        self.remove.clicked.connect(lambda: self._remove([each for each in self.kept if each.name in self._chosen()]))
        self.remove_all.clicked.connect(lambda: self._remove(self.kept))
        self.list.itemSelectionChanged.connect(self._arrange)
        self.finished.connect(self._on_finished)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(self.told)
        column.addWidget(self.list, 1)
        column.addWidget(buttons)
        self._arrange()

    def show_kept(self, kept: tuple[Kept, ...]) -> None:
        """Show these, what was selected still selected."""
        if kept == self.kept:
            return
        chosen = self._chosen()
        self.kept = kept
        self.list.clear()
        for each in kept:
            item = QTreeWidgetItem(self._line(each))
            item.setData(0, Qt.ItemDataRole.UserRole, each.name)
            item.setToolTip(0, str(each.path))
            for column in (2, 4):
                item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.list.addTopLevelItem(item)
            item.setSelected(each.name in chosen)
        self._arrange()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Let the keys go to the list."""
        super().showEvent(event)
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _line(self, kept: Kept) -> list[str]:
        folder = kept.about.folder if kept.about else self.tr("unknown folder")
        pictures = numbers.count(kept.pictures)
        if kept.complete is False:
            pictures = self.tr("{count}, not all").format(count=pictures)
        when = f"{datetime.fromtimestamp(kept.used):%Y-%m-%d %H:%M}"
        return [folder, self._form(kept), pictures, when, size(kept.bytes)]

    def _form(self, kept: Kept) -> str:
        if kept.shape is None:
            return numbers.NONE
        channels, height, width = kept.shape
        colours = self.tr("grey") if channels == 1 else self.tr("colour")
        return ", ".join([f"{height} × {width}", colours, *([kept.about.resize] if kept.about else [])])

    def _chosen(self) -> set[str]:
        return {item.data(0, Qt.ItemDataRole.UserRole) for item in self.list.selectedItems()}

    def _remove(self, chosen: Sequence[Kept]) -> None:
        bench = self._bench

        def do() -> Removed:
            bench.forget_parts()  # the window's own looks are in nobody's way
            return remove_kept(chosen)

        self._tell(self.tr("Removing…"))
        self.remove.setEnabled(False)
        self.remove_all.setEnabled(False)
        bench.background.ask(REMOVE, do, self._on_removed, self._on_failed)

    def _on_removed(self, done: Removed) -> None:
        if self._closed:
            return
        freed = self.tr("{size} freed. What a run needs of them is decoded again.").format(size=size(done.bytes))
        lines = [*([freed] if done.names else []), *(say(each) for each in done.left)]
        self._tell("\n".join(lines), failure=bool(done.left))
        self._arrange()
        self.removed.emit()

    def _on_failed(self, trouble: Trouble) -> None:
        if not self._closed:
            self._tell(say(trouble.text), failure=True)
            self._arrange()

    def _on_finished(self) -> None:
        self._closed = True

    def _tell(self, text: str, *, failure: bool = False) -> None:
        give(self.told, role="failure" if failure else "muted")
        self.told.setText(text)

    def _arrange(self) -> None:
        self.remove.setEnabled(bool(self.list.selectedItems()))
        self.remove_all.setEnabled(bool(self.kept))
