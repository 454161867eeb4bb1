"""From the URL of a remote to what reaches it."""

import os
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ledger.errors import NotFoundError, UsageError
from ledger.remotes import names
from ledger.remotes.base import Transport

_FORMS = "a directory, s3://BUCKET/PREFIX, gs://…, az://…, or sftp://[USER@]HOST[:PORT]/PATH"
_STORES = ("s3", "gs", "az")


def is_url(place: str) -> bool:
    """Whether a place is written as a URL, and so is no plain path."""
    return re.match(r"[a-z][a-z0-9+.-]*://", place) is not None


def normal(url: str, here: Path) -> str:
    """The form in which a remote is kept: a directory by its absolute path, without secrets.

    Raises
    ------
    UsageError
        If it is none, or holds a password.
    """
    place = _normal(url, here)
    try:
        place.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            "a bad remote",
            cause=f"expected a path in UTF-8, got {place!r}",
            hint="use a directory whose path is, or a link to this one",
        ) from error
    return place


def _normal(url: str, here: Path) -> str:
    scheme = re.match(r"([a-z][a-z0-9+.-]*)://", url)
    if scheme is None:
        if not url or "\0" in url:
            raise UsageError("a bad remote", cause=f"expected {_FORMS}, got {url!r}")
        return os.path.normpath(here / Path(url).expanduser())
    if scheme[1] not in (*_STORES, "sftp", "file"):
        raise UsageError("a bad remote", cause=f"expected {_FORMS}, got {scheme[1]}://…")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # whose words may quote a secret
        raise UsageError(
            "a bad remote", cause=f"expected {_FORMS}, got one whose host or port is none"
        ) from None
    secret = parts.password is not None or (scheme[1] in _STORES and parts.username is not None)
    if secret or "?" in url or "#" in url:
        raise UsageError(
            "a remote's URL with a secret, or more than its place",
            cause=f"expected {_FORMS}, got more in front of the host, or behind a '?' or '#'",
            hint="credentials belong into the provider's usual environment variables, keys into ~/.ssh;"
            " in a path, write %3F for a question mark and %23 for a number sign",
        )
    if scheme[1] == "file":
        return os.path.normpath(unquote(parts.path, errors="surrogateescape") or "/")
    if not parts.hostname or (scheme[1] == "sftp" and parts.path in ("", "/")):
        raise UsageError("a bad remote", cause=f"expected {_FORMS}, got {url!r}")
    return url.rstrip("/")


def written(place: str) -> str:
    """The normal form of a place as a URL, so that it is no plain path."""
    return place if is_url(place) else Path(place).as_uri()


def reach(url: str, *, patience: float | None = None) -> Transport:
    """What reaches the remote at a URL in its normal form.

    Parameters
    ----------
    url
        Where it is.
    patience
        Seconds in which it has to answer for the first time. Without it that is for later calls to see, and
        they have the patience that long transfers need.

    Raises
    ------
    UsageError
        If a package is missing that it needs.
    RemoteError
        If it cannot be reached.
    """
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme in _STORES:
        from ledger.remotes.objectstore import ObjectStoreTransport

        if patience is not None:
            _ask(ObjectStoreTransport(url, patience=patience))
        return ObjectStoreTransport(url)
    if scheme == "sftp":
        from ledger.remotes.sftp import SftpTransport

        return SftpTransport(url) if patience is None else SftpTransport(url, patience=patience)
    from ledger.remotes.directory import DirectoryTransport

    return DirectoryTransport(Path(url))


def _ask(transport: Transport) -> None:
    """See whether anybody answers, whatever the answer is."""
    with suppress(NotFoundError):
        transport.size(names.FORMAT)
