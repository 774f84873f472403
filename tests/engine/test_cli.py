from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.checkpoints.checkpoint import read_checkpoint
from engine.events import Finished
from engine.history import read_history
from engine.message import message
from engine.store import RunFolder
from engine.terminal.run import report
from engine.workspace import workspace_folder
from tests.engine.support import ROOT, differing, tunedeck

SMALL = (
    "--train-samples", "96", "--validation-samples", "64", "--batch-size", "32", "--epochs", "2", "--threads", "1",
    "--model", "mlp:hidden=16", "--device", "cpu",
)  # fmt: skip
KEYS = [
    "run", "reason", "epochs", "best_epoch", "best_val_loss", "best_val_accuracy", "test_loss", "test_accuracy",
    "samples_per_second", "seconds", "checkpoint", "batch_size",
]  # fmt: skip


@pytest.fixture
def cli(capsys):
    return lambda *arguments: tunedeck(capsys, *arguments)


@pytest.fixture
def trained(cli, workspace):
    """The folder of a small run."""

    def train(*arguments):
        code, out, err = cli("train", *SMALL, *arguments, "--json")
        assert code == 0, err
        return Path(json.loads(out)["run"])

    return train


def checkpoint(run, name="last"):
    return Path(run) / "checkpoints" / f"{name}.safetensors"


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(result, *words):
    """Whether the command line said in one line that it was given wrong input, and nothing else."""
    code, out, err = result
    assert code == 2, err
    assert out == ""
    assert err.startswith("tunedeck: ") and err.count("\n") == 1 and err.endswith("\n"), err
    for word in words:
        assert word in err
    return True


# --- wrong input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--with", "dropuot"], ["'dropuot'", "did you mean dropout?"]),
        (["--with", "dropout:pp=0.3"], ["'pp'"]),
        (["--model", "mlp:hiden=3"], ["did you mean hidden?"]),
        (["--model", "cnnn"], ["did you mean cnn?"]),
        (["--model", "adam"], ["of kind optimizer, not model"]),
        (["--with", "adam"], ["--optimizer"]),
        (["--without", "dropuot"], ["did you mean dropout?"]),
        (["--with", "dropout:p=1.5"], ["p", "1.5"]),
        (["--with", "dropout:p"], ["name=value"]),
        (["--epochs", "0"], ["epochs"]),
        (["--epochs", "three"], ["epochs", "three", "it should be a valid integer\n"]),
        (["--lr", "-1"], ["lr"]),
        (["--lr", "nan"], ["lr"]),
        (["--batch-size", "1.5"], ["batch_size"]),
        (["--batch-size"], ["--batch-size"]),
        (["--device", "tpu"], ["device"]),
        (["--device", "cuda:99"], ["cuda:99"]),
        (["--device", "gpu"], ["cuda:1 for the second GPU"]),
        (["--train-samples", "7000"], ["7000"]),
        (["--train-samples", "1"], ["at least 2"]),
        (["--monitor", "loss"], ["monitor"]),
        (["--model", "linear", "--with", "dropout"], ["linear", "dropout"]),
        (["--model", "linear", "--with", "batch-norm"], ["linear", "batch-norm"]),
        (["--with", "batch-norm", "--batch-size", "1"], ["2 or more"]),
        (["--optimizer", "sgd:nesterov=true"], ["momentum"]),
        (["--dataset", "fashion-mnist:path=/nowhere/at/all"], ["/nowhere/at/all", "missing"]),
        (["--recipe", "second-lesson"], ["first-lesson"]),
        (["--config", "/nowhere/at/all.yaml"], ["/nowhere/at/all.yaml"]),
        (["--config", "/nowhere\nat/all.yaml"], ["at/all.yaml"]),
        (["--epoch", "3"], ["did you mean --epochs?"]),
        (["--early-stoping"], ["did you mean --early-stopping?"]),
        (["--early-stopping=3"], ["--early-stopping"]),
        (["--wiht", "dropout"], ["--with"]),
        (["extra"], ["extra"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_settings_are_refused_in_one_line_and_leave_nothing(cli, workspace, arguments, words):
    assert refused(cli("train", *arguments), *words)
    assert not workspace.exists()


@pytest.mark.parametrize(
    "text", ["epochs: [", "- 1", "epochs: 3\nepochs: 4", "a: &x 1", "\x00", "epoch: 3", "format: 9", "with: {a: 1}"]
)
def test_a_bad_settings_file_is_refused_in_one_line(cli, workspace, tmp_path, text):
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    assert refused(cli("train", "--config", path))
    assert not workspace.exists()


def test_an_unknown_verb_is_refused_in_one_line(cli):
    assert refused(cli("trian"), "trian", "train")


def test_a_workspace_that_can_not_be_written_is_refused(cli, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert refused(cli("train", "--workspace", tmp_path / "file"), "--workspace")
    assert refused(cli("--workspace", tmp_path / "file" / "deeper", "train"), "--workspace")
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("part", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "altered", "other", "empty"])
def test_unreadable_data_are_refused_by_name(cli, workspace, tmp_path, part, damage):
    folder = tmp_path / "data"
    shutil.copytree(ROOT / "resources" / "sample", folder)
    path = folder / part
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        changed = {
            "truncated": data[: len(data) // 2],
            "altered": data[:200] + b"\0\xff" * 40 + data[280:],
            "other": b"hello",
            "empty": b"",
        }
        path.write_bytes(changed[damage])
    assert refused(cli("train", "--dataset", f"fashion-mnist:path={folder}"), part.removesuffix(".gz"))
    assert not workspace.exists()


@pytest.mark.parametrize("verb", ["resume", "evaluate"])
def test_a_bad_checkpoint_is_refused_in_one_line_and_nothing_changes(cli, trained, workspace, tmp_path, verb):
    data = checkpoint(trained()).read_bytes()
    before = files(workspace)
    bad = {
        "truncated": data[:-1], "half": data[: len(data) // 2],
        "altered": data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
        "newer": data.replace(b'\\"format\\":1', b'\\"format\\":7', 1), "text": b"epochs: 3", "empty": b"",
    }  # fmt: skip
    for name, changed in bad.items():
        lone = tmp_path / f"{name}.safetensors"
        lone.write_bytes(changed)
        assert refused(cli(verb, lone), name)
    assert "newer Tunedeck" in cli(verb, tmp_path / "newer.safetensors")[2]
    assert refused(cli(verb, tmp_path / "none.safetensors"), "none.safetensors")
    assert files(workspace) == before


def test_a_folder_without_a_checkpoint_is_refused(cli, tmp_path):
    assert refused(cli("resume", tmp_path), "no last checkpoint")


INVERT = '''
from engine.strategy import Augmentation, hookimpl

class Invert(Augmentation):
    """Turn black into white."""

    def __call__(self, images, generator):
        return 255 - images

@hookimpl
def register_strategies():
    return [Invert]
'''


def test_a_checkpoint_that_needs_a_plugin_that_is_absent_names_it(cli, trained, workspace):
    (workspace / "plugins").mkdir(parents=True)
    plugin = workspace / "plugins" / "invert.py"
    plugin.write_text(INVERT)
    run = trained("--with", "invert")
    last = json.loads((workspace / run / "environment.json").read_text())["plugins"][-1]
    digest = hashlib.sha256(plugin.read_bytes()).hexdigest()
    assert last["origin"] == str(plugin) and last["version"] == f"sha256:{digest[:16]}"
    plugin.unlink()
    before = files(workspace)
    assert refused(cli("resume", checkpoint(run), "--more", 1), "plugin invert (augmentation)")
    assert refused(cli("evaluate", checkpoint(run)), "plugin invert (augmentation)")
    plugin.write_text("1 / 0")
    assert refused(cli("resume", run, "--more", 1), "plugin invert", "ZeroDivisionError")
    plugin.unlink()
    assert {k: v for k, v in files(workspace).items() if "__pycache__" not in k.parts} == {
        k: v for k, v in before.items() if "__pycache__" not in k.parts
    }


def test_a_broken_user_plugin_is_named_and_the_rest_works(cli, trained, workspace):
    (workspace / "plugins").mkdir(parents=True)
    (workspace / "plugins" / "bad.py").write_text("1 / 0")
    (workspace / "plugins" / "needs.py").write_text("import surely_no_such_library")
    trained("--with", "dropout")
    assert refused(cli("train", "--with", "bad"), "plugin bad", "ZeroDivisionError")
    assert refused(cli("train", "--with", "needs"), "the module surely_no_such_library")
    code, out, _ = cli("plugins")
    assert code == 0
    assert "ZeroDivisionError" in out and "surely_no_such_library" in out and "dropout" in out


def test_a_user_plugin_that_raises_ends_the_run_as_failed(cli, workspace):
    (workspace / "plugins").mkdir(parents=True)
    (workspace / "plugins" / "invert.py").write_text(
        INVERT.replace("return 255 - images", "raise RuntimeError('oh no')")
    )
    code, out, err = cli("train", *SMALL, "--with", "invert", "--json")
    assert code == 1
    assert "invert failed" in err and "oh no" in err and "invert.py" in err
    result = json.loads(out)
    assert list(result) == KEYS
    assert "invert failed" in result["reason"] and result["test_accuracy"] is None
    (workspace / "plugins" / "invert.py").write_text(
        INVERT.replace("Augmentation", "Initializer").replace("__call__(self, images, generator)", "apply(self, model)")
        .replace("return 255 - images", "raise RuntimeError('oh no')")
    )  # fmt: skip
    code, out, err = cli("train", *SMALL, "--initializer", "invert", "--json")
    assert code == 1
    assert "invert failed" in err
    assert list(json.loads(out)) == KEYS


def test_a_run_in_use_is_refused_and_its_holder_named(cli, trained):
    run = trained()
    holder = RunFolder(run)
    assert refused(cli("resume", run, "--more", 1), f"process {os.getpid()}")
    holder.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_one_line_names_the_verb_that_needs_none(workspace):
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = subprocess.run(
        [sys.executable, "-m", "engine"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )
    assert refused((done.returncode, done.stdout, done.stderr), "no display", "tunedeck train")
    assert not workspace.exists()


# --- results --------------------------------------------------------------------------------------


def test_json_is_the_last_line_and_has_the_keys_of_the_interface(cli, workspace):
    (workspace / "plugins").mkdir(parents=True)
    (workspace / "plugins" / "loud.py").write_text("print('LOUD')\n" + INVERT)
    code, out, err = cli("train", *SMALL, "--json")
    assert code == 0
    assert out.count("\n") == 1
    assert "LOUD" in err
    result = json.loads(out)
    assert list(result) == KEYS
    assert result["epochs"] == 2 and result["best_epoch"] in (1, 2)
    assert Path(result["run"]).is_absolute()
    assert result["checkpoint"] == str(checkpoint(result["run"], "best"))
    row = read_history(workspace / result["run"]).epochs[result["best_epoch"] - 1]
    assert (result["best_val_loss"], result["best_val_accuracy"]) == (row.val_loss, row.val_accuracy)
    assert result["samples_per_second"] > 0 and result["seconds"] > 0


def test_three_epochs_on_the_bundled_images_reach_four_of_five_and_evaluate_agrees(cli):
    code, out, _ = cli("train", "--epochs", "3", "--seed", "0", "--json")
    assert code == 0
    result = json.loads(out)
    assert result["test_accuracy"] >= 0.80
    code, out, _ = cli("evaluate", result["checkpoint"], "--json")
    assert code == 0
    found = json.loads(out)
    assert found["accuracy"] == result["test_accuracy"]
    assert found["loss"] == pytest.approx(result["test_loss"], rel=1e-5)
    assert (found["part"], found["samples"]) == ("test", 1000)
    low, high = found["interval"]
    assert low < found["accuracy"] < high
    code, out, _ = cli("evaluate", result["checkpoint"], "--part", "validation", "--json")
    assert json.loads(out)["accuracy"] == result["best_val_accuracy"]


def test_the_settings_of_a_run_repeat_it_bit_for_bit(cli, trained):
    first = trained("--with", "dropout:p=0.3", "--with", "random-resized-crop", "--lr-scheduler", "--seed", "7")
    second = json.loads(cli("train", "--config", first / "config.yaml", "--json")[1])["run"]
    assert second != str(first)
    one, other = (read_checkpoint(checkpoint(run)) for run in (first, second))
    assert differing(one, other) == []
    third = json.loads(cli("train", "--config", first / "config.yaml", "--seed", "8", "--json")[1])["run"]
    assert differing(one, read_checkpoint(checkpoint(third))) != []


def test_flags_come_over_the_file_and_the_file_over_the_recipe(cli, trained, tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("epochs: 1\nlr: 0.5\nwith: [{id: dropout, p: 0.25}]\n")
    run = trained(
        "--recipe",
        "first-lesson",
        "--config",
        path,
        "--lr",
        "0.01",
        "--with",
        "random-resized-crop",
        "--with",
        "dropout",
    )
    text = checkpoint(run)
    config = read_checkpoint(text).meta["config"]
    assert (config["epochs"], config["lr"]) == (2, 0.01)
    assert config["with"] == [
        {"id": "dropout", "p": 0.25},
        {"id": "random-resized-crop", "scale": [0.7, 1.0], "ratio": [3 / 4, 4 / 3]},
    ]
    assert "offered" not in config


def test_flags_of_techniques_and_without(cli, trained):
    run = trained(
        "--early-stopping",
        "--lr-scheduler",
        "--with",
        "early-stopping:patience=1",
        "--with",
        "cosine",
        "--without",
        "cosine",
    )
    ticked = read_checkpoint(checkpoint(run)).meta["config"]["with"]
    assert [(s["id"], s["patience"]) for s in ticked] == [("early-stopping", 1), ("reduce-lr-on-plateau", 10)]


def test_resuming_a_finished_run_exits_with_0_and_leaves_its_checkpoints_alone(cli, trained):
    run = trained()
    before = {name: checkpoint(run).with_name(f"{name}.safetensors").read_bytes() for name in ("last", "best")}
    record = read_history(checkpoint(run).parents[1]).epochs
    for target in (run, checkpoint(run)):
        code, out, _ = cli("resume", target, "--json")
        assert code == 0
        assert (json.loads(out)["run"], json.loads(out)["epochs"]) == (str(run), 2)
        assert {n: checkpoint(run).with_name(f"{n}.safetensors").read_bytes() for n in before} == before
        assert read_history(checkpoint(run).parents[1]).epochs == record


def test_epochs_is_a_new_total_and_more_adds(cli, trained):
    run = trained("--with", "cosine")
    assert json.loads(cli("resume", run, "--epochs", 4, "--json")[1])["epochs"] == 4
    assert json.loads(cli("resume", run, "--more", 2, "--json")[1])["epochs"] == 6
    steps = read_history(checkpoint(run).parents[1]).steps
    assert set(steps[6:, 2]) == {steps[5, 2]}, "the last rate is held"
    assert refused(cli("resume", run, "--epochs", 6), "6 epochs are done")
    assert json.loads(cli("resume", run, "--more", 1, "--reschedule", "--json")[1])["epochs"] == 7
    last = read_history(checkpoint(run).parents[1]).steps[-3:, 2]
    assert last[0] > last[1] > last[2], "the wave is planned for 7 epochs"


def test_a_run_extended_at_once_equals_the_one_extended_later(cli, trained):
    whole, parts = trained(), trained()
    cli("resume", whole, "--more", 2)
    cli("resume", parts, "--more", 1)
    cli("resume", parts, "--more", 1)
    one, other = (read_checkpoint(checkpoint(run)) for run in (whole, parts))
    assert differing(one, other) == []


def test_plugins_are_listed_with_the_keys_of_the_interface(cli):
    code, out, _ = cli("plugins", "--json")
    assert code == 0
    rows = {row["id"]: row for row in json.loads(out)}
    assert {"fashion-mnist-sample", "mlp", "cnn", "adam", "dropout", "early-stopping"} <= rows.keys()
    for row in rows.values():
        assert list(row) == ["id", "kind", "summary", "origin", "parameters", "error", "unavailable"]
        for parameter in row["parameters"]:
            assert list(parameter) == ["name", "type", "default", "minimum", "maximum", "choices", "help"]
    assert rows["dropout"]["parameters"] == [{
        "name": "p", "type": "float", "default": 0.5, "minimum": 0.0, "maximum": 1.0, "choices": None,
        "help": "Probability that a neuron is switched off.",
    }]  # fmt: skip
    assert [row["id"] for row in json.loads(cli("plugins", "dropout", "--json")[1])] == ["dropout"]
    assert refused(cli("plugins", "dropuot"), "did you mean dropout?")


def test_summary_says_what_the_run_would_need_and_what_will_not_work(cli):
    code, out, err = cli("summary", "--model", "linear", "--with", "early-stopping:patience=100", "--epochs", 3)
    assert code == 0
    assert "of memory" in out
    assert err.startswith("tunedeck: early-stopping: ") and "patience 100" in err
    need = json.loads(cli("summary", "--model", "mlp:hidden=1000+1000", "--json")[1])["memory"]
    assert need > 4 * 4 * 1_800_000


def test_a_run_that_stopped_early_says_how_to_see_what_would_have_happened(cli):
    flags = ("--model", "linear", "--epochs", 6, "--train-samples", 100, "--threads", 1, "--device", "cpu")
    code, out, err = cli("train", *flags, "--lr", 9, "--with", "early-stopping:patience=1,min_delta=1000")
    assert code == 0, err
    run = out.partition("see what would have happened: tunedeck ")[2].split()
    assert run[0] == "fork" and run[2:] == ["--without", "early-stopping"]
    code, out, err = cli(*run, "--json")
    assert code == 0, err
    seen = json.loads(out)["run"]
    code, out, _ = cli("train", *flags, "--lr", 9, "--json")
    assert differing(*(read_checkpoint(checkpoint(one)) for one in (seen, json.loads(out)["run"]))) == []
    code, out, _ = cli("train", *flags)
    assert code == 0 and "would have happened" not in out


def test_one_technique_is_explained_whole(cli):
    code, out, _ = cli("plugins", "early-stopping")
    words = " ".join(out.split())
    assert code == 0
    assert words.count("Stop when") == 1
    assert "Prechelt 1998" in words and "built-in" in words and "patience = 5" in words


def test_summary_draws_the_learning_rate_before_the_run(cli):
    flags = ("--model", "linear", "--epochs", 3, "--batch-size", 600, "--lr", 0.5)
    code, out, _ = cli("summary", *flags, "--with", "cosine")
    assert code == 0
    bars, words = out.splitlines()[-2:]
    assert bars.startswith("learning rate █") and bars.endswith("▁") and bars.count("█") < 8
    assert words == "5.00e-01 at first, 5.00e-01 at most, 1.69e-03 at last"
    assert "learning rate" not in cli("summary", *flags)[1]
    course = json.loads(cli("summary", *flags, "--with", "cosine", "--json")[1])["lr"]
    assert course[0] == [0, 0.5] and len(course) == 27 and course[-1][0] == 26


def test_plugins_and_summary_are_readable_without_json(cli):
    code, out, _ = cli("plugins", "dropout")
    assert code == 0 and "Switch each neuron off" in out and "0.5" in out
    code, out, _ = cli("summary", "--model", "mlp:hidden=30+20", "--with", "batch-norm")
    assert code == 0 and "BatchNorm1d" in out
    total = 784 * 30 + 30 + 60 + 30 * 20 + 20 + 40 + 20 * 10 + 10
    assert f"{total:,} parameters" in out
    assert (
        json.loads(cli("summary", "--model", "mlp:hidden=30+20", "--with", "batch-norm", "--json")[1])["parameters"]
        == total
    )


def test_what_a_person_reads_at_the_end_says_where_the_run_lies(cli, workspace):
    code, out, err = cli("train", *SMALL)
    assert code == 0
    (run,) = (workspace / "runs").iterdir()
    assert str(run) in out and "test accuracy" in out and "best epoch" in out
    assert "epoch 2 of 2" in err


def test_the_line_that_goes_on_with_a_run_can_be_pasted_whatever_the_workspace_is_called(tmp_path):
    where = tmp_path / "작업 공간" / "runs" / "it's mine"
    finished = Finished(message("stopped", "stopped"), True, 1, 5, None, None, None, None, None, None, 1.0, None)
    line = report(SimpleNamespace(store=SimpleNamespace(where=str(where)), proof=None), finished).splitlines()[-1]
    assert shlex.split(line.partition("go on with: ")[2]) == ["tunedeck", "resume", str(where)]


def test_help_answers_without_pytorch_and_qt():
    code = (
        "import sys; from engine.cli import main\n"
        "for arguments in (['--help'], ['train', '--help'], ['resume', '--help']):\n"
        "    try: main(arguments)\n"
        "    except SystemExit as error: assert error.code == 0\n"
        "print('LOADED', [name for name in ('torch', 'PySide6', 'numpy', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "LOADED []", done.stdout + done.stderr
    for word in ("--with", "--early-stopping", "--epochs", "--more", "--optimizer", "--json"):
        assert word in done.stdout


def test_the_workspace_is_as_given_else_from_the_environment_else_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEDECK_WORKSPACE", str(tmp_path / "env"))
    assert workspace_folder(str(tmp_path / "given")) == tmp_path / "given"
    assert workspace_folder() == tmp_path / "env"
    monkeypatch.delenv("TUNEDECK_WORKSPACE")
    assert workspace_folder() == Path.home() / "Tunedeck"
    assert workspace_folder("relative").is_absolute()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workspace", "/tmp/" + 300 * "x"],
        ["--workspace", "~nobody-of-this-name/x"],
        ["--dataset", "fashion-mnist:path=~nobody-of-this-name/x"],
        ["--dataset", "fashion-mnist:path=/tmp/" + 300 * "x"],
        ["--config", "/dev/zero"],
    ],
)
def test_odd_paths_are_refused_in_one_line(cli, arguments, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert refused(cli("train", *SMALL, *arguments))


def test_a_checkpoint_far_larger_than_its_header_says_is_refused_unread(cli, trained, tmp_path):
    large = tmp_path / "large.safetensors"
    shutil.copy(checkpoint(trained()), large)
    os.truncate(large, 2**40)
    assert refused(cli("evaluate", str(large)), "damaged")
    assert refused(cli("evaluate", "/dev/zero"), "no file")


@pytest.mark.parametrize("flags", [["--reschedule"], ["--more", "0"], ["--more", "-3"], ["--epochs", "2000000"]])
def test_an_extension_that_extends_nothing_is_refused(cli, trained, workspace, flags):
    run = trained()
    before = files(workspace)
    assert refused(cli("resume", str(run), *flags))
    assert {k: v for k, v in files(workspace).items() if k.name != "lock"} == {
        k: v for k, v in before.items() if k.name != "lock"
    }


@pytest.mark.parametrize("version", ["0", "true", "one", "1.5"])
def test_a_format_that_is_none_is_refused(cli, tmp_path, version):
    (tmp_path / "a.yaml").write_text(f"format: {version}\n")
    assert refused(cli("train", "--config", str(tmp_path / "a.yaml")), "no format of settings")


def test_another_data_set_may_be_smaller_than_the_own(cli, trained, tmp_path):
    run = trained("--validation-samples", "5000")
    folder = ROOT / "resources" / "sample"
    arguments = ["--dataset", f"fashion-mnist:path={folder}", "--part", "test", "--json"]
    code, out, err = cli("evaluate", str(checkpoint(run, "best")), *arguments)
    assert code == 0, err
    assert json.loads(out)["samples"] == 1000


def test_a_runs_folder_stands_for_its_best_checkpoint(cli, trained):
    run = trained()
    whole, best = (json.loads(cli("evaluate", str(path), "--json")[1]) for path in (run, checkpoint(run, "best")))
    assert whole == best
