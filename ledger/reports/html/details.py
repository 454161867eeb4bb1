"""The parts of a page that tell of single trials, and of two side by side."""

from typing import Any

from ledger.model import Difference
from ledger.ops.text import command, count, duration, exact, moment, short, size, value
from ledger.reports.apart import Apart
from ledger.reports.html.elements import Markup, data_table, joined, pairs, section, tag
from ledger.reports.report import Focused, Report

_DIFFERENCES = 40
_FILES = 20


def apart(report: Report) -> Markup:
    """Pairs of trials."""
    return section(
        "diffs",
        "What differs",
        *(_pair(each) for each in report.apart),
        *(tag("p", each, class_="warn") for each in report.problems),
    )


def _pair(found: Apart) -> Markup:
    diff = found.diff
    parts = [
        _differences(name, each) for name, each in diff.sections.items() if any(one.counted for one in each)
    ]
    code = None
    if found.code:
        more = tag("p", "The rest: ", tag("code", _diff_command(found))) if found.more else None
        code = tag("details", tag("summary", "code, line by line"), _unified(found.code), more)
    return tag(
        "article",
        tag("h3", tag("code", found.a.id.short), " and ", tag("code", found.b.id.short)),
        tag("p", f"{diff.summary} ({found.why})"),
        *parts,
        code,
        *(tag("p", f"{each.part}: {each.reason}", class_="warn") for each in diff.problems),
        tag("p", "Again: ", tag("code", _diff_command(found)), class_="dim"),
    )


def _diff_command(found: Apart) -> str:
    return f"ledger diff {found.a.id.short} {found.b.id.short} --code"


def _differences(name: str, found: tuple[Difference, ...]) -> Markup:
    counted = [each for each in found if each.counted]
    rows = [
        (each.path, _shown(each.expected), _shown(each.got), each.detail or "")
        for each in counted[:_DIFFERENCES]
    ]
    more = len(counted) - len(rows)
    table = data_table(("", "a", "b", ""), rows, caption=name.capitalize())
    return joined((table, tag("p", f"{more} more", class_="dim") if more else None))


def _shown(found: Any) -> str:
    if isinstance(found, str) and found.startswith("b3:"):
        return short(found)
    return "" if found is None else exact(found)[:300]


def _unified(lines: tuple[str, ...]) -> Markup:
    kinds = {"+": "ins", "-": "del", "@": "b"}
    shown = []
    for each in lines:
        name = kinds.get(each[:1])
        shown.append(tag("span", each) if name is None else tag(name, each))
    return tag("pre", joined(shown, "\n"), tabindex="0")


def trials(report: Report) -> Markup:
    """Each trial in focus, in full."""
    first = tag("p", "Any trial of the table is made again by: ", tag("code", "ledger replay ID"), ".")
    found = [_trial(each, is_open=place < 3) for place, each in enumerate(report.focused)]
    return section("trials", "Trials one by one", first, *found)


def _trial(found: Focused, *, is_open: bool) -> Markup:
    trial, document = found.trial, found.document
    name = f" {trial.name}" if trial.name else ""
    code, environment, host = document["code"] or {}, document["environment"], document["host"]
    facts = [
        ("id", tag("code", str(trial.id))),
        ("replay it", tag("code", f"ledger replay {trial.id.short}", class_="copy")),
        ("command", tag("code", command(trial.intent.argv))),
        ("why", trial.message),
        ("tags", ", ".join(trial.tags)),
        ("started (UTC)", moment(document["started"])),
        ("took", duration(document["duration_s"]) if trial.outcome else None),
        ("peak memory", size(document["peak_memory"]) if trial.outcome else None),
        ("commit", _commit(code)),
        ("environment", _environment(environment)),
        ("host", f"{host['hostname']}: {host['cpu']}" if host["hostname"] else None),
        ("recipe", tag("code", short(str(trial.recipe))) if trial.recipe else None),
    ]
    parameters = [
        (each["name"], value(each["value"]), each["type"], each["role"] or "", each["source"])
        for each in document["parameters"]
    ]
    metrics = [
        tuple(value(each[key]) for key in ("name", "last", "min", "max", "count"))
        for each in document["metric_summaries"]
    ]
    return tag(
        "details",
        tag(
            "summary", tag("code", trial.id.short), f"{name} ", tag("span", str(trial.status), class_="mark")
        ),
        pairs(facts),
        _table(("hyperparameter", "value", "type", "role", "source"), parameters, "Hyperparameters"),
        _seeds(document["seeds"]),
        _table(("metric", "last", "min", "max", "points"), metrics, "Metrics", right=range(1, 5)),
        _files(document["inputs"], "Inputs"),
        _files(document["outputs"], "Outputs"),
        _health(document["health"]),
        _proven(found),
        id=f"t-{trial.id.short}",
        open=is_open,
    )


def _table(header: tuple[str, ...], rows: list[Any], caption: str, right: Any = ()) -> Markup | None:
    return data_table(header, rows, caption=caption, right=right) if rows else None


def _commit(code: dict[str, Any]) -> str | None:
    if not code:
        return None
    commit = f"{code['commit'][:12]} " if code.get("commit") else ""
    return f"{commit}tree {short(code['tree'])}" + (", dirty" if code.get("dirty") else "")


def _environment(found: dict[str, Any]) -> str:
    if found["python"] is None:
        return short(found["digest"])
    packages = count(len(found["packages"] or ()), "package")
    return f"{short(found['digest'])}: Python {found['python']}, {packages}, {found['platform']}"


def _seeds(found: dict[str, Any]) -> Markup | None:
    seeded = ", ".join(f"{each['generator']} = {each['value']}" for each in found["seeded"])
    drawn = ", ".join(f"{each['generator']} at {each['where'] or 'somewhere'}" for each in found["entropy"])
    told = [
        ("--seed", found["enforced"]),
        *((f"--seed {name}", seed) for name, seed in found["named"].items()),
        ("seeded", seeded),
        ("without a seed", drawn),
    ]
    return pairs(told) if any(each not in (None, "") for _, each in told) else None


def _files(found: list[dict[str, Any]], caption: str) -> Markup | None:
    rows = [
        (each["path"], size(each["size"]), tag("code", short(each["digest"] or "")), each["media_type"])
        for each in found[:_FILES]
    ]
    more = tag("p", f"{len(found) - _FILES} more", class_="dim") if len(found) > _FILES else None
    if not rows:
        return None
    return joined((data_table(("path", "size", "digest", "type"), rows, caption=caption, right=(1,)), more))


def _health(found: list[dict[str, Any]]) -> Markup:
    complete = ", ".join(each["part"] for each in found if each["state"] == "complete")
    lacking = [(each["part"], f"{each['state']}: {each['reason']}") for each in found if each["reason"]]
    return pairs([("recorded whole", complete), *lacking])


def _proven(found: Focused) -> Markup:
    if found.proof is None:
        return pairs([("proof", f"none: {found.unproven}")])
    return pairs([("proof", f"in this file, {size(len(found.proof))}: ledger verify checks it")])
