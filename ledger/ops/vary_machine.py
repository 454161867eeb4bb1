"""Conditions of the machine: threads, processors, vector units, addresses."""

import os
import platform
from dataclasses import replace
from pathlib import Path
from typing import Final

from ledger.capture import process
from ledger.errors import IncomparableError
from ledger.ops.replay_launch import observed_threads
from ledger.ops.traits import Traits
from ledger.ops.variation import Setting, Variation
from ledger.ops.vary_places import with_variables
from ledger.processors import allowed

_THREADS: Final = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS"),
    *("POLARS_MAX_THREADS", "TF_NUM_INTRAOP_THREADS"),
)

_X86: Final = {
    "OPENBLAS_CORETYPE": "Nehalem",
    # Names of numpy until 2.3, then those since; it passes over what it was not built for.
    "NPY_DISABLE_CPU_FEATURES": "AVX F16C FMA3 AVX2 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL"
    " AVX512_ICL AVX512_SPR X86_V3 X86_V4",
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "DNNL_MAX_CPU_ISA": "SSE41",
    # Names of glibc since 2.33, then those before.
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F,-AVX2_Usable,-FMA_Usable,-AVX512F_Usable",
}
_ARM: Final = {"OPENBLAS_CORETYPE": "ARMV8", "ATEN_CPU_CAPABILITY": "default"}
_ASLR: Final = Path("/proc/sys/kernel/randomize_va_space")


def threads(setting: Setting) -> tuple[Variation, ...]:
    """Another number of threads in numerical libraries."""
    seen = setting.trial.observed
    pools = {pool.api: pool.threads for pool in seen.threads} if seen else {}
    told = setting.variable("OMP_NUM_THREADS")
    if pools:
        now = max(pools.values())
        before = f"{now} ({', '.join(f'{api} {count}' for api, count in sorted(pools.items()))})"
    elif told and told.isdecimal():
        now, before = int(told), f"{told} (OMP_NUM_THREADS)"
    else:
        now = seen.affinity if seen else allowed()
        before = f"{now} (the processors)"
    after = "1" if now > 1 else "2"
    names = dict.fromkeys(_THREADS, after)
    return (Variation(before=before, after=after, conditions=with_variables(setting.conditions, names)),)


def processors(setting: Setting) -> tuple[Variation, ...]:
    """Fewer processors, with as many threads as before in the libraries that were seen."""
    those = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(those) < 2:
        raise IncomparableError(
            "there is one processor only",
            cause=f"this process may use {len(those) or 1}",
            hint="try it on a machine that has more, or widen this one's: taskset -p",
        )
    counts = observed_threads(setting.trial, {**setting.recorded, **setting.conditions.variables})
    conditions = replace(with_variables(setting.conditions, counts), traits=Traits(processors=(those[0],)))
    return (Variation(before=str(len(those)), after="1", conditions=conditions),)


def cpu(setting: Setting) -> tuple[Variation, ...]:
    """An older processor's vector instructions."""
    machine, flags = platform.machine(), process.host().cpu_flags
    if machine == "x86_64" and "avx2" in flags:
        variables, after = _X86, "SSE 4.2"
        before = "AVX-512" if "avx512f" in flags else "AVX2"
    elif machine == "aarch64":
        variables, before, after = _ARM, "as found", "the plainest (openblas, torch)"
    else:
        raise IncomparableError(
            "this processor has no newer vector instructions to leave out",
            cause=f"{machine} without AVX2" if machine == "x86_64" else machine,
            hint="try it on a newer machine",
        )
    tunables = [variables.get("GLIBC_TUNABLES"), setting.variable("GLIBC_TUNABLES")]
    if any(tunables):
        variables = {**variables, "GLIBC_TUNABLES": ":".join(filter(None, tunables))}
    return (Variation(before=before, after=after, conditions=with_variables(setting.conditions, variables)),)


def addresses(setting: Setting) -> tuple[Variation, ...]:
    """Memory at the same addresses each time."""
    try:
        random = _ASLR.read_text().strip() != "0"
    except OSError as error:
        raise IncomparableError(
            "it cannot be told whether addresses are random here",
            cause=str(error),
            hint="this needs Linux with /proc",
        ) from error
    if not random:
        raise IncomparableError(
            "addresses are the same each time already",
            cause=f"{_ASLR} is 0",
            hint="sysctl kernel.randomize_va_space=2",
        )
    fixed = replace(setting.conditions, traits=Traits(fixed_addresses=True))
    return (Variation(before="random", after="fixed", conditions=fixed, still=fixed),)
