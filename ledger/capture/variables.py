"""Which variables can change a result, and which only place a trial on a machine."""

from collections.abc import Mapping

from ledger.capture.secrets import mask_value

ROOT = "{root}"
"""Stands for the root's path in a recorded value."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NAMES = frozenset(
    _words(
        """PYTHONPATH PYTHONHASHSEED PYTHONOPTIMIZE PYTHONNOUSERSITE PYTHONUSERBASE PYTHONHOME
    PYTHONSAFEPATH PYTHONUTF8 PYTHONIOENCODING PYTHONCOERCECLOCALE PYTHONMALLOC PYTHONDEVMODE
    PYTHONWARNINGS PYTHONPLATLIBDIR PYTHONINTMAXSTRDIGITS PYTHON_GIL PYTHON_JIT PYTHON_CPU_COUNT
    PYTHONCASEOK PYTHONEXECUTABLE PYTHONDEBUG GOTO_NUM_THREADS ATEN_CPU_CAPABILITY RAYON_NUM_THREADS
    LOKY_MAX_CPU_COUNT NVIDIA_TF32_OVERRIDE CUDA_LAUNCH_BLOCKING CUDA_DEVICE_MAX_CONNECTIONS
    CUDA_MODULE_LOADING CUDA_FORCE_PTX_JIT CUDA_DISABLE_PTX_JIT CUDA_CACHE_DISABLE
    HSA_OVERRIDE_GFX_VERSION LIBTPU_INIT_ARGS TOKENIZERS_PARALLELISM HF_HUB_OFFLINE
    HF_DATASETS_OFFLINE PL_GLOBAL_SEED PL_SEED_WORKERS THEANO_FLAGS MPLBACKEND LD_LIBRARY_PATH
    LD_PRELOAD GLIBC_TUNABLES DYLD_LIBRARY_PATH DYLD_INSERT_LIBRARIES DYLD_FALLBACK_LIBRARY_PATH
    LANG LANGUAGE TZ SOURCE_DATE_EPOCH"""
    )
)
_PREFIXES = _words(
    """LC_ OMP_ GOMP_ KMP_ MKL_ OPENBLAS_ BLIS_ NUMEXPR_ VECLIB_ NUMBA_ TBB_ DNNL_ ONEDNN_ NPY_
    SKLEARN_ POLARS_ CUDNN_ CUBLAS_ CUBLASLT_ NCCL_ALGO NCCL_PROTO NCCL_MIN_ NCCL_MAX_ NCCL_NTHREADS
    NCCL_BUFFSIZE MIOPEN_ ROCBLAS_ HIPBLASLT_ TF2_ TF_AUTO TF_CPU TF_CUDNN TF_DETERMINISTIC
    TF_DISABLE_ TF_ENABLE_ TF_FORCE_ TF_FP16 TF_GPU_ TF_KERAS TF_LAYOUT TF_MKL TF_NUM_ TF_OVERRIDE
    TF_ROCM TF_SYNC_ TF_USE_ TF_XLA_ XLA_ JAX_ TORCH PYTORCH_ TRITON_ KERAS_ FLAX_ TRANSFORMERS_
    ACCELERATE_ NVTE_ FLASH_ATTENTION_ VLLM_ ORT_ MXNET_ XGBOOST_"""
)
_NO_ENDINGS = _words("_HOME _DIR _CACHE _ROOT _LOG_LEVEL _LOGS _VERBOSE _VERBOSITY _DEBUG _DISPLAY_ENV")
"""Ends of names that say where something lies or how much is told."""

_PLACING = frozenset(
    _words(
        """CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER NVIDIA_VISIBLE_DEVICES HIP_VISIBLE_DEVICES
    ROCR_VISIBLE_DEVICES GPU_DEVICE_ORDINAL ZE_AFFINITY_MASK ONEAPI_DEVICE_SELECTOR RANK LOCAL_RANK
    NODE_RANK GROUP_RANK ROLE_RANK WORLD_SIZE LOCAL_WORLD_SIZE GROUP_WORLD_SIZE ROLE_WORLD_SIZE
    MASTER_ADDR MASTER_PORT TF_CONFIG JOB_ID NCCL_SOCKET_IFNAME GLOO_SOCKET_IFNAME NPROC PMI_RANK
    PMI_SIZE PMIX_RANK"""
    )
)
_PLACING_PREFIXES = _words(
    """SLURM_ PBS_ LSB_ SGE_ FLUX_ COBALT_ OMPI_COMM_ MV2_COMM_ TORCHELASTIC_ TPU_ JAX_COORDINATOR_
    JAX_PROCESS_ JAX_NUM_PROCESSES JAX_LOCAL_"""
)


def changes_results(name: str, extra: tuple[str, ...] = ()) -> bool:
    """Whether a variable can change what a program computes.

    Parameters
    ----------
    name
        Of the variable.
    extra
        Further names, or patterns such as ``MYLAB_*``.
    """
    if name in _NAMES:
        return True
    if name.startswith(_PREFIXES) and not places(name):
        return not name.endswith(_NO_ENDINGS)
    if not extra:
        return False
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, pattern) for pattern in extra)


def places(name: str) -> bool:
    """Whether a variable chooses devices, a job or a rank."""
    return name in _PLACING or name.startswith(_PLACING_PREFIXES)


def recorded(
    variables: Mapping[str, str], root: str, extra: tuple[str, ...] = ()
) -> tuple[tuple[str, str], ...]:
    """The variables that can change a result: sorted, secrets masked, the root as ``{root}``."""
    return tuple(
        (name, relative(mask_value(name, variables[name]), root))
        for name in sorted(variables)
        if changes_results(name, extra)
    )


def placing(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables that choose devices, a job or a rank: sorted, secrets masked."""
    return tuple((name, mask_value(name, variables[name])) for name in sorted(variables) if places(name))


def relative(value: str, root: str) -> str:
    """`value` with the root's path, where it stands as a path of its own, as ``{root}``."""
    if root not in value or root == "/":
        return value
    result, position = "", 0
    while (start := value.find(root, position)) >= 0:
        end = start + len(root)
        alone = _ends(value[start - 1 : start]) and (_ends(value[end : end + 1]) or value[end] == "/")
        result += value[position:start] + (ROOT if alone else root)
        position = end
    return result + value[position:]


def absolute(value: str, root: str) -> str:
    """Reverse of `relative`, for the root of today."""
    return value.replace(ROOT, root)


def _ends(letter: str) -> bool:
    """Whether a path can end, or begin after, this letter (or the end of the text)."""
    return not letter or letter in ":;,= \t\n\"'()[]{}|&"
