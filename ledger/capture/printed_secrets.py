"""Secrets that a program printed and nobody named: told in its streams by their form."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.capture.secret_words import secrets_in

_STARTS: Final = (
    *(b"sk-", b"sk_", b"rk_", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-"),
    *(b"hf_", b"AKIA", b"ASIA", b"xox", b"AIza", b"eyJ", b"pypi-", b"npm_", b"AccountKey="),
)
"""How tokens of well-known services begin; a letter or a digit before them makes them part of a word."""
_KEY: Final = b"-----BEGIN"
_HEADERS: Final = (b"uthorization", b"UTHORIZATION")
_BLOCK: Final = 1 << 20
_LONGEST: Final = 1 << 14
"""Bytes of the longest secret, and of the longest line that is looked at whole."""
_WORD: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def found_in(source: Path) -> dict[str, str]:
    """Value → name of what is secret by its form in a file, in bounded memory.

    Only lines in which one of the forms begins are looked at, so that a long log costs no more than a few
    searches for a word.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    found: dict[str, str] = {}
    kept = b""
    with open(source, "rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            content = kept + block
            for place in _places(content):
                text = content[place[0] : place[1]].decode("utf-8", "surrogateescape")
                for name, value in secrets_in(text):
                    if len(value) <= _LONGEST:
                        found.setdefault(value, name)
            kept = content[-_LONGEST:]
    return found


def _places(content: bytes) -> Iterator[tuple[int, int]]:
    """Where to look: from and to."""
    for start in _STARTS:
        for place in _all(content, start):
            if place == 0 or content[place - 1] not in _WORD:
                yield max(0, place - 1), place + _line_end(content, place)
    for place in _all(content, _KEY):
        end = content.find(b"-----END", place, place + _LONGEST)
        if end >= 0:
            yield place, end + 64
    for header in _HEADERS:
        for place in _all(content, header):
            yield place, place + _line_end(content, place)
    for place in _all(content, b"://"):
        end = _line_end(content, place)
        at = content.find(b"@", place, place + min(end, 512))
        if at >= 0:
            yield max(0, place - 16), at + 1


def _all(content: bytes, word: bytes) -> Iterator[int]:
    place = content.find(word)
    while place >= 0:
        yield place
        place = content.find(word, place + len(word))


def _line_end(content: bytes, place: int) -> int:
    """Bytes from `place` to the end of its line, or of as much of it as is looked at."""
    end = content.find(b"\n", place, place + _LONGEST)
    return end - place if end >= 0 else _LONGEST


def in_settings(path: str) -> Iterator[tuple[str, str]]:
    """(name, value) of a ``.env`` file's lines; nothing where there is none.

    Parameters
    ----------
    path
        Of the file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return
    try:
        text = os.read(descriptor, 1 << 16).decode("utf-8", "surrogateescape")
    except OSError:
        return  # a directory of that name, as virtual environments are
    finally:
        os.close(descriptor)
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        name = name.strip().removeprefix("export ").strip()
        value = value.strip()
        if len(value) > 1 and value[0] in "'\"":
            value = value[1:].partition(value[0])[0]
        if equals and name and not name.startswith("#") and value:
            yield name, value
