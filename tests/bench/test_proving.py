"""What a proof costs in a ledger of a million entries: its bytes, its making and its check.

The log and its index are written directly; signatures are real. The control of making a proof is hashing all
leaves of the log anew; that of a check is as many bare ``ssh-keygen`` processes. Process start is told apart:
the check is timed in a process that runs already, and the command as a whole beside ``ledger --version``.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from statistics import median

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import bulk

from ledger import workspace
from ledger.journal import kept_heads, merkle
from ledger.journal.local import LocalJournal
from ledger.model import layout
from ledger.model.codec import encode
from ledger.model.proof import write_proof
from ledger.ops import proofs, signing, sparse
from ledger.ops.prove import prove

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

ENTRIES = 1_000_000
TURNS = 9
MOST_BYTES = 2048
CHECK_S = 0.050


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """A ledger of a million entries, its middle trial, and a key that has signed its head."""
    root = tmp_path_factory.mktemp("million")
    found = workspace.find_or_make(root)[0]
    os.sync()
    bulk.write(found.directory, ENTRIES // 2, experiments=["digits"], parameters=3, metrics=2, indexed=True)
    journal = LocalJournal(found.directory)
    with sparse.opened(journal.trial_index()) as (held, logs):
        origin = held.origins[0]
        trial = logs.by_origin[origin].entry(ENTRIES // 2 - 2).id
        leaves = [row.leaf for row in logs.by_origin[origin].rows(0)]
    yield root, found.directory, trial, leaves
    shutil.rmtree(root)
    os.sync()


@pytest.fixture
def signed(million, make_key):
    """Sign the head; returns the public key."""
    _, directory, _, _ = million
    key, head = make_key(), LocalJournal(directory).head()
    signature = signing.sign(encode(head), key)
    shutil.rmtree(layout.heads(directory), ignore_errors=True)
    kept_heads.keep_signature(directory, head, signing.key_digest(signature), signature)
    return key.with_suffix(".pub")


def taken(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def test_a_proof_is_made(million, signed, report, timed, programs, tmp_path):
    root, directory, trial, leaves = million
    times = {"first": [], "again": [], "control": []}
    index = ENTRIES // 2 - 2

    def make():
        return prove(LocalJournal(directory), directory, trial)

    for _ in range(3):
        for path in nodes(directory):
            path.unlink()
        times["first"].append(taken(make))
        times["again"].append(taken(make))
        times["control"].append(taken(lambda: merkle.inclusion_proof(leaves, index)))
    proof = make()
    assert proof.entries[0].path == merkle.inclusion_proof(leaves, index)
    assert proof.trials == ENTRIES // 2
    words = [programs / "ledger", "prove", trial, "-o", tmp_path / "proof.json"]
    runs = timed({"prove": (words, root)}, rounds=3, warm=1)
    shown = {name: f"{1000 * median(each):.0f} ms" for name, each in times.items()}
    report(
        f"proof of a trial among {ENTRIES:,} entries: two paths, index and signature included",
        f"{shown['again']}, without kept roots {shown['first']}, hashing all leaves once {shown['control']};"
        f" `ledger prove` as a whole {median(elapsed for _, elapsed in runs['prove']):.2f} s",
        "less than hashing",
    )
    assert median(times["again"]) < median(times["control"])


def nodes(directory):
    return list(layout.index(directory).glob("nodes-*"))


def test_a_proof_is_small(million, signed, report):
    _, directory, trial, _ = million
    proof = prove(LocalJournal(directory), directory, trial)
    whole = write_proof(proof)
    entries = json.loads(whole)["entries"]
    bodies = [len(each["body"]) for each in entries]
    assert len(b64decode(entries[0]["path"])) == 20 * 32
    report(
        f"bytes of a signed proof among {ENTRIES:,} entries, without the bodies",
        f"{len(whole) - sum(bodies):,} (the bodies here: {bodies[0]:,} and {bodies[1]:,} in base64)",
        f"{MOST_BYTES:,}",
    )
    assert len(whole) - sum(bodies) <= MOST_BYTES


def test_a_proof_is_checked(million, signed, report, timed, programs, tmp_path, slowness):
    _, directory, trial, _ = million
    content = write_proof(prove(LocalJournal(directory), directory, trial))
    trusted = proofs.trusted(key=signed)
    path = tmp_path / "proof.json"
    path.write_bytes(content)
    bare = replaced(content)
    times = {"check": [], "unsigned": [], "control": []}
    for _ in range(TURNS):
        times["check"].append(taken(lambda: proofs.check(content, trusted)))
        times["unsigned"].append(taken(lambda: proofs.check(bare)))
        times["control"].append(taken(lambda: [run_alone() for _ in range(2)]))
    slow = slowness()
    found = {name: median(each) for name, each in times.items()}
    words = [programs / "ledger", "verify", path, "--key", signed]
    commands = {"verify": (words, tmp_path), "version": ([programs / "ledger", "--version"], tmp_path)}
    runs = {name: median(elapsed for _, elapsed in each) for name, each in timed(commands).items()}
    report(
        f"check of a signed proof among {ENTRIES:,} entries, process start excluded",
        f"{1000 * found['check']:.1f} ms, of it {1000 * found['unsigned']:.1f} ms without the signature"
        f" (two bare ssh-keygen {1000 * found['control']:.1f} ms); the command as a whole"
        f" {1000 * runs['verify']:.0f} ms, ledger --version {1000 * runs['version']:.0f} ms",
        f"{1000 * CHECK_S:.0f} ms × {slow:.2f}",
    )
    assert found["check"] <= CHECK_S * slow


def replaced(content):
    """The same proof without its signature."""
    return json.dumps({**json.loads(content), "signatures": []}).encode()


def run_alone():
    subprocess.run(["ssh-keygen", "-Y", "find-principals"], capture_output=True, check=False)


def test_a_check_needs_no_pyarrow(million, signed, tmp_path):
    _, directory, trial, _ = million
    path = tmp_path / "proof.json"
    path.write_bytes(write_proof(prove(LocalJournal(directory), directory, trial)))
    code = (
        "import sys\nfrom ledger.cli.main import main\n"
        f"assert main(['verify', {str(path)!r}, '--key', {str(signed)!r}]) == 0\n"
        "assert not {'pyarrow', 'numpy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
