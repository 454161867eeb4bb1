"""The command ``ledger prove``."""

from pathlib import Path

import click

from ledger import fs
from ledger.cli import common
from ledger.cli.plain import say, warn
from ledger.errors import FormatError
from ledger.model import Digest
from ledger.model.proof import write_proof
from ledger.ops import prove, query, references, signing
from ledger.ops.output_file import output_file
from ledger.ops.text import count, line


@click.command(
    "prove",
    short_help="Write the proof that a trial is in the ledger.",
    epilog=common.ends(
        """ledger prove @ -o proof.json
        ledger prove paper --since head.json -o proof.json""",
        "0 ok, 2 usage, 3 there is no such trial or head, 4 the log is not what a head says, 5 no ssh-keygen",
    ),
)
@click.argument("ref")
@click.option("-o", "--output", metavar="FILE", help="Write it there; else to standard output.")
@click.option(
    "--since",
    metavar="HEAD",
    help="Prove too that the log goes on from this earlier head: a file of ledger head --json, or a digest.",
)
@click.option("--key", metavar="PUB", help="In a head that this public key has signed.")
@click.pass_context
def command(context: click.Context, ref: str, output: str | None, since: str | None, key: str | None) -> None:
    """Write a proof that a trial is in the ledger, for those who do not have the ledger.

    It holds the trial's entries, the way from them to the largest signed head that has them (ledger verify
    --sign makes one), and the signatures. Others may have signed a larger one: --key says whose is wanted.
    It is checked with: ledger verify FILE --key PUBLIC.pub
    """
    target = None if output is None else output_file(Path(output), "proof")
    workspace = common.opened(context)
    trial = _full_id(ref) or references.resolve(query.load(workspace.journal), ref).id
    earlier = None if since is None else prove.earlier_head(workspace.directory, since)
    signer = None if key is None else signing.public_digest(Path(key))
    proof = prove.prove(workspace.journal, workspace.directory, trial, since=earlier, key=signer)
    content = write_proof(proof)
    if target is None:
        common.write(content)
    else:
        fs.replace(target, content, sync=False)
    if not proof.signed.signatures:
        warn("the head of this proof is not signed; sign one first: ledger verify --sign")
    last, head = proof.entries[-1], proof.signed
    if output is not None:
        counted = f", one of {count(proof.trials, 'trial')} of its experiment" if proof.trials else ""
        say(
            f"{line(output)}: trial {trial.short}, up to entry {last.index:,}, in the head"
            f" {head.digest.short} of {head.head.size:,} entries{counted}"
        )


def _full_id(ref: str) -> Digest | None:
    """The id that a reference is as a whole: then no other trial has to be read."""
    try:
        return Digest.parse(ref)
    except FormatError:
        return None
