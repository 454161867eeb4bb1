import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.tune.space.constraints import read
from ledger.tune.space.language.read import space

DOMAINS = {
    each.name: each.domain
    for each in space(
        [
            "a=int(1,4)",
            "b=real(0,1)",
            "opt=choice(sgd,adam)",
            "size=ordinal(s,m,l)",
            "batch=ordinal(16,32)",
            "my/lr=real(0,1)",
            "in=bool()",
            "odd=choice(1,2)",
        ]
    ).parameters
}


@pytest.mark.parametrize(
    ("source", "values", "expected", "form"),
    [
        ("a<=b*4", {"a": 1, "b": 0.5}, True, "a <= b * 4"),
        ("a - 1 - 1 == 0", {"a": 2}, True, "a - 1 - 1 = 0"),
        ("a - (1 - 1) = 2", {"a": 2}, True, "a - (1 - 1) = 2"),
        ("8 / a / 2 = 2", {"a": 2}, True, "8 / a / 2 = 2"),
        ("8 / (a / 2) = 8", {"a": 2}, True, "8 / (a / 2) = 8"),
        ("1 + a * 2 > 6", {"a": 2}, False, "1 + a * 2 > 6"),
        ("(1 + a) * 2 >= 6", {"a": 2}, True, "(1 + a) * 2 >= 6"),
        ("-a < -1", {"a": 2}, True, "-a < -1"),
        ("-(a + 1) < - -1e0", {"a": 2}, True, "-(a + 1) < --1.0"),
        ("batch * a <= 100", {"batch": 32, "a": 4}, False, "batch * a <= 100"),
        ("opt == adam or a<2", {"opt": "sgd", "a": 1}, True, 'opt = "adam" or a < 2'),
        ("adam = opt", {"opt": "adam"}, True, '"adam" = opt'),
        ("opt in (adam, 'sgd')", {"opt": "sgd"}, True, 'opt in ("adam", "sgd")'),
        ("opt not in (adam)", {"opt": "adam"}, False, 'opt not in ("adam")'),
        ("a in (b, 2)", {"a": 2, "b": 1.0}, True, "a in (b, 2)"),
        ("size > s and size<=m", {"size": "m"}, True, 'size > "s" and size <= "m"'),
        ("size > s", {"size": "s"}, False, 'size > "s"'),
        (
            "not (opt=sgd or a=1) and b>0",
            {"opt": "adam", "a": 2, "b": 1},
            True,
            'not (opt = "sgd" or a = 1) and b > 0',
        ),
        ("(a=1 or a=2) and b=0", {"a": 2, "b": 0}, True, "(a = 1 or a = 2) and b = 0"),
        ("`my/lr` < b", {"my/lr": 0.5, "b": 0.1}, False, "`my/lr` < b"),
        ("`in` = true", {"in": True}, True, "`in` = true"),
        ("`in` = 1", {"in": True}, False, "`in` = 1"),
        ("a is null or a > 1", {}, True, "a is null or a > 1"),
        ("a is not null", {}, False, "a is not null"),
        ("a <= b", {"a": 1}, None, "a <= b"),
        ("not a <= b", {"a": 1}, None, "not a <= b"),
        ("a <= b or a = 1", {"a": 1}, True, "a <= b or a = 1"),
        ("a in (b, 2)", {"a": 1}, None, "a in (b, 2)"),
        ("a in (b, 1)", {"a": 1}, True, "a in (b, 1)"),
        ("1/b <= 3", {"b": 0.0}, False, "1 / b <= 3"),
        ("not 1/b <= 3", {"b": 0.0}, False, "not 1 / b <= 3"),
        ("a * 1e308 * 10 > 0", {"a": 4}, True, "a * 1e+308 * 10 > 0"),
    ],
)
def test_what_holds(source, values, expected, form):
    found = read(source, DOMAINS)
    assert found.ask(values) is expected
    assert found.text == form
    assert read(form, DOMAINS).text == form
    assert read(form, DOMAINS).ask(values) is expected


@pytest.mark.parametrize(
    ("source", "place", "expected"),
    [
        ("", 0, "it is empty"),
        ("a", 0, "a is compared with nothing"),
        ("a and b = 1", 0, "a is compared with nothing"),
        ("a <=", 4, "expected a name or a number, got the end"),
        ("a <= )", 5, "expected a name or a number, got )"),
        ("a <= (b", 7, "expected ), got the end"),
        ("a = 1)", 5, "expected and, or, or the end, got )"),
        ("a <= b <= 1", 7, "a < b and b < c"),
        ("bb <= 1", 0, "bb is not in the space"),
        ("1 < 2", 0, "it names no parameter"),
        ("my/lr <= 1", 0, "quote a name that holds - or /: `my/lr`"),
        ("opt < sgd", 0, "opt has no order"),
        ("odd < 2", 0, "odd=ordinal(…)"),
        ("a < opt", 4, "opt has no order"),
        ("a < 'x'", 4, '"x" has no order'),
        ("opt * 2 < 1", 0, "opt is no number, it is categorical"),
        ("1 + `in` < 1", 4, "in` is no number"),
        ("opt = rmsprop", 6, "neither in the space nor a value"),
        ("(a < 1) + 2 > 1", 1, "a < 1 is no number"),
        ("a ! b", 2, "! is not closed or stands alone"),
        ("a = 'x", 4, "' is not closed or stands alone"),
        ("a is 3", 5, "expected null, got 3"),
        ("a not 3", 6, "expected in, got 3"),
        ("not " * 60 + "a = 1", 50 * 4, "levels deep"),
        ("(" * 60 + "a", 25, "levels deep"),
    ],
)
def test_what_does_not_fit(source, place, expected):
    with pytest.raises(UsageError) as caught:
        read(source, DOMAINS)
    assert expected in str(caught.value)
    assert caught.value.cause.split("\n")[-1].index("^") == place + 2


NUMBERS = st.sampled_from(["a", "b", "batch", "1", "2.5", "0.1"])
TERMS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=5,
)
COMPARED = st.tuples(TERMS, st.sampled_from(["<", "<=", "=", "!=", ">", ">="]), TERMS).map(" ".join)
ALL = st.recursive(
    COMPARED,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map("({})".format),
    ),
    max_leaves=3,
)


@given(ALL, st.integers(1, 4), st.floats(0, 1), st.sampled_from([16, 32]))
@settings(max_examples=300)
def test_it_means_what_it_means_in_python(source, a, b, batch):
    if not {"a", "b", "batch"} & set(source.replace("(", " ").replace(")", " ").replace("-", " ").split()):
        return
    values = {"a": a, "b": b, "batch": batch}
    try:
        expected = bool(eval(source.replace(" = ", " == "), {}, values))
    except ZeroDivisionError:
        expected = False
    found = read(source, DOMAINS)
    if "/" not in source or expected:  # Python stops early at another place than at a division by zero
        assert found.ask(values) is expected
    assert read(found.text, DOMAINS).text == found.text
    assert read(found.text, DOMAINS).ask(values) is found.ask(values)
