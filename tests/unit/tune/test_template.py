import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.tune.template import Template, rendered

NAMES = ("lr", "opt", "momentum", "layers", "units1", "units2", "units10", "unit")
VALUES = {"lr": 1e-5, "opt": "sgd", "layers": 2, "units1": 64, "units2": 32, "unit": "cm"}


def made(*words, values=VALUES, names=NAMES, seed=7):
    template = Template([*words, "{params}"], names)
    assert template.uses_file
    *arguments, file = template.arguments(values, seed=seed, file="p.json")
    assert file == "p.json"
    return arguments


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--lr", "{lr}"], ["--lr", "1e-05"]),
        (["--lr={lr}"], ["--lr=1e-05"]),
        (["{lr}/{opt}.txt"], ["1e-05/sgd.txt"]),
        (["{ lr }"], ["1e-05"]),
        (["a", "--momentum", "{momentum}", "b"], ["a", "b"]),
        (["--momentum={momentum}", "b"], ["b"]),
        (["{opt},{momentum}"], []),
        (["-m", "{momentum}"], []),
        (["--flag", "--momentum", "{momentum}"], ["--flag"]),
        (["-", "{momentum}"], ["-"]),
        (["--", "{momentum}"], ["--"]),
        (["-1", "{momentum}"], ["-1"]),
        (["--a=1", "{momentum}"], ["--a=1"]),
        (["--out", "x", "{momentum}"], ["--out", "x"]),
        (["--a", "{momentum}", "{momentum}", "b"], ["b"]),
        (["--both", "{units1}", "{units10}"], ["--both", "64"]),
        (["--{opt}", "{momentum}"], ["--sgd"]),
        (["{{lr}}", "{{{lr}}}", "a}}b{{"], ["{lr}", "{1e-05}", "a}b{"]),
        (["--units", "{units*}"], ["--units", "64", "32"]),
        (["--units=[{units*}]"], ["--units=[64,32]"]),
        (["--seed", "{seed}"], ["--seed", "7"]),
        (["", "ü"], ["", "ü"]),
    ],
)
def test_what_a_word_becomes(words, expected):
    assert made(*words) == expected


def test_counted_parameters_without_a_value_leave_with_their_option():
    assert made("--units", "{units*}", "x", values={"lr": 1}) == ["x"]
    assert made("--units=[{units*}]", "x", values={"lr": 1}) == ["x"]
    assert made("{units*}", values={"units10": 3, "units2": 4}) == ["4", "3"]


def test_all_that_have_no_word_of_their_own():
    template = Template(["t.py", "{*}", "--lr={lr}", "{units*}"], NAMES)
    found = template.arguments(VALUES, seed=None, file="")
    assert found == ("t.py", "--opt", "sgd", "--layers", "2", "--unit", "cm", "--lr=1e-05", "64", "32")
    assert Template(["t.py", "--x", "{*}"], ["a"]).arguments({}, seed=None, file="") == ("t.py", "--x")


def test_a_seed_that_a_trial_does_not_have():
    assert made("--seed", "{seed}", "x", seed=None) == ["x"]
    with pytest.raises(UsageError, match="without a seed"):
        Template(["{seed}"], [], seeds=False)
    assert Template(["{seed}"], []).uses_seed
    assert not Template(["{{seed}}"], []).uses_seed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (3, "3"),
        (3.0, "3.0"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        ("a b", "a b"),
        ("", ""),
        ((64, 32), "[64,32]"),
        (("ü", None), '["ü",null]'),
    ],
)
def test_how_a_value_is_given(value, text):
    assert rendered(value) == text


@pytest.mark.parametrize(
    ("words", "names", "reason", "hint"),
    [
        (["{lrr}"], ["lr"], "unknown name in the command: {lrr}", "did you mean: lr; for braces: {{lrr}}"),
        (["{print $1}", "{lr}"], ["lr"], "unknown name", "{{print \\$1}}"),
        (["{unit*}", "{unit}"], ["unit"], "unknown name", "did you mean: unit"),
        (["{}", "{lr}"], ["lr"], "unknown name", "there are: lr, params, seed"),
        (["a"], ["lr", "opt"], "names lr, opt", "add: --lr {lr}, or {\\*}"),
        (["{{lr}}"], ["lr"], "does not use", None),
        (["a{*}"], ["lr"], "inside of a word", None),
        (["{lr"], ["lr"], "character 1 of {lr", "{{ for a brace"),
        (["lr}"], ["lr"], "character 3 of lr}", "}} for a brace"),
        (["{seed}"], ["seed"], "called seed", "seed_"),
        (["{params}"], ["params"], "called params", None),
    ],
)
def test_commands_that_are_refused(words, names, reason, hint):
    with pytest.raises(UsageError, match=reason) as caught:
        Template(words, names)
    if hint is not None:
        assert hint.replace("\\", "") in caught.value.hint


@given(st.lists(st.text(max_size=8), max_size=5))
def test_words_with_doubled_braces_stay_as_they_are(words):
    doubled = [each.replace("{", "{{").replace("}", "}}") for each in words]
    assert Template(doubled, []).arguments({}, seed=None, file="") == tuple(words)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.booleans())
def test_a_number_reads_as_itself_again(value):
    assert json.loads(rendered(value)) == value


def test_what_decides_on_a_named_one_need_not_be_named():
    deciding = {"layers": {"units1", "units2", "units10"}, "opt": {"momentum"}}
    names = ("layers", "units1", "units2", "units10")
    template = Template(["--units", "{units*}"], names, deciding=deciding)
    assert template.arguments(VALUES, seed=None, file="p.json") == ("--units", "64", "32")
    assert Template(["{*}"], names, deciding=deciding).arguments(
        {"layers": 1, "units1": 8}, seed=None, file="p.json"
    ) == ("--layers", "1", "--units1", "8")
    with pytest.raises(UsageError) as error:
        Template(["{units*}"], (*names, "opt"), deciding=deciding)
    assert error.value.cause == "no word of the command names opt"


def test_a_float_of_numpy_is_given_as_a_number():
    assert rendered(np.float64(0.5)) == "0.5"
