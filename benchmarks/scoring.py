"""Value of 12 months for a million customers, BG/NBD and Gamma-Gamma: score_clv against lifetimes.

Both models have CDNOW's parameters, so only the scoring is timed: P(alive), P(active), expected purchases, expected
spend and value here, against lifetimes' `customer_lifetime_value` alone. lifetimes discounts each month's purchases at
its end, here each is discounted at its own time, so its values are half a month's interest lower.

    python benchmarks/scoring.py [--smoke]
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
from _compare import HEADER, compare, require_floors

import customer_value as cv

CUSTOMERS, ROUNDS, FLOOR = 1_000_000, 5, 30
BG_NBD = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
GAMMA_GAMMA = {"p": 6.2496, "q": 3.7442, "v": 15.4435}
ANNUAL_RATE = 0.10


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
    print(HEADER)
    found = compare("CLV of 12 months", ours, lifetimes, summary, 0 if options.smoke else ROUNDS, FLOOR)
    print("\n" + tell_agreement(summary.head(10_000)))
    if not options.smoke:
        require_floors([found])


if __name__ == "__main__":
    main()
