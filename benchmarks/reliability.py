"""Whether anything is lost, and whether anything gets in: the long form of `tests/reliability`.

    python benchmarks/reliability.py [--only NAME ...]

Prints a table: what was tried how often, and how often it held. What each part shows stands in docs/reliability.md.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.rows import Row, show
from tests.reliability import (
    bad_plugins,
    damage,
    disk_faults,
    exact_resume,
    full_disk,
    fuzz_checkpoint,
    fuzz_settings,
    hostile_files,
    kills,
    more_epochs,
    not_finite,
    out_of_memory,
    signals,
    two_processes,
    two_windows,
    wrong_content,
)
from tests.reliability.hostile_images import hostile_images

PARTS: dict[str, Callable[[], list[Row]]] = {
    "kills": kills.long_form,
    "disk-faults": disk_faults.long_form,
    "full-disk": full_disk.long_form,
    "damage": damage.long_form,
    "wrong-content": wrong_content.long_form,
    "fuzz-checkpoint": fuzz_checkpoint.long_form,
    "hostile-images": hostile_images,
    "exact-resume": exact_resume.long_form,
    "more-epochs": more_epochs.long_form,
    "bad-plugins": bad_plugins.long_form,
    "not-finite": not_finite.long_form,
    "out-of-memory": out_of_memory.long_form,
    "two-processes": two_processes.long_form,
    "two-windows": two_windows.long_form,
    "signals": signals.long_form,
    "hostile-files": hostile_files.long_form,
    "fuzz-settings": fuzz_settings.long_form,
}  # fmt: skip
"""Each part by name, in the order of docs/reliability.md."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="NAME", help=", ".join(PARTS))
    arguments = parser.parse_args()
    return show(row for name in arguments.only for row in measured(name))


def measured(name: str) -> list[Row]:
    """The rows of a part; where it broke off, one that says so, and the others go on."""
    print(f"{name} …", file=sys.stderr, flush=True)
    try:
        return PARTS[name]()
    except Exception:  # noqa: BLE001 whatever it is, the other parts have their figures
        traceback.print_exc()
        return [Row(f"{name} broke off", 1, "", 0)]


if __name__ == "__main__":
    raise SystemExit(main())
