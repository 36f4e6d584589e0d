"""The population's rhythm from a summary: the maximum of its likelihood, and what simulated customers were made of."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import gammaln

from customer_value.lifecycle import fit_lifecycle_scheme


def test_a_fit_is_the_maximum_of_the_likelihood(cdnow_summary):
    """Written out for shape 1, where the chance of a silence is a power, and maximised by another method.

    The fit adds weak priors. That of ln r, with a standard deviation of 2, moves it by its variance times |ln r| / 4,
    some .0015 here.
    """
    n, waited, quiet = (
        np.rint(cdnow_summary[name] * scale).to_numpy()
        for name, scale in (("frequency", 1), ("recency", 7), ("time_since_last", 7))
    )

    def loss(at):
        r, m, p = np.exp(at[0]), np.exp(at[1]), 1 / (1 + np.exp(-at[2]))
        rate = r * m + waited
        followed = (rate / (rate + quiet + 0.5)) ** (r + n)
        gaps = n * np.log(1 - p) + r * np.log(r * m) - gammaln(r) + gammaln(r + n) - (r + n) * np.log(rate)
        return -np.mean(gaps + np.log(p + (1 - p) * followed))

    best = minimize(loss, [0.0, 4.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12})
    found = fit_lifecycle_scheme(cdnow_summary).population
    assert found.weight == pytest.approx(np.exp(best.x[0]), rel=2e-3)
    assert found.gap * 7 == pytest.approx(np.exp(best.x[1]), rel=2e-3)
    assert found.customers == len(cdnow_summary)
    assert found.time_unit == "week"


def test_a_fit_recovers_the_population():
    """20,000 customers of known gamma rates, none leaves: within about 3 standard errors, 3 % of gap, 5 % of weight."""
    rng = np.random.default_rng(0)
    n, gap, weight, days = 20_000, 30.0, 2.0, 900.0
    rate = rng.gamma(weight, 1 / (weight * gap), n)
    T = rng.uniform(days / 2, days, n)
    bought = rng.poisson(rate * T)
    last = np.where(bought > 0, T * rng.random(n) ** (1 / np.maximum(bought, 1)), 0.0)
    merged = np.minimum(bought, np.floor(last)).astype(int)
    summary = pd.DataFrame(
        {"purchases": merged + 1, "recency": np.where(merged > 0, last, 0), "T": T, "time_unit": "day"}
    )
    found = fit_lifecycle_scheme(summary).population
    assert found.gap == pytest.approx(gap, rel=0.03)
    assert found.weight == pytest.approx(weight, rel=0.05)
