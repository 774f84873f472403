"""Exponential moving average of the weights (as in Tarvainen, Valpola 2017, arXiv:1703.01780)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.data import batch_bounds
from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Effect, Field, Progress, Regularizer, hookimpl
from plugins.regularizer._advice import changes_nothing
from plugins.regularizer._norms import measured_norms

if TYPE_CHECKING:
    from engine.config import RunConfig


class EMA(Regularizer):
    """Keep a moving average of the weights, which wavers less than they do, and judge and hand over that one (EMA).

    Training goes on with the weights themselves, so its loss is theirs. The average is that of PyTorch's
    `AveragedModel` with `get_ema_multi_avg_fn(decay)`, and with the warm-up of TensorFlow's `ExponentialMovingAverage`.
    """

    remedies = {"plateau": Effect(best=1.0)}

    decay: float = Field(0.999, ge=0, lt=1)
    """Share of the average that stays in each step: it remembers some 1/(1−decay) steps."""
    warm_up: bool = True
    """Whether it forgets sooner at first, with a decay of at most (1+n)/(10+n) after n steps, so that the weights of
    the beginning don't linger."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.decay == 0:
            yield changes_nothing("decay")
        if self.warm_up or data is None or data.samples[0] == 0:
            return
        steps = config.epochs * len(batch_bounds(data.samples[0], config.batch_size))
        memory = 1 / (1 - self.decay)
        if memory > steps:
            yield Advice("warning", message(
                "ema-too-slow", "the average remembers {memory} steps, more than the {steps} of the run: it stays near "
                "the first weights; take a lower decay, or warm up", memory=round(memory), steps=steps,
            ), "decay")  # fmt: skip

    def average_share(self, progress: Progress) -> float:
        present = (1 + progress.step) / (10 + progress.step) if self.warm_up else 1.0
        return 1 - min(self.decay, present)

    def code(self, config: RunConfig) -> Code:
        if self.warm_up:
            forgetting = f"1 - min({self.decay}, (2 + int(count)) / (11 + int(count)))"
            average = f"AveragedModel(model, avg_fn=lambda mean, present, count: mean.lerp(present, {forgetting}))"
        else:
            average = f"AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn({self.decay}))"
        norms = measured_norms(config, "average.module")
        return Code(
            imports=("from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn",),
            define=norms.define, lines=f"average = {average}", after_step="average.update_parameters(model)",
            before_evaluation=norms.before_evaluation, judged="average.module",
        )  # fmt: skip


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [EMA]
