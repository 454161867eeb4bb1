"""The metric series' test vectors in ``schemas/vectors/``: written anew, or held against what the code says.

python tests/golden/series_vectors.py            write them
python tests/golden/series_vectors.py --check    exit 1 if one differs
"""

import io
import json
import math
import sys
from pathlib import Path
from struct import pack

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import cbor2  # noqa: E402

from ledger.errors import FormatError  # noqa: E402
from ledger.journal import series  # noqa: E402
from ledger.journal.series_format import MAGIC, TRAILER  # noqa: E402
from ledger.model import jsonform  # noqa: E402

VECTORS = ROOT / "schemas" / "vectors"
TIME = 1_700_000_000_000_000_000


def point(name, step, value, *, writer=7, after=0):
    return series.Point(name=name, writer=writer, step=step, time=TIME + after, value=value)


OBJECTS = {
    "no point": [],
    "one point": [point("loss", 0, 0.5)],
    "two metrics of one process": [
        point("loss", 0, 1.5),
        point("accuracy", 0, 0.25, after=1),
        point("loss", 10, 0.75, after=2),
        point("loss", 20, -0.0, after=3),
    ],
    "one metric of two processes": [
        point("loss", 0, 1.0, writer=9),
        point("loss", 0, 2.0, after=1),
        point("loss", 1, 0.5, writer=9, after=2),
    ],
    "NaN, infinities and the ends of 64 bits": [
        point("größe/日本", -(1 << 63), math.nan),
        point("größe/日本", (1 << 63) - 1, math.inf),
        point("all-nan", 0, math.nan, after=1),
        point("tiny", 0, 5e-324, after=1),
        point("größe/日本", 0, -math.inf, after=1),
    ],
}


def written(points):
    file = io.BytesIO()
    summaries = series.write(file, points)
    return file.getvalue(), summaries


def valid(what, points):
    content, summaries = written(points)
    return {
        "what": what,
        "bytes": content.hex(),
        "metrics": {
            name: [
                {"step": str(step), "time": str(time), "value": jsonform.number(value), "writer": writer}
                for step, time, value, writer in zip(
                    each.steps, each.times, each.values, each.writers, strict=True
                )
            ]
            for name, each in series.points(content).items()
        },
        "summaries": jsonform.to_json(summaries),
    }


def sealed(records, table):
    content = cbor2.dumps(table, canonical=True)
    return records + content + TRAILER.pack(len(content), MAGIC)


def damaged():
    whole, _ = written(OBJECTS["two metrics of one process"])
    one = pack("<qqqd", 0, 0, TIME, 1.0)
    name = [["loss", 0]]
    table = {"v": 1, "keys": name}
    yield "an empty file", b""
    yield "its last byte is missing", whole[:-1]
    yield "its first byte is missing", whole[1:]
    yield "another magic", whole[:-8] + b"LDGRSER2"
    yield (
        "a table longer than the file",
        whole[:-16] + TRAILER.pack(len(whole), MAGIC),
    )
    yield "a later version", sealed(one, {"v": 2, "keys": name})
    yield "no version", sealed(one, {"keys": name})
    yield "a table that is no map", sealed(one, name)
    yield "a field that is not known", sealed(one, {**table, "more": 1})
    yield "a key without a writer", sealed(one, {"v": 1, "keys": [["loss"]]})
    yield "a name that is no text", sealed(one, {"v": 1, "keys": [[1, 0]]})
    yield "an empty name", sealed(one, {"v": 1, "keys": [["", 0]]})
    yield "writers that do not begin at 0", sealed(one, {"v": 1, "keys": [["loss", 1]]})
    yield "a key twice", sealed(one + pack("<qqqd", 1, 0, TIME, 1.0), {"v": 1, "keys": name * 2})
    yield "a key without a record", sealed(b"", table)
    yield "a record of a key past the table", sealed(one + pack("<qqqd", 1, 0, TIME, 1.0), table)
    yield "a record of a negative key", sealed(one + pack("<qqqd", -1, 0, TIME, 1.0), table)
    yield "a record without a time", sealed(one + pack("<qqqd", 0, 0, 0, 1.0), table)
    two = {"v": 1, "keys": [["loss", 0], ["accuracy", 0]]}
    yield "keys that are not in the order of their records", sealed(pack("<qqqd", 1, 0, TIME, 1.0) + one, two)
    loose = b"\xa2\x61v\x01\x64keys\x81\x82\x64loss\x18\x00"
    yield (
        "a table that is not canonical",
        one + loose + TRAILER.pack(len(loose), MAGIC),
    )


def refusal(content):
    try:
        series.points(content)
    except FormatError as error:
        return f"{error.message}: {error.cause}"
    raise AssertionError("it was read")


def vectors():
    return {
        "description": "Metric series objects. Bytes are hexadecimal; steps and times are text, because JSON "
        "readers round integers past 2**53. What is invalid must be refused; the words may differ.",
        "valid": [valid(what, points) for what, points in OBJECTS.items()],
        "invalid": [
            {"what": what, "bytes": content.hex(), "error": refusal(content)} for what, content in damaged()
        ],
    }


def main(check: bool) -> list[str]:
    """Write the vectors, or return the names of those that differ."""
    path = VECTORS / "series.json"
    text = json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"
    if check:
        return [] if path.exists() and path.read_text("utf-8") == text else [path.name]
    path.write_text(text, "utf-8")
    return []


if __name__ == "__main__":
    found = main("--check" in sys.argv[1:])
    print("\n".join(f"differs: {name}" for name in found) or "as expected")
    sys.exit(bool(found))
