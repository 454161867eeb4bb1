"""NumPy's ``.npz``: a zip archive of arrays, by name."""

from contextlib import ExitStack
from typing import BinaryIO

from ledger.compare.account import Account
from ledger.compare.archives import zips
from ledger.compare.archives.members import Members
from ledger.compare.arrays import npy
from ledger.compare.leaves import compare_leaves, of_content


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    sides = Members(expected), Members(got)
    others: dict[str, None] = {}
    for name in dict.fromkeys((*sides[0].by_name, *sides[1].by_name)):
        both = name in sides[0].by_name and name in sides[1].by_name
        if not (both and name.endswith(".npy") and _streamed(*sides, name, account)):
            others[name] = None
    zips.compare_members(*sides, account, others)
    account.ignore("time stamps, order and packing of members")


def _streamed(first: Members, second: Members, name: str, account: Account) -> bool:
    """Compare two arrays of one name as they are unpacked; False if they hold objects or records."""
    with ExitStack() as stack:
        sides = []
        for each in (first, second):
            file = stack.enter_context(each.streamed(name))
            kind, shape, fortran = npy.header(file)
            if kind.hasobject or kind.names:
                return False
            sides.append(npy.streamed(file, kind, shape, fortran))
        compare_leaves(name.removesuffix(".npy"), sides[0], sides[1], account)
    return True


compare = of_content(_compare)
