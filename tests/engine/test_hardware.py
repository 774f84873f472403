"""Devices; numbers of threads, remembered for all processes of a workspace."""

from __future__ import annotations

import json

import pytest
import torch

from engine import hardware
from engine.hardware import bfloat16_advice, device_advice, remembered_threads, resolve_device
from engine.message import InputError, message
from engine.trainer import Trainer
from tests.engine.support import tiny_config


def test_what_another_process_measured_meanwhile_is_kept_and_what_it_measured_for_the_same_is_taken(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(hardware, "is_busy", lambda: False)
    monkeypatch.setattr(hardware, "processors", lambda: 8)
    memory = tmp_path / "data" / "threads.json"

    def measure():
        assert remembered_threads(memory, ["other"], lambda: 3) == 3
        assert remembered_threads(memory, ["same"], lambda: 2) == 2
        return 5

    assert remembered_threads(memory, ["mine"], measure) == 5
    assert remembered_threads(memory, ["same"], measure) == 2
    memory.write_text("{}")
    found = remembered_threads(memory, ["same"], measure)
    assert (found, type(found)) == (2, int)
    assert json.loads(memory.read_text()) == {'["other"]': 3, '["same"]': 2}


def test_what_was_measured_on_a_busy_machine_holds_for_this_process_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "_WHILE_BUSY", {})
    monkeypatch.setattr(hardware, "processors", lambda: 8)
    memory = tmp_path / "threads.json"
    monkeypatch.setattr(hardware, "is_busy", lambda: True)
    assert remembered_threads(memory, ["case"], lambda: 3) == 3
    monkeypatch.setattr(hardware, "is_busy", lambda: False)
    assert remembered_threads(memory, ["case"], lambda: 5) == 3 and not memory.exists()
    assert remembered_threads(memory, ["other"], lambda: 5) == 5
    hardware._WHILE_BUSY.clear()  # as another process has it
    assert remembered_threads(memory, ["case"], lambda: 4) == 4
    assert json.loads(memory.read_text()) == {'["other"]': 5, '["case"]': 4}


# --- devices --------------------------------------------------------------------------------------


@pytest.fixture
def gpus(monkeypatch):
    """Makes up GPUs of these compute capabilities, for a PyTorch that is built for 7.5 and later."""

    def make_up(*capabilities, mps=False):
        cuda = torch.cuda
        monkeypatch.setattr(torch.version, "hip", None)
        monkeypatch.setattr(cuda, "is_available", lambda: bool(capabilities))
        monkeypatch.setattr(cuda, "device_count", lambda: len(capabilities))
        monkeypatch.setattr(cuda, "get_arch_list", lambda: ["sm_75", "sm_80", "sm_90"])
        monkeypatch.setattr(cuda, "get_device_capability", lambda device: capabilities[device.index or 0])
        monkeypatch.setattr(cuda, "get_device_name", lambda device: f"GPU {device.index or 0}")
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return make_up


def test_auto_takes_the_gpu_that_pytorch_can_use(gpus):
    for capabilities, mps, chosen in (
        ((), False, "cpu"),
        ((), True, "mps"),
        (((8, 6),), False, "cuda"),
        (((6, 1),), False, "cpu"),  # its code would fail at the first step
    ):
        gpus(*capabilities, mps=mps)
        assert str(resolve_device("auto")) == chosen


def test_a_named_device_has_to_be_there_and_to_be_one_that_pytorch_can_use(gpus):
    gpus((8, 6), (6, 1))
    assert str(resolve_device("cuda:0")) == "cuda:0" and str(resolve_device("cpu")) == "cpu"
    for name, code in (("cuda:2", "no-device"), ("mps", "no-device"), ("cuda:1", "no-code-for-device")):
        with pytest.raises(InputError) as raised:
            resolve_device(name)
        assert raised.value.message.code == code and "tunedeck hardware" in str(raised.value)


def test_mixed_precision_is_advised_against_where_there_is_no_arithmetic_for_it(gpus, monkeypatch):
    gpus((8, 0), (7, 5))
    assert bfloat16_advice(torch.device("cuda:0"), "bfloat16") is None
    assert bfloat16_advice(torch.device("cuda:1"), "float32") is None
    assert "GPU 1" in str(bfloat16_advice(torch.device("cuda:1"), "bfloat16"))
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    for able in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda able=able: able)
        assert (bfloat16_advice(torch.device("cpu"), "bfloat16") is None) is able
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "SVE256")
    assert bfloat16_advice(torch.device("cpu"), "bfloat16") is None


def test_a_compiled_network_is_advised_against_on_a_processor_alone():
    processor, gpu = torch.device("cpu"), torch.device("cuda:0")
    [(setting, text)] = device_advice(processor, "float32", compile=True)
    assert setting == "compile" and "half as fast" in str(text)
    assert device_advice(processor, "float32", compile=False) == device_advice(gpu, "float32", compile=True) == ()


def test_a_run_begins_with_the_advice_on_its_device(catalogue, monkeypatch):
    monkeypatch.setattr("engine.hardware.bfloat16_advice", lambda device, precision: message("slow", precision))
    monkeypatch.setattr("engine.hardware.compile_advice", lambda device, wanted: message("odd", str(wanted)))
    started = next(iter(Trainer(tiny_config(catalogue, precision="bfloat16")).run()))
    assert [("precision", message("slow", "bfloat16")), ("compile", message("odd", "False"))] == [
        told for told in started.warnings if told[0] in ("precision", "compile")
    ]


@pytest.mark.parametrize(("busy", "looks"), [(0, 1), (3, 4), (10_000, 25)])
def test_numbers_of_threads_are_tried_once_the_rest_of_the_process_rests_or_patience_ends(busy, looks):
    now, seen = [0.0, 0.0], []

    def sleep(seconds):
        seen.append(seconds)
        now[0] += seconds
        now[1] += seconds * (0.9 if len(seen) <= busy else 0.1)

    hardware.wait_for_rest(lambda: now[1], lambda: now[0], sleep)
    assert len(seen) == pytest.approx(looks, abs=1 if looks == 25 else 0)


def test_fastest_threads_waits_before_it_tries(monkeypatch):
    told = []
    monkeypatch.setattr(hardware, "wait_for_rest", lambda: told.append("waited"))
    monkeypatch.setattr(hardware, "TIMED_SECONDS", 0.0)
    threads = torch.get_num_threads()
    hardware.fastest_threads(lambda: told.append("step"), 2)
    torch.set_num_threads(threads)
    assert told[0] == "waited" and "step" in told
