"""Both sides of a holdout: split_holdout, summarize_customers and summarize_holdout against lifetimes.

lifetimes' own `calibration_and_holdout_data` does not run on pandas 3. Its summary is called twice instead, up to the
end of the calibration and up to the end of the holdout; the difference in frequency is what the holdout saw. Two years
of transactions in no order, the second of which is the holdout; an export has times of day, `days` has none.

    python benchmarks/holdout.py [--smoke]
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
from _compare import HEADER, Comparison, compare, require_floors

import customer_value as cv

END, HOLDOUT_END = "2024-12-31", "2025-12-31"
ROWS_PER_CUSTOMER = 6.5
FLOOR = 15.0
ROWS, ROUNDS = 1_000_000, 7


def make_log(rows: int, *, text: bool = False, days: bool = False) -> pd.DataFrame:
    """Make a log of customers with sparse numbers, each of whom buys at any time of two years."""
    rng = np.random.default_rng(0)
    customers = 10**9 + 977 * np.arange(int(rows / ROWS_PER_CUSTOMER))
    moments = np.datetime64("2024-01-01", "us") + rng.integers(0, 731 * 86_400, rows) * np.timedelta64(1, "s")
    log = pd.DataFrame(
        {
            "customer_id": rng.choice(customers, rows),
            "date": moments.astype("datetime64[D]").astype("datetime64[us]") if days else moments,
            "amount": rng.gamma(2.0, 20.0, rows).round(2),
        }
    )
    return log.astype({"customer_id": str}) if text else log


def ours(log: pd.DataFrame) -> tuple[float, float, float]:
    calibration, holdout = cv.split_holdout(log, observation_end=END)
    summary = cv.summarize_customers(calibration, observation_end=END)
    seen = cv.summarize_holdout(holdout, customers=summary, observation_end=HOLDOUT_END)
    return len(summary), float(summary["frequency"].sum()), float(seen["holdout_purchases"].sum())


def lifetimes(log: pd.DataFrame) -> tuple[float, float, float]:
    from lifetimes.utils import summary_data_from_transaction_data as summarize

    first, both = (
        summarize(log, "customer_id", "date", monetary_value_col="amount", observation_period_end=end)
        for end in (f"{END} 23:59:59", HOLDOUT_END + " 23:59:59")
    )
    seen = both["frequency"].reindex(first.index) - first["frequency"]
    return len(first), float(first["frequency"].sum()), float(seen.sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="once, on small data, to see that it runs")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # lifetimes uses what pandas has deprecated
    rows, rounds = (20_000, 1) if options.smoke else (ROWS, ROUNDS)
    logs = {
        "holdout, sparse numbers": (make_log(rows), FLOOR),
        "holdout, sparse numbers, days": (make_log(rows, days=True), None),
        "holdout, text ids": (make_log(rows, text=True), None),
    }
    print(HEADER.replace("customers", "rows"))
    found: list[Comparison] = []
    for what, (log, floor) in logs.items():
        if ours(log) != lifetimes(log):
            raise SystemExit(f"{what}: the contenders disagree, {ours(log)} and {lifetimes(log)}")
        found.append(compare(what, ours, lifetimes, log, rounds, None if options.smoke else floor))
    require_floors(found)


if __name__ == "__main__":
    main()
