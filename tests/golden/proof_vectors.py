"""The test vectors of proofs in ``schemas/vectors/``: written anew, or held against what the code says.

python tests/golden/proof_vectors.py            write them
python tests/golden/proof_vectors.py --check    exit 1 if they differ
"""

import copy
import json
import sys
from base64 import b64decode, b64encode
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import cbor2  # noqa: E402

from ledger.journal import merkle  # noqa: E402
from ledger.model import (  # noqa: E402
    CodeSnapshot,
    Digest,
    Entry,
    Head,
    HealthLine,
    HealthState,
    Hyperparameter,
    HyperparameterType,
    Intent,
    MetricSummary,
    Note,
    Observed,
    OriginHead,
    Outcome,
    Status,
    TrialFinished,
    TrialStarted,
)
from ledger.model.codec import digest_of, encode, encode_entry  # noqa: E402
from ledger.model.proof import Proof, ProvenEntry, Signature, SignedHead, Since, write_proof  # noqa: E402

PATH = ROOT / "schemas" / "vectors" / "proofs.json"
ORIGIN, OTHER = bytes(range(16)), bytes(range(16, 32))
MOMENT = 1_700_000_000_000_000_000
BEFORE, BEHIND = 5, 4
"""Notes in the log in front of the trial, and behind it."""
EARLIER = 3
"""Entries of the earlier head."""

# Made once, by a key that was thrown away then. Such a signature is made of the key and the message alone.
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBCXi2b09dm71fPtNG0yz4+/2/KHhjIANO0a+h9FFi8N"
FINGERPRINT = "SHA256:a/6B/gDd26Oif47vqWbUuqQcxKIwwgXqAZF6F2S+ajg"
SIGNATURE = """\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgEJeLZvT12bvV8+00bTLPj7/b8o
eGMgA07Rr6H0UWLw0AAAALbGVkZ2VyLWhlYWQAAAAAAAAABnNoYTUxMgAAAFMAAAALc3No
LWVkMjU1MTkAAABAKt4cRHAgIgTCF/801AoaHBHZzbTfd3lhG5GxlhQNLm3Hp+jAaAM0WO
c/iH0Npsnnys/sYTdiSUWR4KeFLgPvCQ==
-----END SSH SIGNATURE-----
"""


def entry(place, payload):
    nonce = bytes([place]) * 16
    return encode_entry(Entry(time=MOMENT + place, nonce=nonce, origin=ORIGIN, payload=payload))


def trial():
    """The bodies of a trial's start and end."""
    tree, environment, host = (Digest.of(name) for name in (b"a tree", b"an environment", b"a host"))
    given = (Hyperparameter(name="lr", value=0.25, type=HyperparameterType.REAL, source="argument"),)
    health = (HealthLine(part="code", state=HealthState.COMPLETE),)
    started = TrialStarted(
        name="baseline",
        experiment="digits",
        root="/home/ann/project",
        intent=Intent(
            argv=("python", "train.py", "--lr", "0.25"),
            directory=".",
            stdin="null",
            code=((".", tree),),
            environment=environment,
            seed=None,
            parameters=(),
            inputs=(),
        ),
        code=(CodeSnapshot(name=".", tree=tree, commit="c0ffee" * 6 + "c0ff"),),
        environment=environment,
        interpreter=None,
        host=host,
        hyperparameters=given,
        inputs=(),
        spool="0123456789abcdef",
        health=health,
    )
    first = entry(BEFORE, started)
    finished = TrialFinished(
        trial=merkle.leaf_hash(first),
        recipe=Digest.of(b"a recipe"),
        recipe_complete=True,
        hyperparameters=given,
        inputs=(),
        observed=Observed(affinity=2),
        outcome=Outcome(
            status=Status.OK,
            exit_code=0,
            metrics=(MetricSummary(name="accuracy", last=0.75, min=0.5, max=0.75, count=3),),
            started=MOMENT,
            duration_s=1.5,
            cpu_user_s=1.25,
            cpu_system_s=0.125,
            peak_memory=1 << 20,
        ),
        health=health,
    )
    return first, entry(BEFORE + 1, finished)


def log():
    """The bodies of all entries."""
    notes = [entry(place, Note(text=f"note {place}", author="ann")) for place in range(BEFORE)]
    behind = range(BEFORE + 2, BEFORE + 2 + BEHIND)
    return [*notes, *trial(), *(entry(place, Note(text=f"note {place}", author="ann")) for place in behind)]


def head(leaves):
    """What the log and another one of four entries, of which nothing else is known, are."""
    own = OriginHead(origin=ORIGIN, size=len(leaves), root=merkle.root(leaves))
    return Head(origins=(own, OriginHead(origin=OTHER, size=4, root=Digest.of(b"four entries"))))


def proof():
    """The proof that the trial is in the log."""
    bodies = log()
    leaves = [merkle.leaf_hash(body) for body in bodies]
    paths = {index: merkle.inclusion_proof(leaves, index) for index in (BEFORE, BEFORE + 1)}
    # The two nodes on top are those of the first path, too.
    assert paths[BEFORE][-2:] == paths[BEFORE + 1][-2:]
    paths[BEFORE + 1] = paths[BEFORE + 1][:-2]
    earlier = OriginHead(origin=ORIGIN, size=EARLIER, root=merkle.root(leaves[:EARLIER]))
    return Proof(
        signed=SignedHead(head=head(leaves), signatures=(Signature(key=FINGERPRINT, signature=SIGNATURE),)),
        entries=tuple(
            ProvenEntry(index=index, body=bodies[index], path=path) for index, path in paths.items()
        ),
        since=Since(head=Head(origins=(earlier,)), paths=(merkle.consistency_proof(leaves, EARLIER),)),
        trials=1,
    )


def invalid(valid):
    """Proofs that do not hold: what is wrong, and the document."""

    def changed(what, change):
        document = copy.deepcopy(valid)
        change(document)
        return {"what": what, "proof": document}

    def flipped(text):
        content = bytearray(b64decode(text))
        content[0] ^= 1
        return b64encode(content).decode()

    def without(text, count):
        return b64encode(b64decode(text)[count:]).decode()

    def loosened(text):
        """The same map with its `v` as two bytes, which deterministic CBOR does not allow."""
        body = b64decode(text)
        return b64encode(body.replace(b"\x61v\x01", b"\x61v\x18\x01", 1)).decode()

    def of(place, name, change):
        def do(document):
            document[place][0][name] = change(document[place][0][name])

        return do

    leaves = [merkle.leaf_hash(body) for body in log()]
    whole = b64encode(b"".join(merkle.inclusion_proof(leaves, BEFORE + 1))).decode()
    return [
        changed("another root", lambda each: each["head"]["origins"][0].update(root=str(Digest.of(b"")))),
        changed("one entry more", lambda each: each["head"]["origins"][0].update(size=12)),
        changed("another place", of("entries", "index", lambda index: index + 1)),
        changed("another node", of("entries", "path", flipped)),
        changed("a node too few", of("entries", "path", lambda text: without(text, 32))),
        changed("a node that is cut", of("entries", "path", lambda text: without(text, 1))),
        changed("the second path as a whole", lambda each: each["entries"][1].update(path=whole)),
        changed("another body", of("entries", "body", flipped)),
        changed("a body that is not canonical", of("entries", "body", loosened)),
        changed("the end alone", lambda each: each["entries"].pop(0)),
        changed("no entry", lambda each: each.update(entries=[])),
        changed("another earlier root", lambda each: each["since"]["head"]["origins"][0].update(size=4)),
        changed(
            "another signature",
            lambda each: each["signatures"][0].update(signature=SIGNATURE.replace("U1NIU0lH", "U1NIU0lI")),
        ),
        changed("another key", lambda each: each["signatures"][0].update(key=FINGERPRINT[:-1] + "_")),
        changed("origins in another order", lambda each: each["head"]["origins"].reverse()),
        changed("more trials than entries", lambda each: each.update(trials=16)),
        changed("a key that nobody knows", lambda each: each.update(surprise=1)),
        changed("a later format", lambda each: each.update(version=2)),
    ]


def vectors():
    valid = json.loads(write_proof(proof()))
    whole = proof()
    assert cbor2.loads(encode(whole.signed.head))["origins"][0]["size"] == BEFORE + 2 + BEHIND
    return {
        "description": "A log of eleven entries, the sixth and seventh of a trial; a head of it and of "
        "another log; the signature, in the namespace ledger-head, of the head's bytes; the proof that the "
        "trial is in the head, which goes on from one of three entries; documents that must be refused.",
        "head": {"bytes": encode(whole.signed.head).hex(), "digest": str(digest_of(whole.signed.head))},
        "public_key": PUBLIC_KEY,
        "signature": SIGNATURE,
        "trial": str(merkle.leaf_hash(trial()[0])),
        "proof": valid,
        "invalid": invalid(valid),
    }


def main(check: bool) -> list[str]:
    """Write the vectors, or return the names of those that differ."""
    text = json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"
    if not check:
        PATH.write_text(text, "utf-8")
    elif not PATH.exists() or PATH.read_text("utf-8") != text:
        return [PATH.name]
    return []


if __name__ == "__main__":
    found = main("--check" in sys.argv[1:])
    print("\n".join(f"differs: {name}" for name in found) or "as expected")
    sys.exit(bool(found))
