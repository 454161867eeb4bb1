"""``ledger verify proof.json``: what a proof shows, in words. No ledger is needed for it, and no pyarrow."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ledger.cli import common
from ledger.cli.page import Page
from ledger.errors import IncomparableError, LedgerError, NotFoundError, UsageError
from ledger.model import Digest
from ledger.model.frozen import replace
from ledger.model.proof import MOST_BYTES
from ledger.ops import proofs
from ledger.ops.proof_document import proven_document
from ledger.ops.proofs import Proven, Signer, Trusted
from ledger.ops.text import count, line, value
from ledger.workspace import Workspace

_SHOWN = 12
"""Hyperparameters and metrics."""


def check(
    file: str,
    *,
    key: str | None,
    signers: str | None,
    head: str | None,
    since: str | None,
    at_hand: Callable[[], Workspace | None],
    as_json: bool,
) -> int:
    """Check the proof in a file, and say what it shows; return the exit code.

    Where no key and no head is named, the ledger `at_hand` is asked, if there is one.
    """
    trusted = _trusted(key=key, signers=signers, head=head, since=since)
    workspace = None if trusted.anything else at_hand()
    if is_page(file):
        return _check_page(file, trusted, workspace, as_json=as_json)
    (proven,) = _held([proofs.check(_read(file), trusted, what=file)], workspace, file)
    if as_json:
        common.emit(proven_document(proven))
    else:
        shown = page(proven)
        _advise([proven], workspace, shown)
        shown.show()
    return 0 if proven.vouched else IncomparableError.exit_code


def _held(found: Sequence[Proven], workspace: Workspace | None, what: str) -> list[Proven]:
    """The same, with the ledger at hand where it goes on from their heads."""
    if workspace is None:
        return list(found)
    from ledger.ops.proofs_here import goes_on_from  # without a ledger of no use

    heads = {each.signed.digest: each.signed.head for each in found}
    held = {digest for digest, head in heads.items() if goes_on_from(workspace, head, what)}
    return [
        replace(each, ledger=workspace.directory) if each.signed.digest in held else each for each in found
    ]


def _advise(found: Sequence[Proven], workspace: Workspace | None, shown: Page) -> None:
    """Tell what would vouch for heads for which nothing does."""
    left = [each for each in found if not each.vouched]
    if not left:
        return
    shown.heading("What would vouch for it")
    if workspace is not None:
        own = line(str(workspace.directory))
        shown.line(f"  Not the ledger at hand, {own}: it has not all of this head.")
    if any(each.signers for each in left):
        shown.line("  The public key of who signed it, had from themselves: --key KEY.pub")
    else:
        shown.line(
            "  A signature; it has none. Where its ledger is: ledger verify --sign, and make it again."
        )
    shown.line("  A head that you had from its maker, who sees it by ledger head: --head HEAD")
    shown.line("  Its ledger: run this again where that is.")


def is_page(file: str) -> bool:
    """Whether a file's name is that of a report's page, which holds proofs."""
    return file.lower().endswith((".html", ".htm"))


def _trusted(*, key: str | None, signers: str | None, head: str | None, since: str | None) -> Trusted:
    return proofs.trusted(
        key=Path(key) if key else None,
        signers=Path(signers) if signers else None,
        head=None if head is None else head_digest(head, "--head"),
        since=None if since is None else head_digest(since, "--since"),
    )


def _check_page(file: str, trusted: Trusted, workspace: Workspace | None, *, as_json: bool) -> int:
    from ledger.reports import embedded  # of no use to a proof in a file of its own

    proven = _held(embedded.check(_read(file), trusted, file), workspace, file)
    vouched = all(each.vouched for each in proven)
    if as_json:
        common.emit({"ok": vouched, "proofs": [proven_document(each) for each in proven]})
    else:
        found = Page()
        for each in proven:
            page(each, found)
        _advise(proven, workspace, found)
        found.heading("Of the page")
        found.line("  Its tables and drawings are its maker's word: only what is said above is proven.")
        found.show()
    return 0 if vouched else IncomparableError.exit_code


def page(proven: Proven, found: Page | None = None) -> Page:
    """What a proof shows, for people; added to a page where one is given."""
    trial, head, found = proven.trial, proven.signed.head, found or Page()
    own = None if proven.ledger is None else f"the ledger at hand, {line(str(proven.ledger))}"
    name = f" {line(trial.name)}" if trial.name else ""
    if proven.vouched:
        found.line((f"proved: trial {trial.id.short}{name} is in the ledger of this head", "bold green"))
    else:
        told = f"trial {trial.id.short}{name} is in the head that is here, but nothing vouches for that head"
        found.line((f"it holds together: {told}", "bold yellow"))
    found.pairs(
        [
            ("trial", str(trial.id)),
            *(
                (each.kind, f"entry {each.index:,} of {each.size:,} of origin {each.origin.hex()}")
                for each in proven.places
            ),
            ("head", f"{proven.signed.digest} ({_entries(head.size)}, {count(len(head.origins), 'origin')})"),
            ("vouched for by", own),
            ("named", "it is the head that you named" if proven.trusted.head else None),
            ("goes on from", None if proven.since is None else f"{proven.since}, nothing of it changed"),
            *(("signed by", each) for each in signers_told(proven.signers)),
        ]
    )
    outcome = trial.outcome
    code = "" if outcome is None or outcome.exit_code is None else f", exit code {outcome.exit_code}"
    found.heading("What the entries say")
    found.pairs(
        [
            ("status", f"{trial.status}{code}" if outcome else "the end of the trial is not in this proof"),
            ("experiment", None if trial.experiment is None else line(trial.experiment)),
            ("command", line(" ".join(trial.intent.argv))),
            ("hyperparameters", _values({each.name: each.value for each in trial.hyperparameters})),
            ("metrics", _values({each.name: each.last for each in outcome.metrics}) if outcome else None),
            ("recipe", str(trial.recipe) if trial.recipe else None),
        ]
    )
    found.heading("What it does not show")
    if proven.trials is not None:
        which = f"{proven.signed.digest} " if proven.signers else ""
        found.line(
            f"  That it is one of {count(proven.trials, 'trial')} of its experiment in this head is the"
            " prover's word. Who has the ledger can count:"
        )
        found.line(f"  ledger head {which}-x {line(trial.experiment or '')}")
    found.line("  Other entries may say more of this trial, or take it back: none of them has to be here.")
    return found


def signers_told(signers: Sequence[Signer], unchecked: str | None = None) -> list[str]:
    """Who has signed a head, in words, one each; or that nobody has."""
    if not signers:
        return [
            "nobody knows: its signatures were not checked" if unchecked else "nobody: the head is not signed"
        ]
    return [
        f"{each.key.fingerprint} ({each.key.kind}), "
        + (f"which you named: {line(each.name)}" if each.name else "a key that you did not name")
        for each in signers
    ]


def _values(found: dict[str, object]) -> str:
    shown = [f"{line(name)}={value(each)}" for name, each in list(found.items())[:_SHOWN]]
    more = [f"{len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return ", ".join([*shown, *more])


def _entries(size: int) -> str:
    return "1 entry" if size == 1 else f"{size:,} entries"


def _read(file: str) -> bytes:
    path = Path(file)
    try:
        with open(path, "rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFoundError(
            f"no file {file}", cause="expected a proof", hint=f"make one: ledger prove REF -o {path.name}"
        ) from error


def head_digest(named: str, option: str) -> Digest:
    """Read a head's digest: as text, or from a file that ``ledger head --json`` made."""
    try:
        return Digest.parse(named)
    except LedgerError:
        pass  # then it is a file
    path = Path(named)
    if not path.is_file():
        raise UsageError(
            f"{option} {named!r} names no head",
            cause="expected b3: and 64 hexadecimal digits, or a file",
            hint="where the ledger is: ledger head",
        )
    from ledger.ops.prove import head_file

    return head_file(path).digest
