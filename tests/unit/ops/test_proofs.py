import copy
import json
from base64 import b64decode, b64encode
from pathlib import Path

import cbor2
import pytest

from ledger.errors import (
    DamagedError,
    IncomparableError,
    MismatchError,
    NewerFormatError,
    NotFoundError,
    UsageError,
)
from ledger.model import Digest, schema
from ledger.ops import proofs, signing

VECTORS = schema.load("vectors/proofs")
HEAD = Digest.parse(VECTORS["head"]["digest"])


def content(document):
    return json.dumps(document).encode()


def unsigned(document=None):
    """The proof with nobody's signature."""
    found = copy.deepcopy(VECTORS["proof"] if document is None else document)
    found["signatures"] = []
    return content(found)


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "ann.pub"
    path.write_text(f"# of Ann\n{VECTORS['public_key']} ann@example.org\n")
    return path


@pytest.fixture
def signers(tmp_path):
    path = tmp_path / "allowed_signers"
    path.write_text(f'# ours\nann@example.org namespaces="ledger-head" {VECTORS["public_key"]}\n')
    return path


def test_a_proof_shows_what_the_entries_say():
    found = proofs.check(unsigned())
    assert str(found.trial.id) == VECTORS["trial"]
    assert (found.trial.name, found.trial.experiment, found.trial.status) == ("baseline", "digits", "ok")
    assert {each.name: each.value for each in found.trial.hyperparameters} == {"lr": 0.25}
    assert [(each.kind, each.index, each.size) for each in found.places] == [
        ("trial.started", 5, 11),
        ("trial.finished", 6, 11),
    ]
    assert found.signed.digest == HEAD
    assert found.since is not None
    assert found.trials == 1
    assert (found.signers, found.vouched) == ((), False)


@pytest.mark.parametrize("each", VECTORS["invalid"], ids=[each["what"] for each in VECTORS["invalid"]])
def test_what_the_vectors_call_invalid_is_refused(each, ssh_keygen):
    with pytest.raises((DamagedError, MismatchError, NewerFormatError)) as caught:
        proofs.check(content(each["proof"]))
    assert caught.value.cause
    assert caught.value.hint


def test_the_signature_of_the_vectors_holds(key, signers, ssh_keygen):
    whole = content(VECTORS["proof"])
    alone = proofs.check(whole)
    assert [each.name for each in alone.signers] == [None]
    assert not alone.vouched
    by_key = proofs.check(whole, proofs.trusted(key=key))
    assert [each.name for each in by_key.signers] == ["--key"]
    assert by_key.vouched
    by_list = proofs.check(whole, proofs.trusted(signers=signers))
    assert [each.name for each in by_list.signers] == ["ann@example.org"]
    assert [each.key.kind for each in by_list.signers] == ["ED25519"]


def test_a_key_that_is_named_has_to_have_signed(key, tmp_path, make_key, ssh_keygen):
    other = make_key("other")
    with pytest.raises(MismatchError, match="not signed by a key that you named") as caught:
        proofs.check(content(VECTORS["proof"]), proofs.trusted(key=other.with_suffix(".pub")))
    assert VECTORS["proof"]["signatures"][0]["key"] in caught.value.cause
    with pytest.raises(MismatchError) as caught:
        proofs.check(unsigned(), proofs.trusted(key=key))
    assert caught.value.cause == "its head is not signed"


def test_a_list_that_allows_the_key_for_something_else(signers, ssh_keygen):
    signers.write_text(signers.read_text().replace("ledger-head", "git"))
    with pytest.raises(MismatchError):
        proofs.check(content(VECTORS["proof"]), proofs.trusted(signers=signers))


def test_heads_that_are_named_have_to_be_those():
    since = proofs.check(unsigned()).since
    found = proofs.check(unsigned(), proofs.trusted(head=HEAD, since=since))
    assert found.vouched
    assert not proofs.check(unsigned(), proofs.trusted(since=since)).vouched
    assert proofs.check(unsigned(), proofs.trusted(head=HEAD, since=HEAD)).vouched
    for trusted in (proofs.trusted(head=since), proofs.trusted(head=HEAD, since=Digest(bytes(32)))):
        with pytest.raises(MismatchError) as caught:
            proofs.check(unsigned(), trusted)
        assert "expected b3:" in caught.value.cause


def test_without_ssh_keygen_nothing_signed_passes(key, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(IncomparableError, match="neither be made nor checked") as caught:
        proofs.check(content(VECTORS["proof"]), proofs.trusted(key=key))
    assert "openssh-client" in caught.value.hint
    assert caught.value.exit_code == 5
    with pytest.raises(IncomparableError):
        proofs.check(content(VECTORS["proof"]))
    assert proofs.check(unsigned(), proofs.trusted(head=HEAD)).vouched


def test_what_is_no_key(tmp_path):
    path = tmp_path / "key"
    with pytest.raises(NotFoundError):
        proofs.trusted(key=path)
    path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n")
    with pytest.raises(UsageError) as caught:
        proofs.trusted(key=path)
    assert caught.value.hint.startswith("ssh-keygen -y")
    path.write_text(f"ann {VECTORS['public_key']}\n")
    with pytest.raises(UsageError) as caught:
        proofs.trusted(key=path)
    assert "--signers" in caught.value.hint
    with pytest.raises(NotFoundError):
        proofs.trusted(signers=Path(tmp_path))


def test_a_proof_without_the_end_says_nothing_of_it():
    document = copy.deepcopy(VECTORS["proof"])
    document["entries"].pop()
    found = proofs.check(unsigned(document))
    assert found.trial.outcome is None
    assert len(found.places) == 1


def test_what_is_too_large_is_not_parsed(monkeypatch):
    from ledger.model import proof

    monkeypatch.setattr(proof, "MOST_BYTES", 100)
    with pytest.raises(DamagedError, match="is refused") as caught:
        proofs.check(unsigned())
    assert "100 bytes" in caught.value.cause


def test_a_body_of_a_later_format_says_to_upgrade():
    document = copy.deepcopy(VECTORS["proof"])
    body = cbor2.loads(b64decode(document["entries"][0]["body"])) | {"v": 2}
    document["entries"][0]["body"] = b64encode(cbor2.dumps(body, canonical=True)).decode()
    with pytest.raises(NewerFormatError) as caught:
        proofs.check(unsigned(document))
    assert caught.value.cause.startswith("entries[0].body: an entry of format 2")
    assert "upgrade" in caught.value.hint


def alone(body):
    """The proof of a log of one entry."""
    from ledger.journal import merkle

    origin = cbor2.loads(body)["origin"].hex()
    root = str(merkle.leaf_hash(body))
    return content(
        {
            **VECTORS["proof"],
            "head": {"origins": [{"origin": origin, "size": 1, "root": root}]},
            "signatures": [],
            "entries": [{"index": 0, "body": b64encode(body).decode(), "path": ""}],
            "since": None,
        }
    )


@pytest.mark.parametrize(
    "value",
    [
        b"\xd8\x1c\x81\xd8\x1d\x00",  # an array that holds itself
        b"\x18\x00",  # 0 in two bytes
        b"\x9f\xff",  # an array without a length
        b"\xfb" + bytes(8),  # a float in eight bytes
        b"\xa2\x61a\x00\x61a\x00",  # a key twice
        b"\xa2\x62ab\x00\x61a\x00",  # keys out of order
        b"\xc1\x00",  # a date
    ],
)
def test_fields_that_nobody_knows_are_canonical_too(value):
    known = cbor2.loads(b64decode(VECTORS["proof"]["entries"][0]["body"]))
    body = cbor2.dumps({**known, "unknown": 0}, canonical=True)
    assert body[-1:] == b"\0"
    assert proofs.check(alone(body)).trial.name == "baseline"
    with pytest.raises(DamagedError) as caught:
        proofs.check(alone(body[:-1] + value))
    assert caught.value.cause.startswith("entries[0].body: not canonical CBOR: expected canonical bytes")


def test_a_check_imports_neither_pyarrow_nor_numpy(tmp_path):
    import subprocess
    import sys

    path = tmp_path / "proof.json"
    path.write_bytes(unsigned())
    code = (
        "import sys\nfrom pathlib import Path\nfrom ledger.ops import proofs\n"
        f"proofs.check(Path({str(path)!r}).read_bytes())\n"
        "assert not {'pyarrow', 'numpy', 'git', 'rich'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(proofs.__file__).parents[2])


def test_the_armour_is_letter_for_letter():
    text = VECTORS["signature"]
    assert signing.opened(text).startswith(b"SSHSIG")
    lines = text.splitlines()
    for other in (
        text.rstrip("\n"),
        f"{text}\n",
        text.replace("\n", "\r\n"),
        "\n".join([lines[0], "".join(lines[1:-1]), lines[-1], ""]),
        text.replace("SSH", "PGP"),
        f"\n{text}",
        "",
        f"{lines[0]}\n{lines[-1]}\n",
    ):
        with pytest.raises(DamagedError):
            signing.opened(other)
