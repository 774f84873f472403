"""Makes every picture of the guide from the real window, offscreen.

    python benchmarks/window_pictures.py [--out docs/images] [--workspace DIR]

It trains on the bundled sample, as a person would, and takes a picture of each tab: light and dark, before the first
run and with runs, once more at double scale, and of the moments that the guide tells of. Times of day and speeds are
those of this machine; all else is the same each time. With `--workspace` the runs are kept, and not trained again.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtWidgets import QApplication

from benchmarks.rows import Row, show
from engine.strategy_text import parse_strategy
from gui.data.check_tree import FINDING
from gui.runs.run import Run
from gui.training.session import State
from gui.widgets.theme import DARK, LIGHT
from tests.engine.planted import SHARES, Planter, clothes, write_pictures
from tests.gui.driving import Driver, pump

ROOT = Path(__file__).parents[1]
SIZE = (1360, 860)
THEMES = ("light", "dark")
TABS = ("curves", "data", "model", "predictions", "compare", "tune", "code")
COLOURS = (192, 160, 128, 96)
"""Of a picture: as many as its limit allows, else the fewest."""
LIMITS = {1: 80, 2: 180}
"""Kilobytes that a picture should have at most, at each scale: with many photographs in it, it may have more."""
ALL = 5_800
"""Kilobytes that all of them must not have more than."""
EPOCHS = 16
DROPOUT = ("dropout:p=0.4",)
AUGMENTED = (*DROPOUT, "random-horizontal-flip", "random-resized-crop:scale=0.8+1", "reduce-lr-on-plateau:patience=1")


class Pictures:
    """One window, and the pictures that are taken of it."""

    def __init__(self, app: QApplication, workspace: Path, out: Path, scale: int) -> None:
        self.out = out
        self.suffix = "" if scale == 1 else f"-{scale}x"
        self.limit = LIMITS[scale]
        self.driver = Driver(app, workspace)
        self.driver.window.resize(*SIZE)
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

    def take(self, name: str) -> None:
        """Take a picture of the window as it is."""
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self.driver.window.grab().save(buffer, "PNG")
        picture = Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGB")
        (self.out / f"{name}{self.suffix}.png").write_bytes(small(picture, 1000 * self.limit))

    def take_both(self, name: str) -> None:
        """Take a light one and a dark one."""
        for theme in THEMES:
            self.theme(theme)
            self.settle()
            self.take(f"{name}-{theme}")
        self.theme("light")

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


# --- what is taken --------------------------------------------------------------------------------


def empty(app: QApplication, workspace: Path, out: Path) -> None:
    """Each tab before the first run."""
    pictures = Pictures(app, workspace, out, 1)
    for tab in TABS:
        pictures.tab(tab)
        pictures.take_both(f"{tab}-empty")
    pictures.driver.close()


def train(app: QApplication, workspace: Path, out: Path) -> None:
    """The runs of the guide: without techniques, with dropout, three seeds each; with augmentation and a schedule."""
    pictures = Pictures(app, workspace, out, 1)
    driver = pictures.driver
    for seed in (0, 1, 2):
        for name, techniques in (("plain", ()), ("dropout", DROPOUT)):
            pictures.choose(*techniques, epochs=EPOCHS, seed=seed, name=f"{name}, seed {seed}" if seed else name)
            driver.train()
    pictures.choose(*AUGMENTED, epochs=EPOCHS, seed=0, name="dropout, augmentation, plateau")
    driver.press("start")
    driver.wait_for_epoch(1)
    pictures.draw(*pictures.drawn())
    driver.wait_for_epoch(11)
    for theme, name in zip(THEMES, ("window", "window-dark"), strict=True):
        pictures.theme(theme)
        pictures.draw_now()
        pictures.take(name)
    driver.wait_for_end()
    driver.close()


def full(app: QApplication, workspace: Path, out: Path, scale: int) -> None:
    """Each tab with runs."""
    pictures = Pictures(app, workspace, out, scale)
    driver = pictures.driver
    pictures.recipe("first-lesson")
    pump(lambda: len(pictures.runs) == 7)
    last = pictures.runs[-1]
    driver.window.runs.list.opened.emit(last)
    pump(lambda: driver.session.run is not None)
    driver.window.banners.clear("loaded")
    driver.window.runs.list.select([driver.window.runs.list.all_runs[0]])
    for tab in TABS:
        pictures.draw(*(pictures.runs if tab == "compare" else pictures.drawn()))
        pictures.tab(tab)
        if tab == "tune":
            ablation(pictures)
        if tab == "code":
            changed_code(pictures)
        pictures.take_both(tab)
    if scale == 1:
        range_test(pictures)
        pictures.tab("curves")
        runs_dock(pictures)
    driver.close()


def ablation(pictures: Pictures) -> None:
    """What dropout did to the runs of the guide: their settings are those of its plan, so nothing is trained."""
    pictures.choose(*DROPOUT, epochs=EPOCHS, seed=0)
    tool = pictures.driver.window.centre.tune.bring_forward("ablation")
    pump(tool.results.isVisible)


def changed_code(pictures: Pictures) -> None:
    """What ticking dropout changes in the code."""
    pictures.choose(epochs=EPOCHS, seed=0)
    pictures.settle()
    pictures.choose(*DROPOUT, epochs=EPOCHS, seed=0)
    pictures.settle()


def range_test(pictures: Pictures) -> None:
    """A learning rate that was found."""
    pictures.tab("tune")
    tool = pictures.driver.window.centre.tune.bring_forward("learning-rate")
    tool.find.click()
    pump(tool.use.isVisible, 120)
    pictures.settle()
    pictures.take("find-lr")


def runs_dock(pictures: Pictures) -> None:
    """A run that is selected, with what was written on it."""
    runs = pictures.driver.window.runs
    pictures.draw(*pictures.drawn())
    runs.list.select(runs.list.all_runs[1:2])
    runs.fold.setChecked(True)
    pictures.settle()
    runs.details.tags.setText("baseline")
    runs.details.notes.setPlainText("Dropout 0.4: narrower gap, best hardly better.")
    runs.details.keep()
    pictures.settle()
    pictures.take("runs-details")
    runs.fold.setChecked(False)


def moments(app: QApplication, workspace: Path, out: Path) -> None:
    """A run that trains while other settings are chosen, runs that wait, and a paused one."""
    pictures = Pictures(app, workspace, out, 1)
    driver = pictures.driver
    pictures.choose(epochs=40, seed=0)
    driver.press("start")
    driver.wait_for_epoch(6)
    driver.tick("dropout")
    pictures.settle()
    pictures.draw_now()
    pictures.take("next-run")
    driver.press("queue")
    pictures.choose(*DROPOUT, "random-resized-crop:scale=0.8+1")
    driver.press("queue")
    pictures.settle()
    pictures.draw_now()
    pictures.take("queue")
    driver.press("pause")
    pump(lambda: driver.session.state is State.PAUSED)
    driver.conductor.control.change_lr("0.0003")
    driver.press("pause")
    reached = len(driver.session.run.history.epochs)
    driver.wait_for_epoch(reached + 4)
    driver.press("pause")
    pump(lambda: driver.session.state is State.PAUSED)
    pictures.settle()
    pictures.take("paused")
    driver.press("stop")
    driver.wait_for_end()
    driver.close()


def lesson(app: QApplication, workspace: Path, out: Path) -> None:
    """The lesson of the noisy line: without dropout, and with it."""
    pictures = Pictures(app, workspace, out, 1)
    driver = pictures.driver
    pictures.recipe("noisy-line")
    for name, techniques in (("noisy-line", ()), ("noisy-line-dropout", ("dropout:p=0.5",))):
        pictures.choose(*techniques)
        driver.press("start")
        pump(lambda: driver.session.busy)
        pump(lambda: driver.session.state is State.READY, 120)
        pictures.settle()
        pictures.take(name)
    driver.close()


def check(app: QApplication, workspace: Path, out: Path) -> None:
    """The check of a folder of pictures with every defect in it, at a leak."""
    images, names = clothes()
    workspace, out = workspace.absolute(), out.absolute()
    workspace.mkdir(parents=True)
    os.chdir(workspace)  # so that the path in the form is a short one
    write_pictures(Path("clothes"), images, names, SHARES)
    Planter(Path("clothes")).plant()
    pictures = Pictures(app, workspace / "kept", out, 1)
    driver = pictures.driver
    dataset = parse_strategy("image-folder:path=clothes,size=28", driver.panel.catalogue, "dataset")
    driver.set(dataset=dataset, train_samples="all")
    pictures.tab("data")
    panel = driver.window.centre.data
    pump(panel.check_button.isVisible)
    panel.check_button.click()
    pump(lambda: panel.check.check is not None)
    tree = panel.check.tree
    leaks = next(item for item in map(tree.topLevelItem, range(99)) if item.data(0, FINDING).kind == "leak")
    tree.collapseAll()
    leaks.setExpanded(True)
    tree.setCurrentItem(leaks.child(0))
    pictures.settle()
    pictures.take_both("data-check")
    driver.close()


# --- a process for each window: the scale is given before Qt begins -------------------------------


def child(part: str, workspace: Path, out: Path, scale: int) -> None:
    """Take one part of the pictures."""
    app = QApplication(sys.argv[:1])
    if part == "full":
        full(app, workspace, out, scale)
    else:
        {"empty": empty, "train": train, "moments": moments, "lesson": lesson, "check": check}[part](
            app, workspace, out
        )


def run_child(part: str, workspace: Path, out: Path, scale: int = 1) -> None:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--part", part, "--workspace", str(workspace), "--out", str(out)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": str(scale)}
    subprocess.run([*command, "--scale", str(scale)], env=environment, check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--scale", type=int, default=1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        child(given.part, given.workspace, given.out, given.scale)
        return 0
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        kept = given.workspace or Path(folder) / "kept"
        for part in ("empty", "moments", "lesson", "check"):
            run_child(part, Path(folder) / part, given.out)
        if not (kept / "runs").is_dir():
            run_child("train", kept, given.out)
        for scale in LIMITS:
            run_child("full", kept, given.out, scale)
    found = rows(given.out)
    show(found)
    return 0 if found[-1].met else 1


def rows(out: Path) -> list[Row]:
    """Whether the pictures are small enough to be kept."""
    sizes = {path.stem: path.stat().st_size / 1000 for path in sorted(out.glob("*.png"))}
    made = [Row(name, size, "kB", LIMITS[2 if name.endswith("-2x") else 1]) for name, size in sizes.items()]
    return [*made, Row("all pictures", sum(sizes.values()), "kB", ALL)]


if __name__ == "__main__":
    sys.exit(main())
