"""The tables of fields in ``schemas/README.md``: written anew, or held against the code.

python tests/golden/format_tables.py            write them
python tests/golden/format_tables.py --check    exit 1 if one differs
"""

import ast
import inspect
import re
import sys
from dataclasses import MISSING, fields
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ledger import model as m  # noqa: E402
from ledger.model import entry, findings, search, space, trial  # noqa: E402
from ledger.model.entry import KNOWN  # noqa: E402

FILE = ROOT / "schemas" / "README.md"
MARKS = re.compile(r"(<!-- (\w+): made by tests/golden/format_tables.py -->\n).*?(<!-- end -->)", re.S)

OBJECTS = (m.Manifest, m.Environment, m.Host)
NAMED = (m.Intent, m.Recipe)
PARTS = (
    trial.CodeSnapshot,
    trial.NestedRepository,
    trial.Notebook,
    trial.Distribution,
    trial.Wheel,
    trial.Interpreter,
    trial.Gpu,
    trial.Hyperparameter,
    trial.Artifact,
    trial.Observed,
    trial.ThreadPool,
    trial.SeededGenerator,
    trial.Entropy,
    trial.Outcome,
    trial.Stream,
    trial.MetricSummary,
    findings.HealthLine,
    findings.Difference,
    findings.Cause,
    entry.DroppedContent,
    m.OriginHead,
    search.Search,
    space.Space,
    space.Parameter,
    space.Domain,
    space.Objective,
)
_WORDS = {
    "str": "text",
    "int": "integer",
    "float": "float",
    "bool": "boolean",
    "bytes": "bytes",
    "Digest": "digest",
    "Value": "value",
    "Any": "any",
    "ManifestEntry": "row",
    "dict[str, Any]": "map",
}


def notes(kind):
    """What stands under each field in the code."""
    body = ast.parse(dedent(inspect.getsource(kind))).body[0].body
    found = {}
    for field, after in pairwise(body):
        text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and after.value.value
        if isinstance(field, ast.AnnAssign) and isinstance(text, str):
            found[field.target.id] = re.sub(r"\bNone\b", "null", " ".join(text.split()))
    return found


def hints(kind):
    body = ast.parse(dedent(inspect.getsource(kind))).body[0].body
    return {each.target.id: ast.unparse(each.annotation) for each in body if isinstance(each, ast.AnnAssign)}


def words(hint):
    """A type as a reader in another language would call it."""
    return _words(ast.parse(hint, mode="eval").body)


def _words(node):
    text = ast.unparse(node)
    if text in _WORDS:
        return _WORDS[text]
    if isinstance(node, ast.BinOp):
        return f"{_words(node.left)} or {_words(node.right)}"
    if text == "None":
        return "null"
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts
        if ast.unparse(inner[-1]) == "...":
            each = _words(inner[0])
            return f"array of ({each})" if isinstance(inner[0], ast.BinOp) else f"array of {each}"
        return f"[{', '.join(_words(each) for each in inner)}]"
    kind = next(getattr(place, text) for place in (m, trial, findings, space) if hasattr(place, text))
    return " ".join(f"`{each}`" for each in kind) if issubclass(kind, StrEnum) else text


def default(field):
    if field.default is MISSING:
        return "required"
    if field.default is None:
        return "null"
    if field.default == ():
        return "[]"
    return f"`{str(field.default).lower()}`"


def table(kind, title):
    types, said = hints(kind), notes(kind)
    rows = [
        f"| `{each.name}` | {words(types[each.name])} | {default(each)} | "
        f"{said.get(each.name, '').replace('``', '`').replace('|', chr(92) + '|')} |"
        for each in fields(kind)
    ]
    summary = " ".join(kind.__doc__.split("\n\n")[0].split())
    head = [f"#### {title}", "", summary, "", "| field | is | default | |", "|---|---|---|---|"]
    return "\n".join([*head, *rows])


def made():
    groups = {
        "objects": [table(kind, kind.__name__) for kind in OBJECTS],
        "named": [table(kind, kind.__name__) for kind in NAMED],
        "entries": [table(kind, f"`{name}`") for name, kind in KNOWN.items()],
        "parts": [table(kind, kind.__name__) for kind in PARTS],
    }
    return {name: "\n\n".join(each) for name, each in groups.items()}


def main(check):
    """Write the tables, or return the names of the groups that differ."""
    text, now, differ = FILE.read_text("utf-8"), made(), []

    def group(match):
        new = f"{match[1]}\n{now[match[2]]}\n\n{match[3]}"
        if new != match[0]:
            differ.append(match[2])
        return new

    new = MARKS.sub(group, text)
    missing = [name for name in now if f"<!-- {name}: " not in text]
    if check:
        return differ + missing
    FILE.write_text(new, "utf-8")
    return missing


if __name__ == "__main__":
    found = main("--check" in sys.argv[1:])
    print("\n".join(f"differs: {name}" for name in found) or "as expected")
    sys.exit(bool(found))
