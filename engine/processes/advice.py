"""What to tell where several processes train a network, and the result is not quite that of one."""

from __future__ import annotations

from torch.nn.modules.batchnorm import _BatchNorm

from engine.config import RunConfig
from engine.learner import Learner
from engine.message import Message, message


def what_ranks_change(config: RunConfig, learner: Learner) -> list[tuple[str, Message]]:
    """What to consider, each with the id of what it concerns; nothing of one process."""
    ranks, size = learner.ranks, config.samples_of_a_batch(learner.parts.spec)
    if not ranks.several:
        return []
    working = ranks.working(size)
    found = []
    if working < ranks.size:
        found.append(("torchrun", message(
            "ranks-idle", "a batch of {size} is shared by {working} of the {count} processes, two samples or more "
            "each: take a larger batch, or fewer processes", size=size, working=working, count=ranks.size,
        )))  # fmt: skip
    norms = [module for module in learner.model.modules() if isinstance(module, _BatchNorm)]
    if norms and not ranks.synchronised and working > 1:
        found.append(("batch-norm", message(
            "batch-norm-per-rank", "each of {working} processes takes batch norm's mean over its own {share} samples "
            "of a batch of {size}, not quite what one process does; on GPUs --sync-batch-norm takes it over all",
            working=working, share=size // working, size=size,
        )))  # fmt: skip
    return found
