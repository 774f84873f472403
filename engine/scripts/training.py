"""The lower part of the script of a run: the optimizer and the loop."""

from __future__ import annotations

from engine.code import indented
from engine.history import direction
from engine.scripts.facts import Facts

CLEAN = """\
clean = torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed(SPLIT_SEED, "clean")))[:2000]
clean = clean[:{count}].sort().values  # of the training samples, as many as for validation"""
ENDS = "ends = list(range(BATCH_SIZE, len(targets) - 1, BATCH_SIZE))  # a last sample by itself joins the batch before"
ORDER = 'torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed(SEED, "order", epoch)))'
CORRECT = "correct += (outputs.argmax(1) == {labels}).sum().item()"


def optimizer(facts: Facts) -> list[str]:
    """The loss, the optimizer with its schedules, and what else is made before the loop."""
    config = facts.config
    lines = ["# Training", facts.lines(config.loss, "loss_function = ...")]
    changes = [code.groups for code in facts.ticked if code.groups]
    parameters = "model.parameters()"
    if changes:
        whole = changes[0].startswith("groups = [\n    {")
        lines += [] if whole else ['groups = [{"params": list(model.parameters())}]']
        lines, parameters = lines + changes, "groups"
    code = facts.codes[config.optimizer.id]
    lines.append(f"optimizer = {code.value.replace('{}', parameters, 1)}" if code else "optimizer = ...")
    lines += [facts.absent(config.optimizer.id)] if code is None else []
    lines += ["ends = list(range(1, len(targets)))"] if config.batch_size == 1 else [ENDS]
    lines += ["steps = len(ends) + 1"] if facts.uses("steps") else []
    lines += _schedulers(facts)
    others = (*config.regularizers, *config.stoppings, *config.schedulers)
    told = [(each.id, facts.codes[each.id]) for each in others]
    lines += [code.lines for each, code in told if code and code.lines]
    lines += [facts.absent(each) for each, code in told if code is None]
    if config.fine_tuning and facts.codes[config.fine_tuning.id] is None:
        lines.append(facts.absent(config.fine_tuning.id))
    if facts.monitor.startswith("clean"):
        lines.append(CLEAN.format(count="len(val_targets)" if facts.validates else "2000"))
    return [*lines, f'best = float("{"inf" if direction(facts.monitor) > 0 else "-inf"}")']


def _schedulers(facts: Facts) -> list[str]:
    lines = []
    if facts.rates_apart:
        lines.append(
            "# Each schedule moves a rate of its own: the learning rate is LR times all their factors.\n"
            f"rates = [torch.optim.SGD([torch.zeros(1)], lr=LR) for _ in range({len(facts.schedules)})]"
        )
    for number, scheduler in enumerate(facts.schedules):
        code = facts.codes[scheduler.id]
        assert code is not None
        optimizer = f"rates[{number}]" if facts.rates_apart else "optimizer"
        lines.append(f"{_schedule(facts, number)} = {code.value.replace('{}', optimizer, 1)}")
    return lines


def _schedule(facts: Facts, number: int) -> str:
    return f"scheduler{number + 1}" if facts.rates_apart else "scheduler"


def loop(facts: Facts) -> list[str]:
    """The loop over the epochs."""
    codes = facts.ticked
    judged = next((code.judged for code in codes if code.judged), "model")
    order = next((code.order for code in codes if code.order), ORDER)
    better = "<" if direction(facts.monitor) > 0 else ">"
    labels = " = correct = 0" if facts.counts else " = 0"
    body = [
        "model.train()", *(code.epoch for code in codes if code.epoch), f"total{labels}", f"order = {order}",
        "for batch, rows in enumerate(order.tensor_split(ends)):", indented("\n".join(_step(facts))),
        "train_loss, train_accuracy = total / len(order), correct / len(order)" if facts.counts else
        "train_loss = total / len(order)",
        *(code.before_evaluation for code in codes if code.before_evaluation),
        *([f"network = {judged}"] if judged != "model" else []), *_evaluated(facts),
        *_epoch_schedules(facts),
        f"if {facts.monitor} {better} best:  # its weights are kept",
        f"    best, best_weights = {facts.monitor}, copy.deepcopy({_judged(facts, judged)}.state_dict())",
        *(code.after_epoch for code in codes if code.after_epoch and facts.is_there(code.after_epoch)),
    ]  # fmt: skip
    return ["for epoch in range(EPOCHS):", indented("\n".join(body))]


def _judged(facts: Facts, judged: str) -> str:
    return "model" if judged == "model" else "network"


def _evaluated(facts: Facts) -> list[str]:
    network = "network" if any(code.judged for code in facts.ticked) else "model"
    lines, told = list[str](), "epoch {epoch + 1}: training loss {train_loss:.4f}"
    if facts.monitor.startswith("clean"):
        lines.append(f"{_figures(facts, 'clean_train')} = evaluate({network}, inputs[clean], targets[clean])")
    if facts.validates:
        lines.append(f"{_figures(facts, 'val')} = evaluate({network}, val_inputs, val_targets)")
        told += ", validation loss {val_loss:.4f}" + (", accuracy {val_accuracy:.1%}" if facts.classes else "")
    return [*lines, f'print(f"{told}")']


def _figures(facts: Facts, part: str) -> str:
    """The names of what an evaluation gives."""
    return f"{part}_loss, {part}_accuracy" if facts.classes else f"{part}_loss"


def _step(facts: Facts) -> list[str]:
    """One update of the weights."""
    codes, lines = facts.ticked, _batch(facts)
    lines.append('torch.manual_seed(seed(SEED, "step", epoch, batch))  # of dropout and its like')
    lines.append("optimizer.zero_grad()")
    lines += _gradients(facts)
    lines += [code.before_step for code in codes if code.before_step]
    if facts.rates_apart:
        lines.append(
            "for group in optimizer.param_groups:\n"
            '    group["lr"] = LR * group.get("share", 1)\n'
            "    for rate in rates:\n"
            '        group["lr"] *= rate.param_groups[0]["lr"] / LR'
        )
    lines.append("optimizer.step()")
    lines += [code.after_step for code in codes if code.after_step]
    stepped = [n for n, each in enumerate(facts.schedules) if each.every == "step"]
    lines += [line for number in stepped for line in _moved(facts, number)]
    return lines


def _batch(facts: Facts) -> list[str]:
    """What sets `x` and `y`: gathered, augmented, scaled, mixed."""
    codes, lines, source = facts.ticked, list[str](), "inputs[rows]"
    if any(facts.codes[each.id] for each in facts.config.augmentations):
        lines += ['torch.manual_seed(seed(SEED, "augment", epoch, batch))']
        lines += ["x = torch.stack([augment(image) for image in inputs[rows]])"]
        source = "x"
    targets = "scale(inputs[rows].to(device)).flatten(1)" if facts.reconstructs else "targets[rows].to(device)"
    lines.append(f"x, y = scale({source}.to(device)), {targets}")
    if facts.mixes:
        lines += ["labels = y"] if facts.counts else []
        lines += ["y = nn.functional.one_hot(y, classes).float()"] if facts.classes else []
        if any("sample(" in code.batch or "rand" in code.batch for code in codes):
            lines += ['torch.manual_seed(seed(SEED, "mix", epoch, batch))']
        lines += [code.batch for code in codes if code.batch]
    return lines


def _gradients(facts: Facts) -> list[str]:
    """From a batch to gradients, at once or in pieces."""
    codes = facts.ticked
    penalties = "".join(f" + {code.penalty}" for code in codes if code.penalty)
    pieces = next((code.pieces for code in codes if code.pieces), "")
    labels = "labels" if facts.mixes else "y"
    correct = [CORRECT.format(labels=labels)] if facts.counts else []
    if not pieces:
        backward = f"({'loss' + penalties}).backward()" if penalties else "loss.backward()"
        plain = facts.config.precision == "float32" and "outputs" not in "".join((penalties, *correct))
        forward = [facts.outputs("model(x)"), "loss = loss_function(outputs, y)"]
        return [
            *(["loss = loss_function(model(x), y)"] if plain else forward), backward,
            "total += loss.item() * len(rows)", *correct,
        ]  # fmt: skip
    last = [f"    loss = loss{penalties}"] if penalties else []
    names = ("x", "y", "labels") if facts.mixes and facts.counts else ("x", "y")
    inner = [
        facts.outputs("model(x)"), "loss = loss_function(outputs, y) * (len(x) / len(rows))",
        "total += loss.item() * len(rows)", *correct,
        *(["if piece == pieces - 1:", *last] if penalties else []), "loss.backward()",
    ]  # fmt: skip
    parts = ", ".join(f"{name}.tensor_split(within)" for name in names)
    return [
        f"pieces = {pieces}  # one after another: that takes less memory",
        "within = [len(x) * piece // pieces for piece in range(1, pieces)]",
        f"for piece, ({', '.join(names)}) in enumerate(zip({parts})):", indented("\n".join(inner)),
    ]  # fmt: skip


def _moved(facts: Facts, number: int) -> list[str]:
    code = facts.codes[facts.schedules[number].id]
    figure = code.watches if code else ""
    step = f"{_schedule(facts, number)}.step({figure})"
    return [f"rates[{number}].step()", step] if facts.rates_apart else [step]


def _epoch_schedules(facts: Facts) -> list[str]:
    numbers = [number for number, each in enumerate(facts.schedules) if each.every == "epoch"]
    return [line for number in numbers for line in _moved(facts, number)]


def test(facts: Facts) -> list[str]:
    """The best weights restored, and measured once."""
    lines = ["model.load_state_dict(best_weights)"]
    dataset = facts.codes[facts.config.dataset.id]
    if facts.cuts_test or dataset is None or dataset.has_test:
        accuracy = ", accuracy {test_accuracy:.1%}" if facts.classes else ""
        lines += [f"{_figures(facts, 'test')} = evaluate(model, test_inputs, test_targets)"]
        lines += [f'print(f"test loss {{test_loss:.4f}}{accuracy}")']
    return lines
