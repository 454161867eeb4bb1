"""The condition of language and region: decimal comma, order of letters, words."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from ledger.ops import scratch
from ledger.ops.variation import Setting, Variation
from ledger.ops.vary_places import with_variables

_COMMA: Final = ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_BR", "pl_PL", "sv_SE", "da_DK", "ru_RU")
"""Locales that write a decimal comma, the commonest first."""
_BUILT: Final = "de_DE.UTF-8"
_PATIENCE_S: Final = 30


def locale(setting: Setting) -> tuple[Variation, ...]:
    """Another locale: one with a decimal comma, unless the trial had one."""
    names = ("LC_ALL", "LC_NUMERIC", "LANG")
    now = next((value for name in names if (value := setting.variable(name))), "C")
    installed = _installed()
    variables: dict[str, str] = {}
    if now.startswith(_COMMA):
        after = "C.UTF-8" if "C.utf8" in installed else "C"
    elif comma := next((each for name in _COMMA for each in installed if _is_utf8_of(each, name)), None):
        after = comma
    elif _build(setting.cache / "locales"):
        after, variables = _BUILT, {"LOCPATH": str(setting.cache / "locales")}
    else:
        after = "C" if now not in ("C", "POSIX") else "C.UTF-8"
    shown = f"{after} (made by localedef)" if variables else after
    if not variables and not after.startswith(_COMMA) and not now.startswith(_COMMA):
        shown = f"{after} (none with a decimal comma is installed: apt-get install locales)"
    variables |= {"LC_ALL": after, "LANG": after}
    conditions = with_variables(setting.conditions, variables)
    return (Variation(before=now, after=shown, conditions=conditions),)


def _installed() -> list[str]:
    try:
        done = subprocess.run(["locale", "-a"], capture_output=True, timeout=_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode("utf-8", "replace").split()


def _is_utf8_of(installed: str, name: str) -> bool:
    return installed.lower().replace("-", "") == f"{name}.utf8".lower()


def _build(directory: Path) -> bool:
    """Make a locale that nobody needs to install, where the system has the sources of one."""
    made = directory / _BUILT
    tool = shutil.which("localedef")
    if made.exists() or tool is None:
        return made.exists()
    directory.mkdir(parents=True, exist_ok=True)
    with scratch.temporary("making-", at=directory / f"making-{os.getpid()}") as place:
        words = [tool, "-i", _BUILT.partition(".")[0], "-f", "UTF-8", "--no-archive", str(place / _BUILT)]
        try:
            subprocess.run(words, capture_output=True, timeout=_PATIENCE_S, check=False)
            if (place / _BUILT / "LC_NUMERIC").exists():
                (place / _BUILT).rename(made)
        except (OSError, subprocess.TimeoutExpired):
            pass  # no sources, too slow, or somebody else was first
    return made.exists()
