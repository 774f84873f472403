"""What is frozen, and meddled with, is said at once, in each place where one looks."""

from __future__ import annotations

from gui.model.layer_tree import LAYER, LINE, PROOF
from gui.model.panel import ModelPanel
from tests.gui.driving import pump

MEDDLER = '''
import torch
from engine.strategy import Regularizer, hookimpl

class Meddler(Regularizer):
    """Writes to a weight that is frozen."""

    def after_step(self, model):
        with torch.no_grad():
            next(model.body.parameters()).add_(1e-4)

@hookimpl
def register_strategies():
    return [Meddler]
'''


def test_a_plugin_that_writes_to_a_frozen_layer_is_named_in_the_window(open_window, workspace):
    (workspace / "plugins").mkdir(parents=True)
    (workspace / "plugins" / "meddler.py").write_text(MEDDLER)
    window = open_window(workspace)
    window.set(epochs=1, threads="1", train_samples="200")
    window.tick("freeze-body")
    window.window.centre.bring_forward("model")
    window.train()
    assert window.says("proof") == "" and "unchanged in 1 of 1 epochs" in window.window.happening.facts.text()
    window.tick("meddler")
    window.train()
    assert "body.layer1.linear" in window.says("proof") and "meddler" in window.says("proof")
    assert window.window.banners.get("proof").buttons == [], "there is nothing to be stopped any more"
    assert "weights changed in epoch 1" in window.window.happening.warning.text()
    tree = next(panel for panel in window.window.centre.panels if isinstance(panel, ModelPanel)).tree
    pump(lambda: not window.window.bench.background.busy)
    cells = {item.data(LAYER, LINE)[0]: item.text(PROOF) for item in tree._items()}
    assert cells["body.layer1.linear"] == "changed, though frozen" and cells["head"] == "has changed"
    window.tick("meddler")
    window.press("start")
    window.wait_for_epoch(1)
    assert window.says("proof") == ""
    window.wait_for_end()
