"""Conditions of time and chance: time zone, clock, hash seed."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

from ledger.errors import IncomparableError
from ledger.model import Trial
from ledger.ops.variation import Setting, Variation
from ledger.ops.vary_places import with_variables

HASH_SEED: Final = "PYTHONHASHSEED"
_HASH_SEEDS: Final = 1 << 32
_ZONES: Final = ((14, "Pacific/Kiritimati", "VARIED-14"), (-12, "Etc/GMT+12", "VARIED12"))
"""Hours east of Greenwich, name, and how it is told where the system knows no names."""
_ZONE_FILES: Final = Path("/usr/share/zoneinfo")
_DAYS: Final = 400
_INSTANT: Final = "2031-02-03 04:05:06"
_FAKETIME: Final = ("libfaketimeMT.so.1", "libfaketime.so.1")
_FAKETIME_PLACES: Final = ("/usr/lib/*/faketime", "/usr/lib*/faketime", "/usr/local/lib*/faketime")
_SLACK_S, _TIMES = 30.0, 4.0
"""A program whose clock is moved may wait for ever: what it gets beside some times of what it took."""


def timezone(setting: Setting) -> tuple[Variation, ...]:
    """A time zone far away, in which it is another day now."""
    recorded, now = setting.variable("TZ"), datetime.now(UTC)
    today = now.astimezone().date()
    away = [zone for zone in _ZONES if (now + timedelta(hours=zone[0])).date() != today]
    named = [zone for zone in away if recorded not in zone] or list(_ZONES)
    hours, name, plain = named[0]
    after = name if (_ZONE_FILES / name).exists() else plain
    conditions = with_variables(setting.conditions, {"TZ": after})
    return (
        Variation(before=recorded or "the system's", after=f"{after} (UTC{hours:+d})", conditions=conditions),
    )


def time(setting: Setting) -> tuple[Variation, ...]:
    """Another date."""
    library = _faketime()
    if library is None:
        raise IncomparableError(
            "libfaketime, which moves the clock of one program, was not found",
            cause=f"there is no {_FAKETIME[-1]} in {', '.join(_FAKETIME_PLACES)}",
            hint="on Debian and Ubuntu: apt-get install faketime; Fedora: dnf install libfaketime",
        )
    took = setting.trial.outcome.duration_s if setting.trial.outcome else 0.0
    limit = setting.conditions.timeout or _SLACK_S + _TIMES * took
    preload = " ".join(filter(None, [str(library), setting.variable("LD_PRELOAD")]))
    # What is on disk keeps its times, so that caches stay valid.
    variables = {"LD_PRELOAD": preload, "NO_FAKE_STAT": "1"}
    moved, still = (
        replace(with_variables(setting.conditions, {**variables, "FAKETIME": when}), timeout=limit)
        for when in (f"+{_DAYS}d", f"@{_INSTANT}")
    )
    now = datetime.now(UTC)
    before, after = (f"{each:%Y-%m-%d}" for each in (now, now + timedelta(days=_DAYS)))
    return (Variation(before=before, after=after, conditions=moved, still=still),)


def _faketime() -> Path | None:
    found = list(chain.from_iterable(Path("/").glob(place[1:]) for place in _FAKETIME_PLACES))
    wrapper = shutil.which("faketime")
    if wrapper is not None:
        found.append(Path(wrapper).parent.parent / "lib" / "faketime")
    libraries = (place / name for name in _FAKETIME for place in found)
    return next((each for each in libraries if each.is_file()), None)


def hashseed(setting: Setting) -> tuple[Variation, ...]:
    """Other orders of sets."""
    now = setting.variable(HASH_SEED)
    if setting.trial.intent.seed is not None:
        now = str(setting.trial.intent.seed % _HASH_SEEDS)
    before = now if now is not None and now.isdecimal() else "0"
    by = " (by --seed)" if setting.trial.intent.seed is not None else ""
    others = [str((int(before) + more) % _HASH_SEEDS) for more in (1, 2)]
    return tuple(
        Variation(
            before=f"{before}{by}",
            after=other,
            conditions=with_variables(setting.conditions, {HASH_SEED: other}),
        )
        for other in others
    )


def left_to_chance(trial: Trial, recorded: str | None) -> bool:
    """Whether the record lets Python choose another hash seed for each run.

    Parameters
    ----------
    trial
        The recorded one.
    recorded
        Its PYTHONHASHSEED.
    """
    return trial.intent.seed is None and (recorded or "random") == "random"
