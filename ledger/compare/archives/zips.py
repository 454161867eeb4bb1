"""Zip archives by their members: time stamps, order and packing do not count."""

from typing import BinaryIO, Final

from ledger.compare import bytes as byte_by_byte
from ledger.compare import nested, registry
from ledger.compare.account import Account
from ledger.compare.archives.members import Members, bounded
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.parts import size_of
from ledger.model.media import media_type

_DEEPEST: Final = 3
"""Archives in an archive."""


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    if account.depth > _DEEPEST:
        raise Unfit("too many archives in one another")
    sides = Members(expected), Members(got)
    with bounded(size_of(expected)):
        compare_members(*sides, account, dict.fromkeys((*sides[0].by_name, *sides[1].by_name)))
    account.ignore("time stamps, order and packing of members")


def compare_members(first: Members, second: Members, account: Account, names: dict[str, None]) -> None:
    """Compare some members of two archives, each as its name asks for, or what it begins like."""
    for name in names:
        if name not in first.by_name or name not in second.by_name:
            account.only(name, first=name in first.by_name)
            continue
        with first.opened(name) as one, second.opened(name) as other:
            found = byte_by_byte.compare(one, other, account.tolerance)
            if found.exact:
                continue
            content = registry.content_of(media_type(name))
            inner = account.inner()
            one.seek(0)
            other.seek(0)
            try:
                if content is None:
                    account.take(name, nested.compare(one, other, account.tolerance))
                    continue
                content(one, other, inner)
            except Unfit as error:
                account.differ(name, f"{found.detail} (compared as bytes: {error})")
            else:
                account.include(name, inner)


compare = of_content(_compare)
