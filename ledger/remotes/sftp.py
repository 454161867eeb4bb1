"""A remote in a directory of a machine that is reached by SSH."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from threading import Thread
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

from ledger.errors import LedgerError, RemoteError
from ledger.remotes.base import BLOCK, Blob, no_blob, not_installed, too_large

T = TypeVar("T")
_CLOSING_S = 2.0
"""Seconds for a connection to be closed in order."""


class SftpTransport:
    """Blobs as files of a directory over SFTP; keys, agent and known hosts are those that ``ssh`` uses.

    Parameters
    ----------
    url
        ``sftp://[USER@]HOST[:PORT]/PATH``; a path that begins with ``/~/`` starts at the home directory.
    patience
        Seconds in which the connection has to come about.

    Raises
    ------
    UsageError
        If asyncssh is not installed.
    RemoteError
        If no connection comes about.
    """

    parallel = 16

    def __init__(self, url: str, *, patience: float = 20) -> None:
        try:
            import asyncssh
        except ImportError as error:
            raise not_installed(url, "asyncssh", "ssh", error) from error
        self.url = url
        self._ssh: Any = asyncssh
        parts = urlsplit(url)
        path = unquote(parts.path)
        self._base = path[3:] or "." if path.startswith("/~/") else path
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="sftp", daemon=True)
        self._thread.start()
        self._made: set[str] = set()
        given: dict[str, Any] = {"connect_timeout": patience, "login_timeout": patience}
        if parts.username:
            given["username"] = unquote(parts.username)
        try:
            self._call(self._connect(parts.hostname or "", parts.port, given), "reach", "")
        except BaseException:
            self.close()
            raise

    def get(self, name: str, most: int) -> bytes:
        """Content of a blob, see `Transport.get`."""

        async def get() -> bytes:
            async with self._sftp.open(self._path(name), "rb") as file:
                size = (await file.stat()).size or 0
                if size > most:
                    raise too_large(self.url, name, most, size)
                return bytes(await file.read(most))

        return self._call(get(), "read", name)

    def blocks(self, name: str) -> Iterator[bytes]:
        """Content of a blob, see `Transport.blocks`."""
        file = self._call(self._open(name), "read", name)
        try:
            while block := self._call(_later(file.read, BLOCK), "read", name):
                yield bytes(block)
        finally:
            self._call(_later(file.close), "read", name)

    def size(self, name: str) -> int | None:
        """Bytes of a blob, see `Transport.size`."""

        async def size() -> int | None:
            try:
                found = await self._sftp.stat(self._path(name))
            except (self._ssh.SFTPNoSuchFile, self._ssh.SFTPNoSuchPath):
                return None
            return found.size if found.type == self._ssh.FILEXFER_TYPE_REGULAR else None

        return self._call(size(), "read", name)

    def put(self, name: str, content: bytes) -> None:
        """Store a blob, see `Transport.put`."""

        async def put() -> None:
            async with self._beside(name) as (file, temporary):
                await file.write(content)
                await self._sync(file)
                await file.close()
                await self._sftp.posix_rename(temporary, self._path(name))

        self._call(put(), "write", name)

    def put_from(self, name: str, source: BinaryIO, size: int) -> None:  # noqa: ARG002
        """Store a blob, see `Transport.put_from`."""

        async def put() -> None:
            async with self._beside(name) as (file, temporary):
                while block := await asyncio.to_thread(source.read, BLOCK):
                    await file.write(block)
                await self._sync(file)
                await file.close()
                await self._sftp.posix_rename(temporary, self._path(name))

        self._call(put(), "write", name)

    def flush(self) -> None:
        """Nothing: each blob was synced before it got its name, where the server can."""

    def create(self, name: str, content: bytes) -> bool:
        """Store a blob that is not there, see `Transport.create`."""

        async def create() -> bool:
            async with self._beside(name) as (file, temporary):
                await file.write(content)
                await self._sync(file)
                await file.close()
                try:
                    # A second name for the file: unlike a rename, no server lets it replace another one.
                    await self._sftp.link(temporary, self._path(name))
                except self._ssh.SFTPError:
                    if await self._sftp.exists(self._path(name)):
                        return False
                    raise
                return True

        return self._call(create(), "write", name)

    def listed(self, directory: str) -> Iterator[Blob]:
        """Blobs beneath a directory, see `Transport.listed`."""
        waiting = [directory]
        while waiting:
            place = waiting.pop()
            for each in self._call(self._entries(place), "read", place):
                found = each.filename
                if found.startswith("."):
                    continue  # half-made
                if each.attrs.type == self._ssh.FILEXFER_TYPE_DIRECTORY:
                    waiting.append(f"{place}{found}/")
                elif each.attrs.type == self._ssh.FILEXFER_TYPE_REGULAR:
                    yield Blob(f"{place}{found}", each.attrs.size or 0)

    def delete(self, name: str) -> None:
        """Remove a blob, see `Transport.delete`."""

        async def delete() -> None:
            with suppress(self._ssh.SFTPNoSuchFile, self._ssh.SFTPNoSuchPath):
                await self._sftp.remove(self._path(name))

        self._call(delete(), "write", name)

    def close(self) -> None:
        """Close the connection, see `Transport.close`."""
        if not self._thread.is_alive():
            return

        async def close() -> None:
            if connection := getattr(self, "_connection", None):
                connection.close()
                try:
                    await asyncio.wait_for(connection.wait_closed(), _CLOSING_S)
                except TimeoutError:
                    connection.abort()  # nobody answers, so that what was written last does not get out

        asyncio.run_coroutine_threadsafe(close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _connect(self, host: str, port: int | None, given: dict[str, Any]) -> None:
        options = {"keepalive_interval": 15, **given}
        self._connection = await self._ssh.connect(host, port or (), **options)
        self._sftp = await self._connection.start_sftp_client()

    async def _open(self, name: str) -> Any:
        return await self._sftp.open(self._path(name), "rb")

    async def _entries(self, directory: str) -> list[Any]:
        try:
            return [each async for each in self._sftp.scandir(self._path(directory))]
        except (self._ssh.SFTPNoSuchFile, self._ssh.SFTPNoSuchPath):
            return []

    @asynccontextmanager
    async def _beside(self, name: str) -> AsyncIterator[tuple[Any, str]]:
        """A new file beside the blob's, which is gone at the end unless it was renamed."""
        parent = self._path(name).rpartition("/")[0]
        if parent not in self._made:
            await self._sftp.makedirs(parent, exist_ok=True)
            self._made.add(parent)
        temporary = f"{parent}/.{os.urandom(12).hex()}"
        file = await self._sftp.open(temporary, "xb")
        try:
            yield file, temporary
        finally:
            await file.close()
            with suppress(self._ssh.SFTPError):  # it was renamed
                await self._sftp.remove(temporary)

    async def _sync(self, file: Any) -> None:
        with suppress(self._ssh.SFTPOpUnsupported):
            await file.fsync()

    def _path(self, name: str) -> str:
        return f"{self._base.rstrip('/')}/{name}".rstrip("/")

    def _call(self, coroutine: Coroutine[Any, Any, T], doing: str, name: str) -> T:
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        except LedgerError:
            raise
        except (self._ssh.Error, self._ssh.SFTPError, OSError) as error:
            if doing == "read" and isinstance(error, self._ssh.SFTPNoSuchFile | self._ssh.SFTPNoSuchPath):
                raise no_blob(self.url, name) from error
            hint = "see whether ssh gets there, and knows the host" if doing == "reach" else None
            place = f"{self.url} ({name})" if name else self.url
            raise RemoteError(f"cannot {doing} {place}", cause=str(error), hint=hint) from error


async def _later(function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    return await function(*arguments)
