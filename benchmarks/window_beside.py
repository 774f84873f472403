"""More scenes: lessons and handing in, the tools, a look inside, what goes wrong, the sheets beside the window."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication, QDialog, QFileDialog

from benchmarks.window_camera import LONG, Pictures, Shot
from benchmarks.window_scenes import DROPOUT, called
from engine.strategy_text import parse_strategy
from gui.lessons.words import Stand
from gui.submissions.window import SubmissionsWindow
from gui.training.session import State
from gui.tune.panel import tools
from tests.engine.planted import clothes, write_pictures
from tests.engine.studies import plan_of, study_of
from tests.engine.studies import train as tell
from tests.gui.driving import drop, pump

FEW = {"train_samples": "500", "validation_samples": "300", "epochs": 4}
"""Of runs that are made to be counted and compared."""
LOSSES = (0.52, 0.61, 0.47, 0.88, 0.43, 0.55, None, 0.41, 0.72, 0.45, 0.39, 0.58)
"""Of the trials of a search: as if they had been trained."""


def lessons(app: QApplication, workspace: Path, shot: Shot) -> None:
    """The first lesson as it opens by itself; its verdict; handing in; and what a teacher sees."""
    workspace, shot = workspace.absolute(), replace(shot, out=shot.out.absolute())
    pictures = Pictures(app, workspace, shot, first=True)
    driver = pictures.driver
    pump(lambda: driver.conductor.lessons.lesson is not None)
    panel, guide = driver.window.lesson, driver.conductor.lessons
    pictures.settle()
    pictures.take_both("lesson-question")
    driver.press("slow")
    panel.question.buttons["turns"].click()
    panel.question.give.click()
    for id in ("base", "dropout"):
        panel.rows[id].button.click()
    pump(lambda: all(guide._stand(guide.lesson.variant(id)) is Stand.DONE for id in ("base", "dropout")), LONG)
    pump(lambda: driver.session.state is State.READY and panel.hand_in.isEnabled(), LONG)
    pictures.settle()
    panel.show_result()
    pictures.take_both("lesson")
    handed_in(pictures, workspace)
    driver.close()


def handed_in(pictures: Pictures, folder: Path) -> None:
    """Hand the lesson in, as several students did, and open all that came."""
    driver, path = pictures.driver, folder / "handed-in" / "kim-first-lesson.tunedeck.json"
    path.parent.mkdir(exist_ok=True)
    driver.window.lesson.hand_in.click()
    sheet = driver.conductor.lessons.handing_in.sheet
    sheet.name.setText(called("name"))
    sheet.conclusion.setPlainText(called("conclusion"))
    pictures.take_both("hand-in", sheet)
    asked, QFileDialog.getSaveFileName = QFileDialog.getSaveFileName, lambda *given: (str(path), "")
    sheet.save.click()
    QFileDialog.getSaveFileName = asked
    pump(path.is_file)
    data = json.loads(path.read_text(encoding="utf-8"))
    data.update(student=called("other"), guess="falls")
    data["runs"][0]["epochs"][2][5] *= 0.8
    (path.parent / "lee-first-lesson.tunedeck.json").write_text(json.dumps(data), encoding="utf-8")
    empty_pile(pictures)
    drop(driver.window.graph, path.parent)
    opened = driver.window.findChild(SubmissionsWindow)
    opened.resize(*pictures.shot.size)
    pump(lambda: len(opened.pile) == 2)
    opened.replay_all.click()
    pump(lambda: not opened.replays.busy, LONG)
    opened.table.choose([0, 1])
    pictures.take_both("submissions", opened)
    opened.close()


def empty_pile(pictures: Pictures) -> None:
    """The window of submissions before any is opened."""
    pictures.driver.press("submissions")
    opened = pictures.driver.window.findChild(SubmissionsWindow)
    opened.resize(*pictures.shot.size)
    pictures.take_both("submissions-empty", opened)
    opened.close()
    pump(lambda: pictures.driver.window.findChild(SubmissionsWindow) is None)


def no_runs(app: QApplication, workspace: Path, shot: Shot) -> None:
    """What has nothing to show yet: each tool, the look inside, the dock of lessons."""
    pictures = Pictures(app, workspace, shot)
    driver = pictures.driver
    for tool in tools():
        pictures.tool(tool)
        pictures.settle()
        pictures.take_both(f"{tool}-empty")
    pictures.tab("model")
    driver.window.centre.model.look_inside()
    pictures.take_both("inside-empty")
    driver.press("lessons")
    pictures.take_both("lesson-empty")
    driver.close()


def search(app: QApplication, workspace: Path, shot: Shot) -> None:
    """A search and what it found, in each of its views."""
    pictures = Pictures(app, workspace, shot)
    driver = pictures.driver
    plan = plan_of(driver.panel.catalogue, **FEW)
    with study_of("night", plan, driver.panel.catalogue, workspace) as study:
        tell(study, *LOSSES)
    tool = pictures.tool("search")
    pictures.settle(lambda: tool.looked.seen is not None)
    for view, name in enumerate(("plan", "trials", "coordinates", "importance")):
        tool.views.current = view
        tool._on_view(view)
        pictures.settle()
        pictures.take_both(f"search-{name}")
    driver.close()


def small_tools(app: QApplication, workspace: Path, shot: Shot) -> None:
    """The tools that train more than once, with what they found: a data curve, an ensemble, twins."""
    pictures = Pictures(app, workspace, shot)
    driver = pictures.driver
    pictures.recipe("first-lesson")
    pictures.choose(**FEW)
    tool = pictures.tool("data-curve")
    tool.seeds.setValue(2)
    pictures.settle(tool.start.isEnabled)
    tool.start.click()
    pump(lambda: driver.session.busy)
    pump(lambda: not driver.session.busy and not driver.conductor.control.queue.waiting, LONG)
    pictures.tool("data-curve").touch()
    pictures.settle()
    pictures.take_both("data-curve")
    tool = pictures.tool("ensemble")
    pictures.settle(lambda: len(tool.members.ticked) > 1)
    tool.combine.click()
    pump(lambda: tool.measured is not None, LONG)
    pictures.settle()
    pictures.take_both("ensemble")
    twins(pictures)
    driver.close()


def twins(pictures: Pictures) -> None:
    """The noisy line with and without dropout, side by side."""
    driver = pictures.driver
    pictures.recipe("noisy-line")
    pictures.choose(epochs=20)
    tool = pictures.tool("twin")
    pictures.settle(tool.choice.train.isEnabled)
    tool.choice.train.click()
    pump(lambda: driver.session.busy)
    pictures.wait_for_end()
    pictures.settle()
    pictures.take_both("twin")


def inside(app: QApplication, workspace: Path, shot: Shot) -> None:
    """A deep network of sigmoids whose first layers learn nothing, as seen layer by layer."""
    pictures = Pictures(app, workspace, shot)
    driver, catalogue = pictures.driver, pictures.driver.panel.catalogue
    pictures.recipe("first-lesson")
    deep = parse_strategy("mlp:hidden=64+64+64+64+64", catalogue, "model")
    sigmoid = parse_strategy("sigmoid", catalogue, "activation")
    pictures.choose(epochs=6, model=deep, activation=sigmoid, look_inside=20)
    pictures.train()
    pictures.tab("model")
    panel = driver.window.centre.model.look_inside()
    pictures.settle(panel.finding.text)
    pictures.take_both("inside")
    driver.close()


def labels(app: QApplication, workspace: Path, shot: Shot) -> None:
    """An augmentation that makes something else of an image, found out."""
    pictures = Pictures(app, workspace, shot)
    pictures.choose("random-vertical-flip", "random-rotation:degrees=180")
    pictures.tab("data")
    panel = pictures.driver.window.centre.data
    pictures.settle(panel.labels.isVisible)
    panel.labels.ask.click()
    pump(lambda: panel.labels.found is not None, LONG)
    pictures.settle()
    area = next(each for each in up_from(panel.labels) if hasattr(each, "ensureWidgetVisible"))
    area.ensureWidgetVisible(panel.labels)
    area.verticalScrollBar().setValue(panel.labels.mapTo(area.widget(), panel.labels.rect().topLeft()).y())
    pictures.take_both("label-safety")
    pictures.driver.close()


def up_from(widget):
    while (widget := widget.parentWidget()) is not None:
        yield widget


def troubles(app: QApplication, workspace: Path, shot: Shot) -> None:
    """A run that fails, with its remedy; a run that overfits, with remedies; a folder that was dropped; the bin."""
    pictures = Pictures(app, workspace, shot)
    driver = pictures.driver
    pictures.recipe("first-lesson")
    pictures.choose(lr=1e4, epochs=5, optimizer=parse_strategy("sgd", driver.panel.catalogue, "optimizer"))
    pictures.train()
    pictures.settle()
    pictures.take_both("failed")
    pictures.recipe("first-lesson")
    pictures.choose(epochs=30)
    pictures.train()
    pictures.settle()
    pictures.take_both("diagnosis")
    runs = driver.window.runs
    runs.list.bin_asked.emit(runs.list.all_runs[-1:])
    pictures.settle()
    pictures.take_both("bin")
    images, names = clothes()
    write_pictures(workspace / "clothes", images, names)
    drop(driver.window.graph, workspace / "clothes")
    pump(lambda: len(driver.window.banners.get("folder").buttons) > 1, LONG)
    pictures.settle()
    pictures.take_both("proposal")
    driver.close()


def sheets(app: QApplication, workspace: Path, shot: Shot) -> None:
    """The sheets beside the window, and what asks for a file."""
    pictures = Pictures(app, workspace, shot)
    driver = pictures.driver
    for name in ("shortcuts", "about", "hardware", "processes"):
        driver.press(name)
        sheet = next(each for each in driver.window.findChildren(QDialog) if each.isVisible())
        pictures.settle()
        pictures.take_both(name, sheet)
        sheet.close()
    pictures.take_asked("dialog-load", lambda: driver.press("load"))
    pictures.take_asked("dialog-folder", lambda: driver.press("open_folder"))
    pictures.choose(*DROPOUT, **FEW)
    pictures.train()
    for name in ("save", "export", "save_picture"):
        pictures.take_asked(f"dialog-{name}", lambda name=name: driver.press(name))
    driver.close()
