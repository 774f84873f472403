"""`tunedeck runs`: the list, the comparison, and what it is given wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.checkpoints.checkpoint import encode
from engine.commands.runs import find_run
from engine.files import write_text
from engine.history import EPOCH_HEADER, EpochRow, epoch_line
from engine.message import message
from engine.run_records.index import list_runs
from engine.run_records.notes import Notes, write_notes
from engine.seed_noise import mean_difference, spread
from engine.yaml_file import write_yaml
from tests.engine.support import ROOT, bare_snapshot, tunedeck

SMALL = (
    "--train-samples", "96", "--validation-samples", "64", "--batch-size", "32", "--epochs", "2", "--threads", "1",
    "--model", "mlp:hidden=16", "--device", "cpu",
)  # fmt: skip


@pytest.fixture
def cli(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: tunedeck(capsys, *arguments)


@pytest.fixture
def write(workspace, tiny):
    """Writes the folder of a run that trained: `write("09-00-01", (0.5, 0.4), seed=1)`; returns it."""

    def make(time, losses, reason="all-epochs", **values):
        config = tiny(**values)
        folder = workspace / "runs" / f"2026-11-24_{time}-mlp-blobs"
        (folder / "checkpoints").mkdir(parents=True)
        write_yaml(folder / "config.yaml", config.to_dict())
        rows = [
            EpochRow(n, 0.5, 0.8, 0.3, 0.85, loss, 1 - loss, 0.01, 30.0, 130, 2.5) for n, loss in enumerate(losses, 1)
        ]
        write_text(folder / "history.csv", EPOCH_HEADER + "".join(map(epoch_line, rows)))
        plugins = [{"id": strategy.id, "kind": strategy.kind} for strategy in config.strategies]
        write_text(folder / "environment.json", json.dumps({"plugins": plugins}))
        ended = message(reason, "all epochs done") if reason else None
        snapshot = bare_snapshot(config, len(losses), ended)
        (folder / "checkpoints" / "last.safetensors").write_bytes(encode(snapshot))
        end = "2026-11-24 09:30:00 all epochs done; test accuracy 0.75, test loss 0.6\n"
        write_text(folder / "log.txt", end if reason else "2026-11-24 09:30:00 training from step 0\n")
        return folder

    return make


def refused(result, *words):
    code, out, err = result
    assert (code, out) == (2, ""), err
    assert err.startswith("tunedeck: ") and err.count("\n") == 1, err
    return all(word in err for word in words)


def listed(cli, *arguments):
    code, out, err = cli("runs", *arguments, "--json")
    assert code == 0, err
    assert out.count("\n") == 1
    return json.loads(out)


# --- the list -------------------------------------------------------------------------------------


def test_a_workspace_without_runs_says_how_to_make_one(cli, workspace):
    code, out, _ = cli("runs")
    assert code == 0 and "tunedeck train" in out
    assert listed(cli) == []
    assert not workspace.exists(), "a look makes nothing"


def test_runs_are_listed_newest_first_with_their_figures(cli, write):
    write("09-00-00", (0.5, 0.25), seed=3)
    write("10-00-00", (0.4,), reason=None, name="slow")
    code, out, _ = cli("runs")
    assert code == 0
    lines = [line for line in out.splitlines() if line.startswith("2026")]
    assert [line.split()[0] for line in lines] == ["2026-11-24_10-00-00", "2026-11-24_09-00-00"]
    assert " ".join(lines[1].split()[1:-2]) == "mlp finished 2/2 75.0 % 75.0 % -0.050 75.0 % 1:05"
    assert "slow" in lines[0] and "interrupted" in lines[0] and "1/2" in lines[0]
    assert "2 runs" in out
    newest, oldest = listed(cli)
    assert newest["name"] == "slow" and newest["status"] == "interrupted" and newest["test_accuracy"] is None
    expected = {
        "name": "mlp", "started": "2026-11-24T09:00:00", "status": "finished", "reason": "all epochs done",
        "epochs": 2, "planned_epochs": 2, "seed": 3, "best_epoch": 2, "best_val_loss": 0.25, "best_val_accuracy": 0.75,
        "last_val_loss": 0.25, "last_val_accuracy": 0.75, "test_loss": 0.6, "test_accuracy": 0.75,
        "seconds": 65.0, "tags": [],
    }  # fmt: skip
    assert oldest.pop("gap") == pytest.approx(-0.05)
    assert {key: oldest[key] for key in expected} == expected
    assert oldest["bytes"] > 0 and Path(oldest["run"]).is_dir()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("dropout", ["b"]),
        ("DROPOUT mlp", ["b"]),
        ("dropout keep", []),
        ("keep", ["a"]),
        ("tuesday", ["a"]),
        ("", ["b", "a"]),
    ],
)
def test_the_search_looks_for_all_words_in_names_techniques_tags_and_notes(cli, write, words, found):
    write_notes(write("09-00-00", (0.5,), name="a"), Notes(tags=("keep",), notes="as on Tuesday"))
    write("09-00-01", (0.5,), name="b", ticked=["dropout"])
    assert [run["name"] for run in listed(cli, "--search", words)] == found
    code, out, _ = cli("runs", "--search", words)
    assert code == 0 and (found or "none of 2 runs" in out)


def test_a_narrow_terminal_breaks_words_never_figures(cli, write, monkeypatch):
    write("09-00-00", (0.5, 0.25), name="a run of a very long name that takes lines")
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = cli("runs")
    assert max(map(len, out.splitlines())) <= 80
    assert "75.0 %" in out and "-0.050" in out and "MB" not in out.splitlines()[0]


def test_markup_in_a_name_is_text(cli, write):
    write("09-00-00", (0.5,), name="[red]x[/]")
    write("09-00-01", (0.5,), name="[/]", lr=0.5)
    assert "[red]x[/]" in cli("runs")[1]
    assert "[/]" in cli("runs", "2026-11-24_09-00-00", "2026-11-24_09-00-01")[1]


def test_a_real_run_is_listed(cli, workspace):
    code, out, err = cli("train", *SMALL, "--json")
    assert code == 0, err
    trained = json.loads(out)
    (run,) = listed(cli)
    for key in ("run", "epochs", "best_epoch", "best_val_loss", "best_val_accuracy", "test_accuracy"):
        assert run[key] == pytest.approx(trained[key]) if isinstance(run[key], float) else run[key] == trained[key]
    assert run["status"] == "finished"


def test_the_verb_itself_needs_no_pytorch():
    code = "import sys, engine.commands.runs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# --- which runs -----------------------------------------------------------------------------------


def test_a_run_is_found_by_folder_name_and_beginning(workspace, write, monkeypatch):
    first = write("09-00-00", (0.5,), name="wide net")
    second = write("10-00-00", (0.5,), name="wide")
    records = list_runs(workspace)

    def found(text):
        return find_run(str(text), records).folder

    assert found(first) == first
    assert found("2026-11-24_10") == second
    assert found("Wide Net") == first and found("wide n") == first
    assert found("wide") == second, "a whole name comes before a beginning"
    monkeypatch.chdir(workspace / "runs")
    assert found(first.name) == first and found(f"./{first.name}") == first


def test_what_names_no_run_or_several_is_refused_in_one_line(cli, write, workspace):
    one, other = write("09-00-00", (0.5,), name="net"), write("10-00-00", (0.5,), name="net")
    assert refused(cli("runs", "nett", one), "'nett'", "did you mean net?")
    assert refused(cli("runs", "net", one), "2 runs", one.name, other.name)
    assert refused(cli("runs", "", one)) and refused(cli("runs", "x\0y", one)) and refused(cli("runs", "y" * 5000, one))
    assert refused(cli("runs", workspace, one), "no run")
    assert refused(cli("runs", one), "two runs or more")
    assert refused(cli("runs", one, one.name), "twice")
    assert refused(cli("runs", one, other, "--search", "net"), "--search")
    assert refused(cli("runs", "--serch", "x"), "--search")
    assert refused(cli("runs", one, other, "--early-stopping"), "--early-stopping")


# --- the comparison -------------------------------------------------------------------------------


def test_runs_side_by_side_with_what_differs(cli, write):
    one = write("09-00-00", (0.5, 0.25))
    other = write("10-00-00", (0.6, 0.35, 0.45), lr=0.5, epochs=3, ticked=["dropout:p=0.25"])
    code, out, _ = cli("runs", one, other)
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    figures = [" ".join(row) for row in rows if row[:1] in (["1"], ["2"])]
    assert figures == [
        "1 2026-11-24_09-00-00 mlp finished 2 0.2500 75.0 % 0.2500 75.0 % -0.050 2 1:05 75.0 %",
        "2 2026-11-24_10-00-00 mlp + dropout finished 2 0.3500 65.0 % 0.4500 55.0 % +0.150 3 1:38 75.0 %",
    ]
    assert (
        ["dropout", "off", "on,", "p=0.25"] in rows and ["lr", "0.01", "0.5"] in rows and ["epochs", "2", "3"] in rows
    )
    assert "batch_size" not in out
    assert "one seed each" in out
    found = json.loads(cli("runs", one, other, "--json")[1])
    assert list(found) == ["runs", "differ", "groups"]
    assert found["differ"] == {"dropout": [False, {"id": "dropout", "p": 0.25}], "epochs": [2, 3], "lr": [0.01, 0.5]}
    assert [run["run"] for run in found["runs"]] == [str(one), str(other)]
    assert [group["runs"] for group in found["groups"]] == [[str(one)], [str(other)]]
    assert found["groups"][0]["best_val_loss"] == {"mean": 0.25, "deviation": None, "count": 1}
    assert found["groups"][0]["less"] == []


def test_seeds_are_summed_up_and_their_difference_has_its_interval(cli, write):
    plain = [write(f"09-00-0{seed}", (loss,), seed=seed) for seed, loss in enumerate((0.5, 0.52, 0.51))]
    dropout = [write(f"10-00-0{seed}", (loss,), seed=seed, ticked=["dropout"]) for seed, loss in enumerate((0.3, 0.31))]
    code, out, _ = cli("runs", *plain, *dropout)
    assert code == 0
    assert "mlp, 3 seeds, mean ± standard deviation: best accuracy 49.00 % ± 1.00 %, best loss 0.5100 ± 0.0100" in out
    found = json.loads(cli("runs", *plain, *dropout, "--json")[1])
    groups = found["groups"]
    assert [group["seeds"] for group in groups] == [[0, 1, 2], [0, 1]]
    assert groups[0]["best_val_loss"] == {"mean": 0.51, "deviation": pytest.approx(0.01), "count": 3}
    expected = mean_difference(spread([0.3, 0.31]), spread([0.5, 0.52, 0.51]))
    less = {each["figure"]: each for each in groups[1]["less"]}
    assert less["best_val_loss"]["group"] == 0
    assert less["best_val_loss"]["interval"] == pytest.approx(list(expected.interval))
    assert less["best_val_loss"]["within_seed_noise"] is False and "more than seed noise" in out
    assert less["test_accuracy"]["interval"] is None and less["test_accuracy"]["within_seed_noise"] is None
    assert found["differ"]["seed"] == [0, 1, 2, 0, 1]


def test_a_difference_within_seed_noise_is_called_so(cli, write):
    plain = [write(f"09-00-0{seed}", (loss,), seed=seed) for seed, loss in enumerate((0.5, 0.3, 0.4))]
    other = [write(f"10-00-0{seed}", (loss,), seed=seed, lr=0.5) for seed, loss in enumerate((0.45, 0.35))]
    _, out, _ = cli("runs", *plain, *other)
    assert out.count("within seed noise") == 4 and "more than" not in out


def test_runs_with_nothing_between_them_say_so(cli, write):
    _, out, _ = cli("runs", write("09-00-00", (0.5,)), write("10-00-00", (0.5,)))
    assert "no setting differs" in out


def test_a_run_without_a_whole_folder_is_compared_all_the_same(cli, write):
    one, other = write("09-00-00", (), reason=None), write("10-00-00", (0.5,), lr=0.5)
    (one / "environment.json").unlink()
    (other / "environment.json").write_text("[" * 100_000)
    assert json.loads(cli("runs", one, other, "--json")[1])["differ"] == {"lr": [0.01, 0.5]}
    assert "–" in cli("runs", one, other)[1]
