"""What the gaps of a customer and of the population say of the next purchase, and of a gap's trend: arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, gammaln, stdtr

from customer_value.transactions._blocks import blocks, in_threads
from customer_value.transactions._rhythm_gaps import Floats, GapArrays
from customer_value.transactions._rhythm_population import HALF, silence_probability

_TINY = 1e-290  # probabilities below are near the end of floats
_FEWEST_GAPS = 3  # for a trend: two gaps leave nothing to hold their difference against


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One customer's gamma model of the next gap: `weight` is r + n k, `rate` is b, in periods (equation 2)."""

    weight: Floats
    shape: Floats
    rate: Floats
    silence: Floats  # whole periods since the last purchase

    @property
    def usual_gap(self) -> Floats:
        """The gap at the expected rate: own mean gap and population's gap, weighted n k to r."""
        usual: Floats = self.rate / self.weight
        return usual

    def take(self, rows: slice) -> Rhythm:
        """Return some of the customers."""
        return Rhythm(self.weight[rows], self.shape[rows], self.rate[rows], self.silence[rows])

    def outlasts(self) -> Floats:
        """Probability that a gap of his lasts longer than the silence so far."""
        return np.concatenate(in_threads(lambda rows: _outlasts(self.take(rows)), blocks(self.weight.size), fewest=2))

    def next_gap(self, share: float) -> Floats:
        """Whole periods within which the next purchase follows with that probability, given the silence so far."""
        parts = in_threads(lambda rows: _next_gap(self.take(rows), share), blocks(self.weight.size), fewest=2)
        return np.concatenate(parts)


def _outlasts(rhythm: Rhythm) -> Floats:
    return silence_probability(rhythm.weight, rhythm.shape, rhythm.rate, rhythm.silence + HALF)


def _next_gap(rhythm: Rhythm, share: float) -> Floats:
    """Solve P(G > g | G > silence) = 1 - share.

    Far out in the tail, where I_x(a, k) is x^a times a constant and the probabilities are below all floats, x shrinks
    by the a-th root of 1 - share.
    """
    a, k, b, quiet = rhythm.weight, rhythm.shape, rhythm.rate, rhythm.silence + HALF
    left = silence_probability(a, k, b, quiet) * (1 - share)
    x = betaincinv(a, k, np.maximum(left, _TINY))
    x = np.where(left > _TINY, x, b / (b + k * quiet) * (1 - share) ** (1 / a))
    with np.errstate(divide="ignore", over="ignore"):
        gap = b * (1 / x - 1) / k
    whole: Floats = np.maximum(np.ceil(gap - HALF), rhythm.silence + 1)
    return whole


def gap_trend(gaps: GapArrays) -> tuple[Floats, Floats]:
    """Return by which factor a gap differs from the one before, and the p-value of gaps that do not get longer.

    The correlation of the gaps' cube roots with their number, and Pitman's (1937) t-distribution of it under all
    orders of the gaps. Cube roots of gamma variables are about normal whatever their shape (Wilson & Hilferty 1931),
    for which t is exact. The open gap at the end takes no part, so that given how many there are every order of the
    completed ones has the same chance in any renewal process, wherever the observation ends. No order of n gaps is
    rarer than 1 / n!, and no p-value is smaller.
    """
    n = gaps.count
    equal = n * gaps.squares == gaps.total**2  # in whole numbers: rounded roots would give a trend of equal gaps
    with np.errstate(divide="ignore", invalid="ignore"):
        times = (n**3.0 - n) / 12  # sum of (number - mean)^2
        slope = gaps.covariation / times
        ratio = np.exp(3 * slope * n / gaps.roots)  # d ln gap = 3 d root / root, at the mean root
        correlation = np.clip(gaps.covariation / np.sqrt(times * gaps.variation), -1, 1)
        t = correlation * np.sqrt((n - 2) / (1 - correlation**2))
        p = stdtr(np.maximum(n - 2, 1), -t)
    rarest = np.exp(-gammaln(n + 1.0))
    p = np.where(equal, 0.5, np.clip(p, rarest, 1 - rarest))
    known = n >= _FEWEST_GAPS
    return np.where(known, np.where(equal, 1.0, ratio), np.nan), np.where(known, p, np.nan)
