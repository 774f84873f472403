"""What applies where a run goes on from where it was left: beyond the epochs that its learning rate was planned for,
and after a start mark."""

from __future__ import annotations

from engine.config import RunConfig
from engine.history import History
from engine.message import Message, message
from engine.position import Position
from engine.schedule import Schedule


def what_applies(
    config: RunConfig, schedule: Schedule, position: Position, epochs: int, history: History
) -> list[tuple[str, Message]]:
    """What to tell, each with the id of the strategy concerned, of a run that goes on up to `epochs` in all.

    Nothing of one that has come to its end, and of one that goes on as it was planned.
    """
    if position.reason is not None:
        return []
    return [
        *_of_changes(config, position),
        *_of_schedules(config, schedule, position.step, epochs, history),
        *_of_stoppings(config, epochs, history),
    ]


def _of_changes(config: RunConfig, position: Position) -> list[tuple[str, Message]]:
    changed = [change for change in position.changes if change.field == "lr"]
    if not changed:
        return []
    last = changed[-1]
    text = message(
        "rate-changed", "the learning rate was changed by hand at step {step}, from {old} to {new}: that still applies",
        step=last.step, old=last.old, new=last.new,
    )  # fmt: skip
    return [(config.optimizer.id, text)]


def _of_schedules(
    config: RunConfig, schedule: Schedule, step: int, epochs: int, history: History
) -> list[tuple[str, Message]]:
    """Of the schedulers that lay down the whole course: the others act on the record, or are done soon."""
    planned = schedule.planned_epochs
    if planned >= epochs and not schedule.planned_anew:
        return []
    lr = schedule.lr(step, history)
    if planned >= epochs:
        text = message(
            "planned-anew", "it is planned anew for {planned} epochs: the learning rate goes on at {lr}",
            planned=planned, lr=lr,
        )  # fmt: skip
    elif step >= planned * schedule.steps_per_epoch:
        text = message(
            "rate-held", "it was planned for {planned} epochs: for those beyond, its last learning rate is held, now "
            "{lr} (resume with --reschedule and a new total to plan anew)", planned=planned, lr=lr,
        )  # fmt: skip
    else:
        text = message(
            "rate-will-be-held", "it was planned for {planned} epochs: for those beyond, up to {epochs}, its last "
            "learning rate will be held (resume with --reschedule and a new total to plan anew)",
            planned=planned, epochs=epochs,
        )  # fmt: skip
    return [(scheduler.id, text) for scheduler in config.schedulers if scheduler.shape]


def _of_stoppings(config: RunConfig, epochs: int, history: History) -> list[tuple[str, Message]]:
    if not history.marks:
        return []
    text = message(
        "judged-afresh", "it judges what comes after epoch {epoch} alone, and may end the run before all {epochs} "
        "epochs: fork without it to train them all", epoch=history.marks[-1], epochs=epochs,
    )  # fmt: skip
    return [(stopping.id, text) for stopping in config.stoppings]
