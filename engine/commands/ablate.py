"""`tunedeck ablate`: which of the ticked techniques truly help, each left out in turn over the same seeds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import rich.box
import rich.table
from rich.markup import escape

from engine.catalogue import Catalogue
from engine.language import say, tr
from engine.run_records.record import RunRecord
from engine.sweeps.ablation import Ablation, Effect, Plan, TechniqueEffects, VariantResult, Verdict, ablation, plan
from engine.sweeps.sweep import State
from engine.terminal.given_settings import settings
from engine.terminal.run_tables import terminal
from engine.terminal.sweep import conclude, done_already, train_sweep

NEVER = "–"
"""Stands where a figure does not apply, or is not there yet."""
VERDICTS = {
    Verdict.HELPED: "helped",
    Verdict.HURT: "hurt",
    Verdict.NARROWER: "narrower",
    Verdict.WIDER: "wider",
    Verdict.NO_EFFECT: "no measurable effect",
    Verdict.SAME: "changes nothing",
    Verdict.UNKNOWN: "not known",
}


def ablate(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck ablate`."""
    planned = plan(settings(arguments, catalogue), arguments.seeds)
    for _, reason in planned.needed:
        print(f"tunedeck: {say(reason)}", file=sys.stderr)
    members = planned.members
    print(f"{_planned(planned)}{done_already(members, workspace)}", file=sys.stderr)
    code, found = train_sweep(members, catalogue, workspace)
    told = ablation(planned, found)
    code = conclude(code, found)
    if not arguments.json:
        _print(told)
    return code, _told(told)


# --- as JSON --------------------------------------------------------------------------------------


def _told(found: Ablation) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "runs": len(found.standings),
        "seeds": list(found.plan.seeds),
        "monitor": found.monitor,
        "variants": [_variant_to_dict(each) for each in found.variants],
        "effects": [_effects_to_dict(each) for each in found.effects],
        "needed": [{"technique": id, "reason": str(reason)} for id, reason in found.plan.needed],
        "not_done": [
            {"run": each.member.label, "state": str(each.state), "reason": _reason(each.record)}
            for each in found.standings if each.state is not State.DONE
        ],
    }  # fmt: skip


def _reason(record: RunRecord | None) -> str | None:
    return str(record.reason) if record is not None and record.reason else None


def _variant_to_dict(found: VariantResult) -> dict[str, Any]:
    return {
        "left_out": found.variant.left_out,
        "runs": [str(record.folder) if record is not None else None for record in found.records],
        "best": found.best, "accuracy": found.accuracy, "gap": found.gap,
    }  # fmt: skip


def _effects_to_dict(found: TechniqueEffects) -> dict[str, Any]:
    figures = {"best": found.best, "accuracy": found.accuracy, "gap": found.gap}
    return {"technique": found.technique, **{name: _effect_to_dict(each) for name, each in figures.items()}}


def _effect_to_dict(effect: Effect | None) -> dict[str, Any] | None:
    if effect is None:
        return None
    interval = list(effect.interval) if effect.interval is not None else None
    return {
        "difference": effect.difference, "interval": interval, "verdict": str(effect.verdict), "seeds": effect.pairs,
    }  # fmt: skip


# --- as a table -----------------------------------------------------------------------------------


def _print(found: Ablation) -> None:
    console = terminal()
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column(tr("technique"), overflow="fold")
    figures = _figures(found)
    for name in figures:
        table.add_column(tr("gap") if name == "gap" else name, justify="right")
    means = (_figure(name, value) for name, value in _of_variant(found.variants[0], figures))
    table.add_row(tr("all of them"), *means)
    for effects in found.effects:
        cells = (effects.best, effects.accuracy, effects.gap) if len(figures) == 3 else (effects.best, effects.gap)
        table.add_row(
            escape(effects.technique), *(_cell(name, each) for name, each in zip(figures, cells, strict=True))
        )
    console.print(table)
    console.print(_explained(found), highlight=False, style="dim", soft_wrap=True)


def _figures(found: Ablation) -> list[str]:
    """The figures that there are: what is monitored, and besides it the accuracy and the gap."""
    besides = found.monitor != "val_accuracy" and found.variants[0].accuracy is not None
    return [found.monitor, *(["val_accuracy"] if besides else []), "gap"]


def _of_variant(variant: VariantResult, figures: list[str]) -> list[tuple[str, float | None]]:
    values = (variant.best, variant.accuracy, variant.gap) if len(figures) == 3 else (variant.best, variant.gap)
    return list(zip(figures, values, strict=True))


def _cell(name: str, effect: Effect | None) -> str:
    if effect is None:
        return NEVER
    text = _figure(name, effect.difference, "+")
    if effect.interval is not None and effect.verdict is not Verdict.SAME:
        low, high = (_figure(name, end, "+") for end in effect.interval)
        text += "\n" + tr("{low} to {high}").format(low=low, high=high)
    return f"{text}\n{tr(VERDICTS[effect.verdict])}\n"


def _figure(name: str, value: float | None, sign: str = "") -> str:
    if value is None:
        return NEVER
    return f"{100 * value:{sign}.2f} %" if name.endswith("accuracy") else f"{value:{sign}.4f}"


def _explained(found: Ablation) -> str:
    sentences = [
        tr(
            "all of them: means over the seeds; below it what each technique did: with it less without it. {monitor} "
            "is of the best epoch, the gap (validation loss less clean training loss) of the last."
        ).format(monitor=found.monitor)
    ]
    if found.variants[0].accuracy is not None:
        sentences.append(tr("Accuracies differ by percentage points."))
    if len(found.plan.seeds) == 1:
        sentences.append(tr("With one seed there is no interval: --seeds 3 or more tells an effect from luck."))
    else:
        sentences.append(tr("With 95 % intervals of the paired differences (Student's t)."))
        if len(found.effects) >= 5:
            sentences.append(
                tr("Of twenty techniques that do nothing about one would seem to do something, by luck alone.")
            )
    return " ".join(sentences)


def _planned(planned: Plan) -> str:
    """How many runs there are to be, and of what."""
    techniques, seeds, runs = len(planned.techniques), len(planned.seeds), len(planned.members)
    return (
        ", ".join(
            (
                (tr("{count} technique") if techniques == 1 else tr("{count} techniques")).format(count=techniques),
                (tr("{count} seed") if seeds == 1 else tr("{count} seeds")).format(count=seeds),
            )
        )
        + ": "
        + (tr("{count} run") if runs == 1 else tr("{count} runs")).format(count=runs)
    )
