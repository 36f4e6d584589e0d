"""GGompertz/NBD against 40-digit arithmetic on a hard grid, integration over both rates, and a simulation.

Parameters from 1e-4 to 1e4, counts to 20,000, times to 1e5, so that b T goes to 1e9. Prints the largest errors; fails
above the stated limits. `--smoke` takes a twentieth of the points.
"""

from __future__ import annotations

import math
import sys
import time
from itertools import pairwise

import mpmath as mp
import numpy as np

from customer_value.clv import GGompertzNBD, _gompertz_integrals

rng = np.random.default_rng(20120501)
LARGEST = {
    "log-likelihood": 1e-10,
    "gradient": 1e-9,
    "P(alive)": 1e-8,
    "E[X(t)]": 1e-10,
    "P(alive at t)": 1e-10,
    "P(X(t) = n)": 1e-8,
    "P(X(t) > n)": 1e-8,
    "likelihood over both rates": 1e-8,
}
SMALLEST = mp.mpf(10) ** -280


def random_parameters():
    r, s = 10 ** rng.uniform(-4, 4, 2) if rng.random() < 0.5 else 10 ** rng.uniform(-1, 1, 2)
    alpha, b, beta = 10 ** rng.uniform(-4, 4, 3)
    return tuple(map(float, (r, alpha, b, s, beta)))


def random_row():
    x = float(rng.choice([0, 1, 2, int(10 ** rng.uniform(0, 4.3)), 20000]))
    T = 10 ** rng.uniform(-2, 5) if rng.random() < 0.95 else 0.0
    t_x = 0.0 if x == 0 else T * float(rng.choice([rng.random(), 1.0, 1 - 1e-9, 1e-6]))
    return x, t_x, T


def log_survival(b, s, beta, tau):
    return s * (mp.log(beta) - mp.log(beta + mp.expm1(b * tau)))


def hazard(b, s, beta, tau):
    return s * b * mp.exp(b * tau) / (beta + mp.expm1(b * tau))


def pieces(end, b, s, beta, scale):
    """Cut (0, end) where the integrands change their nature: multiples of a small scale, and the hazard's turn."""
    points = {mp.mpf(0), mp.mpf(end)}
    point = scale
    while point < end:
        points.add(point)
        point *= 3
    turn = mp.log(beta - 1) / b if beta > 1 else mp.mpf(0)
    for unit in (1 / b, 1 / (s * b)):
        points |= {turn + k * unit for k in range(-12, 60, 2) if 0 < turn + k * unit < end}
    return pairwise(sorted(points))


def integral(density, cuts, ahead):
    """Gauss-Legendre on each piece, until what lies ahead is negligible; fails where it does not settle."""
    total, unsure = mp.mpf(0), mp.mpf(0)
    for low, high in cuts:
        part, error = mp.quad(density, [low, high], method="gauss-legendre", error=True)
        total, unsure = total + part, unsure + error
        if ahead(high) < mp.mpf(10) ** -28 * total:
            break
    if unsure > mp.mpf(10) ** -16 * total:
        raise ValueError
    return total


def terms(params, row):
    """Logarithm of the likelihood's term of those alive at T, and the odds of having left."""
    (r, alpha, b, s, beta), (x, t_x, T) = (tuple(map(mp.mpf, v)) for v in (params, row))
    before = log_survival(b, s, beta, t_x)

    def still(u):
        silent = (r + x) * (mp.log(alpha + t_x) - mp.log(alpha + t_x + u))
        return mp.exp(silent + log_survival(b, s, beta, t_x + u) - before)

    constant = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) - (r + x) * mp.log(alpha + t_x) + before
    if t_x == T:
        return constant, mp.mpf(0)
    older = 1 + (beta - 1) * mp.exp(-b * t_x)
    scale = min(alpha + t_x, older / b) / (r + x + s + 1)
    gone = integral(lambda u: still(u) * hazard(b, s, beta, t_x + u), pieces(T - t_x, b, s, older, scale), still)
    stayed = still(T - t_x)
    return constant + mp.log(stayed), gone / stayed


def note(largest, what, value, exact, floor):
    error = abs(mp.mpf(float(value)) - exact) / max(abs(exact), floor)
    largest[what] = max(largest.get(what, 0.0), float(error))


def likelihoods(points):
    """Largest errors of value and gradient (in logs of the parameters), relative to max(size, 1), and of P(alive)."""
    largest, skipped = {}, 0
    with mp.workdps(40):
        step = mp.mpf(10) ** -8
        for k in range(points):
            params, row = random_parameters(), random_row()
            data = tuple(np.array([v]) for v in row)
            try:
                alive, odds = terms(params, row)
                ll, gradient = GGompertzNBD._score(params, *data)
                note(largest, "log-likelihood", ll[0], alive + mp.log1p(odds), 1)
                if 1 / (1 + odds) > SMALLEST:
                    p_alive = GGompertzNBD._probability_alive(params, *data)[0]
                    note(largest, "P(alive)", p_alive, 1 / (1 + odds), 0)
                for j in range(5) if k % 8 == 0 else ():
                    ends = []
                    for sign in (1, -1):
                        moved = list(map(mp.mpf, params))
                        moved[j] *= 1 + sign * step
                        alive, odds = terms(moved, row)
                        ends.append(alive + mp.log1p(odds))
                    note(largest, "gradient", gradient[j, 0] * params[j], (ends[0] - ends[1]) / (2 * step), 1)
            except ValueError:
                skipped += 1
    print(f"{'likelihoods: points on which the reference did not settle':101} {skipped} of {points}")
    return largest


def averages(points):
    """Largest relative errors of E[X(t)] and P(alive at t)."""
    largest = {}
    with mp.workdps(40):
        for _ in range(points):
            params, t = random_parameters(), 10 ** rng.uniform(-9, 7)
            r, alpha, b, s, beta = map(mp.mpf, params)

            def alive(tau, b=b, s=s, beta=beta):
                return mp.exp(log_survival(b, s, beta, tau))

            def ahead(tau, t=t, alive=alive):
                return alive(tau) * t

            exact = r / alpha * integral(alive, pieces(t, b, s, beta, beta / b / (s + 1)), ahead)
            note(largest, "E[X(t)]", GGompertzNBD._expected_purchases_new(params, t), exact, 0)
            if alive(mp.mpf(t)) > SMALLEST:
                note(largest, "P(alive at t)", GGompertzNBD._survival_new(params, t), alive(mp.mpf(t)), 0)
    return largest


def beyond(n, params, t):
    """P(X(t) > n): mean survival at the beta-prime distributed time of purchase n + 1."""
    r, alpha, b, s, beta = params

    def density(tau):
        if tau == 0:
            return mp.mpf(n == 0) / alpha
        share = tau / (alpha + tau)
        return mp.exp(n * mp.log(share) + r * mp.log(1 - share) + log_survival(b, s, beta, tau)) / (alpha + tau)

    points = {c for pair in pieces(t, b, s, beta, min(alpha, beta / b) / (n + r + s + 1)) for c in pair}
    for width in (mp.sqrt(mp.mpf(1) / (n + 1) + 1 / r), mp.sqrt(mp.mpf(1) / (n + 1)), mp.mpf(1)):
        points |= {c for c in (alpha * (n + 1) / r * mp.exp(k * width) for k in range(-20, 21)) if c < t}
        points |= {c for c in (t * mp.exp(-k * width) for k in range(40)) if c < t}
    return integral(density, pairwise(sorted(points)), lambda u: mp.mpf(1)) / mp.beta(n + 1, r)


def counts(points):
    """Largest relative errors of P(X(t) > n) and P(X(t) = n), the latter as a difference."""
    largest, skipped = {}, 0
    with mp.workdps(40):
        for _ in range(points):
            params, t = random_parameters(), 10 ** rng.uniform(-3, 5)
            top = min(3 * params[0] * t / params[1] + 5, 20000)
            n = int(10 ** rng.uniform(0, np.log10(top))) if rng.random() < 0.8 else 0
            point = tuple(map(mp.mpf, params))
            try:
                more = beyond(n, point, mp.mpf(t))
                pmf = (beyond(n - 1, point, mp.mpf(t)) if n else mp.mpf(1)) - more
            except ValueError:
                skipped += 1
                continue
            where = np.array([float(n)])
            if more > SMALLEST:
                note(largest, "P(X(t) > n)", GGompertzNBD._sf_new(params, where, t)[0], more, 0)
            if pmf > max(SMALLEST, 1e-6 * more):
                note(largest, "P(X(t) = n)", GGompertzNBD._pmf_new(params, where, t)[0], pmf, 0)
    print(f"{'counts: points on which the reference did not settle':101} {skipped} of {points}")
    return largest


def both_rates(points):
    """Likelihood given both of a customer's own rates, integrated over their gamma distributions.

    By the trapezoidal rule in the logarithms of the rates, which converges geometrically, and 200 nodes in time.
    """
    largest = {}
    x_nodes, weights = np.polynomial.legendre.leggauss(200)
    log_rates = np.arange(-60, 6, 0.1)
    rates = np.exp(log_rates)

    def gamma(shape, rate):
        return np.exp(shape * (np.log(rate) + log_rates) - rate * rates - math.lgamma(shape)) * 0.1

    for _ in range(points):
        params = (*10 ** rng.uniform(-0.3, 0.7, 2), 10 ** rng.uniform(-2, 0), *10 ** rng.uniform(-0.3, 0.7, 2))
        r, alpha, b, s, beta = params
        x, T = float(rng.integers(0, 5)), 10 ** rng.uniform(-0.5, 1)
        t_x = 0.0 if x == 0 else T * rng.random()
        ages = t_x + (T - t_x) * (1 + x_nodes) / 2
        lives, buys = gamma(s, beta), gamma(r, alpha) * rates**x
        leaving = b * rates * np.exp(b * ages[:, None] - rates * np.expm1(b * ages)[:, None])
        dying = (T - t_x) / 2 * weights * (np.exp(-ages[:, None] * rates) @ buys) * (leaving @ lives)
        staying = (np.exp(-T * rates) @ buys) * (np.exp(-rates * np.expm1(b * T)) @ lives)
        ll = GGompertzNBD._log_likelihood(params, np.array([x]), np.array([t_x]), np.array([T]))[0]
        note(largest, "likelihood over both rates", np.exp(ll), mp.mpf(float(dying.sum() + staying)), 0)
    return largest


def panels(rows):
    """Largest change (relative, or of logs) when panels are a quarter as long and every one gets 24 nodes."""
    r, alpha, b, s, beta = 10 ** rng.uniform(-4, 4, (5, rows))
    t, x = 10 ** rng.uniform(-3, 5, rows), np.floor(10 ** rng.uniform(0, 4.3, rows)) * (rng.random(rows) < 0.7)
    t_x = np.where(x > 0, t * rng.choice([0.3, 1 - 1e-9, 1e-6], rows), 0)
    n = np.where(rng.random(rows) < 0.8, np.floor((np.minimum(3 * r * t / alpha + 5, 20000)) ** rng.random(rows)), 0)
    params = (r, alpha, b, s, beta)

    def everything():
        with np.errstate(divide="ignore"):
            yield "log-likelihood", GGompertzNBD._log_likelihood(params, x, t_x, t)
            yield "ln E[X(t)]", np.log(GGompertzNBD._expected_purchases_new(params, t))
            yield "ln P(X(t) = n)", np.log(GGompertzNBD._pmf_new(params, n, t))
            yield "ln P(X(t) > n)", np.log(GGompertzNBD._sf_new(params, n, t))

    usual = dict(everything())
    names = ("_CHANGE", "_NEAR", "_TURN", "_SHARES")
    kept = [getattr(_gompertz_integrals, name) for name in names]
    for name, value in zip(names, (5.0, 1.5, 2.0, np.zeros(6)), strict=True):
        setattr(_gompertz_integrals, name, value)
    fine = dict(everything())
    for name, value in zip(names, kept, strict=True):
        setattr(_gompertz_integrals, name, value)
    largest = {}
    for what, values in usual.items():
        seen = fine[what] > -600  # nothing smaller is a number
        if what == "log-likelihood":
            seen = np.ones(rows, dtype=bool)
        error = np.abs(values[seen] - fine[what][seen]) / np.maximum(np.abs(fine[what][seen]), 1)
        largest[what] = float(error.max()) if np.isfinite(error).all() else np.inf
    return largest


def simulate(params, n, T):
    """Let customers live one purchase at a time; give number and time of the last in (0, T], alive, rate, lifetime."""
    r, alpha, b, s, beta = params
    rate, eta = rng.gamma(r, 1 / alpha, n), np.maximum(rng.gamma(s, 1 / beta, n), 1e-300)
    life = np.log1p(rng.exponential(size=n) / eta) / b
    x, t_x, clock = np.zeros(n), np.zeros(n), np.zeros(n)
    buying = np.arange(n)
    while buying.size:
        clock[buying] += rng.exponential(size=buying.size) / np.maximum(rate[buying], 1e-300)
        buying = buying[clock[buying] <= np.minimum(life[buying], T)]
        x[buying] += 1
        t_x[buying] = clock[buying]
    return x, t_x, rate, life


def simulation(params, T, t, n):
    """Largest deviation, in standard errors, of frequencies and means from the model's."""
    deviations = {}

    def deviation(what, seen, expected):
        spread = np.sqrt(max((seen - expected).var(), 1e-12) / seen.size)
        deviations[what] = max(deviations.get(what, 0.0), abs((seen - expected).mean()) / spread)

    few = np.arange(6.0)
    pmf, sf = GGompertzNBD._pmf_new(params, few, float(T)), GGompertzNBD._sf_new(params, few, float(T))
    later = GGompertzNBD._interval_pmf_new(params, few, float(T), float(t))
    x, t_x, rate, life = simulate(params, n, T)
    ends, alive, future = np.full(n, float(T)), life > T, rng.poisson(rate * np.clip(life - T, 0, t))
    deviation("E[X(T)]", x, GGompertzNBD._expected_purchases_new(params, float(T)))
    deviation("P(alive at T)", alive * 1.0, GGompertzNBD._survival_new(params, float(T)))
    for k in range(6):
        deviation("P(X(T) = n)", (x == k) * 1.0, pmf[k])
        deviation("P(X(T) > n)", (x > k) * 1.0, sf[k])
        deviation("P(X(T, T + t) = n)", (future == k) * 1.0, later[k])
    p_alive = GGompertzNBD._probability_alive(params, x, t_x, ends)
    expected = p_alive * GGompertzNBD._expected_purchases_new(GGompertzNBD._if_alive(params, x, t_x, ends), float(t))
    for group in range(6):
        which = x == group if group < 5 else x >= 5
        deviation("P(alive | history)", alive[which] * 1.0, p_alive[which])
        deviation("E[X(T, T+t) | history]", future[which] * 1.0, expected[which])
    customer, times = GGompertzNBD._draw_purchases(params, ends, rng)
    drawn = np.bincount(customer, minlength=n)
    for k in range(6):
        deviation("own draws: P(X(T) = n)", (drawn == k) * 1.0, pmf[k])
    half = np.bincount(customer[times <= T / 2], minlength=n) * 1.0
    deviation("own draws: E[X(T/2)]", half, GGompertzNBD._expected_purchases_new(params, T / 2))
    return deviations


def main():
    start, failed = time.time(), False
    size = 20 if "--smoke" in sys.argv else 1
    everyday, sudden = (0.553, 10.58, 0.02, 0.6, 2.0), (0.9, 4.0, 0.2, 1.5, 60.0)
    for title, work, limit in (
        ("relative error of the likelihood", lambda: likelihoods(160 // size), None),
        ("relative error of averages", lambda: averages(100 // size), None),
        ("relative error of counts", lambda: counts(80 // size), None),
        ("relative error of the likelihood", lambda: both_rates(200 // size), None),
        ("change with panels a quarter as long", lambda: panels(60_000 // size), 1e-10),
        ("slow ageing simulated, standard errors", lambda: simulation(everyday, 39, 39, 2_000_000 // size), 4.5),
        ("sudden death simulated, standard errors", lambda: simulation(sudden, 20, 20, 2_000_000 // size), 4.5),
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
