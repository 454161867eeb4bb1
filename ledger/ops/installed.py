"""Whether the files of installed packages are those that their RECORDs list."""

import os
import shutil
import subprocess
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path

from ledger.capture.metadata import normalised, record_rows

_TOOLS = (("sha256sum",), ("shasum", "-a", "256"))


def damaged(site: Path) -> set[str]:
    """Packages with files that are gone or have another size: quick, and finds what a crash leaves."""
    found: set[str] = set()
    for name, path, _, size in _files(site):
        try:
            status = os.stat(path)
        except OSError:
            found.add(name)
            continue
        if size and status.st_size != int(size):
            found.add(name)
    return found


def wrong_content(site: Path) -> set[str]:
    """Packages with files whose content is another; by size alone where the system cannot hash them."""
    found = damaged(site)
    tool = next((each for each in _TOOLS if shutil.which(each[0])), None)
    if tool is None:
        return found
    owners: dict[str, str] = {}
    lines: list[str] = []
    for name, path, digest, _ in _files(site):
        kind, _, value = digest.partition("=")
        if kind == "sha256" and not set(path) & set("\\\n\r"):  # the tool writes such names in its own way
            owners[path] = name
            lines.append(f"{urlsafe_b64decode(value + '=' * (-len(value) % 4)).hex()}  {path}\n")
    done = subprocess.run(
        [*tool, "--check", "--quiet"],
        input="".join(lines).encode("utf-8", "surrogateescape"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    for line in os.fsdecode(done.stdout).splitlines():
        path = line.rpartition(": FAILED")[0]
        if path in owners:
            found.add(owners[path])
    return found


def _files(site: Path) -> Iterator[tuple[str, str, str, str]]:
    """(distribution, path, hash, size) of each file that a RECORD lists; bytecode is left out."""
    for info in sorted(site.glob("*.dist-info")):
        name = normalised(info.name.removesuffix(".dist-info").rpartition("-")[0])
        for path, digest, size in record_rows(f"{info}/RECORD") or ():
            if digest and not path.endswith(".pyc"):
                yield name, os.path.normpath(os.path.join(site, path)), digest, size
