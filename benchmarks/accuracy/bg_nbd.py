"""BG/NBD against 50-digit arithmetic on a hard grid, and against a simulation that knows nothing of its formulas.

Parameters from 1e-4 to 1e4, counts to 20,000, times to 1e5. Prints the largest errors; fails above the stated limits.
"""

from __future__ import annotations

import sys
import time

import mpmath as mp
import numpy as np

from customer_value.clv import BGNBD

rng = np.random.default_rng(20050524)


def exact_log_likelihood(x, t_x, T):
    """Eq. (6) of Fader, Hardie & Lee (2005) as printed."""

    def log_likelihood(r, alpha, a, b):
        rate = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha)
        beta = mp.loggamma(b + x) - mp.loggamma(a + b + x) + mp.loggamma(a + b) - mp.loggamma(b)
        active = mp.exp(-(r + x) * mp.log(alpha + T))
        gone = a / (b + x - 1) * mp.exp(-(r + x) * mp.log(alpha + t_x)) if x > 0 else 0
        return rate + beta + mp.log(active + gone)

    return log_likelihood


def random_row():
    x = float(rng.choice([0, 1, 2, int(10 ** rng.uniform(0, 4.3)), 20000]))
    T = 10 ** rng.uniform(-2, 5)
    t_x = 0.0 if x == 0 else T * float(rng.choice([rng.random(), 1.0, 1 - 1e-9, 1e-6]))
    return x, t_x, T


def likelihoods(points):
    """Largest relative errors of value, gradient, Hessian and P(alive).

    Derivatives that vanish (one purchase on the last day tells nothing of dropout) have no relative error: they are
    measured against 1e-4 of the size (1 + x) / parameter that they have elsewhere.
    """
    largest = dict.fromkeys(("log-likelihood", "gradient", "Hessian", "P(alive)"), 0.0)

    def note(what, value, reference, floor=0.0):
        scale = max(abs(reference), mp.mpf(floor))
        if scale > mp.mpf(10) ** -280:
            largest[what] = max(largest[what], float(abs(mp.mpf(float(value)) - reference) / scale))

    with mp.workdps(80):
        for _ in range(points):
            params, row = tuple(10 ** rng.uniform(-4, 4, 4)), random_row()
            data, point = tuple(np.array([v]) for v in row), tuple(map(mp.mpf, params))
            ll, gradient = BGNBD._score(params, *data)
            hessian = BGNBD._hessian(params, *data)
            x, t_x, T = map(mp.mpf, row)
            exact = exact_log_likelihood(x, t_x, T)
            note("log-likelihood", ll[0], exact(*point))
            size = (1 + row[0]) / np.array(params)
            for j in range(4):
                orders = np.eye(4, dtype=int)[j]
                note("gradient", gradient[j, 0], mp.diff(exact, point, tuple(orders.tolist())), 1e-4 * size[j])
                for k in range(j, 4):
                    both = tuple((orders + np.eye(4, dtype=int)[k]).tolist())
                    note("Hessian", hessian[j, k, 0], mp.diff(exact, point, both), 1e-4 * size[j] * size[k])
            r, alpha, a, b = point
            odds = a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x) if x > 0 else mp.mpf(0)
            note("P(alive)", BGNBD._probability_alive(params, *data)[0], 1 / (1 + odds))
    return largest


def by_integral(r, a, b, z):
    """E[X(t)] as the integral over the dropout probability, in its log odds."""
    with mp.workdps(30):
        r, a, b, z = map(mp.mpf, (r, a, b, z))
        log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)

        def integrand(y):
            log_p, log_q = -mp.log1p(mp.exp(-y)), -mp.log1p(mp.exp(y))
            p = mp.exp(log_p)
            return -mp.expm1(-r * mp.log1p(p * z)) / p * mp.exp(a * log_p + b * log_q - log_beta)

        peak, width = mp.log(a / b), mp.sqrt(1 / a + 1 / b)
        near = [peak + width * k for k in (-12, -8, -4, -2, 0, 2, 4, 8, 12)] if width < 1 else [peak]
        cuts = {-mp.inf, mp.inf, *near, *(mp.mpf(k) for k in range(-60, 25, 3))}
        return mp.quad(integrand, sorted(cuts))


def by_closed_form(r, a, b, z, digits):
    """Eq. (9) after Euler's transformation, with digits to spare for its singularities."""
    with mp.workdps(digits):
        r, a, b, z = map(mp.mpf, (r, a, b, z))
        c = a + b - 1
        return c / (a - 1) * (1 - (1 + z) ** (1 - a) * mp.hyp2f1(c - r, a - 1, c, z / (1 + z), maxterms=10**6))


def expectations(points):
    """Largest relative error of E[X(t)]; where 2F1 does not settle or disagrees, the integral decides."""
    worst, arbitrated = 0.0, 0
    for _ in range(points):
        r, a, b = 10 ** rng.uniform(-4, 4, 3)
        if rng.random() < 0.2:
            a = 1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-14, -1)
        x, z = float(rng.choice([0, int(10 ** rng.uniform(0, 4.3))])), 10 ** rng.uniform(-8, 9)
        point = (r + x, a, b + x, z)
        value = mp.mpf(float(BGNBD._expected_purchases_new((point[0], 1.0, point[1], point[2]), z)))
        try:
            first, second = by_closed_form(*point, 70), by_closed_form(*point, 100)
            error = float(abs(value / second - 1)) if abs(first / second - 1) < 1e-20 else np.inf
        except (mp.libmp.NoConvergence, ValueError):
            error = np.inf
        if error > 1e-11:
            arbitrated += 1
            error = float(abs(value / by_integral(*point) - 1))
        worst = max(worst, error)
    return {f"E[X(t)] ({arbitrated} of {points} settled by the integral)": worst}


def counts(points):
    """Largest relative errors of P(X(t) = n) and P(X(t) > n), eq. (8)."""
    largest = {"P(X(t) = n)": 0.0, "P(X(t) > n)": 0.0}
    with mp.workdps(60):
        for _ in range(points):
            r, alpha, a, b = 10 ** rng.uniform(-4, 4, 4)
            x, t = float(rng.choice([0, int(10 ** rng.uniform(0, 4.3))])), 10 ** rng.uniform(-4, 5)
            params = (r + x, alpha + (x > 0) * 10 ** rng.uniform(-2, 5), a, b + x)
            top = min(3 * params[0] * t / params[1] + 5, 20000)
            n = int(10 ** rng.uniform(0, np.log10(top))) if rng.random() < 0.8 else 0
            R, A, left, stay = map(mp.mpf, params)
            share = t / (A + t)
            stayed = mp.exp(
                mp.loggamma(stay + n) + mp.loggamma(left + stay) - mp.loggamma(stay) - mp.loggamma(left + stay + n)
            )
            made = mp.exp(mp.loggamma(R + n) - mp.loggamma(R) - mp.loggamma(n + 1)) * share**n * (1 - share) ** R
            last = left / (stay + n - 1) * mp.betainc(n, R, 0, share, regularized=True) if n else 0
            pmf = stayed * (made + last)
            beyond = stayed * mp.betainc(n + 1, R, 0, share, regularized=True)
            for (what, reference), function in zip(
                (("P(X(t) = n)", pmf), ("P(X(t) > n)", beyond)), (BGNBD._pmf_new, BGNBD._sf_new), strict=True
            ):
                if reference > mp.mpf(10) ** -280:
                    value = mp.mpf(float(function(params, np.array([float(n)]), t)[0]))
                    largest[what] = max(largest[what], float(abs(value / reference - 1)))
    return largest


def simulate(params, n, T):
    """Let customers live one purchase at a time; give number and time of the last in (0, T], alive, rate, dropout."""
    r, alpha, a, b = params
    rate, dropout = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    x, t_x, alive, clock = np.zeros(n), np.zeros(n), np.ones(n, dtype=bool), np.zeros(n)
    buying = np.arange(n)
    while buying.size:
        clock[buying] += rng.exponential(size=buying.size) / np.maximum(rate[buying], 1e-300)
        buying = buying[clock[buying] <= T]
        x[buying] += 1
        t_x[buying] = clock[buying]
        leaves = rng.random(buying.size) < dropout[buying]
        alive[buying[leaves]] = False
        buying = buying[~leaves]
    return x, t_x, alive, rate, dropout


def simulation(params, T, t, n):
    """Largest deviation, in standard errors, of frequencies and means from the model's."""
    x, t_x, alive, rate, dropout = simulate(params, n, T)
    ends = np.full(n, float(T))
    deviations = {}

    def note(what, seen, expected):
        spread = np.sqrt(max((seen - expected).var(), 1e-12) / seen.size)
        deviations[what] = max(deviations.get(what, 0.0), abs((seen - expected).mean()) / spread)

    note("E[X(T)]", x, BGNBD._expected_purchases_new(params, float(T)))
    pmf = BGNBD._pmf_new(params, np.arange(8.0), float(T))
    for k in range(8):
        note("P(X(T) = n)", (x == k) * 1.0, pmf[k])
    p_alive = BGNBD._probability_alive(params, x, t_x, ends)
    # The future of the living: a Poisson count, cut where a geometric lifetime ends.
    count = rng.poisson(rate * t)
    with np.errstate(divide="ignore"):
        life = 1 + np.floor(rng.exponential(size=n) / -np.log1p(-dropout))
    future = np.where(alive, np.minimum(count, life), 0.0)
    expected = p_alive * BGNBD._expected_purchases_new(BGNBD._if_alive(params, x, t_x, ends), float(t))
    for group in range(7):
        which = x == group if group < 6 else x >= 6
        note("P(alive | history)", alive[which] * 1.0, p_alive[which])
        note("E[X(T, T+t) | history]", future[which], expected[which])
    customer, times = BGNBD._draw_purchases(params, ends, rng)
    drawn = np.bincount(customer, minlength=n)
    for k in range(8):
        note("own draws: P(X(T) = n)", (drawn == k) * 1.0, pmf[k])
    half = np.bincount(customer[times <= T / 2], minlength=n) * 1.0
    note("own draws: E[X(T/2)]", half, BGNBD._expected_purchases_new(params, T / 2))
    return deviations


def main():
    start, failed = time.time(), False
    size = 20 if "--smoke" in sys.argv else 1
    for title, errors, limit in (
        ("relative error of the likelihood", likelihoods(300 // size), 1e-10),
        ("relative error of the expectation", expectations(1500 // size), 1e-10),
        ("relative error of counts", counts(1500 // size), 1e-10),
        ("CDNOW simulated, standard errors", simulation((0.243, 4.414, 0.793, 2.426), 39, 39, 2_000_000 // size), 4.5),
        ("regular buyers simulated, standard errors", simulation((2.5, 3.0, 1.7, 9.0), 60, 20, 500_000 // size), 4.5),
    ):
        for what, error in errors.items():
            good = error < limit
            failed |= not good
            print(f"{title:45} {what:55} {error:8.1e}  {'ok' if good else f'ABOVE {limit}'}")
    print(f"{time.time() - start:.0f} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
