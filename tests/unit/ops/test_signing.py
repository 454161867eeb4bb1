import os
import subprocess

import pytest

from ledger.errors import DamagedError, IncomparableError, LedgerError, NotFoundError
from ledger.ops import signing

pytestmark = pytest.mark.usefixtures("ledger_environment", "ssh_keygen")

MESSAGE = b"a head's canonical bytes"


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_what_is_signed_is_known_by_its_key(make_key, kind):
    key = make_key(kind=kind)
    signature = signing.sign(MESSAGE, key)
    found = signing.signer(signature, MESSAGE)
    told = subprocess.run(["ssh-keygen", "-lf", key], capture_output=True, check=True, text=True).stdout
    assert found.fingerprint in told.split()
    assert found.kind.lower() == kind
    assert signing.key_digest(signature) == signing.key_digest(signing.sign(b"other", key))
    signers = signing.allowed_by(key.with_suffix(".pub"))
    assert signing.whose(signature, MESSAGE, signers) == ("--key", found)
    assert signing.whose(signature, MESSAGE, None) == (None, found)


def test_a_signature_is_of_one_message(make_key):
    key = make_key()
    signature = signing.sign(MESSAGE, key)
    with pytest.raises(DamagedError, match="does not hold") as caught:
        signing.signer(signature, MESSAGE + b"x")
    assert "incorrect signature" in caught.value.cause
    with pytest.raises(DamagedError, match="does not hold"):
        signing.whose(signature, b"x", signing.allowed_by(key.with_suffix(".pub")))


def test_a_signature_for_something_else_is_none_here(make_key):
    words = ["ssh-keygen", "-Y", "sign", "-n", "git", "-f", make_key()]
    done = subprocess.run(words, input=MESSAGE, capture_output=True, check=True)
    with pytest.raises(DamagedError):
        signing.signer(done.stdout.decode(), MESSAGE)


def test_a_rotated_key(make_key):
    old, new = make_key("old"), make_key("new")
    lines = [f"{path.name} {path.with_suffix('.pub').read_text()}" for path in (old, new)]
    signers = "".join(lines)
    names = [signing.whose(signing.sign(MESSAGE, key), MESSAGE, signers)[0] for key in (old, new)]
    assert names == ["old", "new"]
    assert signing.whose(signing.sign(MESSAGE, old), MESSAGE, lines[1])[0] is None


def test_a_key_that_is_none(tmp_path):
    with pytest.raises(NotFoundError, match="no key"):
        signing.sign(MESSAGE, tmp_path / "gone")
    path = tmp_path / "key"
    path.write_text("no key")
    path.chmod(0o600)
    with pytest.raises(LedgerError, match="not signed") as caught:
        signing.sign(MESSAGE, path)
    assert caught.value.cause


def test_the_key_is_gits_or_the_first_of_the_users(ledger_environment, tmp_path, monkeypatch, make_key):
    with pytest.raises(NotFoundError, match="no SSH key") as caught:
        signing.default_key(tmp_path)
    assert "ssh-keygen -t ed25519" in caught.value.hint
    folder = ledger_environment / ".ssh"
    folder.mkdir()
    (folder / "id_rsa").write_text("x")
    assert signing.default_key(tmp_path) == folder / "id_rsa"
    (folder / "id_ed25519.pub").write_text("x")  # its private half is in an agent
    assert signing.default_key(tmp_path) == folder / "id_ed25519.pub"
    key = make_key()
    config = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    config.write_text(f"[user]\nsigningkey = {key}\n")
    assert signing.default_key(tmp_path) == folder / "id_ed25519.pub"  # git signs by OpenPGP
    config.write_text(f"[user]\nsigningkey = {key}\n[gpg]\nformat = ssh\n")
    assert signing.default_key(tmp_path) == key
    public = key.with_suffix(".pub").read_text().strip()
    for named in (public, f"key::{public}"):
        config.write_text(f"[user]\nsigningkey = {named}\n[gpg]\nformat = ssh\n")
        assert signing.default_key(tmp_path) == public


@pytest.fixture
def agent(tmp_path, monkeypatch):
    """An agent that has a key; only the public half is in a file."""
    socket = tmp_path / "agent"
    try:
        process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    except FileNotFoundError:
        pytest.skip("ssh-agent is not installed")
    process.stdout.readline()
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    yield
    process.terminate()
    process.wait()
    process.stdout.close()


def test_an_agent_signs(agent, make_key):
    key = make_key()
    subprocess.run(["ssh-add", "-q", key], check=True, stderr=subprocess.DEVNULL)
    public = key.with_suffix(".pub")
    key.unlink()
    for given in (public, public.read_text().strip()):
        assert signing.signer(signing.sign(MESSAGE, given), MESSAGE).kind == "ED25519"


def test_a_machine_without_ssh_keygen(monkeypatch, make_key):
    key = make_key()
    signature = signing.sign(MESSAGE, key)
    monkeypatch.setenv("PATH", os.devnull)
    for attempt in (
        lambda: signing.sign(MESSAGE, key),
        lambda: signing.signer(signature, MESSAGE),
        lambda: signing.whose(signature, MESSAGE, "ann ssh-ed25519 AAAA"),
    ):
        with pytest.raises(IncomparableError, match="neither be made nor checked"):
            attempt()
