"""The probe: what a Python process of a trial tells of itself, without the program noticing.

It runs inside the user's program, on Python 3.8 and later, and imports next to nothing. It appends events
(one JSON object a line, one write each) to ``events-<pid>-<n>.jsonl`` in ``LEDGER_SPOOL``; a forked child
that has something to say opens a file of its own. No exception of a hook reaches the program: it becomes
a ``probe_error`` event. No descriptor is kept, so that none can be closed and reused under the probe.

    {"event": "process", "pid", "ppid", "time", "executable", "version", "implementation", "prefix",
     "base_prefix", "cwd", "argv", "orig_argv", "hash_seed", "flags"}
    {"event": "probe_error", "where", "error"}

``time`` is UTC in nanoseconds, ``argv`` what the program sees, ``orig_argv`` the interpreter's own command
(null before 3.10), ``hash_seed`` the variable PYTHONHASHSEED (null: sets of strings have another order in
each process), ``flags`` those of `sys.flags` that are not 0. The other events are described in
``_ledger_probe_arguments``, ``_ledger_probe_seeds``, ``_ledger_probe_files`` and ``_ledger_probe_observed``.
Each part is loaded when the program imports what it watches.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from atexit import register
from os import O_APPEND, O_CREAT, O_EXCL, O_WRONLY, environ, getcwd, getpid, getppid, write
from os import close as close_descriptor
from os import open as open_descriptor
from time import time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_ERRORS = 20
INVISIBLE = "<frozen importlib._bootstrap>"
"""File name of code that tracebacks of imports leave out."""
SKIPPED = "<ledger probe: importlib_bootstrap>"
"""File name of code that `warnings` leaves out when it counts stack levels."""

HOOKS = {
    "argparse": ("arguments", "watch"),
    "jsonargparse._core": ("jsonargparse", "watch"),
    "jsonargparse.core": ("jsonargparse", "watch"),
    "click.core": ("click", "watch"),
    "typer._click.core": ("click", "watch"),
    "absl.flags._flagvalues": ("absl", "watch"),
    "fire.core": ("fire", "watch"),
    "tyro._calling": ("tyro", "watch"),
    "omegaconf.omegaconf": ("omegaconf", "watch"),
    "hydra.core.utils": ("omegaconf", "watch_jobs"),
    "hydra.compose": ("omegaconf", "watch_compose"),
    "os": ("entropy", "watch_system"),
    "uuid": ("entropy", "watch_uuid"),
    "random": ("seeds", "watch_random"),
    "numpy.random": ("numpy", "watch"),
    "sklearn.utils.validation": ("entropy", "watch_sklearn"),
    "jax.random": ("entropy", "watch_jax"),
    "wandb.sdk.wandb_run": ("log", "watch_wandb_run"),
    "wandb.sdk.lib.noop_run": ("log", "watch_wandb_run"),
    "wandb.sdk.wandb_init": ("log", "watch_wandb_init"),
    "wandb.sdk.wandb_config": ("log", "watch_wandb_config"),
    "trackio.run": ("log", "watch_trackio"),
    "swanlab.sdk.internal.run": ("log", "watch_swanlab"),
    "mlflow.tracking.fluent": ("log", "watch_mlflow"),
    "torch": ("seeds", "watch_torch"),
    "tensorflow": ("seeds", "watch_tensorflow"),
}
"""Module to wait for: the part of the probe, and its function, that is called once it has been imported."""


class Probe:
    """What the parts of the probe share."""

    def __init__(self, directory: str, spool: str, seed: int | None) -> None:
        self.directory = directory
        self.spool = spool
        self.library = sys.modules["os"].__file__.rpartition("/")[0] + "/"  # type: ignore[union-attr]
        self.seed = seed
        self.pid = self.first_pid = getpid()
        self.path = ""
        self.errors = 0
        self.waiting = set(HOOKS)
        self.asking: set[tuple[str, int]] = set()
        self.parses: dict[int, Any] = {}
        self.left: dict[int, set[str]] = {}
        self.at_exit: list[Any] = []

    def emit(self, event: dict[str, Any]) -> None:
        """Append an event; a spool that refuses it is no affair of the program."""
        try:
            line = to_json(event).encode("ascii") + b"\n"
            if not self.path or self.pid != getpid():
                self.pid = getpid()
                self.path = self._new_file()
            descriptor = open_descriptor(self.path, O_WRONLY | O_APPEND)
            try:
                write(descriptor, line)
            finally:
                close_descriptor(descriptor)
        except OSError:
            return

    def _new_file(self) -> str:
        number = 0
        while True:
            path = "%s/events-%d-%d.jsonl" % (self.spool, self.pid, number)
            try:
                close_descriptor(open_descriptor(path, O_WRONLY | O_CREAT | O_EXCL, 0o666))
            except FileExistsError:
                number += 1
                continue
            return path

    def guard(self, where: str, function: Any, *arguments: Any) -> Any:
        """Call a hook; None if it fails, which is recorded."""
        try:
            return function(*arguments)
        except Exception as error:
            self.failed(where, error)
            return None

    def failed(self, where: str, error: object) -> None:
        """Record that a hook failed."""
        self.errors += 1
        if self.errors > MOST_ERRORS:
            return
        try:
            text = str(error)[:300]
        except Exception:
            text = "?"
        self.emit({"event": "probe_error", "where": where, "error": "%s: %s" % (type(error).__name__, text)})

    def part(self, name: str) -> Any:
        """Load a part of the probe; its directory is no longer on the path."""
        full = "_ledger_probe_" + name
        loaded = sys.modules.get(full)
        if loaded is None:
            bootstrap, external = sys.modules["_frozen_importlib"], sys.modules["_frozen_importlib_external"]
            spec = external.PathFinder.find_spec(full, [self.directory])
            sys.path_importer_cache.pop(self.directory, None)
            loaded = bootstrap._load(spec)
        return loaded

    def imported(self, name: str, module: Any) -> None:
        """Hook a module that was just imported."""
        if name in self.waiting:
            self.waiting.discard(name)
            part, function = HOOKS[name]
            self.guard("import " + name, lambda: getattr(self.part(part), function)(self, module))

    def observed(self, original: Any, before: Any, after: Any = None) -> Any:
        """Wrap a function so that neither its caller nor its errors and warnings show it.

        Parameters
        ----------
        original
            The function.
        before
            Called with the arguments (a tuple and a dict); its result is handed to `after`.
        after
            Called with that and the result, or None if the function raised.
        """
        name = getattr(original, "__name__", "?")
        guard = self.guard

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            token = guard(name, before, args, kwargs)
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                if error.__traceback__ is not None:  # from 3.11 on, this frame is then gone from it
                    error.__traceback__ = error.__traceback__.tb_next
                if after is not None:
                    guard(name, after, token, None)
                raise
            if after is not None:
                guard(name, after, token, result)
            return result

        wrapper.__code__ = wrapper.__code__.replace(co_filename=SKIPPED, co_name=name)
        wrapper.__name__ = name
        for attribute in ("__qualname__", "__module__", "__doc__", "__self__"):
            if hasattr(original, attribute):
                setattr(wrapper, attribute, getattr(original, attribute))
        wrapper.__wrapped__ = original  # type: ignore[attr-defined]
        return wrapper

    def where(self, *outside: str) -> str | None:
        """File and line of the nearest frame that is neither the probe's nor in one of these files."""
        frame: Any = sys._getframe(1)
        while frame is not None:
            file = self.file_of(frame)
            if file not in (SKIPPED, INVISIBLE) and file not in outside and not self.is_own(file):
                return "%s:%d" % (file, frame.f_lineno)
            frame = frame.f_back
        return None

    def where_own(self) -> str | None:
        """File and line of the nearest frame that is the program's own; None if only libraries are there."""
        frame: Any = sys._getframe(1)
        while frame is not None:
            file = self.file_of(frame)
            if not (file == SKIPPED or file[:7] == "<frozen" or self.is_own(file) or self.is_library(file)):
                return "%s:%d" % (file, frame.f_lineno)
            frame = frame.f_back
        return None

    @staticmethod
    def file_of(frame: Any) -> str:
        """The file of a frame; of a function that cloudpickle brought from another process, its module's."""
        file: str = frame.f_code.co_filename
        if file == "<dynamic-code>":
            origin = frame.f_globals.get("__file__")
            if isinstance(origin, str):
                return origin
        return file

    def is_library(self, file: str) -> bool:
        """Whether a file is of the standard library or was installed."""
        return "-packages/" in file or file.startswith(self.library)

    def importing(self) -> bool:
        """Whether nothing but libraries stands between here and an import: what a library does for itself."""
        frame: Any = sys._getframe(1)
        while frame is not None:
            file = self.file_of(frame)
            if file == INVISIBLE:
                return True
            if file != SKIPPED and not self.is_own(file) and not self.is_library(file):
                return False
            frame = frame.f_back
        return False

    def is_own(self, file: str) -> bool:
        """Whether a file is the probe's."""
        return file.startswith(self.directory + "/_ledger_probe")


class Finder:
    """Stands in front of the import system and only looks at the modules that are waited for."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec that the other finders find, its loader set to call back once."""
        probe = self.probe
        if name not in probe.waiting:
            return None
        asked = (name, get_ident())
        if asked in probe.asking:  # by a finder that asks the whole import system again
            return None
        probe.asking.add(asked)
        try:
            for finder in list(sys.meta_path):
                find = None if finder is self else getattr(finder, "find_spec", None)
                spec = find(name, path, target) if find is not None else None
                if spec is not None:
                    probe.guard("import " + name, Loading.begin, probe, name, spec)
                    return spec
            return None
        finally:
            probe.asking.discard(asked)


class Loading:
    """One import that is waited for.

    The module's own loader stays in its place: only its instance's ``exec_module`` is covered, until called.
    """

    def __init__(self, probe: Probe, name: str, loader: Any) -> None:
        self.probe = probe
        self.name = name
        self.loader = loader
        self.original = loader.exec_module

    @classmethod
    def begin(cls, probe: Probe, name: str, spec: Any) -> None:
        """Cover the loader of a spec."""
        loader = spec.loader
        if isinstance(loader, type) or not hasattr(loader, "exec_module"):
            raise TypeError("its loader cannot be watched: %r" % (loader,))
        loader.exec_module = cls(probe, name, loader).exec_module

    def exec_module(self, module: Any) -> None:
        """Uncover the loader, run the module, call the hook."""
        mine = getattr(getattr(module, "__spec__", None), "name", self.name) == self.name
        if mine:
            try:
                del self.loader.exec_module
            except AttributeError:
                pass  # a second spec of the same loader was first
        self.original(module)
        if mine:
            self.probe.imported(self.name, sys.modules.get(self.name, module))


def _rename(function: Any) -> None:
    function.__code__ = function.__code__.replace(co_filename=INVISIBLE)


_rename(Finder.find_spec)
_rename(Loading.exec_module)


def to_json(value: Any) -> str:
    """JSON in ASCII; numbers that it lacks are the strings NaN, Infinity and -Infinity."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        if value != value:
            return '"NaN"'
        text = float.__repr__(value)
        return text if "inf" not in text else '"-Infinity"' if value < 0 else '"Infinity"'
    if isinstance(value, dict):
        pairs = ["%s: %s" % (_quoted(str(key)), to_json(each)) for key, each in value.items()]
        return "{" + ", ".join(pairs) + "}"
    return "[" + ", ".join([to_json(each) for each in value]) + "]"


def _quoted(text: str) -> str:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return '"' + text + '"'
    letters = []
    for letter in text:
        code = ord(letter)
        if letter in '"\\':
            letters.append("\\" + letter)
        elif 32 <= code < 127:
            letters.append(letter)
        elif code < 0x10000:
            letters.append("\\u%04x" % code)
        else:
            code -= 0x10000
            letters.append("\\u%04x\\u%04x" % (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)))
    return '"' + "".join(letters) + '"'


def start(directory: str) -> None:
    """Say that this process is, and wait for what it imports."""
    try:
        seed = int(environ["LEDGER_SEED"]) if "LEDGER_SEED" in environ else None
    except ValueError:
        seed = None
    probe = Probe(directory, environ["LEDGER_SPOOL"], seed)
    probe.guard("process", _say_process, probe)
    sys.meta_path.insert(0, Finder(probe))
    for name in HOOKS:
        if name in sys.modules:
            probe.imported(name, sys.modules[name])
    register(probe.guard, "exit", _exit, probe)
    probe.guard("exit", _watch_exit, probe)
    if environ.get("LEDGER_WATCH") == "probe":
        probe.guard("files", lambda: probe.part("files").start(probe))


def _say_process(probe: Probe) -> None:
    flags = {name: getattr(sys.flags, name) for name in dir(sys.flags) if not name.startswith(("_", "n_"))}
    try:
        directory: str | None = getcwd()
    except OSError:
        directory = None
    info = sys.version_info
    version = "%d.%d.%d" % info[:3]
    if info[3] != "final":
        version += "%s%d" % ({"alpha": "a", "beta": "b", "candidate": "rc"}.get(info[3], info[3]), info[4])
    implementation = sys.implementation.name
    if "t" in getattr(sys, "abiflags", ""):
        implementation += "-freethreaded"
    probe.emit(
        {
            "event": "process",
            "pid": probe.pid,
            "ppid": getppid(),
            "time": time_ns(),
            "executable": sys.executable,
            "version": version,
            "implementation": implementation,
            "prefix": sys.prefix,
            "base_prefix": sys.base_prefix,
            "cwd": directory,
            "argv": getattr(sys, "argv", None),
            "orig_argv": getattr(sys, "orig_argv", None),
            "hash_seed": environ.get("PYTHONHASHSEED"),
            "flags": {name: int(value) for name, value in flags.items() if isinstance(value, int) and value},
        }
    )


def _watch_exit(probe: Probe) -> None:
    """Look once more in front of `os._exit`, by which forked children end that multiprocessing started.

    Other threads than the main one call it where something hangs: they are not to wait for what that holds.
    """
    os: Any = sys.modules["os"]
    main = [get_ident()]

    def look(*_: Any) -> None:
        if get_ident() == main[0]:
            _exit(probe)

    os.register_at_fork(after_in_child=lambda: main.__setitem__(0, get_ident()))
    os._exit = probe.observed(os._exit, look)


def _exit(probe: Probe) -> None:
    for name, function in probe.at_exit:
        probe.guard(name, function, probe)
    if getpid() != probe.first_pid:
        return  # of what is the same in a forked child, its parent speaks
    if "numpy" in sys.modules or "torch" in sys.modules:
        probe.guard("observed", lambda: probe.part("observed").observe(probe))
