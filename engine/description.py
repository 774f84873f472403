"""What a run tells of itself: its settings with the changes made in it, what it runs on, and how it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from engine.catalogue import Catalogue, Entry
from engine.config import RunConfig
from engine.events import Started
from engine.hardware import device_advice
from engine.learner import Learner
from engine.message import Message
from engine.network import output_advice
from engine.position import Position
from engine.store import versions


class Description:
    """Of a run with these settings, whose plugins come from `catalogue`, where that is known."""

    def __init__(self, config: RunConfig, learner: Learner, threads: int, catalogue: Catalogue | None) -> None:
        self._config = config
        self._learner = learner
        self._threads = threads
        self._entries = {entry.id: entry for entry in catalogue.entries} if catalogue else {}

    def settings(self, position: Position) -> dict[str, Any]:
        """The resolved settings, with the changes made in the run: what `config.yaml` holds."""
        settings = self._plain() | {"threads": self._threads}
        if position.parent is not None:
            settings["parent"] = asdict(position.parent)
        if position.changes:
            settings["changes"] = [asdict(change) for change in position.changes]
        return settings

    def environment(self) -> dict[str, Any]:
        """What the run runs on."""
        ranks = self._learner.ranks
        return {
            "versions": versions(), "device": str(self._learner.device), "threads": self._threads,
            **({"processes": ranks.size} if ranks.several else {}), "plugins": self._plugins(),
        }  # fmt: skip

    def meta(self) -> dict[str, Any]:
        """What a checkpoint's metadata holds besides where the run stands."""
        parts = self._learner.parts
        return {
            "config": self._plain(),
            "plugins": self._plugins(),
            "class_names": list(parts.class_names) if parts.spec.task == "classification" else [],
            "data": asdict(parts.spec),
            "input": self._learner.statistics(),
            "environment": self.environment(),
        }

    def started(self, position: Position, epochs: int, where: str, told: Sequence[tuple[str, Message]] = ()) -> Started:
        """The event with which it begins, or goes on, up to so many epochs, in the folder `where`.

        `told` is what to consider besides the advice on its settings, each with the id of the strategy concerned.
        """
        learner = self._learner
        advice = [*self._config.advice(learner.parts.spec), *output_advice(self._config, learner.model)]
        return Started(
            run=where,
            epoch=position.epoch,
            step=position.step,
            epochs=epochs,
            steps_per_epoch=len(learner.bounds),
            parts=learner.parts.spec.samples,
            parameters=sum(parameter.numel() for parameter in learner.model.parameters()),
            device=str(learner.device),
            threads=self._threads,
            lr=self._config.lr,
            batch_size=self._config.batch_size,
            images=len(learner.parts.spec.input_shape) == 3,
            warnings=(
                *((self._config.dataset.id, text) for text in learner.parts.warnings),
                *((id, advice.text) for id, advice in advice if advice.level == "warning"),
                *device_advice(learner.device, self._config.precision, self._config.compile),
                *told,
            ),
        )

    def _plain(self) -> dict[str, Any]:
        return self._config.model_copy(update={"offered": ()}).to_dict()

    def _plugins(self) -> list[dict[str, str]]:
        unknown = Entry("", None, None, "")
        known = [(strategy, self._entries.get(strategy.id, unknown)) for strategy in self._config.strategies]
        return [{"id": s.id, "kind": s.kind, "origin": entry.origin, "version": entry.version} for s, entry in known]
