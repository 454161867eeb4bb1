"""What push, pull and clone show: how far they are, and what came of it."""

import sys
import time

import click

from ledger.cli import common, plain
from ledger.cli.page import Page
from ledger.errors import MismatchError
from ledger.ops.result_documents import transfer_document
from ledger.ops.text import count, line, size
from ledger.ops.transfer import Transferred
from ledger.remotes.registry import Known

_EVERY_S = 0.1
"""Seconds between two looks at the count."""


class Progress:
    """Counts on a terminal, in one line that is gone at the end."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._width = 0
        self._next = 0.0

    def __call__(self, what: str, done: int, known: int) -> None:
        if self._terminal and (now := time.monotonic()) >= self._next:
            self._next = now + _EVERY_S
            text = f"ledger: {done} of {known} {what}"
            click.echo(f"\r{text.ljust(self._width)}", nl=False, err=True)
            self._width = len(text)

    def end(self) -> None:
        """Take the line away."""
        if self._width:
            click.echo(f"\r{' ' * self._width}\r", nl=False, err=True)


def show(verb: str, known: Known, done: Transferred, *, as_json: bool) -> int:
    """Print what was moved; returns the exit code.

    Parameters
    ----------
    verb
        ``push`` or ``pull``.
    known
        The remote.
    done
        What came of it.
    as_json
        Whether as a document.
    """
    if as_json:
        common.emit(transfer_document(verb, known, done))
    else:
        _page(verb, known, done).show()
        for notice in done.notices:
            plain.warn(f"{notice.where}: {notice.detail}")
    return 0 if done.ok else MismatchError.exit_code


def _page(verb: str, known: Known, done: Transferred) -> Page:
    page = Page()
    towards = "to" if verb == "push" else "from"
    if done.entries or done.objects:
        entries = count(done.entries, "entry").replace("entrys", "entries")
        objects = f"{count(done.objects, 'object')} ({size(done.bytes)})"
        page.line(f"{verb}ed {entries} and {objects} {towards} {line(known.name)}")
    elif done.ok and not done.signatures:
        page.line(f"nothing new {'for' if verb == 'push' else 'at'} {line(known.name)}")
    if done.signatures:
        page.line(f"{verb}ed {count(done.signatures, 'signature')} {towards} {line(known.name)}")
    for each in done.findings:
        page.heading(f"refused: {each.what}: {line(each.where)}")
        page.pairs([("expected", line(each.expected or "")), ("got", line(each.got or ""))])
    return page
