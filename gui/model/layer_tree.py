"""The layers of a network as a tree of its blocks: shapes, parameters and their share, and what is copied of it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QBrush, QColor, QGuiApplication, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
)  # fmt: skip

from engine.catalogue import Catalogue
from engine.frozen.proof import Proof
from gui import numbers
from gui.model import layer_proof
from gui.model.layer_words import layer_words
from gui.model.share_delegate import QUIET, SHARE, ShareDelegate
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import tabular
from gui.words import title

if TYPE_CHECKING:
    from engine.preview.summary import BlockRow, LayerRow, NetworkTable

LAYER, TYPE, OUTPUT, PARAMETERS, TRAINABLE, NORM, TECHNIQUE, PROOF = range(8)
LINE = Qt.ItemDataRole.UserRole + 2
"""Of an item: what is copied of it, column by column."""
FATE = Qt.ItemDataRole.UserRole + 3
"""Of an item: how it fared in a run that freezes layers."""
MANY = 48
"""From so many layers on, the blocks within the body begin folded."""


class LayerTree(QTreeWidget):
    """A line per layer in the order in which data pass them, under the blocks that they lie in.

    Ctrl+C copies the selected lines, or all, as a table for a spreadsheet.
    """

    def __init__(self) -> None:
        super().__init__()
        self._theme = LIGHT
        self._stale = False
        self._folded: dict[str, bool] = {}
        self._names: dict[str, str] = {}
        self._of_frozen: list[int] = []
        self.setColumnCount(8)
        self.setHeaderLabels([
            self.tr("Layer"), self.tr("Type"), self.tr("Output"), self.tr("Parameters"), self.tr("Trainable"),
            self.tr("Norm by"), self.tr("Technique"), self.tr("In the run"),
        ])  # fmt: skip
        self.headerItem().setToolTip(NORM, self.tr(
            "The statistics by which a batch norm normalises in training: those of each batch, or, frozen, the running "
            "ones that it came with."
        ))  # fmt: skip
        self.headerItem().setToolTip(PROOF, self.tr(
            "What became of each layer in the run in front: a frozen one is compared, bit for bit, with what it was "
            "when it was frozen, after every epoch."
        ))  # fmt: skip
        self.setAccessibleName(self.tr("Layers of the network"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAllColumnsShowFocus(True)
        self.setUniformRowHeights(True)
        self.setIndentation(16)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._shares = ShareDelegate(self)
        self.setItemDelegateForColumn(PARAMETERS, self._shares)
        self.headerItem().setTextAlignment(PARAMETERS, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.header().setStretchLastSection(True)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.header().setMinimumSectionSize(48)
        self._add_actions()
        self.itemExpanded.connect(self._unfolded_by_hand)
        self.itemCollapsed.connect(self._folded_by_hand)

    def _add_actions(self) -> None:
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for text, keys, do in (
            (self.tr("Copy as a table"), QKeySequence.StandardKey.Copy, self.copy),
            (self.tr("Unfold all"), None, self.unfold_all),
            (self.tr("Fold blocks"), None, self.fold_blocks),
        ):
            action = QAction(text, self)
            if keys is not None:
                action.setShortcut(keys)
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(do)
            self.addAction(action)

    # --- showing ---------------------------------------------------------------------------------

    def show_network(self, network: NetworkTable, catalogue: Catalogue) -> None:
        """List a network, with what the user folded still folded."""
        self._stale = False
        self._names = {entry.id: title(entry.strategy) for entry in catalogue.entries if entry.strategy}
        selected = {item.data(LAYER, LINE)[0] for item in self.selectedItems()}
        place = self.verticalScrollBar().value()
        self.blockSignals(True)  # what is folded here is not folded by hand
        self.clear()
        self._fill(network)
        for item in self._items():
            item.setSelected(item.data(LAYER, LINE)[0] in selected)
            if item.childCount():
                item.setExpanded(self._begins_open(item, network))
        self.setColumnHidden(TECHNIQUE, not any(row.technique for row in network.layers))
        self._of_frozen = [NORM] if any(row.norm for row in network.layers) else []
        self._colour()
        self._make_room()
        self.blockSignals(False)
        self.verticalScrollBar().setValue(place)

    def show_proof(self, proof: Proof | None) -> bool:
        """Tell of each layer what became of it in a run. Returns whether they are the layers of that run's network."""
        told = {layer.name: layer for layer in proof.layers} if proof else {}
        ours = {item.data(LAYER, LINE)[0]: item for item in self._items()}
        matches = proof is not None and told.keys() <= ours.keys()
        for name, item in ours.items() if proof is not None and matches else ():
            if item.childCount():
                text, fate = layer_proof.cell(proof, [told[each] for each in told if each.startswith(f"{name}.")])
            else:
                text, fate = layer_proof.cell(proof, [told[name]] if name in told else [])
                lines = layer_proof.tips(proof, told[name]) if name in told else []
                item.setToolTip(PROOF, "<qt>" + "<br>".join(map(escape, lines)) + "</qt>" if lines else "")
            item.setText(PROOF, text)
            item.setData(LAYER, FATE, fate)
            item.setData(LAYER, LINE, (*item.data(LAYER, LINE)[:PROOF], text))
        self._of_frozen = [column for column in self._of_frozen if column != PROOF] + ([PROOF] if matches else [])
        self._colour()
        self._make_room()
        return matches

    def set_stale(self, stale: bool) -> None:
        """Grey what is shown: the settings have changed, and their network can't be listed."""
        if stale != self._stale:
            self._stale = stale
            self._colour()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = self._shares.theme = theme
        self._colour()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for some ten lines."""
        return QSize(560, 320)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Where there is little room, columns give way, then the bars: the tool tips hold what they tell."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        width = self.viewport().width()
        shown = [LAYER, TYPE, OUTPUT, PARAMETERS, TRAINABLE, *self._of_frozen]
        giving_way = [TYPE, *([OUTPUT] if self._of_frozen else []), *([PARAMETERS, NORM] if PROOF in shown else [])]
        self._shares.has_bars = True
        for column in giving_way:
            if self._needed(*shown) > width and column in shown:
                shown.remove(column)
        for column in (TYPE, OUTPUT, PARAMETERS, NORM, PROOF):
            self.setColumnHidden(column, column not in shown)
        self._shares.has_bars = self._needed(*shown) <= width

    def _needed(self, *columns: int) -> int:
        """Pixels of these columns."""
        return sum(max(self.sizeHintForColumn(each), self.header().sectionSizeHint(each)) for each in columns)

    def _fill(self, network: NetworkTable) -> None:
        total = max(1, network.parameters)
        shape = _shape(network.input_shape)
        first = QTreeWidgetItem(self, [self.tr("Input"), "", shape])
        first.setData(LAYER, LINE, ("input", "", shape, "", "", "", "", ""))
        first.setData(LAYER, SHARE, 0.0)
        first.setToolTip(LAYER, self.tr("What the network is given: N samples of this shape, after scaling."))
        blocks = {block.name: block for block in network.blocks}
        made: dict[str, QTreeWidgetItem] = {}
        for row in network.layers:
            parent = self._block_of(row.name, network, blocks, made)
            item = QTreeWidgetItem(parent, [row.name.rpartition(".")[2] or self.tr("(the network itself)")])
            self._write(item, row, total)

    def _block_of(
        self, name: str, network: NetworkTable, blocks: dict[str, BlockRow], made: dict[str, QTreeWidgetItem]
    ) -> QTreeWidget | QTreeWidgetItem:
        """The item of the block that a layer lies in, made where it is not there yet."""
        block = name.rpartition(".")[0]
        if not block:
            return self
        if block not in made:
            above = self._block_of(block, network, blocks, made)
            made[block] = QTreeWidgetItem(above, [block.rpartition(".")[2]])
            within = [row for row in network.layers if row.name.startswith(f"{block}.")]
            self._write_block(made[block], block, blocks.get(block), within, max(1, network.parameters))
        return made[block]

    def _write(self, item: QTreeWidgetItem, row: LayerRow, total: int) -> None:
        trainable = _trainable(row.trainable, row.parameters)
        technique = self._names.get(row.technique, row.technique)
        shape = _shape(row.output_shape)
        figures = self.tr("see above") if row.again and row.tensors else numbers.count(row.parameters or None)
        for column, text in ((TYPE, row.type), (OUTPUT, shape), (PARAMETERS, figures)):
            item.setText(column, text)
        item.setText(TRAINABLE, self._trainable_words(trainable, row.shares[0][1]))
        item.setText(NORM, {"batch": self.tr("batch"), "running": self.tr("running")}.get(row.norm, ""))
        item.setText(TECHNIQUE, technique)
        item.setData(LAYER, SHARE, row.parameters / total)
        item.setData(LAYER, LINE, (row.name, row.type, shape, str(row.parameters), trainable, row.norm, technique, ""))
        lines = [f"<b>{escape(row.name)}</b>&nbsp; {escape(row.type)}", escape(layer_words(row.type, row.about))]
        if row.tensors:
            lines.append(escape(" · ".join(f"{name} {list(sizes)}" for name, sizes in row.tensors)))
        if row.norm == "running":
            lines.append(escape(self.tr("Frozen: it normalises by the running statistics that it came with.")))
        elif row.norm == "batch":
            lines.append(escape(self.tr("In training it normalises by the statistics of each batch.")))
        if row.parameters:
            lines += [escape(line) for line in self._share_lines(row)]
        if technique:
            lines.append(escape(self.tr("Put there by {technique}.").format(technique=technique)))
        self._explain(item, lines)

    def _write_block(
        self, item: QTreeWidgetItem, name: str, block: BlockRow | None, within: list[LayerRow], total: int
    ) -> None:
        parameters, trained = sum(row.parameters for row in within), sum(row.trainable for row in within)
        trainable = _trainable(trained, parameters)
        kind = block.type if block and block.type != "Sequential" else ""
        shape = _shape(block.output_shape) if block else ""
        for column, text in enumerate((item.text(LAYER), kind, shape, numbers.count(parameters or None))):
            item.setText(column, text)
        item.setText(TRAINABLE, self._trainable_words(trainable))
        item.setData(LAYER, QUIET, True)
        item.setData(LAYER, SHARE, parameters / total)
        item.setData(LAYER, LINE, (name, block.type if block else "", shape, str(parameters), trainable, "", "", ""))
        about = self.tr("{count} layers, {parameters} parameters together.").format(
            count=len(within), parameters=numbers.count(parameters)
        )
        lines = [f"<b>{escape(name)}</b>", escape(about)]
        if block and kind:
            lines.append(escape(layer_words(block.type, block.about)))
        self._explain(item, lines)

    def _trainable_words(self, trainable: str, share: float = 1.0) -> str:
        if trainable == "all" and share not in (0.0, 1.0):
            return self.tr("rate ×{share}").format(share=f"{share:.2g}")
        return {"all": self.tr("yes"), "none": self.tr("frozen"), "some": self.tr("partly")}.get(trainable, "")

    def _share_lines(self, row: LayerRow) -> Iterator[str]:
        """In which epochs a layer trains with what share of the learning rate, where that is not the whole of it."""
        for epoch, share in row.shares:
            if epoch == 0 and 0 < share < 1:
                yield self.tr("It trains with {share} of the learning rate.").format(share=f"{share:.2g}")
            elif epoch and share:
                text = self.tr("From epoch {epoch} on it trains with {share} of the learning rate.")
                yield text.format(epoch=epoch + 1, share=f"{share:.2g}")
            elif epoch:
                yield self.tr("From epoch {epoch} on it is frozen.").format(epoch=epoch + 1)

    def _explain(self, item: QTreeWidgetItem, lines: list[str]) -> None:
        for column in range(self.columnCount()):
            item.setToolTip(column, "<qt>" + "<br>".join(line for line in lines if line) + "</qt>")

    def _begins_open(self, item: QTreeWidgetItem, network: NetworkTable) -> bool:
        name = item.data(LAYER, LINE)[0]
        return not self._folded.get(name, len(network.layers) > MANY and item.parent() is not None)

    def _colour(self) -> None:
        theme, font = self._theme, tabular(self.font())
        self._shares.stale = self._stale
        for item in self._items():
            quiet = self._stale or bool(item.data(LAYER, QUIET))
            for column in range(self.columnCount()):
                colour = theme.outline if self._stale else theme.muted if quiet and column != LAYER else theme.text
                if column == TECHNIQUE and not self._stale:
                    colour = theme.accent
                if column == PROOF and not self._stale and item.data(LAYER, FATE) == layer_proof.BROKEN:
                    colour = theme.error
                item.setForeground(column, QBrush(QColor(colour)))
            item.setFont(PARAMETERS, font)
            item.setFont(OUTPUT, font)
        self.viewport().update()

    # --- folding and copying ---------------------------------------------------------------------

    @Slot()
    def unfold_all(self) -> None:
        """Show every layer."""
        for item in self._items():
            item.setExpanded(True)

    @Slot()
    def fold_blocks(self) -> None:
        """Show the body's blocks, each as one line."""
        for item in self._items():
            if item.childCount() and item.parent() is not None:
                item.setExpanded(False)

    @Slot()
    def copy(self) -> None:
        """Put the selected lines, or all where none is, on the clipboard."""
        QGuiApplication.clipboard().setText(self.text())

    def text(self) -> str:
        """The selected lines, or all, as a table whose columns are divided by tabs, under their titles."""
        items = [item for item in self._items() if item.isSelected()] or list(self._items())
        header = [self.headerItem().text(column) for column in range(self.columnCount())]
        return "\n".join("\t".join(line) for line in (header, *(item.data(LAYER, LINE) for item in items))) + "\n"

    def _items(self) -> Iterator[QTreeWidgetItem]:
        """All items, as they stand below each other."""
        waiting = [self.topLevelItem(number) for number in reversed(range(self.topLevelItemCount()))]
        while waiting:
            item = waiting.pop()
            yield item
            waiting.extend(item.child(number) for number in reversed(range(item.childCount())))

    @Slot(QTreeWidgetItem)
    def _unfolded_by_hand(self, item: QTreeWidgetItem) -> None:
        self._folded[item.data(LAYER, LINE)[0]] = False

    @Slot(QTreeWidgetItem)
    def _folded_by_hand(self, item: QTreeWidgetItem) -> None:
        self._folded[item.data(LAYER, LINE)[0]] = True


def _shape(sizes: tuple[int, ...]) -> str:
    """A shape as the field writes it, the samples of a batch as N."""
    return f"[{', '.join(['N', *map(str, sizes[1:])])}]" if sizes else ""


def _trainable(trained: int, parameters: int) -> str:
    if parameters == 0:
        return ""
    return "all" if trained == parameters else "none" if trained == 0 else "some"
