"""What can be chosen and pressed in the tool Ensemble."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QPushButton, QWidget

from gui.tune.ensemble.more import MoreSeeds
from gui.widgets.flow import FlowLayout


class Controls(QWidget):
    """In as many lines as they need."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = QComboBox()
        self.weights.setAccessibleName(self.tr("Weights"))
        self.weights.addItem(self.tr("Equal weights"), "equal")
        self.weights.addItem(self.tr("Weights by the validation part"), "validation")
        self.weights.setToolTip(self.tr("With few validation samples equal weights are the safer choice"))
        self.combine = QPushButton(self.tr("Combine"))
        self.combine.setProperty("primary", True)
        self.stop = QPushButton(self.tr("Stop"))
        self.more = MoreSeeds()
        self.export = QPushButton(self.tr("Export…"))
        self.export.setToolTip(self.tr("Write what was measured as one ONNX file"))
        line = FlowLayout(8, line_spacing=4)
        self.setLayout(line)
        for each in (self.weights, self.combine, self.stop, self.more, self.export):
            line.addWidget(each)
