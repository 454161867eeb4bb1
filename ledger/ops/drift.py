"""How two environments differ."""

from ledger.model import Difference, Distribution, Environment


def differences(recorded: Environment, now: Environment) -> tuple[Difference, ...]:
    """How the environment of today differs from a recorded one; none of it counts in a verdict.

    The path of a difference is ``python``, ``implementation``, ``platform``, ``package NAME`` or
    ``variable NAME``; of a package, `expected` and `got` are versions.
    """
    found: list[Difference] = []
    for fact in ("python", "implementation", "platform"):
        expected, got = getattr(recorded, fact), getattr(now, fact)
        if expected != got:
            found.append(_difference(fact, expected, got, None))
    old, new = ({each.name: each for each in side.distributions} for side in (recorded, now))
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before != after:
            expected, got = (each.version if each else None for each in (before, after))
            found.append(_difference(f"package {name}", expected, got, _detail(before, after)))
    values = dict(recorded.variables), dict(now.variables)
    for name in sorted(values[0].keys() | values[1].keys()):
        if values[0].get(name) != values[1].get(name):
            found.append(_difference(f"variable {name}", values[0].get(name), values[1].get(name), None))
    return tuple(found)


def _difference(path: str, expected: str | None, got: str | None, detail: str | None) -> Difference:
    return Difference(part="environment", path=path, expected=expected, got=got, detail=detail, counted=False)


def _detail(before: Distribution | None, after: Distribution | None) -> str | None:
    if after is None:
        local = before is not None and before.origin in ("path", "editable")
        return "was installed from a directory" if local else None
    if before is None or before.version != after.version:
        return None
    if before.record != after.record:
        return "the same version with other files"
    return f"the same files from another origin: expected {before.origin}, got {after.origin}"
