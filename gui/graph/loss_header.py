"""The line above the loss plot: its name, the legend, the scale and the smoothing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QSlider, QWidget

from gui.graph.drawings import styles
from gui.graph.legend import Legend
from gui.widgets.measured import by_type
from gui.widgets.theme import Theme
from gui.widgets.type_size import tabular

DEFAULT_SMOOTHING = 90
"""Per cent of the average that each step keeps."""


class LossHeader(QWidget):
    """What shows and hides curves, and how the loss is drawn."""

    log_toggled = Signal(bool)
    smoothing_changed = Signal(float)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.legend = Legend(self)
        for key, name in self.names().items():
            self.legend.add(key, name, styles(theme)[key], theme, whole=True)
        self.log = QCheckBox(self.tr("Log scale"), self)
        self.log.toggled.connect(self.log_toggled)
        self.slider = self._make_slider()
        self._value = QLabel(self)
        self._value.setFont(tabular(self.font()))
        by_type(self._value, lambda metrics: self._value.setFixedWidth(metrics.horizontalAdvance("0.00") + 2))
        self._show_value(self.slider.value())
        self._lay_out()

    def names(self) -> dict[str, str]:
        """What the curves of the present run are called, by key."""
        return {
            "step": self.tr("train, each step"),
            "smooth": self.tr("train, smoothed"),
            "train": self.tr("train, epoch"),
            "clean": self.tr("train, clean"),
            "val": self.tr("validation"),
        }

    def smoothing(self) -> float:
        """What the moving average keeps at each step, from 0 to 0.99."""
        return self.slider.value() / 100

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        looks = styles(theme)
        for key in self.names():
            self.legend.entry(key).set_look(looks[key], theme)

    def parts(self) -> tuple[QWidget, ...]:
        """What belongs into a picture: the name and the legend."""
        return self._title, self.legend

    def _make_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setRange(0, 99)
        slider.setValue(DEFAULT_SMOOTHING)
        slider.setMinimumWidth(40)
        slider.setMaximumWidth(96)
        slider.setAccessibleName(self.tr("Smoothing"))
        slider.setToolTip(self.tr("How much of the moving average of the training loss is kept at each step"))
        slider.valueChanged.connect(self._on_slider)
        return slider

    def _on_slider(self, value: int) -> None:
        self._show_value(value)
        self.smoothing_changed.emit(value / 100)

    def _show_value(self, value: int) -> None:
        self._value.setText(f"{value / 100:.2f}")

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Loss"), self)
        title.setProperty("role", "heading")
        smoothing = QLabel(self.tr("Smoothing"), self)
        smoothing.setBuddy(self.slider)
        controls = QHBoxLayout()
        controls.setSpacing(8)
        for widget in (title, smoothing, self.slider, self._value, self.log):
            # on one line with the first line of the legend, however many lines it takes
            by_type(widget, lambda metrics, widget=widget: widget.setFixedHeight(metrics.height() + 8))
        controls.addWidget(self.log)
        for widget in (smoothing, self.slider, self._value):
            controls.addWidget(widget)
        self._controls = controls
        self._title = title
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(title, 0, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addLayout(controls, 0, 2, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(self.legend, 0, 1)

    def event(self, event: QEvent) -> bool:
        """Place the legend anew where it has become longer or shorter."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._place_legend()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Place the legend anew where there is more room or less."""
        super().resizeEvent(event)
        self._place_legend()

    def _place_legend(self) -> None:
        """Give the legend a line of its own where it has no room between name and controls."""
        beside = self.width() - self._title.width() - self._controls.sizeHint().width() - 16
        has_room = self.legend.sizeHint().width() <= beside
        _, column, _, _ = self._grid.getItemPosition(self._grid.indexOf(self.legend))
        if has_room != (column == 1):
            self._grid.removeWidget(self.legend)
            if has_room:
                self._grid.addWidget(self.legend, 0, 1)
            else:
                self._grid.addWidget(self.legend, 1, 0, 1, 3)
