"""What stands in the tables of a comparison: a row for each run, for each group of seeds, for each setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from PySide6.QtCore import QCoreApplication

from engine.catalogue import Catalogue
from engine.comparison import Compared, Comparison, Group
from engine.events import Finished
from engine.run_records.index import Status
from gui import numbers
from gui.compare import words as words
from gui.compare.table import Cell, Heading, Row
from gui.graph.drawings import Style, overlay_style, styles
from gui.runs.run import Run
from gui.runs.words import status
from gui.training.session import State
from gui.widgets.theme import Theme

OF_RUNS = ("best_val_loss", "best_val_accuracy", "last_val_loss", "last_val_accuracy", "gap")
OF_GROUPS = (*OF_RUNS, "test_accuracy")
MORE_IS_BETTER = ("best_val_accuracy", "last_val_accuracy", "test_accuracy")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Compare", text)


def compared(run: Run) -> Compared:
    """A run of the window as a comparison sees it."""
    record = run.record
    parent = record.parent if record is not None and record.parent else {"run": run.parent} if run.parent else None
    return Compared(
        label=run.label,
        settings=run.config if run.config is not None else record.settings if record is not None else None,
        epochs=tuple(run.history.epochs),
        monitor=run.monitor,
        finished=_has_ended(run),
        test_accuracy=run.test[1],
        title=run.title,
        recorded={"changes": [asdict(change) for change in run.changes], "parent": parent},
    )


def _trains(run: Run) -> bool:
    """Whether it trains in this window."""
    return run.started is not None and run.outcome is None


def _has_ended(run: Run) -> bool:
    """Whether it came to the end that it was to come to."""
    if run.outcome is not None:
        return isinstance(run.outcome, Finished) and not run.outcome.stopped
    known = run.record is None or run.record.status in (Status.FINISHED, Status.STOPPED_EARLY)
    return known and not (run.unfinished or run.elsewhere or _trains(run))


def looks(runs: Sequence[Run], front: Run | None, theme: Theme) -> list[Style]:
    """The looks of the runs as on the graph: the one in front, and the others in turn."""
    others = [run for run in runs if run is not front]
    return [styles(theme)["val"] if run is front else overlay_style(theme, others.index(run)) for run in runs]


def group_looks(comparison: Comparison, runs: Sequence[Run], front: Run | None, theme: Theme) -> list[Style]:
    """The look of each group: that of the run in front where it is one of them, else of its first run."""
    of_runs = looks(runs, front, theme)
    return [
        of_runs[next((place for place in group.members if runs[place] is front), group.members[0])]
        for group in comparison.groups
    ]


# --- results --------------------------------------------------------------------------------------


def result_headings() -> list[Heading]:
    """The columns of the table of runs."""
    return [
        Heading(_tr("Best\nepoch"), _tr("The epoch that is best by the figure that the run watches")),
        Heading(_tr("Best\nloss"), _tr("Validation loss of the best epoch")),
        Heading(_tr("Best\naccuracy"), _tr("Validation accuracy of the best epoch")),
        Heading(_tr("Last\nloss"), _tr("Validation loss of the last epoch")),
        Heading(_tr("Last\naccuracy"), _tr("Validation accuracy of the last epoch")),
        Heading(
            _tr("Gap"), _tr("Validation loss less clean training loss, of the last epoch: what was learnt by heart")
        ),
        Heading(_tr("Epochs"), _tr("Epochs that are done")),
        Heading(_tr("Time"), _tr("Time of training and validation")),
        Heading(_tr("Test\naccuracy"), _tr("Accuracy on the test part, of the best epoch's weights")),
        Heading(_tr("Status"), _tr("How the run stands")),
    ]


def result_rows(comparison: Comparison, runs: Sequence[Run], looks: Sequence[Style]) -> list[Row]:
    """A row for each run; the best figure of each column says so."""
    one_measure = len({run.measure for run in comparison.runs} - {None}) < 2
    best = {
        name: _best(name, [run.outcome(name) for run in comparison.runs])
        if one_measure or name.endswith("accuracy")
        else None
        for name in OF_GROUPS
    }
    return [
        Row(id(run), each.label, _cells(each, run, best), look, each.label)
        for each, run, look in zip(comparison.runs, runs, looks, strict=True)
    ]


def _cells(each: Compared, run: Run, best: dict[str, float | None]) -> tuple[Cell, ...]:
    def cell(name: str) -> Cell:
        given = each.outcome(name)
        marked = given is not None and given == best[name]
        word = _tr("smallest gap") if name == "gap" else _tr("best of these runs")
        return Cell(words.figure(name, given), given, word if marked else "")

    epoch = each.best.epoch if each.best is not None else None
    standing = status(run, State.RUNNING if _trains(run) else None)
    return (
        Cell(numbers.count(epoch), epoch),
        *(cell(name) for name in OF_RUNS),
        Cell(numbers.count(len(each.epochs)), len(each.epochs)),
        Cell(numbers.duration(each.seconds), each.seconds),
        cell("test_accuracy"),
        Cell(standing, standing),
    )


def _best(name: str, given: Sequence[float | None]) -> float | None:
    """The best of these figures; None where there is no choice."""
    known = [figure for figure in given if figure is not None]
    if len(set(known)) < 2:
        return None
    return max(known) if name in MORE_IS_BETTER else min(known)


# --- seeds ----------------------------------------------------------------------------------------


def seed_headings() -> list[Heading]:
    """The columns of the table of groups."""
    spread = _tr("Mean over the seeds ± standard deviation (n − 1)")
    return [
        Heading(_tr("Seeds")),
        *(Heading(_upper(words.outcome(name)), spread) for name in OF_GROUPS),
        Heading(_tr("Epochs"), _tr("Epochs that the runs have, from the fewest to the most")),
    ]


def group_rows(comparison: Comparison, names: Sequence[str], looks: Sequence[Style]) -> list[Row]:
    """A row for each group of two seeds or more."""
    return [
        Row(group.members, words.with_seeds(group, name), _of_group(group), look, name)
        for group, name, look in zip(comparison.groups, names, looks, strict=True)
        if len(group.seeds) > 1
    ]


def _of_group(group: Group) -> tuple[Cell, ...]:
    def cell(name: str) -> Cell:
        found = group.spread(name)
        return Cell(words.spread(name, found), found.mean if found else None)

    lengths = sorted(len(run.epochs) for run in group.runs)
    span = numbers.count(lengths[0]) + (f"–{numbers.count(lengths[-1])}" if lengths[0] < lengths[-1] else "")
    seeds = ", ".join(map(str, group.seeds))
    return Cell(str(len(group.seeds)), len(group.seeds), help=seeds), *map(cell, OF_GROUPS), Cell(span, lengths[-1])


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- settings -------------------------------------------------------------------------------------


def setting_rows(comparison: Comparison, catalogue: Catalogue) -> list[Row]:
    """A row for each setting that differs, with a column for each group."""
    rows = []
    for each in comparison.between_groups:
        texts = [words.value(each, place, catalogue) for place in range(len(comparison.groups))]
        rows.append(Row(each.key, words.setting(each, catalogue), tuple(Cell(text, text, help=text) for text in texts)))
    return rows
