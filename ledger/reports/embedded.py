"""The proofs in a report's page: put into it as data, and found in it again."""

from html.parser import HTMLParser

from ledger.errors import DamagedError, IncomparableError
from ledger.ops import proofs
from ledger.ops.proofs import Proven, Trusted

TYPE = "application/vnd.ledger.proof+json"
"""Of the blocks of data that hold them: a browser neither runs nor shows such a block."""
MAKER = "ledger report"
"""What a page says that it was made by."""
MOST_BYTES = 64 << 20
"""Of a page that is read."""
MOST_PROOFS = 100


def block(proof: bytes, name: str) -> str:
    """A proof as a block of data; `name` is made of letters and digits."""
    # Neither letter is in JSON but in a text, which takes them written out, so that no text ends the block.
    inner = proof.decode().strip().replace("&", "\\u0026").replace("<", "\\u003c")
    return f'<script type="{TYPE}" id="proof-{name}">{inner}</script>\n'


def check(content: bytes, trusted: Trusted, what: str) -> tuple[Proven, ...]:
    """Check every proof of a page.

    Parameters
    ----------
    content
        The page.
    trusted
        What vouches for its heads.
    what
        What it is, for errors.

    Returns
    -------
    tuple of Proven
        What each has shown, in their order; one, at least.

    Raises
    ------
    DamagedError
        If it is no report, or a proof in it is none.
    MismatchError
        If one does not hold, or what is trusted does not vouch for it.
    IncomparableError
        If it is a report without a proof; or one is signed and there is no ``ssh-keygen``.
    """
    found = blocks(content, what)
    return tuple(
        proofs.check(each, trusted, what=f"proof {place} of {what}" if len(found) > 1 else what)
        for place, each in enumerate(found, 1)
    )


def blocks(content: bytes, what: str) -> list[bytes]:
    """The proofs in a page.

    Raises
    ------
    IncomparableError
        If it is a report that has none.
    DamagedError
        If it is no report, or has too many.
    """
    if len(content) > MOST_BYTES:
        raise DamagedError(f"{what} is refused", cause=f"expected at most {MOST_BYTES:,} bytes")
    finder = _Finder()
    finder.feed(content.decode("utf-8", "replace"))
    finder.close()
    if finder.is_report and not finder.found:
        raise IncomparableError(
            f"{what} holds no proof, so that nothing in it can be checked",
            cause="where it was made none of its trials could be proven, as of a bundle that was opened",
            hint="make one where the ledger is: ledger report REF -o report.html",
        )
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
        self.is_report = False
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block."""
        self._inside = tag == "script" and ("type", TYPE) in attrs
        if self._inside:
            self.found.append("")
        if tag == "meta" and ("name", "generator") in attrs and ("content", MAKER) in attrs:
            self.is_report = True

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        """Take what is inside."""
        if self._inside:
            self.found[-1] += data
