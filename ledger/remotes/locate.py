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


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_ONE_SLASH = re.compile(r"(s3|gs|az|sftp|ssh|file|https?):/", re.IGNORECASE)
"""What `pathlib` makes of a URL, or a slip of the finger."""


def is_url(place: str) -> bool:
    """Whether a place is written as a URL, a bad one too, and so is no plain path."""
    return _SCHEME.match(place) is not None or _ONE_SLASH.match(place) is not None


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
    found = _SCHEME.match(url)
    if found is None:
        if one := _ONE_SLASH.match(url):
            raise UsageError("a bad remote", cause=f"expected {_FORMS}, got {one[0]}…, which lacks a slash")
        if not url or "\0" in url:
            raise UsageError("a bad remote", cause=f"expected {_FORMS}, got {url!r}")
        return os.path.normpath(here / Path(url).expanduser())
    scheme = found[1].lower()
    if scheme not in (*_STORES, "sftp", "file"):
        raise UsageError("a bad remote", cause=f"expected {_FORMS}, got {scheme}://…")
    url = scheme + url[len(scheme) :]
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # whose words may quote a secret
        raise UsageError(
            "a bad remote", cause=f"expected {_FORMS}, got one whose host or port is none"
        ) from None
    secret = parts.password is not None or (scheme in _STORES and parts.username is not None)
    if secret or "?" in url or "#" in url:
        raise UsageError(
            "a remote's URL with a secret, or more than its place",
            cause=f"expected {_FORMS}, got more in front of the host, or behind a '?' or '#'",
            hint="credentials belong into the provider's usual environment variables, keys into ~/.ssh;"
            " in a path, write %3F for a question mark and %23 for a number sign",
        )
    if scheme == "file":
        if (parts.netloc or "localhost").lower() != "localhost":
            raise UsageError(
                "a bad remote",
                cause="expected a directory of this machine, got file:// with a host",
                hint="a third slash begins its path: file:///PATH; of another machine: sftp://HOST/PATH",
            )
        return os.path.normpath(unquote(parts.path, errors="surrogateescape") or "/")
    if not parts.hostname or (scheme == "sftp" and parts.path in ("", "/")):
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
