"""Are the labels safe? Whether the ticked augmentations change what an image is, with pictures of the worst."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from engine.config import RunConfig
from gui import numbers
from gui.background import Trouble
from gui.data.rows import PictureRows, Row
from gui.told_work import STOPPED, ToldWork
from gui.widgets.flow import FlowLayout
from gui.widgets.image_grid import Picture
from gui.widgets.looks import give
from gui.widgets.theme import LIGHT, Theme
from gui.words import say
from gui.workbench import PARTS, Workbench

if TYPE_CHECKING:
    from engine.data import Report
    from engine.data_checks.label_safety import LabelFinding, LabelSafety
    from engine.message import Message

KEY = "label-safety"


def _check(bench: Workbench, config: RunConfig, report: Report) -> LabelSafety:
    """In the background."""
    from engine.data_checks.label_safety import check_labels

    return check_labels(bench.parts(config), config.augmentations, config.seed, report)


class LabelCheckView(QWidget):
    """A button, how far it is, and what was found. Emits `settings_asked` with other settings."""

    settings_asked = Signal(object)

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._config: RunConfig | None = None
        self._work: ToldWork | None = None
        self._theme = LIGHT
        self.found: LabelSafety | None = None
        self.ask = QPushButton(self.tr("Are the labels safe?"))
        self.ask.setToolTip(self.tr(
            "Looks whether a ticked augmentation changes what an image is, as a 9 that is turned upside down is a 6. "
            "Two small networks learn the images as they are, and judge them before and after; that takes a minute."
        ))  # fmt: skip
        self.ask.clicked.connect(self.begin)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.clicked.connect(self._stop)
        self.told = QLabel()
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setWordWrap(True)
        give(self.told, role="muted")
        buttons = FlowLayout(8, line_spacing=4)
        buttons.addWidget(self.ask)
        buttons.addWidget(self.stop)
        self._findings = QVBoxLayout()
        self._findings.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(buttons)
        column.addWidget(self.told)
        column.addLayout(self._findings)
        self._arrange("")

    def show_settings(self, config: RunConfig) -> None:
        """With other data or augmentations what was found is true no more, and looking is given up."""
        if self._config is None or _essence(config) != _essence(self._config):
            self._give_up()
            self.found = None
            self._arrange("")
        self._config = config
        self.ask.setEnabled(bool(config.augmentations))

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        for rows in self.findChildren(PictureRows):
            rows.set_theme(theme)

    @Slot()
    def begin(self) -> None:
        """Look, from the beginning."""
        self._give_up()
        if self._config is None:
            return
        self.found = None
        self._work = work = ToldWork(self._bench.background, KEY, partial(_check, self._bench, self._config), self)
        work.told.connect(self._tell)
        work.done.connect(self._show)
        work.failed.connect(self._fail)
        self._arrange(self.tr("Waiting for other work in the background…"))
        work.start()

    def _give_up(self) -> None:
        if self._work is not None:
            self._work.give_up()
            self._work.deleteLater()
            self._work = None

    @Slot()
    def _stop(self) -> None:
        self._give_up()
        self._arrange(self.tr("It was stopped."))

    def _tell(self, text: Message, fraction: float | None) -> None:
        template = self.tr("{what}: {share} %") if fraction is not None else self.tr("{what}…")
        self.told.setText(template.format(what=say(text), share=round(100 * (fraction or 0))))

    def _show(self, found: LabelSafety) -> None:
        self._end()
        self.found = found
        known = {"count": numbers.count(found.images), "known": numbers.percent(found.known)}
        if found.safe and not any(finding.kind == "weak-judge" for finding in found.findings):
            text = self.tr(
                "No augmentation was seen to change what an image is. {count} images were judged by networks that "
                "know {known} of them as they are."
            )
        else:
            text = self.tr("{count} images were judged by networks that know {known} of them as they are.")
        self._arrange(text.format(**known))

    def _fail(self, trouble: Trouble) -> None:
        self._end()
        self._arrange("" if trouble.text.code == STOPPED else say(trouble.text))

    def _end(self) -> None:
        if self._work is not None:
            self._work.deleteLater()
            self._work = None

    def _arrange(self, text: str) -> None:
        """Show what there is to be seen in this state, and say it."""
        self.stop.setVisible(self._work is not None)
        self.ask.setVisible(self._work is None)
        self.told.setText(text)
        self.told.setVisible(bool(text))
        while (item := self._findings.takeAt(0)) is not None:
            widget = item.widget()
            widget.hide()
            widget.deleteLater()
        for finding in self.found.findings if self.found else ():
            self._findings.addWidget(self._one(finding))

    def _one(self, finding: LabelFinding) -> QWidget:
        """One finding: in words, with the button that mends it, and pictures."""
        place = QWidget()
        column = QVBoxLayout(place)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        text = self.tr("{what}. What to do: {remedy}.").format(what=say(finding.what), remedy=say(finding.remedy))
        words = QLabel(text)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        give(words, role="error" if finding.kind == "changes-class" else "muted")
        column.addWidget(words)
        if finding.mend is not None:
            mend = QPushButton(say(finding.remedy))
            mend.clicked.connect(partial(self._mend, finding))
            line = FlowLayout(8)
            line.addWidget(mend)
            column.addLayout(line)
        if finding.examples:
            rows = PictureRows()
            rows.set_theme(self._theme)
            rows.setAccessibleName(self.tr("Images before and after"))
            rows.show_rows([
                Row(self.tr("Training"), self.tr("as stored"), tuple(
                    Picture(each.before, each.label) for each in finding.examples
                )),
                Row(self.tr("After it"), self.tr("what it is taken for"), tuple(
                    Picture(each.after, each.taken_for, f"{each.taken_for} {numbers.percent(each.sure)}")
                    for each in finding.examples
                )),
            ])  # fmt: skip
            column.addWidget(rows)
        return place

    def _mend(self, finding: LabelFinding, _: bool = False) -> None:
        if self._config is not None and finding.mend is not None:
            self.settings_asked.emit(self._config.ticked(finding.mend))


def _essence(config: RunConfig) -> object:
    """What the labels depend on."""
    return tuple(getattr(config, name) for name in PARTS), config.augmentations
