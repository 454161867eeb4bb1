import numpy as np
import pytest

from ledger.errors import UsageError
from ledger.tune.space.language import spelled
from ledger.tune.space.language.read import space

WHOLE = """
# what to try
constraints = [
    "units2 <= units1",  # shrinking
    "batch * layers <= 100",
]

lr = { log = [1e-5, 1e-1], default = 1e-3, role = "algorithm" }
layers.int = [1, 4]
batch = 32
name = "run a"
decay = "log(1e-6, 1e-2) if opt = adam"

["units{i}"]
int = [8, 256]
log = true
for = "i in 1..layers"

[units0]
fixed = "x"

[opt]
choice = ["sgd", "adam"]

[momentum]
real = [0, 0.99]
step = 0.01
if = "opt == sgd"

[nesterov]
bool = true
if = "momentum > 0 and opt = sgd"
"""


def test_a_file_says_the_same_as_options():
    options = [
        "lr=log(1e-5, 1e-1, default=1e-3, role=algorithm)",
        "layers=int(1, 4)",
        "batch=32",
        "name=run a",
        "decay=log(1e-6, 1e-2) if opt = adam",
        "units{i}=int(8, 256, log) for i in 1..layers",
        "units0=fixed(x)",
        "opt=choice(sgd, adam)",
        "momentum=real(0, 0.99, step=0.01) if opt = sgd",
        "nesterov=bool() if momentum > 0 and opt = sgd",
    ]
    found = space(options, ["units2 <= units1", "batch * layers <= 100"])
    assert space(file=("space.toml", WHOLE)) == found
    assert space(file=("space.toml", "\ufeff" + WHOLE.replace("\n", "\r\n"))) == found


def test_a_mapping_can_hold_what_toml_cannot():
    found = space(
        mapping={
            "depth": {"choice": [3, None]},
            "hidden": {"choice": [(64, 64), [128]], "default": [128]},
            "alpha": {"real": (np.float64(0.5), 1)},
            "n": np.int64(3),
        }
    )
    assert [spelled.parameter(each) for each in found.parameters] == [
        "depth=choice(3, null)",
        "hidden=choice([64,64], [128], default=[128])",
        "alpha=real(0.5, 1)",
        "n=fixed(3)",
    ]


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("lr = 1\nlr = 2", 2, ["it is no TOML"]),
        ("lr = ", 1, ["it is no TOML"]),
        ("\n[lr]\nreal = [0, 1]\ndefualt = 1\n", 4, ["lr: defualt means nothing", "did you mean: default"]),
        ("a = 1\n[lr]\nreal = [1, 0]", 3, ["bounds the wrong way round"]),
        ("a = 1\nlr = { log = [0, 1] }\nb = 2", 2, ["log needs bounds above 0"]),
        ("[lr]\nreal = [0,\n  1]\n\n# the step\nstep = 0.3\nrole='model'", 6, ["a step that does not fit"]),
        ("[lr]\nreal = [0, 1]\ndefault = 2", 3, ["a default outside of its domain"]),
        ("[lr]\nreal = [0, 1]\nrole = 'main'", 3, ["an unknown role"]),
        ("x = 1\n\n\n[lr]\n\ndefault = 2", 4, ["lr needs one domain", "got default"]),
        ("[lr]\nreal = [0, 1]\nint = [0, 1]", 3, ["lr needs one domain", "got real and int"]),
        ("a = 1\nlr = )\nb = 2\n", 2, ["it is no TOML"]),
        ("a = 1\n[lr]\nreal = [1, 0\n", 3, ["it is no TOML"]),
        ("[lr]\nreal = 3", 2, ["real takes a list"]),
        ("[b]\nbool = false", 2, ["a bool has no values"]),
        ("lr = [0, 1]", 1, ["lr is a list", "choice"]),
        ("a = 1\nday = 2026-01-31", 2, ["a value of another kind"]),
        ("'a b' = 1", 1, ["a name that a template cannot hold"]),
        (
            "a = 1\n[lr]\nreal = [0, 1]\nif = 'b = 1'",
            4,
            ["the condition of lr does not", "b is not in the space"],
        ),
        ("a = 1\n[lr]\nreal = [0, 1]\nif = 3", 4, ["a condition is a text"]),
        ("n = 3\n[u]\nreal = [0, 1]\nfor = 'i in 1..m'", 2, ["m is not defined"]),
        ("n = 3\n[u]\nreal = [0, 1]\nfor = 'i from 1'", 4, ["a count that does not parse"]),
        ("n = 3\n[u]\nreal = [0, 1]\nfor = 3", 4, ["a count is a text"]),
        ("a.int=[1,4]\nconstraints = [\n 'a > 1',\n # and\n 'a < b',\n]\n", 5, ["b is not in the space"]),
        ("constraints = ['a > 1', 'b < a']\na.int = [1, 4]", 1, ["b is not in the space"]),
        ("a.int=[1,4]\nconstraints = 'a > 1'", 2, ["constraints are a list"]),
        ("a.int=[1,4]\nconstraints = [3]", 2, ["a constraint is a text"]),
        ("a = 1\nlr = 'log(1, x)'", 2, ["a bound that is no number"]),
        ("[optimizer.lr]\nreal = [0, 1]", 1, ['["optimizer.lr"]']),
        (
            "u1 = 1\n\n[u]\nint=[1,2]\nfor='i in 1..2'",
            3,
            ["u1 is there twice", "line 1 has it too"],
        ),
    ],
)
def test_errors_point_at_the_line(text, line, expected):
    with pytest.raises(UsageError) as caught:
        space(file=("space.toml", text))
    for each in expected:
        assert each in str(caught.value)
    assert f"space.toml, line {line}: " in caught.value.message


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"lr": {"real": [0, 1], "default": 2}}, "space['lr']['default']: a default outside"),
        ({"lr": {"real": [0, float("nan")]}}, "not finite"),
        ({"lr": {"fixed": float("nan")}}, "NaN is no value"),
        ({"lr": object()}, "a value of another kind"),
        ({3: 1}, "a name that is no text"),
        ({"a": 1, "constraints": ["a <", "a > 0"]}, "space['constraints'][0]: the constraint does not fit"),
        ([("lr", 1)], "it is no mapping"),
    ],
)
def test_errors_of_a_mapping_name_the_key(mapping, expected):
    with pytest.raises(UsageError) as caught:
        space(mapping=mapping)
    assert expected in str(caught.value)


def test_a_scalar_of_numpy_is_kept_as_the_value_that_it_stands_for():
    found = space(mapping={"lr": {"choice": list(np.logspace(-2, -1, 2))}})
    values = [each for parameter in found.parameters for each in parameter.domain.choices]
    assert values == [0.01, 0.1]
    assert {type(each) for each in values} == {float}
    with pytest.raises(UsageError, match="a value of another kind"):
        space(mapping={"x": {"choice": [np.zeros(2), 1]}})
