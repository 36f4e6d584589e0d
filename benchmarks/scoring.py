"""Predictions for a million customers against lifetimes: value of 12 months, and expected purchases of a year.

The models have CDNOW's parameters, so that only the scoring is timed. Value: `score_clv` on BG/NBD and Gamma-Gamma,
which gives P(alive), P(active), expected purchases, expected spend and value, against lifetimes'
`customer_lifetime_value` alone. lifetimes discounts each month's purchases at its end, here each is discounted at its
own time, so its values are half a month's interest lower. Purchases: `expected_purchases` of BG/NBD and Pareto/NBD
against lifetimes' `conditional_expected_number_of_purchases_up_to_time`, customer by customer the same.

    python benchmarks/scoring.py [--smoke]
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
import pandas as pd
from _compare import HEADER, compare, require_floors

import customer_value as cv

CUSTOMERS, ROUNDS, FLOOR = 1_000_000, 5, 50
BG_NBD = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
PARETO_NBD = {"r": 0.5534, "alpha": 10.578, "s": 0.6061, "beta": 11.669}
GAMMA_GAMMA = {"p": 6.2496, "q": 3.7442, "v": 15.4435}
ANNUAL_RATE = 0.10
YEAR = 52.0


def make_summary(customers: int) -> pd.DataFrame:
    log = cv.datasets.simulate_transactions(
        customers, start="1997-01-01", end="1997-09-30", acquired=("1997-01-01", "1997-03-25")
    )
    summary: pd.DataFrame = cv.summarize_customers(log, observation_end="1997-09-30", time_unit="week")
    return summary[["customer_id", "frequency", "recency", "T", "monetary_value", "time_unit"]]


def ours(summary: pd.DataFrame) -> pd.Series:
    scored = cv.score_clv(
        summary,
        purchase_model=cv.clv.BGNBD.from_params(**BG_NBD, time_unit="week"),
        spend_model=cv.clv.GammaGamma.from_params(**GAMMA_GAMMA),
        horizon="12 months",
        margin=1.0,
        annual_discount_rate=ANNUAL_RATE,
    )
    return scored["clv"]


def lifetimes(summary: pd.DataFrame) -> pd.Series:
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    buying, spending = BetaGeoFitter(), GammaGammaFitter()
    buying.params_, spending.params_ = pd.Series(BG_NBD), pd.Series(GAMMA_GAMMA)
    buying.predict = buying.conditional_expected_number_of_purchases_up_to_time  # which fit would have set
    return spending.customer_lifetime_value(
        buying,
        summary["frequency"],
        summary["recency"],
        summary["T"],
        summary["monetary_value"].fillna(0.0),
        time=12,
        discount_rate=(1 + ANNUAL_RATE) ** (1 / 12) - 1,
        freq="W",
    )


def expected_bg(summary: pd.DataFrame) -> Any:
    return cv.clv.BGNBD.from_params(**BG_NBD, time_unit="week").expected_purchases(summary, YEAR)


def expected_pareto(summary: pd.DataFrame) -> Any:
    return cv.clv.ParetoNBD.from_params(**PARETO_NBD, time_unit="week").expected_purchases(summary, YEAR)


def lifetimes_expected_bg(summary: pd.DataFrame) -> Any:
    from lifetimes import BetaGeoFitter

    return lifetimes_expected(BetaGeoFitter(), BG_NBD, summary)


def lifetimes_expected_pareto(summary: pd.DataFrame) -> Any:
    from lifetimes import ParetoNBDFitter

    return lifetimes_expected(ParetoNBDFitter(), PARETO_NBD, summary)


def lifetimes_expected(fitter: Any, params: dict[str, float], summary: pd.DataFrame) -> Any:
    fitter.params_ = pd.Series(params)
    history = (summary[name] for name in ("frequency", "recency", "T"))
    return fitter.conditional_expected_number_of_purchases_up_to_time(YEAR, *history)


# Ours, theirs, and how far a customer's two expectations may lie apart, relative to each other.
PREDICTIONS = {
    "expected purchases, BG/NBD": (expected_bg, lifetimes_expected_bg, 1e-9),
    "expected purchases, Pareto/NBD": (expected_pareto, lifetimes_expected_pareto, 1e-9),
}


def tell_difference(what: str, summary: pd.DataFrame) -> str:
    ours, theirs, tolerance = PREDICTIONS[what]
    largest = float(np.max(np.abs(np.asarray(theirs(summary)) / np.asarray(ours(summary)) - 1)))
    if not largest < tolerance:
        raise SystemExit(f"{what}: the contenders differ by {largest:.1e}")
    return f"{what}: largest relative difference {largest:.1e}"


def tell_agreement(summary: pd.DataFrame) -> str:
    """Raise unless every customer's values differ by half a month's interest, 0.4 %, and the lengths of a month."""
    ratio = (lifetimes(summary).to_numpy() / ours(summary).to_numpy() - 1) * 100
    if not np.all((ratio > -0.6) & (ratio < -0.3)):
        raise SystemExit(f"values disagree: lifetimes' are {ratio.min():.3f} to {ratio.max():.3f} % off")
    return f"lifetimes' values are {-ratio.max():.3f} to {-ratio.min():.3f} % lower"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="once, on small data, to see that it runs")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # lifetimes takes logarithms of negative numbers on its way
    summary = make_summary(5000 if options.smoke else CUSTOMERS)
    rounds = 0 if options.smoke else ROUNDS
    print(HEADER)
    found = [compare("CLV of 12 months", ours, lifetimes, summary, rounds, FLOOR)]
    found += [compare(what, one, other, summary, rounds) for what, (one, other, _) in PREDICTIONS.items()]
    few = summary.head(10_000)
    print("\n".join(["", tell_agreement(few), *(tell_difference(what, few) for what in PREDICTIONS)]))
    if not options.smoke:
        require_floors(found)


if __name__ == "__main__":
    main()
