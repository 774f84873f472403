"""What a technique is: on hover, and in a small sheet behind its info button."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from engine.language import spoken
from engine.parameter import parameters_of
from engine.strategy import Strategy
from gui.widgets.icon_button import IconButton
from gui.words import explanation, parameter_help, source, summary, title

SHEET_WIDTH = 420


class InfoButton(IconButton):
    """Opens the explanation of a strategy class."""

    def __init__(self, strategy: type[Strategy], origin: str) -> None:
        super().__init__("info")
        self._origin = origin
        self.explain(strategy, origin)
        self.clicked.connect(self._open)

    def explain(self, strategy: type[Strategy], origin: str) -> None:
        """Stand for another strategy class."""
        self._strategy, self._origin = strategy, origin
        self.setToolTip(tooltip(strategy))
        self.setAccessibleName(self.tr("What {name} is").format(name=title(strategy)))

    def _open(self) -> None:
        sheet = ExplanationSheet(self._strategy, self._origin, self.window())
        sheet.open_beside(self)


class ExplanationSheet(QFrame):
    """A sheet with title, explanation, parameters and source. Any click outside, or Escape, closes it."""

    def __init__(self, strategy: type[Strategy], origin: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("sheet")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName(title(strategy))
        text = QLabel(sheet_html(strategy, origin))
        text.setObjectName("sheet")
        text.setTextFormat(Qt.TextFormat.RichText)
        text.setWordWrap(True)
        text.setContentsMargins(16, 8, 16, 8)
        text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(text)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.addWidget(area)
        text.ensurePolished()  # the height depends on the style sheet's font
        most = parent.screen().availableGeometry().height() * 4 // 5
        self.setFixedSize(SHEET_WIDTH, min(most, text.heightForWidth(SHEET_WIDTH - 2) + 8))

    def open_beside(self, widget: QWidget) -> None:
        """Show it at the right of a widget, within the screen."""
        corner = widget.mapToGlobal(QPoint(widget.width() + 4, 0))
        room = widget.screen().availableGeometry()
        corner.setX(max(room.left(), min(corner.x(), room.right() - self.width())))
        corner.setY(max(room.top(), min(corner.y(), room.bottom() - self.height())))
        self.move(corner)
        self.show()


@spoken
def tooltip(strategy: type[Strategy]) -> str:
    """The name and the first sentence, wrapped by Qt as it is rich text."""
    return f"<qt><b>{escape(title(strategy))}</b><br>{escape(summary(strategy))}</qt>"


def sheet_html(strategy: type[Strategy], origin: str) -> str:
    """Title, explanation, parameters and source."""
    parts = [f"<h3>{escape(title(strategy))}</h3>"]
    parts += [f"<p>{escape(paragraph)}</p>" for paragraph in explanation(strategy).split("\n\n")]
    for parameter in parameters_of(strategy):
        meaning = escape(parameter_help(strategy.id, parameter))
        default = escape(parameter.write(parameter.default))
        usual = QCoreApplication.translate("Explanation", "Default {value}").format(value=default) if default else ""
        usual = usual.replace(" ", "&nbsp;")
        parts.append(f"<p><b>{escape(parameter.name)}</b><br>{meaning} {usual}</p>")
    lines = [line for line in (source(strategy), "" if origin == "built-in" else origin) if line]
    parts.append("<p><small>" + "<br>".join(map(escape, lines)) + "</small></p>")
    return "".join(parts)
