"""What is frozen stays as it was to the last bit, and what does not is named."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from engine.events import Finished, Proved
from engine.fork import forked
from engine.frozen.freeze_proof import digests
from engine.frozen.proof import Finding, LayerProof, Proof, read_proof, write_proof
from engine.preview.summary import network_table
from engine.store import MemoryStore
from engine.strategy import FineTuning, Model, Regularizer
from engine.trainer import Trainer
from tests.engine.support import of_type, run, run_stored, tunedeck

RESNET = "small-resnet:widths=4+8"


class Shares(FineTuning):
    """Shares as they are given, epoch by epoch; the last go on."""

    given: tuple[tuple[float, ...], ...] = ((0.0,),)

    def lr_shares(self, epoch):
        return self.given[min(epoch, len(self.given) - 1)]


class Evil(Regularizer):
    """Does to a frozen layer what nobody should."""

    deed: str = "weights"

    def after_step(self, model):
        if self.deed == "weights":
            with torch.no_grad():
                next(model.body.parameters()).add_(1e-6)
        elif self.deed == "statistics":
            model.body.train()
            model.body(torch.randn(4, 1, 8, 8))
            model.body.eval()
        elif self.deed == "norm-mode":
            model.body.train()


class Lame(Model):
    """A network with a layer that nothing passes, and one after which nothing matters."""

    def build(self, data, slots):
        return _Lame(data)


class _Lame(nn.Module):
    def __init__(self, data):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Linear(8, 8))
        self.aside = nn.Linear(3, 3)
        self.mute = nn.Linear(64, 8)
        self.head = nn.Linear(8, data.outputs)

    def forward(self, x):
        return self.head(self.body(x) + 0 * self.mute(x.flatten(1)))


def proofs(events):
    return [event.proof for event in of_type(events, Proved)]


@pytest.mark.parametrize("noise", [[], ["gaussian-noise"]], ids=["features", "whole network"])
def test_a_frozen_body_is_proven_unchanged_in_every_epoch(tiny, noise):
    events, store, _ = run_stored(tiny(model=RESNET, epochs=3, ticked=["freeze-body", "ema:decay=0.5", *noise]))
    found = proofs(events)
    assert len(found) == 4, "after every epoch, and what is handed over"
    assert not found[-1].findings and store.proof == found[-1]
    body = [layer for layer in found[-1].layers if layer.name.startswith("body")]
    assert {(layer.frozen, layer.epochs, layer.kept, layer.changed) for layer in body} == {(True, 3, 3, False)}
    assert [str(line) for line in found[-1].summary()] == [
        f"body: {len(body)} layers frozen, unchanged in 3 of 3 epochs", "head: 1 layer trains, and has changed"
    ]  # fmt: skip


def test_a_run_that_freezes_nothing_pays_nothing(tiny):
    events, store, trainer = run_stored(tiny())
    assert proofs(events) == [] and store.proof is None and trainer.proof is None
    assert "proof" not in trainer.snapshot().meta


def test_layers_count_as_frozen_up_to_where_they_join(tiny):
    events, _, _ = run_stored(tiny(model=RESNET, epochs=4, ticked=[Shares(given=((0.0, 0.0), (0.0, 1.0)))]))
    last = proofs(events)[-1]
    fates = [(layer.frozen, layer.epochs, layer.kept, layer.changed) for layer in last.layers]
    assert set(fates) == {(True, 4, 4, False), (False, 1, 1, True), (False, 0, 0, True)}
    assert fates == sorted(fates, reverse=True) and not last.findings


def test_a_layer_that_is_frozen_later_is_held_to_what_it_was_then(tiny):
    ticked = ["ema:decay=0.9", Shares(given=((1.0,), (0.0,)))]
    events, _, _ = run_stored(tiny(model=RESNET, epochs=3, ticked=ticked))
    last = proofs(events)[-1]
    body = {(layer.frozen, layer.epochs, layer.kept, layer.changed) for layer in last.layers[:-1]}
    assert body == {(True, 2, 2, True)} and not last.findings


@pytest.mark.parametrize("deed", ["weights", "statistics", "norm-mode"])
def test_what_meddles_with_a_frozen_layer_is_seen_at_once_and_the_run_goes_on(tiny, deed):
    events, store, _ = run_stored(tiny(model=RESNET, epochs=2, ticked=["freeze-body", Evil(deed=deed)]))
    assert isinstance(events[-1], Finished)
    first, *later = of_type(events, Proved)
    assert {finding.kind for finding in first.new} == {deed} and {finding.epoch for finding in first.new} == {1}
    assert all(finding.layer.startswith("body.") for finding in first.new)
    if deed == "weights":
        assert [finding.layer for finding in first.new] == ["body.stem.convolution"]
    [alarm] = first.alarms
    assert "epoch 1" in str(alarm) and "evil, adam" in str(alarm) and first.new[0].layer in str(alarm)
    kinds = {finding.kind for event in later for finding in event.new}
    assert kinds == set(), "it is news only once"
    assert store.proof.violated and any(line.values["kept"] == 0 for line in store.proof.summary()[:-1])


def test_an_average_that_leaves_a_frozen_layer_is_seen(tiny):
    trainer = Trainer(tiny(model=RESNET, epochs=2, ticked=["freeze-body", "ema:decay=0.5"]))
    found = []
    for event in trainer.run():
        if trainer.position.step == 3:
            next(trainer.learner.average.body.parameters()).data.mul_(2)
        if isinstance(event, Proved):
            found += event.new
    assert found[0] == Finding("average", "body.stem.convolution", 1)


def test_a_layer_that_trains_and_never_changes_is_a_finding_with_its_reason(tiny):
    events, _, _ = run_stored(tiny(model=Lame(), ticked=[Shares(given=((1.0, 1e-12),))], lr=1e-3))
    last = proofs(events)[-1]
    assert {finding.layer: finding.kind for finding in last.findings} == {
        "aside": "no-gradient", "mute": "zero-gradient", "body.2": "small-steps",
    }  # fmt: skip
    assert not last.violated and all(event.alarms == [] for event in of_type(events, Proved))


@pytest.mark.parametrize("stop_at", [3, 5, 8, 12])
def test_a_run_that_goes_on_is_held_to_its_own_start(tiny, stop_at):
    config = tiny(model=RESNET, epochs=4, ticked=["freeze-body:unfreeze_after=3", "swa:start=0.1"])
    whole = proofs(run_stored(config)[0])[-1]
    store = MemoryStore()
    run(Trainer(config, lambda: store), stop_at=stop_at)
    last = proofs(run(Trainer(config, lambda: store, snapshot=store.last())))[-1]
    assert last == whole == store.proof and not last.findings


def test_what_was_changed_before_a_stop_is_seen_after_it(tiny):
    store, config = MemoryStore(), tiny(model=RESNET, epochs=3, ticked=["freeze-body"])
    trainer = Trainer(config, lambda: store)
    events = trainer.run()
    while trainer.position.step < 7:
        next(events)
    next(trainer.learner.model.body.parameters()).data.add_(1)
    trainer.stop(events)
    assert isinstance(list(events)[-1], Finished)
    again = proofs(run(Trainer(config, lambda: store, snapshot=store.last())))[-1]
    assert Finding("weights", "body.stem.convolution", 2) in again.findings
    assert again.layers[0].kept == 1 and again.layers[0].epochs == 3


def test_the_end_says_it_in_the_terminal(capsys):
    flags = ["--model", RESNET, "--train-samples", "200", "--epochs", "1", "--threads", "1", "--with", "freeze-body"]
    code, out, _ = tunedeck(capsys, "train", *flags)
    assert code == 0 and "layers frozen, unchanged in 1 of 1 epochs" in out
    code, out, _ = tunedeck(capsys, "summary", *flags, "--json")
    layers = {layer["name"]: layer for layer in json.loads(out)["layers"]}
    assert layers["body.stem.convolution"]["lr_shares"] == [[0, 0.0]] and layers["head"]["lr_shares"] == [[0, 1.0]]
    assert layers["body.stem.norm"]["norm"] == "running"
    code, out, _ = tunedeck(capsys, "summary", *flags[:-1], "freeze-body:unfreeze_after=1", "--epochs", "2")
    assert "×0; ×0.1" in " ".join(out.split()) and "running" in out


def test_the_table_tells_from_which_epoch_on_a_layer_trains(tiny, catalogue):
    config = tiny(model=RESNET, epochs=9, ticked=["discriminative-lr:parts=2,factor=2,unfreeze_every=3"])
    rows = {row.name: row for row in network_table(config, Trainer(config).learner.parts.spec).layers}
    assert rows["body.stem.convolution"].shares == ((0, 0.0), (6, 0.25))
    assert rows["body.stage2.block1.convolution2"].shares == ((0, 0.0), (3, 0.5))
    assert rows["head"].shares == ((0, 1.0),)


def test_a_digest_is_of_the_bytes_whatever_their_layout():
    plain = torch.randn(3, 4, 5, 6)
    [one], [other] = digests([[plain]]), digests([[plain.to(memory_format=torch.channels_last)]])
    assert one == other != digests([[plain + 1e-6]])[0]
    assert digests([[torch.tensor(3)], [torch.tensor(-0.0)], [torch.tensor(0.0)]])[1:] != [one, one]
    assert digests([[torch.tensor(-0.0)]]) != digests([[torch.tensor(0.0)]]), "bits, not values"


def test_the_file_tells_what_was_found_and_a_strangers_tells_nothing(tmp_path):
    proof = Proof(2, (LayerProof("body.a", True, 2, 1),), (Finding("weights", "body.a", 2),), ("evil", "adam"))
    write_proof(tmp_path, proof)
    assert read_proof(tmp_path) == proof
    for broken in ("", "[]", '{"epoch": -1}', '{"epoch": 1, "layers": [{}], "findings": [], "acting": []}'):
        (tmp_path / "proof.json").write_text(broken)
        assert read_proof(tmp_path) is None


def techniques(catalogue, kind):
    return [entry.strategy for entry in catalogue.entries if entry.strategy and entry.strategy.kind == kind]


def test_nothing_in_the_catalogue_moves_what_is_frozen(tiny, catalogue):
    """Neither weight decay nor momentum that a layer had before it was frozen, whichever technique is ticked."""
    thawed_first = Shares(given=((1.0, 1.0), (0.0, 1.0)))
    tried = 0
    for optimizer in techniques(catalogue, "optimizer"):
        for regularizer in techniques(catalogue, "regularizer"):
            if optimizer.id == "sgd" or regularizer.id in ("max-norm", "ema"):
                model = RESNET if regularizer.id == "stochastic-depth" else "cnn:channels=4+4,hidden=8"
                values = {"momentum": 0.9} if optimizer.id == "sgd" else {}
                config = tiny(
                    model=model, optimizer=optimizer(**values), epochs=2, batch_size=65,
                    ticked=[thawed_first, *(["weight-decay:decay=0.1"] if regularizer.id != "weight-decay" else []),
                            regularizer()],
                )  # fmt: skip
                last = proofs(run_stored(config)[0])[-1]
                assert not last.violated, f"{optimizer.id} with {regularizer.id}: {last.told()}"
                frozen = [layer for layer in last.layers if layer.frozen]
                assert frozen and all(layer.kept == layer.epochs == 1 and layer.changed for layer in frozen)
                tried += 1
    assert tried > 25


def test_a_fork_is_held_to_what_it_begins_with(tiny):
    store, plain = MemoryStore(), tiny(model=RESNET, epochs=4, ticked=["freeze-body"])
    run(Trainer(plain, lambda: store), stop_at=5)
    config = tiny(model=RESNET, epochs=3, ticked=[Shares(given=((1.0,), (0.0,), (1.0,)))])
    snapshot = forked(store.last(), plain, config, "parent", None)
    events = run(Trainer(config, snapshot=snapshot))
    assert "proof" not in snapshot.meta and "proof" in store.last().meta
    body = {(layer.epochs, layer.kept, layer.changed) for layer in proofs(events)[-1].layers if layer.name != "head"}
    assert body == {(1, 1, True)}


def test_what_is_handed_over_is_looked_at_too(tiny):
    trainer = Trainer(tiny(model=RESNET, epochs=2, ticked=["freeze-body"]))
    found = []
    restore = trainer.learner.restore

    def spoilt(snapshot, where):
        restore(snapshot, where)
        trainer.learner.model.body.stem.convolution.weight.data.neg_()

    trainer.learner.restore = spoilt
    for event in of_type(run(trainer), Proved):
        found += event.new
    assert found == [Finding("best", "body.stem.convolution", 2)]
