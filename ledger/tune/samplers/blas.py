"""Linear algebra on one thread.

While a search proposes, its trials use the processors: a matrix of 200 rows on many threads then takes ten
times as long as on one. And a product that is always summed in the same order is the same with any number of
processors.
"""

from functools import cache
from typing import Any

import numpy  # noqa: F401  its library has to be loaded to be found
import scipy.linalg  # noqa: F401
from threadpoolctl import ThreadpoolController


@cache
def _controller() -> Any:
    return ThreadpoolController()


def one_thread() -> Any:
    """A context in which the libraries of numpy and scipy take one thread."""
    return _controller().limit(limits=1, user_api="blas")
