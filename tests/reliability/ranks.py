"""A run of several processes: forks that find each other through a file, so that no port can be taken by another."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from tests.reliability.forks import Forks, Process


def prepare() -> int:
    """What the processes need besides what a run imports."""
    import torch.distributed
    import torch.distributed.rendezvous  # noqa: F401

    return 0


def be_one(rank: int, size: int, file: str, *words: str) -> int:
    """The command line as one of so many processes, in a fork."""
    from torch.distributed import FileStore

    from engine.cli import main
    from engine.commands import train as train_commands
    from engine.processes import several

    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(size)}
    store = FileStore(file, size)

    def joined(**named):
        return several.joined(store=store, **named)

    with mock.patch.object(train_commands, "joined", joined):
        return main(words)


@dataclass
class Together:
    """The processes of one run."""

    processes: list[Process]

    def wait(self) -> tuple[list[int], list[str], list[str]]:
        """Exit codes, standard outputs and standard errors."""
        ended = [process.wait() for process in self.processes]
        return [each.code for each in ended], [each.out for each in ended], [each.err for each in ended]


class Started:
    """Starts the command line in several processes."""

    def __init__(self, forks: Forks, folder: Path) -> None:
        self._forks, self._folder, self._count = forks, folder, 0

    def start(self, size: int, *words: object, entry: str = "tests.reliability.ranks:be_one") -> Together:
        """So many processes of one command line."""
        self._count += 1
        file = self._folder / f"store-{self._count}"
        return Together([
            self._forks.start(entry, rank, size, str(file), *map(str, words)) for rank in range(size)
        ])  # fmt: skip

    def result(self, size: int, *words: object) -> dict:
        """What `--json` prints, of a run that ends well, which must be all that is printed there."""
        if size == 1:
            ended = self._forks.run("tests.reliability.forks:tunedeck", *map(str, words), "--json")
            assert ended.code == 0, ended.err
            return dict(json.loads(ended.out))
        codes, outs, errs = self.start(size, *words, "--json").wait()
        assert codes == [0] * size, errs
        assert outs[1:] == errs[1:] == [""] * (size - 1), "the others say nothing"
        return dict(json.loads(outs[0]))


def be_killed(rank: int, size: int, file: str, *words: str) -> int:
    """The same; the first one tells of each save."""
    from engine.store import RunFolder
    from tests.reliability.forks import tell

    saved = RunFolder.save

    def save_and_tell(self, snapshot, **names):
        path = saved(self, snapshot, **names)
        tell("saved", snapshot.meta["progress"]["step"])
        return path

    with mock.patch.object(RunFolder, "save", save_and_tell):
        return be_one(rank, size, file, *words)


def be_without_room(rank: int, size: int, file: str, *words: str) -> int:
    """The same; at the third save there is no room, once."""
    import errno

    from engine.store import RunFolder
    from engine.terminal import run as terminal_run

    saved, saves = RunFolder.save, []

    def save(self, snapshot, **names):
        saves.append(snapshot.meta["progress"]["step"])
        if len(saves) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return saved(self, snapshot, **names)

    with mock.patch.object(RunFolder, "save", save), mock.patch.object(terminal_run, "RETRY_SECONDS", 0.01):
        return be_one(rank, size, file, *words)
