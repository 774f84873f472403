"""The tab "Predictions": what the run in front makes of its samples, and of pictures that are dropped on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QStackedWidget, QVBoxLayout, QWidget

from gui.background import Trouble
from gui.panel import Panel
from gui.predictions.classify_view import ClassifyView
from gui.predictions.detail import PredictionDetail
from gui.predictions.examination import Examination, Told
from gui.predictions.head import PredictionHead
from gui.predictions.reconstructions import PredictionReconstructions
from gui.predictions.review import PredictionReview
from gui.predictions.scatter import PredictionScatter
from gui.runs.run import Run
from gui.widgets.theme import Theme
from gui.words import say
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.trained.predictions import Predictions
    from engine.trained.reconstructions import Reconstructions

AGAIN_MILLISECONDS = 300
"""How long after an epoch the file of a new best is looked for again: it is written just after it is told of."""
TRIES = 10
PICTURES = "*.jpg *.jpeg *.png *.bmp *.webp *.tif *.tiff *.gif"


@dataclass(frozen=True)
class Shown:
    """What predictions are of: a file as it was at a time, and a part."""

    path: Path
    written: int
    part: str


class PredictionsPanel(Panel):
    """Shows the predictions of the run's best checkpoint, and those of a file that was loaded."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.setAcceptDrops(True)
        self.head = PredictionHead()
        self.review = PredictionReview()
        self.scatter = PredictionScatter()
        self.given_back = PredictionReconstructions()
        self.classified = ClassifyView()
        self.message = QLabel()
        self.predictions: Predictions | Reconstructions | None = None
        self._work = Examination(bench)
        self._asked: Shown | None = None
        self._files: tuple[Path, ...] = ()
        self._invert: bool | None = None
        self._tries = 0
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(AGAIN_MILLISECONDS)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.message.setProperty("role", "muted")
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setWordWrap(True)
        self.message.setMargin(24)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        for page in (self.message, self.review, self.scatter, self.given_back, self.classified):
            self.pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.head)
        column.addWidget(self.pages, 1)

    def _connect(self) -> None:
        self._again.timeout.connect(self.touch)
        self.head.part_chosen.connect(self.touch)
        self.head.classify_pressed.connect(self.choose_pictures)
        self.classified.more_pressed.connect(self.choose_pictures)
        self.classified.back_pressed.connect(self._back)
        self.classified.invert_asked.connect(self._on_invert)
        self.review.detail.map_asked.connect(self._look_at_sample)
        self.classified.detail.map_asked.connect(self._look_at_picture)

    # --- the run in front ------------------------------------------------------------------------

    def show_run(self, run: Run | None) -> None:
        """Another run is in front, or it has come to the end of an epoch, or to its end."""
        self._tries = 0
        super().show_run(run)

    def refresh(self) -> None:
        """Ask for the predictions, unless they are those that are shown or asked for."""
        path = checkpoint_of(self.run)
        self.head.part_box.setEnabled(path is not None)
        if path is None:
            self._forget()
            self._say(self._nothing_yet())
        else:
            wanted = Shown(path, _written_at(path), self.head.part)
            if wanted != self._asked:
                self._ask(wanted)
        self._allow_pictures()
        if self._is_behind():
            self._tries += 1
            self._again.start()

    def _ask(self, wanted: Shown) -> None:
        self._asked = wanted
        if self.predictions is None or self.predictions.path != wanted.path:
            self.predictions = None
            self._say(self.tr("Reading the checkpoint and the data…"))
        self._work.predict(wanted.path, wanted.part, self._on_predictions, self._on_trouble)
        if self._files:  # another network may call them something else
            self._classify()

    def _on_predictions(self, made: Predictions | Reconstructions) -> None:
        self.predictions = made
        self.head.show_predictions(made, self._which(made.path))
        self._allow_pictures()
        page = self._page_for(made.task)
        page.show_predictions(made)
        if not self._files:
            self.pages.setCurrentWidget(page)
        if self._is_behind():
            self._again.start()

    def _allow_pictures(self) -> None:
        """Let pictures be chosen, unless the network is known to tell no classes apart."""
        classifies = self.predictions is None or self.predictions.task == "classification"
        self.head.classify.setEnabled(classifies and checkpoint_of(self.run) is not None)

    def _page_for(self, task: str) -> PredictionReview | PredictionScatter | PredictionReconstructions:
        pages = {"regression": self.scatter, "reconstruction": self.given_back}
        return pages.get(task, self.review)

    def _on_trouble(self, trouble: Trouble) -> None:
        self.predictions = None
        self._say(say(trouble.text))

    def _is_behind(self) -> bool:
        """Whether a file is about to be written that is to be shown."""
        run = self.run
        if run is None or run.started is None or run.outcome is not None or run.best is None or self._tries >= TRIES:
            return False
        return self.predictions is None or self.predictions.epoch != run.best.epoch

    def _forget(self) -> None:
        self._asked = self.predictions = None
        self._files, self._invert = (), None
        self._work.give_up()

    def _say(self, text: str) -> None:
        self.head.clear()
        self.message.setText(text)
        if not self._files:
            self.pages.setCurrentWidget(self.message)

    def _nothing_yet(self) -> str:
        if self.run is None:
            return self.tr(
                "Start a run, or open one from the list of runs. Here you will see which classes it takes for which, "
                "its worst mistakes, and what it makes of your own images."
            )
        return self.tr("There is no checkpoint yet: the predictions come after the first epoch.")

    def _which(self, path: Path) -> str:
        names = {"best.safetensors": self.tr("Best checkpoint"), "last.safetensors": self.tr("Last checkpoint")}
        own = self.run is not None and self.run.folder is not None and path.parent == self.run.folder / "checkpoints"
        return names.get(path.name, path.name) if own else path.name

    # --- pictures --------------------------------------------------------------------------------

    def classify(self, paths: Sequence[Path]) -> None:
        """Show what the network calls the pictures in these files and folders."""
        self._files, self._invert = tuple(paths), None
        if not self._files:
            return
        if checkpoint_of(self.run) is None:
            self._files = ()
            self._say(self.tr("There is no trained network yet: images can be classified after the first epoch."))
            return
        self._classify()

    def _classify(self) -> None:
        path = checkpoint_of(self.run)
        if path is not None:
            self._work.classify(path, self._files, self._invert, self._on_told, self._on_unreadable)

    def _on_told(self, told: Told) -> None:
        by_itself = told.by_itself
        self.classified.show_classified(told.classified, told.names, told.probabilities, by_itself)
        self.pages.setCurrentWidget(self.classified)

    def _on_unreadable(self, trouble: Trouble) -> None:
        self._files = ()
        self.message.setText(say(trouble.text))
        self.pages.setCurrentWidget(self.message)

    def _on_invert(self, invert: bool) -> None:
        self._invert = invert
        self._classify()

    @Slot()
    def _back(self) -> None:
        self._files = ()
        made = self.predictions
        if made is None:
            self._asked = None
            self.touch()
        else:
            self.pages.setCurrentWidget(self._page_for(made.task))

    @Slot()
    def choose_pictures(self) -> None:
        """Let the user choose image files."""
        files = self.ask_files()
        if files:
            self.classify(files)

    def ask_files(self) -> list[Path]:
        """Ask for image files; none where the user would rather not."""
        pattern = self.tr("Images ({patterns})").format(patterns=PICTURES)
        everything = self.tr("All files (*)")
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Classify images"), "", f"{pattern};;{everything}")
        return [Path(name) for name in names]

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files; folders are the window's."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and not any(path.is_dir() for path in paths):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Classify what was dropped."""
        event.acceptProposedAction()
        self.classify([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    # --- where it looked -------------------------------------------------------------------------

    def _look_at_sample(self, image: np.ndarray, number: int) -> None:
        if self.predictions is not None:
            self._look(self.review.detail, self.predictions.path, image, number)

    def _look_at_picture(self, image: np.ndarray, number: int) -> None:
        path = checkpoint_of(self.run)
        if path is not None:
            self._look(self.classified.detail, path, image, number)

    def _look(self, detail: PredictionDetail, path: Path, image: np.ndarray, number: int) -> None:
        self._work.look(path, image, number, detail.show_map, lambda trouble: detail.tell(say(trouble.text)))

    # --- the window ------------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        for part in (self.review, self.scatter, self.given_back, self.classified):
            part.set_theme(theme)
        super().set_theme(theme)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Work for nobody to see is given up; it is begun anew when the tab is seen again."""
        super().hideEvent(event)
        self._again.stop()
        if not event.spontaneous() and self._work.give_up():
            self._asked = None
            self._stale = True

    @property
    def page(self) -> QWidget:
        """What is shown under the head."""
        return self.pages.currentWidget()


def checkpoint_of(run: Run | None) -> Path | None:
    """The file that a run's predictions are taken from: the one that was loaded, else its best, else its last."""
    if run is None:
        return None
    own = run.folder / "checkpoints" if run.folder is not None else None
    if run.source is not None and (own is None or run.source != own / "last.safetensors"):
        return run.source
    best = own / "best.safetensors" if own is not None else None
    return best if best is not None and best.is_file() else run.checkpoint


def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
