"""Maximum likelihood fits against lifetimes: BG/NBD, MBG/NBD, Pareto/NBD and Gamma-Gamma, from a pandas summary.

On CDNOW's 2,357 customers and on simulated ones like them (the same purchase rates, 39 weeks, times by day). Both get
the summary of all customers: ours checks it, for lifetimes' Gamma-Gamma its repeat buyers are taken out first. No
log-likelihood may be below lifetimes': both optima are put into one likelihood. lifetimes' Pareto/NBD takes minutes at
a million customers and runs there only with --all.

    python benchmarks/fits.py [--all] [--smoke]
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import pandas as pd
from _compare import HEADER, Comparison, compare, require_floors

import customer_value as cv

SIZES = {"CDNOW": 0, "100k": 100_000, "1M": 1_000_000}
ROUNDS = {"CDNOW": 25, "100k": 3, "1M": 3}
ROUNDING = 1e-12  # relative, of a sum of log-likelihoods


def make_summary(customers: int) -> pd.DataFrame:
    """Make CDNOW's customer summary (0 customers), or one of simulated customers like them."""
    if customers:
        log = cv.datasets.simulate_transactions(
            customers, start="1997-01-01", end="1997-09-30", acquired=("1997-01-01", "1997-03-25")
        )
    else:
        log = cv.datasets.load_cdnow(sample=True)
        log, _ = cv.split_holdout(log, observation_end="1997-09-30")
    summary: pd.DataFrame = cv.summarize_customers(log, observation_end="1997-09-30", time_unit="week")
    return summary[["customer_id", "frequency", "recency", "T", "monetary_value", "time_unit"]]


def bg_nbd(summary: pd.DataFrame) -> Any:
    return cv.clv.BGNBD().fit(summary)


def mbg_nbd(summary: pd.DataFrame) -> Any:
    return cv.clv.MBGNBD().fit(summary)


def pareto_nbd(summary: pd.DataFrame) -> Any:
    return cv.clv.ParetoNBD().fit(summary)


def gamma_gamma(summary: pd.DataFrame) -> Any:
    return cv.clv.GammaGamma().fit(summary)


def lifetimes_bg_nbd(summary: pd.DataFrame) -> Any:
    from lifetimes import BetaGeoFitter

    return BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])


def lifetimes_mbg_nbd(summary: pd.DataFrame) -> Any:
    from lifetimes import ModifiedBetaGeoFitter

    return ModifiedBetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])


def lifetimes_pareto_nbd(summary: pd.DataFrame) -> Any:
    from lifetimes import ParetoNBDFitter

    return ParetoNBDFitter().fit(summary["frequency"], summary["recency"], summary["T"])


def lifetimes_gamma_gamma(summary: pd.DataFrame) -> Any:
    from lifetimes import GammaGammaFitter

    buyers = summary[summary["frequency"] > 0]
    return GammaGammaFitter().fit(buyers["frequency"], buyers["monetary_value"])


# Ours, theirs, and the floors of the ratio by size of the data.
MODELS = {
    "BG/NBD": (bg_nbd, lifetimes_bg_nbd, {"CDNOW": 15, "1M": 40}),
    "MBG/NBD": (mbg_nbd, lifetimes_mbg_nbd, {"CDNOW": 15, "1M": 40}),
    "Pareto/NBD": (pareto_nbd, lifetimes_pareto_nbd, {"CDNOW": 15, "100k": 80}),
    "Gamma-Gamma": (gamma_gamma, lifetimes_gamma_gamma, {"CDNOW": 20, "100k": 20, "1M": 20}),
}


def tell_likelihood(name: str, summary: pd.DataFrame) -> str:
    """Put both optima into our likelihood; raise if lifetimes' is the better one."""
    fit, lifetimes_fit, _ = MODELS[name]
    ours = fit(summary)
    columns = [summary[column].to_numpy(dtype=float) for column in ours._columns]
    bought = columns[0] > (0 if name == "Gamma-Gamma" else -1)
    theirs = type(ours).from_params(**dict(lifetimes_fit(summary).params_))
    best, other = (
        float(ours._log_likelihood(model._theta, *(c[bought] for c in columns)).sum()) for model in (ours, theirs)
    )
    if best < other - ROUNDING * abs(other):
        raise SystemExit(f"{name}: our log-likelihood {best:.9f} is below lifetimes' {other:.9f}")
    return f"{name}, {len(summary):,} customers: log-likelihood {best:.6f}, lifetimes' is lower by {best - other:.1e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="lifetimes' Pareto/NBD at a million customers too")
    parser.add_argument("--smoke", action="store_true", help="once, on small data, to see that it runs")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # lifetimes takes logarithms of negative numbers on its way
    found: list[Comparison] = []
    told = []
    print(HEADER)
    for size, customers in {"2k": 2000}.items() if options.smoke else SIZES.items():
        summary = make_summary(customers)
        for name, (ours, theirs, floors) in MODELS.items():
            long = name == "Pareto/NBD" and size == "1M"
            if long and not options.all:
                continue
            rounds = 0 if options.smoke else 1 if long else ROUNDS[size]
            found.append(compare(f"{name}, {size}", ours, theirs, summary, rounds, floors.get(size)))
            told.append(tell_likelihood(name, summary))
    print("\n".join(["", *told]))
    require_floors(found)


if __name__ == "__main__":
    main()
