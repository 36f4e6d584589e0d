"""Hard data: the best log-likelihood of all starts and of all libraries must be reached by an ordinary fit.

Cohorts on which optimisers stop early or wander: dropout scales far beyond purchase scales (Pareto/NBD with
beta >> alpha), hardly any dropout, two years of daily data with customers who buy thousands of times, customers who are
nearly all alike, and nearly all customers gone. Each is fitted as everyone would fit it, then from random starts spread
over six decades, and by lifetimes. Whatever ends higher than the ordinary fit, by more than 1e-3, is an error.

    python benchmarks/hard_data.py [--starts 20] [--models Pareto/NBD ...] [--smoke]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from _cohorts import MODELS, Case, Cohort

from customer_value.clv._mle import maximize
from customer_value.clv._rows import distinct_rows
from customer_value.errors import ConvergenceError, InputError

STARTS = 20
REACHED = 1e-3  # of log-likelihood
HEADER = """| data | model | customers | log-likelihood | best random start, less ours | random starts that reach it \
| lifetimes, less ours |
|---|---|---|---|---|---|---|"""

COIN = ("BG/NBD", "MBG/NBD", "BG/CNBD-2", "MBG/CNBD-3")
YEARS = {"length": 104.0, "customers": 1000.0, "mean": 4.0, "r": 0.6}
# Features of the cohorts by kind of data; models that lack a feature leave it out.
SITUATIONS: dict[str, tuple[tuple[str, ...], dict[str, float]]] = {
    "beta >> alpha": (("Pareto/NBD",), YEARS | {"mean": 40.0, "s": 0.3, "patience": 300.0}),
    "alpha >> beta": (("Pareto/NBD",), YEARS | {"mean": 0.5, "r": 3.0, "s": 0.4, "patience": 0.001}),
    "hardly any dropout": (
        (*COIN, "Pareto/NBD", "GGompertz/NBD"),
        YEARS | {"leave": 1e-4, "sure": 2.0, "s": 0.001, "patience": 1.0, "age": 1.0, "beta": 5.0},
    ),
    "nearly all gone": (
        (*COIN, "Pareto/NBD", "GGompertz/NBD"),
        YEARS | {"leave": 0.9, "sure": 2.0, "s": 3.0, "patience": 0.05, "age": 30.0, "beta": 1.0},
    ),
    "customers all alike": (
        ("NBD", *COIN, "Pareto/NBD", "GGompertz/NBD"),
        YEARS | {"r": 1e3, "leave": 0.1, "sure": 1e3, "s": 1e3, "patience": 1e3, "age": 3.0, "beta": 5.0},
    ),
    "thousands of purchases": (
        ("NBD", *COIN, "Pareto/NBD", "GGompertz/NBD"),
        YEARS | {"mean": 300.0, "r": 0.3, "leave": 0.01, "sure": 3.0, "s": 0.6, "patience": 0.5, "age": 2.0, "beta": 5},
    ),
    "opportunities, hardly any dropout": (
        ("BG/BB",),
        {"length": 20.0, "customers": 1000.0, "buy": 0.3, "alike": 2.0, "leave": 1e-4, "sure": 2.0},
    ),
    "opportunities, nearly all gone": (
        ("BG/BB",),
        {"length": 20.0, "customers": 1000.0, "buy": 0.1, "alike": 0.5, "leave": 0.9, "sure": 2.0},
    ),
    "contracts that hold": (
        ("sBG", "BdW"),
        {"length": 24.0, "customers": 1e6, "leave": 1e-3, "sure": 0.5, "c": 0.5},
    ),
    "spend all alike": (("Gamma-Gamma",), YEARS | {"p": 50.0, "q": 200.0, "spend": 40.0}),
    "spend without a mean": (("Gamma-Gamma",), YEARS | {"p": 0.3, "q": 1.05, "spend": 40.0}),
}


def objective(case: Case, model: Any, cohort: Cohort) -> Any:
    """Total log-likelihood as a fit has it, of the distinct rows."""
    rows = distinct_rows(case.columns(cohort.frame))
    return model._total(rows.columns, rows.counts)


def random_starts(model: Any, starts: int, rng: np.random.Generator) -> list[tuple[float, ...]]:
    """Spread starts over three decades to each side of the optimum that a fit found, held within 1e-4 to 1e6."""
    centre = np.clip(np.log10(model._theta), -3, 4)
    return [tuple(10 ** np.clip(centre + rng.uniform(-3, 3, centre.size), -4, 6)) for _ in range(starts)]


def hold(data: str, name: str, features: dict[str, float], starts: int, seed: int) -> str | None:
    """Fit one cohort in every way and print the row; return what was missed."""
    case, rng = MODELS[name], np.random.default_rng(seed)
    cohort = case.cohort(features, rng)
    try:
        ours = case.fit(cohort.frame)
    except (ConvergenceError, InputError) as error:
        print(f"| {data} | {name} | | {error} | | | |", flush=True)
        return f"{data}, {name}: {error}"
    total = objective(case, ours, cohort)
    best = total.gradient(np.log(ours._theta))[0]
    found = []
    for start in random_starts(ours, starts, rng):
        try:
            found.append(maximize(total, [start], name).value - best)
        except ConvergenceError:
            found.append(-math.inf)
    theirs = math.nan
    if case.lifetimes is not None:
        params = case.fit_lifetimes(cohort.frame)
        theirs = -math.inf if params is None else total.gradient(np.log([params[p] for p in ours.params_]))[0] - best
    top = max(found)
    reached = sum(value > -REACHED for value in found)
    told = "" if math.isnan(theirs) else "gave up" if math.isinf(theirs) else f"{theirs:+.3g}"
    print(
        f"| {data} | {name} | {len(cohort.frame):,} | {ours.log_likelihood_:.3f} | {top:+.1e} | {reached} of {starts} "
        f"| {told} |",
        flush=True,
    )
    if max(top, np.nan_to_num(theirs, nan=-math.inf)) > REACHED:
        return f"{data}, {name}: {max(top, theirs):.3g} was left, at {cohort.params}"
    return None


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=STARTS, help="random ones of each cohort")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one cohort of each kind per seed")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--smoke", action="store_true", help="small cohorts, two starts, to see that it runs")
    options = parser.parse_args(arguments)
    print(HEADER)
    missed = []
    for data, (names, features) in SITUATIONS.items():
        small = options.smoke and not data.startswith("contracts")  # of so few contracts that hold none is lost
        features = features | ({"customers": 300.0} if small else {})
        for name in (name for name in names if name in options.models):
            for seed in options.seeds:
                missed.append(hold(data, name, features, 2 if options.smoke else options.starts, seed))
    if any(missed):
        raise SystemExit("\n".join(["", *filter(None, missed)]))


if __name__ == "__main__":
    main()
