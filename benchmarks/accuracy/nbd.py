"""NBD against 50-digit arithmetic on a hard grid, integration over the rate, and a simulation.

Parameters from 1e-4 to 1e4, counts to 20,000, times to 1e5. Prints the largest errors; fails above the stated limits.
`--smoke` takes a twentieth of the points.
"""

from __future__ import annotations

import sys
import time

import mpmath as mp
import numpy as np

from customer_value.clv import NBD

rng = np.random.default_rng(19590301)
LARGEST = {"log-likelihood": 1e-12, "gradient": 1e-11, "P(X(t) = n)": 1e-9, "P(X(t) > n)": 1e-9, "over the rate": 1e-8}
SMALLEST = mp.mpf(10) ** -280


def note(largest, what, value, exact, floor):
    error = abs(mp.mpf(float(value)) - exact) / max(abs(exact), floor)
    largest[what] = max(largest.get(what, 0.0), float(error))


def likelihoods(points):
    """Largest errors of value and gradient (in logs of the parameters), relative to max(size, 1)."""
    largest = {}
    with mp.workdps(50):
        for _ in range(points):
            params = tuple(10 ** rng.uniform(-4, 4, 2))
            x, T = float(rng.choice([0, 1, int(10 ** rng.uniform(0, 4.3)), 20000])), 10 ** rng.uniform(-9, 5)
            r, alpha, k, end = map(mp.mpf, (*params, x, T))
            ll, gradient = NBD._score(params, np.array([x]), np.array([T]))
            exact = mp.loggamma(r + k) - mp.loggamma(r) - r * mp.log1p(end / alpha) - k * mp.log(alpha + end)
            note(largest, "log-likelihood", ll[0], exact, 1)
            by_r = r * (mp.digamma(r + k) - mp.digamma(r) - mp.log1p(end / alpha))
            note(largest, "gradient", params[0] * gradient[0, 0], by_r, 1)
            note(largest, "gradient", params[1] * gradient[1, 0], r - alpha * (r + k) / (alpha + end), 1)
    return largest


def counts(points):
    """Largest relative errors of P(X(t) = n) and of P(X(t) > n), a 2F1 of positive terms."""
    largest = {}
    with mp.workdps(50):
        for _ in range(points):
            params, t = tuple(10 ** rng.uniform(-4, 4, 2)), 10 ** rng.uniform(-3, 5)
            top = min(3 * params[0] * t / params[1] + 5, 20000)
            n = int(10 ** rng.uniform(0, np.log10(top))) if rng.random() < 0.8 else 0
            r, alpha, end = map(mp.mpf, (*params, t))
            share = end / (alpha + end)
            ways = mp.loggamma(r + n) - mp.loggamma(r) - mp.loggamma(n + 1)
            pmf = mp.exp(ways + r * mp.log(1 - share) + n * mp.log(share))
            where = np.array([float(n)])
            if pmf > SMALLEST:
                note(largest, "P(X(t) = n)", NBD._pmf_new(params, where, t)[0], pmf, 0)
            term = beyond = pmf * share * (r + n) / (n + 1)
            k = n + 1
            while term > beyond * mp.mpf(10) ** -16 and k < n + 5_000:
                term *= share * (r + k) / (k + 1)
                beyond += term
                k += 1
            if beyond > SMALLEST and k < n + 5_000:
                note(largest, "P(X(t) > n)", NBD._sf_new(params, where, t)[0], beyond, 0)
    return largest


def over_the_rate(points):
    """Poisson process of a gamma-distributed rate, by quadrature in the logarithm of the rate."""
    largest = {}
    with mp.workdps(25):
        for _ in range(points):
            params, x, T = tuple(10 ** rng.uniform(-0.5, 1, 2)), float(rng.integers(0, 30)), 10 ** rng.uniform(-1, 2)
            r, alpha = map(mp.mpf, params)

            def density(u, r=r, alpha=alpha, x=x, T=T):
                return mp.exp((r + x) * u - mp.exp(u) * (alpha + T) + r * mp.log(alpha) - mp.loggamma(r))

            peak = mp.log((r + x) / (alpha + T))
            exact = mp.quad(density, [peak + k * 8 for k in range(-20, 1)] + [peak + 2, peak + 6])
            note(
                largest, "over the rate", np.exp(NBD._log_likelihood(params, np.array([x]), np.array([T])))[0], exact, 0
            )
    return largest


def simulation(params, T, t, n):
    """Largest deviation, in standard errors, of frequencies and means from the model's."""
    rate = rng.gamma(params[0], 1 / params[1], n)
    x, later = rng.poisson(rate * T), rng.poisson(rate * t)
    customer, _ = NBD._draw_purchases(params, np.full(n, float(T)), rng)
    own, few, deviations = np.bincount(customer, minlength=n), np.arange(8.0), {}

    def deviation(what, seen, expected):
        spread = np.sqrt(max((seen - expected).var(), 1e-12) / seen.size)
        deviations[what] = max(deviations.get(what, 0.0), abs((seen - expected).mean()) / spread)

    pmf, sf = NBD._pmf_new(params, few, float(T)), NBD._sf_new(params, few, float(T))
    for k in range(8):
        deviation("P(X(T) = n)", (x == k) * 1.0, pmf[k])
        deviation("P(X(T) > n)", (x > k) * 1.0, sf[k])
        deviation("own draws: P(X(T) = n)", (own == k) * 1.0, pmf[k])
        which = x == k
        state = NBD._if_alive(params, x[which].astype(float), np.full(which.sum(), float(T)))
        deviation("E[X(T, T+t) | history]", later[which] * 1.0, NBD._expected_purchases_new(state, float(t)))
    return deviations


def main():
    start, failed = time.time(), False
    size = 20 if "--smoke" in sys.argv else 1
    for title, work, limit in (
        ("relative error of the likelihood", lambda: likelihoods(2000 // size), None),
        ("relative error of counts", lambda: counts(200 // size), None),
        ("relative error of the likelihood", lambda: over_the_rate(40 // size), None),
        ("CDNOW simulated, standard errors", lambda: simulation((0.385, 12.07), 39, 39, 2_000_000 // size), 4.5),
    ):
        for what, error in work().items():
            bound = LARGEST[what] if limit is None else limit
            good = error < bound
            failed |= not good
            print(f"{title:45} {what:55} {error:8.1e}  {'ok' if good else f'ABOVE {bound}'}", flush=True)
    print(f"{time.time() - start:.0f} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
