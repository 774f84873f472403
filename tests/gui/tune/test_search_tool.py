"""The tool "Search": begins what is ticked, watches whoever searches, and puts what was found on the left."""

from __future__ import annotations

import json
import math
import sys

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from engine.cli import build_parser
from engine.config import recipe
from engine.searches.files import journal_of
from engine.searches.space import parse_space
from engine.strategy_text import parse_strategy
from engine.terminal.given_settings import settings
from gui.tune.search import process, words
from gui.tune.search.axes import axes_of, places
from gui.tune.search.tool import COORDINATES, IMPORTANCE, PLAN, TRIALS, SearchTool
from gui.widgets.theme import DARK
from tests.engine.studies import SPACE, plan_of, study_of, train
from tests.gui.driving import pump

ATTENDED = """
import pathlib, sys
pathlib.Path(sys.argv[1]).write_text("\\n".join(sys.argv[2:]))
print("trial 0", flush=True)
while sys.stdin.buffer.raw.read(1):
    pass
print("tunedeck: the same command goes on where this one ended")
sys.exit(130)
"""
BROKEN = "import sys; print('tunedeck: the data are gone'); print('more'); sys.exit(2)"


@pytest.fixture
def config(catalogue):
    return recipe("default", catalogue).ticked(parse_strategy("dropout:p=0.4", catalogue))


@pytest.fixture
def tool(show, bench, config):
    made = SearchTool(bench)
    made.show_settings(config)
    yield show(made, 420, 560)
    made.end()


@pytest.fixture
def begun(monkeypatch, tmp_path):
    """In the place of the command line: a program that waits until its input ends. Gives the words it was given."""
    file = tmp_path / "words"
    monkeypatch.setattr(process, "program", lambda given: [sys.executable, "-c", ATTENDED, str(file), *given])

    def given():
        pump(lambda: file.is_file() and file.read_text())
        return build_parser().parse_args(file.read_text().split("\n"))

    return given


def settle(tool):
    pump(lambda: not tool.bench.background.busy)


def counted(tool):
    """The trials that are counted; fails where the search could not go on, with what it said."""
    assert tool.head.told.property("role") != "failure", tool.head.told.text()
    return tool.looked.seen.counted if tool.looked.seen is not None else 0


def look(tool):
    settle(tool)
    tool._look()
    settle(tool)


def opened(tool, name):
    tool.open_study(name)
    settle(tool)
    return tool


def type_into(field, text):
    field.setText(text)
    field.textEdited.emit(text)


@pytest.fixture
def led(catalogue, workspace):
    with study_of("led", plan_of(catalogue), catalogue, workspace) as study:
        yield study


# --- beginning ------------------------------------------------------------------------------------


def test_start_works_at_once_and_begins_what_is_ticked(tool, begun, config, catalogue, workspace):
    settle(tool)
    assert tool.head.start.text() == "Start" and tool.head.start.isEnabled() and not tool.head.stop.isVisible()
    assert {text.partition("=")[0] for text in tool.plan.space.texts} == {"lr", "dropout.p"}
    rows = tool.plan.space.rows
    rows["batch_size"].box.click()
    rows["dropout"].box.click()
    rows["lr"].editor.log.click()
    type_into(rows["lr"].editor.high, "0.5")
    tool.plan.options.trials.setValue(7)
    tool.plan.options.minutes.setValue(3)
    copied = tool.plan.command.line.text()
    tool.head.start.click()
    tool.head.start.click()
    given = begun()
    assert given.tune == ["lr=0.0001..0.5", "batch_size=16..256:log", "dropout=on+off", "dropout.p=0.1..0.8"]
    assert (given.trials, given.minutes, given.sampler, given.pruner) == (7, 3, "tpe", "median")
    assert settings(given, catalogue) == config
    assert tool.study == given.study and tool.views.current == TRIALS and "PyTorch" in tool.head.standing.text()
    assert tool.head.stop.isVisible() and not tool.head.start.isVisible()
    assert all(each in copied for each in ("--tune lr=0.0001..0.5", "--trials 7", "next.yaml"))


def test_what_is_typed_wrongly_is_said_and_nothing_begins(tool):
    settle(tool)
    rows = tool.plan.space.rows
    for text, said in (("a", "is no range"), ("1e9", "first must be below"), ("", "is no range")):
        type_into(rows["lr"].editor.low, text)
        assert said in rows["lr"].note.text() and said in tool.plan.problem.text()
        assert not tool.head.start.isEnabled() and not tool.plan.command.isVisible()
    type_into(rows["lr"].editor.low, "1e-5")
    assert not rows["lr"].note.text() and tool.head.start.isEnabled()
    for row in rows.values():
        if row.picked:
            row.box.click()
    assert "at least one" in tool.plan.problem.text() and not tool.head.start.isEnabled()


def test_other_settings_bring_other_lines_and_leave_what_was_typed(tool, config, catalogue):
    rows = tool.plan.space.rows
    type_into(rows["lr"].editor.high, "0.7")
    rows["optimizer"].box.click()
    words_button = rows["optimizer"].editor
    for action in words_button.list.actions():
        if action.data() not in ("adam", "sgd"):
            action.setChecked(False)
    assert words_button.text().startswith("adam, sgd")
    tool.show_settings(config.unticked("dropout").ticked(parse_strategy("weight-decay", catalogue)))
    texts = dict(text.split("=") for text in tool.plan.space.texts)
    assert texts["lr"].endswith("..0.7:log") and texts["optimizer"] == "adam+sgd"
    assert "dropout.p" not in tool.plan.space.rows and "weight-decay.decay" in texts
    assert parse_space(tool.plan.space.texts, tool.config, catalogue)


def test_the_command_that_is_copied_finds_its_settings(tool, config, catalogue):
    import shlex

    tool.plan.command.copied.click()
    program, *given = shlex.split(QGuiApplication.clipboard().text())
    assert program == "tunedeck" and settings(build_parser().parse_args(given), catalogue) == config


# --- its end --------------------------------------------------------------------------------------


def test_stopped_it_keeps_everything_and_goes_on_by_its_name(tool, begun, catalogue, workspace):
    settle(tool)
    tool.head.start.click()
    first = begun()
    with study_of(first.study, plan_of(catalogue), catalogue, workspace) as study:
        train(study, 0.5)
        pump(lambda: tool.looked.seen is not None and tool.looked.seen.counted == 1)
    tool.head.stop.click()
    assert "Stopping" in tool.head.told.text() and not tool.head.stop.isEnabled()
    pump(lambda: (look(tool), tool.head.start.isVisible())[1])
    assert "Everything is kept" in tool.head.told.text() and tool.head.start.text() == "Continue"
    (workspace.parent / "words").unlink()
    tool.head.start.click()
    again = begun()
    assert (again.join, again.trials, again.tune) == (first.study, first.trials, [])


def test_an_end_that_nobody_asked_for_is_one_line(tool, monkeypatch):
    monkeypatch.setattr(process, "program", lambda given: [sys.executable, "-c", BROKEN])
    settle(tool)
    tool.head.start.click()
    pump(lambda: (look(tool), "has ended" in tool.head.told.text())[1])
    assert tool.head.told.text().endswith("the data are gone") and tool.head.told.property("role") == "failure"
    assert tool.head.start.isEnabled()


def test_a_program_that_is_not_there_is_one_line(tool, monkeypatch):
    monkeypatch.setattr(process, "program", lambda given: ["/nowhere/at/all"])
    settle(tool)
    tool.head.start.click()
    pump(lambda: "can't be started" in tool.head.told.text())
    assert tool.head.start.isEnabled() and not tool.study


def test_it_ends_with_the_window(tool, begun):
    settle(tool)
    tool.head.start.click()
    begun()
    started = tool.process
    tool.end()
    assert started.code == 130


# --- watching -------------------------------------------------------------------------------------


def test_a_search_of_a_terminal_is_watched_as_it_goes(tool, led, catalogue):
    train(led, 0.5, 0.25)
    look(tool)
    assert tool.study == "led" and tool.views.current == TRIALS, "it is opened by itself"
    rows = tool.table.table.texts()
    assert [row[:3] for row in rows] == [["1 (best)", "complete", "0.250"], ["0", "complete", "0.500"]]
    assert "searched by another program" in tool.head.standing.text() and tool.head.start.text() == "Take part"
    assert "--join led" in tool.plan.command.line.text()
    asked = led.ask(None)
    led.report(asked, 1, 0.75)
    train(led, None)
    look(tool)
    rows = tool.table.table.texts()
    assert [row[1] for row in rows] == ["failed", "trains", "complete", "complete"] and rows[1][2:4] == ["0.750", "1"]
    tool.hide()
    train(led, 0.125)
    before = tool.looked
    tool._look()
    settle(tool)
    assert tool.looked is before, "what is not seen is not looked at"
    tool.show()
    settle(tool)
    assert tool.looked.seen.best.value == 0.125


def test_a_chosen_trial_stays_chosen_while_others_come_and_wherever_it_is_sorted(tool, led):
    train(led, 0.5, 0.25, 0.75)
    opened(tool, "led")
    tool.table.table.sort_by(2)
    tool.table.table.setCurrentIndex(tool.table.table.model().index(1, 0))
    assert tool.table.current == 0 == tool.coordinates.current
    assert tool.head.use_chosen.isVisible() and "trial 0" in tool.head.use_chosen.text()
    train(led, 0.3, 0.1)
    look(tool)
    assert tool.table.current == 0 == tool.coordinates.current
    values = [float(row[2]) for row in tool.table.table.texts()]
    assert values == sorted(values) and tool.table.table.texts()[0][0] == "4 (best)"
    tool.table.table.sort_by(tool.table.table.model().columnCount() - 1)  # which not every trial has chosen
    assert tool.table.current == 0


def test_the_settings_of_a_trial_are_put_on_the_left(tool, led, config, catalogue):
    train(led, 0.5, 0.25, 0.75)
    heard = []
    tool.settings_asked.connect(heard.append)
    tool.show_settings(config.changed({"name": "mine", "threads": "3"}))
    opened(tool, "led")
    tool.head.use_best.click()
    tool.coordinates._choose(2)
    tool.head.use_chosen.click()
    for made, trial in zip(heard, (1, 2), strict=True):
        chosen = led.trials()[trial].params
        assert (made.name, made.threads, made.lr) == ("mine", "3", chosen["lr"])
        assert made.optimizer.id == chosen["optimizer"]
        assert ("dropout" in {each.id for each in made.with_}) == (chosen["dropout"] == "on")
    assert "trial 2" in tool.head.told.text() and "undo" in tool.head.told.text()
    tool.coordinates._choose(1)
    assert not tool.head.use_chosen.isVisible(), "the best has a button of its own"


def test_a_study_brings_its_plan_which_stays(tool, led, catalogue):
    train(led, *[0.5] * 60)
    opened(tool, "led")
    tool.views.button(PLAN).click()
    assert set(tool.plan.space.rows) == {text.partition("=")[0] for text in SPACE}
    assert not any(row.box.isEnabled() for row in tool.plan.space.rows.values())
    options = tool.plan.options
    assert options.options.sampler == "random" and not options.sampler.isEnabled() and options.trials.value() == 110
    tool.open_study("")
    settle(tool)
    assert (
        options.sampler.isEnabled()
        and options.study.text() == ""
        and tool.plan.space.rows["batch_size"].box.isEnabled()
    )
    assert tool.head.start.text() == "Start" and not tool.head.best.isVisible() and tool.views.current == PLAN


@pytest.mark.parametrize("text", ["[]\n", '{"op_code": 0, "worker_id": "a", "study_name": "x", "directions": [1]}\n'])
def test_a_strange_study_is_one_line_and_another_opens(tool, led, workspace, text):
    train(led, 0.5)
    journal_of(workspace, "strange").write_text(text)
    opened(tool, "strange")
    assert "no journal" in tool.head.told.text() and not tool.head.start.isEnabled()
    assert "\n" not in tool.head.told.text()
    opened(tool, "led")
    assert not tool.head.told.isVisible() and tool.looked.seen.counted == 1


def test_importance_is_found_when_it_is_looked_at(tool, led, catalogue):
    opened(tool, "led")
    tool.views.button(IMPORTANCE).click()
    settle(tool)
    assert "enough complete trials" in tool.importance.explained.text() and not tool.importance.bars.isVisible()
    for _ in range(30):
        asked = led.ask(None)
        led.report(asked, 1, abs(math.log10(asked.trial.params["lr"]) + 2))
        led.complete(asked)
    look(tool)
    shares = tool.importance.bars.shares
    assert (
        shares[0][0] == "Learning rate" and shares[0][1] > 0.5 and sum(share for _, share in shares) == pytest.approx(1)
    )
    assert {name for name, _ in shares} >= {"Learning rate", "Optimizer", "Dropout"}
    found = tool.looked.importance
    look(tool)
    assert tool.looked.importance is found, "it is found once of the same trials"


def test_a_run_that_trains_here_is_told_of(tool, begun):
    settle(tool)
    tool.bench.busy = lambda: True
    tool.head.start.click()
    begun()
    look(tool)
    assert "each slows the other" in tool.head.standing.text()
    tool.bench.busy = lambda: False


# --- coordinates ----------------------------------------------------------------------------------


def test_every_trial_has_a_place_on_every_axis_and_the_best_is_on_top(tool, led):
    train(led, 0.5, 0.25, 0.75, 80.0, None)
    train(led, 0.3, end="pruned")
    opened(tool, "led")
    seen = tool.looked.seen
    axes = axes_of(seen, tool.bench.catalogue)
    assert [axis.title for axis in axes] == ["Validation loss", "Optimizer", "Dropout", "Dropout: p", "Learning rate"]
    for axis in axes:
        assert axis.ticks and all(0 <= place <= 1 for place, _ in axis.ticks)
    for trial in seen.trials:
        where = places(trial, axes)
        assert all(place is None or 0 <= place <= 1 for place in where)
        assert (where[3] is None) == ("dropout.p" not in trial.params) and (where[0] is None) == (trial.value is None)
        low, high = math.log(1e-3), math.log(1e-1)
        assert where[4] == pytest.approx((math.log(trial.params["lr"]) - low) / (high - low))
    assert places(seen.best, axes)[0] == 1 and places(seen.trials[3], axes)[0] == 0
    assert places(seen.trials[0], axes)[0] > 0.2, "one that diverged leaves room for the others"


def test_a_line_is_chosen_by_a_click_and_by_keys(tool, led):
    train(led, 0.5, 0.25, 0.75)
    opened(tool, "led")
    tool.views.button(COORDINATES).click()
    tool.set_theme(DARK)
    drawn = tool.coordinates
    drawn.grab()
    best = tool.looked.seen.best
    where = places(best, drawn.axes)
    point = QPointF(drawn.x_of(0), drawn.y_of(where[0]))
    assert drawn.trial_at(point) is best and drawn.trial_at(QPointF(2.0, 2.0)) is None
    QTest.mouseClick(drawn, Qt.MouseButton.LeftButton, pos=point.toPoint())
    assert tool.table.current == best.number == drawn.current
    QTest.keyClick(drawn, Qt.Key.Key_Down)
    assert drawn.current == 0 == tool.table.current, "the next worse"
    QTest.keyClick(drawn, Qt.Key.Key_Up)
    QTest.keyClick(drawn, Qt.Key.Key_Up)
    assert drawn.current == best.number
    QTest.mouseClick(drawn, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert drawn.current is None and tool.table.current is None and not tool.head.use_chosen.isVisible()
    assert "0.250" in words.tip(best, "val_loss", tool.bench.catalogue)


def test_lines_of_the_best_and_of_one_that_was_given_up_look_different(tool, led):
    """By their colour, and by marks: neither alone."""
    train(led, 0.5, 0.4)
    train(led, 0.9, end="pruned")
    opened(tool, "led")
    tool.views.button(COORDINATES).click()
    drawn = tool.coordinates
    pens = {trial.number: drawn._pen(trial, 1.0) for trial, _ in drawn._lines}
    assert pens[0].color() != pens[2].color() and pens[0].widthF() > pens[2].widthF()
    image = drawn.grab().toImage()
    where = places(tool.looked.seen.best, drawn.axes)
    ratio = image.devicePixelRatio()
    colour = image.pixelColor(int(drawn.x_of(1) * ratio), int(drawn.y_of(where[1]) * ratio)).name().upper()
    assert colour == drawn.theme.validation


def test_what_is_kept_of_a_study_is_what_json_can_say(led, workspace):
    """The journal that the window reads is the one that `tunedeck search` writes."""
    train(led, 0.5)
    assert all(json.loads(line) for line in journal_of(workspace, "led").read_bytes().splitlines())


def test_in_the_window_it_is_begun_used_undone_closed_and_left_to_go_on(open_window, workspace, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def opened_window():
        driver = open_window(workspace)
        driver.press("tab_tune")
        return driver, driver.window.centre.tune.bring_forward("search")

    driver, tool = opened_window()
    before = driver.set(threads="1", train_samples="100", validation_samples="60", epochs=1, device="cpu")
    settle(tool)
    tool.plan.options.trials.setValue(5_000)
    pump(tool.head.start.isEnabled)
    tool.head.start.click()
    pump(lambda: counted(tool) > 1, 120)
    tool.head.use_best.click()
    assert driver.panel.config.lr == tool.looked.seen.best.params["lr"] != before.lr
    driver.press("undo")
    assert driver.panel.config == before
    going = tool.process
    driver.close()
    pump(lambda: going.code is not None, 120)
    assert going.code == 130
    driver, tool = opened_window()
    pump(lambda: tool.looked.seen is not None and not driver.window.bench.background.busy, 120)
    assert tool.looked.seen.counted > 1 and not tool.looked.seen.is_searched
    assert tool.head.start.text() == "Continue" and tool.head.start.isEnabled()
