"""The findings of a check, under their gravity and kind."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from engine.data_checks.finding import KINDS
from gui import numbers
from gui.data.check_words import SEVERITIES, check_words
from gui.widgets.looks import as_tip
from gui.widgets.note import CONSIDER, WRONG
from gui.words import say

if TYPE_CHECKING:
    from engine.data_checks.finding import DataCheck, Finding

SIGNS = {"error": WRONG, "warning": CONSIDER, "info": "\N{INFORMATION SOURCE}"}
MOST = 500
"""Findings that are listed under one kind, at most."""
NAMED = 4
"""Files of a finding that are named in its line, at most."""
FINDING = Qt.ItemDataRole.UserRole + 1


class CheckTree(QTreeWidget):
    """Kinds with the number of findings, and under each the findings. Emits `chosen` with a `Finding`, or None."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setColumnCount(2)
        self.setIndentation(16)
        self.setUniformRowHeights(True)
        self.setAccessibleName(self.tr("Findings"))
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.currentItemChanged.connect(self._changed)

    def show_check(self, check: DataCheck | None) -> None:
        """List what was found, the gravest first, with the first finding chosen."""
        self.clear()
        findings = check.findings if check is not None else ()
        for (severity, kind), some in groupby(findings, lambda each: (each.severity, each.kind)):
            self._add(severity, kind, list(some))
        if self.topLevelItemCount():
            self.topLevelItem(0).setExpanded(True)
            self.setCurrentItem(self.topLevelItem(0).child(0))

    @property
    def finding(self) -> Finding | None:
        """The chosen one; of a kind, its first."""
        item = self.currentItem()
        return item.data(0, FINDING) if item is not None else None

    def _add(self, severity: str, kind: str, findings: list[Finding]) -> None:
        text = f"{SIGNS[severity]} {check_words(KINDS, kind)} · {check_words(SEVERITIES, severity)}"
        above = QTreeWidgetItem(self, [text, numbers.count(len(findings))])
        above.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        above.setData(0, FINDING, findings[0])
        font = above.font(0)
        font.setBold(True)
        above.setFont(0, font)
        for finding in findings[:MOST]:
            line = QTreeWidgetItem(above, [_line(finding)])
            line.setToolTip(0, as_tip(say(finding.what)))
            line.setData(0, FINDING, finding)
        if len(findings) > MOST:
            more = self.tr("and {count} more, which tunedeck check-data --json lists")
            line = QTreeWidgetItem(above, [more.format(count=numbers.count(len(findings) - MOST))])
            line.setFlags(Qt.ItemFlag.NoItemFlags)

    def _changed(self, *_: object) -> None:
        self.chosen.emit(self.finding)


def _line(finding: Finding) -> str:
    """What tells a finding from others of its kind: its files, or what is said of it."""
    return ", ".join(finding.files[:NAMED]) or say(finding.what)
