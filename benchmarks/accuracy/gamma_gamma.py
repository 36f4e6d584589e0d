"""Gamma-Gamma against 80-digit arithmetic on a hard grid, and against a simulation that knows nothing of its formulas.

Parameters from 1e-4 to 1e4, counts to 20,000, amounts from 1e-4 to 1e6. Prints the largest errors; fails above limits.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise

import mpmath as mp
import numpy as np

from customer_value.clv import GammaGamma

rng = np.random.default_rng(20130201)


def exact_log_likelihood(x, m):
    """Eq. (1a) of Fader & Hardie (2013) as printed."""

    def log_likelihood(p, q, v):
        gammas = mp.loggamma(p * x + q) - mp.loggamma(p * x) - mp.loggamma(q)
        return gammas + q * mp.log(v) + (p * x - 1) * mp.log(m) + p * x * mp.log(x) - (p * x + q) * mp.log(v + x * m)

    return log_likelihood


def likelihoods(points):
    """Largest relative errors of value, gradient and Hessian, per customer and in totals."""
    largest = dict.fromkeys(("log-likelihood", "gradient", "Hessian", "totals"), 0.0)

    def note(what, value, reference):
        largest[what] = max(largest[what], float(abs(mp.mpf(float(value)) / reference - 1)))

    with mp.workdps(80):
        for _ in range(points):
            params = tuple(10 ** rng.uniform(-4, 4, 3))
            x, m = float(rng.choice([1, 2, int(10 ** rng.uniform(0, 4.3)), 20000])), 10 ** rng.uniform(-4, 6)
            data, point = (np.array([x]), np.array([m])), tuple(map(mp.mpf, params))
            ll, gradient = GammaGamma._score(params, *data)
            hessian = GammaGamma._hessian(params, *data)
            value, slope, curvature = GammaGamma._objective(params, *data, np.ones(1))
            exact = exact_log_likelihood(mp.mpf(x), mp.mpf(m))
            reference = exact(*point)
            note("log-likelihood", ll[0], reference)
            note("log-likelihood", GammaGamma._log_likelihood(params, *data)[0], reference)
            note("totals", value, reference)
            for j in range(3):
                orders = np.eye(3, dtype=int)[j]
                reference = mp.diff(exact, point, tuple(orders.tolist()))
                note("gradient", gradient[j, 0], reference)
                note("totals", slope[j], reference)
                for k in range(j, 3):
                    reference = mp.diff(exact, point, tuple((orders + np.eye(3, dtype=int)[k]).tolist()))
                    note("Hessian", hessian[j, k, 0], reference)
                    note("totals", curvature[j, k], reference)
    return largest


def totals(points):
    """Largest error of the distribution function of a total, against the beta distribution in mpmath."""
    worst = 0.0
    with mp.workdps(50):
        for _ in range(points):
            p, q, v = 10 ** rng.uniform(-1, 1.5, 3)
            n = float(rng.integers(1, 60))
            s = v * rng.gamma(p * n) / max(rng.gamma(q), 1e-12)
            exact = mp.betainc(p * n, q, 0, mp.mpf(s) / (mp.mpf(s) + mp.mpf(v)), regularized=True)
            worst = max(worst, float(abs(mp.mpf(float(GammaGamma._total_cdf(p, q, v, n, s))) - exact)))
    return {"P(total <= s), absolute": worst}


def simulation(params, n):
    """Largest deviation, in standard errors, of what customers spend next from what the model expects of them."""
    p, q, v = params
    x = rng.geometric(0.3, n) * 1.0
    nu = rng.gamma(q, 1 / v, n)
    m = rng.gamma(p * x) / nu / x
    deviations = {}

    def note(what, seen, expected):
        deviations[what] = max(
            deviations.get(what, 0.0), abs((seen - expected).mean()) / (seen - expected).std() * seen.size**0.5
        )

    following = rng.gamma(p, size=n) / nu
    expected = GammaGamma._expected_spend(params, x, m)
    cuts = np.quantile(m, np.linspace(0, 1, 11))
    for low, high in pairwise(cuts):
        which = (m >= low) & (m < high)
        note("next amount given the mean so far", following[which], expected[which])
    further = rng.gamma(p * 4.0, size=n) / nu
    drawn = GammaGamma._draw_spend(params, x, m, 4, rng)
    posterior = GammaGamma._posterior(params, x, m)
    # The distribution function of what it is the distribution of is uniform.
    for what, amounts in (("total of four, simulated", further), ("total of four, own draws", drawn)):
        level = GammaGamma._total_cdf(*posterior, 4, amounts)
        for k in range(1, 10):
            note(what, (level <= k / 10) * 1.0, np.full(n, k / 10))
    return deviations


def main():
    start, failed = time.time(), False
    size = 20 if "--smoke" in sys.argv else 1
    for title, errors, limit in (
        ("relative error of the likelihood", likelihoods(500 // size), 1e-10),
        ("distribution of a total", totals(2000 // size), 1e-12),
        ("CDNOW simulated, standard errors", simulation((6.25, 3.74, 15.44), 1_000_000 // size), 4.5),
    ):
        for what, error in errors.items():
            good = error < limit
            failed |= not good
            print(f"{title:45} {what:55} {error:8.1e}  {'ok' if good else f'ABOVE {limit}'}")
    print(f"{time.time() - start:.0f} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
