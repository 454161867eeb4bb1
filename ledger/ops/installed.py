"""Whether the files of installed packages are those that their RECORDs list."""

import os
import shutil
import subprocess
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ledger import processors
from ledger.capture.metadata import normalised
from ledger.capture.record_rows import record_rows

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
    lines: list[tuple[int, str]] = []
    for name, path, digest, size in _files(site):
        kind, _, value = digest.partition("=")
        if kind == "sha256" and not set(path) & set("\\\n\r"):  # the tool writes such names in its own way
            owners[path] = name
            expected = urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
            lines.append((int(size or 0), f"{expected}  {path}\n"))
    lines.sort(reverse=True)
    workers = processors.allowed()
    shares = ["".join(line for _, line in lines[place::workers]) for place in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        for wrong in pool.map(lambda share: _failed(tool, share), shares):
            found.update(owners[path] for path in wrong if path in owners)
    return found


def _failed(tool: tuple[str, ...], lines: str) -> list[str]:
    """Paths whose content has not the hash that its line says."""
    done = subprocess.run(
        [*tool, "--check", "--quiet"],
        input=lines.encode("utf-8", "surrogateescape"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    return [line.rpartition(": FAILED")[0] for line in os.fsdecode(done.stdout).splitlines()]


def _files(site: Path) -> Iterator[tuple[str, str, str, str]]:
    """(distribution, path, hash, size) of each file that a RECORD lists; bytecode is left out."""
    for info in sorted(site.glob("*.dist-info")):
        name = normalised(info.name.removesuffix(".dist-info").rpartition("-")[0])
        for path, digest, size in record_rows(f"{info}/RECORD") or ():
            if digest and not path.endswith(".pyc"):
                yield name, os.path.normpath(os.path.join(site, path)), digest, size
