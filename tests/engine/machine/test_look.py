"""Looking at a machine: its files and programs are made up here, in the form in which real ones have them."""

from __future__ import annotations

import platform
import sys
import threading

import pytest

from engine.machine.facts import Gpu, Torch
from engine.machine.look import gather, run_program, within
from engine.machine.systems import system_facts

SMI = "NVIDIA GeForce RTX 3070, 580.82.07, 8192, 8.6\nTesla T4, 580.82.07, 15360, 7.5\n"
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.82"


@pytest.fixture(autouse=True)
def _this_is_linux(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr("engine.machine.look._torch", lambda: Torch("2.14.1"))
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)


def write(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def device(root, place, vendor, kind, number="0x2484"):
    folder = root / "sys" / "bus" / "pci" / "devices" / place
    folder.mkdir(parents=True)
    for name, text in (("vendor", vendor), ("class", kind), ("device", number)):
        (folder / name).write_text(f"{text}\n")


def silent(words):
    return -1, ""


def test_nothing_can_be_read_and_no_program_is_there(tmp_path):
    facts = gather(tmp_path, silent)
    assert (facts.gpus, facts.driver, facts.driver_error, facts.memory) == ((), None, "", None)
    assert facts.threads >= 1


def test_a_gpu_without_driver_is_seen_on_the_bus_and_named_where_lspci_is(tmp_path):
    device(tmp_path, "0000:00:02.0", "0x8086", "0x030000")  # another maker's
    device(tmp_path, "0000:01:00.0", "0x10de", "0x030000")
    device(tmp_path, "0000:01:00.1", "0x10de", "0x040300")  # its sound
    device(tmp_path, "0000:02:00.0", "0x1002", "0x030200")

    def ask(words):
        named = words[0] == "lspci" and words[-1] == "0000:01:00.0"
        line = '01:00.0 "VGA compatible controller" "NVIDIA Corporation" "GA104 [GeForce RTX 3070]" -ra1 "" ""'
        return (0, line) if named else (-1, "")

    gpus = gather(tmp_path, ask).gpus
    assert gpus == (Gpu("nvidia", "NVIDIA Corporation GA104 [GeForce RTX 3070]"), Gpu("amd", "AMD 0x2484"))


def test_where_the_driver_answers_it_names_its_gpus_once(tmp_path):
    device(tmp_path, "0000:01:00.0", "0x10de", "0x030000")
    device(tmp_path, "0000:02:00.0", "0x1002", "0x030000")
    facts = gather(tmp_path, lambda words: (0, SMI) if words[0] == "nvidia-smi" else (-1, ""))
    assert facts.driver == "580.82.07" and facts.driver_error == ""
    assert facts.gpus[:2] == (
        Gpu("nvidia", "NVIDIA GeForce RTX 3070", 8192 * 2**20, (8, 6)),
        Gpu("nvidia", "Tesla T4", 15360 * 2**20, (7, 5)),
    )
    assert [gpu.vendor for gpu in facts.gpus] == ["nvidia", "nvidia", "amd"]


def test_an_old_nvidia_smi_does_not_know_the_capability(tmp_path):
    def ask(words):
        if words[0] != "nvidia-smi":
            return -1, ""
        return (
            (2, 'Field "compute_cap" is not a valid field') if "compute_cap" in words[1] else (0, "K80, 470.1, [N/A]")
        )

    facts = gather(tmp_path, ask)
    assert facts.gpus == (Gpu("nvidia", "K80"),) and (facts.driver, facts.driver_error) == ("470.1", "")


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n", "535.104.05"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.82.07  Release Build\n", "580.82.07"),
        ("something else\n", None),
    ],
)
def test_a_driver_that_fails_says_why_and_the_kernel_knows_its_version(tmp_path, line, version):
    write(tmp_path, proc__driver__nvidia__version=line)
    facts = gather(tmp_path, lambda words: (18, MISMATCH) if words[0] == "nvidia-smi" else (-1, ""))
    assert facts.driver == version and "version mismatch NVML" in facts.driver_error


def test_linux_tells_of_itself(tmp_path):
    core = "processor: {n}\nmodel name\t: Some Processor\nphysical id\t: 0\ncore id\t\t: {c}\n\n"
    write(
        tmp_path, proc__cpuinfo="".join(core.format(n=n, c=n // 2) for n in range(4)),
        proc__meminfo="MemTotal:       16000000 kB\nMemFree: 1 kB\n", proc__version="Linux microsoft-standard-WSL2",
    )  # fmt: skip
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_text(
        'PRETTY_NAME=\'Linux "Mint" 22\'\nID=linuxmint\nID_LIKE="ubuntu debian"\n'
    )
    facts = gather(tmp_path, silent)
    assert (facts.processor, facts.cores, facts.memory) == ("Some Processor", 2, 16_000_000 * 1024)
    assert facts.system_name == 'Linux "Mint" 22' and facts.distribution == ("linuxmint", "ubuntu", "debian")
    assert facts.wsl and not facts.container
    (tmp_path / ".dockerenv").touch()
    write(tmp_path, sys__fs__cgroup__memory__max="")
    (tmp_path / "sys" / "fs" / "cgroup" / "memory.max").write_text("1000000\n")
    facts = gather(tmp_path, silent)
    assert facts.container and facts.memory == 1_000_000


def test_windows_is_asked_once(tmp_path):
    answer = '{"gpus": ["NVIDIA GeForce GTX 1080", "AMD Radeon(TM)", "Basic Display"], "memory": 5, "processor": "X "}'
    found = system_facts("Windows", tmp_path, lambda words: (0, answer))
    assert [gpu.vendor for gpu in found["gpus"]] == ["nvidia", "amd"]
    assert (found["memory"], found["processor"]) == (5, "X")
    assert system_facts("Windows", tmp_path, lambda words: (0, "no JSON"))["gpus"] == ()


def test_a_mac_has_a_gpu_where_its_processor_is_apples(tmp_path, monkeypatch):
    told = {"machdep.cpu.brand_string": "Apple M2\n", "hw.physicalcpu": "8\n", "hw.memsize": "17179869184\n"}
    for machine, gpus in (("arm64", (Gpu("apple", "Apple M2"),)), ("x86_64", ())):
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        found = system_facts("Darwin", tmp_path, lambda words: (0, told[words[-1]]))
        assert (found["gpus"], found["cores"], found["memory"]) == (gpus, 8, 2**34)


def test_a_program_that_is_missing_fails_or_never_ends_gives_nothing(monkeypatch):
    monkeypatch.setattr("engine.machine.look.PATIENCE", 0.2)
    assert run_program(["no-such-program-anywhere"]) == (-1, "")
    assert run_program([sys.executable, "-c", "print('x'); raise SystemExit(3)"]) == (3, "x\n")
    assert run_program([sys.executable, "-c", "import time; time.sleep(60)"]) == (-1, "")


def test_what_hangs_or_raises_is_not_waited_for():
    gate = threading.Event()
    assert within(0.01, lambda: gate.wait()) is None
    gate.set()
    assert within(5, lambda: 1 / 0) is None
    assert within(5, lambda: "found") == "found"


def test_this_very_machine_is_looked_at(monkeypatch):
    monkeypatch.undo()
    facts = gather()
    assert facts.torch.version and facts.threads >= 1
