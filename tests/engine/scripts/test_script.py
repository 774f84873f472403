"""The script of a run: it runs, and gives the losses of that run."""

from __future__ import annotations

import ast
import contextlib
import gzip
import io
import json
import random
import shlex
import struct
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine import statistics
from engine.catalogue import Catalogue
from engine.cli import build_parser
from engine.code import Code
from engine.command_line import command
from engine.config import RunConfig, recipe
from engine.data import Source, _stratified, split
from engine.learner import Learner
from engine.message import InputError
from engine.scripts.script import script, write_script
from engine.scripts.setup import STRATIFIED
from engine.strategy import Dataset, Model, Regularizer
from engine.strategy_text import parse_strategy
from engine.terminal.given_settings import settings
from engine.trainer import Trainer
from plugins.regularizer._dropout import DEFINED
from tests.engine.support import Blobs, run, tiny_config, tunedeck

LAST_DIGITS = 1e-6
"""How far a loss may lie from the run's own, as a share of it: the same sums, here and there in another order."""
ON_AVERAGE = 0.15
"""The same where images are augmented with other random numbers, over two epochs of five steps."""
NO_CODE = {"from-checkpoint"}
"""Techniques that give none: what they need is a file of Tunedeck's own."""
ACTING = {
    "multi-step": "multi-step:milestones=1+2", "step": "step:step_size=1", "cosine-warm-restarts:T_0": "1",
    "reduce-lr-on-plateau": "reduce-lr-on-plateau:patience=0,threshold=0.5",
    "early-stopping": "early-stopping:patience=1,min_delta=1", "target-reached": "target-reached:target=0.3",
    "cosine-warm-restarts": "cosine-warm-restarts:T_0=1,T_mult=2", "swa": "swa:start=0.3",
    "freeze-body": "freeze-body:unfreeze_after=1", "discriminative-lr": "discriminative-lr:parts=2,unfreeze_every=1",
    "max-norm": "max-norm:max_norm=0.5", "gradient-clipping": "gradient-clipping:max_norm=0.1",
    "timm": "timm:name=resnet10t", "l1": "l1:strength=0.001", "weight-decay": "weight-decay:decay=0.1",
    "sgd": "sgd:momentum=0.9,nesterov=true", "rmsprop": "rmsprop:momentum=0.5,centered=true",
    "adam": "adam:beta1=0.8,amsgrad=true", "cross-entropy": "cross-entropy:class_weights=balanced",
    "focal": "focal:class_weights=balanced",
}  # fmt: skip
"""With which settings a technique changes something in a short run."""
WITHIN = {
    "spatial-dropout": "cnn:channels=4+8,hidden=8", "stochastic-depth": "small-resnet:widths=4+8",
}  # fmt: skip
"""The models that have a place for a technique."""
LARGE = ("efficientnet-b0", "mobilenet-v3-small", "mobilenet-v3-large", "resnet18", "resnet50", "timm")


class Bundle(Blobs):
    """The same samples in a script."""

    id = "blobs-in-a-script"

    def code(self, config: RunConfig) -> Code:
        parts = {part: at for part, at in NAMES.items() if getattr(self, part)}
        lines = [f"parts = Bundle.model_validate({self.model_dump()!r}).load(None)", "classes = 4"]
        lines += [f"{at}inputs, {at}targets = parts.{part}.inputs, parts.{part}.targets" for part, at in parts.items()]
        return Code(
            imports=("from tests.engine.scripts.test_script import Bundle",), lines="\n".join(lines),
            has_validation="validation" in parts, has_test="test" in parts,
        )  # fmt: skip


NAMES = {"training": "", "validation": "val_", "test": "test_"}


def executed(text: str) -> dict[str, Any]:
    """What the names of a script stand for once it has run, and as `printed` the losses at each line that it prints."""
    names: dict[str, Any] = {"printed": [], "told": []}

    def printing(line: str) -> None:
        names["told"].append(line)
        names["printed"].append(tuple(names[name] for name in ("train_loss", "val_loss") if name in names))

    names["print"] = printing
    threads = torch.get_num_threads()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, "script.py", "exec"), names)
    finally:
        torch.set_num_threads(threads)
    return names


def losses(config: RunConfig) -> list[tuple[float, ...]]:
    """Those of each epoch, for training and validation, and that of the test, as the engine has them."""
    trainer = Trainer(config)
    test = run(trainer)[-1].test_loss  # type: ignore[union-attr]
    rows = [(row.train_loss, row.val_loss) for row in trainer.history.epochs]
    return [tuple(value for value in row if value is not None) for row in (*rows, (test,))]  # type: ignore[misc]


def plain_losses(config: RunConfig, catalogue: Catalogue) -> list[tuple[float, ...]]:
    """The same as the script has them."""
    names = executed(script(config, catalogue).text)
    epochs = sum(line.startswith("epoch ") for line in names["told"])
    return [*names["printed"][:epochs], (names["test_loss"],) if "test_loss" in names else ()]


def assert_same(config: RunConfig, catalogue: Catalogue, tolerance: float = LAST_DIGITS) -> list[tuple[float, ...]]:
    config.check()
    engine, plain = losses(config), plain_losses(config, catalogue)
    assert len(engine) == len(plain)
    for ours, theirs in zip(engine, plain, strict=True):
        assert theirs == pytest.approx(ours, rel=tolerance), script(config, catalogue).text
    return engine


def with_technique(id: str, catalogue: Catalogue) -> RunConfig:
    """A short run with this technique, where it changes something."""
    strategy = parse_strategy(ACTING.get(id, id), catalogue)
    if isinstance(strategy, Dataset):
        return tiny_config(catalogue, dataset=strategy, loss="mse", epochs=1)
    if id in LARGE:
        small = Bundle(training=8, validation=4, test=4)
        return tiny_config(catalogue, dataset=small, epochs=1, batch_size=4, lr=1e-3).ticked(strategy)
    values = {"model": WITHIN[id]} if id in WITHIN else {}
    if isinstance(strategy, Model) and strategy.reconstructs:
        values = {"loss": "mse", "ticked": ["batch-norm", "dropout:p=0.2"]}
    return tiny_config(catalogue, dataset=Bundle(), epochs=3, **values).ticked(strategy)


def ids(catalogue: Catalogue) -> list[str]:
    return [entry.id for entry in catalogue.entries]


def pytest_generate_tests(metafunc: Any) -> None:
    from engine.catalogue import discover

    if "id" in metafunc.fixturenames:
        skipped = NO_CODE | {"image-folder", "cifar10", "mnist", "fashion-mnist", "fashion-mnist-sample"}
        metafunc.parametrize("id", [id for id in ids(discover()) if id not in skipped])


def test_every_technique_gives_the_losses_of_the_run(id, catalogue):
    config = with_technique(id, catalogue)
    told = script(config, catalogue)
    assert told.missing == () and "gives no code" not in told.text
    drawn_otherwise = bool(config.augmentations)
    assert_same(config, catalogue, ON_AVERAGE if drawn_otherwise else LAST_DIGITS)
    assert ("same on average" in told.text.replace("\n", " ")) == drawn_otherwise


KINDS = ("augmentation", "regularizer", "fine-tuning", "scheduler", "stopping")
CHOICES = ("model", "activation", "initializer", "loss", "optimizer", "scaling")


def at_random(number: int, catalogue: Catalogue) -> RunConfig:
    """Three techniques that go together, with the rest of the settings chosen too."""
    drawing = random.Random(number)
    ticked = [entry.id for entry in catalogue.entries if entry.kind in KINDS and entry.kind != "augmentation"]
    chosen = [e.id for kind in CHOICES for e in catalogue.entries if e.kind == kind and e.id not in NO_CODE]
    models = ("mlp:hidden=12+8", "cnn:channels=4+8,hidden=8", "small-resnet:widths=4+8", "mlp:hidden=9")
    while True:
        values = {
            "model": drawing.choice(models), "batch_size": drawing.choice((16, 43, 129)), "seed": drawing.randrange(99),
            "monitor": drawing.choice(("val_loss", "val_accuracy", "clean_train_loss", "train_accuracy")),
            "precision": drawing.choice(("float32", "float32", "bfloat16")),
        }  # fmt: skip
        config = tiny_config(catalogue, dataset=Bundle(validation=drawing.choice((0, 40))), epochs=3, **values)
        for id in (drawing.choice(chosen), *drawing.sample(ticked, 3)):
            strategy = parse_strategy(ACTING.get(id, id), catalogue)
            if id not in LARGE and not getattr(strategy, "reconstructs", False):
                config = config.ticked(strategy)
        with contextlib.suppress(InputError):
            config.check()
            Learner(config, split(config.dataset.load(Source(Path())), config), torch.device("cpu"), Source(Path()))
            return config


@pytest.mark.parametrize("number", range(30))
def test_three_techniques_at_random_give_the_losses_of_the_run(number, catalogue):
    config = at_random(number, catalogue)
    assert_same(config, catalogue, 1e-2 if config.precision == "bfloat16" else 1e-5)


# --- what is not whole, and what strangers give --------------------------------------------------


class Silent(Regularizer):
    """Gives no code."""

    def after_step(self, model: torch.nn.Module) -> None:
        """Nothing."""


class Raising(Silent):
    """Gives none either."""

    def code(self, config: RunConfig) -> Code:
        raise ValueError("no")


class Broken(Silent):
    """Gives what is no Python."""

    def code(self, config: RunConfig) -> Code:
        return Code(after_step="if model")


@pytest.mark.parametrize("technique", [Silent, Raising, Broken])
def test_a_technique_without_code_is_named_where_its_lines_would_stand_and_at_the_head(technique, catalogue):
    told = script(tiny_config(catalogue, dataset=Bundle()).ticked(technique()), catalogue)
    assert told.missing == (technique.id,)
    assert f"# {technique.id}: this plugin gives no code" in told.text
    head = " ".join(told.text.split('"""')[1].split())
    assert f"NOT WHOLE: these plugins give no code, and their lines are missing: {technique.id}." in head
    executed(told.text)  # the rest runs


def test_a_script_without_its_data_set_is_python_all_the_same(catalogue):
    told = script(tiny_config(catalogue), catalogue)
    assert told.missing == ("blobs",)
    compile(told.text, "script.py", "exec")


EVIL = ["it's", 'a "quoted" name', "line\nbreak", "end\"\"\"; import antigravity\n'''", "back\\slash", "\udc80"]


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("dataset", ["image-folder", "mnist", "fashion-mnist", "cifar10"])
def test_a_folder_of_any_name_is_a_string_of_the_script_and_nothing_else(dataset, name, catalogue, tmp_path):
    data = catalogue.make("dataset", dataset, {"path": str(tmp_path / name)})
    text = script(tiny_config(catalogue, dataset=data), catalogue).text
    text.encode()
    tree = ast.parse(text)
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert any(isinstance(string, str) and string.startswith(str(tmp_path / name)) for string in strings)
    imported = {
        name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    assert imported <= {"torch", "copy", "gzip", "tarfile"}


def test_only_torch_and_torchvision_are_imported_besides_pythons_own(catalogue):
    """Apart from timm, which is another library's network."""
    for id in (entry.id for entry in catalogue.entries if entry.id not in NO_CODE | {"timm", "image-folder"}):
        strategy = parse_strategy(ACTING.get(id, id), catalogue)
        tree = ast.parse(script(recipe("default", catalogue).ticked(strategy), catalogue).text)
        named = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        named |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
        assert {name.split(".")[0] for name in named} <= {"torch", "torchvision", *sys.stdlib_module_names}, id


def test_the_first_scripts_are_short_and_says_nothing_that_it_does_not_use(catalogue):
    for name, most in (("default", 73), ("first-lesson", 70)):
        text = script(recipe(name, catalogue), catalogue).text
        tree = ast.parse(text)
        strings = [n for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)]
        told = {number for node in strings for number in range(node.lineno, (node.end_lineno or 0) + 1)}
        lines = [line.strip() for number, line in enumerate(text.splitlines(), 1) if number not in told]
        assert sum(bool(line) and not line.startswith("#") for line in lines) <= most, text
    assert "DATA" not in text and "labels" not in text.replace("train-labels", "").replace("t10k-labels", "")


# --- the data ------------------------------------------------------------------------------------


def assert_same_parts(config: RunConfig, catalogue: Catalogue, tmp_path: Path, levels: int = 0) -> None:
    """The script's own lines give the parts of the run, and the range of the inputs."""
    parts = split(config.dataset.load(Source(tmp_path / "data")), config)
    names = executed(script(config, catalogue, tmp_path / "data").text.partition("# Network")[0])
    for part, at in NAMES.items():
        ours = getattr(parts, part)
        theirs, targets = names[f"{at}inputs"], names[f"{at}targets"]
        assert torch.equal(targets, ours.targets)
        assert theirs.shape == ours.inputs.shape and theirs.dtype == torch.uint8
        assert (theirs.int() - ours.inputs.int()).abs().max() <= levels
    mean, std = statistics.fit(config.scaling, parts.training)
    if not levels:
        assert torch.equal(names["mean"].flatten(), mean) and torch.equal(names["std"].flatten(), std)


@pytest.mark.parametrize("values", [{}, {"split_seed": 5, "validation_samples": "77"}, {"train_samples": "10%"}])
def test_the_sample_is_divided_as_in_the_run(values, catalogue, tmp_path):
    assert_same_parts(recipe("default", catalogue).changed(values), catalogue, tmp_path)


@pytest.mark.parametrize("seed", range(20))
def test_classes_of_any_size_have_their_due_share_as_in_the_run(seed):
    drawing = random.Random(seed)
    labels = [label for label in (0, 1, 2, 5) for _ in range(drawing.randrange(1, 60))]
    targets = torch.tensor(drawing.sample(labels, len(labels)))
    names: dict[str, Any] = {"torch": torch, "nn": torch.nn, "SPLIT_SEED": 0, "seed": lambda *_: seed}
    exec(STRATIFIED, names)
    assert torch.equal(names["stratified"](targets, "validation"), _stratified(targets, seed))


@pytest.mark.parametrize("packed", [True, False])
def test_files_of_ones_own_are_read_as_in_the_run_and_equal_ones_stay_together(packed, catalogue, tmp_path):
    drawing = random.Random(3)
    kinds = [bytes(drawing.randbytes(28 * 28)) for _ in range(23)]
    for part, count in (("train", 120), ("t10k", 40)):
        chosen = [drawing.randrange(len(kinds)) for _ in range(count)]
        images = b"".join(kinds[kind] for kind in chosen)
        files = {
            "images-idx3": struct.pack(">4I", 0x803, count, 28, 28) + images,
            "labels-idx1": struct.pack(">2I", 0x801, count) + bytes(kind % 10 for kind in chosen),
        }  # fmt: skip
        for kind, data in files.items():
            path = tmp_path / f"{part}-{kind}-ubyte{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(data) if packed else data)
    for id in ("mnist", "fashion-mnist"):
        dataset = catalogue.make("dataset", id, {"path": str(tmp_path)})
        assert_same_parts(tiny_config(catalogue, dataset=dataset), catalogue, tmp_path)


@pytest.mark.parametrize("packed", [True, False])
def test_cifar_is_read_as_in_the_run(packed, catalogue, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["plugins.dataset.cifar10"], "RECORDS", 20)
    drawing = random.Random(0)
    names = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    contents = {n: b"".join(bytes([row % 10]) + drawing.randbytes(3072) for row in range(20)) for n in names}
    if packed:
        with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as whole:
            for name, data in contents.items():
                member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
                member.size = len(data)
                whole.addfile(member, io.BytesIO(data))
    else:
        for name, data in contents.items():
            (tmp_path / name).write_bytes(data)
    dataset = catalogue.make("dataset", "cifar10", {"path": str(tmp_path)})
    assert_same_parts(tiny_config(catalogue, dataset=dataset), catalogue, tmp_path)


@pytest.mark.parametrize(
    ("parts", "colour"),
    [(("",), "auto"), (("train", "val", "test"), "auto"), (("Training", "test"), "grey"), (("",), "rgb")],
)
def test_pictures_of_their_size_are_read_as_in_the_run(parts, colour, catalogue, tmp_path):
    drawing = random.Random(1)
    for part in parts:
        for label in ("cat", "dog"):
            folder = tmp_path / "pictures" / part / label
            folder.mkdir(parents=True)
            for number in range(12):
                Image.frombytes("L", (8, 8), drawing.randbytes(64)).save(folder / f"{number}.png")
    dataset = catalogue.make("dataset", "image-folder", {
        "path": str(tmp_path / "pictures"), "size": 8, "colour": colour,
    })  # fmt: skip
    assert_same_parts(tiny_config(catalogue, dataset=dataset), catalogue, tmp_path)


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_pictures_of_another_size_are_nearly_as_in_the_run(resize, catalogue, tmp_path):
    for label, base in (("cat", 40), ("dog", 160)):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for number in range(12):
            ramp = [(base + 2 * x + number, base + y, base) for y in range(16) for x in range(32)]
            picture = Image.frombytes("RGB", (32, 16), bytes(value for pixel in ramp for value in pixel))
            picture.save(tmp_path / "pictures" / label / f"{number}.png")
    dataset = catalogue.make("dataset", "image-folder", {
        "path": str(tmp_path / "pictures"), "size": 8, "resize": resize,
    })  # fmt: skip
    assert_same_parts(tiny_config(catalogue, dataset=dataset), catalogue, tmp_path, levels=4)


def test_an_autoencoders_targets_are_its_images_as_they_were_before_augmentation(catalogue):
    values = {"model": "mlp-autoencoder", "loss": "mse", "validation_samples": "20", "train_samples": "80"}
    noise = ["gaussian-noise:sigma=0.5"]
    config = tiny_config(catalogue, dataset=Bundle(validation=0, test=0), epochs=4, ticked=noise, **values)
    assert_same(config, catalogue, ON_AVERAGE)


# --- augmentation: equal in distribution ----------------------------------------------------------


def test_augmentations_are_torchvisions_with_the_same_spread(catalogue):
    """Of one image many times over, the mean of each pixel and of its square agree within their own uncertainty."""
    count = 600
    image = (torch.arange(3 * 8 * 8).view(3, 8, 8) * 5 % 256).to(torch.uint8)
    for entry in catalogue.of_kind("augmentation"):
        strategy = parse_strategy(entry.id, catalogue)
        code = strategy.code(recipe("default", catalogue))
        names: dict[str, Any] = {"inputs": image.unsqueeze(0)}
        exec("\n".join([*code.imports, f"transform = {code.value}"]), names)
        torch.manual_seed(0)
        theirs = torch.stack([names["transform"](image) for _ in range(count)]).float()
        ours = strategy(image.expand(count, -1, -1, -1).contiguous(), torch.Generator().manual_seed(1)).float()
        for power in (1, 2):
            one, other = ours**power, theirs**power
            uncertainty = ((one.var(0) + other.var(0)) / count).sqrt()
            apart = (one.mean(0) - other.mean(0)).abs()
            assert (apart <= 6 * uncertainty + 0.02 * 255**power / 255).all(), entry.id


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(30, 45))
def test_the_command_trains_just_this(number, catalogue):
    config = at_random(number, catalogue).changed({"dataset": parse_strategy("fashion-mnist-sample", catalogue)})
    config = config.changed({"name": "-my 'own' run", "keep_every": 3, "train_samples": "10%"})
    words = shlex.split(command(config, catalogue))
    assert words[:2] == ["tunedeck", "train"]
    assert settings(build_parser().parse_args(words[1:]), catalogue) == config


def test_the_verb_prints_the_script_alone_and_writes_it_whole(capsys, workspace, tmp_path):
    code, out, err = tunedeck(capsys, "code", "--with", "dropout:p=0.3", "--epochs", 3)
    assert (code, err) == (0, "")
    compile(out, "script.py", "exec")
    assert "    Dropout(p=0.3),\n" in out and "EPOCHS, BATCH_SIZE, LR = 0, 0, 3" in out
    code, line, _ = tunedeck(capsys, "code", "--with", "dropout:p=0.3", "--epochs", 3, "--command")
    assert (code, line) == (0, "tunedeck train --epochs 3 --with dropout:p=0.3\n")
    file = tmp_path / "run.py"
    assert tunedeck(capsys, "code", "--with", "dropout:p=0.3", "--epochs", 3, "-o", file) == (0, "", "")
    assert file.read_text(encoding="utf-8") == out
    code, told, _ = tunedeck(capsys, "code", "--json")
    assert code == 0 and json.loads(told)["missing"] == [] and json.loads(told)["command"] == "tunedeck train"


def test_saved_anywhere_it_runs_by_itself_and_prints_what_the_history_shows(catalogue, tmp_path):
    few = {"epochs": 2, "train_samples": "150", "validation_samples": "100"}
    config = recipe("first-lesson", catalogue).changed(few).ticked(parse_strategy("dropout", catalogue))
    file = tmp_path / "a folder" / "my run.py"
    file.parent.mkdir()
    write_script(file, script(config, catalogue).text)
    done = subprocess.run([sys.executable, "-I", file], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a folder", "my run.py"]
    trainer = Trainer(config)  # which may leave in the workspace how many threads are fastest
    test = run(trainer)[-1]
    rows = [
        f"epoch {number}: training loss {row.train_loss:.4f}, validation loss {row.val_loss:.4f}, "
        f"accuracy {row.val_accuracy:.1%}"
        for number, row in enumerate(trainer.history.epochs, 1)
    ]
    assert done.stdout.splitlines() == [*rows, f"test loss {test.test_loss:.4f}, accuracy {test.test_accuracy:.1%}"]


def test_a_place_that_can_not_be_written_is_one_line(capsys, workspace, tmp_path):
    for place in (tmp_path, tmp_path / "nowhere" / "run.py"):
        code, out, err = tunedeck(capsys, "code", "-o", place)
        assert (code, out) == (2, "") and err.count("\n") == 1 and str(place) in err
    assert list(tmp_path.iterdir()) == []


def test_the_difference_is_the_lines_that_the_boxes_change_and_no_others(capsys, workspace):
    flags = ("code", "--recipe", "first-lesson", "--epochs", 3)
    _, before, _ = tunedeck(capsys, *flags)
    _, after, _ = tunedeck(capsys, *flags, "--with", "dropout:p=0.3")
    code, told, err = tunedeck(capsys, *flags, "--with", "dropout:p=0.3", "--diff")
    lines = told.splitlines()
    changed = [line for line in lines if line[0] in "+-" and line.strip("+")]
    assert (code, err) == (0, "") and changed[-2:] == ["+    Dropout(p=0.3),"] * 2
    assert [line[1:] for line in changed[:-2]] == [line for line in DEFINED.splitlines() if line]
    assert all(line[1:] in after.splitlines() for line in lines if line[0] == "+")
    assert tunedeck(capsys, *flags, "--diff") == (0, "", "") and before != after
    _, told, _ = tunedeck(capsys, *flags, "--optimizer", "sgd", "--diff")
    assert told == ""  # it is no box
