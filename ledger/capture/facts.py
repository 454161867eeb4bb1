"""What an interpreter says of itself, asked once and then kept for as long as it stays what it was."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ledger.capture import cache as derived
from ledger.model import Digest
from ledger.model.frozen import frozen

RECENT = 2_000_000_000
"""Nanoseconds: what changed this short a time ago may change again without a new time stamp."""

_PREFIXES_LEFT_OUT = ("LEDGER_", "COV_CORE_", "COVERAGE_")
_LEFT_OUT = frozenset(
    {"PYTHONINSPECT", "PYTHONWARNINGS", "PYTHONSTARTUP", "PYTHONPROFILEIMPORTTIME", "PYTHONVERBOSE"}
)
"""Variables under which the question itself would behave otherwise."""
_DECIDING = ("PYTHONPATH", "PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONUSERBASE", "PYTHONPLATLIBDIR", "HOME")
_MARK = "ledger-facts:"

_QUESTION = r"""
import sys
paths = [each for each in sys.path if each]
sys.path[:] = paths
import json, os, site, sysconfig
def call(function, *arguments):
    try:
        return function(*arguments)
    except Exception:
        return None
info = sys.version_info
version = "%d.%d.%d" % info[:3]
if info[3] != "final":
    version += {"alpha": "a", "beta": "b", "candidate": "rc"}.get(info[3], info[3]) + str(info[4])
implementation = getattr(getattr(sys, "implementation", None), "name", "cpython")
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    implementation += "-freethreaded"
libc = call(os.confstr, "CS_GNU_LIBC_VERSION")
if not libc and "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
    libc = "musl"
prefix = getattr(sys, "base_prefix", sys.prefix)
base = getattr(sys, "_base_executable", None)
if not base or (base == sys.executable and prefix != sys.prefix):
    base = os.path.join(prefix, "bin", "python%d.%d" % info[:2])
own = [call(sysconfig.get_path, name) for name in ("purelib", "platlib")]
sites = own + (call(getattr(site, "getsitepackages", list)) or [])
user = getattr(site, "USER_SITE", None) if getattr(site, "ENABLE_USER_SITE", False) else None
standard = [call(sysconfig.get_path, name) for name in ("stdlib", "platstdlib")]
has_ledger = False
try:
    from importlib.util import find_spec
    spec = find_spec("ledger")
    places = list(spec.submodule_search_locations or []) if spec else []
    has_ledger = info >= (3, 11) and any(os.path.isfile(os.path.join(place, "record.py")) for place in places)
except Exception:
    has_ledger = False  # an import finder of the environment's own that breaks: nothing can be imported by it
print("\nledger-facts:" + json.dumps({
    "version": version, "implementation": implementation,
    "platform": "-".join(filter(None, [sysconfig.get_platform(), (libc or "").replace(" ", "-")])),
    "base": base, "prefix": sys.prefix, "paths": paths, "has_ledger": has_ledger,
    "sites": [each for each in sites + [user] if each], "standard": [each for each in standard if each],
}))
"""


@frozen
class Facts:
    """What an interpreter says of itself."""

    version: str
    """Such as ``3.11.7`` or ``3.14.0rc1``."""
    implementation: str
    """cpython, pypy, …; ``cpython-freethreaded`` without the global lock."""
    platform: str
    """Platform tag and C library."""
    base: str
    """The interpreter that a virtual environment was made from, or itself."""
    prefix: str
    """Of the environment."""
    paths: tuple[str, ...]
    """Directories that it imports from, in order, without the standard library's."""
    sites: tuple[str, ...]
    """Directories into which installers put packages, the user's own included, there or not."""
    has_ledger: bool
    """Whether ``import ledger`` finds this package's."""


@frozen
class Unanswered:
    """An interpreter that does not say."""

    reason: str


def ask(
    executable: Path, flags: tuple[str, ...], variables: Mapping[str, str], directory: Path, cache: Path
) -> Facts | Unanswered:
    """Ask an interpreter, or take what it said before.

    Parameters
    ----------
    executable
        The interpreter.
    flags
        Flags that change where it imports from.
    variables
        As its process would have them.
    directory
        Where it starts: relative entries of PYTHONPATH mean it.
    cache
        Directory for kept answers. One holds while the executable, ``pyvenv.cfg``, the deciding variables,
        the site directories and the ``.pth`` files in them stay what they were.
    """
    key = _key(executable, flags, variables, directory)
    known = derived.load(cache, "facts", key)
    if known is not None and _holds(known["watched"]):
        return _facts(known["answer"])
    began = time.time_ns()
    answer = _run(executable, flags, variables, directory)
    if isinstance(answer, Unanswered):
        return answer
    watched = _watched(answer)
    if all(stamp is None or stamp[0] < began - RECENT for _, stamp in watched):
        derived.save(cache, "facts", key, {"answer": answer, "watched": watched})
    return _facts(answer)


def _key(executable: Path, flags: tuple[str, ...], variables: Mapping[str, str], directory: Path) -> Digest:
    real = os.path.realpath(executable)
    places = [f"{os.path.dirname(executable)}/pyvenv.cfg", f"{executable.parent.parent}/pyvenv.cfg"]
    path = variables.get("PYTHONPATH", "")
    relative = any(not os.path.isabs(each) for each in path.split(os.pathsep)) if path else False
    return derived.key_of(
        str(executable),
        real,
        derived.stamp(real),
        [_content(each) for each in places],
        flags,
        [variables.get(name) for name in _DECIDING],
        str(directory) if relative else None,
    )


def _run(
    executable: Path, flags: tuple[str, ...], variables: Mapping[str, str], directory: Path
) -> dict[str, Any] | Unanswered:
    import json
    import subprocess

    inner = {
        name: value
        for name, value in variables.items()
        if name not in _LEFT_OUT and not name.startswith(_PREFIXES_LEFT_OUT)
    }
    try:
        done = subprocess.run(
            [executable, *flags, "-B", "-c", _QUESTION],
            cwd=directory,
            env=inner,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Unanswered(reason=f"{executable} does not run: {error}")
    text = done.stdout.decode("utf-8", "replace").rpartition("\n" + _MARK)[2]
    if done.returncode != 0 or not text:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return Unanswered(reason=f"{executable} does not run: {last or f'exit code {done.returncode}'}")
    try:
        answer: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]
    except ValueError:
        return Unanswered(reason=f"{executable} gave an answer that is not one")
    return answer


def _facts(answer: Mapping[str, Any]) -> Facts:
    standard = set(answer["standard"])
    standard |= {f"{each}/lib-dynload" for each in standard}
    paths = [each for each in dict.fromkeys(answer["paths"]) if each not in standard]
    return Facts(
        version=answer["version"],
        implementation=answer["implementation"],
        platform=answer["platform"],
        base=answer["base"],
        prefix=answer["prefix"],
        paths=tuple(each for each in paths if not each.endswith(".zip")),
        sites=tuple(dict.fromkeys(answer["sites"])),
        has_ledger=answer["has_ledger"],
    )


def _watched(answer: Mapping[str, Any]) -> list[tuple[str, tuple[int, int] | None]]:
    """Site directories and the ``.pth`` files in them, as they stand."""
    places: list[str] = []
    for site in dict.fromkeys(answer["sites"]):
        places.append(site)
        try:
            places += [entry.path for entry in os.scandir(site) if entry.name.endswith(".pth")]
        except OSError:
            continue  # not there: its stamp says so
    return [(each, derived.stamp(each)) for each in places]


def _holds(watched: list[tuple[str, tuple[int, int] | None]]) -> bool:
    return all(derived.stamp(path) == (stamp and tuple(stamp)) for path, stamp in watched)


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return None
