"""What was asked of `run`."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ledger.capture.inject import without_ours
from ledger.errors import CannotRecordError, LedgerError
from ledger.model import Digest
from ledger.model.frozen import frozen
from ledger.ops.prepare import RunOptions
from ledger.workspace import Workspace

Notify = Callable[[str], None]


@frozen
class Call:
    """One run, as it was asked for."""

    workspace: Workspace
    command: tuple[str, ...]
    options: RunOptions
    directory: Path
    users: dict[str, str]
    """Variables without what an outer trial added."""
    parent: Digest | None
    """The trial inside which it was asked."""
    outer: Path | None
    """That one's spool."""
    forward: bool
    notify: Notify

    @property
    def traced(self) -> bool:
        """Whether its files are to be watched."""
        return self.options.trace and self.workspace.config.inputs.trace

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        command: tuple[str, ...],
        options: RunOptions,
        *,
        directory: Path | None,
        variables: Mapping[str, str] | None,
        forward: bool,
        notify: Notify,
    ) -> "Call":
        """Complete what was said with what is around.

        Raises
        ------
        CannotRecordError
            If there is no command, no current directory, or a parent that is none.
        """
        if not command:
            raise CannotRecordError("no command", hint="ledger run python train.py")
        given = dict(os.environ if variables is None else variables)
        parent = _parent(given)
        return cls(
            workspace=workspace,
            command=command,
            options=options,
            directory=directory or _current_directory(),
            users=without_ours(given),
            parent=parent,
            outer=Path(given["LEDGER_SPOOL"]) if parent and given.get("LEDGER_SPOOL") else None,
            forward=forward,
            notify=notify,
        )


def _parent(variables: Mapping[str, str]) -> Digest | None:
    text = variables.get("LEDGER_TRIAL")
    try:
        return Digest.parse(text) if text else None
    except LedgerError as error:
        raise CannotRecordError(
            "LEDGER_TRIAL names no trial",
            cause=error.cause,
            hint="only ledger sets it, for what runs inside a trial: unset LEDGER_TRIAL",
        ) from error


def _current_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise CannotRecordError(
            "the current directory does not exist any more", hint="change into another one"
        ) from error
