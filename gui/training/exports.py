"""A network as a file to take away: asked for, made in the background, and told with what was proven of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from gui.background import Trouble
from gui.main_window import MainWindow
from gui.predictions.panel import checkpoint_of
from gui.runs.run import Run
from gui.widgets.banner import Answer
from gui.widgets.text_window import TextWindow
from gui.words import say

if TYPE_CHECKING:
    from engine.exports.export import Exported

ASK = Callable[[str, Path, str], Path | None]
"""Asks for a file to write, by a title, a suggestion and the kinds of files."""


class Exports(QObject):
    """Exports the run that is selected in the list, else the one in front: what its predictions are taken from."""

    def __init__(self, window: MainWindow, present: Callable[[], Run | None], ask: ASK) -> None:
        super().__init__(window)
        self._window, self._present, self._ask = window, present, ask
        window.actions_by_name["export"].triggered.connect(self.export)
        window.runs.list.export_asked.connect(self.export_run)

    @Slot()
    def export(self) -> None:
        """Ask for a file, and export the network that is looked at."""
        chosen = self._window.runs.list.chosen
        self.export_run(chosen[0] if len(chosen) == 1 else self._present())

    @Slot(object)
    def export_run(self, run: Run | None) -> None:
        """Ask for a file, and export the best checkpoint of a run, or the one that was loaded, to it."""
        path = checkpoint_of(run)
        if run is None or path is None or not path.is_file():
            text = self.tr("There is no trained network yet: start a run, or choose one in the list of runs.")
            self._window.banners.say("export", "warning", text)
            return
        self._window.banners.clear("export")
        title = self.tr("Export {run} ({checkpoint})").format(run=run.title, checkpoint=path.stem)
        name = run.folder.name if run.folder is not None else path.stem
        kinds = f"{self.tr('ONNX, for any program')} (*.onnx);;{self.tr('Weights alone')} (*.safetensors)"
        out = self._ask(title, self._window.workspace / f"{name}.onnx", kinds)
        if out is not None:
            self._make(path, out if out.suffix else out.with_suffix(".onnx"))

    def _make(self, path: Path, out: Path) -> None:
        bench, key = self._window.bench, f"export {out}"

        def work() -> Exported:
            from engine.exports.export import export

            return export(path, out, bench.catalogue, bench.parts)

        text = self.tr("Exporting {file}, and comparing it with the network… A run that trains waits for a moment.")
        self._window.banners.say(key, "info", text.format(file=out.name))
        bench.background.ask(key, work, lambda made: self._tell(key, made), lambda why: self._fail(key, out, why))

    def _tell(self, key: str, made: Exported) -> None:
        words = [self.tr("{file}: {proof}.").format(file=made.file.name, proof=say(made.proof.text))]
        if made.script is not None and not any(note.code == "script-renamed" for note in made.notes):
            words.append(self.tr("{script} beside it tells pictures apart.").format(script=made.script.name))
        words += [f"{say(note)[:1].upper()}{say(note)[1:]}." for note in made.notes]
        folder = QUrl.fromLocalFile(str(made.file.absolute().parent))
        answer = Answer(self.tr("Open folder"), lambda: QDesktopServices.openUrl(folder))
        self._window.banners.say(key, "info", " ".join(words), [answer])

    def _fail(self, key: str, out: Path, trouble: Trouble) -> None:
        text = self.tr("{file} was not exported: {reason}").format(file=out.name, reason=say(trouble.text))
        heading = self.tr("Details")
        details = Answer(heading, lambda: TextWindow(heading, trouble.traceback, self._window).show(), keeps=True)
        self._window.banners.say(key, "error", text, [details] if trouble.traceback else [])
