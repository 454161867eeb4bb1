import io
import sqlite3
import tempfile
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.compare.base import Tolerance
from ledger.compare.tables import sqlite


def made(*statements, rows=(), table="t"):
    """A database as its program leaves it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "a.db")
        with closing(sqlite3.connect(path)) as database:
            for each in statements:
                database.execute(each)
            for each in rows:
                database.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(each))})", each)
            database.commit()
        return path.read_bytes()


def compare(expected, got, **tolerance):
    return sqlite.compare(io.BytesIO(expected), io.BytesIO(got), Tolerance(**tolerance))


KEYED = "CREATE TABLE t (id INTEGER PRIMARY KEY, loss REAL, who TEXT)"
ROWS = [(each, each / 7, f"name {each}") for each in range(1, 1001)]


def test_pages_do_not_count():
    messy = made(KEYED, "CREATE TABLE u (x)", "DROP TABLE u", "PRAGMA page_size = 1024", rows=ROWS[::-1])
    result = compare(made("PRAGMA page_size = 8192", KEYED, rows=ROWS), messy)
    assert (result.same, result.exact, result.detail) == (True, False, "only page layouts differ")


def test_numbers_are_compared_within_the_tolerance():
    other = made(KEYED, rows=[(key, loss * (1 + 1e-9), who) for key, loss, who in ROWS])
    apart, near = compare(made(KEYED, rows=ROWS), other), compare(made(KEYED, rows=ROWS), other, rtol=1e-8)
    assert not apart.same
    assert apart.detail.startswith("t.loss: 1000 of 1000 numbers differ, by up to 1.43e-07, relatively 1e-09")
    assert near.same
    assert near.detail.startswith("within rtol 1e-08, atol 0: t.loss: 1000 of 1000 numbers differ")
    assert near.distance.compared == 2000


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        ((KEYED,), (KEYED, "CREATE TABLE u (x)"), "table u: only the second has it"),
        ((KEYED,), (KEYED, "INSERT INTO t VALUES (7, 1, 'x')"), "t: only the second has 1 row more"),
        (
            (KEYED, "INSERT INTO t VALUES (7, 1, 'x')"),
            (KEYED, "INSERT INTO t VALUES (7, 1, 'y')"),
            "t.who: row 1: 'x' and 'y'",
        ),
        (
            ("CREATE TABLE t (a, b)",),
            ("CREATE TABLE t (a, c)",),
            "table t: its SQL differs; t.b: only the first",
        ),
        (("CREATE TABLE t (a)",), ("CREATE TABLE t (a PRIMARY KEY)",), "t: another primary key"),
        ((KEYED, "CREATE INDEX i ON t (who)"), (KEYED,), "index i: only the first has it"),
        ((KEYED, "PRAGMA user_version = 3"), (KEYED, "PRAGMA user_version = 4"), "user_version: 3 and 4"),
        (
            ("CREATE TABLE t (a)", "INSERT INTO t VALUES ('a')"),
            ("CREATE TABLE t (a)", "INSERT INTO t VALUES (x'61')"),
            "t.a: row 1: 'a' and b'a'",
        ),
        (
            ("CREATE TABLE t (a)", "INSERT INTO t VALUES (NULL)"),
            ("CREATE TABLE t (a)", "INSERT INTO t VALUES (0)"),
            "t.a: row 1: None and 0",
        ),
    ],
)
def test_what_differs_is_said(expected, got, detail):
    result = compare(made(*expected), made(*got), atol=100)
    assert not result.same
    assert detail in result.detail


def test_a_row_more_moves_no_other():
    longer = made(KEYED, rows=[(0, 0.5, "new"), *ROWS])
    assert compare(made(KEYED, rows=ROWS), longer).detail == "t: only the second has 1 row more"


KEYS = st.integers(-5, 5) | st.floats(-2, 2) | st.text("aéZ\uffff", max_size=2) | st.binary(max_size=2)
DISTINCT = st.lists(st.tuples(KEYS, st.text()), unique_by=lambda row: row[0], min_size=1)


@settings(max_examples=25)
@given(DISTINCT, st.randoms())
def test_rows_of_any_key_find_each_other(rows, random):
    create = "CREATE TABLE t (k PRIMARY KEY, v)"
    result = compare(made(create, rows=rows), made(create, rows=random.sample(rows, len(rows))))
    assert result.same


def test_nothing_in_it_is_run():
    statements = (
        "CREATE TABLE t (a, b AS (abs(a)) STORED)",
        "CREATE VIEW v AS SELECT load_extension('x'), * FROM t",
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t; END",
        "CREATE INDEX i ON t (abs(a))",
    )
    one, other = (made(*statements[:1], f"INSERT INTO t VALUES ({each})", *statements[1:]) for each in (1, 2))
    assert compare(one, other).detail == "t.a: 1 and 2"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT abs(1)",
        "ATTACH ':memory:' AS x",
        "PRAGMA trusted_schema = ON",
        "DELETE FROM t",
        "CREATE TEMP TABLE x (a)",
        "SELECT * FROM pragma_table_info('t')",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n",
    ],
)
def test_no_more_than_reading_is_allowed(tmp_path, query):
    content = io.BytesIO(made("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)"))
    with sqlite._opened(content, tmp_path / "a") as database:
        assert database.execute("SELECT a FROM t").fetchall() == [(1,)]
        with pytest.raises(sqlite3.DatabaseError):
            database.execute(query).fetchmany(10)


def test_virtual_tables_are_left_out_and_said():
    create = "CREATE VIRTUAL TABLE t USING fts5(a)"
    one, other = made(create, "PRAGMA page_size = 1024"), made(create, "CREATE TABLE x (y)", "DROP TABLE x")
    result = compare(one, other)
    assert result.same
    assert result.detail == "only virtual tables (not looked into) and page layouts differ"


def test_a_database_that_takes_too_long_is_compared_as_bytes(monkeypatch):
    monkeypatch.setattr(sqlite, "_PATIENCE", -1e9)
    monkeypatch.setattr(sqlite, "_STEPS", 1)
    result = compare(made(KEYED, rows=ROWS), made(KEYED, rows=ROWS[:-1]))
    assert not result.same
    assert "compared as bytes: no readable database: interrupted" in result.detail


def test_a_database_in_wal_mode_is_read():
    one, other = (made("PRAGMA journal_mode = WAL", KEYED, rows=ROWS[:each]) for each in (3, 4))
    assert compare(one, other).detail == "t: only the second has 1 row more"


def test_no_database_is_compared_as_bytes():
    result = compare(b"a", b"b")
    assert result.detail == "bytes differ from offset 0 on (compared as bytes: no SQLite database)"


DATABASE = made("PRAGMA page_size = 512", KEYED, "CREATE INDEX i ON t (who)", rows=ROWS[:40])


@settings(max_examples=50)
@given(st.integers(0, len(DATABASE) - 1))
def test_a_truncated_database_is_no_crash(size):
    result = compare(DATABASE, DATABASE[:size])
    assert not result.exact
    assert result.detail


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(16, len(DATABASE) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_corrupted_database_is_no_crash(changes):
    content = bytearray(DATABASE)
    for place, byte in changes:
        content[place] = byte
    result = compare(DATABASE, bytes(content))
    assert result.exact is (bytes(content) == DATABASE)


def test_memory_does_not_grow_with_the_database():
    peaks = []
    for count in (2_000, 40_000):
        rows = [(each, each / 7, "x" * 50) for each in range(count)]
        one, other = made(KEYED, rows=rows), made(KEYED, rows=[*rows[:-1], (count, 1, "")])
        tracemalloc.start()
        assert not compare(one, other).same
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (4 << 20)
