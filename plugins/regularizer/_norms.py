"""The batch norms of an average of weights, in the script of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.code import Code

if TYPE_CHECKING:
    from engine.config import RunConfig

DEFINED = '''
def measure_norms(network, samples):
    """Measure the statistics of batch norms anew: averaged weights give activations that no step has seen."""
    norms = [module for module in network.modules() if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d))]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
        norm.train()
    with torch.no_grad():
        for x in samples.tensor_split(-(-len(samples) // 1000)):
            network(scale(x.to(device)))
    network.eval()'''
SAMPLES = 'torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed(SPLIT_SEED, "clean")))[:2000]'


def measured_norms(config: RunConfig, network: str) -> Code:
    """What measures them, in `define` and `before_evaluation`; nothing in a network without any."""
    if "norm" not in config.model.owned and all(regularizer.id != "batch-norm" for regularizer in config.regularizers):
        return Code()
    return Code(define=DEFINED, before_evaluation=f"measure_norms({network}, inputs[{SAMPLES}.sort().values])")
