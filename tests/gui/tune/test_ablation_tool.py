"""The tool "ablation": plans, queues what is missing and nothing twice, and fills in as runs end."""

from __future__ import annotations

import math

import pytest

from engine.config import recipe
from engine.run_records.index import list_runs
from engine.strategy_text import parse_strategy
from engine.sweeps.ablation import Effect, Verdict
from engine.sweeps.sweep import State
from gui.tune.ablation import words
from gui.tune.ablation.bars import EffectBar, EffectScale, reach
from gui.tune.ablation.tool import AblationTool
from gui.widgets.theme import DARK
from tests.gui.driving import pump


@pytest.fixture
def config(catalogue):
    chosen = recipe("first-lesson", catalogue).changed(
        {"epochs": 2, "train_samples": "130", "validation_samples": "60", "threads": "1", "device": "cpu"}
    )
    chosen = chosen.changed({"model": parse_strategy("mlp:hidden=8", catalogue, "model"), "with_": ()})
    for text in ("dropout:p=0.5", "weight-decay"):
        chosen = chosen.ticked(parse_strategy(text, catalogue))
    return chosen


@pytest.fixture
def tool(show, bench, config):
    made = AblationTool(bench)
    made.show_settings(config)
    return show(made, 500, 500)


def test_it_says_what_is_planned_and_queues_all_of_it_once(tool, bench, config):
    heard = []
    tool.runs_asked.connect(heard.append)
    pump(lambda: not bench.background.busy)
    assert tool.planned.text() == "2 techniques, 3 seeds: 9 runs" and not tool.results.isVisible()
    tool.seeds.setValue(2)
    assert tool.planned.text() == "2 techniques, 2 seeds: 6 runs" and tool.button.isEnabled()
    tool.button.click()
    pump(lambda: heard)
    [asked] = heard
    assert len(asked) == 6 and {each.seed for each in asked} == {0, 1}
    assert sorted(len(each.with_) for each in asked) == [1, 1, 1, 1, 2, 2]
    bench.coming = lambda: asked
    tool.touch()
    pump(lambda: not tool.button.isEnabled() and not bench.background.busy)
    assert tool.state.text() == "0 of 6 runs are done, 6 wait."
    bench.coming = lambda: asked[2:]
    tool.button.setEnabled(True)
    tool.button.click()
    pump(lambda: len(heard) == 2)
    assert heard[1] == asked[:2], "what waits is not asked for again"


def test_the_time_is_that_which_was_measured_on_the_settings(tool, bench, config):
    from engine.preview.estimate import Cost, Estimate
    from engine.preview.memory import MemoryNeed
    from gui.settings.estimate import essence

    cost = Cost(training=10.0, evaluation=0.0, saving=0.0, test=0.0, samples=130, steps=3)
    bench.estimates[essence(config)] = Estimate(MemoryNeed(0, 0, 0), None, True, cost)
    tool.touch()
    assert tool.planned.text() == "2 techniques, 3 seeds: 9 runs, about 3:00"


def test_it_says_what_it_needs(tool, config):
    tool.show_settings(config.changed({"with_": ()}))
    assert tool.planned.text() == "Tick on the left the techniques whose effect you want to know."
    assert not tool.button.isEnabled() and not tool.results.isVisible()
    tool.show_settings(config.changed({"monitor": "val_loss", "seed": 4}))
    assert tool.button.isEnabled() and tool.plan.seeds == (4, 5, 6)


def test_in_the_window_each_run_is_trained_once_and_the_answer_fills_in(open_window, workspace, config):
    driver = open_window(workspace)
    driver.panel.set_config(config)
    driver.window.centre.bring_forward("tune")
    tool = driver.window.centre.tune.bring_forward("ablation")
    tool._timer.setInterval(50)
    tool.seeds.setValue(2)
    pump(lambda: tool.button.isEnabled() and not driver.window.bench.background.busy)
    ended = []
    driver.session.ended.connect(ended.append)
    tool.button.click()
    stop = driver.window.actions_by_name["stop"]
    pump(lambda: ended and stop.isEnabled())  # the next one has just begun
    driver.press("stop")  # and whoever stops is asked about the others
    pump(lambda: not driver.session.busy)
    pump(lambda: tool.found.count(State.TRAINING) == 0 and not driver.window.bench.background.busy)
    begun = tool.found.count(State.BEGUN)
    driver.window.runs.waiting.clear_button.click()
    pump(lambda: tool.button.isEnabled())
    tool.button.click()
    pump(lambda: tool.found.count(State.DONE) == 6 and not driver.session.busy)
    assert len(list_runs(workspace)) == 6 and begun <= 1
    assert tool.state.text() == "All 6 runs are done." and not tool.button.isEnabled()
    assert [line.verdict.text().split(":")[0] for line in tool.results.lines] == ["Dropout", "Weight decay"]
    tool.results.choice.button(2).click()
    assert tool.results.figure == "gap" and "Gap" in tool.results.explained.text()
    tool.results.lines[0].button.click()  # leave out dropout
    assert [each.id for each in driver.panel.config.with_] == ["weight-decay"]
    assert tool.planned.text().startswith("1 technique, 2 seeds: 4 runs")
    assert tool.state.text() == "2 of 4 runs are done.", "those without dropout"
    driver.panel.set_config(config)
    assert tool.state.text() == "All 6 runs are done.", "going back shows the old results"


# --- in words and as bars -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "share", "figures", "verdict"),
    [
        (Effect(-0.0123, (-0.03, 0.0061), Verdict.NO_EFFECT, 3), False, "−0.0123 (−0.0300 to +0.00610)",
         "no measurable effect"),
        (Effect(0.021, (0.01, 0.032), Verdict.HELPED, 3), True, "+2.1 (+1.0 to +3.2)", "helped"),
        (Effect(0.0, (0.0, 0.0), Verdict.SAME, 3), False, "exactly 0", "changes nothing"),
        (Effect(0.5, None, Verdict.UNKNOWN, 1), False, "+0.500", "not known: of one seed alone"),
        (Effect(-0.005, None, Verdict.UNKNOWN, 2), True, "−0.5", "not known: the same in every seed"),
    ],
)  # fmt: skip
def test_an_effect_in_words(found, share, figures, verdict):
    assert words.effect(found, share=share) == figures and words.verdict(found) == verdict


def test_a_scale_shows_all_bars_and_no_interval_makes_them_invisible():
    plain = Effect(-0.5, (-0.6, -0.4), Verdict.HELPED, 3)
    wild = Effect(0.1, (-900.0, 901.0), Verdict.NO_EFFECT, 2)
    assert reach([plain]) == 0.6 and reach([plain, wild]) == 2.0
    assert reach([Effect(0.0, (0.0, 0.0), Verdict.SAME, 2)]) == 1.0 and reach([]) == 1.0


def test_a_bar_goes_from_zero_to_the_effect_on_its_side(show):
    bar = show(EffectBar(), 213, 20)
    bar.set_theme(DARK)
    for difference, verdict, colour in ((-0.5, Verdict.HELPED, DARK.lr), (0.5, Verdict.HURT, DARK.validation)):
        bar.show_effect(Effect(difference, None, verdict, 1), 1.0, "dropout")
        picture = bar.grab().toImage()
        row = [picture.pixelColor(x, 10).name().upper() for x in range(picture.width())]
        painted = [x for x, each in enumerate(row) if each == colour.upper()]
        middle = picture.width() / 2
        assert painted and all((x < middle) == (difference < 0) for x in painted)
        assert math.isclose(len(painted), (middle - 6) / 2, abs_tol=3)


@pytest.mark.parametrize("far", [1.0, 0.034, 7.2e-6, 250.0, 0.999])
def test_the_ends_of_a_scale_are_round_numbers_within_it(show, far):
    scale = show(EffectScale(), 200, 20)
    scale.show_scale(far, share=False)
    low, zero, high = scale.ticks()
    assert zero == 0 and low == -high and far / 3 < high <= far and f"{high:e}"[0] in "125"
    scale.grab()
