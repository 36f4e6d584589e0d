"""Do 90 % intervals hold the truth 90 times in 100? Simulated cohorts of known parameters, fitted again and again.

A cohort's customers are acquired over 12 weeks and seen until week 39, purchases at exact times, with parameters near
those of CDNOW. After every fit there are intervals of the parameters, of the cohort's total (the expected purchases
of the next 39 weeks, or for Gamma-Gamma the expected spend of one purchase of everybody) and of each customer's mean.
What they should hold is the same quantity under the true parameters, given the same histories. Four origins of the
uncertainty: the information matrix, the sandwich, posterior draws, the bootstrap. Parameters of the last two take the
draws' quantiles; everything else the spread of its values at 100 of the draws, as `with_uncertainty` has it.

The wrong model: BG/NBD fitted to Pareto/NBD customers. Its parameters have no truth but the ones that a fit to
endless data would end at, which a fit to 400,000 customers stands for; the total is held against what the Pareto/NBD
expects, and against what BG/NBD would expect with those parameters: an interval can know how uncertain the parameters
are, not that the model is wrong.

    python benchmarks/accuracy/coverage.py [--smoke] [MODEL ...]

A cell is a percentage with its Monte Carlo standard error. Fails where the information matrix of a true model covers
a total or the customers' means outside 87 to 93 % by more than three of these errors from 1,000 customers on.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

import customer_value as cv
from customer_value.clv._intervals import delta_interval
from customer_value.clv.equity import _log_variance

LEVEL, WEEKS = 0.9, 39.0
DRAWS, RESAMPLES = 1000, 100
BG = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
MBG = cv.clv.MBGNBD.from_params(r=0.525, alpha=6.183, a=0.891, b=1.614, time_unit="week")
PARETO = cv.clv.ParetoNBD.from_params(r=0.553, alpha=10.578, s=0.606, beta=11.669, time_unit="week")
SPEND = cv.clv.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)


@dataclass(frozen=True)
class Case:
    """What is simulated, what is fitted, and over how many cohorts of each size each origin is tried."""

    truth: object
    fitted: type
    cohorts: dict[int, dict[str, int]]


def cohorts(**numbers: tuple[int, int, int]) -> dict[int, dict[str, int]]:
    return {n: {name: count[k] for name, count in numbers.items()} for k, n in enumerate((300, 1000, 10_000))}


_EACH = cohorts(information=(500, 500, 500), robust=(500, 500, 500), posterior=(500, 500, 60), bootstrap=(500, 500, 60))
CASES = {
    "BG/NBD": Case(BG, cv.clv.BGNBD, _EACH),
    "MBG/NBD": Case(MBG, cv.clv.MBGNBD, _EACH),
    "Pareto/NBD": Case(
        PARETO,
        cv.clv.ParetoNBD,
        cohorts(
            information=(500, 500, 200), robust=(500, 500, 200), posterior=(200, 200, 20), bootstrap=(100, 100, 20)
        ),
    ),
    "Gamma-Gamma": Case(SPEND, cv.clv.GammaGamma, _EACH),
    "wrong: BG/NBD on Pareto/NBD": Case(PARETO, cv.clv.BGNBD, _EACH),
}


def draw(truth: object, customers: int, rng: np.random.Generator) -> pd.DataFrame:
    """Summary of a cohort at the end of week 39; of Gamma-Gamma, repeat buyers and what they spent."""
    if truth is SPEND:
        counts = 1 + rng.geometric(0.35, customers)
        amounts = SPEND._draw_amounts(SPEND._theta, counts, rng)
        means = np.bincount(np.repeat(np.arange(customers), counts), amounts) / counts
        return pd.DataFrame({"frequency": counts, "monetary_value": means})
    T = WEEKS - 12 * rng.random(customers)
    customer, when = truth._draw_purchases(truth._theta, T, rng)
    last = np.zeros(customers)
    np.maximum.at(last, customer, when)
    frequency = np.bincount(customer, minlength=customers)
    return pd.DataFrame({"frequency": frequency, "recency": last, "T": T, "time_unit": "week"})


def means_of(model: object, frame: pd.DataFrame) -> Callable[..., np.ndarray]:
    """Expectation of each customer as a function of the parameters."""
    if isinstance(model, cv.clv.GammaGamma):
        amounts = tuple(frame[c].to_numpy(dtype=float) for c in ("frequency", "monetary_value"))
        return lambda params: model._expected_spend(params, *amounts)
    columns = tuple(frame[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T"))
    return lambda params: model._expected(params, columns, WEEKS)


def sources(model: object, asked: dict[str, int], cohort: int) -> Iterator[tuple[str, object, np.ndarray]]:
    """Each origin, the model with its uncertainty, and the parameters' interval (two rows)."""
    for name, most in asked.items():
        if cohort >= most:
            continue
        if name in ("information", "robust"):
            told = model.with_uncertainty(name)
            table = told.summary_table(LEVEL)
            yield name, told, table[["lower", "upper"]].to_numpy().T
        else:
            draws = model.posterior_draws(DRAWS) if name == "posterior" else model.bootstrap(RESAMPLES)
            yield name, model.with_uncertainty(draws), draws.summary_table(LEVEL)[["lower", "upper"]].to_numpy().T


def study(case: Case, customers: int, asked: dict[str, int], seed: int) -> tuple[dict, dict]:
    """Covered or not: (origin, quantity) -> one number per cohort; and how many cohorts had to be left out, and why."""
    covered: dict[tuple[str, str], list] = defaultdict(list)
    lost: dict[str, int] = defaultdict(int)
    wrong = not isinstance(case.truth, case.fitted)
    theta = np.array(case.truth._theta) if not wrong else np.array(limit(case))
    for cohort in range(max(asked.values())):
        frame = draw(case.truth, customers, np.random.default_rng([seed, customers, cohort]))
        truth = means_of(case.truth, frame)(case.truth._theta)
        try:
            model = case.fitted().fit(frame)
        except cv.ConvergenceError:
            lost["no optimum"] += 1
            continue
        if model.diagnostics_["boundary"]:  # no standard error of what is not identified
            lost["not identified"] += 1
            continue
        quantity = lru_cache(maxsize=None)(means_of(model, frame))
        for name, told, (low, high) in sources(model, asked, cohort):
            covered[name, "parameters"].append((low <= theta) & (theta <= high))
            mean = quantity(told._theta)
            spread = np.sqrt(_log_variance(told, lambda p: np.array([quantity(p).sum()])))  # noqa: B023 - used at once
            targets = {"total": truth.sum(), **({"total of the limit": quantity(tuple(theta)).sum()} if wrong else {})}
            for what, target in targets.items():
                low, high = delta_interval(np.array([mean.sum()]), spread, LEVEL)
                covered[name, what].append(low[0] <= target <= high[0])
            each = told._spread(lambda p, _: quantity(p), (mean,))  # noqa: B023 - used at once
            low, high = delta_interval(mean, each, LEVEL)
            covered[name, "customers"].append(((low <= truth) & (truth <= high)).mean())
            covered[name, "error of the total"].append(mean.sum() / truth.sum() - 1)
    return covered, lost


@lru_cache
def limit_of(name: str) -> tuple[float, ...]:
    case = CASES[name]
    return case.fitted().fit(draw(case.truth, 400_000, np.random.default_rng(1)))._theta


def limit(case: Case) -> tuple[float, ...]:
    return limit_of(next(name for name, other in CASES.items() if other is case))


def cell(values: list) -> str:
    shares = np.asarray(values, dtype=float)
    return f"{100 * shares.mean():.1f} ± {100 * shares.std() / np.sqrt(shares.size):.1f}"


def report(name: str, customers: int, asked: dict[str, int]) -> bool:
    case = CASES[name]
    start = time.process_time()
    covered, lost = study(case, customers, asked, seed=20)
    seconds = time.process_time() - start
    good = True
    for origin in asked:
        if (origin, "total") not in covered:
            continue
        parameters = np.array(covered[origin, "parameters"])
        each = " / ".join(f"{100 * share:.0f}" for share in parameters.mean(axis=0))
        total, means = covered[origin, "total"], covered[origin, "customers"]
        more = (
            f" (limit {cell(covered[origin, 'total of the limit'])})"
            if (origin, "total of the limit") in covered
            else ""
        )
        bias = 100 * np.mean(covered[origin, "error of the total"])
        shown = [name, f"{customers:,}", origin, str(len(total)), each, cell(total) + more, cell(means), f"{bias:+.2f}"]
        print(f"| {' | '.join(shown)} |", flush=True)
        if origin == "information" and customers >= 1000 and not more:
            for values in (total, means):
                error = 3 * np.std(values) / np.sqrt(len(values))
                good &= 0.87 - error <= np.mean(values) <= 0.93 + error
    left_out = ", ".join(f"{count} {why}" for why, count in lost.items()) or "none"
    print(f"<!-- {name}, {customers:,}: left out: {left_out}; {seconds:.0f} s of processor time -->", flush=True)
    return good


def main() -> None:
    warnings.simplefilter("ignore", cv.FitWarning)  # small cohorts: what is not identified is counted
    chosen = [name for name in CASES if name in sys.argv[1:]] or list(CASES)
    print(
        "| model | customers | origin | cohorts | parameters, % | total, % | customers' means, % | bias of total, % |"
    )
    print("|---|---|---|---|---|---|---|---|")
    good = True
    for name in chosen:
        for customers, asked in CASES[name].cohorts.items():
            if "--smoke" not in sys.argv:
                good &= report(name, customers, asked)
            elif customers == 300:
                report(name, customers, dict.fromkeys(asked, 2))
    sys.exit(not good)


if __name__ == "__main__":
    main()
