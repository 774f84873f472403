"""`tunedeck hardware`, and the measurement of each device."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

import engine.commands.hardware
import engine.machine.measure
from engine.data import Source, split
from engine.machine.facts import Facts, Gpu, Torch
from engine.machine.measure import Measured, conclusion, fastest, measure
from tests.engine.support import tiny_config, tunedeck

RTX = Gpu("nvidia", "NVIDIA GeForce RTX 3070", 8 * 2**30, (8, 6))


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr("engine.preview.estimate.MEASURED_SECONDS", 0.01)
    monkeypatch.setattr("engine.preview.estimate.EVALUATED_SECONDS", 0.01)


@pytest.fixture
def machine(monkeypatch):
    def make_up(facts):
        monkeypatch.setattr(engine.commands.hardware, "gather", lambda: facts)

    return make_up


def test_a_machine_without_a_driver_is_told_the_command_that_mends_it(capsys, workspace, machine):
    facts = Facts("Linux", Torch("2.14", cuda="13.0"), distribution=("debian",), gpus=(RTX,), processor="Some [bold]")
    machine(facts)
    code, out, err = tunedeck(capsys, "hardware", "--workspace", workspace)
    assert (code, err) == (0, "")
    assert "RTX 3070" in out and "Some [bold]" in out
    assert "\n     sudo apt install linux-headers-amd64 nvidia-driver\n" in out
    assert "not needed any more" in out and "Devices that can be used: cpu." in out


def test_json_is_one_line_with_the_report_and_the_figures(capsys, workspace, machine):
    machine(Facts("Linux", Torch("2.14")))
    code, out, _ = tunedeck(capsys, "hardware", "--workspace", workspace, "--json")
    told = json.loads(out)
    assert code == 0 and (told["devices"], told["measured"], told["best"]) == (["cpu"], None, None)
    words = ["--measure", "--model", "mlp:hidden=8", "--train-samples", "300", "--threads", "1", "--json"]
    code, out, _ = tunedeck(capsys, "hardware", "--workspace", workspace, *words)
    told = json.loads(out)
    assert code == 0 and [each["precision"] for each in told["measured"]] == ["float32", "bfloat16"]
    assert all(each["samples_per_second"] > 0 and each["reason"] is None for each in told["measured"])
    assert told["best"]["device"] == "cpu"
    assert list((workspace / "runs").glob("*")) == [], "a look makes no run"


def test_the_figures_are_printed_with_what_they_say(capsys, workspace, machine):
    machine(Facts("Linux", Torch("2.14")))
    words = ["--measure", "--model", "mlp:hidden=8", "--train-samples", "300", "--threads", "1"]
    code, out, _ = tunedeck(capsys, "hardware", "--workspace", workspace, *words)
    assert code == 0 and "mlp on fashion-mnist-sample" in out and "fastest here: device cpu, precision" in out


def test_settings_that_are_wrong_are_told_before_anything_is_looked_at(capsys, workspace, monkeypatch):
    monkeypatch.setattr(engine.commands.hardware, "gather", lambda: pytest.fail("it was looked at"))
    code, out, err = tunedeck(capsys, "hardware", "--workspace", workspace, "--measure", "--model", "no-such")
    assert (code, out) == (2, "") and "no-such" in err and err.count("\n") == 1


def test_a_device_that_fails_is_told_and_the_others_are_measured_all_the_same(catalogue, tmp_path, monkeypatch):
    config = tiny_config(catalogue)
    parts = split(config.dataset.load(Source(tmp_path)), config)
    before = engine.machine.measure.estimate

    def failing(changed, *rest):
        if changed.precision == "bfloat16":
            raise RuntimeError("not implemented for 'BFloat16'")
        return before(changed, *rest)

    monkeypatch.setattr(engine.machine.measure, "estimate", failing)
    absent, _, plain, other = measure(config, parts, tmp_path, ["cuda:9", "cpu"])
    assert absent.samples_per_second is None and absent.reason.code == "no-device"
    assert plain.samples_per_second and plain.reason is None
    assert other.samples_per_second is None and "not implemented" in str(other.reason)


def test_what_is_stopped_has_no_figures(catalogue, tmp_path):
    config = tiny_config(catalogue)
    parts = split(config.dataset.load(Source(tmp_path)), config)
    assert [each.samples_per_second for each in measure(config, parts, tmp_path, ["cpu"], lambda: True)] == [None] * 2


def figures(**rates):
    """`cuda_bfloat16=900` and the like."""
    return [Measured(*name.split("_"), rate) for name, rate in rates.items()]


def test_the_fastest_is_advised_and_a_precision_only_where_it_gains():
    assert fastest(figures(cpu_float32=100, cpu_bfloat16=90, cuda_float32=1000, cuda_bfloat16=1030)) == Measured(
        "cuda", "float32", 1000
    )
    assert fastest(figures(cpu_float32=100, cuda_float32=None, cuda_bfloat16=None)).device == "cpu"
    assert fastest(figures(cuda_float32=None, cuda_bfloat16=70, cpu_float32=5)).precision == "bfloat16"
    assert fastest(figures(cpu_float32=None)) is None
    assert conclusion(figures(cpu_float32=None)) == []


def test_a_gpu_is_told_in_processors_of_this_machine():
    told = conclusion(figures(cuda_float32=500, cuda_bfloat16=1000, cpu_float32=100, cpu_bfloat16=50))
    assert [(each.code, each.values.get("times")) for each in told] == [
        ("use-device", None), ("precision-times", "2"), ("device-times", "10"),
    ]  # fmt: skip
    assert told[0].values == {"device": "cuda", "precision": "bfloat16"}


RATES = some.none() | some.floats(1, 1e7)


@given(RATES, RATES, RATES, RATES)
def test_what_is_advised_is_never_slower_by_more_than_the_noise(a, b, c, d):
    made = figures(cpu_float32=a, cpu_bfloat16=b, cuda_float32=c, cuda_bfloat16=d)
    best, known = fastest(made), [each for each in (a, b, c, d) if each]
    assert (best is None) == (not known)
    if best is not None:
        assert best.samples_per_second * engine.machine.measure.HELPS >= max(known)
