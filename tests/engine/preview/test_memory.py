from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.free_memory import bytes_in_words, free_memory
from engine.message import InputError
from engine.preview.memory import check_memory, memory_need
from engine.strategy import DataSpec, Model, Regularizer
from engine.trainer import Trainer
from tests.engine.support import CLASSES

CPU = torch.device("cpu")
BLOBS = DataSpec((1, 8, 8), CLASSES, samples=(130, 40, 40))
MLP = 64 * 12 + 12 + 12 * 8 + 8 + 8 * 4 + 4
"""Parameters of the small MLP of the tests."""


class Follow(Regularizer):
    """Keep an average."""

    def average_share(self, progress):
        return 0.1


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"optimizer": "sgd"}, 1), ({"optimizer": "sgd:momentum=0.9"}, 2), ({"optimizer": "adam"}, 3),
        ({"optimizer": "adam:amsgrad=true"}, 4), ({"optimizer": "adam", "ticked": [Follow()]}, 4),
    ],
)  # fmt: skip
def test_weights_count_once_for_each_copy_that_the_run_keeps(tiny, settings, kept):
    config = tiny(**settings)
    trainer = Trainer(config)
    for _ in trainer.run():
        if trainer.position.step == 2:
            break
    tensors, _ = trainer.learner.tensors()
    numbers = sum(tensor.numel() for tensor in tensors.values() if tensor.ndim)
    assert numbers == MLP * kept
    # Besides what a checkpoint holds: gradients, and the checkpoint itself while it is made.
    assert memory_need(config, BLOBS).weights == 4 * (MLP + 4 * numbers)


def test_activations_grow_with_the_batch_and_shrink_with_its_parts(tiny):
    def activations(**settings):
        return memory_need(tiny(**settings), BLOBS).activations

    one = activations(batch_size=1)
    assert activations(batch_size=64) == 64 * one
    assert activations(batch_size=64, ticked=["gradient-accumulation:parts=4"]) == 16 * one
    assert activations(batch_size=10_000) == 130 * one, "no batch is larger than the data"
    assert one == 2 * 4 * (64 + 64 + 2 * 12 + 2 * 8 + 4), (
        "the input, the same flat, two layers and what follows, a head"
    )


def test_the_data_count_as_they_lie(tiny):
    assert memory_need(tiny(), BLOBS).data == 210 * 64
    assert memory_need(tiny(), DataSpec((5,), 3, samples=(100, 0, 0))).data == 100 * 5 * 4


def test_a_run_that_can_not_fit_is_refused_before_it_takes_any_memory(tiny, catalogue):
    with pytest.raises(InputError, match=r"needs about [\d.]+ GB .* are free: take a smaller model") as error:
        Trainer(tiny(model="mlp:hidden=65536+65536+65536+65536"))
    assert "\n" not in str(error.value)
    check_memory(tiny(), BLOBS, CPU)


def test_a_model_that_can_not_be_estimated_is_left_to_itself(tiny):
    class Looks(nn.Sequential):
        def forward(self, inputs):
            return super().forward(inputs) * float(inputs.sum() > 0)

    class Peeks(Model):
        """Looks at its inputs, which needs more than their shapes."""

        def build(self, data, slots):
            network = Looks(nn.Flatten())
            network.body, network.head = nn.Identity(), nn.Linear(64, data.outputs)
            return network

    check_memory(tiny(model=Peeks()), BLOBS, CPU)


def test_free_memory_is_told_or_unknown(monkeypatch):
    free = free_memory(CPU)
    assert free is None or 10**8 < free < 10**15
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_, **__: "MemTotal: 8 kB\n")
    physical = free_memory(CPU)
    assert physical is None or physical > 10**8
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_, **__: "MemAvailable:    2048 kB\n")
    assert free_memory(CPU) == 2048 * 1024


def test_bytes_in_words():
    assert [bytes_in_words(count) for count in (640_400_000, 2_340_000_000, 999)] == ["640 MB", "2.3 GB", "0 MB"]


def test_what_stays_frozen_needs_no_gradients_no_state_and_no_activations(tiny):
    settings = {"model": "small-resnet:widths=8+16", "optimizer": "adam", "epochs": 3}
    data = DataSpec((1, 8, 8), 4, samples=(130, 40, 40))
    plain, frozen, later = (
        memory_need(tiny(**settings, ticked=ticked), data)
        for ticked in ([], ["freeze-body"], ["freeze-body:unfreeze_after=2"])
    )
    assert frozen.weights < plain.weights / 2 and frozen.activations < plain.activations / 2
    assert later == plain, "it must be there when the body joins"
