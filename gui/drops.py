"""A folder of pictures that is dropped on the window, or opened: what may be trained on it, and what that will take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from engine.config import RunConfig
from engine.message import InputError, Message
from gui import numbers
from gui.background import Trouble
from gui.predictions.panel import checkpoint_of
from gui.settings.estimate import rounded
from gui.widgets.banner import Answer
from gui.words import say, title

if TYPE_CHECKING:
    from engine.pictures.folder_look import Seen
    from engine.proposal import Offer, Proposal
    from gui.main_window import MainWindow

KEY = "folder"
"""Of the banner, and of the work in the background."""
LOOSE = "folder-without-classes"
"""The code of a folder of pictures that says nothing of classes."""


class FolderDrops(QObject):
    """Proposes in a banner. `busy` says whether a run trains, and nothing is measured; the background asks it too."""

    def __init__(self, window: MainWindow, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window, self._busy = window, busy
        self._wanted: object = None
        """Stands for the folder that is looked at now: work for another one is given up."""

    def give_up(self) -> None:
        """Leave off looking."""
        self._wanted = None
        self._window.bench.background.forget(KEY)

    def take(self, paths: list[Path]) -> None:
        """A folder by itself is to be trained on, if it has classes; anything else is to be classified."""
        folders = [path for path in paths if path.is_dir()]
        if len(paths) == 1 and folders:
            self.consider(folders[0])
        elif len(folders) > 1 and len(folders) == len(paths) and not self._has_network():
            text = self.tr("These are {count} folders: drop the one that holds a folder for each class.")
            self._say("warning", text.format(count=len(folders)))
        else:
            self._classify(paths)

    def consider(self, folder: Path) -> None:
        """Look at a folder, and then propose what to train."""
        if not self._window.panel.ready:
            self._say("info", self.tr("The techniques are still being loaded: drop the folder again in a moment."))
            return
        wanted = self._wanted = object()
        self._say("info", self.tr("Looking at {folder}…").format(folder=folder.name))
        self._ask(
            lambda: _look(folder, lambda: self._wanted is wanted), self._propose,
            lambda trouble: self._refuse(folder, trouble),
        )  # fmt: skip

    # --- what is found ---------------------------------------------------------------------------

    def _propose(self, seen: Seen) -> None:
        text = self.tr("{counts}. Measuring what it takes to train on them…").format(counts=self._counts(seen))
        self._say("info", text, [self._only_data(seen)])
        wanted, bench, present = self._wanted, self._window.bench, self._window.panel.config

        def work() -> Proposal:
            from engine.proposal import propose

            stop = lambda: self._busy() or self._wanted is not wanted  # noqa: E731
            return propose(seen, bench.catalogue, bench.workspace / "data", stop, present)

        self._ask(work, self._show, lambda trouble: self._refuse(seen.folder, trouble))

    def _show(self, found: Proposal) -> None:
        lines = [f"{self._counts(found.seen)}."]
        if found.seen.left_out:
            text = self.tr("{count} other files or folders are left out: tunedeck check-data names each.")
            lines.append(text.format(count=numbers.count(found.seen.left_out)))
        lines += [self._describe(offer) for offer in found.offers]
        if any(offer.first is not None for offer in found.offers):
            lines.append(self.tr("Times are as measured on this machine."))
        answers = [self._answer(offer, first=offer is found.offers[0]) for offer in found.offers]
        self._say("info", "\n".join(lines), [*answers, self._only_data(found.seen)])

    def _counts(self, seen: Seen) -> str:
        return self.tr("{folder}: {pictures} images, {classes} classes, about {side} pixels").format(
            folder=seen.folder.name, pictures=numbers.count(seen.pictures), classes=numbers.count(seen.classes),
            side=numbers.count(seen.side),
        )  # fmt: skip

    def _describe(self, offer: Offer) -> str:
        name = self._name(offer)
        if not offer.fits:
            return self.tr("{name}: needs more memory than is free here.").format(name=name)
        if offer.first is None or offer.whole is None:
            told = self.tr("{name}: the time is measured when no run trains.").format(name=name)
            return told if offer.download is None else f"{told} {self._download(offer.download)}"
        text = self.tr("{name}: first result in about {first}, all {epochs} epochs in about {whole}.")
        told = text.format(
            name=name, first=numbers.duration(rounded(offer.first)), whole=numbers.duration(rounded(offer.whole)),
            epochs=numbers.count(offer.config.epochs),
        )  # fmt: skip
        if offer.download is None:
            return told
        return f"{told} {self._download(offer.download)}"

    def _download(self, text: Message) -> str:
        if "megabytes" in text.values:
            return self.tr("Its weights are downloaded first ({size} MB).").format(size=text.values["megabytes"])
        return self.tr("{text}.").format(text=say(text))

    def _name(self, offer: Offer) -> str:
        name = self.tr("{model}, {size} pixels").format(
            model=title(type(offer.config.model)), size=getattr(offer.config.dataset, "size", "")
        )
        return self.tr("{name}, pretrained and frozen").format(name=name) if offer.config.fine_tuning else name

    # --- what is pressed -------------------------------------------------------------------------

    def _answer(self, offer: Offer, *, first: bool) -> Answer:
        if first:
            text = self.tr("Take the proposal")
        else:
            text = self.tr("Take {model}").format(model=title(type(offer.config.model)))
        if offer.download is not None:
            text = self.tr("{take} (download)").format(take=text)
        return Answer(text, lambda: self._take(offer.config))

    def _only_data(self, seen: Seen) -> Answer:
        def take() -> None:
            from engine.proposal import with_folder

            self._take(with_folder(self._window.panel.config, seen, self._window.bench.catalogue))

        return Answer(self.tr("Only the data set"), take)

    def _take(self, config: RunConfig) -> None:
        """Make these the settings. What is still being measured is no longer asked for."""
        self.give_up()
        self._window.panel.set_config(config)
        text = self.tr("The settings are those for your pictures; undo (Ctrl+Z) brings the former back.")
        start = self._window.actions_by_name["start"]
        answers = [Answer(self.tr("Start"), start.trigger)] if start.isEnabled() and not self._busy() else []
        self._say("info", text, answers)

    def _refuse(self, folder: Path, trouble: Trouble) -> None:
        if trouble.text.code == LOOSE and self._has_network():
            self._window.banners.clear(KEY)
            self._classify([folder])
        else:
            self._say("warning", say(trouble.text))

    def _has_network(self) -> bool:
        return checkpoint_of(self._window.centre.predictions.run) is not None

    def _classify(self, paths: list[Path]) -> None:
        self._window.centre.bring_forward("predictions")
        self._window.centre.predictions.classify(paths)

    def _say(self, level: str, text: str, answers: list[Answer] | None = None) -> None:
        banner = self._window.banners.say(KEY, level, text, answers or [])
        banner.closed.connect(self.give_up)

    def _ask(self, do: Callable[[], object], done: Callable[..., None], failed: Callable[[Trouble], None]) -> None:
        self._window.bench.background.ask(KEY, do, done, failed)


def _look(folder: Path, wanted: Callable[[], bool]) -> Seen:
    """In the background."""
    from engine.pictures.folder_look import look

    def going_on() -> None:
        if not wanted():
            raise InputError("given-up", "it is no longer asked for")

    return look(folder, going_on)
