"""JSON that came from anybody: each value is asked for by its place and type; nothing else may be there."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any, NoReturn

from ledger.errors import DamagedError, FormatError, NewerFormatError
from ledger.model.digest import Digest

_LARGEST = (1 << 63) - 1
_DEPTH = 64


class Value:
    """One value of a document.

    Parameters
    ----------
    what
        What the document is, for errors, such as ``proof.json``.
    found
        The value.
    path
        Where it stands in the document.
    """

    def __init__(self, what: str, found: Any, path: str = "") -> None:
        self.what = what
        self.found = found
        self.path = path

    def map(self, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, "Value"]:
        """The values of a map that has the keys `required`, and of `optional` any."""
        if not isinstance(self.found, dict):
            self.refuse("an object")
        for name in required:
            if name not in self.found:
                self._at(name).refuse("a value", "nothing")
        for name in self.found:
            if name not in required and name not in optional:
                self._at(name[:40]).refuse("nothing of that name", "a value")
        return {name: self._at(name) for name in self.found}

    def each(self, least: int = 0, most: int = _LARGEST) -> Iterator["Value"]:
        """The values of an array of `least` to `most`."""
        if not isinstance(self.found, list):
            self.refuse("an array")
        if not least <= len(self.found) <= most:
            number = str(least) if least == most else f"{least} to {most}"
            self.refuse(f"{number} values", f"{len(self.found)}")
        for place, found in enumerate(self.found):
            yield Value(self.what, found, f"{self.path}[{place}]")

    def whole(self, least: int = 0, most: int = _LARGEST) -> int:
        """A whole number from `least` to `most`."""
        if type(self.found) is not int or not least <= self.found <= most:
            self.refuse(f"a whole number from {least} to {most}")
        return int(self.found)

    def text(self) -> str:
        """A text."""
        if not isinstance(self.found, str):
            self.refuse("text")
        return str(self.found)

    def digest(self) -> Digest:
        """A digest in its text form."""
        try:
            return Digest.parse(self.text())
        except FormatError as error:
            self.refuse("b3: and 64 hexadecimal digits", cause=error)

    def hexadecimal(self, size: int) -> bytes:
        """So many bytes, as lower-case hexadecimal digits."""
        text = self.text()
        if len(text) != 2 * size or set(text) - set("0123456789abcdef"):
            self.refuse(f"{2 * size} hexadecimal digits")
        return bytes.fromhex(text)

    def base64(self) -> bytes:
        """Bytes, in the only base64 that they have."""
        text = self.text()
        try:
            found = b64decode(text, validate=True)
        except ValueError:
            found = b""
        if b64encode(found).decode() != text:
            self.refuse("base64")
        return found

    def refuse(
        self, expected: str, got: str | None = None, *, cause: BaseException | None = None
    ) -> NoReturn:
        """Say that this value is not what it should be.

        Raises
        ------
        DamagedError
            Always.
        """
        place = f"{self.path}: " if self.path else ""
        raise DamagedError(
            f"{self.what} is refused",
            cause=f"{place}expected {expected}, got {_brief(self.found) if got is None else got}",
            hint="ask who made it to make it again",
        ) from cause

    def _at(self, name: str) -> "Value":
        path = f"{self.path}.{name}" if self.path else name
        return Value(self.what, self.found.get(name), path)


def read(content: bytes, what: str, *, format: str, version: int) -> Value:
    """Read a document that says of itself which one it is.

    Parameters
    ----------
    content
        JSON, in UTF-8.
    what
        What the document is, for errors.
    format, version
        What its keys of these names have to say.

    Raises
    ------
    DamagedError
        If it is no such document.
    NewerFormatError
        If a later release wrote it.
    """

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        names = dict(found)
        if len(names) < len(found):
            twice = next(name for place, (name, _) in enumerate(found) if name in dict(found[:place]))
            raise ValueError(f"{twice[:40]!r} stands there twice")
        return names

    def refused(text: str) -> NoReturn:
        raise ValueError(f"a number as {text[:40]} is none that belongs here")

    root = Value(what, None)
    try:
        document = json.loads(
            content.decode("utf-8"), object_pairs_hook=pairs, parse_float=refused, parse_constant=refused
        )
    except RecursionError as error:
        root.refuse("a document", "one that is nested too deep", cause=error)
    except ValueError as error:
        root.refuse("JSON", str(error)[:200], cause=error)
    root = Value(what, document)
    if _depth(document) > _DEPTH:
        root.refuse("a document", "one that is nested too deep")
    if not isinstance(document, dict) or document.get("format") != format:
        found = document.get("format") if isinstance(document, dict) else document
        root.refuse(f'"format": "{format}"', _brief(found))
    told = document.get("version")
    if type(told) is int and version < told <= _LARGEST:
        raise NewerFormatError(
            f"{what} has format {told}",
            cause=f"version: this release reads formats up to {version}",
            hint="upgrade: python -m pip install --upgrade replay-ledger",
        )
    if type(told) is not int or told != version:
        Value(what, told, "version").refuse(str(version))
    return root


def _depth(document: Any) -> int:
    """How deep a document is nested, as far as it matters."""
    depth, level = 0, [document]
    while level and depth <= _DEPTH:
        depth += 1
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return depth


def _brief(found: Any) -> str:
    if isinstance(found, dict):
        return "an object"
    if isinstance(found, list):
        return "an array"
    if found is None:
        return "nothing"
    text = json.dumps(found) if not isinstance(found, int) or found.bit_length() < 200 else "a huge number"
    return text if len(text) <= 60 else f"{text[:57]}…"
