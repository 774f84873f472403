from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from engine.averaging import measure_norms, start_average, update_average
from engine.checkpoints.checkpoint import decode, encode
from engine.message import InputError
from engine.network import restore_model
from engine.store import MemoryStore
from engine.strategy import Field, Regularizer
from engine.trainer import Trainer
from tests.engine.support import differing, run, run_stored


class Follow(Regularizer):
    """Keep an average that follows the weights."""

    share: float = Field(0.1, ge=0, le=1)
    """Of the present weights."""
    first: int = Field(0, ge=0)
    """Steps without an average."""

    def average_share(self, progress):
        return None if progress.step <= self.first else self.share


class FollowToo(Follow):
    """A second one."""


def weights(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def steps(trainer, count):
    """So many steps: the weights after each."""
    seen = []
    for _ in trainer.run():
        if trainer.position.step > len(seen):
            seen.append(weights(trainer.learner.model))
        if len(seen) == count:
            return seen
    raise AssertionError("the run was too short")


def test_the_average_follows_the_weights_by_its_share(tiny):
    trainer = Trainer(tiny(ticked=[Follow(share=0.3)], epochs=1))
    seen = steps(trainer, 4)
    expected = seen[0]
    for later in seen[1:]:
        expected = {name: 0.7 * expected[name] + 0.3 * later[name] for name in expected}
    for name, tensor in trainer.learner.average.state_dict().items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-6, atol=1e-7)


def test_the_average_is_what_pytorchs_averaged_model_keeps():
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    reference = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=False)
    reference.update_parameters(model)
    average = start_average(model)
    for _ in range(10):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter))
        model(torch.randn(5, 3))
        reference.update_parameters(model)
        update_average(average, model, 1 - 0.9)
    for ours, theirs in zip(average.parameters(), reference.module.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert average[1].num_batches_tracked == 10


def test_validation_best_and_test_use_the_average(tiny):
    _, store, trainer = run_stored(tiny(ticked=[Follow(share=0.05)], epochs=3, lr=0.05))
    best = store.best()
    assert best.group("average").keys() == best.group("model").keys()
    row = trainer.history.epochs[best.meta["progress"]["epoch"] - 1]
    losses = {}
    for group in ("model", "average"):
        network = copy.deepcopy(trainer.learner.model).eval()
        restore_model(network, best.group(group), "the test")
        part = trainer.learner.parts.validation
        with torch.inference_mode():
            outputs = network(trainer.learner.scale(part.inputs))
        losses[group] = nn.functional.cross_entropy(outputs, part.targets).item()
    assert row.val_loss == pytest.approx(losses["average"], abs=1e-6)
    assert abs(row.val_loss - losses["model"]) > 1e-3
    # At the end the best weights are restored, and their average with them.
    for name, tensor in trainer.learner.average.state_dict().items():
        assert torch.equal(tensor, best.group("average")[name])


def test_training_itself_does_not_see_the_average(tiny):
    _, plain, _ = run_stored(tiny(epochs=2, ticked=["dropout", "batch-norm"]))
    _, averaged, _ = run_stored(tiny(epochs=2, ticked=["dropout", "batch-norm", Follow()]))
    one, other = plain.last().group("model"), averaged.last().group("model")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_before_it_begins_the_weights_count_and_a_checkpoint_holds_no_average(tiny):
    config = tiny(ticked=[Follow(first=7)], epochs=2)
    trainer = Trainer(config)
    run(trainer, stop_at=7)
    assert trainer.learner.average is None
    assert trainer.snapshot().group("average") == {}
    resumed = Trainer(config, snapshot=decode(encode(trainer.snapshot()), "memory"))
    steps_ = run(resumed, stop_at=8)
    assert steps_
    for name, tensor in resumed.learner.model.state_dict().items():
        assert torch.equal(tensor, resumed.learner.average.state_dict()[name])


def test_a_share_of_none_later_ends_the_average(tiny):
    class Ends(Regularizer):
        """Keep an average for a while."""

        def average_share(self, progress):
            return 0.5 if progress.step < 4 else None

    trainer = Trainer(tiny(ticked=[Ends()], epochs=1))
    steps(trainer, 3)
    assert trainer.learner.average is not None
    trainer = Trainer(tiny(ticked=[Ends()], epochs=1))
    steps(trainer, 4)
    assert trainer.learner.average is None


def test_stopped_at_any_step_a_run_with_an_average_and_batch_norm_goes_on_exactly(tiny):
    config = tiny(ticked=[Follow(share=0.2, first=2), "batch-norm", "dropout"], epochs=2)
    _, reference, _ = run_stored(config)
    for step in range(11):
        store = MemoryStore()
        run(Trainer(config, lambda store=store: store), stop_at=step)
        run(Trainer(config, lambda store=store: store, snapshot=store.last()))
        assert differing(store.last(), reference.last()) == [], f"stopped after step {step}"
        assert differing(store.best(), reference.best()) == [], f"best, stopped after step {step}"


def test_norms_of_the_average_are_measured_as_pytorch_does():
    from torch.optim.swa_utils import update_bn

    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.LazyBatchNorm1d())
    batches = [torch.randn(size, 1, 6, 6) + 2 for size in (16, 16, 5)]
    model(batches[0])
    average, reference = start_average(model), copy.deepcopy(model)
    for _ in measure_norms(average, batches):
        assert torch.is_grad_enabled(), "suspended within no_grad"
    update_bn(batches, reference)
    for name, tensor in average.state_dict().items():
        torch.testing.assert_close(tensor, reference.state_dict()[name])
    assert not any(module.training for module in average.modules())
    assert [average[1].momentum, average[4].momentum] == [0.1, 0.1]


def test_two_averages_are_refused_by_name(tiny):
    with pytest.raises(InputError, match=r"follow-too and follow each keep an average"):
        tiny(ticked=[Follow(), FollowToo()]).check()


def test_at_the_end_of_an_epoch_the_norms_of_the_average_are_those_of_its_own_activations(tiny):
    _, _, trainer = run_stored(tiny(ticked=[Follow(share=0.05), "batch-norm"], epochs=1))
    kept = weights(trainer.learner.average)
    training = trainer.learner.parts.training.inputs
    list(measure_norms(trainer.learner.average, [trainer.learner.scale(training)]))
    assert all(torch.equal(tensor, kept[name]) for name, tensor in weights(trainer.learner.average).items())
