"""A look inside the network of the run in front, as it trains or afterwards, and of another run beside it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from gui import numbers
from gui.compare.words import escaped
from gui.graph.drawings import Style
from gui.model.inside.course import CoursePlot
from gui.model.inside.profile import ProfilePlot
from gui.model.inside.read_out import LayerReadOut
from gui.model.inside.records import Listed, Records
from gui.model.inside.seen import Seen
from gui.model.inside.words import figure, quantities
from gui.panel import Panel
from gui.training.pace import Pace
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.theme import Theme
from gui.words import say
from gui.workbench import Workbench

USUAL = 40
"""Steps from one look to the next where it is switched on here: a few per cent of the time at most."""
MARKS = ("●", "■")
"""Of the run in front and of the one beside it, as on the lines of the upper plot."""


class InsidePanel(Panel):
    """Which layers learn, and which do not, seen: the gradient, the values and the updates of each."""

    settings_asked = Signal(object)
    """The `RunConfig` that is to stand on the left from now on."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._quantities = quantities()
        self._records = Records(bench.background, bench.workspace, self.touch)
        self._seen: list[Seen] = []
        self._drawn: object = None
        self._following = True
        self._pace = Pace()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._build()
        self._lay_out()

    def _build(self) -> None:
        self.empty = _label("muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.switch = QPushButton(self.tr("Look inside the next run"))
        self.switch.setProperty("primary", True)
        self.switch.clicked.connect(self._switch_on)
        self.finding = _label("")
        self.finding.setTextFormat(Qt.TextFormat.RichText)
        self.explanation = _label("muted")
        self.read_out = _label("muted")
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("What is seen"))
        for each in self._quantities:
            self.choice.addItem(each.title)
        self.other = QComboBox()
        self.other.setAccessibleName(self.tr("Run beside it"))
        self.other.setToolTip(self.tr("Another run whose network was looked into, drawn beside the one in front"))
        self.other.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.other.setMinimumContentsLength(12)
        self.other.addItem(self.tr("No other run"), None)
        self.profile = ProfilePlot()
        self.layer = LayerReadOut(self.profile)
        self.course = CoursePlot()
        self.step = QSlider(Qt.Orientation.Horizontal)
        self.step.setAccessibleName(self.tr("Step"))
        self.step.setToolTip(self.tr("The step at which the layers are seen; at the right end, always the newest"))
        self.step_label = QLabel()
        self.choice.currentIndexChanged.connect(self._draw)
        self.other.currentIndexChanged.connect(self.touch)
        self.step.valueChanged.connect(self._on_step)
        self.profile.hovered.connect(self._hover_layer)
        self.course.hovered.connect(self._hover_step)
        self.course.picked.connect(self._pick)

    def _lay_out(self) -> None:
        nothing = QWidget()
        column = QVBoxLayout(nothing)
        column.addStretch(1)
        column.addWidget(self.empty)
        column.addSpacing(8)
        column.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        content = QWidget()
        content.setProperty("role", "page")
        page = QVBoxLayout(content)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(4)
        choices, steps = QHBoxLayout(), QHBoxLayout()
        choices.setSpacing(8)
        choices.addWidget(self.choice)
        choices.addWidget(self.other, 1)
        steps.setSpacing(8)
        steps.addWidget(self.step_label)
        steps.addWidget(self.step, 1)
        page.addWidget(self.finding)
        page.addSpacing(4)
        page.addLayout(choices)
        page.addWidget(self.explanation)
        page.addWidget(self.profile, 3)
        page.addLayout(steps)
        page.addWidget(self.course, 2)
        page.addWidget(self.read_out)
        area = UprightScrollArea()
        area.setAccessibleName(self.tr("Inside the network"))
        area.setWidget(content)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(nothing)
        self._pages.addWidget(area)

    # --- what is told ----------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._drawn = None
        self.profile.set_styles(self._styles(theme), theme)
        self.course.set_theme(theme)
        self.layer.set_theme(theme)
        super().set_theme(theme)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Watch the run from now on."""
        super().showEvent(event)
        self._pace.begin()
        self._timer.start(self._pace.milliseconds)
        self._records.list_runs(self._show_runs)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Watch no more."""
        super().hideEvent(event)
        self._timer.stop()

    @Slot()
    def _tick(self) -> None:
        """Draw what a run that trains has told of meanwhile."""
        self.refresh()
        self._timer.setInterval(self._pace.next())

    def refresh(self) -> None:
        """Draw what is known, and have read what is not."""
        rows = self._records.of_run(self.run)
        beside = self.other.currentData()
        other = self._records.of_folder(beside) if beside is not None and rows else []
        known = (id(self.run), len(rows), beside, len(other), self.theme.name)
        if not rows:
            self._drawn = None
            self._show_nothing()
        elif known != self._drawn:
            self._drawn = known
            self._seen = [Seen(rows), *([Seen(other)] if other else [])]
            self._pages.setCurrentIndex(1)
            self._tell()
            self._draw()

    @Slot(object)
    def _show_runs(self, found: Listed) -> None:
        """These have a record, newest first."""
        chosen = self.other.currentData()
        with QSignalBlocker(self.other):
            while self.other.count() > 1:
                self.other.removeItem(1)
            for label, folder in found:
                self.other.addItem(label, folder)
            self.other.setCurrentIndex(max(0, self.other.findData(chosen)))
        self.touch()

    # --- drawing ---------------------------------------------------------------------------------

    def _show_nothing(self) -> None:
        self._pages.setCurrentIndex(0)
        watched = self.config is not None and self.config.look_inside > 0
        trains = self.run is not None and self.run.started is not None and self.run.outcome is None
        if watched and trains and self.run is not None and self.run.config and self.run.config.look_inside:
            text = self.tr("The first look comes with the first steps.")
        elif watched:
            text = self.tr("Press Start: the next run's network will be looked into, and drawn here as it trains.")
        else:
            text = self.tr(
                "Here you will see, layer by layer, how large the values in the network are, what gradient comes back "
                "to them, which units are dead, and how far each step moves the weights. A run must have been told to "
                "be looked into; that changes nothing in what it learns."
            )
        trouble = self._records.trouble.get(self.run.folder) if self.run is not None and self.run.folder else None
        if self.other.count() > 1 and not trains:
            text += "\n\n" + self.tr("Of earlier runs, open one in the list on the right that was looked into.")
        self.empty.setText(say(trouble.text) if trouble else text)
        self.switch.setVisible(not watched)
        self.switch.setEnabled(self.config is not None)

    def _tell(self) -> None:
        front, *beside = self._seen
        told = [escaped(say(found)) for found in front.findings]
        if beside:  # what was found of the other one is what it is there for: the first thing
            names = [self.run.title if self.run is not None else "", self.other.currentText()]
            of_each = [told, [escaped(say(found)) for found in beside[0].findings[:1]]]
            told = [
                f"<font color='{style.colour}'>{mark}</font> {escaped(name)}<br>{'<br>'.join(lines)}"
                for style, mark, name, lines in zip(self._styles(self.theme), MARKS, names, of_each, strict=True)
            ]
        self.finding.setText("<br>".join(told))
        self.finding.setVisible(bool(told))
        with QSignalBlocker(self.step):
            self.step.setRange(0, len(front) - 1)
            if self._following:
                self.step.setValue(len(front) - 1)

    @Slot()
    def _draw(self) -> None:
        if not self._seen:
            return
        quantity = self._quantities[self.choice.currentIndex()]
        front = self._seen[0]
        look = self.step.value()
        step = float(front.steps[look])
        beside = [(seen, seen.nearest(step)) for seen in self._seen[1:]]
        self.explanation.setText(quantity.explanation)
        self.profile.set_log(not quantity.percent)
        self.course.set_log(not quantity.percent)
        self.profile.show_runs([(front, look), *beside], quantity)
        self.course.show_runs(self._seen, quantity, step)
        self.step_label.setText(
            self.tr("Step {step} of {last}").format(
                step=numbers.count(step), last=numbers.count(float(front.steps[-1]))
            )
        )
        self._say_ends(look)

    def _say_ends(self, look: int) -> None:
        """The chosen figure of the first and of the last layer."""
        quantity, front = self._quantities[self.choice.currentIndex()], self._seen[0]
        values = front.figure(quantity.name)[look]
        self.read_out.setText(
            self.tr("Step {step}: {title} {first} at the first layer, {last} at the last").format(
                step=numbers.count(float(front.steps[look])), title=quantity.title,
                first=figure(quantity, float(values[0])), last=figure(quantity, float(values[-1])),
            )
        )  # fmt: skip

    @staticmethod
    def _styles(theme: Theme) -> list[Style]:
        return [
            Style(theme.train, 2, symbol="o", size=7),
            Style(theme.validation, 2, Qt.PenStyle.DashLine, symbol="s", size=7),
        ]

    # --- what is pressed -------------------------------------------------------------------------

    @Slot()
    def _switch_on(self) -> None:
        if self.config is not None:
            self.settings_asked.emit(self.config.changed({"look_inside": USUAL}))

    @Slot(int)
    def _on_step(self, look: int) -> None:
        self._following = look == self.step.maximum()
        self._draw()

    @Slot(float)
    def _pick(self, step: float) -> None:
        if self._seen:
            self.step.setValue(self._seen[0].nearest(step))

    @Slot(object)
    def _hover_layer(self, x: float | None) -> None:
        if not self._seen:
            return
        front, look = self._seen[0], self.step.value()
        layer = None if x is None else round(x) - 1
        inside = layer is not None and 0 <= layer < len(front.layers)
        self.profile.set_cursor(float(round(x or 0)) if inside else None)
        if layer is None or not inside:
            self.layer.hide()
            return
        step = float(front.steps[look])
        colours = [style.colour for style in self._styles(self.theme)]
        rows = [
            (colour, seen.row(seen.nearest(step), layer) if layer < len(seen.layers) else None)
            for colour, seen in zip(colours, self._seen, strict=False)
        ]
        self.layer.show_layer(layer + 1, len(front.layers), rows, left=layer >= len(front.layers) / 2)

    @Slot(object)
    def _hover_step(self, x: float | None) -> None:
        if not self._seen:
            return
        look = self.step.value() if x is None else self._seen[0].nearest(x)
        self.course.set_cursor(None if x is None else float(self._seen[0].steps[look]))
        self._say_ends(look)


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label
