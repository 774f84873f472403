"""What a machine can train with and what is missing, for machines of many kinds."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.machine.facts import Facts, Gpu, Torch
from engine.machine.problems import DRIVER_COMMANDS, DRIVERS, REINSTALL, SELECTOR, runs_on
from engine.machine.report import report, summary_lines

ARCHES = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120")
CUDA = Torch("2.14.1+cu130", cuda="13.0", cudnn="9.24.0", arches=ARCHES)
CPU = Torch("2.14.1+cpu")
RTX = Gpu("nvidia", "NVIDIA GeForce RTX 3070", 8 * 2**30, (8, 6))
OLD = Gpu("nvidia", "NVIDIA GeForce GTX 1080", 8 * 2**30, (6, 1))
NEW = Gpu("nvidia", "NVIDIA of tomorrow", 8 * 2**30, (15, 0))
RADEON = Gpu("amd", "AMD Radeon RX 7900 XTX")
MAC = Gpu("apple", "Apple M2")


def with_gpu(torch: Torch, *gpus: Gpu) -> Torch:
    return dataclasses.replace(torch, gpus=gpus)


def debian(**values: object) -> Facts:
    defaults = {"system_name": "Debian GNU/Linux 12", "distribution": ("debian",), "processor": "some", "threads": 8}
    return Facts(**({"system": "Linux", "torch": CUDA} | defaults | values))


def debian_gpu(**values: object) -> Facts:
    return debian(**({"gpus": (RTX,), "driver": "580.82.07", "torch": with_gpu(CUDA, RTX)} | values))


MACHINES = {
    "no GPU": (debian(), ("cpu",), []),
    "all is well": (debian_gpu(), ("cuda", "cpu"), []),
    "two GPUs": (debian_gpu(torch=with_gpu(CUDA, RTX, RTX)), ("cuda:0", "cuda:1", "cpu"), []),
    "the second GPU is too old": (
        debian_gpu(gpus=(RTX, OLD), torch=with_gpu(CUDA, RTX, OLD)), ("cuda:0", "cpu"), ["gpu-too-old"],
    ),
    "no driver": (debian_gpu(driver=None, torch=CUDA), ("cpu",), ["no-driver"]),
    "no driver in a container": (debian_gpu(driver=None, torch=CUDA, container=True), ("cpu",), ["driver-container"]),
    "updated and not restarted": (
        debian_gpu(driver_error="Driver/library version mismatch", torch=CUDA), ("cpu",), ["driver-restart"],
    ),
    "old driver": (debian_gpu(driver="535.104.05", torch=CUDA), ("cpu",), ["old-driver"]),
    "CPU build": (debian_gpu(torch=CPU), ("cpu",), ["cpu-build"]),
    "CPU build and no driver": (debian_gpu(torch=CPU, driver=None), ("cpu",), ["no-driver", "cpu-build"]),
    "too old a GPU": (debian_gpu(gpus=(OLD,), torch=with_gpu(CUDA, OLD)), ("cpu",), ["gpu-too-old"]),
    "too new a GPU": (
        debian_gpu(gpus=(NEW,), torch=with_gpu(dataclasses.replace(CUDA, arches=ARCHES[:-1]), NEW)),
        ("cpu",), ["gpu-too-new"],
    ),
    "hidden": (debian_gpu(torch=CUDA, hidden=True), ("cpu",), ["gpu-hidden"]),
    "a driver that hangs": (debian_gpu(torch=dataclasses.replace(CUDA, silent=True)), ("cpu",), ["gpu-silent"]),
    "not reached": (debian_gpu(torch=CUDA), ("cpu",), ["gpu-unreached"]),
    "AMD on Linux": (debian(gpus=(RADEON,)), ("cpu",), ["no-rocm"]),
    "AMD with ROCm": (
        debian(gpus=(RADEON,), torch=Torch("2.14.1+rocm7", rocm="7.0", gpus=(RADEON,))), ("cuda", "cpu"), [],
    ),
    "AMD on Windows": (Facts("Windows", CPU, gpus=(RADEON,)), ("cpu",), ["no-rocm-here"]),
    "NVIDIA on Windows with the usual build": (
        Facts("Windows", CPU, gpus=(RTX,), driver="581.15"), ("cpu",), ["cpu-build"],
    ),
    "Mac": (Facts("Darwin", Torch("2.14.1", mps=True), gpus=(MAC,)), ("mps", "cpu"), []),
    "old macOS": (Facts("Darwin", Torch("2.14.1"), gpus=(MAC,)), ("cpu",), ["no-mps"]),
    "Mac of Intel": (Facts("Darwin", Torch("2.2.2")), ("cpu",), []),
}  # fmt: skip


@pytest.mark.parametrize("name", MACHINES)
def test_each_machine_gets_its_devices_and_what_it_lacks(name):
    facts, devices, problems = MACHINES[name]
    found = report(facts)
    assert found.devices == devices
    assert [each.text.code for each in found.problems] == problems
    for each in found.problems:
        assert "{" not in str(each.text), "a figure is missing"
        assert "\n" not in str(each.text)
    states = {step.id: step.state for step in found.steps}
    assert (states["check"] == "done") == (devices[0] != "cpu")
    assert not (devices[0] == "cpu" and facts.gpus and not problems), "nobody says why the GPU is not used"


@pytest.mark.parametrize("name", MACHINES)
def test_the_five_steps_of_the_chapter_are_told_whatever_the_machine(name):
    steps = report(MACHINES[name][0]).steps
    assert [step.number for step in steps if step.number] == [1, 2, 3, 4, 5]
    of = {step.id: step for step in steps}
    for id in ("cuda-toolkit", "cudnn"):
        assert of[id].state == "not-needed" and "not needed any more" in str(of[id].text)


def test_what_is_missing_is_missing_in_the_steps_too():
    def states(name: str) -> dict[str, str]:
        return {step.id: step.state for step in report(MACHINES[name][0]).steps}

    assert states("no driver")["driver"] == states("old driver")["driver"] == "missing"
    assert states("updated and not restarted")["driver"] == "missing"
    assert (states("CPU build")["pytorch"], states("CPU build")["driver"]) == ("missing", "done")
    assert states("no driver")["pytorch"] == "done"
    assert set(states("all is well").values()) == {"done", "not-needed"}


@pytest.mark.parametrize(
    ("distribution", "command"),
    [
        (("ubuntu", "debian"), "sudo ubuntu-drivers install"),
        (("linuxmint", "ubuntu", "debian"), "sudo ubuntu-drivers install"),
        (("debian",), "sudo apt install linux-headers-amd64 nvidia-driver"),
        (("fedora",), "sudo dnf install akmod-nvidia"),
        (("nobara", "fedora"), "sudo dnf install akmod-nvidia"),
        (("arch",), None),
        (("of-its-own",), None),
    ],
)
def test_each_linux_gets_its_own_command_or_a_page(distribution, command):
    [problem] = report(debian_gpu(driver=None, torch=CUDA, distribution=distribution)).problems
    assert problem.command == command and problem.page
    assert (problem.page == DRIVERS) == (not set(distribution) & set(DRIVER_COMMANDS))


def test_within_windows_it_is_windows_that_needs_the_driver():
    [problem] = report(debian_gpu(driver=None, torch=CUDA, wsl=True)).problems
    assert problem.command is None and problem.page == DRIVERS


def test_pytorch_for_gpus_is_the_usual_one_on_linux_and_a_choice_on_windows():
    [linux] = report(MACHINES["CPU build"][0]).problems
    [windows] = report(MACHINES["NVIDIA on Windows with the usual build"][0]).problems
    assert (linux.command, windows.command) == (REINSTALL, None)
    assert linux.page == windows.page == SELECTOR


@pytest.mark.parametrize(
    ("cuda", "driver", "enough"),
    [("13.0", "580.65.06", True), ("13.0", "575.99", False), ("12.6", "525.60.13", True), ("12.6", "525.60.12", False),
     ("11.8", "450.80.02", True), ("11.8", "440.33", False), ("99.0", "1.0", True)],
)  # fmt: skip
def test_a_driver_is_held_against_the_cuda_that_pytorch_brought(cuda, driver, enough):
    facts = debian_gpu(driver=driver, torch=dataclasses.replace(CUDA, cuda=cuda, gpus=(RTX,)))
    assert ([each.text.code for each in report(facts).problems] == []) is enough


@pytest.mark.parametrize(
    ("capability", "arches", "runs"),
    [((8, 6), ("sm_80",), True), ((8, 0), ("sm_86",), False), ((9, 0), ("sm_80", "sm_86"), False),
     ((9, 0), ("sm_80", "compute_80"), True), ((7, 0), ("compute_80",), False), ((12, 1), ("sm_120",), True),
     ((9, 0), ("sm_90a",), False), ((8, 6), (), False)],
)  # fmt: skip
def test_machine_code_runs_within_its_major_version_and_intermediate_code_from_there_on(capability, arches, runs):
    assert runs_on(capability, arches) is runs


def test_the_keys_of_the_json_are_those_that_the_guide_names():
    told = json.loads(json.dumps(report(debian_gpu()).to_dict()))
    assert list(told) == [
        "system", "processor", "memory", "gpus", "driver", "pytorch", "devices", "steps", "problems",
    ]  # fmt: skip
    assert told["gpus"] == [
        {"vendor": "nvidia", "name": "NVIDIA GeForce RTX 3070", "memory": 8 * 2**30, "capability": "8.6"}
    ]
    assert told["pytorch"] == {
        "version": "2.14.1+cu130", "cuda": "13.0", "cudnn": "9.24.0", "rocm": None, "mps": False,
    }  # fmt: skip
    assert set(told["steps"][0]) == {"id", "number", "state", "text"}
    lacking = report(MACHINES["no driver"][0]).to_dict()
    assert set(lacking["problems"][0]) == {"code", "text", "command", "page"}


NAMES = some.text(max_size=30)
GPUS = some.builds(
    Gpu, some.sampled_from(("nvidia", "amd", "apple")), NAMES, some.none() | some.integers(1, 2**40),
    some.none() | some.tuples(some.integers(1, 20), some.integers(0, 9)),
)  # fmt: skip
MANY = some.lists(GPUS, max_size=3).map(tuple)
VERSIONS = some.none() | some.sampled_from(("13.0", "12.4", "11.8")) | NAMES
TORCHES = some.builds(
    Torch, NAMES, cuda=VERSIONS, cudnn=VERSIONS, rocm=VERSIONS, gpus=MANY, mps=some.booleans(), silent=some.booleans(),
    arches=some.lists(some.sampled_from((*ARCHES, "sm_90a", "gfx90a", "")), max_size=4).map(tuple),
)  # fmt: skip
ANY = some.builds(
    Facts, some.sampled_from(("Linux", "Windows", "Darwin", "Haiku")), TORCHES, system_name=NAMES, gpus=MANY,
    distribution=some.lists(NAMES | some.sampled_from(tuple(DRIVER_COMMANDS)), max_size=2).map(tuple),
    driver=VERSIONS, driver_error=NAMES, wsl=some.booleans(), container=some.booleans(), hidden=some.booleans(),
    processor=NAMES, cores=some.none() | some.integers(1, 500), memory=some.none() | some.integers(1, 2**50),
)  # fmt: skip


@given(ANY)
def test_whatever_the_machine_there_is_a_report(facts):
    found = report(facts)
    assert found.devices[-1] == "cpu" and len(found.steps) == 6
    json.dumps(found.to_dict())
    assert {"system", "processor", "gpu", "PyTorch"} <= {name for name, _ in summary_lines(facts)}
