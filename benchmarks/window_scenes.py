"""The scenes of the guide: each opens a window on a workspace of its own, and takes pictures of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication

from benchmarks.window_camera import LONG, THEMES, Pictures, Shot
from engine.language import language
from engine.strategy_text import parse_strategy
from gui.data.check_tree import FINDING
from gui.training.session import State
from tests.engine.planted import SHARES, Planter, clothes, write_pictures
from tests.gui.driving import pump

TABS = ("curves", "data", "model", "predictions", "compare", "tune", "code")
EPOCHS = 16
DROPOUT = ("dropout:p=0.4",)
AUGMENTED = (*DROPOUT, "random-horizontal-flip", "random-resized-crop:scale=0.8+1", "reduce-lr-on-plateau:patience=1")
WRITTEN = {
    "plain": {"en": "plain", "ko": "기법 없이"},
    "dropout": {"en": "dropout", "ko": "드롭아웃"},
    "seed": {"en": "seed", "ko": "시드"},
    "all": {"en": "dropout, augmentation, plateau", "ko": "드롭아웃, 증강, 학습률 감소"},
    "tag": {"en": "baseline", "ko": "기준"},
    "note": {
        "en": "Dropout 0.4: narrower gap, best hardly better.",
        "ko": "드롭아웃 0.4: 차이는 좁아졌고, 최고 성능은 거의 그대로.",
    },
    "name": {"en": "Kim Ha-eun", "ko": "김하은"},
    "other": {"en": "Lee Jun-seo", "ko": "이준서"},
    "conclusion": {
        "en": "The gap opens from epoch 8 on; dropout keeps it narrow.",
        "ko": "8 에포크부터 차이가 벌어지고, 드롭아웃을 쓰면 좁게 유지된다.",
    },
}
"""What a person writes, in the language of the window."""


def called(name: str) -> str:
    """What the person of the pictures writes there."""
    return WRITTEN[name][language()]


def empty(app: QApplication, workspace: Path, shot: Shot) -> None:
    """Each tab before the first run."""
    pictures = Pictures(app, workspace, shot)
    for tab in TABS:
        pictures.tab(tab)
        pictures.take_both(f"{tab}-empty")
    pictures.driver.close()


def train(app: QApplication, workspace: Path, shot: Shot) -> None:
    """The runs of the guide: without techniques, with dropout, three seeds each; with augmentation and a schedule."""
    pictures = Pictures(app, workspace, shot)
    driver = pictures.driver
    for seed in (0, 1, 2):
        for name, techniques in ((called("plain"), ()), (called("dropout"), DROPOUT)):
            pictures.choose(
                *techniques, epochs=EPOCHS, seed=seed, name=f"{name}, {called('seed')} {seed}" if seed else name
            )
            pictures.train()
    pictures.choose(*AUGMENTED, epochs=EPOCHS, seed=0, name=called("all"))
    driver.press("start")
    pictures.wait_for_epoch(1)
    pictures.draw(*pictures.drawn())
    pictures.wait_for_epoch(11)
    for theme, name in zip(THEMES, ("window", "window-dark"), strict=True):
        pictures.theme(theme)
        pictures.draw_now()
        pictures.take(name)
    pictures.wait_for_end()
    driver.close()


def full(app: QApplication, workspace: Path, shot: Shot) -> None:
    """Each tab with runs."""
    pictures = Pictures(app, workspace, shot)
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
        pictures.take_both(tab) if shot.scale == 1 else pictures.take(f"{tab}-light")
    if shot.scale == 1:
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
    pump(tool.use.isVisible, LONG)
    pictures.settle()
    pictures.take("find-lr")


def runs_dock(pictures: Pictures) -> None:
    """A run that is selected, with what was written on it."""
    runs = pictures.driver.window.runs
    pictures.draw(*pictures.drawn())
    runs.list.select(runs.list.all_runs[1:2])
    runs.fold.setChecked(True)
    pictures.settle()
    runs.details.tags.setText(called("tag"))
    runs.details.notes.setPlainText(called("note"))
    runs.details.keep()
    pictures.settle()
    pictures.take("runs-details")
    runs.fold.setChecked(False)


def moments(app: QApplication, workspace: Path, shot: Shot) -> None:
    """A run that trains while other settings are chosen, runs that wait, and a paused one."""
    pictures = Pictures(app, workspace, shot)
    driver = pictures.driver
    pictures.choose(epochs=40, seed=0)
    driver.press("start")
    pictures.wait_for_epoch(6)
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
    pictures.wait_for_epoch(reached + 4)
    driver.press("pause")
    pump(lambda: driver.session.state is State.PAUSED)
    pictures.settle()
    pictures.take("paused")
    driver.press("stop")
    pictures.wait_for_end()
    driver.close()


def line(app: QApplication, workspace: Path, shot: Shot) -> None:
    """The lesson of the noisy line: without dropout, and with it."""
    pictures = Pictures(app, workspace, shot)
    driver = pictures.driver
    pictures.recipe("noisy-line")
    for name, techniques in (("noisy-line", ()), ("noisy-line-dropout", ("dropout:p=0.5",))):
        pictures.choose(*techniques)
        pictures.train()
        pictures.settle()
        pictures.take(name)
    driver.close()


def check(app: QApplication, workspace: Path, shot: Shot) -> None:
    """The check of a folder of pictures with every defect in it, at a leak."""
    images, names = clothes()
    workspace, shot = workspace.absolute(), replace(shot, out=shot.out.absolute())
    workspace.mkdir(parents=True)
    os.chdir(workspace)  # so that the path in the form is a short one
    write_pictures(Path("clothes"), images, names, SHARES)
    Planter(Path("clothes")).plant()
    pictures = Pictures(app, workspace / "kept", shot)
    driver = pictures.driver
    dataset = parse_strategy("image-folder:path=clothes,size=28", driver.panel.catalogue, "dataset")
    driver.set(dataset=dataset, train_samples="all")
    pictures.tab("data")
    panel = driver.window.centre.data
    pump(panel.check_button.isVisible)
    panel.check_button.click()
    pump(lambda: panel.check.check is not None, LONG)
    tree = panel.check.tree
    leaks = next(item for item in map(tree.topLevelItem, range(99)) if item.data(0, FINDING).kind == "leak")
    tree.collapseAll()
    leaks.setExpanded(True)
    tree.setCurrentItem(leaks.child(0))
    pictures.settle()
    pictures.take_both("data-check")
    driver.close()
