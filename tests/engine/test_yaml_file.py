from __future__ import annotations

import math
import random
import time

import pytest

from engine.message import InputError
from engine.yaml_file import MAX_BYTES, parse_yaml, read_yaml, write_yaml


def value(text):
    return parse_yaml(f"key: {text}", "FILE")["key"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        ("1.5e3", 1500.0),
        ("-2.5", -2.5),
        ("+.5", 0.5),
        ("7.", 7.0),
        ("1e+2", 100.0),
        ("3", 3),
        ("-3", -3),
        ("0", 0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("True", "True"),
        ("FALSE", "FALSE"),
        ("y", "y"),
        ("010", "010"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-02", "2024-01-02"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("=", "="),
        ("'3'", "3"),
        ('"1e-3"', "1e-3"),
        ("[1, 0.7]", [1, 0.7]),
    ],
)
def test_plain_words_stand_for_what_they_look_like(text, expected):
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x 1\nb: *x", "aliases"),
        ("a: &x 1", "aliases"),
        ("a: *x", "aliases"),
        ("a: !!python/object:os.system 1", "tags"),
        ("a: !!str 1", "tags"),
        ("!x a: 1", "tags"),
        ("a: 1\na: 2", "a stands there twice"),
        ("a: {b: 1, b: 2}", "b stands there twice"),
        ("1: a", "not a word"),
        ("[1]: a", ""),
        ("? {a: 1}\n: 2", "not a word"),
        ("null: 1", "not a word"),
        ("true: 1", "not a word"),
        ("a: " + "[" * 50 + "]" * 50, "nested too deeply"),
        ("a: " + "{a: " * 5000, "nested too deeply"),
        ("- 1\n- 2", "name: value"),
        ("hello", "name: value"),
        ("", "name: value"),
        ("a: [1", ""),
        ("a: b: c", ""),
        ("\ta: 1", ""),
        ("a: 1\n---\nb: 2", ""),
        ("a: \x00", ""),
        ("%YAML 9.9\n---\na: 1", ""),
        ("a: " + "9" * 5000, ""),
        ("<<: {a: 1}\n<<: 1", "twice"),
    ],
)
def test_what_is_not_plain_is_refused_in_one_line_that_names_the_file(text, problem):
    with pytest.raises(InputError) as error:
        parse_yaml(text, "FILE")
    assert error.value.message.code == "not-yaml"
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("FILE is not a settings file in YAML")
    assert problem in str(error.value)


def test_the_line_of_a_mistake_is_told():
    with pytest.raises(InputError, match=r"\(line 3\)"):
        parse_yaml("a: 1\nb: 2\nc: *x\n", "FILE")


def test_depth_that_is_allowed_is_read():
    assert parse_yaml("a: " + "[" * 15 + "]" * 15, "FILE")


def test_a_file_too_large_is_not_read(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_text("a: 1\n" + "#" * MAX_BYTES)
    with pytest.raises(InputError, match="too large"):
        read_yaml(path)


def test_reading_many_keys_takes_time_in_proportion():
    def seconds(count):
        text = "".join(f"k{number}: 1\n" for number in range(count))
        started = time.process_time()
        assert len(parse_yaml(text, "FILE")) == count
        return time.process_time() - started

    few = min(seconds(2_000) for _ in range(3))
    assert seconds(20_000) < 25 * few


@pytest.mark.parametrize("data", [b"\xff\xfe\x00bad", bytes(range(128, 256)), b"\x80"])
def test_a_file_that_is_no_text_is_refused(tmp_path, data):
    path = tmp_path / "file.yaml"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not text"):
        read_yaml(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml can't be read"):
        read_yaml(tmp_path / "none.yaml")


ODD = [
    "1e-3", "1.5e3", ".5", "5.", "off", "on", "true", "null", "~", "", " ", "010", "0x1F", "1_000", "12:30",
    "2024-01-02",
    ".inf", ".nan", "=", "<<", "- a", "a: b", "#c", "&a", "*a", "!t", "%", "@", "`", "'", '"', "\\", "a\nb",
    "tab\t", "한국어", "é", "🙂",
    "{", "[", ",", "?", ":", "-", "|", ">", "y", "N", "1e5", "+1e5", "-0", "x" * 500, "trailing ",
    " leading", "\u2028", "\x07",
]  # fmt: skip


def test_whatever_is_written_is_read_back(tmp_path):
    draw = random.Random(0)
    path = tmp_path / "file.yaml"
    for text in ODD:
        write_yaml(path, {"name": text, "list": [text, {"k": text}]})
        assert read_yaml(path) == {"name": text, "list": [text, {"k": text}]}, repr(text)
    for _ in range(300):
        number = draw.choice(
            [draw.uniform(-1, 1), draw.random() * 10 ** draw.randint(-300, 300), float(draw.randint(-9, 9))]
        )
        count = draw.randint(-(10**18), 10**18)
        word = "".join(draw.choices("eE+-.0123456789xfn_:~ ", k=draw.randint(0, 6)))
        data = {"f": number, "i": count, "b": draw.random() < 0.5, "n": None, "s": word, "l": [number, count, word]}
        write_yaml(path, data)
        read = read_yaml(path)
        assert read == data
        assert type(read["f"]) is float and math.copysign(1, read["f"]) == math.copysign(1, number)
        assert type(read["s"]) is str
