"""Media type → comparator."""

from ledger.compare import bytes as byte_by_byte
from ledger.compare import json_values
from ledger.compare.base import Comparator

COMPARATORS: dict[str, Comparator] = {"application/json": json_values.compare}
"""By media type; every other type is compared byte for byte."""


def find(media_type: str) -> Comparator:
    """The comparator for contents of `media_type` (parameters such as ``; charset`` do not count)."""
    essence = media_type.partition(";")[0].strip().lower()
    return COMPARATORS.get(essence, byte_by_byte.compare)
