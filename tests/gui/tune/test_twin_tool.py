"""Twins in the window: chosen by hand, trained side by side, stopped and closed with both saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import language
from engine.checkpoints.checkpoint import read_checkpoint
from engine.config import recipe
from engine.events import Failed, Finished
from engine.run_records.index import list_runs
from engine.runs import new_run
from gui.training.session import State
from gui.tune.twin.choice import RUN
from tests.engine.support import differing, run
from tests.gui.driving import pump
from tests.gui.test_fits import MINIMUM, cut_off, settle
from tests.gui.training.test_run_control import UNLUCKY


def last_of(folder: Path):
    return read_checkpoint(folder / "checkpoints" / "last.safetensors")


class Twin:
    """A window with the tool in sight."""

    def __init__(self, window, **values):
        self.window = window
        self.session = window.session
        values = {"epochs": 4, "threads": "1", "device": "cpu", **values}
        window.panel.set_config(recipe("noisy-line", window.window.bench.catalogue).changed(values))
        window.window.centre.bring_forward("tune")
        self.tool = window.window.centre.tune.bring_forward("twin")
        pump(self.tool.isVisible)

    @property
    def choice(self):
        return self.tool.choice

    @property
    def runs(self):
        return self.session.twins.runs

    def says(self):
        return self.tool.plots.parted.text() if self.tool.plots else ""

    def take(self, words):
        self.choice.techniques.setCurrentIndex(self.choice.techniques.findText(words))

    def begin(self):
        self.choice.train.click()
        pump(lambda: all(each.history.epochs for each in self.runs))

    def train(self):
        self.choice.train.click()
        assert self.session.busy
        self.window.wait_for_end()


@pytest.fixture
def twin(open_window, workspace):
    return lambda **values: Twin(open_window(workspace), **values)


def settled(tool, epochs):
    """They are over, and drawn so: the lines of the plot have so many epochs each."""
    if (
        not tool.twins.over
        or tool._later.isActive()
        or tool.plots is None
        or len(tool.plots.curves._lines) != len(epochs)
    ):
        return False
    return [len(line.bands["val_loss"].epochs) for line in tool.plots.curves._lines] == epochs


def test_with_and_without_dropout_two_runs_two_curves_two_fits(twin):
    made = twin()
    assert made.choice.techniques.currentText() == "With Dropout"  # which the recipe offers
    assert "(p 0.5)" in made.choice.explanation.text()
    made.train()
    pump(lambda: settled(made.tool, [4, 4]))
    plots = made.tool.plots
    assert plots.parted.text() == "The losses differ from step 1 on."
    assert [each.name for each in plots.curves._lines] == ["MLP", "MLP + Dropout"]
    assert "epoch 4 of 4" in plots.standing.text() and plots.standing.text().count("All epochs done") == 2
    pump(lambda: plots.fit._points["training"] is not None)
    assert len(plots.fit._points["training"][0]) == 20 and plots.fit.isVisible()
    assert list(plots.fit._fit[1]) == list(made.session.twins.fits[0].y)
    assert [(each.label, list(each.y)) for each in plots.fit._overlays] == [
        ("MLP + Dropout", list(made.session.twins.fits[1].y))
    ]


def test_each_is_a_run_as_if_it_had_trained_alone_and_listed_like_one(twin, catalogue, tmp_path):
    made = twin()
    made.train()
    for each in made.runs:
        alone = new_run(each.config, catalogue, tmp_path / "elsewhere")
        run(alone)
        assert differing(last_of(each.folder), last_of(Path(alone.store.where))) == []
    window = made.window
    assert set(made.runs) <= set(window.window.runs.list.all_runs)
    assert window.overlay_labels() == ["MLP + Dropout"]  # the second one is drawn behind the first
    fits = [drawing.fit for drawing in window.window.graph.overlays]
    assert fits[0] is not None and list(fits[0][1]) == list(made.session.twins.fits[1].y)
    # The first one goes on as any run does, and is no twin any more.
    window.press("more")
    pump(lambda: len(made.runs[0].history.epochs) > 4)
    window.wait_for_end()
    assert made.session.twins.over and [len(each.history.epochs) for each in made.runs] == [14, 4]


def test_what_is_ticked_can_be_left_out_and_what_makes_other_batches_is_refused(twin):
    made = twin()
    made.take("With Balanced sampling")
    assert not made.choice.train.isEnabled() and made.choice.note.isVisible()
    made.take("With Dropout")
    assert made.choice.train.isEnabled() and not made.choice.note.isVisible()
    made.window.tick("dropout")
    made.take("Without Dropout")
    asked = []
    made.tool.twins_asked.disconnect()
    made.tool.twins_asked.connect(asked.append)
    made.choice.train.click()
    assert asked == [[made.tool.config, made.tool.config.unticked("dropout")]]


def test_with_the_settings_of_another_run_which_can_be_taken_over_where_batches_differ(twin, workspace, catalogue):
    values = {"threads": "1", "device": "cpu", "epochs": 2, "lr": 0.01, "batch_size": 10, "name": "the other"}
    run(new_run(recipe("noisy-line", catalogue).changed(values), catalogue, workspace))
    made = twin()
    made.choice.kind.button(RUN).click()
    pump(lambda: made.choice.runs.count() == 1)
    assert made.choice.runs.currentText().startswith("the other")
    assert "batch_size (20, 10)" in made.choice.note.text() and not made.choice.train.isEnabled()
    made.choice.mend.click()
    assert made.window.panel.config.batch_size == 10 and made.window.panel.can_undo()
    assert made.choice.train.isEnabled() and not made.choice.mend.isVisible()
    made.train()
    assert [len(each.history.epochs) for each in made.runs] == [4, 2]
    assert [each.config.lr for each in made.runs] == [0.002, 0.01]
    pump(lambda: made.says() == "The losses differ from step 2 on.")


def test_the_same_settings_give_the_same_curves(twin, workspace, catalogue):
    values = {"threads": "1", "device": "cpu", "epochs": 4}
    run(new_run(recipe("noisy-line", catalogue).changed(values), catalogue, workspace))
    made = twin()
    made.choice.kind.button(RUN).click()
    pump(lambda: made.choice.runs.count() == 1)
    assert made.choice.explanation.text().startswith("The two are the same")
    made.train()
    pump(lambda: made.says() == "The losses are the same at every step.")
    assert len({each.label for each in made.runs}) == 2
    assert made.session.twins.fits[0].y == made.session.twins.fits[1].y


def test_pause_holds_both_and_stop_ends_both_with_everything_saved(twin):
    made = twin(epochs=100_000)
    made.begin()
    made.window.press("pause")
    pump(lambda: made.session._runner.events.empty() and made.session.state is State.PAUSED)
    made.session.change_lr(0.5)
    pump(lambda: "learning rate of twins" in made.window.says("refused"))
    counts = [len(each.history.epochs) for each in made.runs]
    assert max(counts) - min(counts) <= 1 and made.session.progress is not None
    made.window.press("pause")
    pump(lambda: all(len(each.history.epochs) > count for each, count in zip(made.runs, counts, strict=True)))
    pump(lambda: made.choice.stop.isVisible())
    made.choice.stop.click()
    made.window.wait_for_end()
    for each in made.runs:
        assert isinstance(each.outcome, Finished) and each.outcome.stopped
        assert last_of(each.folder).meta["progress"]["step"] == each.outcome.step
        assert each.continue_from is not None
    pump(lambda: made.choice.train.isVisible())


def test_closing_amid_twins_saves_both(twin, workspace):
    made = twin(epochs=100_000)
    made.begin()
    made.window.close()
    records = list_runs(workspace)
    assert len(records) == 2
    for record in records:
        assert record.status.value == "unfinished" and last_of(record.folder).meta["progress"]["epoch"] >= 1


def test_stopped_while_it_reads_its_data_nothing_is_begun(twin, workspace, monkeypatch):
    import engine.twin

    made = twin()
    plain = engine.twin.twin_runs

    def slow(configs, catalogue, folder, report):
        while not made.session._stop_asked:
            pass
        report("reading", None)
        return plain(configs, catalogue, folder, report)

    monkeypatch.setattr(engine.twin, "twin_runs", slow)
    made.choice.train.click()
    made.choice.stop_pressed.emit()
    made.window.wait_for_end()
    assert made.session.twins.over and not list_runs(workspace)
    pump(lambda: made.choice.train.isVisible())
    monkeypatch.undo()
    made.train()
    assert len(list_runs(workspace)) == 2


def test_while_another_run_trains_twins_are_refused_and_it_goes_on(twin):
    made = twin(epochs=100_000)
    made.window.press("start")
    made.window.wait_for_epoch(1)
    made.choice.train.click()
    assert "another run trains" in made.window.says("refused") and made.session.twins is None
    made.window.press("stop")
    made.window.wait_for_end()


@pytest.mark.parametrize("first", [False, True])
def test_one_that_fails_is_named_and_the_other_goes_on(open_window, workspace, first):
    (workspace / "plugins").mkdir(parents=True)
    (workspace / "plugins" / "unlucky.py").write_text(UNLUCKY.format(at=3, error='RuntimeError("out of luck")'))
    made = Twin(open_window(workspace), epochs=30)
    if first:
        made.window.tick("unlucky")
        made.take("Without Unlucky")
    else:
        made.take("With Unlucky")
    made.train()
    failed, well = made.runs if first else reversed(made.runs)
    assert isinstance(failed.outcome, Failed) and "out of luck" in str(failed.outcome.text)
    assert isinstance(well.outcome, Finished) and well.outcome.epochs == 30
    assert "out of luck" in made.window.says("failed")
    pump(lambda: settled(made.tool, [2, 30] if first else [30, 2]))
    assert "out of luck" in made.tool.plots.standing.text()


def test_what_waits_comes_after_all_have_ended(twin):
    made = twin(epochs=40)
    made.begin()
    made.window.set(epochs=1)
    made.window.press("queue")
    pump(lambda: len(made.session.runs) == 3 and made.session.state is State.READY)
    assert made.session.twins.over and all(len(each.history.epochs) == 40 for each in made.session.runs[:2])
    assert len(made.session.runs[2].history.epochs) == 1


@pytest.mark.parametrize("spoken", ["en", "ko"])
def test_nothing_is_cut_off_at_the_smallest_size(app, twin, monkeypatch, spoken):
    monkeypatch.setenv(language.VARIABLE, spoken)
    made = twin()
    window = made.window.window
    window.resize(MINIMUM)
    settle(app, window)
    troubles = cut_off(window)
    made.choice.kind.button(RUN).click()
    pump(lambda: not window.bench.background.busy)
    settle(app, window)
    troubles += cut_off(window)
    made.choice.kind.button(0).click()
    made.train()
    pump(lambda: settled(made.tool, [4, 4]) and not window.bench.background.busy)
    settle(app, window)
    troubles += cut_off(window)
    assert not troubles, troubles
    assert made.tool.minimumSizeHint().width() <= window.graph.minimumSizeHint().width()  # the window need not grow
