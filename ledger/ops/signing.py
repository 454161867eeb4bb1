"""Sign a head or a note with an SSH key, and say whose signature it is: ``ssh-keygen`` does both.

What is signed is canonical bytes, in a namespace of its own for each of the two, so that no signature of
anything else passes for one.
"""

import os
import re
import subprocess
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import DamagedError, IncomparableError, LedgerError, NotFoundError, UsageError
from ledger.model import Digest
from ledger.model.frozen import frozen

NAMESPACE = "ledger-head"
"""Of ``ssh-keygen -Y``, for heads."""
NOTES = "ledger-note"
"""The same for notes."""

_PROGRAM = "ssh-keygen"
_KEYS = ("id_ed25519", "id_ed25519_sk", "id_ecdsa", "id_ecdsa_sk", "id_rsa")
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_WIDTH = 70
_GOOD = re.compile(r'Good "([a-z-]+)" signature (?:for .*)?with (\S+) key (SHA256:[A-Za-z0-9+/]+)')
_PUBLIC = re.compile(r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}")
_PRINCIPAL = "--key"


@frozen
class Key:
    """A key that has signed."""

    kind: str
    """As ``ssh-keygen`` calls it: ED25519, ECDSA, RSA, …"""
    fingerprint: str
    """``SHA256:`` and base64, as ``ssh-keygen -l`` shows it."""


def default_key(directory: Path) -> Path | str:
    """The user's signing key: git's, where git signs by SSH; else the first in ``~/.ssh``.

    Returns
    -------
    Path or str
        A file; or a public key as text, whose private half an agent has.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    named = git_key(directory)
    if named is not None:
        return named
    folder = Path.home() / ".ssh"
    for name in _KEYS:
        if (folder / name).exists() or (folder / f"{name}.pub").exists():
            return folder / name if (folder / name).exists() else folder / f"{name}.pub"
    raise NotFoundError(
        "no SSH key to sign with",
        cause=f"git config user.signingkey names none for gpg.format=ssh, {folder} has none of its names",
        hint="name one: --key PATH, or make one: ssh-keygen -t ed25519",
    )


def git_key(directory: Path) -> Path | str | None:
    """The key with which git signs by SSH, as `default_key` returns it; None where none is set."""
    if _git(directory, "gpg.format") == "ssh" and (named := _git(directory, "user.signingkey")):
        text = named.removeprefix("key::")
        return text if _PUBLIC.match(text) else Path(named).expanduser()
    return None


def sign(message: bytes, key: Path | str, *, namespace: str = NAMESPACE, ask: bool = True) -> str:
    """The signature of a message, as ``ssh-keygen -Y sign`` writes it.

    Parameters
    ----------
    message
        What is signed.
    key
        As `default_key` returns it.
    namespace
        What kind of thing is signed: `NAMESPACE` or `NOTES`.
    ask
        Whether it may ask for a passphrase; else a key that needs one does not sign.

    Raises
    ------
    NotFoundError
        If there is no such key.
    IncomparableError
        If there is no ``ssh-keygen``.
    LedgerError
        If it does not sign.
    """
    if isinstance(key, Path) and not key.is_file():
        raise NotFoundError(f"no key {key}", hint="an SSH key is made so: ssh-keygen -t ed25519")
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
        if isinstance(key, str):
            path = Path(folder, "key.pub")
            path.write_text(f"{key}\n", "utf-8")
            words = ["-f", str(path), "-U"]
        else:
            words = ["-f", str(key.absolute())]
        done = _run(["-Y", "sign", "-n", namespace, *words], message, ask=ask)
    text = done.stdout.decode("ascii", "replace")
    if done.returncode or not text.startswith(_BEGIN):
        what = "note" if namespace == NOTES else "head"
        hint = "is the key right, and in the agent? ssh-add -l"
        raise LedgerError(f"the {what} is not signed", cause=_said(done), hint=hint)
    return text


def key_digest(signature: str) -> Digest:
    """Digest of the public key that a signature holds.

    Raises
    ------
    DamagedError
        If it is not of the form in which ``ssh-keygen`` writes one.
    """
    blob = opened(signature)
    length = int.from_bytes(blob[10:14], "big")
    key = blob[14 : 14 + length]
    if blob[:6] != b"SSHSIG" or not key or len(key) != length:
        raise DamagedError("not a signature", cause="expected SSHSIG and a public key, got other bytes")
    return Digest.of(key)


def public_digest(key: Path) -> Digest:
    """Digest of the public key in a file, as `key_digest` tells it. Raises as `allowed_by`."""
    text = allowed_by(key).split()[2]
    try:
        return Digest.of(b64decode(text, validate=True))
    except ValueError as error:
        raise UsageError(f"{key} is no public key", cause=str(error)) from error


def opened(signature: str) -> bytes:
    """What is in a signature's armour.

    Raises
    ------
    DamagedError
        If the text is not letter for letter as ``ssh-keygen`` writes it.
    """
    lines = signature.splitlines()
    if lines[:1] == [_BEGIN] and lines[-1:] == [_END]:
        try:
            blob = b64decode("".join(lines[1:-1]), validate=True)
        except ValueError:
            blob = b""
        body = b64encode(blob).decode()
        wrapped = [body[place : place + _WIDTH] for place in range(0, len(body), _WIDTH)]
        if blob and signature == "\n".join([_BEGIN, *wrapped, _END, ""]):
            return blob
    raise DamagedError("not a signature", cause=f"expected {_BEGIN} and base64 in lines of {_WIDTH} letters")


def signer(signature: str, message: bytes, *, namespace: str = NAMESPACE) -> Key:
    """The key whose signature of `message` this is, whoever that belongs to; `namespace` as of `sign`.

    Raises
    ------
    DamagedError
        If it is nobody's signature of that.
    IncomparableError
        If there is no ``ssh-keygen``.
    """
    with _files(signature) as (_, path):
        done = _run(["-Y", "check-novalidate", "-n", namespace, "-s", str(path)], message)
    found = _good(done, namespace)
    if found is None:
        raise DamagedError("a signature does not hold", cause=_said(done))
    return found


def whose(
    signature: str, message: bytes, signers: str | None, *, namespace: str = NAMESPACE
) -> tuple[str | None, Key]:
    """Whose signature it is, of those that are allowed to sign, and which key's; None for anybody else.

    Parameters
    ----------
    signature, message
        What is checked.
    signers
        Content of a file of allowed signers, as ``ssh-keygen`` reads it; None where nobody is named.
    namespace
        As of `sign`.

    Raises
    ------
    DamagedError
        If it is nobody's signature of that.
    IncomparableError
        If there is no ``ssh-keygen``.
    """
    with _files(signature) as (folder, path):
        allowed = folder / "signers"
        allowed.write_text(signers or "", "utf-8", "surrogateescape")
        done = _run(["-Y", "find-principals", "-f", str(allowed), "-s", str(path)]) if signers else None
        names = done.stdout.decode("utf-8", "surrogateescape") if done and not done.returncode else ""
        for name in names.splitlines():
            words = ["-Y", "verify", "-f", str(allowed), "-I", name, "-n", namespace, "-s", str(path)]
            key = _good(_run(words, message), namespace)
            if key is not None:
                return name, key
    return None, signer(signature, message, namespace=namespace)


def allowed_by(key: Path) -> str:
    """The file of allowed signers that allows the key of a public key's file, and no other.

    Raises
    ------
    NotFoundError
        If there is no such file.
    UsageError
        If it is no public key.
    """
    lines = [each for each in read_text(key).splitlines() if each.strip() and not each.startswith("#")]
    found = _PUBLIC.match(lines[0]) if len(lines) == 1 else None
    if found is None:
        raise UsageError(
            f"{key} is no public key",
            cause="expected one line of a kind, base64 and perhaps a name",
            hint=f"ssh-keygen -y -f {key} > key.pub"
            if "PRIVATE KEY" in "".join(lines)
            else "name the .pub file; a list of signers is named with --signers",
        )
    return f"{_PRINCIPAL} {found[0]}\n"


def read_text(path: Path) -> str:
    """The text of a file of keys.

    Raises
    ------
    NotFoundError
        If there is no such file.
    """
    try:
        return path.read_text("utf-8", "surrogateescape")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFoundError(f"no file {path}", cause="expected public keys in it") from error


@contextmanager
def _files(signature: str) -> Iterator[tuple[Path, Path]]:
    """A folder for what ``ssh-keygen`` reads from files, and the signature in it."""
    opened(signature)
    with tempfile.TemporaryDirectory(prefix="ledger-") as name:
        path = Path(name, "signature")
        path.write_text(signature, "ascii")
        yield Path(name), path


def _run(
    words: Sequence[str], message: bytes = b"", *, ask: bool = True
) -> subprocess.CompletedProcess[bytes]:
    asked = {} if ask else {"SSH_ASKPASS_REQUIRE": "never"}
    try:
        return subprocess.run(
            [_PROGRAM, *words],
            input=message,
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", **asked},
            start_new_session=not ask,  # without a terminal of its own it can ask nobody
        )
    except OSError as error:
        raise IncomparableError(
            "a signature can neither be made nor checked here",
            cause=f"the program {_PROGRAM}: {error.strerror or error}",
            hint="install OpenSSH's client, on Debian: apt-get install openssh-client",
        ) from error


def _good(done: subprocess.CompletedProcess[bytes], namespace: str) -> Key | None:
    """The key whose signature was found good; None if it was not."""
    found = _GOOD.match(done.stdout.decode("utf-8", "replace"))
    if found is None or done.returncode or found[1] != namespace:
        return None
    return Key(kind=found[2], fingerprint=found[3])


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr + b"\n" + done.stdout).decode("utf-8", "replace").splitlines()
    told = [each.strip() for each in lines if each.strip() and not each.startswith("Signing data")]
    return "; ".join(told[:3]) or f"{_PROGRAM} ended with {done.returncode}"


def _git(directory: Path, key: str) -> str:
    try:
        done = subprocess.run(
            ["git", "config", "--get", key], cwd=directory, capture_output=True, check=False
        )
    except OSError:
        return ""  # no git: its key is none of ours
    return done.stdout.decode("utf-8", "surrogateescape").strip()
