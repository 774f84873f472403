from __future__ import annotations

import importlib.metadata
import re
import sys
import textwrap
import threading

import pytest
import torch

import engine.catalogue
import engine.strategy
from engine.catalogue import Catalogue, Entry, discover, first_sentence, nearest
from engine.message import InputError
from engine.strategy import KINDS
from tests.engine.support import until

GOOD = '''
from engine.strategy import Augmentation, Field, hookimpl

class {name}(Augmentation):
    """Turn black into white. And more."""

    share: float = Field(1.0, ge=0, le=1)
    """How much."""

    def __call__(self, images, generator):
        return 255 - images

@hookimpl
def register_strategies():
    return [{name}]
'''
HEAD = "from engine.strategy import Activation, Augmentation, Dataset, Field, Regularizer, Strategy, hookimpl\n"


def offering(body, classes="Bad"):
    """A plugin file that offers these classes."""
    return HEAD + textwrap.dedent(body) + f"\n@hookimpl\ndef register_strategies():\n    return [{classes}]\n"


@pytest.fixture
def load(tmp_path):
    """Loads plugin files, given by name and text, and gives the rows that they made, by name or id."""
    folder = tmp_path / "plugins"
    folder.mkdir()

    def discovered(**files):
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        found = discover(folder, entry_points=False)
        return found, {entry.id: entry for entry in found.entries if entry.origin.startswith(str(folder))}

    yield discovered
    for name in [name for name in sys.modules if name.startswith("tunedeck_user_plugins.")]:
        del sys.modules[name]


def test_every_built_in_file_loads_and_every_kind_has_a_technique(catalogue):
    assert [entry for entry in catalogue.entries if entry.error or entry.unavailable] == []
    for kind in KINDS:
        assert catalogue.of_kind(kind), kind
    ids = [entry.id for entry in catalogue.entries]
    assert len(ids) == len(set(ids))
    assert {entry.origin for entry in catalogue.entries} == {"built-in"}
    assert all(entry.summary.endswith((".", "!", "?")) for entry in catalogue.entries)


def test_the_example_of_the_plugin_guide_works_as_a_file(load):
    code = textwrap.dedent(re.search(r"\n(    from engine.*)", engine.strategy.__doc__, re.DOTALL)[1])
    catalogue, rows = load(invert=code)
    assert rows["invert"].error is None
    invert = catalogue.make("augmentation", "invert", {})
    images = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    assert torch.equal(invert(images, torch.Generator()), images.flip(2, 3))


def test_a_file_in_the_users_folder_is_a_whole_plugin(load, tmp_path):
    catalogue, rows = load(mine=GOOD.format(name="TurnWhite"))
    entry = rows["turn-white"]
    assert (entry.kind, entry.summary, entry.error) == ("augmentation", "Turn black into white.", None)
    assert entry.origin == str(tmp_path / "plugins" / "mine.py")
    assert catalogue.make(None, "turn-white", {"share": 0.5}).share == 0.5


BROKEN = {
    "raises": ("x = 1 / 0", "ZeroDivisionError: division by zero"),
    "syntax": ("def broken(:\n", "SyntaxError"),
    "exits": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "nothing": ("x = 1", "registers nothing"),
    "empty": (HEAD + "@hookimpl\ndef register_strategies():\n    return []\n", "registers nothing"),
    "unmarked": (GOOD.format(name="Unmarked").replace("@hookimpl\n", ""), "@hookimpl"),
    "misspelt": (
        GOOD.format(name="Misspelt").replace("def register_strategies", "def register_strategy"),
        "unknown hook",
    ),
    "misspeltimport": ("from engine.strategie import Model\n", "engine.strategie"),
    "wrongname": ("from engine.strategy import Modell\n", "Modell"),
    "instance": (offering('class Bad(Augmentation):\n    """Good."""\n', "Bad()"), "not a subclass"),
    "kindless": (offering('class Bad(Strategy):\n    """Good."""\n'), "not a subclass"),
    "akind": (offering("", "Augmentation"), "not a subclass"),
    "number": (offering("", "3"), "not a subclass"),
    "nodefault": (
        offering('class Bad(Augmentation):\n    """Good."""\n    p: float\n    """Help."""\n'),
        "p has no default",
    ),
    "nohelp": (offering('class Bad(Augmentation):\n    """Good."""\n    p: float = 1.0\n'), "p has no docstring"),
    "nodoc": (offering("class Bad(Augmentation):\n    pass\n"), "Bad has no docstring"),
    "badtype": (
        offering('class Bad(Augmentation):\n    """Good."""\n    p: dict = {}\n    """Help."""\n'),
        "no control",
    ),
    "mixedtype": (
        offering('class Bad(Augmentation):\n    """Good."""\n    p: int | str = 1\n    """Help."""\n'),
        "no control",
    ),
    "baddefault": (
        offering(
            'class Bad(Augmentation):\n    """Good."""\n    p: float = Field(2.0, le=1, validate_default=True)\n'
            '    """Help."""\n'
        ),
        "can't be made with its defaults",
    ),
    "taken": (offering('class Dropout(Regularizer):\n    """Good."""\n', "Dropout"), "dropout is already taken"),
    "badid": (offering('class Bad(Augmentation):\n    """Good."""\n    id = "Bad Id"\n'), "lower-case words"),
    "hookraises": (
        HEAD + "@hookimpl\ndef register_strategies():\n    raise RuntimeError('oh\\nno')\n",
        "RuntimeError: oh no",
    ),
    "hookargument": (HEAD + "@hookimpl\ndef register_strategies(wrong):\n    return []\n", "wrong"),
}


def test_broken_plugins_are_each_named_with_their_fault_and_the_rest_load(load):
    catalogue, rows = load(
        aaa=GOOD.format(name="First"), zzz=GOOD.format(name="Last"), **{n: text for n, (text, _) in BROKEN.items()}
    )
    for name, (_, problem) in BROKEN.items():
        entry = rows[name]
        assert entry.strategy is None and entry.unavailable is None, name
        assert problem in entry.error, name
        assert "\n" not in entry.error, name
        assert entry.traceback, name
        with pytest.raises(InputError, match=f"the plugin {name} .*could not be loaded") as error:
            catalogue.entry(name)
        assert problem in str(error.value)
    assert rows["first"].strategy and rows["last"].strategy
    assert "ZeroDivisionError" in rows["raises"].traceback and "raises.py" in rows["raises"].traceback
    assert catalogue.entry("dropout").origin == "built-in"


def test_of_two_plugins_with_one_id_the_first_wins_and_the_second_is_named(load):
    _, rows = load(a=GOOD.format(name="Twin"), b=GOOD.format(name="Twin"))
    assert rows["twin"].origin.endswith("a.py")
    assert "twin is already taken" in rows["b"].error


def test_a_plugin_that_hangs_is_given_up(load, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(engine.catalogue, "LOAD_SECONDS", 0.2)
    monkeypatch.setattr(sys.modules[__name__], "RELEASE", release, raising=False)
    _, rows = load(hangs=f"import sys\nsys.modules[{__name__!r}].RELEASE.wait(60)\n", ok=GOOD.format(name="Fine"))
    release.set()
    assert "took longer than" in rows["hangs"].error
    assert rows["fine"].strategy


def test_a_plugin_that_is_busy_for_ever_is_given_up_and_leaves_the_processors_to_others(load, monkeypatch):
    monkeypatch.setattr(engine.catalogue, "LOAD_SECONDS", 0.2)
    _, rows = load(busy="import time\nwhile True:\n    time.sleep(0.001)\n")
    assert "took longer than" in rows["busy"].error
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "load busy"])


def test_a_plugin_that_changes_the_default_dtype_for_everybody_is_named_and_it_is_set_back(load):
    _, rows = load(wide="import torch\ntorch.set_default_dtype(torch.float64)\n" + GOOD.format(name="Wide"))
    assert torch.get_default_dtype() == torch.float32
    assert "default dtype to torch.float64 for everybody" in rows["wide"].error


@pytest.mark.parametrize("raised", ["SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()", "StopIteration(1)",
                                    "BaseException('odd')", "Mute()"])  # fmt: skip
@pytest.mark.parametrize("where", ["import", "registration"])
def test_whatever_a_plugin_raises_is_its_own_row_and_the_rest_load(load, raised, where):
    mute = "class Mute(Exception):\n    def __str__(self):\n        raise RuntimeError('mute')\n"
    text = f"raise {raised}\n" if where == "import" else (
        f"{HEAD}\n@hookimpl\ndef register_strategies():\n    raise {raised}\n"
    )  # fmt: skip
    _, rows = load(aaa=GOOD.format(name="First"), odd=mute + text, zzz=GOOD.format(name="Last"))
    assert rows["odd"].error.startswith(raised.partition("(")[0]) and rows["odd"].traceback
    assert rows["first"].strategy and rows["last"].strategy


def test_a_plugin_whose_library_is_absent_is_unavailable_and_no_package_is_guessed(load):
    catalogue, rows = load(needs="import surely_no_such_library.sub\n")
    assert "needs the module surely_no_such_library, which is not installed" in rows["needs"].unavailable
    assert "pip" not in rows["needs"].unavailable and rows["needs"].error is None
    with pytest.raises(InputError, match="needs can't be used: it needs the module surely_no_such_library"):
        catalogue.entry("needs")


def test_what_a_plugin_prints_goes_where_standard_output_is_led(load, capsys):
    load(prints="print('loud')\n" + GOOD.format(name="Loud"))
    assert capsys.readouterr().out == "loud\n"


def test_files_that_begin_with_an_underscore_and_folders_are_no_plugins(load, tmp_path):
    (tmp_path / "plugins" / "folder.py").mkdir()
    _, rows = load(_helper="raise RuntimeError", ok=GOOD.format(name="Fine"))
    assert set(rows) == {"fine"} or (set(rows) == {"fine", "folder"} and rows["folder"].error)


def test_a_folder_that_is_not_there_is_no_error(tmp_path, catalogue):
    found = discover(tmp_path / "none", entry_points=False)
    assert [entry.id for entry in found.entries] == [entry.id for entry in catalogue.entries]


def test_entry_points_are_loaded_apart_from_each_other(monkeypatch, tmp_path):
    for name, text in {
        "pack_one": GOOD.format(name="One"),
        "pack_two": "1 / 0",
        "pack_three": GOOD.format(name="Three"),
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    points = [importlib.metadata.EntryPoint(name, f"pack_{name}", "tunedeck") for name in ("one", "two", "three")]
    asked = []
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **group: asked.append(group) or points)
    rows = {entry.id: entry for entry in discover(None).entries if entry.origin != "built-in"}
    assert asked == [{"group": "tunedeck"}]
    assert rows["one"].strategy and rows["three"].strategy
    assert rows["one"].origin == "pack_one"
    assert rows["two"].error == "ZeroDivisionError: division by zero"


def test_a_row_has_the_keys_that_are_printed(catalogue):
    for entry in catalogue.entries:
        row = entry.to_dict()
        assert list(row) == ["id", "kind", "summary", "origin", "parameters", "error", "unavailable"]
        for parameter in row["parameters"]:
            assert list(parameter) == ["name", "type", "default", "minimum", "maximum", "choices", "help"]


def test_the_nearest_word_is_offered_only_where_one_is_near():
    known = ["dropout", "batch-norm", "Standardise"]
    assert nearest("dorpout", known) == "; did you mean dropout?"
    assert nearest("BATCH-NORM", known) == "; did you mean batch-norm?"
    assert nearest("standardize", known) == "; did you mean Standardise?"
    assert nearest("zzz", known) == ""
    assert nearest("", []) == ""


def test_a_flag_of_its_own_stands_for_the_strategy(catalogue):
    assert catalogue.flags() == {"--early-stopping": "early-stopping", "--lr-scheduler": "reduce-lr-on-plateau"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One. Two.", "One."),
        ("No end", "No end"),
        ("Is it? Yes.", "Is it?"),
        ("a 1.5\n  wide. B", "a 1.5 wide."),
        ("", ""),
        (None, ""),
    ],
)
def test_the_first_sentence_is_on_one_line(text, sentence):
    assert first_sentence(text) == sentence


def test_an_entry_without_a_strategy_has_no_parameters():
    entry = Entry("x", None, None, "here", "broken")
    assert (entry.summary, entry.parameters) == ("", ())
    assert Catalogue([entry]).of_kind("model") == []


def test_a_flag_that_is_taken_is_no_ones_else(tmp_path):
    text = (
        "from engine.strategy import Stopping, hookimpl\n\n\n"
        'class Mine(Stopping):\n    """Stop."""\n\n    flag = "--early-stopping"\n\n'
        "    def reason(self, progress, history):\n        return None\n\n\n"
        "@hookimpl\ndef register_strategies():\n    return [Mine]\n"
    )
    (tmp_path / "mine.py").write_text(text)
    found = discover(tmp_path, entry_points=False)
    [entry] = [entry for entry in found.entries if entry.id == "mine"]
    assert "--early-stopping is taken" in entry.error
    assert found.flags()["--early-stopping"] == "early-stopping"
