"""A remote in an object store: S3 and what speaks its protocol, Google's and Azure's."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO

from ledger.errors import RemoteError, UsageError
from ledger.remotes.base import BLOCK, Blob, no_blob, not_installed, too_large

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_METADATA = "http://169.254."
"""Where a machine of the provider's has credentials: asked where none are given."""
_PART = 16 << 20
_MOST_PARTS = 9_000
_TRIES = 6


class ObjectStoreTransport:
    """Blobs as objects of a bucket; credentials come from the provider's usual environment variables.

    Parameters
    ----------
    url
        ``s3://BUCKET/PREFIX``, ``gs://…`` or ``az://…``.
    patience
        Seconds that a call may take; by default as many as a large object over a bad line needs.

    Raises
    ------
    UsageError
        If obstore is not installed, or the URL means nothing to it.
    """

    parallel = 32

    def __init__(self, url: str, *, patience: float | None = None) -> None:
        try:
            import obstore
            import obstore.exceptions
            from obstore.store import from_url
        except ImportError as error:
            raise not_installed(url, "obstore", "s3", error) from error
        self.url = url
        self._obstore: Any = obstore
        self._errors: Any = obstore.exceptions
        try:
            self._store = from_url(
                url,
                config=_config(url),
                client_options={
                    "timeout": f"{patience or 120}s",
                    "connect_timeout": f"{min(patience or 10, 10)}s",
                    "allow_http": True,
                },
                retry_config={
                    "max_retries": _TRIES if patience is None else 1,
                    "retry_timeout": timedelta(seconds=patience or 90),
                    "backoff": {
                        "base": 2,
                        "init_backoff": timedelta(milliseconds=100),
                        "max_backoff": timedelta(seconds=5),
                    },
                },
            )
        except (self._errors.BaseError, ValueError) as error:
            raise UsageError(f"{url} names no object store", cause=_first(error)) from error

    def get(self, name: str, most: int) -> bytes:
        """Content of a blob, see `Transport.get`."""
        with self._explained("read", name):
            found = self._obstore.get(self._store, name)
            if found.meta["size"] > most:
                raise too_large(self.url, name, most, found.meta["size"])
            return bytes(found.bytes())

    def blocks(self, name: str) -> Iterator[bytes]:
        """Content of a blob, see `Transport.blocks`."""
        with self._explained("read", name):
            for block in self._obstore.get(self._store, name).stream(min_chunk_size=BLOCK):
                yield bytes(block)

    def size(self, name: str) -> int | None:
        """Bytes of a blob, see `Transport.size`."""
        with self._explained("read", name):
            try:
                return int(self._obstore.head(self._store, name)["size"])
            except FileNotFoundError:
                return None

    def put(self, name: str, content: bytes) -> None:
        """Store a blob, see `Transport.put`."""
        with self._explained("write", name):
            self._obstore.put(self._store, name, content, use_multipart=False)

    def put_from(self, name: str, source: BinaryIO, size: int) -> None:
        """Store a blob in parts, see `Transport.put_from`; an upload that fails is aborted."""
        part = max(_PART, size // _MOST_PARTS + 1)
        with self._explained("write", name):
            self._obstore.put(
                self._store, name, source, use_multipart=True, chunk_size=part, max_concurrency=4
            )

    def flush(self) -> None:
        """Nothing: what a store has taken is durable."""

    def create(self, name: str, content: bytes) -> bool:
        """Store a blob that is not there, see `Transport.create`."""
        for attempt in range(_TRIES):
            with self._explained("write", name):
                try:
                    self._obstore.put(self._store, name, content, mode="create", use_multipart=False)
                except (self._errors.AlreadyExistsError, self._errors.PreconditionError):
                    # Where another one is just writing it (409), it may yet come to nothing.
                    if self.size(name) is not None:
                        return False
                    time.sleep(0.05 * 2**attempt)
                    continue
                return True
        raise RemoteError(
            f"cannot write {name} at {self.url}",
            cause=f"{_TRIES} times it was said to be there, and was not",
        )

    def listed(self, directory: str) -> Iterator[Blob]:
        """Blobs beneath a directory, see `Transport.listed`."""
        with self._explained("read", directory):
            for batch in self._obstore.list(self._store, directory, chunk_size=1000):
                yield from (Blob(each["path"], each["size"]) for each in batch)

    def delete(self, name: str) -> None:
        """Remove a blob, see `Transport.delete`."""
        with self._explained("write", name):
            try:
                self._obstore.delete(self._store, name)
            except FileNotFoundError:
                pass  # it is gone, which was wanted

    def close(self) -> None:
        """Nothing is left open, see `Transport.close`."""

    @contextmanager
    def _explained(self, doing: str, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            # S3 says so of a bucket that is not there, too.
            if "NoSuchBucket" in str(error):
                raise RemoteError(f"cannot reach {self.url}", cause="there is no such bucket") from error
            if doing == "read":
                raise no_blob(self.url, name) from error
            raise RemoteError(f"cannot {doing} {name} at {self.url}", cause=_first(error)) from error
        except self._errors.BaseError as error:
            hint = None
            refused = isinstance(
                error, self._errors.PermissionDeniedError | self._errors.UnauthenticatedError
            )
            if refused or _METADATA in str(error):
                hint = "give its credentials in the provider's usual environment variables"
            raise RemoteError(
                f"cannot {doing} {name} at {self.url}", cause=_first(error), hint=hint
            ) from error


def _config(url: str) -> Any:
    """What obstore does not read from the environment by itself."""
    if not url.startswith("s3:"):
        return None
    found = next((value for name in _ENDPOINTS if (value := os.environ.get(name))), None)
    return {"endpoint": found} if found else None


def _first(error: Exception) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split("\n\nDebug source")[0].split())[:500]
