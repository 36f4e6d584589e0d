"""MBG/NBD against 50-digit arithmetic on a hard grid, numerical integration over both rates, and a simulation.

The same proofs as BG/NBD's, with a toss of the coin right after the first purchase.
"""

from __future__ import annotations

import sys

import mpmath as mp
import numpy as np
from bg_nbd import (
    SMALLEST,
    by_integral,
    counts,
    likelihoods,
    log_purchases,
    log_survival,
    mixtures,
    report,
    rng,
    simulation,
)

from customer_value.clv import MBGNBD


def averages(points):
    """Largest relative errors of E[X(t)] and P(alive at t) against the integral over the dropout probability."""
    functions = {
        "E[X(t)]": (MBGNBD._expected_purchases_new, log_purchases),
        "P(alive at t)": (MBGNBD._survival_new, log_survival),
    }
    largest = dict.fromkeys(functions, 0.0)
    for _ in range(points):
        r, a, b = 10 ** rng.uniform(-4, 4, 3)
        z = 10 ** rng.uniform(-8, 9)
        for what, (function, log_given) in functions.items():

            def at_first(r, p, z, log_given=log_given):
                return mp.log1p(-p) + log_given(r, p, z)

            value = mp.mpf(float(function((r, 1.0, a, b), z)))
            if value > SMALLEST:
                error = abs(value / by_integral(at_first, r, a, b, z) - 1)
                largest[what] = max(largest[what], float(error))
    return largest


def probabilities_near_one(points):
    """Largest relative error of the log-likelihood of having bought nothing for a moment only."""
    worst = 0.0
    with mp.workdps(80):
        for _ in range(points):
            params = tuple(10 ** rng.uniform(-4, 4, 4))
            T = 10 ** rng.uniform(-12, 0)
            r, alpha, a, b = map(mp.mpf, params)
            exact = mp.log((a + b * (alpha / (alpha + T)) ** r) / (a + b))
            value = MBGNBD._log_likelihood(params, np.zeros(1), np.zeros(1), np.array([T]))[0]
            worst = max(worst, float(abs(mp.mpf(float(value)) / exact - 1)))
    return {"log-likelihood near 0": worst}


def main():
    model, size = MBGNBD(), 20 if "--smoke" in sys.argv else 1
    cdnow, regular = (0.525, 6.183, 0.891, 1.614), (2.5, 3.0, 1.7, 9.0)
    report(
        (
            ("relative error of the likelihood", lambda: likelihoods(model, 1, 150 // size), 1e-10),
            ("relative error of the likelihood", lambda: probabilities_near_one(2000 // size), 1e-12),
            ("relative error of averages", lambda: averages(40 // min(size, 10)), 1e-10),
            ("relative error of counts", lambda: counts(model, 1, 500 // size), 1e-10),
            ("relative to integration over both rates", lambda: mixtures(model, 1), 1e-8),
            ("CDNOW, standard errors", lambda: simulation(model, 1, cdnow, 39, 39, 2_000_000 // size), 4.5),
            ("regular buyers, standard errors", lambda: simulation(model, 1, regular, 60, 20, 500_000 // size), 4.5),
        )
    )


if __name__ == "__main__":
    main()
