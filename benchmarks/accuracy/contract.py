"""Contract models against 50-digit arithmetic on a hard grid, integration over customers, simulation, and many fits.

Parameters from 1e-4 to 1e4, renewals to 20,000. Prints the largest errors; fails above the stated limits.
"""

from __future__ import annotations

import sys
import time
import warnings

import mpmath as mp
import numpy as np

from customer_value.clv import BetaDiscreteWeibull, ShiftedBetaGeometric
from customer_value.clv._renewal_sums import total_renewals
from customer_value.errors import ConvergenceError, FitWarning

rng = np.random.default_rng(20070121)

LIMITS = {"Hessian": 1e-7}  # it steers Newton's method and gives standard errors; other limits are those of the stages


def log_survival(a, b, c, t):
    """Log of B(a, b + t^c) / B(a, b) as printed; far out, where log gammas lose their digits, by its expansion."""
    power = mp.mpf(t) ** c if t else mp.mpf(0)
    if power > mp.mpf(10) ** 30:
        far = -a * c * mp.log(t) - a * (a + 2 * b - 1) / (2 * power)
    else:
        far = mp.loggamma(b + power) - mp.loggamma(a + b + power)
    return far + mp.loggamma(a + b) - mp.loggamma(b)


def random_point():
    """A model, its parameters, and those of the other model that say the same."""
    a, b = 10 ** rng.uniform(-4, 4, 2)
    if rng.random() < 0.4:
        return ShiftedBetaGeometric, (a, b), (a, b, 1.0)
    c = 10 ** (rng.uniform(-4, 4) if rng.random() < 0.5 else rng.uniform(-0.5, 0.5))
    return BetaDiscreteWeibull, (a, b, c), (a, b, c)


def random_period():
    return int(rng.choice([1, 2, int(10 ** rng.uniform(0, 4.3)), 20_000]))


def likelihoods(points):
    """Largest relative errors of survival, rates, the likelihood and its gradient and Hessian.

    Derivatives by a parameter are measured against at least 1e-4 of the size that the likelihood of the row gives them.
    """
    largest = dict.fromkeys(("survival", "retention", "log-likelihood", "gradient", "Hessian"), 0.0)

    def note(what, value, reference, floor=0.0):
        scale = max(abs(reference), mp.mpf(floor))
        if scale > mp.mpf(10) ** -280:
            largest[what] = max(largest[what], float(abs(mp.mpf(float(value)) - reference) / scale))

    with mp.workdps(80):
        for _ in range(points):
            model, params, general = random_point()
            t, lost, renewed = random_period(), float(rng.integers(0, 50)), float(rng.integers(1, 500))
            row = tuple(np.array([v]) for v in (float(t), lost, renewed))
            ll, gradient = model._score(params, *row)
            hessian = model._hessian(params, *row)

            def exact(*point, t=t, lost=lost, renewed=renewed):
                a, b, c = (*point, mp.mpf(1))[:3]
                log_rate = log_survival(a, b, c, t) - log_survival(a, b, c, t - 1)
                return lost * mp.log(-mp.expm1(log_rate)) + renewed * log_rate

            point = tuple(map(mp.mpf, params))
            note("log-likelihood", ll[0], exact(*point))
            size = [1 / params[0], 1 / params[1], max(1 / general[2], np.log(t))][: len(params)]
            for j in range(len(params)):
                orders = np.eye(len(params), dtype=int)[j]
                floor = 1e-4 * (lost + renewed) * size[j]
                note("gradient", gradient[j, 0], mp.diff(exact, point, tuple(orders.tolist())), floor)
                for k in range(j, len(params)):
                    both = orders + np.eye(len(params), dtype=int)[k]
                    note("Hessian", hessian[j, k, 0], mp.diff(exact, point, tuple(both.tolist())), floor * size[k])
            wide = tuple(map(mp.mpf, general))
            logs = [log_survival(*wide, n) for n in (t - 1, t, t + random_period())]
            note("survival", np.exp(model._log_kept(params, 0.0, float(t))), mp.exp(logs[1]))
            note("retention", np.exp(model._log_kept(params, t - 1.0, 1.0)), mp.exp(logs[1] - logs[0]))
    return largest


def derl_by_integral(a, b, delta, most):
    """E[(1 - theta) (1 - w^n) / (1 - w)], w = (1 - theta) e^-delta, over theta ~ Beta(a, b), in its log odds."""
    with mp.workdps(30):
        a, b, v = mp.mpf(a), mp.mpf(b), mp.exp(-mp.mpf(delta))
        log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)

        def integrand(y):
            log_p, log_q = -mp.log1p(mp.exp(-y)), -mp.log1p(mp.exp(y))
            gone = -mp.expm1(log_q - mp.mpf(delta))  # 1 - w
            many = 1 if mp.isinf(most) else -mp.expm1(most * (log_q - mp.mpf(delta)))
            return mp.exp(a * log_p + (b + 1) * log_q - log_beta) * many / gone

        peak, width = mp.log(a / b), mp.sqrt(1 / a + 1 / b)
        near = [peak + width * k for k in (-12, -8, -4, -2, 0, 2, 4, 8, 12)] if width < 1 else [peak]
        cuts = {-mp.inf, mp.inf, *near, *(mp.mpf(k) for k in range(-40, 15, 2))}
        assert v > 0
        return mp.quad(integrand, sorted(cuts))


def residual_lifetimes(points):
    """Largest relative error of discounted sums, with and without an end, against the integral over customers."""
    largest = {"DERL, no end": 0.0, "DERL, horizon": 0.0}
    for _ in range(points):
        a, b = 10 ** rng.uniform(-4, 4, 2)
        made = float(rng.choice([0, int(10 ** rng.uniform(0, 4.3))]))
        delta = 10 ** rng.uniform(-6, 0)
        for what, most in (("DERL, no end", np.inf), ("DERL, horizon", float(int(10 ** rng.uniform(0, 6))))):
            value = total_renewals(
                lambda t, u, a=a, b=b: ShiftedBetaGeometric._log_kept((a, b), t, u),
                np.array([made]), np.array([most]), delta,
            )[0]  # fmt: skip
            exact = derl_by_integral(a, b + made, delta, most)
            largest[what] = max(largest[what], float(abs(value / exact - 1)))
    return largest


def weibull_sums(points):
    """Largest relative error of long sums against all of their terms added."""
    worst, far = 0.0, np.arange(1.0, 200_001)
    for _ in range(points):
        params = (*10 ** rng.uniform(-4, 4, 2), 10 ** rng.uniform(-1, 1))
        made, delta = float(rng.choice([0, int(10 ** rng.uniform(0, 4.3))])), float(rng.choice([0.0, 1e-5, 1e-3]))
        terms = np.exp(BetaDiscreteWeibull._log_kept(params, np.float64(made), far) - delta * (far - 1))
        for most in (513, 5_000, 200_000):
            value = total_renewals(
                lambda t, u, params=params: BetaDiscreteWeibull._log_kept(params, t, u),
                np.array([made]), np.array([float(most)]), delta,
            )[0]  # fmt: skip
            exact = terms[:most].sum()
            worst = max(worst, abs(value / exact - 1) if exact > 0 else abs(value))
    return {"sums of up to 200,000 terms": worst}


def simulation(model, params, n):
    """Largest deviation, in standard errors, of what simulated customers do from what the model says."""
    a, b, c = (*params, 1.0)[:3]
    stay = -np.log1p(-rng.beta(a, b, n))
    lifetime = np.ceil((rng.exponential(size=n) / stay) ** (1 / c)) - 1  # renewals made: T > t where E > t^c stay
    deviations = {}

    def note(what, seen, expected):
        spread = np.sqrt(max(seen.var(), 1e-12) / seen.size)
        deviations[what] = max(deviations.get(what, 0.0), abs(seen.mean() - expected) / spread)

    given = model.from_params(**dict(zip(model._parameters, params, strict=True)))
    for t in (1, 2, 3, 5, 10, 30):
        note("survival", (lifetime >= t) * 1.0, given.survival(t))
    for made in (0, 1, 4, 12):
        left = lifetime[lifetime >= made] - made
        note("retention", (left >= 1) * 1.0, given.retention(made + 1))
        note("renewals in 24 periods", np.minimum(left, 24), given.discounted_residual_lifetime(made, 24))
        discounted = (1 - 1.05**-left) / (1 - 1 / 1.05)
        note("DERL", discounted, given.discounted_residual_lifetime(made, discount_rate=0.05))
    return deviations


def recovery(fits):
    """Share of fits to simulated cohorts that fail, and mean deviation of a forecast, over a wide grid."""
    failed, errors = 0, []
    for seed in range(fits):
        model = (ShiftedBetaGeometric, BetaDiscreteWeibull)[seed % 2]
        churn, size, c = rng.uniform(0.02, 0.6), 10 ** rng.uniform(-0.3, 2), 10 ** rng.uniform(-0.3, 0.3)
        params = dict(zip(model._parameters, (churn * size, (1 - churn) * size, c), strict=False))
        given = model.from_params(**params)
        table = given.simulate(int(10 ** rng.uniform(2.5, 5)), int(rng.integers(4, 25)), random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitWarning)
            try:
                fitted = model().fit(table)
            except ConvergenceError as error:
                print(f"  {params}: {error}")
                failed += 1
                continue
        last = int(table["period"].iloc[-1])
        errors.append(fitted.survival(last) - given.survival(last))
    return {f"share of {fits} fits that fail": failed / fits, "bias of survival at the end": abs(np.mean(errors))}


def main():
    start, failed = time.time(), False
    size = 20 if "--smoke" in sys.argv else 1
    stages = {
        "against 50 digits": (lambda: likelihoods(400 // size), 1e-10),
        "against integration over customers": (lambda: residual_lifetimes(40 // size), 1e-10),
        "against all terms": (lambda: weibull_sums(40 // size), 1e-10),
        "sBG simulated, standard errors": (
            lambda: simulation(ShiftedBetaGeometric, (0.668, 3.806), 2_000_000 // size), 4.5,
        ),
        "BdW simulated, standard errors": (
            lambda: simulation(BetaDiscreteWeibull, (0.259, 1.723, 1.584), 2_000_000 // size), 4.5,
        ),
        "BdW that tires less, standard errors": (
            lambda: simulation(BetaDiscreteWeibull, (3.0, 9.0, 0.6), 2_000_000 // size), 4.5,
        ),
        "simulated cohorts fitted": (lambda: recovery(500 // size), 2e-3),
    }  # fmt: skip
    for title, (stage, limit) in stages.items():
        for what, error in stage().items():
            most = LIMITS.get(what, limit)
            good = error < most
            failed |= not good
            print(f"{title:40} {what:40} {error:8.1e}  {'ok' if good else f'ABOVE {most}'}", flush=True)
    print(f"{time.time() - start:.0f} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
