import math
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.model import HealthLine, HealthState, Status, Verdict
from ledger.model.filter_syntax import parse
from ledger.ops import search
from ledger.ops.columns import order
from ledger.ops.filter import matcher, select
from ledger.ops.machines import Machines
from ledger.ops.receipts import Receipts
from ledger.ops.search import Question

NO_REPLAYS = Receipts({})


@pytest.fixture
def ids(maker):
    return {
        "a": maker.trial(
            name="a",
            experiment="x",
            tags=("best", "old"),
            params={"lr": 0.1, "layers": (64, 32), "opt": "adam", "bias": True, "seed": 1},
            metrics={"loss": [(0, 2.0), (1, 0.5)], "val/acc": 0.9},
            seed=7,
        ),
        "b": maker.trial(
            name="b",
            params={
                "lr": 1,
                "layers": "auto",
                "opt": "sgd",
                "bias": False,
                "odd name": 3,
                "none": None,
                "mixed": (None, 1, "x"),
                "empty": (),
            },
            metrics={"loss": math.nan},
        ),
        "c": maker.trial(
            name="c", status=Status.FAILED, params={"lr": "auto", "in": 5}, message='it\'s "so"'
        ),
        "d": maker.start(name="d")[0],
    }


@pytest.fixture(autouse=True)
def by_index_alone(monkeypatch):
    """What is asked of a journal is answered by its index."""
    monkeypatch.setattr(search, "_by_reading", None)


def names(maker, where):
    """Names of what is selected, by reading trial after trial and by the index."""
    trials = maker.trials
    matches = matcher(where, trials, Receipts(trials.receipts, Machines(maker.store)))
    found = "".join(trial.name for trial in trials if matches(trial))
    assert asked(maker, where=where) == found[::-1]
    return found


def asked(maker, **question):
    return shown(search.find(maker.journal, Question(**question), maker.store).chosen)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("lr = 0.1", "a"),
        ("lr == 1e-1", "a"),
        ("lr = 1.0", "b"),
        ("lr=1", "b"),
        ("lr<0.5", "a"),
        ("lr <= 1", "ab"),
        ("lr > -1", "ab"),
        ("lr >= 1", "b"),
        ("lr != 0.1", "bc"),
        ("not lr = 0.1", "bc"),
        ("lr = auto", "c"),
        ("lr >= a", "c"),
        ("lr in (0.1, 'auto')", "ac"),
        ("lr not in (0.1, 'auto')", "b"),
        ("param.lr = 1", "b"),
        ("opt contains da", "a"),
        ("opt not contains da", "b"),
        ("lr contains ut", "c"),
        ("layers contains 64", "a"),
        ("layers = 32", "a"),
        ("layers > 60", "a"),
        ("layers != 32", "b"),
        ("layers != 7", "ab"),
        ("layers > 100", ""),
        ("not layers > 100", "a"),
        ("not layers > 60", ""),
        ("mixed > 3", ""),
        ("not mixed > 3", "b"),
        ("empty > 3", ""),
        ("not empty > 3", "b"),
        ("not empty > x", "b"),
        ("not mixed > 1", "b"),
        ("not mixed > x", "b"),
        ("mixed > w", "b"),
        ("lr < 1", "a"),
        ("lr > 0.1", "b"),
        ("bias = true", "a"),
        ("bias = FALSE", "b"),
        ("bias != true", "b"),
        ("bias = 1", ""),
        ("`odd name` = 3", "b"),
        ("param.`odd name` = 3", "b"),
        ("`in` = 5", "c"),
        ("none is null", "abcd"),
        ("none is not null", ""),
        ("opt is null", "cd"),
        ("not opt is null", "ab"),
        ("opt IS NOT NULL", "ab"),
        ("loss = NaN", "b"),
        ("loss < 1", "a"),
        ("metric.loss < 1", "a"),
        ("loss.max = 2", "a"),
        ("metric.loss.count = 2", "a"),
        ("loss.min < 0.6", "a"),
        ("val/acc > 0.5", "a"),
        ("status = ok", "ab"),
        ("status in (failed, running)", "cd"),
        ("status != ok", "cd"),
        ("name = 'a'", "a"),
        ("name contains b or name = c and lr = auto", "bc"),
        ("(name = b or name = c) and lr = auto", "c"),
        ("not (name = b or name = c)", "ad"),
        ("not not name = a", "a"),
        ("experiment = x", "a"),
        ("tag = best", "a"),
        ("tag = old and tag in (best)", "a"),
        ("tag is null", "bcd"),
        ("seed = 7", "a"),
        ("param.seed = 1", "a"),
        ("exit_code = 1", "c"),
        ("duration_s > 1", "abc"),
        ("metric.duration_s > 1", "abc"),
        ("peak_memory >= 1000", "abc"),
        ("commit = c0ffee", "abcd"),
        ("dirty = false", "abcd"),
        ("message = 'it''s \"so\"'", "c"),
        ('message = "it\'s ""so"""', "c"),
        ("started >= 2023-11-14", "abcd"),
        ("started > 2023-11-14T22:13:22", "bcd"),
        ("started < '2023-11-14 22:13:22'", "a"),
        ("started > 2024", ""),
        ("started contains 2023-11-14", "abcd"),
    ],
)
def test_what_is_selected(maker, ids, where, expected):
    assert names(maker, where) == expected


def test_an_id_can_be_asked_for(maker, ids):
    assert names(maker, f"id = {ids['b']}") == "b"
    assert names(maker, f"id contains {ids['b'].hex()[:12]}") == "b"


@pytest.mark.parametrize("part", ["opt = adam", "opt != adam", "opt in (adam)", "opt contains a", "opt < b"])
def test_a_missing_value_never_matches_nor_does_its_opposite(maker, ids, part):
    for where in (part, f"not ({part})", f"not not ({part})"):
        assert not set(names(maker, where)) & {"c", "d"}


@pytest.mark.parametrize(
    ("where", "column", "cause"),
    [
        ("", 0, "empty"),
        ("  ", 0, "empty"),
        ("lr", 2, "expected =, !=, <"),
        ("lr <", 4, "expected a value, got the end"),
        ("lr < < 3", 5, "expected a value, got <"),
        ("lr = 1 name = a", 7, "expected and, or, or the end, got name"),
        ("(lr = 1", 7, "expected ), got the end"),
        ("lr = 1)", 6, "expected and, or, or the end, got )"),
        ("lr in 1", 6, "expected (, got 1"),
        ("lr in (1 2)", 9, "expected ), got 2"),
        ("lr in ()", 7, "expected a value, got )"),
        ("lr is 3", 6, "expected null, got 3"),
        ("lr not = 3", 7, "expected contains or in, got ="),
        ("and lr = 3", 0, "expected a name, got and"),
        ("lr = 'a", 5, "' is not closed"),
        ("`lr = 3", 0, "` is not closed"),
        ("lr = null", 5, "null equals nothing"),
        ("lr = 1 and lrr = 2", 11, "no trial has lrr"),
        ("opt > 3", 6, "no value of opt has an order against 3: it is text, and 3 is a number"),
        ("bias > false", 7, "no value of bias has an order"),
        ("tag > 3", 6, "it is a list, and 3 is a number"),
        ("started > yesterday", 10, "expected a UTC time"),
    ],
)
def test_mistakes_point_at_their_place(maker, ids, where, column, cause):
    with pytest.raises(UsageError) as caught:
        matcher(where, maker.trials, NO_REPLAYS)
    with pytest.raises(UsageError) as by_index:
        asked(maker, where=where)
    assert str(by_index.value) == str(caught.value)
    text, shown, caret = caught.value.cause.split("\n")
    assert cause in text
    assert shown == f"  {where}"
    assert caret == f"  {' ' * column}^"
    assert caught.value.exit_code == 2


def test_an_unknown_name_comes_with_the_nearest(maker, ids):
    for where, near in (("l_r = 1", "lr"), ("metric.val/ac > 1", "val/acc")):
        with pytest.raises(UsageError, match=near) as caught:
            matcher(where, maker.trials, NO_REPLAYS)
        with pytest.raises(UsageError) as by_index:
            asked(maker, where=where)
        assert str(by_index.value) == str(caught.value)


def test_a_name_of_both_kinds_must_say_which(maker):
    maker.trial(params={"loss": "mse"}, metrics={"loss": 0.1})
    with pytest.raises(UsageError) as caught:
        matcher("loss < 1", maker.trials, NO_REPLAYS)
    assert caught.value.hint == "say which: param.loss or metric.loss"
    assert matcher("param.loss = mse and metric.loss < 1", maker.trials, NO_REPLAYS)(next(iter(maker.trials)))


def test_where_nothing_is_recorded_no_name_is_wrong(maker):
    assert select(tuple(maker.trials), NO_REPLAYS, where="anything < 3", sort="whatever") == []
    assert asked(maker, where="anything < 3", sort="whatever") == ""


def test_deep_nesting_is_refused():
    for where in ("(" * 10_000 + "a = 1" + ")" * 10_000, "not " * 10_000 + "a = 1"):
        with pytest.raises(UsageError, match="levels deep"):
            parse(where)
    parse(" and ".join(["a = 1"] * 10_000))


WORDS = [
    "lr",
    "=",
    "!=",
    "<",
    ">=",
    "(",
    ")",
    ",",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "contains",
    "`",
    "'",
    '"',
]
WORDS += ["0.1", "-1e5", "true", "param.", "metric.", "x", "!", "nan", "started", "9" * 5000]


@given(
    st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join) | st.lists(st.sampled_from(WORDS)).map("".join)
)
@example("lr = " + "9" * 5000)
@example("lr = ٣")
def test_a_filter_parses_or_teaches(where):
    with suppress(UsageError):
        matcher(where, (), NO_REPLAYS)


VALUES = st.booleans() | st.integers() | st.floats() | st.text()


@given(VALUES)
def test_a_quoted_or_bare_value_is_read_as_it_was_written(value):
    if isinstance(value, str):
        text = "'" + value.replace("'", "''") + "'"
    else:
        text = str(value)
    got = parse(f"x = {text}").values[0].value
    assert type(got) is type(value)
    assert got == value or (got != got and value != value)


def shown(trials):
    return "".join(trial.name for trial in trials)


def test_newest_first_and_limited(maker, ids):
    trials = tuple(maker.trials)
    assert shown(select(trials, NO_REPLAYS)) == "dcba"
    assert shown(select(trials, NO_REPLAYS, limit=2)) == "dc"
    assert shown(select(trials, NO_REPLAYS, limit=0)) == ""
    assert shown(select(trials, NO_REPLAYS, where="status = ok", limit=1)) == "b"
    assert asked(maker) == "dcba"
    assert asked(maker, limit=2) == "dc"
    assert asked(maker, limit=0) == ""
    assert asked(maker, where="status = ok", limit=1) == "b"
    with pytest.raises(UsageError):
        select(trials, NO_REPLAYS, limit=-1)
    with pytest.raises(UsageError):
        asked(maker, limit=-1)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("name", "abcd"),
        ("-name", "dcba"),
        ("lr", "abcd"),
        ("-lr", "cbad"),
        ("loss", "adcb"),
        ("-loss", "adcb"),
        ("status,-name", "cbad"),
        ("-started", "dcba"),
    ],
)
def test_sorting(maker, ids, keys, expected):
    trials = tuple(maker.trials)
    assert shown(select(trials, NO_REPLAYS, sort=keys)) == expected
    for limit in range(5):
        assert asked(maker, sort=keys, limit=limit) == shown(
            select(trials, NO_REPLAYS, sort=keys, limit=limit)
        )


def test_sorting_keeps_the_order_of_ties(maker, ids):
    trials = tuple(maker.trials)
    assert shown(order(trials, "commit", NO_REPLAYS)) == "abcd"
    assert shown(order(trials, "-commit", NO_REPLAYS)) == "abcd"


def test_an_unknown_sort_key(maker, ids):
    with pytest.raises(UsageError, match="no trial has los\n"):
        select(tuple(maker.trials), NO_REPLAYS, sort="los")
    with pytest.raises(UsageError, match="no trial has los\n"):
        asked(maker, sort="los")


SAME, OTHER = Verdict.IDENTICAL, Verdict.DIVERGED


@pytest.fixture
def replayed(maker):
    """Trials with replays: none, on one machine, on two, with another result, and of a changed condition."""
    lines = {
        "complete": (HealthLine(part="code", state=HealthState.COMPLETE),),
        "partial": (
            HealthLine(part="code", state=HealthState.PARTIAL, reason="x"),
            HealthLine(part="probe", state=HealthState.ABSENT, reason="y"),
            HealthLine(part="host", state=HealthState.COMPLETE),
        ),
    }
    ids = {
        name: maker.trial(name=name, health=health)
        for name, health in [
            ("a", lines["complete"]),
            ("b", lines["complete"]),
            ("c", lines["partial"]),
            ("d", lines["partial"][:1]),
            ("e", ()),
        ]
    }
    again = maker.put(replace(maker.host, system="another kernel"))
    elsewhere = maker.put(replace(maker.host, hostname="elsewhere"))
    for name, verdict, fields in [
        ("b", SAME, {}),
        ("b", Verdict.EQUIVALENT, {"host": again}),
        ("c", SAME, {}),
        ("c", SAME, {"host": elsewhere}),
        ("d", OTHER, {"host": elsewhere}),
        ("d", SAME, {}),
        ("e", SAME, {"varied": ("umask: 2 → 7",)}),
    ]:
        maker.replay(ids[name], verdict, **fields)
    return ids


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("replayed == identical", "bcd"),
        ("replayed = equivalent", "b"),
        ("replayed != diverged", "bc"),
        ("not replayed = diverged", "bc"),
        ("replayed in (diverged, incomparable)", "d"),
        ("replayed is null", "ae"),
        ("replays > 0", "bcd"),
        ("replays = 0", "ae"),
        ("replays >= 2 and replayed not contains diverged", "bc"),
        ("machines > 1", "c"),
        ("machines = 1", "bd"),
        ("machines = 0", "ae"),
        ("health = complete", "ab"),
        ("health != complete", "cd"),
        ("health = partial", "cd"),
        ("health = absent", "c"),
        ("health is null", "e"),
        ("lacking = code", "cd"),
        ("lacking in (probe, wheels)", "c"),
        ("lacking is null", "abe"),
    ],
)
def test_receipts_and_health_are_asked_for(maker, replayed, where, expected):
    assert names(maker, where) == expected


def test_trials_are_sorted_by_what_their_replays_have_shown(maker, replayed):
    assert asked(maker, sort="-machines,name", where="machines > 0") == "cbd"
    told = Receipts(maker.trials.receipts, Machines(maker.store))
    assert shown(select(tuple(maker.trials), told, sort="-replays,-machines,name")) == "cbdae"


def test_a_replay_counts_once_it_is_recorded(maker, replayed):
    assert names(maker, "replays = 0") == "ae"
    maker.replay(replayed["a"], OTHER)
    assert names(maker, "replays = 0") == "e"
    assert names(maker, "replayed = diverged") == "ad"
