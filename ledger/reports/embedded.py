"""The proofs in a report's page: put into it as data, and found in it again."""

from html.parser import HTMLParser

from ledger.errors import DamagedError
from ledger.model.frozen import frozen
from ledger.ops import proofs
from ledger.ops.proofs import Proven, Trusted

TYPE = "application/vnd.ledger.proof+json"
"""Of the blocks of data that hold them: a browser neither runs nor shows such a block."""
MOST_BYTES = 64 << 20
"""Of a page that is read."""
MOST_PROOFS = 100


@frozen
class Checked:
    """What the proofs of a page have shown."""

    proven: tuple[Proven, ...]
    """One for each, in their order; at least one."""

    @property
    def vouched(self) -> bool:
        """Whether what the reader trusts vouches for all of them."""
        return all(each.vouched for each in self.proven)


def block(proof: bytes, name: str) -> str:
    """A proof as a block of data; `name` is made of letters and digits."""
    # Neither letter is in JSON but in a text, which takes them written out, so that no text ends the block.
    inner = proof.decode().strip().replace("&", "\\u0026").replace("<", "\\u003c")
    return f'<script type="{TYPE}" id="proof-{name}">{inner}</script>\n'


def check(content: bytes, trusted: Trusted, what: str) -> Checked:
    """Check every proof of a page.

    Parameters
    ----------
    content
        The page.
    trusted
        What vouches for its heads.
    what
        What it is, for errors.

    Raises
    ------
    DamagedError
        If there is none, or one is none.
    MismatchError
        If one does not hold, or what is trusted does not vouch for it.
    IncomparableError
        If one is signed and there is no ``ssh-keygen``.
    """
    found = blocks(content, what)
    return Checked(
        proven=tuple(
            proofs.check(each, trusted, what=f"proof {place} of {what}" if len(found) > 1 else what)
            for place, each in enumerate(found, 1)
        )
    )


def blocks(content: bytes, what: str) -> list[bytes]:
    """The proofs in a page.

    Raises
    ------
    DamagedError
        If there is none, or there are too many.
    """
    if len(content) > MOST_BYTES:
        raise DamagedError(f"{what} is refused", cause=f"expected at most {MOST_BYTES:,} bytes")
    finder = _Finder()
    finder.feed(content.decode("utf-8", "replace"))
    finder.close()
    if not 0 < len(finder.found) <= MOST_PROOFS:
        raise DamagedError(
            f"{what} is refused",
            cause=f"expected a report with 1 to {MOST_PROOFS} proofs, got {len(finder.found)}",
            hint="make one where the ledger is: ledger report REF -o report.html",
        )
    return [each.encode() for each in finder.found]


class _Finder(HTMLParser):
    """Collects what is in the blocks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block."""
        self._inside = tag == "script" and ("type", TYPE) in attrs
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        """Take what is inside."""
        if self._inside:
            self.found[-1] += data
