"""What a network is to give for samples: their labels or values, or in a reconstruction their own scaled inputs."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from engine.data import Scaler
from engine.strategy import DataSpec


@dataclass(frozen=True)
class Targets:
    """The targets of batches of these data."""

    spec: DataSpec
    scale: Scaler

    @property
    def are_inputs(self) -> bool:
        """Whether they are the inputs, so that labels are not used."""
        return self.spec.task == "reconstruction"

    def __call__(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Of samples as they are stored, not augmented, and the targets of their part, all on the device.

        Float32 `[N, K]` where they are inputs or values, int64 `[N]` where they are classes.
        """
        return self.scale(inputs).flatten(1) if self.are_inputs else labels
