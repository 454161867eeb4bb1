import pytest

from ledger.tune.space.conditions import decided, question
from ledger.tune.space.language.read import space

DOMAINS = {
    each.name: each.domain
    for each in space(
        [
            "n=int(1,4)",
            "lr=real(0,1)",
            "opt=choice(sgd,adam,'1')",
            "size=ordinal(s,m,l)",
            "batch=ordinal(64,32,16)",
            "mixed=ordinal(auto,8,16)",
            "odd=ordinal(true,1,0)",
            "flag=bool()",
            "number=choice(1,2)",
            "hidden=choice([1,2],null)",
        ]
    ).parameters
}


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("n >= 2", {"n": 2}, True),
        ("n >= 2", {"n": 1}, False),
        ("n < 2.5", {"n": 2}, True),
        ("lr = 0", {"lr": 0.0}, True),
        ("lr > 0 and lr <= 0.5", {"lr": 0.5}, True),
        ("opt = sgd", {"opt": "sgd"}, True),
        ("opt != sgd", {"opt": "adam"}, True),
        ("opt = 1", {"opt": "1"}, True),
        ("opt in (adam, 1)", {"opt": "1"}, True),
        ("opt not in (adam, 1)", {"opt": "sgd"}, True),
        ("opt contains da", {"opt": "adam"}, True),
        ("flag = true", {"flag": True}, True),
        ("flag = 1", {"flag": True}, False),
        ("number = 1", {"number": 1}, True),
        ("number = true", {"number": 1}, False),
        ("size > s", {"size": "l"}, True),
        ("size >= m and size < l", {"size": "m"}, True),
        ("size < s", {"size": "l"}, False),
        ("batch > 16", {"batch": 16}, False),  # numbers compare as such, in whatever order they stand
        ("batch > 16", {"batch": 64}, True),
        ("mixed > auto", {"mixed": 8}, True),
        ("mixed < 16", {"mixed": "auto"}, True),
        ("odd > true", {"odd": 1}, True),
        ("odd < 1", {"odd": True}, True),
        # Of a parameter without a value nothing holds but that it has none.
        ("n >= 2", {}, None),
        ("not n >= 2", {}, None),
        ("n != 2", {}, None),
        ("opt not in (sgd)", {}, None),
        ("n is null", {}, True),
        ("n is not null", {}, False),
        ("n is not null", {"n": 1}, True),
        ("n >= 2 or flag = true", {"flag": True}, True),
        ("n >= 2 or flag = true", {"flag": False}, None),
        ("n >= 2 and flag = true", {"flag": True}, None),
        ("n >= 2 and flag = true", {"flag": False}, False),
        ("not (n >= 2 and flag = true)", {"flag": False}, True),
        ("hidden is null", {"hidden": None}, True),
        ("hidden is null", {"hidden": (1, 2)}, False),
    ],
)
def test_what_holds(condition, values, expected):
    assert question(condition, DOMAINS)(values) is expected


def test_a_condition_on_a_name_without_a_domain_looks_at_the_value_alone():
    assert question("x > 1", {})({"x": 2}) is True
    assert question("x > 1", {})({"x": "a"}) is None
    assert question("x = a", {})({"x": "a"}) is True


def test_on_whose_values_others_depend():
    found = space(["opt=choice(sgd,adam)", "lr=real(0,1)", "momentum=real(0,1) if opt = sgd and lr > 0.5"])
    assert decided(found) == {"opt": {"momentum"}, "lr": {"momentum"}}
