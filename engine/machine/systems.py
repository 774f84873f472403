"""What the system tells of a machine: processor, memory, and the GPUs that it sees, with or without a driver."""

from __future__ import annotations

import json
import platform
import re
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.machine.facts import Ask, Gpu

MAX_BYTES = 1_000_000
"""Of a text file of the system, as far as it is read."""
VENDORS = {"0x10de": "nvidia", "0x1002": "amd"}
"""Makers of GPUs by their number on the PCI bus."""
DISPLAY = "0x03"
"""How the class of every display controller begins on the PCI bus."""
WINDOWS = (
    "@{gpus=@((Get-CimInstance Win32_VideoController).Name);"
    "memory=(Get-CimInstance Win32_ComputerSystem).TotalPhysicalMemory;"
    "processor=(Get-CimInstance Win32_Processor | Select-Object -First 1).Name} | ConvertTo-Json"
)
"""What is asked of PowerShell."""


def system_facts(system: str, root: Path, ask: Ask) -> dict[str, Any]:
    """Fields of `Facts` that this system tells: of `Linux`, `Windows` or `Darwin`."""
    if system == "Windows":
        return _windows(ask)
    return _mac(ask) if system == "Darwin" else _linux(root, ask)


def _linux(root: Path, ask: Ask) -> dict[str, Any]:
    release = _release(_text(root / "etc/os-release"))
    information = _text(root / "proc/cpuinfo")
    names = re.findall(r"^model name\s*:\s*(.+)$", information, re.M)
    cores = set(re.findall(r"^physical id\s*:\s*(\d+)$.*?^core id\s*:\s*(\d+)$", information, re.M | re.S))
    total = re.search(r"^MemTotal:\s*(\d+) kB$", _text(root / "proc/meminfo"), re.M)
    limit = _text(root / "sys/fs/cgroup/memory.max").strip()
    amounts = [int(total[1]) * 1024] if total else []
    amounts += [int(limit)] if limit.isdecimal() else []
    module = re.search(r"Kernel Module\b.*?\s(\d+\.\d[\d.]*)\s", _text(root / "proc/driver/nvidia/version"))
    return {
        "system_name": release.get("PRETTY_NAME", "Linux"),
        "distribution": (release.get("ID", ""), *release.get("ID_LIKE", "").split()),
        "wsl": "microsoft" in _text(root / "proc/version").lower(),
        "container": any((root / name).exists() for name in (".dockerenv", "run/.containerenv")),
        "processor": names[0].strip() if names else platform.machine(),
        "cores": len(cores) or None,
        "memory": min(amounts, default=None),
        "gpus": _pci(root / "sys/bus/pci/devices", ask),
        "driver": module[1] if module else None,
    }


def _release(text: str) -> dict[str, str]:
    """`os-release`: lines of a name and a value in a shell's quotes."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and name.isidentifier():
            with suppress(ValueError):
                found[name] = " ".join(shlex.split(value))
    return found


def _pci(folder: Path, ask: Ask) -> tuple[Gpu, ...]:
    """The GPUs on the PCI bus, which are there without any driver."""
    found: list[Gpu] = []
    places = sorted(folder.iterdir()) if folder.is_dir() else []
    for place in places:
        vendor = VENDORS.get(_text(place / "vendor").strip())
        if vendor and _text(place / "class").strip().startswith(DISPLAY):
            name = _pci_name(place.name, ask) or f"{vendor.upper()} {_text(place / 'device').strip()}"
            found.append(Gpu(vendor, name))
    return tuple(found)


def _pci_name(place: str, ask: Ask) -> str:
    """What a device is called, where `lspci` is there to tell."""
    code, text = ask(["lspci", "-mm", "-s", place])
    try:
        words = shlex.split(text.splitlines()[0]) if code == 0 and text else []
    except ValueError:
        words = []
    return f"{words[2]} {words[3]}" if len(words) > 3 else ""


def _mac(ask: Ask) -> dict[str, Any]:
    def told(name: str) -> str:
        code, text = ask(["sysctl", "-n", name])
        return text.strip() if code == 0 else ""

    processor = told("machdep.cpu.brand_string")
    cores, memory = told("hw.physicalcpu"), told("hw.memsize")
    return {
        "system_name": f"macOS {platform.mac_ver()[0]}".strip(),
        "processor": processor or platform.machine(),
        "cores": int(cores) if cores.isdecimal() else None,
        "memory": int(memory) if memory.isdecimal() else None,
        "gpus": (Gpu("apple", processor or "Apple"),) if platform.machine() == "arm64" else (),
    }


def _windows(ask: Ask) -> dict[str, Any]:
    code, text = ask(["powershell", "-NoProfile", "-NonInteractive", "-Command", WINDOWS])
    try:
        told = json.loads(text) if code == 0 else {}
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    names = [str(name) for name in told.get("gpus") or [] if name]
    makers = (("nvidia", ("nvidia",)), ("amd", ("amd", "radeon")))
    gpus = [Gpu(maker, name) for name in names for maker, words in makers if any(w in name.lower() for w in words)]
    memory = told.get("memory")
    return {
        "system_name": f"Windows {platform.release()}",
        "processor": str(told.get("processor") or platform.processor()).strip(),
        "memory": memory if isinstance(memory, int) else None,
        "gpus": tuple(gpus),
    }


def _text(path: Path) -> str:
    """A small file of the system; empty where it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
