"""What the page shows, one document a module: pure functions, which know nothing of HTTP.

Each module has a function ``answer(source, query)``: its answer to a query, as a JSON document or as an
Arrow table. Its errors are those of `ledger.errors`.
"""

from collections.abc import Mapping
from typing import Any

from ledger.errors import FormatError, UsageError
from ledger.model import Digest

Document = dict[str, Any]
Query = Mapping[str, str]
"""What is behind the question mark of an address."""


def asked_digest(text: str) -> Digest:
    """The digest that an address names.

    Raises
    ------
    UsageError
        If it is none.
    """
    try:
        return Digest.parse(text)
    except FormatError as error:
        raise UsageError(error.message, cause=error.cause) from error
