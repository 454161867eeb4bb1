"""What programs forget in the directories for temporary files, under names that nobody chose."""

import os
from collections.abc import Mapping
from typing import Final

DIRECTORIES: Final = ("/tmp", "/var/tmp")


def is_made_up(name: str) -> bool:
    """Whether a name looks like one of `tempfile` or mktemp: ``tmpk3x_9abz.json``, ``tmp.Xh3kP09aQz``.

    Somebody may have chosen such a name: who made it, and how, has to be asked as well.
    """
    if name.startswith("tmp."):
        return len(name) == 14 and name[4:].isalnum()
    made = name[3:11]
    return (
        name.startswith("tmp")
        and len(made) == 8
        and (made[0] != "_" or any(each.isdigit() for each in made))  # tmp_results is somebody's word
        and made.isascii()
        and made.replace("_", "0").isalnum()
        and made == made.lower()
        and not name[11:12].isalnum()
    )


def present(variables: Mapping[str, str]) -> frozenset[str]:
    """What lies under such names now: paths that whoever starts a program with these variables may know."""
    found: list[str] = []
    for directory in dict.fromkeys((*DIRECTORIES, variables.get("TMPDIR", "").rstrip("/"))):
        if directory.startswith("/"):
            try:
                names = os.listdir(directory)
            except OSError:
                continue  # then no program can leave anything there either
            found += (f"{directory}/{name}" for name in names if name.startswith("tmp") and is_made_up(name))
    return frozenset(found)
