import itertools
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.model import HyperparameterRole as Role
from ledger.model import HyperparameterType as Type
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.space.conditions import question
from ledger.tune.space.language import spelled
from ledger.tune.space.language.read import again, space
from ledger.tune.space.unit import UnitSpace


def one(text):
    return space([f"x={text}"]).parameters[0]


def texts(*definitions, constraints=()):
    return [spelled.parameter(each) for each in space(definitions, constraints).parameters]


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("log(1e-5,1e-1)", Domain(type=Type.REAL, low=1e-5, high=0.1, log=True)),
        ("real(0, 1)", Domain(type=Type.REAL, low=0.0, high=1.0)),
        ("real(1, 2, log)", Domain(type=Type.REAL, low=1.0, high=2.0, log=True)),
        ("real(0,1,step=0.1)", Domain(type=Type.REAL, low=0.0, high=1.0, step=0.1)),
        ("real(0.1, 0.9, step=0.2)", Domain(type=Type.REAL, low=0.1, high=0.9, step=0.2)),
        ("int(1,4)", Domain(type=Type.INTEGER, low=1, high=4)),
        ("int(1, 1e6, log)", Domain(type=Type.INTEGER, low=1, high=1_000_000, log=True)),
        ("int(8, 64, step=8)", Domain(type=Type.INTEGER, low=8, high=64, step=8)),
        ("int(8, 9, step=1)", Domain(type=Type.INTEGER, low=8, high=9)),
        ("int(3, 3)", Domain(type=Type.INTEGER, low=3, high=3)),
        ("choice(sgd,adam)", Domain(type=Type.CATEGORICAL, choices=("sgd", "adam"))),
        ('choice( a b , \'c, d\', "e""f" )', Domain(type=Type.CATEGORICAL, choices=("a b", "c, d", 'e"f'))),
        ("choice(1, 0.5, '1', true, null)", Domain(type=Type.CATEGORICAL, choices=(1, 0.5, "1", True, None))),
        ("choice([64, 64], [128], [])", Domain(type=Type.CATEGORICAL, choices=((64, 64), (128,), ()))),
        ("choice(a, log)", Domain(type=Type.CATEGORICAL, choices=("a", "log"))),
        ("ordinal(16,32,64)", Domain(type=Type.ORDINAL, choices=(16, 32, 64))),
        ("bool()", Domain(type=Type.BOOLEAN, choices=(False, True))),
        ("bool", Domain(type=Type.BOOLEAN, choices=(False, True))),
        ("fixed(3)", Domain(type=Type.INTEGER, low=3, high=3)),
        ("3", Domain(type=Type.INTEGER, low=3, high=3)),
        ("1e-3", Domain(type=Type.REAL, low=0.001, high=0.001)),
        ("true", Domain(type=Type.BOOLEAN, choices=(True,))),
        ("adam", Domain(type=Type.CATEGORICAL, choices=("adam",))),
        ("'3'", Domain(type=Type.CATEGORICAL, choices=("3",))),
        ("data/a, b (1).csv", Domain(type=Type.CATEGORICAL, choices=("data/a, b (1).csv",))),
        ("k=v", Domain(type=Type.CATEGORICAL, choices=("k=v",))),
        ('fixed("real")', Domain(type=Type.CATEGORICAL, choices=("real",))),
    ],
)
def test_domains(text, domain):
    found = one(text)
    assert found == Parameter(name="x", domain=domain)
    assert [type(each) for each in (found.domain.low, found.domain.step, *found.domain.choices)] == [
        type(each) for each in (domain.low, domain.step, *domain.choices)
    ]


def test_roles_and_defaults():
    found = one("log(1e-5, 1e-1, default=1e-3, role=algorithm)")
    assert (found.default, found.role) == (0.001, Role.ALGORITHM)
    assert one("real(0, 1, default=1)").default == 1.0
    assert isinstance(one("real(0, 1, default=1)").default, float)
    assert one("choice(1, 2, default=2.0)").default == 2
    assert one("choice('1', 2, default=\"1\")").default == "1"
    assert one("bool(default=false)").default is False
    assert one("fixed(3, role=model)").role is Role.MODEL


def test_counts_are_spelled_out():
    assert texts("layers=int(1,3)", "units{i}=int(8,256,log) for i in 1..layers") == [
        "layers=int(1, 3)",
        "units1=int(8, 256, log)",
        "units2=int(8, 256, log) if layers >= 2",
        "units3=int(8, 256, log) if layers >= 3",
    ]
    assert texts("w=real(0,1) for i in 0..2") == [f"w{i}=real(0, 1)" for i in range(3)]
    assert texts("n=ordinal(1, 2)", "w{i}=bool() if n = 2 for i in 1..n") == [
        "n=ordinal(1, 2)",
        "w1=bool() if n = 2",
        "w2=bool() if n >= 2 and n = 2",
    ]
    assert texts("a=bool()", "n=int(1,2) if a=true", "w{i}=bool() for i in 1..n if a=true or n<2")[2:] == [
        "w1=bool() if n >= 1 and (a = true or n < 2)",
        "w2=bool() if n >= 2 and (a = true or n < 2)",
    ]


def test_counts_within_counts():
    found = texts(
        "n=int(1,2)", "d{i}=int(1,2) for i in 1..n", "w{i}_{j}=bool() for i in 1..n for j in 1..d{i}"
    )
    assert found == [
        "n=int(1, 2)",
        "d1=int(1, 2)",
        "d2=int(1, 2) if n >= 2",
        "w1_1=bool()",
        "w1_2=bool() if d1 >= 2",
        "w2_1=bool() if n >= 2 and d2 >= 1",
        "w2_2=bool() if n >= 2 and d2 >= 2",
    ]
    assert len(texts("w{i}{j}=bool() for i in 1..9 for j in 1..9")) == 81


def test_constraints_are_spelled_out_and_have_one_form():
    found = space(
        ["n=int(1,3)", "u{i}=int(1,9) for i in 1..n", "opt=choice(sgd,adam)"],
        ["u{i}<=u{i-1} for i in 2..n", "n*u1 <=20", "n * u1<= 20", "opt==sgd or u1 > 2"],
    )
    assert found.constraints == ("u2 <= u1", "u3 <= u2", "n * u1 <= 20", 'opt = "sgd" or u1 > 2')


def test_a_parameter_comes_after_those_that_it_needs():
    found = space(["c=bool() if b=true", "d=3", "b=bool() if a=true", "a=bool()"])
    assert [each.name for each in found.parameters] == ["a", "b", "c", "d"]
    assert [each.condition for each in found.parameters] == [None, "a = true", "b = true", None]


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("opt==sgd", "opt = sgd"),
        ("opt in (sgd)", "opt in (sgd)"),
        ("not (opt = sgd or n>2)", "not (opt = sgd or n > 2)"),
        ("not opt in ('sgd')", "opt not in (sgd)"),
        ("(opt = sgd and n > 1) and n<3", "opt = sgd and n > 1 and n < 3"),
        ("opt is not null", "opt is not null"),
        ("NOT opt contains ad", "opt not contains ad"),
        ("n >= 2.0", "n >= 2.0"),
        ("size > s", "size > s"),
        ("text = 1", 'text = "1"'),
        ("`in` = true", "`in` = true"),
    ],
)
def test_conditions_have_one_form(written, form):
    names = ["opt=choice(sgd,adam)", "n=int(1,4)", "size=ordinal(s,m,l)", "text=choice('1',b)", "in=bool()"]
    assert space([*names, f"x=3 if {written}"]).parameters[-1].condition == form


@pytest.mark.parametrize(
    ("definitions", "expected"),
    [
        (["x"], ["a bad parameter", "expected NAME=DOMAIN or NAME=VALUE, got 'x'"]),
        (["=3"], ["a bad parameter"]),
        (["x="], ["a bad parameter"]),
        ([], ["nothing to search"]),
        (["x=foo(1,2)"], ["-p x: an unknown kind of domain", "got foo"]),
        (["x=uniform(0,1)"], ["did you mean: real"]),
        (["x=categorical(a)"], ["did you mean: choice"]),
        (["x=chioce(a)"], ["did you mean: choice"]),
        (["x=real(0)"], ["real takes two bounds", "got 0", "real(0, 1)"]),
        (["x=real(0,1,0.1)"], ["real takes two bounds", "step="]),
        (["x=real(a,b)"], ["a bound that is no number", "got a"]),
        (["x=real(true,1)"], ["a bound that is no number"]),
        (["x=int(1,2.5)"], ["a bound that is no whole number", "real"]),
        (["x=int(1,99999999999999999999)"], ["too large"]),
        (["x=real(0,inf)"], ["not finite"]),
        (["x=real(0,nan)"], ["NaN equals nothing", "real(0,nan)\n         ^"]),
        (["x=real(-1e308,1e308)"], ["too far apart"]),
        (["x=real(2,1)"], ["the wrong way round", "real(1.0, 2.0)"]),
        (["x=log(0,1)"], ["log needs bounds above 0", "zero has no logarithm"]),
        (["x=int(0,10,log)"], ["log needs bounds above 0", "int(1, 10, log)"]),
        (["x=real(0,1,step=0.3)"], ["a step that does not fit", "lead to 0.9 and 1.2, not to 1.0"]),
        (["x=int(1,10,step=4)"], ["lead to 9 and 13", "end at 9"]),
        (["x=int(1,3,step=9)"], ["a step that does not fit", "end at 10"]),
        (["x=int(1,10,step=0)"], ["a step that leads nowhere"]),
        (["x=int(1,10,step=0.5)"], ["a step that is no whole number"]),
        (["x=choice(a,b,step=1)"], ["step means nothing here"]),
        (["x=choice()"], ["choice without choices"]),
        (["x=choice(a,a)"], ["stands there twice", "a in choice"]),
        (["x=ordinal(1,1.0)"], ["stands there twice"]),
        (["x=bool(1)"], ["bool takes no values"]),
        (["x=fixed()"], ["fixed takes one value"]),
        (["x=real"], ["real without its values", 'fixed("real")']),
        (["x=real(0,1,default=2)"], ["a default outside of its domain", "got 2"]),
        (["x=choice(sgd,default=adm)"], ["a default outside of its domain", "got adm"]),
        (["x=real(0,1,step=0.1,default=0.25)"], ["a default outside", "in steps of 0.1"]),
        (["x=choice(1,null,default=null)"], ["null as a default"]),
        (["x=real(0,1,defualt=1)"], ["defualt= means nothing", "did you mean: default"]),
        (["x=real(0,1,default=1,default=0)"], ["default= twice"]),
        (["x=real(0,1,role=modle)"], ["an unknown role", "did you mean: model"]),
        (["x=real(0,1"], ["expected , or ), got the end"]),
        (["x=choice(a,'b)"], ["expected a value, got '"]),
        (["x=choice([a)"], ["expected , or ], got )"]),
        (["x=choice(" + "[" * 30], ["levels deep"]),
        (["x=real(0,1) fi y"], ["something is left over", "got fi y"]),
        (["x=real(0,1) if"], ["something is left over"]),
        (["x=1", "x=2"], ["-p x: x is there twice"]),
        (["u1=1", "u{i}=2 for i in 1..2"], ["u1 is there twice", "-p u1 has it too"]),
        (["a b=1"], ["a name that a template cannot hold", "a_b"]),
        (["-x=1"], ["a name that a template cannot hold"]),
        (["x*=1"], ["a name that a template cannot hold"]),
        (["1x=1"], ["a name that a template cannot hold"]),
        (["x{i}=1"], ["to count it: x{i}=… for i in 1..3"]),
        (["x{j}=1 for i in 1..3"], ["tells no names apart"]),
        (["x{i}=int(1,4) if n{j} > 1 for i in 1..3"], ["an unknown variable", "{j}"]),
        (["x=1 for i in 1..200000"], ["too many parameters", "at most 1000"]),
        ([f"x=1 for i in 1..1{'0' * 30}"], ["too many parameters"]),
        (["x{i}_{j}=1 for i in 1..100 for j in 1..100"], ["too many parameters"]),
        (["a=1 for i in 1..600", "b=1 for i in 1..600"], ["too many parameters"]),
        (["x=1 for i in 3..2"], ["a count without a step"]),
        (["x{i}{i}=1 for i in 1..2 for i in 1..2"], ["counts twice"]),
        (["u=1 for i in 1..layer", "layers=int(1,4)"], ["layer is not defined", "did you mean: layers"]),
        (["u=1 for i in 1..n", "n=real(0,1)"], ["a count that is no whole number", "n is real"]),
        (["u=1 for i in 1..v1", "v=int(1,2) for i in 1..u1"], ["wait for each other"]),
        (["w{i}{j}=1 for i in 1..3 for j in 1..d{i}", "d=int(1,2) for i in 1..2"], ["d3 is not defined"]),
        (["a=bool() if b=true", "b=bool() if a=true"], ["wait for each other", "a needs b needs a"]),
        (["a=bool() if a=true"], ["a needs a"]),
        (["x=1 if op=sgd", "opt=choice(sgd)"], ["the condition of x does not fit", "did you mean: opt"]),
        (["x=1 if opt==rmsprop", "opt=choice(sgd,adam)"], ["opt is never rmsprop", "one of sgd, adam"]),
        (["x=1 if opt in (sgd, adm)", "opt=choice(sgd,adam)"], ["opt is never adm", "did you mean: adam"]),
        (["x=1 if opt!=adm", "opt=choice(sgd,adam)"], ["opt is never adm"]),
        (["x=1 if opt<sgd", "opt=choice(sgd,adam)"], ["its values have no order", "opt=ordinal(…)"]),
        (["x=1 if b>1", "b=bool()"], ["its values have no order"]),
        (["x=1 if size>xl", "size=ordinal(s,m,l)"], ["size is never xl"]),
        (["x=1 if n>abc", "n=int(1,4)"], ["n is a number, and abc is none"]),
        (["x=1 if n>9", "n=int(1,4)"], ["n > 9 never holds: it is int(1, 4)"]),
        (["x=1 if n=2.5", "n=int(1,4)"], ["n is never 2.5", "whole number"]),
        (["x=1 if n=9", "n=int(1,4)"], ["n is never 9"]),
        (["x=1 if opt contains z", "opt=choice(sgd,adam)"], ["no value of opt contains z"]),
        (["x=1 if a<b", "a=int(1,4)", "b=int(1,4)"], ["compares with values", "--constraint 'a<b'"]),
        (["x=1 if n>2 and n<3", "n=int(1,4)"], ["x never has a value", "n > 2 and n < 3"]),
        (["x=1 if y>0.3 and y<0.4", "y=real(0,1,step=0.1)"], ["x never has a value"]),
        (["x=1 if a=false", "b=1 if x=1 and a=true", "a=bool()"], ["b never has a value", "x if a = false"]),
        (["x=1 if opt is null", "opt=bool()"], ["x never has a value"]),
        (["x=1 if (a", "a=bool()"], ["the condition of x does not fit"]),
    ],
)
def test_what_is_refused(definitions, expected):
    with pytest.raises(UsageError) as caught:
        space(definitions)
    for each in expected:
        assert each in str(caught.value)


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        (["b <= a"], ["nothing meets", "b <= a: not one of 10000"]),
        (["a < c", "c < a"], ["nothing meets together", "a < c (", "c < a ("]),
        (["d <= a"], ["the defaults break a constraint", "d <= a, with d = 4, a = 1"]),
        (["e <= a"], ["the constraint does not fit", "e is not in the space"]),
        (["a <= c for i in 1..nn"], ["an unknown name", "nn is not defined"]),
        (["a <= {i}"], ["an unknown variable"]),
        (["a <= c{i-2} for i in 1..2"], ["a count below zero"]),
    ],
)
def test_constraints_that_are_refused(constraints, expected):
    with pytest.raises(UsageError) as caught:
        space(["a=int(1,4,default=1)", "b=int(5,9)", "c=int(1,4)", "d=int(1,4,default=4)"], constraints)
    for each in expected:
        assert each in str(caught.value)


def test_an_option_stands_in_for_what_a_mapping_says():
    mapping = {"lr": {"real": [0, 1]}, "units": {"int": [1, 9], "for": "i in 1..2"}, "k": 3}
    found = space(["units{i}=7 for i in 1..3", "new=1", "lr=0.5"], mapping=mapping)
    assert [spelled.parameter(each) for each in found.parameters] == [
        "lr=fixed(0.5)",
        "units1=fixed(7)",
        "units2=fixed(7)",
        "units3=fixed(7)",
        "k=fixed(3)",
        "new=fixed(1)",
    ]
    with pytest.raises(UsageError, match="lr is there twice"):
        space(["lr=1", "lr=2"], mapping=mapping)


def test_a_space_that_was_put_together_by_hand():
    whole = Domain(type=Type.INTEGER, low=1, high=4)
    late = Parameter(name="b", domain=whole, condition="a==2")
    found = again(Space(parameters=(late, Parameter(name="a", domain=whole)), constraints=("a*b<9",)))
    assert [each.name for each in found.parameters] == ["a", "b"]
    assert found.parameters[1].condition == "a = 2"
    assert found.constraints == ("a * b < 9",)
    assert again(found) == found
    for bad in (
        Space(parameters=(late,)),
        Space(parameters=()),
        Space(parameters=(Parameter(name="a", domain=Domain(type=Type.REAL)),)),
        Space(parameters=(Parameter(name="a", domain=whole, default=9),)),
    ):
        with pytest.raises(UsageError):
            again(bad)


def test_what_two_spaces_differ_in():
    before = space(["a=int(1,4)", "b=bool()", "c=1"], ["a <= 3"])
    after = space(["c=1", "a=int(1,5)", "d=bool() if a = 2"], ["a<=4"])
    assert spelled.difference(before, before) == ()
    assert spelled.difference(before, space(["c=1", "b=bool", "a=int(1, 4.0)"], ["a<=3"])) == ()
    assert spelled.difference(before, after) == (
        "- a=int(1, 4)",
        "+ a=int(1, 5)",
        "- b=bool()",
        "+ d=bool() if a = 2",
        "- constraint a <= 3",
        "+ constraint a <= 4",
    )


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUE = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    TEXT,
    st.tuples(st.integers(), TEXT),
)


def numbers(least):
    return st.tuples(st.integers(least, 1000), st.integers(least, 1000)).map(sorted)


@st.composite
def definitions(draw):
    kind = draw(st.sampled_from(["real", "int", "log", "choice", "ordinal", "bool", "fixed", "step"]))
    if kind in ("real", "int", "log"):
        low, high = draw(numbers(1))
        flag = draw(st.sampled_from(["", ", log"])) if kind == "int" else ""
        scaled = (low / 7, high / 7) if kind != "int" else (low, high)
        default = draw(st.sampled_from(["", f", default={scaled[1]!r}", ", role=model"]))
        return f"{kind}({scaled[0]!r}, {scaled[1]!r}{flag}{default})"
    if kind == "step":
        low, steps = draw(st.integers(-20, 20)), draw(st.integers(1, 50))
        return f"real({low / 10!r}, {(low + steps) / 10!r}, step=0.1)"
    if kind == "bool":
        return "bool()"
    distinct = st.lists(VALUE, min_size=1, max_size=5, unique_by=lambda each: (isinstance(each, bool), each))
    several = draw(distinct) if kind != "fixed" else [draw(VALUE)]
    return f"{kind}({', '.join(map(spelled.written, several))})"


@given(st.lists(definitions(), min_size=1, max_size=4))
@settings(max_examples=300)
def test_a_space_reads_as_itself_again(found):
    whole = space([f"x{number}={each}" for number, each in enumerate(found)])
    assert space([spelled.parameter(each) for each in whole.parameters]) == whole


@given(TEXT)
def test_a_text_reads_as_itself_again(text):
    assert one(f"fixed({spelled.written(text)})").domain == Domain(type=Type.CATEGORICAL, choices=(text,))


TESTS = st.sampled_from(
    ["a = true", "a != true", "b = 2", "b > 1", "b < 3", "c = x", "c in (x, y)", "c not in (x)", "b is null",
     "c is not null", "d >= 4", "d < 4", "size > s", "size <= s"]
)  # fmt: skip
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.tuples(inner, inner).map(" and ".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} or {pair[1]})"),
    ),
    max_leaves=4,
)
BEFORE = {
    "a": "bool()",
    "b": "int(1, 3)",
    "c": "choice(x, y, z)",
    "d": "int(2, 6, step=2)",
    "size": "ordinal(s, m)",
}


@given(st.dictionaries(st.sampled_from("bcd"), CONDITIONS, max_size=3), CONDITIONS)
@settings(max_examples=150)
def test_a_condition_is_refused_just_where_it_never_holds(conditions, last):
    own = [
        f"{name}={text}" + (f" if {conditions[name]}" if name in conditions else "")
        for name, text in BEFORE.items()
    ]
    try:
        space(own)
    except UsageError:
        return  # another one than the last is off
    points = list(itertools.product([0.01, 0.34, 0.5, 0.67, 0.99], repeat=len(BEFORE)))
    always = UnitSpace(space([*own, "last=1"]))
    ask = question(last, {each.name: each.domain for each in always.space.parameters})
    if any(ask(always.values(always.completed((*each, 0.5)))) is True for each in points):
        whole = UnitSpace(space([*own, f"last=1 if {last}"]))
        assert any("last" in whole.values(whole.completed((*each, 0.5))) for each in points)
    else:
        with pytest.raises(UsageError, match="last never has a value"):
            space([*own, f"last=1 if {last}"])


PIECES = st.sampled_from(
    [
        "x",
        "y",
        "n",
        "u{i}",
        "{i-1}",
        "=",
        "==",
        "<=",
        "if",
        "for",
        "in",
        "i",
        "1..n",
        "1..3",
        "..",
        "real(",
        "int(",
        "log(",
        "choice(",
        "ordinal(",
        "bool()",
        "fixed(",
        "(",
        ")",
        "[",
        "]",
        "step=",
        "default=",
        "role=model",
        "1",
        "0.1",
        "-1",
        "1e400",
        "nan",
        "inf",
        "999999999999999999999999",
        "true",
        "null",
        "and",
        "or",
        "not",
        "is",
        "contains",
        ",",
        "'",
        '"',
        "`",
        "+",
        "-",
        "*",
        "/",
        "\n",
        "ü",
        "�",
        "{",
        "}",
    ]
)
GOOD = st.sampled_from(
    [
        "x=log(1e-5, 1e-1, default=1e-3, role=algorithm)",
        "u{i}=int(8, 256, log) for i in 1..n if y = a",
        "x=real(0, 1, step=0.1) if n >= 2 and not (y in (a, b) or n < 3)",
        "x=choice(a, 'b c', [1, 2], null)",
        "u{i}_{j}=ordinal(1, 2) for i in 1..n for j in 1..3",
        "u{i} <= u{i-1} for i in 2..n",
        "(n + 1) * 2 <= 10 / n or not y = a",
    ]
)


@st.composite
def mended(draw):
    text = draw(GOOD)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 3)))
        text = text[:start] + draw(st.one_of(st.just(""), PIECES)) + text[end:]
    return text


WORDS = st.one_of(st.lists(PIECES, max_size=12).map(" ".join), mended())


@given(st.lists(WORDS, max_size=3), st.lists(WORDS, max_size=2))
@settings(max_examples=200)
@example(["x=int(1,1e400)"], [])
@example(["x=real(0,1,step=inf)"], [])
@example(["x=1e400"], [])
def test_whatever_is_written_is_read_or_refused(texts, constraints):
    with suppress(UsageError):
        space(["n=int(1,3)", "y=choice(a,b)", *texts], constraints)


SCRAPS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["real", "log", "int", "choice", "fixed", "bool", "step", "default", "if", "for", "x"]
            ),
            inner,
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["x", "y{i}", "constraints", "a b"]), SCRAPS))
@settings(max_examples=200)
def test_whatever_a_mapping_holds_is_read_or_refused(mapping):
    with suppress(UsageError):
        space(mapping={"n": {"int": [1, 3]}, **mapping})
