"""The title bar of a dock: its name, and a button that closes it. Drag it to move the dock, double-click to float."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QToolButton, QWidget

from gui.widgets.measured import by_type


class DockTitle(QWidget):
    """Qt leaves it to the dock to be dragged by what this widget does not use."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.setObjectName("dockTitle")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        name = QLabel(dock.windowTitle())
        close = QToolButton()
        close.setText("\N{MULTIPLICATION SIGN}")
        close.setAutoRaise(True)
        close.setProperty("role", "icon")
        by_type(close, lambda metrics: close.setFixedSize(max(20, metrics.height()), max(20, metrics.height())))
        close.setToolTip(self.tr("Close; the View menu brings it back"))
        close.setAccessibleName(self.tr("Close {name}").format(name=dock.windowTitle()))
        close.clicked.connect(dock.close)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.addWidget(name, 1)
        row.addWidget(close)
