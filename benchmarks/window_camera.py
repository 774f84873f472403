"""One window, and the pictures that are taken of it."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from engine.strategy_text import parse_strategy
from gui.runs.run import Run
from gui.training.session import State
from gui.tune.tool import Tool
from gui.widgets.theme import DARK, LIGHT
from tests.gui.driving import Driver, pump

THEMES = ("light", "dark")
COLOURS = (192, 160, 128, 96)
"""Of a picture: as many as its limit allows, else the fewest."""
LIMITS = {1: 80, 2: 180}
"""Kilobytes that a picture should have at most, at each scale: with many photographs in it, it may have more."""


@dataclass(frozen=True)
class Shot:
    """Where pictures go, and how they are taken."""

    out: Path
    scale: int
    size: tuple[int, int]
    """Of the window, in pixels at scale 1."""


LONG = 600.0
"""Seconds that anything may take that trains."""


class Pictures:
    """One window, and the pictures that are taken of it."""

    def __init__(self, app: QApplication, workspace: Path, shot: Shot, *, first: bool = False) -> None:
        self.shot = shot
        self.suffix = "" if shot.scale == 1 else f"-{shot.scale}x"
        self.limit = LIMITS[shot.scale]
        self.driver = Driver(app, workspace, first=first)
        self.driver.window.resize(*shot.size)
        self.theme("light")

    @property
    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        return self.driver.window.runs.list.all_runs[::-1]

    def settle(self, condition: Callable[[], object] = lambda: True) -> None:
        """Wait until nothing is being worked out any more, and what came of it has been drawn."""
        window = self.driver.window
        pump(lambda: condition() and not window.bench.background.busy)
        quiet = time.monotonic() + 0.8  # longer than any timer of the window that waits for a pause
        pump(lambda: time.monotonic() > quiet and not window.bench.background.busy)

    def train(self) -> None:
        """Start, and wait for the end."""
        self.driver.press("start")
        pump(lambda: self.driver.session.busy)
        self.wait_for_end()

    def wait_for_end(self) -> None:
        """Until nothing trains any more."""
        pump(lambda: self.driver.session.state is State.READY, LONG)

    def wait_for_epoch(self, epoch: int) -> None:
        """Until the run in front has so many epochs."""
        session = self.driver.session
        pump(lambda: session.run is not None and len(session.run.history.epochs) >= epoch, LONG)

    def theme(self, name: str) -> None:
        """Choose a palette."""
        self.driver.press(f"theme_{name}")

    def tab(self, name: str) -> None:
        """Bring a tab forward."""
        self.driver.press(f"tab_{name}")

    def draw_now(self) -> None:
        """Draw what is known of a run that trains: the next drawing may be a second off, and ten epochs."""
        progress = self.driver.session.progress
        if progress is not None:
            self.driver.window.run_bar.show_progress(progress, paused=self.driver.session.state is State.PAUSED)
        self.driver.window.graph.redraw()

    def take(self, name: str, widget: QWidget | None = None) -> None:
        """Take a picture of the window as it is, or of one beside it."""
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        (widget or self.driver.window).grab().save(buffer, "PNG")
        picture = Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGB")
        (self.shot.out / f"{name}{self.suffix}.png").write_bytes(small(picture, 1000 * self.limit))

    def take_both(self, name: str, widget: QWidget | None = None) -> None:
        """Take a light one and a dark one."""
        for theme in THEMES:
            self.theme(theme)
            self.settle()
            self.take(f"{name}-{theme}", widget)
        self.theme("light")

    def take_asked(self, name: str, ask: Callable[[], object]) -> None:
        """Take what asks for a file or a folder, light and dark, and leave it."""
        for theme in THEMES:
            self.theme(theme)
            QTimer.singleShot(300, lambda theme=theme: self._take_and_leave(f"{name}-{theme}"))
            ask()
        self.theme("light")

    def _take_and_leave(self, name: str) -> None:
        asks = QApplication.activeModalWidget()
        self.take(name, asks)
        asks.close()

    def tool(self, name: str) -> Tool:
        """Bring a tool of the tab Tune forward."""
        self.tab("tune")
        return self.driver.window.centre.tune.bring_forward(name)

    def choose(self, *techniques: str, **values: object) -> None:
        """Change fields of the run, and have these techniques ticked and no others."""
        panel = self.driver.panel
        config = panel.config.changed(values)
        for strategy in config.with_:
            config = config.unticked(strategy.id)
        for text in techniques:
            config = config.ticked(parse_strategy(text, panel.catalogue, None, config))
        panel.set_config(config)

    def recipe(self, name: str) -> None:
        """Choose a recipe."""
        box = self.driver.panel.recipe_box
        number = box.findData(name)
        box.setCurrentIndex(number)
        box.activated.emit(number)

    def draw(self, *drawn: Run) -> None:
        """Draw these runs behind the one in front, and no others."""
        runs = self.driver.window.runs.list
        for run in self.runs:
            runs.tick(run, run in drawn)
        runs.overlays_changed.emit()

    def drawn(self) -> list[Run]:
        """The two that are worth comparing with the one in front: without techniques, and with dropout alone."""
        first = [run for run in self.runs if run.config is not None and run.config.seed == 0]
        return first[:2]


def small(picture: Image.Image, limit: int) -> bytes:
    """The picture as a PNG file of as many colours as fit into so many bytes."""
    file = b""
    for colours in COLOURS:
        buffer = io.BytesIO()
        few = picture.quantize(palette=with_the_theme_s(picture, colours), dither=Image.Dither.NONE)
        few.save(buffer, "PNG", optimize=True)
        file = buffer.getvalue()
        if len(file) <= limit:
            break
    return file


def with_the_theme_s(picture: Image.Image, colours: int) -> Image.Image:
    """A palette of so many colours: those of both themes exactly, so that no curve takes another's, and what else is
    in the picture."""
    themes = {value for theme in (LIGHT, DARK) for value in astuple(theme) if str(value).startswith("#")}
    themes |= {colour for theme in (LIGHT, DARK) for colour in theme.comparisons}
    own = [channel for colour in sorted(themes) for channel in bytes.fromhex(colour[1:])]
    others = picture.quantize(colours - len(themes), method=Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette((own + others)[: 3 * colours])
    return palette
