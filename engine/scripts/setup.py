"""The upper part of the script of a run: its functions, the data, the network."""

from __future__ import annotations

from engine.code import indented
from engine.scripts.facts import Facts

SEEDED = '''
def seed(*place):
    """A seed for every purpose and place of a run, the same as Tunedeck's."""
    return int.from_bytes(blake2b("/".join(map(str, place)).encode(), digest_size=4).digest(), "big")'''
STRATIFIED = '''
def stratified(targets, purpose):
    """All rows, shuffled so that any first part of them has its due share of each class."""
    shuffled = torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed(SPLIT_SEED, purpose)))
    one_hot = nn.functional.one_hot(targets[shuffled]).double()
    place = ((one_hot.cumsum(0) - 0.5) / one_hot.sum(0))[one_hot.bool()]  # of each sample among those of its class
    return shuffled[place.argsort(stable=True)]'''
SHUFFLED = '''
def stratified(targets, purpose):
    """All rows, shuffled: there are no classes."""
    return torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed(SPLIT_SEED, purpose)))'''
CUT = '''
def cut(inputs, targets, count, purpose):
    """Which rows to set aside, as many as `count`; equal samples stay on one side."""
    groups = inputs.flatten(1).unique(dim=0, return_inverse=True)[1]
    sizes = groups.bincount().tolist()
    taken = torch.zeros(len(sizes), dtype=torch.bool)
    for group in dict.fromkeys(groups[stratified(targets, purpose)].tolist()):
        if sizes[group] <= count:
            taken[group] = True
            count -= sizes[group]
    return taken[groups]'''
EVALUATE = '''
@torch.no_grad()
def evaluate(network, inputs, targets):
    """Loss{accuracy} of all samples, in evaluation mode and without gradients."""
    network.eval()
    {outputs}
    y = {y}
    return loss_function(outputs, y).item(){share}'''
BACK = "scale(inputs.to(device)).flatten(1)  # it is to give its input back"
IN_PIECES = "torch.cat([network(scale(x.to(device))) for x in inputs.split(1000)])"


def definitions(facts: Facts) -> list[str]:
    """The functions and classes, each as one text."""
    functions = [SEEDED]
    some = facts.config.train_samples != "all"
    if facts.cuts_validation or facts.cuts_test or some:
        functions.append(STRATIFIED if facts.labelled else SHUFFLED)
    if (facts.cuts_validation or facts.cuts_test) and facts.has_twins:
        functions.append(CUT)
    functions += dict.fromkeys(code.define for code in facts.codes.values() if code and code.define)
    functions.append("\ndef scale(x):\n    return (x - mean) / std")
    functions.append(EVALUATE.format(
        accuracy=" and accuracy" if facts.classes else "",
        outputs=indented(facts.outputs(IN_PIECES)).strip(),
        y=BACK if facts.reconstructs else "targets.to(device)",
        share=", (outputs.argmax(1) == y).sum().item() / len(y)" if facts.classes else "",
    ))  # fmt: skip
    return [function.strip("\n") for function in functions]


def data(facts: Facts) -> list[str]:
    """The samples in their parts, their range, and how they are augmented."""
    config = facts.config
    lines = [facts.lines(config.dataset, "inputs, targets, classes = ...")]
    test = 'stratified(targets, "test")', "round(0.2 * len(targets))"
    lines += _set_aside(facts, "test", *test) if facts.cuts_test else []
    count = _count(config.validation_samples)
    lines += _set_aside(facts, "val", 'stratified(targets, "validation")', count) if facts.cuts_validation else []
    if config.train_samples != "all":
        few = f'stratified(targets, "train-samples")[: {_count(config.train_samples)}].sort().values'
        lines += [f"few = {few}", "inputs, targets = inputs[few], targets[few]"]
    model = facts.codes[config.model.id]
    lines.append(model.scaling if model and model.scaling else facts.lines(config.scaling, "mean, std = ..."))
    transforms = [code.value for each in config.augmentations if (code := facts.codes[each.id])]
    if transforms:
        lines.append("augment = v2.Compose([\n" + "".join(f"    {each},\n" for each in transforms) + "])")
    lines += [facts.absent(each.id) for each in config.augmentations if facts.codes[each.id] is None]
    return lines


def _set_aside(facts: Facts, part: str, rows: str, count: str) -> list[str]:
    if facts.has_twins:
        purpose = "validation" if part == "val" else part
        taken = [f'aside = cut(inputs, targets, {count}, "{purpose}")']
    else:
        taken = ["aside = torch.zeros(len(targets), dtype=torch.bool)", f"aside[{rows}[: {count}]] = True"]
    return [
        *taken,
        f"{part}_inputs, {part}_targets = inputs[aside], targets[aside]",
        "inputs, targets = inputs[~aside], targets[~aside]",
    ]


def network(facts: Facts) -> list[str]:
    """The network with its initial weights."""
    config, model = facts.config, facts.codes[facts.config.model.id]
    lines = ["# Network", 'torch.manual_seed(seed(SEED, "weights"))', facts.lines(config.model, "model = ...")]
    lines += [facts.absent(config.activation.id)] if facts.codes[config.activation.id] is None else []
    lines += [facts.lines(config.initializer, "")]
    lines += [model.weights] if model else []
    convolves = "Conv2d" in lines[2] or (model and ("Conv2d" in model.define or model.imports))
    to = ".to(device, memory_format=torch.channels_last)" if convolves else ".to(device)"
    lines = [line for line in lines if line]
    if lines[-1].startswith("model = nn.Sequential(") and lines[-1].endswith("\n)"):
        lines[-1] += to
    else:
        lines.append(f"model = model{to}")
    if config.fine_tuning:
        lines.append(f"head = {model.head if model and model.head else '...'}")
    return lines


def _count(amount: str) -> str:
    """The expression of the number of samples that an amount means, of those in `targets`."""
    if amount == "all":
        return "len(targets)"
    return f"round({float(amount[:-1]) / 100} * len(targets))" if amount.endswith("%") else amount
