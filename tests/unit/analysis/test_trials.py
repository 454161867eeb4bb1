import math

import pyarrow as pa
import pytest

from ledger.analysis.trials import SCHEMA, table


def made(sparse, rows):
    fixed = {each.name: [None] * rows for each in SCHEMA}
    fixed |= {"id": ["x"] * rows, "status": ["ok"] * rows, "started": [1_700_000_000_000_000] * rows}
    found = table(fixed, sparse)
    found.validate(full=True)
    return found


@pytest.mark.parametrize(
    ("values", "kind", "told"),
    [
        ([True, None, False], pa.bool_(), [True, None, False]),
        ([1, None, -(2**63)], pa.int64(), [1, None, -(2**63)]),
        ([1, 2**63], pa.string(), ["1", str(2**63)]),
        ([1, 2.5, None], pa.float64(), [1.0, 2.5, None]),
        ([10**400, -(10**400), 0.5], pa.float64(), [math.inf, -math.inf, 0.5]),
        (["é", None, ""], pa.string(), ["é", None, ""]),
        (["\udcff"], pa.string(), ["�"]),
        ([1, True], pa.string(), ["1", "true"]),
        ([(1, "é"), None], pa.string(), ['[1, "é"]', None]),
        ([None, None], pa.null(), [None, None]),
        ([True] * 9 + [None] * 8, pa.bool_(), [True] * 9 + [None] * 8),
    ],
)
def test_kinds_of_columns(values, kind, told):
    found = made({"param.x": values}, len(values))
    assert found.schema.field("param.x").type == kind
    assert found["param.x"].to_pylist() == told


def test_fixed_columns_have_their_types_without_a_row():
    assert made({}, 0).schema == SCHEMA


def test_times_are_utc():
    assert made({}, 1)["started"].to_pylist()[0].isoformat() == "2023-11-14T22:13:20+00:00"
