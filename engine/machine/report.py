"""What a machine can train with, and what is missing: facts in, findings out.

The five steps are those by which the course chapter installs a GPU, each with what has become of it: PyTorch's packages
bring CUDA and cuDNN along, so that only the driver is installed by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from engine.free_memory import bytes_in_words
from engine.machine.facts import Facts, Gpu
from engine.machine.problems import Problem, all_gpus, problems_of, runs_on, too_old
from engine.message import Message, message

State = Literal["done", "not-needed", "missing"]


@dataclass(frozen=True)
class Step:
    """A step of the installation."""

    id: str
    number: int | None
    """Its number in the chapter; None for the driver, which comes with the toolkit there."""
    state: State
    text: Message


@dataclass(frozen=True)
class Report:
    """What was found."""

    facts: Facts
    devices: tuple[str, ...]
    """What `--device` can be here, the one that `auto` takes first."""
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it: the keys are an interface."""
        facts, torch = self.facts, self.facts.torch
        return {
            "system": facts.system_name or facts.system,
            "processor": {"name": facts.processor, "cores": facts.cores, "threads": facts.threads},
            "memory": facts.memory,
            "gpus": [_gpu_to_dict(gpu) for gpu in all_gpus(facts)],
            "driver": facts.driver,
            "pytorch": {
                "version": torch.version, "cuda": torch.cuda, "cudnn": torch.cudnn, "rocm": torch.rocm,
                "mps": torch.mps,
            },
            "devices": list(self.devices),
            "steps": [
                {"id": step.id, "number": step.number, "state": step.state, "text": str(step.text)}
                for step in self.steps
            ],
            "problems": [
                {"code": each.text.code, "text": str(each.text), "command": each.command, "page": each.page}
                for each in self.problems
            ],
        }  # fmt: skip


def report(facts: Facts) -> Report:
    """What the facts of a machine come to."""
    problems = tuple(problems_of(facts))
    return Report(facts, _devices(facts), tuple(_steps(facts)), problems)


def _devices(facts: Facts) -> tuple[str, ...]:
    torch = facts.torch
    usable = [
        number for number, gpu in enumerate(torch.gpus)
        if gpu.capability is None or not torch.arches or runs_on(gpu.capability, torch.arches)
    ]  # fmt: skip
    cuda = [f"cuda:{number}" for number in usable] if len(torch.gpus) > 1 else ["cuda"] * len(usable)
    return (*cuda, *(["mps"] if torch.mps else []), "cpu")


def _gpu_to_dict(gpu: Gpu) -> dict[str, Any]:
    capability = ".".join(map(str, gpu.capability)) if gpu.capability else None
    return {"vendor": gpu.vendor, "name": gpu.name, "memory": gpu.memory, "capability": capability}


# --- the steps of the chapter ---------------------------------------------------------------------


def _steps(facts: Facts) -> list[Step]:
    gpus, usable = all_gpus(facts), _devices(facts)[0] != "cpu"
    nvidia = any(gpu.vendor == "nvidia" for gpu in gpus)
    device = _devices(facts)[0]
    if gpus:
        first = message("step-gpu", "a GPU is there: {name}", name=", ".join(gpu.name for gpu in gpus))
    else:
        first = message("step-no-gpu", "no GPU of NVIDIA, AMD or Apple was found: the processor trains")
    driver, at_hand = _driver_step(facts, nvidia)
    if usable:
        check = message("step-check", "PyTorch reaches it: device {device} can be used, without nvcc",
                        device=device)  # fmt: skip
        build = message("step-pytorch", "PyTorch {version} can use it", version=facts.torch.version)
    elif gpus:
        check = message("step-check-fails", "PyTorch reaches no GPU yet: see what is missing")
        build = _build_step(facts)
    else:
        check = message("step-check-no-gpu", "there is no GPU to be checked; tunedeck hardware does what nvcc did")
        build = message("step-pytorch-no-gpu", "without a GPU any build of PyTorch will do: {version} is installed",
                        version=facts.torch.version)  # fmt: skip
    wanting: State = "missing" if gpus else "not-needed"
    return [
        Step("gpu", 1, "done" if gpus else "missing", first),
        Step("driver", None, at_hand, driver),
        Step("cuda-toolkit", 2, "not-needed", _toolkit(facts)),
        Step("cudnn", 3, "not-needed", _cudnn(facts)),
        Step("check", 4, "done" if usable else wanting, check),
        Step("pytorch", 5, "done" if usable or _built_for(facts) else wanting, build),
    ]


def _driver_step(facts: Facts, nvidia: bool) -> tuple[Message, State]:
    if not nvidia:
        text = "only NVIDIA's GPUs need a driver of their own"
        return message("step-driver-none", text), "not-needed"
    if facts.driver is None or facts.driver_error:
        return message(
            "step-driver-missing", "NVIDIA's driver does not answer: it is the one thing to install"
        ), "missing"
    if too_old(facts):
        return message("step-driver-old", "NVIDIA's driver {driver} is older than this PyTorch needs",
                       driver=facts.driver), "missing"  # fmt: skip
    return message("step-driver", "NVIDIA's driver {driver} answers", driver=facts.driver), "done"


def _toolkit(facts: Facts) -> Message:
    if facts.torch.cuda:
        return message("step-toolkit", "not needed any more: PyTorch brought its own CUDA {cuda}, which wants "
                       "the driver alone", cuda=facts.torch.cuda)  # fmt: skip
    return message(
        "step-toolkit-none",
        "not needed any more: PyTorch's packages for NVIDIA bring CUDA along: only the driver is needed",
    )


def _cudnn(facts: Facts) -> Message:
    if facts.torch.cudnn:
        return message("step-cudnn", "not needed any more: PyTorch brought cuDNN {cudnn} along, and there is "
                       "nothing to copy", cudnn=facts.torch.cudnn)  # fmt: skip
    return message(
        "step-cudnn-none",
        "not needed any more: PyTorch's packages for NVIDIA bring cuDNN along: there is nothing to copy",
    )


def _built_for(facts: Facts) -> bool:
    """Whether PyTorch was built for one of the GPUs that are there."""
    vendors = {gpu.vendor for gpu in facts.gpus}
    return bool((facts.torch.cuda and "nvidia" in vendors) or (facts.torch.rocm and "amd" in vendors))


def _build_step(facts: Facts) -> Message:
    if _built_for(facts):
        text = "PyTorch {version} is a build for GPUs: it is not what is missing"
        return message("step-pytorch-built", text, version=facts.torch.version)
    return message("step-pytorch-missing", "PyTorch {version} is not built for this GPU", version=facts.torch.version)


def summary_lines(facts: Facts) -> list[tuple[str, Message]]:
    """What there is, a line each, with a word for what it is of."""
    lines = [("system", message("fact", "{text}", text=facts.system_name or facts.system)), _processor(facts)]
    if facts.memory:
        lines.append(("memory", message("fact", "{text}", text=bytes_in_words(facts.memory))))
    lines += [("gpu", _gpu(gpu)) for gpu in all_gpus(facts) or (None,)]
    if facts.driver:
        lines.append(("driver", message("fact", "{text}", text=facts.driver)))
    torch = facts.torch
    extras = [f"{name} {version}" for name, version in
              (("CUDA", torch.cuda), ("cuDNN", torch.cudnn), ("ROCm", torch.rocm)) if version]  # fmt: skip
    extras += ["MPS"] if torch.mps else []
    lines.append(("PyTorch", message("fact", "{text}", text=", ".join([torch.version, *extras]))))
    return lines


def _processor(facts: Facts) -> tuple[str, Message]:
    if facts.cores is None:
        return "processor", message("fact-processor", "{name}, {threads} threads usable", name=facts.processor,
                                    threads=facts.threads)  # fmt: skip
    return "processor", message("fact-cores", "{name}, {cores} cores, {threads} threads usable", name=facts.processor,
                                cores=facts.cores, threads=facts.threads)  # fmt: skip


def _gpu(gpu: Gpu | None) -> Message:
    if gpu is None:
        return message("fact-no-gpu", "none")
    capability = f"compute capability {'.'.join(map(str, gpu.capability))}" if gpu.capability else ""
    memory = bytes_in_words(gpu.memory) if gpu.memory else ""
    return message("fact", "{text}", text=", ".join(filter(None, (gpu.name, memory, capability))))
