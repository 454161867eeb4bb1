"""What goes elsewhere: the part of `Ledger` that shares trials."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ledger.api.base import Base, resolve
from ledger.errors import UsageError
from ledger.model import Digest, Trial
from ledger.ops import bundle as bundling
from ledger.ops import pull as pulls
from ledger.ops import push as pushes
from ledger.ops import sharing, signing
from ledger.ops.bundle import Bundled
from ledger.ops.transfer import Transferred
from ledger.ops.upstream import plain
from ledger.remotes import registry


class Sharing(Base):
    """Trials are shared with others."""

    def remotes(self) -> dict[str, str]:
        """Names of the ledger's remotes and where each of them is.

        Examples
        --------
        >>> open("project").remotes()
        {'lab': 's3://bucket/project'}
        """
        return {each.name: each.url for each in registry.known(self._workspace.directory)}

    def add_remote(self, name: str, url: str | os.PathLike[str]) -> None:
        """Name a remote, once it has shown that it does what is relied on.

        Parameters
        ----------
        name
            What it will be called.
        url
            A directory, ``s3://BUCKET/PREFIX``, ``gs://…``, ``az://…`` or ``sftp://[USER@]HOST/PATH``.

        Examples
        --------
        >>> open("project").add_remote("lab", "s3://bucket/project")
        """
        sharing.refuse_a_copy(self._workspace)
        sharing.add(self._workspace, name, os.fspath(url), here=Path.cwd())

    def remove_remote(self, name: str) -> None:
        """Forget a remote; what is there stays.

        Examples
        --------
        >>> open("project").remove_remote("lab")
        """
        sharing.refuse_a_copy(self._workspace)
        sharing.remove(self._workspace, name)

    def push(self, remote: str | None = None, *, full: bool = False) -> Transferred:
        """Share what is here with a remote.

        Parameters
        ----------
        remote
            Its name; the only one by default.
        full
            Whether to look at the remote for every object, whatever is known of it.

        Returns
        -------
        Transferred
            Look at its ``findings``: a log there that differs from the one here is no exception.

        Examples
        --------
        >>> open("project").push("lab").ok
        True
        """
        known = registry.named(self._workspace.directory, remote)
        with sharing.reached(known) as found:
            return pushes.push(plain(self._workspace), found, known.name, full=full)

    def pull(self, remote: str | None = None) -> Transferred:
        """Take what a remote has, once all of it was checked.

        Parameters
        ----------
        remote
            Its name; the only one by default.

        Returns
        -------
        Transferred
            Look at its ``findings``: what was not believed was left there.

        Examples
        --------
        >>> open("project").pull("lab").entries
        2
        """
        known = registry.named(self._workspace.directory, remote)
        with sharing.reached(known) as found:
            return pulls.pull(plain(self._workspace), found, known.name)

    def bundle(
        self,
        refs: Sequence[str | Digest | Trial],
        path: str | os.PathLike[str],
        *,
        outputs: bool = True,
        key: str | os.PathLike[str] | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Bundled:
        """Write trials and all that proves them into one file, as ``ledger bundle`` does.

        Parameters
        ----------
        refs
            Which trials.
        path
            The file; one that is there is replaced.
        outputs
            Whether contents of outputs are in it.
        key
            File of the public key that has to have signed the head that proves them.
        progress
            Takes a line for each step.

        Examples
        --------
        >>> open("project").bundle(["paper"], "paper.ledger").missing
        ()
        """
        if not refs:
            raise UsageError("no trial is named", hint='the last one: bundle(["@"], "last.ledger")')
        trials = self._load()
        chosen = {trial.id: trial for trial in (resolve(trials, each) for each in refs)}
        return bundling.bundle(
            self._workspace,
            tuple(chosen.values()),
            Path(path),
            outputs=outputs,
            key=None if key is None else signing.public_digest(Path(key)),
            progress=progress,
        )
