"""The wheels that were kept of a trial's environment, as an installer wants them."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ledger.capture.metadata import normalised
from ledger.errors import LedgerError
from ledger.model import Distribution, Wheel
from ledger.model.frozen import frozen
from ledger.store.base import Store


@frozen
class KeptWheels:
    """Wheels, and the store that has them."""

    wheels: tuple[Wheel, ...]
    store: Store

    @property
    def names(self) -> frozenset[str]:
        """The distributions."""
        return frozenset(each.distribution for each in self.wheels)

    def restore(self, names: Collection[str], folder: Path) -> tuple[set[str], list[str]]:
        """Write the wheels of `names` into the new directory `folder`.

        Returns
        -------
        tuple of set of str and list of str
            The distributions that are there; what is missing of the others, for people.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        folder.mkdir()
        found: set[str] = set()
        problems: list[str] = []
        for each in self.wheels:
            if each.distribution not in names:
                continue
            if "/" in each.file or not each.file.endswith(".whl"):
                problems.append(f"a wheel of {each.distribution} has no name of a wheel: {each.file!r}")
                continue
            try:
                self.store.restore(each.digest, folder / each.file)
            except LedgerError as error:
                (folder / each.file).unlink(missing_ok=True)
                problems.append(f"the wheel of {each.distribution} is not to be had: {error.message}")
                continue
            found.add(each.distribution)
        return found, problems


def write_origin(site: Path, distribution: Distribution) -> None:
    """Let an installed distribution say where the recorded one came from: a wheel of ours says nothing."""
    document = _direct_url(distribution.origin)
    if document is None:
        return
    for info in site.glob("*.dist-info"):
        if normalised(info.name.removesuffix(".dist-info").rpartition("-")[0]) == distribution.name:
            (info / "direct_url.json").write_text(json.dumps(document))


def _direct_url(origin: str) -> dict[str, Any] | None:
    """The document of PEP 610 that is read as `origin`; None for an index."""
    if origin == "path":
        return {"url": "file:///", "dir_info": {}}  # where it lay is not recorded
    kind, plus, rest = origin.partition("+")
    if not plus or "://" not in rest:
        return None
    url, _, fragment = rest.partition("#")
    parts = [each for each in fragment.split("&") if each]
    document: dict[str, Any] = {}
    for each in parts:
        if each.startswith("subdirectory="):
            document["subdirectory"] = each.partition("=")[2]
    if kind == "archive":
        hashes = [each for each in parts if not each.startswith("subdirectory=")]
        return {"url": url, "archive_info": {"hash": hashes[0]} if hashes else {}, **document}
    url, _, commit = url.rpartition("@")
    return {"url": url, "vcs_info": {"vcs": kind, "commit_id": commit}, **document}
