"""How often a diagnosis is right, how long it takes, and whether its remedies do what they say.

    python benchmarks/diagnosis.py [--seed N]
    python benchmarks/diagnosis.py --remedies [NAME ...]

The first judges made curves of fresh seeds (`made_curves.py`) and the real runs that were kept out of the tuning
(`provoked_runs.py`), and trains nothing. The second trains the overfitted and the underfitted real runs again with
their first remedy, and compares what it said it would improve: some minutes. The exit code is 1 where a
limit is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.made_curves import MAKERS, made
from benchmarks.provoked_runs import Provoked, read_runs
from benchmarks.rows import Row, show
from engine.catalogue import Catalogue, discover
from engine.config import RunConfig
from engine.diagnosis import MINIMUM, diagnose, diagnose_run
from engine.history import History
from engine.treatment import Treatment

CURVES = 60
"""Made curves of each verdict: 420 in all."""
LONG = 1_000
"""Epochs of the run that is timed."""
REPEATS = 20
MENDED = ("overfitting", "underfitting")


def made_rows(seed: int) -> list[Row]:
    """How often made curves are told apart, and whether anything is said too early."""
    right, early = 0, 0
    for verdict in MAKERS:
        found = Counter(diagnose(made(verdict, seed + number)).verdict for number in range(CURVES))
        right += found[verdict]
        print(f"{verdict}: {dict(found)}", file=sys.stderr)
        for number in range(CURVES):
            history = made(verdict, seed + number)
            early += sum(_too_early(history, count) for count in range(1, max(MINIMUM.values())))
    total = CURVES * len(MAKERS)
    return [
        Row(f"made curves that are told rightly, of {total}", 100 * right / total, "%", 95, at_most=False),
        Row("verdicts before their minimum", early, "", 0),
    ]


def _too_early(history: History, count: int) -> bool:
    """Whether of these first epochs more is said than there are grounds for."""
    part = History()
    part.add_steps(history.steps)
    part.epochs = history.epochs[:count]
    verdict = diagnose(part).verdict
    return verdict != "too-early" and MINIMUM[verdict] > count


def real_rows() -> list[Row]:
    """How often the real runs are told rightly."""
    rows = []
    for kept_out, limit in ((True, 90), (False, 90)):
        runs = [run for run in read_runs() if run.held_out is kept_out]
        wrong = {run.name: found for run in runs if (found := diagnose(run.history).verdict) != run.label}
        for name, found in wrong.items():
            print(f"{name} is said to be {found}", file=sys.stderr)
        name = "kept out of the tuning" if kept_out else "of the tuning"
        share = 100 * (1 - len(wrong) / len(runs))
        rows.append(Row(f"real runs {name} that are told rightly, of {len(runs)}", share, "%", limit, at_most=False))
    return rows


def time_row(seed: int) -> Row:
    """Milliseconds for a long run, the slowest verdict."""
    slowest = 0.0
    for verdict in MAKERS:
        history = made(verdict, seed, LONG)
        diagnose(history)
        taken = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            diagnose(history)
            taken.append(1000 * (time.perf_counter() - start))
        slowest = max(slowest, statistics.median(taken))
    return Row(f"a diagnosis of {LONG:,} epochs", slowest, "ms", 5)


# --- remedies -------------------------------------------------------------------------------------


def remedies_row(names: list[str]) -> Row:
    """How often the first remedy improves all that it said it would."""
    catalogue = discover(None)
    kept = 0
    chosen = [run for run in read_runs() if run.label in MENDED and (not names or run.name in names)]
    for run in chosen:
        kept += _improves(run, catalogue)
    return Row(f"first remedies that improve what they said, of {len(chosen)}", 100 * kept / len(chosen), "%", 80,
               at_most=False)  # fmt: skip


def _improves(run: Provoked, catalogue: Catalogue) -> bool:
    from engine.trainer import Trainer

    config = RunConfig.from_dict(run.settings, catalogue)
    found = diagnose_run(run.history, config, catalogue, images=True)
    if found.verdict != run.label or not found.remedies:
        print(f"{run.name}: {found.verdict}, no remedy", file=sys.stderr)
        return False
    first = found.remedies[0]
    trainer = Trainer(first.config)
    for _ in trainer.run():
        pass
    before, after = _figures(run.history), _figures(trainer.history)
    told = ", ".join(f"{name} {before[name]:.4g} to {after[name]:.4g} (said {said:.4g})"
                     for name, said in first.expected.items())  # fmt: skip
    good = _better(first, before, after)
    print(f"{run.name}: {first.text}: {told}: {'better' if good else 'NOT BETTER'}", file=sys.stderr, flush=True)
    return good


def _better(treatment: Treatment, before: dict[str, float], after: dict[str, float]) -> bool:
    """Whether gap and best are less where that was expected; a time that was expected to be longer is no gain."""
    claimed = [name for name in treatment.expected if name != "time"]
    return bool(claimed) and all(after[name] < before[name] for name in claimed)


def _figures(history: History) -> dict[str, float]:
    best, last = history.best("val_loss"), history.epochs[-1]
    assert best is not None and best.val_loss is not None and last.gap is not None
    seconds = sum((row.train_seconds or 0.0) + (row.val_seconds or 0.0) for row in history.epochs)
    return {"gap": last.gap, "best": best.val_loss, "time": seconds}


def main() -> int:
    """Print the table; the exit code is 0 where every limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1_000_000, help="of the made curves")
    parser.add_argument("--remedies", nargs="*", metavar="NAME", help="follow the first remedies instead")
    arguments = parser.parse_args()
    if arguments.remedies is not None:
        return show(iter([remedies_row(arguments.remedies)]))
    return show([*made_rows(arguments.seed), *real_rows(), time_row(arguments.seed)])


if __name__ == "__main__":
    sys.exit(main())
