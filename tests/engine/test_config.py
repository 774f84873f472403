from __future__ import annotations

import random
from typing import Annotated, Literal

import pytest

from engine.catalogue import Catalogue, Entry
from engine.config import (
    RunConfig,
    recipe,
    recipe_names,
    run_parameters,
)  # fmt: skip
from engine.message import InputError
from engine.parameter import parameters_of
from engine.strategy import Dataset, Field, Regularizer, Scheduler
from engine.strategy_text import format_strategy, parse_strategy, strategy_to_dict
from engine.yaml_file import parse_yaml, read_yaml, write_yaml


class Everything(Regularizer):
    """Has a parameter of every type."""

    count: int = Field(3, ge=-100, le=10**20)
    """A number."""
    rate: float = 0.5
    """A rate."""
    maybe: float | None = 0.1
    """A rate or none."""
    perhaps: int | None = None
    """A number or none."""
    switch: bool = False
    """A switch."""
    word: str = "a"
    """A word."""
    choice: Literal["one", "two,three", "a+b"] = "one"
    """A choice."""
    pair: tuple[float, float] = (0.0, 1.0)
    """Two rates."""
    widths: tuple[Annotated[int, Field(ge=1)], ...] = (2, 3)
    """Numbers."""


class WantsNorm(Regularizer):
    """Wants the slot of norms."""

    slot = "norm"


class WantsNowhere(Regularizer):
    """Wants a slot that no model has."""

    slot = "nowhere"


class Shape(Scheduler):
    """Lays down the whole course."""


@pytest.fixture(scope="module")
def wide(catalogue):
    """The built-in techniques and those of this test."""
    added = [Entry(cls.id, cls.kind, cls, "test") for cls in (Everything, WantsNorm, WantsNowhere, Shape)]
    return Catalogue([*catalogue.entries, *added])


def some_everything(draw):
    number = [0.0, -0.0, 1e-300, 1e300, 1e16, 1e22, -1e25, 0.1, 1 / 3, 123456789.123, draw.uniform(-1, 1)]
    characters = "ab,=:+\\ '\"{}[]#%é한🙂0.1e-none\n"
    word = "".join(draw.choices(characters, k=draw.randint(0, 8))).rstrip("\\")
    return Everything(
        count=draw.choice([0, -100, 10**20, draw.randint(0, 99)]),
        rate=draw.choice(number),
        maybe=draw.choice([None, *number]),
        perhaps=draw.choice([None, 0, 12]),
        switch=draw.random() < 0.5,
        word=draw.choice([word, "none", "true", "1e5", "a,b", "x=y", "a:b", ",", ",,", "="]),
        choice=draw.choice(["one", "two,three", "a+b"]),
        pair=(draw.choice(number), draw.choice(number)),
        widths=tuple(draw.randint(1, 10**6) for _ in range(draw.randint(0, 5))),
    )


def test_flags_say_every_value_of_every_type_and_are_read_back(wide):
    draw = random.Random(0)
    for _ in range(1000):
        strategy = some_everything(draw)
        text = format_strategy(strategy)
        again = parse_strategy(text, wide)
        assert repr(again) == repr(strategy), text


def test_settings_files_say_every_value_and_are_read_back(wide, tmp_path):
    draw = random.Random(1)
    for _ in range(150):
        config = (
            recipe("default", wide)
            .ticked(some_everything(draw))
            .changed(
                {
                    "lr": draw.choice([1e-3, 1e-16, 0.1, 1e4]),
                    "name": draw.choice(["", "1e-3", "off", "a: b", "#", "한국어", "010"]),
                    "train_samples": draw.choice(["all", "2000", "12.5%"]),
                    "threads": draw.choice(["auto", "2"]),
                    "seed": draw.randint(0, 2**32 - 1),
                }
            )
        )
        write_yaml(tmp_path / "file.yaml", config.to_dict())
        again = RunConfig.from_dict(read_yaml(tmp_path / "file.yaml"), wide)
        assert repr(again) == repr(config)


def test_every_built_in_strategy_at_its_defaults_is_its_bare_id(catalogue):
    strategies = [entry.strategy() for entry in catalogue.entries if entry.strategy]
    assert len(strategies) >= 20
    for strategy in strategies:
        assert format_strategy(strategy) == strategy.id
        assert parse_strategy(strategy.id, catalogue) == strategy
        assert catalogue.make(strategy.kind, strategy.id, strategy.model_dump()) == strategy


def test_a_strategy_is_split_at_the_first_colon_unescaped_commas_and_the_first_equals(wide):
    made = parse_strategy(r"everything:word=a:b=c\,d,count=7,widths=4+5+6,pair=1e-1+2,maybe=none,switch=true", wide)
    assert (made.word, made.count, made.widths, made.pair) == ("a:b=c,d", 7, (4, 5, 6), (0.1, 2.0))
    assert (made.maybe, made.switch) == (None, True)
    assert parse_strategy("everything:word=none", wide).word == "none", "none is a word where none is no value"
    assert parse_strategy("everything:widths=", wide).widths == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("dropuot", "did you mean dropout?"),
        ("dropout:q=1", "dropout has no parameter 'q'"),
        ("dropout:P=1", "did you mean p?"),
        ("everything:cuont=1", "did you mean count?"),
        ("dropout:p=1.5", "less than 1"),
        ("dropout:p=-0.1", "greater than or equal to 0"),
        ("dropout:p=x", "dropout: p = 'x'"),
        ("dropout:p=nan", "finite"),
        ("dropout:p=inf", "finite"),
        ("dropout:p=", "p = ''"),
        ("dropout:p", "not of the form name=value"),
        ("everything:switch=maybe", "switch"),
        ("everything:choice=three", "'one'"),
        ("everything:pair=1", "pair"),
        ("everything:pair=1+2+3", "pair"),
        ("everything:widths=0", "widths"),
        ("everything:count=1.5", "count"),
        ("everything:rate=none", "rate"),
        ("", "there is no ''"),
        (":p=1", "there is no ''"),
        ("xyzzy-nothing", "tunedeck plugins"),
    ],
)
def test_what_is_wrong_with_a_strategy_is_said_in_one_line(wide, text, problem):
    with pytest.raises(InputError) as error:
        parse_strategy(text, wide)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"epoch": 3}, "did you mean epochs?"),
        ({"epochs": 0}, "epochs = 0"),
        ({"epochs": "many"}, "epochs"),
        ({"lr": 0}, "greater than 0"),
        ({"lr": float("inf")}, "finite"),
        ({"format": 2}, "format 2"),
        ({"model": {"id": "adam"}}, "adam is of kind optimizer, not model"),
        ({"model": "mlp:hiden=3"}, "did you mean hidden?"),
        ({"model": {"hidden": [3]}}, "no id"),
        ({"model": 3}, "no id"),
        ({"with": {"id": "dropout"}}, "not a list"),
        ({"with": ["adam"]}, "give it as optimizer"),
        ({"with": [3]}, "no id"),
        ({"monitor": "loss"}, "monitor"),
        ({"device": "tpu"}, "device"),
        ({"threads": 0}, "threads"),
        ({"seed": -1}, "seed"),
        ({"dataset": {"id": "fashion-mnist", "paht": "x"}}, "did you mean path?"),
        ({"precision": "float16"}, "precision"),
        ({"keep_every": -1}, "keep_every"),
        ({"name": "x" * 121}, "name"),
        ({"batch_size": 1.5}, "batch_size"),
    ],
)
def test_what_is_wrong_with_settings_is_said_in_one_line(catalogue, data, problem):
    with pytest.raises(InputError) as error:
        RunConfig.from_dict(data, catalogue)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def test_what_a_file_leaves_out_is_as_in_the_default_recipe(catalogue):
    assert RunConfig.from_dict({}, catalogue) == recipe("default", catalogue)
    assert RunConfig.from_dict({"epochs": 3}, catalogue) == recipe("default", catalogue).changed({"epochs": 3})


def test_the_default_recipe_ticks_nothing(catalogue):
    config = recipe("default", catalogue)
    assert (config.with_, config.offered) == ((), ())
    assert (config.model.id, config.optimizer.id, config.lr, config.batch_size, config.epochs) == (
        "cnn",
        "adam",
        1e-3,
        64,
        20,
    )


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_says_what_it_means_and_survives_a_round_trip(catalogue, name):
    config = recipe(name, catalogue)
    assert RunConfig.from_dict(config.to_dict(), catalogue) == config
    if config.dataset.id == "image-folder":  # a person's own pictures: where they are, nobody else can know
        config = config.changed({"dataset": type(config.dataset)(path="somewhere")})
    config.check()
    lessons = ("default", "first-lesson", "noisy-line")
    assert (config.with_ == ()) == (name in lessons), "what a box does is seen against nothing"


def test_an_unknown_recipe_is_answered_with_the_names_there_are(catalogue):
    with pytest.raises(InputError, match="default, fashion-mnist, fashion-mnist-long, first-lesson"):
        recipe("last-lesson", catalogue)


# --- ticking --------------------------------------------------------------------------------------


def ids(strategies):
    return [strategy.id for strategy in strategies]


def test_ticking_replaces_in_place_else_appends_and_unticking_keeps_the_parameters_on_offer(wide):
    config = recipe("default", wide)
    for text in ("dropout:p=0.1", "batch-norm", "random-horizontal-flip"):
        config = config.ticked(parse_strategy(text, wide))
    config = config.ticked(parse_strategy("dropout:p=0.2", wide))
    assert ids(config.with_) == ["dropout", "batch-norm", "random-horizontal-flip"]
    assert config.with_[0].p == 0.2
    without = config.unticked("dropout")
    assert (ids(without.with_), ids(without.offered)) == (["batch-norm", "random-horizontal-flip"], ["dropout"])
    again = without.ticked(parse_strategy("dropout", wide, None, without))
    assert again.with_[-1].p == 0.2, "what was on offer comes back"
    assert again.offered == ()
    assert without.ticked(parse_strategy("dropout:p=0.7", wide, None, without)).with_[-1].p == 0.7
    assert config.ticked(parse_strategy("sgd", wide)).optimizer.id == "sgd"


def test_offered_parameters_are_used_where_a_technique_is_ticked(catalogue):
    lesson = recipe("first-lesson", catalogue)
    crop = parse_strategy("random-resized-crop", catalogue, None, lesson)
    assert crop.scale == (0.7, 1.0)
    assert parse_strategy("random-resized-crop", catalogue).scale == (0.08, 1.0)
    assert parse_strategy("random-resized-crop:ratio=1+1", catalogue, None, lesson).scale == (0.7, 1.0)


def test_a_file_that_ticks_what_a_recipe_offers_takes_it_from_the_offer(catalogue):
    lesson = recipe("first-lesson", catalogue)
    config = RunConfig.from_dict({"with": [{"id": "dropout", "p": 0.9}]}, catalogue, lesson)
    assert ids(config.with_) == ["dropout"] and "dropout" not in ids(config.offered)
    assert ids(config.offered) == [id for id in ids(lesson.offered) if id != "dropout"]


@pytest.mark.parametrize(
    ("ticked", "code", "named"),
    [
        (["wants-nowhere"], "no-slot", ["wants-nowhere", "nowhere", "cnn"]),
        (["batch-norm", "wants-norm"], "slot-taken", ["batch-norm", "wants-norm"]),
        (["cosine", "shape"], "two-schedules", ["cosine", "shape"]),
    ],
)
def test_techniques_that_do_not_go_together_are_refused_by_name(wide, ticked, code, named):
    config = recipe("default", wide)
    for text in ticked:
        config = config.ticked(parse_strategy(text, wide))
    with pytest.raises(InputError) as error:
        config.check()
    assert error.value.message.code == code
    assert all(name in str(error.value) for name in named)


def test_a_technique_whose_slot_the_model_lacks_is_refused(catalogue):
    config = (
        recipe("default", catalogue)
        .ticked(parse_strategy("linear", catalogue))
        .ticked(parse_strategy("dropout", catalogue))
    )
    with pytest.raises(InputError, match="linear has no place for dropout"):
        config.check()


def test_a_technique_listed_twice_is_refused(catalogue):
    config = RunConfig.from_dict({"with": ["dropout", "dropout:p=0.1"]}, catalogue)
    with pytest.raises(InputError, match="dropout is listed twice"):
        config.check()


def test_a_shape_and_a_plateau_go_together(wide):
    config = recipe("default", wide)
    for text in ("cosine", "reduce-lr-on-plateau:patience=2", "early-stopping"):
        config = config.ticked(parse_strategy(text, wide))
    config.check()
    assert ids(config.schedulers) == ["cosine", "reduce-lr-on-plateau"]
    assert ids(config.stoppings) == ["early-stopping"]


def test_every_parameter_of_a_run_has_an_explanation_and_its_bounds_hold(catalogue):
    config = recipe("default", catalogue)
    names = [parameter.name for parameter in run_parameters()]
    assert {"seed", "epochs", "batch_size", "lr", "train_samples", "monitor", "device", "threads"} <= set(names)
    for parameter in run_parameters():
        assert parameter.help
        assert config.changed({parameter.name: parameter.default})
        for bound, step in ((parameter.minimum, -1), (parameter.maximum, 1)):
            if bound is not None and parameter.type in ("int", "float"):
                with pytest.raises(InputError, match=parameter.name):
                    config.changed({parameter.name: int(bound) + step})


def test_parameters_tell_type_bounds_choices_and_length():
    found = {parameter.name: parameter for parameter in parameters_of(Everything)}
    assert [(p.name, p.type) for p in found.values()] == [
        ("count", "int"),
        ("rate", "float"),
        ("maybe", "float"),
        ("perhaps", "int"),
        ("switch", "bool"),
        ("word", "str"),
        ("choice", "choice"),
        ("pair", "float-list"),
        ("widths", "int-list"),
    ]
    assert (found["count"].minimum, found["count"].maximum, found["count"].help) == (-100, 1e20, "A number.")
    assert (found["pair"].length, found["widths"].length, found["widths"].minimum) == (2, None, 1)
    assert [name for name, p in found.items() if p.optional] == ["maybe", "perhaps"]
    assert found["choice"].choices == ("one", "two,three", "a+b")
    assert found["pair"].to_dict() == {
        "name": "pair", "type": "float-list", "default": [0.0, 1.0], "minimum": None, "maximum": None, "choices": None,
        "help": "Two rates.",
    }  # fmt: skip


def test_strategies_stand_in_files_with_their_id_first(catalogue):
    text = "model: {id: mlp, hidden: [256, 128]}\nwith: [{id: dropout, p: 0.3}]\n"
    config = RunConfig.from_dict(parse_yaml(text, "FILE"), catalogue)
    assert next(iter(strategy_to_dict(config.model).items())) == ("id", "mlp")
    assert config.to_dict()["model"] == {"id": "mlp", "hidden": [256, 128]}
    assert next(iter(config.to_dict())) == "format"


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("none", "scaling", "there is no scaling 'none' (no-scaling, standardise, zero-one)"),
        ("cnnn", "model", "there is no model 'cnnn'; did you mean cnn? (cnn, "),
        ("random-resized-crop:scale=1", None, "random-resized-crop: scale takes 2 numbers, such as 0.08+1.0"),
        ("random-resized-crop:scale=0.1+0.2+0.3", None, "scale takes 2 numbers"),
    ],
)
def test_a_wrong_choice_or_length_is_told_with_what_there_is(catalogue, text, kind, words):
    with pytest.raises(InputError) as error:
        parse_strategy(text, catalogue, kind)
    assert words in str(error.value)


def test_an_error_of_a_strategy_is_told_with_its_id(catalogue):
    config = recipe("default", catalogue).ticked(parse_strategy("cnn:kernel=4", catalogue))
    with pytest.raises(InputError, match=r"^cnn: .*odd"):
        config.check()


@pytest.mark.parametrize("name", ["a\nb", "a\n", "\x1b[2J", "a\x00", "\u2028", "a\x9b2J"])
def test_a_name_that_steers_a_terminal_is_refused(catalogue, name):
    with pytest.raises(InputError, match="not shown: leave it out") as error:
        recipe("default", catalogue).changed({"name": name})
    assert "\n" not in str(error.value) and "\x1b" not in str(error.value)


@pytest.mark.parametrize("name", ["첫 수업", "a, b", "é🙂", " led by a space", "\\", "👩‍👩‍👧"])
def test_a_name_in_any_language_is_taken(catalogue, name):
    assert recipe("default", catalogue).changed({"name": name}).name == name


def test_a_list_of_more_plugins_than_there_are_is_refused_before_it_is_read(catalogue):
    for key in ("with", "offered"):
        with pytest.raises(InputError, match=f"{key} lists 20000 plugins, of which there are"):
            RunConfig.from_dict({key: ["nothing-such"] * 20_000}, catalogue)


@pytest.mark.parametrize(
    ("rest", "folder", "width"),
    [
        ("folder=C:\\data\\", "C:\\data\\", 1), ("folder=C:\\data\\\\,width=2", "C:\\data\\", 2),
        ("folder=a\\,b,width=2", "a,b", 2), ("folder=\\\\\\,,width=2", "\\,", 2), ("width=2,folder=a\\b", "a\\b", 2),
    ],
)  # fmt: skip
def test_backslashes_before_a_comma_count_in_pairs(rest, folder, width):
    class Stored(Dataset):
        """Has a folder."""

        folder: str = ""
        """Where."""
        width: int = 1
        """How wide."""

    known = Catalogue([Entry("stored", "dataset", Stored, "the tests")])
    made = parse_strategy(f"stored:{rest}", known)
    assert (made.folder, made.width) == (folder, width)
    assert parse_strategy(format_strategy(made), known) == made
