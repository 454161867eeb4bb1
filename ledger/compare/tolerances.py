"""Tolerances that numbers ask for which are as far apart as they are."""

import math
from collections.abc import Iterable
from typing import Final

from ledger.compare.base import Distance, Tolerance

_LARGEST_RELATIVE: Final = 0.5
"""A relative tolerance past which an absolute one says more: there are numbers near 0."""
_ROUNDING: Final = 1 + 2.0**-50
"""A quotient multiplied with its divisor again may be less than the dividend, by that at most."""


def narrowest(distances: Iterable[Distance]) -> Tolerance:
    """A tolerance that numbers are within, of places each of which is looked at by itself.

    Numbers near 0 at one place then ask for no more than they differ by, however large others are.

    Parameters
    ----------
    distances
        How far apart the numbers of each place are; those that are by no finite amount are left out.
    """
    rtol = atol = 0.0
    for each in distances:
        if each.relative <= _LARGEST_RELATIVE:
            rtol = max(rtol, each.relative * _ROUNDING)
        elif math.isfinite(each.absolute):
            atol = max(atol, each.absolute)
    return Tolerance(rtol=rtol, atol=atol)


def widest(tolerances: Iterable[Tolerance]) -> Tolerance:
    """One that allows what each of some allows."""
    known = (Tolerance(), *tolerances)
    return Tolerance(rtol=max(each.rtol for each in known), atol=max(each.atol for each in known))
