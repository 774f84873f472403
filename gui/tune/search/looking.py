"""What there is to be seen of the studies of a workspace, looked up in the background."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.message import InputError, Message
from engine.searches.files import StudyFile, studies

if TYPE_CHECKING:
    from engine.searches.watch import StudySeen, StudyWatch, TrialSeen


@dataclass(frozen=True)
class Looked:
    """What was found."""

    files: tuple[StudyFile, ...]
    study: str
    """Which one was looked at; empty for none."""
    seen: StudySeen | None = None
    """None where there is nothing of it yet."""
    importance: dict[str, float] | None = None
    """None where it was not asked for."""
    problem: Message | None = None
    """Why it can't be read."""
    more: bool = False
    """Whether there is more to be read at once."""


class Looker:
    """Keeps the study that was looked at last, so that only what is new is read. For one thread at a time."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._watch: StudyWatch | None = None
        self._catalogue: Catalogue | None = None
        self._told: tuple[str, int] = ("", -1)
        """Of which study the importance was found last, and of how many complete trials."""
        self._importance: dict[str, float] = {}

    def look(self, study: str, catalogue: Catalogue, *, importance: bool) -> Looked:
        """Look at a study, and which there are. In the background."""
        files = studies(self._workspace)
        if not study or study not in {file.name for file in files}:
            return Looked(files, study)
        try:
            seen, more = self._seen(study, catalogue)
            return Looked(files, study, seen, self._shares(study, seen) if importance else None, more=more)
        except InputError as error:
            self._watch = None
            return Looked(files, study, problem=error.message)

    def _seen(self, study: str, catalogue: Catalogue) -> tuple[StudySeen | None, bool]:
        from engine.searches.watch import StudyWatch

        if self._watch is None or self._watch.name != study or catalogue is not self._catalogue:
            self._watch, self._catalogue = StudyWatch(self._workspace, study, catalogue), catalogue
        return self._watch.look(), self._watch.more

    def _shares(self, study: str, seen: StudySeen | None) -> dict[str, float]:
        complete = sum(trial.state == "complete" for trial in seen.trials) if seen is not None else 0
        if self._told != (study, complete) and self._watch is not None:
            self._importance = self._watch.importance()
            self._told = study, complete
        return self._importance

    def settings_of(self, trial: TrialSeen, present: RunConfig | None) -> RunConfig:
        """The settings of a trial of the study that was looked at last. Raises `InputError`."""
        assert self._watch is not None
        return self._watch.settings_of(trial, present)
