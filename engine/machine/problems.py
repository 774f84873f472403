"""What keeps a machine's GPU from being used, and the command or page that mends it there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.machine.facts import Facts, Gpu
from engine.message import Message, message

SELECTOR = "https://pytorch.org/get-started/locally/"
"""PyTorch's own page: it gives the command for each system and GPU."""
DRIVERS = "https://www.nvidia.com/drivers/"
ROCM = "https://rocm.docs.amd.com/projects/install-on-linux/en/latest/"
LEAST_DRIVER: dict[int, dict[str, tuple[int, ...]]] = {
    13: {"Linux": (580,), "Windows": (580,)},
    12: {"Linux": (525, 60, 13), "Windows": (528, 33)},
    11: {"Linux": (450, 80, 2), "Windows": (452, 39)},
}
"""The oldest driver with which each major version of CUDA runs: the table "CUDA Toolkit and Minimum Required Driver
Version for CUDA Minor Version Compatibility" of NVIDIA's CUDA Toolkit release notes."""
DRIVER_COMMANDS: dict[str, tuple[str | None, str]] = {
    "ubuntu": ("sudo ubuntu-drivers install", "https://ubuntu.com/server/docs/how-to/graphics/install-nvidia-drivers/"),
    "debian": ("sudo apt install linux-headers-amd64 nvidia-driver", "https://wiki.debian.org/NvidiaGraphicsDrivers"),
    "fedora": ("sudo dnf install akmod-nvidia", "https://rpmfusion.org/Howto/NVIDIA"),
    "arch": (None, "https://wiki.archlinux.org/title/NVIDIA"),
    "suse": (None, "https://en.opensuse.org/SDB:NVIDIA_drivers"),
}
"""How each Linux installs NVIDIA's driver, and its own page on that; the first that a distribution is kin to counts."""
REINSTALL = "pip uninstall -y torch torchvision && pip install torch torchvision"
"""On Linux PyTorch comes with CUDA unless another build was asked for."""


@dataclass(frozen=True)
class Problem:
    """Something that keeps a GPU from being used, and what mends it."""

    text: Message
    command: str | None = None
    """To be typed as it stands."""
    page: str | None = None
    """An address, where a person has to choose."""


def all_gpus(facts: Facts) -> tuple[Gpu, ...]:
    """All GPUs: as PyTorch sees those that it reaches, and the others as the system sees them."""
    reached = {gpu.vendor for gpu in facts.torch.gpus}
    return (*facts.torch.gpus, *(gpu for gpu in facts.gpus if gpu.vendor not in reached))


def runs_on(capability: tuple[int, int], arches: tuple[str, ...]) -> bool:
    """Whether code that was built for `arches` runs on a GPU of this compute capability.

    Machine code (`sm_86`) runs on its own major version from its minor version on; intermediate code (`compute_90`) is
    translated for whatever came later.
    """
    for arch in arches:
        found = re.fullmatch(r"(sm|compute)_(\d+)(\d)", arch)
        if found is None:  # such as sm_90a, which runs on 9.0 and has a plain one beside it
            continue
        built = (int(found[2]), int(found[3]))
        same = built[0] == capability[0] and built <= capability
        if same or (found[1] == "compute" and built <= capability):
            return True
    return False


def problems_of(facts: Facts) -> list[Problem]:
    """All that keeps the GPUs of this machine from being used, each with what mends it."""
    vendors = {gpu.vendor for gpu in all_gpus(facts)}
    found: list[Problem] = []
    if "nvidia" in vendors:
        found += _nvidia_problems(facts)
    if "amd" in vendors and not facts.torch.rocm and "nvidia" not in vendors:
        found.append(_amd_problem(facts))
    if "apple" in vendors and not facts.torch.mps:
        found.append(Problem(message(
            "no-mps", "this Mac's GPU is not used: PyTorch {version} does not offer it here; update macOS, and install "
            "Python and PyTorch for Apple's processors", version=facts.torch.version,
        ), page=SELECTOR))  # fmt: skip
    return found


def _nvidia_problems(facts: Facts) -> list[Problem]:
    """What keeps an NVIDIA GPU from being used: the driver, the build of PyTorch, the GPU's own age, or a setting."""
    found = [problem] if (problem := _driver_problem(facts)) else []
    torch = facts.torch
    if not torch.cuda:
        linux = facts.system == "Linux"
        found.append(Problem(message(
            "cpu-build", "the PyTorch that is installed ({version}) is a build without CUDA: install the one for "
            "NVIDIA's GPUs", version=torch.version,
        ), REINSTALL if linux else None, SELECTOR))  # fmt: skip
        return found
    old = [gpu for gpu in all_gpus(facts) if gpu.capability and not runs_on(gpu.capability, torch.arches)]
    if old and torch.arches:
        found.append(_unsupported(old[0], torch.arches))
    if not found and not torch.gpus:
        found.append(_silent(facts))
    return found


def _driver_problem(facts: Facts) -> Problem | None:
    if facts.driver_error:
        command, page = _driver_source(facts)
        return Problem(message(
            "driver-restart", "NVIDIA's driver is installed and does not answer ({reason}): restart the computer, as "
            "after every update of the driver; if that does not help, install it again", reason=facts.driver_error,
        ), command, page)  # fmt: skip
    if facts.driver is None:
        command, page = _driver_source(facts)
        if facts.container:
            text = message("driver-container", "this container sees no driver of NVIDIA's: start it with --gpus all")
            return Problem(text, None, "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/")
        return Problem(message("no-driver", "NVIDIA's driver is missing: install it and restart the computer"), command,
                       page)  # fmt: skip
    if too_old(facts):
        command, page = _driver_source(facts)
        least = ".".join(map(str, _least_driver(facts)))
        return Problem(message(
            "old-driver", "NVIDIA's driver {driver} is too old for CUDA {cuda}, which needs {least}: update it, or "
            "install PyTorch for an older CUDA ({selector})", driver=facts.driver, cuda=facts.torch.cuda, least=least,
            selector=SELECTOR,
        ), command, page)  # fmt: skip
    return None


def _unsupported(gpu: Gpu, arches: tuple[str, ...]) -> Problem:
    assert gpu.capability is not None
    capability = ".".join(map(str, gpu.capability))
    built = [found for arch in arches if (found := re.fullmatch(r"(?:sm|compute)_(\d+)(\d)", arch))]
    versions = sorted((int(each[1]), int(each[2])) for each in built)
    values = {"name": gpu.name, "capability": capability}
    if versions and gpu.capability < versions[0]:
        return Problem(message(
            "gpu-too-old", "{name} (compute capability {capability}) is too old for this PyTorch, which begins at "
            "{least}: install an older PyTorch or one for an older CUDA, or train on the processor",
            least=".".join(map(str, versions[0])), **values,
        ), page="https://pytorch.org/get-started/previous-versions/")  # fmt: skip
    return Problem(message(
        "gpu-too-new", "{name} (compute capability {capability}) is newer than this PyTorch knows: install the newest "
        "PyTorch", **values,
    ), "pip install --upgrade torch torchvision", SELECTOR)  # fmt: skip


def _silent(facts: Facts) -> Problem:
    if facts.hidden:
        return Problem(message("gpu-hidden", "the environment variable CUDA_VISIBLE_DEVICES hides the GPU: unset it"))
    if facts.torch.silent:
        return Problem(message("gpu-silent", "the GPU's driver gives no answer: restart the computer"))
    return Problem(message(
        "gpu-unreached", "driver and PyTorch are there, and the GPU is not reached all the same: restart the computer; "
        "if that does not help, install PyTorch again",
    ), page=SELECTOR)  # fmt: skip


def _amd_problem(facts: Facts) -> Problem:
    if facts.system == "Linux":
        return Problem(message(
            "no-rocm", "an AMD GPU is there, and PyTorch {version} is not built for ROCm: install ROCm ({rocm}), then "
            "PyTorch for it", version=facts.torch.version, rocm=ROCM,
        ), page=SELECTOR)  # fmt: skip
    return Problem(message(
        "no-rocm-here", "an AMD GPU is there, and PyTorch uses those on Linux alone: the processor trains",
    ), page=SELECTOR)  # fmt: skip


def _driver_source(facts: Facts) -> tuple[str | None, str]:
    """The command that installs NVIDIA's driver on this system, where there is one, and the page on it."""
    if facts.system == "Linux" and not facts.wsl:
        for name in facts.distribution:
            if name in DRIVER_COMMANDS:
                return DRIVER_COMMANDS[name]
    return None, DRIVERS  # within WSL it is Windows that has the driver


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))


def _least_driver(facts: Facts) -> tuple[int, ...]:
    cuda = _version(facts.torch.cuda or "") or (0,)
    system = "Windows" if facts.system == "Windows" or facts.wsl else "Linux"
    return LEAST_DRIVER.get(cuda[0], {}).get(system, ())


def too_old(facts: Facts) -> bool:
    """Whether the driver is older than the CUDA of this PyTorch can run with."""
    return facts.driver is not None and _version(facts.driver) < _least_driver(facts)
