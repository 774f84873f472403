"""Somebody who does anything at any moment: random actions on the real window, each checked for what must hold."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog, QToolButton, QWidget

from engine.message import InputError
from engine.run_records.files import is_run, runs_in
from engine.yaml_file import read_yaml
from gui.settings.plugin_row import PluginRow
from gui.training.session import State
from gui.widgets.text_window import TextWindow
from tests.gui.driving import Driver, pump, type_into

ODD = ("", "0", "-1", "1", "3", "7", "0.5", "1e-4", "1e9", "nan", "inf", "abc", "1,5", "½", "x" * 300, " 2 ", "all")
"""What is typed into a field."""
LEFT_ALONE = ("quit", "load", "save", "save_picture", "save_figures")
"""Actions that have a way of their own here: they ask for a file, or end the window."""
QUICK = {"epochs": 3, "threads": "1", "train_samples": "200", "batch_size": 32}
"""Settings with which a run takes a moment."""
MOST_WAITING = 6
KEYS = (Qt.Key.Key_F5, Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Space)


class Monkey:
    """One workspace, one window after another on it. The same seed does the same, as far as the runs keep pace."""

    def __init__(self, app: QApplication, workspace: Path, files: Path, seed: int) -> None:
        self.app = app
        self.workspace = workspace
        self.files = files
        self.rng = random.Random(seed)
        self.done: list[str] = []
        """What was done, the newest last."""
        self._deeds: dict[Callable[[], None], int] = {
            self.idle: 8, self.press: 10, self.press_run: 8, self.quick: 3, self.tick: 4, self.type_odd: 4,
            self.choose: 1, self.look: 3, self.click: 6, self.key: 3, self.select_runs: 4, self.act_on_runs: 6,
            self.rename: 1, self.write: 2, self.undo_bin: 1, self.shift_waiting: 2, self.answer: 6, self.change_lr: 2,
            self.load: 2, self.save: 2, self.drop: 2, self.resize: 1, self.dock: 1, self.finish_run: 2, self.reopen: 1,
        }  # fmt: skip
        self._make_files()
        self.driver = self._open()

    def _make_files(self) -> None:
        self.files.mkdir(parents=True, exist_ok=True)
        (self.files / "bad.safetensors").write_bytes(b"no checkpoint")
        (self.files / "settings.yaml").write_text("epochs: 3\n")
        (self.files / "bad.png").write_bytes(b"no picture")
        (self.files / "empty").mkdir(exist_ok=True)

    def _open(self) -> Driver:
        driver = Driver(self.app, self.workspace)
        driver.conductor.ask_save = lambda *_: self.files / f"saved-{self.rng.randrange(3)}.safetensors"
        driver.conductor.ask_open = lambda *_: self._file()
        self.driver = driver
        self.quick()
        return driver

    # --- one after another -----------------------------------------------------------------------

    def act(self) -> None:
        """Do something, and check."""
        deeds, weights = zip(*self._deeds.items(), strict=True)
        (deed,) = self.rng.choices(deeds, weights)
        self.done.append(deed.__name__)
        deed()
        self.app.processEvents()
        for sheet in self.app.topLevelWidgets():
            if isinstance(sheet, TextWindow):
                sheet.close()
        self.check()

    def note(self, what: str) -> None:
        """Remember what exactly was done."""
        self.done[-1] += f" {what}"

    def check(self) -> None:
        """What holds at every moment."""
        window, session = self.driver.window, self.driver.session
        runs = window.runs.list
        assert self.driver.crashes == [], self.driver.crashes[0]
        folders = [run.folder for run in runs.all_runs if run.folder is not None]
        assert len(folders) == len(set(folders)), f"listed twice: {folders}"
        assert self.driver.overlay_labels() == [run.label for run in runs.overlays], "drawn is not what is ticked"
        labels = [run.label for run in runs.all_runs]
        assert len(labels) == len(set(labels)), f"two runs are called the same: {labels}"
        if session.busy:
            assert not window.actions_by_name["start"].isEnabled() and window.actions_by_name["queue"].isEnabled()
            assert "loaded" not in window.banners.texts(), "it offers to go on with a run while another trains"

    def settle(self) -> None:
        """End the run, let everything come to rest, and check what holds then."""
        session = self.driver.session
        while session.busy or self.driver.window.bench.background.busy:
            if session.state is State.PAUSED:
                self.driver.press("pause")
            if self.driver.window.actions_by_name["stop"].isEnabled():
                self.driver.press("stop")
            pump(lambda: session.state is State.READY and not self.driver.window.bench.background.busy)
            self.rest()
        panel = self.driver.window.runs
        panel._watch._look_in_turn()  # not `look`: what the list missed before it would not miss now
        pump(lambda: not panel._watch._asked and not self.driver.window.bench.background.busy)
        self.rest()
        self.check()
        for name in ("continue", "more", "fork", "save"):
            possible = session.run is not None and session.run.checkpoint is not None
            action = self.driver.window.actions_by_name[name]
            assert possible or not action.isEnabled(), f"{name} is offered and can't be done"
        listed = {run.folder for run in panel.list.all_runs if run.folder is not None}
        there = {folder for folder in runs_in(self.workspace / "runs") if is_run(folder)}
        assert listed == there, f"listed and not there: {listed - there}; there and not listed: {there - listed}"
        queue = self.driver.conductor.control.queue
        kept = read_yaml(self.workspace / "queue.yaml")["runs"] if (self.workspace / "queue.yaml").exists() else []
        assert kept == [config.to_dict() for config in queue.waiting], "what waits is not what is kept"

    def rest(self) -> None:
        """Let Qt do what is due."""
        for _ in range(5):
            self.app.processEvents()

    def close(self) -> None:
        """Close the window for good."""
        self.driver.close()

    # --- what can be done ------------------------------------------------------------------------

    def idle(self) -> None:
        """Look on for a moment."""
        loop = QEventLoop()
        QTimer.singleShot(self.rng.choice((0, 5, 20, 80, 250)), loop.quit)
        loop.exec()

    def press(self) -> None:
        """Any action that can be pressed."""
        actions = self.driver.window.actions_by_name
        names = [name for name in actions._made if name not in LEFT_ALONE and actions[name].isEnabled()]
        self._press(self.rng.choice(names))

    def press_run(self) -> None:
        """An action that steers a run."""
        actions = self.driver.window.actions_by_name
        names = ("start", "start", "queue", "pause", "stop", "stop_after_epoch", "continue", "more", "fork")
        able = [name for name in names if actions[name].isEnabled()]
        if able:
            self._press(self.rng.choice(able))

    def _press(self, name: str) -> None:
        self.note(name)
        if name == "queue" and len(self.driver.conductor.control.queue.waiting) >= MOST_WAITING:
            return
        self.driver.press(name)

    def quick(self) -> None:
        """Settings that can be trained."""
        self.driver.set(**QUICK, seed=self.rng.randrange(9))

    def tick(self) -> None:
        """Tick or untick a technique."""
        row = self.rng.choice([row for row in self.driver.panel.findChildren(PluginRow) if row.box.isEnabled()])
        self.note(row.id)
        row.box.click()

    def type_odd(self) -> None:
        """Something odd into a field of the settings."""
        name = self.rng.choice(("epochs", "lr", "batch_size", "seed", "train_samples", "validation_samples", "name"))
        text = self.rng.choice(ODD)
        self.note(f"{name} {text[:9]!r}")
        type_into(self.driver.panel.field(name), text)

    def choose(self) -> None:
        """Something else from a list."""
        boxes = [box for box in self.driver.window.findChildren(QComboBox) if box.isVisible() and box.isEnabled()]
        boxes = [box for box in boxes if box.count()]
        if not boxes:
            return
        box = self.rng.choice(boxes)
        place = self.rng.randrange(box.count())
        self.note(f"{box.accessibleName()} {box.itemText(place)}")
        box.setCurrentIndex(place)
        box.activated.emit(place)

    def look(self) -> None:
        """Another tab."""
        self._press(self.rng.choice([f"tab_{name}" for name in self.driver.window.centre.names]))

    def click(self) -> None:
        """Any button that can be seen."""
        buttons = [each for each in self.driver.window.findChildren(QAbstractButton) if _clickable(each)]
        button = self.rng.choice(buttons)
        self.note(button.text() or button.accessibleName() or button.objectName())
        button.click()

    def key(self) -> None:
        """A key, to whatever has the focus."""
        key = self.rng.choice(KEYS)
        self.note(key.name)
        QTest.keyClick(self.driver.window.focusWidget() or self.driver.window, key)

    def select_runs(self) -> None:
        """Some runs of the list."""
        runs = self.driver.window.runs.list
        runs.select(self.rng.sample(runs.shown, min(len(runs.shown), self.rng.choice((0, 1, 1, 1, 2, 3)))))

    def act_on_runs(self) -> None:
        """What the menu of the list offers for the selected runs."""
        runs = self.driver.window.runs.list
        actions = (runs.load_action, runs.continue_action, runs.draw_action, runs.notes_action, runs.bin_action)
        able = [action for action in actions if action.isEnabled()]
        if able:
            action = self.rng.choice(able)
            self.note(action.text())
            action.trigger()

    def rename(self) -> None:
        """Another name for a run."""
        runs = self.driver.window.runs.list
        if runs.chosen:
            place = runs.currentIndex()
            if place.isValid():
                runs.model().setData(place, self.rng.choice(("", "best so far", "x" * 200, "\ud800", "MLP")))

    def write(self) -> None:
        """Tags and notes on a run."""
        details = self.driver.window.runs.details
        if details.isVisible() and details.form.isVisible():
            details.tags.setText(self.rng.choice(("", "a, b, a", "," * 50)))
            details.tags.textEdited.emit(details.tags.text())
            details.notes.setPlainText(self.rng.choice(("", "line\nline", "x" * 11_000)))

    def undo_bin(self) -> None:
        """Put something back from the bin, or empty it."""
        actions = self.driver.window.runs.foot.menu.actions()
        able = [action for action in actions if action.isEnabled() and not action.isSeparator()]
        if able:
            self.rng.choice(able).trigger()

    def shift_waiting(self) -> None:
        """Move or remove a run that waits."""
        buttons = [each for line in self.driver.window.runs.waiting.lines for each in line.findChildren(QToolButton)]
        able = [button for button in buttons if button.isEnabled()]
        if able:
            self.rng.choice(able).click()

    def answer(self) -> None:
        """Any answer to any message."""
        window = self.driver.window
        buttons = [
            (key, button)
            for place in (window.banners, window.runs.notices)
            for key in place.texts()
            for button in place.get(key).buttons
        ]
        if buttons:
            key, button = self.rng.choice(buttons)
            self.note(f"{key}: {button.text()}")
            button.click()

    def change_lr(self) -> None:
        """A learning rate, where the field for it is shown."""
        field = self.driver.window.happening.lr_field
        if field.isVisible():
            field.edit.setText(self.rng.choice(ODD))
            field.button.click()

    def load(self) -> None:
        """Load a file."""
        if self.driver.window.actions_by_name["load"].isEnabled():
            self.driver.press("load")

    def save(self) -> None:
        """Save a checkpoint."""
        if self.driver.window.actions_by_name["save"].isEnabled():
            self.driver.press("save")

    def drop(self) -> None:
        """Drop something on the window."""
        paths = [self._file() for _ in range(self.rng.choice((1, 1, 2)))]
        self.note(", ".join(path.name for path in paths))
        self.driver.window.dropped.emit(paths)

    def resize(self) -> None:
        """Another size."""
        self.driver.window.resize(self.rng.randrange(1024, 1800), self.rng.randrange(640, 1200))

    def dock(self) -> None:
        """Close or show a dock."""
        self.rng.choice(self.driver.window.docks).toggleViewAction().trigger()

    def finish_run(self) -> None:
        """Wait until the run has ended, if it goes on by itself and is short."""
        session = self.driver.session
        if session.state is State.RUNNING and session.progress is not None and session.progress.epochs <= 13:
            ended = session.run
            pump(lambda: session.run is not ended or session.state in (State.READY, State.PAUSED))

    def reopen(self) -> None:
        """Close, at this very moment, and open again."""
        self.driver.close()
        self.driver = self._open()

    def _file(self) -> Path:
        checkpoints = sorted(self.workspace.glob("runs/*/checkpoints/*.safetensors"))
        others = [*self.files.iterdir(), self.files / "absent.safetensors", self.files / "absent.png"]
        if checkpoints and self.rng.random() < 0.5:
            return self.rng.choice(checkpoints)
        return self.rng.choice(sorted(others))


def without_dialogs(replace: Callable[[object, str, object], None]) -> None:
    """Let no dialog of the system's open: each is cancelled at once. `replace` sets an attribute."""
    replace(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    replace(QFileDialog, "getOpenFileNames", lambda *_: ([], ""))
    replace(QFileDialog, "getExistingDirectory", lambda *_: "")
    replace(QDesktopServices, "openUrl", lambda *_: True)


def _clickable(button: QAbstractButton) -> bool:
    """Whether a click does it: what opens a menu would wait for an answer."""
    opens_menu = isinstance(button, QToolButton) and button.menu() is not None
    shown: QWidget = button
    return shown.isVisible() and shown.isEnabled() and not opens_menu and not button.text().startswith("Show folder")


def cannot_go_on(workspace: Path, catalogue: object) -> list[str]:
    """The runs in a workspace that have a checkpoint and are neither finished nor can be resumed, with the reason."""
    from engine.checkpoints.checkpoint import read_checkpoint
    from engine.events import Failed, Finished, Steps
    from engine.runs import resume_run
    from engine.trainer import Stop

    bad = []
    for last in sorted((workspace / "runs").glob("*/checkpoints/last.safetensors")):
        try:
            if read_checkpoint(last).meta["progress"]["reason"] is not None:
                continue
            run = resume_run(last, catalogue, workspace).run()  # type: ignore[arg-type]
            event = next(run)
            while not isinstance(event, (Steps, Failed, Finished)):
                event = next(run)
            if isinstance(event, Failed):
                bad.append(f"{last}: {event.text}")
            elif isinstance(event, Steps):
                run.throw(Stop())
            run.close()
        except InputError as error:
            bad.append(f"{last}: {error}")
    return bad
