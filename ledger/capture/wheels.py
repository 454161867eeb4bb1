"""The wheels of an environment, kept so that it can be made again where no index has them any more."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ledger.capture import cache as derived
from ledger.capture.metadata import OF_SYSTEMS, normalised, read
from ledger.capture.put import Put
from ledger.capture.wheel_file import NoWheel, build
from ledger.errors import LedgerError
from ledger.model import Digest, Distribution, Environment, HealthLine, HealthState, Wheel
from ledger.model.frozen import frozen

PART = "wheels"
_KIND = "wheels"
_SHOWN = 5


@frozen
class KeptWheels:
    """What was kept."""

    wheels: tuple[Wheel, ...]
    """Sorted by distribution."""
    health: HealthLine
    """Names what was not kept, and why."""


def keep(
    environment: Environment, sites: Sequence[Path], *, put: Put, scratch: Path, cache: Path
) -> KeptWheels:
    """Keep the wheel of each distribution that is not kept already.

    It reads and writes all that is installed and new, about twice. Editable installs are code, and recorded
    as such.

    Parameters
    ----------
    environment
        As captured.
    sites
        Directories into which its installers put packages.
    put
        Where the wheels go; nothing is flushed.
    scratch
        An existing directory for one wheel at a time.
    cache
        Directory for what is known of wheels from before.
    """
    wanted = [each for each in environment.distributions if each.origin != "editable"]
    keeping = _Keeping(sites, put, scratch, cache)
    keeping.known(wanted)
    try:
        for each in wanted:
            keeping.one(each)
    except KeyboardInterrupt:  # the trial has ended: its record counts for more than what is kept beside it
        keeping.refused.setdefault("interrupted", []).append("others")
    refused = [f"{_some(names)}: {why}" for why, names in keeping.refused.items()]
    return KeptWheels(
        wheels=tuple(keeping.kept[name] for name in sorted(keeping.kept)),
        health=HealthLine(
            part=PART,
            state=HealthState.PARTIAL if refused else HealthState.COMPLETE,
            reason=f"not kept: {'; '.join(refused)}" if refused else None,
        ),
    )


class _Keeping:
    def __init__(self, sites: Sequence[Path], put: Put, scratch: Path, cache: Path) -> None:
        self.sites, self.put, self.scratch, self.cache = sites, put, scratch, cache
        self.kept: dict[str, Wheel] = {}
        self.refused: dict[str, list[str]] = {}
        self.places: dict[str, tuple[Path, str]] | None = None

    def known(self, wanted: Iterable[Distribution]) -> None:
        """Take those that the store has already."""
        found: dict[str, Wheel] = {}
        for each in wanted:
            row = derived.load(self.cache, _KIND, _key(each))
            if row is not None:
                file, digest, size = row
                found[each.name] = Wheel(distribution=each.name, file=file, digest=Digest(digest), size=size)
        there = self.put.present(each.digest for each in found.values())
        self.kept = {name: each for name, each in found.items() if each.digest in there}

    def one(self, distribution: Distribution) -> None:
        """Keep one, unless it is kept, or say why it cannot be."""
        if distribution.name in self.kept:
            return
        target = self.scratch / "wheel"
        try:
            site, info = self._place(distribution)
            file = build(site, info, target)
            digest, size = self.put.put_file(target)
        except NoWheel as error:
            self._refuse(distribution, str(error))
        except (OSError, LedgerError) as error:
            self._refuse(distribution, f"it could not be read or stored: {str(error).splitlines()[0]}")
        else:
            name = distribution.name
            self.kept[name] = Wheel(distribution=name, file=file, digest=digest, size=size)
            derived.save(self.cache, _KIND, _key(distribution), [file, bytes(digest), size])
        finally:
            target.unlink(missing_ok=True)

    def _refuse(self, distribution: Distribution, why: str) -> None:
        self.refused.setdefault(why, []).append(distribution.name)

    def _place(self, distribution: Distribution) -> tuple[Path, str]:
        """Where a distribution is installed, and the name of its metadata there."""
        if distribution.origin in OF_SYSTEMS:
            by = "the system" if distribution.origin == "system" else distribution.origin
            raise NoWheel(f"installed by {by}")
        if distribution.record is None:
            raise NoWheel("no RECORD")
        if self.places is None:
            self.places = _places(self.sites)
        place = self.places.get(distribution.name)
        if place is None:
            raise NoWheel("it lies outside of the environment's own directories")
        record = read(str(place[0]), place[1])[3]
        if record is None or Digest(record) != distribution.record:
            raise NoWheel("changed while the program ran")
        return place


def _key(distribution: Distribution) -> Digest:
    record = distribution.record
    return derived.key_of("wheel", distribution.name, distribution.version, record and bytes(record))


def _places(sites: Iterable[Path]) -> dict[str, tuple[Path, str]]:
    """Where each distribution's metadata lie; of two the one that is imported."""
    found: dict[str, tuple[Path, str]] = {}
    for site in sites:
        try:
            names = sorted(os.listdir(site))
        except OSError:
            continue  # interpreters name directories that need not be there
        for each in names:
            if each.endswith(".dist-info") and not each.startswith("~"):
                name = normalised(each.removesuffix(".dist-info").rpartition("-")[0])
                found.setdefault(name, (site, each))
    return found


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
