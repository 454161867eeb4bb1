"""Check a bundle, every byte of it, before anything is taken from it; no ledger is needed."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from ledger.errors import FormatError, IncomparableError, MismatchError, UsageError
from ledger.journal import proven
from ledger.model import (
    Digest,
    Manifest,
    Recorded,
    Trial,
    TrialStarted,
)
from ledger.model.bundle import MOST_BYTES, Bundle, read_bundle, refused
from ledger.model.codec import decode
from ledger.model.frozen import frozen, replace
from ledger.model.items import check_items
from ledger.ops import proofs, query, reach
from ledger.ops.about import about
from ledger.ops.bundle_paths import check_paths
from ledger.ops.proofs import Signer, Trusted
from ledger.ops.reach import Reference
from ledger.store.outside_pack import OutsidePack
from ledger.store.pack_format import MAGIC

Progress = Callable[[str], None]

_BASE = 1 << 30
_FACTOR = 200
"""A bundle of n bytes may make up `_BASE` + `_FACTOR` · n bytes, where nobody allows more."""
_MOST_NOUN = 1 << 28
"""Bytes of a list of files, an environment or a host, which is read as a whole."""


@frozen
class Checked:
    """What a bundle has shown."""

    what: str
    """The file, as it was named."""
    document: bytes
    bundle: Bundle
    pack: Digest
    """Of the pack's index: what names it."""
    entries: tuple[Recorded, ...]
    trials: tuple[Trial, ...]
    """Those that it was made for, as its entries tell them."""
    objects: frozenset[Digest]
    """What it has of what they refer to."""
    signers: tuple[Signer, ...]
    unchecked: str | None
    """Why its signatures were not checked; None where they were, or there are none."""
    missing: tuple[Reference, ...]
    """Objects that its entries refer to and that it has not, those of `left_out` aside."""
    left_out: tuple[Reference, ...]
    """The same of contents of outputs, and of earlier trials' outputs that replays do not need."""
    trusted: Trusted

    @property
    def vouched(self) -> bool:
        """Whether what the reader trusts vouches for the head, and not only the bundle for itself."""
        return self.trusted.anything


def is_bundle(path: Path) -> bool:
    """Whether a file begins as bundles do; nothing more of it is looked at."""
    try:
        if not path.is_file():
            return False
        with open(path, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def check(
    path: Path,
    trusted: Trusted | None = None,
    *,
    what: str | None = None,
    max_size: int | None = None,
    progress: Progress = lambda _: None,
) -> Checked:
    """Check a bundle.

    Parameters
    ----------
    path
        The file; nobody may change it meanwhile.
    trusted
        What vouches for its head; without any, only that it holds together is shown.
    what
        What it is called in errors; its path by default.
    max_size
        Bytes that its contents may make up, and each trial's files; 1 GiB and 200 times the file by default.
    progress
        Takes a line for each step.

    Raises
    ------
    DamagedError
        If something in it is not what it has to be; the cause names the place.
    MismatchError
        If what is trusted does not vouch for it.
    IncomparableError
        If a signature is asked for and there is no ``ssh-keygen``.
    NewerFormatError
        If a later release wrote it.
    """
    what, trust = what or os.fspath(path), trusted or Trusted()
    with OutsidePack(path, what) as pack:
        # 1. What stands where; then what it says of itself, and who vouches for that.
        progress("checking its form")
        most = _BASE + _FACTOR * pack.size if max_size is None else max_size
        pack.check_form(most)
        first = pack.first
        if first is None or first.plain > MOST_BYTES:
            raise refused(what, f"byte {len(MAGIC)}: expected its document, got another record")
        document = pack.get(first.digest)
        bundle = read_bundle(document, what)
        entries = proven.entries_of(bundle, what)
        check_paths(entries, what)
        if trust.head is not None and bundle.signed.digest != trust.head:
            raise MismatchError(
                f"{what} is of another head", cause=f"expected {trust.head}, got {bundle.signed.digest}"
            )
        signers, unchecked = _signers(bundle, trust, what)

        # 2. Every content; then what lists others.
        progress(f"hashing {len(pack.objects()):,} objects")
        pack.check_contents()
        trials = _trials(bundle, entries, what)
        missing = tuple(_Reaching(pack, most, what).missing(trials, entries))
        left_out = tuple(each for each in missing if each.output and each.kind is None)
        return Checked(
            what=what,
            document=document,
            bundle=bundle,
            pack=pack.name,
            entries=tuple(entries),
            trials=trials,
            objects=frozenset(pack.objects()) - {first.digest},
            signers=signers,
            unchecked=unchecked,
            missing=tuple(each for each in missing if each not in left_out),
            left_out=left_out,
            trusted=trust,
        )


def _signers(bundle: Bundle, trust: Trusted, what: str) -> tuple[tuple[Signer, ...], str | None]:
    try:
        return proofs.vouched(bundle.signed, trust, what, again="ledger bundle REF -o FILE"), None
    except IncomparableError as error:
        if trust.signers is not None:
            raise
        return (), error.cause or error.message


def _trials(bundle: Bundle, entries: Sequence[Recorded], what: str) -> tuple[Trial, ...]:
    started = tuple(each.id for each in entries if isinstance(each.entry.payload, TrialStarted))
    if not started or started != bundle.trials:
        raise refused(
            what,
            f"trials: expected those that its entries start, one or more: {len(started):,}, got other ones",
        )
    names = {
        each.entry.payload.experiment
        for each in entries
        if isinstance(each.entry.payload, TrialStarted) and each.entry.payload.experiment is not None
    }
    ours = {each.id for each in about(entries, started, names)}
    for place, each in enumerate(entries):
        if each.id not in ours:
            raise refused(
                what, f"entries[{place}]: expected one about its trials, got another {each.entry.kind[:40]}"
            )
    found = query.fold(entries)
    return tuple(found.by_id[id] for id in started if id in found.by_id)


def size(text: str) -> int:
    """Read a size such as ``20GB``, ``500 MB`` or ``1048576``: powers of 1000.

    Raises
    ------
    UsageError
        If it is none.
    """
    found = re.fullmatch(r"(\d{1,15})\s*([kMGT]?)B?", text.strip())
    if found is None:
        raise UsageError("a bad size", cause=f"expected such as 20GB, got {text!r}")
    factor: int = 1000 ** ["", "k", "M", "G", "T"].index(found[2])
    return int(found[1]) * factor


def needed_products(trials: Iterable[Trial]) -> frozenset[Digest]:
    """What earlier trials had made, of those trials that may read it unseen at a replay."""
    return frozenset(
        snapshot.products
        for trial in trials
        if not trial.recipe_complete
        for snapshot in trial.code
        if snapshot.products is not None
    )


def can_go(reference: Reference, needed: frozenset[Digest]) -> bool:
    """Whether a bundle may be without the content: an output, or a product that no replay needs."""
    return reference.output or (reference.product and reference.digest not in needed)


class _Reaching:
    """What trials refer to: whether it can be read, and how much is written by who checks all of it out."""

    def __init__(self, pack: OutsidePack, most: int, what: str) -> None:
        self._pack = pack
        self._sizes = pack.objects()
        self._most = most
        self._what = what
        self._lists: dict[Digest, tuple[Reference, ...]] = {}

    def missing(self, trials: Sequence[Trial], entries: Iterable[Recorded]) -> Iterator[Reference]:
        """Each object that is not there, once, as the first one that names it."""
        told: set[Digest] = set()
        needed = needed_products(trials)
        references = [each for recorded in entries for each in reach.of_entry(recorded.entry.payload)]
        for reference in references:
            for each in (reference, *self._inside(reference)):
                each = replace(each, output=can_go(reference, needed))
                if each.digest not in self._sizes and each.digest not in told:
                    told.add(each.digest)
                    yield each
        for trial in trials:
            total = 0
            for reference in reach.of_trial(trial):
                for each in (reference, *self._inside(reference)):
                    total += self._sizes.get(each.digest, 0)
                if total > self._most:
                    raise refused(
                        self._what,
                        f"trial {trial.id.short}: expected files of at most {self._most:,} bytes, got"
                        f" {total:,} or more (allowed is what --max-size says)",
                    )

    def _inside(self, reference: Reference) -> tuple[Reference, ...]:
        digest, kind = reference.digest, reference.kind
        if kind is None or digest not in self._sizes:
            return ()
        if digest not in self._lists:
            if self._sizes[digest] > _MOST_NOUN:
                raise refused(
                    self._what,
                    f"{reference.what}: expected at most {_MOST_NOUN:,} bytes, got {self._sizes[digest]:,}",
                )
            content = self._pack.get(digest)
            try:
                check_items(content)
                if kind is Manifest:
                    self._lists[digest] = tuple(reach.inside(content, reference.what))
                else:
                    decode(kind, content)
                    self._lists[digest] = ()
            except FormatError as error:
                raise refused(
                    self._what, f"{reference.what} ({digest}): {error.message}: {error.cause}"
                ) from error
        return self._lists[digest]
