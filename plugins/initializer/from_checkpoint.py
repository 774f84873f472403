"""Weights of another run (Yosinski et al. 2014, "How transferable are features in deep networks?", arXiv:1411.1792)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from engine.checkpoints.checkpoint import Snapshot
from engine.checkpoints.choice import read_chosen
from engine.checkpoints.header import read_meta
from engine.message import InputError, message
from engine.strategy import Advice, DataSpec, Initializer, hookimpl, overrides
from engine.strategy_text import strategy_to_dict
from plugins.initializer._layers import brings_weights

if TYPE_CHECKING:
    from engine.config import RunConfig

NO_PATH = message("no-checkpoint-path", "name the checkpoint (.safetensors) or the run folder whose weights to take")


class FromCheckpoint(Initializer):
    """Start from the weights of another run (사전 학습): what it learned on its data helps to learn from these.

    Every tensor whose name and shape agree is taken, the running statistics of norms too; what does not fit, such as
    the last layer for other classes, keeps PyTorch's own start.
    """

    path: str = ""
    """A checkpoint file (.safetensors) of the other run, or its folder, whose best checkpoint is then taken."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if not self.path:
            yield Advice("error", NO_PATH, "path")
        elif brings_weights(config):
            yield Advice("warning", message(
                "model-has-weights", "the model {model} brings weights of its own, which take the place of these: give "
                "it weights=none", model=config.model.id,
            ), "path")  # fmt: skip
        elif not overrides(config.model, "statistics"):
            yield from self._advice_on_scaling(strategy_to_dict(config.scaling))

    def _advice_on_scaling(self, own: dict[str, Any]) -> Iterable[Advice]:
        """That the weights come from inputs of another range; nothing where that can't be told."""
        try:
            file = _file(self.path)
            theirs = _scaling_of(file, file.stat().st_mtime_ns)
        except (InputError, OSError):  # it is told when a run begins
            return
        if theirs and theirs != own:
            yield Advice("warning", message(
                "other-scaling", "the weights come from a run whose inputs were scaled by {theirs}, and here they are "
                "scaled by {own}: choose the same scaling", theirs=_in_words(theirs), own=_in_words(own),
            ), "path")  # fmt: skip

    def apply(self, model: nn.Module) -> None:
        if not self.path:
            raise InputError(NO_PATH.code, NO_PATH.template)
        path = _file(self.path)
        snapshot = read_chosen(path)
        own, others = model.state_dict(), snapshot.group("average") or snapshot.group("model")
        fitting = {name: tensor for name, tensor in others.items() if name in own and tensor.shape == own[name].shape}
        needed = _layers_that_tell(own)
        if not needed & fitting.keys():
            raise _nothing_fits(path, own, others, sorted(needed & others.keys()), snapshot)
        model.load_state_dict(fitting, strict=False)


def _file(text: str) -> Path:
    """The file that is meant. Raises `InputError` where it is the folder of a run without a checkpoint."""
    path = Path(os.path.expanduser(text))  # noqa: PTH111 it raises for no name of a user
    if path.is_dir():
        from engine.runs import best_checkpoint  # with the whole trainer, which one file does not need

        path = best_checkpoint(path)
    return path


@lru_cache(maxsize=8)
def _scaling_of(file: Path, written: int) -> dict[str, Any]:
    """How a checkpoint's run scaled its inputs, as plain values; empty where it does not say. Raises `InputError`.

    The settings ask for it at every change, and it is the same until the file is `written` again.
    """
    settings = read_meta(file)["config"].get("scaling")
    return {"id": settings} if isinstance(settings, str) else dict(settings) if isinstance(settings, dict) else {}


def _in_words(settings: dict[str, Any]) -> str:
    values = ",".join(f"{name}={value}" for name, value in settings.items() if name != "id")
    return (str(settings.get("id")) + (f":{values}" if values else ""))[:80]


def _layers_that_tell(state: dict[str, Tensor]) -> set[str]:
    """The weights of which one at least must fit: those of the body, or of the head where that is all there is.

    A bias or a head may happen to be as long in another model, and is worth nothing without what lies before it.
    """
    weights = {name for name, tensor in state.items() if tensor.ndim > 1}
    return {name for name in weights if not name.startswith("head.")} or weights


def _nothing_fits(
    path: Path, own: dict[str, Tensor], others: dict[str, Tensor], common: list[str], snapshot: Snapshot
) -> InputError:
    """Why no layer's weights can be taken: it is of another model, or of one whose layers have other shapes."""
    if not common:
        settings = snapshot.meta["config"]["model"]
        model = settings.get("id", "?") if isinstance(settings, dict) else settings
        return InputError(
            "of-another-model", "{path} is of another model ({model}): none of its layers fits this one",
            path=path, model=model,
        )  # fmt: skip
    return InputError(
        "no-shape-agrees", "no layer of {path} is of the shape that this model needs: {name} is {theirs} there, "
        "{ours} here", path=path, name=common[0], theirs=_shape(others[common[0]]), ours=_shape(own[common[0]]),
    )  # fmt: skip


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape))


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [FromCheckpoint]
