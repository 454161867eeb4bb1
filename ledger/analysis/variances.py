"""How noisy each of several configurations is, of few values each: variances that are drawn to one another.

With two or three values each, a variance of their own says little; one variance for all is wrong where some
configurations blow up. So what variances are like is learnt from all of them, and each is drawn to the others
as far as they are alike.
"""

import math
from typing import Final

import numpy as np

from ledger.analysis.statistics.arrays import Values
from ledger.model.frozen import frozen

_DEGREES: Final = (math.inf, 16.0, 8.0, 4.0, 2.0, 1.0)
"""How alike variances may be: as if each had so many more degrees of freedom."""
_ALIKE: Final = (0.4, 0.12, 0.12, 0.12, 0.12, 0.12)
"""How likely each of these is, before any value is seen."""
_APART: Final = (0.0, 0.05, 0.2)
"""What share of the configurations may blow up."""
_SOME: Final = (0.4, 0.3, 0.3)
_WIDTH: Final = math.log(1e8)
"""Variances of those that blow up lie evenly on a logarithmic scale, up to so much above the others."""
_LEAST: Final = 1e-5
"""Of the median variance, what any is at the least: values may be equal by chance."""
_STEP: Final = 0.15
"""Between the logarithms of the variances that are tried for the middle of all."""
_NEGLIGIBLE: Final = 1e-3


@frozen
class Variances:
    """What is believed of each configuration's variance: a mixture over how alike they are."""

    weights: Values
    """Of each belief; they sum to 1."""
    degrees: Values
    """By belief: of freedom that a configuration has from the others."""
    drawn: Values
    """(belief, configuration): the variance, drawn to that of the others."""
    apart: Values
    """(belief, configuration): how likely it is one that blows up, which only its own values tell of."""
    own: Values
    """Of its own values; of a configuration with one value, the drawn one."""

    @property
    def likely(self) -> Values:
        """One variance for each configuration: the harmonic mean of what is believed."""
        parts = (1 - self.apart) / self.drawn + self.apart / self.own
        found: Values = 1 / (self.weights[:, None] * parts).sum(axis=0)
        return found


def moderated(own: Values, degrees: Values) -> Variances:
    """Draw variances to one another.

    Parameters
    ----------
    own
        Sample variances, some of them above 0.
    degrees
        Of freedom of each; of those with 0 the variance is not looked at.

    Notes
    -----
    The model is that of G. K. Smyth, "Linear models and empirical Bayes methods for assessing differential
    expression in microarray experiments", 2004: true variances are scaled inverse chi-squared around a common
    one, with d0 degrees of freedom, so that the posterior one is (d0 s0² + d s²) / (d0 + d), with d0 + d
    degrees. As in B. Phipson et al., "Robust hyperparameter estimation protects against hypervariable genes",
    2016, some variances may be none of these; here they are a share of the mixture, and d0 and that share are
    averaged over instead of estimated, as a handful of configurations cannot tell them.
    """
    several = degrees > 0
    freedom = degrees[several]
    known = own[several]
    known = np.maximum(known, _LEAST * float(np.median(known[known > 0])))
    logs = np.log(known)
    steps = max(30, math.ceil((float(np.ptp(logs)) + 5) / _STEP))
    grid = np.linspace(float(logs.min()) - 2, float(logs.max()) + 3, steps)
    ratios = np.exp(logs[None, :] - grid[:, None])
    above = np.where(ratios > 1, -math.log(_WIDTH), -np.inf)
    found = []
    for d0, alike in zip(_DEGREES, _ALIKE, strict=True):
        inside = _log_density(ratios, freedom, d0)
        parts = [
            _part(inside, above, share, math.log(alike * some))
            for share, some in zip(_APART, _SOME, strict=True)
        ]
        evidences = np.array([each[0] for each in parts])
        evidence = float(np.logaddexp.reduce(evidences))
        weights = np.exp(evidences - evidence)
        apart = np.minimum(weights @ np.array([each[2] for each in parts]), 1.0)
        middle = math.exp(float(weights @ grid[[each[1] for each in parts]]))
        freed = (1 - apart) * freedom
        if math.isinf(d0) and freed.any():  # one variance for all: pooled, as ever
            middle = float((freed * known).sum() / freed.sum())
        found.append((evidence, d0, middle, apart))
    evidences = np.array([each[0] for each in found])
    weights = np.exp(evidences - evidences.max())
    weights /= weights.sum()
    kept = [place for place, weight in enumerate(weights) if weight > _NEGLIGIBLE]
    weights = weights[kept] / weights[kept].sum()
    drawn = np.empty((len(kept), len(own)))
    apart = np.zeros_like(drawn)
    for row, place in enumerate(kept):
        _, d0, middle, likely = found[place]
        drawn[row] = middle
        apart[row, several] = likely
        if math.isfinite(d0):
            drawn[row, several] = (d0 * middle + freedom * known) / (d0 + freedom)
    whole_own = np.asarray(weights @ drawn)
    whole_own[several] = known
    beliefs = np.array([found[place][1] for place in kept])
    return Variances(weights=weights, degrees=beliefs, drawn=drawn, apart=apart, own=whole_own)


def _part(inside: Values, above: Values, share: float, prior: float) -> tuple[float, int, Values]:
    """Where such a share blows up: the logarithm of the evidence, the likeliest middle, who blows up."""
    if share:
        outside = above + math.log(share)
        whole = np.logaddexp(inside + math.log1p(-share), outside)
    else:
        whole = inside
    by_middle = whole.sum(axis=1)
    best = int(by_middle.argmax())
    posterior = np.exp(by_middle - by_middle[best])
    evidence = prior + float(by_middle[best] + np.log(posterior.sum()))
    likely = posterior > _NEGLIGIBLE * posterior.sum()
    weights = posterior[likely] / posterior[likely].sum()
    apart = weights @ np.exp(outside[likely] - whole[likely]) if share else np.zeros(whole.shape[1])
    return evidence, best, apart


def _log_density(ratios: Values, degrees: Values, d0: float) -> Values:
    """Of the logarithm of a sample variance in units of the middle one: Fisher's F, or chi-squared."""
    from scipy.special import betaln, gammaln

    half = degrees / 2
    if math.isinf(d0):
        found: Values = half * np.log(half * ratios) - half * ratios - gammaln(half)
    else:
        scaled = ratios * degrees / d0
        found = half * np.log(scaled) - (half + d0 / 2) * np.log1p(scaled) - betaln(half, d0 / 2)
    return found
