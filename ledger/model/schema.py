"""The sole reader of ``schemas/``, the contract that other languages read too."""

import json
from pathlib import Path
from typing import Any

from ledger.errors import NotFoundError


def directory() -> Path:
    """Where the schemas lie: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "schemas"
    return installed if installed.is_dir() else package.parent / "schemas"


def load(name: str) -> dict[str, Any]:
    """A document of ``schemas/`` by its path without ``.json``, such as ``arrow/segment.v1``.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    path = directory() / f"{name}.json"
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(
            f"no schema {name!r}",
            cause=f"expected the file {path}",
            hint="install again: python -m pip install --force-reinstall replay-ledger",
        ) from error
    return document
