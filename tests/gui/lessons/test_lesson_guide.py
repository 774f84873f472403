"""A lesson in the window: guess, train, verdict; what comes back afterwards; and what a person may do in the middle."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QPoint, Qt

from engine.config import recipe
from engine.lessons.band import bands_of, write_bands
from engine.lessons.reading import read_lesson, read_lessons
from engine.yaml_file import write_yaml
from gui.lessons.words import Stand
from gui.training.session import State
from gui.widgets.elided_button import room_for_text
from tests.engine.lessons.test_lesson import lesson_data, rows
from tests.gui.driving import SECONDS, pump

FAST = {"run": "fast", "figure": "last_train_loss", "is": "below", "than": "base"}


@pytest.fixture
def opened(workspace, open_window, catalogue):
    """A window with two small lessons of a teacher's own, the first of them open."""
    folder = workspace / "lessons"
    folder.mkdir(parents=True)
    write_yaml(folder / "90-mine.yaml", lesson_data())
    write_yaml(folder / "91-other.yaml", lesson_data(id="other", title="Other"))
    write_bands(
        folder / "bands" / "mine.json", read_lesson(folder / "90-mine.yaml", catalogue),
        bands_of({"base": [rows([2, 1]), rows([3, 2])]}), 5, 4,
    )  # fmt: skip
    driver = open_window(workspace)
    pump(lambda: driver.conductor.lessons.lessons)
    driver.set(lr=0.005)
    driver.conductor.lessons.open("mine")
    driver.press("slow")  # as fast as it goes
    return driver


def guess(driver, choice="slow"):
    question = driver.window.lesson.question
    if choice is None:
        question.skip.click()
        return
    question.buttons[choice].click()
    question.give.click()


def train(driver, *ids):
    for id in ids:
        driver.window.lesson.rows[id].button.click()
    stands = driver.conductor.lessons
    pump(lambda: all(stands._stand(stands.lesson.variant(id)) is Stand.DONE for id in ids))
    pump(lambda: driver.session.state is State.READY)


def test_a_guess_comes_first_then_the_runs_then_the_verdict_with_the_guess_beside_it(opened):
    panel = opened.window.lesson
    assert not any(row.button.isEnabled() for row in panel.rows.values()) and not panel.question.give.isEnabled()
    assert opened.window.graph.band.loss is None  # it would give the answer away
    guess(opened, "slow")
    assert opened.window.graph.band.loss is not None
    train(opened, "base", "fast")
    pump(panel.verdict.text)
    said = panel.verdict.text()
    assert "The runs say: fast." in said and "Your guess: slow. It came out otherwise." in said
    assert "✓" in panel.found.text() and "4 of 5" in panel.held.text()
    assert not set(panel.found.text().splitlines()) & set(said.splitlines())  # nothing is told twice
    assert [panel.question.marks[id].text() for id in ("slow", "fast")] == ["✗", "✓"]
    assert opened.overlay_labels() == ["As it is"] and opened.session.run.label == "Fast"


def foot_of(panel):
    return [panel.result, panel.hand_in, panel.onward, panel.leave]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("width", [260, 330])
def test_no_button_moves_from_the_question_to_the_verdict(opened, language, width):
    """Who presses twice, or presses as a run ends, does not hit another one."""
    opened.press(f"language_{language}")
    panel = opened.window.lesson
    opened.window.resizeDocks([opened.window.lesson_dock], [width], Qt.Orientation.Horizontal)
    buttons = [*(row.button for row in panel.rows.values()), *foot_of(panel)]

    def places():
        for _ in range(5):  # what was said anew is laid out anew
            opened.app.processEvents()
        return [(button.mapTo(panel, QPoint()), button.width()) for button in buttons]

    before = places()
    guess(opened, "slow")
    assert places() == before
    train(opened, "base", "fast")
    pump(panel.verdict.text)
    assert places() == before
    assert panel.hand_in.isEnabled() and panel.found.isVisible()


def test_the_result_is_a_press_away_once_it_is_there(opened):
    panel = opened.window.lesson
    panel.text.setText("\n".join(["A lesson of many words."] * 60))
    assert not panel.result.isEnabled()
    guess(opened, "slow")
    train(opened, "base", "fast")
    pump(panel.result.isEnabled)
    opened.app.processEvents()

    def is_seen():
        viewport = panel.area.viewport()
        return viewport.rect().contains(panel.verdict.mapTo(viewport, QPoint()))

    assert not is_seen()
    panel.result.click()
    assert is_seen()


def test_the_last_step_of_a_lesson_is_the_next_one(opened):
    panel = opened.window.lesson
    assert panel.onward.isEnabled() and "Other" in panel.onward.toolTip()
    panel.onward.click()
    assert opened.conductor.lessons.lesson.id == "other" and not panel.onward.isEnabled()
    assert not panel.hand_in.isEnabled()


def test_the_buttons_of_all_lessons_say_the_whole_of_what_they_train(opened, catalogue):
    """In the narrowest window, where the dock has 300 pixels of its 1,024."""
    opened.press("language_ko")
    lessons, panel = opened.conductor.lessons, opened.window.lesson
    opened.window.resize(1024, 640)
    for lesson in lessons.lessons:
        if lesson.id not in ("mine", "other"):
            lessons.open(lesson.id)
            opened.app.processEvents()
            for row in panel.rows.values():
                room = room_for_text(row.button)
                assert row.button.fontMetrics().horizontalAdvance(row.button.text()) <= room, row.button.text()


def test_who_presses_start_in_a_lesson_is_asked_for_a_guess_first(opened):
    lessons = opened.conductor.lessons
    opened.press("start")
    assert opened.session.state is State.READY and "asks first" in opened.says("guess")
    guess(opened, "slow")
    assert not opened.says("guess")
    opened.train()
    pump(lambda: lessons._stand(lessons.lesson.base) is Stand.DONE)
    lessons.open("other")
    opened.press("start")
    opened.answer("guess")
    opened.wait_for_end()
    assert lessons.guess.choice is None and opened.session.run.history.epochs


def test_start_with_other_settings_than_the_lessons_is_the_persons_own(opened):
    opened.set(lr=0.02)
    opened.train()
    assert not opened.says("guess") and opened.session.run.config.lr == 0.02


def test_a_question_may_be_skipped(opened):
    guess(opened, None)
    assert all(row.button.isEnabled() for row in opened.window.lesson.rows.values())
    train(opened, "base")
    assert opened.window.lesson.verdict.text() == ""  # the other run is missing


def test_the_own_settings_come_back_unless_others_were_made_meanwhile(opened):
    lessons = opened.conductor.lessons
    assert opened.panel.config.lr == 0.001
    lessons.leave()
    assert opened.panel.config.lr == 0.005 and not opened.window.lesson_dock.isVisible()
    lessons.open("mine")
    lessons.open("other")
    opened.set(lr=0.25)
    lessons.leave()
    assert opened.panel.config.lr == 0.25
    opened.panel.undo()
    assert opened.panel.config.lr == 0.001


def test_what_a_lesson_leads_on_to_stands_in_the_settings_and_undo_has_the_former(opened, catalogue):
    lessons, panel = opened.conductor.lessons, opened.window.lesson
    assert not panel.further.isVisibleTo(panel)
    lessons.open("transfer")
    assert not panel.further.isVisibleTo(panel)  # it would tell too much before the guess
    guess(opened, "nothing")
    panel.further.click()
    assert lessons.lesson is None and opened.panel.config == recipe("pretrained-frozen-body", catalogue)
    opened.panel.undo()
    assert opened.panel.config.lr == 0.005


def test_closing_the_dock_leaves_the_lesson(opened):
    opened.window.lesson_dock.close()
    assert opened.conductor.lessons.lesson is None and opened.panel.config.lr == 0.005


def test_a_variant_that_trains_or_waits_is_not_started_twice_and_a_done_one_may_be_watched_again(opened):
    guess(opened)
    lessons = opened.conductor.lessons
    opened.press("by_epoch")
    lessons.train("base")
    lessons.train("base")
    lessons.train("fast")
    lessons.train("fast")
    assert len(opened.conductor.control.queue.waiting) == 1
    rows_ = opened.window.lesson.rows
    assert not rows_["base"].button.isEnabled() and not rows_["fast"].button.isEnabled()
    opened.press("by_epoch")
    pump(lambda: opened.session.state in (State.PAUSED, State.READY))
    if opened.session.state is State.PAUSED:
        opened.press("pause")
    pump(lambda: not opened.session.busy and not opened.conductor.control.queue.waiting)
    train(opened, "base")
    assert len([run for run in opened.window.runs.list.all_runs if run.title == "As it is"]) == 2
    assert opened.overlay_labels() == ["Fast"]  # of the two that are the same, the one in front


def test_another_lesson_in_the_middle_of_a_run_takes_back_what_waits_and_lets_the_run_end(opened):
    guess(opened)
    lessons = opened.conductor.lessons
    lessons.train("base")
    lessons.train("fast")
    lessons.open("other")
    assert opened.conductor.control.queue.waiting == ()
    opened.wait_for_end()
    assert opened.window.lesson.question.buttons["fast"].isEnabled()  # this one was not answered yet


def test_a_lesson_is_there_again_when_the_window_is_opened_again_with_its_guess_and_the_former_settings(
    opened, open_window, workspace
):
    guess(opened, "fast")
    train(opened, "base")
    opened.close()
    again = open_window(workspace)
    pump(lambda: again.conductor.lessons.lesson is not None)
    assert again.conductor.lessons.guess.choice == "fast" and again.window.lesson.question.buttons["fast"].isChecked()
    pump(lambda: again.overlay_labels())  # what was made before is drawn
    again.conductor.lessons.leave()
    assert again.panel.config.lr == 0.005


def test_the_first_lesson_opens_by_itself_once(open_window, workspace, catalogue):
    driver = open_window(workspace, first=True)
    lessons = driver.conductor.lessons
    pump(lambda: lessons.lesson is not None)
    assert lessons.lesson.id == "first-lesson" and driver.window.lesson.isVisible()
    assert driver.panel.config == recipe("first-lesson", catalogue).changed({"threads": "1"})
    assert list(driver.window.lesson.rows) == ["base", "dropout", "augmentation", "plateau", "early-stopping"]
    lessons.leave()
    driver.close()
    again = open_window(workspace, first=True)
    pump(lambda: again.conductor.lessons.lessons)
    assert again.conductor.lessons.lesson is None and not again.window.lesson.isVisible()


def test_who_has_begun_meanwhile_is_not_interrupted_by_the_first_lesson(open_window, workspace, monkeypatch):
    may_read = threading.Event()

    def read_late(*given):
        assert may_read.wait(SECONDS)
        return read_lessons(*given)

    monkeypatch.setattr("gui.lessons.guide.read_lessons", read_late)
    driver = open_window(workspace, first=True)
    mine = driver.set(epochs=2, lr=0.003)
    may_read.set()
    pump(lambda: driver.conductor.lessons.lessons)
    assert driver.conductor.lessons.lesson is None and driver.panel.config == mine


def test_a_lesson_that_cannot_be_read_is_named_and_the_others_are_there(open_window, workspace):
    (workspace / "lessons").mkdir(parents=True)
    (workspace / "lessons" / "92-broken.yaml").write_text("format: 9", encoding="utf-8")
    driver = open_window(workspace)
    pump(lambda: driver.conductor.lessons.lessons)
    assert "92-broken.yaml" in driver.says("lessons")


def test_a_run_waits_for_the_key_after_each_epoch_and_ends_by_itself(opened):
    guess(opened)
    opened.press("by_epoch")
    assert not opened.window.actions_by_name["next_epoch"].isEnabled()
    opened.window.lesson.rows["base"].button.click()
    pump(lambda: opened.session.state is State.PAUSED)
    assert len(opened.session.run.history.epochs) == 1
    opened.press("next_epoch")
    opened.wait_for_end()
    assert len(opened.session.run.history.epochs) == 2
