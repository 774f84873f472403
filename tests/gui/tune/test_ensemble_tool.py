"""The tool "Ensemble": lists what can be combined, measures what is ticked, and writes exactly that."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from engine.catalogue import Catalogue, Entry
from engine.comparison import repetitions
from engine.data import DataBundle, Part, Source, split
from engine.ensembles import members as ensemble_members
from engine.ensembles.members import measure_ensemble
from engine.message import InputError
from engine.runs import new_run
from engine.store import RunFolder
from gui.runs.run import Run
from gui.tune.ensemble.tool import EnsembleTool
from gui.workbench import Workbench
from tests.engine.support import Blobs, tiny_config
from tests.gui.driving import Driver, pump


class Wide(Blobs):
    """The same classes, in images of another shape."""

    id = "wide"

    def load(self, source):
        bundle = super().load(source)
        parts = (bundle.training, bundle.validation, bundle.test)
        wide = [Part(part.inputs.repeat(1, 1, 1, 2), part.targets) for part in parts]
        return DataBundle(*wide, bundle.class_names)


class Renamed(Blobs):
    """The same images under other names."""

    id = "renamed"

    def load(self, source):
        bundle = super().load(source)
        return DataBundle(bundle.training, bundle.validation, bundle.test, tuple("wxyz"))


class Slope(Blobs):
    """A regression."""

    id = "slope"

    def load(self, source: Source) -> DataBundle:
        inputs = torch.linspace(-1, 1, 80).reshape(40, 2)
        part = Part(inputs, 2 * inputs[:, :1])
        return DataBundle(part, part, task="regression")


KINDS = {
    "first": {}, "second": {"seed": 1}, "third": {"seed": 2, "model": "linear"}, "wide": {"dataset": Wide()},
    "renamed": {"dataset": Renamed()}, "scores": {"loss": "mse"}, "slope": {"dataset": Slope(), "loss": "mse"},
}  # fmt: skip


@pytest.fixture(scope="module")
def known(catalogue):
    own = [Entry(each.id, "dataset", each, "the tests") for each in (Blobs, Wide, Renamed, Slope)]
    return Catalogue([*catalogue.entries, *own])


@pytest.fixture(scope="module")
def trained(known, tmp_path_factory):
    """The names of the folders of short runs by what they are, in one workspace."""
    place, names = tmp_path_factory.mktemp("trained"), {}
    for kind, values in KINDS.items():
        dataset = Blobs(noise=150, validation=80, test=80)
        trainer = new_run(tiny_config(known, **{"dataset": dataset, "epochs": 2, **values}), known, place)
        for _ in trainer.run():
            pass
        trainer.store.close()
        names[kind] = Path(trainer.store.path).name
    return place, names


@pytest.fixture
def runs(trained, workspace):
    """Copies of the runs: their folders by what they are."""
    place, names = trained
    shutil.copytree(place / "runs", workspace / "runs")
    return {kind: workspace / "runs" / name for kind, name in names.items()}


@pytest.fixture
def bench(bench, known):
    bench.catalogue = known
    return bench


@pytest.fixture
def tool(show, bench):
    made = EnsembleTool(bench)
    show(made, 500, 560)
    settle(made)
    return made


def settle(tool):
    pump(lambda: not tool.bench.background.busy)


def tick(tool, *folders):
    for folder in folders:
        item = tool.members.item_of(folder)
        assert item.flags() & Qt.ItemFlag.ItemIsEnabled, "it can't be ticked"
        ticked = item.checkState(0) == Qt.CheckState.Checked
        item.setCheckState(0, Qt.CheckState.Unchecked if ticked else Qt.CheckState.Checked)


def why_not(tool, folder):
    """The reason why a run can't be ticked; empty where it can."""
    item = tool.members.item_of(folder)
    if item.flags() & Qt.ItemFlag.ItemIsEnabled:
        return ""
    return item.toolTip(0).split("\n")[1]


def combined(tool, *folders):
    tick(tool, *folders)
    tool.combine.click()
    settle(tool)
    assert tool.measured is not None, tool.told.text()
    return tool.measured.found


def best(*folders):
    return [folder / "checkpoints" / "best.safetensors" for folder in folders]


def parts_of(config):
    return split(config.dataset.load(Source(None)), config)


# --- which runs -----------------------------------------------------------------------------------


def test_what_cant_stand_beside_the_first_one_is_grey_and_says_why(runs, tool):
    assert "no classes" in why_not(tool, runs["slope"]) and "mse" in why_not(tool, runs["scores"])
    assert not any(why_not(tool, runs[kind]) for kind in ("first", "second", "third", "wide", "renamed"))
    assert not tool.combine.isEnabled()
    tick(tool, runs["first"])
    assert "other classes" in why_not(tool, runs["renamed"]) and "1×8×16" in why_not(tool, runs["wide"])
    assert not why_not(tool, runs["second"]) and not tool.combine.isEnabled()
    tick(tool, runs["second"])
    assert tool.combine.isEnabled() and tool.combine.text() == "Combine 2"
    tick(tool, runs["first"], runs["second"], runs["wide"])
    assert why_not(tool, runs["first"]) and not why_not(tool, runs["wide"])


def test_what_is_grey_is_what_the_engine_refuses(runs, tool, known):
    tick(tool, runs["first"])
    for kind in KINDS.keys() - {"first"}:
        try:
            measure_ensemble(best(runs["first"], runs[kind]), known, parts_of)
            refused = False
        except InputError:
            refused = True
        assert bool(why_not(tool, runs[kind])) == refused, kind


def test_no_weights_are_read_to_judge_runs(runs, show, bench):
    for folder in runs.values():
        [path] = best(folder)
        data = bytearray(path.read_bytes())
        data[-40:] = bytes(40)
        path.write_bytes(data)
    tool = show(EnsembleTool(bench), 500, 560)
    settle(tool)
    assert len(tool.members.fitting) == 5


def test_a_run_that_trains_cant_be_ticked_until_it_ends(runs, tool):
    held = RunFolder(runs["second"])
    tool.touch()
    settle(tool)
    assert "still trains" in why_not(tool, runs["second"]) and not why_not(tool, runs["first"])
    held.close()
    tool.touch()
    settle(tool)
    assert not why_not(tool, runs["second"])


def test_what_differs_from_the_run_in_front_in_its_seed_is_proposed_until_something_is_ticked(runs, tool, known):
    config = next(each.config for each in tool.members.fitting if each.record.folder == runs["first"])
    tool.show_run(Run("first", config=config, folder=runs["first"]))
    settle(tool)
    assert set(tool.members.ticked) == {runs["first"], runs["second"]}
    tick(tool, runs["second"])
    tool.touch()
    settle(tool)
    assert tool.members.ticked == [runs["first"]]


def test_nothing_happens_while_it_is_not_seen(runs, bench, app):
    tool = EnsembleTool(bench)
    tool.show_run(None)
    tool.touch()
    assert not bench.background.busy and not tool._timer.isActive()
    tool.show()
    assert bench.background.busy and tool._timer.isActive()
    tool.hide()
    assert not tool._timer.isActive()
    settle(tool)
    tool.deleteLater()


# --- more seeds -----------------------------------------------------------------------------------


def test_with_too_few_runs_it_says_what_will_be_here_and_two_seeds_can_be_asked_for(tool, bench, known):
    config = tiny_config(known)
    heard = []
    tool.runs_asked.connect(heard.append)
    assert "can be combined here" in tool.explanation.text() and not tool.combine.isVisible()
    assert not tool.more.isEnabled() and not tool.results.isVisible() and not tool.export.isVisible()
    tool.show_settings(config)
    assert tool.more.text() == "Train 2 seeds"
    tool.more.click()
    assert [each.seed for each in heard[0]] == [0, 1] and heard[0] == [config, *repetitions(config, (), 1)]
    bench.coming = lambda: heard[0]
    tool.touch()
    assert tool.more.text() == "Train 2 more seeds"
    tool.more.click()
    assert [each.seed for each in heard[1]] == [2, 3]


def test_seeds_of_the_run_in_front_are_those_that_no_run_has(runs, tool, known):
    heard = []
    tool.runs_asked.connect(heard.append)
    config = next(each.config for each in tool.members.fitting if each.record.folder == runs["first"])
    tool.show_settings(tiny_config(known, lr=0.5))
    tool.show_run(Run("first", config=config, folder=runs["first"]))
    tool.more.click()
    assert [each.seed for each in heard[0]] == [2, 3] and {each.lr for each in heard[0]} == {config.lr}
    tool.show_run(None)
    tool.show_settings(tiny_config(known, loss="mse"))
    assert not tool.more.isEnabled() and "mse" in tool.more.toolTip()


# --- together -------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", ["equal", "validation"])
def test_it_shows_what_the_engine_measures(runs, tool, known, weights):
    tool.weights.setCurrentIndex(tool.weights.findData(weights))
    found = combined(tool, runs["first"], runs["third"], runs["second"])
    paths = best(runs["first"], runs["third"], runs["second"])
    expected = measure_ensemble(paths, known, parts_of, weights=weights)
    assert found.figures == expected.figures and found.weights == expected.weights and found.gain == expected.gain
    rows = tool.results.table.texts()
    assert [row[1] for row in rows[:3]] == [f"{weight:.2f}" for weight in expected.weights]
    assert rows[3][0] == "Together" and rows[3][3].startswith(f"{100 * expected.figures.accuracy:.1f} % (")
    assert [row[0].endswith("(best)") for row in rows[:3]] == [place == expected.best for place in range(3)]
    assert "gain" in tool.results.verdict.text() or "best member" in tool.results.verdict.text()
    assert f"{100 * expected.disagreement:.1f} %" in tool.results.disagreement.text()
    assert len(tool.results.disagreement.toolTip().split("\n")) == 3


def test_after_another_choice_the_figures_are_those_of_the_earlier_one(runs, tool):
    combined(tool, runs["first"], runs["second"])
    assert not tool.earlier.isVisible()
    tick(tool, runs["third"])
    assert tool.earlier.isVisible() and tool.results.isVisible()
    tick(tool, runs["third"])
    assert not tool.earlier.isVisible()
    tool.weights.setCurrentIndex(1)
    assert tool.earlier.isVisible()
    tool.combine.click()
    settle(tool)
    assert not tool.earlier.isVisible()


def test_what_the_engine_refuses_is_said_in_one_line_with_the_names_of_the_list(runs, tool):
    shutil.copy(best(runs["first"])[0], best(runs["second"])[0])
    tick(tool, runs["first"], runs["second"])
    tool.combine.click()
    settle(tool)
    text = tool.told.text().replace("\N{ZERO WIDTH SPACE}", "")
    assert "are the same checkpoint" in text and "\n" not in text and str(runs["first"]) not in text
    assert tool.members.names[runs["first"]] in text
    assert tool.measured is None and tool.combine.isEnabled() and not tool.results.isVisible()


def test_stopped_it_comes_to_nothing_and_can_be_begun_again(runs, tool, monkeypatch):
    asked, go_on, after = threading.Event(), threading.Event(), []
    ask = ensemble_members.predict

    def slow(network, samples, name, keep_going):
        asked.set()
        assert go_on.wait(30)
        keep_going()
        after.append(name)
        return ask(network, samples, name, keep_going)

    monkeypatch.setattr(ensemble_members, "predict", slow)
    tick(tool, runs["first"], runs["second"])
    tool.combine.click()
    assert asked.wait(30) and tool.stop.isVisible() and tool.bar.isVisible() and not tool.combine.isEnabled()
    tool.stop.click()
    go_on.set()
    settle(tool)
    assert after == [] and tool.measured is None and not tool.stop.isVisible()
    tool.combine.click()
    settle(tool)
    assert tool.measured is not None


def test_the_window_closes_in_the_midst_of_it(runs, show, app, known, workspace, monkeypatch):
    from gui.background import Background

    bench = Workbench(workspace, Background())
    bench.catalogue = known
    tool = show(EnsembleTool(bench), 500, 560)
    settle(tool)
    asked, after, ask = threading.Event(), [], ensemble_members.predict

    def slow(network, samples, name, keep_going):
        asked.set()
        while not bench.background.ending:
            pass
        keep_going()
        after.append(name)
        return ask(network, samples, name, keep_going)

    monkeypatch.setattr(ensemble_members, "predict", slow)
    tick(tool, runs["first"], runs["second"])
    tool.combine.click()
    assert asked.wait(30)
    bench.background.end()
    assert after == []
    bench.background.deleteLater()


# --- as a file ------------------------------------------------------------------------------------


def test_the_file_is_of_what_was_measured_whatever_is_ticked_since(runs, tool, tmp_path, monkeypatch):
    import onnxruntime

    out = tmp_path / "both"
    tool.weights.setCurrentIndex(1)
    found = combined(tool, runs["first"], runs["third"])
    tick(tool, runs["first"])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), ""))
    tool.export.click()
    assert not tool.export.isEnabled() and tool.bar.isVisible() and not tool.stop.isVisible()
    settle(tool)
    assert "both.onnx" in tool.told.text().replace("\N{ZERO WIDTH SPACE}", "")
    session = onnxruntime.InferenceSession(str(out.with_suffix(".onnx")), providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["ensemble_weights"]) == list(found.weights)
    assert json.loads(facts["checkpoint_sha256"]) == list(tool.measured.digests)


def test_why_there_is_no_file_is_said(runs, tool, tmp_path, monkeypatch):
    combined(tool, runs["first"], runs["second"])
    named = [""]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (named[0], ""))
    tool.export.click()
    assert not tool.bench.background.busy and tool.export.isEnabled(), "no file was named"
    for name, reason in (("all.safetensors", ".onnx file alone"), ("all.onnx", "combine again")):
        named[0] = str(tmp_path / name)
        tool.export.click()
        settle(tool)
        text = tool.told.text().replace("\N{ZERO WIDTH SPACE}", "")
        assert f"{name} was not exported" in text and reason in text and not Path(named[0]).exists()
        shutil.copy(best(runs["third"])[0], best(runs["second"])[0])  # it was trained on


def test_in_the_window_the_seeds_that_were_asked_for_are_trained_and_combined(open_window, workspace, catalogue):
    driver: Driver = open_window(workspace)
    driver.set(epochs=1, train_samples="100", validation_samples="60", threads="1", device="cpu")
    driver.window.centre.bring_forward("tune")
    tool = driver.window.centre.tune.bring_forward("ensemble")
    tool._timer.setInterval(50)
    pump(lambda: tool.more.isEnabled() and tool.more.text() == "Train 2 seeds")
    tool.more.click()
    pump(lambda: len(tool.members.ticked) == 2 and not driver.session.busy)
    tool.combine.click()
    pump(lambda: tool.measured is not None)
    assert len(tool.results.table.texts()) == 3
