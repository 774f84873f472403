"""A study that is only looked at, what a search could choose, and a search that ends with its window."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.message import InputError
from engine.searches import watch as search_watch
from engine.searches.begin import Options, begin, joining, offers, program
from engine.searches.files import journal_of, settings_of, studies
from engine.searches.space import choose, ends, parse_space
from engine.searches.study import Plan
from engine.searches.watch import StudyWatch
from tests.engine.studies import plan_of, study_of, train
from tests.engine.support import tiny_config

NAME = "seen"


@pytest.fixture
def led(catalogue, workspace):
    with study_of(NAME, plan_of(catalogue), catalogue, workspace) as study:
        yield study


def watch(catalogue, workspace, name=NAME):
    return StudyWatch(workspace, name, catalogue)


def states(seen):
    return [trial.state for trial in seen.trials]


# --- looking --------------------------------------------------------------------------------------


def test_each_look_reads_what_is_new_and_all_that_there_is_to_know(led, catalogue, workspace, monkeypatch):
    looker = watch(catalogue, workspace)
    assert looker.look().trials == () and looker.look().best is None
    train(led, 0.5, 0.25, None)
    read = []
    real = search_watch.record_of
    monkeypatch.setattr(search_watch, "record_of", lambda line, *rest: read.append(line) or real(line, *rest))
    seen = looker.look()
    assert states(seen) == ["complete", "complete", "failed"] and seen.counted == 3
    assert seen.best.number == 1 and seen.best.value == 0.25 and seen.best.epochs == 3
    assert seen.trials[2].reason == "it broke" and seen.trials[2].value is None
    assert {"lr", "optimizer", "dropout"} <= set(seen.best.params) and seen.plan == led.plan
    before = len(read)
    assert before and looker.look() == seen and len(read) == before  # nothing is read again
    train(led, 0.125)
    assert looker.look().best.number == 3 and before < len(read) < before + 15
    assert set(looker.importance()) == set(led.importance())


def test_who_looks_writes_nothing(led, catalogue, workspace):
    train(led, 0.5)
    path = journal_of(workspace, NAME)
    with path.open("ab") as file:
        file.write(b'{"half a line')
    before = path.read_bytes(), sorted(path.parent.rglob("*"))
    looker = watch(catalogue, workspace)
    assert states(looker.look()) == ["complete"] and not looker.more
    assert (path.read_bytes(), sorted(path.parent.rglob("*"))) == before
    train(led, 0.25)  # which cuts the half line away
    assert states(looker.look()) == ["complete", "complete"]


def test_a_trial_runs_as_long_as_its_process_lives(catalogue, workspace):
    looker = None
    with study_of(NAME, plan_of(catalogue), catalogue, workspace) as study:
        asked = study.ask(None)
        study.report(asked, 1, 0.75)
        looker = watch(catalogue, workspace)
        seen = looker.look()
        assert states(seen) == ["running"] and seen.is_searched and seen.leader is not None
        assert seen.trials[0].value == 0.75 and seen.best is None and seen.counted == 0
    seen = looker.look()
    assert states(seen) == ["left"] and not seen.is_searched
    with study_of(NAME, None, catalogue, workspace) as study:
        study.take_up()
        seen = looker.look()
        assert states(seen) == ["waiting"] and seen.trials[0].params == asked.trial.params
        train(study, 0.5)
    assert states(looker.look()) == ["complete"]


def test_a_long_journal_is_read_piece_by_piece(led, catalogue, workspace, monkeypatch):
    train(led, *[0.5] * 12)
    monkeypatch.setattr(search_watch, "CHUNK", 2_000)
    looker, counts = watch(catalogue, workspace), []
    while not counts or looker.more:
        seen = looker.look()
        counts.append(seen.counted if seen is not None else 0)
    assert counts == sorted(counts) and counts[-1] == 12 and len(counts) > 5


def test_a_study_that_was_begun_anew_is_read_anew(catalogue, workspace):
    with study_of(NAME, plan_of(catalogue), catalogue, workspace) as study:
        train(study, 0.5, 0.25)
        looker = watch(catalogue, workspace)
        assert looker.look().counted == 2
    journal_of(workspace, NAME).unlink()
    with pytest.raises(InputError, match="no journal"):
        looker.look()
    with study_of(NAME, plan_of(catalogue, ["lr=0.1..0.2"]), catalogue, workspace) as study:
        train(study, 0.75)
        assert looker.look().best.value == 0.75


@pytest.mark.parametrize("monitor", ["val_loss", "val_accuracy"])
def test_the_best_is_that_of_the_search_and_its_settings_are_too(catalogue, workspace, monitor):
    from engine.searches.search import outcome

    plan = plan_of(catalogue, monitor=monitor)
    with study_of(NAME, plan, catalogue, workspace) as study:
        train(study, 0.5, 0.25, 0.75)
        train(study, 0.01, 0.99, end="pruned")
        best = outcome(study, catalogue).best
    looker = watch(catalogue, workspace)
    seen = looker.look()
    assert (seen.best.number, seen.best.value) == (best.number, best.value)
    assert looker.settings_of(seen.best).to_dict() == best.settings
    present = plan.config.changed({"name": "mine", "threads": "3", "look_inside": 9, "lr": 7.0})
    found = looker.settings_of(seen.best, present)
    assert (found.name, found.threads, found.look_inside) == ("mine", "3", 9) and found.lr == best.params["lr"]


@pytest.mark.parametrize(
    "text",
    [
        "[]\n", "hello\n", '{"op_code": 99}\n', '{"op_code": 0}\n', "[" * 5000 + "\n",
        '{"op_code": 0, "worker_id": "a", "study_name": "strange", "directions": [7]}\n',
        '{"op_code": 0, "worker_id": "a", "study_name": "another", "directions": [1]}\n',
        '{"op_code": 0, "worker_id": "a", "study_name": "strange", "directions": [1]}\n'
        '{"op_code": 2, "worker_id": "a", "study_id": 0, "user_attr": {"plan": 3}}\n', "x" * 5000,
    ],
)  # fmt: skip
def test_a_strange_journal_is_one_line(catalogue, workspace, text, monkeypatch):
    monkeypatch.setattr(search_watch, "CHUNK", 4_000)
    path = journal_of(workspace, "strange")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        looker = watch(catalogue, workspace, "strange")
        looker.look()
        looker.look()
    assert "\n" not in str(caught.value) and path.read_text() == text


def test_strange_values_of_a_trial_are_harmless(led, catalogue, workspace):
    train(led, 0.5)
    path = journal_of(workspace, NAME)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["op_code"] == 6:
            line["values"] = ["high"]
        if line["op_code"] == 7:
            line["intermediate_value"] = {"no": "number"}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    seen = watch(catalogue, workspace).look()
    assert seen.best is None and seen.trials[0].value is None


def test_the_studies_of_a_workspace_are_listed(catalogue, workspace):
    assert studies(workspace) == ()
    for name in ("one", "two"):
        with study_of(name, plan_of(catalogue), catalogue, workspace):
            pass
    (workspace / "search" / "..journal").write_text("")
    (workspace / "search" / "a folder.journal").mkdir()
    assert sorted(each.name for each in studies(workspace)) == ["one", "two"]


# --- what could be chosen -------------------------------------------------------------------------


def test_what_is_offered_can_be_searched_from_end_to_end(catalogue):
    """Of every technique there is, with its defaults."""
    base = tiny_config(catalogue)
    for entry in catalogue.entries:
        if entry.strategy is None or entry.kind == "dataset":
            continue
        config = base.ticked(entry.strategy())
        found = offers(config, catalogue)
        assert any(each.picked for each in found) and len({each.free.name for each in found}) == len(found)
        for each in found:
            assert parse_space([str(each.free)], config, catalogue) == (each.free,)
            assert set(each.free.choices) <= set(each.known) or not each.known
            for value in each.free.choices or ends(each.free):
                choose([each.free], config, catalogue, lambda _, value=value: value)
            if each.parameter is not None and not each.free.choices:
                owner = config if each.strategy is None else next(
                    s for s in config.strategies if type(s) is each.strategy
                )  # fmt: skip
                assert each.free.low <= getattr(owner, each.parameter.name) <= each.free.high


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lr=st.floats(1e-12, 1e4), batch=st.integers(1, 10**7))
def test_what_stands_there_lies_within_what_is_searched(catalogue, lr, batch):
    found = offers(tiny_config(catalogue, lr=lr, batch_size=batch), catalogue)
    by_name = {each.free.name: each.free for each in found}
    assert by_name["lr"].log and by_name["lr"].low <= lr * 1.06 and by_name["lr"].high >= lr * 0.94
    assert by_name["batch_size"].low <= batch <= by_name["batch_size"].high


def test_proposed_are_the_rate_and_what_is_ticked(catalogue):
    def picked(*ticked):
        return {each.free.name for each in offers(tiny_config(catalogue, ticked=ticked), catalogue) if each.picked}

    assert picked() == {"lr", "batch_size"}
    assert picked("dropout") == {"lr", "dropout.p"}
    assert picked("random-rotation", "dropout", "weight-decay") == {"lr", "dropout.p", "weight-decay.decay"}


# --- beginning ------------------------------------------------------------------------------------


def test_the_words_begin_what_was_planned(catalogue, workspace):
    from engine.cli import build_parser
    from engine.terminal.given_settings import settings as given_settings

    config = plan_of(catalogue, name="mine").config
    options = Options(trials=7, minutes=1.5, processes=2, sampler="random", pruner="halving")
    made = begin(config, ["lr=1e-4..1e-2:log", "optimizer=adam+sgd"], options, catalogue, workspace)
    given = build_parser().parse_args(list(made.words))
    assert given_settings(given, catalogue) == config and settings_of(workspace, made.study).is_file()
    plan = Plan(config, parse_space(given.tune, config, catalogue), given.sampler, given.pruner)
    assert plan.default_name() == made.study == given.study
    assert (given.trials, given.minutes, given.processes) == (7, 1.5, 2)
    given = build_parser().parse_args(list(joining(made.study, options, workspace)))
    assert (given.join, given.trials, given.tune) == (made.study, 7, [])
    for wrong in ({"study": "../out"}, {"study": "a b"}):
        with pytest.raises(InputError):
            begin(config, ["lr=1..2"], Options(7, None, 1, **wrong), catalogue, workspace)
    with pytest.raises(InputError):
        begin(config, [], options, catalogue, workspace)


def test_it_ends_with_whoever_started_it_as_by_ctrl_c():
    code = """
import engine.terminal.attended, engine.cli, time
from engine.terminal.interrupts import INTERRUPTED, Interrupts

def main():
    with Interrupts(quiet=True) as interrupts:
        interrupts.hold()
        print("searches", flush=True)
        while not interrupts.asked:
            time.sleep(0.01)
    return INTERRUPTED

engine.cli.main = main
raise SystemExit(engine.terminal.attended.main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"searches\n" and process.poll() is None
        process.stdin.close()
        assert process.wait(60) == 130
    words = [*program(["runs", "--workspace", "nowhere"])]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.wait(60) == 0 and process.stderr.read() == b""  # it ends by itself, whoever is still there
    assert program(["search", "--help"])[1:] == ["-m", "engine.terminal.attended", "search", "--help"]
