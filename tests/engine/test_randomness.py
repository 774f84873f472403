from __future__ import annotations

import contextlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from engine.network import build_network
from engine.preview.summary import layer_table
from engine.randomness import generator, seed_global_generators, seeded_generators, stream
from engine.strategy import DataSpec
from engine.strategy_text import parse_strategy


def test_a_stream_depends_on_seed_purpose_and_position_alone():
    assert stream(3, "step", 1, 2) == stream(3, "step", 1, 2)
    others = {
        stream(3, "step", 1, 2), stream(4, "step", 1, 2), stream(3, "mix", 1, 2), stream(3, "step", 2, 1),
        stream(3, "step", 12), stream(31, "step", 2), stream(3, "step", 1), stream(3, "step"),
    }  # fmt: skip
    assert len(others) == 8


def test_streams_are_32_bits_spread_evenly():
    values = [stream(seed, purpose, epoch, step) for seed in range(4) for purpose in ("step", "order")
              for epoch in range(10) for step in range(250)]  # fmt: skip
    assert all(0 <= value < 2**32 for value in values)
    # Of 20,000 draws out of 2^32, 0.05 pairs are equal on average.
    assert len(values) - len(set(values)) <= 2
    ones = sum(value.bit_count() for value in values) / (32 * len(values))
    assert abs(ones - 0.5) < 5 * 0.5 / (32 * len(values)) ** 0.5


def test_neighbouring_streams_are_uncorrelated():
    draws = torch.stack([torch.rand(2000, generator=generator(0, "step", 0, step)) for step in range(20)])
    off_diagonal = torch.corrcoef(draws)[~torch.eye(20, dtype=torch.bool)]
    assert off_diagonal.abs().max() < 0.12


def test_seeding_makes_all_three_global_generators_repeat():
    def draw():
        return torch.rand(3).tolist(), random.random(), np.random.rand(3).tolist()

    seed_global_generators(5)
    first = draw()
    seed_global_generators(6)
    other = draw()
    seed_global_generators(5)
    assert draw() == first
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_a_generator_of_its_own_leaves_the_global_ones_alone():
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    torch.rand(100, generator=generator(0, "preview"))
    after = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_the_table_of_layers_draws_no_random_number_and_counts_as_the_built_network_does(tiny, catalogue):
    for model in ("mlp:hidden=30+20", "cnn:channels=4+8,hidden=16", "linear"):
        ticked = [] if model == "linear" else ["batch-norm", "dropout"]
        config = tiny(model=parse_strategy(model, catalogue, "model"), ticked=ticked)
        data = DataSpec((1, 28, 28), 10)
        before = torch.get_rng_state()
        rows = layer_table(config, data)
        assert torch.equal(before, torch.get_rng_state())
        network = build_network(config, data)
        assert sum(row.parameters for row in rows) == sum(p.numel() for p in network.parameters())
        named = {name: type(module).__name__ for name, module in network.named_modules()}
        assert all(named[row.name] == row.type for row in rows)
        assert rows[-1].output_shape == (1, 10)


def test_two_threads_do_not_take_numbers_from_each_others_generators():
    def numbers(seed: int, pause: threading.Barrier | None) -> list[float]:
        with seeded_generators(seed):
            first = torch.rand(1).item()
            if pause is not None:
                with contextlib.suppress(threading.BrokenBarrierError):
                    pause.wait(0.2)  # the other thread comes in here, if it can
            return [first, torch.rand(1).item(), random.random()]

    alone = [numbers(seed, None) for seed in (1, 2)]
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda seed: numbers(seed, barrier), (1, 2)))
    assert together == alone
