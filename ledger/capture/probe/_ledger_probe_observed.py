"""What is only known at the end: threads, numeric libraries, processor features that numpy uses, torch.

    {"event": "observed", "cpus", "threads": [{"library", "api", "threads", "version"}, ...],
     "libraries": [...], "numpy": {"version", "features"}, "torch": {...}}

``cpus`` is the number of processors that the process may use. ``library`` is a file name, ``api`` openblas,
mkl, blis or openmp, ``version`` null where the library does not tell. ``numpy`` and ``torch`` are there if
they are loaded. Nothing is initialised for this: only libraries that are mapped already are asked, and only
if the program itself has loaded ctypes.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIBRARIES = (
    ("libopenblas", "openblas"),
    ("libscipy_openblas", "openblas"),
    ("libblis", "blis"),
    ("libflame", "blis"),
    ("libmkl_rt", "mkl"),
    ("libmkl_core", "mkl"),
    ("libgomp", "openmp"),
    ("libomp", "openmp"),
    ("libiomp5", "openmp"),
    ("libblas", ""),
    ("libcblas", ""),
    ("liblapack", ""),
    ("libatlas", ""),
    ("libtbb", ""),
)
"""Start of a shared library's file name: what it is; only named where that is empty."""

CALLS = {
    "openblas": tuple(
        prefix + "openblas_get_num_threads" + suffix
        for prefix in ("", "scipy_")
        for suffix in ("", "64_", "_64")
    ),
    "mkl": ("MKL_Get_Max_Threads",),
    "blis": ("bli_thread_get_num_threads",),
    "openmp": ("omp_get_max_threads",),
}
"""Functions that give the number of threads, by what the library is; the first that it has is called."""

TORCH = {
    "version": "__version__",
    "threads": "get_num_threads",
    "interop": "get_num_interop_threads",
    "initial_seed": "initial_seed",
    "deterministic": "are_deterministic_algorithms_enabled",
    "matmul_precision": "get_float32_matmul_precision",
    "cuda": "version.cuda",
    "cpu_capability": "backends.cpu.get_cpu_capability",
    "cudnn_benchmark": "backends.cudnn.benchmark",
    "cudnn_deterministic": "backends.cudnn.deterministic",
    "cudnn_tf32": "backends.cudnn.allow_tf32",
}
"""Key of the event: what to read or call in torch; left out where this torch does not have it."""


def observe(probe: Any) -> None:
    """Emit the event."""
    event: dict[str, Any] = {"event": "observed", "cpus": cpus(), "threads": [], "libraries": []}
    for path, api in probe.guard("libraries", mapped) or ():
        name = os.path.basename(path)
        if name not in event["libraries"]:
            event["libraries"].append(name)
            pool = probe.guard(name, ask, path, api) if api else None
            if pool is not None:
                event["threads"].append({"library": name, "api": api, **pool})
    if "numpy" in sys.modules:
        event["numpy"] = probe.guard("numpy", numpy_features, sys.modules["numpy"])
    if "torch" in sys.modules:
        event["torch"] = probe.guard("torch", torch_settings, probe, sys.modules["torch"])
    probe.emit(event)


def cpus() -> int | None:
    """Return how many processors the process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def mapped() -> list[tuple[str, str]]:
    """Return numeric libraries that are in memory, in the order of their paths, and what they are."""
    with open("/proc/self/maps", "rb") as maps:
        paths = {line.split(maxsplit=5)[5].strip() for line in maps if b".so" in line and b"/" in line}
    found = []
    for path in sorted(os.fsdecode(each) for each in paths):
        api = next((api for start, api in LIBRARIES if os.path.basename(path).startswith(start)), None)
        if api is not None:
            found.append((path, api))
    return found


def ask(path: str, api: str) -> dict[str, Any] | None:
    """Ask a mapped library for its number of threads."""
    ctypes = sys.modules.get("ctypes")
    if ctypes is None or not hasattr(os, "RTLD_NOLOAD"):
        return None
    try:
        library = ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_NOW)
    except OSError:
        return None  # its file was replaced since, or it is in another link map
    for name in CALLS[api]:
        function = getattr(library, name, None)
        if function is not None:
            function.argtypes, function.restype = (), ctypes.c_int
            return {"threads": int(function()), "version": version(ctypes, library, name)}
    return None


def version(ctypes: Any, library: Any, name: str) -> str | None:
    """Return what a library says of itself."""
    if "openblas" in name:
        function = getattr(library, name.replace("get_num_threads", "get_config"), None)
    else:
        function = getattr(library, "bli_info_get_version_str", None)
    if function is None:
        return None
    function.argtypes, function.restype = (), ctypes.c_char_p
    text = function()
    return text.decode("ascii", "replace").strip() if text else None


def numpy_features(numpy: Any) -> dict[str, Any]:
    """Return numpy's version and the vector extensions that it uses."""
    core = sys.modules.get("numpy._core._multiarray_umath") or sys.modules.get("numpy.core._multiarray_umath")
    features = getattr(core, "__cpu_features__", {})
    return {"version": numpy.__version__, "features": sorted(name for name, has in features.items() if has)}


def torch_settings(probe: Any, torch: Any) -> dict[str, Any]:
    """Return the settings of torch that move results."""
    settings = {}
    for key, path in TORCH.items():
        try:
            value = torch
            for part in path.split("."):
                value = getattr(value, part)
            value = value() if callable(value) else value
        except AttributeError:
            continue
        except Exception as error:
            probe.failed("torch." + path, error)
            continue
        settings[key] = value if isinstance(value, (bool, int)) or value is None else str(value)
    return settings
