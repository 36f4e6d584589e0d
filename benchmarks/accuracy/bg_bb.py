"""BG/BB against 50-digit arithmetic on a hard grid, numerical integration, and a simulation that knows no formula.

Parameters from 1e-4 to 1e4, up to 20,000 opportunities. Prints the largest errors; fails above the stated limits.

    python benchmarks/accuracy/bg_bb.py [--smoke]
"""

from __future__ import annotations

import sys
import time
from itertools import product

import mpmath as mp
import numpy as np
from scipy import special

from customer_value.clv import BGBB

rng = np.random.default_rng(20101110)


class Largest(dict):
    """Largest relative error of each quantity."""

    def note(self, what, value, reference, floor=0.0):
        """Take a value in; what is as good as 0 has no relative error."""
        scale = max(abs(reference), mp.mpf(floor))
        if scale > mp.mpf(10) ** -280:
            error = float(abs(mp.mpf(float(value)) - reference) / scale)
            self[what] = max(self.get(what, 0.0), error)
            if not np.isfinite(value):
                self[what] = np.inf


def one(*values):
    return tuple(np.array([float(v)]) for v in values)


def history(x, t_x, n):
    """Eq. (6) as printed, its terms by recurrence: likelihood, and the term of those who are still there."""

    def terms(alpha, beta, gamma, delta):
        ratio = mp.loggamma(alpha + x) + mp.loggamma(beta + t_x - x) - mp.loggamma(alpha + beta + t_x)
        ratio += mp.loggamma(delta + t_x) - mp.loggamma(gamma + delta + t_x)
        ratio -= mp.loggamma(alpha) + mp.loggamma(beta) - mp.loggamma(alpha + beta)
        there = mp.exp(ratio - mp.loggamma(delta) + mp.loggamma(gamma + delta))
        total = mp.mpf(0)
        for j in range(int(t_x), int(n)):
            total += there * gamma / (gamma + delta + j)
            there *= (beta + j - x) / (alpha + beta + j) * (delta + j) / (gamma + delta + j)
        return total + there, there

    return terms


def random_parameters():
    return tuple(10 ** rng.uniform(-4, 4, 4))


def random_row(longest):
    n = int(rng.choice([0, 1, 6, int(10 ** rng.uniform(0, np.log10(longest))), longest]))
    t_x = int(rng.choice([0, n, rng.integers(0, n + 1), rng.integers(0, n + 1)]))
    x = 0 if t_x == 0 else int(rng.choice([1, t_x, rng.integers(1, t_x + 1)]))
    return float(x), float(t_x), float(n)


def likelihoods(points, longest, *, slopes):
    """Errors of value, P(alive), and derivatives.

    Derivatives that vanish have no relative error: they are measured against 1e-4 of the size (1 + x) / parameter that
    they have elsewhere. Those of one point are 55 evaluations of the exact sum.
    """
    largest = Largest()
    with mp.workdps(50 + 30 * slopes):
        for _ in range(points):
            params, row = random_parameters(), random_row(longest)
            point, terms = tuple(map(mp.mpf, params)), history(*map(mp.mpf, row))
            total, there = terms(*point)
            largest.note("log-likelihood", BGBB._log_likelihood(params, *one(*row))[0], mp.log(total), 1e-30)
            largest.note("P(alive)", BGBB._probability_alive(params, *one(*row))[0], there / total)
            if not slopes:
                continue
            _, gradient = BGBB._score(params, *one(*row))
            hessian = BGBB._hessian(params, *one(*row))
            size = (1 + row[0]) / np.array(params)

            def exact(*at, terms=terms):
                return mp.log(terms(*at)[0])

            for j in range(4):
                orders = np.eye(4, dtype=int)[j]
                largest.note("gradient", gradient[j, 0], mp.diff(exact, point, tuple(orders.tolist())), 1e-4 * size[j])
                for k in range(j, 4):
                    both = tuple((orders + np.eye(4, dtype=int)[k]).tolist())
                    floor = 1e-4 * size[j] * size[k]
                    largest.note("Hessian", hessian[j, k, 0], mp.diff(exact, point, both), floor)
    return largest


def random_state():
    """Parameters of a new customer or of a living one, gamma near 1 now and then, and a horizon."""
    alpha, beta, gamma, delta = random_parameters()
    if rng.random() < 0.2:
        gamma = 1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-14, -1)
    if rng.random() < 0.5:
        n = np.floor(10 ** rng.uniform(0, 4.3))
        x = np.floor(rng.random() * (n + 1))
        alpha, beta, delta = alpha + x, beta + n - x, delta + n
    return alpha, beta, gamma, delta


def expectations(points):
    """Errors of eq. (8), of survival, and of both kinds of discounted sums."""
    largest = Largest()
    with mp.workdps(60):
        for _ in range(points):
            state = random_state()
            a, b, c, d = map(mp.mpf, state)
            t = int(rng.choice([1, 2, 5, int(10 ** rng.uniform(0, 7)), 10**7]))
            log_survival = mp.loggamma(d + t) - mp.loggamma(d) + mp.loggamma(c + d) - mp.loggamma(c + d + t)
            largest.note("P(alive at t)", BGBB._survival_new(state, float(t)), mp.exp(log_survival))
            ratio = mp.exp(mp.loggamma(c + d) + mp.loggamma(1 + d + t) - mp.loggamma(1 + d) - mp.loggamma(c + d + t))
            alive = d / (c - 1) * (1 - ratio) if c != 1 else d * (mp.psi(0, 1 + d + t) - mp.psi(0, 1 + d))
            largest.note("E[X(t)]", BGBB._expected_purchases_new(state, float(t)), a / (a + b) * alive)
    return largest


def discounting(points):
    """Errors of the discounted sums against sums of their terms."""
    largest = Largest()
    with mp.workdps(30):
        for _ in range(points):
            state = random_state()
            _, _, c, d = map(mp.mpf, state)
            rate = 10 ** rng.uniform(-2.5, 0)
            t = int(rng.choice([1, 5, int(10 ** rng.uniform(0, 3))]))
            factor, there, total, j = mp.exp(-mp.mpf(rate)), mp.mpf(1), mp.mpf(0), 0
            model = BGBB.from_params(alpha=state[0], beta=state[1], gamma=state[2], delta=state[3])
            seen = one(0, 0, 0)
            buys = mp.mpf(state[0]) / (mp.mpf(state[0]) + mp.mpf(state[1]))
            while there / (1 - factor) > total * mp.mpf(10) ** -16 or j < t:
                there *= (d + j) / (c + d + j) * factor
                total += there
                j += 1
                if j == t:
                    finite = model._discounted_if_alive(model._theta, seen, float(t), rate)[0]
                    largest.note("discounted, finite horizon", finite, buys * total)
            forever = model._discounted_if_alive(model._theta, seen, np.inf, rate)[0]
            largest.note("discounted, forever", forever, buys * total)
    return largest


def counts(points, longest):
    """Errors of eq. (7) and its tail, every factor in 50 digits."""
    largest = Largest()
    with mp.workdps(50):
        for _ in range(points):
            state = random_state()
            a, b, c, d = map(mp.mpf, state)
            t = int(rng.choice([1, 3, 20, int(10 ** rng.uniform(0, np.log10(longest)))]))
            n = int(rng.choice([0, t, rng.integers(0, t + 1)]))
            used = mp.exp(mp.loggamma(a + n) - mp.loggamma(a) + mp.loggamma(a + b) - mp.loggamma(a + b + n))
            used *= mp.exp(mp.loggamma(d + n) - mp.loggamma(d) + mp.loggamma(c + d) - mp.loggamma(c + d + n))
            left = beyond = mp.mpf(0)
            for i in range(n, t):
                left += used * c / (c + d + i)
                beyond += used * (d + i) / (c + d + i) * (a + n) / (a + b + i)
                used *= mp.mpf(i + 1) / (i + 1 - n) * (b + i - n) / (a + b + i) * (d + i) / (c + d + i)
            k = np.array([float(n)])
            largest.note("P(X(t) = n)", BGBB._pmf_new(state, k, float(t))[0], left + used)
            largest.note("P(X(t) = n, alive)", BGBB._pmf_alive_new(state, k, float(t))[0], used)
            largest.note("P(X(t) > n)", BGBB._sf_new(state, k, float(t))[0], beyond)
    return largest


def beta_rule(a, b, nodes=70):
    """Gauss-Jacobi rule of a beta distribution, exact for polynomials up to degree 139."""
    at, weights = special.roots_jacobi(nodes, b - 1, a - 1)
    return (1 + at) / 2, weights / weights.sum()


def integration():
    """Errors against integrals over both probabilities, taken exactly: the integrands are polynomials."""
    largest = Largest()
    n, t, rate = 30, 12, 0.07
    for params in product((0.3, 1.204, 5.0), (0.75, 4.0), (0.2, 0.657, 1.0, 3.0), (2.783, 9.0)):
        p, w_p = beta_rule(*params[:2])
        q, w_q = beta_rule(*params[2:])
        p, stay, weight = p[:, None], 1 - q[None, :], w_p[:, None] * w_q[None, :]
        horizon = np.arange(1, t + 1)
        alive_later = (stay[..., None] ** horizon).sum(-1)
        worth_later = (stay[..., None] ** horizon * np.exp(-rate * horizon)).sum(-1)
        model = BGBB.from_params(**dict(zip(("alpha", "beta", "gamma", "delta"), params, strict=True)))
        for x, t_x in ((0, 0), (1, 1), (1, 29), (7, 12), (12, 30), (29, 29), (30, 30)):
            there = p**x * (1 - p) ** (n - x) * stay**n
            gone = sum(p**x * (1 - p) ** (j - x) * (1 - stay) * stay**j for j in range(t_x, n))
            row = one(x, t_x, n)
            likelihood = float((weight * (there + gone)).sum())
            alive = float((weight * there).sum()) / likelihood
            bought = float((weight * there * p * alive_later).sum()) / likelihood
            worth = float((weight * there * p * worth_later).sum()) / likelihood
            largest.note("likelihood", np.exp(model._log_likelihood(params, *row)[0]), mp.mpf(likelihood))
            largest.note("P(alive)", model._probability_alive(params, *row)[0], mp.mpf(alive))
            largest.note("E[X(n, n+t) | history]", model._expected(params, row, float(t))[0], mp.mpf(bought))
            discounted = model._discounted_if_alive(params, row, float(t), rate)[0]
            largest.note("discounted | history", discounted * model._probability_alive(params, *row)[0], mp.mpf(worth))
            first = sum(p * (1 - p) ** (j - 1) * stay**j for j in horizon)
            active = float((weight * there * first).sum()) / likelihood
            largest.note("P(active | history)", model._active(params, row, float(t))[0], mp.mpf(active))
        for k in range(t + 1):
            exactly = special.binom(t, k) * p**k * (1 - p) ** (t - k) * stay**t
            exactly = exactly + sum(
                special.binom(j, k) * p**k * (1 - p) ** (j - k) * (1 - stay) * stay**j for j in range(k, t)
            )
            pmf, later = float((weight * exactly).sum()), float((weight * exactly * stay**9).sum())
            later += float((weight * (1 - stay**9)).sum()) * (k == 0)
            largest.note("P(X(t) = k)", model._pmf_new(params, np.array([float(k)]), float(t))[0], mp.mpf(pmf))
            interval = model._interval_pmf_new(params, np.array([float(k)]), 9.0, float(t))[0]
            largest.note("P(X(9, 9+t) = k)", interval, mp.mpf(later))
    return largest


def simulation(params, lengths, t, n):
    """Largest deviation, in standard errors, of frequencies and means from the model's; unequal opportunities."""
    alpha, beta, gamma, delta = params
    buy, leave = rng.beta(alpha, beta, n), rng.beta(gamma, delta, n)
    seen = rng.choice(lengths, n).astype(float)
    x, t_x, future, alive, at_end = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool), np.zeros(n, bool)
    later = np.zeros(n)
    at_end[:] = seen == 0
    for j in range(1, max(lengths) + t + 1):
        alive &= rng.random(n) >= leave
        bought = alive & (rng.random(n) < buy)
        inside = j <= seen
        x += bought & inside
        t_x[bought & inside] = j
        at_end |= (j == seen) & alive
        ahead = ~inside & (j <= seen + t)
        future += bought & ahead
        later += (bought & ahead) * 1.1 ** -(j - seen)
    model = BGBB.from_params(**dict(zip(("alpha", "beta", "gamma", "delta"), params, strict=True)))
    deviations = {}

    def note(what, happened, expected):
        spread = np.sqrt(max((happened - expected).var(), 1e-12) / happened.size)
        deviations[what] = max(deviations.get(what, 0.0), abs((happened - expected).mean()) / spread)

    data = (x, t_x, seen)
    p_alive = model._probability_alive(params, *data)
    expected = model._expected(params, data, float(t))
    worth = p_alive * model._discounted_if_alive(params, data, float(t), np.log(1.1))
    active = model._active(params, data, float(t))
    for length in lengths:
        here = seen == length
        pmf = model._pmf_new(params, np.arange(8.0), float(length))
        note("E[X(n)]", x[here], model._expected_purchases_new(params, float(length)))
        for k in range(8):
            note("P(X(n) = k)", (x[here] == k) * 1.0, pmf[k])
        for group in range(7):
            which = here & (x == group if group < 6 else x >= 6)
            if which.any():
                note("P(alive | history)", at_end[which] * 1.0, p_alive[which])
                note("E[X(n, n+t) | history]", future[which], expected[which])
                note("discounted | history", later[which], worth[which])
                note("P(active | history)", (future[which] > 0) * 1.0, active[which])
        interval = model._interval_pmf_new(params, np.arange(4.0), float(length), float(t))
        for k in range(4):
            note("P(X(n, n+t) = k)", (future[here] == k) * 1.0, interval[k])
    customer, times = BGBB._draw_purchases(params, seen, rng)
    drawn = np.bincount(customer, minlength=n)
    note("own draws: how many", drawn * 1.0, model._expected_purchases_new(params, seen))
    early = np.bincount(customer[times <= seen[customer] // 2], minlength=n) * 1.0
    note("own draws: in the first half", early, model._expected_purchases_new(params, seen // 2))
    note("own draws: none", (drawn == 0) * 1.0, 1 - model._sf_new(params, 0.0, seen))
    return deviations


def main():
    start, failed = time.time(), False
    size = 20 if "--smoke" in sys.argv else 1
    donors, keen = (1.204, 0.750, 0.657, 2.783), (6.0, 3.0, 1.0, 30.0)
    for title, errors, limit in (
        ("relative error of the likelihood", likelihoods(1000 // size, 20_000, slopes=False), 1e-10),
        ("relative error of derivatives", likelihoods(100 // size, 300, slopes=True), 1e-9),
        ("relative error of the expectation", expectations(3000 // size), 1e-10),
        ("relative error of discounted sums", discounting(400 // size), 1e-10),
        ("relative error of counts", counts(600 // size, 2_000), 1e-10),
        ("relative error against integration", integration(), 1e-8),
        ("donors simulated, standard errors", simulation(donors, [0, 1, 3, 6], 5, 2_000_000 // size), 4.5),
        ("keen buyers simulated, standard errors", simulation(keen, [4, 12], 20, 500_000 // size), 4.5),
    ):
        for what, error in errors.items():
            good = error < limit
            failed |= not good
            print(f"{title:45} {what:35} {error:8.1e}  {'ok' if good else f'ABOVE {limit}'}", flush=True)
    print(f"{time.time() - start:.0f} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
