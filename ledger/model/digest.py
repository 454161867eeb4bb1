"""The name of a content: 32 bytes of BLAKE3."""

from typing import Self

from blake3 import blake3

from ledger.errors import FormatError

PREFIX = "b3:"
SIZE = 32


class Digest(bytes):
    """A BLAKE3 digest of 32 bytes; its text form is ``b3:`` and 64 hexadecimal digits.

    Raises
    ------
    FormatError
        If it is not made of 32 bytes.
    """

    __slots__ = ()

    def __new__(cls, raw: bytes) -> Self:
        if len(raw) != SIZE:
            raise FormatError("not a digest", cause=f"expected {SIZE} bytes, got {len(raw)}")
        return super().__new__(cls, raw)

    @classmethod
    def of(cls, content: bytes | bytearray | memoryview) -> Self:
        """Digest of `content`."""
        return cls(blake3(content).digest())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form.

        Raises
        ------
        FormatError
            If `text` is not ``b3:`` and 64 lower-case hexadecimal digits.
        """
        digits = text.removeprefix(PREFIX)
        if text.startswith(PREFIX) and len(digits) == 2 * SIZE and digits == digits.lower():
            try:
                return cls(bytes.fromhex(digits))
            except ValueError:
                pass  # fromhex accepts no other letters: the error below says what is expected
        raise FormatError("not a digest", cause=f"expected b3: and 64 hexadecimal digits, got {text!r}")

    @property
    def short(self) -> str:
        """The first 12 hexadecimal digits, for people."""
        return self.hex()[:12]

    def __str__(self) -> str:
        return PREFIX + self.hex()

    def __repr__(self) -> str:
        return f"Digest({PREFIX}{self.hex()[:12]}…)"
