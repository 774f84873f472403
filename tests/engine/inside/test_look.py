"""A look inside: what it tells is what is there, and it changes nothing."""

from __future__ import annotations

import json
import math

import pytest
import torch
from torch import nn

from engine.events import Finished, Steps
from engine.inside.finding import findings, gradient_ratio
from engine.inside.look import COUNTED, Look
from engine.inside.record import (
    BINS,
    FILE,
    HEADER,
    HIGHEST,
    LOWEST,
    MOST_LOOKS,
    LayerLook,
    by_step,
    edges,
    is_due,
    look_line,
    read_looks,
)  # fmt: skip
from engine.message import InputError
from engine.runs import new_run, resume_run
from engine.store import MemoryStore
from engine.trainer import Trainer
from tests.engine.support import differing, of_type, run, run_stored, tunedeck

ROUND = 2e-5
"""Figures are kept to six digits."""


def small(model: nn.Module, inputs: torch.Tensor, lr: float = 0.1, pieces: int = 1) -> tuple[LayerLook, ...]:
    """What is seen of one step of plain gradient descent on half the sum of squares."""
    look = Look(model, 3)
    with look.watching():
        for piece in inputs.chunk(pieces):
            (model(piece).square().sum() / 2).backward()
    look.before_step()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter -= lr * parameter.grad
    look.after_step()
    return look.rows()


def counted(values: torch.Tensor) -> list[int]:
    """How many sizes lie in each bin, as NumPy tells it."""
    import numpy as np

    sizes = values.detach().abs().flatten().double().numpy()
    sizes = np.clip(sizes[sizes > 0], 10.0**LOWEST, 10.0**HIGHEST)
    return np.histogram(np.log10(sizes), edges())[0].tolist()


def test_figures_are_those_of_the_same_step_by_hand():
    torch.manual_seed(1)
    first, second = nn.Linear(5, 7), nn.Linear(7, 3)
    model = nn.Sequential(first, nn.Tanh(), second)
    inputs = 3 * torch.randn(11, 5)

    by_hand = {name: weight.detach().clone().requires_grad_() for name, weight in model.named_parameters()}
    hidden = torch.tanh(inputs @ by_hand["0.weight"].T + by_hand["0.bias"])
    hidden.retain_grad()
    outputs = hidden @ by_hand["2.weight"].T + by_hand["2.bias"]
    outputs.retain_grad()
    (outputs.square().sum() / 2).backward()

    one, two = small(model, inputs)
    assert (one.step, one.layer, two.layer) == (3, "0", "2")
    for row, values, weight in ((one, hidden, by_hand["0.weight"]), (two, outputs, by_hand["2.weight"])):
        assert row.mean == pytest.approx(values.mean().item(), rel=ROUND)
        assert row.deviation == pytest.approx(values.std(correction=0).item(), rel=ROUND)
        assert row.dead == 0
        assert row.gradient == pytest.approx(values.grad.norm().item(), rel=ROUND)
        assert row.weight == pytest.approx(weight.norm().item(), rel=ROUND)
        assert row.weight_gradient == pytest.approx(weight.grad.norm().item(), rel=ROUND)
        assert row.update == pytest.approx((0.1 * weight.grad).norm().item() / weight.norm().item(), rel=1e-3)
        assert sum(row.values) == values.numel() and sum(row.gradients) == values.numel()
        assert sum(abs(a - b) for a, b in zip(row.values, counted(values), strict=True)) <= 2
        assert sum(abs(a - b) for a, b in zip(row.gradients, counted(values.grad), strict=True)) <= 2
    assert one.saturated == pytest.approx((hidden.abs() > 0.95).float().mean().item(), rel=ROUND)
    assert 0.1 < (one.saturated or 0) < 0.9 and two.saturated is None


def test_units_that_give_nothing_for_any_sample_are_dead_and_zeros_are_not_counted():
    convolution = nn.Conv2d(1, 4, 3)
    model = nn.Sequential(convolution, nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(64, 2))
    with torch.no_grad():
        model[1].bias.copy_(torch.tensor([-100.0, 0.0, 0.0, 100.0]))
    row, head = small(model, torch.randn(6, 1, 6, 6))
    assert row.dead == 0.25, "one of four channels lies below zero everywhere"
    assert row.mean == pytest.approx(25, rel=0.05), "it is what comes after norm and activation"
    assert 0 < sum(row.values) < 6 * 4 * 16 and head.dead == 0


def test_the_gradient_is_that_of_what_the_layer_gives_in_the_end():
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Dropout(0.5, inplace=True), nn.Linear(4, 2))
    torch.manual_seed(0)
    row, _ = small(model.eval(), torch.randn(8, 4))
    assert row.deviation == pytest.approx(1, abs=0.05) and row.gradient


def test_frozen_layers_have_no_gradient_and_do_not_move():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    frozen, free = small(model, torch.randn(8, 4))
    assert (frozen.gradient, frozen.weight_gradient, frozen.update, frozen.gradients) == (None, None, None, ())
    assert frozen.deviation and frozen.weight and sum(frozen.values)
    assert free.update


def test_of_a_batch_in_pieces_the_first_is_seen_and_the_whole_gradient_of_the_weights():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    inputs = torch.randn(8, 4)
    expected = model(inputs[:4])
    (row, head) = small(model, inputs, pieces=2, lr=0.0)
    assert head.mean == pytest.approx(expected.mean().item(), rel=1e-4)
    assert head.weight_gradient == pytest.approx(model[2].weight.grad.norm().item(), rel=ROUND)
    assert sum(head.values) == 8 and row.update == 0


def test_many_values_are_counted_by_those_of_the_first_samples():
    model = nn.Linear(4, 1000)
    (row,) = small(model, torch.randn(200, 4), lr=0.0)
    assert COUNTED - 1000 < sum(row.values) <= COUNTED


def test_a_layer_that_is_used_twice_and_one_that_is_not_used_do_no_harm():
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.shared, self.unused, self.table = nn.Linear(4, 4), nn.Linear(4, 4), nn.Embedding(4, 4)

        def forward(self, inputs):
            return self.shared(torch.relu(self.shared(inputs))) + self.table(torch.zeros(len(inputs), dtype=int))

    (row,) = small(Odd(), torch.randn(5, 4))
    assert row.layer == "shared" and row.update


def test_figures_that_are_not_finite_are_left_out():
    model = nn.Linear(3, 2)
    (row,) = small(model, torch.full((4, 3), 1e30))
    assert row.weight_gradient is None and all(v is None or math.isfinite(v) for v in row[2:10])


# --- it changes nothing ---------------------------------------------------------------------------

WATCHED = [
    {"ticked": ["batch-norm", "dropout:p=0.3", "gradient-clipping", "max-norm", "ema"]},
    {"model": "cnn:channels=4,hidden=8", "ticked": ["batch-norm", "spatial-dropout", "random-horizontal-flip"]},
    {"model": "mlp:hidden=12+8", "ticked": ["gradient-accumulation", "l1", "mixup"], "precision": "bfloat16"},
    {"model": "small-resnet", "activation": "tanh", "optimizer": "sgd"},
]


@pytest.mark.parametrize("values", WATCHED, ids=["mlp", "cnn", "pieces", "resnet"])
def test_a_run_that_is_looked_at_is_the_same_run_bit_for_bit(tiny, values):
    _, plain, _ = run_stored(tiny(epochs=2, **values))
    _, watched, _ = run_stored(tiny(epochs=2, look_inside=1, **values))
    assert differing(plain.last(), watched.last()) == []
    assert plain.looks == [] and {row.step for row in watched.looks} == set(range(1, 11))


def test_hooks_are_there_for_the_steps_that_are_looked_at_alone(tiny, monkeypatch):
    trainer = Trainer(tiny(epochs=2, look_inside=4), MemoryStore)
    seen = []

    def hooks():
        return sum(len(module._forward_hooks) for module in trainer.learner.model.modules())

    before = hooks()
    inner = trainer.learner.step

    def step(rows, epoch, batch, lr, look=None):
        result = inner(rows, epoch, batch, lr, look)
        seen.append((trainer.position.step + 1, look is not None))
        assert hooks() == before
        return result

    monkeypatch.setattr(trainer.learner, "step", step)
    assert isinstance((last := run(trainer)[-1]), Finished), last
    assert [number for number, looked in seen if looked] == [1, 4, 8]


def test_looks_come_with_the_steps_that_they_are_of(tiny):
    events, store, _ = run_stored(tiny(epochs=3, look_inside=5))
    told = [row for event in of_type(events, Steps) for row in event.looks]
    assert told == store.looks and [look[0].step for look in by_step(told)] == [1, 5, 10, 15]
    for event in of_type(events, Steps):
        assert {row.step for row in event.looks} <= {step for step, _, _ in event.rows}
    names = [row.layer for row in by_step(told)[0]]
    assert names == ["body.layer1.linear", "body.layer2.linear", "head"], "from input to output"


# --- the record -----------------------------------------------------------------------------------


def test_steps_are_looked_at_less_often_as_a_run_grows_long():
    due = [step for step in range(1, 200_000) if is_due(step, 10)]
    assert due[:4] == [1, 10, 20, 30] and not any(is_due(step, 0) for step in range(100))
    assert due[MOST_LOOKS] == 10 * MOST_LOOKS and due[MOST_LOOKS + 1] == 10 * (MOST_LOOKS + 2)
    assert len(due) < MOST_LOOKS * 5
    assert due == [step for step in due if is_due(step, 10)]


def test_a_run_that_goes_on_has_the_record_of_one_that_was_never_stopped(tiny, catalogue, tmp_path):
    config = tiny(
        epochs=3, look_inside=2, ticked=["dropout:p=0.3", "batch-norm"], train_samples="130", validation_samples="40",
        dataset=catalogue.make("dataset", "fashion-mnist-sample", {}),
    )  # fmt: skip
    whole = new_run(config, catalogue, tmp_path / "whole")
    run(whole)
    part = new_run(config, catalogue, tmp_path / "part")
    run(part, stop_at=7)
    folder = next((tmp_path / "part" / "runs").iterdir())
    with open(folder / FILE, "a") as file:  # as kill -9 leaves it: steps after the checkpoint, and half a line
        file.write("".join(look_line(row._replace(step=8)) for row in read_looks(folder)[:2]) + "9,head,0.1,")
    run(resume_run(folder, catalogue, tmp_path / "part"))
    record = next((tmp_path / "whole" / "runs").iterdir()) / FILE
    assert (folder / FILE).read_text() == record.read_text()
    assert [look[0].step for look in by_step(read_looks(folder))] == [1, 2, 4, 6, 8, 10, 12, 14]


def test_a_run_without_it_keeps_no_such_file(tiny, catalogue, workspace):
    trainer = new_run(tiny(epochs=1), catalogue, workspace)
    run(trainer)
    folder = next((workspace / "runs").iterdir())
    assert not (folder / FILE).exists() and read_looks(folder) == []


def test_what_is_read_is_what_was_written_and_only_whole_lines(tmp_path):
    row = LayerLook(5, "a.b", 0.5, 1e-7, None, 0.25, 3.0, None, 2.5, 1e-3, tuple(range(BINS)), ())
    lines = [look_line(row), "6,x,1\n", look_line(row._replace(step=7)), "8," + "9" * 3999 + "\n"]
    bad = ["nan", "1e999", "x"]
    lines += [look_line(row).replace("0.5", word) for word in bad] + [look_line(row)[:-1]]
    (tmp_path / FILE).write_text(HEADER + "".join(lines))
    assert read_looks(tmp_path) == [row, row._replace(step=7)]
    assert read_looks(tmp_path, since=5) == [row._replace(step=7)]


def test_a_record_that_is_no_record_is_refused_or_none(tmp_path, monkeypatch):
    (tmp_path / FILE).write_text("another,header\n1,2\n")
    assert read_looks(tmp_path) == []
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).symlink_to("/dev/zero")
    assert read_looks(tmp_path) == []
    (tmp_path / FILE).unlink()
    with open(tmp_path / FILE, "wb") as file:
        file.truncate(2**27)
    with pytest.raises(InputError, match="longer than"):
        read_looks(tmp_path)


# --- what is said of it ---------------------------------------------------------------------------


def deep(gradients, step=1, **figures):
    """A look at a network with these gradients from input to output."""
    usual = {"dead": 0.0, "saturated": 0.0, "update": 1e-3, "deviation": 1.0}
    names = LayerLook._fields[2:10]
    values = usual | figures
    return [
        LayerLook(step, f"layer{number}", *[(values | {"gradient": each}).get(name) for name in names], (), ())
        for number, each in enumerate(gradients)
    ]


def codes(rows):
    return [found.code.removeprefix("inside-") for found in findings(rows)]


def test_what_is_wrong_is_said_with_its_figures():
    [vanishing] = findings(deep([1e-6, 1e-4, 1e-2, 1.0], update=1e-9))
    assert vanishing.code == "inside-vanishing"
    assert vanishing.values == {"times": "1,000,000", "factor": "100"}
    assert codes(deep([1e3, 1e2, 1.0])) == ["exploding"]
    assert codes(deep([0.0, 0.0, 1.0])) == ["no-gradient"]
    assert codes(deep([0.5, 0.7, 1.0])) == ["gradients-arrive"]
    assert codes(deep([0.5, 0.7, 1.0], update=0.3)) == ["gradients-arrive", "updates-large"]
    assert codes(deep([0.5, 0.7, 1.0], update=1e-7)) == ["gradients-arrive", "updates-small"]
    assert codes(deep([0.5, 0.7, 1.0], dead=0.6, saturated=0.7)) == ["gradients-arrive", "dead", "saturated"]
    assert codes([]) == codes(deep([None, None], update=None)) == codes(deep([1.0])) == []


def test_the_last_looks_are_judged_by_their_middle_one():
    rows = deep([1e-6, 1.0], 1)
    rows += [row for step in range(2, 7) for row in deep([1e-6 if step == 4 else 0.5, 1.0], step)]
    assert codes(rows) == ["gradients-arrive"], "it vanished at first, and once by chance"


def test_the_worst_layer_is_named_and_how_many_are_so():
    rows = deep([1.0] * 4)
    rows[1], rows[2] = rows[1]._replace(dead=0.6), rows[2]._replace(dead=0.9)
    _, dead = findings(rows)
    assert dead.values == {"share": 90, "layer": "layer2", "count": 2}


DEEP = {"model": "mlp:" + "hidden=" + "+".join(["16"] * 8), "activation": "tanh", "optimizer": "sgd", "epochs": 1}


def test_a_deep_tanh_network_shows_it_and_fitted_weights_or_batch_norm_mend_it(tiny):
    def seen(**values):
        _, store, _ = run_stored(tiny(look_inside=1, **DEEP, **values))
        ratio, layers = gradient_ratio(by_step(store.looks))
        assert layers == 8
        return ratio, [found.code for found in findings(store.looks)]

    ratio, said = seen(initializer="small-normal")
    assert ratio < 1e-6 and said == ["inside-vanishing"]
    for values in ({"initializer": "xavier"}, {"initializer": "small-normal", "ticked": ["batch-norm"]}):
        ratio, said = seen(**values)
        assert 0.02 < ratio < 50 and said[0] == "inside-gradients-arrive"


def test_diagnose_tells_what_was_seen(tmp_path, capsys):
    words = ["--model", "mlp:hidden=16+16+16+16+16+16", "--activation", "tanh", "--initializer", "small-normal"]
    run_of = ["--epochs", "1", "--train-samples", "100", "--threads", "1", "--look-inside", "1", "--json"]
    code, out, _ = tunedeck(capsys, "train", *words, *run_of)
    folder = json.loads(out)["run"]
    assert code == 0
    _, out, _ = tunedeck(capsys, "diagnose", folder)
    assert "Vanishing gradients: at the first layer" in out
    table = out.splitlines()[-8:]
    assert table[0].split() == ["step", "2", "gradient", "spread", "dead", "%", "saturated", "%", "update"]
    assert table[1].startswith("body.layer1.linear") and table[-1].startswith("head")
    _, out, _ = tunedeck(capsys, "diagnose", folder, "--json")
    assert [each["code"] for each in json.loads(out)["inside"]] == ["inside-vanishing"]
