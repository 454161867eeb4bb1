"""A Gaussian process over points of a space: what it expects anywhere, and how unsure it is.

All of it is deterministic up to rounding; the hyperparameters are put on a grid, so that rounding is all that
differs on another processor.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import linalg
from scipy.optimize import minimize
from scipy.special import erf, erfcx

from ledger.model.frozen import frozen
from ledger.tune.samplers.history import Floats
from ledger.tune.space.unit import UnitSpace

STEPS: Final = 12
"""Of the search for hyperparameters."""
GRID: Final = 32
"""Logarithms of hyperparameters are multiples of 1/32."""
LENGTH: Final = 0.5
"""Of the prior: median length scale over the root of the number of axes."""
SPREAD: Final = 1.0
"""Of the prior: standard deviation of a length scale's logarithm."""
NOISE: Final = 1e-4
"""Of the prior: median variance of noise, where losses have variance 1."""
NOISE_SPREAD: Final = 2.0
_LEAST_NOISE: Final = 1e-6
_DEGREES: Final = 4.0
"""Of freedom of the prior of the process's variance, whose mean is 1."""
_ROOT_HALF: Final = math.sqrt(0.5)
_ROOT_5: Final = math.sqrt(5)


@frozen
class Features:
    """Points as a kernel sees them, one column or more for each axis.

    An inactive ordered axis is in its middle. An unordered one has a column for each of its values, and one
    for having none; two different ones have distance 1.
    """

    columns: Floats
    """Points × columns."""
    owners: npt.NDArray[np.intp]
    """Of each column, the axis among those that are not fixed."""

    @classmethod
    def of(cls, space: UnitSpace, where: Floats) -> "Features":
        """Of coordinates, a row each, NaN where inactive."""
        columns, owners = [], []
        for owner, place in enumerate(free(space)):
            axis, at = space.axes[place], where[:, place]
            if axis.ordered:
                columns.append(np.where(np.isnan(at), 0.5, at))
                owners.append(owner)
                continue
            count = axis.count or 1
            chosen = np.where(np.isnan(at), count, np.floor(at * count))
            for each in range(count + (axis.parameter.condition is not None)):
                columns.append((chosen == each) * _ROOT_HALF)
                owners.append(owner)
        return cls(
            columns=np.array(columns).T.reshape(len(where), len(owners)),
            owners=np.array(owners, dtype=np.intp),
        )

    def scaled(self, scales: Floats) -> Floats:
        """Columns over length scales."""
        return self.columns * np.sqrt(scales)[self.owners]

    def squares(self) -> Floats:
        """Squared distances along each axis: axes × points × points."""
        found = np.zeros((int(self.owners.max()) + 1, len(self.columns), len(self.columns)))
        for owner, column in zip(self.owners, self.columns.T, strict=True):
            found[owner] += (column[:, None] - column[None, :]) ** 2
        return found


def free(space: UnitSpace) -> list[int]:
    """Places of the axes on which there is something to choose."""
    return [place for place, axis in enumerate(space.axes) if not axis.fixed]


@frozen
class Process:
    """A Gaussian process that has seen some points: Matérn 5/2, a length scale for each axis."""

    seen: Floats
    """Columns over length scales."""
    scales: Floats
    """Inverse squares of the length scales."""
    variance: float
    factor: Floats
    """Lower Cholesky factor of the correlations."""
    weighted: Floats
    """Correlations⁻¹ losses."""

    @classmethod
    def fitted(cls, seen: Features, losses: Floats, hyper: Floats) -> "Process":
        """With given hyperparameters: logarithms of the scales, then that of the noise."""
        scales = np.exp(hyper[:-1])
        scaled = seen.scaled(scales)
        kernel = _matern(_squares(scaled, scaled))[0]
        kernel[np.diag_indices_from(kernel)] = 1 + math.exp(hyper[-1]) + _LEAST_NOISE
        factor = linalg.cholesky(kernel, lower=True, check_finite=False)
        weighted = linalg.cho_solve((factor, True), losses, check_finite=False)
        variance = (float(losses @ weighted) + _DEGREES) / (len(losses) + _DEGREES)
        return cls(seen=scaled, scales=scales, variance=variance, factor=factor, weighted=weighted)

    def expected(self, where: Features) -> tuple[Floats, Floats]:
        """Mean and standard deviation at some points."""
        kernel = _matern(_squares(self.seen, where.scaled(self.scales)))[0]
        solved = linalg.solve_triangular(self.factor, kernel, lower=True, check_finite=False)
        left = np.maximum(1 - np.einsum("ij,ij->j", solved, solved), 1e-12)
        return kernel.T @ self.weighted, np.sqrt(self.variance * left)


def hyperparameters(seen: Features, losses: Floats) -> Floats:
    """Those of the largest posterior density that some steps find.

    Returns
    -------
    Floats
        Logarithms of the inverse squared length scales, then that of the noise's share of the variance.
    """
    squares = seen.squares()
    axes, count = squares.shape[:2]
    usual = np.append(np.full(axes, -2 * math.log(LENGTH * math.sqrt(axes))), math.log(NOISE))
    spread = np.append(np.full(axes, 2 * SPREAD), NOISE_SPREAD)
    flat = squares.reshape(axes, -1)

    def missed(hyper: Floats) -> tuple[float, Floats]:
        scales, noise = np.exp(hyper[:-1]), math.exp(hyper[-1])
        kernel, slope = _matern((scales @ flat).reshape(count, count))
        kernel[np.diag_indices_from(kernel)] += noise + _LEAST_NOISE
        factor, failed = linalg.lapack.dpotrf(kernel, lower=1)
        if failed:
            return 1e10, np.zeros_like(hyper)
        lower = linalg.lapack.dpotri(factor, lower=1)[0]
        inverse = np.tril(lower) + np.tril(lower, -1).T
        weighted = inverse @ losses
        fit = float(losses @ weighted) + _DEGREES
        value = 0.5 * (count + _DEGREES) * math.log(fit) + float(np.log(np.diag(factor)).sum())
        outer = inverse - np.outer(weighted, weighted) * ((count + _DEGREES) / fit)
        gradient = np.empty_like(hyper)
        gradient[:-1] = 0.5 * scales * (flat @ (outer * slope).ravel())
        gradient[-1] = 0.5 * noise * np.trace(outer)
        off = (hyper - usual) / spread
        return value + 0.5 * float(off @ off), gradient + off / spread

    bounds = [(-9.0, 9.0)] * axes + [(math.log(_LEAST_NOISE), 0.0)]
    found = minimize(
        missed,
        usual,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": STEPS, "maxfun": 2 * STEPS},
    )
    return np.asarray(np.round(found.x * GRID) / GRID)


def _squares(one: Floats, other: Floats) -> Floats:
    """Squared distances between the rows of both."""
    lengths = np.einsum("ij,ij->i", one, one)[:, None] + np.einsum("ij,ij->i", other, other)
    return np.asarray(np.maximum(lengths - 2 * (one @ other.T), 0.0))


def _matern(squares: Floats) -> tuple[Floats, Floats]:
    """Correlation at some squared distances, and its derivative by them."""
    distance = _ROOT_5 * np.sqrt(squares)
    decay = np.exp(-distance)
    return (1 + distance + distance * distance / 3) * decay, (-5 / 6) * (1 + distance) * decay


def log_improvement(mean: Floats, deviation: Floats, best: float) -> Floats:
    """Logarithm of the expected improvement on the best loss (Ament et al. 2023)."""
    z = (best - mean) / deviation
    far = np.minimum(z, -1.0)
    tail = -math.sqrt(math.pi / 2) * -far * erfcx(-far / math.sqrt(2))
    small = -0.5 * far**2 - 0.5 * math.log(2 * math.pi) + np.log(np.maximum(1 + tail, 1e-15))
    near = np.maximum(z, -1.0)
    density = np.exp(-0.5 * near**2) / math.sqrt(2 * math.pi)
    share = 0.5 * (1 + erf(near / math.sqrt(2)))
    return np.asarray(np.log(deviation) + np.where(z < -1, small, np.log(density + near * share)))
