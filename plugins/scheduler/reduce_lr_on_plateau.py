"""Learning rate reduced on a plateau (PyTorch's `torch.optim.lr_scheduler.ReduceLROnPlateau`)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from engine.code import arguments
from engine.history import History
from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Effect, Field, Progress, Scheduler, Strategy, Verdict, hookimpl
from plugins.scheduler._rates import IMPORTS

if TYPE_CHECKING:
    from engine.config import RunConfig


class ReduceLROnPlateau(Scheduler):
    """Multiply the learning rate by a factor when the validation loss has not improved for some epochs (학습률 감소).

    Names, defaults and behaviour are those of PyTorch's scheduler of that name. Beside another scheduler it stays what
    it is alone: `min_lr` and `eps` judge the base rate as this technique has reduced it, without the other's factor.
    """

    remedies = {"plateau": Effect(best=1.0)}
    flag = "--lr-scheduler"
    shape = False

    monitor: Literal["val_loss", "val_accuracy", "train_loss", "train_accuracy"] = "val_loss"
    """The figure that should improve."""
    mode: Literal["min", "max"] = "min"
    """Whether it improves by falling (a loss) or by rising (an accuracy)."""
    factor: float = Field(0.1, gt=0, lt=1)
    """What the learning rate is multiplied by."""
    patience: int = Field(10, ge=0, le=10_000)
    """Epochs without improvement to wait for (기다릴 에포크 수)."""
    threshold: float = Field(1e-4, ge=0, le=1)
    """Smallest change that counts as an improvement."""
    threshold_mode: Literal["rel", "abs"] = "rel"
    """Whether the threshold is a share of the best figure or a difference from it."""
    cooldown: int = Field(0, ge=0, le=10_000)
    """Epochs to wait after a reduction before counting again."""
    min_lr: float = Field(0.0, ge=0, le=1e4)
    """The learning rate is not reduced below this."""
    eps: float = Field(1e-8, ge=0, le=1)
    """A reduction smaller than this is not made."""

    def as_remedy(self, verdict: Verdict, config: RunConfig) -> Strategy:
        patience = min(self.patience, max(1, config.epochs // 8))
        return ReduceLROnPlateau(**(self.model_dump() | {"patience": patience}))

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.patience + 2 >= config.epochs:
            yield Advice("warning", message(
                "plateau-too-patient", "it cannot act before the run ends (patience {patience}, epochs {epochs})",
                patience=self.patience, epochs=config.epochs,
            ), "patience")  # fmt: skip
        else:
            yield from self._advice_on_stopping(config)
        if self._lower(config.lr) == config.lr:
            yield Advice("warning", message(
                "plateau-no-room", "it never acts: from {lr}, with min_lr {min_lr}, a reduction is not above eps {eps}",
                lr=config.lr, min_lr=self.min_lr, eps=self.eps,
            ), "min_lr" if config.lr - self.min_lr <= self.eps else "eps")  # fmt: skip
        if (self.mode == "max") != self.monitor.endswith("accuracy"):
            yield Advice("warning", message(
                "wrong-mode", "with mode {mode} a {monitor} that gets worse counts as better: choose {fitting}",
                mode=self.mode, monitor=self.monitor, fitting="min" if self.mode == "max" else "max",
            ), "mode")  # fmt: skip
        if data is not None and data.samples[1] == 0 and self.monitor.startswith("val"):
            yield Advice("warning", message(
                "no-validation", "it never acts: there are no validation samples for {monitor}", monitor=self.monitor
            ), "monitor")  # fmt: skip
        if data is not None and data.task != "classification" and self.monitor.endswith("accuracy"):
            text = message(
                "no-accuracy", "a {task} has no accuracy: monitor a loss", task=data.task, monitor=self.monitor
            )
            yield Advice("warning", text, "monitor")

    def _advice_on_stopping(self, config: RunConfig) -> Iterable[Advice]:
        """What to tell where a rule that waits for the same figure ends the run first."""
        for stopping in config.stoppings:
            patience = getattr(stopping, "patience", None)
            # This acts after patience + 1 epochs without improvement; a rule that stops after no more comes first.
            ends_first = isinstance(patience, int) and patience <= self.patience + 1
            if ends_first and getattr(stopping, "monitor", None) == self.monitor:
                yield Advice("warning", message(
                    "stopped-before-plateau", "it hardly ever acts: {id} (patience {theirs}) ends the run before this "
                    "has waited for long enough (patience {patience}). Take a smaller patience here or a larger one "
                    "there", id=stopping.id, theirs=patience, patience=self.patience,
                ), "patience")  # fmt: skip

    def lr_factor(self, progress: Progress, history: History) -> float:
        sign = 1 if self.mode == "min" else -1
        lr, to_beat, bad, cooling = progress.lr, math.inf, 0, 0
        for value in history.column(self.monitor):
            if value is None:
                continue
            if sign * value < to_beat:
                to_beat, bad = sign * self._to_beat(value), 0
            else:
                bad += 1
            if cooling > 0:
                cooling, bad = cooling - 1, 0
            if bad > self.patience:
                lr, cooling, bad = self._lower(lr), self.cooldown, 0
        return lr / progress.lr

    def code(self, config: RunConfig) -> Code:
        from torch.optim import lr_scheduler

        given = ("{}", *arguments(self, lr_scheduler.ReduceLROnPlateau, ("factor", "patience")))
        return Code(imports=IMPORTS, value=f"lr_scheduler.ReduceLROnPlateau({', '.join(given)})", watches=self.monitor)

    def _lower(self, lr: float) -> float:
        lower = max(lr * self.factor, self.min_lr)
        return lower if lr - lower > self.eps else lr

    def _to_beat(self, best: float) -> float:
        """The figure that the next must be better than to count as an improvement."""
        threshold = -self.threshold if self.mode == "min" else self.threshold
        return best * (1 + threshold) if self.threshold_mode == "rel" else best + threshold


@hookimpl
def register_strategies() -> list[type[Scheduler]]:
    return [ReduceLROnPlateau]
