"""BG/NBD against 50-digit arithmetic on a hard grid, numerical integration over both rates, and a simulation.

Parameters from 1e-4 to 1e4, counts to 20,000, times to 1e5. Neither the integration nor the simulation knows any
formula of the model: they only toss coins at random purchases. Prints the largest errors; fails above the stated
limits. `early` is the number of tosses before the first repeat purchase, 0 here; mbg_nbd.py runs the same with 1.
"""

from __future__ import annotations

import sys
import time

import mpmath as mp
import numpy as np
from scipy import special, stats

from customer_value.clv import BGNBD

rng = np.random.default_rng(20050524)
SMALLEST = mp.mpf(10) ** -280  # numbers below this are about to underflow


def exact_log_likelihood(x, t_x, T, early):
    """Eq. (6) of Fader, Hardie & Lee (2005) as printed, with m tosses of the coin in the place of x."""
    m = x + early

    def log_likelihood(r, alpha, a, b):
        rate = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha)
        beta = mp.loggamma(b + m) - mp.loggamma(a + b + m) + mp.loggamma(a + b) - mp.loggamma(b)
        active = mp.exp(-(r + x) * mp.log(alpha + T))
        gone = a / (b + m - 1) * mp.exp(-(r + x) * mp.log(alpha + t_x)) if m > 0 else 0
        return rate + beta + mp.log(active + gone)

    return log_likelihood


def random_row():
    x = float(rng.choice([0, 1, 2, int(10 ** rng.uniform(0, 4.3)), 20000]))
    T = 10 ** rng.uniform(-2, 5)
    t_x = 0.0 if x == 0 else T * float(rng.choice([rng.random(), 1.0, 1 - 1e-9, 1e-6]))
    return x, t_x, T


def likelihoods(model, early, points):
    """Largest relative errors of value, gradient, Hessian and P(alive).

    Derivatives that vanish (one purchase on the last day tells nothing of dropout) have no relative error: they are
    measured against 1e-4 of the size (1 + x) / parameter that they have elsewhere.
    """
    largest = dict.fromkeys(("log-likelihood", "gradient", "Hessian", "P(alive)"), 0.0)

    def note(what, value, reference, floor=0.0):
        scale = max(abs(reference), mp.mpf(floor))
        if scale > SMALLEST:
            largest[what] = max(largest[what], float(abs(mp.mpf(float(value)) - reference) / scale))

    with mp.workdps(80):
        for _ in range(points):
            params, row = tuple(10 ** rng.uniform(-4, 4, 4)), random_row()
            data, point = tuple(np.array([v]) for v in row), tuple(map(mp.mpf, params))
            ll, gradient = model._score(params, *data)
            hessian = model._hessian(params, *data)
            x, t_x, T = map(mp.mpf, row)
            exact = exact_log_likelihood(x, t_x, T, early)
            note("log-likelihood", ll[0], exact(*point))
            size = (1 + row[0]) / np.array(params)
            for j in range(4):
                orders = np.eye(4, dtype=int)[j]
                note("gradient", gradient[j, 0], mp.diff(exact, point, tuple(orders.tolist())), 1e-4 * size[j])
                for k in range(j, 4):
                    both = tuple((orders + np.eye(4, dtype=int)[k]).tolist())
                    note("Hessian", hessian[j, k, 0], mp.diff(exact, point, both), 1e-4 * size[j] * size[k])
            r, alpha, a, b = point
            m = x + early
            odds = a / (b + m - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x) if m > 0 else mp.mpf(0)
            note("P(alive)", model._probability_alive(params, *data)[0], 1 / (1 + odds))
    return largest


def by_integral(log_given, r, a, b, z):
    """Average exp(log_given(p)) over p ~ Beta(a, b), in the log odds of p; cut around two peaks that it may have."""
    with mp.workdps(20):
        r, a, b, z = map(mp.mpf, (r, a, b, z))
        log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)

        def log_integrand(y):
            log_p, log_q = -mp.log1p(mp.exp(-y)), -mp.log1p(mp.exp(y))
            return log_given(r, mp.exp(log_p), z) + a * log_p + b * log_q - log_beta

        peaks = [mp.log(a / b), peak_of_the_living(r, a, b, z)]
        top = max(log_integrand(y) for y in peaks)
        width = mp.sqrt(1 / a + 1 / b)
        near = [y + min(width, 1) * k for y in peaks for k in (-16, -8, -4, -2, 0, 2, 4, 8, 16)]
        cuts = {-mp.inf, mp.inf, *near, *(mp.mpf(k) for k in range(-72, 40, 4))}
        return mp.exp(top) * mp.quad(lambda y: mp.exp(log_integrand(y) - top), sorted(cuts))


def peak_of_the_living(r, a, b, z):
    """Log odds at which p^a (1-p)^b (1 + p z)^-r is largest."""
    tilt = a * (1 + z) - b - r * z
    root = mp.sqrt(tilt**2 + 4 * a * b * (1 + z))
    return mp.log((tilt + root) / (2 * b * (1 + z)) if tilt > 0 else 2 * a / (root - tilt))


def log_purchases(r, p, z):
    return mp.log(-mp.expm1(-r * mp.log1p(p * z)) / p)


def log_survival(r, p, z):
    return -r * mp.log1p(p * z)


def by_closed_form(r, a, b, z, digits):
    """Eq. (9) after Euler's transformation, with digits to spare for its singularities."""
    with mp.workdps(digits):
        r, a, b, z = map(mp.mpf, (r, a, b, z))
        c = a + b - 1
        return c / (a - 1) * (1 - (1 + z) ** (1 - a) * mp.hyp2f1(c - r, a - 1, c, z / (1 + z), maxterms=10**6))


def survival_in_closed_form(r, a, b, z, digits):
    with mp.workdps(digits):
        r, a, b, z = map(mp.mpf, (r, a, b, z))
        return mp.hyp2f1(r, a, a + b, -z, maxterms=20_000)


def averages(points, what, ours, closed_form, log_given, limit):
    """Largest relative error of an average over p; where 2F1 does not settle or disagrees, the integral decides."""
    worst, arbitrated = 0.0, 0
    for _ in range(points):
        r, a, b = 10 ** rng.uniform(-4, 4, 3)
        if rng.random() < 0.2:
            a = 1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-14, -1)
        x, z = float(rng.choice([0, int(10 ** rng.uniform(0, 4.3))])), 10 ** rng.uniform(-8, 9)
        point = (r + x, a, b + x, z)
        value = mp.mpf(float(ours((point[0], 1.0, point[1], point[2]), z)))
        if value < SMALLEST:
            continue
        try:
            first, second = closed_form(*point, 70), closed_form(*point, 100)
            error = float(abs(value / second - 1)) if abs(first / second - 1) < 1e-20 else np.inf
        except (mp.libmp.NoConvergence, ValueError, ZeroDivisionError):
            error = np.inf
        if error > limit:
            arbitrated += 1
            error = float(abs(value / by_integral(log_given, *point) - 1))
        worst = max(worst, error)
    return {f"{what} ({arbitrated} of {points} settled by the integral)": worst}


def expectations(points):
    return averages(points, "E[X(t)]", BGNBD._expected_purchases_new, by_closed_form, log_purchases, 1e-11)


def survivals(points):
    return averages(points, "P(alive at t)", BGNBD._survival_new, survival_in_closed_form, log_survival, 1e-12)


def counts(model, early, points):
    """Largest relative errors of P(X(t) = n), its part that is alive, and P(X(t) > n), eq. (8)."""
    functions = {
        "P(X(t) = n)": model._pmf_new,
        "P(X(t) = n, alive)": model._pmf_alive_new,
        "P(X(t) > n)": model._sf_new,
    }
    largest = dict.fromkeys(functions, 0.0)
    with mp.workdps(60):
        for _ in range(points):
            r, alpha, a, b = 10 ** rng.uniform(-4, 4, 4)
            x, t = float(rng.choice([0, int(10 ** rng.uniform(0, 4.3))])), 10 ** rng.uniform(-4, 5)
            params = (r + x, alpha + (x > 0) * 10 ** rng.uniform(-2, 5), a, b + x)
            top = min(3 * params[0] * t / params[1] + 5, 20000)
            n = int(10 ** rng.uniform(0, np.log10(top))) if rng.random() < 0.8 else 0
            R, A, left, stay = map(mp.mpf, params)
            share, m = t / (A + t), n + early
            stayed = mp.exp(
                mp.loggamma(stay + m) + mp.loggamma(left + stay) - mp.loggamma(stay) - mp.loggamma(left + stay + m)
            )
            made = mp.exp(mp.loggamma(R + n) - mp.loggamma(R) - mp.loggamma(n + 1)) * share**n * (1 - share) ** R
            had_rate = mp.betainc(n, R, 0, share, regularized=True) if n else mp.mpf(1)
            last = left / (stay + m - 1) * had_rate if m else 0
            beyond = stayed * mp.betainc(n + 1, R, 0, share, regularized=True)
            for (what, function), reference in zip(
                functions.items(), (stayed * (made + last), stayed * made, beyond), strict=True
            ):
                if reference > SMALLEST:
                    value = mp.mpf(float(function(params, np.array([float(n)]), t)[0]))
                    largest[what] = max(largest[what], float(abs(value / reference - 1)))
    return largest


# Parameters, with alpha not so small against the times that the Gauss rule of the rates is slow to settle.
MIXTURES = [
    (0.243, 8.0, 0.793, 2.426),
    (2.5, 8.0, 1.7, 9.0),
    (1.0, 12.0, 1.0, 1.0),
    (0.5, 20.0, 1 + 1e-9, 0.4),
    (5.0, 40.0, 0.3, 0.2),
    (0.1, 10.0, 6.0, 0.5),
]


def mixtures(model, early):
    """Largest relative errors against integration over both rates of what holds given them (Gauss rules, 120 nodes)."""
    largest: dict[str, float] = {}

    def note(what, value, reference):
        error = np.max(np.abs(np.asarray(value) - reference) / np.abs(reference))
        largest[what] = max(largest.get(what, 0.0), float(error))

    for params in MIXTURES:
        r, alpha, a, b = params
        node, of_rate = special.roots_genlaguerre(120, r - 1)
        coin, of_p = special.roots_jacobi(120, b - 1, a - 1)
        rate, p = node[:, None] / alpha, (1 + coin) / 2
        weights = of_rate[:, None] * of_p / (of_rate.sum() * of_p.sum())

        def average(values, weights=weights):
            return float((weights * values).sum())

        def alive_then(n, t, rate=rate, p=p):  # given both, someone alive now: n purchases in t, and alive
            return (1 - p) ** n * stats.poisson.pmf(n, rate * t)

        def gone_then(n, t, rate=rate, p=p):
            return p * (1 - p) ** (n - 1) * stats.poisson.sf(n - 1, rate * t) if n else 0 * rate * p

        def purchases(t, rate=rate, p=p):
            return -np.expm1(-rate * p * t) / p

        start, t, at_first = 5.0, 12.0, (1 - p) ** early + 0 * rate
        note("E[X(t)]", model._expected_purchases_new(params, t), average(at_first * purchases(t)))
        note("P(alive at t)", model._survival_new(params, t), average(at_first * np.exp(-rate * p * t)))
        for n in range(6):
            count, nothing = np.array([float(n)]), (n == 0) * (1 - at_first)
            here, left = at_first * alive_then(n, t), at_first * gone_then(n, t)
            note("P(X(t) = n)", model._pmf_new(params, count, t), average(here + left + nothing))
            note("P(X(t) = n, alive)", model._pmf_alive_new(params, count, t), average(here))
            there = at_first * np.exp(-rate * p * start)
            within = there * (alive_then(n, t) + gone_then(n, t)) + (n == 0) * (1 - there)
            note("P(X(s, s+t] = n)", model._interval_pmf_new(params, count, start, t), average(within))
        for x, t_x, T in ((0, 0, 0), (0, 0, 9), (1, 0.5, 9), (3, 4, 9), (2, 9, 9), (6, 8, 9)):
            m = x + early
            active = rate**x * (1 - p) ** m * np.exp(-rate * T)
            gone = rate**x * p * (1 - p) ** (m - 1) * np.exp(-rate * t_x) if m else 0 * active
            data, total = tuple(np.array([float(v)]) for v in (x, t_x, T)), average(active + gone)
            note("likelihood", np.exp(model._log_likelihood(params, *data)), total)
            alive = model._probability_alive(params, *data)
            note("P(alive | history)", alive, average(active) / total)
            state, future = model._if_alive(params, *data), model._future
            mean = alive * future._expected_purchases_new(state, t)
            note("E[X(T, T+t) | history]", mean, average(active * purchases(t)) / total)
            later = alive * future._survival_new(state, t)
            note("P(alive at T+t | history)", later, average(active * np.exp(-rate * p * t)) / total)
            for n in range(1, 4):
                ahead = alive * future._pmf_new(state, np.array([float(n)]), t)
                given = average(active * (alive_then(n, t) + gone_then(n, t))) / total
                note("P(X(T, T+t] = n | history)", ahead, given)
    return largest


def simulate(params, early, n, T, middle):
    """Let customers live one purchase at a time.

    Returns number and time of the last purchase in (0, T], the number up to `middle`, who is alive at `middle` and at
    T, and everybody's rate and dropout probability.
    """
    r, alpha, a, b = params
    rate, dropout = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    x, t_x, clock, x_middle = (np.zeros(n) for _ in range(4))
    left_at = np.full(n, np.inf)
    left_at[rng.random(n) < early * dropout] = 0.0
    buying = np.flatnonzero(left_at > 0)
    while buying.size:
        clock[buying] += rng.exponential(size=buying.size) / np.maximum(rate[buying], 1e-300)
        buying = buying[clock[buying] <= T]
        x[buying] += 1
        x_middle[buying] += clock[buying] <= middle
        t_x[buying] = clock[buying]
        leaves = rng.random(buying.size) < dropout[buying]
        left_at[buying[leaves]] = clock[buying[leaves]]
        buying = buying[~leaves]
    return x, t_x, x_middle, left_at > middle, left_at > T, rate, dropout


def simulation(model, early, params, T, t, n):
    """Largest deviation, in standard errors, of frequencies and means from the model's."""
    middle = T / 3
    x, t_x, x_middle, alive_middle, alive, rate, dropout = simulate(params, early, n, T, middle)
    ends = np.full(n, float(T))
    deviations = {}

    def note(what, seen, expected):
        spread = np.sqrt(max((seen - expected).var(), 1e-12) / seen.size)
        deviations[what] = max(deviations.get(what, 0.0), abs((seen - expected).mean()) / spread)

    note("E[X(T)]", x, model._expected_purchases_new(params, float(T)))
    note("P(alive at t)", alive * 1.0, model._survival_new(params, float(T)))
    note("P(alive at t)", alive_middle * 1.0, model._survival_new(params, middle))
    pmf = model._pmf_new(params, np.arange(8.0), float(T))
    living = model._pmf_alive_new(params, np.arange(8.0), float(T))
    between = model._interval_pmf_new(params, np.arange(8.0), middle, T - middle)
    for k in range(8):
        note("P(X(T) = n)", (x == k) * 1.0, pmf[k])
        note("P(X(T) = n, alive)", (x == k) * alive * 1.0, living[k])
        note("P(X(s, T] = n)", (x - x_middle == k) * 1.0, between[k])
    p_alive = model._probability_alive(params, x, t_x, ends)
    # The future of the living: a Poisson count, cut where a geometric lifetime ends.
    count = rng.poisson(rate * t)
    with np.errstate(divide="ignore"):
        life = 1 + np.floor(rng.exponential(size=n) / -np.log1p(-dropout))
    future, still = np.where(alive, np.minimum(count, life), 0.0), alive & (count < life)
    state = model._if_alive(params, x, t_x, ends)
    expected = p_alive * model._future._expected_purchases_new(state, float(t))
    later = p_alive * model._future._survival_new(state, float(t))
    for group in range(7):
        which = x == group if group < 6 else x >= 6
        note("P(alive | history)", alive[which] * 1.0, p_alive[which])
        note("P(alive at T+t | history)", still[which] * 1.0, later[which])
        note("E[X(T, T+t) | history]", future[which], expected[which])
    customer, times = model._draw_purchases(params, ends, rng)
    drawn = np.bincount(customer, minlength=n)
    for k in range(8):
        note("own draws: P(X(T) = n)", (drawn == k) * 1.0, pmf[k])
    half = np.bincount(customer[times <= T / 2], minlength=n) * 1.0
    note("own draws: E[X(T/2)]", half, model._expected_purchases_new(params, T / 2))
    return deviations


def report(checks):
    """Print the largest errors; end with an error if one is above its limit."""
    start, failed = time.time(), False
    for title, check, limit in checks:
        for what, error in check().items():
            good = error < limit
            failed |= not good
            print(f"{title:45} {what:55} {error:8.1e}  {'ok' if good else f'ABOVE {limit}'}", flush=True)
    print(f"{time.time() - start:.0f} s")
    sys.exit(failed)


def main():
    model, size = BGNBD(), 20 if "--smoke" in sys.argv else 1
    cdnow, regular = (0.243, 4.414, 0.793, 2.426), (2.5, 3.0, 1.7, 9.0)
    report(
        (
            ("relative error of the likelihood", lambda: likelihoods(model, 0, 300 // size), 1e-10),
            ("relative error of the expectation", lambda: expectations(1500 // size), 1e-10),
            ("relative error of survival", lambda: survivals(600 // size), 2e-12),
            ("relative error of counts", lambda: counts(model, 0, 1500 // size), 1e-10),
            ("relative to integration over both rates", lambda: mixtures(model, 0), 1e-8),
            ("CDNOW, standard errors", lambda: simulation(model, 0, cdnow, 39, 39, 2_000_000 // size), 4.5),
            ("regular buyers, standard errors", lambda: simulation(model, 0, regular, 60, 20, 500_000 // size), 4.5),
        )
    )


if __name__ == "__main__":
    main()
