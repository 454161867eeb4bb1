"""``ledger sql``: its forms, its errors, and what it cannot reach."""

import csv
import io

import pytest

pytest.importorskip("duckdb")


@pytest.fixture
def asked(trained):
    return lambda query, **options: trained.document("sql", query, **options)["rows"]


def test_the_document_holds_to_its_schema(trained, accept):
    document = trained.document("sql", 'SELECT name, status, "param.lr" AS lr FROM trials ORDER BY lr')
    accept("sql.v1", document)
    assert document["columns"] == [
        {"name": "name", "type": "VARCHAR"},
        {"name": "status", "type": "VARCHAR"},
        {"name": "lr", "type": "DOUBLE"},
    ]
    assert document["rows"] == [["first", "ok", 0.25], ["second", "ok", 0.5]]
    accept("sql.v1", trained.document("sql", "SELECT * FROM entries"))


def test_the_tables_are_joined_by_id(asked):
    assert asked(
        "SELECT t.name, h.number, m.last FROM trials t "
        "JOIN hyperparameters h ON h.trial = t.id AND h.name = 'lr' "
        "JOIN metrics m ON m.trial = t.id AND m.name = 'accuracy' ORDER BY 1"
    ) == [["first", 0.25, 0.75], ["second", 0.5, 0.5]]
    counted = (
        "SELECT t.name, count(*) FROM entries e JOIN trials t ON e.trial = t.id GROUP BY ALL ORDER BY ALL"
    )
    assert asked(counted) == [["first", 2], ["second", 2]]
    assert asked("SELECT DISTINCT e.id = e.trial FROM entries e WHERE kind = 'trial.started'") == [[True]]


def test_there_are_four_tables_and_they_describe_themselves(asked):
    tables = "SELECT DISTINCT name FROM (SHOW TABLES) WHERE name <> 'stored' ORDER BY 1"
    assert asked(tables) == [["entries"], ["hyperparameters"], ["metrics"], ["trials"]]
    assert ["time", "TIMESTAMP"] in [row[:2] for row in asked("DESCRIBE entries")]


def test_times_are_utc_wherever_the_machine_is(asked):
    query = "SELECT started, CAST(started AS VARCHAR) FROM trials ORDER BY 1 LIMIT 1"
    ((first, text),) = asked(query)
    assert first.endswith("Z")
    assert first[:10] == text[:10]
    assert asked(query, variables={"TZ": "Pacific/Kiritimati"}) == [[first, text]]


def test_values_that_json_has_not(asked):
    ((nan, infinite, blob, many, nothing),) = asked(
        "SELECT 'nan'::DOUBLE, '-inf'::DOUBLE, '\\x00\\xFF'::BLOB, [1.5, NULL], NULL"
    )
    assert (nan, infinite, blob, many, nothing) == ("NaN", "-Infinity", "00ff", [1.5, None], None)


def test_the_page_is_a_table(trained):
    lines = trained("sql", "SELECT name, 'a\nb' AS t, NULL AS none, 1 AS one FROM trials ORDER BY 1").lines
    assert lines[0].split() == ["name", "t", "none", "one"]
    assert lines[1].startswith("first")
    assert len(lines) == 4
    assert lines[-1] == "(2 rows)"


def test_csv(trained):
    text = trained(
        "sql", "--csv", "SELECT name, 'a,\"b' AS t, NULL AS n, true AS b FROM trials ORDER BY 1"
    ).out
    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [
        ["name", "t", "n", "b"],
        ["first", 'a,"b', "", "true"],
        ["second", 'a,"b', "", "true"],
    ]


def test_a_query_comes_from_standard_input(trained):
    assert trained("sql", "--csv", "-", input=b"SELECT count(*) AS n FROM trials").out == "n\n2\n"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT nope FROM trials", '"nope" not found'),
        ("SELECT * FROM trails", "trials"),
        ("SELECT CAST(name AS INTEGER) FROM trials", "Could not convert"),
        ("", "expected one SELECT"),
        ("SELECT 1; SELECT 2", "got 2 statements"),
    ],
)
def test_a_wrong_query_teaches(trained, query, said):
    err = trained("sql", query, code=2).err
    assert err.startswith("error: ")
    assert said in err.split("cause: ")[1].splitlines()[0]
    assert "hint: " in err
    assert len(err.splitlines()) == 3


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM 'https://example.org/a.parquet'",
        "COPY trials TO '{target}'",
        "ATTACH '{target}'",
        "EXPORT DATABASE '{target}'",
        "CREATE TABLE mine AS SELECT 1",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        "DROP VIEW entries",
        "PRAGMA database_list",
    ],
)
def test_a_query_reaches_nothing_else(trained, query):
    file, target = trained.path / "a.csv", trained.path / "target"
    file.write_text("secret\n1\n")
    err = trained("sql", query.format(file=file, target=target), code=2).err
    assert err.startswith("error: ")
    assert "hint: " in err
    assert not target.exists()


def test_two_forms_at_once_are_refused(trained):
    assert "--csv" in trained("sql", "--json", "--csv", "SELECT 1", code=2).err


def test_a_ledger_without_a_trial_has_its_tables(tool):
    tool("init")
    assert tool.document("sql", "SELECT count(*), (SELECT count(*) FROM entries) FROM metrics")["rows"] == [
        [0, 0]
    ]
    assert tool.document("sql", "SELECT * FROM trials")["rows"] == []


def test_without_duckdb_it_says_how_to_get_it(trained, tmp_path):
    (tmp_path / "duckdb.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'duckdb'\", name='duckdb')"
    )
    err = trained("sql", "SELECT 1", code=1, variables={"PYTHONPATH": str(tmp_path)}).err
    assert "not installed" in err
    assert "hint: python -m pip install 'replay-ledger[sql]'" in err
