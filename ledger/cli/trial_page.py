"""A trial's document as a page for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.capture.notebooks import remark
from ledger.cli import marks
from ledger.cli.allowances_page import allowed
from ledger.cli.notes_page import notes
from ledger.cli.page import Cell, Page
from ledger.cli.proposal_page import proposed, reported
from ledger.cli.trial_files import Names, files
from ledger.model import Notebook
from ledger.ops.text import command, count, duration, exact, line, moment, number, short, size, value

_PACKAGES = 6
_ADDRESSES = 6
_WATCHED = {
    "outer": "by the tracer of the trial around it",
    "probe": "inside of Python only",
    "none": "not at all",
}
"""How files were watched, where it was not the usual way."""

Document = dict[str, Any]


def trial_page(
    trial: Document,
    counts: Mapping[str, int | None] | None = None,
    *,
    every: bool = False,
    silent: float | None = None,
) -> Page:
    """All parts of a document of the form ``trial.v1``, in its order; what is empty is left out.

    Parameters
    ----------
    trial
        The document.
    counts
        How many files the directory of a digest stands for; None where its list cannot be read.
    every
        Whether no list is cut.
    silent
        For how many seconds it shows no sign of life, if so.
    """
    page, names = Page(), Names(trial["root"])
    page.line((f"trial {trial['id']}", "bold yellow"))
    _head(page, trial, silent)
    _code(page, trial["code"])
    _environment(page, trial, names, every)
    proposed(page, trial["proposal"])
    reported(page, trial["reports"])
    _hyperparameters(page, trial["parameters"])
    _seeds(page, trial["seeds"], names)
    files(page, "Inputs", trial["inputs"], names, counts or {}, every=every)
    dropped = {each["digest"]: each["time"] for each in trial["dropped"]}
    files(page, "Outputs", trial["outputs"], names, counts or {}, every=every, dropped=dropped)
    _metrics(page, trial["metric_summaries"])
    _streams(page, trial)
    _health(page, trial["health"])
    _replays(page, trial["replays"])
    allowed(page, trial["allowances"])
    notes(page, trial["notes"])
    if trial["problems"]:
        page.heading("Not readable")
        page.table(
            ("part", "object", "reason"),
            [(each["part"], short(each["object"]), line(each["reason"])) for each in trial["problems"]],
        )
    return page


def _head(page: Page, trial: Document, silent: float | None) -> None:
    page.pairs(
        [
            ("name", line(trial["name"] or "")),
            ("experiment", line(trial["experiment"] or "")),
            ("message", line(trial["message"] or "")),
            ("tags", line(", ".join(trial["tags"]))),
            ("status", marks.status(trial, silent)),
            ("started", f"{moment(trial['started'])} UTC"),
            ("took", _took(trial)),
            ("peak memory", None if trial["peak_memory"] is None else size(trial["peak_memory"])),
            ("command", command(trial["command"])),
            ("directory", None if trial["directory"] == "." else line(trial["directory"])),
            ("root", line(trial["root"])),
            ("standard input", trial["stdin"]),
            ("parent", trial["parent"]),
            ("children", ", ".join(short(each) for each in trial["children"])),
            ("goes on from", trial["continues"]),
            ("went on in", ", ".join(short(each) for each in trial["continued"])),
            ("recipe", _recipe(trial)),
        ]
    )


def _took(trial: Document) -> str | None:
    if trial["duration_s"] is None:
        return None
    cpu = (trial["cpu_user_s"] or 0) + (trial["cpu_system_s"] or 0)
    return f"{duration(trial['duration_s'])} ({duration(cpu)} of CPU)"


def _recipe(trial: Document) -> str | None:
    if trial["recipe"] is None:
        return None
    return short(trial["recipe"]) + (
        "" if trial["recipe_complete"] else " (its list of inputs may be incomplete)"
    )


def _code(page: Page, code: Document | None) -> None:
    page.heading("Code")
    if code is None:
        page.line("  not recorded")
        return
    for each in (code, *code["others"]):
        if each["name"] != ".":
            page.heading(f"Code of {line(each['name'])}")
        state = f"{each['branch'] or 'no branch'}{', changed since' if each['dirty'] else ''}"
        page.pairs(
            [
                ("commit", f"{each['commit'][:12]} ({line(state)})" if each["commit"] else "none"),
                ("remote", line(each["remote"] or "")),
                ("tree", short(each["tree"])),
                ("products", short(each["products"]) if each["products"] else None),
                ("nested", line(", ".join(nested["path"] for nested in each["nested"]))),
                *(("notebook", (line(told), "yellow")) for told in _remarks(each["notebooks"])),
            ]
        )


def _remarks(notebooks: Sequence[Document]) -> list[str]:
    found = (remark(Notebook(path=each["path"], counts=tuple(each["counts"]))) for each in notebooks)
    return [each for each in found if each is not None]


def _environment(page: Page, trial: Document, names: Names, every: bool) -> None:
    found, host = trial["environment"], trial["host"]
    page.heading("Environment")
    packages = found["packages"]
    observed = trial["observed"] or {}
    interpreter = trial["interpreter"]
    page.pairs(
        [
            ("digest", short(found["digest"])),
            ("python", value(found["python"]) if found["python"] else None),
            ("interpreter", names.absolute(interpreter["executable"]) if interpreter else None),
            ("platform", found["platform"]),
            ("packages", None if packages is None else _packages(packages, every)),
            ("lock files", ", ".join(names.short(each["path"]) for each in trial["locks"])),
            ("wheels", _wheels(trial["wheels"])),
            ("variables", _joined(sorted(found["variables"] or {}))),
            (
                "threads",
                _joined([f"{each['api']} {each['threads']}" for each in observed.get("threads", ())]),
            ),
            ("settings", _settings(observed.get("settings", ()), every)),
            ("files watched", _WATCHED.get(observed.get("watching") or "")),
            ("network", _addresses(observed.get("network", ()), every)),
            ("host", _host(host) if host["hostname"] else None),
            ("container", _joined([each for each in (host["container"], host["container_image"]) if each])),
            ("gpus", _joined([each["name"] for each in host["gpus"] or ()])),
        ]
    )


def _wheels(wheels: Sequence[Document]) -> str:
    return f"{len(wheels)} kept ({size(sum(each['size'] for each in wheels))})" if wheels else ""


def _packages(packages: dict[str, str], every: bool) -> str:
    some = list(packages.items())[: None if every else _PACKAGES]
    shown = [f"{name} {version}" for name, version in some]
    more = f", … ({count(len(packages), 'package')}: --all)" if len(packages) > len(shown) else ""
    return line(", ".join(shown)) + more if shown else "none"


def _settings(settings: Sequence[Sequence[str]], every: bool) -> str:
    """Without the long lists of what a processor can do, and versions that stand among the packages."""
    return _joined(
        [
            f"{name} {found}"
            for name, found in settings
            if every or not name.endswith((".features", ".version"))
        ]
    )


def _addresses(network: Sequence[str], every: bool) -> str:
    shown = network[: None if every else _ADDRESSES]
    more = f", … and {len(network) - len(shown)} more: --all" if len(network) > len(shown) else ""
    return _joined(shown) + more


def _host(host: Document) -> str:
    return line(
        f"{host['hostname']}: {host['cpu']}, {host['cpus']} CPUs, {size(host['memory'])}, {host['system']}"
    )


def _joined(words: Sequence[str]) -> str:
    return line(", ".join(words))


def _hyperparameters(page: Page, parameters: Sequence[Document]) -> None:
    if parameters:
        page.heading("Hyperparameters")
        page.table(
            ("name", "value", "type", "role", "source"),
            [
                (
                    line(each["name"]),
                    exact(each["value"]),
                    each["type"],
                    each["role"] or "",
                    line(each["source"]),
                )
                for each in parameters
            ],
        )


def _seeds(page: Page, seeds: Document, names: Names) -> None:
    seeded = [
        f"{each['generator']} = {each['value']}{' (by --seed)' if each['enforced'] else ''}"
        for each in seeds["seeded"]
    ]
    entropy = [
        f"{line(each['generator'])}{' at ' + names.short(each['where']) if each['where'] else ''}"
        for each in seeds["entropy"]
    ]
    named = [f"{line(name)}={value}" for name, value in seeds["named"].items()]
    if seeds["enforced"] is not None or named or seeded or entropy:
        page.heading("Seeds")
        page.pairs(
            [
                ("--seed", None if seeds["enforced"] is None else str(seeds["enforced"])),
                ("--seed of names", _joined(named)),
                ("seeded", _joined(seeded)),
                ("unseeded draws", (_joined(entropy), "yellow") if entropy else None),
            ]
        )


def _metrics(page: Page, metrics: Sequence[Document]) -> None:
    if metrics:
        page.heading("Metrics")
        names = ("last", "min", "max")
        page.table(
            ("name", *names, "points"),
            [
                (line(each["name"]), *(_number(each[name]) for name in names), str(each["count"]))
                for each in metrics
            ],
            right=[*names, "points"],
        )


def _number(found: float | str) -> str:
    return found if isinstance(found, str) else number(found)


def _streams(page: Page, trial: Document) -> None:
    streams = [(name, trial[name]) for name in ("stdout", "stderr") if trial[name] and trial[name]["size"]]
    if streams:
        page.heading("Streams")
        page.pairs(
            [
                (name, f"{size(stream['size'])}: ledger cat {short(trial['id'])} --{name}")
                for name, stream in streams
            ]
        )


def _health(page: Page, health: Sequence[Document]) -> None:
    page.heading("Record")
    partial = [each for each in health if each["state"] != "complete"]
    rows: list[tuple[Cell, ...]] = [
        (each["part"], marks.mark(each["state"]), line(each["reason"] or "")) for each in partial
    ]
    if rows:
        page.table(("part", "is", "because"), rows)
    complete = [each["part"] for each in health if each["state"] == "complete"]
    if complete:
        page.line(f"  complete: {', '.join(complete)}")


def _replays(page: Page, replays: Sequence[Document]) -> None:
    if replays:
        page.heading("Replays")
        page.table(
            ("verdict", "when (UTC)", "host", "class", "environment", "changed", "differences"),
            [
                (
                    marks.mark(each["verdict"]),
                    moment(each["time"]),
                    line(each["host"] or ""),
                    line(each["host_class"] or ""),
                    each["mode"],
                    line(each["varied"][-1]) if each["varied"] else "",
                    str(each["differences"] or ""),
                )
                for each in replays
            ],
            right=["differences"],
        )
