"""A search: its space, that nothing which was told is lost, whoever is killed, and that one bad trial ends nothing."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from engine.config import ONE_CHOICE, RunConfig
from engine.events import Finished
from engine.message import InputError
from engine.searches.files import journal_of
from engine.searches.pool import Pool
from engine.searches.search import Limits, Search, open_study, outcome
from engine.searches.space import choose, ends, parse_space, with_values
from engine.searches.storage import mend, open_journal
from engine.searches.study import Plan
from engine.searches.worker import Data, train_trial
from engine.trainer import Trainer
from tests.engine.support import process, tiny_config, tunedeck, until

FLAGS = ("--model", "mlp:hidden=8", "--train-samples", "300", "--validation-samples", "100", "--epochs", "2")
TUNE = ("--tune", "lr=1e-3..1e-1:log", "--tune", "optimizer=adam+sgd")
BROKEN = '''
from torch import nn
from engine.strategy import Activation, Field, hookimpl

@hookimpl
def register_strategies():
    return [Brittle]

class Brittle(Activation):
    """Fails where it is told to."""
    fails: float = Field(0.0, ge=0, le=1)
    """Whether."""
    def build(self) -> nn.Module:
        if self.fails > 0.5:
            raise RuntimeError("it broke")
        return nn.ReLU()
'''


def search_of(capsys, workspace, *flags):
    code, out, err = tunedeck(capsys, "search", *FLAGS, "--processes", 1, *flags, "--json", "--workspace", workspace)
    return code, json.loads(out.strip().splitlines()[-1]) if out.strip() else None, err


def lines_of(workspace):
    [path] = (workspace / "search").glob("*.journal")
    return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def told_in(workspace):
    """The ends of trials that a journal holds: number and state, 1 complete, 2 pruned, 3 failed."""
    return [(line["trial_id"], line["state"]) for line in lines_of(workspace) if line["op_code"] == 6]


def completed(workspace):
    return {number for number, state in told_in(workspace) if state in (1, 2)}


# --- the space ------------------------------------------------------------------------------------


def declared(catalogue):
    """Every parameter of every technique that can be searched, with whether it declares a space itself."""
    for entry in catalogue.entries:
        if entry.strategy is None or entry.kind == "dataset":
            continue
        for parameter in entry.parameters:
            yield entry, parameter


def test_each_parameter_is_searched_within_its_bounds_or_says_that_it_has_none(catalogue):
    found = refused = 0
    base = tiny_config(catalogue)
    for entry, parameter in declared(catalogue):
        config = base.ticked(entry.strategy())
        name = f"{entry.id}.{parameter.name}"
        try:
            [free] = parse_space([name], config, catalogue)
        except InputError as error:
            assert error.message.code == "no-bounds", (name, str(error))
            refused += 1
            continue
        found += 1
        for value in free.choices or ends(free):
            made, _ = choose([free], config, catalogue, lambda _, value=value: value)
            chosen = getattr(owner_in(made, entry), parameter.name)
            if not free.choices:
                assert parameter.minimum <= chosen <= parameter.maximum
        assert free.log is (not free.choices and free.low > 0 and free.high / free.low >= 100)
        assert parse_space([str(free)], config, catalogue) == (free,)  # as it is written, it is read
    assert found > 20 and refused > 5


def owner_in(config, entry):
    return next(strategy for strategy in config.strategies if strategy.id == entry.id)


def test_what_belongs_to_a_technique_is_chosen_only_with_it(catalogue):
    config = tiny_config(catalogue)
    texts = "dropout=on+off dropout.p=0.1..0.6 optimizer=adam+sgd sgd.momentum=0.5..0.9 model.hidden=8+4,4"
    space = parse_space(texts.split(), config, catalogue)
    seen = {}
    for pick in (0, -1):
        seen[pick] = choose(space, config, catalogue, lambda free, pick=pick: (free.choices or ends(free))[pick])
    made, values = seen[0]
    assert made.optimizer.id == "adam" and [s.p for s in made.regularizers if s.id == "dropout"] == [0.1]
    assert "sgd.momentum" not in values and made.model.hidden == (8,)
    made, values = seen[-1]
    assert made.optimizer.momentum == 0.9 and "dropout.p" not in values and made.model.hidden == (4, 4)
    assert with_values(space, values, config, catalogue) == made


def test_naming_a_parameter_ticks_its_technique(catalogue):
    config = tiny_config(catalogue)
    made, _ = choose(parse_space(["dropout.p=0.2..0.4"], config, catalogue), config, catalogue, lambda f: f.high)
    assert [s.p for s in made.regularizers] == [0.4]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("lr", "no-bounds"), ("dropout.p=0..2", None), ("lr=0..1:log", "no-log"), ("lr=1..1", "bad-range-ends"),
        ("batch_size=1.5..3", "bad-range-ends"), ("lr=a..b", "bad-range"), ("drpout", "unknown-tuned"),
        ("optimizer=adm+sgd", "unknown-choice"), ("dropout.q=1+2", "unknown-parameter"), ("seed=1+2", "not-tuned"),
        ("dataset", "not-tuned"), ("dropout=on+maybe", "bad-switch"), ("lr=0.1+0.1", "bad-choices"),
        ("sgd.momentum=0.1..0.9", "never-matters"), ("lr=", None), ("optimizer=0..1", "bad-range"),
        ("epochs=1..1e999", "bad-range-ends"), ("monitor", "not-tuned"),
    ],
)  # fmt: skip
def test_what_is_no_space_is_one_line(catalogue, text, code):
    with pytest.raises(InputError) as caught:
        parse_space([text], tiny_config(catalogue), catalogue)
    assert "\n" not in str(caught.value) and code in (None, caught.value.message.code)


def test_nothing_to_search_is_one_line(capsys, workspace):
    code, out, err = tunedeck(capsys, "search", *FLAGS, "--workspace", workspace)
    assert code == 2 and out == "" and "--tune" in err and len(err.splitlines()) == 1
    assert not (workspace / "search").exists()


# --- trials ---------------------------------------------------------------------------------------


def test_a_trial_is_the_run_of_its_settings_and_never_sees_the_test_part(catalogue, tmp_path):
    config, told = tiny_config(catalogue), []
    data = Data(tmp_path)
    assert data.of(config).test is None
    train_trial(config, data, 3, told.append, lambda number: False)
    trainer = Trainer(config, data_folder=tmp_path)
    [finished] = [event for event in trainer.run() if isinstance(event, Finished)]
    assert finished.test_loss is not None
    rows = [{"trial": 3, "epoch": row.epoch, "value": row.val_loss} for row in trainer.history.epochs]
    assert told == [*rows, {"trial": 3, "done": True}]


def test_it_finds_keeps_and_goes_on_to_exactly_so_many(capsys, workspace, tmp_path, catalogue):
    best = tmp_path / "best.yaml"
    code, told, err = search_of(capsys, workspace, *TUNE, "--trials", 3, "--study", "one", "--save-best", best)
    assert code == 0, err
    assert told["trials"] == told["finished"] + told["pruned"] + told["failed"] == 3 and told["study"] == "one"
    code, more, err = search_of(capsys, workspace, *TUNE, "--trials", 5, "--study", "one", "--sampler", "tpe")
    assert more["trials"] == 5 and more["best"]["value"] <= told["best"]["value"]
    assert len(told_in(workspace)) == 5
    assert RunConfig.from_dict(told["best"]["settings"], catalogue).lr == told["best"]["params"]["lr"]
    assert f"{told['best']['params']['lr']}"[:8] in best.read_text()
    assert set(more["importance"]) <= {"lr", "optimizer"}
    again = search_of(capsys, workspace, *TUNE, "--trials", 5, "--study", "one")
    assert again[:2] == (0, more)
    code, out, err = search_of(capsys, workspace, "--tune", "lr=1e-3..1:log", "--study", "one")
    assert (code, out) == (2, None) and "another --study" in err and len(err.splitlines()) == 1


def test_a_trial_that_fails_is_failed_with_its_reason_and_the_others_go_on(capsys, workspace):
    (workspace / "plugins").mkdir(parents=True)
    (workspace / "plugins" / "brittle.py").write_text(BROKEN)
    flags = ("--activation", "brittle", "--tune", "brittle.fails", "--sampler", "random", "--pruner", "none")
    code, told, err = search_of(capsys, workspace, *flags, "--trials", 6, "--epochs", 1)
    assert code == 0 and told["failed"] + told["finished"] == 6 and told["failed"] and told["finished"], err
    assert "it broke" in err and told["best"]["params"]["brittle.fails"] <= 0.5


def test_a_loss_that_is_not_finite_is_a_failed_trial(catalogue, tmp_path):
    told = []
    config = tiny_config(catalogue, optimizer="sgd", lr=1e4, epochs=30, model="mlp:hidden=8+8+8")
    train_trial(config, Data(tmp_path), 0, told.append, lambda number: False)
    assert "not finite" in told[-1]["failed"]


def test_a_trial_that_is_given_up_ends_at_its_next_step(catalogue, tmp_path):
    told = []
    train_trial(tiny_config(catalogue, epochs=50), Data(tmp_path), 0, told.append, lambda number: len(told) == 2)
    assert [each.get("epoch") for each in told] == [1, 2, None]


def test_bad_trials_are_pruned(catalogue, workspace):
    """The values are made: five good trials, then worse ones."""
    config = tiny_config(catalogue, epochs=4)
    plan = Plan(config, parse_space(["lr=1e-4..1e-1:log"], config, catalogue), "random", "median")
    with open_study("pruned", plan, catalogue, workspace) as study:
        for _ in range(5):
            asked = study.ask(None)
            assert not any(study.report(asked, epoch, 1.0) for epoch in (1, 2, 3, 4))
            study.complete(asked)
        worse = study.ask(None)
        assert study.report(worse, 1, 2.0)
        study.prune(worse)
        found = outcome(study, catalogue)
    assert (found.finished, found.pruned, found.best.value) == (5, 1, 1.0)


def test_data_that_are_missing_end_it_with_one_line(capsys, workspace, tmp_path):
    flags = ("--dataset", f"image-folder:path={tmp_path / 'nowhere'}", "--train-samples", "all")
    code, out, err = search_of(capsys, workspace, *TUNE, *flags, "--trials", 2)
    assert (code, out) == (2, None) and "nowhere" in err.splitlines()[-1]


# --- who dies, and who takes part -----------------------------------------------------------------


def begin(workspace, *flags):
    return process("search", *FLAGS, "--processes", 1, *TUNE, *flags, "--json", "--workspace", workspace)


def end_of(begun):
    out, err = begun.communicate(timeout=60)
    return begun.returncode, json.loads(out.splitlines()[-1]) if out.strip() else None, err


def test_nothing_that_was_told_is_lost_when_the_search_is_killed(capsys, workspace):
    begun = begin(workspace, "--trials", 500, "--study", "kept")
    try:
        until(lambda: (workspace / "search").exists() and list((workspace / "search").glob("*.journal")))
        until(lambda: len(completed(workspace)) >= 3)
        code, out, err = search_of(capsys, workspace, *TUNE, "--study", "kept")  # two lead no study together
        assert (code, out) == (2, None) and "--join kept" in err and len(err.splitlines()) == 1
    finally:
        begun.kill()
        begun.communicate()
    before = completed(workspace)
    goal = len(before) + 2
    code, told, err = search_of(capsys, workspace, *TUNE, "--trials", goal, "--study", "kept")
    assert code == 0 and told["trials"] == goal and before <= completed(workspace), err
    states = dict(told_in(workspace))
    assert set(states.values()) <= {1, 2, 3} and len(states) in (goal, goal + 1)  # the one that was cut off, if any


def test_ctrl_c_ends_it_so_that_it_goes_on(workspace, catalogue):
    begun = begin(workspace, "--trials", 500, "--study", "asked")
    until(lambda: (workspace / "search").exists() and list((workspace / "search").glob("*.journal")))
    until(lambda: completed(workspace))
    begun.send_signal(signal.SIGINT)
    code, told, err = end_of(begun)
    assert code == 130 and told["trials"] >= 1 and "goes on" in err and "Traceback" not in err
    with open_study("asked", None, catalogue, workspace) as study:  # what was cut off is the next to be tried
        cut = [trial for trial in study.trials() if trial.state.name == "FAIL"]
        assert outcome(study, catalogue).trials == told["trials"] and len(cut) <= 1
        assert [study.ask(None).trial.params for _ in cut] == [trial.params for trial in cut]


@pytest.fixture
def led(catalogue, workspace):
    """A study of two epochs of the bundled sample, and its plan."""
    from engine.cli import build_parser
    from engine.terminal.given_settings import settings

    arguments = build_parser().parse_args(["search", *FLAGS, *TUNE])
    config = settings(arguments, catalogue)
    plan = Plan(config, parse_space(arguments.tune, config, catalogue), "random", "none")
    with open_study("led", plan, catalogue, workspace) as study:
        yield study, plan


def test_a_process_that_is_killed_costs_only_that_its_trial_is_tried_again(led, workspace, catalogue):
    study, plan = led
    with Pool(1, workspace, plan.config.to_dict()) as pool:
        search, killed = Search(study, pool, Limits(3), lambda asked, how: None), []

        def kill_once():
            if not killed and pool.busy:
                killed.append(pool.busy[0].process)
                os.kill(killed[0], signal.SIGKILL)
            return False

        assert search.run(kill_once)
        assert killed and killed[0] != pool.workers[0].process
    assert outcome(study, catalogue).trials == 3
    first, *others = study.trials()
    assert first.state.name == "FAIL" and any(other.params == first.params for other in others)


def test_a_trial_that_takes_its_process_with_it_again_and_again_has_failed(led, catalogue):
    study, _ = led
    for _ in range(2):
        study.put_back(study.ask(None), died=True)
    found = outcome(study, catalogue)
    assert (found.failed, found.trials) == (1, 1) and "2 times" in found.reasons[0]


def test_another_process_joins_and_brings_no_settings(led, workspace, catalogue, capsys):
    study, _ = led
    code, out, err = tunedeck(
        capsys, "search", "--join", "led", "--trials", 2, "--processes", 1, "--json", "--workspace", workspace
    )
    assert code == 0, err
    told = json.loads(out.splitlines()[-1])
    assert told["study"] == "led" and told["trials"] == 2 == outcome(study, catalogue).trials
    assert study.ask(2) is None  # the goal is of the study, whoever trained its trials
    code, out, err = tunedeck(capsys, "search", "--join", "led", *TUNE, "--workspace", workspace)
    assert code == 2 and "leave out" in err
    code, out, err = tunedeck(capsys, "search", "--join", "led", "--lr", 0.1, "--workspace", workspace)
    assert code == 2 and "leave out" in err
    code, out, err = tunedeck(capsys, "search", "--join", "nobody", "--workspace", workspace)
    assert code == 2 and "nobody" in err and len(err.splitlines()) == 1


def test_a_trial_of_who_lives_is_left_to_him(led, workspace, catalogue):
    study, plan = led
    study.ask(None)
    with open_study("led", None, catalogue, workspace) as other:
        assert other.take_up() == 0 and other.plan == plan


@pytest.fixture
def postgresql(tmp_path_factory):
    """The address of a PostgreSQL server of the test's own, where one is installed with its driver."""
    pytest.importorskip("psycopg")
    folder = shutil.which("initdb") or next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
    if folder is None:
        pytest.skip("no PostgreSQL server is installed")
    programs = Path(folder).parent
    # The server refuses to run as root, and others may not look into the tests' folders: its user has its own.
    user = "postgres" if os.getuid() == 0 else None
    where = Path(tempfile.mkdtemp(prefix="tunedeck-pg-"))
    if user:
        shutil.chown(where, user)
    run = functools.partial(subprocess.run, check=True, user=user, cwd=where, stdout=subprocess.DEVNULL)
    try:
        run([programs / "initdb", "-D", where / "data", "-U", "tunedeck", "-A", "trust", "-E", "UTF8", "--no-sync"])
        flags = f"-k {where} -c listen_addresses='' -c fsync=off"
        run([programs / "pg_ctl", "-D", where / "data", "-o", flags, "-l", where / "log", "-w", "start"])
        try:
            yield f"postgresql+psycopg://tunedeck@/postgres?host={where}"
        finally:
            run([programs / "pg_ctl", "-D", where / "data", "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(where)


def planned(catalogue):
    config = tiny_config(catalogue)
    space = parse_space(["lr=1e-3..1e-1:log"], config.changed({}), catalogue)
    return Plan(discovered(config, catalogue), space, "random", "none")


def keeps(url, plan, catalogue, workspace):
    with open_study("db", plan, catalogue, workspace, url) as study:
        asked = study.ask(2)
        study.report(asked, 1, 0.5)
        study.beat(asked)
        study.complete(asked)
    with open_study("db", None, catalogue, workspace, url) as study:
        assert outcome(study, catalogue).best.value == 0.5


def test_a_database_keeps_it_too(catalogue, workspace, tmp_path):
    plan = planned(catalogue)
    url = f"sqlite:///{tmp_path / 'study.db'}"
    keeps(url, plan, catalogue, workspace)
    with pytest.raises(InputError, match="does not answer"), open_study("db", None, catalogue, workspace, url) as study:
        (tmp_path / "study.db").write_bytes(b"no database any more" * 500)
        study.trials()
    for wrong in ("nowhere", "nosuch://host/db"):
        with pytest.raises(InputError), open_study("db", plan, catalogue, workspace, wrong):
            pass


def test_postgresql_keeps_it_too_and_two_search_there_together(postgresql, catalogue, workspace, capsys):
    keeps(postgresql, planned(catalogue), catalogue, workspace)
    code, found, _ = search_of(capsys, workspace, *TUNE, "--study", "both", "--storage", postgresql, "--trials", "1")
    assert (code, found["trials"]) == (0, 1)
    code, out, _ = tunedeck(
        capsys, "search", "--join", "both", "--storage", postgresql, "--trials", "2", "--processes", 1, "--json",
        "--workspace", workspace / "other machine",
    )  # fmt: skip
    assert (code, json.loads(out.strip().splitlines()[-1])["trials"]) == (0, 2)


def discovered(config, catalogue):
    """Settings whose data set the catalogue knows."""
    return config.changed({"dataset": catalogue.entry("fashion-mnist-sample").strategy()})


# --- the journal ----------------------------------------------------------------------------------


def test_half_a_line_is_cut_away_and_what_comes_after_it_is_kept(led, workspace, catalogue):
    study, _ = led
    asked = study.ask(None)
    path = journal_of(workspace, "led")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code":4,"worker')
    study.report(asked, 1, 0.25)
    study.complete(asked)
    data = path.read_bytes()
    assert data.startswith(whole) and all(json.loads(line) for line in data.splitlines())
    with open_study("led", None, catalogue, workspace) as again:
        assert outcome(again, catalogue).best.value == 0.25


@pytest.mark.parametrize(("data", "kept"), [(b"a\nb", b"a\n"), (b"ab", b""), (b"a\n", b"a\n"), (b"", b"")])
def test_only_whole_lines_are_kept(tmp_path, data, kept):
    path = tmp_path / "file"
    path.write_bytes(data)
    mend(path)
    assert path.read_bytes() == kept
    path.write_bytes(b"x\n" + b"y" * 200_000)
    mend(path)
    assert path.read_bytes() == b"x\n"


@pytest.mark.parametrize(
    "line",
    [
        "[]", "{}", "hello", '{"op_code": 99, "worker_id": "a"}', '{"op_code": 0}', "[" * 5000,
        '{"op_code": 4, "worker_id": "a", "study_id": {}}', '{"op_code": "0"}',
        '{"op_code": 0, "worker_id": "a", "study_name": "s", "directions": [7]}',
    ],
)  # fmt: skip
def test_a_strange_journal_is_one_line(tmp_path, line):
    path = tmp_path / "strange.journal"
    path.write_text(line + "\n")
    with pytest.raises(InputError, match="no journal") as caught:
        open_journal(path)
    assert "\n" not in str(caught.value) and path.read_text() == line + "\n"


def test_a_study_of_somebody_elses_is_one_line(workspace, catalogue):
    import optuna

    (workspace / "search").mkdir(parents=True)
    storage = open_journal(journal_of(workspace, "other"))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    optuna.create_study(storage=storage, study_name="other")
    with pytest.raises(InputError, match="not made by"), open_study("other", None, catalogue, workspace):
        pass


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden", "x" * 200, "a\nb"])
def test_a_name_that_leads_elsewhere_is_refused(workspace, catalogue, name):
    with pytest.raises(InputError, match="named with letters"), open_study(name, None, catalogue, workspace):
        pass


def test_help_loads_neither_optuna_nor_torch():
    code = "import sys, engine.cli as c; c.build_parser(); print({'optuna', 'torch'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_the_kinds_that_are_searched_are_those_of_a_run(catalogue):
    for kind in set(ONE_CHOICE) - {"dataset"}:
        [free] = parse_space([f"{kind}={catalogue.of_kind(kind)[0].id}"], tiny_config(catalogue), catalogue)
        assert free.rank == 0
