"""Pareto/NBD against 50-digit arithmetic on a hard grid, and against a simulation that knows nothing of its formulas.

Parameters from 1e-4 to 1e4, alpha and beta up to a factor of 1e6 apart, counts to 20,000, times to 1e5. Prints the
largest errors; fails above the stated limits.
"""

from __future__ import annotations

import sys
import time

import mpmath as mp
import numpy as np

from customer_value.clv import ParetoNBD, _pareto_integrals

rng = np.random.default_rng(19870101)
LARGEST = {
    "log-likelihood": 1e-12,
    "gradient": 1e-11,
    "Hessian": 1e-11,
    "P(alive)": 1e-11,
    "P(X(t) = n)": 1e-9,
    "P(X(t) > n)": 1e-9,
    "E[X(t)]": 1e-13,
}


def random_parameters():
    r, s = 10 ** rng.uniform(-4, 4, 2) if rng.random() < 0.5 else 10 ** rng.uniform(-1, 1, 2)
    alpha = 10 ** rng.uniform(-4, 4)
    ratio = 10 ** rng.uniform(-6, 6) if rng.random() < 0.85 else 1.0
    return float(r), float(alpha), float(s), float(np.clip(alpha * ratio, 1e-4, 1e4))


def random_row():
    x = float(rng.choice([0, 1, 2, int(10 ** rng.uniform(0, 4.3)), 20000]))
    T = 10 ** rng.uniform(-2, 5) if rng.random() < 0.95 else 0.0
    t_x = 0.0 if x == 0 else T * float(rng.choice([rng.random(), 1.0, 1 - 1e-9, 1e-6]))
    return x, t_x, T


def left_by_2f1(r, alpha, s, beta, x, t_x, T):
    """The integral of s (alpha+tau)^-(r+x) (beta+tau)^-(s+1) over (t_x, T] as a difference of two 2F1 (FH 2005)."""
    large, small, b = (alpha, beta, s + 1) if alpha >= beta else (beta, alpha, r + x)
    c = r + s + x

    def one(t):
        return mp.hyp2f1(c, b, c + 1, (large - small) / (large + t), maxterms=20000, maxprec=2000) / (large + t) ** c

    return s / c * (one(t_x) - one(T))


def left_by_quadrature(r, alpha, s, beta, x, t_x, T):
    """The same by tanh-sinh, in the logarithm of time, on pieces that shrink towards t_x."""
    m = min(alpha, beta) + t_x
    length = mp.log1p((T - t_x) / m)

    def integrand(eta):
        tau = t_x + m * mp.expm1(eta)
        return mp.exp(eta - (r + x) * mp.log(alpha + tau) - (s + 1) * mp.log(beta + tau))

    pieces = max(4, int(mp.log(length * (r + s + x + 4), 2)) + 6)
    total, error = mp.quad(integrand, [0] + [length * mp.mpf(2) ** -k for k in range(pieces, -1, -1)], error=True)
    if error > 1e-25 * total:
        raise ValueError
    return s * m * total


def terms(left, params, row):
    """Return ln of the likelihood's first factors and its two terms relative to them (FH 2005, eq. 18)."""
    (r, alpha, s, beta), (x, t_x, T) = params, row
    common = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta)
    scale = (alpha + T) ** (r + x) * (beta + T) ** s
    return common - mp.log(scale), scale * left(*params, *row) if t_x < T else mp.mpf(0)


def exact_log_likelihood(left, params, row):
    common, gone = terms(left, params, row)
    return common + mp.log1p(gone)


def reference(params, row):
    """Choose the way to the integral that two precisions agree on; None if there is none."""
    for left in (left_by_2f1, left_by_quadrature):
        try:
            with mp.workdps(60):
                rough = exact_log_likelihood(left, params, row)
            with mp.workdps(80):
                fine = exact_log_likelihood(left, params, row)
        except (mp.libmp.NoConvergence, ValueError):
            continue
        if mp.im(rough) == 0 and abs(rough - fine) < 1e-22 * max(1, abs(fine)):
            return left
    return None


def likelihoods(points):
    """Largest errors of value, gradient, Hessian (in logs of the parameters) and P(alive), relative to max(size, 1)."""
    largest = dict.fromkeys(("log-likelihood", "gradient", "Hessian", "P(alive)"), 0.0)
    skipped = 0

    def note(what, value, exact, floor=1.0):
        largest[what] = max(largest[what], float(abs(mp.mpf(float(value)) - exact) / max(abs(exact), floor)))

    with mp.workdps(70):
        step = mp.mpf(10) ** -15
        for k in range(points):
            params, row = random_parameters(), random_row()
            data, point, exact_row = tuple(np.array([v]) for v in row), mp.matrix(params), tuple(map(mp.mpf, row))
            left = reference(tuple(point), exact_row)
            if left is None:
                skipped += 1
                continue

            def at(*moves, point=point, left=left, row=exact_row):
                moved = point.copy()
                for j, sign in moves:
                    moved[j] += sign * step * point[j]
                return exact_log_likelihood(left, tuple(moved), row)

            ll, gradient = ParetoNBD._score(params, *data)
            note("log-likelihood", ll[0], at())
            _, gone = terms(left, tuple(point), exact_row)
            if gone < mp.mpf(10) ** 280:
                note("P(alive)", ParetoNBD._probability_alive(params, *data)[0], 1 / (1 + gone), floor=0)
            slopes = [(at((j, 1)) - at((j, -1))) / (2 * step) for j in range(4)]
            for j in range(4):
                note("gradient", gradient[j, 0] * params[j], slopes[j])
            if k % 5:
                continue
            hessian = ParetoNBD._hessian(params, *data)[..., 0]
            for i in range(4):
                for j in range(i, 4):
                    corners = [at((i, a), (j, b)) for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
                    curve = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * step**2)
                    note("Hessian", hessian[i, j] * params[i] * params[j], curve)
    print(f"{'likelihoods: points without a reference that two precisions agree on':101} {skipped} of {points}")
    return largest


def beyond(n, r, alpha, s, beta, t):
    """P(X(t) > n): over the beta-distributed tau / (alpha + tau) of purchase n + 1, in ln tau, by tanh-sinh."""

    def density(u):
        tau = mp.exp(u)
        share = u - mp.log(alpha + tau)
        return mp.exp((n + 1) * share + r * (mp.log(alpha) - mp.log(alpha + tau)) - s * mp.log1p(tau / beta))

    half = (r * beta + (s - n - 1) * alpha) / 2
    end, peak = mp.log(t), mp.log((mp.sqrt(half**2 + (r + s) * (n + 1) * alpha * beta) - half) / (r + s))
    steps = (0, 0.5, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 60, 100, 200)
    width = mp.sqrt(mp.mpf(1) / (n + 1) + 1 / (r + s))
    cuts = {end - k * unit for k in steps for unit in (1, width, 1 / mp.sqrt(n + 1))}
    cuts |= {peak + sign * k * unit for k in steps for sign in (-1, 1) for unit in (1, width, 1 / mp.sqrt(n + 1))}
    cuts |= {mp.log(alpha), mp.log(beta)}
    low = min(end, peak) - 200
    total, error = mp.quad(density, sorted(c for c in cuts if low <= c <= end), error=True)
    if error > 1e-22 * total:
        raise ValueError
    return total / mp.beta(n + 1, r)


def counts(points):
    """Largest relative errors of P(X(t) > n) and P(X(t) = n), the latter as a difference at 40 digits."""
    largest, skipped = {"P(X(t) = n)": 0.0, "P(X(t) > n)": 0.0}, 0
    with mp.workdps(40):
        for _ in range(points):
            r, alpha, s, beta = random_parameters()
            x, t = float(rng.choice([0, int(10 ** rng.uniform(0, 4.3))])), 10 ** rng.uniform(-3, 5)
            later = (x > 0) * 10 ** rng.uniform(-2, 5)
            params = (r + x, alpha + later, s, beta + later)
            top = min(3 * params[0] * t / params[1] + 5, 20000)
            n = int(10 ** rng.uniform(0, np.log10(top))) if rng.random() < 0.8 else 0
            point = tuple(map(mp.mpf, params))
            try:
                more = beyond(n, *point, mp.mpf(t))
                pmf = (beyond(n - 1, *point, mp.mpf(t)) if n else mp.mpf(1)) - more
            except ValueError:
                skipped += 1
                continue
            for what, exact, function in (
                ("P(X(t) > n)", more, ParetoNBD._sf_new),
                ("P(X(t) = n)", pmf, ParetoNBD._pmf_new),
            ):
                if exact > mp.mpf(10) ** -280 and (what == "P(X(t) > n)" or pmf > 1e-15 * more):
                    value = mp.mpf(float(function(params, np.array([float(n)]), t)[0]))
                    largest[what] = max(largest[what], float(abs(value / exact - 1)))
    print(f"{'counts: points on which the reference did not settle':101} {skipped} of {points}")
    return largest


def expectations(points):
    """Largest relative error of E[X(t)], with s within 1e-14 to 0.1 of 1 now and then."""
    worst = 0.0
    with mp.workdps(60):
        for _ in range(points):
            r, alpha, s, beta = random_parameters()
            if rng.random() < 0.2:
                s = float(1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-14, -1))
            t = 10 ** rng.uniform(-12, 5)
            power, growth = mp.mpf(s) - 1, mp.log1p(mp.mpf(t) / beta)
            exact = mp.mpf(r) * beta / alpha * (growth if power == 0 else -mp.expm1(-power * growth) / power)
            value = mp.mpf(float(ParetoNBD._expected_purchases_new((r, alpha, s, beta), t)))
            worst = max(worst, float(abs(value / exact - 1)))
    return {"E[X(t)]": worst}


def node_counts(rows):
    """Largest change of the silence integral (in logs) and its means when every row gets 200 nodes."""
    a, b = 10 ** rng.uniform(-4, 4.3, rows), 1 + 10 ** rng.uniform(-4, 4, rows)
    A, span = 10 ** rng.uniform(-4, 5, rows), 10 ** rng.uniform(-3, 5, rows)
    B = A * 10 ** rng.uniform(-6, 6, rows)
    arguments = (a, b, A, B, np.log1p(span / A), np.log1p(span / B), 1)
    few = _pareto_integrals.silence_integral(*arguments)
    rules = _pareto_integrals._NODES, _pareto_integrals._SIZE_OF
    _pareto_integrals._NODES, _pareto_integrals._SIZE_OF = np.array([200]), np.zeros(201, dtype=np.int8)
    many = _pareto_integrals.silence_integral(*arguments)
    _pareto_integrals._NODES, _pareto_integrals._SIZE_OF = rules
    means = np.abs(few[1:] / many[1:] - 1).max()
    return {"ln integral": float(np.abs(few[0] - many[0]).max()), "means": float(means)}


def simulate(params, n, T):
    """Let customers live one purchase at a time; give number and time of the last in (0, T], alive, both rates."""
    r, alpha, s, beta = params
    rate, dropout = rng.gamma(r, 1 / alpha, n), rng.gamma(s, 1 / beta, n)
    life = rng.exponential(size=n) / np.maximum(dropout, 1e-300)
    x, t_x, clock = np.zeros(n), np.zeros(n), np.zeros(n)
    buying = np.arange(n)
    while buying.size:
        clock[buying] += rng.exponential(size=buying.size) / np.maximum(rate[buying], 1e-300)
        buying = buying[clock[buying] <= np.minimum(life[buying], T)]
        x[buying] += 1
        t_x[buying] = clock[buying]
    return x, t_x, life > T, rate, dropout


def simulation(params, T, t, n):
    """Largest deviation, in standard errors, of frequencies and means from the model's."""
    x, t_x, alive, rate, dropout = simulate(params, n, T)
    ends = np.full(n, float(T))
    deviations = {}

    def note(what, seen, expected):
        spread = np.sqrt(max((seen - expected).var(), 1e-12) / seen.size)
        deviations[what] = max(deviations.get(what, 0.0), abs((seen - expected).mean()) / spread)

    note("E[X(T)]", x, ParetoNBD._expected_purchases_new(params, float(T)))
    pmf = ParetoNBD._pmf_new(params, np.arange(8.0), float(T))
    sf = ParetoNBD._sf_new(params, np.arange(8.0), float(T))
    for k in range(8):
        note("P(X(T) = n)", (x == k) * 1.0, pmf[k])
        note("P(X(T) > n)", (x > k) * 1.0, sf[k])
    p_alive = ParetoNBD._probability_alive(params, x, t_x, ends)
    rest = np.minimum(rng.exponential(size=n) / np.maximum(dropout, 1e-300), t)
    future = np.where(alive, rng.poisson(rate * rest), 0.0)
    updated = ParetoNBD._if_alive(params, x, t_x, ends)
    expected = p_alive * ParetoNBD._expected_purchases_new(updated, float(t))
    silent = np.exp(
        ParetoNBD._log_likelihood(params, x, t_x, ends + t) - ParetoNBD._log_likelihood(params, x, t_x, ends)
    )
    for group in range(7):
        which = x == group if group < 6 else x >= 6
        note("P(alive | history)", alive[which] * 1.0, p_alive[which])
        note("E[X(T, T+t) | history]", future[which], expected[which])
        note("P(no purchase in (T, T+t] | history)", (future[which] == 0) * 1.0, silent[which])
    customer, times = ParetoNBD._draw_purchases(params, ends, rng)
    drawn = np.bincount(customer, minlength=n)
    for k in range(8):
        note("own draws: P(X(T) = n)", (drawn == k) * 1.0, pmf[k])
    half = np.bincount(customer[times <= T / 2], minlength=n) * 1.0
    note("own draws: E[X(T/2)]", half, ParetoNBD._expected_purchases_new(params, T / 2))
    return deviations


def main():
    start, failed = time.time(), False
    size = 20 if "--smoke" in sys.argv else 1
    for title, errors, limit in (
        ("relative error of the likelihood", likelihoods(60 // size), None),
        ("relative error of the expectation", expectations(3000 // size), None),
        ("relative error of counts", counts(120 // size), None),
        ("change when every row gets 200 nodes", node_counts(200_000 // size), 1e-10),
        ("CDNOW simulated, standard errors", simulation((0.553, 10.58, 0.606, 11.67), 39, 39, 2_000_000 // size), 4.5),
        ("regular buyers simulated, standard errors", simulation((2.5, 3.0, 1.7, 40.0), 60, 20, 500_000 // size), 4.5),
    ):
        for what, error in errors.items():
            bound = LARGEST[what] if limit is None else limit
            good = error < bound
            failed |= not good
            print(f"{title:45} {what:55} {error:8.1e}  {'ok' if good else f'ABOVE {bound}'}")
    print(f"{time.time() - start:.0f} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
