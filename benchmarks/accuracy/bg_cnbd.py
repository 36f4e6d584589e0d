"""BG/CNBD-k against 80-digit arithmetic on a hard grid, plain sums, integration over both rates, and simulated lives.

k from 1 to 20, parameters from 1e-4 to 1e4, counts to 20,000, times to 1e5. Prints the largest errors; fails above the
stated limits. `--smoke` takes a twentieth of the points.
"""

from __future__ import annotations

import sys
import time

import mpmath as mp
import numpy as np
from scipy import special

from customer_value.clv import BGCNBD
from customer_value.clv._erlang_forever import discounted_forever
from customer_value.clv._erlang_future import ErlangFuture
from customer_value.clv._erlang_sums import events_at_most

rng = np.random.default_rng(20160901)
SMALLEST = 1e-250
ENOUGH = 2000  # expected of a group whose mean is held to the normal distribution
MOST_EVENTS = 400_000  # of a plain sum


def log_beta(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def random_k():
    return int(rng.choice([1, 2, 3, 4, 7, 12, 20]))


def random_row():
    x = float(rng.choice([0, 1, 2, int(10 ** rng.uniform(0, 4.3)), 20000]))
    T = 10 ** rng.uniform(-2, 5)
    return x, 0.0 if x == 0 else T * float(rng.choice([rng.random(), 1.0, 1 - 1e-9, 1e-6])), T


def random_state(k):
    """A living customer's state: his history is one of the grid."""
    r, alpha, a, b = 10 ** rng.uniform(-4, 4, 4)
    x, t_x, T = random_row()
    return r + k * x, alpha + T, a, b + x, T - t_x


def likelihoods(model, points):
    """Largest relative errors of the log-likelihood, its gradient and P(alive), two terms as they are added up.

    Derivatives that vanish are measured against 1e-4 of the size (1 + kx) / parameter that they have elsewhere.
    """
    largest = dict.fromkeys(("log-likelihood", "gradient", "P(alive)"), 0.0)

    def note(what, value, exact, floor=0.0):
        scale = max(abs(exact), mp.mpf(floor))
        if scale > SMALLEST:
            largest[what] = max(largest[what], float(abs(mp.mpf(float(value)) - exact) / scale))

    with mp.workdps(80):
        for i in range(points):
            k, params, row = random_k(), tuple(10 ** rng.uniform(-4, 4, 4)), random_row()
            fitted, data = model(k), tuple(np.array([v]) for v in row)
            x, t_x, T = map(mp.mpf, row)
            n = x + model._first

            def terms(r, alpha, a, b, k=k, x=x, t_x=t_x, T=T, n=n):
                R = r + k * x
                path = mp.loggamma(R) - mp.loggamma(r) + r * mp.log(alpha)
                term = calm = mp.mpf(1)
                for j in range(1, k):
                    term *= (R + j - 1) * (T - t_x) / (j * (alpha + T))
                    calm += term
                there = mp.exp(path + log_beta(a, b + n) - log_beta(a, b) - R * mp.log(alpha + T)) * calm
                if n == 0:
                    return there, mp.mpf(0)
                return there, mp.exp(path + log_beta(a + 1, b + n - 1) - log_beta(a, b) - R * mp.log(alpha + t_x))

            point = tuple(map(mp.mpf, params))
            there, gone = terms(*point)
            ll, gradient = fitted._score(params, *data)
            exact = mp.log(there + gone)
            if abs(exact) > mp.mpf(10) ** -60:  # below it 80 digits say nothing of the logarithm
                note("log-likelihood", ll[0], exact)
            note("P(alive)", fitted._probability_alive(params, *data)[0], there / (there + gone))
            if i % 4 == 0:
                for j in range(4):
                    slope = mp.diff(
                        lambda *p: mp.log(mp.fsum(terms(*p))), point, tuple(np.eye(4, dtype=int)[j].tolist())
                    )
                    note("gradient", gradient[j, 0], slope, 1e-4 * (1 + k * row[0]) / params[j])
    return largest


def plain_sums(k, state, t):
    """E[X(t)] and P(alive at t) of the living: sums over potential purchases of incomplete beta functions."""
    R, B, a, b, e = state
    most = int(events_at_most(k, np.float64(R), np.float64(t / B))) // k + 2
    m, u, share = np.arange(1.0, most + 1), t / (B + t), e / B
    phase = np.cumprod([1.0, *(share * (R + j - 1) / j for j in range(1, k))])
    reached = sum(p * special.betainc(k * m - j, R + j, u) for j, p in enumerate(phase / phase.sum()))
    stayed = np.exp(np.concatenate([[0.0], np.cumsum(-np.log1p(a / (b + m - 1)))]))
    lost = stayed[:-1] * a / (a + b + m - 1)
    return float(reached @ stayed[:-1]), 1 - float(reached @ lost)


def averages(points):
    """Largest relative errors of the mean and of survival, short and long horizons."""
    largest = {"E[X(t)]": 0.0, "P(alive at t)": 0.0}
    done = 0
    while done < points:
        k = random_k()
        state, t = random_state(k), 10 ** rng.uniform(-6, 7)
        if rng.random() < 0.2:
            state = (*state[:2], 1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-14, -1), *state[3:])
        if events_at_most(k, np.float64(state[0]), np.float64(t / state[1])) > MOST_EVENTS:
            continue
        done += 1
        mean, alive = plain_sums(k, state, t)
        future = ErlangFuture(k)
        if mean > SMALLEST:
            found = float(future._expected_purchases_new(state, t))
            largest["E[X(t)]"] = max(largest["E[X(t)]"], abs(found / mean - 1))
        if alive > 0.01:  # the plain sum is 1 less something
            found = float(future._survival_new(state, t))
            largest["P(alive at t)"] = max(largest["P(alive at t)"], abs(found / alive - 1))
    return largest


def everything_is_finite(points):
    """Number of values that are not finite or out of range, over the whole grid and times to 1e7."""
    bad = 0
    for _ in range(points):
        k, t, n = random_k(), 10 ** rng.uniform(-8, 7), float(int(10 ** rng.uniform(0, 5)) - 1)
        state, future, count = random_state(k), ErlangFuture(k), np.array([n])
        chances = [getattr(future, f"_{name}_new")(state, count, t)[0] for name in ("pmf", "sf", "pmf_alive")]
        mean, alive = float(future._expected_purchases_new(state, t)), float(future._survival_new(state, t))
        forever = float(discounted_forever(k, state, 10 ** rng.uniform(-5, 0)))
        chances.append(alive)
        bad += not (np.isfinite(mean) and mean >= 0 and np.isfinite(forever) and forever >= 0)
        bad += sum(not (0 <= chance <= 1 + 1e-12) for chance in chances)
    return {"values that are no values": float(bad)}


def counts(points):
    """Largest relative errors of P(X = n), P(X > n) and P(X = n, alive) by sums over phases in 200 digits."""
    largest = dict.fromkeys(("P(X = n)", "P(X > n)", "P(X = n, alive)"), 0.0)
    with mp.workdps(200):
        for _ in range(points):
            k, n = random_k(), int(10 ** rng.uniform(0, 2)) - 1
            state = random_state(k)
            t = state[1] / state[0] * k * (n + 1) * 10 ** rng.normal(0, 0.5)
            R, B, a, b, e = map(mp.mpf, state)
            z = mp.mpf(t) / B
            term, weights = mp.mpf(1), [mp.mpf(1)]
            for j in range(1, k):
                term *= (R + j - 1) * e / (j * B)
                weights.append(term)
            exactly = below = mp.mpf(0)
            for j, weight in enumerate(weights):
                chance = weight / mp.fsum(weights) * (1 + z) ** (-R - j)
                for i in range(k * (n + 1) - j):
                    if i < k * n - j:
                        below += chance
                    else:
                        exactly += chance
                    chance *= (R + j + i) / (i + 1) * z / (1 + z)
            stayed = mp.exp(log_beta(a, b + n) - log_beta(a, b))
            left = stayed * a / (b + n - 1) * (1 - below) if n else mp.mpf(0)
            future, count = ErlangFuture(k), np.array([float(n)])
            for what, exact, name in (
                ("P(X = n)", stayed * exactly + left, "pmf"),
                ("P(X > n)", stayed * (1 - below - exactly), "sf"),
                ("P(X = n, alive)", stayed * exactly, "pmf_alive"),
            ):
                if exact > mp.mpf(10) ** -120:  # 200 digits afford the cancellation
                    found = mp.mpf(float(getattr(future, f"_{name}_new")(state, count, t)[0]))
                    largest[what] = max(largest[what], float(abs(found / exact - 1)))
    return largest


def given_history(k, first, params, history, t, delta):
    """Predictions by integration over a customer's own rate (trapezoids in its logarithm) and dropout probability.

    Gives P(alive), E[X(T, T+t)], the mean purchase rate, and the discounted purchases of the living.
    """
    (r, alpha, a, b), (x, t_x, T) = params, history
    tosses = x + first
    y = np.arange(-45 / min(r, 1), np.log(60 + 3 * (r + k * x)), 0.02)
    rate = np.exp(y) / (alpha + t_x)
    weights = (r + k * x) * y - np.exp(y)
    weights = np.exp(weights - weights.max())
    weights /= weights.sum()
    p, mass = special.roots_jacobi(160, b - 1, a - 1)
    p, mass = (1 + p) / 2, mass / mass.sum()

    def kept(n):
        return (mass * (1 - p) ** n).sum()

    events = rate * (T - t_x)
    phases = [np.exp(special.xlogy(j, events) - events - special.gammaln(j + 1)) for j in range(k)]
    calm, g = sum(phases), rate / (rate + delta)
    there = (weights * calm).sum() * kept(tosses)
    gone = kept(tosses - 1) - kept(tosses) if tosses else 0.0
    own, most = 0.0, int(rate[-1] * t / k) + 60
    for m in range(1, most):
        reached = sum((weights * phase * special.gammainc(k * m - j, rate * t)).sum() for j, phase in enumerate(phases))
        own += reached * kept(tosses + m - 1)
        if reached < 1e-16 * own:
            break
    ahead = sum(phase * g ** (k - j) for j, phase in enumerate(phases))
    ahead = (weights * ahead) @ (1 / (1 - np.outer(g**k, 1 - p))) @ (mass * (1 - p) ** tosses)
    speed = (weights * calm * rate).sum() * kept(tosses) + (weights * rate).sum() * gone
    return there / (there + gone), own / (there + gone), speed / k / (there + gone), ahead / there


def mixtures(model, points):
    """Largest relative errors of predictions against integration over both rates."""
    largest = dict.fromkeys(("P(alive)", "E[X(T, T+t)]", "purchase rate", "discounted"), 0.0)
    for _ in range(points):
        k, params = int(rng.integers(1, 7)), tuple(10 ** rng.uniform(-0.5, 0.7, 4))
        x = int(rng.integers(0, 5))
        T, t, delta = 10.0, 10 ** rng.uniform(-0.5, 1), 0.1
        history = (x, T * rng.random() if x else 0.0, T)
        exact = given_history(k, model._first, params, history, t, delta)
        fitted, columns = model(k), tuple(np.array([float(v)]) for v in history)
        r, alpha, a, b = params
        # The posterior mean of the rate by its tilted likelihood.
        tilted = fitted._log_likelihood((r + 1, alpha, a, b), *columns) - fitted._log_likelihood(params, *columns)
        found = (
            fitted._probability_alive(params, *columns),
            fitted._expected(params, columns, t),
            r / alpha / k * np.exp(tilted),
            fitted._discounted_if_alive(params, columns, np.inf, delta),
        )
        for what, value, reference in zip(largest, found, exact, strict=True):
            largest[what] = max(largest[what], abs(float(value[0]) / reference - 1))
    return largest


def simulation(model, k, params, T, t, n):
    """Largest deviations, in standard errors, from lives drawn one purchase at a time."""
    r, alpha, a, b = params
    rate, dropout = np.maximum(rng.gamma(r, 1 / alpha, n), 1e-300), rng.beta(a, b, n)
    alive = rng.random(n) >= dropout if model._first else np.ones(n, dtype=bool)
    x, t_x, clock, later = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    there, next_alive = alive.copy(), alive.copy()
    buying = np.flatnonzero(alive)
    while buying.size:
        clock[buying] += rng.gamma(k, 1 / rate[buying])
        buying = buying[clock[buying] <= T + t]
        now = clock[buying] <= T
        early, late = buying[now], buying[~now]
        x[early] += 1
        t_x[early] = clock[early]
        later[late] += 1
        leaves = rng.random(buying.size) < dropout[buying]
        there[buying[leaves & now]] = False
        next_alive[buying[leaves]] = False
        buying = buying[~leaves]
    fitted = model.from_params(k=k, r=r, alpha=alpha, a=a, b=b)
    columns = (x, t_x, np.full(n, T))
    largest = {}

    def note(what, seen, told):
        if np.sum(np.broadcast_to(told, seen.shape)) < ENOUGH:
            return
        spread = np.sqrt(max((seen - told).var(), 1e-18) / seen.size)  # whoever is sure to be alive has none
        largest[what] = max(largest.get(what, 0.0), abs((seen - told).mean()) / spread)

    p_alive = fitted._probability_alive(params, *columns)
    told = {
        "P(alive | history)": (there, p_alive),
        "E[X(T, T+t) | history]": (later, fitted._expected(params, columns, t)),
        "P(active | history)": (later > 0, fitted._active(params, columns, t)),
        "P(alive at T+t | history)": (next_alive, p_alive * fitted._survival_if_alive(params, columns, t)),
    }
    for m in range(6):
        for group in ((x == m) & (t_x > T / 2), (x == m) & (t_x <= T / 2)) if m else (x == 0,):
            for what, (seen, expected) in told.items():
                note(what, seen[group] * 1.0, expected[group])
        note("P(X(T) = n)", (x == m) * 1.0, fitted._pmf_new(params, np.array(float(m)), T))
        between = fitted._interval_pmf_new(params, np.array([float(m)]), T, t)[0]
        note("P(X(T, T+t) = n)", (later == m) * 1.0, between)
    note("E[X(T)]", x, fitted._expected_purchases_new(params, T))
    customer, times = fitted._draw_purchases(params, np.full(n, T), rng)
    drawn, half = np.bincount(customer, minlength=n), np.bincount(customer[times <= T / 2], minlength=n)
    for m in range(6):
        note("own draws: P(X(T) = n)", (drawn == m) * 1.0, fitted._pmf_new(params, np.array(float(m)), T))
    note("own draws: E[X(T/2)]", half * 1.0, fitted._expected_purchases_new(params, T / 2))
    return largest


def report(checks):
    """Print every error beside its limit; return whether one is above."""
    failed = False
    for title, errors, limit in checks:
        for what, error in errors.items():
            good = error < limit
            failed |= not good
            print(f"{title:45} {what:30} {error:8.1e}  {'ok' if good else f'ABOVE {limit}'}", flush=True)
    return failed


def checks(model, size):
    """All the proofs of a model, as (title, largest errors, limit)."""
    yield "relative error of the likelihood", likelihoods(model, 200 // size), 1e-10
    yield "relative error by integration", mixtures(model, 40 // size + 1), 1e-8
    for k, params, T, t in ((2, (0.5, 2.2, 0.8, 2.4), 39.0, 39.0), (5, (2.5, 0.6, 1.7, 9.0), 30.0, 12.0)):
        errors = simulation(model, k, params, T, t, 2_000_000 // size)
        yield f"simulated with k = {k}, standard errors", errors, 4.5


def main():
    start, size = time.time(), 20 if "--smoke" in sys.argv else 1
    failed = report(checks(BGCNBD, size))
    failed |= report([
        ("relative error of the future's means", averages(300 // size), 1e-9),
        ("relative error of the future's counts", counts(300 // size), 1e-9),
        ("the whole grid", everything_is_finite(1000 // size), 0.5),
    ])  # fmt: skip
    print(f"{time.time() - start:.0f} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
