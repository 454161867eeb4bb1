"""How files that others define are read: pure parsers that know nothing of a ledger."""


class Malformed(ValueError):
    """Bytes that are not of their format; the text says why."""
