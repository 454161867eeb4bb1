"""Text that came from bytes which may be no UTF-8: file names, arguments, variables."""


def to_bytes(text: str) -> bytes:
    """Return the bytes of a text: surrogate escapes are the bytes that they stand for.

    Other lone surrogates, as a JSON file can hold them, become the three bytes that UTF-8 would have for
    them.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return b"".join(
            letter.encode("utf-8", "surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass")
            for letter in text
        )


def from_bytes(raw: bytes) -> str:
    """Return the text of bytes; those that are no UTF-8 become surrogate escapes."""
    return raw.decode("utf-8", "surrogateescape")


def is_utf8(text: str) -> bool:
    """Whether every letter of a text has a UTF-8 form."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def canonical(text: str) -> str | bytes:
    """Return what stands for a text in canonical bytes: itself, or its bytes where they are no UTF-8."""
    if text.isascii():
        return text
    raw = to_bytes(text)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw
