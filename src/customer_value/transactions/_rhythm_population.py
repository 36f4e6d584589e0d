"""How gaps differ between customers: the prior that shrinks those with few purchases, estimated from all of them.

The model. A customer's gaps are gamma distributed with shape k, which says how regular he is (1: by chance alone,
as in a Poisson process; infinite: like a clock), and mean 1 / theta. theta differs between customers as a gamma
distribution with shape r and mean 1 / m; k as a distribution on a grid. After each purchase a share p leaves for good:
without it the open gaps of those who are gone would pass for very slow customers.

    theta | n gaps of sum S   is gamma with shape r + n k and rate r m + k S           (1)

(the gamma prior is conjugate), so that the customer counts n k times against r of the population. The next gap G has

    P(G > c) = I_x(r + n k, k),  x = b / (b + k c),  b = r m + k S                     (2)

for theta G k is gamma(k), and the ratio of two gammas is beta prime. Given k, S and n the shares of S that single gaps
take are Dirichlet(k, ..., k) whatever theta is, and whenever the observation ended:

    ln L(k) = ln Gamma(n k) - n ln Gamma(k) + k (sum of ln gap - n ln S)               (3)

so that k is estimated without them. r, m and p maximise the product over customers of (4): the density of the gaps,
times the chance that nothing followed within the silence c.

    (1 - p)^n  (r m)^r / Gamma(r)  Gamma(r + n k) / b^(r + n k)  [p + (1 - p) P(G > c)]        (4)

Platzer & Reutterer (2016) have such gaps with one k; Morris (1983) is the pattern of empirical Bayes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import betainc, gammaln, log_expit

from customer_value.transactions._blocks import blocks, in_threads
from customer_value.transactions._rhythm_gaps import Counts, Floats, GapArrays

LOG2_SHAPES: Floats = np.arange(-2.0, 9.0)  # the grid of k: 1/4, 1/2, ..., 256; days are too coarse to tell more
STEPS_PER_DOUBLING = 4  # to which a customer's own k is rounded, so that few distinct ones are left
HALF = 0.5  # a gap of g periods stands for the times from g - 1/2 to g + 1/2
_MOST = 10_000  # customers that the population is estimated from: its parameters are then known to a few percent
_HEAVIEST = 1000.0  # r: customers are never taken to differ by less than 3 percent, for a new one may
_EM_STEPS = 200
_NEWTON_STEPS = 50
_TINY = 1e-300
_STEP = 1e-3  # of finite differences
_WEAK = 2.0  # standard deviation of the weak priors on ln r and logit p, which keep small samples finite


def by_value(gaps: GapArrays, end_period: int) -> Counts:
    """Order customers by what is known of them, so that a sample from this order rests on no order of rows or keys."""
    return np.lexsort((end_period - gaps.last_period, gaps.logs, gaps.total, gaps.count))


def shape_log_likelihoods(count: Counts, total: Counts, logs: Floats) -> Floats:
    """Log-likelihood of each shape on the grid for customers with gaps, equation (3)."""
    shapes = np.exp2(LOG2_SHAPES)
    n, place = np.unique(count, return_inverse=True)
    constant = gammaln(np.outer(n, shapes)) - np.outer(n, gammaln(shapes))
    spread = logs - count * np.log(total)
    return np.asarray(constant[place] + np.outer(spread, shapes), dtype=np.float64)


def shape_shares(gaps: GapArrays, order: Counts) -> Floats:
    """Estimate how the shapes on the grid are distributed among customers, by EM from equal shares.

    One customer spread over the grid is added, so that no shape is ruled out.
    """
    shares: Floats = np.full(LOG2_SHAPES.size, 1 / LOG2_SHAPES.size)
    some = _spread(order[gaps.count[order] > 1])
    if some.size == 0:
        return shares
    fit = shape_log_likelihoods(gaps.count[some], gaps.total[some], gaps.logs[some])
    fit = np.exp(fit - fit.max(axis=1, keepdims=True))
    for _ in range(_EM_STEPS):
        posterior = fit * shares
        posterior /= posterior.sum(axis=1, keepdims=True)
        shares = (posterior.sum(axis=0) + 1 / shares.size) / (some.size + 1)
    return shares


def own_log2_shapes(count: Counts, total: Counts, logs: Floats, shares: Floats) -> Floats:
    """Return ln k / ln 2 of each customer, shrunk: its posterior mean, rounded to a fine grid."""
    log2_shape = np.full(count.size, float(shares @ LOG2_SHAPES))
    several = np.flatnonzero(count > 1)

    def find(rows: slice) -> None:
        some = several[rows]
        fit = shape_log_likelihoods(count[some], total[some], logs[some])
        posterior = np.exp(fit - fit.max(axis=1, keepdims=True)) * shares
        log2_shape[some] = posterior @ LOG2_SHAPES / posterior.sum(axis=1)

    in_threads(find, blocks(several.size), fewest=2)
    rounded: Floats = np.rint(log2_shape * STEPS_PER_DOUBLING) / STEPS_PER_DOUBLING
    return rounded


def silence_probability(weight: Floats, shape: Floats, rate: Floats, silence: Floats) -> Floats:
    """Probability that a gap outlasts a silence, equation (2); `weight` is r + n k, `rate` is b."""
    return np.asarray(betainc(weight, shape, rate / (rate + shape * silence)), dtype=np.float64)


def gap_prior(gaps: GapArrays, shares: Floats, order: Counts, end_period: int) -> tuple[float, float, float]:
    """Estimate the population's gap m, its weight r and the share p that leaves after a purchase, equation (4)."""
    some = _spread(order)
    count, total = gaps.count[some], gaps.total[some]
    log2_shape = own_log2_shapes(count, total, gaps.logs[some], shares)
    rows = np.stack([count, np.exp2(log2_shape), total, end_period - gaps.last_period[some]], axis=1)
    rows, times = np.unique(rows, axis=0, return_counts=True)
    n, shape, waited, quiet = rows.T

    def log_posterior(parameters: Floats) -> float:
        log_gap, logit_r, logit_p = parameters.tolist()
        r = _weight(logit_r)
        prior_rate = r * math.exp(log_gap)
        weight, rate = r + n * shape, prior_rate + shape * waited
        density = r * math.log(prior_rate) - gammaln(r) + gammaln(weight) - weight * np.log(rate)
        followed = silence_probability(weight, shape, rate, quiet + HALF)
        stays, leaves = float(log_expit(-logit_p)), float(log_expit(logit_p))
        nothing = np.logaddexp(leaves, stays + np.log(np.maximum(followed, _TINY)))
        weak = (math.log(r) ** 2 + logit_p**2) / (2 * _WEAK**2)
        return float(times @ (n * stays + density + nothing)) - float(weak)

    mean = gaps.total.sum() / gaps.count.sum()
    start = np.array([math.log(mean), -math.log(_HEAVIEST - 1), 0.0])  # r = 1, p = 1/2
    log_gap, logit_r, logit_p = _maximise(log_posterior, start).tolist()
    return math.exp(log_gap), _weight(logit_r), 1 / (1 + math.exp(-logit_p))


def _weight(logit: float) -> float:
    return _HEAVIEST / (1 + math.exp(-logit))


def _spread(ordered: Counts) -> Counts:
    """Take customers evenly from all in order."""
    stride = max(-(-ordered.size // _MOST), 1)
    return ordered[(stride - 1) // 2 :: stride]


def _maximise(function: Callable[[Floats], float], start: Floats) -> Floats:
    """Climb a smooth function of few parameters: Newton's steps, damped where the function is not concave."""
    at, height = start, function(start)
    unit = np.eye(start.size) * _STEP
    for _ in range(_NEWTON_STEPS):
        up, down = (np.array([function(at + sign * e) for e in unit]) for sign in (1, -1))
        slope = (up - down) / (2 * _STEP)
        bend = np.diag(up + down - 2 * height) / _STEP**2
        for i, j in zip(*np.tril_indices(start.size, -1), strict=True):
            both = function(at + unit[i] + unit[j]) - up[i] - up[j] + height
            bend[i, j] = bend[j, i] = both / _STEP**2
        sizes, axes = np.linalg.eigh(bend)
        # Along an axis that bends the wrong way, or hardly, the slope is followed for one unit at most.
        along = axes.T @ slope
        steps = np.where(sizes < 0, along / np.maximum(-sizes, 1e-12), np.sign(along))
        step = axes @ np.clip(steps, -1.0, 1.0)
        for _ in range(30):
            if (new := function(at + step)) > height:
                break
            step /= 2
        else:
            break
        at, gain, height = at + step, new - height, new
        if gain < 1e-9 * (1 + abs(height)):
            break
    return at
