"""The main window: three places, their docks, the toolbar, and what is remembered of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QIcon,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QMenu,
    QToolBar,
    QToolButton,
    QWidget,
)

from engine.language import LANGUAGES
from gui.actions import SPOKEN, THEMES, Actions
from gui.background import Background
from gui.centre import Centre
from gui.hardware import show_hardware
from gui.help import about_sheet, shortcuts_sheet
from gui.language import of_system, of_window, speaker
from gui.lessons.panel import LessonPanel
from gui.memory import Memory
from gui.runs.panel import RunsPanel
from gui.settings.panel import SettingsPanel
from gui.training.bar import RunBar
from gui.training.happening import Happening
from gui.training.processes import show_processes
from gui.widgets.dock_title import DockTitle
from gui.widgets.icons import icon
from gui.widgets.theme import DARK, LIGHT, Theme, apply_theme, system_theme
from gui.widgets.type_size import LARGER, has_larger_type, set_type_size, with_lines
from gui.workbench import Workbench

if TYPE_CHECKING:
    from gui.graph.live_graph import LiveGraph

MINIMUM = QSize(1024, 640)
USUAL = QSize(1360, 860)
DOCK_WIDTHS = (352, 296)
"""Of the docks on the left and on the right."""
RIGHT_HEIGHTS = (340, 460)
"""Of the docks on the right, from the top: as shares of what there is."""


class MainWindow(QMainWindow):
    """The places and the actions. What they do to a run is `gui.conductor`'s business."""

    painted = Signal()
    """Once, when the window was painted for the first time."""
    closing = Signal()
    """The window is asked to close while `busy`: whoever keeps it busy calls `close` again when it may."""
    dressed = Signal(object)
    """Another palette, a `Theme`, for what is drawn by hand beside the window."""
    dropped = Signal(list)
    """Files and folders were dropped on it."""

    def __init__(self, workspace: Path) -> None:
        super().__init__()
        self.workspace = workspace
        self.memory = Memory(workspace)
        self.speaker = speaker()
        self.speaker.use(of_window(self.memory.word("language")))
        self.setWindowTitle(self.tr("Tunedeck"))
        self.setAcceptDrops(True)
        self.setMinimumSize(MINIMUM)
        self.busy = False
        self._was_painted = False
        # Before there are widgets: each would have to be dressed anew.
        set_type_size(_application(), self._is_larger())
        self._dress(self._wanted_theme())
        self.panel = SettingsPanel()
        self.bench = Workbench(workspace, Background(self))
        self.centre = Centre(self.bench)
        self.banners = self.centre.banners
        self.happening = Happening()
        self.runs = RunsPanel()
        self.lesson = LessonPanel()
        self.run_bar = RunBar()
        self.actions_by_name = Actions(self)
        self._build_toolbar()
        self.setCentralWidget(self.centre)
        self.docks = self._build_docks()
        self.lesson_dock = self._dock("lesson", self.tr("Lesson"), self.lesson)
        self.actions_by_name.finish_view_menu([dock.toggleViewAction() for dock in (*self.docks, self.lesson_dock)])
        self._connect()
        self.resize(USUAL)
        self._arrange()
        self.lesson_dock.hide()
        self.memory.restore_window(self)
        self._draw()

    @property
    def graph(self) -> LiveGraph:
        """The live graph, made when it is first needed."""
        return self.centre.graph

    # --- places ----------------------------------------------------------------------------------

    def _build_toolbar(self) -> None:
        bar = QToolBar(self.tr("Run"))
        bar.setObjectName("run")
        bar.setMovable(False)
        bar.setIconSize(QSize(16, 16))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.toggleViewAction().setEnabled(False)
        act = self.actions_by_name
        for name in ("start", "queue", "pause", "stop", "save", "load"):
            bar.addAction(act[name])
        bar.addWidget(self.run_bar)
        first, waiting, pause, stop = (_tool_button(bar, act[name]) for name in ("start", "queue", "pause", "stop"))
        self._steady = (first, waiting, pause)
        self._make_room()
        for button in (first, waiting):
            button.setProperty("primary", True)
        menu = QMenu(stop)
        menu.addAction(act["stop"])
        menu.addAction(act["stop_after_epoch"])
        stop.setMenu(menu)
        stop.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.addToolBar(bar)

    def _make_room(self) -> None:
        """Buttons whose text changes are as wide with either, so that nothing moves."""
        begins, holds = (self.tr("Start"), self.tr("Queue")), (self.tr("Pause"), self.tr("Resume"))
        for button, texts in zip(self._steady, (begins, begins, holds), strict=True):
            width = max(button.fontMetrics().horizontalAdvance(text) for text in texts)
            button.setMinimumWidth(width + 52)

    def _build_docks(self) -> list[QDockWidget]:
        docks = []
        for name, title, widget in (
            ("settings", self.tr("Settings"), self.panel),
            ("happening", self.tr("What is happening"), self.happening),
            ("runs", self.tr("Runs"), self.runs),
        ):
            docks.append(self._dock(name, title, widget))
        return docks

    def _dock(self, name: str, title: str, widget: QWidget) -> QDockWidget:
        dock = QDockWidget(title)
        dock.setObjectName(name)
        dock.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        dock.setTitleBarWidget(DockTitle(dock))
        dock.setWidget(widget)
        return dock

    def _arrange(self) -> None:
        """Put the docks where they belong."""
        settings, *right = self.docks
        for dock in self.docks:
            dock.setFloating(False)
            side = Qt.DockWidgetArea.LeftDockWidgetArea if dock is settings else Qt.DockWidgetArea.RightDockWidgetArea
            self.addDockWidget(side, dock)
            dock.show()
        self.lesson_dock.setFloating(False)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.lesson_dock)
        self.tabifyDockWidget(settings, self.lesson_dock)
        settings.raise_()
        room = LARGER if has_larger_type(_application()) else 1.0
        widths = [round(width * room) for width in DOCK_WIDTHS]
        self.resizeDocks([settings, right[0]], widths, Qt.Orientation.Horizontal)
        self.resizeDocks(right, list(RIGHT_HEIGHTS), Qt.Orientation.Vertical)

    # --- wiring of what concerns the window alone -------------------------------------------------

    def _connect(self) -> None:
        act = self.actions_by_name
        act["quit"].triggered.connect(self.close)
        act["undo"].triggered.connect(self.panel.undo)
        act["redo"].triggered.connect(self.panel.redo)
        act["filter"].triggered.connect(self._filter)
        act["search"].triggered.connect(self._search)
        act["larger"].toggled.connect(self._larger_chosen)
        act["reset_layout"].triggered.connect(self._arrange)
        act["shortcuts"].triggered.connect(self._show_shortcuts)
        act["about"].triggered.connect(self._show_about)
        act["hardware"].triggered.connect(self._show_hardware)
        act["processes"].triggered.connect(self._show_processes)
        for name in self.centre.names:
            act[f"tab_{name}"].triggered.connect(self._tab_chosen)
        for name in THEMES:
            act[f"theme_{name}"].triggered.connect(self._theme_chosen)
        for name in SPOKEN:
            act[f"language_{name}"].triggered.connect(lambda _=False, name=name: self._choose_language(name))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_theme_changed)

    def show_undo(self) -> None:
        """Offer undo and redo where there is something to undo or redo."""
        self.actions_by_name["undo"].setEnabled(self.panel.can_undo())
        self.actions_by_name["redo"].setEnabled(self.panel.can_redo())

    @Slot()
    def _tab_chosen(self) -> None:
        self.centre.bring_forward(self.sender().objectName().removeprefix("tab_"))

    @Slot()
    def _filter(self) -> None:
        self.docks[0].show()
        self.docks[0].raise_()
        self.panel.focus_filter()

    @Slot()
    def _search(self) -> None:
        dock = self.docks[-1]
        dock.show()
        dock.raise_()
        self.runs.focus_search()

    @Slot()
    def _show_shortcuts(self) -> None:
        shortcuts_sheet(self.actions_by_name.shortcuts(), self).show()

    @Slot()
    def _show_about(self) -> None:
        about_sheet(str(self.workspace), self).show()

    @Slot()
    def _show_hardware(self) -> None:
        if self.panel.ready:  # the engine is there to be asked
            show_hardware(self.bench, self.panel, lambda: self.busy, self)

    @Slot()
    def _show_processes(self) -> None:
        if self.panel.ready:
            show_processes(self.bench, self.panel, lambda: self.busy, self)

    # --- theme -----------------------------------------------------------------------------------

    @Slot()
    def _theme_chosen(self) -> None:
        self._choose_theme(self.sender().objectName().removeprefix("theme_"))

    def _choose_theme(self, name: str) -> None:
        self.memory.keep_word("theme", name)
        if self._wanted_theme() is not self.theme:  # to dress every widget anew takes a while
            self._dress(self._wanted_theme())
        self._draw()

    @Slot(bool)
    def _larger_chosen(self, larger: bool) -> None:
        """Make all type larger, and curves wider; or as usual again."""
        if larger == self._is_larger():
            return
        self.memory.keep_word("type", "larger" if larger else "usual")
        set_type_size(_application(), larger)
        self._dress(self._wanted_theme())
        self._make_room()
        self._draw()
        grown = LARGER if larger else 1 / LARGER
        docks = [dock for dock in (*self.docks, self.lesson_dock) if dock.isVisible() and not dock.isFloating()]
        self.resizeDocks(docks, [round(dock.width() * grown) for dock in docks], Qt.Orientation.Horizontal)

    def _is_larger(self) -> bool:
        return self.memory.word("type") == "larger"

    def _wanted_theme(self) -> Theme:
        """The palette that was chosen, or the system's, for the curves that were chosen."""
        return with_lines(_theme(self.memory.word("theme", "system")), self._is_larger())

    @Slot()
    def _system_theme_changed(self) -> None:
        if self.memory.word("theme", "system") not in ("light", "dark"):
            self._dress(self._wanted_theme())
            self._draw()

    def _dress(self, theme: Theme) -> None:
        """Give the application a palette."""
        self.theme = theme
        app = _application()
        apply_theme(app, theme)
        app.setWindowIcon(QIcon(icon("tunedeck", theme.accent)))

    def _draw(self) -> None:
        """Draw what is drawn by hand in the present palette."""
        word = self.memory.word("theme", "system")
        self.actions_by_name["larger"].setChecked(self._is_larger())
        self.actions_by_name[f"theme_{word if word in THEMES else 'system'}"].setChecked(True)
        spoken = self.memory.word("language", "system")
        self.actions_by_name[f"language_{spoken if spoken in SPOKEN else 'system'}"].setChecked(True)
        self.actions_by_name.draw(self.theme)
        self.centre.set_theme(self.theme)
        self.lesson.set_theme(self.theme)
        self.dressed.emit(self.theme)

    # --- language --------------------------------------------------------------------------------

    def _choose_language(self, name: str) -> None:
        self.memory.keep_word("language", name)
        self.speaker.use(name if name in LANGUAGES else of_system())

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another language: what is measured or drawn by its words is so anew."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._make_room()
            self.actions_by_name.say_again()

    # --- first and last --------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint, and say so once."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Say what was dropped."""
        event.acceptProposedAction()
        self.dropped.emit([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Remember the window; a run is saved first, without a question."""
        if self.busy:
            event.ignore()
            self.closing.emit()
            return
        self.memory.keep_window(self)
        self.runs.keep()
        event.accept()


def _tool_button(bar: QToolBar, action: QAction) -> QToolButton:
    button = bar.widgetForAction(action)
    assert isinstance(button, QToolButton)
    return button


def _application() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app


def _theme(name: str) -> Theme:
    """The palette of this name; any other name is the system's."""
    return {"light": LIGHT, "dark": DARK}.get(name) or system_theme()
