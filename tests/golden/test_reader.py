"""``schemas/README.md`` says enough: a reader written from it alone reads the vectors and a ledger."""

import importlib.util
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _script(name):
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


READER = _script("reader")


def vectors(name):
    return json.loads((ROOT / "schemas" / "vectors" / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("given", vectors("packs")["packs"], ids=lambda each: each["what"])
def test_packs(given):
    content = bytes.fromhex(given["bytes"])
    kinds = {1: "object", 2: "chunk", 3: "list"}
    found = [
        (digest.hex(), kinds[kind], how, plain)
        for digest, kind, how, plain, _ in READER.read_records(content)
    ]
    keys = ("digest", "kind", "encoding", "plain")
    assert sorted(found) == sorted(tuple(each[key] for key in keys) for each in given["records"])
    expected = {bytes.fromhex(each["digest"]) for each in given["records"] if each["kind"] != "chunk"}
    assert set(READER.read_packs([content])) == expected


@pytest.mark.parametrize("given", vectors("packs")["damaged"], ids=lambda each: each["what"])
def test_damaged_packs(given):
    with pytest.raises((READER.Damaged, struct.error)):
        READER.read_packs([bytes.fromhex(given["bytes"])])


@pytest.mark.parametrize("given", vectors("packs")["encodings"], ids=lambda each: each["what"])
def test_encodings(given):
    plain = bytes.fromhex(given["plain"])
    assert READER.decode(bytes.fromhex(given["stored"]), given["encoding"], len(plain)) == plain


PROOFS = vectors("proofs")


@pytest.fixture
def signed_by(ssh_keygen, tmp_path):
    """Return a function: (message, signature) → the fingerprint of the key whose signature of it that is."""

    def signed_by(message, signature):
        path = tmp_path / "signature"
        path.write_text(signature)
        words = [ssh_keygen, "-Y", "check-novalidate", "-n", "ledger-head", "-s", path]
        done = subprocess.run(words, input=message, capture_output=True)
        READER.need(done.returncode == 0, "a signature")
        return done.stdout.decode().split()[-1]

    return signed_by


def test_proofs(signed_by):
    digest, shown = READER.read_proof(PROOFS["proof"], signed_by)
    assert f"b3:{digest.hex()}" == PROOFS["head"]["digest"]
    assert READER.head_of(PROOFS["proof"]["head"])[0].hex() == PROOFS["head"]["bytes"]
    assert f"b3:{shown[0][0].hex()}" == PROOFS["trial"]
    assert [entry["kind"] for _, entry in shown] == ["trial.started", "trial.finished"]


@pytest.mark.parametrize("given", PROOFS["invalid"], ids=lambda each: each["what"])
def test_proofs_that_are_none(given, signed_by):
    with pytest.raises((READER.Damaged, READER.cbor2.CBORError, KeyError)):
        READER.read_proof(given["proof"], signed_by)


def test_the_signature_is_checked_as_the_format_says(ssh_keygen, tmp_path):
    text = (ROOT / "schemas" / "README.md").read_text("utf-8")
    (line,) = (each for each in text.splitlines() if each.startswith("ssh-keygen -Y verify"))
    heads = tmp_path / ".ledger" / "heads"
    heads.mkdir(parents=True)
    digest = PROOFS["head"]["digest"].removeprefix("b3:")
    (heads / digest).write_bytes(bytes.fromhex(PROOFS["head"]["bytes"]))
    (heads / f"{digest}.0123456789abcdef.sig").write_text(PROOFS["signature"])
    (tmp_path / "allowed_signers").write_text(f"ann {PROOFS['public_key']}\n")
    command = line.replace("<digest>", digest).replace("<key>", "0123456789abcdef")
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith('Good "ledger-head" signature for ann'), done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A directory with two trials, one sealed and one in the tail."""
    root = tmp_path_factory.mktemp("project")
    (root / "train.py").write_text(
        "import json, sys\njson.dump([{'step': 3, 'loss': 0.5}], open('metrics.json', 'w'))\nprint('done')\n"
    )
    ledger(root, "run", "-x", "first", sys.executable, "train.py")
    seal = (
        "import sys; from pathlib import Path; from ledger.journal.local import LocalJournal;"
        "LocalJournal(Path('.ledger')).seal()"
    )
    call(root, "-c", seal)
    ledger(root, "run", "-x", "second", sys.executable, "train.py")
    return root


def call(root, *words):
    variables = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
    variables |= {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(root.parent / "cache")}
    done = subprocess.run([sys.executable, *words], cwd=root, env=variables, check=True, capture_output=True)
    return done.stdout


def ledger(root, *words):
    return call(root, "-m", "ledger", *words)


def test_the_reader_is_nobody_s_relative():
    assert "ledger" not in {
        line.split()[1].partition(".")[0]
        for line in Path(READER.__file__).read_text().splitlines()
        if line.startswith(("import ", "from "))
    }


def test_it_reads_the_vectors():
    merkle = vectors("merkle")
    leaves = [READER.leaf_of(number.to_bytes(8, "big")) for number in range(len(merkle["roots"]) - 1)]
    for size, root in enumerate(merkle["roots"]):
        assert READER.root_of(leaves[:size]).hex() == root
    for entry in vectors("codec")["entries"]:
        assert READER.leaf_of(bytes.fromhex(entry["bytes"])).hex() == entry["leaf"]
    frames = vectors("frames")
    for entry in frames["entries"]:
        expected = (entry["seq"], bytes.fromhex(entry["leaf"]), bytes.fromhex(entry["body"]))
        assert list(READER.read_frames(bytes.fromhex(entry["frame"]))) == [expected]
    head = READER.read_sheet(bytes.fromhex(frames["head"]["bytes"]), b"LDGH")
    assert READER.root_of_frontier(head["frontier"]).hex() == frames["root"]


def test_it_reads_a_ledger(project):
    logs, objects = READER.read(project / ".ledger")
    ((origin, entries),) = logs.items()
    assert [entry["kind"] for _, entry in entries] == ["trial.started", "trial.finished"] * 2
    assert list((project / ".ledger" / "journal" / origin).glob("*.arrow"))
    assert list((project / ".ledger" / "journal" / origin).glob("tail-*"))

    said = json.loads(ledger(project, "verify", "--json"))
    assert said["ok"]
    told = {each["origin"]: (each["size"], each["root"]) for each in said["head"]["origins"]}
    assert told == {origin: (4, f"b3:{READER.root_of([leaf for leaf, _ in entries]).hex()}")}

    shown = json.loads(ledger(project, "show", "second", "--json"))
    (start, started), (_, finished) = entries[2:]
    assert shown["id"] == f"b3:{start.hex()}"
    assert finished["data"]["trial"] == start
    assert shown["intent"] == f"b3:{READER.hashed(canonical(started['data']['intent'])).hex()}"
    manifest = READER.cbor2.loads(objects[started["data"]["code"][0]["tree"]])
    assert [row[0] for row in manifest["entries"]] == ["train.py"]
    assert objects[manifest["entries"][0][3]] == (project / "train.py").read_bytes()
    points = READER.read_series(objects[finished["data"]["outcome"]["series"]])
    assert [(step, value) for _, step, _, value in points["loss"]] == [(3, 0.5)]
    assert objects[finished["data"]["outcome"]["stdout"]["digest"]] == b"done\n"


def test_it_reads_a_bundle(project, signed_by, make_key):
    ledger(project, "verify", "--sign", "--key", str(make_key()))
    ledger(project, "note", "second", "the one of the paper")
    ledger(project, "verify", "--sign", "--key", str(make_key("other")))
    ledger(project, "bundle", "second", "-o", "second.ledger")
    content = (project / "second.ledger").read_bytes()
    document, entries, objects = READER.read_bundle(content, signed_by)
    assert [entry["kind"] for entry in entries.values()] == ["trial.started", "trial.finished", "note"]
    assert len(document["signatures"]) == 1
    finished = list(entries.values())[1]
    assert objects[finished["data"]["outcome"]["stdout"]["digest"]] == b"done\n"
    place = content.index(b"LDGO", 64)  # the second record's head: the first one is the document
    with pytest.raises((READER.Damaged, struct.error)):
        READER.read_bundle(content[:place] + b"X" + content[place + 1 :], signed_by)


def canonical(document):
    return READER.cbor2.dumps(document, canonical=True)


def test_it_sees_damage(project):
    (tail,) = (project / ".ledger" / "journal").glob("*/tail-*")
    content = tail.read_bytes()
    try:
        tail.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
        with pytest.raises(READER.Damaged):
            READER.read(project / ".ledger")
    finally:
        tail.write_bytes(content)
