"""Maximum likelihood fits against lifetimes: BG/NBD, MBG/NBD, Pareto/NBD and Gamma-Gamma, from a pandas summary.

On CDNOW's 2,357 customers and on simulated ones like them (the same purchase rates, 39 weeks, times by day). Both get
the summary of all customers: ours checks it, for lifetimes' Gamma-Gamma its repeat buyers are taken out first. No
log-likelihood may be below lifetimes': both optima are put into one likelihood. BG/BB is fitted on the donations, by
pattern, and on simulated donors with 1 to 12 opportunities. lifetimes' Pareto/NBD takes minutes at a million customers,
its BG/BB a third of an hour: they run there only with --all.

    python benchmarks/fits.py [--all] [--smoke]
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
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


def make_opportunities(customers: int) -> pd.DataFrame:
    """Make the donations' patterns (0 customers), or simulated donors like them who came in different years."""
    if not customers:
        donors: pd.DataFrame = cv.datasets.load_donations()
        return donors
    rng = np.random.default_rng(2010)
    buys, leaves = rng.beta(1.204, 0.75, customers), rng.beta(0.657, 2.783, customers)
    opportunities = rng.integers(1, 13, customers)
    alive = np.ones(customers, dtype=bool)
    frequency, recency = np.zeros((2, customers), dtype=np.int64)
    for year in range(1, 13):
        alive &= rng.random(customers) >= leaves
        gives = alive & (rng.random(customers) < buys) & (year <= opportunities)
        frequency += gives
        recency[gives] = year
    return pd.DataFrame({"frequency": frequency, "recency": recency, "opportunities": opportunities, "customers": 1})


def bg_bb(summary: pd.DataFrame) -> Any:
    return cv.clv.BGBB().fit(summary, weights="customers")


def lifetimes_bg_bb(summary: pd.DataFrame) -> Any:
    from lifetimes import BetaGeoBetaBinomFitter

    columns = (summary[name] for name in ("frequency", "recency", "opportunities", "customers"))
    return BetaGeoBetaBinomFitter().fit(*columns)


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
    "BG/NBD": (bg_nbd, lifetimes_bg_nbd, {"CDNOW": 15, "1M": 50}),
    "MBG/NBD": (mbg_nbd, lifetimes_mbg_nbd, {"CDNOW": 15, "1M": 40}),
    "Pareto/NBD": (pareto_nbd, lifetimes_pareto_nbd, {"CDNOW": 15, "100k": 80, "1M": 200}),
    "Gamma-Gamma": (gamma_gamma, lifetimes_gamma_gamma, {"CDNOW": 20, "100k": 20, "1M": 20}),
}
OPPORTUNITIES = {"BG/BB": (bg_bb, lifetimes_bg_bb, {"donations": 20, "100k": 20, "1M": 20})}
SLOW = {("Pareto/NBD", "1M"), ("BG/BB", "100k"), ("BG/BB", "1M")}  # minutes of lifetimes: one round is enough


def tell_likelihood(name: str, summary: pd.DataFrame) -> str:
    """Put both optima into our likelihood; raise if lifetimes' is the better one."""
    fit, lifetimes_fit, _ = (MODELS | OPPORTUNITIES)[name]
    ours = fit(summary)
    columns = [summary[column].to_numpy(dtype=float) for column in ours._columns]
    weights = summary["customers"].to_numpy() if "customers" in summary else np.ones(len(summary))
    bought = columns[0] > (0 if name == "Gamma-Gamma" else -1)
    theirs = type(ours).from_params(**dict(lifetimes_fit(summary).params_))
    best, other = (
        float(ours._log_likelihood(model._theta, *(c[bought] for c in columns)) @ weights[bought])
        for model in (ours, theirs)
    )
    if best < other - ROUNDING * abs(other):
        raise SystemExit(f"{name}: our log-likelihood {best:.9f} is below lifetimes' {other:.9f}")
    return f"{name}, {len(summary):,} customers: log-likelihood {best:.6f}, lifetimes' is lower by {best - other:.1e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="lifetimes' slowest at a million customers too")
    parser.add_argument("--smoke", action="store_true", help="once, on small data, to see that it runs")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # lifetimes takes logarithms of negative numbers on its way
    found: list[Comparison] = []
    told = []
    print(HEADER)
    for size, customers in {"2k": 2000}.items() if options.smoke else SIZES.items():
        for models, summary in ((MODELS, make_summary(customers)), (OPPORTUNITIES, make_opportunities(customers))):
            for name, (ours, theirs, floors) in models.items():
                slow = (name, size) in SLOW
                if slow and size == "1M" and not options.all:
                    continue
                rounds = 0 if options.smoke else 1 if slow else ROUNDS[size]
                data = "donations" if models is OPPORTUNITIES and not customers else size
                found.append(compare(f"{name}, {data}", ours, theirs, summary, rounds, floors.get(data)))
                told.append(tell_likelihood(name, summary))
    print("\n".join(["", *told]))
    require_floors(found)


if __name__ == "__main__":
    main()
