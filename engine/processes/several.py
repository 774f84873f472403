"""Several processes that train one network together, each on its share of every batch.

Each holds the whole network. Of a batch, process r of W takes the rows r, r + W, r + 2W, …, its loss weighted by its
share; the sum of their gradients is that of the whole batch, and all take the same step (synchronous data parallelism:
Goyal et al. 2017, arXiv:1706.02677). Clocks, wishes to stop and faults belong to one process, and what follows from
them must happen in all at the same place: so before the gradients are summed, all meet. The first process leads: its
clock counts, and it alone reads and writes what is kept.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed import PrefixStore, Store  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous
from torch.nn.modules.batchnorm import _NormBase

from engine.checkpoints.checkpoint import Snapshot, decode, encode
from engine.evaluation import Figures
from engine.events import Failed
from engine.failure import RankFailed, out_of_memory
from engine.hardware import processors, resolve_device
from engine.message import InputError, Message, message
from engine.part import Part
from engine.processes import launch
from engine.processes.ranks import Alone, Value

TIMEOUT = timedelta(minutes=30)
"""How long a process waits for the others before it gives the run up: they may save, or evaluate more slowly."""
LOOK_SECONDS, TOLD_SECONDS = 0.1, 5.0
"""How often one looks whether the first of its machine is ready; how long one looks for why another is gone."""


class Ranks(Alone):
    """One of several processes. Every method is called by all of them, in the same order."""

    def __init__(self, store: Store, rank: int, size: int, *, synchronised: bool = False) -> None:
        """`store` is where processes leave word; the default process group is joined already."""
        super().__init__()
        self.rank, self.size, self.synchronised = rank, size, synchronised
        self._store = store
        self._turns = 0

    # --- who does what ---------------------------------------------------------------------------

    def device(self, name: str) -> torch.device:
        device, local = resolve_device(name), launch.local_processes()
        if ":" in name and local > 1:
            raise InputError(
                "one-device-each", "{name} is one device, and {count} processes want one each: use --device cuda",
                name=name, count=local,
            )  # fmt: skip
        if device.type == "mps":
            if name == "mps":
                raise InputError("mps-alone", "mps serves one process: use --device cpu, or leave torchrun out")
            return torch.device("cpu")
        if device.type == "cuda" and ":" not in name:
            there = torch.cuda.device_count()
            if local > there:
                raise InputError(
                    "too-few-gpus", "torchrun started {count} processes here, and there are {gpus} GPUs: use "
                    "--nproc-per-node={gpus}, or --device cpu", count=local, gpus=there,
                )  # fmt: skip
            device = resolve_device(f"cuda:{launch.local_rank()}")
        if device.type == "cuda":
            torch.cuda.set_device(device)
        elif self.synchronised:
            raise InputError(
                "no-sync-batch-norm", "--sync-batch-norm needs GPUs (torch.nn.SyncBatchNorm runs on no processor): "
                "leave it out, and each process takes batch norm's statistics over its own samples"
            )  # fmt: skip
        return device

    def processors(self) -> int:
        return max(1, processors() // launch.local_processes())

    def working(self, count: int) -> int:
        # Two samples or more for each: batch norm can't use one, unless it has those of the others.
        return max(1, min(self.size, count if self.synchronised else count // 2))

    def own(self, rows: Tensor) -> Tensor:
        working = self.working(len(rows))
        return rows[self.rank :: working] if self.rank < working else rows[:0]

    def portion(self, part: Part) -> Part:
        start, end = (len(part) * number // self.size for number in (self.rank, self.rank + 1))
        return part.take(torch.arange(start, end, device=part.device))

    def prepared(self, model: nn.Module) -> nn.Module:
        return nn.SyncBatchNorm.convert_sync_batchnorm(model) if self.synchronised else model

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        self._turns += 1
        key = f"turn/{self._turns}/{launch.machine()}"
        if launch.local_rank() == 0:
            try:
                yield
            finally:
                self._store.set(key, "done")
            return
        while not self._call(self._store.check, [key]):  # no blocking wait: it may take hours, and Ctrl-C be pressed
            time.sleep(LOOK_SECONDS)
        yield

    # --- meeting ---------------------------------------------------------------------------------

    @contextmanager
    def together(self, learning: Sequence[nn.Parameter] | None = None) -> Iterator[None]:
        error: Exception | None = None
        try:
            yield
        except Exception as fault:  # noqa: BLE001 whatever it is, all must hear of it
            error = fault
        asked = (False, False, False) if learning is None else self.wishes()
        used = [parameter.grad is not None for parameter in learning or ()]
        pattern = zlib.crc32(bytes(used))
        told = torch.tensor([self.size - self.rank if error else 0, *asked, pattern, -pattern])
        self._call(dist.all_reduce, told, dist.ReduceOp.MAX)
        failing, flush, save, stop, most, least = told.tolist()
        if failing:
            self._raise(error, self.size - failing)
        if learning is not None:
            self.agreed = bool(flush), bool(save), bool(stop)
            if most != -least:
                self._complete(learning, used)

    def _raise(self, error: Exception | None, source: int) -> None:
        """Raise, in every process, what was raised in one of them."""
        told = self._tell(self._described(error) if error is not None else None, source)
        if error is not None and self.rank == source:
            raise error
        raise _rebuilt(told)

    def _complete(self, learning: Sequence[nn.Parameter], used: list[bool]) -> None:
        """Give a gradient of zeros to what only others have used: those of a batch that is too small, say."""
        anywhere = torch.tensor(used, dtype=torch.uint8)
        self._call(dist.all_reduce, anywhere, dist.ReduceOp.MAX)
        for parameter, needed in zip(learning, anywhere.tolist(), strict=True):
            if needed and parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)

    def lead(self, work: Callable[[], Value]) -> Value:
        error: Exception | None = None
        told: dict[str, Any] = {}
        if self.leads:
            try:
                told = {"value": work()}
            except Exception as fault:  # noqa: BLE001 as above
                error, told = fault, self._described(fault)
        told = self._tell(told, 0)
        if error is not None:
            raise error
        if "value" not in told:
            raise _rebuilt(told)
        return told["value"]  # type: ignore[no-any-return]

    def any(self, wish: bool) -> bool:
        told = torch.tensor([wish], dtype=torch.uint8)
        self._call(dist.all_reduce, told, dist.ReduceOp.MAX)
        return bool(told.item())

    def snapshot(self, read: Callable[[], Snapshot | None]) -> Snapshot | None:
        found: list[bytes] = []

        def look() -> bool:
            snapshot = read()
            found.extend([] if snapshot is None else [encode(snapshot)])
            return bool(found)

        if not self.lead(look):
            return None
        return decode(self._tell_bytes(found[0] if found else b"", 0), "the checkpoint")

    # --- summing ---------------------------------------------------------------------------------

    @torch.no_grad()
    def reduce(
        self, model: nn.Module, learning: Sequence[nn.Parameter], share: float, loss: Tensor, correct: Tensor
    ) -> tuple[Tensor, Tensor]:
        figures = torch.stack([loss.float(), correct.float()])
        gradients = [parameter.grad for parameter in learning if parameter.grad is not None]
        statistics = [tensor for norm in _norms(model) for tensor in (norm.running_mean, norm.running_var)]
        for tensor in statistics:
            tensor.mul_(share)
        self._all([*gradients, *statistics, figures], dist.all_reduce)
        return figures[0], figures[1].long()

    def stand_by(self, network: nn.Module, inputs: Tensor, times: int) -> None:
        if self.synchronised:  # its batch norms wait for all
            for _ in range(times):
                network(inputs).sum().backward()
        for norm in _norms(network):
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked += times

    @torch.no_grad()
    def unite(self, tensors: Sequence[Tensor]) -> None:
        self._all(tensors, lambda flat: dist.broadcast(flat, 0))

    def figures(self, own: Figures | None, count: int) -> Figures:
        loss, accuracy = (own.loss, own.accuracy) if own else (0.0, None)
        told = torch.tensor(
            [loss * count, round((accuracy or 0.0) * count), count, accuracy is not None], dtype=torch.float64
        )
        self._call(dist.all_reduce, told)
        total, correct, samples, classified = told.tolist()
        return Figures(total / samples, correct / samples if classified else None)

    def _all(self, tensors: Sequence[Tensor], act: Callable[[Tensor], Any]) -> None:
        """Do it with all of these tensors at once, in place: those of a type as one."""
        for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
            own = [tensor for tensor in tensors if tensor.dtype == dtype]
            flat = torch.cat([tensor.reshape(-1) for tensor in own])
            self._call(act, flat)
            for tensor, part in zip(own, flat.split([tensor.numel() for tensor in own]), strict=True):
                tensor.copy_(part.view(tensor.shape))

    # --- telling ---------------------------------------------------------------------------------

    def tell(self, failed: Failed) -> None:
        try:
            self._store.set("fault", json.dumps(asdict(failed), default=str))
        except RuntimeError:  # whoever keeps the words is gone too
            return

    def _described(self, error: Exception) -> dict[str, Any]:
        if isinstance(error, InputError):
            return {"input": error.message.to_dict()}
        if isinstance(error, OSError):
            return {"os": [error.errno, error.strerror or str(error)]}
        return {"failed": asdict(self.explain(error))}

    def _tell(self, value: Any, source: int) -> Any:
        return json.loads(self._tell_bytes(json.dumps(value, default=str).encode(), source))

    def _tell_bytes(self, data: bytes, source: int) -> bytes:
        length = torch.tensor([len(data)])
        self._call(dist.broadcast, length, source)
        here = self.rank == source
        kept = bytearray(data if here else int(length.item()))
        told = torch.frombuffer(kept, dtype=torch.uint8)
        self._call(dist.broadcast, told, source)
        return bytes(kept)

    def _call(self, function: Callable[..., Value], *arguments: Any) -> Value:
        """Call something that needs the others. Raises `RankFailed` where one of them is gone."""
        try:
            return function(*arguments)
        except RuntimeError as error:
            if out_of_memory(error):
                raise
            raise RankFailed(self._last_words() or _missed()) from error

    def _last_words(self) -> Failed | None:
        """Why another process is gone, where it has left word."""
        end = time.monotonic() + TOLD_SECONDS
        while time.monotonic() < end:
            try:
                if self._store.check(["fault"]):
                    return _failed(json.loads(self._store.get("fault")))
            except RuntimeError:
                return None
            time.sleep(LOOK_SECONDS)
        return None


def _missed() -> Failed:
    text = message(
        "process-gone", "another process of the run has ended, or gave no answer for {minutes} minutes: see what it "
        "says, or its machine", minutes=round(TIMEOUT.total_seconds() / 60),
    )  # fmt: skip
    return Failed(text, 0, None, "")


def _rebuilt(told: dict[str, Any]) -> Exception:
    """The exception that another process has described."""
    if "input" in told:
        text = Message.from_dict(told["input"])
        return InputError(text.code, text.template, **text.values)
    if "os" in told:
        return OSError(*told["os"])
    return RankFailed(_failed(told["failed"]))


def _failed(told: dict[str, Any]) -> Failed:
    return Failed(**{**told, "text": Message.from_dict(told["text"])})


def _norms(model: nn.Module) -> Iterator[Any]:
    """The norms of a network whose running statistics move in a step, each process's by its own samples."""
    for module in model.modules():
        moving = isinstance(module, _NormBase) and module.training and module.running_mean is not None
        if moving and not isinstance(module, nn.SyncBatchNorm):
            yield module


@contextmanager
def joined(*, synchronised: bool = False, store: Store | None = None) -> Generator[Alone]:
    """The processes of this run, as torchrun has started them; joined within this context.

    Under CUDA they sum by NCCL, else by Gloo; what they tell each other goes by Gloo. A process that does not lead says
    nothing of what all know: what the user gave wrongly ends it without a word.
    """
    size = launch.processes()
    if size == 1:
        yield Alone()
        return
    rank = launch.rank()
    if store is None:
        store = next(iter(rendezvous("env://", rank, size, timeout=TIMEOUT)))[0]
    nccl = torch.cuda.is_available() and dist.is_nccl_available()
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if nccl else "gloo", store=PrefixStore("group", store), rank=rank, world_size=size,
        timeout=TIMEOUT,
    )  # fmt: skip
    try:
        yield Ranks(PrefixStore("words", store), rank, size, synchronised=synchronised)
    except InputError:
        if rank == 0:
            raise
        raise SystemExit(2) from None
    dist.destroy_process_group()
