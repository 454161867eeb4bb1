"""Losses as a model with Gaussian noise likes them."""

import math
from enum import StrEnum

import numpy as np
from scipy.special import ndtri

from ledger.tune.samplers.history import Floats, History


class Warp(StrEnum):
    """How losses are made ready."""

    RANKED = "ranked"
    """How bad a bad point is tells little of where the best is, and may dwarf all else: the worse half is
    placed by rank on the upper half of a normal distribution, as wide as the better half is (half-rank
    warping, Song et al. 2024, The Vizier Gaussian process bandit algorithm)."""
    PLAIN = "plain"
    """As they are: a smooth loss stays smooth."""


def warped(history: History, how: Warp = Warp.RANKED) -> Floats:
    """Losses of a history's points, with mean 0 and variance 1.

    Points that have no loss to compare are placed by rank behind the others, or as bad as the worst.
    """
    done, order = history.done, history.order
    good = history.losses[order[:done]] / 4  # a difference of the largest floats is one
    found = np.empty(len(order))
    if how is Warp.PLAIN:
        plain = (good - good[0]) / ((good[-1] - good[0]) or 1.0)
        found[order] = np.concatenate((plain, np.ones(len(order) - done)))
    else:
        found[order] = _ranked(good, len(order))
    return np.asarray((found - found.mean()) / (found.std() or 1.0))


def _ranked(good: Floats, count: int) -> Floats:
    half = (len(good) + 1) // 2
    better = (good[:half] - good[0]) / ((good[half - 1] - good[0]) or 1.0)
    width = math.sqrt(float(np.mean((better - better[-1]) ** 2))) or 1.0
    worse = (np.arange(count - half) + 0.5) / (count - half)
    return np.concatenate((better, better[-1] + width * ndtri(0.5 + worse / 2)))
